//! Transfers of the example `mirror` that are ended half-way, by a kill or by Ctrl-C, and continued by a new process. The
//! emulator's record of requests tells what was sent again.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

#[path = "support/programs.rs"]
mod programs;

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use sharesync_emulator::{Emulator, RequestRecord};
use tempfile::TempDir;

/// Twelve parts of the size that the store chooses, and a last one that is shorter.
const SIZE: usize = 12 * PART + 12_345;
const PART: usize = 8 << 20;
const PARALLEL: usize = 2;
/// What the systems on both sides may hold of a download that nobody has written to a file.
const BUFFERED: usize = 16 << 20;
/// Slow enough for an end half-way to fall half-way.
const BYTES_PER_SECOND: u64 = 64 << 20;

/// An emulator, and a directory with the configuration that leads to it and the content to transfer.
struct Scene {
    emulator: Emulator,
    directory: TempDir,
    content: Vec<u8>,
}

impl Scene {
    async fn set() -> Self {
        let emulator = Emulator::builder().throttle(BYTES_PER_SECOND).start().await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let account = emulator.sharefile();
        let config = format!(
            "[stores.emulated]\nprovider = \"sharefile\"\nendpoint = {:?}\nclient_id = {:?}\nclient_secret = {:?}\n\
             username = {:?}\npassword = {:?}\n",
            account.endpoint(),
            account.client_id(),
            account.client_secret(),
            account.username(),
            account.password(),
        );
        fs::write(directory.path().join("stores.toml"), config).unwrap();
        let mut content = vec![0; SIZE];
        fastrand::Rng::with_seed(7).fill(&mut content);
        Self { emulator, directory, content }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Starts the program in the directory.
    fn mirror(&self, arguments: &[&str]) -> Child {
        let mut command = Command::new(programs::mirror());
        command.args(["--config", "stores.toml", "--store", "emulated", "--parallel", &PARALLEL.to_string()]);
        command.args(arguments).current_dir(self.directory.path());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// The requests that carried parts of an upload.
    fn parts(&self) -> Vec<RequestRecord> {
        let records = self.emulator.requests().matching("/storage/upload");
        records.into_iter().filter(|record| record.query.contains("index=")).collect()
    }

    /// The bytes that were sent as content of a file.
    fn downloaded(&self) -> usize {
        let records = self.emulator.requests().matching("/storage/download");
        records.iter().map(|record| usize::try_from(record.response_bytes).unwrap()).sum()
    }

    /// The file `name` on the drive.
    fn on_drive(&self, name: &str) -> Option<Vec<u8>> {
        let (drive, home) = (self.emulator.drive(), self.emulator.sharefile().user().home);
        drive.child(home, name).map(|file| drive.read(file.item.id).unwrap())
    }
}

/// Waits until the program ends, which must take no part of the runtime that serves it.
async fn ended(program: Child) -> Output {
    tokio::task::spawn_blocking(|| program.wait_with_output().unwrap()).await.unwrap()
}

async fn succeeded(program: Child) {
    let output = ended(program).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Waits until something has come about. A program that ends before is a failure.
async fn reached(program: &mut Child, what: impl Fn() -> bool) {
    while !what() {
        assert_eq!(program.try_wait().unwrap(), None, "it ended before it was to be ended");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// How a program is ended half-way.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Killed,
    #[cfg(unix)]
    Interrupted,
}

impl End {
    async fn strike(self, mut program: Child) -> Output {
        match self {
            Self::Killed => program.kill().unwrap(),
            #[cfg(unix)]
            Self::Interrupted => {
                let sent = Command::new("kill").args(["-INT", &program.id().to_string()]).status().unwrap();
                assert!(sent.success());
            }
        }
        ended(program).await
    }
}

async fn upload_continues_after(end: End) {
    let scene = Scene::set().await;
    fs::write(scene.path("content"), &scene.content).unwrap();
    let upload = ["up", "content", "/content", "--journal", "journal"];

    let mut first = scene.mirror(&upload);
    let arrived = || scene.parts().iter().filter(|part| part.status == Some(200)).count();
    reached(&mut first, || arrived() >= SIZE.div_ceil(PART) / 2).await;
    let ended = end.strike(first).await;
    assert!(!ended.status.success());
    #[cfg(unix)]
    if end == End::Interrupted {
        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(said.contains("journal holds what continues this upload"), "{said}");
    }
    assert!(scene.path("journal").exists() && scene.on_drive("content").is_none());

    succeeded(scene.mirror(&upload)).await;
    assert!(scene.on_drive("content").unwrap() == scene.content, "the content differs");
    assert!(!scene.path("journal").exists(), "the journal of a complete upload stays");
    let received: usize = scene.parts().iter().map(|part| usize::try_from(part.request_bytes).unwrap()).sum();
    let most = SIZE + PARALLEL * PART;
    assert!((SIZE..=most).contains(&received), "{received} bytes were sent of {SIZE}; at most {most} are allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_upload_is_continued_by_a_new_process() {
    upload_continues_after(End::Killed).await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_upload_says_how_to_continue_it() {
    upload_continues_after(End::Interrupted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_download_is_continued_by_a_new_process() {
    let scene = Scene::set().await;
    let (drive, user) = (scene.emulator.drive(), scene.emulator.sharefile().user());
    drive.put_bytes(user.id, user.home, "content", scene.content.clone()).unwrap();
    let download = ["down", "/content", "content"];

    let mut first = scene.mirror(&download);
    reached(&mut first, || scene.downloaded() >= SIZE / 2).await;
    assert!(!End::Killed.strike(first).await.status.success());
    assert!(!scene.path("content").exists(), "a part of the content is taken for the content");

    succeeded(scene.mirror(&download)).await;
    assert!(fs::read(scene.path("content")).unwrap() == scene.content, "the content differs");
    let left = fs::read_dir(scene.directory.path()).unwrap().count();
    assert_eq!(left, 2, "only the configuration and the content are to be there");
    let (sent, most) = (scene.downloaded(), SIZE + BUFFERED);
    assert!((SIZE..=most).contains(&sent), "{sent} bytes were sent of {SIZE}; at most {most} are allowed");
}
