//! The upload engine against a store whose failures are scripted.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

mod transfer_support;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use sharesync_core::transfer::{
    BytesSource, CancelToken, FileJournal, FileSource, Integrity, PartPlan, Progress, TransferOptions, UploadJournal,
    UploadOutcome, UploadRequest, resume_upload, upload,
};
use sharesync_core::{
    DigestAlgorithm, Error, ErrorKind, ItemRef, OnConflict, Operation, RemoteStore, Result, Revision,
};
use transfer_support::{Counting, Fake, Fault, Log, content, md5};

const PART: usize = 10_000;
const SEQUENTIAL: PartPlan = PartPlan::Sequential { part_size: PART as u64 };
const PARALLEL: PartPlan = PartPlan::Parallel { part_size: PART as u64, max_in_flight: 3 };
const PLANS: [PartPlan; 3] = [PartPlan::Single, SEQUENTIAL, PARALLEL];

fn request() -> UploadRequest {
    UploadRequest::new(ItemRef::Root, "a.bin")
}

async fn send(store: &Fake, bytes: &Bytes, options: TransferOptions) -> Result<UploadOutcome> {
    upload(store, request(), Arc::new(BytesSource::new(bytes.clone())), options).await
}

fn journal() -> (tempfile::TempDir, Arc<FileJournal>) {
    let directory = tempfile::tempdir().unwrap();
    let journal = Arc::new(FileJournal::new(directory.path().join("journal")));
    (directory, journal)
}

#[tokio::test]
async fn every_plan_delivers_every_boundary_size_exactly_once() {
    for plan in PLANS {
        for size in [0, 1, PART - 1, PART, PART + 1, 3 * PART, 3 * PART + 1, 200 * PART] {
            for asks in [vec![], vec![DigestAlgorithm::Md5], vec![DigestAlgorithm::Md5, DigestAlgorithm::Sha256]] {
                let mut store = Fake::new(plan);
                store.asks = asks;
                let (_directory, journal) = journal();
                let progress = Progress::new();
                let options = TransferOptions::new().with_progress(progress.clone()).with_journal(journal.clone());
                let bytes = content(size);
                let outcome = send(&store, &bytes, options).await.unwrap();
                let what = format!("{plan:?} {size} {:?}", store.asks);
                assert_eq!(store.file("a.bin").unwrap(), bytes, "{what}");
                assert_eq!(outcome.integrity, Integrity::Verified(md5(&bytes)), "{what}");
                assert_eq!((progress.transferred(), progress.total()), (size as u64, size as u64), "{what}");
                assert!(journal.load().await.unwrap().is_none(), "{what}");
                let parts = if plan == PartPlan::Single { 1 } else { size.div_ceil(PART).max(1) };
                let log = store.log();
                let counted = (log.specs, log.parts.len(), log.finishes, log.aborts, log.statuses);
                assert_eq!(counted, (1, parts, 1, 0, 0), "{what}");
            }
        }
    }
}

#[tokio::test]
async fn large_single_content_streams_in_constant_memory() {
    for asks in [vec![], vec![DigestAlgorithm::Md5]] {
        let mut store = Fake::new(PartPlan::Single);
        let passes = asks.len() + 1;
        store.asks = asks;
        store.rereads = true;
        let bytes = content(40 * 1024 * 1024);
        let source = Arc::new(Counting::new(bytes.clone()));
        let alive = source.alive();
        let outcome = upload(&store, request(), source, TransferOptions::new()).await.unwrap();
        assert_eq!(outcome.integrity, Integrity::Verified(md5(&bytes)));
        assert_eq!(
            alive.read.load(Ordering::SeqCst),
            passes * bytes.len() + 60_000,
            "hashed as it streams where it can be"
        );
        assert!(alive.most.load(Ordering::SeqCst) <= 3 * 1024 * 1024, "{alive:?}");
    }
}

