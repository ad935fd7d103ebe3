//! What the fuzz target and the tests of the reader call: an answer read from pieces of any size.

use crate::model::{ChangeEntry, ChangeSummary};
use crate::soap::{Answer, DocumentError, Expected, Outcome, Record as _};

/// Reads a list of changes from a document that is cut into pieces of `step` bytes: how many entries it has, and whether it
/// ends in a fault.
///
/// # Errors
/// What is wrong in the document.
pub fn read_change_list(document: &[u8], step: usize) -> Result<(usize, bool), DocumentError> {
    let expected = Expected { response: "ChangeListResponse", result: "ChangeListResult" };
    let mut answer = Answer::<ChangeEntry>::new(expected);
    let mut entries = 0;
    for piece in document.chunks(step.max(1)) {
        answer.feed(piece)?;
        entries += answer.take_rows().len();
    }
    let (rows, outcome) = answer.finish()?;
    entries += rows.len();
    match outcome {
        Outcome::Fault(_) => Ok((entries, true)),
        Outcome::Result(tree) => {
            if let Some(root) = tree.root() {
                ChangeSummary::read(root)?;
            }
            Ok((entries, false))
        }
    }
}
