//! Conflicts: each kind of them, resolved in each of the five ways, at once and later.

use reqwest::Method;
use serde_json::{Value, json};
use sharesync_emulator::{Fault, FaultKind};

use super::{Client, RESOLUTIONS, Stage, is, text};

/// A way to come into conflict: what happens before, and what becomes of it by each resolution.
struct Case {
    name: &'static str,
    /// The code of the refusal when no resolution is named.
    code: &'static str,
    /// In the order of `RESOLUTIONS`.
    ends: [&'static [&'static str]; 5],
}

const CASES: [Case; 9] = [
    Case {
        name: "both wrote",
        code: "SYNC_VERSION_STALE",
        ends: [
            &["/f.txt=client"],
            &["/f (conflict, laptop).txt=client", "/f.txt=server"],
            &["/f.txt=server"],
            &["/f.txt=client"],
            &["/f.txt=server"],
        ],
    },
    Case {
        name: "the server wrote last",
        code: "SYNC_VERSION_STALE",
        ends: [
            &["/f.txt=later"],
            &["/f (conflict, laptop).txt=client", "/f.txt=later"],
            &["/f.txt=later"],
            &["/f.txt=client"],
            &["/f.txt=later"],
        ],
    },
    Case {
        name: "wrote nothing on an old one",
        code: "SYNC_VERSION_STALE",
        ends: [
            &["/f.txt=server"],
            &["/f (conflict, laptop).txt=base", "/f.txt=server"],
            &["/f.txt=server"],
            &["/f.txt=base"],
            &["/f.txt=server"],
        ],
    },
    Case {
        name: "written and deleted",
        code: "SYNC_CONFLICT",
        ends: [&["/d/"], &["/d/", "/d/f.txt=client"], &["/d/"], &["/d/", "/d/f.txt=client"], &["/d/"]],
    },
    Case {
        name: "deleted an old one",
        code: "SYNC_VERSION_STALE",
        ends: [&[], &["/f.txt=server"], &["/f.txt=server"], &[], &["/f.txt=server"]],
    },
    Case {
        name: "both renamed",
        code: "SYNC_CONFLICT",
        ends: [
            &["/client.txt=base"],
            &["/client.txt=base", "/server.txt=base"],
            &["/server.txt=base"],
            &["/client.txt=base"],
            &["/server.txt=base"],
        ],
    },
    Case {
        name: "the name is taken",
        code: "SYNC_CONFLICT",
        ends: [
            &["/taken.txt=base"],
            &["/taken (1).txt=base", "/taken.txt=other"],
            &["/f.txt=base", "/taken.txt=other"],
            &["/taken.txt=base"],
            &["/f.txt=base", "/taken.txt=other"],
        ],
    },
    Case {
        name: "renamed in a folder that was deleted",
        code: "SYNC_CONFLICT",
        ends: [&["/d/", "/d/g.txt=base"], &["/d/", "/d/g.txt=base"], &[], &["/d/", "/d/g.txt=base"], &[]],
    },
    Case {
        name: "a folder where a file is",
        code: "SYNC_CONFLICT",
        ends: [&["/x/"], &["/x (1)/", "/x=file"], &["/x=file"], &["/x/"], &["/x=file"]],
    },
];

