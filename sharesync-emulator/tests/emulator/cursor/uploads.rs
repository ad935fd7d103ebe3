//! Resumable uploads: chunks in any order, checks, replacing, and sessions that end.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sharesync_emulator::Emulator;

use super::shape::has;
use super::{Client, Stage, is, text};

const CHUNK: usize = 64 << 10;

fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 7 + at / 251) as u8).collect()
}

async fn session(client: &Client, body: Value) -> String {
    let answer = client.done(Method::POST, "uploads", Some(body), 201).await;
    has(&answer, &["session_id", "chunk_size", "total_chunks", "expires_at"]);
    text(&answer, "session_id").to_owned()
}

async fn complete(client: &Client, session: &str) -> (u16, Value) {
    client.ask(Method::POST, &format!("uploads/{session}/complete"), None).await
}

async fn received(client: &Client, session: &str) -> (Value, Value) {
    let progress = client.get(&format!("uploads/{session}")).await;
    (progress["received_chunks"].clone(), progress["received_bytes"].clone())
}

#[tokio::test]
async fn chunks_come_in_any_order_and_again() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    let folder = client.folder(share, None, "d").await;
    let data = bytes(2 * CHUNK + 100);
    let id = session(client, json!({
        "share_id": share, "folder_id": folder, "file_name": "big.bin", "file_size": data.len(), "chunk_size": CHUNK,
        "mime_type": "application/x", "checksum_sha256": hex::encode(Sha256::digest(&data)),
    })).await;
    let progress = client.get(&format!("uploads/{id}")).await;
    assert_eq!((&progress["total_chunks"], text(&progress, "status")), (&json!(3), "in_progress"));
    let chunks: Vec<&[u8]> = data.chunks(CHUNK).collect();
    assert_eq!(client.chunk(&id, 2, chunks[2].to_vec()).await, (204, Value::Null));
    assert_eq!(client.chunk(&id, 0, vec![0; CHUNK]).await.0, 204);
    assert_eq!(received(client, &id).await, (json!([0, 2]), json!(CHUNK + 100)));
    is(complete(client, &id).await, 409, "SYNC_CONFLICT");
    let (again, other) =
        tokio::join!(client.chunk(&id, 0, chunks[0].to_vec()), client.chunk(&id, 1, chunks[1].to_vec()));
    assert_eq!((again.0, other.0), (204, 204));
    let (status, done) = complete(client, &id).await;
    assert_eq!(status, 200, "{done}");
    let file = client.get(&format!("files/{}", text(&done, "file_id"))).await;
    assert_eq!((text(&file, "path"), &file["size"]), ("/d/big.bin", &json!(data.len())));
    let answer = client.send(Method::GET, &format!("files/{}/content", text(&file, "id")), None).await;
    assert_eq!(answer.bytes().await.expect("a body"), data);
    assert_eq!(complete(client, &id).await, (200, done), "completing again gives the same");
    assert_eq!(received(client, &id).await, (json!([0, 1, 2]), json!(data.len())));
    is(client.chunk(&id, 0, chunks[0].to_vec()).await, 409, "SYNC_CONFLICT");
}

#[tokio::test]
async fn chunks_of_the_wrong_length_or_number_are_refused() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    let body = json!({"share_id": share, "file_name": "f", "file_size": CHUNK + 10, "chunk_size": CHUNK});
    let id = session(client, body).await;
    is(client.chunk(&id, 0, vec![0; CHUNK - 1]).await, 400, "BAD_REQUEST");
    is(client.chunk(&id, 1, vec![0; 11]).await, 400, "BAD_REQUEST");
    is(client.chunk(&id, 0, vec![0; CHUNK + 1]).await, 413, "PAYLOAD_TOO_LARGE");
    is(client.chunk(&id, 0, vec![0; 4 << 20]).await, 413, "PAYLOAD_TOO_LARGE");
    is(client.chunk(&id, 2, vec![0; 10]).await, 404, "NOT_FOUND");
    let request = client.http.put(client.url(&format!("uploads/{id}/chunks/x"))).bearer_auth(&client.token);
    assert_eq!(request.body("x").send().await.expect("an answer").status(), 404);
    assert_eq!(received(client, &id).await, (json!([]), json!(0)));
}

#[tokio::test]
async fn a_wrong_checksum_makes_no_file() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    let sum = hex::encode(Sha256::digest(b"right"));
    let body = json!({"share_id": share, "file_name": "f", "file_size": 5, "checksum_sha256": sum});
    let id = session(client, body).await;
    client.chunk(&id, 0, b"wrong".to_vec()).await;
    is(complete(client, &id).await, 422, "CHECKSUM_MISMATCH");
    assert!(client.tree(share).await.is_empty());
    client.chunk(&id, 0, b"right".to_vec()).await;
    assert_eq!(complete(client, &id).await.0, 200, "with the right bytes it is complete");
    assert_eq!(client.tree(share).await, ["/f=right"]);
}

