//! Sources: what they read, where they end, and when they say that they have changed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

mod transfer_support;

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream;
use sharesync_core::transfer::{BytesSource, FileSource, Part, Source, SourceWindow, SpoolSource};
use sharesync_core::{Digest, DigestAlgorithm, Error, ErrorKind};
use transfer_support::content;

async fn read_all(source: &dyn Source) -> Bytes {
    let mut all = Vec::new();
    loop {
        let piece = source.read_at(all.len() as u64, 70_001).await.unwrap();
        if piece.is_empty() {
            return all.into();
        }
        assert!(piece.len() <= 70_001);
        all.extend_from_slice(&piece);
    }
}

async fn spool(bytes: &Bytes, piece: usize, limit: u64) -> sharesync_core::Result<SpoolSource> {
    let pieces: Vec<_> = bytes.chunks(piece).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    SpoolSource::from_stream(stream::iter(pieces), limit).await
}

#[cfg(unix)]
#[tokio::test]
async fn a_pipe_is_refused_and_not_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let pipe = directory.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let opened = tokio::time::timeout(std::time::Duration::from_secs(20), FileSource::open(&pipe)).await;
    let error = opened.expect("it waits for a writer").unwrap_err();
    assert!(error.kind() == ErrorKind::Io && error.to_string().contains("not a regular file"), "{error}");
}

#[tokio::test]
async fn every_source_reads_the_same_bytes_at_any_offset() {
    for size in [0, 1, 1000, 1024 * 1024, 1024 * 1024 + 1, 3_333_333] {
        let bytes = content(size);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::fs::write(&path, &bytes).unwrap();
        let around = Bytes::from([b"before".as_slice(), &bytes, b"after"].concat());
        let sources: [Arc<dyn Source>; 5] = [
            Arc::new(BytesSource::new(bytes.clone())),
            Arc::new(FileSource::open(&path).await.unwrap()),
            Arc::new(SourceWindow::new(Arc::new(BytesSource::new(around)), 6, size as u64)),
            Arc::new(spool(&bytes, 100_000, u64::MAX).await.unwrap()),
            Arc::new(SpoolSource::from_reader(io::Cursor::new(bytes.clone()), u64::MAX).await.unwrap()),
        ];
        for source in sources {
            assert_eq!(source.size(), size as u64, "{source:?}");
            assert_eq!(read_all(&*source).await, bytes);
            assert_eq!(read_all(&*source).await, bytes, "once more");
            let middle = (size / 2) as u64;
            let piece = source.read_at(middle, 10).await.unwrap();
            assert_eq!(piece, bytes.slice(size / 2..(size / 2 + 10).min(size)));
            for beyond in [size as u64, size as u64 + 5] {
                assert_eq!(source.read_at(beyond, 10).await.unwrap(), Bytes::new(), "{source:?} {beyond}");
            }
            source.check_end().await.unwrap();
            let part = Part::new(0, 0, source);
            let digest = part.digest(DigestAlgorithm::Sha256).await.unwrap();
            assert_eq!(digest, Digest::of(DigestAlgorithm::Sha256, &bytes));
        }
    }
}

#[tokio::test]
async fn reading_bytes_copies_nothing() {
    let bytes = content(1000);
    let source = BytesSource::new(bytes.clone());
    let piece = source.read_at(100, 100).await.unwrap();
    assert_eq!(piece.as_ptr(), bytes[100..].as_ptr());
}

#[tokio::test]
async fn a_spooled_stream_has_a_limit_and_hands_errors_on() {
    for size in [2000, 2 * 1024 * 1024] {
        let bytes = content(size);
        assert!(spool(&bytes, 999, size as u64).await.is_ok());
        assert_eq!(spool(&bytes, 999, size as u64 - 1).await.unwrap_err().kind(), ErrorKind::TooLarge);
    }
    let own = Error::new(ErrorKind::Stalled, "inside");
    for (error, kind) in [(io::Error::other("disk"), ErrorKind::Io), (io::Error::from(own), ErrorKind::Stalled)] {
        let error = SpoolSource::from_stream(stream::iter([Err(error)]), 10).await.unwrap_err();
        assert_eq!(error.kind(), kind);
    }
}

#[tokio::test]
async fn files_say_when_they_changed_and_directories_are_no_files() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    let write = |bytes: &[u8], age: u64| {
        std::fs::write(&path, bytes).unwrap();
        let time = std::time::SystemTime::now() - std::time::Duration::from_secs(age);
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    };
    for (after, changed) in [("12345", true), ("123", true), ("abcd", true), ("1234", true)] {
        write(b"1234", 100);
        let source = FileSource::open(&path).await.unwrap();
        source.check_end().await.unwrap();
        write(after.as_bytes(), 50);
        let kind = source.check_end().await.err().map(|error| error.kind());
        assert_eq!(kind == Some(ErrorKind::SourceChanged), changed, "{after}");
    }
    write(b"1234", 100);
    let source = FileSource::open(&path).await.unwrap();
    write(b"1234567", 100);
    assert_eq!(source.read_at(4, 100).await.unwrap(), "5", "one byte more is enough to see that it has grown");

    assert_eq!(FileSource::open(directory.path()).await.unwrap_err().kind(), ErrorKind::Io);
    assert_eq!(FileSource::open(directory.path().join("none")).await.unwrap_err().kind(), ErrorKind::Io);
}

#[cfg(target_os = "linux")]
#[cfg(unix)]
#[tokio::test]
async fn content_changed_in_place_is_noticed_although_its_time_was_put_back() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("file");
    std::fs::write(&path, "before").unwrap();
    let source = FileSource::open(path.clone()).await.unwrap();
    source.check_end().await.unwrap();
    let time = path.metadata().unwrap().modified().unwrap();
    // The clock of file systems has ticks.
    std::thread::sleep(std::time::Duration::from_millis(20));
    std::fs::write(&path, "after!").unwrap();
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    assert_eq!(path.metadata().unwrap().modified().unwrap(), time);
    assert_eq!(source.check_end().await.unwrap_err().kind(), ErrorKind::SourceChanged);
}

#[tokio::test]
async fn a_spooled_file_is_in_no_directory() {
    let source = spool(&content(5_000_000), 65_536, u64::MAX).await.unwrap();
    let unlinked =
        std::fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| std::fs::metadata(entry.unwrap().path()).ok());
    let mine = unlinked.filter(|file| file.is_file() && file.len() == 5_000_000);
    assert_eq!(mine.map(|file| std::os::unix::fs::MetadataExt::nlink(&file)).collect::<Vec<_>>(), [0]);
    drop(source);
}
