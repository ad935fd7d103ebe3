//! What OData answers, in its three forms, as one: JSON `verbose`, JSON `minimalmetadata` and `nometadata`, and Atom XML
//! (REST service; marked in the notes of [`Dialect`](crate::Dialect) where it is not documented).
//!
//! An answer becomes a JSON value without wrappers and metadata, from which the models are read. Addresses are written here
//! as well.

mod address;
mod atom;
mod json;
mod list;

use std::collections::BTreeMap;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use sharesync_core::http::ForeignResponse;
use sharesync_core::xml::DocumentError;
use sharesync_core::{Error, ErrorKind, Result};

pub(crate) use address::{Literal, segment};
pub(crate) use list::read_list;

use crate::xml::Element;

/// An answer without the wrappers of its form.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) value: Value,
    /// Where a list goes on.
    pub(crate) next: Option<String>,
}

/// The form of a body, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Nothing,
    Xml,
    Json,
}

impl Form {
    fn of(body: &[u8]) -> Self {
        let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
        match body.trim_ascii_start().first() {
            None => Self::Nothing,
            Some(b'<') => Self::Xml,
            Some(_) => Self::Json,
        }
    }
}

/// Whether a body is a page for people: what a farm sends who wants somebody to sign in.
pub(crate) fn is_html(body: &[u8]) -> bool {
    let head = body.get(..body.len().min(2048)).unwrap_or_default().to_ascii_lowercase();
    let head = String::from_utf8_lossy(&head);
    let head = head.trim_start_matches('\u{feff}').trim_start();
    head.starts_with("<!doctype html") || head.starts_with("<html") || head.starts_with('<') && head.contains("<html")
}

impl Answer {
    /// Reads a body in whatever form it is.
    pub(crate) fn read(body: &[u8]) -> Result<Self> {
        match Form::of(body) {
            Form::Nothing => Ok(Self { value: Value::Null, next: None }),
            Form::Xml if is_html(body) => Err(ForeignResponse::of_body(body).into_error()),
            Form::Xml => Ok(atom::read(&Element::read(body).map_err(DocumentError::into_error)?)),
            Form::Json => Ok(json::read(sharesync_core::http::decode_json(body)?)),
        }
    }

    /// An entity.
    pub(crate) fn entity<T: DeserializeOwned>(self) -> Result<T> {
        decode(self.value)
    }

    /// The entries of a list.
    pub(crate) fn list<T: DeserializeOwned>(self) -> Result<Vec<T>> {
        match self.value {
            Value::Null => Ok(Vec::new()),
            Value::Array(entries) => entries.into_iter().map(decode).collect(),
            _ => Err(Error::new(ErrorKind::Protocol, "an entity where a list was due")),
        }
    }

    /// Whether a body can be the answer of an operation without a result: none, XML, JSON with the wrapper or the annotations of
    /// OData, or a name with no value. Somebody else's JSON has none of them.
    pub(crate) fn is_done(body: &[u8]) -> Result<bool> {
        let value = Self::read(body)?.value;
        let is_empty = value.as_object().is_some_and(|fields| fields.len() == 1 && fields.values().all(Value::is_null));
        let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
        let names = serde_json::from_slice::<BTreeMap<String, IgnoredAny>>(body).unwrap_or_default();
        let marked = names.keys().any(|name| name == "d" || name.contains("odata."));
        Ok(Form::of(body) != Form::Json || value.is_null() || is_empty || marked)
    }

    /// What a function or a property of a name has for its value: alone, or as the one field of an object.
    pub(crate) fn of(self, name: &str) -> Value {
        match self.value {
            Value::Object(mut fields) => {
                let key = fields.keys().find(|key| key.eq_ignore_ascii_case(name)).or_else(|| {
                    let only_one = fields.len() == 1;
                    fields.keys().find(|key| key.as_str() == "value" && only_one)
                });
                match key.cloned().and_then(|key| fields.remove(&key)) {
                    Some(value) => value,
                    None => Value::Object(fields),
                }
            }
            value => value,
        }
    }
}

/// Reads a model from a value.
pub(crate) fn decode<T: DeserializeOwned>(value: Value) -> Result<T> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let message = format!("an answer that does not fit at {}", error.path());
        Error::new(ErrorKind::Protocol, message)
    })
}

