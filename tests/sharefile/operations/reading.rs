//! Reading one item, and its content.

use futures::TryStreamExt as _;
use sharesync::ErrorKind;
use sharesync::sharefile::model::{ItemKind, TreeMode};
use sharesync::sharefile::{DownloadOptions, GetOptions, Query, ThumbnailOptions, TreeViewOptions};
use wiremock::ResponseTemplate;

use crate::sharefile::harness::operations;
use crate::sharefile::read_as::same;
use crate::sharefile::stage::{Stage, json, redirect};

operations! {
    "GET /sf/v3/Items | Get HomeFolder for Current User" => home_folder,
    "GET /sf/v3/Items(id) | Get Item by ID or TreeView" => item_or_tree_view,
    "GET /sf/v3/Items(id) | Get Item by ID" => item_by_id,
    "GET /sf/v3/Items(id) | Get TreeView" => tree_view_by_item,
    "GET /sf/v3/Items(id)/TreeView | Get TreeView" => tree_view,
    "GET /sf/v3/Items/ByPath | Get Item by Path" => item_by_path,
    "GET /sf/v3/Items(id)/ByPath | Get Item by relative Path from ID" => item_by_relative_path,
    "GET /sf/v3/Items(id)/Parent | Get Parent Item" => parent,
    "GET /sf/v3/Items(id)/Download | Download Item Content" => download,
    "GET /sf/v3/Items(id)/Thumbnail | Get Thumbnail" => thumbnail,
}

/// The options of a tree view as the examples have them: the mode and the identifier are placeholders there.
fn tree_options() -> TreeViewOptions {
    TreeViewOptions::new()
        .with_tree_mode(TreeMode::parse("mode"))
        .with_source_id("id")
        .with_can_create_root_folder(false)
}

async fn home_folder(stage: &Stage) {
    let answer = stage.fixture("home_folder");
    stage.api.script([json(answer.clone()), json(answer.clone())]);
    let home = stage.items().home(&Query::new()).await.unwrap();
    let sent = stage.sent("GET /sf/v3/Items");
    assert_eq!((sent.header("accept"), sent.header("authorization")), (Some("application/json"), Some("Bearer t0k3n")));
    same(&home, &answer);
    assert_eq!((home.kind(), home.id().unwrap()), (ItemKind::Folder, "foh160ab-9cd0-4eb7-a5e9-e5e28a7faa90"));
    assert_eq!(home.info.unwrap().is_my_home_folder, Some(true));
    stage.items().home(&Query::new().select(["Id", "Name"]).expand(["Info"])).await.unwrap();
    stage.sent("GET /sf/v3/Items?$select=Id,Name&$expand=Info");
}

async fn item_or_tree_view(stage: &Stage) {
    let tree = stage.fixture("tree_view");
    let item = stage.fixture("file");
    stage.api.script([json(tree.clone()), json(item.clone())]);
    let options = tree_options().with_include_deleted(false);
    let found = stage.items().get_or_tree_view("fo1", &options).await.unwrap();
    stage.sent("GET /sf/v3/Items(fo1)?includeDeleted=false&treemode=mode&sourceId=id&canCreateRootFolder=false");
    same(&found, &tree);
    assert_eq!(found.info.unwrap().tree_mode, Some(TreeMode::Copy));
    let options = TreeViewOptions::new().with_include_deleted(true).with_file_box(true);
    let found = stage.items().get_or_tree_view("fi1", options).await.unwrap();
    stage.sent("GET /sf/v3/Items(fi1)?includeDeleted=true&fileBox=true");
    same(&found, &item);
}

async fn item_by_id(stage: &Stage) {
    let answer = stage.fixture("file");
    stage.api.script(vec![json(answer.clone()); 8]);
    let item = stage.items().get("fi1", GetOptions::new().with_include_deleted(false)).await.unwrap();
    stage.sent("GET /sf/v3/Items(fi1)?includeDeleted=false");
    same(&item, &answer);
    assert_eq!(item.kind(), ItemKind::File);
    for alias in ["home", "favorites", "allshared", "connectors", "box", "top"] {
        stage.items().get(alias, &Query::new()).await.unwrap();
        stage.sent(&format!("GET /sf/v3/Items({alias})"));
    }
    let error = stage.items().get("", &Query::new()).await.unwrap_err();
    assert_eq!(error.kind(), sharesync::ErrorKind::InvalidInput, "an empty identifier would be another operation");
    assert_eq!(stage.api.count(), 7);
}

async fn tree_view_by_item(stage: &Stage) {
    let answer = stage.fixture("tree_view");
    stage.api.script([json(answer.clone()), json(answer.clone())]);
    let tree = stage.items().get_tree_view("fo1", tree_options()).await.unwrap();
    stage.sent("GET /sf/v3/Items(fo1)?treemode=mode&sourceId=id&canCreateRootFolder=false");
    same(&tree, &answer);
    let children = tree.children.unwrap();
    let allowed = children[0].info.as_ref().unwrap().tree_mode_operation_allowed;
    assert_eq!((children.len(), allowed), (1, Some(false)));
    let options = TreeViewOptions::new().with_tree_mode(TreeMode::Manage).with_file_box(false);
    stage.items().get_tree_view("top", options.with_query(Query::new().expand(["Children"]))).await.unwrap();
    stage.sent("GET /sf/v3/Items(top)?treeMode=Manage&fileBox=false&$expand=Children");
}

