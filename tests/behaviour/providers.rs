//! The providers, each with how its client signs in to the emulator. A new one is one line in the table.

use std::sync::{Arc, LazyLock, Mutex, Weak};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use sharesync::cursor::{self, RangeForm};
use sharesync::filesanywhere::SoapVersion;
use sharesync::http::{
    BearerTokens, Connection, HttpConfig, ReqwestTransport, Switch, TokenSet, TokenSource, Transport, TransportBody,
    TransportError,
};
use sharesync::sharefile::StoreOptions;
use sharesync::snapshot::{MemorySnapshots, Snapshots};
use sharesync::{BoxStream, Error, ErrorKind, RemoteStore, Secret, acronis, filesanywhere, sharefile, sharepoint};
use sharesync_emulator::Emulator;

use super::harness::Connect;
use super::support::COLLEAGUE;

/// Every provider that the emulator speaks, under the name that its tests have.
pub(crate) fn providers() -> Vec<(&'static str, Connect)> {
    vec![
        ("sharefile", |emulator| sharefile_following(emulator, small_parts())),
        ("sharefile-streamed", |emulator| sharefile_following(emulator, small_parts().with_sequential(true))),
        // Without snapshots, and so without changes.
        ("sharefile-forms", |emulator| sharefile_store(emulator, small_parts().with_multipart(true))),
        ("acronis", acronis_store),
        ("filesanywhere", |emulator| filesanywhere_store(emulator, SoapVersion::V11)),
        ("filesanywhere-soap12", |emulator| filesanywhere_store(emulator, SoapVersion::V12)),
        ("cursor", |emulator| cursor_store(emulator, RangeForm::Header)),
        ("cursor-parameters", |emulator| cursor_store(emulator, RangeForm::Parameters)),
        ("sharepoint", |emulator| {
            sharepoint_store(emulator, sharepoint::Dialect::new(), sharepoint::ChangeSource::Feed)
        }),
        // Changes from the log, no digests.
        ("sharepoint-log", |emulator| {
            let dialect = sharepoint::Dialect::new().with_odata(sharepoint::OData::NoMetadata);
            sharepoint_store(emulator, dialect, sharepoint::ChangeSource::Log)
        }),
        ("sharepoint-inline", |emulator| {
            let inline = sharepoint::Dialect::new().with_small_upload(sharepoint::SmallUpload::Inline).with_flat(false);
            sharepoint_store(emulator, inline, sharepoint::ChangeSource::Feed)
        }),
    ]
}

/// Reading the system's certificates for every client would take most of the suite's time.
static TRANSPORT: LazyLock<Arc<Meddling>> =
    LazyLock::new(|| Arc::new(Meddling(ReqwestTransport::new(&HttpConfig::new()).unwrap())));

/// Nothing but a fault is waited for, and that does not pass by waiting.
fn limits() -> HttpConfig {
    HttpConfig::new().with_backoff_base(Duration::from_millis(1))
}

type Meddler = Arc<dyn Fn() + Send + Sync>;

/// What is done before the client sees a response, by the authority of the emulator.
static MEDDLERS: Mutex<Vec<(String, Meddler)>> = Mutex::new(Vec::new());

/// Does something to the drive of an emulator after each request, before the client sees the response.
pub(crate) fn after_each_response(emulator: &Emulator, meddle: impl Fn() + Send + Sync + 'static) {
    MEDDLERS.lock().unwrap().push((emulator.address().to_string(), Arc::new(meddle)));
}

#[derive(Debug)]
struct Meddling(ReqwestTransport);

#[async_trait::async_trait]
impl Transport for Meddling {
    async fn send(
        &self,
        request: http::Request<TransportBody>,
    ) -> Result<http::Response<BoxStream<'static, sharesync::Result<Bytes, TransportError>>>, TransportError> {
        let authority = request.uri().authority().map(ToString::to_string);
        let response = self.0.send(request).await;
        let meddlers = MEDDLERS.lock().unwrap().clone();
        meddlers.iter().filter(|(at, _)| Some(at) == authority.as_ref()).for_each(|(_, meddle)| meddle());
        response
    }

    async fn upgrade(&self, request: http::Request<()>) -> Result<Switch, TransportError> {
        self.0.upgrade(request).await
    }

    async fn connect(&self, to: &http::Uri) -> Result<Connection, TransportError> {
        self.0.connect(to).await
    }
}

/// The snapshots that belong to an emulator: every store on it has the same ones, as processes have that share a file.
fn snapshots(emulator: &Arc<Emulator>) -> Snapshots {
    static ALL: Mutex<Vec<(Weak<Emulator>, Snapshots)>> = Mutex::new(Vec::new());
    let mut all = ALL.lock().unwrap();
    all.retain(|(owner, _)| owner.strong_count() > 0);
    if let Some((_, known)) = all.iter().find(|(owner, _)| std::ptr::eq(owner.as_ptr(), Arc::as_ptr(emulator))) {
        return known.clone();
    }
    let new = Snapshots::new(MemorySnapshots::new());
    all.push((Arc::downgrade(emulator), new.clone()));
    new
}

