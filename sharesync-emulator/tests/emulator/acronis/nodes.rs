//! Files and folders: what is told of them, and what changes them.

use reqwest::Method;
use serde_json::{Value, json};
use sharesync_emulator::{Emulator, Fault, FaultKind};

use super::{INVALID, NO_ACCESS, NODES, NOT_FOUND, Stage, TAKEN, refused, text};

/// The fields of the reference's example of a list.
const BOTH: [&str; 20] = [
    "name",
    "path",
    "has_active_links",
    "synced",
    "uuid",
    "parents",
    "has_shared_child_nodes",
    "read_only",
    "is_deleted",
    "permissions",
    "office_online_permissions",
    "has_writable_children",
    "is_shared",
    "parent_uuid",
    "checksum",
    "file_modification_date",
    "actions",
    "is_directory",
    "owner",
    "owner_email",
];

fn by_name(name: &str, parent: &str) -> Value {
    json!({"sync_and_share_node": {"name": name, "parent_uuid": parent}})
}

fn by_path(path: &str) -> Value {
    json!({"sync_and_share_node": {"path": path}})
}

fn renamed(name: &str) -> Value {
    json!({"sync_and_share_node": {"name": name}})
}

#[tokio::test]
async fn nodes_have_the_documented_fields() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let parent = client.folder("0", "Parent folder").await;
    let folder = client.folder(&parent, "Folder").await;
    client.file(&parent, "file.txt", "asdfg").await;
    let list = client.get(&format!("{NODES}/{parent}/contents")).await;
    assert_eq!(list.as_array().map(Vec::len), Some(2));
    for node in list.as_array().expect("a list") {
        for field in BOTH {
            assert!(node.get(field).is_some(), "{field} in {node}");
        }
        assert_eq!(node["permissions"].as_object().map(serde_json::Map::len), Some(16));
        assert_eq!(node["office_online_permissions"].as_object().map(serde_json::Map::len), Some(3));
        assert_eq!(text(node, "parent_uuid"), parent);
        let parents: Vec<_> = node["parents"].as_array().expect("parents").iter().map(|node| &node["name"]).collect();
        assert_eq!(parents, ["Sync & Share", "Parent folder", text(node, "name")]);
        assert_eq!(node["parents"][0], json!({"name": "Sync & Share", "uuid": "0", "is_root": true}));
    }
    let (one, file) = (&list[0], &list[1]);
    assert_eq!((text(one, "path"), text(one, "checksum")), ("Parent folder/Folder", ""));
    assert!(one.get("size").is_none() && one.get("preview_type").is_none());
    let action = |name: &str| format!("/fc/api/v1/{NODES}/{folder}/{name}");
    assert_eq!(one["actions"], json!({"download": action("download"), "upload": action("upload")}));
    assert_eq!((file["size"].as_u64(), text(file, "preview_type")), (Some(5), "text"));
    assert_eq!(text(file, "checksum"), "040b7cf4a55014e185813e0644502ea9", "the digest of the reference");
    assert_eq!(&client.get(&format!("{NODES}/{folder}")).await, one);
    let root = client.get(&format!("{NODES}/0")).await;
    assert_eq!(
        (text(&root, "uuid"), text(&root, "name"), &root["parents"][0]["is_root"]),
        ("0", "Sync & Share", &json!(true))
    );
}

#[tokio::test]
async fn folders_are_made_by_name_and_by_path() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let (status, parent) = client.post(NODES, by_path("Parent folder")).await;
    assert_eq!(status, 201, "{parent}");
    let (_, below) = client.post(NODES, by_path("Parent folder/Folder")).await;
    assert_eq!((&below["parent_uuid"], text(&below, "path")), (&parent["uuid"], "Parent folder/Folder"));
    let (_, again) = client.post(NODES, by_name("Other", text(&parent, "uuid"))).await;
    assert_eq!(text(&again, "path"), "Parent folder/Other");

    assert_eq!(refused(client.post(NODES, by_path("missing/Folder")).await), NOT_FOUND);
    let missing = "b8ccbf27-4e92-41a9-8b66-d78108985321";
    assert_eq!(refused(client.post(NODES, by_name("x", missing)).await), NOT_FOUND);
    let both = json!({"sync_and_share_node": {"name": "x", "parent_uuid": "0", "path": "x"}});
    let wrong = [both, by_name("", "0"), by_name("a/b", "0"), renamed("x"), json!({"name": "x"}), json!([])];
    for body in wrong {
        assert_eq!(refused(client.post(NODES, body.clone()).await), INVALID, "{body}");
    }
}

