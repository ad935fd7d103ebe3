//! Downloads: by header, by parameters, of older versions.

use reqwest::Method;
use reqwest::header::RANGE;

use super::{Stage, is};

#[tokio::test]
async fn a_range_is_asked_for_by_header_or_by_parameters() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    let file = client.file(share, None, "f.txt", "0123456789").await;
    let parameters = [
        ("", "0123456789", None),
        ("range_start=2&range_end=4", "234", Some("bytes 2-4/10")),
        ("range_start=7", "789", Some("bytes 7-9/10")),
        ("range_end=2", "012", Some("bytes 0-2/10")),
        ("range_start=8&range_end=99", "89", Some("bytes 8-9/10")),
        ("range_start=0&range_end=18446744073709551615", "0123456789", Some("bytes 0-9/10")),
    ];
    for (query, wanted, range) in parameters {
        let answer = client.send(Method::GET, &format!("sync/download/{file}?{query}"), None).await;
        let headers = answer.headers().clone();
        assert_eq!(answer.status(), if range.is_some() { 206 } else { 200 }, "{query}");
        assert_eq!(headers.get("content-range").map(|range| range.to_str().expect("text")), range, "{query}");
        assert_eq!(headers["content-length"], wanted.len().to_string().as_str());
        assert_eq!(answer.text().await.expect("a body"), wanted);
    }
    let addresses = [format!("sync/download/{file}"), format!("files/{file}/content")];
    for (header, wanted, range) in
        [("bytes=2-4", "234", "bytes 2-4/10"), ("bytes=-3", "789", "bytes 7-9/10"), ("bytes=9-", "9", "bytes 9-9/10")]
    {
        for address in &addresses {
            let request = client.http.get(client.url(address)).bearer_auth(&client.token).header(RANGE, header);
            let answer = request.send().await.expect("an answer");
            assert_eq!((answer.status().as_u16(), &answer.headers()["content-range"]), (206, &range.parse().unwrap()));
            assert_eq!(answer.text().await.expect("a body"), wanted);
        }
    }
    for query in ["range_start=10", "range_start=10&range_end=12"] {
        let answer = client.send(Method::GET, &format!("sync/download/{file}?{query}"), None).await;
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["content-range"]),
            (416, &"bytes */10".parse().unwrap())
        );
    }
    for query in ["range_start=x", "range_end=-1", "range_start=4&range_end=2"] {
        is(client.ask(Method::GET, &format!("sync/download/{file}?{query}"), None).await, 422, "VALIDATION_ERROR");
    }
    let whole = client.send(Method::GET, &format!("files/{file}/content?range_start=x"), None).await;
    assert_eq!(whole.text().await.expect("a body"), "0123456789", "these are parameters of /sync/download alone");
}

#[tokio::test]
async fn older_versions_are_named_by_number_or_id() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    let file = client.file(share, None, "f.txt", "one").await;
    client.version(share, &file, "two").await;
    let versions = client.versions(&file).await;
    for (version, wanted) in [("1", "one"), ("2", "two"), (versions[1].as_str(), "one"), (versions[0].as_str(), "two")]
    {
        for address in ["sync/download/{}?version=", "files/{}/content?version="] {
            let path = format!("{}{version}", address.replace("{}", &file));
            let answer = client.send(Method::GET, &path, None).await;
            assert_eq!((answer.status().as_u16(), answer.text().await.expect("a body")), (200, wanted.to_owned()));
        }
    }
    let at = format!("sync/download/{file}?version=");
    for missing in ["0", "3", "ver_0000000000ffffff"] {
        is(client.ask(Method::GET, &format!("{at}{missing}"), None).await, 404, "NOT_FOUND");
    }
    is(client.ask(Method::GET, &format!("{at}latest"), None).await, 422, "VALIDATION_ERROR");
}

#[tokio::test]
async fn a_download_says_what_it_is() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    for (name, disposition, kind) in [
        ("a b.pdf", "attachment; filename=\"a b.pdf\"", "application/pdf"),
        ("ü \"x\".txt", "attachment; filename*=UTF-8''%C3%BC%20%22x%22.txt", "text/plain"),
        ("none", "attachment; filename=\"none\"", "application/octet-stream"),
    ] {
        let file = client.file(share, None, name, "content").await;
        for method in [Method::GET, Method::HEAD] {
            let answer = client.send(method.clone(), &format!("files/{file}/content"), None).await;
            let headers = answer.headers().clone();
            assert_eq!(headers["content-disposition"], disposition);
            assert_eq!(
                (&headers["content-type"], &headers["accept-ranges"]),
                (&kind.parse().unwrap(), &"bytes".parse().unwrap())
            );
            assert_eq!(headers["content-length"], "7");
            assert_eq!(answer.text().await.expect("a body"), if method == Method::GET { "content" } else { "" });
        }
    }
    let empty = client.file(share, None, "empty", "").await;
    let answer = client.send(Method::GET, &format!("sync/download/{empty}"), None).await;
    assert_eq!((answer.status().as_u16(), answer.text().await.expect("a body").as_str()), (200, ""));
}

#[tokio::test]
async fn who_may_not_read_a_file_does_not_get_it() {
    let stage = Stage::start().await;
    let (client, other) = (&stage.client, &stage.other().await);
    let home = stage.emulator.cursor().share_id();
    let file = client.file(&home, None, "private", "x").await;
    for path in [format!("sync/download/{file}"), format!("files/{file}/content"), format!("files/{file}")] {
        is(other.ask(Method::GET, &path, None).await, 404, "NOT_FOUND");
    }
    client.delete(&format!("files/{file}")).await;
    for path in [format!("sync/download/{file}"), format!("files/{file}/content"), format!("files/{file}")] {
        is(client.ask(Method::GET, &path, None).await, 410, "GONE");
    }
    is(client.ask(Method::GET, "sync/download/fil_00000000000fffff", None).await, 404, "NOT_FOUND");
}
