//! Envelopes, routing and faults: both versions, and ASP.NET's own forms.

use sharesync_emulator::{Emulator, Fault, FaultKind};

use super::soap::{API, Client, Version, all, envelope, one, receive};

const FAULT_11: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" \
    xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"><soap:Body><soap:Fault>\
    <faultcode>soap:Server</faultcode><faultstring>Server was unable to process request. ---&gt; The token is invalid or has \
    expired.</faultstring><detail /></soap:Fault></soap:Body></soap:Envelope>";
const FAULT_12: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope xmlns:soap=\"http://www.w3.org/2003/05/soap-envelope\" \
    xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"><soap:Body><soap:Fault>\
    <soap:Code><soap:Value>soap:Receiver</soap:Value></soap:Code><soap:Reason><soap:Text xml:lang=\"en\">Server was unable to \
    process request. ---&gt; The token is invalid or has expired.</soap:Text></soap:Reason><soap:Detail /></soap:Fault></soap:Body>\
    </soap:Envelope>";

#[tokio::test]
async fn both_versions_sign_in_and_list() {
    let mut client = Client::start().await;
    client.put("folder/a & b.txt", "12345");
    for version in [Version::V11, Version::V12] {
        client.version = version;
        let list = client.ask("ListItems2", &client.at("\\folder")).await;
        let content_type = match version {
            Version::V11 => "text/xml; charset=utf-8",
            Version::V12 => "application/soap+xml; charset=utf-8",
        };
        assert_eq!((list.status, &list.headers["content-type"]), (200, &content_type.parse().expect("a header")));
        assert_eq!(all(&list.text, "Name"), ["a & b.txt"]);
        assert_eq!(all(&list.text, "Size"), ["5"]);
    }
}

#[tokio::test]
async fn an_answer_without_a_place_for_errors_is_a_fault() {
    let mut client = Client::start().await;
    client.token = "wrong".to_owned();
    for (version, expected) in [(Version::V11, FAULT_11), (Version::V12, FAULT_12)] {
        client.version = version;
        let answer = client.ask("ChangeList", "").await;
        assert_eq!((answer.status, answer.text.as_str()), (500, expected));
        assert_eq!(client.refused("ListItems2", &client.at("")).await, "The token is invalid or has expired.");
    }
}

#[tokio::test]
async fn version_1_1_goes_by_its_header_alone() {
    let client = Client::start().await;
    let body = envelope(Version::V11, "Logout", "<Token>x</Token>");
    let ask = async |action: Option<&str>| {
        let mut request = client.http.post(client.url("Logout")).header("content-type", "text/xml").body(body.clone());
        if let Some(action) = action {
            request = request.header("soapaction", action);
        }
        receive(request).await
    };
    for good in [format!("\"{API}Logout\""), format!("{API}Logout")] {
        assert_eq!(ask(Some(&good)).await.status, 200, "{good}");
    }
    let missing = ask(None).await;
    assert_eq!((missing.status, one(&missing.text, "faultcode").as_deref()), (500, Some("soap:Client")));
    assert!(missing.text.contains("without a valid action parameter"), "{}", missing.text);
    for bad in [
        format!("{API}Nothing"),
        "https://api.filesanywhere.com/Logout".to_owned(),
        format!("{API}logout"),
        "\"\"".to_owned(),
    ] {
        let answer = ask(Some(&bad)).await;
        let text = one(&answer.text, "faultstring").expect("a fault");
        assert_eq!(answer.status, 500);
        assert!(text.starts_with("Server did not recognize the value of HTTP Header SOAPAction: "), "{text}");
    }
    // An operation of the other service is not offered.
    let answer = receive(client.post("Logout", body.clone()).header("soapaction", "")).await;
    assert_eq!(answer.status, 200, "the first header counts");
    let foreign = client.http.post(client.account().sync_endpoint()).header("content-type", "text/xml");
    let foreign = receive(foreign.header("soapaction", format!("{API}Logout")).body(body.clone())).await;
    assert_eq!(foreign.status, 500);
}

