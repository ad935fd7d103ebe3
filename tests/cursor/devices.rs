//! Two devices that edit one share at once, against the emulator: what each is told adds up to what the server has, each
//! conflict is told once, and it ends as its resolution says.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use futures::TryStreamExt as _;
use sharesync::cursor::model::{
    Apply, ChangeType, Conflict, LocalChange, NewDevice, NewUpload, Platform, Resolution, ResourceType,
};
use sharesync::cursor::{Client, ConflictQuery, CursorStore};
use sharesync::transfer::{DownloadOptions, TransferOptions, UploadRequest};
use sharesync::{
    Change, ChangeOptions, Cursor, ErrorKind, Item, ItemId, ItemRef, OnConflict, RemotePath, RemoteStore,
    RemoteStoreExt as _, Since, WalkOptions,
};
use sharesync_emulator::Emulator;

use super::stage::builder;

const STEPS: usize = 1000;

const RESOLUTIONS: [Resolution; 5] = [
    Resolution::LastWriterWins,
    Resolution::KeepBoth,
    Resolution::ServerWins,
    Resolution::ClientWins,
    Resolution::Manual,
];

/// A client of the emulator's share.
async fn connect(emulator: &Emulator) -> Client {
    let account = emulator.cursor();
    builder(account.endpoint().to_owned()).access_token(account.service_token()).connect().await.unwrap()
}

/// The identifier of the newest version of a file.
async fn newest(client: &Client, file: &ItemId) -> String {
    let versions = client.files().versions(file.as_str()).await.unwrap().versions.unwrap();
    versions.into_iter().next().and_then(|version| version.id).unwrap()
}

/// A device that knows the share as it was when it last read the changes.
struct Device {
    name: &'static str,
    client: Client,
    share: String,
    store: CursorStore,
    since: Since,
    items: BTreeMap<ItemId, Item>,
    /// The newest version of each file.
    versions: BTreeMap<ItemId, String>,
}

/// What is compared of an item.
type State = (Option<ItemId>, String, Option<u64>, Option<String>);

fn state(item: &Item) -> State {
    let revision = item.revision.as_ref().filter(|_| item.is_file()).map(ToString::to_string);
    (item.parent.clone(), item.name.clone(), item.size, revision)
}

impl Device {
    async fn new(emulator: &Emulator, name: &'static str) -> Self {
        let client = connect(emulator).await;
        let device = NewDevice::new()
            .with_device_id(name)
            .with_device_name(name)
            .with_platform(Platform::Linux)
            .with_client_version("1.0.0");
        client.devices().register(&device).await.unwrap();
        let share = emulator.cursor().share_id();
        let store = client.store(&share);
        Self { name, client, share, store, since: Since::Beginning, items: BTreeMap::new(), versions: BTreeMap::new() }
    }

    /// Reads what is new, and compares the outcome with the server's tree.
    async fn pull(&mut self, what: &str) {
        let mut pages = self.store.changes(self.since.clone(), ChangeOptions::new().with_page_size(7));
        let mut checkpoint: Option<Cursor> = None;
        while let Some(page) = pages.try_next().await.unwrap() {
            page.changes.into_iter().for_each(|change| self.take(change));
            checkpoint = page.checkpoint.or(checkpoint);
        }
        self.since = Since::Cursor(checkpoint.expect("a checkpoint"));
        let walk = self.store.walk(ItemRef::Root, WalkOptions::new());
        let mut there = BTreeMap::new();
        for (_, mut item) in walk.try_collect::<Vec<_>>().await.unwrap() {
            if item.is_file() {
                // A listing tells no versions.
                item = self.store.stat(&ItemRef::from(&item)).await.unwrap();
                self.versions.insert(item.id.clone(), newest(&self.client, &item.id).await);
            }
            there.insert(item.id.clone(), state(&item));
        }
        let told: BTreeMap<_, _> = self.items.iter().map(|(id, item)| (id.clone(), state(item))).collect();
        assert_eq!(told, there, "{what}: {}", self.name);
    }

    fn take(&mut self, change: Change) {
        match change {
            Change::Upsert(item) => drop(self.items.insert(item.id.clone(), item)),
            Change::Remove(id) => self.remove(&id),
            other => panic!("{other:?} is not due"),
        }
    }

    fn remove(&mut self, id: &ItemId) {
        self.items.remove(id);
        let inside = self.items.values().filter(|item| item.parent.as_ref() == Some(id));
        for id in inside.map(|item| item.id.clone()).collect::<Vec<_>>() {
            self.remove(&id);
        }
    }

    fn path(&self, item: &Item) -> String {
        let above = item.parent.as_ref().and_then(|parent| self.items.get(parent));
        format!("{}/{}", above.map(|above| self.path(above)).unwrap_or_default(), item.name)
    }

