//! Answers that no service gives: typed errors with the element's path, no panic; and names that cannot be sent.

use sharesync::filesanywhere::model::ItemKind;
use sharesync::filesanywhere::{ChangeListQuery, Client, DateTime, DocumentError, Flaw, SoapVersion};
use sharesync::http::Charset;
use sharesync::{Error, ErrorKind};

use super::fixtures::{VERSIONS, request, response, response_envelope};
use super::stage::{client, xml};
use super::template::{Filling, Node, Pass, Rules};
use super::xml::lines;
use crate::support::Server;

const RESULT: &str = "/Envelope/Body/ChangeListResponse/ChangeListResult";

pub(crate) fn since() -> ChangeListQuery {
    ChangeListQuery::since(DateTime::parse("2026-05-06T07:08:09").unwrap())
}

/// The documented answer to ChangeList, with values.
pub(crate) fn change_list(version: SoapVersion) -> String {
    let template = Node::read(&response("syncapi", "ChangeList"));
    response_envelope(version, &Filling::response(Pass::Full, Rules::default()).fill(&template).write())
}

/// The whole list, or why there is none.
pub(crate) async fn read(client: &Client) -> Result<usize, Error> {
    let (entries, _) = client.sync().change_list(&since()).await?.collect(1_000_000).await?;
    Ok(entries.len())
}

/// What the client makes of a document.
async fn refusal(version: SoapVersion, document: String) -> Error {
    let server = Server::start().await;
    server.by(move |_| xml(version, 200, document.clone()));
    let error = read(&client(&server, version)).await.unwrap_err();
    assert_eq!((error.provider(), error.operation()), (Some("filesanywhere"), Some("ChangeList")), "{error:?}");
    error
}

#[track_caller]
pub(crate) fn check(error: &Error, flaw: &Flaw, path: &str) {
    let found = error.provider_error::<DocumentError>().unwrap_or_else(|| panic!("{error:?}"));
    assert_eq!((&found.flaw, found.path.as_str()), (flaw, path), "{error:?}");
    let kind = match flaw {
        Flaw::Truncated => ErrorKind::Network,
        Flaw::TooLong(_) | Flaw::TooDeep => ErrorKind::TooLarge,
        _ => ErrorKind::Protocol,
    };
    assert_eq!(error.kind(), kind, "{error:?}");
    assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
}

/// The documented answer with one part replaced; which must be there.
fn with(version: SoapVersion, from: &str, to: &str) -> String {
    let document = change_list(version);
    assert!(document.contains(from), "{from:?} in {document}");
    document.replacen(from, to, 1)
}

#[tokio::test]
async fn documents_that_are_wrong() {
    let file = format!("{RESULT}/ChangedFileList/ChangeFileItem");
    let cases = [
        ("<Size>9000000004<", "<Size>hush<", Flaw::Value("long"), format!("{file}/Size")),
        ("<Size>9000000004<", "<Size>9000000004.0<", Flaw::Value("long"), format!("{file}/Size")),
        ("<Size>9000000004<", "<Size>92233720368547758070<", Flaw::Value("long"), format!("{file}/Size")),
        ("<Size>9000000004</Size>", "<Size />", Flaw::Value("long"), format!("{file}/Size")),
        ("<Size>9000000004</Size>", "<Size xsi:nil='1' />", Flaw::Missing("Size"), file.clone()),
        (
            "<Size>9000000004<",
            "<Size>&hush;<",
            Flaw::Malformed("a reference to what is not predefined"),
            format!("{file}/Size"),
        ),
        (
            "<Size>9000000004<",
            "<Size>&#0;<",
            Flaw::Malformed("a reference to what is not predefined"),
            format!("{file}/Size"),
        ),
        (
            "<Size>9000000004<",
            "<hush:Size>9000000004<",
            Flaw::Malformed("a prefix that is not declared"),
            format!("{file}/Size"),
        ),
        (
            "<Size>9000000004</Size>",
            "<Size>9000000004</size>",
            Flaw::Malformed("an end of another element"),
            format!("{file}/Size"),
        ),
        ("<OffsetDate>0.5<", "<OffsetDate>0,5<", Flaw::Value("double"), format!("{RESULT}/OffsetDate")),
        ("<FullSync>true<", "<FullSync>hush<", Flaw::Value("boolean"), format!("{RESULT}/FullSync")),
        ("<FullSync>true</FullSync>", "", Flaw::Missing("FullSync"), RESULT.into()),
        ("<SyncEndDate>2026-", "<SyncEndDate>26-", Flaw::Value("date and time"), format!("{RESULT}/SyncEndDate")),
        (
            "http://api.filesanywhere.com/",
            "http://api.filesanywhere.com",
            Flaw::Unexpected("ChangeListResponse"),
            "/Envelope/Body/ChangeListResponse".into(),
        ),
        (
            "<ChangeListResponse",
            "<x /><ChangeListResponse",
            Flaw::Unexpected("ChangeListResponse"),
            "/Envelope/Body/x".into(),
        ),
        (
            "</ChangeListResponse>",
            "",
            Flaw::Malformed("an end of another element"),
            "/Envelope/Body/ChangeListResponse".into(),
        ),
        (
            "</ChangeListResult>",
            "</ChangeListResult><ChangeListResult />",
            Flaw::Unexpected("a single result"),
            RESULT.into(),
        ),
        (
            "</ChangeListResponse>",
            "</ChangeListResponse><ChangeListResponse xmlns='http://api.filesanywhere.com/' />",
            Flaw::Unexpected("a single element in the Body"),
            "/Envelope/Body/ChangeListResponse".into(),
        ),
        ("<?xml ", "<!DOCTYPE hush><?xml ", Flaw::Doctype, "/".into()),
        ("utf-8\"?>", "utf-16\"?>", Flaw::Charset(Charset::named("utf-16").unwrap_err()), "/".into()),
        ("<HeaderChanged>", "hush<!DOCTYPE x><HeaderChanged>", Flaw::Doctype, RESULT.into()),
    ];
    for version in VERSIONS {
        for (from, to, flaw, path) in &cases {
            check(&refusal(version, with(version, from, to)).await, flaw, path);
        }
    }
}

