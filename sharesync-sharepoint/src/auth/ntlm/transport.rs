//! The transport: which connection a request takes, and how a new one is signed in.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST, USER_AGENT};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri};
use hyper::body::Incoming;
use sharesync_core::http::{
    HttpConfig, Transport, TransportBody, TransportError, TransportErrorKind, redacted, url_below,
};
use sharesync_core::{BoxStream, Error, ErrorKind, Result};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tracing::debug;
use url::{Origin, Url};

use super::super::Account;
use super::super::offer::challenges;
use super::super::windows::{FORMS_ACCEPTED, GUARDED};
use super::lane::{Failure, Lane, LaneBody, over_lane, whole};
use super::lanes::Lanes;
use super::messages::Handshake;

/// How long a refused password is not tried again: accounts are locked after a few failures.
const REFUSAL: Duration = Duration::from_secs(60);

/// Sends requests to one origin over connections that are signed in, and all others by another transport.
pub(super) struct NtlmTransport {
    plain: Arc<dyn Transport>,
    scheme: &'static str,
    account: Account,
    origin: Origin,
    /// What is asked for to sign a connection in.
    guarded: Uri,
    agent: HeaderValue,
    lanes: Arc<Lanes>,
    password: Mutex<Password>,
}

/// What is known of the password.
#[derive(Debug, Clone, Copy)]
enum Password {
    Untried,
    Accepted,
    Refused { until: Instant },
}

/// Why a connection could not be signed in.
enum Fault {
    /// The service did not accept the last message.
    Password,
    Other(TransportError),
}

impl From<TransportError> for Fault {
    fn from(error: TransportError) -> Self {
        Self::Other(error)
    }
}

type Answer = Response<BoxStream<'static, Result<Bytes, TransportError>>>;

impl NtlmTransport {
    pub(super) fn new(
        scheme: &'static str,
        account: Account,
        site: &Url,
        plain: Arc<dyn Transport>,
        http: &HttpConfig,
    ) -> Result<Self> {
        let wrong = |why| Error::new(ErrorKind::Config, why);
        let guarded = url_below(site.as_str(), GUARDED)?;
        Ok(Self {
            plain,
            scheme,
            account,
            origin: site.origin(),
            guarded: guarded.as_str().parse().map_err(|_| wrong("the site is no address"))?,
            agent: HeaderValue::try_from(&http.user_agent).map_err(|_| wrong("the user agent cannot be sent"))?,
            lanes: Arc::new(Lanes::new(http.concurrency)),
            password: Mutex::new(Password::Untried),
        })
    }

    fn is_ours(&self, uri: &Uri) -> bool {
        Url::parse(&uri.to_string()).is_ok_and(|url| url.origin() == self.origin)
    }

    /// Sends a request over connections that were signed in before, while there are any.
    async fn reuse(&self, mut request: Request<LaneBody>, again: Option<&Bytes>) -> Result<Reused, TransportError> {
        while let Some(mut lane) = self.lanes.take() {
            let copy = again.map(|body| copy_of(&request, body));
            match lane.exchange(request).await {
                Ok(response) if response.status() == StatusCode::UNAUTHORIZED => {
                    debug!("a connection is not signed in any more");
                    self.lanes.end(lane.era);
                    let ended = || failed(TransportErrorKind::Connect, "the service ended the sign-in of it");
                    return copy.map(Reused::Left).ok_or_else(ended);
                }
                Ok(response) => return Ok(Reused::Answered(self.lanes.reading(lane, response))),
                Err(Failure::Unsent(unsent)) => request = *unsent,
                Err(Failure::Broken(error)) => return Err(error),
            }
        }
        Ok(Reused::Left(request))
    }

    /// A new connection, signed in. As long as it is not known that the password is good, one sign-in is tried at a time,
    /// and a refused one not again for a while: a wrong password must not lock the account.
    async fn fresh(&self) -> Result<Lane, TransportError> {
        let accepted = matches!(*self.password.lock().await, Password::Accepted);
        if accepted {
            match self.signed_in().await {
                // Domain controllers have bad moments: it is tried once more, alone.
                Err(Fault::Password) => {}
                done => return done.map_err(|fault| self.error(fault)),
            }
        }
        let mut password = self.password.lock().await;
        match *password {
            Password::Refused { until } if Instant::now() < until => return Err(self.error(Fault::Password)),
            Password::Accepted if !accepted => {
                drop(password);
                return self.signed_in().await.map_err(|fault| self.error(fault));
            }
            _ => {}
        }
        let lane = self.signed_in().await;
        match &lane {
            Ok(_) => *password = Password::Accepted,
            Err(Fault::Password) => *password = Password::Refused { until: Instant::now() + REFUSAL },
            Err(Fault::Other(_)) => {}
        }
        lane.map_err(|fault| self.error(fault))
    }

