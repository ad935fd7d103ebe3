//! The parameters of an upload, from a query or a body: the names are the same but for the dates.

use jiff::{Span, Timestamp};

use super::super::errors::ApiError;
use super::super::fields::Fields;

/// How many chunks a client may send at a time, unless it asks for fewer.
const THREADS: i64 = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Standard,
    Streamed,
    Threaded,
}

impl Method {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Standard => "Standard",
            Self::Streamed => "Streamed",
            Self::Threaded => "Threaded",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        // The enumeration may also come as its number.
        match text.to_ascii_lowercase().as_str() {
            "standard" | "0" => Some(Self::Standard),
            "streamed" | "1" => Some(Self::Streamed),
            "threaded" | "2" => Some(Self::Threaded),
            _ => None,
        }
    }
}

/// What a client says about an upload before it sends anything.
#[derive(Debug)]
pub(super) struct Params {
    pub(super) method: Method,
    pub(super) raw: bool,
    pub(super) file_name: Option<String>,
    pub(super) file_size: Option<u64>,
    pub(super) can_resume: bool,
    pub(super) start_over: bool,
    pub(super) overwrite: bool,
    pub(super) batch_id: Option<String>,
    pub(super) details: Option<String>,
    pub(super) client_created: Option<Timestamp>,
    pub(super) client_modified: Option<Timestamp>,
    pub(super) expires: Option<Timestamp>,
    pub(super) base_file: Option<String>,
    pub(super) threads: i64,
    /// Replies on the storage host are to be JSON without being asked each time.
    pub(super) json: bool,
}

impl Params {
    pub(super) fn parse(fields: &Fields) -> Result<Self, ApiError> {
        let method = match fields.get("Method") {
            None => Method::Standard,
            Some(method) => {
                let text = method.as_str().map_or_else(|| method.to_string(), str::to_owned);
                let refused = || ApiError::bad_request("method must be standard, streamed or threaded.");
                Method::parse(&text).ok_or_else(refused)?
            }
        };
        let raw = fields.is_true("Raw");
        let file_name = fields.some_text("FileName").map(str::to_owned);
        if raw && file_name.is_none() {
            return Err(ApiError::bad_request("fileName is mandatory for raw uploads."));
        }
        let date = |names: [&str; 2]| match fields.moment(names[0])? {
            None => fields.moment(names[1]),
            found => Ok(found),
        };
        Ok(Self {
            method,
            raw,
            file_name,
            file_size: file_size(fields)?,
            can_resume: fields.is_true("CanResume"),
            start_over: fields.is_true("StartOver"),
            overwrite: fields.is_true("Overwrite"),
            batch_id: fields.some_text("BatchId").map(str::to_owned),
            details: fields.some_text("Details").map(str::to_owned),
            client_created: date(["ClientCreatedDate", "ClientCreatedDateUTC"])?,
            client_modified: date(["ClientModifiedDate", "ClientModifiedDateUTC"])?,
            expires: fields.number("ExpirationDays").and_then(after_days),
            base_file: fields.some_text("BaseFileId").map(str::to_owned),
            threads: fields.number("ThreadCount").unwrap_or(THREADS).clamp(1, THREADS),
            json: fields.text("ResponseFormat").is_some_and(|format| format.eq_ignore_ascii_case("json")),
        })
    }
}

fn file_size(fields: &Fields) -> Result<Option<u64>, ApiError> {
    if fields.get("FileSize").is_none() {
        return Ok(None);
    }
    let size = fields.number("FileSize").and_then(|size| u64::try_from(size).ok());
    size.map(Some).ok_or_else(|| ApiError::bad_request("fileSize must be a number that is not negative."))
}

/// The moment that many days from now; `None` if it is never or there is none.
pub(in super::super) fn after_days(days: i64) -> Option<Timestamp> {
    let hours = days.checked_mul(24).filter(|_| days >= 0)?;
    Timestamp::now().checked_add(Span::new().try_hours(hours).ok()?).ok()
}
