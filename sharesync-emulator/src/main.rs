//! The emulator as a program: starts, says in one line of JSON where it is and how to sign in, and serves until it is stopped.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use sharesync_emulator::{Builder, Emulator, Fault};

/// A server that speaks the protocols of enterprise file sync and share services.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Address to listen on; port 0 is any that is free.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Allow an address that others can reach. The emulator protects nothing.
    #[arg(long)]
    allow_remote: bool,
    /// Keep the drive in this directory instead of memory; it survives restarts.
    #[arg(long)]
    directory: Option<PathBuf>,
    /// No page of a listing is longer, whatever the client asks.
    #[arg(long, value_name = "N")]
    max_page: Option<usize>,
    /// Limit on bytes per second, both directions and all connections together.
    #[arg(long, value_name = "BYTES_PER_S")]
    throttle: Option<u64>,
    /// Faults, such as `reset:path=/Children,rate=0.05;too-many-requests:retry_after=2,times=3` or
    /// `proxy-page:status=503,carried_out=true`.
    #[arg(long, value_name = "SPEC", value_parser = parse_faults)]
    faults: Option<Faults>,
    /// Everything random follows from this number.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// FilesAnywhere's change list has so many made-up files.
    #[arg(long, value_name = "N")]
    change_list_entries: Option<u64>,
    /// SharePoint has no sync service: what has changed is told by the REST service alone.
    #[arg(long)]
    no_sync_service: bool,
    /// SharePoint's NTLM signs in one request of a connection, not the connection (IIS: `authPersistSingleRequest`).
    #[arg(long)]
    ntlm_single_request: bool,
    /// Lifetime of access tokens in seconds.
    #[arg(long, value_name = "SECONDS")]
    token_lifetime: Option<u64>,
    /// The user to sign in with.
    #[arg(long, requires = "password")]
    username: Option<String>,
    /// The user's password.
    #[arg(long, requires = "username")]
    password: Option<String>,
    /// How many requests are remembered for `/_emulator/requests`.
    #[arg(long, value_name = "N")]
    recorded_requests: Option<usize>,
}

#[derive(Debug, Clone)]
struct Faults(Vec<Fault>);

fn parse_faults(text: &str) -> Result<Faults, String> {
    Fault::parse_list(text).map(Faults)
}

impl Arguments {
    fn builder(self) -> Builder {
        let mut builder = Emulator::builder().listen(self.listen).allow_remote(self.allow_remote).seed(self.seed);
        builder = builder.sync_service(!self.no_sync_service).ntlm_single_request(self.ntlm_single_request);
        if let Some(directory) = self.directory {
            builder = builder.directory(directory);
        }
        if let Some(items) = self.max_page {
            builder = builder.max_page(items);
        }
        if let Some(rate) = self.throttle {
            builder = builder.throttle(rate);
        }
        if let Some(number) = self.change_list_entries {
            builder = builder.change_list_entries(number);
        }
        if let Some(seconds) = self.token_lifetime {
            builder = builder.token_lifetime(Duration::from_secs(seconds));
        }
        if let Some((username, password)) = self.username.zip(self.password) {
            builder = builder.user(username, password);
        }
        if let Some(number) = self.recorded_requests {
            builder = builder.recorded_requests(number);
        }
        let faults = self.faults.map(|faults| faults.0).unwrap_or_default();
        faults.into_iter().fold(builder, Builder::fault)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match serve(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sharesync-emulator: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let emulator = arguments.builder().start().await?;
    println!("{}", emulator.ready_line());
    stopped().await?;
    emulator.shutdown().await;
    Ok(())
}

/// Waits for SIGINT or SIGTERM.
async fn stopped() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
