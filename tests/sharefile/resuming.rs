//! Uploads that are continued: by another process from the spec, or anew once when the service has forgotten them.

use std::sync::Arc;

use serde_json::{Value, json as value};
use sharesync::transfer::{BytesSource, TransferOptions, UploadOutcome, UploadSpec};
use sharesync::{ErrorKind, RemoteStore as _, RemoteStoreExt as _, Result};
use wiremock::ResponseTemplate;

use super::harness::cases;
use super::stage::{Seen, Stage, json, plain, status};
use super::store_uploads::{
    CONTENT, asked, asked_all, cutting, finished, grant, grant_one, md5, received, request, takes_everything, upload,
};

cases! {
    "resuming" {
        what_the_service_has_is_not_sent_again,
        the_fields_of_resumption_may_be_texts,
        a_prefix_that_differs_is_not_continued,
        an_offset_between_chunks_is_not_continued,
        the_index_may_be_that_of_the_next_chunk,
        nothing_received_yet,
        an_upload_that_the_service_does_not_know,
        a_forgotten_upload_is_begun_anew_once,
        a_forgotten_upload_is_begun_anew_only_once,
        a_failing_chunk_is_asked_about,
        a_finish_that_was_lost,
    }
}

/// A specification in the middle of an upload of which the service has this.
fn resumed(stage: &Stage, index: Value, offset: Value, hash: &str) -> Value {
    let mut spec = stage.fixture("upload_specification_streamed");
    spec["IsResume"] = value!(true);
    spec["ResumeIndex"] = index;
    spec["ResumeOffset"] = offset;
    spec["ResumeFileHash"] = value!(hash);
    let renewed = spec["ChunkUri"].as_str().unwrap().replace("c2lnbmVk", "cmVuZXdlZA");
    spec["ChunkUri"] = value!(renewed);
    spec
}

/// The spec of an upload that was begun, as another process reads it.
async fn begun(stage: &Stage, sequential: bool) -> UploadSpec {
    let method = if sequential { "streamed" } else { "threaded" };
    grant_one(stage, method);
    let spec = cutting(stage, sequential).upload_spec(request().with_size(10)).await.unwrap();
    serde_json::from_str(&serde_json::to_string(&spec).unwrap()).unwrap()
}

async fn resume(stage: &Stage, spec: UploadSpec, sequential: bool) -> Result<UploadOutcome> {
    let source = Arc::new(BytesSource::new(CONTENT));
    cutting(stage, sequential).resume_upload(spec, source, TransferOptions::new()).await
}

/// The chunks that were sent, as index and offset, in order of their index.
fn chunks(seen: &[Seen]) -> Vec<(String, String)> {
    let chunk = |seen: &Seen| Some((seen.param("index")?.to_owned(), seen.param("byteOffset")?.to_owned()));
    let mut chunks: Vec<_> = seen.iter().filter_map(chunk).collect();
    chunks.sort();
    chunks
}

fn pairs(pairs: &[(u32, u32)]) -> Vec<(String, String)> {
    pairs.iter().map(|(index, offset)| (index.to_string(), offset.to_string())).collect()
}

const ALL: [(u32, u32); 3] = [(0, 0), (1, 4), (2, 8)];

async fn what_the_service_has_is_not_sent_again(stage: &Stage) {
    for sequential in [true, false] {
        let spec = begun(stage, sequential).await;
        let mut answer = resumed(stage, value!(1), value!(8), &md5("01234567"));
        if !sequential {
            answer["FinishUri"] = stage.fixture("upload_specification_threaded")["FinishUri"].clone();
        }
        grant(stage, [json(answer)], None);
        stage.storage.by(takes_everything);
        let before = stage.storage.count();
        resume(stage, spec, sequential).await.unwrap();
        let body = asked(stage);
        assert_eq!((&body["CanResume"], &body["StartOver"]), (&value!(true), &value!(false)));
        assert_eq!((&body["FileName"], &body["FileSize"]), (&value!("2.txt"), &value!(10)));
        let sent = &stage.storage.seen()[before..];
        assert_eq!(chunks(sent), pairs(&[(2, 8)]), "sequential: {sequential}");
        assert!(sent[0].raw_query.contains("cmVuZXdlZA"), "the renewed address is used");
        assert_eq!(sent.last().unwrap().param("filehash"), Some(md5(CONTENT).as_str()), "of the whole file");
    }
}

