//! The replay suite of the SharePoint client: what it sends is compared with the documents, and what they say the service
//! answers is what it must read. `fixtures/sharepoint/README.md` says which bodies are documented, observed and inferred.
//!
//! `replay::all_documented_requests` counts the documented requests by what the server received, exactly as they stand in
//! the document.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

mod sharepoint {
    mod addresses;
    mod bodies;
    mod changes;
    mod errors;
    mod fixtures;
    mod hostile;
    mod replay;
    mod rest;
    mod stage;
    mod transfers;
}
