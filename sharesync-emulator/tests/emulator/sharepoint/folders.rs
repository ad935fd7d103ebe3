//! Folders by the REST API, and the listing of what is in them.

use reqwest::Method;
use serde_json::json;
use sharesync_emulator::Emulator;

use super::{PLAIN, Stage, VERBOSE, encoded, json_of, refused, status_and_json, text, values};

#[tokio::test]
async fn making_folders() {
    let stage = Stage::start().await;
    let first = stage.make_folder("new").await;
    assert_eq!((text(&first, "Name"), text(&first, "ServerRelativeUrl")), ("new", stage.path("new").as_str()));
    assert_eq!(stage.make_folder("NEW").await["UniqueId"], first["UniqueId"], "a folder that is there is given");
    let path =
        format!("{}/Folders/AddUsingPath(decodedurl='{}',overwrite=false)", stage.folder("new"), encoded("50% #"));
    assert_eq!(stage.post(&path, json!(null)).await.0, 200);
    assert_eq!(refused(stage.post(&path, json!(null)).await), (400, "-2130575257".into()));
    assert_eq!(stage.names(&format!("{}/Folders", stage.folder("new"))).await, ["50% #"]);
    let missing = stage.post("_api/web/folders", json!({"ServerRelativeUrl": stage.path("x/y")})).await;
    assert_eq!(refused(missing).0, 404);
    let untyped =
        stage.request(Method::POST, "_api/web/folders").header("accept", PLAIN).header("content-type", VERBOSE);
    let untyped =
        untyped.body(json!({"ServerRelativeUrl": stage.path("z")}).to_string()).send().await.expect("an answer");
    assert_eq!(refused(status_and_json(untyped).await).0, 400, "a verbose body says its type");
    let by_id = stage.get(&format!("_api/web/GetFolderById('{}')", text(&first, "UniqueId"))).await;
    assert_eq!(text(&by_id, "Name"), "new");
}

#[tokio::test]
async fn listing_by_pages_and_with_expansions() {
    let stage = Stage::start().await;
    stage.make_folder("d1").await;
    stage.make_folder("d2").await;
    for number in 0..5 {
        stage.upload("", &format!("f{number}"), "x").await;
    }
    let files = format!("{}/Files", stage.folder(""));
    assert_eq!(stage.names(&format!("{files}?$select=Name&$skip=1&$top=2")).await, ["f1", "f2"]);
    assert_eq!(stage.names(&format!("{files}?$skip=4")).await, ["f4"]);
    assert_eq!(stage.names(&format!("{}/Folders?$top=1", stage.folder(""))).await, ["d1"]);
    let narrow = stage.get(&format!("{files}?$select=Name,Length&$top=1")).await;
    assert_eq!(values(&narrow)[0], json!({"Name": "f0", "Length": "1"}));
    let whole = stage.get(&format!("{}?$expand=Files,Folders,ListItemAllFields", stage.folder(""))).await;
    assert_eq!(whole["Files"].as_array().map(Vec::len), Some(5), "{whole}");
    assert_eq!(whole["Folders"][1]["Name"], "d2");
    assert_eq!(whole["ListItemAllFields"]["FileSystemObjectType"], 1);
    let verbose = stage.request(Method::GET, &files).header("accept", VERBOSE).send().await.expect("an answer");
    let verbose = json_of(verbose, 200).await;
    assert_eq!(verbose["d"]["results"][0]["__metadata"]["type"], "SP.File");
    assert!(verbose["d"]["results"][0]["ListItemAllFields"]["__deferred"]["uri"].is_string(), "{verbose}");
    let list = "_api/web/lists/GetByTitle('Documents')/RootFolder/Files('f3')";
    assert_eq!(text(&stage.get(list).await, "Name"), "f3");
    assert_eq!(
        refused(
            status_and_json(
                stage
                    .request(Method::GET, &format!("{files}?$top=x"))
                    .header("accept", PLAIN)
                    .send()
                    .await
                    .expect("an answer")
            )
            .await
        )
        .0,
        400
    );
}

#[tokio::test]
async fn pages_that_the_server_limits() {
    let stage = Stage::with(Emulator::builder().max_page(2)).await;
    for number in 0..5 {
        stage.upload("", &format!("f{number}"), "x").await;
    }
    let mut next = Some(format!("{}/Files?$select=Name", stage.folder("")));
    let mut names = Vec::new();
    while let Some(path) = next {
        let page = stage.get(&path).await;
        names.extend(values(&page).iter().map(|file| text(file, "Name").to_owned()));
        next = page["odata.nextLink"].as_str().map(str::to_owned);
    }
    assert_eq!(names, ["f0", "f1", "f2", "f3", "f4"]);
}

#[tokio::test]
async fn the_list_view_threshold() {
    let stage = Stage::with(Emulator::builder().list_view_threshold(3)).await;
    for number in 0..4 {
        stage.upload("", &format!("f{number}"), "x").await;
    }
    let files = format!("{}/Files", stage.folder(""));
    let whole = stage.request(Method::GET, &files).header("accept", PLAIN).send().await.expect("an answer");
    assert_eq!(refused(status_and_json(whole).await), (500, "-2147024860".into()));
    assert_eq!(stage.names(&format!("{files}?$top=3")).await.len(), 3);
}

#[tokio::test]
async fn moving_and_deleting_folders() {
    let stage = Stage::start().await;
    stage.make_folder("a").await;
    stage.make_folder("a/b").await;
    stage.upload("a/b", "f", "x").await;
    let to = encoded(&stage.path("c"));
    assert_eq!(stage.post(&format!("{}/MoveTo(newurl='{to}')", stage.folder("a/b")), json!(null)).await.0, 200);
    assert_eq!(stage.read("c/f").await, "x");
    let to = encoded(&stage.path("a/b%2"));
    assert_eq!(
        stage.post(&format!("{}/MoveToUsingPath(DecodedUrl='{to}')", stage.folder("c")), json!(null)).await.0,
        200
    );
    assert_eq!(stage.read("a/b%2/f").await, "x");
    let item = format!("{}/ListItemAllFields", stage.folder("a"));
    assert_eq!(stage.tunnel("MERGE", &item, Some("*"), Some(json!({"FileLeafRef": "z"}))).await.0, 204);
    let (status, recycled) = stage.post(&format!("{}/Recycle()", stage.folder("z")), json!(null)).await;
    assert_eq!((status, text(&recycled, "value").len()), (200, 36));
    assert!(stage.names(&format!("{}/Folders", stage.folder(""))).await.is_empty());
    let root = stage.tunnel("DELETE", &stage.folder(""), Some("*"), None).await;
    assert_eq!(refused(root).0, 403, "the library stays");
}
