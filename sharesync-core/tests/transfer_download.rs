//! The self-resuming download against readers that break, lie and change their mind.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

mod transfer_support;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use proptest::prelude::*;
use sharesync_core::transfer::{CancelToken, Content, ContentReader, Download, DownloadOptions, Progress};
use sharesync_core::{DigestAlgorithm, Error, ErrorKind, Item, ItemKind, Result, Revision};
use transfer_support::{content, md5};

/// How one body ends.
#[derive(Debug, Clone, Copy)]
enum End {
    /// As it should.
    Whole,
    /// With this error after so many bytes.
    Break(usize, ErrorKind),
    /// Without an error after so many bytes.
    Short(usize),
    /// With so many bytes too many.
    Long(usize),
}

/// Opens bodies that end as scripted; when the script is over, as they should.
#[derive(Debug)]
struct Reader {
    bytes: Bytes,
    script: Mutex<VecDeque<End>>,
    ranges: bool,
    tells_total: bool,
    /// The revision of each body in turn; the last one stays.
    revisions: Mutex<Vec<&'static str>>,
    opened: Mutex<Vec<(u64, Option<u64>)>>,
}

impl Reader {
    fn new(bytes: &Bytes, script: &[End]) -> Self {
        Self {
            bytes: bytes.clone(),
            script: Mutex::new(script.iter().copied().collect()),
            ranges: true,
            tells_total: true,
            revisions: Mutex::new(vec!["a"]),
            opened: Mutex::default(),
        }
    }

    fn opened(&self) -> Vec<(u64, Option<u64>)> {
        self.opened.lock().unwrap().clone()
    }
}

#[async_trait]
impl ContentReader for Reader {
    async fn open(&self, offset: u64, length: Option<u64>) -> Result<Content> {
        self.opened.lock().unwrap().push((offset, length));
        let total = self.bytes.len();
        let (start, end) = if self.ranges {
            (offset as usize, length.map_or(total, |length| (offset + length) as usize))
        } else {
            (0, total)
        };
        let mut body = self.bytes.slice(start..end).to_vec();
        let mut error = None;
        match self.script.lock().unwrap().pop_front().unwrap_or(End::Whole) {
            End::Whole => {}
            End::Break(after, kind) => {
                body.truncate(after);
                error = Some(Err(Error::new(kind, "scripted")));
            }
            End::Short(after) => body.truncate(after),
            End::Long(more) => body.extend(vec![0; more]),
        }
        let mut pieces: Vec<Result<Bytes>> = body.chunks(1000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        pieces.push(Ok(Bytes::new()));
        pieces.extend(error);
        let mut revisions = self.revisions.lock().unwrap();
        let revision = if revisions.len() > 1 { revisions.remove(0) } else { revisions[0] };
        Ok(Content::new(start as u64, stream::iter(pieces).boxed())
            .with_total(self.tells_total.then_some(total as u64))
            .with_revision((!revision.is_empty()).then(|| revision.to_owned())))
    }
}

fn item(bytes: &Bytes) -> Item {
    let mut item = Item::new("1", "a.bin", ItemKind::File);
    item.size = Some(bytes.len() as u64);
    item.digests = vec![md5(bytes)];
    item.revision = Some(Revision::new("r1"));
    item
}

async fn get(reader: &Arc<Reader>, options: DownloadOptions) -> Result<Bytes> {
    let item = item(&reader.bytes);
    Download::open(item, reader.clone(), options).await?.bytes(usize::MAX).await
}

const KINDS: [ErrorKind; 4] = [ErrorKind::Network, ErrorKind::Stalled, ErrorKind::Timeout, ErrorKind::Unavailable];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn breaks_anywhere_lose_and_repeat_nothing(
        size in 0usize..20_000,
        breaks in prop::collection::vec((0usize..12_000, 0usize..5), 0..5),
        ranges: bool,
        tells_total: bool,
        cut in prop::option::of((0.0..1.0f64, 0.0..1.0f64)),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let bytes = content(size);
            let script: Vec<_> = breaks
                .iter()
                .map(|(after, how)| KINDS.get(*how).map_or(End::Short(*after), |kind| End::Break(*after, *kind)))
                .collect();
            let reader = Arc::new(Reader { ranges, tells_total, ..Reader::new(&bytes, &script) });
            let progress = Progress::new();
            let mut options = DownloadOptions::new().with_progress(progress.clone());
            let mut wanted = bytes.clone();
            if let Some((from, part)) = cut {
                let from = (from * size as f64) as usize;
                let length = (part * (size - from) as f64) as usize;
                options = options.with_offset(from as u64).with_length(length as u64);
                wanted = bytes.slice(from..from + length);
            }
            let download = Download::open(item(&bytes), reader.clone(), options).await.unwrap();
            assert_eq!(download.size(), Some(wanted.len() as u64));
            assert_eq!(download.bytes(usize::MAX).await.unwrap(), wanted);
            assert_eq!((progress.transferred(), progress.total()), (wanted.len() as u64, wanted.len() as u64));
            assert!(reader.opened().len() <= breaks.len() + 1);
        });
    }
}

