//! Answers without an end, or with parts of a gibibyte: refused after some of it, whatever the part.

use std::time::Duration;

use bytes::Bytes;
use sharesync::filesanywhere::{Client, DocumentError, Flaw, SoapVersion};
use sharesync::{ErrorKind, Result};

use super::hostile::{change_list, read, since};
use super::stage::{builder, no_waiting};
use super::template::TOKEN;
use super::wire::{Ending, Pieces, Wire};

const GIBIBYTE: usize = 1 << 30;
const PIECE: usize = 64 << 10;
/// What may be sent before the client hangs up: what it reads, and what the system holds on both sides.
const MOST_SENT: u64 = 24 << 20;

fn client(wire: &Wire) -> Client {
    builder(&wire.address, SoapVersion::V11).token("jane", TOKEN).client().unwrap()
}

/// The documented answer, split before a part of it.
fn split(at: &str) -> (Bytes, Bytes) {
    let whole = change_list(SoapVersion::V11);
    let (before, _) = whole.split_once(at).unwrap_or_else(|| panic!("{at} in {whole}"));
    let (before, after) = whole.split_at(before.len());
    (before.to_owned().into(), after.to_owned().into())
}

/// The same text again and again, up to a length, in pieces.
fn again(text: &str, length: usize) -> Pieces {
    let piece = Bytes::from(text.repeat(PIECE / text.len()));
    Box::new(std::iter::repeat_n(piece, length / PIECE))
}

/// The documented answer with something long in it.
async fn with(at: &'static str, open: &'static str, text: &'static str, length: usize) -> Wire {
    let pieces = move || -> Pieces {
        let (before, after) = split(at);
        let open = std::iter::once(Bytes::from_static(open.as_bytes()));
        Box::new(std::iter::once(before).chain(open).chain(again(text, length)).chain([after]))
    };
    Wire::serve(pieces, Ending::Close).await
}

#[tokio::test]
async fn a_gibibyte_of_anything() {
    let row = "/ChangedFileList/ChangeFileItem";
    let cases = [
        ("a text", "</Name>", "", "x", format!("{row}/Name")),
        ("a text", "</Name>", "", " ", format!("{row}/Name")),
        ("a text", "</Name>", "", "\r\n", format!("{row}/Name")),
        ("a text", "</Name>", "", "&amp;", format!("{row}/Name")),
        ("a text", "</SyncEndDate>", "", "1", "/SyncEndDate".into()),
        ("a text", "<SyncEndDate>", "<unknown>", "x", "/ChangeListResult/unknown".into()),
        ("a text", "<ChangeFileItem>", "", " ", "/ChangedFileList".into()),
        ("a tag", "</Name>", "<![CDATA[", "x", format!("{row}/Name")),
        ("a tag", "</Name>", "<!--", "x", format!("{row}/Name")),
        ("a tag", "</Name>", "<?x ", "x", format!("{row}/Name")),
        ("a tag", "</Name>", "<x a='", "x", format!("{row}/Name")),
        ("a tag", "</Name>", "<", "x", format!("{row}/Name")),
        ("a tag", "</Name>", "</", "x", format!("{row}/Name")),
        ("a reference", "</Name>", "&", "x", format!("{row}/Name")),
        ("a tag", "</Name>", "<x ", "a='' ", format!("{row}/Name")),
        ("what is not a list", "<SyncEndDate>", "", "<x xmlns=''/>", "/ChangeListResult".into()),
        ("what is not a list", "<SyncEndDate>", "", "<!---->", "/ChangeListResult".into()),
        ("what is not a list", "<SyncEndDate>", "", "<x/>", "/ChangeListResult/x".into()),
        ("what is not a list", "<Size>", "", "<x/>", format!("{row}/x")),
        ("what is not a list", "<ChangeFileItem>", "", "<ChangeFileItem xsi:nil='true'/>", "/ChangedFileList".into()),
        ("what is not a list", "<soap:Body>", "<soap:Header>", "<x/>", "/Envelope/Header".into()),
    ];
    for (what, at, open, text, path) in cases {
        let wire = with(at, open, text, GIBIBYTE).await;
        let error = read(&client(&wire)).await.unwrap_err();
        let found = error.provider_error::<DocumentError>().unwrap_or_else(|| panic!("{open}{text}: {error:?}"));
        assert_eq!((&found.flaw, error.kind()), (&Flaw::TooLong(what), ErrorKind::TooLarge), "{open}{text}: {error:?}");
        assert!(found.path.ends_with(&path), "{open}{text}: {}", found.path);
        assert!(wire.sent() < MOST_SENT, "{open}{text}: {} bytes were taken", wire.sent());
    }
}