#[tokio::test]
async fn version_1_2_goes_by_action_or_element() {
    let client = Client::start().await;
    let ask = async |content_type: &str, operation: &str| {
        let body = envelope(Version::V12, operation, "<Token>x</Token>");
        let request = client.http.post(client.url("Logout")).header("content-type", content_type).body(body);
        receive(request.header("soapaction", "http://elsewhere/Ignored")).await
    };
    for good in [
        "application/soap+xml".to_owned(),
        format!("application/soap+xml; charset=utf-8; action=\"{API}Logout\""),
        format!("application/soap+xml;action={API}Nothing"),
    ] {
        let answer = ask(&good, "Logout").await;
        assert!(answer.text.contains("<LogoutResponse"), "{good}: {}", answer.text);
    }
    let unknown = ask("application/soap+xml", "Nothing").await;
    assert!(unknown.status == 500 && unknown.text.contains("soap:Sender"), "{}", unknown.text);
    let unknown = ask("application/soap+xml; action=\"urn:x\"", "Nothing").await;
    assert!(unknown.text.contains("The action 'urn:x' was not recognized."), "{}", unknown.text);
}

#[tokio::test]
async fn what_is_no_soap_is_refused_without_a_body() {
    let client = Client::start().await;
    let good = envelope(Version::V11, "Logout", "<Token>x</Token>");
    for (content_type, status) in [("application/json", 415), ("text/plain", 415), ("text/xml; charset=utf-16", 415)] {
        let request = client.http.post(client.url("Logout")).header("content-type", content_type).body(good.clone());
        let answer = receive(request.header("soapaction", format!("{API}Logout"))).await;
        assert_eq!((answer.status, answer.text.as_str()), (status, ""), "{content_type}");
    }
    let two = good.replace("</soap:Body>", "</soap:Body><soap:Body />");
    let deep = good.replace("x<", &format!("{}{}<", "<a>".repeat(10_000), "</a>".repeat(10_000)));
    for bad in [
        "",
        "no xml",
        &good[..good.len() - 1],
        &good.replace("<Token>x", "<Token>\u{1}"),
        &good.replace("<Token>x", "<Token>&#x1;"),
        &good.replace("<Token>x", "<Token>&entity;"),
        &good.replace("<soap:Envelope", "<!DOCTYPE x [<!ENTITY entity \"e\">]><soap:Envelope"),
        &two,
        &deep,
        &good.replace("soap:Body", "soap:Corpse"),
    ] {
        let answer = receive(client.post("Logout", bad.to_owned())).await;
        assert_eq!((answer.status, answer.text.as_str()), (400, ""), "{bad:.200}");
    }
    assert_eq!(receive(client.post("Logout", b"<a>\xff</a>".to_vec())).await.status, 400);
    assert_eq!(receive(client.http.put(client.url("Logout")).body(good)).await.status, 405);
}

#[tokio::test]
async fn values_that_are_none_are_told_with_their_place() {
    let client = Client::start().await;
    for (field, text, reason) in [
        ("OrgID", "none", "Input string was not in a correct format."),
        ("OrgID", "99999999999999999999", "Value was either too large or too small for an Int64."),
        ("OrgID", "", "Input string was not in a correct format."),
    ] {
        let answer = client.call("AccountLogin", &format!("\n<APIKey />\n  <{field}>{text}</{field}>")).await;
        let fault = one(&answer.text, "faultstring").expect("a fault");
        let start = "Server was unable to read request. ---> There is an error in XML document (4, 3). ---> ";
        assert_eq!((answer.status, fault.as_str()), (500, format!("{start}{reason}").as_str()));
        assert_eq!(one(&answer.text, "faultcode").as_deref(), Some("soap:Client"));
    }
    for (inner, expected) in [
        ("<ChunkData>a</ChunkData>", "Base-64"),
        ("<isLastChunk>yes</isLastChunk>", "not a valid Boolean"),
        ("<BytesRead>3000000000</BytesRead>", "Int32"),
    ] {
        let answer = client.ask("AppendChunk", inner).await;
        assert!(answer.status == 500 && answer.text.contains(expected), "{}", answer.text);
    }
    let date = client.ask("ChangeList", "<Parameters><LocalDate>today</LocalDate></Parameters>").await;
    assert!(date.status == 500 && date.text.contains("not a valid AllXsd value"), "{}", date.text);
}

#[tokio::test]
async fn names_count_by_namespace_and_not_by_prefix() {
    let client = Client::start().await;
    let prefixed = format!(
        "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Header/><e:Body><f:Logout xmlns:f=\"{API}\">\
         <f:Unknown>1</f:Unknown><f:Token>{}</f:Token></f:Logout></e:Body></e:Envelope>",
        client.token
    );
    // Elements of another namespace are no values: the token is missing.
    let foreign = prefixed.replace("f:Token", "e:Token");
    let answer = receive(client.post("Logout", foreign)).await;
    assert_eq!(one(&answer.text, "LoggedOut").as_deref(), Some("false"));
    let foreign = prefixed.replace(&format!("xmlns:f=\"{API}\""), "xmlns:f=\"urn:x\"");
    assert_eq!(one(&receive(client.post("Logout", foreign)).await.text, "LoggedOut").as_deref(), Some("false"));
    let answer = receive(client.post("Logout", prefixed)).await;
    assert_eq!(one(&answer.text, "LoggedOut").as_deref(), Some("true"));
}

