//! Faults in place of the answers of every face: what the client gets, and whether the request was carried out.

use reqwest::{Method, RequestBuilder, Response};
use serde_json::json;
use sharesync_emulator::{Emulator, Fault, FaultKind, PageForm, RequestRecord};

use crate::common::Client;
use crate::{acronis, cursor, filesanywhere, sharepoint};

/// A face, and the request that makes a folder there.
struct Face {
    name: &'static str,
    emulator: Emulator,
    make: Box<dyn Fn(&str) -> RequestBuilder>,
}

async fn faces() -> Vec<Face> {
    let Client { emulator, http, token } = Client::start().await;
    let url = format!("{}/sf/v3/Items(home)/Folder", emulator.base_url());
    let make = move |name: &str| http.post(&url).bearer_auth(&token).json(&json!({"Name": name}));
    let sharefile = Face { name: "sharefile", emulator, make: Box::new(make) };

    let acronis::Stage { emulator, client } = acronis::Stage::start().await;
    let (url, token) = (client.url(acronis::NODES), emulator.acronis().access_token().to_owned());
    let make = move |name: &str| {
        let body = json!({"sync_and_share_node": {"name": name, "parent_uuid": "0"}});
        client.http.post(&url).bearer_auth(&token).json(&body)
    };
    let acronis = Face { name: "acronis", emulator, make: Box::new(make) };

    let client = filesanywhere::soap::Client::start().await;
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let (url, token, at) = (client.url("CreateFolder"), client.token.clone(), client.at(""));
    let make = move |name: &str| {
        let inner = format!("<Token>{token}</Token>{at}<NewFolderName>{name}</NewFolderName>");
        let body = filesanywhere::soap::envelope(filesanywhere::soap::Version::V11, "CreateFolder", &inner);
        let action = format!("\"{}CreateFolder\"", filesanywhere::soap::API);
        http.post(&url).header("content-type", "text/xml; charset=utf-8").header("soapaction", action).body(body)
    };
    let filesanywhere = Face { name: "filesanywhere", emulator: client.emulator, make: Box::new(make) };

    let cursor::Stage { emulator, client, share } = cursor::Stage::start().await;
    let make = move |name: &str| {
        let body = json!({"share_id": share, "name": name, "parent_id": null});
        client.http.post(client.url("folders")).bearer_auth(&client.token).json(&body)
    };
    let cursor = Face { name: "cursor", emulator, make: Box::new(make) };

    let stage = sharepoint::Stage::start().await;
    let url = stage.url("_api/web/folders");
    let (http, library, token) = (stage.http, stage.site, stage.emulator.sharepoint().access_token().to_owned());
    let make = move |name: &str| {
        let body = json!({"ServerRelativeUrl": format!("{library}/Documents/{name}")});
        let request = http.post(&url).bearer_auth(&token).header("accept", sharepoint::PLAIN);
        request.header("content-type", sharepoint::PLAIN).body(body.to_string())
    };
    let sharepoint = Face { name: "sharepoint", emulator: stage.emulator, make: Box::new(make) };
    vec![sharefile, acronis, filesanywhere, cursor, sharepoint]
}

impl Face {
    /// Has a folder made while a fault strikes: what comes back, whether there is a folder, and the record of the request.
    async fn struck(&self, fault: Fault, folder: &str) -> (reqwest::Result<Response>, bool, RequestRecord) {
        self.emulator.faults().clear();
        self.emulator.faults().add(fault.times(1));
        let answer = (self.make)(folder).send().await;
        let drive = self.emulator.drive();
        let there = !drive.find(drive.root(), 1, |item| &*item.name == folder).is_empty();
        (answer, there, self.emulator.requests().all().pop().expect("a record"))
    }
}

#[tokio::test]
async fn every_fault_in_place_of_an_answer_strikes_before_or_after_the_work() {
    let kinds = [
        (FaultKind::Reset, None),
        (FaultKind::TooManyRequests { retry_after: None }, Some(429)),
        (FaultKind::Unavailable { retry_after: None }, Some(503)),
        (FaultKind::ProxyPage { status: 404, form: PageForm::Text }, Some(404)),
        (FaultKind::ProxyPage { status: 503, form: PageForm::Html }, Some(503)),
        (FaultKind::ProxyPage { status: 200, form: PageForm::Html }, Some(200)),
        (FaultKind::RedirectToPage { status: 302 }, Some(302)),
        (FaultKind::RedirectToPage { status: 307 }, Some(307)),
    ];
    for face in faces().await {
        for (number, (kind, status)) in kinds.into_iter().enumerate() {
            for after in [false, true] {
                let (context, folder) = (format!("{}: {kind:?} {after}", face.name), format!("f{number}{after}"));
                let fault = Fault::new(kind);
                let fault = if after { fault.carried_out() } else { fault };
                let (answer, there, record) = face.struck(fault, &folder).await;
                assert_eq!(answer.ok().map(|answer| answer.status().as_u16()), status, "{context}");
                assert_eq!((there, record.applied), (after, after), "{context}");
                assert_eq!(record.status, status, "{context}");
                let told = record.fault.expect("the fault is recorded");
                assert_eq!(told.ends_with(", carried out"), after, "{context}: {told}");
            }
        }
    }
}

