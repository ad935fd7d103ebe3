//! How the store uploads: what it asks for, what it sends, what it makes of the answers, when it starts anew.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json as value};
use sharesync::sharefile::{ShareFileStore, StoreOptions};
use sharesync::transfer::{Integrity, TransferOptions, UploadOutcome, UploadRequest};
use sharesync::{
    Digest, DigestAlgorithm, ErrorKind, ItemRef, OnConflict, RemoteStore as _, RemoteStoreExt as _, Result,
};
use wiremock::ResponseTemplate;

use super::fixtures::reconstructed;
use super::harness::cases;
use super::stage::{Seen, Stage, empty, json, plain, status};
use super::uploads::filedata;

cases! {
    "store_uploads" {
        a_small_file_in_one_request,
        chunk_after_chunk,
        several_chunks_at_once,
        no_more_chunks_at_once_than_granted,
        forms,
        empty_files,
        preparation_comes_first,
        answers_that_do_not_describe_the_file,
        a_name_that_is_taken,
        a_new_version,
        a_version_that_is_not_the_present_one,
        content_that_arrived_otherwise,
        failures_that_are_no_reason_to_start_anew,
        an_answer_that_was_lost,
        another_writers_version_on_top,
        a_version_of_ones_own_that_is_nowhere,
        a_specification_shows_no_address,
    }
}

pub(crate) const CONTENT: &str = "0123456789";

pub(crate) fn md5(content: impl AsRef<[u8]>) -> String {
    Digest::of(DigestAlgorithm::Md5, content.as_ref()).to_hex()
}

/// A store that cuts every file into parts of four bytes.
pub(crate) fn cutting(stage: &Stage, sequential: bool) -> ShareFileStore {
    let options = StoreOptions::new().with_single_limit(0).with_part_size(4).with_sequential(sequential);
    stage.client().store_with(options)
}

pub(crate) fn request() -> UploadRequest {
    UploadRequest::new(ItemRef::Id("fo1".into()), "2.txt")
}

pub(crate) async fn upload(store: &ShareFileStore, content: &'static str) -> Result<UploadOutcome> {
    store.upload_bytes(content, request(), TransferOptions::new()).await
}

/// The reply of a finished upload of this content.
pub(crate) fn finished(content: &str) -> ResponseTemplate {
    let mut reply = reconstructed("upload_finished");
    reply["value"][0]["size"] = value!(content.len());
    reply["value"][0]["md5"] = value!(md5(content));
    json(reply)
}

