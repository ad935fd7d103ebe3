//! Nothing secret is printed: not in a log line at trace level of any crate, not by `Debug` or `Display`, not in an error.
//!
//! Secrets are planted or read off the emulator (what it issued, what came in the queries of pre-signed addresses), then
//! looked for in everything that a full run and all kinds of failures printed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

#[path = "secrets/diverted.rs"]
mod diverted;
#[path = "secrets/sharepoint.rs"]
mod sharepoint;

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::fmt::Debug;
use std::io::{self, Write};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::TryStreamExt as _;
use sharesync::http::{HttpConfig, TokenSet, TokenStore};
use sharesync::sharefile::{Client, ClientBuilder, StoreOptions};
use sharesync::transfer::{
    BytesSource, DownloadOptions, FileJournal, Part, SourceWindow, TransferOptions, UploadRequest, UploadSpec,
};
use sharesync::{
    CreateFolderOptions, DeleteOptions, Destination, Error, ErrorKind, Item, ItemId, ItemRef, ListOptions, Operation,
    RemoteStore, RemoteStoreExt as _, Result, ShareRequest, StoreConfig, Support,
};
use sharesync_emulator::{Emulator, Fault, FaultKind};
use tracing_log::LogTracer;
use tracing_subscriber::fmt::format::FmtSpan;

/// What can go wrong with a request.
const KINDS: [FaultKind; 7] = [
    FaultKind::Reset,
    FaultKind::LoseAnswer,
    FaultKind::Truncate { after: 5 },
    FaultKind::Unauthorized,
    FaultKind::TooManyRequests { retry_after: None },
    FaultKind::Unavailable { retry_after: None },
    FaultKind::Corrupt { at: 3 },
];

/// Everything that was printed: log lines of the whole process, and what a test formats by itself.
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

impl Capture {
    /// The log of this process, with every event and span of every crate.
    fn of_logs() -> Self {
        static LOGS: LazyLock<Capture> = LazyLock::new(|| {
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
            capture
        });
        LOGS.clone()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }

    /// Takes in what a value prints of itself.
    fn debug(&mut self, value: &impl Debug) {
        writeln!(self, "{value:?}\n{value:#?}").unwrap();
    }

    /// Takes in what an error and its causes print of themselves.
    fn error(&mut self, error: &Error) {
        self.debug(error);
        let mut cause: Option<&dyn StdError> = Some(error);
        while let Some(error) = cause {
            writeln!(self, "{error}\n{error:?}").unwrap();
            cause = error.source();
        }
    }

    /// Takes in the error of a call that must fail.
    #[track_caller]
    fn failure<T: Debug>(&mut self, result: Result<T>) -> ErrorKind {
        let error = result.expect_err("this call must fail");
        self.error(&error);
        error.kind()
    }

    /// The lines that hold a text.
    fn lines_with(&self, secret: &str) -> Vec<String> {
        self.text().lines().filter(|line| line.contains(secret)).map(str::to_owned).collect()
    }
}

/// Keeps every token that was ever issued.
#[derive(Debug, Default)]
struct Issued(Mutex<Vec<String>>);

#[async_trait]
impl TokenStore for Issued {
    async fn save(&self, tokens: &TokenSet) -> Result<()> {
        let refresh = tokens.refresh.as_ref().map(|token| token.expose().to_owned());
        self.0.lock().unwrap().extend(refresh.into_iter().chain([tokens.access.expose().to_owned()]));
        Ok(())
    }
}

/// An emulator with planted secrets, and all that is printed about it.
struct Stage {
    emulator: Emulator,
    issued: Arc<Issued>,
    logs: Capture,
    printed: Capture,
}

const PASSWORD: &str = "planted-password-u8Yq2";
const CLIENT_SECRET: &str = "planted-client-secret-Zx71p";
const WRONG: &str = "planted-wrong-secret-Mn3Kd";

impl Stage {
    async fn open(seed: u64) -> Self {
        let logs = Capture::of_logs();
        let emulator = Emulator::builder()
            .user("somebody@example.com", PASSWORD)
            .client("the-client", CLIENT_SECRET)
            .seed(seed)
            .start()
            .await
            .unwrap();
        Self { emulator, issued: Arc::default(), logs, printed: Capture::default() }
    }

    /// A client that signs in by password, gives up soon, and whose every part has been printed.
    fn builder(&mut self) -> ClientBuilder {
        let http = HttpConfig::new().with_max_attempts(2).with_backoff_base(Duration::from_millis(1));
        let builder = Client::builder_at(self.emulator.sharefile().endpoint())
            .client_id("the-client")
            .client_secret(CLIENT_SECRET)
            .password("somebody@example.com", PASSWORD)
            .token_store(self.issued.clone())
            .http_config(http);
        self.printed.debug(&builder);
        builder
    }

