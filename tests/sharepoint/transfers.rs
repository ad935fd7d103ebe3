//! Content by the store: one request, chunks, another process, another state, files that the service rewrites.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use sharesync::http::HttpConfig;
use sharesync::sharepoint::{Auth, Client, SharePointStore, StoreOptions};
use sharesync::transfer::{
    BytesSource, Integrity, Part, PartPlan, TransferOptions, UploadRequest, UploadSpec, UploadStatus, upload,
};
use sharesync::{
    Digest, DigestAlgorithm, ErrorKind, ItemRef, OnConflict, RemoteStore as _, Result, Revision, TEMPORARY,
};
use wiremock::ResponseTemplate;

use super::stage::{FILE, Farm, ROOT, ROOT_PATH, Seen, empty, error, file, json_answer, simple, xml};

/// A library that holds one file at most, with what is needed to write it.
#[derive(Default)]
struct Library {
    name: String,
    content: Option<Vec<u8>>,
    version: u32,
    /// The upload under way, and what there is of it.
    upload: Option<(String, Vec<u8>)>,
    /// Whether content gets more when it comes.
    rewrites: bool,
}

type Shared = Arc<Mutex<Library>>;

impl Library {
    fn described(&self) -> Option<Value> {
        let content = self.content.as_ref()?;
        Some(file(FILE, &self.name, &format!("{ROOT_PATH}/{}", self.name), self.version, content.len()))
    }

    fn synced(&self) -> Option<String> {
        use base64::Engine as _;
        let content = self.content.as_ref()?;
        let digest = Digest::of(DigestAlgorithm::QuickXor, content);
        let hash = base64::engine::general_purpose::STANDARD.encode(digest.as_bytes());
        Some(format!(
            "<Document><ResourceID>{}</ResourceID><ETag>\"{{{}}},{}\"</ETag><RelationshipName>{n}</RelationshipName>\
             <Path>/RootFolder/{n}</Path><ParentResourceID>{}</ParentResourceID><DocumentStreams><DocumentStream>\
             <DataSize>{}</DataSize><XORHash>{hash}</XORHash></DocumentStream></DocumentStreams></Document>",
            simple(FILE),
            FILE.to_uppercase(),
            self.version,
            simple(ROOT),
            content.len(),
            n = self.name,
        ))
    }

    fn put(&mut self, mut content: Vec<u8>) -> ResponseTemplate {
        if self.rewrites {
            content.extend_from_slice(b"properties");
        }
        self.content = Some(content);
        self.version += 2;
        json_answer(200, &json!({ "d": self.described() }))
    }

    fn tag_fits(&self, seen: &Seen) -> bool {
        let tag = format!("\"{{{}}},{}\"", FILE.to_uppercase(), self.version);
        seen.header("if-match").is_none_or(|required| required == tag || required == "*")
    }

    /// Whether a request that names a path means the file that is there.
    fn is_meant(&self, below: &str) -> bool {
        !below.contains("ByServerRelativePath") || below.contains(&format!("/{}'", self.name))
    }

