//! The transport: which connection a request takes, and how a new one is signed in.
//!
//! A request takes the connection that was used last and is free, or a new one. A new one is signed in by requests without
//! a body before it sees the real one, so that no content goes to a service that would not take it. A connection that was
//! closed or lay idle is replaced and never signed in a second time. Nothing is sent again that the service may have
//! carried out.
//!
//! A sign-in lasts as long as its connection, or for one request: of IIS, Kerberos mostly (`authPersistNonNTLM` is off by default) and
//! NTLM with `authPersistSingleRequest` or behind a proxy that says `Via` (from its documentation, not seen on a farm). Which of the two
//! it is, is asked on the first connection. Where requests are signed in, each carries the last message of a handshake of its own, over
//! connections on which the service has accepted one before.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::header::{AUTHORIZATION, HOST, USER_AGENT, VIA};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
use hyper::body::Incoming;
use sharesync_core::http::{
    HttpConfig, Transport, TransportBody, TransportError, TransportErrorKind, redacted, url_below,
};
use sharesync_core::{BoxStream, Error, ErrorKind, Result};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tracing::debug;
use url::{Origin, Url};

use super::super::offer::challenges;
use super::lane::{Failure, Lane, LaneBody, over_lane, whole};
use super::lanes::{Lanes, leftover};
use super::mechanism::{Fault, Handshake, Mechanism, failed};
use super::{FORMS_ACCEPTED, GUARDED};

/// How long a refused sign-in is not tried again: accounts are locked after a few failures.
pub(super) const REFUSAL: Duration = Duration::from_secs(60);

/// Sends requests to one origin over connections that are signed in, and all others by another transport.
pub(super) struct SignedTransport {
    plain: Arc<dyn Transport>,
    mechanism: Box<dyn Mechanism>,
    origin: Origin,
    /// What is asked for to sign a connection in.
    guarded: Uri,
    agent: HeaderValue,
    lanes: Arc<Lanes>,
    standing: Mutex<Standing>,
    /// It is known how long a sign-in lasts.
    asked: AtomicBool,
    /// It lasts for one request.
    every_request: AtomicBool,
}

/// What is known of the account.
#[derive(Debug, Clone)]
enum Standing {
    Untried,
    Accepted,
    /// A sign-in was refused after others had been accepted.
    Doubted,
    Refused {
        until: Instant,
        why: String,
    },
}

type Answer = Response<BoxStream<'static, Result<Bytes, TransportError>>>;

impl SignedTransport {
    pub(super) fn new(
        mechanism: Box<dyn Mechanism>,
        site: &Url,
        plain: Arc<dyn Transport>,
        http: &HttpConfig,
    ) -> Result<Self> {
        let wrong = |why| Error::new(ErrorKind::Config, why);
        let guarded = url_below(site.as_str(), GUARDED)?;
        Ok(Self {
            plain,
            mechanism,
            origin: site.origin(),
            guarded: guarded.as_str().parse().map_err(|_| wrong("the site is no address"))?,
            agent: HeaderValue::try_from(&http.user_agent).map_err(|_| wrong("the user agent cannot be sent"))?,
            lanes: Arc::new(Lanes::new(http.concurrency)),
            standing: Mutex::new(Standing::Untried),
            asked: AtomicBool::new(false),
            every_request: AtomicBool::new(false),
        })
    }

    fn is_ours(&self, uri: &Uri) -> bool {
        Url::parse(&uri.to_string()).is_ok_and(|url| url.origin() == self.origin)
    }

