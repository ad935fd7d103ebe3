//! ChangeList, and the list of all folders.

use std::time::Instant;

use futures::StreamExt;
use sharesync_emulator::Emulator;
use sharesync_emulator::drive::ItemId;

use super::soap::{Client, Version, all, element, one};

/// What has changed since a date.
async fn since(client: &Client, date: &str, more: &str) -> String {
    client.ok("ChangeList", &format!("<Parameters><LocalDate>{date}</LocalDate>{more}</Parameters>")).await
}

/// The date up to which everything is known.
async fn now(client: &Client) -> String {
    let list = client.ok("ChangeList", "<Parameters />").await;
    assert_eq!(one(&list, "FullSync").as_deref(), Some("true"), "without a date nothing is known");
    one(&list, "SyncEndDate").expect("a date")
}

/// Name, size and whether there is a checksum of each file that is told.
fn files(list: &str) -> Vec<(String, String, bool)> {
    let items = all(list, "ChangeFileItem");
    let file = |item: &String| {
        (one(item, "Name").expect("a name"), one(item, "Size").expect("a size"), one(item, "Checksum").is_some())
    };
    items.iter().map(file).collect()
}

fn folders(list: &str) -> Vec<(String, String)> {
    let items = all(list, "ChangeItem");
    items.iter().map(|item| (one(item, "Path").expect("a path"), one(item, "ActionCode").expect("a code"))).collect()
}

fn file(name: &str, size: &str, there: bool) -> (String, String, bool) {
    (name.to_owned(), size.to_owned(), there)
}

#[tokio::test]
async fn changes_are_told_since_a_date() {
    let mut client = Client::start().await;
    let start = now(&client).await;
    assert_eq!(files(&since(&client, &start, "").await), []);
    let id = client.put("a/f", "12345");
    let list = since(&client, &start, "").await;
    assert_eq!(files(&list), [file("f", "5", true)]);
    assert_eq!(folders(&list), [(client.path("\\a"), "1".to_owned())]);
    assert_eq!(one(&list, "FullSync").as_deref(), Some("false"));
    assert_eq!(one(&list, "Checksum").as_deref(), Some("827ccb0eea8a706c4c34a16891f84e7b"));
    let next = one(&list, "SyncEndDate").expect("a date");
    client.version = Version::V12;
    assert_eq!(since(&client, &start, "").await.matches("<ChangeFileItem>").count(), 1);
    assert_eq!(files(&since(&client, &next, "").await), []);

    client.ok("RenameItem", &format!("{}<Type>file</Type><NewName>g</NewName>", client.at("\\a\\f"))).await;
    assert_eq!(files(&since(&client, &next, "").await), [file("f", "0", false), file("g", "5", true)]);
    let except = format!("<FileExceptionList><long>{id}</long></FileExceptionList>");
    assert_eq!(files(&since(&client, &next, &except).await), []);

    let next = now(&client).await;
    client.ok("RenameItem", &format!("{}<Type>folder</Type><NewName>b</NewName>", client.at("\\a"))).await;
    let list = since(&client, &next, "").await;
    assert_eq!(folders(&list), [(client.path("\\a"), "3".to_owned()), (client.path("\\b"), "2".to_owned())]);
    assert_eq!(files(&list), [file("g", "5", true)], "it went along");
    let folder = one(&list, "ItemId").expect("an id");
    assert_eq!(one(&list, "ParentFolderID"), Some(folder.clone()));
    let except = format!("<FolderExceptionList><long>{folder}</long></FolderExceptionList>");
    assert_eq!(folders(&since(&client, &next, &except).await), []);

    let next = now(&client).await;
    client.emulator.drive().delete(client.account().user().id, ItemId(id)).expect("deleted");
    assert_eq!(files(&since(&client, &next, "").await), [file("g", "0", false)]);
    client
        .emulator
        .drive()
        .purge(client.account().user().id, ItemId(folder.parse().expect("a number")))
        .expect("purged");
    assert_eq!(folders(&since(&client, &next, "").await), [(client.path("\\b"), "3".to_owned())]);
}

#[tokio::test]
async fn no_change_is_lost_between_two_dates() {
    let client = Client::start().await;
    let (mut date, mut told) = (now(&client).await, Vec::new());
    for number in 0..50 {
        client.put(&format!("{number}-a"), "x");
        client.put(&format!("{number}-b"), "x");
        let list = since(&client, &date, "").await;
        date = one(&list, "SyncEndDate").expect("a date");
        told.extend(files(&list).into_iter().map(|file| file.0));
    }
    assert_eq!(told.len(), 100);
    told.dedup();
    assert_eq!(told.len(), 100);
}