    async fn connect(&mut self) -> Client {
        let client = self.builder().connect().await.unwrap();
        self.printed.debug(&client);
        client
    }

    /// Every secret there is: planted, issued by now, or sent in the query of a pre-signed address by now.
    fn secrets(&self) -> BTreeSet<String> {
        let account = self.emulator.sharefile();
        let basic = STANDARD.encode(format!("the-client:{CLIENT_SECRET}"));
        let mut secrets: BTreeSet<String> = self.issued.0.lock().unwrap().iter().cloned().collect();
        secrets.extend(
            [PASSWORD, CLIENT_SECRET, WRONG, account.access_token(), account.refresh_token()].map(str::to_owned),
        );
        secrets.insert(basic);
        for request in self.emulator.requests().all().iter().filter(|request| request.storage) {
            for (name, value) in request.query.split('&').filter_map(|pair| pair.split_once('=')) {
                if ["h", "dt", "uploadid"].contains(&name) {
                    assert!(value.len() >= 16, "{name}={value} is too short to be told from other text");
                    secrets.insert(value.to_owned());
                }
            }
        }
        secrets
    }

    /// Shows that no secret was printed.
    fn check(&self) {
        let logs = self.logs.text();
        for named in ["Items.", "Upload", "/sf/v3/"] {
            assert!(logs.contains(named), "the log tells of the run: {named}");
        }
        assert!(!self.printed.text().is_empty());
        for secret in self.secrets() {
            for (place, capture) in [("log", &self.logs), ("Debug or Display", &self.printed)] {
                let lines = capture.lines_with(&secret);
                assert!(lines.is_empty(), "{secret} is in a {place}:\n{}", lines.join("\n"));
            }
        }
    }
}

