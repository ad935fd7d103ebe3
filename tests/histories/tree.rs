//! A tree that is changed at random through a store, and what it holds according to those who changed it.

use std::collections::BTreeMap;

use fastrand::Rng;
use sharesync::sharepoint::RecycleBin;
use sharesync::transfer::{TransferOptions, UploadRequest};
use sharesync::{
    CreateFolderOptions, DeleteOptions, Destination, Digest, DigestAlgorithm, ItemRef, OnConflict, RemotePath,
    RemoteStore, RemoteStoreExt as _,
};

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// Folders below each other.
const DEEPEST: usize = 4;

/// Items above which the tree rather shrinks.
const LARGE: usize = 40;

/// What the test put where. Paths have no slash at their end; the top one is [`Tree::TOP`].
#[derive(Default)]
pub(crate) struct Tree {
    /// `None` for folders, else the content.
    pub(crate) items: BTreeMap<String, Option<Vec<u8>>>,
    versions: u64,
    /// What was deleted last, by what names it had, as long as nothing was moved since.
    binned: BTreeMap<String, Option<Vec<u8>>>,
}

impl Tree {
    /// The folder that holds the tree.
    pub(crate) const TOP: &str = "history";

    /// Something happens.
    pub(crate) async fn act(&mut self, store: &dyn RemoteStore, rng: &mut Rng) {
        let choice = if self.items.len() > LARGE { rng.u8(4..15) } else { rng.u8(0..12) };
        match choice {
            0..4 => self.create(store, rng).await,
            4 | 5 => self.edit(store, rng).await,
            6 => self.rename(store, rng).await,
            7 | 8 => self.relocate(store, rng).await,
            9 => self.recreate(store, rng).await,
            10 => self.rescue(store, rng).await,
            _ => self.remove(store, rng).await,
        }
    }

    async fn create(&mut self, store: &dyn RemoteStore, rng: &mut Rng) {
        let Some((folder, name)) = self.free(rng, |_| true) else { return };
        if rng.u8(0..3) == 0 {
            self.make_folder(store, &folder, name).await
        } else {
            self.put(store, &folder, name).await
        }
    }

    async fn edit(&mut self, store: &dyn RemoteStore, rng: &mut Rng) {
        let Some(path) = self.any(rng, |_, content| content.is_some()) else { return };
        let (folder, name) = path.rsplit_once('/').unwrap();
        self.put(store, folder, name).await;
    }

    async fn rename(&mut self, store: &dyn RemoteStore, rng: &mut Rng) {
        let Some(path) = self.any(rng, |_, _| true) else { return };
        let (folder, _) = path.rsplit_once('/').unwrap();
        let Some(name) = rng.choice(NAMES).filter(|name| !self.items.contains_key(&format!("{folder}/{name}"))) else {
            return;
        };
        store.move_item(&reference(&path), &Destination::name(name)).await.unwrap();
        self.moved(&path, &format!("{folder}/{name}"));
    }

    /// Moves an item into another folder, under a free name.
    async fn relocate(&mut self, store: &dyn RemoteStore, rng: &mut Rng) {
        let Some(path) = self.any(rng, |_, _| true) else { return };
        let (from, _) = path.rsplit_once('/').unwrap();
        let outside = |folder: &str| folder != from && folder != path && !folder.starts_with(&format!("{path}/"));
        let Some((folder, name)) = self.free(rng, outside) else { return };
        let mut destination = Destination::folder(reference(&folder));
        if !path.ends_with(&format!("/{name}")) {
            destination = destination.with_name(name);
        }
        store.move_item(&reference(&path), &destination).await.unwrap();
        self.moved(&path, &format!("{folder}/{name}"));
    }

    /// Replaces an item by a new one of the same name.
    async fn recreate(&mut self, store: &dyn RemoteStore, rng: &mut Rng) {
        let Some(path) = self.any(rng, |_, _| true) else { return };
        self.delete(store, &path).await;
        let (folder, name) = path.rsplit_once('/').unwrap();
        if rng.bool() { self.make_folder(store, folder, name).await } else { self.put(store, folder, name).await }
    }

    /// Replaces a folder by a new one of the same name, with a file in it or without.
    pub(crate) async fn remake_folder(&mut self, store: &dyn RemoteStore, rng: &mut Rng) {
        let Some(path) = self.any(rng, |_, content| content.is_none()) else { return };
        self.delete(store, &path).await;
        let (folder, name) = path.rsplit_once('/').unwrap();
        self.make_folder(store, folder, name).await;
        if rng.bool() {
            self.put(store, &path, NAMES[0]).await;
        }
    }

