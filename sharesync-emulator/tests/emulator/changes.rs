//! Changing items over raw HTTP.

use std::time::Duration;

use crate::common::{Client, text};
use reqwest::Method;
use serde_json::{Value, json};
use sharesync_emulator::Emulator;

#[tokio::test]
async fn folders_are_made_once() {
    let client = Client::start().await;
    let body = json!({"Name": "New", "Description": "d", "ExpirationDate": "9999-12-31T23:59:59.9999999Z"});
    let folder = client.post("Items(home)/Folder?overwrite=false&passthrough=false", body).await;
    assert_eq!((&folder["FileName"], &folder["Description"]), (&json!("New"), &json!("d")));
    let taken = client.refused(Method::POST, "Items(home)/Folder", Some(json!({"Name": "NEW"}))).await;
    assert_eq!(taken, (409, "Conflict".to_owned()));
    let replaced = client.post("Items(home)/Folder?overwrite=true", json!({"Name": "new"})).await;
    assert_ne!(replaced["Id"], folder["Id"]);
    assert_eq!(client.get("Items(home)/DeletedChildren").await["value"][0]["Id"], folder["Id"]);
}

#[tokio::test]
async fn bad_names_are_refused() {
    let client = Client::start().await;
    let long = "x".repeat(257);
    for name in ["a/b", "a\\b", "a:b", "a*b", "a?b", "a\"b", "a<b", "a|b", "a\u{1}b", " a", "a ", "a.", "", &long] {
        let refused = client.refused(Method::POST, "Items(home)/Folder", Some(json!({"Name": name}))).await;
        assert_eq!(refused, (400, "BadRequest".to_owned()), "{name:?}");
    }
    assert_eq!(client.refused(Method::POST, "Items(home)/Folder", Some(json!({"Description": "x"}))).await.0, 400);
    assert_eq!(client.refused(Method::POST, "Items(home)/Folder", Some(json!([1]))).await.0, 400);
}

#[tokio::test]
async fn rename_and_move_keep_the_id() {
    let client = Client::start().await;
    let file = client.file("home", "a.txt", "a").await;
    let id = text(&file, "id");
    let target = client.folder("home", "target").await;
    let renamed = client.patch(&format!("Items({id})?overwrite=false"), json!({"FileName": "b.txt"})).await;
    assert_eq!((&renamed["Id"], &renamed["Name"]), (&json!(id), &json!("b.txt")));
    let both = client.patch(&format!("Items({id})"), json!({"Name": "c.txt", "FileName": "ignored"})).await;
    assert_eq!((&both["Name"], &both["FileName"]), (&json!("c.txt"), &json!("c.txt")));
    let moved = client.patch(&format!("Items({id})"), json!({"Parent": {"Id": target}})).await;
    assert_eq!(moved["Id"], id);
    assert_eq!(client.names(&format!("Items({target})/Children")).await, ["c.txt"]);
    let into_itself = json!({"Parent": {"Id": target}});
    assert_eq!(client.refused(Method::PATCH, &format!("Items({target})"), Some(into_itself)).await.0, 400);
    assert_eq!(client.refused(Method::PATCH, "Items(home)", Some(json!({"Name": "x"}))).await.0, 403);
    let case = client.patch(&format!("Items({id})"), json!({"Name": "C.TXT"})).await;
    assert_eq!(case["Name"], "C.TXT");
}

#[tokio::test]
async fn a_taken_name_is_a_conflict_unless_overwritten() {
    let client = Client::start().await;
    let (a, b) = (client.file("home", "a", "a").await, client.file("home", "b", "b").await);
    let path = format!("Items({})", text(&a, "id"));
    let refused = client.refused(Method::PATCH, &path, Some(json!({"Name": "B"}))).await;
    assert_eq!(refused, (409, "Conflict".to_owned()));
    client.patch(&format!("{path}?overwrite=true"), json!({"Name": "B"})).await;
    assert_eq!(client.names("Items(home)/Children").await, ["B"]);
    assert_eq!(client.names("Items(home)/DeletedChildren").await, ["b"]);
    assert_eq!(client.refused(Method::GET, &format!("Items({})", text(&b, "id")), None).await.0, 404);
}

