//! Copies files and directories to a store and back, and lists what is there.
//!
//! ```console
//! $ cargo run --example mirror -- --config stores.toml --store work up ./reports /Reports
//! $ cargo run --example mirror -- --config stores.toml --store work up ./disk.img /Backup/disk.img --journal disk.journal
//! $ cargo run --example mirror -- --config stores.toml --store work down /Reports ./copy
//! $ cargo run --example mirror -- --config stores.toml --store work list /Reports
//! ```
//!
//! An upload with a journal that was interrupted, also by a kill, continues when the same command is given again. So does
//! the download of a single large file, without a journal.

#[path = "support/mod.rs"]
#[allow(dead_code, reason = "each example uses its share")]
mod support;

use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use clap::{Parser, Subcommand};
use futures::{StreamExt as _, TryStreamExt as _};
use sharesync::transfer::{CancelToken, FileJournal, Progress, TransferOptions, UploadRequest};
use sharesync::{
    DownloadToOptions, Item, ItemKind, ItemRef, ListOptions, OnConflict, RemotePath, RemoteStore, RemoteStoreExt as _,
    TreeOptions, WalkOptions,
};
use support::{Bar, StoreArgs, connect, finish, interruption, read_config};

/// Copies files and directories to a store and back, and lists what is there.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    store: StoreArgs,

    /// Parts of one file under way at once
    #[arg(long, value_name = "N", default_value_t = 4, global = true)]
    parallel: usize,

    /// Files and folders under way at once
    #[arg(long, value_name = "N", default_value_t = 16, global = true)]
    concurrency: usize,

    /// Replace files that are there: remote ones by a new version, local ones for good
    #[arg(long, global = true)]
    overwrite: bool,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Upload a file, or what a directory holds
    Up {
        /// The file or directory
        local: PathBuf,
        /// The path that the file, or the directory, gets on the store; missing folders are created
        remote: RemotePath,
        /// Continue the upload from here, and keep here what is needed to continue it: a file, and for a directory a directory
        #[arg(long, value_name = "PATH")]
        journal: Option<PathBuf>,
    },
    /// Download a file, or what a folder holds
    Down {
        /// The file or folder
        remote: RemotePath,
        /// The path that the file, or the directory, gets here
        local: PathBuf,
        /// Leave it to the system when the files reach the disk
        #[arg(long)]
        no_sync: bool,
    },
    /// List what a folder holds: size, time of modification, path
    List {
        /// The folder
        remote: RemotePath,
        /// List the folders below it too
        #[arg(long)]
        recursive: bool,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mirror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<()> {
    let (Some(file), Some(name)) = (&args.store.config, &args.store.store) else {
        bail!("--config FILE and --store NAME say which store is meant: see the README");
    };
    let store = connect(read_config(file, name)?).await?;
    let mirror = Mirror::new(store, &args, interruption().await);
    match args.command {
        Command::Up { local, remote, journal } => mirror.up(&local, remote, journal).await,
        Command::Down { remote, local, no_sync } => mirror.down(&remote, &local, !no_sync).await,
        Command::List { remote, recursive } => mirror.list(remote, recursive).await,
    }
}

/// A store, and how transfers with it run.
struct Mirror {
    store: Arc<dyn RemoteStore>,
    progress: Progress,
    cancel: CancelToken,
    on_conflict: OnConflict,
    parallel: usize,
    concurrency: usize,
}

impl Mirror {
    fn new(store: Arc<dyn RemoteStore>, args: &Args, cancel: CancelToken) -> Self {
        let on_conflict = if args.overwrite { OnConflict::NewVersion } else { OnConflict::Fail };
        let (parallel, concurrency) = (args.parallel, args.concurrency);
        Self { store, progress: Progress::new(), cancel, on_conflict, parallel, concurrency }
    }

    fn transfer(&self) -> TransferOptions {
        TransferOptions::new()
            .with_parallel_parts(self.parallel)
            .with_progress(self.progress.clone())
            .with_cancel(self.cancel.clone())
    }

    fn tree(&self) -> TreeOptions {
        TreeOptions::new()
            .with_concurrency(self.concurrency)
            .with_on_conflict(self.on_conflict)
            .with_transfer(self.transfer())
    }

    async fn up(&self, local: &Path, remote: RemotePath, journal: Option<PathBuf>) -> Result<()> {
        let metadata = std::fs::metadata(local).with_context(|| format!("cannot read {}", local.display()))?;
        let bar = Bar::start("up".to_owned(), &self.progress);
        if metadata.is_dir() {
            let mut options = self.tree();
            if let Some(directory) = journal {
                std::fs::create_dir_all(&directory)
                    .with_context(|| format!("cannot create {}", directory.display()))?;
                options = options.with_journals(directory);
            }
            let folder = self.store.create_folder_all(&remote).await?;
            return finish("mirror", self.store.upload_dir(local, &folder, options), &self.progress, &bar).await;
        }
        let (Some(parent), Some(name)) = (remote.parent(), remote.name()) else {
            bail!("the file needs a name on the store: {remote} is its root");
        };
        let folder = self.store.create_folder_all(&parent).await?;
        let request = UploadRequest::new(&folder, name).with_on_conflict(self.on_conflict);
        let mut options = self.transfer();
        if let Some(file) = &journal {
            options = options.with_journal(Arc::new(FileJournal::new(file)));
        }
        let uploaded = self.store.upload_file(local, request, options).await;
        uploaded.with_context(|| match journal.filter(|file| file.exists()) {
            Some(file) => format!("the journal {} holds what continues this upload", file.display()),
            None => format!("{} was not uploaded", local.display()),
        })?;
        Ok(())
    }

    async fn down(&self, remote: &RemotePath, local: &Path, durable: bool) -> Result<()> {
        let item = self.store.resolve(remote).await?;
        let bar = Bar::start("down".to_owned(), &self.progress);
        if item.is_folder() {
            std::fs::create_dir_all(local).with_context(|| format!("cannot create {}", local.display()))?;
            let entries = self.store.download_dir(&item, local, self.tree().with_durable(durable));
            return finish("mirror", entries, &self.progress, &bar).await;
        }
        let options = DownloadToOptions::new()
            .with_overwrite(self.on_conflict == OnConflict::NewVersion)
            .with_durable(durable)
            .with_progress(self.progress.clone())
            .with_cancel(self.cancel.clone());
        self.store.download_to(&item, local, options).await?;
        Ok(())
    }

    async fn list(&self, remote: RemotePath, recursive: bool) -> Result<()> {
        let folder = self.store.resolve(&remote).await?;
        ensure!(folder.is_folder(), "{remote} is no folder");
        let mut found = if recursive {
            self.store.walk(&folder, WalkOptions::new().with_concurrency(self.concurrency))
        } else {
            let items = self.store.items(ItemRef::from(&folder), ListOptions::new());
            items.and_then(|item| async { Ok((RemotePath::root().join(&item.name)?, item)) }).boxed()
        };
        let mut out = BufWriter::new(std::io::stdout().lock());
        loop {
            let next = tokio::select! {
                next = found.try_next() => next?,
                () = self.cancel.cancelled() => bail!("interrupted"),
            };
            match next {
                Some((path, item)) => print_line(&mut out, &path, &item)?,
                None => return Ok(out.flush()?),
            }
        }
    }
}

fn print_line(out: &mut impl std::io::Write, path: &RemotePath, item: &Item) -> std::io::Result<()> {
    let size = item.size.filter(|_| item.is_file()).map(|size| size.to_string()).unwrap_or_default();
    let modified = item.modified.map(|modified| modified.to_string()).unwrap_or_default();
    let slash = if item.kind == ItemKind::Folder { "/" } else { "" };
    let path = path.as_str().trim_start_matches('/');
    writeln!(out, "{size:>14}  {modified:24}  {path}{slash}")
}