    /// Opens a connection and signs it in by two requests without a body.
    async fn signed_in(&self) -> Result<Lane, Fault> {
        let era = self.lanes.era();
        let connection = self.plain.connect(&self.guarded).await?;
        let mut handshake = Handshake::new(self.scheme, &self.account, connection.certificate.as_deref());
        let mut lane = Lane::open(connection, era).await?;
        let unusable = |why| failed(TransportErrorKind::Unauthenticated, why);

        let first = self.ask(&mut lane, handshake.negotiate().map_err(unusable)?).await?;
        if let Some(outcome) = unasked(first.status()) {
            return Ok(outcome.map(|()| lane)?);
        }
        let challenge = challenges(first.headers())
            .find(|(scheme, token)| scheme.eq_ignore_ascii_case(self.scheme) && !token.is_empty());
        let (_, challenge) = challenge.ok_or_else(|| unusable("the service offers no sign-in by NTLM"))?;
        let answer = handshake.authenticate(challenge).map_err(unusable)?;
        let second = self.ask(&mut lane, answer).await?;
        match second.status() {
            StatusCode::UNAUTHORIZED => Err(Fault::Password),
            status => Ok(unasked(status).unwrap_or(Ok(())).map(|()| lane)?),
        }
    }

    fn error(&self, fault: Fault) -> TransportError {
        let user = match self.account.domain.as_str() {
            "" => self.account.user.clone(),
            domain => format!(r"{domain}\{}", self.account.user),
        };
        match fault {
            Fault::Password => failed(
                TransportErrorKind::Unauthenticated,
                format!("the service does not accept the password of {user}, or the account may not sign in"),
            ),
            Fault::Other(error) => error,
        }
    }

    /// Sends a message of the handshake. Its answer has no body: that is what HEAD is for.
    async fn ask(&self, lane: &mut Lane, message: HeaderValue) -> Result<Response<Incoming>, TransportError> {
        let refused = |error: http::Error| TransportError::new(TransportErrorKind::Refused, &error);
        let request = Request::builder()
            .method(Method::HEAD)
            .uri(self.guarded.path_and_query().map_or("/", |path| path.as_str()))
            .header(HOST, self.guarded.authority().map_or("", |authority| authority.as_str()))
            .header(USER_AGENT, self.agent.clone())
            .header(FORMS_ACCEPTED, HeaderValue::from_static("f"))
            .header(AUTHORIZATION, message)
            .body(whole(Bytes::new()))
            .map_err(refused)?;
        lane.exchange(request).await.map_err(|failure| match failure {
            Failure::Unsent(_) => failed(TransportErrorKind::Connect, "it was closed during the sign-in"),
            // Signing in changes nothing: it may be tried again.
            Failure::Broken(error) => TransportError::new(TransportErrorKind::Connect, &error),
        })
    }
}

/// What became of a request that was offered to the connections at hand.
enum Reused {
    Answered(Answer),
    /// Nobody has carried it out.
    Left(Request<LaneBody>),
}

/// A copy of a request, whose body is in memory.
fn copy_of(request: &Request<LaneBody>, body: &Bytes) -> Request<LaneBody> {
    let mut copy = Request::new(whole(body.clone()));
    copy.method_mut().clone_from(request.method());
    copy.uri_mut().clone_from(request.uri());
    copy.headers_mut().clone_from(request.headers());
    copy
}

/// What an answer means that asks for no (further) message; `None` when it is 401.
fn unasked(status: StatusCode) -> Option<Result<(), TransportError>> {
    let page = "the site signs users in on a page, not by NTLM";
    match status {
        StatusCode::UNAUTHORIZED => None,
        _ if status.is_redirection() => Some(Err(failed(TransportErrorKind::Unauthenticated, page))),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => Some(Err(unready(status))),
        _ if status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED => Some(Err(unready(status))),
        _ => Some(Ok(())),
    }
}

fn unready(status: StatusCode) -> TransportError {
    failed(TransportErrorKind::Connect, format!("status {} during the sign-in", status.as_u16()))
}

fn failed(kind: TransportErrorKind, why: impl Into<String>) -> TransportError {
    TransportError::new(kind, &io::Error::other(why.into()))
}

#[async_trait]
impl Transport for NtlmTransport {
    async fn send(&self, request: Request<TransportBody>) -> Result<Answer, TransportError> {
        if !self.is_ours(request.uri()) {
            return self.plain.send(request).await;
        }
        let (request, again) = over_lane(request)?;
        let request = match self.reuse(request, again.as_ref()).await? {
            Reused::Answered(answer) => return Ok(answer),
            Reused::Left(request) => request,
        };
        let mut lane = self.fresh().await?;
        match lane.exchange(request).await {
            Ok(response) => Ok(self.lanes.reading(lane, response)),
            Err(Failure::Unsent(_)) => Err(failed(TransportErrorKind::Connect, "it was closed after the sign-in")),
            Err(Failure::Broken(error)) => Err(error),
        }
    }
}

impl fmt::Debug for NtlmTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = Url::parse(&self.guarded.to_string()).map(|url| redacted(&url)).unwrap_or_default();
        f.debug_struct("NtlmTransport").field("origin", &origin).field("lanes", &self.lanes).finish_non_exhaustive()
    }
}
