//! A store that somebody else meddles with, and a consumer of its changes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use sharesync::filesanywhere::{Client, FilesAnywhereStore, StoreOptions};
use sharesync::http::{HttpConfig, ReqwestTransport, Transport, TransportBody, TransportError};
use sharesync::transfer::{TransferOptions, UploadRequest};
use sharesync::{
    BoxStream, Change, ChangeOptions, CreateFolderOptions, Cursor, Item, ItemId, ItemRef, RemoteStore as _,
    RemoteStoreExt as _, Result, Since, WalkOptions,
};
use sharesync_emulator::Emulator;

pub(crate) async fn store(emulator: &Emulator) -> FilesAnywhereStore {
    meddled(emulator).await.0
}

pub(crate) async fn folder(store: &FilesAnywhereStore, parent: &ItemRef, name: &str) -> Item {
    store.create_folder(parent, name, CreateFolderOptions::new()).await.unwrap()
}

pub(crate) async fn put(store: &FilesAnywhereStore, parent: impl Into<ItemRef>, name: &str) -> Item {
    let request = UploadRequest::new(parent, name);
    store.upload_bytes("content", request, TransferOptions::new()).await.unwrap().item
}

/// Does one thing after the other to the service, each right before it is asked for an operation.
pub(crate) struct Meddler {
    transport: ReqwestTransport,
    due: Mutex<VecDeque<(&'static str, Deed)>>,
}

pub(crate) type Deed = Box<dyn FnOnce() -> BoxFuture<'static, ()> + Send>;

impl std::fmt::Debug for Meddler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Meddler")
    }
}

impl Meddler {
    pub(crate) fn before(&self, operation: &'static str, deed: impl Future<Output = ()> + Send + 'static) {
        self.due.lock().unwrap().push_back((operation, Box::new(move || deed.boxed())));
    }

    pub(crate) fn is_done(&self) -> bool {
        self.due.lock().unwrap().is_empty()
    }
}

#[async_trait]
impl Transport for Meddler {
    async fn send(
        &self,
        request: http::Request<TransportBody>,
    ) -> Result<http::Response<BoxStream<'static, Result<Bytes, TransportError>>>, TransportError> {
        let action = request.headers().get("soapaction").and_then(|action| action.to_str().ok());
        let action = action.unwrap_or_default().trim_matches('"').to_owned();
        let due = {
            let mut due = self.due.lock().unwrap();
            let is_due = due.front().is_some_and(|(operation, _)| action.ends_with(operation));
            if is_due { due.pop_front() } else { None }
        };
        if let Some((_, deed)) = due {
            deed().await;
        }
        self.transport.send(request).await
    }
}

/// A store before whose requests something can happen.
pub(crate) async fn meddled(emulator: &Emulator) -> (FilesAnywhereStore, Arc<Meddler>) {
    let account = emulator.filesanywhere();
    let transport = ReqwestTransport::new(&HttpConfig::new()).unwrap();
    let meddler = Arc::new(Meddler { transport, due: Mutex::default() });
    let config =
        HttpConfig::new().with_backoff_base(Duration::from_millis(1)).with_backoff_cap(Duration::from_millis(2));
    let client = Client::builder(account.api_key(), account.org_id())
        .http_config(config)
        .server(account.endpoint())
        .password(account.username(), account.password())
        .transport(meddler.clone());
    (client.connect().await.unwrap().store_with(StoreOptions::new()), meddler)
}

/// Answers listings with what a function makes of them.
pub(crate) struct Forger {
    transport: ReqwestTransport,
    forge: Box<dyn Fn(String) -> String + Send + Sync>,
    pub(crate) listings: AtomicUsize,
}

impl std::fmt::Debug for Forger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Forger")
    }
}

