//! One suite for every provider, written against `dyn RemoteStore` alone and run against the emulator.
//!
//! The providers are listed in `behaviour/providers.rs`: a new one joins with one line there. The cases are in one file
//! a subject; `behaviour/harness.rs` selects them by what each provider says it can do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

mod behaviour {
    pub(crate) mod changes;
    pub(crate) mod concurrency;
    pub(crate) mod copies;
    pub(crate) mod deletes;
    pub(crate) mod downloads;
    pub(crate) mod faults;
    pub(crate) mod folders;
    pub(crate) mod halfway;
    pub(crate) mod harness;
    pub(crate) mod info;
    pub(crate) mod lists;
    pub(crate) mod local_files;
    pub(crate) mod moves;
    pub(crate) mod names;
    pub(crate) mod pages;
    pub(crate) mod providers;
    pub(crate) mod replacing;
    pub(crate) mod resuming;
    pub(crate) mod shares;
    pub(crate) mod sources;
    pub(crate) mod stats;
    pub(crate) mod support;
    pub(crate) mod trees;
    pub(crate) mod uploads;
}

use behaviour::{
    changes, concurrency, copies, deletes, downloads, faults, folders, halfway, harness, info, lists, local_files,
    moves, names, pages, providers, replacing, resuming, shares, stats, trees, uploads,
};

fn main() -> std::process::ExitCode {
    let cases = [
        // These wait the longest: they begin first.
        faults::cases(),
        pages::cases(),
        halfway::cases(),
        info::cases(),
        stats::cases(),
        lists::cases(),
        names::cases(),
        uploads::cases(),
        replacing::cases(),
        resuming::cases(),
        downloads::cases(),
        local_files::cases(),
        folders::cases(),
        moves::cases(),
        copies::cases(),
        deletes::cases(),
        shares::cases(),
        changes::cases(),
        concurrency::cases(),
        trees::cases(),
    ];
    harness::run(&providers::providers(), &cases.concat())
}
