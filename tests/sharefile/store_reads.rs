//! How the store reads: items by root, identifier and path, listings, content and ranges of it.

use futures::TryStreamExt as _;
use serde_json::{Value, json as value};
use sharesync::sharefile::StoreOptions;
use sharesync::snapshot::{MemorySnapshots, Snapshots};
use sharesync::transfer::DownloadOptions;
use sharesync::{ErrorKind, ItemId, ItemKind, ItemRef, ListOptions, Operation, RemoteStore as _, Result, Support};
use wiremock::ResponseTemplate;

use super::fixtures::reconstructed;
use super::harness::cases;
use super::stage::{Seen, Stage, empty, json, plain, status};
use super::store_uploads::{CONTENT, md5};

cases! {
    "store_reads" {
        items_by_root_identifier_and_path,
        what_an_item_says,
        listings,
        content_is_fetched_from_the_storage_host_and_verified,
        ranges,
        a_storage_host_that_ignores_the_range,
        an_address_that_is_refused_is_asked_for_again_once,
        content_that_is_not_what_was_promised,
        only_files_have_content,
        a_required_revision,
        capabilities_say_what_the_service_does,
        errors_say_what_was_attempted,
    }
}

/// The file whose content this is.
fn file(content: &str) -> Value {
    let mut file = reconstructed("file");
    file["FileSizeBytes"] = value!(content.len());
    file["Hash"] = value!(md5(content));
    file
}

fn id(id: &str) -> ItemRef {
    ItemRef::Id(ItemId::from(id))
}

async fn items_by_root_identifier_and_path(stage: &Stage) {
    stage.api.by(|_| json(reconstructed("folder")));
    let path: sharesync::RemotePath = "/a b/c#d%+'&ä".parse().unwrap();
    // The service knows the root by an alias; what it is really is asked once.
    let root = "fo9252b1-0a1b-4c2d-8e3f-405162738495";
    let store = stage.store();
    let cases = [
        (ItemRef::Root, format!("GET /sf/v3/Items({root})")),
        (id("fo1"), "GET /sf/v3/Items(fo1)".into()),
        (ItemRef::Path(path.clone()), format!("GET /sf/v3/Items({root})/ByPath?path=/a b/c#d%+'&ä")),
    ];
    for (item, line) in cases {
        let found = store.stat(&item).await.unwrap();
        assert_eq!((stage.api.last().step(), found.kind), (line, ItemKind::Folder));
    }
    assert_eq!(stage.seen()[0].step(), "GET /sf/v3/Items(home)");
    let below = stage.client().store_with(StoreOptions::new().with_root("allshared"));
    let before = stage.api.count();
    let found = below.stat(&ItemRef::Path(path.clone())).await.unwrap();
    assert_eq!(stage.seen()[before].step(), "GET /sf/v3/Items(allshared)");
    assert_eq!((found.path, stage.api.count() - before), (Some(path), 2));
}

async fn what_an_item_says(stage: &Stage) {
    let kinds = [
        ("file", ItemKind::File),
        ("folder", ItemKind::Folder),
        ("symbolic_link", ItemKind::SymbolicLink),
        ("note", ItemKind::Other("note".into())),
        ("link", ItemKind::Other("link".into())),
    ];
    for (name, kind) in kinds {
        stage.api.script([json(stage.fixture(name))]);
        let item = stage.store().stat(&id("x")).await.unwrap();
        assert_eq!((item.kind, item.name.as_str()), (kind, stage.fixture(name)["Name"].as_str().unwrap()), "{name}");
    }
    stage.api.script([json(stage.fixture("file")), json(value!({"Name": "no identifier"}))]);
    let item = stage.store().stat(&id("x")).await.unwrap();
    assert_eq!((item.size, item.digests[0].to_hex().as_str()), (Some(27_056_777), "55e4f7a0b1c2d3e4f5a6b7c8d9e0f1a2"));
    assert_eq!(item.parent.unwrap().as_str(), "fo9252b1-0a1b-4c2d-8e3f-405162738495");
    assert_eq!(item.modified, Some("2018-01-01T00:00:00.5Z".parse().unwrap()));
    assert_eq!(item.created, Some("2017-12-31T00:00:00Z".parse().unwrap()));
    assert_eq!(item.revision.unwrap().as_str(), item.id.as_str(), "an identifier names one version");
    assert_eq!(item.version_series.unwrap().as_str(), "st591ac5-9cd0-4eb7-a5e9-e5e28a7faa90");
    assert_eq!(stage.store().stat(&id("x")).await.unwrap_err().kind(), ErrorKind::Protocol);
}

