//! Lists, properties, search; making, renaming, moving, copying and deleting.

use sharesync_emulator::Emulator;

use super::soap::{Client, all, element, one};

fn items(list: &str, entries: &[(&str, String)]) -> String {
    let entries: String = entries
        .iter()
        .map(|(kind, path)| format!("<Item><Type>{kind}</Type>{}</Item>", element("Path", path)))
        .collect();
    format!("<{list}>{entries}</{list}>")
}

#[tokio::test]
async fn lists_come_in_pages() {
    let client = Client::start().await;
    for number in 0..25 {
        client.put(&format!("many/{number:02}"), "x");
    }
    client.put("many/folder/f", "1");
    let page = async |size: i64, number: i64| {
        let inner = format!("{}<PageSize>{size}</PageSize><PageNum>{number}</PageNum>", client.at("\\many"));
        let list = client.ok("ListItems2", &inner).await;
        let told = ["PageNum", "PageCount"].map(|name| one(&list, name).expect("a number").parse().expect("a number"));
        (all(&list, "Name"), told)
    };
    let (names, told) = page(0, 0).await;
    assert_eq!((names.len(), names[0].as_str(), told), (26, "folder", [1, 1]));
    assert_eq!(page(10, 0).await, page(10, 1).await);
    assert_eq!((page(10, 3).await.0.len(), page(10, 3).await.1), (6, [3, 3]));
    assert_eq!(page(10, 4).await, (Vec::new(), [4, 3]));
    let list = client.ok("ListItemsWithPermissions", &client.at("\\many\\folder\\")).await;
    assert_eq!(one(&list, "Permission").as_deref(), Some("F"));
    assert_eq!(one(&list, "Path"), Some(client.path("\\many\\folder\\")));
    assert_eq!(one(&list, "Type").as_deref(), Some("file"));
    let slashes = client.path("\\many\\folder").replace('\\', "/");
    assert_eq!(all(&client.ok("ListItems2", &element("Path", &slashes)).await, "Name"), ["f"]);
    client.refused("ListItems2", &client.at("\\many\\00")).await;
    client.refused("ListItems2", &client.at("\\none")).await;
    client.refused("ListItems2", &element("Path", "\\nobody@example.com")).await;

    let client = Client::with(Emulator::builder().max_page(2)).await;
    for name in ["a", "b", "c"] {
        client.put(name, "x");
    }
    let list = client.ok("ListItems2", &client.at("")).await;
    assert_eq!((all(&list, "Name").len(), one(&list, "PageCount").as_deref()), (2, Some("2")));
}

#[tokio::test]
async fn properties_tell_of_files_and_folders() {
    let client = Client::start().await;
    client.put("a/f", "12345");
    client.put("a/b/g", "12");
    let file = client.ok("FileProperties", &client.at("\\A\\F")).await;
    assert_eq!((one(&file, "FileExists").as_deref(), one(&file, "Size").as_deref()), (Some("1"), Some("5")));
    let ticks: i64 = one(&file, "DateTimeInTicks").expect("ticks").parse().expect("a number");
    assert!(ticks > 638_000_000_000_000_000);
    for missing in ["\\a\\none", "\\a"] {
        let file = client.ok("FileProperties", &client.at(missing)).await;
        assert_eq!(
            (one(&file, "FileExists").as_deref(), one(&file, "DateTimeInTicks").as_deref()),
            (Some("-1"), Some("0"))
        );
    }
    let folder = client.ok("ItemProperties", &format!("<Type>folder</Type>{}", client.at("\\a"))).await;
    assert_eq!((one(&folder, "Size").as_deref(), one(&folder, "Count").as_deref()), (Some("7"), Some("2")));
    let date = one(&folder, "DateLastModified").expect("a date");
    assert_eq!((date.len(), &date[2..3], &date[5..6]), (19, "/", "/"));
    client.refused("ItemProperties", &format!("<Type>file</Type>{}", client.at("\\a"))).await;
}

