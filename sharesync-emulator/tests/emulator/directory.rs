//! Drives in directories, and the program: what was acknowledged is there after a restart, a kill, and a torn journal.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use reqwest::Method;
use serde_json::{Value, json};
use sharesync_emulator::drive::{Drive, Entry, ItemId};
use sharesync_emulator::{Builder, Emulator};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::common::{Client, text};

fn in_directory(path: &Path) -> Builder {
    Emulator::builder().directory(path)
}

/// Everything that the drive shows, in a form that can be compared.
fn all(drive: &Drive) -> Vec<String> {
    let mut found = Vec::new();
    let mut todo = vec![drive.root()];
    while let Some(id) = todo.pop() {
        let entry = drive.item(id).expect("an item");
        found.push(line(drive, &entry));
        let children: Vec<ItemId> = drive.children(id, 0, None).entries.iter().map(|child| child.item.id).collect();
        let deleted = drive.deleted_children(id);
        todo.extend(children.into_iter().chain(deleted.iter().map(|child| child.item.id)));
    }
    found.sort();
    found
}

fn line(drive: &Drive, entry: &Entry) -> String {
    let content = entry.item.is_file().then(|| drive.read(entry.item.id).expect("content"));
    format!("{} {:?} {:?} {content:?}", entry.path(), entry.item, entry.totals)
}

#[tokio::test]
async fn a_restart_changes_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let client = Client::with(in_directory(directory.path())).await;
    let folder = client.folder("home", "folder").await;
    let file = client.file(&folder, "f.txt", "one").await;
    let newer = client.file(&folder, "f.txt", "two").await;
    let copied = client.folder("home", "copied").await;
    client.json(Method::POST, &format!("Items({folder})/Copy?targetid={copied}"), None).await;
    client.patch(&format!("Items({})", text(&newer, "id")), json!({"Name": "g.txt", "Description": "d"})).await;
    let gone = client.file("home", "deleted", "x").await;
    client.status(Method::DELETE, &format!("Items({})", text(&gone, "id")), None).await;
    let purged = client.file("home", "purged", "y").await;
    client.status(Method::POST, "Items(home)/BulkDelete?deletePermanently=true", Some(json!([purged["id"]]))).await;
    let share = client.post("Shares", json!({"ShareType": "Send", "Items": [{"Id": newer["id"]}]})).await;
    let before = all(client.emulator.drive());
    let changes = client.emulator.drive().last_change();
    client.emulator.shutdown().await;

    let client = Client::with(in_directory(directory.path())).await;
    assert_eq!(all(client.emulator.drive()), before);
    assert_eq!(client.emulator.drive().last_change(), changes);
    assert_eq!(client.read(text(&file, "id")).await, b"one");
    let stream = client.get(&format!("Items({})/Stream", text(&file, "streamid"))).await;
    assert_eq!(stream["odata.count"], 2);
    assert_eq!(client.get(&format!("Shares({})", text(&share, "Id"))).await["Items"][0]["Id"], newer["id"]);
    let next = client.file("home", "next", "z").await;
    assert_eq!(client.read(text(&next, "id")).await, b"z");
}

