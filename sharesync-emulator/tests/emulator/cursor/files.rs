//! Files and folders: making, changing, copying, moving, trash and versions.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::{Client, Stage, form, is, text};

#[tokio::test]
async fn a_form_puts_a_file_into_a_folder() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    let folder = client.folder(share, None, "d").await;
    let (status, file) = client.upload(form(share, Some(&folder), "f.txt", "content")).await;
    assert_eq!((status, text(&file, "path"), &file["version"]), (201, "/d/f.txt", &json!(1)));
    assert_eq!(client.get(&format!("files/{}", text(&file, "id"))).await, file);
    let unnamed = Form::new().text("share_id", share.clone());
    let unnamed = unnamed.part("file", Part::bytes(b"x".to_vec()).file_name("own name.bin"));
    let (status, file) = client.upload(unnamed).await;
    assert_eq!((status, text(&file, "path"), &file["folder_id"]), (201, "/own name.bin", &Value::Null));
}

#[tokio::test]
async fn a_taken_name_is_a_conflict_and_never_a_version() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    let file = client.file(share, None, "f.txt", "one").await;
    client.folder(share, None, "d").await;
    for name in ["f.txt", "F.TXT", "d"] {
        is(client.upload(form(share, None, name, "two")).await, 409, "NAME_CONFLICT");
        let folder = json!({"share_id": share, "name": name});
        is(client.post("folders", folder).await, 409, "NAME_CONFLICT");
    }
    assert_eq!(client.versions(&file).await.len(), 1);
    assert_eq!(client.tree(share).await, ["/d/", "/f.txt=one"]);
}

#[tokio::test]
async fn a_form_that_is_not_whole_is_refused() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    let elsewhere = client.share("Elsewhere").await;
    let folder = client.folder(&elsewhere, None, "d").await;
    let file = || Part::bytes(b"x".to_vec()).file_name("f");
    for form in [
        Form::new().part("file", file()),
        Form::new().text("share_id", share.clone()),
        Form::new().text("share_id", share.clone()).part("file", Part::bytes(b"x".to_vec())),
        form(share, None, "..", "x"),
    ] {
        is(client.upload(form).await, 422, "VALIDATION_ERROR");
    }
    is(client.post("files", json!({"share_id": share})).await, 422, "VALIDATION_ERROR");
    is(client.upload(form("shr_0000000000ffffff", None, "f", "x")).await, 404, "NOT_FOUND");
    is(client.upload(form(share, Some(&folder), "f", "x")).await, 404, "NOT_FOUND");
    is(client.upload(form(share, Some("fld_0000000000ffffff"), "f", "x")).await, 404, "NOT_FOUND");
    client.delete(&format!("folders/{folder}")).await;
    is(client.upload(form(&elsewhere, Some(&folder), "f", "x")).await, 410, "GONE");
    let long = Form::new().text("share_id", "x".repeat(70_000)).part("file", file());
    is(client.upload(long).await, 413, "PAYLOAD_TOO_LARGE");
    assert!(client.tree(share).await.is_empty());
}

#[tokio::test]
async fn names_change_and_the_trash_gives_back() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    for kind in ["files", "folders"] {
        let id = match kind {
            "files" => client.file(share, None, "a", "x").await,
            _ => client.folder(share, None, "a").await,
        };
        let at = format!("{kind}/{id}");
        let (status, renamed) = client.patch(&at, json!({"name": "b"})).await;
        assert_eq!((status, text(&renamed, "name"), text(&renamed, "path")), (200, "b", "/b"));
        is(client.patch(&at, json!({"name": "x/y"})).await, 422, "VALIDATION_ERROR");
        is(client.patch(&at, json!({"name": 1})).await, 422, "VALIDATION_ERROR");
        assert_eq!(client.delete(&at).await, 204);
        is(client.ask(Method::GET, &at, None).await, 410, "GONE");
        is(client.patch(&at, json!({"name": "c"})).await, 410, "GONE");
        is(client.ask(Method::DELETE, &at, None).await, 410, "GONE");
        let listed = client.get(&format!("folders/root/children?share_id={share}&include_deleted=true")).await;
        assert_eq!((&listed["items"][0]["id"], &listed["items"][0]["is_deleted"]), (&json!(id), &json!(true)));
        let blocker = client.file(share, None, "b", "y").await;
        is(client.patch(&at, json!({"is_deleted": false})).await, 409, "NAME_CONFLICT");
        client.delete(&format!("files/{blocker}?permanent=true")).await;
        let (status, restored) = client.patch(&at, json!({"is_deleted": false, "name": "c"})).await;
        assert_eq!((status, text(&restored, "name"), &restored["is_deleted"]), (200, "c", &json!(false)));
        client.delete(&at).await;
        assert_eq!(client.delete(&format!("{at}?permanent=true")).await, 204, "from the trash for good");
        is(client.ask(Method::GET, &at, None).await, 404, "NOT_FOUND");
        is(client.ask(Method::DELETE, &format!("{at}?permanent=perhaps"), None).await, 404, "NOT_FOUND");
    }
}

