//! The example `migrate` as its users run it: from every provider to the next one.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

#[path = "support/programs.rs"]
mod programs;
#[path = "support/providers.rs"]
mod providers;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use futures::TryStreamExt as _;
use serde_json::{Map, Value, json};
use sharesync::{ItemRef, RemotePath, RemoteStore, RemoteStoreExt as _, StoreConfig, TreeOptions};
use sharesync_emulator::Emulator;
use tempfile::TempDir;

/// What is copied, by its path from the folder where the copy begins.
fn files() -> BTreeMap<&'static str, Vec<u8>> {
    let big = (0..3_000_000_u32).map(|n| (n / 7) as u8).collect();
    [("empty", Vec::new()), ("text & more.txt", b"text".to_vec()), ("inside/deeper/big", big)].into()
}

/// The emulator, and a directory with a configuration of a store of each provider.
struct Scene {
    _emulator: Emulator,
    directory: TempDir,
    configs: Vec<Value>,
}

impl Scene {
    async fn set() -> Self {
        let (emulator, directory) = (Emulator::start().await.unwrap(), tempfile::tempdir().unwrap());
        let mut configs = providers::configurations(&emulator, directory.path());
        configs.iter_mut().for_each(|config| drop(config.as_object_mut().unwrap().remove("snapshots")));
        let stores: Map<_, _> = configs.iter().map(|config| (name(config).to_owned(), config.clone())).collect();
        let file = toml::to_string(&json!({ "stores": stores })).unwrap();
        fs::write(directory.path().join("stores.toml"), file).unwrap();
        Self { _emulator: emulator, directory, configs }
    }

    async fn store(&self, config: &Value) -> Arc<dyn RemoteStore> {
        serde_json::from_value::<StoreConfig>(config.clone()).unwrap().connect().await.unwrap()
    }

    /// Runs the program in the directory; it must take no part of the runtime that serves it.
    async fn migrate(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(programs::migrate());
        command.args(["--config", "stores.toml"]).args(arguments).current_dir(self.directory.path());
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }
}

fn name(config: &Value) -> &str {
    config["provider"].as_str().unwrap()
}

fn path(text: &str) -> RemotePath {
    text.parse().unwrap()
}

fn write(directory: &Path) {
    for (path, content) in files() {
        let path = directory.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_goes_from_each_provider_to_the_next() {
    let scene = Scene::set().await;
    let local = scene.directory.path().join("local");
    write(&local);
    let first = scene.store(&scene.configs[0]).await;
    let begin = first.create_folder_all(&path("/migrated/first")).await.unwrap();
    let up: Vec<_> = first.upload_dir(&local, &begin, TreeOptions::new()).try_collect().await.unwrap();
    assert_eq!(up.len(), 5, "{up:?}");
    let mut source = "/migrated/first".to_owned();
    for (number, pair) in scene.configs.windows(2).enumerate() {
        let (from, to, target) = (name(&pair[0]), name(&pair[1]), format!("/migrated/{number}"));
        let done = scene.migrate(&["--from", from, "--to", to, &source, &target]).await;
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success() && said.contains("3 files and 2 folders"), "{from} to {to}: {said}");
        source = target;
    }
    let (last, back) = (scene.store(&scene.configs[4]).await, scene.directory.path().join("back"));
    fs::create_dir(&back).unwrap();
    let end = last.resolve(&path(&source)).await.unwrap();
    let down: Vec<_> = last.download_dir(&end, &back, TreeOptions::new()).try_collect().await.unwrap();
    assert_eq!(down.len(), 5, "{down:?}");
    for (path, content) in files() {
        assert!(fs::read(back.join(path)).unwrap() == content, "{path} differs");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_is_not_touched_unless_asked() {
    let scene = Scene::set().await;
    let local = scene.directory.path().join("local");
    write(&local);
    let (first, second) = (scene.store(&scene.configs[0]).await, scene.store(&scene.configs[1]).await);
    let begin = first.create_folder_all(&path("/from")).await.unwrap();
    first.upload_dir(&local, &begin, TreeOptions::new()).try_collect::<Vec<_>>().await.unwrap();
    let there = second.create_folder_all(&path("/to")).await.unwrap();
    let request = sharesync::transfer::UploadRequest::new(&there, "text & more.txt");
    second.upload_bytes("theirs", request, sharesync::transfer::TransferOptions::new()).await.unwrap();
    let content = async || {
        let file = second.resolve(&path("/to/text & more.txt")).await.unwrap();
        let options = sharesync::transfer::DownloadOptions::new();
        second.download(&ItemRef::from(&file), options).await.unwrap().bytes(100).await.unwrap()
    };

    let (from, to) = (name(&scene.configs[0]), name(&scene.configs[1]));
    let done = scene.migrate(&["--from", from, "--to", to, "/from", "/to"]).await;
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(!done.status.success() && said.contains("text & more.txt") && said.contains("1 failed; 2 files"), "{said}");
    assert_eq!(content().await, "theirs");
    let done = scene.migrate(&["--from", from, "--to", to, "--overwrite", "/from", "/to"]).await;
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(content().await, "text");
    let done = scene.migrate(&["--from", from, "--to", to, "/from/empty", "/to"]).await;
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(!done.status.success() && said.contains("/from/empty is no folder"), "{said}");
}
