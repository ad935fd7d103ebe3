//! The example `tour` as its users run it: the document that it prints, stores by configuration, and that it leaves
//! nothing behind.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

#[path = "support/programs.rs"]
mod programs;
#[path = "support/providers.rs"]
mod providers;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use futures::TryStreamExt as _;
use serde_json::{Map, Value, json};
use sharesync::{ItemRef, ListOptions, RemoteStoreExt as _, StoreConfig};
use sharesync_emulator::{Builder, Emulator, Fault, FaultKind};
use tempfile::TempDir;

const PROVIDERS: [&str; 5] = ["sharefile", "acronis", "filesanywhere", "cursor", "sharepoint"];
const OPERATIONS: [&str; 8] = ["list", "changes", "upload_spec", "download", "move", "copy", "share", "delete"];

/// An emulator, and a directory with files to take along and with the configuration of a store of each provider.
struct Scene {
    emulator: Emulator,
    directory: TempDir,
    bytes: u64,
}

impl Scene {
    async fn set(emulator: Builder, size: usize) -> Self {
        let (emulator, directory) = (emulator.start().await.unwrap(), tempfile::tempdir().unwrap());
        let configs = providers::configurations(&emulator, directory.path());
        let stores: Map<_, _> =
            configs.into_iter().map(|config| (config["provider"].as_str().unwrap().to_owned(), config)).collect();
        let file = toml::to_string(&json!({ "stores": stores })).unwrap();
        fs::write(directory.path().join("stores.toml"), file).unwrap();
        fs::create_dir_all(directory.path().join("files/inside")).unwrap();
        fs::write(directory.path().join("files/empty"), "").unwrap();
        fs::write(directory.path().join("files/text.txt"), "text").unwrap();
        fs::write(directory.path().join("files/inside/big"), vec![7; size]).unwrap();
        Self { emulator, directory, bytes: 4 + size as u64 }
    }

    /// Starts the program in the directory.
    fn tour(&self, arguments: &[&str]) -> Child {
        let mut command = Command::new(programs::tour());
        command.args(["files", "--json"]).args(arguments).current_dir(self.directory.path());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Starts the program with a configured store.
    fn tour_of(&self, store: &str) -> Child {
        self.tour(&["--config", "stores.toml", "--store", store])
    }

    /// The folders of tours that are on the store of a provider.
    async fn left(&self, provider: &str) -> Vec<String> {
        let configs = providers::configurations(&self.emulator, self.directory.path());
        let mut config = configs.into_iter().find(|config| config["provider"] == provider).unwrap();
        config.as_object_mut().unwrap().remove("snapshots");
        let store = serde_json::from_value::<StoreConfig>(config).unwrap().connect().await.unwrap();
        let items: Vec<_> = store.items(ItemRef::Root, ListOptions::new()).try_collect().await.unwrap();
        items.into_iter().map(|item| item.name).filter(|name| name.starts_with("sharesync-tour")).collect()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

/// Waits until the program ends, which must take no part of the runtime that serves it.
async fn ended(program: Child) -> Output {
    tokio::task::spawn_blocking(|| program.wait_with_output().unwrap()).await.unwrap()
}

/// The one JSON document that the program printed.
fn document(output: &Output) -> Value {
    let printed = String::from_utf8(output.stdout.clone()).unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(printed.lines().count(), 1, "{printed} {said}");
    serde_json::from_str(&printed).unwrap()
}

fn keys(object: &Value) -> BTreeSet<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_has_the_promised_shape() {
    let scene = Scene::set(Emulator::builder(), 300_000).await;
    let output = ended(scene.tour(&[])).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let document = document(&output);
    assert_eq!(keys(&document), BTreeSet::from(["source", "providers"]));
    assert_eq!(document["source"], json!({"files": 3, "bytes": scene.bytes}));
    let visited = document["providers"].as_array().unwrap();
    assert_eq!(visited.iter().map(|visited| visited["provider"].as_str().unwrap()).collect::<Vec<_>>(), PROVIDERS);
    for visited in visited {
        let fields = ["provider", "operations", "files", "bytes", "verified", "seconds"];
        assert_eq!(keys(visited), BTreeSet::from(fields), "{visited}");
        assert_eq!(keys(&visited["operations"]), BTreeSet::from(OPERATIONS), "{visited}");
        for state in visited["operations"].as_object().unwrap().values() {
            assert!(["native", "emulated", "unsupported"].contains(&state.as_str().unwrap()), "{visited}");
        }
        let counted = [&visited["files"], &visited["bytes"], &visited["verified"]];
        assert_eq!(counted, [&json!(3), &json!(scene.bytes), &json!(3)], "{visited}");
        assert!(visited["seconds"].as_f64().unwrap() > 0.0, "{visited}");
    }
    assert_eq!(visited[0]["operations"]["copy"], "emulated");
    assert_eq!(visited[0]["operations"]["upload_spec"], "native");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_provider_is_reached_by_configuration() {
    let scene = Scene::set(Emulator::builder(), 300_000).await;
    for provider in PROVIDERS {
        let output = ended(scene.tour_of(provider)).await;
        assert!(output.status.success(), "{provider}: {}", String::from_utf8_lossy(&output.stderr));
        let document = document(&output);
        assert_eq!(document["providers"].as_array().unwrap().len(), 1);
        let visited = &document["providers"][0];
        assert_eq!((&visited["provider"], &visited["verified"]), (&json!(provider), &json!(3)));
        assert_eq!(scene.left(provider).await, Vec::<String>::new(), "{provider}");
    }
    let wrong = ended(scene.tour_of("elsewhere")).await;
    let said = String::from_utf8(wrong.stderr).unwrap();
    assert!(!wrong.status.success() && said.contains("elsewhere") && said.contains("sharefile"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_told_and_leaves_nothing_behind() {
    let corrupt = Fault::new(FaultKind::Corrupt { at: 0 }).path("/storage/download");
    let scene = Scene::set(Emulator::builder().fault(corrupt), 300_000).await;
    let output = ended(scene.tour_of("sharefile")).await;
    let visited = document(&output)["providers"][0].clone();
    assert!(!output.status.success(), "{visited}");
    assert_eq!(visited["operations"]["download"], "failed", "{visited}");
    assert_eq!(visited["operations"]["delete"], "native", "{visited}");
    assert!(visited["verified"].as_u64().unwrap() < 3, "{visited}");
    assert!(String::from_utf8(output.stderr).unwrap().contains("failed: sharefile, download: "));
    assert_eq!(scene.left("sharefile").await, Vec::<String>::new());
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_ends_the_tour_and_leaves_nothing_behind() {
    let scene = Scene::set(Emulator::builder().throttle(4 << 20), 40 << 20).await;
    let mut program = scene.tour_of("sharefile");
    while scene.emulator.requests().matching("/storage/upload").is_empty() {
        assert_eq!(program.try_wait().unwrap(), None, "it ended before it was to be ended");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(scene.left("sharefile").await.len(), 1, "it works in a folder of its own");
    assert!(Command::new("kill").args(["-INT", &program.id().to_string()]).status().unwrap().success());
    let output = ended(program).await;
    let visited = document(&output)["providers"][0].clone();
    assert_eq!(output.status.code(), Some(1), "{visited}");
    assert_eq!(visited["operations"]["upload_spec"], "failed", "{visited}");
    assert_eq!(visited["operations"]["delete"], "native", "{visited}");
    assert!(String::from_utf8(output.stderr).unwrap().contains("interrupted"));
    assert_eq!(scene.left("sharefile").await, Vec::<String>::new());
    assert!(scene.file("files/inside/big").exists(), "the source is untouched");
}