async fn listings(stage: &Stage) {
    stage.api.script([json(stage.fixture("children"))]);
    let pages: Vec<_> =
        stage.store().list(&id("fo1"), ListOptions::new().with_page_size(7)).try_collect().await.unwrap();
    assert_eq!((pages.len(), pages[0].total), (1, Some(5)));
    let kinds: Vec<_> = pages[0].items.iter().map(|item| item.kind.clone()).collect();
    let (note, link) = (ItemKind::Other("note".into()), ItemKind::Other("link".into()));
    assert_eq!(kinds, [ItemKind::Folder, ItemKind::SymbolicLink, ItemKind::File, link, note], "nothing is left out");
    let sent = stage.api.last();
    assert_eq!((sent.path.as_str(), sent.param("$top")), ("/sf/v3/Items(fo1)/Children", Some("7")));
    let fields: Vec<_> = sent.param("$select").unwrap().split(',').collect();
    for field in ["Id", "odata.type", "Name", "FileSizeBytes", "Hash", "StreamID", "ClientModifiedDate"] {
        assert!(fields.contains(&field), "{field}");
    }
    stage.api.script([status(404, reconstructed("error_not_found"))]);
    let error = stage.store().list(&id("fo1"), ListOptions::new()).try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!((error.kind(), error.subject()), (ErrorKind::NotFound, Some("fo1")));
}

/// Answers the store's requests for the file, its specification counted by `dt`.
fn serve(stage: &Stage, item: Value) {
    let (storage, count) = (stage.storage.uri(), std::sync::atomic::AtomicU32::new(0));
    stage.api.by(move |request| {
        if !request.path.ends_with("/Download") {
            return json(item.clone());
        }
        let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        json(value!({"DownloadUrl": format!("{storage}/download.ashx?dt=dt{number}&h=c2ln%3D")}))
    });
}

/// Answers ranges of the content.
fn ranged(request: &Seen) -> ResponseTemplate {
    let Some(range) = request.header("range") else { return ResponseTemplate::new(200).set_body_string(CONTENT) };
    let (first, last) = range.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
    let first: usize = first.parse().unwrap();
    let last = if last.is_empty() { 9 } else { last.parse::<usize>().unwrap().min(9) };
    ResponseTemplate::new(206)
        .insert_header("content-range", format!("bytes {first}-{last}/10"))
        .set_body_string(&CONTENT[first..=last])
}

async fn download(stage: &Stage, options: DownloadOptions) -> Result<String> {
    let bytes = stage.store().download(&id("fi1"), options).await?.bytes(1000).await?;
    Ok(String::from_utf8(bytes.to_vec()).unwrap())
}

async fn content_is_fetched_from_the_storage_host_and_verified(stage: &Stage) {
    serve(stage, file(CONTENT));
    stage.storage.by(ranged);
    assert_eq!(download(stage, DownloadOptions::new()).await.unwrap(), CONTENT);
    let fetched = stage.storage.saw(&["GET /download.ashx?dt=dt1&h=c2ln="]);
    assert_eq!((fetched[0].header("range"), fetched[0].raw_query.as_str()), (None, "dt=dt1&h=c2ln%3D"));
    let mut steps: Vec<_> = stage.seen().iter().map(Seen::step).collect();
    steps.sort();
    assert_eq!(steps, ["GET /sf/v3/Items(fi1)", "GET /sf/v3/Items(fi1)/Download?redirect=false"]);
}

async fn ranges(stage: &Stage) {
    serve(stage, file(CONTENT));
    stage.storage.by(ranged);
    let options = DownloadOptions::new;
    let cases = [
        (options().with_offset(4), "456789", "bytes=4-"),
        (options().with_offset(2).with_length(3), "234", "bytes=2-4"),
        (options().with_length(1), "0", "bytes=0-0"),
        (options().with_offset(9), "9", "bytes=9-"),
        (options().with_offset(0).with_length(10), CONTENT, "bytes=0-9"),
    ];
    for (options, expected, range) in cases {
        assert_eq!(download(stage, options).await.unwrap(), expected, "{range}");
        assert_eq!(stage.storage.last().header("range"), Some(range));
    }
    let count = stage.storage.count();
    for outside in [options().with_offset(11), options().with_offset(4).with_length(7)] {
        assert_eq!(download(stage, outside).await.unwrap_err().kind(), ErrorKind::InvalidInput);
    }
    assert_eq!(download(stage, options().with_offset(10)).await.unwrap(), "");
    assert_eq!(stage.storage.count(), count, "a range outside of the file is not asked for");
}

async fn a_storage_host_that_ignores_the_range(stage: &Stage) {
    serve(stage, file(CONTENT));
    stage.storage.by(|_| ResponseTemplate::new(200).set_body_string(CONTENT));
    let middle = DownloadOptions::new().with_offset(2).with_length(3);
    assert_eq!(download(stage, middle).await.unwrap(), "234");
    assert_eq!(download(stage, DownloadOptions::new().with_offset(6)).await.unwrap(), "6789");
}

