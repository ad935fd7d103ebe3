//! What an answer of the API can be: an entity, nothing, work that goes on, or the direction to somewhere else.

use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use sharesync_core::http::{ForeignResponse, RefusedRedirect, Response, decode_json, decode_nothing};
use sharesync_core::{Error, ErrorKind, Result};
use url::Url;

use crate::model::{AsyncOperation, Feed, Redirection};

/// Where the API sends everybody while it is being maintained.
const MAINTENANCE: &str = "maintenance.sharefile.com";

/// A longer answer is no redirection, and not looked through for one.
const LARGEST_REDIRECTION: usize = 64 * 1024;

/// The head of an answer.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    /// Where the answer came from, after redirects.
    pub(crate) url: Url,
}

impl Head {
    pub(crate) fn of(response: &Response) -> Result<Self> {
        if response.url().host_str() == Some(MAINTENANCE) {
            return Err(Error::new(ErrorKind::Unavailable, "the service is being maintained"));
        }
        Ok(Self { status: response.status(), url: response.url().clone() })
    }
}

/// A write that is sent to the maintenance page was not carried out, because the service is not there.
pub(crate) fn maintained(error: Error) -> Error {
    let page = format!("https://{MAINTENANCE}");
    match error.provider_error::<RefusedRedirect>() {
        Some(redirect) if redirect.to == page => error.with_kind(ErrorKind::Unavailable),
        _ => error,
    }
}

/// A type that an answer can be read as.
pub(crate) trait Answer: Sized + Send {
    /// Whether a redirection is what was asked for, and not a direction to it.
    const IS_REDIRECTION: bool = false;

    fn read(head: &Head, body: &[u8]) -> Result<Self>;
}

impl<T: DeserializeOwned + Send> Answer for T {
    fn read(_: &Head, body: &[u8]) -> Result<Self> {
        decode_json(body)
    }
}

/// A success that is status 204.
#[derive(Debug)]
pub(crate) struct NoContent;

impl Answer for NoContent {
    fn read(head: &Head, body: &[u8]) -> Result<Self> {
        match head.status {
            StatusCode::NO_CONTENT => Ok(Self),
            _ => Err(ForeignResponse::of_body(body).into_error()),
        }
    }
}

/// An answer of which nothing is documented beyond its success.
#[derive(Debug)]
pub(crate) struct Nothing;

impl Answer for Nothing {
    fn read(_: &Head, body: &[u8]) -> Result<Self> {
        decode_nothing(body).map(|()| Self)
    }
}

/// The address of something: a redirection that was asked for.
#[derive(Debug)]
pub(crate) struct Address(pub(crate) Redirection);

impl Answer for Address {
    const IS_REDIRECTION: bool = true;

    fn read(_: &Head, body: &[u8]) -> Result<Self> {
        decode_json(body).map(Self)
    }
}

/// An answer of a shape that is not documented.
#[derive(Debug)]
pub(crate) struct Loose(pub(crate) Value);

impl Answer for Loose {
    fn read(_: &Head, body: &[u8]) -> Result<Self> {
        if body.trim_ascii().is_empty() { Ok(Self(Value::Null)) } else { decode_json(body).map(Self) }
    }
}

/// An answer together with where it came from.
#[derive(Debug)]
pub(crate) struct Located<T> {
    pub(crate) value: T,
    pub(crate) url: Url,
}

impl<T: DeserializeOwned + Send> Answer for Located<T> {
    fn read(head: &Head, body: &[u8]) -> Result<Self> {
        Ok(Self { value: decode_json(body)?, url: head.url.clone() })
    }
}

/// The result of an operation that the service may carry out later.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Outcome<T> {
    /// It is done.
    Done(T),
    /// It goes on: [`AsyncOperations::wait`](crate::AsyncOperations::wait) waits for it. The list may be empty, because
    /// the service need not say what is to be waited for.
    Pending(Vec<AsyncOperation>),
}

impl<T> Outcome<T> {
    /// The result, if it is there.
    pub fn done(self) -> Option<T> {
        match self {
            Self::Done(value) => Some(value),
            Self::Pending(_) => None,
        }
    }

    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Outcome<U> {
        match self {
            Self::Done(value) => Outcome::Done(change(value)),
            Self::Pending(operations) => Outcome::Pending(operations),
        }
    }
}

