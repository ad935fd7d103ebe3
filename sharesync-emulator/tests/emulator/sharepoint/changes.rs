//! GetChanges.

use serde_json::{Value, json};
use sharesync_emulator::SharePointResync;

use super::{Stage, encoded, refused, text, values};

impl Stage {
    async fn changes(&self, mut query: Value) -> (u16, Value) {
        for name in ["Add", "Update", "DeleteObject", "Rename", "Move", "Restore", "Item", "File", "Folder"] {
            if query.get(name).is_none() {
                query[name] = true.into();
            }
        }
        self.post("_api/web/DefaultDocumentLibrary/GetChanges", json!({"query": query})).await
    }

    async fn current_token(&self) -> String {
        let list =
            self.get(&format!("_api/web/lists(guid'{}')?$select=CurrentChangeToken", self.library().await)).await;
        text(&list["CurrentChangeToken"], "StringValue").to_owned()
    }

    async fn types_after(&self, token: &str) -> Vec<u64> {
        let (status, changes) = self.changes(json!({"ChangeTokenStart": {"StringValue": token}})).await;
        assert_eq!(status, 200, "{changes}");
        values(&changes).iter().map(|change| change["ChangeType"].as_u64().expect("a type")).collect()
    }
}

#[tokio::test]
async fn every_kind_of_change() {
    let stage = Stage::start().await;
    let token = stage.current_token().await;
    assert!(token.starts_with(&format!("1;3;{};", stage.library().await)), "{token}");
    assert!(stage.types_after(&token).await.is_empty());
    stage.make_folder("sub").await;
    let file = stage.upload("", "a", "1").await;
    stage.upload("", "a", "2").await;
    let item = format!("{}/ListItemAllFields", stage.file("a"));
    stage.tunnel("MERGE", &item, Some("*"), Some(json!({"FileLeafRef": "b"}))).await;
    let to = encoded(&stage.path("sub/b"));
    stage.post(&format!("{}/MoveTo(newurl='{to}',flags=0)", stage.file("b")), Value::Null).await;
    let (_, recycled) = stage.post(&format!("{}/Recycle()", stage.file("sub/b")), Value::Null).await;
    let restore = format!("_api/web/RecycleBin('{}')/Restore()", text(&recycled, "value"));
    stage.post(&restore, Value::Null).await;
    stage.tunnel("DELETE", &stage.file("sub/b"), None, None).await;
    assert_eq!(stage.types_after(&token).await, [1, 1, 2, 4, 6, 3, 7, 3]);
    let (_, all) =
        stage.changes(json!({"ChangeTokenStart": {"StringValue": token}, "Folder": false, "Item": false})).await;
    assert_eq!(values(&all).len(), 7, "files only");
    assert!(values(&all).iter().all(|change| change["UniqueId"] == file["UniqueId"]), "{all}");
    assert_eq!(text(&values(&all)[0], "ServerRelativeUrl"), stage.path("a"));
    let (_, deletions) = stage
        .changes(json!({"ChangeTokenStart": {"StringValue": token}, "Add": false, "Update": false, "Rename": false, "Move": false,
                        "Restore": false}))
        .await;
    assert_eq!(values(&deletions).len(), 2);
}

#[tokio::test]
async fn pages_by_the_last_token() {
    let stage = Stage::start().await;
    let mut token = stage.current_token().await;
    for number in 0..5 {
        stage.upload("", &format!("f{number}"), "x").await;
    }
    let mut seen = 0;
    loop {
        let (_, page) = stage.changes(json!({"ChangeTokenStart": {"StringValue": token}, "FetchLimit": 2})).await;
        let Some(last) = values(&page).last() else { break };
        token = text(&last["ChangeToken"], "StringValue").to_owned();
        seen += values(&page).len();
    }
    assert_eq!(seen, 5);
}

#[tokio::test]
async fn tokens_by_time_and_tokens_that_are_too_old() {
    let stage = Stage::start().await;
    stage.upload("", "a", "x").await;
    let token = stage.current_token().await;
    let by_time = format!("{};-1", token.rsplit_once(';').expect("a number").0);
    stage.upload("", "b", "x").await;
    assert_eq!(stage.types_after(&by_time).await, [1]);
    stage.emulator.force_resync(SharePointResync::ResetReupload);
    let old = stage.changes(json!({"ChangeTokenStart": {"StringValue": token}})).await;
    assert_eq!(refused(old), (400, "-2130575172".into()));
    stage.upload("", "c", "x").await;
    let (_, rest) = stage.changes(json!({})).await;
    let [only] = &values(&rest)[..] else { panic!("what was forgotten does not come: {rest}") };
    assert!(stage.types_after(text(&only["ChangeToken"], "StringValue")).await.is_empty());
    for bad in ["x", "1;3;x;1;1", "1;2;3"] {
        assert_eq!(refused(stage.changes(json!({"ChangeTokenStart": {"StringValue": bad}})).await).0, 400);
    }
}