    /// Moves what is in a folder out of it before the folder is deleted.
    async fn rescue(&mut self, store: &dyn RemoteStore, rng: &mut Rng) {
        let Some(inside) = self.any(rng, |path, _| path.matches('/').count() > 1) else { return };
        let (doomed, _) = inside.rsplit_once('/').unwrap();
        let Some(name) = rng.choice(NAMES).filter(|name| !self.items.contains_key(&format!("{}/{name}", Self::TOP)))
        else {
            return;
        };
        let destination = Destination::folder(reference(Self::TOP)).with_name(name);
        store.move_item(&reference(&inside), &destination).await.unwrap();
        self.moved(&inside, &format!("{}/{name}", Self::TOP));
        self.delete(store, doomed).await;
    }

    async fn remove(&mut self, store: &dyn RemoteStore, rng: &mut Rng) {
        let Some(path) = self.any(rng, |_, _| true) else { return };
        self.delete(store, &path).await;
    }

    async fn make_folder(&mut self, store: &dyn RemoteStore, folder: &str, name: &str) {
        store.create_folder(&reference(folder), name, CreateFolderOptions::new()).await.unwrap();
        self.items.insert(format!("{folder}/{name}"), None);
    }

    /// Uploads a file, or a new version of it, with content that there was not before.
    async fn put(&mut self, store: &dyn RemoteStore, folder: &str, name: &str) {
        self.versions += 1;
        let content = format!("version {}", self.versions).into_bytes();
        let request = UploadRequest::new(reference(folder), name).with_on_conflict(OnConflict::NewVersion);
        store.upload_bytes(content.clone(), request, TransferOptions::new()).await.unwrap();
        self.items.insert(format!("{folder}/{name}"), Some(content));
    }

    async fn delete(&mut self, store: &dyn RemoteStore, path: &str) {
        store.delete(&reference(path), DeleteOptions::new()).await.unwrap();
        let below = format!("{path}/");
        let items = std::mem::take(&mut self.items).into_iter();
        (self.binned, self.items) = items.partition(|(other, _)| other == path || other.starts_with(&below));
    }

    /// Takes what was deleted last out of SharePoint's recycle bin; whether that could be done.
    pub(crate) async fn restore(&mut self, bin: &RecycleBin) -> bool {
        let Some(path) = self.binned.keys().next().filter(|path| !self.items.contains_key(*path)) else { return false };
        let newest = bin.list().await.unwrap().into_iter().next().unwrap();
        assert!(path.ends_with(&format!("/{}", newest.leaf_name.unwrap())));
        bin.restore(newest.id.unwrap()).await.unwrap();
        self.items.append(&mut self.binned);
        true
    }

    fn moved(&mut self, from: &str, to: &str) {
        let below = format!("{from}/");
        self.binned.clear();
        let items = std::mem::take(&mut self.items).into_iter();
        self.items = items
            .map(|(path, content)| match path.strip_prefix(&below) {
                Some(rest) => (format!("{to}/{rest}"), content),
                None if path == from => (to.to_owned(), content),
                None => (path, content),
            })
            .collect();
    }

    /// An item that fulfils a condition.
    fn any(&self, rng: &mut Rng, condition: impl Fn(&str, &Option<Vec<u8>>) -> bool) -> Option<String> {
        let paths = self.items.iter().filter(|(path, content)| condition(path, content)).map(|(path, _)| path);
        rng.choice(paths.collect::<Vec<_>>()).cloned()
    }

    /// A folder that fulfils a condition, and a name that is free in it.
    fn free(&self, rng: &mut Rng, condition: impl Fn(&str) -> bool) -> Option<(String, &'static str)> {
        let folders = self.items.iter().filter(|(_, content)| content.is_none()).map(|(path, _)| path.as_str());
        let allowed = |folder: &&str| folder.matches('/').count() < DEEPEST && condition(folder);
        let folder = rng.choice(folders.chain([Self::TOP]).filter(allowed).collect::<Vec<_>>())?;
        let name = rng.choice(NAMES)?;
        let free = !self.items.contains_key(&format!("{folder}/{name}"));
        free.then(|| (folder.to_owned(), name))
    }

    /// What a consumer of changes must know: of a file the size, and its digest by some algorithm.
    pub(crate) fn expected(&self, algorithm: Option<DigestAlgorithm>) -> BTreeMap<String, Known> {
        let known = |content: &Vec<u8>| {
            let digest = algorithm.map(|algorithm| Digest::of(algorithm, content));
            (Some(content.len() as u64), digest)
        };
        let items = self.items.iter().map(|(path, content)| (path.clone(), content.as_ref().map(known)));
        items.chain([(Self::TOP.to_owned(), None)]).collect()
    }
}

/// `None` for a folder, else size and digest.
pub(crate) type Known = Option<(Option<u64>, Option<Digest>)>;

fn reference(path: &str) -> ItemRef {
    ItemRef::from(format!("/{path}").parse::<RemotePath>().unwrap())
}
