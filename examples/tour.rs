//! Takes a real directory through every operation of every provider and compares what comes back.
//!
//! `cargo run --example tour` needs no set-up: it starts the emulator in this process and uses the workspace's own source
//! files. `cargo run --example tour -- --config stores.toml --store work` runs the same against a real account, inside one
//! new folder that is removed at the end, also after a failure or Ctrl-C. A second Ctrl-C ends the program at once.

#[path = "support/source.rs"]
mod source;
#[path = "support/steps.rs"]
mod steps;
#[path = "support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, ensure};
use clap::Parser;
use serde::Serialize;
use sharesync::transfer::CancelToken;
use sharesync::{Operation, RemoteStore, StoreConfig};
use sharesync_emulator::Emulator;
use source::Source;
use steps::Tour;
use support::{StoreArgs, connect, read_config};

/// Takes a directory through every operation of every provider.
#[derive(Parser)]
struct Args {
    /// The directory to take along [default: the workspace's own source files]
    directory: Option<PathBuf>,

    /// Visit this provider only
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,

    #[command(flatten)]
    store: StoreArgs,

    /// Print one JSON document instead of the table
    #[arg(long)]
    json: bool,
}

/// The operations shown, in the order of their columns.
pub const SHOWN: [Operation; 8] = [
    Operation::List,
    Operation::Changes,
    Operation::UploadSpec,
    Operation::Download,
    Operation::Move,
    Operation::Copy,
    Operation::Share,
    Operation::Delete,
];

#[derive(Serialize)]
struct Report {
    source: SourceReport,
    providers: Vec<ProviderReport>,
}

#[derive(Serialize)]
struct SourceReport {
    files: u64,
    bytes: u64,
}

/// What one provider did.
#[derive(Serialize)]
struct ProviderReport {
    provider: String,
    /// How it was signed in to, where that is not the usual way.
    #[serde(skip_serializing_if = "Option::is_none")]
    sign_in: Option<&'static str>,
    operations: BTreeMap<&'static str, String>,
    files: u64,
    bytes: u64,
    verified: u64,
    seconds: f64,
    #[serde(skip)]
    failures: Vec<String>,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let args = Args::parse();
    let interrupt = support::interruption().await;
    let source = Source::prepare(args.directory.as_deref())?;
    let emulator = if args.store.config.is_none() { Some(Emulator::start().await?) } else { None };
    let state = tempfile::tempdir()?;
    let mut report = Report {
        source: SourceReport { files: source.files.len() as u64, bytes: source.bytes },
        providers: Vec::new(),
    };
    for (config, sign_in) in stores(&args, emulator.as_ref(), state.path())? {
        let store = tokio::select! {
            store = connect(config) => store?,
            () = interrupt.cancelled() => break,
        };
        report.providers.push(visit(store, sign_in, &source, &interrupt).await);
    }
    ensure!(!interrupt.is_cancelled() || !report.providers.is_empty(), "interrupted");
    ensure!(!report.providers.is_empty(), "there is no such provider");
    if args.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print_table(&report);
    }
    let failures: Vec<_> = report.providers.iter().flat_map(|provider| &provider.failures).collect();
    failures.iter().for_each(|failure| eprintln!("failed: {failure}"));
    let complete = failures.is_empty() && !interrupt.is_cancelled();
    Ok(if complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A store to visit, and how it is signed in to, where that is not the usual way.
type Visited = (StoreConfig, Option<&'static str>);

/// The stores to visit: the configured one, or the emulator's.
fn stores(args: &Args, emulator: Option<&Emulator>, state: &Path) -> Result<Vec<Visited>> {
    let configured = match (&args.store.config, &args.store.store) {
        (Some(file), Some(name)) => vec![(read_config(file, name)?, None)],
        _ => emulator.map(|emulator| emulated(emulator, state)).unwrap_or_default(),
    };
    let wanted = |(config, _): &Visited| args.provider.as_deref().is_none_or(|name| name == config.provider());
    Ok(configured.into_iter().filter(wanted).collect())
}

/// Every provider of the emulator, and with the feature `ntlm` SharePoint a second time.
fn emulated(emulator: &Emulator, state: &Path) -> Vec<Visited> {
    let stores = support::providers::emulated(emulator, state).into_iter().map(|config| (config, None));
    #[cfg(feature = "ntlm")]
    let stores = stores.chain(support::providers::by_ntlm(emulator).map(|config| (config, Some("ntlm"))));
    stores.collect()
}

async fn visit(
    store: Arc<dyn RemoteStore>,
    sign_in: Option<&'static str>,
    source: &Source,
    interrupt: &CancelToken,
) -> ProviderReport {
    let started = Instant::now();
    let provider = store.info().provider.to_owned();
    let done = Tour::new(store, source).run(interrupt).await;
    ProviderReport {
        provider,
        sign_in,
        operations: SHOWN.iter().map(|operation| (operation.name(), done.state(*operation))).collect(),
        files: done.files,
        bytes: done.bytes,
        verified: done.verified,
        seconds: (started.elapsed().as_secs_f64() * 1000.0).round() / 1000.0,
        failures: done.failures,
    }
}

fn print_table(report: &Report) {
    println!("{} files, {} bytes\n", report.source.files, report.source.bytes);
    let mut rows = vec![header()];
    rows.extend(report.providers.iter().map(row));
    let width_of = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(String::len).max().unwrap_or(0);
    for row in &rows {
        let cells: Vec<_> =
            row.iter().enumerate().map(|(column, cell)| format!("{cell:width$}", width = width_of(column))).collect();
        println!("{}", cells.join("  ").trim_end());
    }
}

fn header() -> Vec<String> {
    let operations = SHOWN.iter().map(|operation| operation.name());
    ["provider"]
        .into_iter()
        .chain(operations)
        .chain(["files", "bytes", "verified", "seconds"])
        .map(str::to_owned)
        .collect()
}

fn row(provider: &ProviderReport) -> Vec<String> {
    let sign_in = provider.sign_in.map(|way| format!(" ({way})")).unwrap_or_default();
    let mut cells = vec![format!("{}{sign_in}", provider.provider)];
    cells.extend(SHOWN.iter().filter_map(|operation| provider.operations.get(operation.name()).cloned()));
    cells.extend([provider.files, provider.bytes, provider.verified].map(|count| count.to_string()));
    cells.push(format!("{:.2}", provider.seconds));
    cells
}
