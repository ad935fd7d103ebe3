//! The emulator over raw HTTP, by a client that knows only the documents.

mod changes;
mod common;
mod downloads;
mod items;
mod oauth;
mod shares;
mod uploads;
