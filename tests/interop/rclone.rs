//! rclone as a process, with the emulator as its remote `sf:`.

use std::ffi::OsStr;
use std::process::Command;

use crate::programs::EmulatorProgram;

/// rclone with the credentials of one emulator.
pub(crate) struct Rclone {
    endpoint: String,
    token: String,
}

impl Rclone {
    pub(crate) fn new(emulator: &EmulatorProgram) -> Self {
        let account = emulator.provider("sharefile");
        let token = serde_json::json!({"access_token": account["token"], "token_type": "bearer"});
        Self { endpoint: account["endpoint"].as_str().unwrap().to_owned(), token: token.to_string() }
    }

    /// Runs a command, which must succeed at the first try; what it prints.
    pub(crate) fn run(&self, arguments: &[&dyn AsRef<OsStr>]) -> String {
        let mut rclone = Command::new("rclone");
        rclone
            .args(["--config", "/dev/null", "--retries", "1"])
            .args(arguments.iter().map(|argument| argument.as_ref()));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("RCLONE_")) {
            rclone.env_remove(name);
        }
        rclone.env("RCLONE_CONFIG_SF_TYPE", "sharefile");
        rclone.env("RCLONE_CONFIG_SF_ENDPOINT", &self.endpoint).env("RCLONE_CONFIG_SF_TOKEN", &self.token);
        let done = rclone.output().unwrap_or_else(|error| {
            panic!("rclone cannot be run ({error}): install the package `rclone`, such as by `apt-get install rclone`")
        });
        let complaints = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{rclone:?} ended with {}:\n{complaints}", done.status);
        String::from_utf8(done.stdout).unwrap()
    }
}