/// Content large enough for several parts.
fn large() -> Bytes {
    (0..300_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>().into()
}

/// One store for each way to send content.
fn stores(client: &Client) -> Vec<Arc<dyn RemoteStore>> {
    let small = || StoreOptions::new().with_single_limit(256 << 10).with_part_size(256 << 10);
    let all = [
        StoreOptions::new(),
        small(),
        small().with_sequential(true),
        small().with_multipart(true),
        small().with_sequential(true).with_multipart(true),
    ];
    all.into_iter().map(|options| Arc::new(client.store_with(options)) as Arc<dyn RemoteStore>).collect()
}

async fn folder(store: &dyn RemoteStore, name: &str) -> Item {
    store.create_folder(&ItemRef::Root, name, CreateFolderOptions::new()).await.unwrap()
}

async fn upload(store: &dyn RemoteStore, folder: &Item, name: &str, content: Bytes) -> Result<Item> {
    let request = UploadRequest::new(folder, name);
    Ok(store.upload_bytes(content, request, TransferOptions::new()).await?.item)
}

async fn download(store: &dyn RemoteStore, item: &Item) -> Result<Bytes> {
    store.download(&ItemRef::from(item), DownloadOptions::new()).await?.bytes(1 << 30).await
}

/// Every operation that the store has, with what it hands out printed.
async fn full_run(store: &dyn RemoteStore, name: &str, printed: &mut Capture) {
    printed.debug(&store);
    printed.debug(store.info());
    let top = folder(store, name).await;
    let sub = store.create_folder(&ItemRef::from(&top), "sub", CreateFolderOptions::new()).await.unwrap();
    let small = upload(store, &top, "small.txt", "content".into()).await.unwrap();
    let file = upload(store, &top, "large.bin", large()).await.unwrap();
    printed.debug(&file);

    let opened = store.download(&ItemRef::from(&file), DownloadOptions::new()).await.unwrap();
    printed.debug(&opened);
    assert_eq!(opened.bytes(1 << 30).await.unwrap(), large());
    let listed: Vec<_> = store.items(&top, ListOptions::new()).try_collect().await.unwrap();
    assert_eq!(listed.len(), 3);

    by_hand(store, &top, printed).await;
    let moved =
        store.move_item(&ItemRef::from(&small), &Destination::folder(&sub).with_name("moved.txt")).await.unwrap();
    store.copy_item(&ItemRef::from(&moved), &Destination::name("copied.txt")).await.unwrap();
    let share = store.share(&ItemRef::from(&file), ShareRequest::link()).await.unwrap();
    printed.debug(&share);
    let link = share.link.as_ref().unwrap().expose().clone();
    assert_eq!(reqwest::get(link).await.unwrap().bytes().await.unwrap(), large());
    store.unshare(&share.id).await.unwrap();
    store.delete(&ItemRef::from(&file), DeleteOptions::new()).await.unwrap();
    store.delete(&ItemRef::from(&top), DeleteOptions::new()).await.unwrap();
}

/// An upload step by step, through a spec that is persisted, continued and then given up.
async fn by_hand(store: &dyn RemoteStore, folder: &Item, printed: &mut Capture) {
    let request = UploadRequest::new(folder, "by hand.bin").with_size(large().len() as u64);
    let spec = store.upload_spec(request).await.unwrap();
    printed.debug(&spec);
    let json = serde_json::to_string(&spec).unwrap();
    let spec: UploadSpec = serde_json::from_str(&json).unwrap();
    printed.debug(&spec);
    if spec.part_count() > 1 {
        let source = SourceWindow::new(Arc::new(BytesSource::new(large())), 0, spec.part_size());
        let part = Part::new(0, 0, Arc::new(source));
        printed.debug(&part);
        printed.debug(&store.upload_part(&spec, part).await.unwrap());
    }
    if store.capabilities().support(Operation::UploadResume) != Support::Unsupported {
        printed.debug(&store.upload_status(&spec).await.unwrap());
    }
    store.upload_abort(&spec).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_run_prints_no_secret() {
    let mut stage = Stage::open(1).await;
    let client = stage.connect().await;
    for (number, store) in stores(&client).iter().enumerate() {
        let mut printed = stage.printed.clone();
        full_run(&**store, &format!("run {number}"), &mut printed).await;
        // What follows is done with another token.
        stage.emulator.expire_tokens();
    }
    let issued = stage.issued.0.lock().unwrap().len();
    assert!(issued >= 2 * 5, "{issued} tokens: every run had its own");
    let signed = stage.secrets().iter().filter(|secret| secret.starts_with("dt") || secret.starts_with("rsu-")).count();
    assert!(signed >= 10, "{signed} pre-signed addresses were used");
    stage.check();
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_sign_ins_print_no_secret() {
    let mut stage = Stage::open(2).await;
    let mut printed = stage.printed.clone();
    let wrong_password = stage.builder().password("somebody@example.com", WRONG);
    assert_eq!(printed.failure(wrong_password.connect().await), ErrorKind::Unauthenticated);
    let wrong_client = stage.builder().client_secret(WRONG);
    assert_eq!(printed.failure(wrong_client.connect().await), ErrorKind::Unauthenticated);
    for builder in [
        stage.builder().authorization_code(WRONG),
        stage.builder().saml_bearer(STANDARD.encode(WRONG)),
        Client::builder_at("http://192.0.2.1")
            .client_id("the-client")
            .client_secret(CLIENT_SECRET)
            .password("a", PASSWORD),
        Client::builder_at("https://user:pass@host").client_id("the-client").password("a", PASSWORD),
        Client::builder("acct/../x", "sharefile.com").client_id("the-client").password("a", PASSWORD),
    ] {
        printed.debug(&builder);
        printed.failure(builder.connect().await);
    }

    // Tokens that are not valid any more, with and without a way to renew them.
    let tokens = TokenSet::new(WRONG).with_refresh(Some(WRONG.into()));
    printed.debug(&tokens);
    let endpoint = stage.emulator.sharefile().endpoint().to_owned();
    for builder in [
        Client::builder_at(&endpoint).client_id("the-client").client_secret(CLIENT_SECRET).tokens(tokens),
        Client::builder_at(&endpoint).client_id("the-client").access_token(WRONG),
    ] {
        let client = builder.connect().await.unwrap();
        printed.debug(&client);
        assert_eq!(printed.failure(client.store().stat(&ItemRef::Root).await), ErrorKind::Unauthenticated);
    }
    let client = stage.connect().await;
    let file = upload(&client.store(), &folder(&client.store(), "top").await, "a.txt", "x".into()).await;
    assert_eq!(file.unwrap().name, "a.txt");
    stage.check();
}

#[tokio::test(flavor = "multi_thread")]
async fn failing_calls_print_no_secret() {
    let mut stage = Stage::open(3).await;
    let client = stage.connect().await;
    let mut printed = stage.printed.clone();
    let stores = stores(&client);
    let top = folder(&*stores[0], "top").await;
    let file = upload(&*stores[0], &top, "there.bin", large()).await.unwrap();
    let faults = stage.emulator.faults();

    let mut failed = 0;
    for kind in KINDS {
        // Everywhere, and only where addresses are pre-signed.
        for path in ["/", "/storage/"] {
            faults.add(Fault::new(kind).path(path));
            for (number, store) in stores.iter().enumerate() {
                let name = format!("{kind:?} {} {number}", path.len());
                let done = upload(&**store, &top, &name, large()).await.map(drop);
                let read = download(&**store, &file).await.map(drop);
                for error in [done, read].into_iter().filter_map(Result::err) {
                    failed += 1;
                    printed.error(&error);
                }
            }
            let store = &stores[0];
            let shared = store.share(&ItemRef::from(&file), ShareRequest::link()).await;
            let listed = store.items(&top, ListOptions::new()).try_collect::<Vec<_>>().await;
            let errors = [shared.map(drop), listed.map(drop), store.stat(&ItemRef::Root).await.map(drop)];
            errors.iter().filter_map(|result| result.as_ref().err()).for_each(|error| printed.error(error));
            faults.clear();
        }
    }
    assert!(failed >= 60, "{failed} transfers failed");

    // Nothing fails that the test did not make fail.
    assert_eq!(download(&*stores[0], &file).await.unwrap(), large());
    stage.check();
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_arguments_print_no_secret() {
    let mut stage = Stage::open(4).await;
    let client = stage.connect().await;
    let mut printed = stage.printed.clone();
    let store = client.store();
    let top = folder(&store, "top").await;
    let file = upload(&store, &top, "there.bin", large()).await.unwrap();
    let id = ItemRef::from(&file);
    printed.failure(store.stat(&ItemRef::Id(ItemId::new("no-such-item"))).await);
    printed.failure(store.stat(&ItemRef::Path("/no/such/path".parse().unwrap())).await);
    printed.failure(upload(&store, &top, "there.bin", "again".into()).await);
    printed.failure(upload(&store, &file, "inside.bin", "x".into()).await);
    printed.failure(upload(&store, &top, "a/b", "x".into()).await);
    printed.failure(store.download(&id, DownloadOptions::new().with_offset(1 << 40)).await);
    printed.failure(store.unshare(&"no-such-share".into()).await);
    printed.failure(store.share(&id, ShareRequest::link().with_password(WRONG)).await);

    // A persisted upload that was given up, damaged, or is of another provider.
    let request = UploadRequest::new(&top, "spec.bin").with_size(large().len() as u64);
    let spec = store.upload_spec(request).await.unwrap();
    let json = serde_json::to_string(&spec).unwrap();
    store.upload_abort(&spec).await.unwrap();
    printed.debug(&store.upload_status(&spec).await);
    for damaged in [json.replace("sharefile", "elsewhere"), json.replace("\"state\":{", "\"state\":{\"x\":1,\"")] {
        match serde_json::from_str::<UploadSpec>(&damaged) {
            Ok(spec) => drop(printed.failure(store.upload_status(&spec).await)),
            Err(error) => printed.debug(&error),
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let journal = directory.path().join("journal.json");
    std::fs::write(&journal, json.replace("\"version\":1", "\"version\":\"x\"")).unwrap();
    let options = TransferOptions::new().with_journal(Arc::new(FileJournal::new(journal)));
    printed.debug(&options);
    printed.failure(store.upload_bytes(large(), UploadRequest::new(&top, "spec.bin"), options).await);
    stage.check();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_prints_no_secret() {
    let mut stage = Stage::open(5).await;
    let endpoint = stage.emulator.sharefile().endpoint().to_owned();
    let mut printed = stage.printed.clone();
    let config = |password: &str| -> StoreConfig {
        let json = serde_json::json!({
            "provider": "sharefile", "endpoint": endpoint, "client_id": "the-client", "client_secret": CLIENT_SECRET,
            "username": "somebody@example.com", "password": password,
        });
        serde_json::from_value(json).unwrap()
    };
    let (right, wrong) = (config(PASSWORD), config(WRONG));
    printed.debug(&right);
    printed.debug(&wrong);
    printed.debug(stage.emulator.sharefile());
    assert_eq!(printed.failure(wrong.connect().await), ErrorKind::Unauthenticated);
    let store = right.connect().await.unwrap();
    printed.debug(&store);
    let top = folder(&*store, "top").await;
    upload(&*store, &top, "a.bin", large()).await.unwrap();
    let bad = serde_json::json!({"provider": "sharefile", "password": 5, "client_secret": CLIENT_SECRET});
    printed.debug(&serde_json::from_value::<StoreConfig>(bad).unwrap_err());
    let client = stage.connect().await;
    assert!(client.store().stat(&ItemRef::Root).await.unwrap().is_folder());
    stage.check();
}

#[test]
fn what_is_printed_is_found() {
    let mut logs = Capture::of_logs();
    tracing::trace!(target: "probe", value = "probe-by-tracing-5Hq", "an event");
    tracing_log::log::trace!(target: "probe", "probe-by-log-7Wz");
    let span = tracing::trace_span!("a span", value = "probe-by-span-2Rt");
    drop(span.entered());
    for probe in ["probe-by-tracing-5Hq", "probe-by-log-7Wz", "probe-by-span-2Rt"] {
        assert!(!logs.lines_with(probe).is_empty(), "{probe} was logged and is not found");
    }
    assert!(logs.lines_with("never-printed-9Kp").is_empty());
    logs.error(&Error::new(ErrorKind::Network, "outer").with_source(io::Error::other("probe-in-a-cause-3Df")));
    assert!(!logs.lines_with("probe-in-a-cause-3Df").is_empty(), "causes are looked at too");
}
