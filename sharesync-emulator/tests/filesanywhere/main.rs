//! The FilesAnywhere face over raw HTTP, by a client that knows only the documents.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

mod account;
mod changes;
mod downloads;
mod envelopes;
mod items;
mod sharing;
mod soap;
mod uploads;
mod wsdl;
