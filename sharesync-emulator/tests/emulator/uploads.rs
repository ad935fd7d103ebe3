//! Uploads in all methods and forms, as the clients of the field make them.

use reqwest::multipart::{Form, Part};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sharesync_emulator::Emulator;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::common::{Client, md5, text};

impl Client {
    async fn spec(&self, body: Value) -> Value {
        self.post("Items(home)/Upload2", body).await
    }

    /// Sends a chunk and gives the reply, which must be JSON.
    async fn chunk(&self, spec: &Value, index: u64, offset: usize, data: &[u8]) -> Value {
        let url = text(spec, "ChunkUri");
        let url = format!("{url}&index={index}&byteOffset={offset}&hash={}&fmt=json", md5(data));
        serde_json::from_str(&self.storage(&url, data).await).expect("JSON")
    }

    async fn finish(&self, spec: &Value, parameters: &str) -> Value {
        let reply = self.storage(&format!("{}{parameters}", text(spec, "FinishUri")), "").await;
        serde_json::from_str(&reply).expect("JSON")
    }

    async fn home_file(&self, name: &str) -> Vec<u8> {
        let item = self.get(&format!("Items(home)/ByPath?path=/{name}")).await;
        self.read(text(&item, "Id")).await
    }
}

fn threaded(name: &str, size: usize) -> Value {
    json!({"Method": "threaded", "Raw": true, "FileName": name, "FileSize": size, "ThreadCount": 4, "CanResume": true})
}

fn ok(reply: &Value) -> bool {
    reply["error"] == false
}

#[tokio::test]
async fn the_specification_has_what_clients_need() {
    let client = Client::start().await;
    let spec = client.spec(threaded("a", 10)).await;
    assert_eq!(spec["odata.type"], "ShareFile.Api.Models.UploadSpecification");
    assert_eq!((&spec["IsResume"], &spec["ResumeIndex"], &spec["ResumeOffset"]), (&json!(false), &json!(0), &json!(0)));
    for uri in ["ChunkUri", "FinishUri"] {
        let uri = text(&spec, uri);
        assert!(uri.starts_with(&format!("{}/storage/", client.emulator.base_url())) && uri.contains('?'), "{uri}");
    }
    let standard = client.spec(json!({"method": "standard", "raw": true, "fileName": "b"})).await;
    assert_eq!((&standard["FinishUri"], &standard["Method"]), (&json!(""), &json!("Standard")));
    for bad in [
        json!({"Method": "other", "FileName": "a"}),
        json!({"Method": "standard", "Raw": true}),
        json!({"Method": "standard", "Raw": true, "FileName": "a/b"}),
        json!({"Method": "threaded", "FileName": "a", "FileSize": -1}),
    ] {
        let refused = client.refused(Method::POST, "Items(home)/Upload2", Some(bad.clone())).await;
        assert_eq!(refused, (400, "BadRequest".to_owned()), "{bad}");
    }
}

#[tokio::test]
async fn a_standard_upload_is_one_request() {
    let client = Client::start().await;
    let request = json!({
        "method": "standard", "raw": true, "fileName": "a.txt", "overwrite": true, "tool": "x",
        "ClientModifiedDate": "2021-03-04T05:06:07.891234Z", "ClientCreatedDate": "2021-03-04T05:06:07.891234Z",
    });
    let spec = client.spec(request).await;
    let reply = client.storage(&format!("{}&fmt=json", text(&spec, "ChunkUri")), "content").await;
    let reply: Value = serde_json::from_str(&reply).expect("JSON");
    let file = &reply["value"][0];
    assert_eq!((&file["size"], &file["md5"]), (&json!(7), &json!(md5(b"content"))));
    let item = client.get(&format!("Items({})", text(file, "id"))).await;
    assert_eq!(item["ClientModifiedDate"], "2021-03-04T05:06:07.891234Z");
    assert_eq!(client.home_file("a.txt").await, b"content");
    let empty = client.file("home", "empty", "").await;
    assert_eq!((&empty["size"], &empty["md5"]), (&json!(0), &json!("d41d8cd98f00b204e9800998ecf8427e")));
}

