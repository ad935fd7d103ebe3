//! Errors, in the three forms that the documents describe: verbose JSON, JSON without metadata, Atom XML. The codes are those that are
//! remembered from farms (protocol page, section 6.3).

use http::StatusCode;
use serde_json::json;

use super::content::tell;
use super::odata::Flavour;
use super::xml::{PROLOG, escape};
use crate::drive::DriveError;
use crate::http::{Reply, full};

/// What a handler gives.
pub(crate) type Outcome<T = Reply> = Result<T, SpError>;

/// An error before it is known in which form the client gets it.
#[derive(Debug)]
pub(crate) struct SpError {
    pub(crate) status: StatusCode,
    code: String,
    message: String,
    /// What goes with it, by the names of headers.
    headers: Vec<(&'static str, String)>,
}

impl SpError {
    pub(crate) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), headers: Vec::new() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// No such file or folder.
    pub(crate) fn not_found() -> Self {
        let message = "File Not Found.";
        Self::new(StatusCode::NOT_FOUND, "-2147024894, System.IO.FileNotFoundException", message)
    }

    /// No such list, list item or site.
    pub(crate) fn no_such(what: &str) -> Self {
        let message = format!("{what} does not exist. It may have been deleted by another user.");
        Self::new(StatusCode::NOT_FOUND, "-2130575338, Microsoft.SharePoint.SPException", message)
    }

    pub(crate) fn no_resource(path: &str) -> Self {
        let message = format!("Cannot find resource for the request {path}.");
        Self::new(StatusCode::NOT_FOUND, "-1, Microsoft.SharePoint.Client.ResourceNotFoundException", message)
    }

    pub(crate) fn name_exists(name: &str) -> Self {
        let message = format!("A file or folder with the name {name} already exists.");
        Self::new(StatusCode::BAD_REQUEST, "-2130575257, Microsoft.SharePoint.SPException", message)
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "-1, Microsoft.SharePoint.Client.InvalidClientQueryException", message)
    }

    pub(crate) fn bad_name() -> Self {
        let message = "The file or folder name contains characters that are not permitted, or is too long.";
        Self::new(StatusCode::BAD_REQUEST, "-2130575245, Microsoft.SharePoint.SPException", message)
    }

    pub(crate) fn access_denied() -> Self {
        let message = "Access denied. You do not have permission to perform this action or access this resource.";
        Self::new(StatusCode::FORBIDDEN, "-2147024891, System.UnauthorizedAccessException", message)
    }

    pub(crate) fn unauthorized() -> Self {
        let message = "Access denied. Before opening files in this location, you must first sign in.";
        Self::new(StatusCode::UNAUTHORIZED, "-2147024891, System.UnauthorizedAccessException", message)
    }

    /// The form digest is missing or over.
    pub(crate) fn bad_digest() -> Self {
        let message = "The security validation for this page is invalid and might be corrupted. Please use your web browser's \
                       Back button to try your operation again.";
        Self::new(StatusCode::FORBIDDEN, "-2130575251, Microsoft.SharePoint.SPException", message)
    }

    pub(crate) fn precondition(etag: &str) -> Self {
        let message = format!("The version of the item does not match; it is {etag} by now.");
        let error =
            Self::new(StatusCode::PRECONDITION_FAILED, "-2130575305, Microsoft.SharePoint.SPException", message);
        error.with("etag", etag)
    }

    pub(crate) fn locked() -> Self {
        let message = "The file is locked for shared use by another user.";
        Self::new(StatusCode::LOCKED, "-2147018894, Microsoft.SharePoint.SPFileLockException", message)
    }

    pub(crate) fn over_quota() -> Self {
        let message =
            "Your changes could not be saved because this SharePoint Web site has exceeded the storage quota limit.";
        Self::new(StatusCode::INSUFFICIENT_STORAGE, "-2130246262, Microsoft.SharePoint.SPException", message)
    }

    pub(crate) fn too_large(limit: u64) -> Self {
        let message =
            format!("The request message is too big. The server does not allow messages larger than {limit} bytes.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "-1, Microsoft.SharePoint.Client.InvalidClientQueryException", message)
    }

    pub(crate) fn threshold(most: usize) -> Self {
        let message = format!(
            "The attempted operation is prohibited because it exceeds the list view threshold ({most}) enforced by the administrator."
        );
        let code = "-2147024860, Microsoft.SharePoint.SPQueryThrottledException";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, code, message)
    }

    pub(crate) fn not_allowed() -> Self {
        let message = "The HTTP method is not allowed for this resource.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "-1, Microsoft.SharePoint.Client.ClientServiceException", message)
    }

    /// 429 and 503, as faults ask for them.
    pub(crate) fn come_back_later(status: StatusCode) -> Self {
        Self::new(status, "-2147429894, System.Exception", "The server is busy. Try again later.")
    }

    pub(crate) fn into_reply(self, flavour: Flavour) -> Reply {
        let (code, message) = (&self.code, &self.message);
        let told = json!({"code": code, "message": {"lang": "en-US", "value": message}});
        let mut reply = match flavour {
            Flavour::Atom => full(self.status, "application/xml;charset=utf-8", self.to_xml()),
            Flavour::Verbose => full(self.status, flavour.content_type(), json!({"error": told}).to_string()),
            _ => full(self.status, flavour.content_type(), json!({"odata.error": told}).to_string()),
        };
        self.headers.iter().for_each(|(name, value)| tell(&mut reply, name, value));
        reply
    }

    fn to_xml(&self) -> String {
        format!(
            "{PROLOG}<m:error xmlns:m=\"http://schemas.microsoft.com/ado/2007/08/dataservices/metadata\"><m:code>{}</m:code>\
             <m:message xml:lang=\"en-US\">{}</m:message></m:error>",
            escape(&self.code),
            escape(&self.message)
        )
    }
}

impl From<DriveError> for SpError {
    fn from(error: DriveError) -> Self {
        match error {
            DriveError::NotFound => Self::not_found(),
            DriveError::NameTaken { .. } => Self::name_exists("asked for"),
            DriveError::Protected => Self::access_denied(),
            DriveError::Locked => Self::locked(),
            DriveError::InvalidName => Self::bad_name(),
            DriveError::Content(reason) => Self::from(reason),
            refused => Self::bad_request(refused.to_string()),
        }
    }
}

impl From<std::io::Error> for SpError {
    fn from(error: std::io::Error) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "-2147467259, System.IO.IOException", error.to_string())
    }
}