#[async_trait]
impl Transport for Forger {
    async fn send(
        &self,
        request: http::Request<TransportBody>,
    ) -> Result<http::Response<BoxStream<'static, Result<Bytes, TransportError>>>, TransportError> {
        let action = request.headers().get("soapaction").map(|action| action.to_str().unwrap().to_owned());
        let (mut head, body) = self.transport.send(request).await?.into_parts();
        if !action.is_some_and(|action| action.contains("ListItems2")) {
            return Ok(http::Response::from_parts(head, body));
        }
        self.listings.fetch_add(1, Ordering::Relaxed);
        let whole = body.try_collect::<Vec<_>>().await?.concat();
        let forged = (self.forge)(String::from_utf8(whole).unwrap());
        head.headers.remove("content-length");
        head.headers.remove("transfer-encoding");
        Ok(http::Response::from_parts(head, stream::iter([Ok(Bytes::from(forged))]).boxed()))
    }
}

pub(crate) async fn forged(
    emulator: &Emulator,
    forge: impl Fn(String) -> String + Send + Sync + 'static,
) -> (FilesAnywhereStore, Arc<Forger>) {
    let account = emulator.filesanywhere();
    let transport = ReqwestTransport::new(&HttpConfig::new()).unwrap();
    let forger = Arc::new(Forger { transport, forge: Box::new(forge), listings: AtomicUsize::new(0) });
    let client = Client::builder(account.api_key(), account.org_id())
        .server(account.endpoint())
        .password(account.username(), account.password())
        .transport(forger.clone());
    (client.connect().await.unwrap().store_with(StoreOptions::new()), forger)
}

/// A consumer of changes: what it knows, by identity, with the folder that it is in.
#[derive(Default)]
pub(crate) struct Consumer {
    pub(crate) known: BTreeMap<ItemId, (Option<ItemId>, String)>,
    pub(crate) cursor: Option<Cursor>,
    /// The folder that it follows; none for everything.
    pub(crate) scope: Option<ItemId>,
}

impl Consumer {
    /// Reads what is new; what it is told, in short.
    pub(crate) async fn read(&mut self, store: &FilesAnywhereStore) -> Result<Vec<String>> {
        let since = self.cursor.clone().map_or(Since::Beginning, Since::Cursor);
        let mut options = ChangeOptions::new();
        options.scope = self.scope.clone().map(ItemRef::from);
        let pages: Vec<_> = store.changes(since, options).try_collect().await?;
        let (mut told, mut seen) = (Vec::new(), None);
        for page in pages {
            for change in page.changes {
                match change {
                    Change::Upsert(item) => {
                        told.push(format!("+{}", item.id));
                        seen.as_mut().map(|seen: &mut BTreeSet<ItemId>| seen.insert(item.id.clone()));
                        self.known.insert(item.id.clone(), (item.parent, item.name));
                    }
                    Change::Remove(id) => {
                        told.push(format!("-{id}"));
                        self.remove(&id);
                    }
                    Change::ResetBegin => seen = Some(BTreeSet::new()),
                    Change::ResetEnd => {
                        let seen = seen.take().unwrap();
                        self.known.retain(|id, _| seen.contains(id));
                    }
                    other => panic!("{other:?}"),
                }
            }
            self.cursor = page.checkpoint.or(self.cursor.take());
        }
        Ok(told)
    }

    fn remove(&mut self, id: &ItemId) {
        self.known.remove(id);
        let below: Vec<_> = self
            .known
            .iter()
            .filter(|(_, (parent, _))| parent.as_ref() == Some(id))
            .map(|(id, _)| id.clone())
            .collect();
        below.iter().for_each(|id| self.remove(id));
    }

    /// What it knows is what is there, by what another store finds.
    pub(crate) async fn assert_is_true(&mut self, store: &FilesAnywhereStore, emulator: &Emulator, what: &str) {
        self.read(store).await.unwrap();
        let other = self::store(emulator).await;
        let from = self.scope.clone().map_or(ItemRef::Root, ItemRef::from);
        let walked: Vec<_> = other.walk(from, WalkOptions::new()).try_collect().await.unwrap();
        let there: BTreeMap<_, _> = walked.into_iter().map(|(_, item)| (item.id, (item.parent, item.name))).collect();
        assert_eq!(self.known, there, "{what}");
    }
}