/// Brings about the conflict, up to what the device `laptop` tells of it.
async fn prepare(client: &Client, share: &str, name: &str) -> Value {
    let deep = matches!(name, "written and deleted" | "renamed in a folder that was deleted");
    let folder = if deep { Some(client.folder(share, None, "d").await) } else { None };
    let folder_made = || json!({"resource_type": "folder", "change_type": "created", "new_path": "/x"});
    if name == "a folder where a file is" {
        client.file(share, None, "x", "file").await;
        return folder_made();
    }
    let file = client.file(share, folder.as_deref(), "f.txt", "base").await;
    let base = client.versions(&file).await.remove(0);
    let updated = |version: &str| {
        json!({"resource_type": "file", "resource_id": file, "change_type": "updated", "version_id": version,
               "base_version_id": base, "old_path": "/f.txt", "new_path": "/f.txt", "metadata": {"size": 6}})
    };
    let renamed = |old: &str, new: &str| {
        json!({"resource_type": "file", "resource_id": file, "change_type": "renamed", "old_path": old,
               "new_path": new})
    };
    match name {
        "both wrote" | "the server wrote last" => {
            client.version(share, &file, "server").await;
            let version = client.version(share, &file, "client").await;
            if name == "the server wrote last" {
                client.version(share, &file, "later").await;
            }
            updated(&version)
        }
        "wrote nothing on an old one" => {
            client.version(share, &file, "server").await;
            updated(&base)
        }
        "written and deleted" => {
            let version = client.version(share, &file, "client").await;
            assert_eq!(client.delete(&format!("files/{file}")).await, 204);
            updated(&version)
        }
        "deleted an old one" => {
            client.version(share, &file, "server").await;
            json!({"resource_type": "file", "resource_id": file, "change_type": "deleted", "version_id": base,
                   "base_version_id": base, "old_path": "/f.txt"})
        }
        "both renamed" => {
            client.patch(&format!("files/{file}"), json!({"name": "server.txt"})).await;
            renamed("/f.txt", "/client.txt")
        }
        "the name is taken" => {
            client.file(share, None, "taken.txt", "other").await;
            renamed("/f.txt", "/taken.txt")
        }
        "renamed in a folder that was deleted" => {
            assert_eq!(client.delete(&format!("folders/{}", folder.expect("a folder"))).await, 204);
            renamed("/d/f.txt", "/d/g.txt")
        }
        other => panic!("{other}"),
    }
}

async fn told(client: &Client, share: &str, change: &Value, resolution: Option<&str>) -> (u16, Value) {
    let body = json!({
        "device_id": "laptop", "share_id": share, "conflict_resolution": resolution, "changes": [change],
    });
    client.apply(body).await
}

/// The one conflict there is, which must be told wherever conflicts are.
async fn the_conflict(client: &Client, share: &str, resolution: &str) -> Value {
    let all = client.get("sync/conflicts?include_resolved=true").await;
    assert_eq!(all.as_array().expect("a list").len(), 1, "every conflict appears once: {all}");
    let is_open = resolution == "MANUAL";
    let wanted = if is_open { Value::Null } else { resolution.into() };
    assert_eq!(all[0]["resolution"], wanted);
    let open = client.get("sync/conflicts").await;
    assert_eq!(open.as_array().expect("a list").len(), usize::from(is_open), "{open}");
    let status = client.get(&format!("sync/status?share_id={share}&device_id=laptop")).await;
    assert_eq!(status["has_conflicts"], is_open);
    all[0].clone()
}

#[tokio::test]
async fn every_conflict_is_resolved_in_every_way_as_it_is_told() {
    for case in &CASES {
        for (resolution, end) in RESOLUTIONS.iter().zip(case.ends) {
            let what = format!("{} {resolution}", case.name);
            let stage = Stage::start().await;
            let (client, share) = (&stage.client, &stage.share);
            client.device("laptop").await;
            let change = prepare(client, share, case.name).await;
            let before = client.tree(share).await;
            is(told(client, share, &change, None).await, 409, case.code);
            assert_eq!(client.tree(share).await, before, "{what}: a refusal changes nothing");
            assert_eq!(client.get("sync/conflicts?include_resolved=true").await, json!([]));

            let (status, answer) = told(client, share, &change, Some(resolution)).await;
            assert_eq!((status, &answer["applied"]), (200, &json!([])), "{what}: {answer}");
            assert_eq!(client.tree(share).await, end, "{what}");
            let conflict = the_conflict(client, share, resolution).await;
            assert_eq!(answer["conflicts"], json!([conflict]), "{what}");
            // Told again it is the same conflict, or none any more.
            let head = client.head().await;
            let (_, again) = told(client, share, &change, Some(resolution)).await;
            assert!([&answer["conflicts"], &json!([])].contains(&&again["conflicts"]), "{what}: {again}");
            assert_eq!(the_conflict(client, share, resolution).await, conflict, "{what}");
            assert_eq!(client.tree(share).await, end, "{what}");
            assert_eq!(client.head().await, head, "{what}");
        }
    }
}

