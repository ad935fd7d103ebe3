//! Answers in `multipart/related`, as services with MTOM send them, and in other charsets.

use sharesync::ErrorKind;
use sharesync::filesanywhere::{DocumentError, Fault, Flaw, SoapVersion};
use sharesync::http::UnreadableCharset;
use wiremock::ResponseTemplate;

use super::fixtures::VERSIONS;
use super::hostile::{change_list, read};
use super::stage::client;
use crate::support::Server;

/// The media type of the whole, and the whole around an envelope.
fn related(version: SoapVersion, envelope: &str) -> (String, String) {
    let kind = if version == SoapVersion::V11 { "text/xml" } else { "application/soap+xml" };
    let media_type = format!(
        "multipart/related; type=\"application/xop+xml\"; start=\"<root@x>\"; boundary=\"uuid:1+id=2\"; start-info=\"{kind}\""
    );
    let body = format!(
        "--uuid:1+id=2\r\nContent-ID: <root@x>\r\nContent-Transfer-Encoding: 8bit\r\n\
         Content-Type: application/xop+xml;charset=utf-8;type=\"{kind}\"\r\n\r\n{envelope}\r\n--uuid:1+id=2--\r\n"
    );
    (media_type, body)
}

async fn server(status: u16, media_type: &str, body: impl Into<Vec<u8>>) -> Server {
    let server = Server::start().await;
    let (media_type, body) = (media_type.to_owned(), body.into());
    server.by(move |_| ResponseTemplate::new(status).set_body_raw(body.clone(), &media_type));
    server
}

#[tokio::test]
async fn the_envelope_is_the_root_part() {
    for version in VERSIONS {
        let plain = server(200, "text/xml; charset=utf-8", change_list(version)).await;
        let expected = read(&client(&plain, version)).await.unwrap();
        let (media_type, body) = related(version, &change_list(version));
        let server = server(200, &media_type, body).await;
        assert!(expected > 0);
        assert_eq!(read(&client(&server, version)).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn a_fault_is_read_from_it_too() {
    let fault = "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body><e:Fault><faultcode>e:Client</faultcode>\
        <faultstring>no</faultstring></e:Fault></e:Body></e:Envelope>";
    let (media_type, body) = related(SoapVersion::V11, fault);
    for status in [200, 500] {
        let server = server(status, &media_type, body.clone()).await;
        let error = read(&client(&server, SoapVersion::V11)).await.unwrap_err();
        assert!(error.provider_error::<Fault>().is_some(), "{status}: {error:?}");
        assert_eq!(error.kind(), ErrorKind::Rejected, "{status}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_of_it_says_why() {
    let version = SoapVersion::V11;
    let (media_type, body) = related(version, &change_list(version));
    let cut = body.split_once("\r\n--uuid:1+id=2--").unwrap().0.to_owned();
    for (media_type, body, kind, why) in [
        ("multipart/mixed; boundary=x".to_owned(), body.clone(), ErrorKind::Protocol, "of the type multipart/mixed"),
        ("multipart/related".to_owned(), body.clone(), ErrorKind::Protocol, "without a boundary"),
        (
            media_type.replace("root@x", "other@x"),
            body.clone(),
            ErrorKind::Protocol,
            "without the part that is its root",
        ),
        (media_type, cut, ErrorKind::Network, "breaks off"),
    ] {
        let server = server(200, &media_type, body).await;
        let error = read(&client(&server, version)).await.unwrap_err();
        assert_eq!((error.kind(), error.operation()), (kind, Some("ChangeList")), "{error}");
        assert!(error.to_string().contains(why), "{error}");
    }
}

#[tokio::test]
async fn the_charset_of_the_media_type_is_heeded() {
    let version = SoapVersion::V11;
    let document = change_list(version).replace(|character: char| !character.is_ascii(), "x");
    for charset in ["utf-8", "UTF8", "\"utf-8\"", "us-ascii"] {
        let server = server(200, &format!("text/xml; charset={charset}"), document.clone()).await;
        assert!(read(&client(&server, version)).await.is_ok(), "{charset}");
    }
    let foreign = document.replacen("<Name>", "<Name>\u{e4}", 1);
    for (charset, document) in [("us-ascii", &foreign), ("iso-8859-1", &document), ("utf-16", &document)] {
        let server = server(200, &format!("text/xml; charset={charset}"), document.clone()).await;
        let error = read(&client(&server, version)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
        assert!(error.to_string().to_lowercase().contains(charset), "{error}");
        assert!(error.to_string().contains("UTF-8 and US-ASCII are read"), "{error}");
        assert!(error.provider_error::<UnreadableCharset>().is_some(), "{error:?}");
    }
    let wide: Vec<u8> = document.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let server = server(200, "text/xml", wide).await;
    let error = read(&client(&server, version)).await.unwrap_err();
    let flaw = &error.provider_error::<DocumentError>().unwrap().flaw;
    assert!(matches!(flaw, Flaw::Charset(_)), "{flaw:?}");
}