#[tokio::test]
async fn replies_without_json_are_bare_words() {
    let client = Client::start().await;
    let spec = client.spec(json!({"Method": "standard", "Raw": true, "FileName": "a"})).await;
    assert_eq!(client.storage(text(&spec, "ChunkUri"), "1").await, "OK");
    assert_eq!(client.storage(text(&spec, "ChunkUri"), "1").await, "ERROR:Unrecognized Upload ID.");
    let spec = client.spec(json!({"Method": "streamed", "Raw": true, "FileName": "b"})).await;
    let url = text(&spec, "ChunkUri");
    assert_eq!(client.storage(&format!("{url}&index=0&byteOffset=0"), "12").await, "true");
    let last = format!("{url}&index=1&byteOffset=2&finish=true&filehash={}&fileSize=4", md5(b"1234"));
    let id = client.storage(&last, "34").await;
    assert!(id.starts_with("fi"), "{id}");
    assert_eq!(client.read(&id).await, b"1234");
}

#[tokio::test]
async fn the_query_form_works_by_get_and_with_a_form() {
    let client = Client::start().await;
    // As the official Python sample does: no parameters, the name in the form.
    let spec = client.get("Items(home)/Upload").await;
    for (field, name) in [("File1", "sample.txt"), ("Filedata", "other.txt")] {
        let form = Form::new().text("note", "ignored").part(field, Part::bytes(&b"form data"[..]).file_name(name));
        let spec =
            if name == "sample.txt" { spec.clone() } else { client.get("Items(home)/Upload?method=standard").await };
        let answer = client.http.post(text(&spec, "ChunkUri")).multipart(form).send().await.expect("an answer");
        assert_eq!(answer.text().await.expect("a body"), "OK");
        assert_eq!(client.home_file(name).await, b"form data");
    }
    let path = "Items(home)/Upload?METHOD=threaded&filename=q.bin&filesize=9&responseFormat=json&clientModifiedDateUTC=2020-01-02T03:04:05Z";
    let spec = client.json(Method::POST, path, None).await;
    let url = format!("{}&index=0&byteOffset=0", text(&spec, "ChunkUri"));
    let form = Form::new().part("Filedata", Part::bytes(&b"form data"[..]).file_name("x"));
    let answer = client.http.post(url).multipart(form).send().await.expect("an answer");
    assert!(ok(&answer.json().await.expect("JSON")));
    // As the .NET SDK does: finish by GET.
    let finish = format!("{}&respformat=json&filehash={}", text(&spec, "FinishUri"), md5(b"form data"));
    let reply: Value = client.http.get(finish).send().await.expect("an answer").json().await.expect("JSON");
    let item = client.get(&format!("Items({})", text(&reply["value"][0], "id"))).await;
    assert_eq!(item["ClientModifiedDate"], "2020-01-02T03:04:05Z");
    let not_a_form = client.get("Items(home)/Upload?method=standard&fileName=x").await;
    let reply = client.storage(text(&not_a_form, "ChunkUri"), "raw").await;
    assert!(reply.starts_with("ERROR:"), "{reply}");
}

#[tokio::test]
async fn threaded_chunks_come_in_any_order_and_twice() {
    let client = Client::start().await;
    let data: Vec<u8> = (0..300_000u32).map(|number| (number % 251) as u8).collect();
    let spec = client.spec(threaded("t.bin", data.len())).await;
    let chunks: Vec<_> = data.chunks(100_000).enumerate().collect();
    // The last one first, and as one that says it is the end: it ends nothing.
    let url = text(&spec, "ChunkUri");
    let last = format!(
        "{url}&index=2&byteOffset=200000&hash={}&fmt=json&finish=true&fileSize=300000&fileHash={}",
        md5(chunks[2].1),
        md5(&data)
    );
    assert!(ok(&serde_json::from_str(&client.storage(&last, chunks[2].1).await).expect("JSON")));
    assert_eq!(client.get("Items(home)/Children").await["odata.count"], 0);
    for (index, chunk) in [chunks[1], chunks[0], chunks[1]] {
        let reply = client.chunk(&spec, index as u64, index * 100_000, chunk).await;
        assert!(ok(&reply) && reply["value"].is_string(), "{reply}");
    }
    // The size is a multiple of the chunk's: rclone then sends an empty one.
    assert!(ok(&client.chunk(&spec, 3, 300_000, b"").await));
    let reply = client.finish(&spec, "").await;
    assert_eq!((&reply["value"][0]["size"], &reply["value"][0]["md5"]), (&json!(300_000), &json!(md5(&data))));
    assert_eq!(client.home_file("t.bin").await, data);
    let again = client.finish(&spec, "").await;
    assert_eq!((&again["error"], &again["errorCode"]), (&json!(true), &json!(605)));
    let late = client.chunk(&spec, 0, 0, chunks[0].1).await;
    assert_eq!(late["errorCode"], 605);
}

