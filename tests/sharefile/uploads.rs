//! Sending content to the storage host, request by request, and what it may answer. How the store does it is in
//! `store_uploads`.

use futures::stream;
use serde_json::{Value, json as value};
use sharesync::http::{Body, ForeignResponse};
use sharesync::sharefile::model::UploadSpecification;
use sharesync::sharefile::{BodyForm, Chunk, ShareFileError, UploadReply, Uploads};
use sharesync::{Digest, DigestAlgorithm, Error, ErrorKind, Result};
use wiremock::ResponseTemplate;

use super::fixtures::reconstructed;
use super::harness::cases;
use super::stage::{Seen, Stage, empty, plain, redirect, status};

cases! {
    "uploads" {
        standard_raw,
        standard_form,
        chunks_have_their_parameters_behind_what_is_there,
        the_last_chunk_of_the_streamed_method,
        chunks_as_forms,
        finishing,
        an_empty_file,
        preparing,
        nothing_of_the_address_is_touched,
        an_address_without_a_query,
        replies_of_success,
        failures_with_status_200,
        failures_by_status,
        an_address_that_was_forgotten,
        redirects_are_failures,
        what_is_tried_again,
        a_specification_without_an_address,
        names_in_forms,
    }
}

fn md5(content: &[u8]) -> Digest {
    Digest::of(DigestAlgorithm::Md5, content)
}

fn specification(stage: &Stage, method: &str) -> UploadSpecification {
    serde_json::from_value(stage.fixture(&format!("upload_specification_{method}"))).unwrap()
}

/// A specification whose addresses are these, on the storage host.
fn addressed(stage: &Stage, chunk: &str) -> UploadSpecification {
    let place = |path: &str| value!(format!("{}{path}", stage.storage.uri()));
    serde_json::from_value(value!({"Method": "Threaded", "ChunkUri": place(chunk), "FinishUri": place("/f?x=1")}))
        .unwrap()
}

fn form_of(file_name: &str) -> BodyForm {
    BodyForm::Multipart { file_name: file_name.into() }
}

fn uploads(stage: &Stage) -> Uploads {
    stage.client().uploads()
}

const CHUNK_QUERY: &str =
    "batchid=5f0c1f0e&overwrite=false&uploadid=rsu-0123456789abcdef0123456789abcdef&raw=1&h=c2lnbmVk%3D";
const STREAMED_QUERY: &str =
    "batchid=5f0c1f0e&overwrite=false&uploadid=rsu-0123456789abcdef0123456789abcdef&raw=1&encparams=a1b2&h=c2lnbmVk%3D";
const FINISH_QUERY: &str = "uploadid=rsu-0123456789abcdef0123456789abcdef&respformat=json&finish=1&fmt=json&h=ZW5k";

/// The content of a form's only field, whose name is documented, with the file name.
pub(crate) async fn filedata(request: &Seen) -> (String, Vec<u8>) {
    let boundary = multer::parse_boundary(request.header("content-type").unwrap()).unwrap();
    let body = request.body.clone();
    let mut form = multer::Multipart::new(stream::iter([Ok::<_, std::io::Error>(body)]), boundary);
    let field = form.next_field().await.unwrap().unwrap();
    assert_eq!(field.name(), Some("Filedata"));
    let name = field.file_name().unwrap().to_owned();
    let content = field.bytes().await.unwrap().to_vec();
    assert!(form.next_field().await.unwrap().is_none(), "one field");
    (name, content)
}

fn stored(stage: &Stage) -> Seen {
    stage.storage.last()
}

