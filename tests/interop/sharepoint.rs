//! SharePoint as foreign clients see it: the Office365 REST client of Python drives the whole, and curl judges the NTLM server.
//! The Python is found as for zeep; curl is the system's.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use sharesync_emulator::{Emulator, SharePointAccount};

use crate::programs::EmulatorProgram;
use crate::zeep::python;

/// Lets the Office365 REST client drive SharePoint with one sign-in; what it saw.
fn drive(emulator: &EmulatorProgram, sign_in: &str) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/office365/drive.py");
    let mut command = Command::new(python());
    command.arg(script).arg(emulator.provider("sharepoint").to_string()).arg(sign_in);
    let done = command.output().unwrap();
    let complaints = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?} ended with {}:\n{complaints}", done.status);
    serde_json::from_slice(&done.stdout).unwrap()
}

#[test]
fn the_office365_client_drives_the_rest_service() {
    for sign_in in ["bearer", "ntlm"] {
        let emulator = EmulatorProgram::start(&[]);
        let seen = drive(&emulator, sign_in);
        let path = seen["path"].as_str().unwrap();
        assert!(path.ends_with(&format!("/Documents/by Python & {sign_in}")), "{seen}");
        let files = json!(["Zeiten ü.bin", "it's plain.txt", "large.bin"]);
        assert_eq!(seen["listed"], json!([files, ["moved to"]]), "{seen}");
        let lengths = json!({"Zeiten ü.bin": 8, "it's plain.txt": 6, "large.bin": (1 << 20) + 8});
        assert_eq!(seen["lengths"], lengths, "{seen}");
        assert_eq!(seen["after"], json!([["Zeiten ü.bin"], ["moved to"]]), "{seen}");
        let recycled = (&seen["recycled"], &seen["bin"], &seen["missing"], &seen["left"]);
        assert_eq!(recycled, (&json!(true), &json!(["it's plain.txt"]), &json!(404), &json!(true)), "{seen}");

        let sent = |step: &str| emulator.requests(step).iter().filter(|request| request["status"] == 200).count();
        let chunks = ["/startUpload(", "/continueUpload(", "/finishUpload("].map(sent);
        assert_eq!(chunks, [1, 3, 1], "4 chunks of 256 KiB, and 8 bytes");
    }
    let emulator = EmulatorProgram::start(&[]);
    assert_eq!(drive(&emulator, "ntlm-wrong"), json!({"refused": 401}));
}

/// Runs curl with NTLM; what it received, and the status and the new connections of each of its transfers.
fn curl(account: &SharePointAccount, password: &str, transfers: &[&[&str]]) -> (Vec<u8>, Vec<(u16, u32)>) {
    let mut command = Command::new("curl");
    let user = format!("{}\\{}:{password}", account.domain(), account.username());
    for (number, transfer) in transfers.iter().enumerate() {
        if number > 0 {
            command.arg("--next");
        }
        command.args(["--silent", "--show-error", "--noproxy", "*", "--ntlm", "--user", &user]);
        command.args([
            "--header",
            "Accept: application/json",
            "--write-out",
            "%{stderr}%{http_code} %{num_connects}\n",
        ]);
        command.args(*transfer);
    }
    let done = command.output().unwrap_or_else(|error| panic!("curl cannot be run: {error}"));
    let said = String::from_utf8(done.stderr).unwrap();
    assert!(done.status.success(), "curl ended with {}:\n{said}", done.status);
    let lines = said.lines().map(|line| line.split_once(' ').unwrap_or_else(|| panic!("{line}")));
    (done.stdout, lines.map(|(status, connects)| (status.parse().unwrap(), connects.parse().unwrap())).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_signs_in_to_the_ntlm_server_once_for_each_connection() {
    let emulator = Emulator::start().await.unwrap();
    let (account, connections) = (emulator.sharepoint(), emulator.sharepoint_connections());
    let api = format!("{}/_api", account.site());

    let me = format!("{api}/web/currentuser");
    let (_, seen) = curl(account, account.password(), &[&[&me], &[&me], &[&me]]);
    assert_eq!(seen, [(200, 1), (200, 0), (200, 0)], "one connection stays signed in");
    assert_eq!((connections.handshakes(), connections.authenticated(), connections.refused()), (1, 1, 0));

    let (context, _) = curl(account, account.password(), &[&["--data", "", &format!("{api}/contextinfo")]]);
    let context: Value = serde_json::from_slice(&context).unwrap();
    let digest = format!("X-RequestDigest: {}", context["FormDigestValue"].as_str().unwrap());
    let content: Vec<u8> = (0..600_000_u32).flat_map(u32::to_le_bytes).collect();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("content");
    std::fs::write(&file, &content).unwrap();
    let library = format!("{}/Documents", account.site().strip_prefix(account.endpoint()).unwrap());
    let add = format!(
        "{api}/web/GetFolderByServerRelativePath(decodedUrl='{library}')/Files/add(url='curl.bin',overwrite=true)"
    );
    let body = format!("@{}", file.display());
    let up: &[&str] =
        &["--header", &digest, "--header", "Content-Type:", "--data-binary", &body, "--output", "-", &add];
    let (_, seen) = curl(account, account.password(), &[up]);
    assert_eq!(seen, [(200, 1)]);
    let value = format!("{api}/web/GetFileByServerRelativePath(decodedUrl='{library}/curl.bin')/$value");
    let (back, seen) = curl(account, account.password(), &[&[&value]]);
    assert!(seen == [(200, 1)] && back == content, "what came back differs: {seen:?}, {} bytes", back.len());
    assert_eq!((connections.handshakes(), connections.authenticated(), connections.refused()), (4, 4, 0));
    assert_eq!(connections.unauthorized(), 0, "every 401 was the challenge of a handshake");
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_is_refused_with_a_wrong_password() {
    let emulator = Emulator::start().await.unwrap();
    let (account, connections) = (emulator.sharepoint(), emulator.sharepoint_connections());
    let me = format!("{}/_api/web/currentuser", account.site());
    let (_, seen) = curl(account, "wrong", &[&[&me]]);
    assert_eq!(seen, [(401, 1)]);
    assert_eq!((connections.challenges(), connections.handshakes(), connections.refused()), (1, 0, 1));
}
