//! Random histories: whoever applies what the log tells has the tree that the server has.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Client, Stage, text};

/// A share as a client has it: identifiers with paths.
type Model = BTreeMap<String, String>;

/// Takes over what a page of changes tells.
fn apply(model: &mut Model, rows: &[Value]) {
    for row in rows {
        let id = text(row, "resource_id").to_owned();
        match (text(row, "change_type"), row["new_path"].as_str()) {
            // What went with its folder may be told too.
            ("deleted", _) => {
                if let Some(gone) = model.remove(&id) {
                    assert_eq!(text(row, "old_path"), gone, "{row}");
                    let below = format!("{gone}/");
                    model.retain(|_, path| !path.starts_with(&below));
                }
            }
            (kind, Some(path)) => {
                let before = model.insert(id, path.to_owned());
                assert_eq!(before.as_deref(), row["old_path"].as_str(), "{row}");
                assert_eq!(kind == "created", before.is_none(), "{row}");
            }
            _ => panic!("{row}"),
        }
    }
}

async fn walked(client: &Client, share: &str) -> Model {
    let (mut found, mut todo) = (Model::new(), vec!["root".to_owned()]);
    while let Some(folder) = todo.pop() {
        let list = client.get(&format!("folders/{folder}/children?share_id={share}")).await;
        let above = text(&list, "path").trim_end_matches('/');
        for item in list["items"].as_array().expect("a list") {
            found.insert(text(item, "id").to_owned(), format!("{above}/{}", text(item, "name")));
            if item["type"] == "folder" {
                todo.push(text(item, "id").to_owned());
            }
        }
    }
    found
}

/// Does something to one of the shares; much of it is refused, which is part of the history.
async fn act(client: &Client, shares: &[String; 2], known: &[String], dice: &mut fastrand::Rng, step: u32) {
    let share = &shares[dice.usize(..2)];
    let (files, folders): (Vec<_>, Vec<_>) = known.iter().partition(|id| id.starts_with("fil_"));
    let folder = dice.choice(&folders).map(|id| id.as_str());
    let name = format!("n{}", dice.u32(..12));
    let Some(item) = dice.choice(known) else {
        return drop(client.post("folders", json!({"share_id": share, "name": name})).await);
    };
    let kind = if item.starts_with("fil_") { "files" } else { "folders" };
    let target = match folder.filter(|_| dice.bool()) {
        Some(folder) => json!({"target_folder_id": folder, "new_name": name}),
        None => json!({"target_share_id": share, "new_name": name}),
    };
    match dice.u32(..10) {
        0 | 1 => drop(client.upload(super::form(share, folder.filter(|_| dice.bool()), &name, "x")).await),
        2 | 3 => {
            let body = json!({"share_id": share, "name": name, "parent_id": folder.filter(|_| dice.bool())});
            drop(client.post("folders", body).await);
        }
        4 => drop(client.patch(&format!("{kind}/{item}"), json!({"name": name})).await),
        5 | 6 => drop(client.post(&format!("{kind}/{item}/move"), target).await),
        7 => drop(client.delete(&format!("{kind}/{item}?permanent={}", dice.bool())).await),
        8 => drop(client.patch(&format!("{kind}/{item}"), json!({"is_deleted": false})).await),
        _ => match dice.choice(&files) {
            Some(file) if step & 1 == 0 => {
                drop(client.post(&format!("files/{file}/versions/1/restore"), Value::Null).await);
            }
            Some(file) => drop(client.post(&format!("files/{file}/copy"), target).await),
            None => {}
        },
    }
}

#[tokio::test]
async fn the_log_leads_to_the_tree() {
    for seed in 0..3 {
        let stage = Stage::start().await;
        let client = &stage.client;
        let shares = [stage.share.clone(), client.share("Elsewhere").await];
        let mut dice = fastrand::Rng::with_seed(seed);
        let mut cursors = [client.head().await; 2];
        let mut models = [Model::new(), Model::new()];
        let mut known: Vec<String> = Vec::new();
        let mut told = 0;
        for step in 0..250 {
            act(client, &shares, &known, &mut dice, step).await;
            if dice.u32(..7) != 0 {
                continue;
            }
            for ((share, cursor), model) in shares.iter().zip(&mut cursors).zip(&mut models) {
                let rows = client.changes(share, *cursor, dice.u64(1..5)).await;
                *cursor = client.head().await;
                told += rows.len();
                apply(model, &rows);
                assert_eq!(*model, walked(client, share).await, "seed {seed}, step {step}");
                known.extend(model.keys().filter(|id| !known.contains(id)).cloned().collect::<Vec<_>>());
            }
        }
        assert!(told > 100, "seed {seed}: {told}");
    }
}
