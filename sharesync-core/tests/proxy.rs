//! A proxy that asks for credentials before it makes a tunnel. The environment names proxies, and is read once by a process: the
//! client is a process of its own.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use sharesync_core::http::{Call, HttpConfig, Pipeline, ReqwestTransport, Transport as _, TransportErrorKind};
use sharesync_core::{Error, ErrorKind};

/// A proxy that answers every CONNECT with 407; how many there were.
fn proxy() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, asked) = (format!("http://{}", listener.local_addr().unwrap()), Arc::new(AtomicUsize::new(0)));
    let count = asked.clone();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let head: Vec<_> = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok).collect_head();
            assert!(head[0].starts_with("CONNECT service.test:443 "), "{head:?}");
            count.fetch_add(1, Ordering::SeqCst);
            let _ = stream
                .write_all(b"HTTP/1.1 407 X\r\nProxy-Authenticate: Basic realm=\"proxy\"\r\nContent-Length: 0\r\n\r\n");
        }
    });
    (address, asked)
}

trait Head: Iterator<Item = String> + Sized {
    /// The lines up to an empty one.
    fn collect_head(self) -> Vec<String> {
        self.take_while(|line| !line.is_empty()).collect()
    }
}

impl<T: Iterator<Item = String>> Head for T {}

#[test]
fn it_is_told_and_not_asked_again() {
    let (address, asked) = proxy();
    let mut client = Command::new(std::env::current_exe().unwrap());
    for variable in ["https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"] {
        client.env_remove(variable);
    }
    let status =
        client.env("HTTPS_PROXY", address).args(["--exact", "the_client", "--ignored", "--nocapture"]).status();
    assert!(status.unwrap().success());
    assert_eq!(asked.load(Ordering::SeqCst), 3, "one for each way to connect");
}

#[tokio::test]
#[ignore = "a part of it_is_told_and_not_asked_again, which runs it"]
async fn the_client() {
    let check = |error: &Error| {
        assert_eq!((error.kind(), error.attempts(), error.maybe_applied()), (ErrorKind::Config, 1, false), "{error}");
        for part in ["the proxy asks for credentials", "HTTPS_PROXY=http://user:password@"] {
            assert!(error.to_string().contains(part), "{error}");
        }
    };
    let transport = Arc::new(ReqwestTransport::new(&HttpConfig::new()).unwrap());
    let pipeline = Pipeline::builder("test", transport.clone()).build();
    let call = |operation| Call::post(operation, "https://service.test/a".parse().unwrap());
    check(&pipeline.bytes(call("Test.Post").body("content")).await.unwrap_err());
    check(&pipeline.upgrade(call("Test.Upgrade")).await.unwrap_err());
    let error = transport.connect(&"https://service.test/".parse().unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Proxy, "{error}");
}
