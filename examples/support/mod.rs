//! What the examples share: finding the store to run against, and showing progress.

#[path = "../../tests/support/providers.rs"]
pub mod providers;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use futures::StreamExt as _;
use indicatif::{ProgressBar, ProgressStyle};
use sharesync::transfer::{CancelToken, Progress};
use sharesync::{BoxStream, RemoteStore, StoreConfig, TreeEntry, TreeOutcome};
use tokio::task::JoinHandle;

/// Which configured store to use.
#[derive(Debug, clap::Args)]
pub struct StoreArgs {
    /// A TOML file with a table `[stores.NAME]` for each store
    #[arg(long, value_name = "FILE", requires = "store")]
    pub config: Option<PathBuf>,

    /// The name of the store in the configuration
    #[arg(long, value_name = "NAME", requires = "config")]
    pub store: Option<String>,
}

#[derive(serde::Deserialize)]
struct ConfigFile {
    stores: BTreeMap<String, StoreConfig>,
}

/// Reads one store of a configuration file.
pub fn read_config(file: &Path, name: &str) -> Result<StoreConfig> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    // The error of the parser would quote the line, and the line may hold a password.
    let Ok(mut parsed) = toml::from_str::<ConfigFile>(&text) else {
        bail!("{} holds no valid store configuration: see the README", file.display());
    };
    let names = parsed.stores.keys().cloned().collect::<Vec<_>>().join(", ");
    parsed.stores.remove(name).with_context(|| format!("{} has no store {name:?}, only: {names}", file.display()))
}

/// Connects to a configured store.
pub async fn connect(config: StoreConfig) -> Result<Arc<dyn RemoteStore>> {
    let store = config.connect().await.context("cannot sign in")?;
    Ok(store)
}

/// A token that the first Ctrl-C cancels. The second one ends the program.
#[allow(dead_code, reason = "not every example has something to end well")]
pub async fn interruption() -> CancelToken {
    let (cancel, mut first) = (CancelToken::new(), Box::pin(tokio::signal::ctrl_c()));
    // From here on the signal is heard, and does not end the program by itself any more.
    if futures::poll!(first.as_mut()).is_ready() {
        return cancel;
    }
    let token = cancel.clone();
    tokio::spawn(async move {
        if first.await.is_ok() {
            cancel.cancel();
        }
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(130);
        }
    });
    token
}

/// Sees the transfer of a tree through to its end. One thing that fails does not keep the others from being done.
#[allow(dead_code, reason = "not every example transfers a tree")]
pub async fn finish(
    program: &str,
    mut entries: BoxStream<'_, sharesync::Result<TreeEntry>>,
    progress: &Progress,
    bar: &Bar,
) -> Result<()> {
    let (mut files, mut folders, mut failed) = (0_u64, 0_u64, 0_u64);
    while let Some(entry) = entries.next().await {
        match entry {
            Ok(TreeEntry { outcome: TreeOutcome::File { .. }, .. }) => files += 1,
            Ok(TreeEntry { outcome: TreeOutcome::Folder(_), .. }) => folders += 1,
            Ok(TreeEntry { path, .. }) => bar.say(&format!("{program}: left out, neither file nor folder: {path}")),
            Err(error) => {
                bar.say(&format!("{program}: {error}"));
                failed += 1;
            }
        }
    }
    ensure!(failed == 0, "{failed} failed; {files} files and {folders} folders are done");
    bar.say(&format!("{files} files and {folders} folders, {} bytes", progress.transferred()));
    Ok(())
}

/// Shows a [`Progress`] until it is dropped.
pub struct Bar {
    bar: ProgressBar,
    ticker: JoinHandle<()>,
}

impl Bar {
    /// Starts a bar with this heading on standard error; a terminal shows it, a file does not.
    #[allow(dead_code, reason = "not every example transfers files")]
    pub fn start(heading: String, progress: &Progress) -> Self {
        let bar = ProgressBar::new(0).with_prefix(heading);
        let style = ProgressStyle::with_template("{prefix:28} {bar:30} {bytes:>10} / {total_bytes:10} {bytes_per_sec}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let ticker = tokio::spawn({
            let (bar, progress) = (bar.clone(), progress.clone());
            async move {
                loop {
                    bar.set_length(progress.total());
                    bar.set_position(progress.transferred());
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        });
        Self { bar, ticker }
    }

    /// Prints a line on standard error, above the bar.
    #[allow(dead_code, reason = "the tour reports at its end")]
    pub fn say(&self, line: &str) {
        self.bar.suspend(|| eprintln!("{line}"));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.ticker.abort();
        self.bar.finish_and_clear();
    }
}
