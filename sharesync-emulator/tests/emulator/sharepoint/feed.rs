//! The change feed of the sync service, flat and nested.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use reqwest::header::HeaderMap;
use sharesync_emulator::{Emulator, SharePointResync};

use super::{Stage, all, header, text};

/// A page: its headers and its document.
struct Page {
    headers: HeaderMap,
    xml: String,
}

impl Page {
    fn status(&self) -> &str {
        header(&self.headers, "x-syncstatus")
    }

    fn token(&self) -> &str {
        header(&self.headers, "x-synctoken")
    }

    fn has_more(&self) -> bool {
        header(&self.headers, "x-hasmoredata") == "True"
    }

    /// The names below the root, but for the root itself.
    fn names(&self) -> Vec<String> {
        all(&self.xml, "RelationshipName").into_iter().skip(1).collect()
    }
}

impl Stage {
    async fn feed(&self, token: Option<&str>, most: usize, flat: bool) -> Page {
        let token = token.map(|token| format!("&SyncToken={token}")).unwrap_or_default();
        let path = format!("RootFolder?Filter=changes&InlineBlobs=false&MaxItemCount={most}{token}&View=SkyDriveSync");
        let mut request = self.request(Method::GET, &self.sync(&path).await).header("accept", "application/web3s+xml");
        if flat {
            request = request.header("X-ResponseStructure", "Flat");
        }
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        assert_eq!(header(answer.headers(), "content-type"), "Application/Web3s+xml");
        let headers = answer.headers().clone();
        Page { headers, xml: answer.text().await.expect("a body") }
    }

    /// All pages from a token on, and the last one's token.
    async fn follow(&self, token: Option<&str>, most: usize, flat: bool) -> (Vec<Page>, String) {
        let (mut pages, mut token) = (Vec::new(), token.map(str::to_owned));
        loop {
            let page = self.feed(token.as_deref(), most, flat).await;
            let (next, more) = (page.token().to_owned(), page.has_more());
            pages.push(page);
            if !more {
                return (pages, next);
            }
            token = Some(next);
        }
    }
}

#[tokio::test]
async fn a_first_sync_by_pages() {
    let stage = Stage::start().await;
    stage.make_folder("sub").await;
    for number in 0..7 {
        stage.upload("sub", &format!("f{number}"), "content").await;
    }
    let flat = stage.feed(None, 50, true).await;
    assert_eq!(
        (flat.status(), flat.has_more(), header(&flat.headers, "x-responsestructure")),
        ("FullData", false, "Flat")
    );
    assert_eq!(flat.names().len(), 8);
    assert!(flat.token().starts_with("3;%234;%231;3;") && flat.token().ends_with(";%23;%23;%234"), "{}", flat.token());
    let (pages, token) = stage.follow(None, 3, true).await;
    assert_eq!(pages.len(), 3);
    assert!(pages.iter().all(|page| page.status() == "FullData"));
    let names: BTreeSet<String> = pages.iter().flat_map(Page::names).collect();
    assert_eq!(names.len(), 8);
    assert_eq!(stage.feed(Some(&token), 3, true).await.status(), "NoChanges");
    let nested = stage.feed(None, 50, false).await;
    assert_eq!(header(&nested.headers, "x-responsestructure"), "");
    let (folder, items) =
        (nested.xml.find("<RelationshipName>sub<").expect("the folder"), nested.xml.find("f0<").expect("a file"));
    assert!(
        folder < items
            && nested.xml.ends_with(
                "</Document></Items></Folder></Items><QuotaState>Normal</QuotaState>\
        <SpaceUsed>49</SpaceUsed><SpaceGranted>27487790694400</SpaceGranted></Folder>"
            ),
        "{}",
        nested.xml
    );
}

#[tokio::test]
async fn what_changed_and_what_is_gone() {
    let stage = Stage::start().await;
    stage.make_folder("sub").await;
    let a = stage.upload("", "a", "1").await;
    let b = stage.upload("sub", "b", "1").await;
    stage.upload("sub", "c", "1").await;
    let (_, token) = stage.follow(None, 50, true).await;
    stage.upload("", "a", "22").await;
    stage.post(&format!("{}/Recycle()", stage.file("sub/b")), serde_json::Value::Null).await;
    let item = format!("{}/ListItemAllFields", stage.folder("sub"));
    stage.tunnel("MERGE", &item, Some("*"), Some(serde_json::json!({"FileLeafRef": "new"}))).await;
    let page = stage.feed(Some(&token), 50, true).await;
    assert_eq!(
        (page.status(), page.names()),
        ("IncrementalChanges", vec!["a".into(), "new".into(), "b".into()]),
        "c went along"
    );
    let ids = all(&page.xml, "ResourceID");
    assert_eq!([&ids[1], &ids[3]], [&a, &b].map(|file| text(file, "UniqueId").replace('-', "")).each_ref());
    assert_eq!((all(&page.xml, "IsDeleted"), all(&page.xml, "DataSize")), (vec!["True".into()], vec!["2".into()]));
    let nested = stage.feed(Some(&token), 50, false).await;
    assert_eq!(all(&nested.xml, "IsDeleted").len(), 1);
    assert_eq!(nested.names().len(), 3);

    let token = page.token().to_owned();
    let bin = stage.get("_api/web/RecycleBin").await;
    let id = text(&super::values(&bin)[0], "Id");
    stage.post(&format!("_api/web/RecycleBin('{id}')/Restore()"), serde_json::Value::Null).await;
    stage.tunnel("DELETE", &stage.file("a"), Some("*"), None).await;
    let page = stage.feed(Some(&token), 50, true).await;
    assert_eq!(page.names(), ["b", "a"]);
    let pages = stage.follow(Some(&token), 1, false).await.0;
    assert_eq!(pages.iter().map(|page| all(&page.xml, "IsDeleted").len()).collect::<Vec<_>>(), [0, 1]);
}