#[tokio::test]
async fn a_folder_goes_with_all_that_is_in_it() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    let folder = client.folder(share, None, "d").await;
    let file = client.file(share, Some(&folder), "f", "x").await;
    client.delete(&format!("folders/{folder}")).await;
    is(client.ask(Method::GET, &format!("files/{file}"), None).await, 410, "GONE");
    client.patch(&format!("folders/{folder}"), json!({"is_deleted": false})).await;
    assert_eq!(client.content_of(&file).await, "x");
    client.delete(&format!("folders/{folder}?permanent=true")).await;
    is(client.ask(Method::GET, &format!("files/{file}"), None).await, 404, "NOT_FOUND");
}

async fn at(client: &Client, kind: &str, id: &str) -> (String, String) {
    let item = client.get(&format!("{kind}/{id}")).await;
    (text(&item, "share_id").to_owned(), text(&item, "path").to_owned())
}

#[tokio::test]
async fn files_and_folders_move_within_and_between_shares() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    let elsewhere = client.share("Elsewhere").await;
    let folder = client.folder(share, None, "d").await;
    let below = client.folder(share, Some(&folder), "e").await;
    let file = client.file(share, None, "f", "x").await;
    let to = |target: &str, id: &str| json!({target: id});
    let (status, moved) = client.post(&format!("files/{file}/move"), to("target_folder_id", &folder)).await;
    assert_eq!((status, text(&moved, "path"), text(&moved, "folder_id")), (200, "/d/f", folder.as_str()));
    client.post(&format!("files/{file}/move"), to("target_share_id", &elsewhere)).await;
    assert_eq!(at(client, "files", &file).await, (elsewhere.clone(), "/f".to_owned()));
    let (status, moved) = client.post(&format!("folders/{folder}/move"), to("target_share_id", &elsewhere)).await;
    assert_eq!((status, text(&moved, "share_id"), &moved["parent_id"]), (200, elsewhere.as_str(), &Value::Null));
    assert_eq!(at(client, "folders", &below).await, (elsewhere.clone(), "/d/e".to_owned()));

    is(client.post(&format!("folders/{folder}/move"), to("target_folder_id", &below)).await, 400, "BAD_REQUEST");
    client.file(&elsewhere, Some(&folder), "f", "y").await;
    is(client.post(&format!("files/{file}/move"), to("target_folder_id", &folder)).await, 409, "NAME_CONFLICT");
    for neither in [json!({}), json!({"target_folder_id": folder, "target_share_id": share})] {
        is(client.post(&format!("files/{file}/move"), neither.clone()).await, 422, "VALIDATION_ERROR");
        is(client.post(&format!("files/{file}/copy"), neither).await, 422, "VALIDATION_ERROR");
    }
    is(client.post(&format!("files/{file}/move"), to("target_folder_id", "fld_0")).await, 404, "NOT_FOUND");
    is(client.post(&format!("files/{folder}/move"), to("target_share_id", share)).await, 404, "NOT_FOUND");
    let other = stage.other().await;
    let home = stage.emulator.cursor().share_id();
    is(other.post(&format!("files/{file}/move"), to("target_share_id", &home)).await, 404, "NOT_FOUND");
}

