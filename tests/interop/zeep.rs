//! zeep, a SOAP toolkit of Python, as a process. It is found in a virtual environment: `.ci/run` makes one below `.tools`.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::programs::EmulatorProgram;

/// The Python that has zeep and the Office365 REST client.
pub(crate) fn python() -> PathBuf {
    match std::env::var_os("SHARESYNC_PYTHON") {
        Some(python) => python.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/python/bin/python"),
    }
}

/// Lets zeep drive FilesAnywhere in one version of SOAP; what it saw.
pub(crate) fn drive(emulator: &EmulatorProgram, version: &str) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/zeep/drive.py");
    let mut command = Command::new(python());
    command.arg(script).arg(emulator.provider("filesanywhere").to_string()).arg(version);
    let done = command.output().unwrap_or_else(|error| {
        panic!(
            "Python cannot be run ({error}): `python3 -m venv .tools/python && .tools/python/bin/pip install zeep` makes one with \
             zeep, and SHARESYNC_PYTHON names another"
        )
    });
    let complaints = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?} ended with {}:\n{complaints}", done.status);
    serde_json::from_slice(&done.stdout).unwrap()
}