#[tokio::test]
async fn what_leaves_the_library_and_enters_it() {
    let stage = Stage::start().await;
    let drive = stage.emulator.drive();
    let user = stage.emulator.sharepoint().user().clone();
    drive.make_path(user.id, drive.root(), "Shared Folders/team").expect("a site");
    stage.make_folder("folder").await;
    stage.upload("folder", "x", "x").await;
    let (_, token) = stage.follow(None, 50, true).await;
    let utility = async |from: String, to: String| {
        let body = serde_json::json!({"srcPath": {"DecodedUrl": stage.url(&from)}, "destPath": {"DecodedUrl": stage.url(&to)}});
        let (status, told) = stage.post("_api/SP.MoveCopyUtil.MoveFolderByPath()", body).await;
        assert_eq!(status, 200, "{told}");
    };
    utility(stage.path("folder"), "/sites/team/Shared Documents/folder".into()).await;
    let page = stage.feed(Some(&token), 50, true).await;
    assert_eq!((page.names().len(), all(&page.xml, "IsDeleted").len()), (2, 2));
    let token = page.token().to_owned();
    utility("/sites/team/Shared Documents/folder".into(), stage.path("back")).await;
    let page = stage.feed(Some(&token), 50, true).await;
    assert_eq!((page.names(), all(&page.xml, "IsDeleted").len()), (vec!["back".into(), "x".into()], 0));
}

/// Applies pages to a copy by id, the way a client does.
fn apply(copy: &mut BTreeMap<String, (String, String)>, pages: &[Page]) {
    for page in pages {
        for part in page.xml.split("<ItemType>").skip(2) {
            let get = |name: &str| all(part, name).into_iter().next().unwrap_or_default();
            let id = get("ResourceID");
            if part.contains("<IsDeleted>True") {
                copy.remove(&id);
            } else {
                copy.insert(id, (get("RelationshipName"), get("ParentResourceID")));
            }
        }
    }
}

#[tokio::test]
async fn random_histories_in_both_forms() {
    for flat in [true, false] {
        let stage = Stage::start().await;
        let drive = stage.emulator.drive();
        let user = stage.emulator.sharepoint().user().clone();
        let mut dice = fastrand::Rng::with_seed(7);
        let (mut copy, mut token) = (BTreeMap::new(), None);
        for round in 0..30 {
            for _ in 0..dice.usize(0..8) {
                let all = drive.find(user.home, usize::MAX, |_| true);
                let mut all: Vec<_> = all.into_iter().map(|entry| (entry.item.id, entry.item.is_folder())).collect();
                all.sort();
                let folders: Vec<_> =
                    all.iter().filter(|(_, folder)| *folder).map(|(id, _)| *id).chain([user.home]).collect();
                let folder = folders[dice.usize(0..folders.len())];
                let name = format!("n{}", dice.u8(0..20));
                let some = all.get(dice.usize(0..all.len().max(1))).map(|(id, _)| *id);
                let patch = |parent| sharesync_emulator::drive::ItemPatch {
                    name: Some(name.as_str().into()),
                    parent,
                    ..Default::default()
                };
                match (dice.u8(0..6), some) {
                    (0, _) => drop(drive.create_folder(user.id, folder, &name, Default::default())),
                    (1 | 2, _) => drop(drive.put_bytes(user.id, folder, &name, "x")),
                    (3, Some(id)) => drop(drive.update(user.id, id, patch(None))),
                    (4, Some(id)) => drop(drive.update(user.id, id, patch(Some(folder)))),
                    (5, Some(id)) => drop(drive.delete(user.id, id)),
                    _ => {}
                }
            }
            let (pages, next) = stage.follow(token.as_deref(), 1 + dice.usize(0..5), flat).await;
            if round == 15 {
                copy.clear();
                apply(&mut copy, &stage.follow(None, 2, flat).await.0);
            } else {
                apply(&mut copy, &pages);
            }
            token = Some(next);
            // What was in a folder that is gone is gone with it.
            loop {
                let known: BTreeSet<String> = copy.keys().cloned().collect();
                let root = stage.sync("RootFolder").await;
                let root = all(
                    &stage.request(Method::GET, &root).send().await.expect("an answer").text().await.expect("a body"),
                    "ResourceID",
                )[0]
                .clone();
                let before = copy.len();
                copy.retain(|_, (_, parent)| *parent == root || known.contains(parent));
                if copy.len() == before {
                    break;
                }
            }
            let mut wanted: Vec<String> =
                drive.find(user.home, usize::MAX, |_| true).iter().map(|entry| entry.item.name.to_string()).collect();
            let mut names: Vec<String> = copy.values().map(|(name, _)| name.clone()).collect();
            wanted.sort();
            names.sort();
            assert_eq!(names, wanted, "round {round}, flat {flat}");
        }
    }
}