    fn answer(&mut self, seen: &Seen) -> ResponseTemplate {
        let below = seen.below().to_owned();
        let missing = || error(404, "-2147024894, System.IO.FileNotFoundException", "File Not Found.");
        let number = |name: &str, value: usize| json_answer(200, &json!({"d": {name: value.to_string()}}));
        if below.contains("/AddUsingPath") {
            if self.content.is_some() && below.contains("overwrite=false") {
                return error(400, "-2130575257, Microsoft.SharePoint.SPException", "It already exists.");
            }
            self.name = quoted(&below, "decodedurl='");
            return self.put(seen.body.clone());
        }
        if self.content.is_none() || !self.is_meant(&below) {
            return missing();
        }
        if !self.tag_fits(seen) {
            return error(412, "-1, Microsoft.SharePoint.Client.ClientServiceException", "The ETag does not fit.");
        }
        if below.contains("/Items/") {
            return self.synced().map_or_else(missing, |item| xml(&item));
        }
        if below.contains("/MoveToUsingPath") {
            self.name = quoted(&below, "DecodedUrl='").rsplit('/').next().unwrap().to_owned();
            self.version += 1;
            return empty(200);
        }
        if below.contains("/StartUpload") {
            let id = below.split("guid'").nth(1).unwrap().split('\'').next().unwrap().to_owned();
            self.upload = Some((id, seen.body.clone()));
            return number("StartUpload", seen.body.len());
        }
        if below.contains("Upload(") {
            let Some((id, mut held)) = self.upload.clone().filter(|(id, _)| below.contains(id.as_str())) else {
                return error(400, "-1, System.ArgumentException", "There is no such upload.");
            };
            if below.contains("/CancelUpload") {
                self.upload = None;
                return empty(200);
            }
            if !below.contains(&format!("fileOffset={}", held.len())) {
                return error(400, "-1, System.ArgumentException", "The offset is another one.");
            }
            held.extend_from_slice(&seen.body);
            if below.contains("/FinishUpload") {
                self.upload = None;
                return self.put(held);
            }
            let length = held.len();
            self.upload = Some((id, held));
            return number("ContinueUpload", length);
        }
        if below.contains("/GetUploadStatus") {
            return match &self.upload {
                Some((id, held)) if below.contains(id.as_str()) => json_answer(
                    200,
                    &json!({"d": {"ExpectedContentRange": format!("{}-", held.len()), "UploadId": id}}),
                ),
                _ => error(404, "-1, System.ArgumentException", "There is no such upload."),
            };
        }
        match (seen.header("x-http-method"), below.contains("GetFile")) {
            (Some("PUT"), _) => {
                self.put(seen.body.clone());
                empty(204)
            }
            (Some("DELETE"), _) => {
                self.content = None;
                empty(200)
            }
            (_, true) => json_answer(200, &json!({ "d": self.described() })),
            _ => missing(),
        }
    }
}

/// The text of a parameter.
fn quoted(below: &str, parameter: &str) -> String {
    below.split(parameter).nth(1).unwrap().split('\'').next().unwrap().to_owned()
}

async fn farm(library: Library) -> (Farm, Shared) {
    let shared = Arc::new(Mutex::new(library));
    let library = shared.clone();
    (Farm::with_store(move |seen| library.lock().unwrap().answer(seen)).await, shared)
}

/// Content from 20 bytes on in chunks of 10.
async fn store(farm: &Farm) -> SharePointStore {
    farm.store_with(StoreOptions::new().with_single_limit(20).with_chunk_size(10)).await
}

fn named(name: &str) -> Library {
    Library { name: name.into(), ..Library::default() }
}

fn existing(name: &str) -> Library {
    Library { name: name.into(), content: Some(b"old".to_vec()), version: 5, ..Library::default() }
}

async fn send(
    store: &SharePointStore,
    request: UploadRequest,
    content: &[u8],
) -> Result<sharesync::transfer::UploadOutcome> {
    upload(store, request, Arc::new(BytesSource::new(content.to_vec())), TransferOptions::new()).await
}

fn request(name: &str) -> UploadRequest {
    UploadRequest::new(ItemRef::Root, name)
}

/// What was sent to write, by the names of the calls.
async fn writes(farm: &Farm) -> Vec<String> {
    let seen = farm.seen().await;
    let names = seen.iter().filter(|seen| seen.method == "POST").map(|seen| {
        // A path as a parameter has slashes of its own.
        let called =
            seen.below().split('=').next().unwrap().rsplit_once('(').map_or(seen.below(), |(called, _)| called);
        let name = called.rsplit('/').next().unwrap().to_owned();
        let verb = seen.header("x-http-method").map(|verb| format!("{verb} ")).unwrap_or_default();
        let offset = seen.below().split("fileOffset=").nth(1).map(|at| format!(" {}", at.trim_end_matches(')')));
        format!("{verb}{name}{}", offset.unwrap_or_default())
    });
    names.collect()
}

#[tokio::test]
async fn little_is_one_request_and_much_is_chunks() {
    for (size, calls) in [
        (0, vec!["AddUsingPath"]),
        (19, vec!["AddUsingPath"]),
        (20, vec!["AddUsingPath", "StartUpload", "FinishUpload 10", "MoveToUsingPath"]),
        (
            35,
            vec![
                "AddUsingPath",
                "StartUpload",
                "ContinueUpload 10",
                "ContinueUpload 20",
                "FinishUpload 30",
                "MoveToUsingPath",
            ],
        ),
    ] {
        let (farm, library) = farm(named("a.bin")).await;
        let content: Vec<u8> = (0..size).map(|byte: usize| byte as u8).collect();
        let done = send(&store(&farm).await, request("a.bin"), &content).await.unwrap();
        assert!(matches!(done.integrity, Integrity::Verified(_)), "{size}: {:?}", done.integrity);
        assert_eq!((done.item.name.as_str(), &library.lock().unwrap().content), ("a.bin", &Some(content)));
        assert_eq!(writes(&farm).await, calls, "{size}");
    }
}

