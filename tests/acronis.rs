//! The replay suite of the Acronis client: what it sends is compared with the document, and what the document says the
//! service answers is what it must read.
//!
//! # How the operations are counted
//! `fixtures/acronis/operations.txt` lists the documented operations with their parameters and statuses,
//! `fixtures/acronis/documented/` holds every documented example. `replay::every_documented_exchange` plays each status of
//! each operation, with each of its examples, through a server, and counts nothing but what the server received and what
//! the client made of the answer: see there. It fails when an operation, a parameter, a status or an example is missing.
//!
//! The other modules show what no example does: sign-in, pages, hostile answers, and the store, which is played against
//! a small drive (`drive`) that can be made to fail.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

mod acronis {
    mod changing;
    mod drive;
    mod fixtures;
    mod hostile;
    mod replay;
    mod sharing;
    mod sign_in;
    mod stage;
    mod table;
    mod transfer;
}
#[path = "support/replay.rs"]
mod support;