    /// Something that a user does on the device, to what may be old.
    async fn edit(&self, rng: &mut Rng) -> Option<LocalChange> {
        let place = format!("/n{}", rng.u32(..10));
        let folder = || LocalChange::new().with_resource_type(ResourceType::Folder);
        let Some(item) = rng.choice(self.items.values()) else {
            return Some(folder().with_change_type(ChangeType::Created).with_new_path(place));
        };
        let kind = if item.is_file() { ResourceType::File } else { ResourceType::Folder };
        let mut change = LocalChange::new()
            .with_resource_type(kind)
            .with_resource_id(item.id.as_str())
            .with_old_path(self.path(item));
        if let Some(base) = self.versions.get(&item.id) {
            change = change.with_base_version_id(base.as_str());
        }
        Some(match rng.u32(..6) {
            0 => folder().with_change_type(ChangeType::Created).with_new_path(place),
            1 if item.is_file() || rng.bool() => change.with_change_type(ChangeType::Deleted),
            2 => {
                let others: Vec<_> = self.items.values().filter(|it| it.is_folder() && it.id != item.id).collect();
                let below = rng.choice(others).map(|folder| self.path(folder)).unwrap_or_default();
                change.with_change_type(ChangeType::Moved).with_new_path(format!("{below}{place}"))
            }
            3 => change.with_change_type(ChangeType::Renamed).with_new_path(place),
            _ if item.is_file() => {
                let version = self.send(&item.id, &format!("{}{}", self.name, rng.u32(..))).await?;
                change.with_change_type(ChangeType::Updated).with_version_id(version)
            }
            _ => return None,
        })
    }

    /// Sends a content of a file, as is done before the edit is told. `None` when the file is gone.
    async fn send(&self, file: &ItemId, content: &str) -> Option<String> {
        let upload = NewUpload::new()
            .with_share_id(&self.share)
            .with_file_name("n")
            .with_file_size(content.len() as u64)
            .with_replace_file_id(file.as_str());
        let session = match self.client.uploads().begin(&upload).await {
            Ok(session) => session.session_id.unwrap(),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
                return None;
            }
        };
        self.client.uploads().chunk(&session, 0, content.to_owned()).await.unwrap();
        self.client.uploads().complete(&session).await.unwrap();
        Some(newest(&self.client, file).await)
    }

    async fn tell(&self, change: LocalChange, resolution: Resolution) -> sharesync::Result<Vec<Conflict>> {
        let apply = Apply::new()
            .with_device_id(self.name)
            .with_share_id(&self.share)
            .with_conflict_resolution(resolution)
            .with_changes(vec![change]);
        Ok(self.client.sync().apply(&apply).await?.conflicts)
    }

    async fn put(&self, name: &str, content: &str) {
        let request = UploadRequest::new(ItemRef::Root, name).with_on_conflict(OnConflict::NewVersion);
        let sent = self.store.upload_bytes(content.to_owned(), request, TransferOptions::new()).await;
        // A folder may have the name.
        assert!(sent.is_ok() || sent.is_err_and(|error| error.kind() == ErrorKind::AlreadyExists));
    }

    async fn conflicts(&self, resolved: bool) -> Vec<Conflict> {
        let query = ConflictQuery::new().with_share_id(&self.share).with_include_resolved(resolved);
        self.client.sync().conflicts(&query).await.unwrap()
    }
}

fn ids(conflicts: &[Conflict]) -> BTreeSet<String> {
    let ids: BTreeSet<_> = conflicts.iter().map(|conflict| conflict.id.clone().unwrap()).collect();
    assert_eq!(ids.len(), conflicts.len(), "none is listed twice");
    ids
}

/// What an edit was about is gone by now, or it cannot be done at all, such as a folder moved into itself.
fn is_refusal(error: &sharesync::Error) -> bool {
    let kinds = [
        ErrorKind::NotFound,
        ErrorKind::AlreadyExists,
        ErrorKind::Conflict,
        ErrorKind::PreconditionFailed,
        ErrorKind::InvalidInput,
        ErrorKind::Rejected,
    ];
    kinds.contains(&error.kind())
}

