//! Foreign clients against the emulator program: they judge what the emulator speaks, and show what the SDK has to agree with.
//! These tests need the packages `rclone` and `curl`, and a Python with zeep and the Office365 REST client, and fail without
//! them.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

#[path = "support/programs.rs"]
mod programs;
#[path = "interop/rclone.rs"]
mod rclone;
#[path = "interop/sharepoint.rs"]
mod sharepoint;
#[path = "interop/tree.rs"]
mod tree;
#[path = "interop/zeep.rs"]
mod zeep;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use futures::TryStreamExt as _;
use programs::EmulatorProgram;
use rclone::Rclone;
use sharesync::{CreateFolderOptions, ItemRef, RemoteStore, RemoteStoreExt as _, StoreConfig, TreeOptions};
use tempfile::TempDir;

/// A directory with the tree, and an empty one beside it.
struct Local {
    directory: TempDir,
}

impl Local {
    fn with_tree() -> Self {
        let local = Self { directory: tempfile::tempdir().unwrap() };
        fs::create_dir(local.path("tree")).unwrap();
        tree::create(&local.path("tree"));
        local
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

#[test]
fn a_tree_goes_up_and_comes_back_the_same() {
    let (local, emulator) = (Local::with_tree(), EmulatorProgram::start(&[]));
    there_and_back(&local, &emulator);
}

#[test]
fn a_drive_in_a_directory_keeps_the_tree_when_it_is_killed() {
    let (local, drive) = (Local::with_tree(), tempfile::tempdir().unwrap());
    let in_directory = ["--directory", drive.path().to_str().unwrap()];
    let emulator = EmulatorProgram::start(&in_directory);
    there_and_back(&local, &emulator);
    drop(emulator);
    let emulator = EmulatorProgram::start(&in_directory);
    Rclone::new(&emulator).run(&[&"check", &"--download", &local.path("tree"), &"sf:tree"]);
}

/// Copies the tree up, compares it, finds nothing more to copy, and copies it back.
fn there_and_back(local: &Local, emulator: &EmulatorProgram) {
    let (rclone, tree, back) = (Rclone::new(emulator), local.path("tree"), local.path("back"));
    rclone.run(&[&"copy", &"--create-empty-src-dirs", &tree, &"sf:tree"]);
    let files = tree::read(&tree).into_values().filter(|entry| matches!(entry, tree::Entry::File { .. })).count();
    assert!(files >= 500, "the tree has {files} files only");
    let chunks = emulator.requests("upload-threaded").into_iter().filter(is_chunk).count();
    assert!(chunks > 1, "the large file went up in {chunks} chunks");

    rclone.run(&[&"check", &"--download", &tree, &"sf:tree"]);
    emulator.forget_requests();
    rclone.run(&[&"copy", &"--create-empty-src-dirs", &tree, &"sf:tree"]);
    assert_nothing_sent(emulator);

    rclone.run(&[&"copy", &"--create-empty-src-dirs", &"sf:tree", &back]);
    tree::assert_same(&tree, &back);
}

/// Sizes, digests and times agree, so that there was no content to send.
fn assert_nothing_sent(emulator: &EmulatorProgram) {
    let sent = emulator.requests("/storage/");
    assert!(sent.is_empty(), "{sent:#?}");
}

fn is_chunk(request: &serde_json::Value) -> bool {
    request["query"].as_str().is_some_and(|query| query.contains("index="))
}

#[test]
fn files_and_folders_are_moved_copied_and_deleted() {
    let (local, emulator) = (Local::with_tree(), EmulatorProgram::start(&[]));
    let (rclone, tree, back) = (Rclone::new(&emulator), local.path("tree"), local.path("back"));
    rclone.run(&[&"copy", &"--create-empty-src-dirs", &tree, &"sf:tree"]);

    // The same with rclone there and with the file system here.
    let remote = |path: &str| format!("sf:tree/{path}");
    let moves = [
        ("number #1/100%.4", "number #1/renamed + 100%.4"),
        ("it's/R&D.8", "plain/moved & renamed #8"),
        ("Отчёт за май/年度報告書.15", "年度報告書/Отчёт за май.16"),
        ("R&D/deeper", "two words/deeper still"),
        ("large file.bin", "100%/large.bin"),
    ];
    for (from, to) in moves {
        rclone.run(&[&"moveto", &remote(from), &remote(to)]);
        fs::rename(tree.join(from), tree.join(to)).unwrap();
    }
    let copies = [
        ("a+b/it's.7", "a+b/it's a copy"),
        ("a+b/a+b.6", "a+b/deeper/a+b.6"),
        ("plain/plain.0", "new folder/copied %41.0"),
        ("100%/large.bin", "large.bin"),
    ];
    for (from, to) in copies {
        rclone.run(&[&"copyto", &remote(from), &remote(to)]);
        fs::create_dir_all(tree.join(to).parent().unwrap()).unwrap();
        fs::copy(tree.join(from), tree.join(to)).unwrap();
        let modified = fs::metadata(tree.join(from)).unwrap().modified().unwrap();
        fs::File::options().append(true).open(tree.join(to)).unwrap().set_modified(modified).unwrap();
    }
    for path in ["Ünïcödé/two words.1", "100%/large.bin", "📁 emoji 🎉/deeper/and deeper/file 1.bin"] {
        rclone.run(&[&"deletefile", &remote(path)]);
        fs::remove_file(tree.join(path)).unwrap();
    }
    for path in ["many.dots.in.it", "it's/empty #1 & more"] {
        rclone.run(&[&"purge", &remote(path)]);
        fs::remove_dir_all(tree.join(path)).unwrap();
    }
    rclone.run(&[&"check", &"--download", &tree, &"sf:tree"]);
    rclone.run(&[&"copy", &"--create-empty-src-dirs", &"sf:tree", &back]);
    tree::assert_same(&tree, &back);

    rclone.run(&[&"purge", &"sf:tree"]);
    assert_eq!(rclone.run(&[&"lsf", &"sf:"]), "", "something is left");
}

#[tokio::test]
async fn the_sdk_reads_what_rclone_has_uploaded() {
    let (local, emulator) = (Local::with_tree(), EmulatorProgram::start(&[]));
    let (rclone, tree, back) = (Rclone::new(&emulator), local.path("tree"), local.path("back"));
    rclone.run(&[&"copy", &"--create-empty-src-dirs", &tree, &"sf:tree"]);

    let store = connect(&emulator).await;
    let folder = store.resolve(&"/tree".parse().unwrap()).await.unwrap();
    fs::create_dir(&back).unwrap();
    let options = TreeOptions::new().with_durable(false);
    store.download_dir(&folder, &back, options).try_for_each(|_| async { Ok(()) }).await.unwrap();
    tree::assert_same(&tree, &back);
}

#[tokio::test]
async fn rclone_reads_what_the_sdk_has_uploaded() {
    let (local, emulator) = (Local::with_tree(), EmulatorProgram::start(&[]));
    let (rclone, tree, back) = (Rclone::new(&emulator), local.path("tree"), local.path("back"));

    let store = connect(&emulator).await;
    let folder = store.create_folder(&ItemRef::Root, "tree", CreateFolderOptions::new()).await.unwrap();
    let uploaded = store.upload_dir(&tree, &folder, TreeOptions::new());
    uploaded.try_for_each(|_| async { Ok(()) }).await.unwrap();

    rclone.run(&[&"check", &"--download", &tree, &"sf:tree"]);
    emulator.forget_requests();
    rclone.run(&[&"copy", &"--create-empty-src-dirs", &tree, &"sf:tree"]);
    assert_nothing_sent(&emulator);
    rclone.run(&[&"copy", &"--create-empty-src-dirs", &"sf:tree", &back]);
    tree::assert_same(&tree, &back);
}

/// What zeep reads from the WSDL is what is served, and both versions of SOAP say the same.
#[test]
fn zeep_drives_both_versions_of_soap() {
    for version in ["11", "12"] {
        let emulator = EmulatorProgram::start(&[]);
        let seen = zeep::drive(&emulator, version);
        assert_eq!(seen["names"], serde_json::json!(["packed.bin", "whole.bin", "Zeiten ü.bin"]), "{seen}");
        let changed = serde_json::json!([["Zeiten ü.bin", 300_017], ["packed.bin", 300_017], ["whole.bin", 8]]);
        assert_eq!(seen["changed"], changed, "{seen}");
        let folders = seen["folders"].as_array().unwrap();
        assert!(
            folders.len() == 1 && folders[0].as_str().unwrap().ends_with(&format!("\\zeep & sons {version}")),
            "{seen}"
        );
        assert!(seen["fault"].as_str().unwrap().starts_with("Server was unable to process request."), "{seen}");
        assert_ne!(seen["refused"], "", "{seen}");
    }
}

async fn connect(emulator: &EmulatorProgram) -> Arc<dyn RemoteStore> {
    let account = emulator.provider("sharefile");
    let mut config = serde_json::json!({"provider": "sharefile"});
    for name in ["endpoint", "client_id", "client_secret", "username", "password"] {
        config[name] = account[name].clone();
    }
    serde_json::from_value::<StoreConfig>(config).unwrap().connect().await.unwrap()
}
