//! The documented requests: method, path and query exactly as they stand in the document, with both forms of identifiers.

use std::collections::BTreeSet;

use sharesync::sharepoint::{FeedOptions, ItemsQuery, PolicyScope};

use super::fixtures::{documented, inferred, observed, operations};
use super::stage::{Farm, LIBRARY, TOKEN, empty, guid, xml};

#[tokio::test]
async fn all_documented_requests() {
    let farm = Farm::start(|seen| match seen.target.as_str() {
        "/" => empty(200).set_body_raw("<!DOCTYPE html><html>home</html>", "text/html"),
        target if target.ends_with("getmyproperties") => xml(&inferred("getmyproperties.xml")),
        target if target.ends_with("DefaultDocumentLibrary/ID") => xml(&inferred("library_id.xml")),
        target if target.ends_with("Site/Id") => xml(&documented("site_id.xml")),
        target if target.ends_with("/policy/") => xml(&inferred("policy.xml")),
        target if target.contains("/Items/") => xml(&observed("feed.xml")),
        target if target.ends_with("/Subscription") => xml("<Subscription/>"),
        _ => xml(&inferred("root.xml")),
    })
    .await;
    let client = farm.client().await;
    let (discovery, sync) = (client.discovery(), client.sync(guid(LIBRARY)));

    discovery.authenticate().await.unwrap();
    let me = discovery.my_properties().await.unwrap();
    assert_eq!(me.personal_site(), Some("https://my.contoso.local/personal/alice/"));
    assert_eq!(me.account_name.as_deref(), Some(r"CONTOSO\alice"));
    assert_eq!(discovery.default_library().await.unwrap(), guid(LIBRARY));
    assert_eq!(discovery.site_id().await.unwrap(), guid("14ab81b6-f23d-476a-8cac-ad5dbd2910f7"));
    for scope in [PolicyScope::Global, PolicyScope::Site] {
        let policy = sync.policy(scope).await.unwrap();
        assert_eq!((policy.item_count(), policy.value("SomethingNew")), (Some(17), Some("kept")));
        assert!(policy.download_url_template().unwrap().ends_with("UniqueId={id}&UserAgent=SkySync"));
    }
    let root = sync.root_folder().await.unwrap();
    assert_eq!(root.resource_id, Some(guid("f0ce10df11112222333344445555666f")));
    assert_eq!(root.parent_id, Some(guid(LIBRARY)), "that of the root is the library");
    let quota = sync.quota().await.unwrap();
    assert_eq!((quota.used, quota.granted), (Some(1_844_259_792), Some(27_487_790_694_400)));
    let query = ItemsQuery::new().with_folders_only(true).with_paging(0, 100);
    let items = sync.items(guid(super::stage::FILE), query).await.unwrap();
    assert_eq!(items.len(), 2, "the item, and what it holds");
    assert_eq!(sync.subscribe("<Subscription/>").await.unwrap(), "<Subscription/>");

    let seen = farm.seen().await;
    let sent: BTreeSet<_> = seen.iter().map(super::stage::Seen::line).collect();
    let expected: BTreeSet<_> = operations().into_iter().collect();
    assert_eq!(expected.len(), 10);
    assert_eq!(sent, expected);
    let authorized = format!("Bearer {TOKEN}");
    assert!(seen.iter().all(|seen| seen.header("authorization") == Some(authorized.as_str())));
}

/// The request of the change feed stands in the final document.
#[tokio::test]
async fn the_feed_is_asked_as_documented() {
    let token = documented("sync_token.txt");
    let farm = Farm::start(|_| {
        xml(&observed("feed.xml"))
            .insert_header("X-SyncStatus", "IncrementalChanges")
            .insert_header("X-SyncToken", "3;%234;next")
    })
    .await;
    let sync = farm.client().await.sync(guid(LIBRARY));
    let options = FeedOptions::new().with_max_items(50);
    sync.changes(Some(&token), &options).await.unwrap();
    sync.changes(None, &options).await.unwrap();
    let seen = farm.seen().await;
    let path = "GET /personal/alice/_api/SPFileSync/sync/be100e28dd1c4f2f8e83acdb6fffff05/RootFolder";
    let documented =
        format!("{path}?Filter=changes&InlineBlobs=false&MaxItemCount=50&SyncToken={token}&View=SkyDriveSync");
    assert_eq!(seen[0].line(), documented);
    let first = format!("{path}?Filter=changes&InlineBlobs=false&MaxItemCount=50&View=SkyDriveSync");
    assert_eq!(seen[1].line(), first, "a client that begins has no token");
    assert_eq!(seen[0].header("accept"), Some("application/web3s+xml"));
    assert_eq!(seen[0].header("x-responsestructure"), Some("Flat"));
}
