//! Lists, read entry by entry as they arrive, in all three forms.

use futures::TryStreamExt as _;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use sharesync_core::http::{ForeignResponse, JsonList, LIST_MEMORY, Response, decode_json, json_list};
use sharesync_core::xml::DocumentError;
use sharesync_core::{Error, ErrorKind, Result};

use super::{Form, atom, json};
use crate::client::{bounded, checked_body};
use crate::xml::{Builder, Element, Names};

/// Where lists are in JSON: `d` with `results`, `d` alone as in the oldest form, `value`.
const LIST: JsonList = JsonList::at(&[&["d", "results"], &["d"], &["value"], &[]]);

/// Bytes of memory that one entry in XML may take.
const ENTRY_MEMORY: usize = 8 << 20;

/// Reads a list: its entries, and where it goes on.
pub(crate) async fn read_list<T: DeserializeOwned + Send>(
    response: Response,
    asked: Option<u64>,
    limit: usize,
) -> Result<(Vec<T>, Option<String>)> {
    let (first, body) = checked_body(response).await?;
    let mut body = bounded(body, limit);
    match Form::of(&first) {
        Form::Nothing => Err(ForeignResponse::of_body(&first).into_error()),
        Form::Json => {
            let (entries, beside) = json_list::<Plain<T>>(body, LIST.asked(asked), limit).await?;
            let answer = json::read(decode_json(&beside)?);
            let next = answer.next.clone();
            answer.list::<T>()?;
            Ok((entries.into_iter().map(|Plain(entry)| entry).collect(), next))
        }
        Form::Xml => {
            let mut names = Names::new(Builder::new(ENTRY_MEMORY));
            let mut entries = Entries { asked, list: Vec::new(), memory: 0 };
            while let Some(piece) = body.try_next().await? {
                names.feed(&piece).map_err(DocumentError::into_error)?;
                entries.take(names.to().take_entries())?;
            }
            let mut builder = names.finish().map_err(DocumentError::into_error)?;
            entries.take(builder.take_entries())?;
            let answer = atom::read(&builder.into_root().map_err(DocumentError::into_error)?);
            let next = answer.next.clone();
            // A feed has no entries any more; the values of a property are few.
            entries.list.extend(answer.list::<T>()?);
            Ok((entries.list, next))
        }
    }
}

/// Entries of a feed.
struct Entries<T> {
    asked: Option<u64>,
    list: Vec<T>,
    memory: usize,
}

impl<T: DeserializeOwned> Entries<T> {
    fn take(&mut self, entries: Vec<(Element, usize)>) -> Result<()> {
        for (entry, length) in entries {
            if let Some(asked) = self.asked.filter(|asked| self.list.len() as u64 >= *asked) {
                return Err(too_large(format!("the service sends more than the {asked} entries that were asked for")));
            }
            // A list that grows holds its old entries and its new ones for a moment.
            self.memory += length + 3 * size_of::<T>();
            if self.memory > LIST_MEMORY {
                let most = LIST_MEMORY >> 20;
                return Err(too_large(format!(
                    "the list would take more than {most} MiB of memory: ask for fewer entries at a time"
                )));
            }
            self.list.push(super::decode(atom::read(&entry).value)?);
        }
        Ok(())
    }
}

fn too_large(message: String) -> Error {
    Error::new(ErrorKind::TooLarge, message)
}

/// An entry in JSON, without its metadata.
struct Plain<T>(T);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Plain<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = json::plain(Value::deserialize(deserializer)?);
        serde_path_to_error::deserialize(value)
            .map(Self)
            .map_err(|error| D::Error::custom(format_args!("invalid value, expected what fits at `{}`", error.path())))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn entries_lose_their_metadata_and_errors_say_where() {
        let entry = r#"{"__metadata":{"uri":"u"},"Author":{"__deferred":{"uri":"u"}},"Ids":{"results":[1]}}"#;
        assert_eq!(serde_json::from_str::<Plain<Value>>(entry).unwrap().0, json!({"Ids": [1]}));
        let error =
            serde_json::from_str::<Plain<std::collections::BTreeMap<String, u8>>>(r#"{"a":"hush"}"#).err().unwrap();
        assert!(error.to_string().contains("fits at `a`") && !error.to_string().contains("hush"), "{error}");
    }
}