/// A list that never ends is handed on as long as somebody wants it, and no longer.
#[tokio::test]
async fn rows_without_an_end() {
    const ROW: &str = "<ChangeFileItem><ParentFolderID>1</ParentFolderID><Name>a</Name><Size>2</Size></ChangeFileItem>";
    let wire = with("<ChangeFileItem>", "", ROW, usize::MAX).await;
    let mut list = client(&wire).sync().change_list(&since()).await.unwrap();
    let (mut rows, mut longest) = (0, 0);
    while rows < 100_000 {
        let page = list.next().await.unwrap().unwrap();
        (rows, longest) = (rows + page.len(), longest.max(page.len()));
    }
    assert!(longest <= PIECE / ROW.len() + 1, "{longest} rows at once");
    drop(list);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let sent = wire.sent();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(wire.sent(), sent, "the connection goes on");
    let list = client(&wire).sync().change_list(&since()).await.unwrap();
    assert_eq!(list.collect(1000).await.unwrap_err().kind(), ErrorKind::TooLarge);
}

/// What is read as a whole has a limit.
#[tokio::test]
async fn a_plain_answer_without_an_end() {
    let pieces = || -> Pieces {
        let head = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body>\
            <LogoutResponse xmlns='http://api.filesanywhere.com/'><LogoutResult>";
        Box::new(std::iter::once(Bytes::from(head)).chain(again("<x xmlns=''/>", usize::MAX)))
    };
    let wire = Wire::serve(pieces, Ending::Close).await;
    let config = no_waiting().with_max_answer(1 << 20).with_max_attempts(1);
    let client = builder(&wire.address, SoapVersion::V11).http_config(config).token("jane", TOKEN).client().unwrap();
    let error = client.files().logout().await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::TooLarge, Some("Logout")), "{error:?}");
    assert!(wire.sent() < MOST_SENT);
}

/// One that stops without ending is given up, in the middle of a row and between two.
#[tokio::test]
async fn an_answer_that_stalls() -> Result<()> {
    for at in ["<ChangeFileItem>", "</Name>", "<SyncEndDate>"] {
        let wire = Wire::serve(move || Box::new(std::iter::once(split(at).0)), Ending::Stall).await;
        let config = no_waiting().with_idle_timeout(Duration::from_millis(300)).with_max_attempts(1);
        let client = builder(&wire.address, SoapVersion::V11).http_config(config).token("jane", TOKEN).client()?;
        let error = tokio::time::timeout(Duration::from_secs(20), read(&client)).await.expect("it hangs").unwrap_err();
        assert_eq!((error.kind(), error.operation()), (ErrorKind::Stalled, Some("ChangeList")), "{error:?}");
    }
    Ok(())
}

/// Rows that arrived before the connection broke are no list.
#[tokio::test]
async fn a_connection_that_breaks_off() {
    let wire = Wire::serve(|| Box::new(std::iter::once(split("<SyncEndDate>").0)), Ending::Close).await;
    let error = read(&client(&wire)).await.unwrap_err();
    let found = error.provider_error::<DocumentError>().unwrap_or_else(|| panic!("{error:?}"));
    assert_eq!((&found.flaw, error.kind()), (&Flaw::Truncated, ErrorKind::Network));
}