#[tokio::test]
async fn what_does_not_add_up_is_refused_and_can_be_mended() {
    let client = Client::start().await;
    let spec = client.spec(threaded("t", 6)).await;
    let wrong_hash = format!("{}&index=0&byteOffset=0&hash={}", text(&spec, "ChunkUri"), md5(b"other"));
    assert!(!ok(&serde_json::from_str(&client.storage(&wrong_hash, "abc").await).expect("JSON")));
    assert!(ok(&client.chunk(&spec, 1, 3, b"def").await));
    let gap = client.finish(&spec, "").await;
    assert_eq!((&gap["errorMessage"], &gap["errorCode"]), (&json!("file size does not match"), &json!(-2)));
    assert!(ok(&client.chunk(&spec, 0, 0, b"abX").await));
    let wrong = client.finish(&spec, &format!("&filehash={}", md5(b"abcdef"))).await;
    assert!(!ok(&wrong), "{wrong}");
    assert!(ok(&client.chunk(&spec, 0, 0, b"abc").await), "a chunk can be replaced");
    let reply = client.finish(&spec, &format!("&filehash={}&fileSize=6", md5(b"abcdef"))).await;
    assert_eq!(reply["value"][0]["md5"], md5(b"abcdef"));

    let short = client.spec(json!({"Method": "standard", "Raw": true, "FileName": "s", "FileSize": 5})).await;
    let reply = client.storage(&format!("{}&fmt=json", text(&short, "ChunkUri")), "four").await;
    assert!(reply.contains("-2"), "{reply}");
    let spec = client.spec(threaded("n", 1)).await;
    let no_index = client.storage(&format!("{}&fmt=json", text(&spec, "ChunkUri")), "1").await;
    assert!(no_index.contains("\"error\":true"), "{no_index}");
    assert_eq!(client.names("Items(home)/Children").await, ["t"]);
}

