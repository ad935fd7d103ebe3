//! What an upload leaves at the service when it does not come to its end: what somebody can continue stays, the rest is given
//! up.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod transfer_support;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::StreamExt as _;
use sharesync_core::transfer::{
    BytesSource, CancelToken, FileJournal, PartPlan, TransferOptions, UploadRequest, resume_upload, upload,
};
use sharesync_core::{ErrorKind, ItemRef, RemoteStore as _, RemoteStoreExt as _, TreeOptions};
use transfer_support::{Fake, Fault, content};

const PART: usize = 10_000;
const PLANS: [PartPlan; 3] = [
    PartPlan::Single,
    PartPlan::Sequential { part_size: PART as u64 },
    PartPlan::Parallel { part_size: PART as u64, max_in_flight: 3 },
];

fn request() -> UploadRequest {
    UploadRequest::new(ItemRef::Root, "a.bin").with_size(4 * PART as u64)
}

fn source() -> Arc<BytesSource> {
    Arc::new(BytesSource::new(content(4 * PART)))
}

/// A store on which the last part of a plan meets a fault.
fn store(plan: PartPlan, fault: fn() -> Fault) -> Fake {
    let last = if plan == PartPlan::Single { 0 } else { 3 };
    Fake::new(plan).with_script(move |index, _| if index == last { fault() } else { Fault::None })
}

fn journal() -> (tempfile::TempDir, TransferOptions) {
    let directory = tempfile::tempdir().unwrap();
    let journal = FileJournal::new(directory.path().join("journal"));
    (directory, TransferOptions::new().with_journal(Arc::new(journal)))
}

