//! Downloads: addresses, ranges, archives, thumbnails.

use std::io::Read;

use reqwest::Method;
use serde_json::{Value, json};

use crate::common::{Client, text};

async fn url_of(client: &Client, id: &str) -> String {
    let answer = client.send(Method::GET, &format!("Items({id})/Download"), None).await;
    assert_eq!(answer.status(), 302);
    answer.headers()["location"].to_str().expect("text").to_owned()
}

#[tokio::test]
async fn a_download_is_redirected_to_an_address_that_authorises_itself() {
    let client = Client::start().await;
    let file = client.file("home", "f ü.txt", "0123456789").await;
    let url = url_of(&client, text(&file, "id")).await;
    assert!(url.contains("/storage/") && url.contains("dt=dt") && url.contains("&h="), "{url}");
    let answer = client.http.get(&url).send().await.expect("an answer");
    assert_eq!(answer.headers()["etag"], format!("\"{}\"", text(&file, "id")));
    assert_eq!(answer.headers()["content-length"], "10");
    assert_eq!(answer.text().await.expect("a body"), "0123456789");
    let spec = client.get(&format!("Items({})/Download?redirect=false", text(&file, "id"))).await;
    assert_eq!(spec["odata.type"], "ShareFile.Api.Models.DownloadSpecification");
    assert!(text(&spec, "DownloadUrl").contains(text(&spec, "DownloadToken")));
    let tampered = url.replace("zsid=1", "zsid=2");
    assert_eq!(client.http.get(tampered).send().await.expect("an answer").status(), 401);
    let note = client.post("Items(home)/Note", json!({"Name": "n"})).await;
    assert_eq!(client.refused(Method::GET, &format!("Items({})/Download", text(&note, "Id")), None).await.0, 400);
}

#[tokio::test]
async fn ranges_are_served_exactly() {
    let client = Client::start().await;
    let file = client.file("home", "f", "0123456789").await;
    let url = url_of(&client, text(&file, "id")).await;
    let etag = format!("\"{}\"", text(&file, "id"));
    let ask = async |range: &str, if_range: Option<&str>| {
        let mut request = client.http.get(&url).header("range", range);
        if let Some(tag) = if_range {
            request = request.header("if-range", tag);
        }
        let answer = request.send().await.expect("an answer");
        let range = answer.headers().get("content-range").map(|value| value.to_str().expect("text").to_owned());
        (answer.status().as_u16(), range.unwrap_or_default(), answer.text().await.expect("a body"))
    };
    assert_eq!(ask("bytes=2-4", None).await, (206, "bytes 2-4/10".into(), "234".into()));
    assert_eq!(ask("bytes=8-", None).await, (206, "bytes 8-9/10".into(), "89".into()));
    assert_eq!(ask("bytes=-1", None).await, (206, "bytes 9-9/10".into(), "9".into()));
    assert_eq!(ask("bytes=10-", None).await, (416, "bytes */10".into(), String::new()));
    assert_eq!(ask("bytes=2-4", Some(&etag)).await.0, 206);
    assert_eq!(ask("bytes=2-4", Some("\"other\"")).await, (200, String::new(), "0123456789".into()));
    let head = client.http.head(&url).send().await.expect("an answer");
    assert_eq!((head.status().as_u16(), &head.headers()["content-length"]), (200, &"10".parse().expect("a header")));
    let empty = client.file("home", "empty", "").await;
    assert_eq!(client.read(text(&empty, "id")).await, b"");
}