#[tokio::test]
async fn a_name_that_is_taken_is_respected() {
    for size in [5, 50] {
        let (farm, library) = farm(existing("a.bin")).await;
        let failed = send(&store(&farm).await, request("a.bin"), &vec![1; size]).await.unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::AlreadyExists, "{failed}");
        assert_eq!(library.lock().unwrap().content.as_deref(), Some(b"old".as_slice()));
        let version = request("a.bin").with_on_conflict(OnConflict::NewVersion);
        let done = send(&store(&farm).await, version, &vec![1; size]).await.unwrap();
        assert_eq!(done.item.id.as_str(), FILE, "a new version has the identifier of the old one");
        assert_eq!(library.lock().unwrap().content, Some(vec![1; size]));
    }
}

#[tokio::test]
async fn another_state_is_told_with_both() {
    let present = format!("{{{}}},5", FILE.to_uppercase());
    for size in [5, 50] {
        let (farm, library) = farm(existing("a.bin")).await;
        let store = store(&farm).await;
        let stale = request("a.bin").with_if_revision(Revision::new("{OTHER},1"));
        let failed = send(&store, stale, &vec![1; size]).await.unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::PreconditionFailed);
        assert!(failed.to_string().contains("{OTHER},1") && failed.to_string().contains(&present), "{failed}");

        // Somebody else comes in between: the service itself refuses.
        let fresh = request("a.bin").with_if_revision(Revision::new(present.clone())).with_size(size as u64);
        let spec = store.upload_spec(fresh).await.unwrap();
        library.lock().unwrap().version = 9;
        let failed = send_parts(&store, &spec, &vec![1; size]).await.unwrap_err();
        assert_eq!((failed.kind(), failed.status()), (ErrorKind::PreconditionFailed, Some(412)), "{failed}");
        let other = format!("{{{}}},9", FILE.to_uppercase());
        assert!(failed.to_string().contains(&present) && failed.to_string().contains(&other), "{failed}");
        assert_eq!(library.lock().unwrap().content.as_deref(), Some(b"old".as_slice()));
    }
}

/// Sends the parts of a spec one after another.
async fn send_parts(store: &SharePointStore, spec: &UploadSpec, content: &[u8]) -> Result<()> {
    let mut spec = spec.clone();
    for index in 0..spec.part_count() {
        spec = send_part(store, &spec, index, content).await?;
    }
    Ok(())
}

/// Sends a part; the spec to go on with.
async fn send_part(store: &SharePointStore, spec: &UploadSpec, index: u64, content: &[u8]) -> Result<UploadSpec> {
    let range = spec.part_range(index);
    let bytes = content[range.start as usize..range.end as usize].to_vec();
    let mut part = Part::new(index, range.start, Arc::new(BytesSource::new(bytes)));
    if index + 1 == spec.part_count() {
        part = part.last(&[]);
    }
    let receipt = store.upload_part(spec, part).await?;
    Ok(receipt.renewed().unwrap_or(spec).clone())
}

#[tokio::test]
async fn an_upload_goes_on_in_another_process() {
    let content: Vec<u8> = (0..45).collect();
    let (farm, library) = farm(named("a.bin")).await;
    let mut spec = store(&farm).await.upload_spec(request("a.bin").with_size(45)).await.unwrap();
    assert_eq!(spec.plan, PartPlan::Sequential { part_size: 10 });
    for index in 0..2 {
        spec = send_part(&store(&farm).await, &spec, index, &content).await.unwrap();
    }
    let kept: UploadSpec = serde_json::from_str(&serde_json::to_string(&spec).unwrap()).unwrap();
    let UploadStatus::InProgress { received, .. } = store(&farm).await.upload_status(&kept).await.unwrap() else {
        panic!("it can go on")
    };
    assert_eq!(received, [0..20]);
    let source = Arc::new(BytesSource::new(content.clone()));
    let done = sharesync::transfer::resume_upload(&store(&farm).await, kept, source, TransferOptions::new()).await;
    assert!(matches!(done.unwrap().integrity, Integrity::Verified(_)));
    assert_eq!(library.lock().unwrap().content, Some(content));
    let calls = writes(&farm).await;
    assert_eq!(
        calls[1..],
        [
            "StartUpload",
            "ContinueUpload 10",
            "ContinueUpload 20",
            "ContinueUpload 30",
            "FinishUpload 40",
            "MoveToUsingPath"
        ]
    );

    // An answer that was lost at the end.
    assert!(matches!(store(&farm).await.upload_status(&spec).await.unwrap(), UploadStatus::Complete(_)));
}