impl<T: Answer> Answer for Outcome<T> {
    fn read(head: &Head, body: &[u8]) -> Result<Self> {
        let accepted = head.status == StatusCode::ACCEPTED;
        if accepted && body.trim_ascii().is_empty() {
            return Ok(Self::Pending(Vec::new()));
        }
        let shape = serde_json::from_slice::<Shape>(body).unwrap_or_default();
        if !accepted && !shape.is("AsyncOperation") {
            return T::read(head, body).map(Self::Done);
        }
        match shape.value {
            Some(_) => decode_json::<Feed<AsyncOperation>>(body).map(|feed| Self::Pending(feed.value)),
            None => decode_json(body).map(|operation| Self::Pending(vec![operation])),
        }
    }
}

/// An answer, or the direction to it.
pub(crate) enum Reply<T> {
    Value(T),
    /// Where to go on, and where that was said.
    Elsewhere(Box<Redirection>, Url),
}

impl<T: Answer> Reply<T> {
    pub(crate) fn read(head: Head, body: &Bytes) -> Result<Self> {
        if !T::IS_REDIRECTION && body.len() <= LARGEST_REDIRECTION {
            let shape = serde_json::from_slice::<Shape>(body).unwrap_or_default();
            if shape.is_direction() {
                return decode_json(body).map(|target| Self::Elsewhere(Box::new(target), head.url));
            }
        }
        T::read(&head, body).map(Self::Value)
    }
}

/// As much of an answer as tells what it is.
#[derive(Debug, Default, Deserialize)]
struct Shape {
    #[serde(rename = "odata.type")]
    odata_type: Option<String>,
    #[serde(rename = "odata.metadata")]
    odata_metadata: Option<String>,
    #[serde(rename = "Id")]
    id: Option<IgnoredAny>,
    #[serde(rename = "Uri")]
    uri: Option<IgnoredAny>,
    value: Option<IgnoredAny>,
}

impl Shape {
    /// Whether the answer, or what is listed in it, is of this type.
    fn is(&self, name: &str) -> bool {
        let of_type = self.odata_type.as_deref().is_some_and(|text| text.ends_with(&format!(".{name}")));
        of_type || self.fragment().is_some_and(|text| text.contains(&format!(".{name}@")) || text == format!("{name}s"))
    }

    fn fragment(&self) -> Option<&str> {
        Some(self.odata_metadata.as_deref()?.split_once('#')?.1)
    }

    /// Whether the answer says where to go on: by its type, or, where it has none, by having an address and nothing else.
    fn is_direction(&self) -> bool {
        let untyped = self.odata_type.is_none() && self.odata_metadata.is_none();
        self.is("Redirection") || untyped && self.uri.is_some() && self.id.is_none() && self.value.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Item;

    fn head(status: u16) -> Head {
        Head { status: StatusCode::from_u16(status).unwrap(), url: Url::parse("https://a.example/").unwrap() }
    }

    fn outcome(status: u16, body: &str) -> Outcome<Item> {
        Outcome::read(&head(status), body.as_bytes()).unwrap()
    }

    #[test]
    fn work_that_goes_on_is_recognised() {
        let by_type = r#"{"Id":"ao1","odata.type":"ShareFile.Api.Models.AsyncOperation","State":"Created"}"#;
        let feed = r#"{"value":[{"Id":"ao1"},{"Id":"ao2"}],"odata.count":2}"#;
        let by_metadata = r#"{"odata.metadata":"https://a/sf/v3/$metadata#AsyncOperations","value":[{"Id":"ao1"}]}"#;
        let count = |outcome| match outcome {
            Outcome::Pending(operations) => operations.len(),
            Outcome::Done(item) => panic!("{item:?}"),
        };
        assert_eq!(count(outcome(200, by_type)), 1);
        assert_eq!(count(outcome(202, by_type)), 1);
        assert_eq!(count(outcome(202, feed)), 2);
        assert_eq!(count(outcome(200, by_metadata)), 1);
        assert_eq!(count(outcome(202, "")), 0);
        assert_eq!(outcome(200, r#"{"Id":"fi1"}"#).done().unwrap().id().unwrap(), "fi1");
    }

    #[test]
    fn a_direction_is_told_from_an_entity() {
        let direction = |body: &str| {
            let reply = Reply::<Item>::read(head(200), &Bytes::from(body.to_owned())).unwrap();
            matches!(reply, Reply::Elsewhere(..))
        };
        assert!(direction(r#"{"odata.type":"ShareFile.Api.Models.Redirection","Available":true}"#));
        assert!(direction(r#"{"Uri":"https://b.example/","Root":"x"}"#));
        assert!(!direction(r#"{"Uri":"https://b.example/","Id":"li1"}"#), "a web link has an address, too");
        assert!(!direction(r#"{"odata.type":"ShareFile.Api.Models.Link","Uri":"https://b.example/"}"#));
    }
}
