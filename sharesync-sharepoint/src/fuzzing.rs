//! What the fuzz targets call: the readers of what comes from the network, on bytes.

use http::{HeaderMap, StatusCode};
use sharesync_core::http::Quoted;
use sharesync_core::xml::DocumentError;
use sharesync_core::{ErrorKind, Result};

use crate::error::SharePointError;
use crate::odata::Answer;
use crate::sync::ItemReader;
use crate::xml::Names;

/// Items that one document may have here.
const MOST_ITEMS: usize = 1000;

/// Reads a page of the change feed from a document that is cut into pieces of `step` bytes: what it tells, as text.
///
/// # Errors
/// What is wrong in the document.
pub fn read_items(document: &[u8], step: usize) -> std::result::Result<String, DocumentError> {
    let mut names = Names::new(ItemReader::new(MOST_ITEMS));
    for piece in document.chunks(step.max(1)) {
        names.feed(piece)?;
    }
    Ok(format!("{:?}", names.finish()?))
}

/// Reads an answer of the REST service, in whatever form it is: its value as JSON.
///
/// # Errors
/// What is wrong in the answer.
pub fn read_answer(body: &[u8]) -> Result<String> {
    Answer::read(body).map(|answer| answer.value.to_string())
}

/// Reads an error of the REST service: what it means; `None` for what the service does not send.
pub fn read_error(status: u16, body: &[u8]) -> Option<ErrorKind> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    SharePointError::read(status, &HeaderMap::new(), body, &Quoted::default()).map(|error| error.kind())
}
