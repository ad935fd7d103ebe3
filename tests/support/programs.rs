//! The programs of the workspace as processes: built by cargo, found where cargo put them.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// The executable of the emulator.
pub(crate) fn emulator() -> &'static PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| build("--bin", "sharesync-emulator"))
}

/// The executable of the example `mirror`.
#[allow(dead_code, reason = "not every test needs it")]
pub(crate) fn mirror() -> &'static PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| build("--example", "mirror"))
}

/// The executable of the example `tour`.
#[allow(dead_code, reason = "not every test needs it")]
pub(crate) fn tour() -> &'static PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| build("--example", "tour"))
}

/// The executable of the example `migrate`.
#[allow(dead_code, reason = "not every test needs it")]
pub(crate) fn migrate() -> &'static PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| build("--example", "migrate"))
}

/// Builds a program in the profile of this test. That is quick when it was built along with the tests.
fn build(kind: &str, name: &str) -> PathBuf {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.args(["build", "--quiet", "--workspace", "--message-format=json", kind, name]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let built = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).stderr(Stdio::inherit()).output().unwrap();
    assert!(built.status.success(), "cargo could not build {name}");
    let messages = String::from_utf8(built.stdout).unwrap();
    let mut messages = messages.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let artifact = messages.find(|message| message["target"]["name"] == name && message["executable"].is_string());
    PathBuf::from(artifact.unwrap()["executable"].as_str().unwrap())
}

/// The emulator as a process of its own. Dropping it kills it.
#[derive(Debug)]
#[allow(dead_code, reason = "not every test needs it")]
pub(crate) struct EmulatorProgram {
    process: Child,
    address: String,
    ready: Value,
}

#[allow(dead_code, reason = "not every test needs it")]
impl EmulatorProgram {
    /// Starts it on a free port and waits until it says that it is ready.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(emulator());
        let mut process =
            command.args(["--listen", "127.0.0.1:0"]).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no ready line, but {line:?}"));
        let address = ready["listening"].as_str().unwrap().trim_start_matches("http://").to_owned();
        Self { process, address, ready }
    }

    /// What a client of a provider needs to sign in, by the names of the ready line.
    pub(crate) fn provider(&self, name: &str) -> &Value {
        &self.ready["providers"][name]
    }

    /// The requests so far whose path contains a text.
    pub(crate) fn requests(&self, path: &str) -> Vec<Value> {
        let answer = self.ask("GET", &format!("/_emulator/requests?path={path}"));
        let answer: Value = serde_json::from_str(&answer).unwrap();
        answer["requests"].as_array().unwrap().clone()
    }

    /// Forgets the requests so far.
    pub(crate) fn forget_requests(&self) {
        self.ask("DELETE", "/_emulator/requests");
    }

    fn ask(&self, method: &str, target: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "{method} {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 2"), "{head}");
        body.to_owned()
    }
}

impl Drop for EmulatorProgram {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
