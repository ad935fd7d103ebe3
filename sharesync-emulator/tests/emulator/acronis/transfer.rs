//! Content on its way up and down.

use futures::stream;
use reqwest::Method;
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, ETAG, RANGE, TRANSFER_ENCODING};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Client, INCOMPLETE, INVALID, NO_ACCESS, NODES, NOT_FOUND, Stage, refused, text};
use crate::common::md5;

impl Client {
    async fn read(&self, node: &Value) -> Vec<u8> {
        let answer = self.send(Method::GET, &format!("{NODES}/{}/download", text(node, "uuid")), None).await;
        assert_eq!(answer.status(), 200);
        answer.bytes().await.expect("a body").to_vec()
    }
}

#[tokio::test]
async fn both_encodings_of_an_upload() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let sum = md5(b"some content");
    let query = format!("filename=a%20%2B%20b.txt&size=12&checksum={sum}");
    let pieces = ["some", " ", "content"].map(|piece| Ok::<_, std::io::Error>(piece.to_owned()));
    let chunked = reqwest::Body::wrap_stream(stream::iter(pieces));
    let (status, node) = client.upload("0", &query, chunked).await;
    assert_eq!((status, text(&node, "name"), text(&node, "checksum")), (201, "a + b.txt", sum.as_str()));
    assert_eq!(client.read(&node).await, b"some content");

    let upper = query.replace(&sum, &sum.to_uppercase());
    let (status, again) = client.upload("0", &upper, "some content").await;
    assert_eq!((status, &again["uuid"]), (201, &node["uuid"]), "a new revision of the same file");
    let (_, empty) = client.upload("0", "filename=empty&size=0", "").await;
    assert_eq!((empty["size"].as_u64(), text(&empty, "checksum")), (Some(0), md5(b"").as_str()));
    assert!(client.read(&empty).await.is_empty());
}

#[tokio::test]
async fn what_does_not_add_up_is_not_taken() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let chunked = |text: &'static str| reqwest::Body::wrap_stream(stream::iter([Ok::<_, std::io::Error>(text)]));
    assert_eq!(refused(client.upload("0", "filename=a&size=5", chunked("four")).await), INCOMPLETE);
    assert_eq!(refused(client.upload("0", "filename=a&size=3", chunked("four")).await), INCOMPLETE);
    assert_eq!(refused(client.upload("0", "filename=a&size=5", "four").await), INCOMPLETE);
    let wrong = format!("filename=a&size=4&checksum={}", md5(b"other"));
    assert_eq!(refused(client.upload("0", &wrong, "four").await), INCOMPLETE);
    for query in ["size=4", "filename=&size=4", "filename=a", "filename=a&size=x", "filename=a%2Fb&size=4"] {
        assert_eq!(refused(client.upload("0", query, "four").await), INVALID, "{query}");
    }
    let missing = "b8ccbf27-4e92-41a9-8b66-d78108985321";
    assert_eq!(refused(client.upload(missing, "filename=a&size=4", "four").await), NOT_FOUND);
    let file = client.file("0", "file.txt", "x").await;
    assert_eq!(refused(client.upload(text(&file, "uuid"), "filename=a&size=4", "four").await), NO_ACCESS);
    client.folder("0", "Folder").await;
    assert_eq!(refused(client.upload("0", "filename=folder&size=4", "four").await), INVALID);
    assert_eq!(client.names("0").await, ["Folder", "file.txt"]);
    let log = client.get("audit_log?filter_severity=3").await;
    assert_eq!(log.as_array().map(Vec::len), Some(3), "those that began to arrive: {log}");
    assert_eq!(text(&log[0], "text"), "Error uploading file to repository");
}

#[tokio::test]
async fn a_body_that_breaks_off_leaves_nothing() {
    let stage = Stage::start().await;
    let token = stage.emulator.acronis().access_token();
    for framing in ["Content-Length: 10\r\n\r\nhalf", "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"] {
        let mut connection = TcpStream::connect(stage.emulator.address()).await.expect("a connection");
        let request = format!(
            "POST /fc/api/v1/{NODES}/0/upload?filename=a.txt&size=10 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/octet-stream\r\n{framing}"
        );
        connection.write_all(request.as_bytes()).await.expect("sent");
        connection.shutdown().await.expect("closed");
        let mut answer = String::new();
        let _ = connection.read_to_string(&mut answer).await;
        assert!(!answer.contains(" 201 "), "{answer}");
    }
    assert!(stage.client.names("0").await.is_empty());
}

#[tokio::test]
async fn another_content_type_is_refused() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let request =
        client.http.post(client.url(&format!("{NODES}/0/upload?filename=a&size=1"))).bearer_auth(&client.token);
    let answer = request.header("content-type", "text/plain").body("x").send().await.expect("an answer");
    assert_eq!(answer.status(), 415);
    let request =
        client.http.post(client.url(&format!("{NODES}/0/upload?filename=a&size=1"))).bearer_auth(&client.token);
    assert_eq!(request.body("x").send().await.expect("an answer").status(), 201, "clients leave it out");
}

#[tokio::test]
async fn ranges_of_a_download() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let file = client.file("0", "file.bin", "0123456789").await;
    let url = client.url(&format!("{NODES}/{}/download", text(&file, "uuid")));
    let ask = async |range: &str| {
        let request = client.http.get(&url).bearer_auth(&client.token).header(RANGE, range);
        let answer = request.send().await.expect("an answer");
        let told = answer.headers().get(CONTENT_RANGE).map(|value| value.to_str().expect("text").to_owned());
        (answer.status().as_u16(), told.unwrap_or_default(), answer.text().await.expect("a body"))
    };
    assert_eq!(ask("bytes=3-5").await, (206, "bytes 3-5/10".to_owned(), "345".to_owned()));
    assert_eq!(ask("bytes=8-").await, (206, "bytes 8-9/10".to_owned(), "89".to_owned()));
    assert_eq!(ask("bytes=10-").await.0, 416);
    let whole = client.http.get(&url).bearer_auth(&client.token).send().await.expect("an answer");
    assert_eq!(whole.headers()[CONTENT_LENGTH], "10");
    assert!(whole.headers().get(ETAG).is_none() && whole.headers().get(TRANSFER_ENCODING).is_none());
    assert!(whole.headers()["content-disposition"].to_str().expect("text").contains("file.bin"));
}

#[tokio::test]
async fn folders_come_as_archives_and_texts_have_previews() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let folder = client.folder("0", "Folder").await;
    let file = client.file(&folder, "file.txt", "content").await;
    let answer = client.send(Method::GET, &format!("{NODES}/{folder}/download"), None).await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["content-type"]),
        (200, &"application/zip".parse().expect("a value"))
    );
    let archive = answer.bytes().await.expect("a body");
    assert!(archive.starts_with(b"PK") && archive.windows(8).any(|window| window == b"file.txt"));

    let preview = client.send(Method::GET, text(&file["actions"], "preview"), None).await;
    assert_eq!(preview.headers()["content-type"], "text/plain; charset=utf-8");
    assert_eq!(preview.text().await.expect("a body"), "content");
    let binary = client.file("0", "file.bin", "x").await;
    assert_eq!(text(&binary, "preview_type"), "");
    let at = format!("{NODES}/{}/preview", text(&binary, "uuid"));
    assert_eq!(refused(client.ask(Method::GET, &at, None).await), NOT_FOUND);
}