async fn tree_view(stage: &Stage) {
    let answer = stage.fixture("tree_view");
    stage.api.script([json(answer.clone()), json(answer.clone())]);
    let tree = stage.items().tree_view("fo1", tree_options()).await.unwrap();
    stage.sent("GET /sf/v3/Items(fo1)/TreeView?treemode=mode&sourceId=id&canCreateRootFolder=false");
    same(&tree, &answer);
    let options = TreeViewOptions::new().with_tree_mode(TreeMode::Move).with_source_id("fi1").with_file_box(true);
    stage.items().tree_view("fo1", options).await.unwrap();
    stage.sent("GET /sf/v3/Items(fo1)/TreeView?treeMode=Move&sourceId=fi1&fileBox=true");
}

async fn item_by_path(stage: &Stage) {
    let answer = stage.fixture("file");
    stage.api.script([json(answer.clone()), json(answer.clone())]);
    let item = stage.items().by_path("/folder1/folder2/folder3", &Query::new()).await.unwrap();
    stage.sent("GET /sf/v3/Items/ByPath?path=/folder1/folder2/folder3");
    same(&item, &answer);
    stage.items().by_path("/a#b %c+d'&e", &Query::new().select(["Id"])).await.unwrap();
    let last = stage.api.last();
    assert_eq!((last.param("path"), last.param("$select")), (Some("/a#b %c+d'&e"), Some("Id")));
}

async fn item_by_relative_path(stage: &Stage) {
    let answer = stage.fixture("folder");
    stage.api.script([json(answer.clone())]);
    let item = stage.items().by_path_from("fo1", "/folder1/folder2/folder3", &Query::new()).await.unwrap();
    stage.sent("GET /sf/v3/Items(fo1)/ByPath?path=/folder1/folder2/folder3");
    same(&item, &answer);
}

async fn parent(stage: &Stage) {
    let answer = stage.fixture("folder");
    stage.api.script([json(answer.clone())]);
    let parent = stage.items().parent("fi1", &Query::new()).await.unwrap();
    stage.sent("GET /sf/v3/Items(fi1)/Parent");
    same(&parent, &answer);
}

async fn download(stage: &Stage) {
    let place = format!("{}/download.ashx?dt=dt1&h=c2ln", stage.storage.uri());
    let specification = stage.fixture("download_specification");
    stage.api.script([
        redirect(302, &place),
        json(specification.clone()),
        redirect(302, &place),
        redirect(302, &place),
    ]);
    let content = || ResponseTemplate::new(200).set_body_raw("content", "application/zip");
    let archive = || ResponseTemplate::new(200).set_body_raw("PK\x05\x06", "application/zip");
    let named = content().insert_header("content-disposition", "attachment; filename=a.zip");
    stage.storage.script([named, archive(), content()]);

    let options = DownloadOptions::new().with_include_all_versions(false).with_include_deleted(false);
    let options = options.with_for_quarantined_files(false);
    let opened = stage.items().download("fi1", &options).await.unwrap();
    stage
        .sent("GET /sf/v3/Items(fi1)/Download?includeAllVersions=false&includeDeleted=false&forQuarantinedFiles=false");
    stage.storage.seen()[0].check("GET /download.ashx?dt=dt1&h=c2ln");
    assert_eq!((opened.size, opened.media_type.as_deref()), (Some(7), Some("application/zip")));
    assert_eq!(opened.disposition.as_deref(), Some("attachment; filename=a.zip"));
    let bytes: Vec<_> = opened.body.try_collect().await.unwrap();
    assert_eq!(bytes.concat(), b"content");

    let found = stage.items().download_specification("fi1", DownloadOptions::new()).await.unwrap();
    stage.sent("GET /sf/v3/Items(fi1)/Download?redirect=false");
    same(&found, &specification);
    let url = found.download_url.unwrap();
    assert!(url.expose().as_str().starts_with(&stage.storage.uri()));

    let options = DownloadOptions::new().with_include_all_versions(true).with_include_deleted(true);
    stage.items().download("fo1", options.with_for_quarantined_files(true)).await.unwrap();
    stage.sent("GET /sf/v3/Items(fo1)/Download?includeAllVersions=true&includeDeleted=true&forQuarantinedFiles=true");
    let page = stage.items().download("fo1", DownloadOptions::new()).await.unwrap_err();
    assert_eq!((page.kind(), page.operation()), (ErrorKind::Protocol, Some("Items.Download")), "no archive");
}

async fn thumbnail(stage: &Stage) {
    let address = stage.fixture("thumbnail");
    let place = format!("{}/thumbnail.ashx?id=fi1&h=c2ln", stage.storage.uri());
    stage.api.script([redirect(302, &place), json(address.clone())]);
    stage.storage.script([ResponseTemplate::new(200).set_body_raw("picture", "image/png")]);
    let opened = stage.items().thumbnail("fi1", ThumbnailOptions::new().with_size(75)).await.unwrap();
    stage.sent("GET /sf/v3/Items(fi1)/Thumbnail?size=75&redirect=true");
    stage.storage.seen()[0].check("GET /thumbnail.ashx?id=fi1&h=c2ln");
    assert_eq!(opened.media_type.as_deref(), Some("image/png"));
    let bytes: Vec<_> = opened.body.try_collect().await.unwrap();
    assert_eq!(bytes.concat(), b"picture");

    let found = stage.items().thumbnail_address("fi1", ThumbnailOptions::new().with_size(600)).await.unwrap();
    stage.sent("GET /sf/v3/Items(fi1)/Thumbnail?size=600&redirect=false");
    same(&found, &address);
    assert!(found.uri.unwrap().expose().path().ends_with("/thumbnail.ashx"));
}
