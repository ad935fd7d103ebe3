//! An independent judge of the NTLM client: the acceptor of pyspnego, in a server of Python. These tests need a Python with
//! pyspnego and cryptography, and fail without one.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use futures::future::join_all;
use serde_json::Value;
use sharesync_core::http::{Call, HttpConfig, Pipeline, ReqwestTransport};
use sharesync_core::{ErrorKind, Result};
use sharesync_sharepoint::auth::{Auth, connect};
use tempfile::TempDir;
use url::Url;

const PASSWORD: &str = "hush & pässword";

/// Names the server to the process that is started for a test over TLS.
const SERVER: &str = "SHARESYNC_NTLM_SERVER";

struct Server {
    process: Child,
    about: Value,
    _files: TempDir,
}

impl Server {
    fn start(scheme: &str, security: &str) -> Self {
        let files = tempfile::tempdir().unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python =
            std::env::var_os("SHARESYNC_PYTHON").map_or(root.join("../.tools/python/bin/python"), PathBuf::from);
        let mut command = Command::new(python);
        command.arg(root.join("tests/interop/ntlm_server.py")).arg(files.path()).args([scheme, security]);
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap_or_else(|error| {
            panic!(
                "Python cannot be run ({error}): `python3 -m venv .tools/python && .tools/python/bin/pip install pyspnego` \
                 makes one with pyspnego, and SHARESYNC_PYTHON names another"
            )
        });
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { process, about: serde_json::from_str(&line).unwrap(), _files: files }
    }

    fn address(&self) -> Url {
        self.about["address"].as_str().unwrap().parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn client(server: &Url, auth: Auth) -> Result<Pipeline> {
    let limits = HttpConfig::new();
    let transport = Arc::new(ReqwestTransport::new(&limits).unwrap());
    let signed_in = connect(auth, server, transport, &limits).await?;
    let pipeline = Pipeline::builder("sharepoint", signed_in.transport).config(limits);
    Ok(pipeline.authorize(server, signed_in.authorizer.unwrap()).build())
}

async fn counts(server: &Url) -> Value {
    let transport = Arc::new(ReqwestTransport::new(&HttpConfig::new()).unwrap());
    let pipeline = Pipeline::builder("sharepoint", transport).build();
    pipeline.json(Call::get("Test.Counts", server.join("/counts").unwrap())).await.unwrap()
}

/// Uploads in parallel, three times over.
async fn work(server: &Url, auth: Auth) {
    let client = client(server, auth).await.unwrap();
    for _ in 0..3 {
        let puts = (0..8).map(|n| {
            let call = Call::new("Test.Put", http::Method::PUT, server.join("/up").unwrap());
            let client = client.clone();
            async move { client.bytes(call.body(vec![7; (n + 1) << 20])).await }
        });
        for (n, said) in join_all(puts).await.into_iter().enumerate() {
            assert_eq!(said.unwrap(), format!("CONTOSO\\alice {}", (n + 1) << 20));
        }
    }
    let counts = counts(server).await;
    assert_eq!(counts["failures"], serde_json::json!([]));
    // The uploads and the form digest; the one who counts has a connection too.
    assert_eq!(counts["requests"], 25, "{counts}");
    assert!(counts["handshakes"].as_u64().unwrap() < counts["connections"].as_u64().unwrap(), "{counts}");
    assert!(counts["handshakes"].as_u64().unwrap() <= 9, "{counts}");
    assert_eq!(counts["unsigned_bytes"], 0, "content went over a connection that was not signed in: {counts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pyspnego_accepts_the_sign_in() {
    let server = Server::start("NTLM", "plain");
    work(&server.address(), Auth::ntlm("CONTOSO", "alice", PASSWORD)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pyspnego_accepts_it_within_negotiate() {
    let server = Server::start("Negotiate", "plain");
    work(&server.address(), Auth::windows("CONTOSO", "alice", PASSWORD)).await;
}

#[tokio::test]
async fn pyspnego_refuses_a_wrong_password() {
    let server = Server::start("NTLM", "plain");
    let address = server.address();
    let client = client(&address, Auth::ntlm("CONTOSO", "alice", "wrong")).await.unwrap();
    for _ in 0..3 {
        let error = client.bytes(Call::get("Test.Get", address.join("/a").unwrap())).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    }
    let counts = counts(&address).await;
    assert_eq!(counts["failures"].as_array().unwrap().len(), 1, "{counts}");
    assert_eq!(counts["requests"], 0);
}

/// A proxy that knows CONNECT (RFC 9110, section 9.3.6) and counts.
fn proxy() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, tunnels) = (format!("http://{}", listener.local_addr().unwrap()), Arc::new(AtomicUsize::new(0)));
    let count = tunnels.clone();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let count = count.clone();
            thread::spawn(move || tunnel(stream, &count));
        }
    });
    (address, tunnels)
}

fn tunnel(mut client: TcpStream, count: &AtomicUsize) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let target = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()).unwrap();
    let mut server = TcpStream::connect(target).unwrap();
    client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").unwrap();
    count.fetch_add(1, Ordering::SeqCst);
    let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || drop(io::copy(&mut from, &mut to)));
    let _ = io::copy(&mut server, &mut client);
}

/// The server takes a sign-in only if it is bound to its TLS connection. Which authorities are trusted is read once by a
/// process: the client is another one.
fn over_tls(server: &Server) -> Command {
    let mut client = Command::new(std::env::current_exe().unwrap());
    client.args(["--exact", "the_client_over_tls", "--ignored", "--nocapture"]);
    for proxy in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"] {
        client.env_remove(proxy);
    }
    client.env(SERVER, server.address().as_str());
    client.env("SSL_CERT_FILE", server.about["authority"].as_str().unwrap());
    client
}

#[test]
fn pyspnego_accepts_the_binding_to_tls() {
    let server = Server::start("NTLM", "tls");
    assert!(over_tls(&server).status().unwrap().success());
}

#[test]
fn pyspnego_accepts_it_through_a_proxy() {
    let (server, (address, tunnels)) = (Server::start("NTLM", "tls"), proxy());
    assert!(over_tls(&server).env("HTTPS_PROXY", address).status().unwrap().success());
    // The connection that counts, and those that were signed in.
    assert!(tunnels.load(Ordering::SeqCst) > 1);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a part of pyspnego_accepts_the_binding_to_tls, which runs it"]
async fn the_client_over_tls() {
    let server = std::env::var(SERVER).unwrap().parse().unwrap();
    work(&server, Auth::ntlm("CONTOSO", "alice", PASSWORD)).await;
}
