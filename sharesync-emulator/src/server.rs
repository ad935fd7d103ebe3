//! The listener: accepts connections, records requests, lets faults strike, and hands what is left to the face that claims the path.

use std::fmt::Debug;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use http::header::RETRY_AFTER;
use http::{Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::accounts::Accounts;
use crate::admin;
use crate::drive::Drive;
use crate::faults::{FaultKind, Faults, Strike};
use crate::http::{Call, Connection, Plan, Query, Reply, RequestBody, Throttle, empty, shape, soap_action};
use crate::proxy;
use crate::recorder::{Requests, Slot, attributed};

/// What all faces share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) drive: Drive,
    pub(crate) accounts: Accounts,
    pub(crate) faults: Faults,
    pub(crate) requests: Requests,
    pub(crate) throttle: Option<Arc<Throttle>>,
    /// Host and port of the listener, for requests that do not say how they got here.
    pub(crate) authority: String,
}

/// One protocol.
pub(crate) trait Face: Debug + Send + Sync {
    /// Whether a path is one of this protocol's.
    fn claims(&self, path: &str) -> bool;
    /// Whether a path is one that authorises itself, where a client should send no credentials.
    fn is_storage(&self, path: &str) -> bool;
    fn serve(self: Arc<Self>, call: Call) -> BoxFuture<'static, Reply>;
    /// The protocol's own words for 401, 429 and 503.
    fn refuse(&self, path: &str, status: StatusCode) -> Reply;
    /// Refuses a request as if its token had expired. That is the words for 401, where a service says it so.
    fn unauthorized(self: Arc<Self>, call: Call) -> BoxFuture<'static, Reply> {
        let reply = self.refuse(&call.path, StatusCode::UNAUTHORIZED);
        std::future::ready(reply).boxed()
    }
    /// Makes all access tokens invalid, as if their time were over.
    fn expire_tokens(&self);
    /// What the face serves of the emulator's own paths.
    fn admin(&self, _path: &str, _query: &Query) -> Option<Reply> {
        None
    }
}

/// The server: what is shared, and the faces.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) shared: Arc<Shared>,
    pub(crate) faces: Vec<Arc<dyn Face>>,
}

/// The connection is to be dropped without an answer.
#[derive(Debug, thiserror::Error)]
#[error("dropped on purpose")]
struct Dropped;