#[tokio::test]
async fn parts_overtake_each_other_only_within_the_window_and_memory_stays_bounded() {
    for (parallel, width, part) in [(1, 1, PART), (2, 2, PART), (3, 3, PART), (8, 3, PART), (3, 3, 40 * PART)] {
        let store = Fake::new(PartPlan::Parallel { part_size: part as u64, max_in_flight: 3 });
        let bytes = content(60 * part.min(10 * PART) + 17);
        let source = Arc::new(Counting::new(bytes.clone()));
        let alive = source.alive();
        let options = TransferOptions::new().with_parallel_parts(parallel);
        upload(&store, request(), source, options).await.unwrap();
        assert_eq!(store.file("a.bin").unwrap(), bytes);
        let most = store.most.load(Ordering::SeqCst);
        // How many large parts meet depends on how fast they are hashed on another thread.
        assert!(most == width || (part > PART && most < width), "as many at once as plan and options allow: {most}");
        assert!(store.lead.load(Ordering::SeqCst) < width as u64, "a part left the window");
        assert!(alive.most.load(Ordering::SeqCst) <= (width + 1) * part, "{alive:?}");
        assert_eq!(alive.read.load(Ordering::SeqCst), bytes.len(), "each part is read once");
        assert_eq!(store.log().parts.len(), bytes.len().div_ceil(part));
    }
}

#[tokio::test]
async fn a_source_shorter_or_longer_than_declared_commits_nothing() {
    for plan in PLANS {
        for (real, declared) in [(3 * PART, 3 * PART + 1), (3 * PART, 4 * PART), (3 * PART + 1, 3 * PART), (1, 0)] {
            let store = Fake::new(plan);
            let (_directory, journal) = journal();
            let options = TransferOptions::new().with_journal(journal.clone());
            let source = Arc::new(Counting::declaring(content(real), declared as u64));
            let error = upload(&store, request(), source, options).await.unwrap_err();
            let what = format!("{plan:?} {real} {declared}: {error}");
            assert_eq!(error.kind(), ErrorKind::SourceChanged, "{what}");
            let Log { parts, finishes, aborts, .. } = store.log();
            assert_eq!((finishes, aborts), (0, 1), "{what}");
            assert!(store.file("a.bin").is_none(), "{what}");
            assert!(journal.load().await.unwrap().is_none(), "an aborted upload cannot be continued: {what}");
            let last = declared.div_ceil(PART).saturating_sub(1) as u64;
            if !matches!(plan, PartPlan::Parallel { .. }) {
                let last = if plan == PartPlan::Single { 0 } else { last };
                assert!(!parts.contains(&last), "the part that commits was sent: {what}");
            }
        }
    }
}

#[tokio::test]
async fn a_file_that_is_written_to_meanwhile_is_not_committed() {
    for plan in PLANS {
        for append in [true, false] {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("file");
            std::fs::write(&path, content(300 * PART)).unwrap();
            let past = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
            std::fs::File::options().write(true).open(&path).unwrap().set_modified(past).unwrap();
            let mut store = Fake::new(plan);
            let written = path.clone();
            let once = std::sync::Once::new();
            store.on_part = Box::new(move || {
                once.call_once(|| std::fs::write(&written, content(300 * PART + usize::from(append))).unwrap());
            });
            let source = Arc::new(FileSource::open(&path).await.unwrap());
            let error = upload(&store, request(), source, TransferOptions::new()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::SourceChanged, "{plan:?} {append}: {error}");
            assert_eq!((store.log().finishes, store.log().aborts), (0, 1), "{plan:?} {append}");
            assert_eq!(error.maybe_applied(), plan == PartPlan::Single, "{plan:?} {append}");
        }
    }
}

#[tokio::test]
async fn a_difference_is_an_error_unless_the_service_is_known_to_rewrite() {
    let bytes = content(2 * PART);
    let mut store = Fake::new(PARALLEL);
    store.reports = Some(vec![md5(b"other")]);
    let error = send(&store, &bytes, TransferOptions::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Integrity);
    assert!(error.maybe_applied() && error.to_string().contains("exists"), "{error}");

    let mut store = Fake::new(PARALLEL);
    store.reports = Some(vec![md5(b"other")]);
    store.capabilities.content_stable = false;
    assert_eq!(send(&store, &bytes, TransferOptions::new()).await.unwrap().integrity, Integrity::ServerRewrote);

    let mut store = Fake::new(PARALLEL);
    store.reports = Some(Vec::new());
    assert_eq!(send(&store, &bytes, TransferOptions::new()).await.unwrap().integrity, Integrity::Unverifiable);
}