/// A file `a` and a victim `b` in one folder; `a` is renamed to `b` and moved in one request.
async fn rename_and_move(clobbering: bool) -> (Client, u16, Value) {
    let client = Client::with(Emulator::builder().clobbering_moves(clobbering)).await;
    let file = client.file("home", "a", "mover").await;
    let victim = client.file("home", "b", "victim").await;
    let target = client.folder("home", "target").await;
    let body = json!({"Name": "b", "Parent": {"Id": target}});
    let status = client.status(Method::PATCH, &format!("Items({})", text(&file, "id")), Some(body)).await;
    (client, status, victim)
}

#[tokio::test]
async fn rename_and_move_at_once_clobbers_in_the_old_folder() {
    let (client, status, victim) = rename_and_move(true).await;
    assert_eq!(status, 200);
    assert_eq!(client.refused(Method::GET, &format!("Items({})", text(&victim, "id")), None).await.0, 404);
    let (client, status, victim) = rename_and_move(false).await;
    assert_eq!(status, 200);
    assert_eq!(client.read(text(&victim, "id")).await, b"victim");
}

#[tokio::test]
async fn patched_dates_are_read_in_new_york() {
    let body = json!({"ClientModifiedDate": "2021-03-04T00:06:07.891234Z"});
    for (quirk, expected) in [(true, "2021-03-04T05:06:07Z"), (false, "2021-03-04T00:06:07.891234Z")] {
        let client = Client::with(Emulator::builder().new_york_dates(quirk)).await;
        let file = client.file("home", "a", "a").await;
        let patched = client.patch(&format!("Items({})", text(&file, "id")), body.clone()).await;
        assert_eq!(patched["ClientModifiedDate"], expected);
        let read = client.get(&format!("Items({})", text(&file, "id"))).await;
        assert_eq!(read["ClientModifiedDate"], expected);
    }
}

#[tokio::test]
async fn notes_and_links_are_items_too() {
    let client = Client::start().await;
    let note = client.post("Items(home)/Note", json!({"Name": "n", "Description": "old"})).await;
    assert_eq!(note["odata.type"], "ShareFile.Api.Models.Note");
    let path = format!("Items/Note({})?notify=false", text(&note, "Id"));
    assert_eq!(client.patch(&path, json!({"Description": "new"})).await["Description"], "new");
    let link = client.post("Items(home)/Link", json!({"Name": "l", "Uri": "https://example.com/"})).await;
    assert_eq!(
        (&link["odata.type"], &link["Uri"]),
        (&json!("ShareFile.Api.Models.Link"), &json!("https://example.com/"))
    );
    let changed =
        client.patch(&format!("Items/Link({})", text(&link, "Id")), json!({"Uri": "https://b.example/"})).await;
    assert_eq!(changed["Uri"], "https://b.example/");
    let as_note = format!("Items/Note({})", text(&link, "Id"));
    assert_eq!(client.refused(Method::PATCH, &as_note, Some(json!({"Name": "x"}))).await.0, 400);
    assert_eq!(client.refused(Method::POST, "Items(home)/Link", Some(json!({"Name": "x"}))).await.0, 400);
}

#[tokio::test]
async fn copies_are_new_items_with_the_old_content() {
    let client = Client::start().await;
    let folder = client.folder("home", "folder").await;
    let inner = client.folder(&folder, "inner").await;
    let file = client.file(&inner, "f.txt", "content").await;
    let target = client.folder("home", "target").await;
    let copy =
        client.json(Method::POST, &format!("Items({folder})/Copy?targetid={target}&overwrite=false"), None).await;
    assert_ne!(copy["Id"], folder.as_str());
    assert_eq!((&copy["FileCount"], &copy["FileSizeBytes"]), (&json!(1), &json!(7)));
    let copied = client.get(&format!("Items({target})/ByPath?path=/folder/inner/f.txt")).await;
    assert_ne!(copied["StreamID"], file["streamid"]);
    assert_eq!(client.read(text(&copied, "Id")).await, b"content");
    let again = format!("Items({folder})/Copy?targetid={target}");
    assert_eq!(client.refused(Method::POST, &again, None).await.0, 409);
    client.json(Method::POST, &format!("{again}&overwrite=true"), None).await;
    let into_itself = format!("Items({folder})/Copy?targetid={inner}");
    assert_eq!(client.refused(Method::POST, &into_itself, None).await.0, 400);
    assert_eq!(client.refused(Method::POST, &format!("Items({folder})/Copy"), None).await.0, 400);
    // The copy stays when the source is gone for good.
    let gone =
        client.status(Method::POST, "Items(home)/BulkDelete?deletePermanently=true", Some(json!([folder]))).await;
    assert_eq!(gone, 204);
    let kept = client.get(&format!("Items({target})/ByPath?path=/folder/inner/f.txt")).await;
    assert_eq!(client.read(text(&kept, "Id")).await, b"content");
}