async fn standard_raw(stage: &Stage) {
    stage.storage.script([status(200, reconstructed("upload_finished"))]);
    let spec = specification(stage, "standard");
    let reply = uploads(stage).standard(&spec, &BodyForm::Raw, Body::from("content")).await.unwrap();
    let sent = stored(stage);
    assert_eq!((sent.method.as_str(), sent.path.as_str()), ("POST", "/upload-streaming-2.aspx"));
    assert_eq!(sent.raw_query, format!("{CHUNK_QUERY}&fmt=json"));
    assert_eq!(
        (sent.header("content-type"), sent.header("content-length")),
        (Some("application/octet-stream"), Some("7"))
    );
    assert_eq!(&sent.body[..], b"content");
    let UploadReply::Finished(files) = reply else { panic!("{reply:?}") };
    assert_eq!((files.len(), files[0].item_id.as_deref()), (1, Some("fi591ac5-9cd0-4eb7-a5e9-e5e28a7faa90")));
    assert_eq!(files[0].md5.as_deref(), Some("55e4f7a0b1c2d3e4f5a6b7c8d9e0f1a2"));
    assert!(!format!("{files:?}").contains("rsu-"), "the upload id grants access");
}

async fn standard_form(stage: &Stage) {
    stage.storage.script([plain(200, "OK")]);
    let form = form_of("a b.txt");
    let spec = specification(stage, "standard");
    let reply = uploads(stage).standard(&spec, &form, Body::from("\r\n--content--\r\n")).await.unwrap();
    assert_eq!(reply, UploadReply::Accepted);
    let sent = stored(stage);
    assert_eq!(filedata(&sent).await, ("a b.txt".into(), b"\r\n--content--\r\n".to_vec()));
    assert_eq!(sent.header("content-length"), Some(sent.body.len().to_string().as_str()));
}