fn sharefile_following(emulator: Arc<Emulator>, options: StoreOptions) -> BoxFuture<'static, Arc<dyn RemoteStore>> {
    let options = options.with_snapshots(snapshots(&emulator));
    sharefile_store(emulator, options)
}

fn sharefile_store(emulator: Arc<Emulator>, options: StoreOptions) -> BoxFuture<'static, Arc<dyn RemoteStore>> {
    Box::pin(async move {
        let account = emulator.sharefile();
        let client = sharefile::Client::builder_at(account.endpoint())
            .client_id(account.client_id())
            .client_secret(account.client_secret())
            .password(account.username(), account.password())
            .transport(TRANSPORT.clone())
            .http_config(limits())
            .connect()
            .await
            .unwrap();
        Arc::new(client.store_with(options)) as Arc<dyn RemoteStore>
    })
}

fn acronis_store(emulator: Arc<Emulator>) -> BoxFuture<'static, Arc<dyn RemoteStore>> {
    Box::pin(async move {
        let account = emulator.acronis();
        let client = acronis::Client::builder_at(account.endpoint())
            .password(account.username(), account.password())
            .transport(TRANSPORT.clone())
            .http_config(limits())
            .connect()
            .await
            .unwrap();
        let options = acronis::StoreOptions::new().with_snapshots(snapshots(&emulator));
        Arc::new(client.store_with(options)) as Arc<dyn RemoteStore>
    })
}

/// Chunks of 256 KiB.
fn filesanywhere_store(emulator: Arc<Emulator>, version: SoapVersion) -> BoxFuture<'static, Arc<dyn RemoteStore>> {
    Box::pin(async move {
        let account = emulator.filesanywhere();
        let client = filesanywhere::Client::builder(account.api_key(), account.org_id())
            .server(account.endpoint())
            .password(account.username(), account.password())
            .soap(version)
            .transport(TRANSPORT.clone())
            .http_config(limits())
            .connect()
            .await
            .unwrap();
        emulator.drive().ensure_user(COLLEAGUE).unwrap();
        let options = filesanywhere::StoreOptions::new().with_chunk_size(256 << 10);
        Arc::new(client.store_with(options)) as Arc<dyn RemoteStore>
    })
}

/// Files above 512 KiB in sessions, with chunks of 256 KiB.
fn cursor_store(emulator: Arc<Emulator>, form: RangeForm) -> BoxFuture<'static, Arc<dyn RemoteStore>> {
    Box::pin(async move {
        let account = emulator.cursor();
        let tokens = TokenSet::new(account.access_token()).with_refresh(Some(Secret::new(account.refresh_token())));
        let builder = cursor::Client::builder(account.endpoint())
            .tokens(tokens)
            .transport(TRANSPORT.clone())
            .http_config(limits());
        let options = cursor::StoreOptions::new(account.share_id())
            .with_single_limit(512 << 10)
            .with_chunk_size(256 << 10)
            .with_range_form(form);
        Arc::new(builder.connect().await.unwrap().store_with(options)) as Arc<dyn RemoteStore>
    })
}

/// Tokens as an add-in gets them.
#[derive(Debug)]
struct AddInTokens(Weak<Emulator>);

#[async_trait::async_trait]
impl TokenSource for AddInTokens {
    async fn renew(&self, _: Option<&TokenSet>) -> sharesync::Result<TokenSet> {
        let emulator = self.0.upgrade().ok_or_else(|| Error::new(ErrorKind::Unavailable, "it was stopped"))?;
        Ok(TokenSet::new(emulator.sharepoint_token()))
    }
}

/// Files from 512 KiB on in chunks of 256 KiB.
fn sharepoint_store(
    emulator: Arc<Emulator>,
    dialect: sharepoint::Dialect,
    changes: sharepoint::ChangeSource,
) -> BoxFuture<'static, Arc<dyn RemoteStore>> {
    Box::pin(async move {
        let account = emulator.sharepoint();
        let client = sharepoint::Client::builder(account.site())
            .auth(sharepoint::Auth::bearer_tokens(BearerTokens::new(
                Arc::new(AddInTokens(Arc::downgrade(&emulator))),
                Some(TokenSet::new(account.access_token())),
                None,
            )))
            .dialect(dialect)
            .transport(TRANSPORT.clone())
            .http_config(limits())
            .connect()
            .await
            .unwrap();
        let options = sharepoint::StoreOptions::new()
            .with_changes(changes)
            .with_single_limit(512 << 10)
            .with_chunk_size(256 << 10);
        Arc::new(client.store_with(options).await.unwrap()) as Arc<dyn RemoteStore>
    })
}

/// Chunks of 256 KiB above 512 KiB: every way to send content with little of it.
fn small_parts() -> StoreOptions {
    StoreOptions::new().with_single_limit(512 << 10).with_part_size(256 << 10)
}
