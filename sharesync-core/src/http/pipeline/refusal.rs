//! Responses that are no success: what the service says in them, or that they are not the service's own.

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use http::header::{CONTENT_ENCODING, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode, response};
use tokio::time::timeout;

use super::Inner;
use super::failure::{Failure, Fate};
use crate::http::classify::{ErrorResponse, is_transient};
use crate::http::content::beyond_end;
use crate::http::foreign::{ForeignResponse, is_lasting};
use crate::http::retry::retry_after;
use crate::http::{Call, Classified, Quoted};
use crate::{BoxStream, Error, ErrorKind, Result};

impl Inner {
    /// Reads a response that is no success.
    pub(super) async fn refusal(
        &self,
        call: &Call,
        parts: &response::Parts,
        body: BoxStream<'static, Result<Bytes>>,
        generation: Option<u64>,
    ) -> Failure {
        let (status, headers) = (parts.status, &parts.headers);
        let wait = retry_after(headers);
        let head = match read_head(body, self.config.max_error_body, self.config.response_timeout).await {
            Ok(head) => head,
            // What the rest would have said is not known, and the status alone says nothing.
            Err(error) => return Failure::unknown(error.with_status(status.as_u16())),
        };
        let quoted = Quoted::of(call);
        let response = ErrorResponse::new(status, headers, &head, &quoted);
        // A proxy that asks for credentials speaks for itself, whatever the form.
        let is_foreign = status == StatusCode::PROXY_AUTHENTICATION_REQUIRED || check_coding(headers).is_err();
        let read = self.classify.classify(&response).filter(|_| !is_foreign);
        let (own, transient) = (read.is_some(), read.as_ref().and_then(|read| read.transient));
        let refused = self.refuses(generation, status, headers, &head);
        let mut error = match read {
            _ if refused.is_some() && status.is_redirection() => {
                Error::new(ErrorKind::Unauthenticated, "the service sends the client to sign in")
            }
            Some(read) => of_service(read),
            None => beyond_end(status, headers).unwrap_or_else(|| ForeignResponse::new(status, headers).into_error()),
        }
        .with_status(status.as_u16());
        if let Some(delay) = wait {
            error = error.with_retry_after(delay);
        }
        let code = status.as_u16();
        // Whoever refuses credentials has passed nothing on, and says which ones are wanted (RFC 9110, section 15.5.2). A page
        // that does not may stand for whatever the service said.
        if !own && !headers.contains_key(WWW_AUTHENTICATE) && (refused.is_some() || code == 401) {
            error = error.with_maybe_applied(true);
        }
        let fate = match refused {
            Some(generation) => Fate::Refused(generation),
            // Whoever limits the rate, or says when to come back, has passed nothing on.
            _ if code == 429 || code == 425 || !own && wait.is_some() => Fate::Untouched,
            _ if !own => {
                if is_lasting(code) {
                    Fate::Final
                } else {
                    Fate::Unknown
                }
            }
            _ if !transient.unwrap_or(is_transient(status)) => Fate::Final,
            _ if code == 503 => Fate::Untouched,
            _ => Fate::Unknown,
        };
        Failure { error, fate }
    }
}

/// The error that the service tells.
fn of_service(read: Classified) -> Error {
    let mut error = Error::new(read.kind, tidy(&read.message));
    if let Some(code) = read.code {
        error = error.with_code(tidy(&code));
    }
    if let Some(id) = read.request_id {
        error = error.with_request_id(tidy(&id));
    }
    match read.source {
        Some(source) => error.with_source(source),
        None => error,
    }
}

/// Refuses a body in a coding that was not asked for: its bytes are not those of the content.
pub(super) fn check_coding(headers: &HeaderMap) -> Result<()> {
    let codings = headers.get_all(CONTENT_ENCODING).iter().map(|value| value.to_str().unwrap_or("unreadable"));
    let mut names = codings.flat_map(|value| value.split(',')).map(str::trim);
    match names.find(|name| !name.is_empty() && !name.eq_ignore_ascii_case("identity")) {
        None => Ok(()),
        Some(name) => {
            let name: String = name.chars().filter(char::is_ascii_graphic).take(20).collect();
            let message =
                format!("the response is encoded as {name}, although no coding was asked for: does a proxy compress?");
            Err(Error::new(ErrorKind::Protocol, message))
        }
    }
}

/// The beginning of an error's body.
async fn read_head(mut body: BoxStream<'static, Result<Bytes>>, limit: usize, patience: Duration) -> Result<Vec<u8>> {
    let read = async {
        let mut head = Vec::new();
        while let Some(piece) = body.next().await.transpose()? {
            let room = limit.saturating_sub(head.len());
            head.extend(piece.iter().take(room));
            if piece.len() >= room {
                break;
            }
        }
        Ok(head)
    };
    let late = || Err(Error::new(ErrorKind::Timeout, "the error response took too long to read"));
    timeout(patience, read).await.unwrap_or_else(|_| late())
}

/// A service's words on one line and of bounded length.
fn tidy(words: &str) -> String {
    const LONGEST: usize = 300;
    let mut line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    line.retain(|c| !c.is_control());
    if let Some((end, _)) = line.char_indices().nth(LONGEST) {
        line.truncate(end);
        line.push('…');
    }
    line.trim_end_matches('.').to_owned()
}
