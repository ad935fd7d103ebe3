//! The emulator over raw HTTP, by a client that knows only the documents.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

mod acronis;
mod changes;
mod common;
mod cursor;
mod directory;
mod downloads;
mod faults;
mod faults_of_faces;
mod filesanywhere;
mod items;
mod oauth;
mod operations;
mod sharepoint;
mod shares;
mod uploads;