async fn chunks_have_their_parameters_behind_what_is_there(stage: &Stage) {
    stage.storage.by(|_| plain(200, r#"{"error":false,"value":"received"}"#));
    for (method, query) in [("streamed", STREAMED_QUERY), ("threaded", CHUNK_QUERY)] {
        let spec = specification(stage, method);
        for (index, offset, content) in [(0, 0, "one"), (7, 5_000_000_000, "seven")] {
            let hash = md5(content.as_bytes());
            let chunk = Chunk::new(index, offset, hash.clone());
            let reply = uploads(stage).chunk(&spec, &chunk, &BodyForm::Raw, Body::from(content)).await.unwrap();
            assert_eq!(reply, UploadReply::Accepted);
            let sent = stored(stage);
            let expected = format!("{query}&index={index}&byteOffset={offset}&hash={}&fmt=json", hash.to_hex());
            assert_eq!((sent.method.as_str(), sent.raw_query), ("POST", expected));
            assert_eq!(&sent.body[..], content.as_bytes());
        }
    }
}

async fn the_last_chunk_of_the_streamed_method(stage: &Stage) {
    stage.storage.script([status(200, reconstructed("upload_finished"))]);
    let chunk = Chunk::new(1, 4, md5(b"tail")).with_finish(md5(b"headtail"));
    let spec = specification(stage, "streamed");
    let reply = uploads(stage).chunk(&spec, &chunk, &BodyForm::Raw, Body::from("tail")).await.unwrap();
    assert!(matches!(reply, UploadReply::Finished(_)));
    let expected = format!(
        "{STREAMED_QUERY}&index=1&byteOffset=4&hash={}&finish=true&filehash={}&fmt=json",
        md5(b"tail").to_hex(),
        md5(b"headtail").to_hex()
    );
    assert_eq!(stored(stage).raw_query, expected);
}

async fn chunks_as_forms(stage: &Stage) {
    stage.storage.script([plain(200, "true")]);
    let chunk = Chunk::new(0, 0, md5(b"content"));
    let form = form_of("a.txt");
    uploads(stage).chunk(&specification(stage, "streamed"), &chunk, &form, Body::from("content")).await.unwrap();
    let sent = stored(stage);
    assert_eq!(filedata(&sent).await, ("a.txt".into(), b"content".to_vec()));
    assert_eq!(sent.param("hash"), Some(md5(b"content").to_hex().as_str()), "the hash is of the content alone");
}

async fn finishing(stage: &Stage) {
    stage.storage.by(|_| status(200, reconstructed("upload_finished")));
    let spec = specification(stage, "threaded");
    let reply = uploads(stage).finish(&spec, 7, Some(&md5(b"content"))).await.unwrap();
    assert!(matches!(reply, UploadReply::Finished(_)));
    let sent = stored(stage);
    assert_eq!(sent.path, "/upload-threaded-3.aspx");
    assert_eq!(sent.raw_query, format!("{FINISH_QUERY}&filehash={}", md5(b"content").to_hex()), "fmt is not repeated");
    assert!(sent.body.is_empty());
    uploads(stage).finish(&spec, 7, None).await.unwrap();
    assert_eq!(stored(stage).raw_query, FINISH_QUERY);
}

async fn an_empty_file(stage: &Stage) {
    stage.storage.by(|_| status(200, reconstructed("upload_finished")));
    let spec = specification(stage, "standard");
    uploads(stage).standard(&spec, &BodyForm::Raw, Body::empty()).await.unwrap();
    let sent = stored(stage);
    assert_eq!((sent.header("content-length"), sent.body.len()), (Some("0"), 0), "a POST without length is refused");
    let chunk = Chunk::new(0, 0, md5(b"")).with_finish(md5(b""));
    uploads(stage).chunk(&specification(stage, "streamed"), &chunk, &BodyForm::Raw, Body::empty()).await.unwrap();
    let sent = stored(stage);
    let empty = "d41d8cd98f00b204e9800998ecf8427e";
    assert_eq!((sent.param("hash"), sent.param("filehash")), (Some(empty), Some(empty)));
    assert_eq!(sent.header("content-length"), Some("0"));
}

async fn preparing(stage: &Stage) {
    stage.storage.script([plain(200, "OK"), plain(200, "ERROR: no room")]);
    let mut answer = stage.fixture("upload_specification_threaded");
    uploads(stage).prepare(&serde_json::from_value(answer.clone()).unwrap()).await.unwrap();
    assert!(stage.storage.seen().is_empty(), "nothing to prepare");
    answer["PrepareUri"] = value!(format!("{}/prepare?uploadid=rsu-1", stage.storage.uri()));
    let spec = serde_json::from_value(answer).unwrap();
    uploads(stage).prepare(&spec).await.unwrap();
    let sent = stored(stage);
    assert_eq!((sent.path.as_str(), sent.param("uploadid")), ("/prepare", Some("rsu-1")));
    uploads(stage).prepare(&spec).await.unwrap_err();
}

async fn nothing_of_the_address_is_touched(stage: &Stage) {
    stage.storage.by(|_| plain(200, "OK"));
    let cases = [
        ("/u%2Fx?a=%2f&b=+&c=%20&h=a%3D%3D", "a=%2f&b=+&c=%20&h=a%3D%3D&index=0&byteOffset=0&hash="),
        ("/u?a&b=&&h='x'", "a&b=&&h=%27x%27&index=0&byteOffset=0&hash="),
        ("/u?a=1#fragment", "a=1&index=0&byteOffset=0&hash="),
    ];
    for (address, expected) in cases {
        let chunk = Chunk::new(0, 0, md5(b"x"));
        uploads(stage).chunk(&addressed(stage, address), &chunk, &BodyForm::Raw, Body::from("x")).await.unwrap();
        let query = stored(stage).raw_query;
        assert!(query.starts_with(expected), "{address}: {query}");
    }
    assert_eq!(stage.storage.seen()[0].path, "/u%2Fx");
}

async fn an_address_without_a_query(stage: &Stage) {
    stage.storage.by(|_| plain(200, "OK"));
    uploads(stage).standard(&addressed(stage, "/u"), &BodyForm::Raw, Body::from("x")).await.unwrap();
    stored(stage).check("POST /u?fmt=json");
    uploads(stage).standard(&addressed(stage, "/u?respformat=json"), &BodyForm::Raw, Body::from("x")).await.unwrap();
    stored(stage).check("POST /u?respformat=json");
}

/// Sends a file whose reply is this.
async fn reply_to(stage: &Stage, answer: ResponseTemplate) -> Result<UploadReply> {
    stage.storage.script([answer]);
    uploads(stage).standard(&specification(stage, "standard"), &BodyForm::Raw, Body::from("x")).await
}

async fn replies_of_success(stage: &Stage) {
    let id = "fi591ac5-9cd0-4eb7-a5e9-e5e28a7faa90";
    let accepted = ["OK", "ok\r\n", "true", "\u{feff}OK", r#"{"error":false,"value":"x"}"#, r#"{"error":"false"}"#];
    for body in accepted {
        assert_eq!(reply_to(stage, plain(200, body)).await.unwrap(), UploadReply::Accepted, "{body:?}");
    }
    assert_eq!(reply_to(stage, plain(200, id)).await.unwrap(), UploadReply::Id(id.into()));
    for (size, expected) in [(value!(27), Some(27)), (value!("27"), Some(27)), (Value::Null, None)] {
        let mut body = reconstructed("upload_finished");
        body["value"][0]["size"] = size;
        let UploadReply::Finished(files) = reply_to(stage, plain(200, body.to_string())).await.unwrap() else {
            panic!("{body}")
        };
        assert_eq!(files[0].size, expected);
        assert_eq!(files[0].stream_id.as_deref(), Some("st591ac5-9cd0-4eb7-a5e9-e5e28a7faa90"));
    }
}

fn failure(code: Value, message: &str) -> String {
    value!({"error": true, "errorMessage": message, "errorCode": code}).to_string()
}

fn typed(error: &Error) -> &ShareFileError {
    error.provider_error::<ShareFileError>().unwrap_or_else(|| panic!("not typed: {error:?}"))
}

async fn failures_with_status_200(stage: &Stage) {
    let unrecognized = "Unrecognized Upload ID.";
    let cases = [
        (failure(value!(605), unrecognized), ErrorKind::UploadExpired, Some("605"), unrecognized),
        (failure(value!("605"), unrecognized), ErrorKind::UploadExpired, Some("605"), unrecognized),
        (
            failure(value!(420), "Thread was being aborted."),
            ErrorKind::Unavailable,
            Some("420"),
            "Thread was being aborted.",
        ),
        (failure(value!(-2), "file size does not match"), ErrorKind::Rejected, Some("-2"), "file size does not match"),
        (
            failure(value!("-2"), "file size does not match"),
            ErrorKind::Rejected,
            Some("-2"),
            "file size does not match",
        ),
        (failure(value!(9999), "new"), ErrorKind::Rejected, Some("9999"), "new"),
        (r#"{"error":true}"#.into(), ErrorKind::Rejected, None, "the storage host gave no reason"),
        (r#"{"error":"True","errorMessage":"m"}"#.into(), ErrorKind::Rejected, None, "m"),
        (r#"{"error":1,"errorMessage":"m","value":[]}"#.into(), ErrorKind::Rejected, None, "m"),
        ("ERROR:no room".into(), ErrorKind::Rejected, None, "no room"),
        ("ERROR: no room\r\n".into(), ErrorKind::Rejected, None, "no room"),
        ("error: no room".into(), ErrorKind::Rejected, None, "no room"),
        ("ERROR:Unrecognized Upload ID.".into(), ErrorKind::UploadExpired, None, unrecognized),
    ];
    for (body, kind, code, message) in cases {
        let error = reply_to(stage, plain(200, &*body)).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (kind, code), "{body}");
        assert_eq!((error.provider(), error.operation()), (Some("sharefile"), Some("Uploads.Standard")), "{body}");
        assert_eq!((typed(&error).message.as_str(), typed(&error).status), (message, 200), "{body}");
    }
    for body in ["<html>hush</html>", "false", r#"{"error":false,"value":[1]}"#, r#"{"error":false"#, "hush hush"] {
        let error = reply_to(stage, plain(200, body)).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Protocol | ErrorKind::Network), "{body}: {error}");
        assert!(!format!("{error} {error:?}").contains("hush"), "{error}");
    }
}

async fn failures_by_status(stage: &Stage) {
    let cases = [
        (400, failure(value!(605), "Unrecognized Upload ID."), ErrorKind::UploadExpired, Some("605")),
        (400, failure(value!(-2), "file size does not match"), ErrorKind::Rejected, Some("-2")),
        (400, "ERROR: no room".into(), ErrorKind::Rejected, None),
        (500, "ERROR: Unhandled exception in upload-threaded-3.aspx - 'x'".into(), ErrorKind::Unavailable, None),
        (507, "ERROR: full".into(), ErrorKind::QuotaExceeded, None),
        (413, "ERROR: too large".into(), ErrorKind::TooLarge, None),
        (507, String::new(), ErrorKind::Unavailable, None),
        (413, "<html>".into(), ErrorKind::Rejected, None),
        (404, "<html>".into(), ErrorKind::Protocol, None),
    ];
    for (code, body, kind, expected) in cases {
        let error = reply_to(stage, plain(code, &*body)).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.code(), error.status()),
            (kind, expected, Some(code)),
            "{code} {body}: {error}"
        );
        assert_eq!(error.attempts(), 1, "a whole file is not blindly sent again: {error}");
        let in_doubt = code == 500 || error.provider_error::<ForeignResponse>().is_some() && code != 413;
        assert_eq!(error.maybe_applied(), in_doubt, "{code} {body}: {error}");
    }
}

async fn an_address_that_was_forgotten(stage: &Stage) {
    for code in [401, 403, 404, 410] {
        let error = reply_to(stage, plain(code, "ERROR:Not here.")).await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::UploadExpired, Some(code)));
        // A page in the place of the storage host does not say what that has forgotten.
        let error = reply_to(stage, plain(code, "<html>")).await.unwrap_err();
        assert_ne!(error.kind(), ErrorKind::UploadExpired, "{error}");
    }
    assert!(stage.seen().is_empty(), "a refused address is no reason to renew the token");
}