#[tokio::test]
async fn envelopes_that_are_none() {
    for version in VERSIONS {
        let whole = change_list(version);
        let (prefix, space) = match version {
            SoapVersion::V11 => ("soap", "http://schemas.xmlsoap.org/soap/envelope/"),
            _ => ("soap12", "http://www.w3.org/2003/05/soap-envelope"),
        };
        let envelope = Flaw::Unexpected("an Envelope of SOAP 1.1 or 1.2");
        let (body, fault) =
            (format!("</{prefix}:Body>"), format!("<{prefix}:Fault><faultcode>x</faultcode></{prefix}:Fault>"));
        let cases = [
            (whole.replace(space, "http://example.com/"), envelope.clone(), "/Envelope"),
            (whole.replace("Envelope", "Envelop"), envelope, "/Envelop"),
            (
                whole.replacen(&body, &format!("{body}<{prefix}:Body />"), 1),
                Flaw::Unexpected("a single Body"),
                "/Envelope/Body",
            ),
            (
                whole.replacen(&body, &format!("{fault}{body}"), 1),
                Flaw::Unexpected("a single element in the Body"),
                "/Envelope/Body/Fault",
            ),
            (whole.replacen(&body, &format!("hush{body}"), 1), Flaw::Unexpected("an element"), "/Envelope/Body"),
            (format!("{whole}{whole}"), Flaw::Malformed("an XML declaration in the middle"), "/"),
            (format!("{whole}<a />"), Flaw::Malformed("a second document"), "/"),
            (format!("{whole}hush"), Flaw::Malformed("text outside of the document"), "/"),
            (
                whole.replacen(
                    &format!("<{prefix}:Body>"),
                    &format!(
                        "<{prefix}:Header><h xmlns='u' {prefix}:mustUnderstand='1' /></{prefix}:Header><{prefix}:Body>"
                    ),
                    1,
                ),
                Flaw::Unexpected("no header that must be understood"),
                "/Envelope/Header/h",
            ),
            (
                format!("<{prefix}:Envelope xmlns:{prefix}='{space}' />"),
                Flaw::Missing("ChangeListResponse"),
                "/Envelope/Body",
            ),
            (
                format!("<{prefix}:Envelope xmlns:{prefix}='{space}'><{prefix}:Body /></{prefix}:Envelope>"),
                Flaw::Missing("ChangeListResponse"),
                "/Envelope/Body",
            ),
        ];
        for (document, flaw, path) in cases {
            check(&refusal(version, document).await, &flaw, path);
        }
    }
}

/// The billion laughs, an external entity, and an entity in an attribute: refused by the declaration, unread.
#[tokio::test]
async fn bombs_are_refused_unread() {
    let laughs: String =
        (1..10).map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10))).collect();
    let bombs = [
        format!("<!DOCTYPE x [<!ENTITY l0 \"ha\">{laughs}]>"),
        "<!DOCTYPE x [<!ENTITY hush SYSTEM \"file:///etc/passwd\">]>".into(),
        "<!DOCTYPE x SYSTEM \"http://127.0.0.1:1/hush.dtd\">".into(),
        "<!doctype x [<!ENTITY % p \"hush\">%p;]>".into(),
        // One that never ends is not waited for.
        "<!DOCTYPE x [ ".into(),
    ];
    for version in VERSIONS {
        for bomb in &bombs {
            let document =
                with(version, "<HeaderChanged>", "<HeaderChanged>&l9;").replacen("?>", &format!("?>{bomb}"), 1);
            check(&refusal(version, document).await, &Flaw::Doctype, "/");
        }
    }
}

