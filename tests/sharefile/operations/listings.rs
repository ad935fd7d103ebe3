//! Reading several items: children, versions, breadcrumbs, deleted items, items by the state of a scan.

use sharesync::sharefile::model::{DlpStatus, ItemKind, ItemOrderingMode};
use sharesync::sharefile::{
    BreadcrumbsOptions, ChildrenOptions, DlpStatusOptions, Query, StreamOptions, UserDeletedItemsOptions,
};

use crate::sharefile::harness::operations;
use crate::sharefile::read_as::same_feed;
use crate::sharefile::stage::{Stage, json};

operations! {
    "GET /sf/v3/Items(id)/Stream | Get Stream" => stream,
    "GET /sf/v3/Items(id)/Children | Get Children" => children,
    "GET /sf/v3/Items(id)/Breadcrumbs | Get Breadcrumbs" => breadcrumbs,
    "GET /sf/v3/Items(parentid)/DeletedChildren | Get a collection of recoverable/deleted items in a folder"
        => deleted_children,
    "GET /sf/v3/Items/UserDeletedItems | Get a collection of recoverable/deleted items for a user"
        => user_deleted_items,
    "GET /sf/v3/Items/ByDlpStatus | Get Items by Data Loss Prevention scan status" => by_dlp_status,
}

async fn stream(stage: &Stage) {
    let answer = stage.fixture("stream");
    stage.api.script([json(answer.clone()), json(answer.clone())]);
    let versions = stage.items().stream("st1", StreamOptions::new().with_include_deleted(false)).await.unwrap();
    stage.sent("GET /sf/v3/Items(st1)/Stream?includeDeleted=false");
    same_feed(&versions, &answer);
    let streams: Vec<_> = versions.value.iter().map(|version| version.stream_id.as_deref()).collect();
    assert_eq!(streams, [Some("st591ac5-9cd0-4eb7-a5e9-e5e28a7faa90"); 3]);
    stage.items().stream("st1", &Query::new().top(50)).await.unwrap();
    stage.sent("GET /sf/v3/Items(st1)/Stream?$top=50");
}

async fn children(stage: &Stage) {
    let answer = stage.fixture("children");
    stage.api.script([json(answer.clone()), json(answer.clone())]);
    let children = stage.items().children("fo1", ChildrenOptions::new().with_include_deleted(false)).await.unwrap();
    stage.sent("GET /sf/v3/Items(fo1)/Children?includeDeleted=false");
    same_feed(&children, &answer);
    let kinds: Vec<_> = children.value.iter().map(|item| item.kind()).collect();
    let expected = [ItemKind::Folder, ItemKind::SymbolicLink, ItemKind::File, ItemKind::Link, ItemKind::Note];
    assert_eq!(kinds, expected);
    let query = Query::new().top(10).skip(20).order_by("Name asc").order_by("CreationDate desc");
    let options = ChildrenOptions::new().with_ordering_mode(ItemOrderingMode::FoldersFirst).with_query(query);
    stage.items().children("fo1", options).await.unwrap();
    stage.sent(
        "GET /sf/v3/Items(fo1)/Children?orderingMode=FoldersFirst&$orderby=Name asc,CreationDate desc&$skip=20\
             &$top=10",
    );
}

async fn breadcrumbs(stage: &Stage) {
    let answer = stage.fixture("breadcrumbs");
    stage.api.script([json(answer.clone())]);
    let options = BreadcrumbsOptions::new().with_path("path").with_bubble_shared_passthroughs(false);
    let crumbs = stage.items().breadcrumbs("fi1", options).await.unwrap();
    stage.sent("GET /sf/v3/Items(fi1)/Breadcrumbs?path=path&bubbleSharedPassthroughs=false");
    same_feed(&crumbs, &answer);
    assert_eq!(crumbs.value[1].id().unwrap(), "fosy33c5-9cd0-4eb7-a5e9-e5e28a7faa90", "it has nothing but an address");
}

async fn deleted_children(stage: &Stage) {
    let answer = stage.fixture("deleted_children");
    stage.api.script([json(answer.clone())]);
    let deleted = stage.items().deleted_children("fo1", &Query::new()).await.unwrap();
    stage.sent("GET /sf/v3/Items(fo1)/DeletedChildren");
    same_feed(&deleted, &answer);
    assert_eq!(deleted.value[0].has_pending_deletion, Some(true));
}

async fn user_deleted_items(stage: &Stage) {
    let answer = stage.fixture("deleted_children");
    stage.api.script([json(answer.clone())]);
    let options = UserDeletedItemsOptions::new().with_user_id("xxxxx").with_zone("zxxxxx");
    let deleted = stage.items().user_deleted_items(options).await.unwrap();
    stage.sent("GET /sf/v3/Items/UserDeletedItems?userid=xxxxx&zone=zxxxxx");
    same_feed(&deleted, &answer);
}

async fn by_dlp_status(stage: &Stage) {
    let answer = stage.fixture("children");
    stage.api.script(vec![json(answer.clone()); 3]);
    let end: sharesync::Timestamp = "2015-07-10T01:47:22.82Z".parse().unwrap();
    let options = DlpStatusOptions::new().with_zone("z3c74dec-166f-47b9-bac2-0d85b629e57a").with_end_date(end);
    let found = stage.items().by_dlp_status(DlpStatus::Unscanned, options).await.unwrap();
    stage.sent(
        "GET /sf/v3/Items/ByDlpStatus?status=Unscanned&zone=z3c74dec-166f-47b9-bac2-0d85b629e57a\
             &enddate=2015-07-10T01:47:22.82Z",
    );
    same_feed(&found, &answer);
    for (status, name) in [(DlpStatus::ScannedOK, "ScannedOK"), (DlpStatus::ScannedRejected, "ScannedRejected")] {
        stage.items().by_dlp_status(status, DlpStatusOptions::new()).await.unwrap();
        stage.sent(&format!("GET /sf/v3/Items/ByDlpStatus?status={name}"));
    }
}
