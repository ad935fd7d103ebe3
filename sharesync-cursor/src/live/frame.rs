//! What the service says over the live socket. Two pages of the documentation name the kind of a frame differently; the
//! official handler reads `event_type` first and `type` otherwise, and so does this.

use serde_json::Value;
use sharesync_core::http::decode_json;
use sharesync_core::{Error, ErrorKind};

use crate::PROVIDER;
use crate::model::ChangeEntry;

/// A frame of the service (Real-time, server frames).
#[derive(Debug)]
#[non_exhaustive]
pub enum Frame {
    /// Something in a share has changed.
    Change {
        /// The share.
        share_id: Option<String>,
        /// What has changed, where it can be read; the log is what counts.
        change: Option<Box<ChangeEntry>>,
    },
    /// What a device synchronizes has changed.
    PreferenceUpdated {
        /// The share.
        share_id: Option<String>,
        /// The device.
        device_id: Option<String>,
    },
    /// A share is to be compared completely.
    ForceSync {
        /// The share.
        share_id: Option<String>,
    },
    /// The answer to a subscription.
    Subscribed,
    /// The answer to a ping.
    Pong,
    /// A frame that says nothing: no text, or JSON without content. Services send such to keep a connection open.
    Empty,
    /// A frame of a kind that is not known here.
    Unknown(String),
    /// A frame that cannot be read. Whatever it was to say, the changes tell.
    Malformed(Error),
}

impl Frame {
    /// Reads a frame, whatever it is. What cannot be read is not quoted.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let malformed = |message| Self::Malformed(Error::new(ErrorKind::Protocol, message).with_provider(PROVIDER));
        let mut frame = match decode_json::<Value>(bytes) {
            _ if bytes.iter().all(u8::is_ascii_whitespace) => return Self::Empty,
            Ok(value) if is_empty(&value) => return Self::Empty,
            Ok(Value::Object(frame)) => frame,
            _ => return malformed("a frame of the live socket that is no JSON object"),
        };
        let text = |name: &str| frame.get(name).and_then(Value::as_str).map(str::to_owned);
        let Some(kind) = text("event_type").or_else(|| text("type")) else {
            return malformed("a frame of the live socket that does not say what it is");
        };
        let (share_id, device_id) = (text("share_id"), text("device_id"));
        match kind.as_str() {
            "change" => {
                let data = frame.remove("data");
                let change = data.and_then(|data| serde_json::from_value::<ChangeEntry>(data).ok());
                let share_id = share_id.or_else(|| change.as_ref().and_then(|change| change.share_id.clone()));
                Self::Change { share_id, change: change.map(Box::new) }
            }
            "sync_preference_updated" => Self::PreferenceUpdated { share_id, device_id },
            "force_sync" => Self::ForceSync { share_id },
            "subscribed" => Self::Subscribed,
            "pong" => Self::Pong,
            _ => Self::Unknown(kind),
        }
    }
}

/// Whether a value has no content.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(values) => values.iter().all(is_empty),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_frame_is_read_by_either_name_of_its_kind() {
        for name in ["event_type", "type"] {
            let read = |rest: &str| Frame::read(format!(r#"{{"{name}":{rest}}}"#).as_bytes());
            let changed = read(r#""change","share_id":"shr_1","data":{"id":"chg_1","change_type":"updated"}"#);
            assert!(matches!(changed, Frame::Change { share_id: Some(share), change: Some(change) }
                if share == "shr_1" && change.id.as_deref() == Some("chg_1")));
            assert!(matches!(read(r#""change","data":7"#), Frame::Change { share_id: None, change: None }));
            let preference = read(r#""sync_preference_updated","share_id":"s","device_id":"d""#);
            assert!(matches!(preference, Frame::PreferenceUpdated { share_id: Some(_), device_id: Some(_) }));
            assert!(matches!(read(r#""force_sync","share_id":"s""#), Frame::ForceSync { share_id: Some(_) }));
            assert!(matches!(read(r#""pong""#), Frame::Pong));
            assert!(matches!(read(r#""subscribed""#), Frame::Subscribed));
            assert!(matches!(read(r#""party""#), Frame::Unknown(kind) if kind == "party"));
        }
        let both = Frame::read(br#"{"event_type":"change","type":"pong"}"#);
        assert!(matches!(both, Frame::Change { .. }));
    }

    #[test]
    fn what_is_no_frame_is_malformed_and_not_quoted() {
        for bytes in
            [&b"hush"[..], b"[1]", b"{\"type\":7,\"hush\":1}", b"\xff\xfe", b"\"pong\"", b"7", b"{\"type\":\"cha"]
        {
            let Frame::Malformed(error) = Frame::read(bytes) else { panic!("{bytes:?}") };
            assert_eq!(error.kind(), ErrorKind::Protocol);
            assert!(!format!("{error} {error:?}").contains("hush"));
        }
    }

    #[test]
    fn a_frame_without_content_says_nothing() {
        for bytes in [&b""[..], b" \r\n", b"{}", b" { } ", b"null", b"[]", b"[{}, null]", b"\"\"", b"\" \""] {
            assert!(matches!(Frame::read(bytes), Frame::Empty), "{bytes:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_frame(text in "\\PC{0,80}") {
            let _ = Frame::read(text.as_bytes());
        }
    }
}