#[tokio::test]
async fn a_session_that_the_service_forgot_begins_anew_in_the_same_file() {
    let content = vec![7; 30];
    let (farm, library) = farm(named("a.bin")).await;
    let store = store(&farm).await;
    let spec = store.upload_spec(request("a.bin").with_size(30)).await.unwrap();
    send_part(&store, &spec, 0, &content).await.unwrap();
    library.lock().unwrap().upload = None;
    let source = Arc::new(BytesSource::new(content.clone()));
    sharesync::transfer::resume_upload(&store, spec, source, TransferOptions::new()).await.unwrap();
    assert_eq!(library.lock().unwrap().content, Some(content));
}

#[tokio::test]
async fn an_upload_that_is_given_up_leaves_nothing() {
    let (farm, library) = farm(named("a.bin")).await;
    let store = store(&farm).await;
    let spec = store.upload_spec(request("a.bin").with_size(30)).await.unwrap();
    send_part(&store, &spec, 0, &[7; 30]).await.unwrap();
    assert_eq!(library.lock().unwrap().content.as_deref(), Some([].as_slice()), "the file must exist");
    assert!(library.lock().unwrap().name.starts_with(TEMPORARY), "nothing empty has the name of the file");
    // The spec from before the first part is enough: it has the temporary name.
    store.upload_abort(&spec).await.unwrap();
    let library = library.lock().unwrap();
    assert!(library.content.is_none() && library.upload.is_none());
}

#[tokio::test]
async fn an_upload_of_a_new_version_that_is_given_up_leaves_the_old_one() {
    let (farm, library) = farm(existing("a.bin")).await;
    let store = store(&farm).await;
    let version = request("a.bin").with_on_conflict(OnConflict::NewVersion).with_size(30);
    let spec = store.upload_spec(version).await.unwrap();
    send_part(&store, &spec, 0, &[7; 30]).await.unwrap();
    store.upload_abort(&spec).await.unwrap();
    assert_eq!(library.lock().unwrap().content.as_deref(), Some(b"old".as_slice()));
}

#[tokio::test]
async fn a_library_that_rewrites_office_files_is_no_error_and_nothing_is_deleted() {
    for size in [5, 50] {
        let (farm, library) = farm(Library { rewrites: true, ..named("report.docx") }).await;
        let done = send(&store(&farm).await, request("report.docx"), &vec![1; size]).await.unwrap();
        assert_eq!(done.integrity, Integrity::ServerRewrote);
        assert_eq!(library.lock().unwrap().content.as_ref().unwrap().len(), size + 10);
        assert!(!writes(&farm).await.iter().any(|call| call.contains("DELETE") || call.contains("Recycle")));
    }
    let (farm, library) = farm(Library { rewrites: true, ..named("data.bin") }).await;
    let failed = send(&store(&farm).await, request("data.bin"), &[1; 5]).await.unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Integrity, "no Office file: {failed}");
    assert!(library.lock().unwrap().content.is_some(), "it is told, and not deleted");
}

