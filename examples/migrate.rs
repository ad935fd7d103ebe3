//! Copies what a folder of one store holds into a folder of another one. The content passes through this process, in memory
//! that does not grow with it, and is compared with the digests of both sides.
//!
//! ```console
//! $ cargo run --example migrate -- --config stores.toml --from work --to cloud /Reports /Imported/Reports
//! ```
//!
//! What cannot be copied is told, and the rest is copied all the same. Files that are there are not touched, unless
//! `--overwrite` makes new versions of them.

#[path = "support/mod.rs"]
#[allow(dead_code, reason = "each example uses its share")]
mod support;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Parser;
use sharesync::transfer::{Progress, TransferOptions};
use sharesync::{OnConflict, RemotePath, RemoteStoreExt as _, TreeOptions};
use support::{Bar, connect, finish, interruption, read_config};

/// Copies what a folder of one store holds into a folder of another one.
#[derive(Parser)]
struct Args {
    /// A TOML file with a table `[stores.NAME]` for each store
    #[arg(long, value_name = "FILE")]
    config: PathBuf,

    /// The name of the store to read from
    #[arg(long, value_name = "NAME")]
    from: String,

    /// The name of the store to write to
    #[arg(long, value_name = "NAME")]
    to: String,

    /// Files and folders under way at once
    #[arg(long, value_name = "N", default_value_t = 16)]
    concurrency: usize,

    /// Make new versions of files that are there
    #[arg(long)]
    overwrite: bool,

    /// The folder whose content is copied
    source: RemotePath,

    /// The folder that gets it; missing folders are created
    target: RemotePath,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("migrate: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<()> {
    let from = connect(read_config(&args.config, &args.from)?).await?;
    let to = connect(read_config(&args.config, &args.to)?).await?;
    let source = from.resolve(&args.source).await?;
    ensure!(source.is_folder(), "{} is no folder", args.source);
    let target = to.create_folder_all(&args.target).await?;

    let progress = Progress::new();
    let transfer = TransferOptions::new().with_progress(progress.clone()).with_cancel(interruption().await);
    let options = TreeOptions::new()
        .with_concurrency(args.concurrency)
        .with_on_conflict(if args.overwrite { OnConflict::NewVersion } else { OnConflict::Fail })
        .with_transfer(transfer);
    let bar = Bar::start(format!("{} to {}", args.from, args.to), &progress);
    finish("migrate", from.copy_dir_between(&source, &*to, &target, options), &progress, &bar).await
}
