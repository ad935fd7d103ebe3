//! Uploads in chunks.

use reqwest::Method;
use serde_json::{Value, json};

use super::{PLAIN, Stage, VERBOSE, json_of, refused, status_and_json, text};

const ID: &str = "6f0ae5a5-2f8c-4b6e-9a5a-0d4a2c9be111";

impl Stage {
    async fn chunk(&self, operation: &str, content: &'static str) -> (u16, Value) {
        let path = format!("{}/{operation}", self.file("a.bin"));
        let answer =
            self.request(Method::POST, &path).header("accept", PLAIN).body(content).send().await.expect("an answer");
        status_and_json(answer).await
    }
}

#[tokio::test]
async fn one_after_the_other() {
    let stage = Stage::start().await;
    let empty = stage.upload("", "a.bin", "").await;
    let (status, told) = stage.chunk(&format!("StartUpload(uploadId=guid'{ID}')"), "01234").await;
    assert_eq!((status, text(&told, "value")), (200, "5"));
    let path = format!("{}/ContinueUpload(uploadId=guid'{ID}',fileOffset=5)", stage.file("a.bin"));
    let verbose =
        stage.request(Method::POST, &path).header("accept", VERBOSE).body("567").send().await.expect("an answer");
    assert_eq!(json_of(verbose, 200).await, json!({"d": {"ContinueUpload": "8"}}));
    let status = stage.get(&format!("{}/GetUploadStatus(uploadId=guid'{ID}')", stage.file("a.bin"))).await;
    assert_eq!((text(&status, "ExpectedContentRange"), text(&status, "UploadId")), ("8-", ID));
    assert_eq!(stage.read("a.bin").await, "", "nothing is there before the end");
    let (status, file) = stage.chunk(&format!("FinishUpload(uploadId=guid'{ID}',fileOffset=8)"), "89").await;
    assert_eq!((status, text(&file, "Length")), (200, "10"), "{file}");
    assert_eq!(text(&file, "UniqueId"), text(&empty, "UniqueId"));
    assert_eq!(stage.read("a.bin").await, "0123456789");
    let hash = stage.sync("RootFolder?Filter=changes").await;
    let xml = stage.request(Method::GET, &hash).send().await.expect("an answer").text().await.expect("a body");
    stage.upload("", "same.bin", "0123456789").await;
    let again = stage.request(Method::GET, &hash).send().await.expect("an answer").text().await.expect("a body");
    let hashes = super::all(&again, "XORHash");
    assert_eq!(super::all(&xml, "XORHash"), hashes[..1]);
    assert_eq!(hashes[0], hashes[1], "the digests of chunks are those of the whole");
}

#[tokio::test]
async fn offsets_and_sessions_are_checked() {
    let stage = Stage::start().await;
    stage.upload("", "a.bin", "old").await;
    assert_eq!(refused(stage.chunk("StartUpload(uploadId=guid'x')", "a").await).0, 400);
    let unknown = stage.chunk(&format!("ContinueUpload(uploadId=guid'{ID}',fileOffset=0)"), "a").await;
    assert_eq!(refused(unknown).0, 404);
    stage.chunk(&format!("StartUpload(uploadId=guid'{ID}')"), "abc").await;
    for offset in [0, 2, 4] {
        let wrong = stage.chunk(&format!("ContinueUpload(uploadId=guid'{ID}',fileOffset={offset})"), "d").await;
        assert_eq!(refused(wrong), (400, "-2147024809".into()));
    }
    assert_eq!(stage.chunk(&format!("StartUpload(uploadId=guid'{ID}')"), "x").await.1["value"], "1", "it begins anew");
    assert_eq!(stage.chunk(&format!("CancelUpload(uploadId=guid'{ID}')"), "").await.0, 200);
    assert_eq!(refused(stage.chunk(&format!("FinishUpload(uploadId=guid'{ID}',fileOffset=1)"), "y").await).0, 404);
    assert_eq!(stage.read("a.bin").await, "old");
}
