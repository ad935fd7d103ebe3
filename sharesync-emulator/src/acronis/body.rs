//! Bodies of requests: a JSON object, inside the wrapper that the operation documents.

use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use super::errors::ApiError;
use crate::http::{Call, truth};

/// The fields of a body.
#[derive(Debug)]
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// Reads a body that has no wrapper.
    pub(super) fn bare(call: &Call, body: &[u8]) -> Result<Self, ApiError> {
        if call.headers.contains_key(CONTENT_TYPE) && !call.content_type().starts_with("application/json") {
            return Err(ApiError::media_type());
        }
        serde_json::from_slice(body).map(Self).map_err(|_| ApiError::invalid())
    }

    /// Reads what is inside the wrapper.
    pub(super) fn wrapped(call: &Call, body: &[u8], wrapper: &str) -> Result<Self, ApiError> {
        match Self::bare(call, body)?.0.remove(wrapper) {
            Some(Value::Object(fields)) => Ok(Self(fields)),
            _ => Err(ApiError::invalid()),
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter()
    }

    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, ApiError> {
        self.value(name).map(|value| value.as_str().ok_or_else(ApiError::invalid)).transpose()
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        self.value(name).map(|value| value.as_bool().ok_or_else(ApiError::invalid)).transpose()
    }
}

/// A truth value, or its name as a text where the document sends it so.
pub(super) fn lenient_flag(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| truth(value.as_str()?))
}
