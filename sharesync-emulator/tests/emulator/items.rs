//! Looking at items over raw HTTP.

use crate::common::{Client, names, text};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn an_item_says_what_it_is() {
    let client = Client::start().await;
    let home = client.get("Items").await;
    assert_eq!(home["odata.type"], "ShareFile.Api.Models.Folder");
    assert!(text(&home, "Id").starts_with("foh"));
    assert_eq!(home, client.get("Items(home)").await);
    assert_eq!(text(&home, "url"), client.url(&format!("Items({})", text(&home, "Id"))));

    let uploaded = client.file("home", "Hello.txt", "hello").await;
    let file = client.get(&format!("Items({})", text(&uploaded, "id"))).await;
    assert_eq!(file["odata.type"], "ShareFile.Api.Models.File");
    assert!(text(&file, "odata.metadata").ends_with("/sf/v3/$metadata#Items/ShareFile.Api.Models.File@Element"));
    assert_eq!(file["FileSizeBytes"], 5);
    assert_eq!(file["Hash"], "5d41402abc4b2a76b9719d911017c592");
    assert!(text(&file, "Id").starts_with("fi") && text(&file, "StreamID").starts_with("st"));
    assert_eq!(text(&file, "SemanticPath"), "/Personal Folders/Hello.txt");
    let home = client.get("Items").await;
    assert_eq!((home["FileCount"].as_u64(), home["FileSizeBytes"].as_u64()), (Some(1), Some(5)));
    assert_eq!(home["ProgenyEditDate"], file["ProgenyEditDate"]);
}

#[tokio::test]
async fn ids_may_be_quoted_and_in_any_case() {
    let client = Client::start().await;
    let id = client.folder("home", "A").await;
    for spelled in [format!("'{id}'"), id.to_uppercase(), format!("%27{id}%27")] {
        assert_eq!(client.get(&format!("items({spelled})")).await["Id"], id.as_str());
    }
    assert_eq!(client.get(&format!("ITEMS({id})/PARENT")).await["Name"], "Personal Folders");
}

#[tokio::test]
async fn without_a_valid_token_there_is_a_challenge() {
    let client = Client::start().await;
    for token in [None, Some("nonsense")] {
        let mut request = client.http.get(client.url("Items"));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 401);
        assert_eq!(answer.headers()["www-authenticate"], "Bearer");
        let body: serde_json::Value = answer.json().await.expect("JSON");
        assert_eq!((&body["code"], &body["reason"]), (&json!("Unauthorized"), &json!("NotAuthenticated")));
    }
}

#[tokio::test]
async fn paths_ignore_case_and_both_spaces_work() {
    let client = Client::start().await;
    let outer = client.folder("home", "Über Uns").await;
    let inner = client.folder(&outer, "a+b & 100%").await;
    for path in [
        "path=/Über+Uns/a%2Bb%20%26%20100%25",
        "PATH=%2F%C3%BCBER%20UNS%2FA%2Bb+%26+100%25",
        "path=%2F%2FÜber%20uns%2F%2Fa%2BB%20%26%20100%25%2F",
    ] {
        assert_eq!(client.get(&format!("Items/ByPath?{path}")).await["Id"], inner.as_str(), "{path}");
        assert_eq!(client.get(&format!("Items(home)/ByPath?{path}")).await["Id"], inner.as_str(), "{path}");
    }
    let absolute = client.get("Items/ByPath?path=/Personal+Folders/über+uns").await;
    assert_eq!(absolute["Id"], outer.as_str());
    let missing = client.refused(Method::GET, "Items(home)/ByPath?path=/nope", None).await;
    assert_eq!(missing, (404, "NotFound".to_owned()));
    assert_eq!(client.refused(Method::GET, "Items(home)/ByPath", None).await.0, 400);
}