impl Server {
    /// Accepts connections until it is told to stop, or nobody is left to tell it; its connections end with it.
    pub(crate) async fn run(self: Arc<Self>, listener: TcpListener, mut stop: oneshot::Receiver<()>) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => drop(connections.spawn(self.clone().connection(stream))),
                    // Out of file handles, most likely: give the others time to finish.
                    Err(_) => sleep(Duration::from_millis(10)).await,
                },
                _ = &mut stop => break,
            }
            while connections.try_join_next().is_some() {}
        }
        connections.shutdown().await;
    }

    async fn connection(self: Arc<Self>, stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        let kept = Connection::default();
        let service = service_fn(move |request| self.clone().handle(request, kept.clone()));
        // A client that goes away is no error of the server's.
        let _ = http1::Builder::new()
            .timer(TokioTimer::new())
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades()
            .await;
    }

    async fn handle(self: Arc<Self>, request: Request<Incoming>, connection: Connection) -> Result<Reply, Dropped> {
        let (parts, incoming) = request.into_parts();
        let path = parts.uri.path().to_owned();
        let face = self.faces.iter().find(|face| face.claims(&path)).cloned();
        let Some(face) = face else {
            return Ok(self.own(parts, incoming).await);
        };

        let slot = self.shared.requests.begin(&parts, face.is_storage(&path));
        let strike = self.shared.faults.choose(parts.method.as_str(), &target_of(&parts));
        if let Some(strike) = strike {
            slot.set_fault(strike.text());
        }
        let call = Call { connection, ..self.call(parts, incoming, &slot, strike) };
        let base = call.base.clone();
        let instead = self.instead(strike, &*face, &path, &base);
        let served = match strike {
            Some(Strike { kind: FaultKind::Unauthorized, carried_out: false }) => face.clone().unauthorized(call),
            _ => face.clone().serve(call),
        };
        let served = attributed(slot.clone(), served).then(|reply| self.acknowledged(reply));
        let reply = match strike {
            Some(Strike { carried_out: true, .. }) => {
                let served = served.await;
                instead.await.unwrap_or(Ok(served))?
            }
            _ => match instead.await {
                Some(reply) => reply?,
                None => served.await,
            },
        };
        slot.set_status(reply.status().as_u16());
        Ok(shape(reply, plan(strike), self.shared.throttle.clone(), slot))
    }

    /// What comes in place of the service's answer, if anything.
    async fn instead(
        &self,
        strike: Option<Strike>,
        face: &dyn Face,
        path: &str,
        base: &str,
    ) -> Option<Result<Reply, Dropped>> {
        let Strike { kind, carried_out } = strike?;
        Some(Ok(match kind {
            FaultKind::Reset | FaultKind::LoseAnswer => return Some(Err(Dropped)),
            FaultKind::Unauthorized if carried_out => face.refuse(path, StatusCode::UNAUTHORIZED),
            FaultKind::TooManyRequests { retry_after } => {
                retry_later(face.refuse(path, StatusCode::TOO_MANY_REQUESTS), retry_after)
            }
            FaultKind::Unavailable { retry_after } => {
                retry_later(face.refuse(path, StatusCode::SERVICE_UNAVAILABLE), retry_after)
            }
            FaultKind::ProxyPage { status, form } => proxy::page(status, form),
            FaultKind::RedirectToPage { status } => proxy::redirect(status, base),
            FaultKind::Delay { millis } => {
                sleep(Duration::from_millis(millis)).await;
                return None;
            }
            _ => return None,
        }))
    }

    /// A reply is a promise: it waits for the journal. GET requests can change things too: an upload may be finished by one.
    async fn acknowledged(&self, reply: Reply) -> Reply {
        match self.shared.drive.settled().await {
            Ok(()) => reply,
            Err(_) => empty(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    fn call(
        &self,
        mut parts: http::request::Parts,
        incoming: Incoming,
        slot: &Arc<Slot>,
        strike: Option<Strike>,
    ) -> Call {
        let raw_query = parts.uri.query().unwrap_or_default().to_owned();
        let upgrade = parts.extensions.remove();
        Call {
            upgrade,
            query: Query::parse(&raw_query),
            raw_query,
            path: parts.uri.path().to_owned(),
            base: Call::base_of(&parts.headers, &self.shared.authority),
            method: parts.method,
            headers: parts.headers,
            body: RequestBody::new(incoming, slot.clone(), self.shared.throttle.clone()),
            connection: Connection::default(),
            repeat_page: strike.is_some_and(|strike| strike.kind == FaultKind::RepeatPage),
        }
    }

    /// What no face claims: the emulator's own paths, unrecorded and free of faults; else 404.
    async fn own(&self, parts: http::request::Parts, incoming: Incoming) -> Reply {
        let query = Query::parse(parts.uri.query().unwrap_or_default());
        let of_a_face = self.faces.iter().find_map(|face| face.admin(parts.uri.path(), &query));
        match of_a_face {
            Some(reply) => reply,
            None => admin::serve(&self.shared, &parts, incoming).await,
        }
    }
}

/// What faults go by: path and query, and the action of a SOAP request, for all of these have the same path.
fn target_of(parts: &http::request::Parts) -> String {
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    match soap_action(&parts.headers) {
        Some(action) => format!("{target} {action}"),
        None => target.to_owned(),
    }
}

fn plan(strike: Option<Strike>) -> Plan {
    match strike.map(|strike| strike.kind) {
        Some(FaultKind::Truncate { after }) => Plan { cut_after: Some(after), ..Plan::default() },
        Some(FaultKind::Stall { after }) => Plan { stall_after: Some(after), ..Plan::default() },
        Some(FaultKind::Corrupt { at }) => Plan { corrupt_at: Some(at), ..Plan::default() },
        _ => Plan::default(),
    }
}

fn retry_later(mut reply: Reply, seconds: Option<u64>) -> Reply {
    if let Some(seconds) = seconds {
        reply.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    reply
}

/// Binds a listener; refuses any address but loopback unless that is allowed.
pub(crate) async fn bind(address: std::net::SocketAddr, allow_remote: bool) -> io::Result<TcpListener> {
    if !allow_remote && !address.ip().is_loopback() {
        let reason = format!("{address} can be reached by others; allow that explicitly or listen on 127.0.0.1");
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, reason));
    }
    TcpListener::bind(address).await
}
