//! Keeping the live socket open: pings, the end of a silent connection, and connecting again with pauses that grow.

use std::time::Duration;

use futures::{StreamExt as _, stream};
use sharesync_core::{BoxStream, Error, ErrorKind, Result};
use tokio::time::{Instant, sleep_until};

use super::{Frame, Live, LiveConnection, LiveOptions, failure};

/// What happens on a socket that is kept open.
#[derive(Debug)]
#[non_exhaustive]
pub enum LiveEvent {
    /// The socket is open and subscribed. What was said before was not heard: read the changes.
    Connected,
    /// The service says something.
    Frame(Frame),
    /// The socket is closed, and opened again after a pause.
    Interrupted {
        /// Why.
        error: Error,
        /// How long the pause is.
        pause: Duration,
    },
}

struct Events {
    live: Live,
    device_id: String,
    options: LiveOptions,
    open: Option<Open>,
    /// No attempt to connect is made before.
    not_before: Instant,
    /// Failures in a row.
    failures: u32,
    /// Whether the token was renewed since the last connection that lasted.
    renewed: bool,
    ended: bool,
}

/// An open socket, and its clocks.
struct Open {
    connection: LiveConnection,
    since: Instant,
    /// When the service was heard last.
    heard: Instant,
    /// When the next ping is due.
    ping: Instant,
}

pub(super) fn events(live: Live, device_id: String, options: LiveOptions) -> BoxStream<'static, Result<LiveEvent>> {
    let events = Events {
        live,
        device_id,
        options,
        open: None,
        not_before: Instant::now(),
        failures: 0,
        renewed: false,
        ended: false,
    };
    stream::unfold(events, |mut events| async move { events.next().await.map(|event| (event, events)) }).boxed()
}

impl Events {
    async fn next(&mut self) -> Option<Result<LiveEvent>> {
        if self.ended {
            return None;
        }
        let outcome = match &mut self.open {
            Some(open) => open.frame(self.options.ping_interval).await.map(LiveEvent::Frame),
            None => {
                sleep_until(self.not_before).await;
                self.connect().await.map(|()| LiveEvent::Connected)
            }
        };
        let event = match outcome {
            Ok(event) => Ok(event),
            Err(error) => self.interrupted(error).await,
        };
        self.ended = event.is_err();
        Some(event)
    }

    async fn connect(&mut self) -> Result<()> {
        let mut connection = self.live.connect(&self.device_id, &self.options).await?;
        connection.subscribe().await?;
        let now = Instant::now();
        self.open = Some(Open { connection, since: now, heard: now, ping: now + self.options.ping_interval });
        Ok(())
    }

    /// What follows a failure: a pause, or the end.
    async fn interrupted(&mut self, error: Error) -> Result<LiveEvent> {
        let closed = self.open.take();
        if closed.as_ref().is_some_and(|open| open.since.elapsed() >= self.options.backoff_cap) {
            (self.failures, self.renewed) = (0, false);
        }
        if !self.passes(&error, closed.and_then(|open| open.connection.generation)).await? {
            return Err(error.with_subject(&self.device_id));
        }
        let pause = self.pause().max(error.retry_after().unwrap_or_default().min(self.options.backoff_cap));
        self.not_before = Instant::now() + pause;
        tracing::debug!(%error, pause_ms = pause.as_millis() as u64, "the live socket is interrupted");
        Ok(LiveEvent::Interrupted { error, pause })
    }

    /// Whether another attempt is worth it. Credentials that an open socket was closed for are renewed, once.
    async fn passes(&mut self, error: &Error, generation: Option<u64>) -> Result<bool> {
        match (error.kind(), generation) {
            (ErrorKind::Unauthenticated, Some(generation)) if !self.renewed => {
                self.renewed = true;
                self.live.0.pipeline().refused(generation).await
            }
            (
                ErrorKind::Unauthenticated
                | ErrorKind::PermissionDenied
                | ErrorKind::NotFound
                | ErrorKind::Unsupported
                | ErrorKind::Insecure
                | ErrorKind::InvalidInput
                | ErrorKind::Config,
                _,
            ) => Ok(false),
            _ => Ok(true),
        }
    }

    /// A random pause between half of a bound and all of it; the bound doubles from failure to failure.
    fn pause(&mut self) -> Duration {
        let doubled = self.options.backoff_base.saturating_mul(2_u32.saturating_pow(self.failures));
        self.failures = self.failures.saturating_add(1);
        doubled.min(self.options.backoff_cap).mul_f64(0.5 + 0.5 * fastrand::f64())
    }
}

impl Open {
    /// The next frame. A socket that has said nothing for two pings is given up.
    async fn frame(&mut self, interval: Duration) -> Result<Frame> {
        loop {
            let silent_until = self.heard + interval * 2;
            tokio::select! {
                biased;
                frame = self.connection.next() => {
                    self.heard = Instant::now();
                    return frame?.ok_or_else(|| failure(ErrorKind::Network, "the service closed the live socket"));
                }
                () = sleep_until(silent_until) => {
                    return Err(failure(ErrorKind::Stalled, "the live socket says nothing any more"));
                }
                () = sleep_until(self.ping) => {
                    self.ping = Instant::now() + interval;
                    self.connection.ping().await?;
                }
            }
        }
    }
}
