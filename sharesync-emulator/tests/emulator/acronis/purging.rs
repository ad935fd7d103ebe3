//! Purging, as the settings want it.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Client, NODES, Stage, text};

impl Client {
    async fn policies(&self, settings: Value) {
        let body = json!({"purging_policies_settings": settings});
        assert_eq!(self.put("settings/purging_policies", body).await.0, 204);
    }
}

fn revisions(stage: &Stage, name: &str) -> usize {
    let (drive, user) = (stage.emulator.drive(), stage.emulator.acronis().user());
    drive.child(user.home, name).expect("the file").item.versions().len()
}

#[tokio::test]
async fn only_so_many_revisions_are_kept() {
    let stage = Stage::start().await;
    for content in ["a", "b", "c", "d"] {
        stage.client.file("0", "file.txt", content).await;
    }
    assert_eq!(revisions(&stage, "file.txt"), 4);
    stage.client.policies(json!({"only_keep_n_revisions_enabled": true, "only_keep_n_revisions": 2})).await;
    assert_eq!(revisions(&stage, "file.txt"), 2);
    let file = stage.client.file("0", "file.txt", "e").await;
    assert_eq!(revisions(&stage, "file.txt"), 2);
    let answer = stage.client.send(Method::GET, &format!("{NODES}/{}/download", text(&file, "uuid")), None).await;
    assert_eq!(answer.text().await.expect("a body"), "e");
}

#[tokio::test]
async fn old_revisions_go_but_a_few_are_kept() {
    let stage = Stage::start().await;
    for content in ["a", "b", "c", "d"] {
        stage.client.file("0", "file.txt", content).await;
    }
    let old = json!({"purge_revisions_older_than_enabled": true, "purge_revisions_older_than_n": 0,
        "keep_at_least_n_revisions_enabled": true, "keep_at_least_n_revisions": 3});
    stage.client.policies(old).await;
    assert_eq!(revisions(&stage, "file.txt"), 3);
    stage.client.policies(json!({"keep_at_least_n_revisions_enabled": false})).await;
    assert_eq!(revisions(&stage, "file.txt"), 1);
}

#[tokio::test]
async fn deleted_files_are_removed_for_good() {
    let stage = Stage::start().await;
    let (drive, user) = (stage.emulator.drive(), stage.emulator.acronis().user());
    let file = stage.client.file("0", "file.txt", "x").await;
    let at = format!("{NODES}/{}", text(&file, "uuid"));
    assert_eq!(stage.client.ask(Method::DELETE, &at, None).await.0, 204);
    assert_eq!(drive.deleted_by(user.id).len(), 1);
    stage.client.policies(json!({"purge_deleted_files_older_than_enabled": true})).await;
    assert_eq!(drive.deleted_by(user.id).len(), 1, "two months are not over");
    stage.client.policies(json!({"purge_deleted_files_older_than_n": 0})).await;
    assert!(drive.deleted_by(user.id).is_empty());
}

#[tokio::test]
async fn the_log_is_purged_and_says_so() {
    let stage = Stage::start().await;
    stage.client.folder("0", "Folder").await;
    let body = json!({"audit_log_settings": {"purge_logs_older_than_n": 0, "purge_logs_older_than_units": "days"}});
    assert_eq!(stage.client.put("settings/audit_log", body).await.0, 204);
    let keep = json!({"audit_log_settings": {"purge_logs_older_than_enabled": false}});
    assert_eq!(stage.client.put("settings/audit_log", keep).await.0, 204);
    let log = stage.client.get("audit_log").await;
    let texts: Vec<_> = log.as_array().expect("a list").iter().map(|entry| text(entry, "text")).collect();
    let [_, purged] = texts.as_slice() else { panic!("{texts:?}") };
    assert!(purged.starts_with("Log purge completed. 2 entries older than "), "{purged}");
    assert_eq!(stage.client.get("audit_log?filter_user=-").await.as_array().map(Vec::len), Some(1));
}