#[tokio::test]
async fn the_same_name_is_a_conflict_and_another_case_renames() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let folder = client.folder("0", "Folder").await;
    let (status, error) = client.post(NODES, by_name("Folder", "0")).await;
    let conflict = error["error"]["context"]["conflict"].clone();
    assert_eq!(error["error"]["message"], "'Folder' already exists in this location.");
    assert_eq!(refused((status, error)), TAKEN);
    assert_eq!(text(&conflict, "uuid"), folder);
    for left_out in ["permissions", "office_online_permissions", "synced", "actions", "size"] {
        assert!(conflict.get(left_out).is_none(), "{left_out}");
    }
    assert_eq!(BOTH.iter().filter(|field| conflict.get(**field).is_some()).count(), 16);

    let (status, now) = client.post(NODES, by_name("FOLDER", "0")).await;
    assert_eq!((status, text(&now, "uuid"), text(&now, "name")), (201, folder.as_str(), "FOLDER"));
    assert_eq!(client.names("0").await, ["FOLDER"]);
    client.file("0", "file.txt", "x").await;
    assert_eq!(refused(client.post(NODES, by_name("FILE.TXT", "0")).await), TAKEN);
}

#[tokio::test]
async fn pages_of_a_list_are_parts() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let folder = client.folder("0", "many").await;
    for number in 0..5 {
        client.file(&folder, &format!("{number}.txt"), "x").await;
    }
    let page = async |query: &str| {
        let (status, list) = client.ask(Method::GET, &format!("{NODES}/{folder}/contents?{query}"), None).await;
        let names = list.as_array().expect("a list").iter().map(|node| text(node, "name").to_owned());
        (status, names.collect::<Vec<_>>().join(" "))
    };
    assert_eq!(page("").await.0, 200);
    assert_eq!(page("per_page=5").await.0, 200);
    assert_eq!(page("per_page=2").await, (206, "0.txt 1.txt".to_owned()));
    assert_eq!(page("page=3&per_page=2").await, (206, "4.txt".to_owned()));
    assert_eq!(page("page=4&per_page=2").await, (206, String::new()));
    for bad in ["page=0", "per_page=0", "page=x", "per_page=-1"] {
        assert_eq!(refused(client.ask(Method::GET, &format!("{NODES}/{folder}/contents?{bad}"), None).await), INVALID);
    }
    stage.emulator.faults().add(Fault::new(FaultKind::RepeatPage).times(1));
    assert_eq!(page("page=2&per_page=2").await, (206, "0.txt 1.txt".to_owned()), "the page before once more");
    assert_eq!(page("page=2&per_page=2").await, (206, "2.txt 3.txt".to_owned()));
    let empty = client.folder("0", "empty").await;
    assert_eq!(client.ask(Method::GET, &format!("{NODES}/{empty}/contents?per_page=2"), None).await, (200, json!([])));
}

#[tokio::test]
async fn the_emulator_may_limit_pages() {
    let stage = Stage::with(Emulator::builder().max_page(2)).await;
    let client = &stage.client;
    for number in 0..3 {
        client.folder("0", &number.to_string()).await;
    }
    let (status, list) = client.ask(Method::GET, &format!("{NODES}/contents?per_page=100"), None).await;
    assert_eq!((status, list.as_array().map(Vec::len)), (206, Some(2)));
}

#[tokio::test]
async fn renaming() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let (folder, file) = (client.folder("0", "Folder").await, client.file("0", "a.txt", "x").await);
    let at = format!("{NODES}/{}", text(&file, "uuid"));
    assert_eq!(client.put(&at, renamed("new_name.txt")).await, (204, Value::Null));
    assert_eq!(client.put(&at, renamed("NEW_name.txt")).await.0, 204, "another case is another name");
    assert_eq!(client.names("0").await, ["Folder", "NEW_name.txt"]);
    assert_eq!(refused(client.put(&at, renamed("folder")).await), TAKEN);
    assert_eq!(refused(client.put(&at, renamed("")).await), INVALID);
    assert_eq!(refused(client.put(&format!("{NODES}/0"), renamed("x")).await), NO_ACCESS);
    assert_eq!(client.put(&format!("{NODES}/{folder}"), renamed("b")).await.0, 204);
}