/// A whole number, which is a text in some forms.
pub(crate) fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: &str) -> Answer {
        Answer::read(body.as_bytes()).unwrap()
    }

    #[test]
    fn all_forms_are_one() {
        let expected =
            json!({"Name": "a", "Length": "5", "Exists": true, "ServerRelativePath": {"DecodedUrl": "/x/a"}});
        let verbose = r#"{"d":{"__metadata":{"uri":"u","type":"SP.File"},"Author":{"__deferred":{"uri":"u"}},"Name":"a","Length":"5","Exists":true,"ServerRelativePath":{"__metadata":{"type":"SP.ResourcePath"},"DecodedUrl":"/x/a"}}}"#;
        let minimal = r#"{"odata.metadata":"m","odata.type":"SP.File","Author@odata.navigationLinkUrl":"n","Name":"a","Length":"5","Exists":true,"ServerRelativePath":{"DecodedUrl":"/x/a"}}"#;
        let plain = r#"{"Name":"a","Length":"5","Exists":true,"ServerRelativePath":{"DecodedUrl":"/x/a"}}"#;
        for body in [verbose, minimal, plain] {
            assert_eq!(read(body).value, expected, "{body}");
        }
        let atom = r#"<entry xmlns="http://www.w3.org/2005/Atom" xmlns:d="d" xmlns:m="m"><id>u</id><content type="application/xml"><m:properties><d:Name>a</d:Name><d:Length m:type="Edm.Int64">5</d:Length><d:Exists m:type="Edm.Boolean">true</d:Exists><d:ServerRelativePath m:type="SP.ResourcePath"><d:DecodedUrl>/x/a</d:DecodedUrl></d:ServerRelativePath></m:properties></content></entry>"#;
        let atom = read(atom).value;
        assert_eq!((&atom["Length"], &atom["ServerRelativePath"]), (&json!(5), &expected["ServerRelativePath"]));
    }

    #[test]
    fn lists_and_where_they_go_on() {
        let verbose = read(r#"{"d":{"results":[{"Name":"a"},{"Name":"b"}],"__next":"https://h/n"}}"#);
        assert_eq!((verbose.next.as_deref(), verbose.value), (Some("https://h/n"), json!([{"Name":"a"},{"Name":"b"}])));
        let plain = read(r#"{"value":[{"Name":"a"}],"odata.nextLink":"https://h/n"}"#);
        assert_eq!((plain.next.as_deref(), plain.value), (Some("https://h/n"), json!([{"Name":"a"}])));
        let atom = read(
            r#"<feed xmlns="a"><id/><entry><content><m:properties xmlns:m="m"><N>a</N></m:properties></content></entry><link rel="next" href="https://h/n"/></feed>"#,
        );
        assert_eq!((atom.next.as_deref(), atom.value), (Some("https://h/n"), json!([{"N":"a"}])));
    }

    #[test]
    fn values_of_functions() {
        for body in [
            r#"{"d":{"StartUpload":"10485760"}}"#,
            r#"{"value":"10485760"}"#,
            r#"<d:StartUpload xmlns:d="d" xmlns:m="m" m:type="Edm.Int64">10485760</d:StartUpload>"#,
            r#"{"odata.metadata":"x","value":10485760}"#,
        ] {
            assert_eq!(whole(&read(body).of("StartUpload")), Some(10_485_760), "{body}");
        }
        assert_eq!(read(r#"{"d":{"Id":"guid"}}"#).of("ID"), "guid");
        assert_eq!(read(r#"<d:Id xmlns:d="d">guid</d:Id>"#).of("ID"), "guid");
        assert_eq!(read("").of("x"), Value::Null);
    }

    #[test]
    fn somebody_elses_json_is_no_success() {
        for own in [
            "",
            r#"{"odata.null":true}"#,
            r#"{"d":{"MoveTo":null}}"#,
            r#"{"d":{"Name":"a"}}"#,
            r#"{"odata.metadata":"m","Name":"a"}"#,
            r#"{"MoveTo":null}"#,
            r#"<d:MoveTo xmlns:d="d" m:null="true" xmlns:m="m"/>"#,
        ] {
            assert!(Answer::is_done(own.as_bytes()).unwrap(), "{own}");
        }
        for other in ["{}", r#"{"message":"no Route matched"}"#, r#"{"value":"x"}"#, "[]"] {
            assert!(!Answer::is_done(other.as_bytes()).unwrap(), "{other}");
        }
    }

    #[test]
    fn a_page_for_people_is_told_apart() {
        for page in
            ["<!DOCTYPE html><title>Sign in</title>", "\u{feff} \n<html>", "<?xml version='1.0'?><html xmlns='x'>"]
        {
            assert_eq!(Answer::read(page.as_bytes()).unwrap_err().kind(), ErrorKind::Protocol, "{page}");
        }
    }
}