#[tokio::test]
async fn a_torn_last_line_is_dropped_and_a_torn_middle_is_an_error() {
    let directory = tempfile::tempdir().expect("a directory");
    let client = Client::with(in_directory(directory.path())).await;
    client.file("home", "kept", "kept").await;
    let before = all(client.emulator.drive());
    client.emulator.shutdown().await;
    let path = directory.path().join("journal.jsonl");
    let mut journal = std::fs::OpenOptions::new().append(true).open(&path).expect("the journal");
    journal.write_all(br#"{"items":[{"id":99,"parent":1,"na"#).expect("written");
    drop(journal);

    let client = Client::with(in_directory(directory.path())).await;
    assert_eq!(all(client.emulator.drive()), before);
    client.file("home", "after", "after").await;
    client.emulator.shutdown().await;
    let client = Client::with(in_directory(directory.path())).await;
    assert_eq!(client.names("Items(home)/Children").await, ["after", "kept"]);
    client.emulator.shutdown().await;

    let mut damaged = std::fs::read(&path).expect("the journal");
    damaged[10] = b'\n';
    std::fs::write(&path, damaged).expect("written");
    let error = in_directory(directory.path()).start().await.expect_err("a damaged journal");
    assert!(error.to_string().contains("line 1"), "{error}");
}

#[tokio::test]
async fn parts_that_nothing_refers_to_are_swept() {
    let directory = tempfile::tempdir().expect("a directory");
    let client = Client::with(in_directory(directory.path())).await;
    client.file("home", "kept", "kept").await;
    let body = json!({"Method": "threaded", "Raw": true, "FileName": "half", "FileSize": 8});
    let spec = client.post("Items(home)/Upload2", body).await;
    client.storage(&format!("{}&index=0&byteOffset=0", text(&spec, "ChunkUri")), "half").await;
    assert_eq!(parts(directory.path()), 2);
    // As after a crash: what the upload holds is forgotten without being cleaned up.
    client.emulator.drive().settled().await.expect("written");
    let copy = tempfile::tempdir().expect("a directory");
    copy_tree(directory.path(), copy.path());
    let client = Client::with(in_directory(copy.path())).await;
    assert_eq!(parts(copy.path()), 1);
    assert_eq!(client.names("Items(home)/Children").await, ["kept"]);
}

#[tokio::test]
async fn one_directory_takes_one_server() {
    let directory = tempfile::tempdir().expect("a directory");
    let first = in_directory(directory.path()).start().await.expect("it starts");
    assert!(in_directory(directory.path()).start().await.is_err());
    first.shutdown().await;
}

#[tokio::test]
async fn others_are_kept_out_unless_they_are_let_in() {
    let everywhere = "0.0.0.0:0".parse().expect("an address");
    assert!(Emulator::builder().listen(everywhere).start().await.is_err());
    assert!(Emulator::builder().listen(everywhere).allow_remote(true).start().await.is_ok());
}

/// The program, and what it said when it was ready.
async fn program(arguments: &[&str]) -> (Child, Value) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sharesync-emulator"))
        .args(arguments)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let line = lines.next_line().await.expect("a line").expect("a line");
    (child, serde_json::from_str(&line).expect("JSON"))
}

#[tokio::test]
async fn the_program_loses_nothing_when_it_is_killed() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().to_str().expect("a path");
    let http = reqwest::Client::new();
    let (mut child, ready) = program(&["--listen", "127.0.0.1:0", "--directory", path]).await;
    let account = &ready["providers"]["sharefile"];
    assert_eq!(ready["listening"], account["endpoint"]);
    for name in ["username", "password", "client_id", "client_secret", "refresh_token"] {
        assert!(!text(account, name).is_empty());
    }
    let endpoint = text(account, "endpoint");
    let mut acknowledged = Vec::new();
    for number in 0..30 {
        let name = format!("folder {number}");
        let request = http.post(format!("{endpoint}/sf/v3/Items(home)/Folder")).bearer_auth(text(account, "token"));
        let answer = request.json(&json!({"Name": name})).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        acknowledged.push(name);
    }
    child.kill().await.expect("killed");

    let (mut child, ready) = program(&["--directory", path, "--max-page", "7"]).await;
    let account = &ready["providers"]["sharefile"];
    let request = http.get(format!("{}/sf/v3/Items(home)/Children", text(account, "endpoint")));
    let feed: Value =
        request.bearer_auth(text(account, "token")).send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!((feed["odata.count"].as_u64(), feed["value"].as_array().map(Vec::len)), (Some(30), Some(7)));
    child.kill().await.expect("killed");
    let drive = Drive::in_directory(directory.path()).expect("the drive");
    let home = drive.users()[0].home;
    assert!(acknowledged.iter().all(|name| drive.child(home, name).is_some()));
}

#[tokio::test]
async fn the_program_says_what_it_does_not_understand() {
    for arguments in [vec!["--faults", "nonsense"], vec!["--listen", "0.0.0.0:0"], vec!["--username", "a"]] {
        let output =
            Command::new(env!("CARGO_BIN_EXE_sharesync-emulator")).args(&arguments).output().await.expect("it ran");
        assert!(!output.status.success() && !output.stderr.is_empty(), "{arguments:?}");
    }
}

fn parts(directory: &Path) -> usize {
    let folders = std::fs::read_dir(directory.join("parts")).expect("the parts");
    folders.map(|folder| std::fs::read_dir(folder.expect("a folder").path()).expect("a folder").count()).sum()
}

fn copy_tree(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            std::fs::create_dir_all(&target).expect("made");
            copy_tree(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("copied");
        }
    }
}