#[tokio::test(start_paused = true)]
async fn a_resumed_download_asks_for_the_rest_alone() {
    let bytes = content(10_000);
    let reader = Arc::new(Reader::new(&bytes, &[End::Break(4_000, ErrorKind::Network)]));
    assert_eq!(get(&reader, DownloadOptions::new()).await.unwrap(), bytes);
    assert_eq!(reader.opened(), [(0, None), (4_000, None)]);

    let reader = Arc::new(Reader::new(&bytes, &[End::Break(1_000, ErrorKind::Network)]));
    let options = DownloadOptions::new().with_offset(2_000).with_length(5_000);
    assert_eq!(get(&reader, options).await.unwrap(), bytes.slice(2_000..7_000));
    assert_eq!(reader.opened(), [(2_000, Some(5_000)), (3_000, Some(4_000))]);
}

#[tokio::test(start_paused = true)]
async fn attempts_are_bounded_and_counted_anew_after_progress() {
    let bytes = content(1_000_000);
    let stuck = [End::Break(100, ErrorKind::Stalled); 20];
    let reader = Arc::new(Reader::new(&bytes, &stuck));
    let error = get(&reader, DownloadOptions::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Stalled, 6));
    assert_eq!(reader.opened().len(), 6);

    let advancing = [End::Break(70_000, ErrorKind::Network); 13];
    let reader = Arc::new(Reader::new(&bytes, &advancing));
    assert_eq!(get(&reader, DownloadOptions::new()).await.unwrap(), bytes);
    assert_eq!(reader.opened().len(), 14);

    let short = [End::Short(100); 20];
    let reader = Arc::new(Reader::new(&bytes, &short));
    let error = get(&reader, DownloadOptions::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
}

/// Serves parts of `part` bytes, whatever is asked for, and says so.
#[derive(Debug)]
struct Crumbs {
    bytes: Bytes,
    part: usize,
    says: bool,
}

#[async_trait]
impl ContentReader for Crumbs {
    async fn open(&self, offset: u64, _length: Option<u64>) -> Result<Content> {
        let start = offset as usize;
        let end = (start + self.part).min(self.bytes.len());
        let body = stream::iter([Ok(self.bytes.slice(start..end))]).boxed();
        let content = Content::new(offset, body).with_total(Some(self.bytes.len() as u64));
        Ok(if self.says { content.with_end(end as u64) } else { content })
    }
}

#[tokio::test(start_paused = true)]
async fn parts_that_are_shorter_than_asked_for_are_taken_as_they_come() {
    let bytes = content(100_000);
    let get = async |part, says| {
        let reader = Arc::new(Crumbs { bytes: bytes.clone(), part, says });
        Download::open(item(&bytes), reader, DownloadOptions::new()).await?.bytes(usize::MAX).await
    };
    for part in [150, 10_000, 99_999, 100_000] {
        assert_eq!(get(part, true).await.unwrap(), bytes, "{part}");
    }
    assert_eq!(get(10_000, false).await.unwrap_err().kind(), ErrorKind::Protocol, "a body cut short is broken");
    for part in [0, 1] {
        assert_eq!(get(part, true).await.unwrap_err().kind(), ErrorKind::Protocol, "{part}: no end in sight");
    }
}