#[tokio::test]
async fn an_empty_file_has_no_chunks() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    let sum = hex::encode(Sha256::digest(b""));
    let body = json!({"share_id": share, "file_name": "f", "file_size": 0, "checksum_sha256": sum});
    let id = session(client, body).await;
    is(client.chunk(&id, 0, Vec::new()).await, 404, "NOT_FOUND");
    assert_eq!(complete(client, &id).await.0, 200);
    assert_eq!(client.tree(share).await, ["/f="]);
}

#[tokio::test]
async fn replacing_makes_a_version() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    let file = client.file(share, None, "f", "one").await;
    client.version(share, &file, "two").await;
    client.version(share, &file, "").await;
    let found = client.get(&format!("files/{file}")).await;
    assert_eq!((&found["version"], &found["size"]), (&json!(3), &json!(0)));
    let elsewhere = client.share("Elsewhere").await;
    let replace =
        |share: &str, file: &str| json!({"share_id": share, "file_name": "f", "file_size": 1, "replace_file_id": file});
    is(client.post("uploads", replace(&elsewhere, &file)).await, 404, "NOT_FOUND");
    is(client.post("uploads", replace(share, "fil_0")).await, 404, "NOT_FOUND");
    let id = session(client, replace(share, &file)).await;
    client.chunk(&id, 0, b"x".to_vec()).await;
    client.delete(&format!("files/{file}")).await;
    is(client.post("uploads", replace(share, &file)).await, 410, "GONE");
    is(complete(client, &id).await, 404, "NOT_FOUND");
    assert_eq!(received(client, &id).await, (json!([]), json!(0)), "what was refused is gone");
}

#[tokio::test]
async fn a_name_that_was_taken_meanwhile_is_a_conflict() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    let body = json!({"share_id": share, "file_name": "f", "file_size": 1});
    let id = session(client, body.clone()).await;
    client.chunk(&id, 0, b"x".to_vec()).await;
    let file = client.file(share, None, "f", "other").await;
    is(client.post("uploads", body).await, 409, "NAME_CONFLICT");
    is(complete(client, &id).await, 409, "NAME_CONFLICT");
    client.delete(&format!("files/{file}")).await;
    assert_eq!(complete(client, &id).await.0, 200, "the bytes are still there");
    assert_eq!(client.tree(share).await, ["/f=x"]);
}

#[tokio::test]
async fn a_session_is_checked_when_it_begins() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    let body = json!({"share_id": share, "file_name": "f", "file_size": 1});
    for name in ["share_id", "file_name", "file_size"] {
        let mut body = body.clone();
        body.as_object_mut().expect("an object").remove(name);
        is(client.post("uploads", body).await, 422, "VALIDATION_ERROR");
    }
    for size in [0, 1, CHUNK / 2, CHUNK + 1, 3 * CHUNK, 8 << 20] {
        let mut body = body.clone();
        body["chunk_size"] = size.into();
        is(client.post("uploads", body).await, 422, "VALIDATION_ERROR");
    }
    for (name, value, status, code) in [
        ("share_id", json!("shr_0"), 404, "NOT_FOUND"),
        ("folder_id", json!("fld_0"), 404, "NOT_FOUND"),
        ("file_size", json!(-1), 422, "VALIDATION_ERROR"),
        ("file_size", json!((5_u64 << 30) + 1), 413, "PAYLOAD_TOO_LARGE"),
    ] {
        let mut body = body.clone();
        body[name] = value;
        is(client.post("uploads", body).await, status, code);
    }
    let (_, usual) = client.post("uploads", body.clone()).await;
    assert_eq!((&usual["chunk_size"], &usual["total_chunks"]), (&json!(4 << 20), &json!(1)));
    let mut largest = body;
    largest["file_size"] = (5_u64 << 30).into();
    let (_, largest) = client.post("uploads", largest).await;
    assert_eq!(largest["total_chunks"], 1280);
}

#[tokio::test]
async fn a_session_dies_when_nobody_asks_for_it() {
    let stage = Stage::with(Emulator::builder().upload_idle(Duration::from_secs(2))).await;
    let (client, share) = (&stage.client, &stage.share);
    let id = session(client, json!({"share_id": share, "file_name": "f", "file_size": 1})).await;
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(700)).await;
        assert_eq!(client.chunk(&id, 0, b"x".to_vec()).await.0, 204, "every request keeps it alive");
    }
    tokio::time::sleep(Duration::from_millis(2100)).await;
    is(client.chunk(&id, 0, b"x".to_vec()).await, 410, "GONE");
    is(client.ask(Method::GET, &format!("uploads/{id}"), None).await, 410, "GONE");
    is(complete(client, &id).await, 410, "GONE");
}

#[tokio::test]
async fn a_session_is_its_user_s() {
    let stage = Stage::start().await;
    let (client, other, share) = (&stage.client, &stage.other().await, &stage.share);
    let id = session(client, json!({"share_id": share, "file_name": "f", "file_size": 1})).await;
    for id in [id.as_str(), "upl_nothing"] {
        is(other.ask(Method::GET, &format!("uploads/{id}"), None).await, 404, "NOT_FOUND");
        is(other.chunk(id, 0, b"x".to_vec()).await, 404, "NOT_FOUND");
        is(complete(other, id).await, 404, "NOT_FOUND");
    }
}
