//! The documented operations on items, each as the typed method sends it and reads what comes back.
//!
//! Every case begins with the documented example; what the example leaves out of the parameter list comes after it.

mod bulk;
mod folders;
mod listings;
mod reading;
mod uploading;
mod writing;

use super::harness::Case;

pub(crate) fn cases() -> Vec<Case> {
    let files =
        [reading::cases(), listings::cases(), writing::cases(), bulk::cases(), folders::cases(), uploading::cases()];
    files.concat()
}