#[tokio::test]
async fn ranges_join_the_parts_of_a_threaded_upload() {
    let directory = tempfile::tempdir().expect("a directory");
    let client = Client::with(sharesync_emulator::Emulator::builder().directory(directory.path())).await;
    let body = json!({"Method": "threaded", "Raw": true, "FileName": "t", "FileSize": 9});
    let spec = client.post("Items(home)/Upload2", body).await;
    for (index, data) in ["abc", "def", "ghi"].into_iter().enumerate() {
        let url = format!("{}&index={index}&byteOffset={}", text(&spec, "ChunkUri"), index * 3);
        client.storage(&url, data).await;
    }
    let reply: Value = serde_json::from_str(&client.storage(text(&spec, "FinishUri"), "").await).expect("JSON");
    let url = url_of(&client, text(&reply["value"][0], "id")).await;
    for (start, end) in [(0, 8), (1, 7), (2, 3), (3, 5), (5, 6), (8, 8)] {
        let answer = client.http.get(&url).header("range", format!("bytes={start}-{end}")).send().await;
        let got = answer.expect("an answer").text().await.expect("a body");
        assert_eq!(got, "abcdefghi"[start..=end], "{start}-{end}");
    }
}

#[tokio::test]
async fn folders_and_several_items_come_as_archives() {
    let client = Client::start().await;
    let folder = client.folder("home", "folder").await;
    let inner = client.folder(&folder, "inner ü").await;
    client.folder(&inner, "empty").await;
    client.file(&inner, "f.txt", "first").await;
    client.file(&inner, "f.txt", "second").await;
    let loose = client.file("home", "loose.txt", "loose").await;

    let files = |bytes: Vec<u8>| -> Vec<(String, String)> {
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("an archive");
        let mut files: Vec<_> = (0..archive.len())
            .map(|number| {
                let mut file = archive.by_index(number).expect("a file");
                let mut content = String::new();
                file.read_to_string(&mut content).expect("text");
                (file.name().expect("a name").into_owned(), content)
            })
            .collect();
        files.sort();
        files
    };
    let pair = |name: &str, content: &str| (name.to_owned(), content.to_owned());
    let whole = [pair("inner ü/", ""), pair("inner ü/empty/", ""), pair("inner ü/f.txt", "second")];
    assert_eq!(files(client.read(&folder).await), whole);
    let all = client.get(&format!("Items({folder})/Download?redirect=false&includeallversions=true")).await;
    let bytes = client.http.get(text(&all, "DownloadUrl")).send().await.expect("an answer").bytes().await;
    assert_eq!(files(bytes.expect("a body").to_vec()).len(), 4);

    let ids = json!([folder, loose["id"]]);
    let answer = client.send(Method::POST, "Items(home)/BulkDownload", Some(ids)).await;
    assert_eq!(answer.status(), 302);
    let url = answer.headers()["location"].to_str().expect("text");
    let bytes = client.http.get(url).send().await.expect("an answer").bytes().await.expect("a body");
    let names: Vec<_> = files(bytes.to_vec()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["folder/", "folder/inner ü/", "folder/inner ü/empty/", "folder/inner ü/f.txt", "loose.txt"]);
    let part = client.http.get(url).header("range", "bytes=0-3").send().await.expect("an answer");
    assert_eq!(part.bytes().await.expect("a body")[..2], *b"PK");
    assert_eq!(client.refused(Method::POST, "Items(home)/BulkDownload", Some(json!([]))).await.0, 400);
}

#[tokio::test]
async fn thumbnails_come_in_two_sizes() {
    let client = Client::start().await;
    let file = client.file("home", "p.png", "no picture").await;
    let id = text(&file, "id");
    let answer = client.send(Method::GET, &format!("Items({id})/Thumbnail?size=600"), None).await;
    assert_eq!(answer.status(), 302);
    let url = answer.headers()["location"].to_str().expect("text");
    let image = client.http.get(url).send().await.expect("an answer").bytes().await.expect("a body");
    assert_eq!(image[..8], *b"\x89PNG\r\n\x1a\n");
    let redirection = client.get(&format!("Items({id})/Thumbnail?redirect=false")).await;
    assert!(text(&redirection, "Uri").contains("size=75"));
    assert_eq!(client.refused(Method::GET, &format!("Items({id})/Thumbnail?size=80"), None).await.0, 400);
}
