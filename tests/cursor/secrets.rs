//! The token of the live socket, in header or query, is never printed: not in a log line at trace level of any crate, not
//! by `Debug`, not in an error.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::{FutureExt as _, StreamExt as _};
use sharesync::cursor::{LiveEvent, LiveOptions};
use tracing_log::LogTracer;
use tracing_subscriber::fmt::format::FmtSpan;

use super::socket::{LiveServer, close, polite};
use super::stage::{DEVICE, builder};
use crate::support::{Server, empty};

#[derive(Clone, Default)]
struct Capture(Arc<Mutex<Vec<u8>>>);

impl Write for Capture {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_token_of_the_socket_is_never_printed() {
    const SECRET: &str = "hushT0ken4711";
    let capture = Capture::default();
    let writer = capture.clone();
    LogTracer::init().unwrap();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(FmtSpan::FULL)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let plain = Server::start().await;
    plain.by(|_| empty(403));
    let live = LiveServer::start(&plain, |number, socket| {
        async move { if number % 3 == 2 { close(socket, 4401).await } else { polite(socket).await } }.boxed()
    })
    .await;
    let mut printed = String::new();
    for in_query in [true, false] {
        let options = LiveOptions::new().with_token_in_query(in_query);
        let options = options.with_backoff(Duration::from_millis(1), Duration::from_millis(2));
        let client = builder(live.uri()).access_token(SECRET).connect().await.unwrap();
        for _ in 0..2 {
            let connection = client.live().connect(DEVICE, &options).await.unwrap();
            printed += &format!("{connection:?} {:?} {client:?}", client.live());
        }
        let mut events = client.live().events(DEVICE, options.clone());
        for _ in 0..4 {
            let Some(event) = events.next().await else { break };
            printed += &format!("{event:?}");
            if let Ok(LiveEvent::Interrupted { error, .. }) = &event {
                printed += &error.to_string();
            }
            if event.is_err() {
                break;
            }
        }
        let refused = builder(plain.uri()).access_token(SECRET).connect().await.unwrap();
        let error = refused.live().connect(DEVICE, &options).await.unwrap_err();
        printed += &format!("{error} {error:?}");
        let nobody = builder("http://127.0.0.1:9".into()).access_token(SECRET).connect().await.unwrap();
        let error = nobody.live().connect(DEVICE, &options).await.unwrap_err();
        printed += &format!("{error} {error:?}");
    }
    assert!(live.asked().iter().any(|asked| asked.query.as_deref() == Some("token=hushT0ken4711")));
    let log = String::from_utf8_lossy(&capture.0.lock().unwrap()).into_owned();
    // The servers of this test are part of the process, and log what they receive.
    let ours = log.lines().filter(|line| !line.contains("tungstenite::handshake") && !line.contains("server"));
    let told: Vec<_> = ours.filter(|line| line.contains(SECRET)).collect();
    assert!(told.is_empty(), "{told:?}");
    assert!(log.contains("switch of protocols"), "the log is captured");
    assert!(!printed.contains(SECRET), "{printed}");
}
