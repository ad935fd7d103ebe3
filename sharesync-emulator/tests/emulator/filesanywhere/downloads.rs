//! Downloads: an address that needs no credential, ranges, archives with polling.

use std::io::Read;
use std::time::Duration;

use sharesync_emulator::Emulator;

use super::soap::{Client, one, receive};

#[tokio::test]
async fn an_address_gives_the_bytes_to_everybody() {
    let client = Client::start().await;
    client.put("a/f ü.txt", "0123456789");
    for operation in ["DownloadFile", "DownloadFile2", "ViewFile"] {
        let url = one(&client.ok(operation, &client.at("\\a\\f ü.txt")).await, "URL").expect("an address");
        let answer = client.get(&url).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, "0123456789"));
        assert_eq!(answer.headers["content-length"], "10");
        let part = receive(client.http.get(&url).header("range", "bytes=2-4")).await;
        assert_eq!((part.status, part.text.as_str()), (206, "234"));
        assert_eq!(part.headers["content-range"], "bytes 2-4/10");
        assert_eq!(receive(client.http.get(&url).header("range", "bytes=10-")).await.status, 416);
        assert_eq!(receive(client.http.head(&url)).await.headers["content-length"], "10");
        assert_eq!(receive(client.http.post(&url)).await.status, 405);
    }
    assert!(client.emulator.requests().leaks().is_empty());
    let nothing = client.get(&format!("{}/faw/download.ashx?id=none", client.account().endpoint())).await;
    assert_eq!(nothing.status, 404);
    client.refused("DownloadFile", &client.at("\\a")).await;
    client.refused("DownloadFile", &client.at("\\none")).await;
}

#[tokio::test]
async fn an_archive_is_asked_for_until_it_is_complete() {
    let client = Client::with(Emulator::builder().async_delay(Duration::from_millis(100))).await;
    client.put("a/f", "one");
    client.put("a/b/g", "two");
    let begun = client.ok("DownloadZipFile", &client.at("\\a")).await;
    assert_eq!(one(&begun, "DownloadFileStatus").as_deref(), Some("Processing"));
    let mut url = None;
    for _ in 0..100 {
        let answer = client.ok("DownloadZipFile", &client.at("\\a")).await;
        assert_eq!(one(&answer, "ProcessId"), one(&begun, "ProcessId"));
        if one(&answer, "DownloadFileStatus").as_deref() == Some("Complete") {
            url = one(&answer, "URL");
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let bytes =
        client.http.get(url.expect("an address")).send().await.expect("an answer").bytes().await.expect("a body");
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes.to_vec())).expect("an archive");
    let mut content = String::new();
    archive.by_name("b/g").expect("a file").read_to_string(&mut content).expect("text");
    assert_eq!(content, "two");
    client.refused("DownloadZipFile", &client.at("\\none")).await;
}
