//! Independent judges of the ways of Windows: the acceptor of pyspnego, in a server of Python, and for Kerberos the domain
//! controller and the library of MIT. These tests need them, and fail without.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

#[cfg(feature = "kerberos")]
mod kerberos;
#[cfg(feature = "kerberos")]
#[path = "../support/log.rs"]
mod log;
#[cfg(feature = "ntlm")]
mod ntlm;
#[cfg(feature = "kerberos")]
mod realm;

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use futures::future::join_all;
use serde_json::Value;
use sharesync_core::Result;
use sharesync_core::http::{Call, HttpConfig, Pipeline, ReqwestTransport};
use sharesync_sharepoint::auth::{Auth, connect};
use tempfile::TempDir;
use url::Url;

const PASSWORD: &str = "hush & pässword";

/// Names the server to the process that is started for a test over TLS.
const SERVER: &str = "SHARESYNC_WINDOWS_SERVER";

struct Server {
    process: Child,
    about: Value,
    _files: TempDir,
}

impl Server {
    /// Starts one with the arguments that it documents, and with further variables of the environment.
    fn start<'a>(arguments: &[&str], environment: impl IntoIterator<Item = (&'a str, &'a OsStr)>) -> Self {
        let files = tempfile::tempdir().unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python =
            std::env::var_os("SHARESYNC_PYTHON").map_or(root.join("../.tools/python/bin/python"), PathBuf::from);
        let mut command = Command::new(python);
        command.arg(root.join("tests/interop/server.py")).arg(files.path()).args(arguments).envs(environment);
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap_or_else(|error| {
            panic!(
                "Python cannot be run ({error}): `python3 -m venv .tools/python && .tools/python/bin/pip install \
                 'pyspnego[kerberos]' cryptography` makes one with pyspnego, and SHARESYNC_PYTHON names another"
            )
        });
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { process, about: serde_json::from_str(&line).unwrap(), _files: files }
    }

    fn address(&self) -> Url {
        self.about["address"].as_str().unwrap().parse().unwrap()
    }

    /// This program once more, for one test against this server. Which authorities are trusted is read once by a process.
    fn client_over_tls(&self, test: &str) -> Command {
        let mut client = Command::new(std::env::current_exe().unwrap());
        client.args(["--exact", test, "--ignored", "--nocapture"]);
        for proxy in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"] {
            client.env_remove(proxy);
        }
        client.env(SERVER, self.address().as_str());
        client.env("SSL_CERT_FILE", self.about["authority"].as_str().unwrap());
        client
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn client(server: &Url, auth: Auth) -> Result<Pipeline> {
    let limits = HttpConfig::new().with_backoff_base(std::time::Duration::from_millis(1));
    let transport = Arc::new(ReqwestTransport::new(&limits).unwrap());
    let signed_in = connect(auth, server, transport, &limits).await?;
    let pipeline = Pipeline::builder("sharepoint", signed_in.transport).config(limits);
    Ok(pipeline.authorize(server, signed_in.authorizer.unwrap()).build())
}

fn get(server: &Url) -> Call {
    Call::get("Test.Get", server.join("/a").unwrap())
}

async fn counts(server: &Url) -> Value {
    let transport = Arc::new(ReqwestTransport::new(&HttpConfig::new()).unwrap());
    let pipeline = Pipeline::builder("sharepoint", transport).build();
    pipeline.json(Call::get("Test.Counts", server.join("/counts").unwrap())).await.unwrap()
}

/// Uploads in parallel, three times over.
async fn work(server: &Url, auth: Auth, user: &str) -> Value {
    let client = client(server, auth).await.unwrap();
    for _ in 0..3 {
        let puts = (0..8).map(|n| {
            let call = Call::new("Test.Put", http::Method::PUT, server.join("/up").unwrap());
            let client = client.clone();
            async move { client.bytes(call.body(vec![7; (n + 1) << 20])).await }
        });
        for (n, said) in join_all(puts).await.into_iter().enumerate() {
            assert_eq!(said.unwrap(), format!("{user} {}", (n + 1) << 20));
        }
    }
    let counts = counts(server).await;
    assert_eq!(counts["failures"], serde_json::json!([]));
    // The uploads and the form digest; the one who counts has a connection too.
    assert_eq!(counts["requests"], 25, "{counts}");
    assert!(counts["connections"].as_u64().unwrap() <= 10, "{counts}");
    assert_eq!(counts["unsigned_bytes"], 0, "content went over a connection that was not signed in: {counts}");
    counts
}

/// Connections were signed in once each, and those alone.
fn assert_connections_are_signed_in(counts: &Value) {
    assert!(counts["handshakes"].as_u64().unwrap() < counts["connections"].as_u64().unwrap(), "{counts}");
}

/// Requests were signed in, and one a connection before.
fn assert_requests_are_signed_in(counts: &Value) {
    let connections = counts["connections"].as_u64().unwrap() - 1;
    assert_eq!(counts["handshakes"], 25 + connections, "{counts}");
    assert_eq!(counts["unsigned"], 1, "what shows that it is so is asked once: {counts}");
}
