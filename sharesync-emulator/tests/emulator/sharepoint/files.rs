//! Files by the REST API: up, down, renamed, moved, copied, locked, deleted.

use reqwest::Method;
use reqwest::header::{CONTENT_RANGE, ETAG, IF_MATCH, IF_NONE_MATCH, RANGE};
use serde_json::json;
use sharesync_emulator::Emulator;

use super::{OTHER, PLAIN, Stage, VERBOSE, encoded, header, json_of, refused, status_and_json, text, values};

const NAMES: [&str; 6] =
    ["it's.txt", "100% #1 + more.txt", "Übung 日本.txt", "a%20b.txt", "(x),y='z'.txt", "plain.txt"];

#[tokio::test]
async fn names_of_every_kind() {
    let stage = Stage::start().await;
    for name in NAMES {
        let file = stage.upload("", name, name).await;
        assert_eq!((text(&file, "Name"), text(&file, "Length")), (name, name.len().to_string().as_str()));
        assert_eq!(text(&file, "ServerRelativeUrl"), stage.path(name));
        assert_eq!(stage.read(name).await, name);
        let by_id = stage.get(&format!("_api/web/GetFileById('{}')", text(&file, "UniqueId"))).await;
        assert_eq!(by_id, file);
    }
    let mut listed = stage.names(&format!("{}/Files", stage.folder(""))).await;
    let mut wanted = NAMES.map(str::to_owned);
    listed.sort();
    wanted.sort();
    assert_eq!(listed, wanted);
    let by_url = format!("_api/web/GetFileByServerRelativeUrl('{}')", encoded(&stage.path("it's.txt")));
    assert_eq!(text(&stage.get(&by_url).await, "Name"), "it's.txt");
    let percent = format!("_api/web/GetFileByServerRelativeUrl('{}')", encoded(&stage.path("a%20b.txt")));
    let answer = stage.request(Method::GET, &percent).header("accept", PLAIN).send().await.expect("an answer");
    assert_eq!(refused(status_and_json(answer).await).0, 404, "a URL is decoded once more");
    for bad in ["a:b", "a*b", "a?b", "a|b", " a", "a."] {
        let path = format!("{}/Files/AddUsingPath(decodedurl='{}')", stage.folder(""), encoded(bad));
        let answer =
            stage.request(Method::POST, &path).header("accept", PLAIN).body("x").send().await.expect("an answer");
        assert_eq!(refused(status_and_json(answer).await).0, 400, "{bad}");
    }
}

#[tokio::test]
async fn versions_and_conditions() {
    let stage = Stage::start().await;
    let first = stage.upload("", "a.txt", "one").await;
    let etag = text(&first, "ETag").to_owned();
    assert!(etag.starts_with("\"{") && etag.ends_with("},2\""), "{etag}");
    let add = format!("{}/Files/add(url='a.txt',overwrite=false)", stage.folder(""));
    let taken = stage.request(Method::POST, &add).header("accept", PLAIN).body("x").send().await.expect("an answer");
    assert_eq!(refused(status_and_json(taken).await), (400, "-2130575257".into()));

    let value = format!("{}/$value", stage.file("a.txt"));
    let put = async |tag: &str, body: &'static str| {
        let request = stage.request(Method::POST, &value).header("x-http-method", "PUT").header(IF_MATCH, tag);
        status_and_json(request.header("accept", PLAIN).body(body).send().await.expect("an answer")).await
    };
    assert_eq!(put(&etag, "second").await.0, 204);
    assert_eq!(refused(put(&etag, "third").await), (412, "-2130575305".into()));
    assert_eq!(put("*", "third").await.0, 204);
    let file = stage.get(&stage.file("a.txt")).await;
    assert_eq!((text(&file, "Length"), text(&file, "UIVersionLabel")), ("5", "3.0"));
    assert!(text(&file, "ETag").ends_with(",4\""));
    assert_eq!(text(&file, "UniqueId"), text(&first, "UniqueId"));

    let get = stage.request(Method::GET, &value).header(IF_MATCH, &etag).send().await.expect("an answer");
    assert_eq!(get.status(), 412);
    let get =
        stage.request(Method::GET, &value).header(IF_NONE_MATCH, text(&file, "ETag")).send().await.expect("an answer");
    assert_eq!(get.status(), 304);
}

#[tokio::test]
async fn ranges() {
    let stage = Stage::start().await;
    let file = stage.upload("", "a.bin", "0123456789").await;
    let id = text(&file, "UniqueId");
    let ways = [
        format!("{}/$value", stage.file("a.bin")),
        format!("_layouts/15/download.aspx?UniqueId=%7B{id}%7D&UserAgent=SkySync"),
        "Documents/a.bin".to_owned(),
    ];
    for way in ways {
        let ask = async |range: &str| {
            let answer = stage.request(Method::GET, &way).header(RANGE, range).send().await.expect("an answer");
            let told = answer.headers().get(CONTENT_RANGE).map(|value| value.to_str().expect("text").to_owned());
            (answer.status().as_u16(), told.unwrap_or_default(), answer.text().await.expect("a body"))
        };
        assert_eq!(ask("bytes=3-5").await, (206, "bytes 3-5/10".into(), "345".into()), "{way}");
        assert_eq!(ask("bytes=8-").await, (206, "bytes 8-9/10".into(), "89".into()));
        assert_eq!(ask("bytes=10-").await.0, 416);
        let whole = stage.request(Method::GET, &way).send().await.expect("an answer");
        assert_eq!(header(whole.headers(), ETAG.as_str()), text(&file, "ETag"));
        assert_eq!(whole.text().await.expect("a body"), "0123456789");
    }
}

