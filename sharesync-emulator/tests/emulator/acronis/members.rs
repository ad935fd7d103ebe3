//! Members of shared folders, and what they can do.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Client, INVALID, NO_ACCESS, NODES, OTHER, Stage, refused, text};

impl Client {
    async fn invite(&self, folder: &str, email: &str, rights: Value) -> (u16, Value) {
        let mut member = rights;
        member["email"] = email.into();
        self.post(&format!("{NODES}/{folder}/members"), json!({"member": member})).await
    }

    async fn change(&self, folder: &str, member: &Value, rights: Value) -> (u16, Value) {
        let id = text(member, "id").replace(',', "%2C");
        self.put(&format!("{NODES}/{folder}/members/{id}"), json!({"member": rights})).await
    }
}

#[tokio::test]
async fn the_three_kinds_of_member() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let folder = client.folder("0", "Folder").await;
    let rights = json!({"read_only": false, "can_invite": true, "can_view_members": true});
    let (status, known) = client.invite(&folder, OTHER.0, rights.clone()).await;
    assert_eq!((status, text(&known, "permission_for"), &known["can_invite"]), (201, "permission", &json!(true)));
    assert!(text(&known, "id").starts_with("permission-") && text(&known, "id").ends_with(&format!(",{folder}")));
    let (_, guest) = client.invite(&folder, "stranger@example.com", rights).await;
    assert_eq!((text(&guest, "permission_for"), &guest["can_invite"]), ("guest", &json!(false)));
    assert_eq!(guest["can_be_changed"], json!({"can_invite": false, "can_view_members": false, "read_only": true}));
    let (status, owner) = client.invite(&folder, "first.user@example.com", json!({})).await;
    assert_eq!((status, text(&owner, "permission_for")), (201, "owner"));

    let list = client.get(&format!("{NODES}/{folder}/members")).await;
    assert_eq!(list, json!([owner, known, guest]));
    let (status, page) = client.ask(Method::GET, &format!("{NODES}/{folder}/members?page=2&per_page=1"), None).await;
    assert_eq!((status, page), (206, json!([known])));
    let node = client.get(&format!("{NODES}/{folder}")).await;
    assert_eq!((&node["is_shared"], &node["has_shared_child_nodes"]), (&json!(true), &json!(false)));

    let (status, changed) = client.change(&folder, &guest, json!({"read_only": true, "can_invite": true})).await;
    assert_eq!((status, &changed["read_only"], &changed["can_invite"]), (200, &json!(true), &json!(false)));
    assert_eq!(client.change(&folder, &owner, json!({"read_only": true})).await, (200, owner));
    assert_eq!(refused(client.change(&folder, &known, json!({"read_only": "yes"})).await), INVALID);
    let nobody = json!({"id": "permission-x,y"});
    assert_eq!(refused(client.change(&folder, &nobody, json!({})).await), NO_ACCESS);
}

#[tokio::test]
async fn a_member_sees_the_folder_and_no_more() {
    let stage = Stage::start().await;
    let (client, other) = (&stage.client, stage.other().await);
    let above = client.folder("0", "above").await;
    let (folder, secret) = (client.folder(&above, "Folder").await, client.file(&above, "secret.txt", "x").await);
    let file = client.file(&folder, "file.txt", "content").await;
    let at = format!("{NODES}/{}", text(&file, "uuid"));
    assert_eq!(refused(other.ask(Method::GET, &at, None).await), NO_ACCESS);

    let (_, member) = client.invite(&folder, OTHER.0, json!({"read_only": true})).await;
    assert_eq!(other.names("0").await, ["Folder"]);
    let seen = other.get(&at).await;
    assert_eq!((text(&seen, "path"), &seen["read_only"]), ("Folder/file.txt", &json!(true)));
    assert_eq!(text(&seen["owner"], "email"), "first.user@example.com");
    assert_eq!(seen["parents"].as_array().map(Vec::len), Some(3), "nothing above the folder is told");
    assert_eq!(refused(other.upload(&folder, "filename=a&size=1", "a").await), NO_ACCESS);
    assert_eq!(refused(other.ask(Method::DELETE, &at, None).await), NO_ACCESS);
    assert_eq!(refused(other.ask(Method::GET, &format!("{NODES}/{folder}/members"), None).await), NO_ACCESS);
    let secret = format!("{NODES}/{}", text(&secret, "uuid"));
    assert_eq!(refused(other.ask(Method::GET, &secret, None).await), NO_ACCESS);

    let rights = json!({"read_only": false, "can_view_members": true, "can_invite": true});
    assert_eq!(client.change(&folder, &member, rights).await.0, 200);
    assert_eq!(other.upload(&folder, "filename=a&size=1", "a").await.0, 201);
    assert_eq!(client.names(&folder).await, ["a", "file.txt"]);
    assert_eq!(other.get(&format!("{NODES}/{folder}/members")).await.as_array().map(Vec::len), Some(2));
    assert_eq!(other.invite(&folder, "third@example.com", json!({})).await.0, 201);
    assert_eq!(refused(other.ask(Method::DELETE, &format!("{NODES}/{folder}"), None).await), NO_ACCESS);
    let forbid = json!({"security_settings": {"allow_collaborators_to_invite": "false"}});
    assert_eq!(client.put("settings/security", forbid).await.0, 204);
    assert_eq!(refused(other.invite(&folder, "fourth@example.com", json!({})).await), NO_ACCESS);
}

#[tokio::test]
async fn what_cannot_be_shared() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let (folder, file) = (client.folder("0", "Folder").await, client.file("0", "file.txt", "x").await);
    assert_eq!(refused(client.invite("0", OTHER.0, json!({})).await), INVALID);
    assert_eq!(refused(client.invite(text(&file, "uuid"), OTHER.0, json!({})).await), INVALID);
    assert_eq!(refused(client.invite(&folder, "nobody", json!({})).await), INVALID);
    assert_eq!(refused(client.invite(&folder, OTHER.0, json!({"read_only": "true"})).await), INVALID);
    assert_eq!(refused(client.post(&format!("{NODES}/{folder}/members"), json!({"email": OTHER.0})).await), INVALID);
    assert_eq!(client.get(&format!("{NODES}/{folder}/members")).await.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn shares_end_where_the_settings_want_it() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let folder = client.folder("0", "Folder").await;
    let wanted = json!({"shared_folder_expiration_required": "true", "shared_folder_expiration_max_days": 30});
    assert_eq!(client.put("settings/security", json!({"security_settings": wanted})).await.0, 204);
    client.invite(&folder, OTHER.0, json!({})).await;
    assert!(client.get(&format!("{NODES}/{folder}")).await["expiration_date"].is_string());
}
