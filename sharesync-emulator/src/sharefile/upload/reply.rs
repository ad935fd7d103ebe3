//! The forms of reply on the storage host: JSON when it was asked for, else bare words. An error has status 200 in either.

use http::StatusCode;
use serde_json::{Value, json};

use super::super::ids;
use super::Upload;
use super::params::Method;
use crate::drive::Entry;
use crate::http::{Call, Reply, full, json as json_reply};

/// An error as the storage host tells it.
#[derive(Debug)]
pub(super) struct Failure {
    status: StatusCode,
    code: i64,
    message: String,
}

impl Failure {
    /// Ours, as there is no list of the codes: -1 is what no documented code fits.
    pub(super) fn other(message: impl Into<String>) -> Self {
        Self { status: StatusCode::OK, code: -1, message: message.into() }
    }

    pub(super) fn unknown_upload() -> Self {
        Self { status: StatusCode::OK, code: 605, message: "Unrecognized Upload ID.".into() }
    }

    pub(super) fn wrong_size() -> Self {
        Self { status: StatusCode::OK, code: -2, message: "file size does not match".into() }
    }

    pub(super) fn unauthorized() -> Self {
        let message = "The signature of this address is wrong.".into();
        Self { status: StatusCode::UNAUTHORIZED, code: 401, message }
    }

    pub(super) fn wrong_method() -> Self {
        let message = "Only GET and POST are served.".into();
        Self { status: StatusCode::METHOD_NOT_ALLOWED, code: 405, message }
    }

    pub(super) fn into_reply(self, as_json: bool) -> Reply {
        if as_json {
            let body = json!({"error": true, "errorMessage": self.message, "errorCode": self.code});
            return json_reply(self.status, body.to_string());
        }
        full(self.status, "text/plain; charset=utf-8", format!("ERROR:{}", self.message))
    }
}

/// Whether the client wants JSON. Chunks of threaded uploads always get it: clients parse it without asking.
pub(super) fn wants_json(call: &Call, upload: Option<&Upload>) -> bool {
    let asked = call.query.any(&["fmt", "respformat", "responseformat"]);
    let threaded = upload.is_some_and(|upload| upload.params.method == Method::Threaded);
    asked.map_or(threaded, |format| format.eq_ignore_ascii_case("json"))
}

pub(super) fn chunk_received(as_json: bool, method: Method) -> Reply {
    match (as_json, method) {
        (true, _) => json_reply(StatusCode::OK, json!({"error": false, "value": ""}).to_string()),
        (false, Method::Streamed) => full(StatusCode::OK, "text/plain", "true"),
        (false, _) => full(StatusCode::OK, "text/plain", "OK"),
    }
}

pub(super) fn finished(as_json: bool, upload: &Upload, entry: &Entry) -> Reply {
    if as_json {
        let body = json!({"error": false, "value": [file(upload, entry)]});
        return json_reply(StatusCode::OK, body.to_string());
    }
    match upload.params.method {
        Method::Streamed => full(StatusCode::OK, "text/plain", ids::item_id(entry)),
        _ => full(StatusCode::OK, "text/plain", "OK"),
    }
}

fn file(upload: &Upload, entry: &Entry) -> Value {
    let version = entry.version.as_ref();
    json!({
        "uploadid": upload.id,
        "parentid": entry.ancestors.last().map(|parent| ids::container_id(parent)),
        "id": ids::item_id(entry),
        "streamid": ids::stream_id(&entry.item),
        "filename": entry.item.name,
        "displayname": entry.item.name,
        "size": version.map(|version| version.content.len()),
        "md5": version.map(|version| version.content.digests().md5.clone()),
    })
}
