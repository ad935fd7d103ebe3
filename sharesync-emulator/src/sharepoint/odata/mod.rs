//! OData as SharePoint speaks it: the values that the REST API answers with, and the three ways to write them down.

mod atom;
mod json;
mod path;

use http::header::{ETAG, HeaderValue};
use http::{HeaderMap, StatusCode};

use super::dialect::ONLY_WHEN_SELECTED;
use crate::http::{Reply, full};

pub(crate) use path::{Segment, segments};

/// In which form the client wants an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavour {
    /// What there is without an `Accept` for JSON.
    Atom,
    Verbose,
    Minimal,
    Plain,
}

impl Flavour {
    pub(crate) fn asked(headers: &HeaderMap) -> Self {
        let accept = headers.get(http::header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let accept = accept.to_ascii_lowercase().replace(' ', "");
        match accept.split(',').find(|part| part.starts_with("application/json")) {
            None => Self::Atom,
            Some(part) if part.contains("odata=verbose") => Self::Verbose,
            Some(part) if part.contains("odata=nometadata") => Self::Plain,
            Some(_) => Self::Minimal,
        }
    }

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Atom => "application/atom+xml;type=entry;charset=utf-8",
            Self::Verbose => "application/json;odata=verbose;charset=utf-8",
            Self::Minimal => "application/json;odata=minimalmetadata;streaming=true;charset=utf-8",
            Self::Plain => "application/json;odata=nometadata;streaming=true;charset=utf-8",
        }
    }
}

/// A value.
#[derive(Debug, Clone)]
pub(crate) enum Data {
    Null,
    Bool(bool),
    Int32(i64),
    /// A text in JSON.
    Int64(i64),
    Text(String),
    Guid(String),
    Date(String),
    Complex(&'static str, Fields),
    List(&'static str, Vec<Self>),
}

/// Names with values, in their order.
pub(crate) type Fields = Vec<(&'static str, Data)>;

impl Data {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn count(number: impl TryInto<i64>) -> Self {
        Self::Int32(number.try_into().unwrap_or(i64::MAX))
    }

    /// The EDM name of its type; none for text, which needs none.
    fn edm(&self) -> Option<&'static str> {
        match self {
            Self::Null | Self::Text(_) => None,
            Self::Bool(_) => Some("Edm.Boolean"),
            Self::Int32(_) => Some("Edm.Int32"),
            Self::Int64(_) => Some("Edm.Int64"),
            Self::Guid(_) => Some("Edm.Guid"),
            Self::Date(_) => Some("Edm.DateTime"),
            Self::Complex(name, _) => Some(name),
            Self::List(..) => Some("Collection"),
        }
    }
}

/// An object with an address.
#[derive(Debug, Clone)]
pub(crate) struct Entity {
    pub(crate) type_name: &'static str,
    /// Its address, absolute.
    pub(crate) uri: String,
    pub(crate) etag: Option<String>,
    pub(crate) fields: Fields,
    /// What can be had at addresses below its own.
    pub(crate) links: &'static [&'static str],
    /// What of that was asked for with it.
    pub(crate) expanded: Vec<(&'static str, Expanded)>,
}

/// What `$expand` brought.
#[derive(Debug, Clone)]
pub(crate) enum Expanded {
    One(Box<Entity>),
    Many(Vec<Entity>),
}

impl Expanded {
    fn select(&mut self, names: &str) {
        let entities = match self {
            Self::One(entity) => std::slice::from_mut(&mut **entity),
            Self::Many(entities) => entities.as_mut_slice(),
        };
        for entity in entities {
            *entity = entity.clone().select(Some(names));
        }
    }
}

impl Entity {
    /// Leaves out what `$select` does not name. `*` and nothing leave everything.
    pub(crate) fn select(mut self, names: Option<&str>) -> Self {
        let names: Vec<&str> =
            names.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        let everything = names.is_empty() || names.contains(&"*");
        let named = |field: &str| names.iter().any(|name| name.eq_ignore_ascii_case(field));
        let shy = matches!(self.type_name, "SP.File" | "SP.Folder");
        self.fields.retain(|(name, _)| named(name) || (everything && !(shy && ONLY_WHEN_SELECTED.contains(name))));
        for (name, expanded) in &mut self.expanded {
            let below = names.iter().filter_map(|path| path.split_once('/'));
            let below = below.filter(|(first, _)| first.eq_ignore_ascii_case(name)).map(|(_, rest)| rest);
            expanded.select(&below.collect::<Vec<_>>().join(","));
        }
        if !everything {
            self.links = &[];
        }
        self
    }

    /// A field by its name, in whatever case.
    pub(crate) fn field(&self, name: &str) -> Option<(&'static str, Data)> {
        self.fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).cloned()
    }
}

/// What an operation answers with.
#[derive(Debug)]
pub(crate) enum Answer {
    Entity(Entity),
    Feed {
        entities: Vec<Entity>,
        /// The address of the next page.
        next: Option<String>,
    },
    /// A property, or what a function returned.
    Value(&'static str, Data),
    /// Success without a word.
    Nothing,
}

impl Answer {
    pub(crate) fn reply(self, flavour: Flavour) -> Reply {
        let etag = match &self {
            Self::Entity(entity) => entity.etag.as_deref().and_then(|etag| HeaderValue::from_str(etag).ok()),
            _ => None,
        };
        let content_type = match (&self, flavour) {
            (Self::Feed { .. }, Flavour::Atom) => "application/atom+xml;type=feed;charset=utf-8",
            (Self::Value(..) | Self::Nothing, Flavour::Atom) => "application/xml;charset=utf-8",
            _ => flavour.content_type(),
        };
        let body = match flavour {
            Flavour::Atom => atom::write(&self),
            _ => json::write(&self, flavour),
        };
        let mut reply = full(StatusCode::OK, content_type, body);
        if let Some(etag) = etag {
            reply.headers_mut().insert(ETAG, etag);
        }
        reply
    }
}
