//! Faults, recording, throttling, and the emulator's own paths.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use sharesync_emulator::{Emulator, Fault, FaultKind};

use crate::common::{Client, text};

/// A client whose home holds one file, and the address of that file.
async fn with_file(content: &str) -> (Client, String) {
    let client = Client::start().await;
    let file = client.file("home", "f", content).await;
    let spec = client.get(&format!("Items({})/Download?redirect=false", text(&file, "id"))).await;
    (client, text(&spec, "DownloadUrl").to_owned())
}

#[tokio::test]
async fn a_reset_leaves_no_answer_and_nothing_done() {
    let client = Client::start().await;
    client.emulator.faults().add(Fault::new(FaultKind::Reset).method("POST").path("/Folder").times(1));
    let make =
        || client.http.post(client.url("Items(home)/Folder")).bearer_auth(&client.token).json(&json!({"Name": "x"}));
    assert!(make().send().await.is_err());
    assert_eq!(client.get("Items(home)/Children").await["odata.count"], 0);
    assert_eq!(make().send().await.expect("an answer").status(), 200);
}

#[tokio::test]
async fn a_lost_answer_was_carried_out() {
    let client = Client::start().await;
    client.emulator.faults().add(Fault::new(FaultKind::LoseAnswer).path("/folder").times(1));
    let request = client.http.post(client.url("Items(home)/Folder")).bearer_auth(&client.token);
    assert!(request.json(&json!({"Name": "x"})).send().await.is_err());
    assert_eq!(client.names("Items(home)/Children").await, ["x"]);
}

#[tokio::test]
async fn a_truncated_body_stops_short() {
    let (client, url) = with_file("0123456789").await;
    client.emulator.faults().add(Fault::new(FaultKind::Truncate { after: 4 }).path("/storage/download").times(1));
    let mut answer = client.http.get(&url).send().await.expect("a head");
    assert_eq!(answer.content_length(), Some(10));
    assert_eq!(answer.chunk().await.expect("a piece").expect("bytes"), "0123");
    assert!(answer.chunk().await.is_err());
    assert_eq!(client.http.get(&url).send().await.expect("an answer").text().await.expect("all"), "0123456789");
}

#[tokio::test]
async fn a_stalled_body_stops_and_the_connection_stays() {
    let (client, url) = with_file("0123456789").await;
    client.emulator.faults().add(Fault::new(FaultKind::Stall { after: 4 }).path("/storage/download").times(1));
    let mut answer = client.http.get(&url).send().await.expect("a head");
    assert_eq!(answer.chunk().await.expect("a piece").expect("bytes"), "0123");
    let next = tokio::time::timeout(Duration::from_millis(300), answer.chunk()).await;
    assert!(next.is_err(), "nothing comes, and no end either");
}

#[tokio::test]
async fn a_corrupted_byte_changes_nothing_else() {
    let (client, url) = with_file("0123456789").await;
    client.emulator.faults().add(Fault::new(FaultKind::Corrupt { at: 3 }).path("/storage/download").times(1));
    let body = client.http.get(&url).send().await.expect("an answer").bytes().await.expect("a body");
    let different: Vec<_> = (0..10).filter(|at| body[*at] != b"0123456789"[*at]).collect();
    assert_eq!(different, [3]);
}

#[tokio::test]
async fn refusals_carry_what_clients_look_at() {
    let (client, url) = with_file("x").await;
    let faults = client.emulator.faults();
    faults.add(Fault::new(FaultKind::TooManyRequests { retry_after: Some(2) }).path("/Children").times(1));
    let answer = client.send(Method::GET, "Items(home)/Children", None).await;
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (429, &"2".parse().expect("a header")));
    assert_eq!(answer.json::<Value>().await.expect("JSON")["reason"], "Throttled");
    faults.add(Fault::new(FaultKind::Unauthorized).path("/Children").times(1));
    let answer = client.send(Method::GET, "Items(home)/Children", None).await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["www-authenticate"]),
        (401, &"Bearer".parse().expect("a header"))
    );
    faults.add(Fault::new(FaultKind::Unavailable { retry_after: None }).path("/storage/").times(1));
    assert_eq!(client.http.get(&url).send().await.expect("an answer").status(), 503);
    assert_eq!(client.http.get(&url).send().await.expect("an answer").status(), 200);
    assert_eq!(faults.struck(), 3);
}

#[tokio::test]
async fn a_repeated_page_links_to_itself() {
    let client = Client::start().await;
    for name in ["a", "b", "c"] {
        client.folder("home", name).await;
    }
    client.emulator.faults().add(Fault::new(FaultKind::RepeatPage).path("/Children").times(1));
    let first = client.get("Items(home)/Children?$top=1").await;
    let again = client.get(text(&first, "odata.nextLink")).await;
    assert_eq!(again["value"], first["value"]);
    let second = client.get(text(&again, "odata.nextLink")).await;
    assert_eq!(second["value"][0]["Name"], "b");
}

