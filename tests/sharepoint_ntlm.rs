//! Parallel transfers over NTLM: connections are signed in once each, or requests where a sign-in lasts for one, and nothing else is
//! refused.
//!
//! The content is generated where it is read, and the emulator keeps it in files: nothing holds it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use std::sync::{Arc, LazyLock};
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt as _;
use futures::future::join_all;
use sharesync::sharepoint::{Auth, Client, StoreOptions};
use sharesync::transfer::{DownloadOptions, Integrity, Source, TransferOptions, UploadRequest, upload};
use sharesync::{Item, ItemRef, ListOptions, RemoteStore, Result};
use sharesync_emulator::Emulator;

const PARALLEL: u64 = 8;
const SIZE: u64 = 100 << 20;
const CHUNK: u64 = 10 << 20;
/// The content is made of pages: their number, the number of the file, and noise.
const PAGE: u64 = 64 << 10;

static NOISE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut noise = vec![0; PAGE as usize];
    fastrand::Rng::with_seed(7).fill(&mut noise);
    noise
});

/// Content that is made where it is read.
#[derive(Debug, Clone, Copy)]
struct Generated {
    number: u64,
    size: u64,
}

impl Generated {
    fn page(self, page: u64) -> Vec<u8> {
        let mut bytes = NOISE.clone();
        bytes[..8].copy_from_slice(&page.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.number.to_le_bytes());
        bytes
    }

    /// The bytes from an offset on, to the end of its page at the most.
    fn window(self, offset: u64, max: usize) -> Bytes {
        let page_end = (offset / PAGE + 1) * PAGE;
        let end = page_end.min(self.size).min(offset + max as u64).max(offset);
        let start = offset / PAGE * PAGE;
        Bytes::from(self.page(offset / PAGE)).slice((offset - start) as usize..(end - start) as usize)
    }

    /// Whether a piece is what stands at an offset.
    fn has(self, mut offset: u64, mut piece: &[u8]) -> bool {
        while !piece.is_empty() {
            let expected = self.window(offset, piece.len());
            if expected.is_empty() || piece[..expected.len()] != expected {
                return false;
            }
            (offset, piece) = (offset + expected.len() as u64, &piece[expected.len()..]);
        }
        true
    }
}

#[async_trait]
impl Source for Generated {
    fn size(&self) -> u64 {
        self.size
    }

    async fn read_at(&self, offset: u64, max: usize) -> Result<Bytes> {
        Ok(self.window(offset, max))
    }
}

async fn up(store: &dyn RemoteStore, content: Generated) -> Item {
    let request = UploadRequest::new(ItemRef::Root, format!("file {}.bin", content.number));
    let done = upload(store, request, Arc::new(content), TransferOptions::new()).await.unwrap();
    assert!(!matches!(done.integrity, Integrity::ServerRewrote), "{:?}", done.integrity);
    done.item
}

async fn down(store: &dyn RemoteStore, item: &Item, content: Generated) {
    let download = store.download(&ItemRef::from(item), DownloadOptions::new()).await.unwrap();
    let (mut stream, mut offset) = (download.into_stream(), 0);
    while let Some(piece) = stream.try_next().await.unwrap() {
        assert!(content.has(offset, &piece), "{content:?} differs after {offset}");
        offset += piece.len() as u64;
    }
    assert_eq!(offset, content.size);
}

/// Transfers in parallel, up and down, with a list between them.
async fn work(emulator: &Emulator, size: u64, chunk: u64) {
    let account = emulator.sharepoint();
    let auth = Auth::ntlm(account.domain(), account.username(), account.password());
    let client = Client::builder(account.site()).auth(auth).connect().await.unwrap();
    let store = client.store_with(StoreOptions::new().with_chunk_size(chunk)).await.unwrap();

    let contents: Vec<_> = (0..PARALLEL).map(|number| Generated { number, size }).collect();
    let began = Instant::now();
    let items = join_all(contents.iter().map(|content| up(&store, *content))).await;
    let sent = began.elapsed();
    let pages: Vec<_> = store.list(&ItemRef::Root, ListOptions::new()).try_collect().await.unwrap();
    assert_eq!(pages.iter().map(|page| page.items.len() as u64).sum::<u64>(), PARALLEL);
    join_all(items.iter().zip(&contents).map(|(item, content)| down(&store, item, *content))).await;
    let mebibytes = size >> 20;
    println!("{PARALLEL} × {mebibytes} MiB: up in {sent:.1?}, down in {:.1?}", began.elapsed() - sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_transfers_sign_each_connection_in_once() {
    let directory = tempfile::tempdir().unwrap();
    let emulator = Emulator::builder().directory(directory.path()).start().await.unwrap();
    let connections = emulator.sharepoint_connections();
    work(&emulator, SIZE, CHUNK).await;

    let refused = emulator.requests().all().iter().filter(|request| request.status == Some(401)).count();
    println!(
        "{} connections, {} handshakes, {refused} answers of 401",
        connections.authenticated(),
        connections.handshakes()
    );
    assert_eq!(refused as u64, connections.handshakes(), "a 401 is the challenge of a handshake, and nothing else");
    assert_eq!((connections.unauthorized(), connections.refused()), (0, 0));
    assert!(connections.handshakes() <= connections.authenticated(), "a connection was signed in twice");
    // One for each transfer, and one for the form digest.
    assert!(connections.authenticated() <= PARALLEL + 1, "{} connections", connections.authenticated());
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_signed_in_where_connections_are_not() {
    let emulator = Emulator::builder().ntlm_single_request(true).start().await.unwrap();
    let connections = emulator.sharepoint_connections();
    work(&emulator, 5 << 20, 1 << 20).await;

    let requests = emulator.requests().all();
    let (refused, accepted): (Vec<_>, Vec<_>) = requests.iter().partition(|request| request.status == Some(401));
    let real = accepted.iter().filter(|request| request.method != "HEAD").count() as u64;
    println!("{real} requests, {} connections, {} handshakes", connections.authenticated(), connections.handshakes());
    assert_eq!(
        connections.handshakes(),
        real + connections.authenticated(),
        "one a request, and one a connection before"
    );
    assert!(connections.authenticated() <= PARALLEL + 1, "{} connections", connections.authenticated());
    assert!(refused.iter().all(|request| request.method == "HEAD"), "content was refused: {refused:#?}");
    assert_eq!((connections.unauthorized(), connections.refused()), (1, 0), "what shows that it is so is asked once");
    assert_eq!(refused.len() as u64, connections.handshakes() + 1);
}