#[tokio::test]
async fn a_copy_is_a_file_of_its_own() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    let folder = client.folder(share, None, "d").await;
    let file = client.file(share, None, "f", "one").await;
    client.version(share, &file, "two").await;
    let target = json!({"target_folder_id": folder});
    let (status, copy) = client.post(&format!("files/{file}/copy"), target.clone()).await;
    assert_eq!((status, text(&copy, "path"), &copy["version"]), (201, "/d/f", &json!(1)));
    assert_ne!(text(&copy, "id"), file);
    is(client.post(&format!("files/{file}/copy"), target).await, 409, "NAME_CONFLICT");
    let renamed = json!({"target_share_id": share, "new_name": "g"});
    let (status, copy) = client.post(&format!("files/{file}/copy"), renamed).await;
    assert_eq!((status, text(&copy, "path")), (201, "/g"));
    client.version(share, text(&copy, "id"), "three").await;
    assert_eq!(client.tree(share).await, ["/d/", "/d/f=two", "/f=two", "/g=three"]);
}

#[tokio::test]
async fn versions_are_listed_newest_first_and_come_back() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    let file = client.file(share, None, "f", "one").await;
    client.version(share, &file, "second").await;
    let listed = client.get(&format!("files/{file}/versions")).await;
    let numbers: Vec<_> = listed["versions"].as_array().unwrap().iter().map(|v| v["version_number"].clone()).collect();
    assert_eq!((numbers, &listed["total"]), (vec![json!(2), json!(1)], &json!(2)));
    let (status, restored) = client.post(&format!("files/{file}/versions/1/restore"), Value::Null).await;
    assert_eq!((status, &restored["version"], &restored["size"]), (200, &json!(3), &json!(3)));
    assert_eq!(client.content_of(&file).await, "one");
    for missing in ["0", "4", "x"] {
        let path = format!("files/{file}/versions/{missing}/restore");
        is(client.ask(Method::POST, &path, None).await, 404, "NOT_FOUND");
    }
}

#[tokio::test]
async fn children_are_one_level_of_one_share() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    let elsewhere = client.share("Elsewhere").await;
    let folder = client.folder(share, None, "d").await;
    client.folder(share, Some(&folder), "e").await;
    let list = client.get(&format!("folders/root/children?share_id={share}")).await;
    assert_eq!((text(&list, "path"), &list["total"]), ("/", &json!(1)));
    let list = client.get(&format!("folders/{folder}/children?share_id={share}")).await;
    assert_eq!((text(&list, "path"), text(&list["items"][0], "name")), ("/d", "e"));
    is(client.ask(Method::GET, "folders/root/children", None).await, 422, "VALIDATION_ERROR");
    let wrong = format!("folders/{folder}/children?share_id={elsewhere}");
    is(client.ask(Method::GET, &wrong, None).await, 404, "NOT_FOUND");
    let root = share.replace("shr_", "fld_");
    is(client.ask(Method::GET, &format!("folders/{root}"), None).await, 404, "NOT_FOUND");
    is(client.post("folders", json!({"share_id": share})).await, 422, "VALIDATION_ERROR");
    let at_root = json!({"share_id": share, "name": "r", "parent_id": "root"});
    assert_eq!(client.post("folders", at_root).await.0, 201);
}

#[tokio::test]
async fn names_are_found_in_the_shares_of_the_caller() {
    let stage = Stage::start().await;
    let (client, share) = (&stage.client, &stage.share);
    let home = stage.emulator.cursor().share_id();
    for number in 0..3 {
        client.file(share, None, &format!("Report {number}.pdf"), "x").await;
    }
    client.file(&home, None, "private report", "x").await;
    let found = client.get("search?q=report&limit=2").await;
    assert_eq!((text(&found, "query"), &found["total"], &found["has_more"]), ("report", &json!(4), &json!(true)));
    let rest = client.get("search?q=report&limit=2&offset=2").await;
    assert_eq!((rest["results"].as_array().unwrap().len(), &rest["has_more"]), (2, &json!(false)));
    let scoped = client.get(&format!("search?q=report&share_id={home}")).await;
    assert_eq!((text(&scoped["results"][0], "path"), &scoped["total"]), ("/private report", &json!(1)));
    assert_eq!(stage.other().await.get("search?q=report").await["total"], 3);
    for bad in ["", "q=", "q=x&limit=101", "q=x&limit=0", "q=x&offset=-1"] {
        is(client.ask(Method::GET, &format!("search?{bad}"), None).await, 422, "VALIDATION_ERROR");
    }
}
