//! A client that changes a tree all the time, and keeps a record of what the tree must hold.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use sharesync::transfer::{TransferOptions, UploadRequest};
use sharesync::{
    CreateFolderOptions, DeleteOptions, Destination, ItemRef, OnConflict, Operation, RemoteStoreExt as _, ShareRequest,
    Support,
};

use super::client::Client;
use super::stage::content;

/// Its tree.
pub(crate) const AREA: &str = "/busy";
/// A folder in it that stays where it is; what is in it comes and goes.
pub(crate) const INNER: &str = "/busy/inner";

pub(crate) struct Changer {
    client: Client,
    rng: Rng,
    /// What must be there, by path; `None` for folders.
    pub(crate) items: BTreeMap<String, Option<Vec<u8>>>,
    numbers: u64,
}

impl Changer {
    pub(crate) fn new(client: Client, seed: u64) -> Self {
        let items = [AREA, INNER].map(|path| (path.to_owned(), None)).into();
        Self { client, rng: Rng::with_seed(seed ^ 0x6368), items, numbers: 0 }
    }

    /// So many changes, then it gives what must be there.
    pub(crate) async fn run(mut self, changes: usize) -> BTreeMap<String, Option<Vec<u8>>> {
        for _ in 0..changes {
            let choice = if self.items.len() > 30 { self.rng.u8(6..16) } else { self.rng.u8(..14) };
            match choice {
                0..3 => self.make_folder().await,
                3..7 => self.upload().await,
                7 | 8 => self.replace().await,
                9..12 => self.relocate().await,
                12 => self.share().await,
                13 => self.copy().await,
                _ => self.delete().await,
            }
            let found = self.client.truth(AREA).into_keys().collect::<BTreeSet<_>>();
            let expected = self.items.keys().cloned().collect::<BTreeSet<_>>();
            // What has a temporary name may be waiting for its owner.
            let more: Vec<_> = found.difference(&expected).filter(|path| !path.contains("/sharesync-")).collect();
            let less: Vec<_> = expected.difference(&found).collect();
            if !more.is_empty() || !less.is_empty() {
                self.client.fail(format!("{AREA} holds {more:?}, and not {less:?}"));
                break;
            }
        }
        self.items
    }

    fn supports(&self, operation: Operation) -> bool {
        self.client.store.capabilities().support(operation) != Support::Unsupported
    }

    /// A path that was never taken, in a folder other than `without` and what is below it.
    fn free(&mut self, without: Option<&str>) -> (String, String) {
        let outside = |path: &str| without.is_none_or(|not| path != not && !path.starts_with(&format!("{not}/")));
        let folders = self.items.iter().filter(|(path, content)| content.is_none() && outside(path));
        let shallow = folders.map(|(path, _)| path.clone()).filter(|path| path.matches('/').count() < 5);
        let folder = self.rng.choice(shallow.collect::<Vec<_>>()).unwrap();
        self.numbers += 1;
        let name = match self.numbers % 4 {
            0 => format!("n{} ü & 'x'.txt", self.numbers),
            1 => format!("n{}.bin", self.numbers),
            _ => format!("n{}", self.numbers),
        };
        (folder, name)
    }

    fn any(&mut self, file: bool) -> Option<String> {
        let items = self
            .items
            .iter()
            .filter(|(path, content)| ![AREA, INNER].contains(&path.as_str()) && (!file || content.is_some()));
        self.rng.choice(items.map(|(path, _)| path.clone()).collect::<Vec<_>>())
    }

    fn new_content(&mut self, path: &str) -> Vec<u8> {
        self.numbers += 1;
        let length = match self.rng.u8(..8) {
            0 => 0,
            1 => self.rng.usize(130_000..300_000),
            _ => self.rng.usize(1..20_000),
        };
        content(path, self.numbers, length)
    }

    /// The item at a path, by identifier or by path.
    async fn reference(&mut self, path: &str) -> Option<ItemRef> {
        if self.rng.bool() {
            return Some(self.client.at(path));
        }
        match self.client.look(path).await {
            Some(item) => Some(ItemRef::from(&item)),
            None => {
                self.client.fail(format!("{path} is not found"));
                None
            }
        }
    }

    async fn make_folder(&mut self) {
        let (folder, name) = self.free(None);
        let path = format!("{folder}/{name}");
        let Some(parent) = self.reference(&folder).await else { return };
        let client = &self.client;
        let act = async || client.store.create_folder(&parent, &name, CreateFolderOptions::new()).await;
        let done = || client.node(&path).is_some();
        client.write(&format!("create_folder {path}"), AREA, act, done, async || client.look(&path).await).await;
        self.items.insert(path, None);
    }

    async fn upload(&mut self) {
        let (folder, name) = self.free(None);
        let path = format!("{folder}/{name}");
        let content = self.new_content(&path);
        let Some(parent) = self.reference(&folder).await else { return };
        let client = &self.client;
        let act = async || {
            let request = UploadRequest::new(parent.clone(), name.clone());
            Ok(client.store.upload_bytes(content.clone(), request, TransferOptions::new()).await?.item)
        };
        let done = || client.holds(&path, &content);
        let look = async || client.look_for(&path, &content, None).await;
        client.write(&format!("upload {path} of {} bytes", content.len()), AREA, act, done, look).await;
        self.items.insert(path, Some(content));
    }

