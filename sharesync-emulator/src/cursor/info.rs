//! What needs no token: the configuration and the health of the server.

use http::StatusCode;
use serde_json::{Value, json};

use super::uploads::LARGEST_CHUNK;
use crate::http::{Reply, json as json_reply};

const VERSION: &str = "0.1.0";
/// The documented cap on a file: 5 GiB.
pub(super) const LARGEST_FILE: u64 = 5 << 30;

pub(super) fn config() -> Reply {
    ok(&json!({
        "version": VERSION,
        "features": {
            "semantic_search": false, "external_sharing": true, "smb_connector": false,
            "sharepoint_connector": false,
        },
        "limits": {"max_file_size_bytes": LARGEST_FILE, "max_upload_chunk_size_bytes": LARGEST_CHUNK},
    }))
}

pub(super) fn health() -> Reply {
    ok(&json!({"status": "healthy", "version": VERSION}))
}

pub(super) fn ready() -> Reply {
    ok(&json!({"status": "ready"}))
}

/// 200 with JSON.
pub(super) fn ok(value: &Value) -> Reply {
    json_reply(StatusCode::OK, value.to_string())
}
