//! The process that uploads, and what begins and kills it.

use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use futures::StreamExt as _;
use serde_json::{Value, json};
use sharesync::transfer::{FileJournal, TransferOptions, UploadRequest};
use sharesync::{ErrorKind, RemoteStoreExt as _, StoreConfig, TreeOptions};

/// A process that has this uploads and does nothing else.
const UPLOADER: &str = "SHARESYNC_UPLOADER";

/// What is uploaded, and where to.
pub(crate) struct Task {
    pub(crate) config: Value,
    /// A file or a directory.
    pub(crate) local: PathBuf,
    /// The journal of the file, or the directory for those of a tree.
    pub(crate) journal: PathBuf,
    /// The path of the folder that gets it.
    pub(crate) folder: String,
    /// Files of a tree under way at once.
    pub(crate) width: usize,
}

impl Task {
    /// The task of this process, if it has one.
    pub(crate) fn of_this_process() -> Option<Self> {
        let task = std::env::var(UPLOADER).ok()?;
        let (config, local, journal, folder, width) = serde_json::from_str(&task).unwrap();
        Some(Self { config, local, journal, folder, width })
    }

    /// Uploads. A name that is taken is a file that an earlier process has finished.
    pub(crate) async fn run(self) -> ExitCode {
        let config: StoreConfig = serde_json::from_value(self.config).unwrap();
        let store = config.connect().await.unwrap();
        let folder = store.create_folder_all(&self.folder.parse().unwrap()).await.unwrap();
        let transfer = TransferOptions::new().with_parallel_parts(1);
        let mut errors = Vec::new();
        if self.local.is_dir() {
            let options =
                TreeOptions::new().with_concurrency(self.width).with_transfer(transfer).with_journals(self.journal);
            let mut entries = store.upload_dir(self.local, &folder, options);
            while let Some(entry) = entries.next().await {
                errors.extend(entry.err());
            }
        } else {
            let request = UploadRequest::new(&folder, "large.bin");
            let transfer = transfer.with_journal(Arc::new(FileJournal::new(self.journal)));
            errors.extend(store.upload_file(self.local, request, transfer).await.err());
        }
        errors.retain(|error| error.kind() != ErrorKind::AlreadyExists);
        for error in &errors {
            eprintln!("{error:?}");
        }
        if errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// Runs a process until it ends or is killed; whether it was killed.
pub(crate) fn run(task: &Task, is_due: impl Fn() -> bool) -> bool {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let words = json!([task.config, task.local, task.journal, task.folder, task.width]);
    let mut process = command.env(UPLOADER, words.to_string()).stdout(Stdio::null()).spawn().unwrap();
    loop {
        if let Some(status) = process.try_wait().unwrap() {
            assert!(status.success(), "an upload failed: {status}");
            return false;
        }
        if is_due() {
            process.kill().unwrap();
            return !process.wait().unwrap().success();
        }
        thread::sleep(Duration::from_millis(1));
    }
}
