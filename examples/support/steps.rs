//! The steps of the tour through one provider. Each checks what it did by asking the service.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use futures::TryStreamExt as _;
use sharesync::transfer::{CancelToken, Progress, TransferOptions};
use sharesync::{
    Change, ChangeOptions, CreateFolderOptions, DeleteOptions, Destination, Item, ItemRef, Operation, RemotePath,
    RemoteStore, RemoteStoreExt as _, ShareRequest, Since, Support, Timestamp, TreeOptions, TreeOutcome, WalkOptions,
};

use crate::source::{Source, digests};
use crate::support::Bar;

/// What became of a tour.
#[derive(Default)]
pub struct Done {
    pub files: u64,
    pub bytes: u64,
    pub verified: u64,
    pub failures: Vec<String>,
    states: BTreeMap<Operation, String>,
}

impl Done {
    /// `native`, `emulated`, `unsupported` or `failed`.
    pub fn state(&self, operation: Operation) -> String {
        self.states.get(&operation).cloned().unwrap_or_else(|| "failed".to_owned())
    }
}

pub struct Tour<'a> {
    store: Arc<dyn RemoteStore>,
    source: &'a Source,
    done: Done,
}

impl<'a> Tour<'a> {
    pub fn new(store: Arc<dyn RemoteStore>, source: &'a Source) -> Self {
        Self { store, source, done: Done::default() }
    }

    /// Runs every step inside a new folder with a random name, and removes the folder whatever happens.
    pub async fn run(mut self, interrupt: &CancelToken) -> Done {
        let name = format!("sharesync-tour-{:016x}", fastrand::u64(..));
        // Not to be interrupted: nobody would know whether there is a folder to remove.
        let folder = match self.make(&name).await {
            Ok(folder) => folder,
            Err(error) => {
                self.done.failures.push(format!("creating the folder {name}: {error:#}"));
                return self.done;
            }
        };
        tokio::select! {
            () = self.steps(&folder) => {}
            () = interrupt.cancelled() => {
                eprintln!("interrupted: the folder {name} is being removed; a second Ctrl-C leaves it there");
                self.done.failures.push("interrupted".to_owned());
            }
        }
        let removed = self.remove(&folder).await;
        self.note(Operation::Delete, removed.with_context(|| format!("the folder {name} is to be removed by hand")));
        self.done
    }

    /// The folder to work in. Where the answer is lost it may be there all the same, and nobody else has one of this name.
    async fn make(&self, name: &str) -> Result<Item> {
        match self.store.create_folder(&ItemRef::Root, name, CreateFolderOptions::new()).await {
            Err(error) if error.maybe_applied() => {
                let found = self.store.resolve(&RemotePath::root().join(name)?).await;
                found.map_err(|_| error.into())
            }
            made => Ok(made?),
        }
    }

    async fn steps(&mut self, folder: &Item) {
        let uploaded = self.upload(folder).await;
        self.note(Operation::UploadSpec, uploaded);
        let listed = self.list(folder).await;
        self.note(Operation::List, listed);
        let changes = self.changes(folder).await;
        self.note(Operation::Changes, changes);
        let downloaded = self.download(folder).await;
        self.note(Operation::Download, downloaded);
        let moved = self.move_and_rename(folder).await;
        self.note(Operation::Move, moved);
        let copied = self.copy(folder).await;
        self.note(Operation::Copy, copied);
        let shared = self.share(folder).await;
        self.note(Operation::Share, shared);
    }

    fn note(&mut self, operation: Operation, result: Result<()>) {
        let state = match result {
            Ok(()) => self.store.capabilities().support(operation).to_string(),
            Err(error) => {
                self.done.failures.push(format!("{}, {operation}: {error:#}", self.store.info().provider));
                "failed".to_owned()
            }
        };
        self.done.states.insert(operation, state);
    }

    fn supports(&self, operation: Operation) -> bool {
        self.store.capabilities().support(operation) != Support::Unsupported
    }

    fn options(progress: &Progress) -> TreeOptions {
        TreeOptions::new().with_durable(false).with_transfer(TransferOptions::new().with_progress(progress.clone()))
    }

    async fn upload(&mut self, folder: &Item) -> Result<()> {
        let progress = Progress::new();
        let _bar = Bar::start(format!("{}: up", self.store.info().provider), &progress);
        let mut entries = self.store.upload_dir(&self.source.directory, folder, Self::options(&progress));
        let (mut files, mut bytes) = (0, 0);
        while let Some(entry) = entries.try_next().await? {
            if let TreeOutcome::File { item, .. } = entry.outcome {
                files += 1;
                bytes += item.size.unwrap_or_default();
            }
        }
        drop(entries);
        (self.done.files, self.done.bytes) = (files, bytes);
        let expected = self.source.files.len() as u64;
        ensure!(files == expected, "{files} of {expected} files were uploaded");
        ensure!(bytes == self.source.bytes, "{bytes} of {} bytes were uploaded", self.source.bytes);
        Ok(())
    }