#[tokio::test]
async fn deleting_one_version_leaves_the_others() {
    let client = Client::start().await;
    let old = client.file("home", "f", "old").await;
    let new = client.file("home", "f", "new").await;
    assert_eq!(old["streamid"], new["streamid"]);
    let path = format!("Items({})?singleversion=true", text(&new, "id"));
    assert_eq!(client.status(Method::DELETE, &path, None).await, 204);
    let left = client.get("Items(home)/Children").await;
    assert_eq!(left["value"][0]["Id"], old["id"]);
    let path = format!("Items({})?singleversion=false&forceSync=true", text(&old, "streamid"));
    assert_eq!(client.status(Method::DELETE, &path, None).await, 204);
    assert_eq!(client.get("Items(home)/Children").await["odata.count"], 0);
}

#[tokio::test]
async fn the_recycle_bin_gives_back_what_it_took() {
    let client = Client::start().await;
    let folder = client.folder("home", "folder").await;
    let file = client.file(&folder, "f.txt", "kept").await;
    assert_eq!(client.status(Method::DELETE, &format!("Items({folder})"), None).await, 204);
    let id = text(&file, "id");
    assert_eq!(client.refused(Method::GET, &format!("Items({id})"), None).await.0, 404, "it is below a deleted folder");
    assert_eq!(client.get(&format!("Items({id})?includeDeleted=true")).await["Name"], "f.txt");
    assert_eq!(client.names("Items/UserDeletedItems").await, ["folder"]);
    assert_eq!(client.names("Items(home)/Children?includeDeleted=true").await, ["folder"]);
    assert_eq!(client.status(Method::POST, "Items/BulkRestore", Some(json!([folder]))).await, 204);
    assert_eq!(client.read(id).await, b"kept");

    client.status(Method::DELETE, &format!("Items({folder})"), None).await;
    client.folder("home", "FOLDER").await;
    let taken = client.refused(Method::POST, "Items/BulkRestore", Some(json!([folder]))).await;
    assert_eq!(taken, (409, "Conflict".to_owned()));
    assert_eq!(client.status(Method::POST, "Items/BulkDeletePermanently", Some(json!([folder]))).await, 204);
    assert_eq!(client.get("Items/UserDeletedItems").await["odata.count"], 0);
    assert_eq!(client.refused(Method::POST, "Items/BulkRestore", Some(json!([folder]))).await.0, 404);
}

#[tokio::test]
async fn bulk_delete_takes_children_of_one_parent() {
    let client = Client::start().await;
    let (a, b) = (client.file("home", "a", "a").await, client.file("home", "b", "b").await);
    let folder = client.folder("home", "folder").await;
    let inner = client.file(&folder, "c", "c").await;
    let mixed = json!([a["id"], inner["id"]]);
    assert_eq!(client.refused(Method::POST, "Items(home)/BulkDelete", Some(mixed)).await.0, 400);
    assert_eq!(client.names("Items(home)/Children").await, ["folder", "a", "b"], "nothing was deleted");
    let both = json!([a["streamid"], b["id"]]);
    let path = "Items(home)/BulkDelete?forcesync=true&deletePermanently=true";
    assert_eq!(client.status(Method::POST, path, Some(both)).await, 204);
    assert_eq!(client.names("Items(home)/Children").await, ["folder"]);
    assert_eq!(client.get("Items(home)/DeletedChildren").await["odata.count"], 0);
    assert_eq!(client.refused(Method::POST, "Items(home)/BulkDelete", Some(json!({"no": "array"}))).await.0, 400);
}