#[tokio::test]
async fn renaming_moving_and_copying() {
    let stage = Stage::start().await;
    let file = stage.upload("", "a.txt", "content").await;
    stage.make_folder("sub").await;
    let item = format!("{}/ListItemAllFields", stage.file("a.txt"));
    let body = json!({"FileLeafRef": "b.txt", "Title": "title"});
    assert_eq!(refused(stage.tunnel("MERGE", &item, Some("\"99\""), Some(body.clone())).await).0, 412);
    assert_eq!(stage.tunnel("MERGE", &item, Some("*"), Some(body)).await.0, 204);

    let to = encoded(&stage.path("sub/c.txt"));
    let moved = stage.post(&format!("{}/MoveTo(newurl='{to}',flags=1)", stage.file("b.txt")), json!(null)).await;
    assert_eq!(moved.0, 200, "{}", moved.1);
    let now = stage.get(&stage.file("sub/c.txt")).await;
    assert_eq!(text(&now, "UniqueId"), text(&file, "UniqueId"));

    stage.upload("", "taken.txt", "old").await;
    let to = encoded(&stage.path("taken.txt"));
    let path = format!("{}/MoveToUsingPath(DecodedUrl='{to}',moveOperations=0)", stage.file("sub/c.txt"));
    assert_eq!(refused(stage.post(&path, json!(null)).await), (400, "-2130575257".into()));
    let path = format!("{}/CopyTo(strnewurl='{to}',boverwrite=true)", stage.file("sub/c.txt"));
    assert_eq!(stage.post(&path, json!(null)).await.0, 200);
    assert_eq!(stage.read("taken.txt").await, "content");
    let to = encoded(&stage.path("50%#.txt"));
    let path = format!("{}/CopyToUsingPath(DecodedUrl='{to}',overwrite=false)", stage.file("sub/c.txt"));
    assert_eq!(stage.post(&path, json!(null)).await.0, 200);
    assert_eq!(stage.read("50%#.txt").await, "content");
}

#[tokio::test]
async fn moving_and_copying_by_the_utility() {
    let stage = Stage::start().await;
    let drive = stage.emulator.drive();
    let user = stage.emulator.sharepoint().user().clone();
    drive.make_path(user.id, drive.root(), "Shared Folders/team").expect("a site");
    stage.upload("", "a #1.txt", "content").await;
    let (from, to) = (stage.url(&stage.path("a #1.txt")), stage.url("/sites/team/Shared Documents/b.txt"));
    let body = json!({"srcPath": {"DecodedUrl": from}, "destPath": {"DecodedUrl": to}, "overwrite": false,
                      "options": {"KeepBoth": false}});
    let utility = |name: &str| format!("_api/SP.MoveCopyUtil.{name}()");
    assert_eq!(stage.post(&utility("CopyFileByPath"), body.clone()).await.0, 200);
    assert_eq!(refused(stage.post(&utility("CopyFileByPath"), body.clone()).await).0, 400);
    let mut keep = body.clone();
    keep["options"]["KeepBoth"] = true.into();
    assert_eq!(stage.post(&utility("MoveFileByPath"), keep).await.0, 200);
    let path = "/sites/team/_api/web/GetFolderByServerRelativeUrl('/sites/team/Shared%20Documents')/Files";
    assert_eq!(stage.names(path).await, ["b (1).txt", "b.txt"]);
    assert!(stage.names(&format!("{}/Files", stage.folder(""))).await.is_empty());
    stage.make_folder("folder").await;
    stage.upload("folder", "x", "x").await;
    let body = json!({"srcUrl": stage.url(&stage.path("folder")), "destUrl": stage.url(&stage.path("copy"))});
    assert_eq!(stage.post(&utility("CopyFolder"), body).await.0, 200);
    assert_eq!(stage.read("copy/x").await, "x");
}