    /// Sends a request over connections that were signed in before, while there are any.
    async fn reuse(&self, mut request: Request<LaneBody>, again: Option<&Bytes>) -> Result<Reused, TransportError> {
        while let Some(mut lane) = self.lanes.take() {
            let copy = again.map(|body| copy_of(&request, body));
            match self.deliver(&mut lane, request, self.signs_requests()).await? {
                Ok(response) if is_refused(&response) => {
                    debug!("a connection is not signed in any more");
                    self.lanes.end(lane.era);
                    self.doubt().await;
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

    /// Sends a real request; with the last message of a handshake of its own where sign-ins last for one request.
    async fn deliver(
        &self,
        lane: &mut Lane,
        mut request: Request<LaneBody>,
        by_request: bool,
    ) -> Result<Result<Response<Incoming>, Failure>, TransportError> {
        if by_request {
            match self.last_message(lane).await {
                Ok(last) => request.headers_mut().extend(last.map(|last| (AUTHORIZATION, last.message))),
                Err(Fault::Closed(_)) => return Ok(Err(Failure::Unsent(Box::new(request)))),
                Err(fault) => return Err(fault.into_error()),
            }
        }
        Ok(lane.exchange(request).await)
    }

    fn signs_requests(&self) -> bool {
        self.every_request.load(Ordering::Acquire)
    }

    /// Notes that a message was refused with a request: the password may be none any more.
    async fn doubt(&self) {
        let mut standing = self.standing.lock().await;
        if self.signs_requests() && matches!(*standing, Standing::Accepted) {
            *standing = Standing::Doubted;
        }
    }

    /// A new connection, signed in. As long as it is not known that the account is good, one sign-in is tried at a time,
    /// and a refused one not again for a while: a wrong password must not lock the account.
    async fn fresh(&self) -> Result<Lane, TransportError> {
        let accepted = matches!(*self.standing.lock().await, Standing::Accepted);
        if accepted {
            match self.signed_in().await {
                // Domain controllers have bad moments, and tickets end: it is tried once more, alone.
                Err(Fault::Refused(_)) => {}
                done => return done.map_err(Fault::into_error),
            }
        }
        let mut standing = self.standing.lock().await;
        match &*standing {
            Standing::Refused { until, why } if Instant::now() < *until => {
                return Err(Fault::Refused(why.clone()).into_error());
            }
            Standing::Accepted if !accepted => {
                drop(standing);
                return self.signed_in().await.map_err(Fault::into_error);
            }
            _ => {}
        }
        let mut lane = self.signed_in().await;
        if let (Standing::Doubted, Err(Fault::Refused(_))) = (&*standing, &lane) {
            lane = self.signed_in().await;
        }
        match &lane {
            Ok(_) => *standing = Standing::Accepted,
            Err(Fault::Refused(why)) => {
                *standing = Standing::Refused { until: Instant::now() + REFUSAL, why: why.clone() };
            }
            Err(_) => {}
        }
        lane.map_err(Fault::into_error)
    }

    /// Opens a connection and signs it in.
    async fn signed_in(&self) -> Result<Lane, Fault> {
        let era = self.lanes.era();
        let mut lane = Lane::open(self.plain.connect(&self.guarded).await?, era).await?;
        self.sign(&mut lane).await?;
        if !self.asked.load(Ordering::Acquire) {
            let every_request = !self.is_signed_in(&mut lane).await?;
            self.every_request.store(every_request, Ordering::Release);
            self.asked.store(true, Ordering::Release);
            debug!(every_request, "how long the service keeps a sign-in is known");
        }
        Ok(lane)
    }

    /// Signs a connection in by requests without a body.
    async fn sign(&self, lane: &mut Lane) -> Result<(), Fault> {
        let Some(mut last) = self.last_message(lane).await? else { return Ok(()) };
        let answer = self.ask(lane, Some(last.message)).await?;
        match last.handshake.answered(is_refused(&answer), self.token(&answer)?) {
            Err(Fault::Refused(why)) if !last.is_first => {
                Err(Fault::Refused(format!("{why}; or {}", spread(answer.headers()))))
            }
            done => done.map(drop),
        }
    }

    /// Begins a handshake by requests without a body: its last message, for whatever is to be signed in by it. `None` when the
    /// service is content before.
    async fn last_message(&self, lane: &mut Lane) -> Result<Option<Last>, Fault> {
        let (mut handshake, mut message) = self.mechanism.begin(lane.binding.as_deref()).await?;
        let is_first = message.is_last;
        while !message.is_last {
            let answer = self.ask(lane, Some(self.header(&message.token)?)).await?;
            match handshake.answered(is_refused(&answer), self.token(&answer)?)? {
                Some(next) => message = next,
                None => return Ok(None),
            }
        }
        Ok(Some(Last { handshake, message: self.header(&message.token)?, is_first }))
    }

    /// Whether the service lets in what comes over a connection without a message.
    async fn is_signed_in(&self, lane: &mut Lane) -> Result<bool, Fault> {
        Ok(!is_refused(&self.ask(lane, None).await?))
    }

    /// What a 401 means on a connection that was signed in just now. If the connection is as good as before, it is the service's word on
    /// the request. Otherwise sign-ins last for one request by now, or what is sent over one connection arrives over several.
    async fn questioned(
        &self,
        mut lane: Lane,
        response: Response<Incoming>,
        by_request: bool,
    ) -> Result<Answer, TransportError> {
        let (parts, body) = response.into_parts();
        let spread = spread(&parts.headers);
        let Some(body) = leftover(body).await else {
            return Ok(Response::from_parts(parts, stream::empty().boxed()));
        };
        let is_good = match by_request {
            true => self.sign(&mut lane).await.map(|()| true),
            false => self.is_signed_in(&mut lane).await,
        };
        match is_good {
            Ok(false) => {
                self.every_request.store(true, Ordering::Release);
                Err(failed(TransportErrorKind::Connect, "the sign-in of it ended with one request"))
            }
            Err(Fault::Refused(_)) => Err(failed(
                TransportErrorKind::Unauthenticated,
                format!("the service accepts the sign-in and refuses it with the next request: {spread}"),
            )),
            Ok(true) | Err(_) => {
                if is_good.is_ok() {
                    self.lanes.give_back(lane);
                }
                Ok(Response::from_parts(parts, stream::iter([Ok(body)]).boxed()))
            }
        }
    }

    /// A message, as the value of `Authorization`.
    fn header(&self, message: &[u8]) -> Result<HeaderValue, TransportError> {
        let value = HeaderValue::try_from(format!("{} {}", self.mechanism.scheme(), STANDARD.encode(message)));
        let mut value = value.map_err(|error| TransportError::new(TransportErrorKind::Refused, &error))?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// What an answer has for the handshake.
    fn token(&self, answer: &Response<Incoming>) -> Result<Option<Vec<u8>>, TransportError> {
        let mut tokens = challenges(answer.headers())
            .filter(|(scheme, token)| scheme.eq_ignore_ascii_case(self.mechanism.scheme()) && !token.is_empty());
        let no_base64 = |_| failed(TransportErrorKind::Unauthenticated, "the challenge of the service is no base64");
        tokens.next().map(|(_, token)| STANDARD.decode(token).map_err(no_base64)).transpose()
    }

    /// Whether a service that answers so takes part in a sign-in.
    fn check(&self, status: StatusCode) -> Result<(), TransportError> {
        if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Err(TransportError::proxy_wants_credentials());
        }
        let is_busy = matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS)
            || (status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED);
        if status.is_redirection() {
            let why = format!("the site signs users in on a page, not by {}", self.mechanism.name());
            return Err(failed(TransportErrorKind::Unauthenticated, why));
        }
        if is_busy {
            let why = format!("status {} during the sign-in", status.as_u16());
            return Err(failed(TransportErrorKind::Connect, why));
        }
        Ok(())
    }

    /// Asks for what is guarded, with a message of the handshake. The answer has no body: that is what HEAD is for.
    async fn ask(&self, lane: &mut Lane, message: Option<HeaderValue>) -> Result<Response<Incoming>, Fault> {
        let refused = |error: http::Error| TransportError::new(TransportErrorKind::Refused, &error);
        let mut request = Request::builder()
            .method(Method::HEAD)
            .uri(self.guarded.path_and_query().map_or("/", |path| path.as_str()))
            .header(HOST, self.guarded.authority().map_or("", |authority| authority.as_str()))
            .header(USER_AGENT, self.agent.clone())
            .header(FORMS_ACCEPTED, HeaderValue::from_static("f"))
            .body(whole(Bytes::new()))
            .map_err(refused)?;
        request.headers_mut().extend(message.map(|message| (AUTHORIZATION, message)));
        // Signing in changes nothing: it may be tried again.
        let answer = lane.exchange(request).await.map_err(|failure| {
            let why = match failure {
                Failure::Unsent(_) => String::new(),
                Failure::Broken(error) => format!(" ({error})"),
            };
            let why =
                format!("it was closed during the sign-in{why}; does a proxy on the way not keep connections open?");
            Fault::Closed(failed(TransportErrorKind::Connect, why))
        })?;
        self.check(answer.status())?;
        Ok(answer)
    }
}

/// The last message of a handshake, and how that goes on.
struct Last {
    handshake: Box<dyn Handshake>,
    message: HeaderValue,
    /// There was none before it.
    is_first: bool,
}

/// What became of a request that was offered to the connections at hand.
enum Reused {
    Answered(Answer),
    /// Nobody has carried it out.
    Left(Request<LaneBody>),
}

fn is_refused(answer: &Response<Incoming>) -> bool {
    answer.status() == StatusCode::UNAUTHORIZED
}

/// What else may be the reason of a refusal, and what to do about it.
fn spread(headers: &HeaderMap) -> String {
    let via = headers.get(VIA).and_then(|via| via.to_str().ok()).and_then(|via| via.get(..via.len().min(80)));
    let who = via.map_or("a proxy or balancer on the way".into(), |via| format!("the proxy that says `Via: {via}`"));
    format!(
        "{who} sends what comes over one connection on over several: let it keep them together, connect past it, or sign in \
         in another way"
    )
}

/// A copy of a request, whose body is in memory.
fn copy_of(request: &Request<LaneBody>, body: &Bytes) -> Request<LaneBody> {
    let mut copy = Request::new(whole(body.clone()));
    copy.method_mut().clone_from(request.method());
    copy.uri_mut().clone_from(request.uri());
    copy.headers_mut().clone_from(request.headers());
    copy
}

#[async_trait]
impl Transport for SignedTransport {
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
        let by_request = self.signs_requests();
        match self.deliver(&mut lane, request, by_request).await? {
            Ok(response) if is_refused(&response) => self.questioned(lane, response, by_request).await,
            Ok(response) => Ok(self.lanes.reading(lane, response)),
            Err(Failure::Unsent(_)) => Err(failed(TransportErrorKind::Connect, "it was closed after the sign-in")),
            Err(Failure::Broken(error)) => Err(error),
        }
    }
}

impl fmt::Debug for SignedTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = Url::parse(&self.guarded.to_string()).map(|url| redacted(&url)).unwrap_or_default();
        let mut shown = f.debug_struct("SignedTransport");
        shown.field("mechanism", &self.mechanism).field("origin", &origin).field("lanes", &self.lanes);
        shown.finish_non_exhaustive()
    }
}