#[tokio::test]
async fn others_files_are_not_told_unless_they_are_shared() {
    let mut client = Client::with(Emulator::builder().user("one@example.com", "1").user("two@example.com", "2")).await;
    let owner = client.token.clone();
    client.token = client.login("two@example.com", "2").await;
    let start = now(&client).await;
    client.put("team/f", "text");
    client.put("private/f", "text");
    let list = since(&client, &start, "").await;
    assert_eq!(
        (files(&list).len(), folders(&list).len(), one(&list, "HeaderChanged").as_deref()),
        (0, 0, Some("false"))
    );
    let member = std::mem::replace(&mut client.token, owner);
    let share = "<UserAccountWithWhomToShareFolder>two@example.com</UserAccountWithWhomToShareFolder>\
                 <SharedFolderName>team</SharedFolderName><SharedFolderAccessLevel>R</SharedFolderAccessLevel>";
    client.ok("GroupShareAdd", share).await;
    client.token = member;
    let list = since(&client, &start, "").await;
    assert_eq!(one(&list, "HeaderChanged").as_deref(), Some("true"), "the folders to synchronise are others");
    assert_eq!(folders(&list), [("\\one@example.com\\team".to_owned(), "1".to_owned())]);
    let next = one(&list, "SyncEndDate").expect("a date");
    client.put("team/g", "text");
    let list = since(&client, &next, "").await;
    assert_eq!((files(&list), one(&list, "HeaderChanged").as_deref()), (vec![file("g", "4", true)], Some("false")));
}

#[tokio::test]
async fn switches_say_full_sync_and_header_changed() {
    let client = Client::with(Emulator::builder().zoned_soap_dates(false)).await;
    let start = now(&client).await;
    assert!(!start.ends_with('Z'), "{start}");
    client.put("f", "1");
    client.account().change_list().full_sync(1);
    client.account().change_list().header_changed(2);
    let flags = async || {
        let list = since(&client, &start, "").await;
        (one(&list, "FullSync").expect("a flag"), one(&list, "HeaderChanged").expect("a flag"), files(&list).len())
    };
    assert_eq!(flags().await, ("true".to_owned(), "true".to_owned(), 0));
    assert_eq!(flags().await, ("false".to_owned(), "true".to_owned(), 1));
    assert_eq!(flags().await, ("false".to_owned(), "false".to_owned(), 1));
    let admin = format!("{}/_emulator/change-list?full_sync=1", client.emulator.base_url());
    client.http.post(admin).send().await.expect("an answer");
    assert_eq!(flags().await.0, "true");
}

#[tokio::test]
async fn an_endless_list_is_made_while_it_is_sent() {
    let client = Client::with(Emulator::builder().change_list_entries(300_000)).await;
    let request = format!("<Token>{}</Token>", client.token);
    let body = super::soap::envelope(Version::V11, "ChangeList", &request);
    let (started, mut bytes, mut entries, mut rest) = (Instant::now(), 0, 0, Vec::new());
    let answer = client.post("ChangeList", body).send().await.expect("an answer");
    let mut stream = answer.bytes_stream();
    let mut end = String::new();
    while let Some(data) = stream.next().await {
        rest.extend_from_slice(&data.expect("data"));
        bytes = bytes.max(rest.len());
        let text = String::from_utf8_lossy(&rest).into_owned();
        let complete = text.rfind("</ChangeFileItem>").map_or(0, |at| at + "</ChangeFileItem>".len());
        entries += text[..complete].matches("</ChangeFileItem>").count();
        end = text[complete..].to_owned();
        rest.drain(..complete);
    }
    assert_eq!(entries, 300_000, "after {:?}", started.elapsed());
    assert!(bytes < 8 << 20, "{bytes} bytes at once");
    assert!(end.starts_with("</ChangedFileList><ChangedFolderList />") && end.ends_with("</soap:Envelope>"), "{end}");
    client.account().change_list().entries(Some(0));
    let none = client.ok("ChangeList", "").await;
    assert!(none.contains("<ChangedFileList></ChangedFileList>"), "{none}");
}

#[tokio::test]
async fn all_folders_are_listed_for_synchronisation() {
    let client = Client::start().await;
    client.put("a/b/c/f", "x");
    client.put("d/f", "x");
    let list = client.ok("GetAllItemsForSync", "<Parameters><DeviceID>d</DeviceID></Parameters>").await;
    assert_eq!(one(&list, "SharedDirectory"), Some(client.path("")));
    let mut found: Vec<_> = all(&list, "ChildItems")
        .iter()
        .map(|item| {
            format!(
                "{}{} {}",
                one(item, "Path").expect("a path"),
                one(item, "Name").expect("a name"),
                one(item, "Level").expect("a level")
            )
        })
        .collect();
    found.sort();
    let expected = ["\\a 1", "\\a\\b 2", "\\a\\b\\c 3", "\\d 1"].map(|path| client.path(path));
    assert_eq!(found, expected);
    assert!(list.contains(&element("FolderId", &client.account().user().home.0.to_string())), "{list}");
}
