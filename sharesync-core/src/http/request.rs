//! A request to an API of JSON under construction: an address made of a template and identifiers, a query, a body.

use std::fmt;

use http::{HeaderValue, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use url::Url;

use super::{Body, Call, Pipeline, Repeat, Response, decode_json};
use crate::{Error, ErrorKind, Result};

/// What of an identifier may stand in a path as it is.
const ID: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A request to an API of JSON. What cannot be sent is an error when it is sent.
#[must_use]
pub struct ApiRequest<'a> {
    pipeline: &'a Pipeline,
    base: &'a Url,
    operation: &'static str,
    subject: Option<String>,
    ids: Vec<String>,
    path: Option<String>,
    query: Map<String, Value>,
    body: Option<Body>,
    invalid: Option<&'static str>,
    repeat: Option<Repeat>,
}

impl Pipeline {
    /// Begins a request. `path` is that of the document below `base`, with `{}` for each of the identifiers. The last
    /// identifier is what the request is about.
    pub fn request<'a>(
        &'a self,
        base: &'a Url,
        operation: &'static str,
        path: &'static str,
        ids: &[&str],
    ) -> ApiRequest<'a> {
        ApiRequest {
            pipeline: self,
            base,
            operation,
            subject: ids.last().map(|id| (*id).to_owned()),
            ids: ids.iter().map(|id| (*id).to_owned()).collect(),
            path: fill(path, ids),
            query: Map::new(),
            body: None,
            invalid: None,
            repeat: None,
        }
    }
}

/// Puts identifiers into a path; `None` for one that would lead elsewhere.
fn fill(path: &str, ids: &[&str]) -> Option<String> {
    ids.iter().try_fold(path.to_owned(), |path, id| {
        let leads_elsewhere = matches!(*id, "" | "." | "..");
        (!leads_elsewhere).then(|| path.replacen("{}", &utf8_percent_encode(id, ID).to_string(), 1))
    })
}

impl ApiRequest<'_> {
    /// Adds a parameter to the query.
    pub fn param(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.query.insert(name.to_owned(), value.into());
        self
    }

    /// Adds what is set of an entity to the query.
    pub fn query(mut self, entity: &impl Serialize) -> Self {
        match serde_json::to_value(entity) {
            Ok(Value::Object(fields)) => self.query.extend(fields),
            _ => self.invalid = Some("the query cannot be written"),
        }
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(body) => self.body = Some(body.into()),
            Err(_) => self.invalid = Some("the request cannot be written as JSON"),
        }
        self
    }

    /// Names what the request is about, where it is not the last identifier.
    pub fn about(mut self, subject: Option<&str>) -> Self {
        self.subject = subject.map(str::to_owned).or(self.subject);
        self
    }

    /// Says whether it may be sent again, where the method does not.
    pub fn repeat(mut self, repeat: Repeat) -> Self {
        self.repeat = Some(repeat);
        self
    }

    /// Sends it and decodes the answer.
    ///
    /// # Errors
    /// See [`Pipeline::run`]; [`ErrorKind::InvalidInput`] when an identifier fits into no address.
    pub async fn json<T: DeserializeOwned + Send>(self, method: Method) -> Result<T> {
        self.pipeline.json(self.into_call(method)?).await
    }

    /// Sends it and decodes the answer, if there is one: for operations of which the status alone is documented, or not
    /// even that.
    ///
    /// # Errors
    /// As [`json`](Self::json).
    pub async fn maybe_json<T: DeserializeOwned + Send>(self, method: Method) -> Result<Option<T>> {
        let limit = self.pipeline.config().max_answer;
        let read = move |response: Response| async move {
            let body = response.bytes(limit).await?;
            if body.trim_ascii().is_empty() { Ok(None) } else { decode_json(&body).map(Some) }
        };
        self.pipeline.run(self.into_call(method)?, read).await
    }

    /// Sends it; the response is a status 204.
    ///
    /// # Errors
    /// As [`json`](Self::json), and those of [`Response::no_content`].
    pub async fn done(self, method: Method) -> Result<()> {
        self.pipeline.run(self.into_call(method)?, |response| async { response.no_content() }).await
    }

    /// Sends it; the response has another status of success, and no body.
    ///
    /// # Errors
    /// As [`json`](Self::json), and those of [`Response::no_body`].
    pub async fn done_without_body(self, method: Method) -> Result<()> {
        let limit = self.pipeline.config().max_answer;
        self.pipeline.run(self.into_call(method)?, move |response| response.no_body(limit)).await
    }

    /// The request as the pipeline takes it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] when it cannot be sent.
    pub fn into_call(self, method: Method) -> Result<Call> {
        let refused = |why| {
            let error = Error::new(ErrorKind::InvalidInput, why).with_operation(self.operation);
            error.with_provider(self.pipeline.provider())
        };
        if let Some(why) = self.invalid {
            return Err(refused(why));
        }
        let url = self.path.and_then(|path| self.base.join(&path).ok());
        let mut url = url.ok_or_else(|| refused("an identifier fits into no address"))?;
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(self.query.iter().map(|(name, value)| (name, text(value))));
        }
        let mut call = Call::new(self.operation, method, url).quotes(self.ids);
        if let Some(subject) = self.subject {
            call = call.subject(subject);
        }
        if let Some(body) = self.body {
            call = call.body(body).header(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        Ok(match self.repeat {
            Some(repeat) => call.repeat(repeat),
            None => call,
        })
    }
}

impl fmt::Debug for ApiRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiRequest").field("operation", &self.operation).finish_non_exhaustive()
    }
}

/// A value as it stands in a query.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_cannot_leave_their_place() {
        let cases = [
            ("0", "nodes/0/members/m"),
            ("a/../b", "nodes/a%2F..%2Fb/members/m"),
            ("x?y=#z", "nodes/x%3Fy%3D%23z/members/m"),
            ("guest-1,2", "nodes/guest-1%2C2/members/m"),
            ("{}", "nodes/%7B%7D/members/m"),
        ];
        for (id, path) in cases {
            assert_eq!(fill("nodes/{}/members/{}", &[id, "m"]).as_deref(), Some(path));
        }
        for id in ["", ".", ".."] {
            assert_eq!(fill("nodes/{}", &[id]), None, "{id:?}");
        }
    }
}
