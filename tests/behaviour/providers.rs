//! The providers, each with how its client signs in to the emulator. A new one is one line in the table.

use std::sync::{Arc, LazyLock};

use futures::future::BoxFuture;
use sharesync::RemoteStore;
use sharesync::http::{HttpConfig, ReqwestTransport};
use sharesync::sharefile::{Client, StoreOptions};
use sharesync_emulator::Emulator;

use super::harness::Connect;

/// Every provider that the emulator speaks, under the name that its tests have.
pub(crate) fn providers() -> Vec<(&'static str, Connect)> {
    vec![
        ("sharefile", |emulator| sharefile(emulator, small_parts())),
        ("sharefile-streamed", |emulator| sharefile(emulator, small_parts().with_sequential(true))),
        ("sharefile-forms", |emulator| sharefile(emulator, small_parts().with_multipart(true))),
    ]
}

fn sharefile(emulator: Arc<Emulator>, options: StoreOptions) -> BoxFuture<'static, Arc<dyn RemoteStore>> {
    Box::pin(async move {
        // Reading the system's certificates for every client would take most of the suite's time.
        static TRANSPORT: LazyLock<Arc<ReqwestTransport>> =
            LazyLock::new(|| Arc::new(ReqwestTransport::new(&HttpConfig::new()).unwrap()));
        let account = emulator.sharefile();
        let client = Client::builder_at(account.endpoint())
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

/// Chunks of 256 KiB above 512 KiB: every way to send content with little of it.
fn small_parts() -> StoreOptions {
    StoreOptions::new().with_single_limit(512 << 10).with_part_size(256 << 10)
}