/// The reply to a chunk.
pub(crate) fn received() -> ResponseTemplate {
    plain(200, r#"{"error":false,"value":"received"}"#)
}

/// Answers chunks as received, and what completes the file as finished.
pub(crate) fn takes_everything(request: &Seen) -> ResponseTemplate {
    let whole = request.param("finish").is_some() || request.param("index").is_none();
    if whole { finished(CONTENT) } else { received() }
}

/// Answers what asks for an upload in this order. The file is there as soon as the storage host sees one more request.
pub(crate) fn grant(stage: &Stage, answers: impl IntoIterator<Item = ResponseTemplate>, file: Option<Value>) {
    let answers = Mutex::new(answers.into_iter().collect::<VecDeque<_>>());
    let (stored, before) = (stage.storage.counter(), stage.storage.count());
    stage.api.by(move |request| {
        if request.method == "POST" {
            return answers.lock().unwrap().pop_front().unwrap_or_else(|| empty(418));
        }
        match file.as_ref().filter(|_| stored() > before) {
            Some(file) => json(file.clone()),
            None => status(404, reconstructed("error_not_found")),
        }
    });
}

/// Grants one upload by this method.
pub(crate) fn grant_one(stage: &Stage, method: &str) {
    grant(stage, [json(stage.fixture(&format!("upload_specification_{method}")))], None);
}

/// The bodies that asked for uploads, in order.
pub(crate) fn asked_all(stage: &Stage) -> Vec<Value> {
    stage.seen().iter().filter(|seen| seen.step() == "POST /sf/v3/Items(fo1)/Upload2").map(Seen::json).collect()
}

/// The body that asked for the last upload.
pub(crate) fn asked(stage: &Stage) -> Value {
    asked_all(stage).pop().expect("no upload was asked for")
}

async fn a_small_file_in_one_request(stage: &Stage) {
    grant_one(stage, "standard");
    stage.storage.script([finished(CONTENT)]);
    let done = upload(&stage.store(), CONTENT).await.unwrap();
    let expected = value!({"Method": "Standard", "Raw": true, "FileName": "2.txt", "FileSize": 10, "Overwrite": false});
    assert_eq!(asked(stage), expected);
    let sent = stage.storage.last();
    assert_eq!((sent.method.as_str(), &sent.body[..]), ("POST", CONTENT.as_bytes()));
    assert!(sent.raw_query.ends_with("&h=c2lnbmVk%3D&fmt=json"), "{}", sent.raw_query);
    assert_eq!(done.integrity, Integrity::Verified(Digest::of(DigestAlgorithm::Md5, CONTENT.as_bytes())));
    assert_eq!((done.item.id.as_str(), done.item.size), ("fi591ac5-9cd0-4eb7-a5e9-e5e28a7faa90", Some(10)));
    assert_eq!(done.item.version_series.unwrap().as_str(), "st591ac5-9cd0-4eb7-a5e9-e5e28a7faa90");
    assert_eq!((asked_all(stage).len(), stage.storage.count()), (1, 1));
}

async fn chunk_after_chunk(stage: &Stage) {
    grant_one(stage, "streamed");
    stage.storage.by(takes_everything);
    let done = upload(&cutting(stage, true), CONTENT).await.unwrap();
    let expected = value!({
        "Method": "Streamed", "Raw": true, "FileName": "2.txt", "FileSize": 10, "Overwrite": false, "CanResume": true,
        "StartOver": true,
    });
    assert_eq!(asked(stage), expected);
    let sent: Vec<_> = stage.storage.seen().iter().map(tail).collect();
    let [first, second] = ["0123", "4567"].map(md5);
    let (last, whole) = (md5("89"), md5(CONTENT));
    let expected = [
        format!("index=0&byteOffset=0&hash={first}&fmt=json"),
        format!("index=1&byteOffset=4&hash={second}&fmt=json"),
        format!("index=2&byteOffset=8&hash={last}&finish=true&filehash={whole}&fmt=json"),
    ];
    assert_eq!(sent, expected);
    assert!(matches!(done.integrity, Integrity::Verified(_)));
}

/// What a request has behind the signed address.
fn tail(request: &Seen) -> String {
    let (_, tail) = request.raw_query.split_once("&h=c2lnbmVk%3D&").expect("the signed address is untouched");
    tail.to_owned()
}

async fn several_chunks_at_once(stage: &Stage) {
    grant_one(stage, "threaded");
    stage.storage.by(takes_everything);
    let done = upload(&cutting(stage, false), CONTENT).await.unwrap();
    let body = asked(stage);
    assert_eq!((&body["Method"], &body["CanResume"]), (&value!("Threaded"), &value!(true)));
    assert!(body["ThreadCount"].as_u64().unwrap() >= 4, "{body}");
    let seen = stage.storage.seen();
    let (finish, chunks) = seen.split_last().unwrap();
    let mut sent: Vec<_> = chunks.iter().map(tail).collect();
    sent.sort();
    let chunk = |index, offset, bytes| format!("index={index}&byteOffset={offset}&hash={}&fmt=json", md5(bytes));
    assert_eq!(sent, [chunk(0, 0, "0123"), chunk(1, 4, "4567"), chunk(2, 8, "89")], "no chunk finishes the file");
    assert!(finish.raw_query.starts_with("uploadid=rsu-0123456789abcdef0123456789abcdef&respformat=json&finish=1"));
    assert_eq!(finish.param("filehash"), Some(md5(CONTENT).as_str()));
    assert!(matches!(done.integrity, Integrity::Verified(_)));
}

async fn no_more_chunks_at_once_than_granted(stage: &Stage) {
    for (granted, at_once) in [(value!(2), 2), (value!(1), 1), (value!("3"), 3)] {
        let mut spec = stage.fixture("upload_specification_threaded");
        spec["MaxNumberOfThreads"] = granted;
        grant(stage, [json(spec)], None);
        let arrivals = std::sync::Arc::new(Mutex::new(Vec::new()));
        let noted = arrivals.clone();
        stage.storage.by(move |request| {
            if request.param("index").is_some() {
                noted.lock().unwrap().push(Instant::now());
            }
            takes_everything(request).set_delay(Duration::from_millis(150))
        });
        let options = TransferOptions::new().with_parallel_parts(8);
        let store = stage.client().store_with(StoreOptions::new().with_single_limit(0).with_part_size(1));
        store.upload_bytes(CONTENT, request(), options).await.unwrap();
        let mut arrivals = std::mem::take(&mut *arrivals.lock().unwrap());
        arrivals.sort();
        assert_eq!(arrivals.len(), 10);
        // One more may only arrive when one of those before was answered.
        let crowded =
            arrivals.windows(at_once + 1).find(|window| window[at_once] - window[0] < Duration::from_millis(140));
        assert!(crowded.is_none(), "more than {at_once} at once");
    }
}

async fn forms(stage: &Stage) {
    let options = StoreOptions::new().with_multipart(true).with_part_size(4);
    let ways = [
        ("standard", options.clone()),
        ("streamed", options.clone().with_single_limit(0).with_sequential(true)),
        ("threaded", options.with_single_limit(0)),
    ];
    for (method, options) in ways {
        grant_one(stage, method);
        stage.storage.by(takes_everything);
        let before = stage.storage.count();
        upload(&stage.client().store_with(options), CONTENT).await.unwrap();
        assert_eq!(asked(stage)["Raw"], value!(false), "{method}");
        let mut sent = Vec::new();
        for request in stage.storage.seen()[before..].iter().filter(|request| !request.body.is_empty()) {
            let (name, content) = filedata(request).await;
            assert_eq!(name, "2.txt", "{method}");
            let offset = request.param("byteOffset").map_or(0, |offset| offset.parse::<usize>().unwrap());
            sent.push((offset, content));
        }
        sent.sort();
        assert_eq!(
            sent.into_iter().flat_map(|(_, content)| content).collect::<Vec<_>>(),
            CONTENT.as_bytes(),
            "{method}"
        );
    }
}

async fn empty_files(stage: &Stage) {
    grant_one(stage, "standard");
    stage.storage.script([finished("")]);
    let done = upload(&stage.store(), "").await.unwrap();
    assert_eq!((done.item.size, &asked(stage)["FileSize"]), (Some(0), &value!(0)));
    assert_eq!((stage.storage.count(), stage.storage.last().header("content-length")), (1, Some("0")));
}

async fn preparation_comes_first(stage: &Stage) {
    let mut spec = stage.fixture("upload_specification_standard");
    spec["PrepareUri"] = value!(format!("{}/prepare?uploadid=rsu-1&h=c2ln", stage.storage.uri()));
    grant(stage, [json(spec.clone()), json(spec)], None);
    stage.storage.script([plain(200, "OK"), finished(CONTENT), plain(200, "ERROR:no room")]);
    upload(&stage.store(), CONTENT).await.unwrap();
    let paths: Vec<_> = stage.storage.seen().iter().map(|seen| seen.path.clone()).collect();
    assert_eq!(paths, ["/prepare", "/upload-streaming-2.aspx"]);
    assert_eq!(upload(&stage.store(), CONTENT).await.unwrap_err().kind(), ErrorKind::Rejected);
    assert_eq!(stage.storage.count(), 3, "no content is sent after a failed preparation");
}

/// The file as the API describes it.
fn described(stage: &Stage, content: &str) -> Value {
    let mut file = stage.fixture("file");
    file["FileSizeBytes"] = value!(content.len());
    file["Hash"] = value!(md5(content));
    file
}

async fn answers_that_do_not_describe_the_file(stage: &Stage) {
    let id = "fi591ac5-9cd0-4eb7-a5e9-e5e28a7faa90";
    let by_name = "GET /sf/v3/Items(fo1)/ByPath?path=/2.txt".to_owned();
    let by_id = format!("GET /sf/v3/Items({id})");
    let no_digest = value!({"error": false, "value": [{"id": id, "displayname": "2.txt", "size": 10}]}).to_string();
    let replies = [("OK", &by_name), ("", &by_name), (id, &by_id), (no_digest.as_str(), &by_name)];
    for (reply, lookup) in replies {
        let spec = json(stage.fixture("upload_specification_standard"));
        grant(stage, [spec], Some(described(stage, CONTENT)));
        stage.storage.script([plain(200, reply)]);
        let done = upload(&stage.store(), CONTENT).await.unwrap();
        assert_eq!((done.item.id.as_str(), done.item.size), (id, Some(10)), "{reply:?}");
        assert!(matches!(done.integrity, Integrity::Verified(_)), "{reply:?}");
        let step = stage.api.last().step();
        assert!(step == *lookup || step == by_id, "{reply:?}: {step}");
    }
    // Threaded: what the finish answers counts, not what a chunk answers.
    let spec = json(stage.fixture("upload_specification_threaded"));
    grant(stage, [spec], Some(described(stage, CONTENT)));
    stage.storage.by(|_| plain(200, "OK"));
    upload(&cutting(stage, false), CONTENT).await.unwrap();
    assert_eq!(stage.api.last().step(), by_name);
}

async fn a_name_that_is_taken(stage: &Stage) {
    let refused = value!({"code": "Conflict", "message": {"value": "It exists."}, "reason": "Conflict"});
    grant(stage, [status(409, refused)], None);
    let error = upload(&stage.store(), CONTENT).await.unwrap_err();
    assert_eq!((error.kind(), error.provider()), (ErrorKind::AlreadyExists, Some("sharefile")));
    // The service grants the upload although the name is taken: the name was looked up as well.
    let (spec, file) = (stage.fixture("upload_specification_standard"), stage.fixture("file"));
    stage.api.by(move |request| json(if request.method == "POST" { spec.clone() } else { file.clone() }));
    let error = upload(&stage.store(), CONTENT).await.unwrap_err();
    assert_eq!((error.kind(), error.subject()), (ErrorKind::AlreadyExists, Some("2.txt")));
    assert_eq!(stage.storage.count(), 0, "before any content is sent");
}

async fn a_new_version(stage: &Stage) {
    let mut spec = stage.fixture("upload_specification_standard");
    spec["IsDuplicateFileName"] = value!(true);
    grant(stage, [json(spec)], None);
    stage.storage.script([finished(CONTENT)]);
    let request = request().with_on_conflict(OnConflict::NewVersion).with_if_revision("fi0".into());
    let request = request.with_description("why");
    stage.store().upload_bytes(CONTENT, request, TransferOptions::new()).await.unwrap();
    let body = asked(stage);
    assert_eq!((&body["Overwrite"], &body["BaseFileId"]), (&value!(true), &value!("fi0")));
    assert_eq!(body["Details"], value!("why"));
}

async fn a_version_that_is_not_the_present_one(stage: &Stage) {
    let conflict = value!({"code": "Conflict", "message": {"value": "Newer."}, "reason": "FileUploadConflict"});
    grant(stage, [status(409, conflict)], None);
    let request = request().with_on_conflict(OnConflict::NewVersion).with_if_revision("fi0".into());
    let error = stage.store().upload_bytes(CONTENT, request, TransferOptions::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PreconditionFailed);
    assert_eq!(stage.storage.count(), 0);
}

async fn content_that_arrived_otherwise(stage: &Stage) {
    for other in ["0123456780", "012345678"] {
        grant_one(stage, "standard");
        stage.storage.script([finished(other)]);
        let error = upload(&stage.store(), CONTENT).await.unwrap_err();
        assert_eq!((error.kind(), error.maybe_applied()), (ErrorKind::Integrity, true), "{other}");
    }
    assert_eq!(stage.storage.count(), 2);
}

async fn failures_that_are_no_reason_to_start_anew(stage: &Stage) {
    let failures = [
        (plain(200, "ERROR:no room"), ErrorKind::Rejected),
        (plain(200, r#"{"error":true,"errorMessage":"file size does not match","errorCode":-2}"#), ErrorKind::Rejected),
        (
            plain(200, r#"{"error":true,"errorMessage":"file size does not match","errorCode":"-2"}"#),
            ErrorKind::Rejected,
        ),
        (plain(400, "ERROR:no room"), ErrorKind::Rejected),
        (plain(507, "ERROR:no room"), ErrorKind::QuotaExceeded),
        (plain(404, "<html>"), ErrorKind::Protocol),
        (empty(403), ErrorKind::Protocol),
    ];
    for (answer, kind) in failures {
        for sequential in [true, false] {
            let method = if sequential { "streamed" } else { "threaded" };
            grant_one(stage, method);
            let failing = answer.clone();
            stage.storage.by(move |_| failing.clone());
            let before = asked_all(stage).len();
            let error = upload(&cutting(stage, sequential), CONTENT).await.unwrap_err();
            assert_eq!((error.kind(), error.provider()), (kind, Some("sharefile")), "{method}: {error}");
            assert_eq!(asked_all(stage).len() - before, 1, "{method}: {error}");
        }
    }
}

async fn an_answer_that_was_lost(stage: &Stage) {
    let spec = || json(stage.fixture("upload_specification_standard"));
    // The file is there although the answer was an error: it is not sent a second time.
    grant(stage, [spec()], Some(described(stage, CONTENT)));
    stage.storage.script([empty(500)]);
    let done = upload(&stage.store(), CONTENT).await.unwrap();
    assert_eq!((done.item.id.as_str(), stage.storage.count()), ("fi591ac5-9cd0-4eb7-a5e9-e5e28a7faa90", 1));
    let steps: Vec<_> = stage.seen().iter().map(Seen::step).collect();
    assert!(steps.contains(&"GET /sf/v3/Items(fo1)/ByPath?path=/2.txt".to_owned()), "{steps:?}");
    // The file is not there: only then it is sent again.
    grant(stage, [spec()], None);
    stage.storage.script([empty(500), finished(CONTENT)]);
    upload(&stage.store(), CONTENT).await.unwrap();
    assert_eq!(stage.storage.count(), 3);
    // It never arrives: there is an end.
    grant(stage, [spec(), spec(), spec(), spec()], None);
    stage.storage.by(|_| empty(500));
    let error = upload(&stage.store(), CONTENT).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::UploadExpired), "{error}");
    assert!(stage.storage.count() <= 3 + 4, "{} times", stage.storage.count());
    assert_eq!(asked_all(stage).len() - 2, 2, "begun once and once anew");
}

async fn a_specification_shows_no_address(stage: &Stage) {
    grant_one(stage, "threaded");
    let spec = cutting(stage, false).upload_spec(request().with_size(10)).await.unwrap();
    let shown = format!("{spec:?}");
    assert!(!shown.contains("rsu-") && !shown.contains("c2lnbmVk"), "{shown}");
    let kept = Bytes::from(serde_json::to_vec(&spec).unwrap());
    assert!(String::from_utf8_lossy(&kept).contains("rsu-"), "another process needs it");
}

/// A version of the file, as a list of versions has it.
fn version(stage: &Stage, id: &str, content: &str) -> Value {
    let mut file = described(stage, content);
    file["Id"] = value!(id);
    file
}

/// Another writer's version has lain on top since the storage host took the last request, which does not say what it
/// made. `versions` are those of the stream, one a page.
fn overtaken(stage: &Stage, method: &str, versions: Vec<Value>) {
    let spec = stage.fixture(&format!("upload_specification_{method}"));
    let (top, stream) = (version(stage, "fi-theirs", "9876543210"), version(stage, "", "")["StreamID"].clone());
    let listing = format!("/sf/v3/Items({})/Stream", stream.as_str().unwrap());
    let (stored, before) = (stage.storage.counter(), stage.storage.count());
    stage.api.by(move |request| match request.method.as_str() {
        "POST" => json(spec.clone()),
        _ if stored() == before => status(404, reconstructed("error_not_found")),
        _ if request.path == listing => {
            let skip = request.param("$skip").map_or(0, |skip| skip.parse::<usize>().unwrap());
            let page: Vec<_> = versions.iter().skip(skip).take(1).collect();
            json(value!({"value": page, "odata.count": versions.len()}))
        }
        _ if request.path.ends_with("/ByPath") => json(top.clone()),
        _ => status(404, reconstructed("error_not_found")),
    });
    stage.storage.by(|_| plain(200, "OK"));
}

async fn another_writers_version_on_top(stage: &Stage) {
    for method in ["standard", "threaded"] {
        let theirs = version(stage, "fi-theirs", "9876543210");
        let (older, own) = (version(stage, "fi-older", "older"), version(stage, "fi-own", CONTENT));
        overtaken(stage, method, vec![theirs, older, own]);
        let store = if method == "standard" { stage.store() } else { cutting(stage, false) };
        let done = upload(&store, CONTENT).await.unwrap();
        assert_eq!((done.item.id.as_str(), done.item.size), ("fi-own", Some(10)), "{method}");
        let sent = Digest::of(DigestAlgorithm::Md5, CONTENT.as_bytes());
        assert_eq!(done.integrity, Integrity::Verified(sent), "{method}");
        let stream = stage.seen().iter().filter(|seen| seen.path.ends_with("/Stream")).count();
        assert!(stream >= 3 && stream % 3 == 0, "{method}: {stream} pages of versions");
    }
}

async fn a_version_of_ones_own_that_is_nowhere(stage: &Stage) {
    for method in ["standard", "threaded"] {
        let theirs = version(stage, "fi-theirs", "9876543210");
        // The digest alone does not make it the one that was sent.
        let mut shorter = version(stage, "fi-shorter", CONTENT);
        shorter["FileSizeBytes"] = value!(9);
        overtaken(stage, method, vec![theirs, shorter]);
        let store = if method == "standard" { stage.store() } else { cutting(stage, false) };
        let error = upload(&store, CONTENT).await.unwrap_err();
        assert_eq!((error.kind(), error.maybe_applied()), (ErrorKind::Integrity, true), "{method}: {error}");
        assert!(error.to_string().contains("fi-theirs"), "{error}");
        assert!(stage.seen().iter().any(|seen| seen.path.ends_with("/Stream")), "{method}: the versions are looked at");
    }
}