#[tokio::test]
async fn children_come_folders_first_and_all_at_once() {
    let client = Client::start().await;
    for name in ["b.txt", "A.txt", "c.txt"] {
        client.file("home", name, name).await;
    }
    client.folder("home", "z").await;
    let feed = client.get("Items(home)/Children").await;
    assert_eq!(names(&feed), ["z", "A.txt", "b.txt", "c.txt"]);
    assert_eq!(feed["odata.count"], 4);
    assert!(feed.get("odata.nextLink").is_none());

    assert_eq!(client.names("Items(home)/Children?$orderby=Name+desc").await, ["z", "c.txt", "b.txt", "A.txt"]);
    assert_eq!(client.names("Items(home)/Children?$filter=startswith(Name,'a')+eq+true").await, ["A.txt"]);
    assert_eq!(
        client.names("Items(home)/Children?$orderby=Name+desc&orderingMode=FoldersFirst&$top=2").await,
        ["z", "c.txt"]
    );
    let selected = client.get("Items(home)/Children?%24select=odata.count%2CName%2CNonsense").await;
    assert!(selected["value"][0].get("FileCount").is_none());
    assert_eq!(selected["value"][0]["odata.type"], "ShareFile.Api.Models.Folder");
    for bad in ["$filter=Name+is+1", "$orderby=Nope", "$top=many", "$skip=-1"] {
        let refused = client.refused(Method::GET, &format!("Items(home)/Children?{bad}"), None).await;
        assert_eq!(refused, (400, "BadRequest".to_owned()), "{bad}");
    }
}

#[tokio::test]
async fn pages_link_to_the_next_until_all_is_seen() {
    let client = Client::with(sharesync_emulator::Emulator::builder().max_page(7)).await;
    let drive = client.emulator.drive();
    let user = client.emulator.sharefile().user();
    for number in 0..40 {
        drive.put_bytes(user.id, user.home, &format!("{number:02} & more.txt"), "x").expect("a file");
    }
    for (start, page) in [("Items(home)/Children", 7), ("Items(home)/Children?$top=3&$filter=Name+ne+'x y'", 3)] {
        let (mut seen, mut next) = (Vec::new(), Some(client.url(start)));
        while let Some(link) = next {
            let feed = client.get(&link).await;
            assert_eq!(feed["odata.count"], 40);
            assert!(names(&feed).len() <= page);
            seen.extend(names(&feed));
            next = feed["odata.nextLink"].as_str().map(str::to_owned);
        }
        let mut expected: Vec<_> = (0..40).map(|number| format!("{number:02} & more.txt")).collect();
        expected.sort();
        assert_eq!(seen, expected);
    }
}

#[tokio::test]
async fn expanding_brings_entities_along() {
    let client = Client::start().await;
    let folder = client.folder("home", "outer").await;
    client.folder(&folder, "inner").await;
    client.file(&folder, "f.txt", "1").await;
    let item = client.get("Items(home)?$expand=Children/Children,Info,Parent&$select=Name,Children/Name").await;
    assert!(item["Children"].is_array(), "children are a plain array: {item}");
    assert_eq!(item["Children"][0]["Children"][1]["Name"], "f.txt");
    assert!(item["Children"][0].get("FileCount").is_none());
    assert_eq!(item["Info"]["IsMyHomeFolder"], true);
    assert!(item["Parent"]["Id"].is_string());
}

#[tokio::test]
async fn special_ids_lead_to_special_folders() {
    let client = Client::start().await;
    for id in ["home", "favorites", "allshared", "connectors", "box", "top", "root"] {
        assert_eq!(client.get(&format!("Items({id})")).await["odata.type"], "ShareFile.Api.Models.Folder", "{id}");
    }
    let top = client.names("Items(top)/Children").await;
    assert_eq!(top, ["Personal Folders", "Favorite Folders", "Shared Folders", "Connectors"]);
    let shared = client.post("Items/Folder", json!({"Name": "Team"})).await;
    assert_eq!(client.names("Items(allshared)/Children").await, ["Team"]);
    assert_eq!(client.get("Items/ByPath?path=/team").await["Id"], shared["Id"]);
    assert_eq!(client.refused(Method::POST, "Items(top)/Folder", Some(json!({"Name": "x"}))).await.0, 403);
}

#[tokio::test]
async fn information_is_for_folders_only() {
    let client = Client::start().await;
    let file = client.file("home", "f", "1").await;
    assert_eq!(client.get("Items(home)/Info").await["CanUpload"], true);
    let id = text(&file, "id");
    assert_eq!(client.refused(Method::GET, &format!("Items({id})/Info"), None).await.0, 400);
    assert_eq!(client.refused(Method::GET, &format!("Items({id})/Children"), None).await.0, 400);
    assert_eq!(client.refused(Method::GET, &format!("Items({id})/Redirection"), None).await.0, 400);
    assert_eq!(client.refused(Method::GET, "Items(fi-no-such-thing)", None).await.0, 404);
}

