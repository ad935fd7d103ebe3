//! The documented way in: the profile, the library, the site, the policy, the root folder, the quota, subscriptions.

use reqwest::Method;

use super::{PLAIN, Stage, VERBOSE, all, header, json_of, text};

#[tokio::test]
async fn the_profile_leads_to_the_site() {
    let stage = Stage::start().await;
    let path = "/_api/sp.userprofiles.peoplemanager/getmyproperties";
    let answer = stage.request(Method::GET, path).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    assert!(header(answer.headers(), "content-type").starts_with("application/atom+xml"));
    assert!(!header(answer.headers(), "sprequestguid").is_empty());
    assert_eq!(header(answer.headers(), "x-sharepointhealthscore"), "0");
    let xml = answer.text().await.expect("a body");
    assert_eq!(all(&xml, "d:PersonalUrl"), [format!("{}/", stage.emulator.sharepoint().site())]);
    assert_eq!(all(&xml, "d:AccountName"), ["EMULATED\\first.user"]);
    let verbose = stage.request(Method::GET, path).header("accept", VERBOSE).send().await.expect("an answer");
    let verbose = json_of(verbose, 200).await;
    assert_eq!(verbose["d"]["__metadata"]["type"], "SP.UserProfiles.PersonProperties");
    let properties = verbose["d"]["UserProfileProperties"]["results"].as_array().expect("properties");
    assert!(properties.iter().any(|property| property["Key"] == "UserProfile_GUID"), "{verbose}");
    let plain = stage.request(Method::POST, path).header("accept", PLAIN).send().await.expect("an answer");
    assert_eq!(text(&json_of(plain, 200).await, "Email"), "first.user@example.com");
}

#[tokio::test]
async fn ids_in_every_form() {
    let stage = Stage::start().await;
    let library = stage.library().await;
    assert_eq!(library.len(), 36);
    for (path, element) in [("_api/web/DefaultDocumentLibrary/ID", "Id"), ("_api/Site/Id", "Id")] {
        let answer = stage.request(Method::GET, path).send().await.expect("an answer");
        let xml = answer.text().await.expect("a body");
        assert!(xml.contains(&format!("<d:{element} ")) && xml.contains("m:type=\"Edm.Guid\""), "{xml}");
        let verbose = stage.request(Method::GET, path).header("accept", VERBOSE).send().await.expect("an answer");
        assert_eq!(text(&json_of(verbose, 200).await["d"], element).len(), 36);
    }
    assert_eq!(stage.request(Method::GET, "/").send().await.expect("an answer").status(), 200);
    let nobody = stage.request(Method::GET, "/personal/nobody/_api/web").send().await.expect("an answer");
    assert_eq!(nobody.status(), 404);
    let other = stage.request(Method::GET, "/personal/other_user/_api/web/lists").send().await.expect("an answer");
    assert_eq!(other.status(), 403, "another user's site");
}

#[tokio::test]
async fn both_policies() {
    let stage = Stage::start().await;
    stage.upload("", "a.txt", "a").await;
    let library = stage.library().await;
    let plain = library.replace('-', "");
    let mut documents = Vec::new();
    for id in [library, plain.to_uppercase()] {
        let path = format!("_api/spfilesync/SYNC/{id}/policy/");
        let answer = stage.request(Method::GET, &path).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        assert_eq!(header(answer.headers(), "content-type"), "Application/Web3s+xml");
        documents.push(answer.text().await.expect("a body"));
    }
    for document in &documents {
        assert!(
            document.contains("<PolicyDocument>") && document.contains("<Rule name=\"ItemCount\" value=\"1\"/>"),
            "{document}"
        );
        assert!(document.contains("DownloadUrlTemplate"));
    }
    assert_ne!(documents[0], documents[1]);
    let wrong = "_api/SPFileSync/sync/be100e28-dd1c-4f2f-8e83-acdb6fffff05/policy/";
    assert_eq!(stage.request(Method::GET, wrong).send().await.expect("an answer").status(), 404);
}

#[tokio::test]
async fn the_root_folder_and_its_quota() {
    let stage = Stage::with(sharesync_emulator::Emulator::builder().library_quota(1000)).await;
    stage.upload("", "a.txt", "12345").await;
    let path = stage.sync("RootFolder").await;
    let bare = stage.request(Method::GET, &path).send().await.expect("an answer").text().await.expect("a body");
    assert_eq!(all(&bare, "Path"), ["/RootFolder"]);
    assert!(all(&bare, "QuotaState").is_empty() && !bare.contains("<Items>"), "{bare}");
    let path = stage.sync("RootFolder?web3s.expand=QuotaState").await;
    let quota = stage.request(Method::GET, &path).send().await.expect("an answer").text().await.expect("a body");
    assert_eq!(all(&quota, "QuotaState"), ["Normal"]);
    assert_eq!((all(&quota, "SpaceUsed"), all(&quota, "SpaceGranted")), (vec!["5".into()], vec!["1000".into()]));
    let path = format!("{}/Files/add(url='big',overwrite=true)", stage.folder(""));
    let big = stage.request(Method::POST, &path).body(vec![0; 2000]).send().await.expect("an answer");
    assert_eq!(big.status(), 507);
}

#[tokio::test]
async fn items_by_pages() {
    let stage = Stage::start().await;
    stage.make_folder("top").await;
    for name in ["a", "b", "c"] {
        stage.make_folder(&format!("top/{name}")).await;
    }
    stage.upload("top", "file.txt", "x").await;
    let top = text(&stage.get(&stage.folder("top")).await, "UniqueId").replace('-', "");
    let item = async |query: &str| {
        let path = stage.sync(&format!("Items/{top}?{query}")).await;
        let answer = stage.request(Method::GET, &path).send().await.expect("an answer");
        let more = header(answer.headers(), "x-hasmoredata").to_owned();
        (all(&answer.text().await.expect("a body"), "RelationshipName"), more)
    };
    let documented = item("View=SkyDriveSync&Depth=0&FoldersOnly=true&web3s.paging=0,100").await;
    assert_eq!(documented, (vec!["top".into(), "a".into(), "b".into(), "c".into()], String::new()));
    let first = item("View=SkyDriveSync&Depth=0&FoldersOnly=true&web3s.paging=0,2").await;
    assert_eq!(first, (vec!["top".into(), "a".into(), "b".into()], "True".into()));
    let second = item("View=SkyDriveSync&Depth=0&FoldersOnly=true&web3s.paging=2,2").await;
    assert_eq!(second, (vec!["top".into(), "c".into()], String::new()));
    let all_of_it = item("View=SkyDriveSync&Depth=0&web3s.paging=0,100").await;
    assert_eq!(all_of_it.0.len(), 5);
    assert_eq!(item("View=SkyDriveSync").await.0, ["top"]);
}

#[tokio::test]
async fn a_subscription() {
    let stage = Stage::start().await;
    let path = stage.sync("Subscription").await.replace("SPFileSync", "spfilesync");
    let answer = stage.request(Method::POST, &path).send().await.expect("an answer");
    assert_eq!(answer.status(), 201);
    let xml = answer.text().await.expect("a body");
    assert_eq!(all(&xml, "SubscriptionId").len(), 1, "{xml}");
    assert_eq!(all(&xml, "ExpirationDateTime").len(), 1, "{xml}");
}