#[tokio::test]
async fn an_expired_upload_starts_anew_once() {
    for (times, expected) in [(1, None), (2, Some(ErrorKind::UploadExpired))] {
        let (_directory, journal) = journal();
        let progress = Progress::new();
        let options = TransferOptions::new().with_progress(progress.clone()).with_journal(journal.clone());
        let store = Fake::new(PARALLEL).with_script(move |index, time| match (index, time) {
            (2, time) if time <= times => Fault::Refuse(ErrorKind::UploadExpired),
            _ => Fault::None,
        });
        let bytes = content(5 * PART);
        let outcome = send(&store, &bytes, options).await;
        assert_eq!(outcome.as_ref().err().map(Error::kind), expected);
        assert_eq!(store.log().specs, 2);
        assert_eq!(store.log().statuses, 0);
        assert!(journal.load().await.unwrap().is_none());
        if outcome.is_ok() {
            assert_eq!(store.file("a.bin").unwrap(), bytes);
            assert_eq!((progress.transferred(), progress.total()), (5 * PART as u64, 5 * PART as u64));
        }
    }
}

#[tokio::test]
async fn after_a_transient_failure_only_what_is_missing_is_sent() {
    for plan in PLANS {
        for kind in [ErrorKind::Network, ErrorKind::Timeout, ErrorKind::Stalled, ErrorKind::Unavailable] {
            for lose in [true, false] {
                let progress = Progress::new();
                let failing = if plan == PartPlan::Single { 0 } else { 4 };
                let store =
                    Fake::new(plan).with_script(move |index, time| match (index == failing && time == 1, lose) {
                        (true, true) => Fault::Lose(kind),
                        (true, false) => Fault::Refuse(kind),
                        _ => Fault::None,
                    });
                let bytes = content(8 * PART);
                send(&store, &bytes, TransferOptions::new().with_progress(progress.clone())).await.unwrap();
                let what = format!("{plan:?} {kind:?} {lose}");
                assert_eq!(store.file("a.bin").unwrap(), bytes, "{what}");
                let log = store.log();
                assert_eq!((log.specs, log.statuses, log.finishes), (1, 1, 1), "{what}");
                let parts = if plan == PartPlan::Single { 1 } else { 8 };
                assert!(log.parts.len() <= parts + 3, "{what}: {:?}", log.parts);
                assert_eq!((progress.transferred(), progress.total()), (8 * PART as u64, 8 * PART as u64), "{what}");
            }
        }
    }
}

#[tokio::test]
async fn a_failure_that_stays_ends_the_upload_and_keeps_it_resumable() {
    let (_directory, journal) = journal();
    let progress = Progress::new();
    let options = TransferOptions::new().with_progress(progress.clone()).with_journal(journal.clone());
    let store = Fake::new(SEQUENTIAL).with_script(|index, _| match index {
        3 => Fault::Refuse(ErrorKind::Network),
        _ => Fault::None,
    });
    let error = send(&store, &content(8 * PART), options).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network);
    let log = store.log();
    assert_eq!((log.specs, log.statuses, log.finishes, log.aborts), (1, 1, 0, 0));
    assert_eq!(log.parts, [0, 1, 2, 3, 3]);
    assert_eq!(progress.transferred(), 3 * PART as u64, "the failed part is not counted");
    assert!(journal.load().await.unwrap().is_some());
}