#[tokio::test]
async fn locks_are_for_sharepoint_providers() {
    let client = Client::start().await;
    let file = client.file("home", "f", "f").await;
    let id = text(&file, "id");
    let refused = client.refused(Method::POST, &format!("Items({id})/CheckOut"), None).await;
    assert_eq!(refused, (405, "NotAllowed".to_owned()));
    let sp = |action: &str| format!("{}/sp/v3/Items({id})/{action}", client.emulator.base_url());
    assert_eq!(client.status(Method::POST, &sp("CheckOut"), None).await, 204);
    let locked = client.get(&format!("Items({id})")).await;
    assert_eq!(locked["LockedBy"]["Email"], client.emulator.sharefile().username());
    assert_eq!(client.status(Method::POST, &sp("CheckIn?message=done"), None).await, 204);
    assert_eq!(client.refused(Method::POST, &sp("DiscardCheckOut"), None).await.0, 400);
}

#[tokio::test]
async fn many_items_are_deleted_later() {
    let builder = Emulator::builder().async_above(2).async_delay(Duration::from_millis(100));
    let client = Client::with(builder).await;
    let folder = client.folder("home", "big").await;
    for name in ["a", "b", "c"] {
        client.file(&folder, name, name).await;
    }
    let answer = client.send(Method::DELETE, &format!("Items({folder})"), None).await;
    assert_eq!(answer.status(), 202);
    let feed: Value = answer.json().await.expect("a feed");
    let job = &feed["value"][0];
    assert_eq!((&job["Operation"], &job["State"]), (&json!("Delete"), &json!("Created")));
    assert_eq!(client.get(&format!("Items({folder})")).await["Name"], "big", "not yet");
    let path = format!("AsyncOperations({})", text(job, "Id"));
    let done = until_over(&client, &path).await;
    assert_eq!((&done["State"], &done["BatchProgress"]), (&json!("Success"), &json!(100.0)));
    assert_eq!(client.refused(Method::GET, &format!("Items({folder})"), None).await.0, 404);
    let batch = client.get(&format!("AsyncOperations/GetByBatch({})", text(&done, "BatchID"))).await;
    assert_eq!(batch["odata.count"], 1);
}

#[tokio::test]
async fn moving_between_zones_takes_time_and_can_be_cancelled() {
    let client = Client::with(Emulator::builder().async_delay(Duration::from_millis(200))).await;
    let other = json!({"Name": "Far", "Zone": {"Id": "zfar"}});
    let far = client.post("Items/Folder", other).await;
    let far = text(&far, "Id");
    let file = client.file("home", "f", "f").await;
    let path = format!("Items({})/Copy?targetid={far}", text(&file, "id"));
    let job = client.json(Method::POST, &path, None).await;
    assert_eq!(job["odata.type"], "ShareFile.Api.Models.AsyncOperation");
    let job_path = format!("AsyncOperations({})", text(&job, "Id"));
    let cancelled = client.json(Method::POST, &format!("{job_path}/Cancel"), None).await;
    assert_eq!(cancelled["State"], "Canceled");
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(client.get(&format!("Items({far})/Children")).await["odata.count"], 0);

    let job = client.patch(&format!("Items({})", text(&file, "id")), json!({"Parent": {"Id": far}})).await;
    let done = until_over(&client, &format!("AsyncOperations({})", text(&job, "Id"))).await;
    assert_eq!((&done["State"], &done["Target"]["Name"]), (&json!("Success"), &json!("f")));
    assert_eq!(client.names(&format!("Items({far})/Children")).await, ["f"]);
}

async fn until_over(client: &Client, path: &str) -> Value {
    for _ in 0..100 {
        let job = client.get(path).await;
        if !matches!(text(&job, "State"), "Created" | "Scheduled") {
            return job;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the operation never ends");
}
