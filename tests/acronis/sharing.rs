//! The store shares: links with their restrictions, members with their rights, and what can be ended.

use std::time::Duration;

use serde_json::{Value, json};
use sharesync::acronis::StoreOptions;
use sharesync::acronis::model::{LinkUpdate, NewLink, Ttl};
use sharesync::{Audience, ErrorKind, ItemId, ItemRef, RemoteStore as _, ShareAccess, ShareRequest, Timestamp};

use super::fixtures::documented;
use super::stage::client;
use crate::support::{Seen, Server, empty, json as answer};

const NODE: &str = "b8a80643-9d35-43dd-a7f6-c05aaf1d5606";
const PATH: &str = "/fc/api/v1/sync_and_share_nodes/b8a80643-9d35-43dd-a7f6-c05aaf1d5606";

fn node() -> ItemRef {
    ItemRef::Id(ItemId::new(NODE))
}

/// A server that answers as documented, with links as they are asked for.
async fn server() -> Server {
    let server = Server::start().await;
    server.by(|request| match request.path.rsplit('/').next() {
        Some("links") => {
            let mut made = documented("create_file_link/201");
            for field in ["access_restriction", "single_use"] {
                made[field] = request.json()["link"][field].clone();
            }
            answer(201, &made)
        }
        Some("members") => answer(201, &documented("create_folder_member/201.guest")),
        _ => empty(200),
    });
    server
}

async fn last(server: &Server) -> Seen {
    server.seen().await.pop().unwrap()
}

fn days(days: u64) -> Timestamp {
    Timestamp::now().saturating_add(Duration::from_secs(days * 24 * 60 * 60))
}

#[tokio::test]
async fn links_are_as_restricted_as_asked() {
    let server = server().await;
    let store = client(&server).await.store();
    let people = Audience::People(vec!["user1@example.com".into(), "user2@example.com".into()]);
    let mail = ShareRequest::link().with_audience(people).with_notify(true).with_message("An example message");
    let recipients = json!([{"email": "user1@example.com"}, {"email": "user2@example.com"}]);
    let cases: [(ShareRequest, Value); 4] = [
        (ShareRequest::link(), json!({"access_restriction": "public", "single_use": false})),
        (
            ShareRequest::link().with_audience(Audience::SignedIn).with_expires(days(7)),
            json!({"access_restriction": "access", "single_use": false, "ttl": 7}),
        ),
        (ShareRequest::link().with_max_downloads(1), json!({"access_restriction": "public", "single_use": true})),
        (
            mail,
            json!({"access_restriction": "shared", "single_use": false, "recipients": recipients, "message": "An example message"}),
        ),
    ];
    for (request, body) in cases {
        let share = store.share(&node(), request).await.unwrap();
        let sent = last(&server).await;
        assert_eq!((sent.line(), sent.json()), (format!("POST {PATH}/links"), json!({"link": body})));
        assert_eq!(share.link.as_ref().unwrap().expose().as_str(), "https://dev-cloud.acronis.com/fc/t/f4cvit1j");
        assert_eq!(share.expires.unwrap().to_string(), "2019-07-01T13:21:12Z", "seven days after its creation");
        assert!(!format!("{share:?}").contains("f4cvit1j"));
    }
}

#[tokio::test]
async fn a_link_is_closed_and_one_sent_to_people_cannot_be() {
    let server = server().await;
    let store = client(&server).await.store();
    let share = store.share(&node(), ShareRequest::link()).await.unwrap();
    store.unshare(&share.id).await.unwrap();
    let sent = last(&server).await;
    assert_eq!(sent.line(), format!("PUT {PATH}/links/252"));
    assert_eq!(sent.json(), json!({"access_restriction": "shared", "single_use": true, "ttl": 1}));
    let people = Audience::People(vec!["user1@example.com".into()]);
    let mailed = store.share(&node(), ShareRequest::link().with_audience(people).with_notify(true)).await.unwrap();
    let invited = store.share(&node(), ShareRequest::invitation(["user1@example.com"])).await.unwrap();
    let before = server.seen().await.len();
    for (id, kind) in [
        (mailed.id, ErrorKind::Unsupported),
        (invited.id, ErrorKind::Unsupported),
        ("x/y/z".into(), ErrorKind::NotFound),
    ] {
        assert_eq!(store.unshare(&id).await.unwrap_err().kind(), kind, "{}", id.as_str());
    }
    assert_eq!(server.seen().await.len(), before);
}

