//! Kerberos within Negotiate (RFC 4559, RFC 4178, RFC 4120): one message signs a connection in, and the service's answer proves
//! that it is the one that was meant.
//!
//! A ticket for the service is fetched once and serves all connections until it ends. What `sspi` offers as a whole would
//! fetch one a connection, and compares neither nonces nor times: its messages are used, one by one.

mod kdc;
mod logon;
mod reply;
mod spnego;
mod ticket;
mod tree;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use picky_krb::constants::error_codes::KRB_AP_ERR_SKEW;
use serde::Serialize;
use sharesync_core::Result;
use sharesync_core::http::TransportErrorKind;
use tokio::time::Instant;
use tracing::debug;
use tracing::subscriber::{NoSubscriber, with_default};

use self::kdc::Kdc;
use self::logon::{Logon, skewed};
use self::reply::Refusal;
use self::spnego::Answer;
use self::ticket::{Sent, Ticket};
use super::super::{Account, TicketSource};
use super::mechanism::{Fault, Handshake, Mechanism, Message, failed, unusable};
use super::transport::REFUSAL;

/// How long domain controllers that failed are not asked again: who waits for them need not wait in turn.
const PAUSE: Duration = Duration::from_secs(5);

/// Signs in by tickets.
pub(super) struct Kerberos {
    shared: Arc<Shared>,
}

struct Shared {
    logon: Logon,
    known: Mutex<Known>,
    /// Held by who asks the domain controllers.
    asking: tokio::sync::Mutex<()>,
}

/// What came of asking for a ticket.
#[derive(Default)]
enum Known {
    #[default]
    Nothing,
    Ticket(Arc<Ticket>),
    Failure {
        until: Instant,
        kind: Option<TransportErrorKind>,
        why: String,
    },
}

impl Kerberos {
    /// For a service, which is that of the web server of this host if no other is named.
    pub(super) fn new(account: Account, source: TicketSource, host: &str) -> Result<Self> {
        let service = source.service.unwrap_or_else(|| format!("HTTP/{host}"));
        let logon = Logon::new(account, service, Kdc::new(&source.kdcs.unwrap_or_default())?)?;
        Ok(Self { shared: Arc::new(Shared { logon, known: Mutex::default(), asking: tokio::sync::Mutex::default() }) })
    }
}

impl Shared {
    /// The ticket at hand, or a new one. Who asks meanwhile waits and has the same.
    async fn ticket(&self) -> Result<Arc<Ticket>, Fault> {
        if let Some(known) = self.known() {
            return known;
        }
        let _alone = self.asking.lock().await;
        if let Some(known) = self.known() {
            return known;
        }
        let asked = Instant::now();
        let (until, kind, why) = match self.logon.ticket().await {
            Ok(issued) => {
                debug!(service = self.logon.service(), "a ticket");
                let ticket = Arc::new(Ticket::new(issued, asked));
                self.update(|known| *known = Known::Ticket(ticket.clone()));
                return Ok(ticket);
            }
            Err(Fault::Refused(why)) => (Instant::now() + REFUSAL, None, why),
            Err(Fault::Closed(error) | Fault::Other(error)) => {
                (Instant::now() + PAUSE, Some(error.kind()), error.to_string())
            }
        };
        let fault = fault(kind, &why);
        self.update(|known| *known = Known::Failure { until, kind, why });
        Err(fault)
    }

    /// What came of it the last time, while that holds.
    fn known(&self) -> Option<Result<Arc<Ticket>, Fault>> {
        self.update(|known| match known {
            Known::Ticket(ticket) if ticket.is_valid() => Some(Ok(ticket.clone())),
            Known::Failure { until, kind, why } if Instant::now() < *until => Some(Err(fault(*kind, why))),
            _ => None,
        })
    }

    /// Forgets a ticket that the service does not accept: it may have another key now.
    fn forget(&self, refused: &Arc<Ticket>) {
        self.update(|known| {
            if matches!(known, Known::Ticket(ticket) if Arc::ptr_eq(ticket, refused)) {
                *known = Known::Nothing;
            }
        });
    }

    fn update<T>(&self, change: impl FnOnce(&mut Known) -> T) -> T {
        change(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn fault(kind: Option<TransportErrorKind>, why: &str) -> Fault {
    match kind {
        None => Fault::Refused(why.to_owned()),
        Some(kind) => Fault::Other(failed(kind, why)),
    }
}

#[async_trait]
impl Mechanism for Kerberos {
    fn name(&self) -> &'static str {
        "Kerberos"
    }

    fn scheme(&self) -> &'static str {
        "Negotiate"
    }

    async fn begin(&self, binding: Option<&[u8]>) -> Result<(Box<dyn Handshake>, Message), Fault> {
        let ticket = self.shared.ticket().await?;
        let (request, sent) = ticket.request(binding)?;
        let handshake = Presented { shared: self.shared.clone(), ticket, sent };
        Ok((Box::new(handshake), Message { token: spnego::init(&request), is_last: true }))
    }
}

impl fmt::Debug for Kerberos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let logon = &self.shared.logon;
        f.debug_struct("Kerberos").field("user", &logon.user()).field("service", &logon.service()).finish()
    }
}

/// A ticket that was presented to the service.
struct Presented {
    shared: Arc<Shared>,
    ticket: Arc<Ticket>,
    sent: Sent,
}

impl Handshake for Presented {
    fn answered(&mut self, refused: bool, token: Option<Vec<u8>>) -> Result<Option<Message>, Fault> {
        let logon = &self.shared.logon;
        let (user, service) = (logon.user(), logon.service());
        let answer = token.as_deref().and_then(spnego::answer);
        if refused {
            self.shared.forget(&self.ticket);
            return Err(match answer {
                Some(Answer::Error(error)) => match Refusal::read(error) {
                    Some(refusal) if refusal.code == KRB_AP_ERR_SKEW => skewed("the service", &refusal),
                    _ => not_accepted(&user, service),
                },
                _ => not_accepted(&user, service),
            });
        }
        match answer {
            Some(Answer::Accepted(reply)) if self.ticket.is_answered(reply, &self.sent) => Ok(None),
            _ => Err(unusable(format!("what answers does not prove that it is {service}: it may be somebody else"))),
        }
    }
}

fn not_accepted(user: &str, service: &str) -> Fault {
    Fault::Refused(format!(
        "the service does not accept the ticket of {user} for {service}: the account may not sign in, or the site runs \
         under an account that has not this service principal name"
    ))
}

/// Runs what would trace secrets.
fn quietly<T>(work: impl FnOnce() -> sspi::Result<T>) -> Result<T, Fault> {
    with_default(NoSubscriber::new(), work).map_err(|_| unusable("a message of Kerberos could not be written"))
}

fn encoded(message: &impl Serialize) -> Result<Vec<u8>, Fault> {
    picky_asn1_der::to_vec(message).map_err(|_| unusable("a message of Kerberos could not be written"))
}

fn random<const SIZE: usize>() -> Result<[u8; SIZE], Fault> {
    let mut bytes = [0; SIZE];
    getrandom::fill(&mut bytes).map_err(|_| unusable("the system gives no random numbers"))?;
    Ok(bytes)
}