#[tokio::test(start_paused = true)]
async fn errors_that_no_resumption_can_help_are_final() {
    let bytes = content(10_000);
    for kind in [ErrorKind::NotFound, ErrorKind::PermissionDenied, ErrorKind::Protocol, ErrorKind::Cancelled] {
        let reader = Arc::new(Reader::new(&bytes, &[End::Break(4_000, kind)]));
        assert_eq!(get(&reader, DownloadOptions::new()).await.unwrap_err().kind(), kind);
        assert_eq!(reader.opened().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn content_that_changes_in_between_is_refused() {
    let bytes = content(10_000);
    let broken = [End::Break(4_000, ErrorKind::Network)];
    for (revisions, expected) in [
        (vec!["a", "b"], Some(ErrorKind::PreconditionFailed)),
        (vec!["a", "a"], None),
        (vec!["", "b"], None),
        (vec!["a", ""], None),
    ] {
        let reader = Reader { revisions: Mutex::new(revisions.clone()), ..Reader::new(&bytes, &broken) };
        let got = get(&Arc::new(reader), DownloadOptions::new()).await;
        assert_eq!(got.as_ref().err().map(Error::kind), expected, "{revisions:?}");
    }
}

/// Content in whose place a page comes now and then: by the number of the request.
#[derive(Debug)]
struct Paged {
    bytes: Bytes,
    pages: Vec<usize>,
    breaks: Vec<usize>,
    opened: Mutex<usize>,
}

#[async_trait]
impl ContentReader for Paged {
    async fn open(&self, offset: u64, _length: Option<u64>) -> Result<Content> {
        let number = {
            let mut opened = self.opened.lock().unwrap();
            *opened += 1;
            *opened
        };
        if self.pages.contains(&number) {
            let page = Bytes::from_static(b"<html>sign in</html>");
            return Ok(Content::new(0, stream::iter([Ok(page)]).boxed()).with_total(Some(20)).with_end(20));
        }
        let mut rest = self.bytes.slice(offset as usize..);
        let mut pieces = Vec::new();
        if self.breaks.contains(&number) {
            rest.truncate(100);
            pieces.push(Err(Error::new(ErrorKind::Network, "scripted")));
        }
        pieces.insert(0, Ok(rest));
        Ok(Content::new(offset, stream::iter(pieces).boxed()).with_total(Some(self.bytes.len() as u64)))
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_in_the_place_of_the_content_is_looked_at_again() {
    let bytes = content(10_000);
    let get = async |pages: &[usize], breaks: &[usize]| {
        let reader =
            Paged { bytes: bytes.clone(), pages: pages.to_vec(), breaks: breaks.to_vec(), opened: Mutex::default() };
        Download::open(item(&bytes), Arc::new(reader), DownloadOptions::new()).await?.bytes(usize::MAX).await
    };
    for (pages, breaks) in [(&[1, 2][..], &[][..]), (&[2, 3], &[1]), (&[1, 3, 4], &[2])] {
        assert_eq!(get(pages, breaks).await.unwrap(), bytes, "{pages:?}");
    }
    assert_eq!(get(&[1, 2, 3], &[]).await.unwrap_err().kind(), ErrorKind::Integrity);
    assert_eq!(get(&[2, 3, 4], &[1]).await.unwrap_err().kind(), ErrorKind::PreconditionFailed);
}

#[tokio::test(start_paused = true)]
async fn length_and_digest_are_checked() {
    let bytes = content(10_000);
    let open = async |edit: fn(&mut Item), script: &[End], options: DownloadOptions, tells_total| {
        let mut item = item(&bytes);
        edit(&mut item);
        let reader = Arc::new(Reader { tells_total, ..Reader::new(&bytes, script) });
        Download::open(item, reader, options).await?.bytes(usize::MAX).await
    };
    let nothing: fn(&mut Item) = |_| {};
    let digest: fn(&mut Item) = |item| item.digests = vec![md5(b"other")];
    let size: fn(&mut Item) = |item| item.size = Some(9_999);
    let whole = DownloadOptions::new;
    let unverified = || DownloadOptions::new().with_verify(false);

    assert_eq!(open(nothing, &[], whole(), true).await.unwrap(), bytes);
    for tells_total in [true, false] {
        let kind = |got: Result<Bytes>| got.unwrap_err().kind();
        assert_eq!(kind(open(digest, &[], whole(), tells_total).await), ErrorKind::Integrity);
        assert_eq!(kind(open(size, &[], whole(), tells_total).await), ErrorKind::Integrity);
        for more in [1, 1_500] {
            assert_eq!(kind(open(nothing, &[End::Long(more)], whole(), tells_total).await), ErrorKind::Integrity);
        }
        assert_eq!(open(digest, &[], unverified(), tells_total).await.unwrap(), bytes);
        assert_eq!(open(size, &[], unverified(), tells_total).await.unwrap(), bytes);
    }
    let range = || DownloadOptions::new().with_offset(9_000);
    assert_eq!(open(digest, &[], range(), true).await.unwrap(), bytes.slice(9_000..), "a range has no digest");
    let long = open(nothing, &[End::Long(1)], range(), true).await.unwrap_err();
    assert_eq!(long.kind(), ErrorKind::Integrity);
}

#[tokio::test]
async fn the_digest_may_be_of_any_known_algorithm() {
    let bytes = content(300_000);
    for algorithm in [DigestAlgorithm::Md5, DigestAlgorithm::Sha1, DigestAlgorithm::Sha256] {
        for (digested, expected) in [(bytes.clone(), None), (Bytes::new(), Some(ErrorKind::Integrity))] {
            let mut item = item(&bytes);
            item.digests = vec![sharesync_core::Digest::of(algorithm, &digested)];
            let reader = Arc::new(Reader::new(&bytes, &[]));
            let download = Download::open(item, reader, DownloadOptions::new()).await.unwrap();
            let got = download.bytes(usize::MAX).await;
            assert_eq!(got.err().map(|error| error.kind()), expected, "{algorithm:?}");
        }
    }
}

#[tokio::test]
async fn ranges_and_revisions_are_checked_before_anything_is_opened() {
    let bytes = content(100);
    let reader = Arc::new(Reader::new(&bytes, &[]));
    for (offset, length) in [(101, None), (50, Some(51)), (u64::MAX, Some(2)), (0, Some(101))] {
        let mut options = DownloadOptions::new().with_offset(offset);
        options.length = length;
        let error = get(&reader, options).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{offset} {length:?}");
    }
    let options = DownloadOptions::new().with_if_revision(Revision::new("r0"));
    assert_eq!(get(&reader, options).await.unwrap_err().kind(), ErrorKind::PreconditionFailed);
    assert_eq!(reader.opened(), []);

    for (offset, length) in [(100, None), (50, Some(0))] {
        let mut options = DownloadOptions::new().with_offset(offset);
        options.length = length;
        assert_eq!(get(&reader, options).await.unwrap(), Bytes::new());
    }
    assert_eq!(reader.opened(), [], "nothing to ask for");
    let options = DownloadOptions::new().with_if_revision(Revision::new("r1")).with_offset(40).with_length(20);
    assert_eq!(get(&reader, options).await.unwrap(), bytes.slice(40..60));
}

#[tokio::test]
async fn unknown_lengths_end_where_the_body_ends() {
    let bytes = content(5_000);
    let mut item = item(&bytes);
    item.size = None;
    let progress = Progress::new();
    let reader = Arc::new(Reader { tells_total: false, ..Reader::new(&bytes, &[]) });
    let options = DownloadOptions::new().with_progress(progress.clone());
    let download = Download::open(item, reader, options).await.unwrap();
    assert_eq!(download.size(), None);
    assert_eq!(download.bytes(usize::MAX).await.unwrap(), bytes);
    assert_eq!((progress.transferred(), progress.total()), (5_000, 5_000));
}

#[tokio::test]
async fn in_memory_there_is_a_limit() {
    let bytes = content(5_000);
    for (limit, fits) in [(5_000, true), (4_999, false), (0, false)] {
        let reader = Arc::new(Reader::new(&bytes, &[]));
        let download = Download::open(item(&bytes), reader, DownloadOptions::new()).await.unwrap();
        let got = download.bytes(limit).await;
        assert_eq!(got.is_ok(), fits, "{limit}");
        assert!(fits || got.unwrap_err().kind() == ErrorKind::TooLarge);
    }
}

#[tokio::test]
async fn cancelling_ends_a_body_that_hangs() {
    #[derive(Debug)]
    struct Hanging;

    #[async_trait]
    impl ContentReader for Hanging {
        async fn open(&self, offset: u64, _length: Option<u64>) -> Result<Content> {
            let body = stream::iter([Ok(Bytes::from_static(b"begin"))]).chain(stream::pending());
            Ok(Content::new(offset, body.boxed()))
        }
    }

    let cancel = CancelToken::new();
    let options = DownloadOptions::new().with_cancel(cancel.clone()).with_verify(false);
    let download = Download::open(item(&content(100)), Arc::new(Hanging), options).await.unwrap();
    let mut pieces = download.into_stream();
    assert_eq!(pieces.try_next().await.unwrap().unwrap(), "begin");
    cancel.cancel();
    assert_eq!(pieces.try_next().await.unwrap_err().kind(), ErrorKind::Cancelled);
    assert!(pieces.next().await.is_none());
}