async fn the_fields_of_resumption_may_be_texts(stage: &Stage) {
    let spec = begun(stage, true).await;
    let mut answer = resumed(stage, value!("0"), value!("4"), &md5("0123").to_uppercase());
    answer["IsResume"] = value!("true");
    grant(stage, [json(answer)], None);
    stage.storage.by(takes_everything);
    resume(stage, spec, true).await.unwrap();
    assert_eq!(chunks(&stage.storage.seen()), pairs(&ALL[1..]));
}

async fn a_prefix_that_differs_is_not_continued(stage: &Stage) {
    for hash in [md5("other"), String::new(), "nonsense".into()] {
        let spec = begun(stage, true).await;
        let anew = stage.fixture("upload_specification_streamed");
        grant(stage, [json(resumed(stage, value!(1), value!(8), &hash)), json(anew)], None);
        stage.storage.by(takes_everything);
        let before = stage.storage.count();
        resume(stage, spec, true).await.unwrap();
        let sent = &stage.storage.seen()[before..];
        assert_eq!(chunks(sent), pairs(&ALL), "{hash:?}");
        assert_eq!(asked(stage)["StartOver"], value!(true), "{hash:?}");
        assert!(sent.iter().all(|seen| seen.raw_query.contains("c2lnbmVk")), "not to what was half-way: {hash:?}");
    }
}

async fn an_offset_between_chunks_is_not_continued(stage: &Stage) {
    for (index, offset) in [(1, 6), (0, 8), (7, 8), (1, 80), (-1, 8), (1, -8)] {
        let spec = begun(stage, true).await;
        let prefix = md5(&CONTENT[..usize::try_from(offset).unwrap_or(0).min(10)]);
        let anew = stage.fixture("upload_specification_streamed");
        grant(stage, [json(resumed(stage, value!(index), value!(offset), &prefix)), json(anew)], None);
        stage.storage.by(takes_everything);
        let before = stage.storage.count();
        resume(stage, spec, true).await.unwrap_or_else(|error| panic!("{index} {offset}: {error}"));
        assert_eq!(chunks(&stage.storage.seen()[before..]), pairs(&ALL), "{index} {offset}");
    }
}

async fn the_index_may_be_that_of_the_next_chunk(stage: &Stage) {
    // The reference can be read both ways; the offset decides.
    for index in [0, 1] {
        let spec = begun(stage, true).await;
        grant(stage, [json(resumed(stage, value!(index), value!(4), &md5("0123")))], None);
        stage.storage.by(takes_everything);
        let before = stage.storage.count();
        resume(stage, spec, true).await.unwrap();
        assert_eq!(chunks(&stage.storage.seen()[before..]), pairs(&ALL[1..]), "{index}");
    }
}

async fn nothing_received_yet(stage: &Stage) {
    let spec = begun(stage, true).await;
    grant(stage, [json(resumed(stage, value!(0), value!(0), ""))], None);
    stage.storage.by(takes_everything);
    resume(stage, spec, true).await.unwrap();
    assert_eq!(chunks(&stage.storage.seen()), pairs(&ALL));
    assert_eq!(asked_all(stage).len(), 2);
}

async fn an_upload_that_the_service_does_not_know(stage: &Stage) {
    let spec = begun(stage, true).await;
    let fresh = || json(stage.fixture("upload_specification_streamed"));
    grant(stage, [fresh(), fresh()], None);
    stage.storage.by(takes_everything);
    resume(stage, spec, true).await.unwrap();
    assert_eq!(chunks(&stage.storage.seen()), pairs(&ALL));
}