#[tokio::test]
async fn a_lost_answer_and_a_late_one_are_carried_out_on_every_face() {
    for face in faces().await {
        let (answer, there, record) = face.struck(Fault::new(FaultKind::LoseAnswer), "lost").await;
        assert!(answer.is_err() && there && record.applied && record.status.is_none(), "{}", face.name);
        assert_eq!(record.fault.as_deref(), Some("LoseAnswer, carried out"));
        let (answer, there, record) =
            face.struck(Fault::new(FaultKind::Delay { millis: 1 }).carried_out(), "late").await;
        assert!(answer.is_ok_and(|answer| answer.status().is_success()) && there && record.applied, "{}", face.name);
        let (answer, there, record) = face.struck(Fault::new(FaultKind::Unauthorized).carried_out(), "refused").await;
        assert_eq!(answer.expect("an answer").status(), 401, "{}", face.name);
        assert!(there && record.applied, "{}", face.name);
        let (_, there, record) = face.struck(Fault::new(FaultKind::Unauthorized), "unauthorized").await;
        assert!(!there && !record.applied, "{}", face.name);
    }
}

#[tokio::test]
async fn pages_are_in_nobodys_protocol_and_redirects_lead_to_a_page() {
    for face in faces().await {
        let kind = FaultKind::ProxyPage { status: 404, form: PageForm::Text };
        let answer = face.struck(Fault::new(kind), "plain").await.0.expect("an answer");
        assert!(answer.headers()["content-type"].to_str().expect("text").starts_with("text/plain"), "{}", face.name);
        assert_eq!(answer.text().await.expect("a body"), "404 page not found\n");
        let kind = FaultKind::ProxyPage { status: 502, form: PageForm::Html };
        let answer = face.struck(Fault::new(kind), "html").await.0.expect("an answer");
        assert_eq!(answer.headers()["content-type"], "text/html", "{}", face.name);
        assert!(answer.text().await.expect("a body").contains("<h1>502 Bad Gateway</h1>"));
    }
    let client = Client::start().await;
    client.emulator.faults().add(Fault::new(FaultKind::RedirectToPage { status: 303 }).path("/Children").times(1));
    let answer = client.send(Method::GET, "Items(home)/Children", None).await;
    assert_eq!(answer.status(), 303);
    let page = answer.headers()["location"].to_str().expect("text").to_owned();
    assert!(page.starts_with(&client.emulator.base_url()), "{page}");
    let requests = client.emulator.requests().count();
    for method in [Method::GET, Method::POST, Method::DELETE, Method::PATCH] {
        let answer = client.http.request(method, &page).send().await.expect("an answer");
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["content-type"].as_bytes()[..9]),
            (200, &b"text/html"[..])
        );
        assert!(answer.text().await.expect("a body").contains("Sign in"));
    }
    assert_eq!(client.emulator.requests().count(), requests, "the page is the emulator's own");
}

#[tokio::test]
async fn what_only_reads_is_not_recorded_as_applied() {
    let client = Client::start().await;
    let folder = client.folder("home", "x").await;
    client.get("Items(home)/Children").await;
    let asked = client.http.get(client.url("Items")).bearer_auth(&client.token).header("user-agent", "marker/1");
    asked.send().await.expect("an answer");
    client.refused(Method::POST, "Items(home)/Folder", Some(json!({"Name": "x"}))).await;
    assert_eq!(client.status(Method::DELETE, &format!("Items({folder})?singleversion=false"), None).await, 204);
    let all = client.emulator.requests().all();
    let applied: Vec<_> = all.iter().map(|record| record.applied).collect();
    assert_eq!(applied, [true, false, false, false, true], "{all:#?}");
    assert_eq!(all[2].user_agent.as_deref(), Some("marker/1"));

    // The log of the cursor API notes who read how far; that changes nothing.
    let stage = cursor::Stage::start().await;
    stage.client.device("laptop").await;
    stage.emulator.requests().clear();
    stage.client.get(&format!("sync/status?share_id={}&device_id=laptop", stage.share)).await;
    assert_eq!(stage.emulator.requests().all().iter().map(|record| record.applied).collect::<Vec<_>>(), [false]);
}

#[tokio::test]
async fn an_operation_of_its_own_counts_for_the_request_that_started_it() {
    let client =
        Client::with(Emulator::builder().async_delay(std::time::Duration::from_millis(20)).async_above(0)).await;
    let folder = client.folder("home", "x").await;
    client.file(&folder, "f", "content").await;
    let answer = client.send(Method::DELETE, &format!("Items({folder})?forceSync=false"), None).await;
    assert!(answer.status().is_success(), "{}", answer.status());
    let last = || client.emulator.requests().all().pop().expect("a record");
    assert!(!last().applied, "it is carried out later");
    let drive = client.emulator.drive();
    while !drive.find(drive.root(), 1, |item| &*item.name == "x").is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert!(last().applied);
}
