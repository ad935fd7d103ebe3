//! Prints the changes of a store as they happen.
//!
//! `cargo run --example watch` needs no set-up: it starts the emulator in this process, watches one of its stores, and lets
//! somebody else work in it for a few seconds. `cargo run --example watch -- --config stores.toml --store work` watches a
//! real account until Ctrl-C. A service with a push channel is heard at once, the others are looked at in intervals. With
//! `--all --once` it prints everything that exists, and ends.

#[path = "support/mod.rs"]
mod support;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Parser;
use futures::{StreamExt as _, TryStreamExt as _};
use sharesync::transfer::{TransferOptions, UploadRequest};
use sharesync::{
    Change, ChangeOptions, CreateFolderOptions, DeleteOptions, Destination, ItemRef, Operation, RemoteStore,
    RemoteStoreExt as _, Since, Support, WatchOptions,
};
use sharesync_emulator::Emulator;
use support::{StoreArgs, connect, read_config};

/// Prints the changes of a store as they happen.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    store: StoreArgs,

    /// Watch this provider of the emulator
    #[arg(long, value_name = "NAME", default_value = "cursor")]
    provider: String,

    /// Begin with everything that exists
    #[arg(long)]
    all: bool,

    /// End with what exists instead of waiting for changes
    #[arg(long, requires = "all")]
    once: bool,

    /// How often to look where nothing is pushed, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0)]
    interval: f64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    if let (Some(file), Some(name)) = (&args.store.config, &args.store.store) {
        let store = connect(read_config(file, name)?).await?;
        tokio::select! {
            watched = watch(&*store, &args) => return watched,
            stopped = tokio::signal::ctrl_c() => return Ok(stopped?),
        }
    }
    let emulator = Emulator::start().await?;
    let state = tempfile::tempdir()?;
    let configured = support::providers::emulated(&emulator, state.path());
    let wanted = configured.into_iter().find(|config| config.provider() == args.provider);
    let config = wanted.context("the emulator speaks no such provider")?;
    let (store, other) = (connect(config.clone()).await?, connect(config).await?);
    tokio::select! {
        watched = watch(&*store, &args) => watched,
        worked = work(other) => worked,
    }
}

/// Prints what changes, for ever, or what exists.
async fn watch(store: &dyn RemoteStore, args: &Args) -> Result<()> {
    if args.once {
        let mut pages = store.changes(Since::Beginning, ChangeOptions::new());
        while let Some(page) = pages.try_next().await? {
            page.changes.iter().for_each(print);
        }
        return Ok(());
    }
    let info = store.info();
    let pushed = store.signals(&ChangeOptions::new()).is_some();
    let how = if pushed { "as the service tells" } else { "by looking in intervals" };
    println!("watching {} ({}), {how}", info.account, info.provider);
    let since = if args.all { Since::Beginning } else { Since::Now };
    let options = WatchOptions::new().with_poll_interval(Duration::try_from_secs_f64(args.interval)?);
    let mut pages = store.follow(since, ChangeOptions::new(), options);
    while let Some(page) = pages.next().await {
        match page {
            // Where these changes are to survive a restart, `page.checkpoint` is kept now, and is what to begin with.
            Ok(page) => page.changes.iter().for_each(print),
            Err(error) => eprintln!("{error}"),
        }
    }
    Ok(())
}

fn print(change: &Change) {
    match change {
        Change::Upsert(item) => {
            let path = item.path.as_ref().map_or(item.name.as_str(), |path| path.as_str());
            let size = item.size.map(|size| format!(", {size} bytes")).unwrap_or_default();
            println!("is    {path} ({}{size})", item.id);
        }
        Change::Remove(id) => println!("gone  {id}"),
        Change::ResetBegin => println!("everything that exists follows"),
        Change::ResetEnd => println!("that is everything"),
        other => println!("{other:?}"),
    }
}

/// Works in a store as somebody else would, for a few seconds.
async fn work(store: Arc<dyn RemoteStore>) -> Result<()> {
    let pause = || tokio::time::sleep(Duration::from_millis(700));
    pause().await;
    let folder = store.create_folder(&ItemRef::Root, "Reports", CreateFolderOptions::new()).await?;
    for name in ["April.txt", "May.txt", "June.txt"] {
        pause().await;
        let request = UploadRequest::new(&folder, name);
        let file = store.upload_bytes(format!("{name} is here"), request, TransferOptions::new()).await?.item;
        if name == "May.txt" {
            pause().await;
            store.move_item(&ItemRef::from(&file), &Destination::name("Spring.txt")).await?;
        }
    }
    if store.capabilities().support(Operation::Delete) != Support::Unsupported {
        pause().await;
        store.delete(&ItemRef::from(&folder), DeleteOptions::new()).await?;
    }
    pause().await;
    Ok(())
}