async fn under_way(store: &Fake) {
    while store.log().parts.is_empty() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn giving_up_is_tried_again_after_what_may_pass_and_ends() {
    for (failures, tries) in [(0, 1), (2, 3), (3, 4), (9, 4)] {
        let store = store(PartPlan::Single, || Fault::Refuse(ErrorKind::PermissionDenied));
        store.failing_aborts.store(failures, Ordering::SeqCst);
        let error = upload(&store, request(), source(), TransferOptions::new()).await.unwrap_err();
        assert_eq!((error.kind(), store.log().aborts), (ErrorKind::PermissionDenied, tries), "{failures}");
    }
}

#[tokio::test]
async fn an_upload_that_fails_for_good_is_given_up_unless_it_can_be_continued() {
    for plan in PLANS {
        for kind in [ErrorKind::Unavailable, ErrorKind::Unauthenticated, ErrorKind::PermissionDenied] {
            let refusing = match kind {
                ErrorKind::Unavailable => || Fault::Refuse(ErrorKind::Unavailable),
                ErrorKind::Unauthenticated => || Fault::Refuse(ErrorKind::Unauthenticated),
                _ => || Fault::Refuse(ErrorKind::PermissionDenied),
            };
            let one = store(plan, refusing);
            let error = upload(&one, request(), source(), TransferOptions::new()).await.unwrap_err();
            assert_eq!((error.kind(), one.log().aborts), (kind, 1), "{plan:?}");

            let (_directory, options) = journal();
            let two = store(plan, refusing);
            upload(&two, request(), source(), options.clone()).await.unwrap_err();
            assert_eq!(two.log().aborts, 0, "{plan:?} {kind:?}: the journal can continue it");
            assert!(options.journal.unwrap().load().await.unwrap().is_some());

            let three = store(plan, refusing);
            let spec = three.upload_spec(request()).await.unwrap();
            resume_upload(&three, spec, source(), TransferOptions::new()).await.unwrap_err();
            assert_eq!(three.log().aborts, 0, "{plan:?} {kind:?}: the caller can continue it");
        }
    }
}

#[tokio::test]
async fn a_dropped_or_cancelled_upload_is_given_up_unless_it_can_be_continued() {
    for plan in PLANS {
        let dropped = store(plan, || Fault::Hang);
        tokio::select! {
            done = upload(&dropped, request(), source(), TransferOptions::new()) => panic!("{done:?}"),
            () = under_way(&dropped) => {}
        }
        assert_eq!(dropped.log().aborts, 1, "{plan:?}");

        let (cancelled, cancel) = (store(plan, || Fault::Hang), CancelToken::new());
        let options = TransferOptions::new().with_cancel(cancel.clone());
        let sending = upload(&cancelled, request(), source(), options);
        let (done, ()) = tokio::join!(sending, async {
            under_way(&cancelled).await;
            cancel.cancel();
        });
        assert_eq!((done.unwrap_err().kind(), cancelled.log().aborts), (ErrorKind::Cancelled, 1), "{plan:?}");

        let (_directory, options) = journal();
        let kept = store(plan, || Fault::Hang);
        tokio::select! {
            done = upload(&kept, request(), source(), options) => panic!("{done:?}"),
            () = under_way(&kept) => {}
        }
        assert_eq!(kept.log().aborts, 0, "{plan:?}");
    }
}

#[tokio::test]
async fn an_upload_that_succeeds_gives_nothing_up() {
    for plan in PLANS {
        let one = Fake::new(plan);
        upload(&one, request(), source(), TransferOptions::new()).await.unwrap();
        assert_eq!((one.log().finishes, one.log().aborts), (1, 0), "{plan:?}");
    }
}

#[tokio::test]
async fn what_is_begun_anew_is_given_up_before() {
    let refusing = |index, time| match (index, time) {
        (2, 1) => Fault::Refuse(ErrorKind::UploadExpired),
        _ => Fault::None,
    };
    let (_directory, options) = journal();
    for options in [TransferOptions::new(), options] {
        let store = Fake::new(PLANS[1]).with_script(refusing);
        upload(&store, request(), source(), options).await.unwrap();
        assert_eq!((store.log().specs, store.log().aborts), (2, 1));
    }
}

/// Uploads a directory until its last part hangs, and drops the upload.
async fn leave_tree(store: &Fake, local: &std::path::Path, journals: &std::path::Path) {
    let options = TreeOptions::new().with_journals(journals);
    let mut entries = store.upload_dir(local, ItemRef::Root, options);
    tokio::select! {
        biased;
        done = entries.next() => panic!("{done:?}"),
        () = under_way(store) => {}
    }
}

#[tokio::test]
async fn a_tree_continues_what_has_several_parts_and_replaces_what_is_outdated() {
    let sequential = PLANS[1];
    for (size, changed) in [(4 * PART, false), (4 * PART, true), (PART, false)] {
        let directory = tempfile::tempdir().unwrap();
        let (local, journals) = (directory.path().join("local"), directory.path().join("journals"));
        std::fs::create_dir(&local).unwrap();
        std::fs::create_dir(&journals).unwrap();
        std::fs::write(local.join("a.bin"), content(size)).unwrap();
        let last = (size / PART - 1) as u64;
        let mut store = Fake::new(sequential).with_script(move |index, _| match index == last {
            true => Fault::Hang,
            false => Fault::None,
        });
        let (several, kept) = (size > PART, std::fs::read_dir(&journals).unwrap());
        assert_eq!(kept.count(), 0);
        leave_tree(&store, &local, &journals).await;
        assert_eq!(std::fs::read_dir(&journals).unwrap().count(), usize::from(several), "{size}");
        assert_eq!(store.log().aborts, usize::from(!several), "what has no journal is given up");

        let wanted = content(if changed { size + 1 } else { size });
        if changed {
            std::fs::write(local.join("a.bin"), &wanted).unwrap();
        }
        store.script = Box::new(|_, _| Fault::None);
        let options = TreeOptions::new().with_journals(&journals);
        let done: Vec<_> = store.upload_dir(&local, ItemRef::Root, options).collect().await;
        assert!(done.iter().all(Result::is_ok), "{done:?}");
        assert_eq!(store.file("a.bin").unwrap(), wanted);
        assert_eq!(store.log().specs, if several && !changed { 1 } else { 2 });
        assert_eq!(store.log().aborts, usize::from(!several || changed));
        assert_eq!(std::fs::read_dir(&journals).unwrap().count(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_busy_with_the_upload_is_asked_again_for_some_seconds() {
    for (busy, expected) in [(0, None), (1, None), (7, None), (8, Some(ErrorKind::Locked))] {
        let store = Fake::new(PLANS[1]);
        let spec = store.upload_spec(request()).await.unwrap();
        store.busy.store(busy, Ordering::SeqCst);
        let began = tokio::time::Instant::now();
        let done = resume_upload(&store, spec, source(), TransferOptions::new()).await;
        assert_eq!(done.err().map(|error| error.kind()), expected, "{busy}");
        assert_eq!(store.log().statuses, (busy + 1).min(8));
        assert!(began.elapsed() < Duration::from_secs(7));
    }
}