    async fn replace(&mut self) {
        let Some(path) = self.any(true) else { return };
        let (folder, name) = path.rsplit_once('/').unwrap();
        let (content, before) = (self.new_content(&path), self.items[&path].clone());
        let client = &self.client;
        let act = async || {
            let request = UploadRequest::new(client.at(folder), name).with_on_conflict(OnConflict::NewVersion);
            Ok(client.store.upload_bytes(content.clone(), request, TransferOptions::new()).await?.item)
        };
        let done = || client.holds(&path, &content);
        let look = async || client.look_for(&path, &content, before.as_deref()).await;
        client.write(&format!("replace {path} by {} bytes", content.len()), AREA, act, done, look).await;
        self.items.insert(path, Some(content));
    }

    /// Renames an item, moves it, or both.
    async fn relocate(&mut self) {
        let Some(from) = self.any(false) else { return };
        let (old_folder, old_name) = from.rsplit_once('/').unwrap();
        let (mut folder, mut name) = self.free(Some(&from));
        match self.rng.u8(..3) {
            0 => folder = old_folder.to_owned(),
            1 if folder != old_folder && !self.items.contains_key(&format!("{folder}/{old_name}")) => {
                name = old_name.to_owned();
            }
            _ => {}
        }
        let to = format!("{folder}/{name}");
        let mut destination = Destination::name(name.clone());
        if folder != old_folder {
            let Some(folder) = self.reference(&folder).await else { return };
            destination = if name == old_name {
                Destination::folder(folder)
            } else {
                Destination::folder(folder).with_name(name)
            };
        }
        let Some(item) = self.reference(&from).await else { return };
        let client = &self.client;
        let act = async || client.store.move_item(&item, &destination).await;
        let done = || client.node(&from).is_none() && client.node(&to).is_some();
        client.write(&format!("move {from} to {to}"), AREA, act, done, async || client.look(&to).await).await;
        let below = format!("{from}/");
        let items = std::mem::take(&mut self.items).into_iter();
        self.items = items
            .map(|(path, content)| match path.strip_prefix(&below) {
                Some(rest) => (format!("{to}/{rest}"), content),
                None if path == from => (to.clone(), content),
                None => (path, content),
            })
            .collect();
    }

    async fn copy(&mut self) {
        let Some(from) = self.any(true).filter(|_| self.supports(Operation::Copy)) else { return };
        let (folder, name) = self.free(None);
        let to = format!("{folder}/{name}");
        let content = self.items[&from].clone().unwrap();
        let Some(item) = self.reference(&from).await else { return };
        let client = &self.client;
        let destination = Destination::folder(client.at(&folder)).with_name(name);
        let act = async || client.store.copy_item(&item, &destination).await;
        let done = || client.holds(&to, &content);
        let look = async || client.look_for(&to, &content, None).await;
        client.write(&format!("copy {from} to {to}"), AREA, act, done, look).await;
        self.items.insert(to, Some(content));
    }

    async fn delete(&mut self) {
        let Some(path) = self.any(false) else { return };
        let Some(item) = self.reference(&path).await else { return };
        let client = &self.client;
        let act = async || client.store.delete(&item, DeleteOptions::new()).await;
        let done = || client.node(&path).is_none();
        let look = async || client.look(&path).await.is_none().then_some(());
        client.write(&format!("delete {path}"), AREA, act, done, look).await;
        self.items.retain(|other, _| *other != path && !other.starts_with(&format!("{path}/")));
    }

    /// Shares a file by a link, and ends the link where that can be done. Nobody can look for a link: a share whose fate is
    /// unknown is asked for again.
    async fn share(&mut self) {
        let Some(path) = self.any(true).filter(|_| self.supports(Operation::Share)) else { return };
        let Some(item) = self.reference(&path).await else { return };
        let client = &self.client;
        let mut from = 0;
        let act = async || {
            from = client.stage.requests();
            client.store.share(&item, ShareRequest::link()).await
        };
        let Some(share) = client.write(&format!("share {path}"), AREA, act, || true, async || None).await else {
            return;
        };
        let mut requests = client.stage.applied(&client.agent, from);
        requests.sort_by_key(|request| (request.path.clone(), request.query.clone(), request.action.clone()));
        let twice = requests.windows(2).find(|pair| {
            pair[0].path == pair[1].path && pair[0].method == pair[1].method && pair[0].action == pair[1].action
        });
        // Where there is one link for all, the second request has found that of the first.
        if let Some([one, other]) = twice.filter(|_| client.store.capabilities().separate_links) {
            client.fail(format!("share {path}: Ok, and carried out twice: {one:?} {other:?}"));
        }
        if self.supports(Operation::Unshare) && self.client.store.capabilities().ends_links {
            let act = async || client.store.unshare(&share.id).await;
            // Ended before its answer was lost, it is not there any more.
            client.write(&format!("unshare {path}"), AREA, act, || true, async || None).await;
        }
    }
}