#[tokio::test]
async fn resync_of_every_kind() {
    let stage = Stage::start().await;
    stage.upload("", "a", "1").await;
    let kinds = [
        (SharePointResync::ResetReupload, "ResyncNeeded", "ResetReupload"),
        (SharePointResync::Reupload, "ResyncNeeded", "Reupload"),
        (SharePointResync::DifferentialUpload, "ResyncNeeded", "DifferentialUpload"),
        (SharePointResync::Unnamed, "ResyncNeeded", ""),
        (SharePointResync::NewToken, "CurrentSyncTokenOnly", ""),
    ];
    for (kind, status, action) in kinds {
        let (_, token) = stage.follow(None, 50, true).await;
        stage.emulator.force_resync(kind);
        let page = stage.feed(Some(&token), 50, true).await;
        assert_eq!((page.status(), header(&page.headers, "x-resyncaction")), (status, action));
        assert!(page.names().is_empty());
        assert_eq!(page.token().is_empty(), kind != SharePointResync::NewToken);
        let (pages, token) = stage.follow(None, 50, true).await;
        assert_eq!((pages[0].status(), pages[0].names()), ("FullData", vec!["a".to_owned()]));
        assert_eq!(stage.feed(Some(&token), 50, true).await.status(), "NoChanges");
    }
}

#[tokio::test]
async fn tokens_that_are_none() {
    let stage = Stage::start().await;
    let good = stage.feed(None, 50, true).await.token().to_owned();
    let twice = good.replace("%23", "%2523");
    let cut = good.split("%23").next().expect("a start").to_owned();
    for bad in [twice.as_str(), cut.as_str(), "x", "3;%234"] {
        let path = stage.sync(&format!("RootFolder?Filter=changes&SyncToken={bad}")).await;
        let answer = stage.request(Method::GET, &path).send().await.expect("an answer");
        assert_eq!(answer.status(), 400, "{bad}");
    }
    let other = good.replace(&stage.library().await, "be100e28-dd1c-4f2f-8e83-acdb6fffff05");
    let page = stage.feed(Some(&other), 50, true).await;
    assert_eq!((page.status(), header(&page.headers, "x-resyncaction")), ("ResyncNeeded", "ResetReupload"));
    for bad in ["0", "x"] {
        let path = stage.sync(&format!("RootFolder?Filter=changes&MaxItemCount={bad}")).await;
        assert_eq!(stage.request(Method::GET, &path).send().await.expect("an answer").status(), 400);
    }
}

#[tokio::test]
async fn farms_without_flat_answers_or_without_the_service() {
    let stage = Stage::with(Emulator::builder().flat_feed(false)).await;
    stage.make_folder("sub").await;
    stage.upload("sub", "a", "1").await;
    let page = stage.feed(None, 50, true).await;
    assert_eq!(header(&page.headers, "x-responsestructure"), "");
    assert!(page.xml.contains("</Document></Items></Folder>"), "{}", page.xml);
    let stage = Stage::with(Emulator::builder().sync_service(false)).await;
    let path = stage.sync("RootFolder").await;
    assert_eq!(stage.request(Method::GET, &path).send().await.expect("an answer").status(), 404);
}

#[tokio::test]
async fn a_folder_comes_back_with_all_that_it_held() {
    for flat in [true, false] {
        let stage = Stage::start().await;
        for folder in ["sub", "sub/deep"] {
            stage.make_folder(folder).await;
        }
        stage.upload("sub", "a", "1").await;
        stage.upload("sub/deep", "b", "1").await;
        stage.post(&format!("{}/Recycle()", stage.folder("sub")), serde_json::Value::Null).await;
        let (_, token) = stage.follow(None, 50, flat).await;
        let bin = stage.get("_api/web/RecycleBin").await;
        let id = text(&super::values(&bin)[0], "Id");
        stage.post(&format!("_api/web/RecycleBin('{id}')/Restore()"), serde_json::Value::Null).await;
        let page = stage.feed(Some(&token), 50, flat).await;
        let mut names = page.names();
        names.sort();
        assert_eq!(names, ["a", "b", "deep", "sub"]);
    }
}
