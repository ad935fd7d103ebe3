//! The providers, each with how its client signs in to the emulator. A new one is one line in the table.

use std::sync::{Arc, LazyLock, Mutex, Weak};

use futures::future::BoxFuture;
use sharesync::cursor::{self, RangeForm};
use sharesync::filesanywhere::SoapVersion;
use sharesync::http::{HttpConfig, ReqwestTransport, TokenSet};
use sharesync::sharefile::StoreOptions;
use sharesync::snapshot::{MemorySnapshots, Snapshots};
use sharesync::{RemoteStore, Secret, acronis, filesanywhere, sharefile};
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
    ]
}

/// Reading the system's certificates for every client would take most of the suite's time.
static TRANSPORT: LazyLock<Arc<ReqwestTransport>> =
    LazyLock::new(|| Arc::new(ReqwestTransport::new(&HttpConfig::new()).unwrap()));

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
        let builder = cursor::Client::builder(account.endpoint()).tokens(tokens).transport(TRANSPORT.clone());
        let options = cursor::StoreOptions::new(account.share_id())
            .with_single_limit(512 << 10)
            .with_chunk_size(256 << 10)
            .with_range_form(form);
        Arc::new(builder.connect().await.unwrap().store_with(options)) as Arc<dyn RemoteStore>
    })
}

/// Chunks of 256 KiB above 512 KiB: every way to send content with little of it.
fn small_parts() -> StoreOptions {
    StoreOptions::new().with_single_limit(512 << 10).with_part_size(256 << 10)
}
