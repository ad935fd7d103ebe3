//! Small files by the sync service.

use reqwest::Method;
use sharesync_emulator::Emulator;

use super::{Stage, all, text};

const SESSION: &str = "0b1e6a4c-5f1c-4a55-9b57-1c9ce7a1f0aa";
/// QuickXorHash of "hello world", as published.
const HASH: &str = "aCgDG9jwBhDc4Q1yawMZAAAAAAA=";

impl Stage {
    async fn write(&self, items: &str, content: &str) -> (u16, String) {
        let body = format!(
            "--uuid:B\r\nContent-ID: <LiveFolders>\r\nContent-Type: application/web3s+xml\r\n\r\n<?xml version=\"1.0\" encoding=\"utf-8\"?>\
             <Items>{items}</Items>\r\n\r\n--uuid:B\r\nContent-Transfer-Encoding: binary\r\nContent-Type: application/octet-stream\r\n\
             Content-ID:<\"{SESSION}\":Default>\r\n\r\n{content}\r\n--uuid:B--"
        );
        let path = self.sync("RootFolder?View=SkyDriveSync").await;
        let request =
            self.request(Method::POST, &path).header("content-type", "multipart/related; boundary=\"uuid:B\"");
        let answer = request.header("accept", "Application/Web3s+xml").body(body).send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a body"))
    }

    async fn root_id(&self) -> String {
        let path = self.sync("RootFolder").await;
        let xml = self.request(Method::GET, &path).send().await.expect("an answer").text().await.expect("a body");
        all(&xml, "ResourceID")[0].clone()
    }
}

fn document(parent: &str, mode: &str, name: &str, size: usize, hash: &str) -> String {
    format!(
        "<Document><ParentResourceID>{parent}</ParentResourceID>{mode}<RelationshipName>{name}</RelationshipName>\
         <DateCreatedOnClient>2025-11-07T22:06:36.0000000Z</DateCreatedOnClient><DateModifiedOnClient>2025-11-07T22:06:36.0000000Z\
         </DateModifiedOnClient><DocumentStreams><DocumentStream><DocumentStreamName>Default</DocumentStreamName>\
         <MimeType>application/octet-stream</MimeType><XORHash>{hash}</XORHash><FragmentSessionId>{SESSION}</FragmentSessionId>\
         <DataSize>{size}</DataSize></DocumentStream></DocumentStreams></Document>"
    )
}

const CREATE: &str = "<WriteMode>Create</WriteMode>";

#[tokio::test]
async fn create_and_update() {
    let stage = Stage::start().await;
    let root = stage.root_id().await;
    let (status, xml) = stage.write(&document(&root, CREATE, "a &amp; b.txt", 11, HASH), "hello world").await;
    assert_eq!((status, all(&xml, "WriteStatus")), (200, vec!["Success".to_owned()]), "{xml}");
    assert_eq!((all(&xml, "RelationshipName"), all(&xml, "XORHash")), (vec!["a & b.txt".into()], vec![HASH.into()]));
    let (id, etag) = (all(&xml, "ResourceID")[0].clone(), all(&xml, "ETag")[0].clone());
    assert!(etag.ends_with("},2\""), "{etag}");
    assert_eq!(stage.read("a & b.txt").await, "hello world");

    let again = stage.write(&document(&root, CREATE, "a &amp; b.txt", 11, HASH), "hello world").await;
    assert_eq!(all(&again.1, "WriteStatus"), ["NameConflict"]);
    let update = format!("<WriteMode>Update</WriteMode><ResourceID>{id}</ResourceID><ETag>{etag}</ETag>");
    let (_, updated) = stage.write(&document(&root, &update, "a &amp; b.txt", 11, HASH), "hello world").await;
    assert_eq!(all(&updated, "WriteStatus"), ["Success"]);
    assert!(all(&updated, "ETag")[0].ends_with("},3\""), "{updated}");
    assert_eq!(all(&updated, "ResourceID"), [id]);
    let stale = stage.write(&document(&root, &update, "a &amp; b.txt", 11, HASH), "hello world").await;
    assert_eq!(all(&stale.1, "WriteStatus"), ["ETagMismatch"]);
    let file = stage.get(&stage.file("a & b.txt")).await;
    assert_eq!(text(&file, "UIVersionLabel"), "2.0");
}

#[tokio::test]
async fn what_does_not_fit_is_not_written() {
    let stage = Stage::start().await;
    let root = stage.root_id().await;
    let status = async |items: &str| all(&stage.write(items, "hello world").await.1, "WriteStatus");
    assert_eq!(status(&document(&root, CREATE, "a", 10, HASH)).await, ["ContentMismatch"]);
    assert_eq!(status(&document(&root, CREATE, "a", 11, "AAAAAAAAAAAAAAAAAAAAAAAAAAA=")).await, ["ContentMismatch"]);
    assert_eq!(status(&document(&"0".repeat(32), CREATE, "a", 11, HASH)).await, ["ParentNotFound"]);
    assert_eq!(status(&document(&root, CREATE, "a:b", 11, HASH)).await, ["InvalidName"]);
    assert_eq!(status(&document(&root, "", "a", 11, HASH)).await, ["InvalidRequest"]);
    let update = "<WriteMode>Update</WriteMode><ResourceID>00000000000000000000000000000000</ResourceID>";
    assert_eq!(status(&document(&root, update, "a", 11, HASH)).await, ["ItemNotFound"]);
    assert!(stage.names(&format!("{}/Files", stage.folder(""))).await.is_empty());
    let (code, _) = stage.write(&document(&root, CREATE, "big", 9 << 20, ""), &"x".repeat(9 << 20)).await;
    assert_eq!(code, 413);
    assert_eq!(stage.write("<Document>", "x").await.0, 400);
}

#[tokio::test]
async fn folders_with_what_is_in_them() {
    let stage = Stage::start().await;
    let root = stage.root_id().await;
    let inside = document("", CREATE, "a.txt", 11, HASH).replace("<ParentResourceID></ParentResourceID>", "");
    let items = format!(
        "<Folder><ParentResourceID>{root}</ParentResourceID><WriteMode>CreateOrUpdate</WriteMode>\
         <RelationshipName>sub</RelationshipName><Items>{inside}</Items></Folder>"
    );
    let (_, xml) = stage.write(&items, "hello world").await;
    assert_eq!(all(&xml, "WriteStatus"), ["Success", "Success"], "{xml}");
    assert_eq!(stage.read("sub/a.txt").await, "hello world");
}

#[tokio::test]
async fn office_files_come_back_otherwise() {
    let stage = Stage::with(Emulator::builder().office_rewrite(true)).await;
    let root = stage.root_id().await;
    let (_, xml) = stage.write(&document(&root, CREATE, "a.docx", 11, HASH), "hello world").await;
    assert_eq!(all(&xml, "WriteStatus"), ["Success"]);
    assert_ne!(all(&xml, "XORHash"), [HASH]);
    assert_ne!(all(&xml, "DataSize"), ["11"]);
}