#[tokio::test]
async fn copying_and_moving() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let (one, other) = (client.folder("0", "one").await, client.folder("0", "other").await);
    let file = client.file(&one, "file.txt", "content").await;
    let at = format!("{NODES}/{}", text(&file, "uuid"));
    let to = |parent: &str| json!({"parent_uuid": parent});

    assert_eq!(client.post(&format!("{at}/copy"), to(&other)).await, (200, Value::Null));
    assert_eq!(client.names(&other).await, ["file.txt"]);
    let (status, error) = client.post(&format!("{at}/copy"), to(&one)).await;
    assert_eq!(error["error"]["context"]["conflict"]["uuid"], file["uuid"]);
    assert_eq!(refused((status, error)), TAKEN);
    assert_eq!(refused(client.post(&format!("{at}/move"), to(&other)).await), TAKEN);
    assert_eq!(client.post(&format!("{at}/move"), to("0")).await, (204, Value::Null));
    let moved = client.get(&at).await;
    assert_eq!((text(&moved, "parent_uuid"), text(&moved, "path")), ("0", "file.txt"));

    let folder = format!("{NODES}/{one}");
    let below = client.folder(&one, "below").await;
    for action in ["copy", "move"] {
        assert_eq!(refused(client.post(&format!("{folder}/{action}"), to(&below)).await), INVALID, "into itself");
        assert_eq!(refused(client.post(&format!("{folder}/{action}"), json!({})).await), INVALID);
        assert_eq!(refused(client.post(&format!("{folder}/{action}"), to("no UUID")).await), INVALID);
        let missing = "b8ccbf27-4e92-41a9-8b66-d78108985321";
        assert_eq!(refused(client.post(&format!("{folder}/{action}"), to(missing)).await), NO_ACCESS);
        assert_eq!(refused(client.post(&format!("{NODES}/{missing}/{action}"), to("0")).await), NO_ACCESS);
    }
}

#[tokio::test]
async fn what_is_deleted_or_missing_is_not_to_be_had() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let folder = client.folder("0", "Folder").await;
    let file = client.file(&folder, "file.txt", "x").await;
    let inside = format!("{NODES}/{}", text(&file, "uuid"));
    assert_eq!(client.ask(Method::DELETE, &format!("{NODES}/{folder}"), None).await, (204, Value::Null));
    assert!(client.names("0").await.is_empty());
    let missing = format!("{NODES}/b8ccbf27-4e92-41a9-8b66-d78108985321");
    for gone in [format!("{NODES}/{folder}"), inside, missing, format!("{NODES}/nonsense")] {
        assert_eq!(refused(client.ask(Method::GET, &gone, None).await), NO_ACCESS);
        assert_eq!(refused(client.ask(Method::GET, &format!("{gone}/contents"), None).await), NO_ACCESS);
        assert_eq!(refused(client.ask(Method::GET, &format!("{gone}/download"), None).await), NO_ACCESS);
        assert_eq!(refused(client.ask(Method::DELETE, &gone, None).await), NO_ACCESS);
        assert_eq!(refused(client.put(&gone, renamed("x")).await), NO_ACCESS);
    }
    assert_eq!(refused(client.ask(Method::DELETE, &format!("{NODES}/0"), None).await), NO_ACCESS);
}

#[tokio::test]
async fn what_is_not_served_is_said_so() {
    let stage = Stage::start().await;
    let client = &stage.client;
    assert_eq!(refused(client.ask(Method::GET, NODES, None).await).0, 405);
    assert_eq!(refused(client.ask(Method::PATCH, &format!("{NODES}/0/contents"), None).await).0, 405);
    assert_eq!(refused(client.ask(Method::GET, &format!("{NODES}/0/revisions"), None).await).0, 404);
    assert_eq!(refused(client.ask(Method::GET, "nothing", None).await).0, 404);
    let request = client.http.post(client.url(NODES)).bearer_auth(&client.token).body("name=x");
    let answer = request.header("content-type", "application/x-www-form-urlencoded").send().await.expect("an answer");
    assert_eq!(answer.status(), 415);
}
