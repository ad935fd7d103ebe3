//! The replay suite of the ShareFile client: what it sends is compared with the documents, and what the documents say a
//! service answers is what it must read.
//!
//! A small server plays the API, a second one, on another origin, the storage host. Every case gets a pair of its own;
//! `sharefile/stage.rs` has them, `sharefile/harness.rs` runs the cases. After each case the harness checks what holds
//! for all: every request to the API carried the bearer token, none to the storage host carried any credentials.
//!
//! # How the operations are counted
//! `fixtures/sharefile/operations.txt` lists the documented operations, `parameters.txt` their parameters. The cases in
//! `sharefile/operations/` are each registered under one line of that list. `coverage::every_documented_operation` runs
//! them once more, each on fresh servers, and looks at nothing but the requests that the server really received during
//! the case of a line: one must have the method, the path and exactly the example query of that line, and every
//! documented parameter must have been in one. So it fails when a case is deleted, emptied, fails, or sends something
//! else; a case under a line that is not in the list fails it, too.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

mod sharefile {
    pub(crate) mod coverage;
    pub(crate) mod drive;
    pub(crate) mod entities;
    pub(crate) mod errors;
    pub(crate) mod fixtures;
    pub(crate) mod harness;
    pub(crate) mod leniency;
    pub(crate) mod moving;
    pub(crate) mod operations;
    pub(crate) mod paging;
    pub(crate) mod properties;
    pub(crate) mod quirks;
    pub(crate) mod read_as;
    pub(crate) mod redirects;
    pub(crate) mod resuming;
    pub(crate) mod secure;
    pub(crate) mod shares;
    pub(crate) mod sign_in;
    pub(crate) mod stage;
    pub(crate) mod store_reads;
    pub(crate) mod store_uploads;
    pub(crate) mod uploads;
}

use sharefile::{
    entities, errors, harness, leniency, moving, operations, paging, properties, quirks, redirects, resuming, shares,
    sign_in, store_reads, store_uploads, uploads,
};

fn main() -> std::process::ExitCode {
    let operations = operations::cases();
    let cases = [
        operations.clone(),
        entities::cases(),
        leniency::cases(),
        errors::cases(),
        paging::cases(),
        redirects::cases(),
        sign_in::cases(),
        uploads::cases(),
        shares::cases(),
        store_reads::cases(),
        store_uploads::cases(),
        resuming::cases(),
        moving::cases(),
        quirks::cases(),
        properties::cases(),
    ];
    harness::run(&cases.concat(), operations)
}