async fn an_address_that_is_refused_is_asked_for_again_once(stage: &Stage) {
    // Whether it is the storage host that refuses or something before it: another address may help, and says nothing else.
    let refusals = [401, 403, 404, 410].map(|code| [(plain(code, "ERROR:No."), code, 1), (empty(code), code, 5)]);
    for (refusal, code, attempts) in refusals.into_iter().flatten() {
        let attempts = if code == 401 { 1 } else { attempts };
        serve(stage, file(CONTENT));
        let refused = refusal.clone();
        stage.storage.by(move |request| match request.param("dt") {
            Some("dt1") => refused.clone(),
            _ => ranged(request),
        });
        assert_eq!(download(stage, DownloadOptions::new()).await.unwrap(), CONTENT, "{code}");
        serve(stage, file(CONTENT));
        stage.storage.by(move |_| refusal.clone());
        let before = stage.storage.count();
        let error = download(stage, DownloadOptions::new()).await.unwrap_err();
        assert_eq!((error.status(), error.provider()), (Some(code), Some("sharefile")));
        assert_eq!(stage.storage.count() - before, 2 * attempts, "{code}");
    }
}

async fn content_that_is_not_what_was_promised(stage: &Stage) {
    for (promised, sent) in [("0123456780", CONTENT), ("01234567890", CONTENT), ("012345678", CONTENT)] {
        serve(stage, file(promised));
        stage.storage.by(move |_| ResponseTemplate::new(200).set_body_string(sent));
        let error = download(stage, DownloadOptions::new()).await.unwrap_err();
        let loud = matches!(error.kind(), ErrorKind::Integrity | ErrorKind::Protocol);
        assert!(loud, "{promised}: {error}");
    }
    serve(stage, file("0123456780"));
    stage.storage.by(ranged);
    assert_eq!(download(stage, DownloadOptions::new().with_verify(false)).await.unwrap(), CONTENT);
}

async fn only_files_have_content(stage: &Stage) {
    for name in ["folder", "note", "link", "symbolic_link"] {
        let item = stage.fixture(name);
        stage.api.by(move |request| match request.path.ends_with("/Download") {
            true => status(400, value!({"code": "BadRequest", "message": {"value": "No."}, "reason": "BadRequest"})),
            false => json(item.clone()),
        });
        let error = download(stage, DownloadOptions::new()).await.unwrap_err();
        assert_eq!((error.kind(), error.subject()), (ErrorKind::InvalidInput, Some("fi1")), "{name}");
    }
    assert_eq!(stage.storage.count(), 0);
}

async fn a_required_revision(stage: &Stage) {
    serve(stage, file(CONTENT));
    stage.storage.by(ranged);
    let present = "fi591ac5-9cd0-4eb7-a5e9-e5e28a7faa90";
    download(stage, DownloadOptions::new().with_if_revision(present.into())).await.unwrap();
    let error = download(stage, DownloadOptions::new().with_if_revision("fi0".into())).await.unwrap_err();
    assert_eq!((error.kind(), stage.storage.count()), (ErrorKind::PreconditionFailed, 1));
}

async fn capabilities_say_what_the_service_does(stage: &Stage) {
    let store = stage.store();
    let capabilities = store.capabilities();
    for operation in Operation::ALL {
        let expected = match operation {
            Operation::Changes | Operation::Invite => Support::Unsupported,
            Operation::Copy => Support::Emulated,
            _ => Support::Native,
        };
        assert_eq!(capabilities.support(operation), expected, "{operation}");
    }
    assert!(capabilities.ids_survive_move && !capabilities.ids_survive_new_version);
    assert_eq!(store.info().provider, "sharefile");
    let mut changes = store.changes(sharesync::Since::Now, sharesync::ChangeOptions::default());
    let refused = changes.try_next().await.unwrap_err();
    assert_eq!((refused.kind(), refused.provider()), (ErrorKind::Unsupported, Some("sharefile")));
    assert!(refused.to_string().contains("with_snapshots"), "it says what is missing: {refused}");
    let options = StoreOptions::new().with_snapshots(Snapshots::new(MemorySnapshots::new()));
    let following = stage.client().store_with(options);
    assert_eq!(following.capabilities().support(Operation::Changes), Support::Emulated);
    assert_eq!(stage.api.count(), 0);
}

async fn errors_say_what_was_attempted(stage: &Stage) {
    stage.api.by(|request| match request.path.ends_with("/ByPath") {
        true => status(404, reconstructed("error_not_found")),
        false => json(reconstructed("home_folder")),
    });
    let path: sharesync::RemotePath = "/a/b.txt".parse().unwrap();
    let error = stage.store().stat(&ItemRef::Path(path)).await.unwrap_err();
    assert_eq!((error.kind(), error.subject()), (ErrorKind::NotFound, Some("/a/b.txt")));
    let text = error.to_string();
    assert!(text.contains("sharefile") && text.contains("could not be found in the system"), "{text}");
    let typed = error.provider_error::<sharesync::sharefile::ShareFileError>().unwrap();
    assert_eq!(typed.status, 404);
}
