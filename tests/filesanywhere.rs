//! The replay suite of the FilesAnywhere client: what it sends is compared with the documents, element by element and in
//! order, and what the documents say the services answer is what it must read. `fixtures/filesanywhere/README.md` says which
//! bodies are documented and which are our reading.
//!
//! `replay::every_operation_in_both_versions` counts the operations of `fixtures/filesanywhere/operations.txt` by what the
//! server received: it fails when one is missing in one of the versions of SOAP.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

mod filesanywhere {
    mod endless;
    mod faults;
    mod fixtures;
    mod hostile;
    mod loopback;
    mod mutated;
    mod related;
    mod replay;
    mod show;
    mod stage;
    mod table;
    mod table_files;
    mod table_links;
    mod template;
    mod tokens;
    mod values;
    mod wire;
    mod xml;
}
#[expect(dead_code, reason = "the rest is for services that speak JSON")]
#[path = "support/replay.rs"]
mod support;