async fn redirects_are_failures(stage: &Stage) {
    let error = reply_to(stage, redirect(302, &format!("{}/elsewhere", stage.api.uri()))).await;
    assert!(error.is_err(), "the content went nowhere: {error:?}");
    assert!(stage.seen().is_empty());
}

async fn what_is_tried_again(stage: &Stage) {
    let spec = specification(stage, "threaded");
    let chunk = Chunk::new(0, 0, md5(b"x"));
    for code in [429, 500, 502, 503, 504] {
        stage.storage.script([empty(code), plain(200, r#"{"error":false,"value":"x"}"#)]);
        uploads(stage).chunk(&spec, &chunk, &BodyForm::Raw, Body::from("x")).await.unwrap();
    }
    let seen = stage.storage.seen();
    assert_eq!(seen.len(), 10);
    assert!(seen.iter().all(|seen| &seen.body[..] == b"x"));
    assert!(seen.windows(2).all(|pair| pair[0].raw_query == pair[1].raw_query), "the same index, offset and hash");
    stage.storage.by(|_| empty(500));
    let last = Chunk::new(0, 0, md5(b"x")).with_finish(md5(b"x"));
    let streamed = specification(stage, "streamed");
    let error = uploads(stage).chunk(&streamed, &last, &BodyForm::Raw, Body::from("x")).await.unwrap_err();
    assert_eq!((error.attempts(), error.maybe_applied()), (1, true), "it completes the file");
    let error = uploads(stage).finish(&spec, 1, None).await.unwrap_err();
    assert_eq!((error.attempts(), error.maybe_applied()), (1, true));
}

async fn a_specification_without_an_address(stage: &Stage) {
    let spec: UploadSpecification = serde_json::from_value(value!({"Method": "Standard", "ChunkUri": ""})).unwrap();
    let error = uploads(stage).standard(&spec, &BodyForm::Raw, Body::from("x")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert_eq!(uploads(stage).finish(&spec, 1, None).await.unwrap_err().kind(), ErrorKind::Protocol);
    assert!(stage.storage.seen().is_empty());
}

async fn names_in_forms(stage: &Stage) {
    stage.storage.by(|_| plain(200, "OK"));
    let spec = specification(stage, "standard");
    for (name, expected) in
        [("Ж 文.txt", "Ж 文.txt"), ("a'b%20c;d", "a'b%20c;d"), ("a\"b", "a%22b"), ("a\r\nb: c", "a%0D%0Ab: c")]
    {
        let form = form_of(name);
        uploads(stage).standard(&spec, &form, Body::from("x")).await.unwrap();
        assert_eq!(filedata(&stored(stage)).await.0, expected);
    }
}