#[tokio::test]
async fn a_stream_lists_versions_newest_first_and_twenty_unless_told() {
    let client = Client::start().await;
    let mut last = json!(null);
    for number in 0..25 {
        last = client.file("home", "v.txt", format!("version {number}")).await;
    }
    let stream = text(&last, "streamid").to_owned();
    let feed = client.get(&format!("Items({stream})/Stream")).await;
    let versions = feed["value"].as_array().expect("versions");
    assert_eq!((versions.len(), feed["odata.count"].as_u64()), (20, Some(25)));
    assert_eq!(versions[0]["Id"], last["id"]);
    assert!(versions.iter().all(|version| version["StreamID"] == stream.as_str()));
    let all = client.get(&format!("Items({stream})/Stream?$top=100")).await;
    let oldest = all["value"][24]["Id"].as_str().expect("an id").to_owned();
    assert_eq!(client.read(&oldest).await, b"version 0");
    assert_eq!(client.get(&format!("Items({oldest})/Stream")).await["odata.count"], 0, "not a stream's id");
    assert_eq!(client.names("Items(home)/Children").await, ["v.txt"]);
}

#[tokio::test]
async fn breadcrumbs_lead_from_the_top() {
    let client = Client::start().await;
    let outer = client.folder("home", "outer").await;
    let inner = client.folder(&outer, "inner").await;
    assert_eq!(client.names(&format!("Items({inner})/Breadcrumbs")).await, ["Personal Folders", "outer", "inner"]);
    assert_eq!(client.names(&format!("Items({inner})/Breadcrumbs?path={outer}")).await, ["outer", "inner"]);
}

#[tokio::test]
async fn a_tree_view_tells_where_an_item_may_go() {
    let client = Client::start().await;
    let source = client.folder("home", "source").await;
    client.folder("home", "target").await;
    let allowed = async |mode: &str| -> Vec<bool> {
        let tree =
            client.get(&format!("Items(home)?treemode={mode}&sourceId={source}&canCreateRootFolder=false")).await;
        let nodes = [&tree].into_iter().chain(tree["Children"].as_array().expect("children"));
        nodes.map(|node| node["Info"]["TreeModeOperationAllowed"].as_bool().expect("a flag")).collect()
    };
    assert_eq!(allowed("copy").await, [true, false, true]);
    assert_eq!(allowed("move").await, [false, false, true]);
    assert_eq!(client.refused(Method::GET, "Items(home)/TreeView", None).await.0, 400);
    assert_eq!(client.refused(Method::GET, "Items(home)/TreeView?treemode=shake", None).await.0, 400);
}

#[tokio::test]
async fn symbolic_links_send_clients_elsewhere() {
    let client = Client::start().await;
    let target = "https://elsewhere.example/cifs/v3/Items(abc)";
    let link = client.post("Items(top)/SymbolicLink", json!({"Name": "Share", "Link": target})).await;
    assert_eq!(link["odata.type"], "ShareFile.Api.Models.SymbolicLink");
    let id = text(&link, "Id");
    let answer = client.send(Method::GET, &format!("Items({id})/Children"), None).await;
    assert_eq!(answer.status(), 302);
    assert_eq!(answer.headers()["location"], format!("{target}/Children"));
    let redirection = client.get(&format!("Items({id})/Redirection")).await;
    assert_eq!(redirection["Uri"], format!("{target}/Children"));
    let answer = client.send(Method::GET, "Items/ByPath?path=/Connectors/share/deep/er", None).await;
    assert_eq!(answer.headers()["location"], format!("{target}/ByPath?path=%2Fdeep%2Fer"));
}

#[tokio::test]
async fn other_users_homes_are_closed() {
    let builder = sharesync_emulator::Emulator::builder().user("a@example.com", "a").user("b@example.com", "b");
    let client = Client::with(builder).await;
    let drive = client.emulator.drive();
    let other = drive.user_by_email("b@example.com").expect("a user");
    let secret = drive.put_bytes(other.id, other.home, "secret.txt", "s").expect("a file");
    assert_eq!(secret.path(), "/Personal Folders/b@example.com/secret.txt");
    let mine = client.file("home", "mine-secret.txt", "m").await;
    let found = client.get("Items/Search?query=secret").await;
    assert_eq!(found["TotalCount"], 1);
    assert_eq!(found["Results"][0]["ItemID"], mine["id"]);
    let listed = client.get("Items/ByDlpStatus?status=Unscanned&zone=zp3c74dec1-66f4-47b9-bac2-0d85b629e57a").await;
    assert_eq!(names(&listed), ["mine-secret.txt"]);
}