#[tokio::test]
async fn the_recycle_bin() {
    let stage = Stage::start().await;
    let file = stage.upload("", "a.txt", "content").await;
    let stale = stage.tunnel("DELETE", &stage.file("a.txt"), Some("\"{0},1\""), None).await;
    assert_eq!(refused(stale).0, 412);
    let (status, recycled) = stage.post(&format!("{}/Recycle()", stage.file("a.txt")), json!(null)).await;
    assert_eq!(status, 200, "{recycled}");
    let id = text(&recycled, "value").to_owned();
    let gone =
        stage.request(Method::GET, &stage.file("a.txt")).header("accept", PLAIN).send().await.expect("an answer");
    assert_eq!(refused(status_and_json(gone).await), (404, "-2147024894".into()));

    let bin = stage.get("_api/web/RecycleBin").await;
    let [entry] = &values(&bin)[..] else { panic!("{bin}") };
    assert_eq!((text(entry, "Id"), text(entry, "LeafName"), text(entry, "Size")), (id.as_str(), "a.txt", "7"));
    assert_eq!(text(entry, "DirName"), stage.path("").trim_start_matches('/'));
    assert_eq!(stage.post(&format!("_api/web/RecycleBin('{id}')/Restore()"), json!(null)).await.0, 200);
    assert_eq!(text(&stage.get(&stage.file("a.txt")).await, "UniqueId"), text(&file, "UniqueId"));

    let path = format!("{}/RecycleWithETag(etagMatch='{}')", stage.file("a.txt"), encoded("\"{0},9\""));
    assert_eq!(refused(stage.post(&path, json!(null)).await).0, 412);
    assert_eq!(stage.post(&format!("{}/Recycle()", stage.file("a.txt")), json!(null)).await.0, 200);
    assert_eq!(stage.post(&format!("_api/web/RecycleBin('{id}')/DeleteObject()"), json!(null)).await.0, 200);
    assert!(values(&stage.get("_api/web/RecycleBin").await).is_empty());

    stage.upload("", "b.txt", "b").await;
    assert_eq!(stage.tunnel("DELETE", &stage.file("b.txt"), Some("*"), None).await.0, 200);
    assert!(values(&stage.get("_api/web/RecycleBin").await).is_empty(), "a deletion is for good");
}

#[tokio::test]
async fn locks() {
    let stage = Stage::start().await;
    stage.upload("", "a.txt", "content").await;
    let drive = stage.emulator.drive();
    let user = stage.emulator.sharepoint().user().clone();
    let item = drive.child(user.home, "a.txt").expect("the file").item.id;
    let other = drive.user_by_email(OTHER.0).expect("the other user");
    drive.set_lock(other.id, item, true).expect("a lock");
    let value = format!("{}/$value", stage.file("a.txt"));
    let put = stage.request(Method::POST, &value).header("x-http-method", "PUT").header("accept", PLAIN).body("new");
    assert_eq!(refused(status_and_json(put.send().await.expect("an answer")).await), (423, "-2147018894".into()));
    assert_eq!(refused(stage.tunnel("DELETE", &stage.file("a.txt"), Some("*"), None).await).0, 423);
    let file = stage
        .get(&format!("{}?$expand=LockedByUser&$select=CheckOutType,LockedByUser/Email", stage.file("a.txt")))
        .await;
    assert_eq!((file["CheckOutType"].as_u64(), text(&file["LockedByUser"], "Email")), (Some(0), OTHER.0), "{file}");
    drive.set_lock(other.id, item, false).expect("no lock");
    assert_eq!(stage.post(&format!("{}/CheckOut()", stage.file("a.txt")), json!(null)).await.0, 200);
    assert_eq!(
        stage.post(&format!("{}/CheckIn(comment='x',checkInType=0)", stage.file("a.txt")), json!(null)).await.0,
        200
    );
}

#[tokio::test]
async fn a_library_that_rewrites_office_files() {
    let stage = Stage::with(Emulator::builder().office_rewrite(true)).await;
    let text_file = stage.upload("", "a.txt", "content").await;
    assert_eq!(text(&text_file, "Length"), "7");
    let document = stage.upload("", "a.DOCX", "content").await;
    assert_ne!(text(&document, "Length"), "7");
    let stored = stage.read("a.DOCX").await;
    assert_eq!(stored.len().to_string(), text(&document, "Length"));
    assert!(stored.starts_with("content"));
}

#[tokio::test]
async fn errors_in_three_forms() {
    let stage = Stage::start().await;
    let path = stage.file("missing");
    let atom = stage.request(Method::GET, &path).send().await.expect("an answer");
    assert_eq!(
        (atom.status().as_u16(), header(atom.headers(), "content-type")),
        (404, "application/xml;charset=utf-8")
    );
    let xml = atom.text().await.expect("a body");
    assert_eq!(super::all(&xml, "m:code"), ["-2147024894, System.IO.FileNotFoundException"]);
    let verbose = stage.request(Method::GET, &path).header("accept", VERBOSE).send().await.expect("an answer");
    let verbose = json_of(verbose, 404).await;
    assert_eq!(verbose["error"]["message"]["lang"], "en-US");
    let plain = stage.request(Method::GET, &path).header("accept", PLAIN).send().await.expect("an answer");
    assert_eq!(refused(status_and_json(plain).await), (404, "-2147024894".into()));
    for nonsense in ["_api/nonsense", "_api/web/nonsense", "_api/web/GetFileById('x')", "_api/web/lists('x')"] {
        let answer = stage.request(Method::GET, nonsense).header("accept", PLAIN).send().await.expect("an answer");
        assert_eq!(refused(status_and_json(answer).await).0, 404, "{nonsense}");
    }
    let open =
        stage.request(Method::GET, "_api/web/GetFileById('x").header("accept", PLAIN).send().await.expect("an answer");
    assert_eq!(refused(status_and_json(open).await).0, 400);
}