#[tokio::test]
async fn every_conflict_that_waits_is_resolved_in_every_way_later() {
    for case in &CASES {
        for (resolution, end) in RESOLUTIONS.iter().zip(case.ends) {
            let what = format!("{} {resolution}", case.name);
            let stage = Stage::start().await;
            let (client, share) = (&stage.client, &stage.share);
            client.device("laptop").await;
            let change = prepare(client, share, case.name).await;
            told(client, share, &change, Some("MANUAL")).await;
            assert_eq!(client.tree(share).await, case.ends[4], "{what}: the server's stays while it waits");
            let conflict = the_conflict(client, share, "MANUAL").await;
            let at = format!("sync/conflicts/{}/resolve?resolution=", text(&conflict, "id"));
            let resolved = client.done(Method::POST, &format!("{at}{resolution}"), None, 200).await;
            assert_eq!(resolved, the_conflict(client, share, resolution).await, "{what}");
            assert_eq!(client.tree(share).await, end, "{what}");

            let again = client.ask(Method::POST, &format!("{at}{resolution}"), None).await;
            assert_eq!(again, (200, resolved), "{what}: asking for the same again changes nothing");
            if *resolution != "MANUAL" {
                let other = if *resolution == "SERVER_WINS" { "CLIENT_WINS" } else { "SERVER_WINS" };
                is(client.ask(Method::POST, &format!("{at}{other}"), None).await, 409, "SYNC_CONFLICT");
            }
            assert_eq!(client.tree(share).await, end, "{what}");
        }
    }
}

#[tokio::test]
async fn a_conflict_tells_both_sides() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    client.device("laptop").await;
    let change = prepare(client, share, "both wrote").await;
    let versions = client.versions(text(&change, "resource_id")).await;
    told(client, share, &change, Some("MANUAL")).await;
    let conflict = the_conflict(client, share, "MANUAL").await;
    assert_eq!((text(&conflict, "share_id"), text(&conflict, "device_id")), (share.as_str(), "laptop"));
    assert_eq!((&conflict["resource_type"], &conflict["resource_id"]), (&json!("file"), &change["resource_id"]));
    assert_eq!(conflict["client_version_id"], versions[0].as_str());
    assert_eq!(conflict["server_version_id"], versions[1].as_str());
    assert_eq!(client.content_of(text(&change, "resource_id")).await, "server");
}

#[tokio::test]
async fn a_folder_where_a_file_is_is_a_conflict_with_the_file() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    client.device("laptop").await;
    let change = prepare(client, share, "a folder where a file is").await;
    told(client, share, &change, Some("SERVER_WINS")).await;
    let conflict = the_conflict(client, share, "SERVER_WINS").await;
    assert_eq!(conflict["resource_type"], "file");
    assert_eq!(client.content_of(text(&conflict, "resource_id")).await, "file");
}

#[tokio::test]
async fn a_resolved_conflict_told_with_another_resolution_is_a_new_one() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    client.device("laptop").await;
    let change = prepare(client, share, "deleted an old one").await;
    told(client, share, &change, Some("SERVER_WINS")).await;
    assert_eq!(client.tree(share).await, ["/f.txt=server"]);
    told(client, share, &change, Some("CLIENT_WINS")).await;
    assert!(client.tree(share).await.is_empty());
    let all = client.get("sync/conflicts?include_resolved=true").await;
    assert_eq!(all.as_array().expect("a list").len(), 2, "{all}");
    // One that waits is settled by being told again with a resolution.
    let change = prepare(client, share, "both renamed").await;
    told(client, share, &change, Some("MANUAL")).await;
    told(client, share, &change, Some("CLIENT_WINS")).await;
    assert_eq!(client.tree(share).await, ["/client.txt=base"]);
    assert_eq!(client.get("sync/conflicts").await, json!([]));
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_conflict() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    client.device("laptop").await;
    let change = prepare(client, share, "both wrote").await;
    stage.emulator.faults().add(Fault::new(FaultKind::LoseAnswer).path("/sync/apply").times(1));
    let body =
        json!({"device_id": "laptop", "share_id": share, "conflict_resolution": "KEEP_BOTH", "changes": [change]});
    let request = client.http.post(client.url("sync/apply")).bearer_auth(&client.token).json(&body);
    assert!(request.send().await.is_err(), "the answer is lost");
    let tree = client.tree(share).await;
    assert_eq!(tree, CASES[0].ends[1], "it was done all the same");
    let (_, answer) = told(client, share, &change, Some("KEEP_BOTH")).await;
    assert_eq!(answer["conflicts"], json!([the_conflict(client, share, "KEEP_BOTH").await]));
    assert_eq!(client.tree(share).await, tree);
}