#[tokio::test]
async fn folders_are_made_once() {
    let client = Client::start().await;
    let make = format!("{}<NewFolderName>new &amp; old</NewFolderName>", client.at(""));
    assert_eq!(one(&client.ok("CreateFolder", &make).await, "FolderCreated").as_deref(), Some("true"));
    let answer = client.ask("CreateFolder", &make).await.text;
    assert!(one(&answer, "ErrorMessage").expect("a reason").starts_with("e2937:"), "{answer}");
    assert_eq!(one(&answer, "FolderCreated").as_deref(), Some("false"));
    for bad in ["", "a\\b", "a/b", ".."] {
        client.refused("CreateFolder", &format!("{}{}", client.at(""), element("NewFolderName", bad))).await;
    }
    client.refused("CreateFolder", &format!("{}<NewFolderName>x</NewFolderName>", client.at("\\none"))).await;
    let deep = format!("{}<NewFolderName>c</NewFolderName>", client.at("\\a\\b"));
    assert_eq!(one(&client.ok("CreateFolderRecursive", &deep).await, "NewFolderName").as_deref(), Some("c"));
    assert_eq!(client.names("\\a\\b").await, ["c"]);
}

#[tokio::test]
async fn items_are_renamed_and_moved() {
    let client = Client::start().await;
    for path in ["a/f", "b/f", "c/g"] {
        client.put(path, path);
    }
    let rename = |path: &str, kind: &str, name: &str| {
        format!("{}<Type>{kind}</Type>{}", client.at(path), element("NewName", name))
    };
    client.ok("RenameItem", &rename("\\a\\f", "file", "F 2")).await;
    assert_eq!(client.read("a/F 2").as_deref(), Some("a/f"));
    client.refused("RenameItem", &rename("\\a\\F 2", "folder", "x")).await;
    client.refused("RenameItem", &rename("\\a\\F 2", "file", "x\\y")).await;
    client.refused("RenameItem", &rename("\\a", "folder", "b")).await;
    client.refused("RenameItem", &rename("", "folder", "b")).await;

    let sources = [client.path("\\c\\g"), client.path("\\none"), client.path("\\b\\f")];
    let sources: String = sources.iter().map(|path| element("SrcPath", path)).collect();
    let moved = client.ok("MoveItems", &format!("{sources}{}", element("DstPath", &client.path("\\a")))).await;
    assert_eq!(all(&moved, "Moved"), ["true", "false", "true"]);
    assert_eq!(all(&moved, "DstPath")[0], client.path("\\a\\g"));
    assert_eq!(client.names("\\a").await, ["f", "F 2", "g"]);
    let into = |from: &str, to: &str| {
        format!("{}{}", element("SrcPath", &client.path(from)), element("DstPath", &client.path(to)))
    };
    client.refused("MoveItems", &into("\\a\\f", "\\a\\new name")).await;
    let itself = client.ask("MoveItems", &into("\\a", "\\a")).await.text;
    assert_eq!(one(&itself, "Moved").as_deref(), Some("false"));
}

#[tokio::test]
async fn there_is_one_clipboard_for_an_account() {
    let client = Client::start().await;
    client.put("a/f", "one");
    client.put("a/g", "two");
    client.put("b/x", "x");
    let empty = async || one(&client.ok("ListItems2", &client.at("")).await, "ClipboardIsEmpty").expect("a flag");
    assert_eq!(empty().await, "true");
    client.refused("Paste", &client.at("\\b")).await;
    client.ok("CopyItems", &items("ItemsToCopy", &[("file", client.path("\\a\\g"))])).await;
    client.ok("CopyItems", &items("ItemsToCopy", &[("file", client.path("\\a\\f"))])).await;
    assert_eq!(empty().await, "false");
    client.ok("Paste", &client.at("\\b")).await;
    assert_eq!(client.names("\\b").await, ["f", "x"], "the second copy replaced the first");
    client.refused("Paste", &client.at("\\b")).await;
    client
        .ok("CutItems", &items("ItemsToCut", &[("folder", client.path("\\b")), ("file", client.path("\\a\\g"))]))
        .await;
    let make = format!("{}<NewFolderName>c</NewFolderName>", client.at(""));
    client.ok("CreateFolder", &make).await;
    client.ok("Paste", &client.at("\\c")).await;
    assert_eq!(client.names("\\c").await, ["b", "g"]);
    assert_eq!((client.read("c/b/f").as_deref(), client.read("b/f")), (Some("one"), None));
    assert_eq!(empty().await, "true");
    client.refused("CutItems", &items("ItemsToCut", &[("file", client.path("\\none"))])).await;
}