#[tokio::test]
async fn a_failure_is_asked_about_again_only_after_progress() {
    let store = Fake::new(SEQUENTIAL).with_script(|index, time| match (index % 2, time) {
        (1, 1) => Fault::Refuse(ErrorKind::Stalled),
        _ => Fault::None,
    });
    let bytes = content(8 * PART);
    send(&store, &bytes, TransferOptions::new()).await.unwrap();
    assert_eq!(store.file("a.bin").unwrap(), bytes);
    assert_eq!(store.log().statuses, 4);
}

#[tokio::test]
async fn a_service_that_loses_what_it_acknowledged_is_given_up() {
    for plan in [SEQUENTIAL, PARALLEL] {
        let refusing = |index, _| if index == 3 { Fault::Refuse(ErrorKind::Unavailable) } else { Fault::None };
        let mut store = Fake::new(plan).with_script(refusing);
        store.claims = Some(Vec::new());
        let bytes = content(8 * PART);
        let sending = send(&store, &bytes, TransferOptions::new());
        let error = tokio::time::timeout(Duration::from_secs(20), sending).await.expect("no end").unwrap_err();
        assert_eq!((error.kind(), store.log().statuses), (ErrorKind::Unavailable, 3), "{plan:?}");
    }
}

#[tokio::test]
async fn without_resumption_a_transient_failure_is_final_and_others_always_are() {
    let network = |index, _| if index == 1 { Fault::Refuse(ErrorKind::Network) } else { Fault::None };
    let store = Fake::new(PARALLEL).without(Operation::UploadResume).with_script(network);
    assert_eq!(send(&store, &content(3 * PART), TransferOptions::new()).await.unwrap_err().kind(), ErrorKind::Network);
    assert_eq!(store.log().statuses, 0);

    let full = |index, _| if index == 1 { Fault::Refuse(ErrorKind::QuotaExceeded) } else { Fault::None };
    let store = Fake::new(PARALLEL).with_script(full);
    let error = send(&store, &content(3 * PART), TransferOptions::new()).await.unwrap_err();
    assert_eq!((error.kind(), store.log().statuses), (ErrorKind::QuotaExceeded, 0));
}

#[tokio::test]
async fn a_lost_answer_to_the_finish_is_found_complete() {
    let store = Fake::new(PARALLEL);
    store.lost_finishes.store(1, Ordering::SeqCst);
    let bytes = content(3 * PART);
    let outcome = send(&store, &bytes, TransferOptions::new()).await.unwrap();
    assert_eq!(outcome.integrity, Integrity::Verified(md5(&bytes)));
    assert_eq!((store.log().finishes, store.log().statuses), (1, 1));
}

/// Leaves an upload half-way: the first parts arrive, one hangs, the application gives up.
async fn leave_half_way(store: &mut Fake, bytes: &Bytes, journal: &Arc<FileJournal>, hanging: u64) {
    store.script = Box::new(move |index, _| if index == hanging { Fault::Hang } else { Fault::None });
    let cancel = CancelToken::new();
    let options = TransferOptions::new().with_cancel(cancel.clone()).with_journal(journal.clone());
    let sending = send(store, bytes, options);
    let watching = async {
        while !store.log().parts.contains(&hanging) {
            tokio::task::yield_now().await;
        }
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
    };
    let (outcome, ()) = tokio::join!(sending, watching);
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!(store.log().aborts, 0, "a cancelled upload stays where it is");
    store.script = Box::new(|_, _| Fault::None);
}