#[tokio::test]
async fn a_link_can_be_made_to_live_for_ever() {
    let server = server().await;
    let links = client(&server).await.links();
    for (ttl, sent) in [(Ttl::Never, Value::Null), (Ttl::Days(7), json!(7))] {
        links.update(NODE, 252, &LinkUpdate::new().with_ttl(ttl)).await.unwrap();
        assert_eq!(last(&server).await.json(), json!({"ttl": sent}));
    }
    links.update(NODE, 252, &LinkUpdate::new().with_single_use(true)).await.unwrap();
    assert_eq!(last(&server).await.json(), json!({"single_use": true}), "what is not set is not sent");
    let mut ended = documented("create_file_link/201");
    ended["ttl"] = Value::Null;
    let body = ended.clone();
    server.by(move |_| answer(201, &body));
    let link = links.create(NODE, &NewLink::new()).await.unwrap();
    assert_eq!((link.ttl, serde_json::to_value(&link).unwrap()), (None, ended));
}

#[tokio::test]
async fn members_have_the_rights_that_are_asked_for() {
    let server = server().await;
    let client = client(&server).await;
    let generous = StoreOptions::new().with_members_can_invite(true).with_members_can_view_members(true);
    let cases = [
        (StoreOptions::new(), ShareAccess::Download, json!([true, false, false])),
        (StoreOptions::new(), ShareAccess::Edit, json!([false, false, false])),
        (generous, ShareAccess::Edit, json!([false, true, true])),
    ];
    for (options, access, rights) in cases {
        let request = ShareRequest::invitation(["user@example.com"]).with_access(access);
        let share = client.store_with(options).share(&node(), request).await.unwrap();
        let sent = last(&server).await;
        assert_eq!(sent.line(), format!("POST {PATH}/members"));
        let member = json!({"email": "user@example.com", "read_only": rights[0], "can_invite": rights[1], "can_view_members": rights[2]});
        assert_eq!(sent.json(), json!({"member": member}));
        assert!(share.link.is_none());
    }
    let view = ShareRequest::invitation(["user@example.com"]).with_access(ShareAccess::View);
    assert_eq!(client.store().share(&node(), view).await.unwrap_err().kind(), ErrorKind::Unsupported);
}

#[tokio::test]
async fn an_invitation_that_stops_half_way_says_who_was_invited() {
    let server = Server::start().await;
    server.by(|request| match request.json()["member"]["email"].as_str() {
        Some("b@example.com") => answer(400, &documented("create_folder_member/400")),
        _ => answer(201, &documented("create_folder_member/201.permission")),
    });
    let request = ShareRequest::invitation(["a@example.com", "b@example.com", "c@example.com"]);
    let error = client(&server).await.store().share(&node(), request).await.unwrap_err();
    assert!(error.maybe_applied() && error.kind() == ErrorKind::Rejected, "{error}");
    for person in ["a@example.com", "b@example.com"] {
        assert!(error.to_string().contains(person), "{error}");
    }
    assert_eq!(server.seen().await.len(), 2);
}

/// The service grants more than was asked for, or shares something else.
#[tokio::test]
async fn a_link_that_is_not_as_it_was_asked_for_is_told() {
    let request = || ShareRequest::link().with_audience(Audience::SignedIn).with_expires(days(7)).with_max_downloads(1);
    let as_asked = json!({"access_restriction": "access", "single_use": true, "ttl": 7, "node_uuid": NODE});
    for (field, value) in [
        ("access_restriction", json!("public")),
        ("single_use", json!(false)),
        ("ttl", json!(30)),
        ("node_uuid", json!("another")),
        ("none", Value::Null),
    ] {
        let server = Server::start().await;
        let (asked, granted) = (as_asked.clone(), value.clone());
        server.by(move |_| {
            let mut made = documented("create_file_link/201");
            for (name, value) in asked.as_object().unwrap() {
                made[name] = value.clone();
            }
            made[field] = granted.clone();
            answer(201, &made)
        });
        let shared = client(&server).await.store().share(&node(), request()).await;
        if field == "none" {
            shared.unwrap();
            continue;
        }
        let error = shared.unwrap_err();
        assert_eq!((error.kind(), error.maybe_applied()), (ErrorKind::Protocol, true), "{field} {value}: {error}");
    }
}