#[tokio::test]
async fn items_are_deleted() {
    let client = Client::start().await;
    for path in ["a/f", "a/g", "b/f"] {
        client.put(path, path);
    }
    let delete = |entries: &[(&str, &str)]| {
        let entries: Vec<_> = entries.iter().map(|(kind, path)| (*kind, client.path(path))).collect();
        items("ItemsToDelete", &entries)
    };
    client.ok("DeleteItems", &delete(&[("file", "\\a\\f"), ("folder", "\\a\\f"), ("folder", "\\b")])).await;
    assert_eq!(client.names("").await, ["a"]);
    assert_eq!(client.names("\\a").await, ["g"]);
    client.refused("DeleteItems", &delete(&[("folder", "\\a\\g")])).await;
    client.refused("DeleteItems", &delete(&[("file", "\\a\\f")])).await;
    client.refused("DeleteItems", &delete(&[("folder", "")])).await;
    client.refused("DeleteItems", "").await;
    assert_eq!(client.names("\\a").await, ["g"]);
}

#[tokio::test]
async fn search_finds_by_name_and_size() {
    let client = Client::start().await;
    client.put("a/report.txt", "12345");
    client.put("a/deep/Report 2.txt", &"x".repeat(3000));
    client.put("report elsewhere", "1");
    let search = async |more: &str| {
        let common =
            "<SizeUnit>None</SizeUnit><SortBy>NAME</SortBy><SortOrder>ASC</SortOrder><ItemName>*report*</ItemName>";
        all(&client.ok("SearchFiles", &format!("{}{common}{more}", client.at("\\a"))).await, "Name")
    };
    assert_eq!(search("").await, ["report.txt"]);
    let deep = "<CheckSubFolders>1</CheckSubFolders>";
    assert_eq!(search(deep).await, ["Report 2.txt", "report.txt"]);
    assert_eq!(search(&format!("{deep}<SizeFrom>1000</SizeFrom>")).await, ["Report 2.txt"]);
    assert_eq!(search(&format!("{deep}<PageSize>1</PageSize><StartPage>2</StartPage>")).await, ["report.txt"]);
    client.refused("SearchFiles", &format!("{}<TextInFile>x</TextInFile>", client.at(""))).await;
}

#[tokio::test]
async fn activities_are_told() {
    let client = Client::start().await;
    client.put("a/f", "12345");
    client.ok("RenameItem", &format!("{}<Type>folder</Type><NewName>b</NewName>", client.at("\\a"))).await;
    client.ok("DeleteItems", &items("ItemsToDelete", &[("file", client.path("\\b\\f"))])).await;
    let period = "<StartDate>2020-01-01T00:00:00</StartDate><EndDate>2999-01-01T00:00:00</EndDate>";
    let list = client.ok("ListLogActivities", period).await;
    let told = all(&list, "ActivityType");
    assert_eq!(told, ["CreateFolder", "Upload", "RenameFolderFile", "DeleteFolderFile"]);
    assert!(
        list.contains(&element("SourcePath", &client.path("\\a")))
            && list.contains(&element("DestinationPath", &client.path("\\b")))
    );
    let one_kind = client.ok("ListLogActivities", &format!("{period}<ActivityType>Upload</ActivityType>")).await;
    assert_eq!(
        (all(&one_kind, "Size"), all(&one_kind, "SourceItemType")),
        (vec!["5".to_owned()], vec!["File".to_owned()])
    );
}