#[tokio::test]
async fn a_digest_that_expires_between_chunks_is_renewed() {
    let shared = Arc::new(Mutex::new(named("a.bin")));
    let (library, digests) = (shared.clone(), Arc::new(Mutex::new(0)));
    let counted = digests.clone();
    let farm = Farm::with_store(move |seen| {
        let mut digests = counted.lock().unwrap();
        if seen.below() == "_api/contextinfo" {
            *digests += 1;
            let digest = format!("0xD{},03 Oct 2017 21:13:02 -0000", *digests);
            let info = json!({"FormDigestTimeoutSeconds": 1800, "FormDigestValue": digest});
            return json_answer(200, &json!({"d": {"GetContextWebInformation": info}}));
        }
        let valid = format!("0xD{},03 Oct 2017 21:13:02 -0000", *digests);
        // The first digest ends in the middle of the upload.
        let ended = *digests == 1 && seen.below().contains("fileOffset=20");
        if seen.method == "POST" && (ended || seen.header("x-requestdigest") != Some(valid.as_str())) {
            let message = "The security validation for this page is invalid.";
            return error(403, "-2130575251, Microsoft.SharePoint.SPException", message);
        }
        library.lock().unwrap().answer(seen)
    })
    .await;
    let config = HttpConfig::new().with_backoff_base(std::time::Duration::from_millis(1));
    let client =
        Client::builder(farm.site()).auth(Auth::basic("alice", "pw")).http_config(config).connect().await.unwrap();
    let options = StoreOptions::new().with_single_limit(20).with_chunk_size(10);
    let store = client.store_with(options).await.unwrap();
    let content: Vec<u8> = (0..45).collect();
    send(&store, request("a.bin"), &content).await.unwrap();
    assert_eq!(shared.lock().unwrap().content, Some(content));
    assert_eq!(*digests.lock().unwrap(), 2, "fetched once, and once again");
}

#[tokio::test]
async fn a_file_that_was_made_before_the_journal_knew_it_is_found_by_its_temporary_name() {
    let content: Vec<u8> = (0..30).collect();
    for parts in [0, 1, 3] {
        let (farm, library) = farm(named("a.bin")).await;
        let store = store(&farm).await;
        let early = store.upload_spec(request("a.bin").with_size(30)).await.unwrap();
        let mut spec = early.clone();
        for index in 0..parts {
            spec = send_part(&store, &spec, index, &content).await.unwrap();
        }
        let source = Arc::new(BytesSource::new(content.clone()));
        let done = sharesync::transfer::resume_upload(&store, early, source, TransferOptions::new()).await.unwrap();
        assert!(matches!(done.integrity, Integrity::Verified(_)), "{parts}");
        assert_eq!(library.lock().unwrap().content.as_ref(), Some(&content));
        let calls = writes(&farm).await;
        let count = |name: &str| calls.iter().filter(|call| call.starts_with(name)).count();
        assert_eq!((count("AddUsingPath"), count("StartUpload"), count("MoveToUsingPath")), (1, 1, 1), "{calls:?}");
    }
}

#[tokio::test]
async fn a_name_that_is_taken_meanwhile_is_respected_at_the_end() {
    let content = vec![1; 30];
    let taken = |seen: &Seen| seen.below().contains("MoveToUsingPath");
    for (on_conflict, expected) in
        [(OnConflict::Fail, ErrorKind::AlreadyExists), (OnConflict::NewVersion, ErrorKind::UploadExpired)]
    {
        let library = Arc::new(Mutex::new(named("a.bin")));
        let shared = library.clone();
        let farm = Farm::with_store(move |seen| match taken(seen) {
            true => error(400, "-2130575257, Microsoft.SharePoint.SPException", "It already exists."),
            false => shared.lock().unwrap().answer(seen),
        })
        .await;
        let store = store(&farm).await;
        let failed = send(&store, request("a.bin").with_on_conflict(on_conflict), &content).await.unwrap_err();
        assert_eq!(failed.kind(), expected, "{failed}");
        assert!(library.lock().unwrap().content.is_none(), "what has no name of its own is taken away");
    }
}

#[tokio::test]
async fn an_upload_that_meets_a_refusal_leaves_nothing() {
    for (status, code) in [(503, ""), (401, ""), (403, "-2147024891, System.UnauthorizedAccessException")] {
        for call in ["AddUsingPath", "StartUpload", "ContinueUpload", "FinishUpload", "MoveToUsingPath"] {
            let library = Arc::new(Mutex::new(named("a.bin")));
            let shared = library.clone();
            let farm = Farm::with_store(move |seen| match seen.below().contains(call) {
                true if code.is_empty() => empty(status),
                true => error(status, code, "No."),
                false => shared.lock().unwrap().answer(seen),
            })
            .await;
            let failed = send(&store(&farm).await, request("a.bin"), &[1; 35]).await;
            assert!(failed.is_err(), "{status} {call}");
            let library = library.lock().unwrap();
            assert!(library.content.is_none(), "{status} {call}: {:?} is left", library.name);
        }
    }
}