#[tokio::test]
async fn of_many_devices_at_once_each_has_its_own_conflict() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    let file = client.file(share, None, "f.txt", "base").await;
    let devices: Vec<String> = (0..8).map(|number| format!("d{number}")).collect();
    for device in &devices {
        client.device(device).await;
    }
    let rename = async |device: &String| {
        let change = json!({"resource_type": "file", "resource_id": file, "change_type": "renamed",
                            "old_path": "/f.txt", "new_path": format!("/{device}.txt")});
        let body = json!({
            "device_id": device, "share_id": share, "conflict_resolution": "SERVER_WINS", "changes": [change],
        });
        client.apply(body).await
    };
    let all = futures::future::join_all(devices.iter().map(rename)).await;
    let lost = all.iter().filter(|(_, answer)| answer["conflicts"] != json!([])).count();
    assert_eq!(lost, devices.len() - 1, "one of them is the first: {all:?}");
    let listed = client.get("sync/conflicts?include_resolved=true").await;
    assert_eq!(listed.as_array().expect("a list").len(), lost);
}

#[tokio::test]
async fn conflicts_are_listed_by_device_and_share() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    let elsewhere = client.share("Elsewhere").await;
    client.device("laptop").await;
    client.device("phone").await;
    for share in [share, &elsewhere] {
        let change = prepare(client, share, "both wrote").await;
        told(client, share, &change, Some("MANUAL")).await;
    }
    let count = async |query: &str| {
        let found = client.get(&format!("sync/conflicts?{query}")).await;
        found.as_array().expect("a list").len()
    };
    assert_eq!(count("").await, 2);
    assert_eq!(count("device_id=laptop").await, 2);
    assert_eq!(count("device_id=phone").await, 0);
    assert_eq!(count(&format!("share_id={share}")).await, 1);
    assert_eq!(count(&format!("share_id={elsewhere}&device_id=laptop&include_resolved=false")).await, 1);
    let status = client.get(&format!("sync/status?share_id={share}&device_id=phone")).await;
    assert_eq!(status["has_conflicts"], false, "they are another device's");
    let other = stage.other().await;
    assert_eq!(other.get("sync/conflicts").await, json!([]), "they are another user's");
    is(client.ask(Method::GET, "sync/conflicts?device_id=nobody", None).await, 404, "NOT_FOUND");
    is(client.ask(Method::GET, "sync/conflicts?share_id=shr_0", None).await, 404, "NOT_FOUND");
    is(client.ask(Method::GET, "sync/conflicts?include_resolved=perhaps", None).await, 422, "VALIDATION_ERROR");
}

#[tokio::test]
async fn what_cannot_be_resolved_is_refused() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    client.device("laptop").await;
    let change = prepare(client, share, "both wrote").await;
    told(client, share, &change, Some("MANUAL")).await;
    let at = format!("sync/conflicts/{}/resolve", text(&the_conflict(client, share, "MANUAL").await, "id"));
    is(client.ask(Method::POST, &at, None).await, 422, "VALIDATION_ERROR");
    is(client.ask(Method::POST, &format!("{at}?resolution=COIN"), None).await, 422, "VALIDATION_ERROR");
    for missing in ["cfl_00000000000000ff", "cfl_x", "x"] {
        let path = format!("sync/conflicts/{missing}/resolve?resolution=KEEP_BOTH");
        is(client.ask(Method::POST, &path, None).await, 404, "NOT_FOUND");
    }
    let other = stage.other().await;
    is(other.ask(Method::POST, &format!("{at}?resolution=KEEP_BOTH"), None).await, 404, "NOT_FOUND");
    let file = text(&change, "resource_id");
    assert_eq!(client.delete(&format!("files/{file}?permanent=true")).await, 204);
    is(client.ask(Method::POST, &format!("{at}?resolution=CLIENT_WINS"), None).await, 410, "GONE");
    assert_eq!(client.delete(&format!("shares/{share}")).await, 204);
    is(client.ask(Method::POST, &format!("{at}?resolution=CLIENT_WINS"), None).await, 410, "GONE");
}