#[tokio::test]
async fn ten_thousand_elements_deep() {
    for (inside, path) in
        [("<HeaderChanged>", RESULT), ("<ChangeFileItem>", "/ChangedFileList"), ("<soap:Body>", "/Header")]
    {
        let open = if path == "/Header" { "<soap:Header>" } else { "" };
        let deep = format!("{open}{}{}{inside}", "<a>".repeat(10_000), "</a>".repeat(10_000));
        let error = refusal(SoapVersion::V11, with(SoapVersion::V11, inside, &deep)).await;
        let found = error.provider_error::<DocumentError>().unwrap();
        assert_eq!((&found.flaw, error.kind()), (&Flaw::TooDeep, ErrorKind::TooLarge));
        assert!(found.path.contains(&format!("{path}/a/a/a")) && found.path.len() < 300, "{}", found.path);
    }
}

/// Wherever an envelope breaks off, the list is no shorter list.
#[tokio::test]
async fn truncated_anywhere() {
    let whole = change_list(SoapVersion::V12);
    let server = Server::start().await;
    let client = client(&server, SoapVersion::V12);
    let end = whole.trim_end().len();
    for cut in (0..end).step_by(7).chain([end - 1]).filter(|cut| whole.is_char_boundary(*cut)) {
        let part = whole[..cut].to_owned();
        server.by(move |_| xml(SoapVersion::V12, 200, part.clone()));
        let error = read(&client).await.unwrap_err();
        let found = error.provider_error::<DocumentError>().unwrap_or_else(|| panic!("{cut}: {error:?}"));
        assert_eq!((&found.flaw, error.kind()), (&Flaw::Truncated, ErrorKind::Network), "{cut}: {error:?}");
    }
    server.by(move |_| xml(SoapVersion::V12, 200, whole.clone()));
    assert_eq!(read(&client).await.unwrap(), 4);
}

/// A plain operation says where, too.
#[tokio::test]
async fn plain_answers_say_where() {
    let server = Server::start().await;
    let template = Node::read(&response("fawapi", "FileProperties"));
    let mut body = Filling::response(Pass::Full, Rules::default()).fill(&template);
    body.find(&["ItemsPropertiesResult", "FileExists"]).unwrap().text = "40000".into();
    let envelope = response_envelope(SoapVersion::V11, &body.write());
    server.by(move |_| xml(SoapVersion::V11, 200, envelope.clone()));
    let error = client(&server, SoapVersion::V11).items().file(r"\jane\a").await.unwrap_err();
    check(&error, &Flaw::Value("short"), "/Envelope/Body/FilePropertiesResponse/ItemsPropertiesResult/FileExists");
    assert_eq!(error.subject(), Some(r"\jane\a"));
}

/// What XML cannot carry is refused before anything is sent; what it can is sent so that it arrives.
#[tokio::test]
async fn names_with_control_characters() {
    let server = Server::start().await;
    let items = client(&server, SoapVersion::V11).items();
    for odd in ['\0', '\u{1}', '\u{8}', '\u{b}', '\u{c}', '\u{e}', '\u{1f}', '\u{fffe}', '\u{ffff}'] {
        for name in [format!("{odd}"), format!("a{odd}b"), format!("a{odd}")] {
            let refused = [
                items.create_folder(r"\jane", &name).await.unwrap_err(),
                items.rename(ItemKind::File, r"\jane\a", &name).await.unwrap_err(),
                items.delete(&[(ItemKind::File, &name)]).await.unwrap_err(),
                items.list(&name, 10, 1).await.unwrap_err(),
            ];
            for error in refused {
                assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error:?}");
                assert!(error.to_string().contains(&format!("U+{:04X}", u32::from(odd))), "{error}");
            }
        }
    }
    assert!(server.seen().await.is_empty(), "something was sent");
    let name = "\t a\nb\r\n<&>\"' ]]> \u{7f}\u{85}\u{2028}\u{d7ff}\u{e000}\u{fffd}\u{10ffff} ";
    items.create_folder(r"\jane", name).await.unwrap_err();
    let sent = String::from_utf8(server.seen().await[0].body.clone()).unwrap();
    assert!(!request("fawapi", "CreateFolder").is_empty());
    let found = lines(&sent).into_iter().find(|line| line.contains("NewFolderName")).unwrap();
    assert!(found.ends_with(&format!("{name:?}")), "{found}");
}
