//! Random histories: whoever applies what the log tells has the tree that the server has.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Client, RESOLUTIONS, Stage, text};

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

/// A device that edits what it knows, which may be old, and tells the server.
struct Device {
    name: &'static str,
    cursor: u64,
    /// Identifiers with path and version, as the device last saw them.
    known: BTreeMap<String, (String, Option<String>)>,
}

impl Device {
    async fn pull(&mut self, client: &Client, share: &str) {
        let rows = client.changes(share, self.cursor, 7).await;
        self.cursor = client.head().await;
        for row in rows {
            let id = text(&row, "resource_id").to_owned();
            match row["new_path"].as_str() {
                Some(path) => {
                    let version = row["version_id"].as_str().map(str::to_owned);
                    self.known.insert(id, (path.to_owned(), version));
                }
                None => {
                    let below = format!("{}/", text(&row, "old_path"));
                    self.known.retain(|known, (path, _)| *known != id && !path.starts_with(&below));
                }
            }
        }
        let paths: Model = self.known.iter().map(|(id, (path, _))| (id.clone(), path.clone())).collect();
        assert_eq!(paths, walked(client, share).await, "{}", self.name);
        for (id, (_, version)) in self.known.iter().filter(|(id, _)| id.starts_with("fil_")) {
            assert_eq!(client.versions(id).await.first(), version.as_ref(), "{}: {id}", self.name);
        }
    }

    /// Changes something that is known and tells it.
    async fn edit(&self, client: &Client, share: &str, dice: &mut fastrand::Rng) -> Option<(u16, Value)> {
        let place = format!("/n{}", dice.u32(..10));
        let all: Vec<_> = self.known.iter().collect();
        let change = match dice.choice(&all) {
            None => json!({"resource_type": "folder", "change_type": "created", "new_path": place}),
            Some((id, (path, version))) => {
                let kind = if id.starts_with("fil_") { "file" } else { "folder" };
                let folder = all.iter().find(|(known, _)| known.starts_with("fld_") && *known != *id);
                let below = folder.map_or(String::new(), |(_, (path, _))| path.clone());
                let of = |change: &str| {
                    json!({"resource_type": kind, "resource_id": id, "change_type": change, "old_path": path,
                           "base_version_id": version})
                };
                let with = |mut change: Value, name: &str, value: String| {
                    change[name] = value.into();
                    change
                };
                match dice.u32(..6) {
                    0 => json!({"resource_type": "folder", "change_type": "created", "new_path": place}),
                    1 if kind == "file" || dice.bool() => of("deleted"),
                    2 => with(of("moved"), "new_path", format!("{below}{place}")),
                    3 => with(of("renamed"), "new_path", place),
                    _ if kind == "file" => {
                        let body = json!({"share_id": share, "file_name": "n", "file_size": 1, "replace_file_id": id});
                        let (status, session) = client.post("uploads", body).await;
                        if status != 201 {
                            return None;
                        }
                        let session = text(&session, "session_id");
                        client.chunk(session, 0, vec![dice.alphabetic() as u8]).await;
                        client.post(&format!("uploads/{session}/complete"), Value::Null).await;
                        with(of("updated"), "version_id", client.versions(id).await.remove(0))
                    }
                    _ => return None,
                }
            }
        };
        let resolution = RESOLUTIONS[dice.usize(..5)];
        let body = json!({
            "device_id": self.name, "share_id": share, "conflict_resolution": resolution, "changes": [change],
        });
        Some(client.apply(body).await)
    }
}

#[tokio::test]
async fn two_devices_that_edit_at_once_end_with_the_same_tree() {
    for seed in 0..3 {
        let stage = Stage::start().await;
        let (client, share) = (&stage.client, &stage.share);
        let mut dice = fastrand::Rng::with_seed(seed);
        let cursor = client.head().await;
        let mut devices = ["laptop", "phone"].map(|name| Device { name, cursor, known: BTreeMap::new() });
        client.device("laptop").await;
        client.device("phone").await;
        let mut conflicts: BTreeMap<String, Value> = BTreeMap::new();
        for step in 0..200 {
            if dice.u32(..4) == 0 {
                client.upload(super::form(share, None, &format!("n{}", dice.u32(..10)), "x")).await;
            }
            for device in &devices {
                let Some((status, answer)) = device.edit(client, share, &mut dice).await else { continue };
                assert!([200, 400, 404, 409].contains(&status), "seed {seed}, step {step}: {answer}");
                for conflict in answer["conflicts"].as_array().into_iter().flatten() {
                    conflicts.insert(text(conflict, "id").to_owned(), conflict.clone());
                }
            }
            if dice.u32(..4) == 0 {
                let device = &mut devices[dice.usize(..2)];
                device.pull(client, share).await;
            }
        }
        for device in &mut devices {
            device.pull(client, share).await;
        }
        assert!(conflicts.len() > 10, "seed {seed}: {}", conflicts.len());
        let listed = client.get("sync/conflicts?include_resolved=true").await;
        let known = listed.as_array().expect("a list").iter().map(|known| text(known, "id").to_owned());
        let known: Vec<_> = known.collect();
        assert!(conflicts.keys().all(|id| known.contains(id)), "what was told is listed");
        let open = client.get("sync/conflicts").await;
        for waiting in open.as_array().expect("a list") {
            let resolution = RESOLUTIONS[dice.usize(..4)];
            let at = format!("sync/conflicts/{}/resolve?resolution={resolution}", text(waiting, "id"));
            let (status, answer) = client.post(&at, Value::Null).await;
            assert!([200, 400, 404, 409, 410].contains(&status), "seed {seed}: {answer}");
        }
        for device in &mut devices {
            device.pull(client, share).await;
        }
        assert_eq!(devices[0].known, devices[1].known);
    }
}