#[tokio::test]
async fn another_process_continues_and_sends_at_most_one_part_again_for_each_in_flight() {
    for plan in [SEQUENTIAL, PARALLEL] {
        let mut store = Fake::new(plan);
        let (_directory, journal) = journal();
        let bytes = content(20 * PART + 5);
        leave_half_way(&mut store, &bytes, &journal, 9).await;
        let before = store.log().parts.len();
        let spec = journal.load().await.unwrap().unwrap();
        let json = serde_json::to_string(&spec).unwrap();
        let progress = Progress::new();
        let options = TransferOptions::new().with_progress(progress.clone()).with_journal(journal.clone());
        let source = Arc::new(BytesSource::new(bytes.clone()));
        let outcome = resume_upload(&store, serde_json::from_str(&json).unwrap(), source, options).await.unwrap();
        assert_eq!(outcome.integrity, Integrity::Verified(md5(&bytes)));
        assert_eq!(store.file("a.bin").unwrap(), bytes);
        let log = store.log();
        let width = if plan == SEQUENTIAL { 1 } else { 3 };
        assert!(log.parts.len() <= 21 + width, "{plan:?}: {:?}", log.parts);
        assert!(log.parts.len() - before <= 21 - 9, "{plan:?}: {:?}", log.parts);
        assert_eq!(log.specs, 1);
        assert_eq!((progress.transferred(), progress.total()), (bytes.len() as u64, bytes.len() as u64));
        assert!(journal.load().await.unwrap().is_none());
    }
}

