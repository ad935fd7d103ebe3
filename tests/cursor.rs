//! The replay suite of the cursor client: what it sends is compared with the documentation, and what the documentation says
//! the service answers is what it must read. `fixtures/cursor/README.md` says which bodies are documented and which are our
//! reading.
//!
//! `replay::all_operations` counts the operations of the sync reference by what the servers received: it fails when one is
//! missing. `devices` and `drops` run against the emulator: two devices at once, and a socket that breaks all the time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

mod cursor {
    mod changes;
    mod devices;
    mod drive;
    mod drops;
    mod errors;
    mod fixtures;
    mod following;
    mod live;
    mod replay;
    mod secrets;
    mod sign_in;
    mod socket;
    mod stage;
}
#[path = "support/replay.rs"]
mod support;
