//! What is kept in a directory survives a restart: ids, entity tags, sync tokens, links, grants, the recycle bin.

use reqwest::Method;
use serde_json::{Value, json};
use sharesync_emulator::{Emulator, Fault, FaultKind};

use super::{OTHER, Stage, header, text, values};

#[tokio::test]
async fn nothing_is_forgotten() {
    let directory = tempfile::tempdir().expect("a directory");
    let stage = Stage::with(Emulator::builder().directory(directory.path())).await;
    let file = stage.upload("", "a.txt", "content").await;
    stage.upload("", "b.txt", "content").await;
    let (_, recycled) = stage.post(&format!("{}/Recycle()", stage.file("b.txt")), Value::Null).await;
    let body = json!({"url": stage.path("a.txt"), "isEditLink": false});
    let link = text(&stage.post("_api/SP.Web.CreateAnonymousLink", body).await.1, "value").to_owned();
    let update =
        json!({"resourceAddress": stage.path("a.txt"), "userRoleAssignments": [{"UserId": OTHER.0, "Role": 1}]});
    stage.post("_api/SP.Sharing.DocumentSharingManager.UpdateDocumentSharingInfo", update).await;
    let feed = stage.sync("RootFolder?Filter=changes").await;
    let answer = stage.request(Method::GET, &feed).send().await.expect("an answer");
    let token = header(answer.headers(), "x-synctoken").to_owned();
    let base = stage.emulator.base_url();
    stage.emulator.shutdown().await;

    let stage = Stage::with(Emulator::builder().directory(directory.path())).await;
    let again = stage.get(&stage.file("a.txt")).await;
    assert_eq!((&again["UniqueId"], &again["ETag"]), (&file["UniqueId"], &file["ETag"]));
    let answer = stage.request(Method::GET, &format!("{feed}&SyncToken={token}")).send().await.expect("an answer");
    assert_eq!(header(answer.headers(), "x-syncstatus"), "NoChanges");
    let guest = stage.http.get(link.replace(&base, &stage.emulator.base_url())).send().await.expect("an answer");
    assert_eq!(guest.text().await.expect("a body"), "content");
    let bin = stage.get("_api/web/RecycleBin").await;
    assert_eq!(values(&bin)[0]["Id"], recycled["value"]);
    let other =
        stage.http.get(stage.url(&format!("{}/$value", stage.file("a.txt")))).basic_auth(OTHER.0, Some(OTHER.1));
    assert_eq!(other.send().await.expect("an answer").status(), 200);
}

#[tokio::test]
async fn a_page_of_the_feed_that_comes_again() {
    let stage = Stage::start().await;
    for name in ["a", "b", "c"] {
        stage.upload("", name, "x").await;
    }
    stage.emulator.faults().add(Fault::new(FaultKind::RepeatPage).path("Filter=changes").times(1));
    let page = async |token: &str| {
        let path = stage.sync(&format!("RootFolder?Filter=changes&MaxItemCount=2{token}")).await;
        let answer = stage.request(Method::GET, &path).send().await.expect("an answer");
        let next = format!("&SyncToken={}", header(answer.headers(), "x-synctoken"));
        (super::all(&answer.text().await.expect("a body"), "RelationshipName"), next)
    };
    let (first, token) = page("").await;
    let (second, token) = page(&token).await;
    assert_eq!(first, second);
    assert_eq!(page(&token).await.0, ["RootFolder", "c"]);
}