#[tokio::test]
async fn the_journal_continues_the_same_upload_and_refuses_another() {
    let mut store = Fake::new(SEQUENTIAL);
    let (_directory, journal) = journal();
    let bytes = content(6 * PART);
    leave_half_way(&mut store, &bytes, &journal, 4).await;
    let options = || TransferOptions::new().with_journal(journal.clone());

    let others = [
        UploadRequest::new(ItemRef::Root, "b.bin"),
        request().with_modified(sharesync_core::Timestamp::now()),
        request().with_on_conflict(OnConflict::NewVersion),
        request().with_if_revision(Revision::new("1")),
    ];
    for other in others {
        let source = Arc::new(BytesSource::new(bytes.clone()));
        let error = upload(&store, other, source, options()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    }
    assert_eq!(store.log().specs, 1);

    send(&store, &bytes, options()).await.unwrap();
    assert_eq!(store.file("a.bin").unwrap(), bytes);
    assert_eq!(store.log().specs, 1);
    assert_eq!(store.log().parts, [0, 1, 2, 3, 4, 4, 5]);
}

#[tokio::test]
async fn what_does_not_fit_the_local_content_is_started_anew() {
    let bytes = content(6 * PART);
    let part = PART as u64;
    for claim in [vec![0..part + 1], vec![part..2 * part], vec![0..7 * part], vec![part..2 * part, 0..part]] {
        let mut store = Fake::new(SEQUENTIAL);
        let (_directory, journal) = journal();
        leave_half_way(&mut store, &bytes, &journal, 4).await;
        store.claims = Some(claim.clone());
        send(&store, &bytes, TransferOptions::new().with_journal(journal.clone())).await.unwrap();
        assert_eq!(store.file("a.bin").unwrap(), bytes, "{claim:?}");
        assert_eq!((store.log().specs, store.log().aborts), (2, 1), "{claim:?}");
    }

    let mut store = Fake::new(SEQUENTIAL);
    let (_directory, journal) = journal();
    leave_half_way(&mut store, &bytes, &journal, 4).await;
    store.claims_prefix = Some(md5(b"another file"));
    send(&store, &bytes, TransferOptions::new().with_journal(journal.clone())).await.unwrap();
    assert_eq!(store.file("a.bin").unwrap(), bytes);
    assert_eq!((store.log().specs, store.log().aborts), (2, 1));
}

#[tokio::test]
async fn gaps_of_a_parallel_upload_are_filled() {
    let mut store = Fake::new(PARALLEL);
    let (_directory, journal) = journal();
    let bytes = content(6 * PART);
    leave_half_way(&mut store, &bytes, &journal, 1).await;
    let held: Vec<_> = store.log().parts.into_iter().filter(|index| *index != 1).collect();
    assert_eq!(held, [0, 2, 3], "the window ends there");
    send(&store, &bytes, TransferOptions::new().with_journal(journal)).await.unwrap();
    assert_eq!(store.file("a.bin").unwrap(), bytes);
    let again = &store.log().parts[4..];
    assert!(again.iter().all(|index| !held.contains(index)), "{again:?}");
}

#[tokio::test]
async fn a_resumed_upload_that_is_gone_or_complete_ends_well() {
    let bytes = content(3 * PART);
    let mut store = Fake::new(SEQUENTIAL);
    let (_directory, journal) = journal();
    leave_half_way(&mut store, &bytes, &journal, 1).await;
    let spec = journal.load().await.unwrap().unwrap();
    let source = || Arc::new(BytesSource::new(bytes.clone()));

    let outcome = resume_upload(&store, spec.clone(), source(), TransferOptions::new()).await.unwrap();
    let again = resume_upload(&store, spec.clone(), source(), TransferOptions::new()).await.unwrap();
    assert_eq!(again.item, outcome.item, "it was complete");
    assert_eq!(again.integrity, Integrity::Verified(md5(&bytes)));
    assert_eq!(store.log().specs, 1);

    let other = Arc::new(BytesSource::new(content(3 * PART + 1)));
    let error = resume_upload(&store, spec.clone(), other, TransferOptions::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SourceChanged);

    let changed = Arc::new(BytesSource::new(vec![7; 3 * PART]));
    let error = resume_upload(&store, spec.clone(), changed, TransferOptions::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Integrity, "what is complete is not this content");

    let fresh = Fake::new(SEQUENTIAL);
    resume_upload(&fresh, spec, source(), TransferOptions::new()).await.unwrap();
    assert_eq!(fresh.file("a.bin").unwrap(), bytes, "a store that knows nothing of it gets it anew");
    assert_eq!((fresh.log().specs, fresh.log().statuses), (1, 1));
}

#[tokio::test]
async fn bad_names_and_too_large_content_are_refused_before_anything_is_sent() {
    let mut store = Fake::new(PARALLEL);
    store.capabilities.upload.max_file_size = Some(10);
    for name in ["", "..", "a/b", "a:b", "a ", "a\0"] {
        let request = UploadRequest::new(ItemRef::Root, name);
        let source = Arc::new(BytesSource::new("x"));
        let error = upload(&store, request, source, TransferOptions::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidName, "{name:?}");
    }
    let error = send(&store, &content(11), TransferOptions::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(store.log(), Log::default());
}

#[tokio::test]
async fn a_dropped_upload_keeps_its_session_and_takes_back_what_is_unacknowledged() {
    let store = Fake::new(SEQUENTIAL).with_script(|index, _| if index == 2 { Fault::Hang } else { Fault::None });
    let (_directory, journal) = journal();
    let progress = Progress::new();
    let options = TransferOptions::new().with_progress(progress.clone()).with_journal(journal.clone());
    let bytes = content(4 * PART);
    let watching = async {
        while !store.log().parts.contains(&2) {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = send(&store, &bytes, options) => panic!("the third part hangs"),
        () = watching => {}
    }
    assert_eq!(progress.transferred(), 2 * PART as u64);
    assert!(journal.load().await.unwrap().is_some());
    assert_eq!(store.log().aborts, 0);
}

#[tokio::test]
async fn the_journal_is_private_atomic_and_tells_damage() {
    let store = Fake::new(SEQUENTIAL);
    let (directory, journal) = journal();
    assert!(journal.load().await.unwrap().is_none());
    let spec = store.upload_spec(request().with_size(5)).await.unwrap();
    journal.save(&spec).await.unwrap();
    journal.save(&spec).await.unwrap();
    assert_eq!(journal.load().await.unwrap().unwrap().request, spec.request);
    let path = directory.path().join("journal");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "nothing is left beside it");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // A process was killed while it wrote.
    let half = directory.path().join("journal.new");
    std::fs::write(&half, "{").unwrap();
    journal.save(&spec).await.unwrap();
    assert!(journal.load().await.unwrap().is_some() && !half.exists());
    std::fs::write(&half, "{").unwrap();
    std::fs::write(&path, "{\"version\": 1, \"secret\": \"hush").unwrap();
    let error = journal.load().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("damaged") && !format!("{error:?}").contains("hush"), "{error:?}");
    journal.clear().await.unwrap();
    journal.clear().await.unwrap();
    assert!(journal.load().await.unwrap().is_none());
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}
