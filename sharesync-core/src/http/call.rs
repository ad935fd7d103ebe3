//! One logical request: what is asked, how safe it is to ask twice, and who may see the credentials.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::Serialize;
use url::Url;

use super::{Body, redacted, redacted_url};
use crate::{Error, ErrorKind, Result};

/// Whether a request may be sent again when it is not known what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Repeat {
    /// It changes nothing.
    Safe,
    /// Carrying it out twice has the effect of carrying it out once.
    Idempotent,
    /// It carries a condition that the first success makes false.
    Conditional,
    /// Carrying it out twice may do something twice: it is only repeated when it surely was not carried out.
    Never,
}

/// Whether a request carries the account's credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Auth {
    /// It does, as long as it goes to the API's own origin.
    Api,
    /// The same, but the bearer token goes as this query parameter: for where headers cannot be had. It is put there on
    /// the way out, so that no URL that anybody sees holds it.
    Query(&'static str),
    /// It never does: the address authenticates itself, or nothing needs to.
    None,
}

/// One logical request to a service. The pipeline may send it several times.
#[derive(Clone)]
pub struct Call {
    pub(crate) operation: &'static str,
    pub(crate) subject: Option<String>,
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    pub(crate) repeat: Repeat,
    pub(crate) auth: Auth,
    pub(crate) secret_url: bool,
    pub(crate) follow_redirects: bool,
    pub(crate) accept: &'static [u16],
    pub(crate) response_timeout: Option<Duration>,
    pub(crate) invalid: Option<&'static str>,
    pub(crate) quotes: Arc<[String]>,
}

impl Call {
    /// A request of this method. GET and HEAD are [`Repeat::Safe`], PUT and DELETE [`Repeat::Idempotent`], others
    /// [`Repeat::Never`] until said otherwise. `operation` is its name in errors and traces, such as `Items.Get`.
    pub fn new(operation: &'static str, method: Method, url: Url) -> Self {
        let repeat = match method {
            Method::GET | Method::HEAD | Method::OPTIONS => Repeat::Safe,
            Method::PUT | Method::DELETE => Repeat::Idempotent,
            _ => Repeat::Never,
        };
        Self {
            operation,
            subject: None,
            method,
            url,
            headers: HeaderMap::new(),
            body: Body::empty(),
            repeat,
            auth: Auth::Api,
            secret_url: false,
            follow_redirects: true,
            accept: &[],
            response_timeout: None,
            invalid: None,
            quotes: Arc::new([]),
        }
    }

    /// A GET request.
    pub fn get(operation: &'static str, url: Url) -> Self {
        Self::new(operation, Method::GET, url)
    }

    /// A POST request.
    pub fn post(operation: &'static str, url: Url) -> Self {
        Self::new(operation, Method::POST, url)
    }

    /// Names what the request is about, for errors and traces.
    #[must_use]
    pub fn subject(mut self, subject: impl fmt::Display) -> Self {
        self.subject = Some(subject.to_string());
        self
    }

    /// Names, paths and identifiers that the request holds besides its subject, its query and its JSON body: a service may
    /// quote them, and what it quotes is no part of what it says; see [`Words`](super::Words).
    #[must_use]
    pub fn quotes<S: Into<String>>(mut self, texts: impl IntoIterator<Item = S>) -> Self {
        self.quotes = texts.into_iter().map(Into::into).collect();
        self
    }

    /// Sets a header. A value that no header can hold makes the call fail before it is sent.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: impl TryInto<HeaderValue>) -> Self {
        match value.try_into() {
            Ok(value) => drop(self.headers.insert(name, value)),
            Err(_) => self.invalid = Some("a header value holds characters that no header can carry"),
        }
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets a JSON body with its content type.
    #[must_use]
    pub fn json(mut self, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(json) => self.body = json.into(),
            Err(_) => self.invalid = Some("the request cannot be written as JSON"),
        }
        self.header(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
    }

    /// Says whether it may be sent again.
    #[must_use]
    pub fn repeat(mut self, repeat: Repeat) -> Self {
        self.repeat = repeat;
        self
    }

    /// Sends no credentials and prints nothing of the URL but its origin: it is pre-signed.
    #[must_use]
    pub fn presigned(mut self) -> Self {
        self.auth = Auth::None;
        self.secret_url = true;
        self
    }

    /// Sends the bearer token as this query parameter instead of a header; see [`Auth::Query`].
    #[must_use]
    pub fn auth_in_query(mut self, parameter: &'static str) -> Self {
        self.auth = Auth::Query(parameter);
        self
    }

    /// Sends no credentials.
    #[must_use]
    pub fn without_auth(mut self) -> Self {
        self.auth = Auth::None;
        self
    }

    /// Hands a redirect out as the response instead of following it.
    #[must_use]
    pub fn keep_redirect(mut self) -> Self {
        self.follow_redirects = false;
        self
    }

    /// Takes these statuses, besides 2xx, as success.
    #[must_use]
    pub fn accept(mut self, statuses: &'static [u16]) -> Self {
        self.accept = statuses;
        self
    }

    /// Waits this long for the head of the response, for requests that make the service work for long.
    #[must_use]
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.response_timeout = Some(timeout);
        self
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The address. It may grant access: do not print it.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// A GET of another address on behalf of the same operation, for protocols whose answers say where to go on.
    #[must_use]
    pub fn elsewhere(&self, url: Url) -> Self {
        Self { subject: self.subject.clone(), ..Self::get(self.operation, url) }
    }

    /// The URL as it may be shown.
    pub(crate) fn shown_url(&self) -> String {
        if self.secret_url { redacted(&self.url) } else { redacted_url(&self.url) }
    }

    /// Refuses what can never be sent.
    pub(crate) fn check(&self) -> Result<()> {
        self.invalid.map_or(Ok(()), |why| Err(self.error(ErrorKind::InvalidInput, why)))
    }

    /// An error that says what was attempted, and on what.
    pub(crate) fn error(&self, kind: ErrorKind, message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
        self.describe(Error::new(kind, message))
    }

    /// Adds what was attempted, and on what, where the error does not say it yet.
    pub fn describe(&self, error: Error) -> Error {
        let error = error.or_operation(self.operation);
        match &self.subject {
            Some(subject) => error.or_subject(subject),
            None => error,
        }
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("operation", &self.operation)
            .field("method", &self.method)
            .field("url", &self.shown_url())
            .field("repeat", &self.repeat)
            .field("auth", &self.auth)
            .finish_non_exhaustive()
    }
}