#[tokio::test]
async fn versions_that_do_not_match_and_headers_that_must_be_understood_are_faults() {
    let client = Client::start().await;
    let answer = receive(client.post("Logout", envelope(Version::V12, "Logout", ""))).await;
    assert_eq!((answer.status, one(&answer.text, "faultcode").as_deref()), (500, Some("soap:VersionMismatch")));
    assert!(answer.text.contains("Possible SOAP version mismatch: Envelope namespace"), "{}", answer.text);
    let header = "<soap:Header><x xmlns=\"urn:x\" soap:mustUnderstand=\"1\"/></soap:Header><soap:Body>";
    let body = envelope(Version::V11, "Logout", "").replace("<soap:Body>", header);
    let answer = receive(client.post("Logout", body)).await;
    assert_eq!(one(&answer.text, "faultcode").as_deref(), Some("soap:MustUnderstand"));
}

#[tokio::test]
async fn requests_have_a_length_that_is_too_much() {
    let client = Client::with(Emulator::builder().longest_soap_request(10_000)).await;
    let answer = client.ask("UploadFile", &format!("<FileData>{}</FileData>", "A".repeat(20_000))).await;
    assert_eq!(answer.status, 500);
    assert!(answer.text.contains("---&gt; Maximum request length exceeded."), "{}", answer.text);
}

#[tokio::test]
async fn faults_strike_by_the_action_of_a_request() {
    let client = Client::start().await;
    let busy = FaultKind::Unavailable { retry_after: Some(3) };
    client.emulator.faults().add(Fault::new(busy).path("ListItems2").times(1));
    client.ok("ListUserVolumes2", "").await;
    let answer = client.ask("ListItems2", &client.at("")).await;
    assert_eq!((answer.status, &answer.headers["retry-after"]), (503, &"3".parse().expect("a header")));
    assert!(answer.headers["content-type"].to_str().expect("text").starts_with("text/html"), "{}", answer.text);
    client.names("").await;
    client.emulator.faults().add(Fault::new(FaultKind::Unauthorized).path("ListUserVolumes2").times(1));
    assert_eq!(client.refused("ListUserVolumes2", "").await, "The token is invalid or has expired.");
    let records = client.emulator.requests().all();
    let actions: Vec<_> = records.iter().filter_map(|record| record.action.as_deref()).collect();
    let names: Vec<_> = actions.iter().filter_map(|action| action.strip_prefix(API)).collect();
    assert_eq!(names, ["AccountLogin", "ListUserVolumes2", "ListItems2", "ListItems2", "ListUserVolumes2"]);
}

#[tokio::test]
async fn whatever_is_sent_there_is_an_answer() {
    let mut client = Client::start().await;
    let mut dice = fastrand::Rng::with_seed(7);
    for version in [Version::V11, Version::V12] {
        client.version = version;
        let inner = format!(
            "<Token>{}</Token><Parameters><LocalDate>2026-01-01T00:00:00Z</LocalDate><ChangeType>0</ChangeType>\
             <FolderExceptionList><long>1</long></FolderExceptionList></Parameters>",
            client.token
        );
        let good = envelope(version, "ChangeList", &inner);
        for _ in 0..300 {
            let mut bad = good.clone().into_bytes();
            for _ in 0..dice.usize(1..4) {
                let at = dice.usize(0..bad.len());
                match dice.u8(0..3) {
                    0 => bad[at] = *dice.choice(b"<>/&;\"' =:x1\0\xff").expect("a byte"),
                    1 => drop(bad.remove(at)),
                    _ => bad.truncate(at.max(1)),
                }
            }
            let answer = receive(client.post("ChangeList", bad.clone())).await;
            assert!(matches!(answer.status, 200 | 400 | 500), "{}: {}", answer.status, String::from_utf8_lossy(&bad));
            assert_eq!(answer.status == 400, answer.text.is_empty(), "{}", answer.text);
        }
    }
    assert_eq!(client.ask("ChangeList", "").await.status, 200);
}