#[tokio::test]
async fn signatures_are_checked() {
    let client = Client::start().await;
    let spec = client.spec(threaded("t", 1)).await;
    let url = text(&spec, "ChunkUri").replace("overwrite=false", "overwrite=true");
    let answer = client.http.post(format!("{url}&index=0&byteOffset=0")).body("x").send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    let answer = client.http.put(text(&spec, "ChunkUri")).body("x").send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn an_interrupted_upload_is_taken_up() {
    let client = Client::start().await;
    let spec = client.spec(threaded("r", 9)).await;
    client.chunk(&spec, 0, 0, b"abc").await;
    client.chunk(&spec, 2, 6, b"ghi").await;
    let resumed = loop {
        let resumed = client.spec(threaded("R", 9)).await;
        if resumed["IsResume"] == true {
            break resumed;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    };
    assert_eq!((&resumed["ResumeIndex"], &resumed["ResumeOffset"]), (&json!(0), &json!(3)));
    assert_eq!(resumed["ResumeFileHash"], md5(b"abc"));
    assert!(ok(&client.chunk(&resumed, 1, 3, b"def").await));
    let reply = client.finish(&resumed, "").await;
    assert_eq!(reply["value"][0]["md5"], md5(b"abcdefghi"));
    assert_eq!(client.spec(threaded("r2", 9)).await["IsResume"], false);
}

#[tokio::test]
async fn starting_over_forgets_what_was_there() {
    let client = Client::start().await;
    let spec = client.spec(threaded("r", 6)).await;
    client.chunk(&spec, 0, 0, b"abc").await;
    let mut over = threaded("r", 6);
    over["StartOver"] = json!(true);
    let fresh = client.spec(over).await;
    assert_eq!(fresh["IsResume"], false);
    assert_eq!(client.chunk(&spec, 1, 3, b"def").await["errorCode"], 605, "the old one is gone");
    let other = client.spec(threaded("r", 7)).await;
    assert_eq!(other["IsResume"], false, "another size is another file");
    // Without starting over, a client may send other chunks from the beginning within the same upload.
    let spec = client.spec(threaded("s", 6)).await;
    for (index, offset, data) in [(0, 0, b"ab"), (1, 2, b"cd"), (0, 0, b"uv"), (1, 2, b"wx"), (2, 4, b"yz")] {
        assert!(ok(&client.chunk(&spec, index, offset, data).await));
    }
    assert_eq!(client.finish(&spec, "").await["value"][0]["md5"], md5(b"uvwxyz"));
}

#[tokio::test]
async fn a_chunk_that_breaks_off_does_not_count() {
    let client = Client::start().await;
    let spec = client.spec(threaded("broken", 6)).await;
    let url = format!("{}&index=0&byteOffset=0&fmt=json", text(&spec, "ChunkUri"));
    let target = url.strip_prefix(&client.emulator.base_url()).expect("our host");
    let mut stream = TcpStream::connect(client.emulator.address()).await.expect("a connection");
    let head = format!("POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc");
    stream.write_all(head.as_bytes()).await.expect("sent");
    stream.shutdown().await.expect("closed");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert_eq!(client.spec(threaded("broken", 6)).await["IsResume"], false);
    assert_eq!(client.finish(&spec, "").await["errorCode"], -2);
}

#[tokio::test]
async fn a_name_that_is_taken_needs_overwrite() {
    let client = Client::start().await;
    let old = client.file("home", "f", "old").await;
    let refused = client.refused(Method::POST, "Items(home)/Upload2", Some(threaded("F", 1))).await;
    assert_eq!(refused, (409, "Conflict".to_owned()));
    let new = client.file("home", "F", "new").await;
    assert_eq!(new["streamid"], old["streamid"]);
    assert_ne!(new["id"], old["id"]);
    client.folder("home", "d").await;
    let over_folder = json!({"Method": "standard", "Raw": true, "FileName": "d", "Overwrite": true});
    assert_eq!(client.refused(Method::POST, "Items(home)/Upload2", Some(over_folder)).await.0, 409);
    // Taken between preparing and finishing.
    let late = client.spec(json!({"Method": "standard", "Raw": true, "FileName": "late"})).await;
    let unique = client.spec(json!({"Method": "standard", "Raw": true, "FileName": "late"})).await;
    client.file("home", "late", "x").await;
    assert!(client.storage(text(&late, "ChunkUri"), "y").await.starts_with("ERROR:"));
    assert_eq!(client.storage(&format!("{}&forceunique=1", text(&unique, "ChunkUri")), "z").await, "OK");
    assert_eq!(client.home_file("late (1)").await, b"z");
}

#[tokio::test]
async fn base_file_id_detects_that_someone_else_was_faster() {
    let client = Client::start().await;
    let base = client.file("home", "f", "1").await;
    let body = |base: &Value| json!({"Method": "standard", "Raw": true, "FileName": "f", "Overwrite": true, "BaseFileId": base["id"]});
    let spec = client.spec(body(&base)).await;
    let newer = client.file("home", "f", "2").await;
    assert!(client.storage(text(&spec, "ChunkUri"), "3").await.contains("FileUploadConflict"));
    let refused = client.refused(Method::POST, "Items(home)/Upload2", Some(body(&base))).await;
    assert_eq!(refused, (409, "FileUploadConflict".to_owned()));
    let spec = client.spec(body(&newer)).await;
    assert_eq!(client.storage(text(&spec, "ChunkUri"), "3").await, "OK");
}

#[tokio::test]
async fn uploads_work_in_a_directory_too() {
    let directory = tempfile::tempdir().expect("a directory");
    let client = Client::with(Emulator::builder().directory(directory.path())).await;
    let data: Vec<u8> = (0..5_000_000u32).map(|number| (number % 253) as u8).collect();
    let spec = client.spec(threaded("t.bin", data.len())).await;
    for (index, chunk) in data.chunks(1_500_000).enumerate().rev() {
        assert!(ok(&client.chunk(&spec, index as u64, index * 1_500_000, chunk).await));
    }
    let reply = client.finish(&spec, &format!("&filehash={}", md5(&data))).await;
    assert!(ok(&reply), "{reply}");
    assert_eq!(client.home_file("t.bin").await, data);
}