#[tokio::test]
async fn a_thousand_edits_of_two_devices_at_once() {
    let emulator = Emulator::start().await.unwrap();
    let mut devices = [Device::new(&emulator, "laptop").await, Device::new(&emulator, "phone").await];
    let mut rng = Rng::with_seed(41);
    for device in &mut devices {
        device.pull("at the start").await;
    }
    let (mut told, mut applied, mut refused) = (BTreeSet::new(), 0, 0);
    for step in 0..STEPS / 2 {
        if rng.u32(..4) == 0 {
            devices[0].put(&format!("n{}", rng.u32(..10)), "x").await;
        }
        let mut edits = Vec::new();
        for device in &devices {
            edits.push(device.edit(&mut rng).await);
        }
        let resolutions = [0; 2].map(|_| RESOLUTIONS[rng.usize(..5)].clone());
        let tell = devices
            .iter()
            .zip(edits)
            .zip(resolutions)
            .filter_map(|((device, edit), resolution)| edit.map(|edit| device.tell(edit, resolution)));
        for outcome in futures::future::join_all(tell).await {
            match outcome {
                Ok(conflicts) => {
                    applied += 1;
                    told.extend(ids(&conflicts));
                }
                Err(error) => {
                    assert!(is_refusal(&error), "step {step}: {error}");
                    refused += 1;
                }
            }
        }
        if rng.u32(..5) == 0 {
            devices[rng.usize(..2)].pull(&format!("step {step}")).await;
        }
    }
    assert!(applied > STEPS / 3 && told.len() > 50, "{applied} applied, {} conflicts, {refused} refused", told.len());
    let listed = ids(&devices[0].conflicts(true).await);
    assert!(told.is_subset(&listed), "each conflict that was told is listed");
    // Where the device's edit cannot be carried out as its resolution asks, the answer is the refusal.
    let untold = listed.len() - told.len();
    assert!(untold <= refused, "{untold} conflicts were not told, and {refused} edits refused");
    for (number, open) in devices[0].conflicts(false).await.iter().enumerate() {
        assert!(!open.is_resolved());
        let resolved = devices[0].client.sync().resolve(open.id.as_ref().unwrap(), &RESOLUTIONS[number % 4]).await;
        if let Err(error) = resolved {
            assert!(is_refusal(&error), "{error}");
        }
    }
    for device in &mut devices {
        device.pull("at the end").await;
    }
    assert_eq!(devices[0].items.keys().collect::<Vec<_>>(), devices[1].items.keys().collect::<Vec<_>>());
}

/// What is in the share after two devices have written `f.txt`, first the phone, then the laptop.
async fn after(resolution: &Resolution) -> (Vec<(String, String)>, Conflict) {
    let emulator = Emulator::start().await.unwrap();
    let (laptop, phone) = (Device::new(&emulator, "laptop").await, Device::new(&emulator, "phone").await);
    laptop.put("f.txt", "base").await;
    let file = laptop.store.stat(&ItemRef::from("/f.txt".parse::<RemotePath>().unwrap())).await.unwrap().id;
    let base = newest(&laptop.client, &file).await;
    phone.put("f.txt", "phone").await;
    let version = laptop.send(&file, "laptop").await.unwrap();
    let change = LocalChange::new()
        .with_resource_type(ResourceType::File)
        .with_resource_id(file.as_str())
        .with_change_type(ChangeType::Updated)
        .with_version_id(version)
        .with_base_version_id(base)
        .with_old_path("/f.txt")
        .with_new_path("/f.txt");
    let conflicts = laptop.tell(change, Resolution::Manual).await.unwrap();
    assert_eq!(conflicts.len(), 1);
    assert_eq!(laptop.conflicts(false).await, conflicts);
    let id = conflicts[0].id.as_ref().unwrap();
    let answer = laptop.client.sync().resolve(id, resolution).await.unwrap().expect("the conflict as it is now");
    let listed = laptop.conflicts(true).await;
    assert_eq!(listed, std::slice::from_ref(&answer));
    let mut found = Vec::new();
    for item in laptop.store.items(ItemRef::Root, Default::default()).try_collect::<Vec<_>>().await.unwrap() {
        let body = laptop.store.download(&ItemRef::from(&item), DownloadOptions::new()).await.unwrap();
        let content = body.bytes(100).await.unwrap();
        found.push((item.name, String::from_utf8(content.to_vec()).unwrap()));
    }
    found.sort();
    (found, answer)
}

#[tokio::test]
async fn each_resolution_means_what_is_documented() {
    let file = |name: &str, content: &str| (name.to_owned(), content.to_owned());
    for resolution in &RESOLUTIONS {
        let (found, conflict) = after(resolution).await;
        let expected = match resolution {
            Resolution::KeepBoth => vec![file("f (conflict, laptop).txt", "laptop"), file("f.txt", "phone")],
            Resolution::ClientWins | Resolution::LastWriterWins => vec![file("f.txt", "laptop")],
            _ => vec![file("f.txt", "phone")],
        };
        assert_eq!(found, expected, "{resolution:?}");
        assert_eq!(conflict.is_resolved(), *resolution != Resolution::Manual, "{resolution:?}");
    }
}