    async fn list(&self, folder: &Item) -> Result<()> {
        let walked: Vec<_> = self.store.walk(folder, WalkOptions::new()).try_collect().await?;
        let found: BTreeSet<_> = walked
            .iter()
            .filter(|(_, item)| item.is_file())
            .map(|(path, _)| path.as_str().trim_start_matches('/').to_owned())
            .collect();
        let expected: BTreeSet<_> = self.source.files.keys().cloned().collect();
        ensure!(found == expected, "the listing differs: {:?}", found.symmetric_difference(&expected).next());
        Ok(())
    }

    async fn changes(&self, folder: &Item) -> Result<()> {
        let options = ChangeOptions::new().with_scope(folder);
        let mut pages = self.store.changes(Since::Beginning, options);
        if !self.supports(Operation::Changes) {
            return expect_unsupported(pages.try_next().await.map(drop));
        }
        let (mut files, mut checkpoint) = (0, None);
        while let Some(page) = pages.try_next().await? {
            files +=
                page.changes.iter().filter(|change| matches!(change, Change::Upsert(item) if item.is_file())).count();
            checkpoint = page.checkpoint.or(checkpoint);
        }
        ensure!(files == self.source.files.len(), "{files} files in the changes");
        checkpoint.context("the changes ended without a checkpoint").map(drop)
    }

    async fn download(&mut self, folder: &Item) -> Result<()> {
        let (progress, local) = (Progress::new(), tempfile::tempdir()?);
        let _bar = Bar::start(format!("{}: down", self.store.info().provider), &progress);
        let entries = self.store.download_dir(folder, local.path(), Self::options(&progress));
        entries.try_for_each(|_| async { Ok(()) }).await?;
        let downloaded = digests(local.path())?;
        let same = |(path, digest): &(&String, &_)| downloaded.get(*path).is_some_and(|(found, _)| found == *digest);
        self.done.verified = self.source.files.iter().filter(same).count() as u64;
        let (verified, expected) = (self.done.verified, self.source.files.len() as u64);
        ensure!(verified == expected && downloaded.len() as u64 == expected, "{verified} of {expected} digests agree");
        Ok(())
    }

    async fn move_and_rename(&self, folder: &Item) -> Result<()> {
        let file = self.some_file(folder).await?;
        let into = self.store.create_folder(&folder.into(), "tour-moved", CreateFolderOptions::new()).await?;
        let moved = self.store.move_item(&(&file).into(), &Destination::folder(&into).with_name("moved.bin")).await?;
        let found = self.store.stat(&(&moved).into()).await?;
        ensure!(
            found.name == "moved.bin" && found.parent.as_ref() == Some(&into.id),
            "it is not where it was moved to"
        );
        ensure!(found.size == file.size, "its size changed");
        Ok(())
    }

    async fn copy(&self, folder: &Item) -> Result<()> {
        if !self.supports(Operation::Copy) {
            return expect_unsupported(self.store.copy_item(&folder.into(), &Destination::name("x")).await.map(drop));
        }
        let file = self.some_file(folder).await?;
        let into = self.store.create_folder(&folder.into(), "tour-copied", CreateFolderOptions::new()).await?;
        let copied = self.store.copy_item(&(&file).into(), &Destination::folder(&into).with_name("copied.bin")).await?;
        let (original, copy) = (self.store.stat(&(&file).into()).await?, self.store.stat(&(&copied).into()).await?);
        ensure!(
            copy.name == "copied.bin" && copy.parent.as_ref() == Some(&into.id),
            "it is not where it was copied to"
        );
        ensure!((copy.size, &copy.digests) == (original.size, &original.digests), "the copy differs from the original");
        Ok(())
    }

    async fn share(&self, folder: &Item) -> Result<()> {
        let file = ItemRef::from(&self.some_file(folder).await?);
        let expires = Timestamp::now().saturating_add(Duration::from_secs(24 * 3600));
        let request = ShareRequest::link().with_expires(expires);
        if !self.supports(Operation::Share) {
            return expect_unsupported(self.store.share(&file, request).await.map(drop));
        }
        let share = self.store.share(&file, request).await?;
        ensure!(share.link.is_some(), "the share has no link");
        let ended = self.store.unshare(&share.id).await;
        if self.store.capabilities().ends_links { Ok(ended?) } else { expect_unsupported(ended) }
    }

    async fn remove(&self, folder: &Item) -> Result<()> {
        self.store.delete(&folder.into(), DeleteOptions::new()).await?;
        ensure!(!self.store.exists(folder).await?, "the folder is still there");
        Ok(())
    }

    async fn some_file(&self, folder: &Item) -> Result<Item> {
        let mut walk = self.store.walk(folder, WalkOptions::new());
        while let Some((_, item)) = walk.try_next().await? {
            if item.is_file() {
                return Ok(item);
            }
        }
        bail!("there is no file")
    }
}

/// Checks that an operation declared unsupported says so.
fn expect_unsupported(result: sharesync::Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() == sharesync::ErrorKind::Unsupported => Ok(()),
        Err(error) => Err(error.into()),
        Ok(()) => bail!("it is declared unsupported, but works"),
    }
}