#[tokio::test]
async fn a_delay_is_waited_for() {
    let client = Client::start().await;
    client.emulator.faults().add(Fault::new(FaultKind::Delay { millis: 200 }).times(1));
    let start = Instant::now();
    client.get("Items").await;
    assert!(start.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn a_throttle_holds_both_directions() {
    let client = Client::with(Emulator::builder().throttle(200_000)).await;
    let start = Instant::now();
    let file = client.file("home", "f", vec![7; 100_000]).await;
    assert!(start.elapsed() >= Duration::from_millis(450), "up in {:?}", start.elapsed());
    let start = Instant::now();
    assert_eq!(client.read(text(&file, "id")).await.len(), 100_000);
    assert!(start.elapsed() >= Duration::from_millis(450), "down in {:?}", start.elapsed());
}

#[tokio::test]
async fn requests_are_recorded_with_what_matters() {
    let (client, url) = with_file("0123456789").await;
    client.emulator.requests().clear();
    client.http.get(&url).send().await.expect("an answer").bytes().await.expect("a body");
    client.http.get(&url).bearer_auth("secret").send().await.expect("an answer").bytes().await.expect("a body");
    client.status(Method::GET, "Items(nothing)", None).await;
    let requests = client.emulator.requests();
    let seen: Vec<_> =
        requests.all().iter().map(|request| (request.status, request.authorization, request.storage)).collect();
    assert_eq!(seen, [(Some(200), false, true), (Some(200), true, true), (Some(404), true, false)]);
    assert_eq!(requests.all()[0].response_bytes, 10);
    assert_eq!(requests.leaks().len(), 1);
    assert_eq!((requests.count(), requests.matching("/storage/").len()), (3, 2));
    assert!(!format!("{:?}", requests.all()).contains("secret"));
}

#[tokio::test]
async fn the_ring_of_requests_is_bounded() {
    let client = Client::with(Emulator::builder().recorded_requests(5)).await;
    for _ in 0..12 {
        client.get("Items").await;
    }
    let all = client.emulator.requests().all();
    assert_eq!((all.len(), all[0].sequence, client.emulator.requests().count()), (5, 8, 12));
}

#[tokio::test]
async fn other_processes_can_do_the_same() {
    let client = Client::start().await;
    let own = |path: &str| format!("{}/_emulator/{path}", client.emulator.base_url());
    let fault = json!([{"kind": "too-many-requests", "retry_after": 1, "path": "/Children", "times": 1}]);
    let added = client.http.post(own("faults")).json(&fault).send().await.expect("an answer");
    assert_eq!(added.status(), 204);
    let added = client.http.post(own("faults")).body("delay:millis=1,path=/Children").send().await.expect("an answer");
    assert_eq!(added.status(), 204);
    assert_eq!(client.status(Method::GET, "Items(home)/Children", None).await, 429);
    assert_eq!(client.status(Method::GET, "Items(home)/Children", None).await, 200);
    let faults: Value = client.http.get(own("faults")).send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!((&faults[0]["struck"], &faults[1]["struck"]), (&json!(1), &json!(1)));
    assert_eq!(faults[0]["fault"]["kind"], "too-many-requests");
    assert_eq!(client.http.post(own("faults")).body("nonsense").send().await.expect("an answer").status(), 400);
    assert_eq!(client.http.delete(own("faults")).send().await.expect("an answer").status(), 204);
    let filled = client.http.post(own("fill?path=/a/b&files=30&size=4")).send().await.expect("an answer");
    assert_eq!(filled.status(), 204);
    let folder = client.get("Items(home)/ByPath?path=/a/b").await;
    assert_eq!((&folder["FileCount"], &folder["FileSizeBytes"]), (&json!(30), &json!(120)));
    let requests: Value =
        client.http.get(own("requests?path=/Children")).send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(requests["requests"].as_array().map(Vec::len), Some(2));
    let changes: Value =
        client.http.get(own("changes?limit=1")).send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!((&changes["changes"][0]["sequence"], &changes["changes"][0]["kind"]), (&json!(1), &json!("Created")));
    assert_eq!(client.http.get(own("nothing")).send().await.expect("an answer").status(), 404);
}

#[tokio::test]
async fn hostile_requests_get_answers() {
    let client = Client::start().await;
    let deep = format!("Items(home)/Children?$filter={}", "(".repeat(2000));
    for path in [
        "Items(",
        "Items)",
        "Items()",
        "Items(())",
        "Items('')",
        "Items(%00)",
        "Items(%FF)/Children",
        "Items(home)/ByPath?path=%FF",
        "Items(home)/Children?$top=99999999999999999999",
        "Items(home)/Children?$skip=18446744073709551615&$top=1",
        "Items(home)/Children?$filter=%27",
        "Items(home)/Children?$select=,,,/&$expand=,/,*",
        "Items(home)/Stream",
        "Shares(s)",
        "Shares()",
        "AsyncOperations()",
        "Zones(%27)",
        "%",
        "",
        deep.as_str(),
    ] {
        let status = client.status(Method::GET, path, None).await;
        assert!((200..500).contains(&status), "{path}: {status}");
    }
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let request = client.http.post(client.url("Items(home)/BulkDelete")).bearer_auth(&client.token).body(deep);
    assert_eq!(request.send().await.expect("an answer").status(), 400);
    for uri in
        ["d-", "r-x", "d-s0000000000000000", "storage/upload?uploadid=&h=", "storage/download.ashx", "oauth/authorize"]
    {
        let answer = client.http.get(format!("{}/{uri}", client.emulator.base_url())).send().await.expect("an answer");
        assert!(answer.status().as_u16() < 500, "{uri}");
    }
    assert_eq!(client.get("Items").await["odata.type"], "ShareFile.Api.Models.Folder");
}
