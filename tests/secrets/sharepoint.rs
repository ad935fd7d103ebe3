//! SharePoint: passwords, cookies of the login form and form digests are read off the requests that carried them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::TryStreamExt as _;
use http::{Request, Response};
use sharesync::http::{HttpConfig, ReqwestTransport, Transport, TransportBody, TransportError};
use sharesync::sharepoint::{Auth, Client, SharePointStore, StoreOptions};
use sharesync::{BoxStream, ErrorKind, ItemRef, ListOptions, RemoteStore, RemoteStoreExt as _, Result, ShareRequest};
use sharesync_emulator::{Emulator, Fault};

use super::{Capture, KINDS, PASSWORD, WRONG, download, folder, full_run, large, upload};

const USER: &str = "somebody@example.com";
const HEADERS: [&str; 3] = ["authorization", "cookie", "x-requestdigest"];

/// Keeps what requests carried that is secret.
#[derive(Debug)]
struct Overheard {
    inner: ReqwestTransport,
    secrets: Mutex<BTreeSet<String>>,
}

#[async_trait]
impl Transport for Overheard {
    async fn send(
        &self,
        request: Request<TransportBody>,
    ) -> Result<Response<BoxStream<'static, Result<Bytes, TransportError>>>, TransportError> {
        let values = HEADERS.iter().filter_map(|name| request.headers().get(*name)?.to_str().ok());
        self.secrets.lock().unwrap().extend(values.map(secret_of));
        self.inner.send(request).await
    }
}

/// A header's value without what is no secret: the scheme, the cookie's name, the time in a digest.
fn secret_of(value: &str) -> String {
    let value = value
        .split_once(' ')
        .filter(|(scheme, _)| scheme.chars().all(char::is_alphabetic))
        .map_or(value, |(_, rest)| rest);
    let value = value.strip_prefix("FedAuth=").unwrap_or(value);
    value.split(',').next().unwrap_or(value).to_owned()
}

/// An emulator with a planted password, and all that is printed about it.
struct Stage {
    emulator: Emulator,
    overheard: Arc<Overheard>,
    logs: Capture,
    printed: Capture,
}

impl Stage {
    async fn open() -> Self {
        let logs = Capture::of_logs();
        let emulator = Emulator::builder().user(USER, PASSWORD).start().await.unwrap();
        let inner = ReqwestTransport::new(&HttpConfig::new()).unwrap();
        let overheard = Arc::new(Overheard { inner, secrets: Mutex::default() });
        Self { emulator, overheard, logs, printed: Capture::default() }
    }

    /// A store that sends what is large in chunks, and whose every part has been printed.
    async fn connect(&self, auth: Auth) -> Result<SharePointStore> {
        let mut printed = self.printed.clone();
        let http = HttpConfig::new().with_max_attempts(2).with_backoff_base(Duration::from_millis(1));
        let builder = Client::builder(self.emulator.sharepoint().site())
            .auth(auth.clone())
            .http_config(http)
            .transport(self.overheard.clone());
        printed.debug(&(&auth, self.emulator.sharepoint()));
        printed.debug(&builder);
        let client = builder.connect().await?;
        printed.debug(&client);
        client.store_with(StoreOptions::new().with_single_limit(256 << 10).with_chunk_size(256 << 10)).await
    }

    /// The ways to sign in with the right credentials.
    fn ways(&self) -> [Auth; 3] {
        let token = self.emulator.sharepoint().access_token();
        [Auth::forms(USER, PASSWORD), Auth::basic(USER, PASSWORD), Auth::bearer(token)]
    }

    /// Shows that no secret was printed.
    fn check(&self) {
        let mut secrets = self.overheard.secrets.lock().unwrap().clone();
        assert!(secrets.iter().any(|secret| secret.starts_with("0x")), "no request carried a digest");
        secrets.extend([PASSWORD.to_owned(), WRONG.to_owned(), STANDARD.encode(format!("{USER}:{PASSWORD}"))]);
        assert!(self.logs.text().contains("/_api/"), "the log tells of the run");
        assert!(!self.printed.text().is_empty());
        for secret in secrets {
            assert!(secret.len() >= 16, "{secret} is too short to be told from other text");
            for (place, capture) in [("log", &self.logs), ("Debug or Display", &self.printed)] {
                let lines = capture.lines_with(&secret);
                assert!(lines.is_empty(), "{secret} is in a {place}:\n{}", lines.join("\n"));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_run_prints_no_secret() {
    let stage = Stage::open().await;
    for (number, auth) in stage.ways().into_iter().enumerate() {
        let store = stage.connect(auth).await.unwrap();
        full_run(&store, &format!("run {number}"), &mut stage.printed.clone()).await;
    }
    // The password, the cookie and the token, and a digest for each of the first two.
    assert!(stage.overheard.secrets.lock().unwrap().len() >= 5);
    stage.check();
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_sign_ins_print_no_secret() {
    let stage = Stage::open().await;
    let mut printed = stage.printed.clone();
    for auth in [Auth::forms(USER, WRONG), Auth::basic(USER, WRONG), Auth::bearer(WRONG)] {
        assert_eq!(printed.failure(stage.connect(auth).await), ErrorKind::Unauthenticated);
    }
    for auth in stage.ways() {
        let store = stage.connect(auth).await.unwrap();
        let top = folder(&store, &format!("top {:016x}", fastrand::u64(..))).await;
        stage.emulator.expire_digests();
        upload(&store, &top, "a.txt", "x".into()).await.unwrap();
    }
    stage.check();
}

#[tokio::test(flavor = "multi_thread")]
async fn failing_calls_print_no_secret() {
    let stage = Stage::open().await;
    let mut printed = stage.printed.clone();
    let store = stage.connect(Auth::forms(USER, PASSWORD)).await.unwrap();
    let top = folder(&store, "top").await;
    let file = upload(&store, &top, "there.bin", large()).await.unwrap();
    let mut failed = 0;
    for kind in KINDS {
        stage.emulator.faults().add(Fault::new(kind).path("/_api/"));
        let results = [
            upload(&store, &top, &format!("{kind:?}"), large()).await.map(drop),
            download(&store, &file).await.map(drop),
            store.share(&ItemRef::from(&file), ShareRequest::link()).await.map(drop),
            store.items(&top, ListOptions::new()).try_collect::<Vec<_>>().await.map(drop),
            store.stat(&ItemRef::from(&file)).await.map(drop),
        ];
        for error in results.into_iter().filter_map(std::result::Result::err) {
            failed += 1;
            printed.error(&error);
        }
        stage.emulator.faults().clear();
    }
    assert!(failed >= 25, "{failed} calls failed");
    assert_eq!(download(&store, &file).await.unwrap(), large());
    stage.check();
}