/// The ways to say that an upload is not known.
fn unrecognized() -> Vec<ResponseTemplate> {
    let object = |code: Value| value!({"error": true, "errorMessage": "Unrecognized Upload ID.", "errorCode": code});
    vec![
        json(object(value!(605))),
        json(object(value!("605"))),
        status(400, object(value!(605))),
        plain(200, "ERROR:Unrecognized Upload ID."),
        plain(404, "ERROR:Not here."),
    ]
}

async fn a_forgotten_upload_is_begun_anew_once(stage: &Stage) {
    for (number, refusal) in unrecognized().into_iter().enumerate() {
        for method in ["standard", "streamed", "threaded"] {
            let answer = stage.fixture(&format!("upload_specification_{method}"));
            grant(stage, [json(answer.clone()), json(answer)], None);
            let forgotten = std::sync::atomic::AtomicBool::new(false);
            let refused = refusal.clone();
            stage.storage.by(move |request| {
                // The second chunk, or all of the file, finds the upload forgotten.
                let here = request.param("index").is_none_or(|index| index == "1");
                if here && !forgotten.swap(true, std::sync::atomic::Ordering::Relaxed) {
                    return refused.clone();
                }
                takes_everything(request)
            });
            let before = asked_all(stage).len();
            let store = if method == "standard" { stage.store() } else { cutting(stage, method == "streamed") };
            let done = upload(&store, CONTENT).await.unwrap_or_else(|error| panic!("{method} {number}: {error}"));
            assert_eq!(done.item.size, Some(10));
            assert_eq!(asked_all(stage).len() - before, 2, "{method} {number}");
            if method != "standard" {
                assert_eq!(asked(stage)["StartOver"], value!(true));
            }
        }
    }
}

async fn a_forgotten_upload_is_begun_anew_only_once(stage: &Stage) {
    for refusal in unrecognized() {
        for method in ["standard", "streamed", "threaded"] {
            let answer = stage.fixture(&format!("upload_specification_{method}"));
            grant(stage, vec![json(answer); 5], None);
            let refused = refusal.clone();
            stage.storage.by(move |_| refused.clone());
            let before = asked_all(stage).len();
            let store = if method == "standard" { stage.store() } else { cutting(stage, method == "streamed") };
            let error = upload(&store, CONTENT).await.unwrap_err();
            assert_eq!((error.kind(), error.provider()), (ErrorKind::UploadExpired, Some("sharefile")), "{method}");
            assert_eq!(asked_all(stage).len() - before, 2, "{method}: begun once and once anew");
        }
    }
}

async fn a_failing_chunk_is_asked_about(stage: &Stage) {
    // The storage host stops a thread, and has the first chunk when it is asked.
    let first = stage.fixture("upload_specification_streamed");
    grant(stage, [json(first), json(resumed(stage, value!(0), value!(4), &md5("0123")))], None);
    let aborted = r#"{"error":true,"errorMessage":"Thread was being aborted.","errorCode":420}"#;
    stage.storage.script([received(), plain(200, aborted), received(), finished(CONTENT)]);
    upload(&cutting(stage, true), CONTENT).await.unwrap();
    let sent: Vec<_> = stage.storage.seen().iter().map(|seen| seen.param("index").unwrap().to_owned()).collect();
    assert_eq!(sent, ["0", "1", "1", "2"]);
}

async fn a_finish_that_was_lost(stage: &Stage) {
    let mut file = stage.fixture("file");
    file["FileSizeBytes"] = value!(10);
    file["Hash"] = value!(md5(CONTENT));
    let spec = stage.fixture("upload_specification_threaded");
    grant(stage, [json(spec)], Some(file));
    stage.storage.by(|request| if request.param("index").is_some() { received() } else { plain(500, "ERROR:lost") });
    let done = upload(&cutting(stage, false), CONTENT).await.unwrap();
    assert_eq!(done.item.id.as_str(), "fi591ac5-9cd0-4eb7-a5e9-e5e28a7faa90");
    assert_eq!(stage.storage.count(), 4, "three chunks and one finish");
}
