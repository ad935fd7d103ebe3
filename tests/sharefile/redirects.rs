//! Being sent elsewhere: by status, by a redirection in the body, to the storage host, to a connector.

use futures::TryStreamExt as _;
use serde_json::{Value, json as value};
use sharesync::sharefile::model::Item;
use sharesync::sharefile::{DownloadOptions, Query};
use sharesync::{ErrorKind, Page};
use wiremock::ResponseTemplate;

use super::harness::cases;
use super::stage::{Seen, Server, Stage, json, redirect};

cases! {
    "redirects" {
        children_of_a_symbolic_link_by_status,
        children_of_a_symbolic_link_by_body,
        the_root_is_added_once,
        a_redirection_without_an_address_is_a_zone_out_of_reach,
        a_redirection_within_the_api_keeps_the_token,
        a_redirection_to_another_method_is_refused,
        a_redirection_to_an_unsafe_address_is_refused,
        redirections_in_a_circle_end,
        redirects_in_a_circle_end,
        changes_do_not_follow_to_another_provider,
        paths_lead_to_other_providers,
        pages_go_on_at_the_connector,
        a_connector_cannot_lead_back_with_credentials_of_its_own,
        content_is_fetched_without_credentials,
        a_link_is_an_item_not_a_direction,
    }
}

/// The children that a connector has.
fn remote_children() -> Value {
    value!({"odata.count": 1, "value": [{"Id": "bm90IGE_!-x", "odata.type": "ShareFile.Api.Models.File", "Name": "r"}]})
}

fn direction(uri: &str) -> Value {
    value!({
        "odata.type": "ShareFile.Api.Models.Redirection",
        "odata.metadata": "https://acct.sf-api.com/sf/v3/$metadata#ShareFile.Api.Models.Redirection@Element",
        "Uri": uri, "Available": true,
    })
}

/// What a server on another origin must never see.
fn check_no_credentials(seen: &[Seen]) {
    assert!(!seen.is_empty());
    for request in seen {
        for name in ["authorization", "cookie", "proxy-authorization"] {
            assert_eq!(request.header(name), None, "{} with {name}", request.line());
        }
        assert!(!request.raw_query.contains("t0k3n"), "{}", request.line());
    }
}

async fn children(stage: &Stage) -> sharesync::Result<Vec<Item>> {
    stage.items().children("fosy1", &Query::new()).await.map(|feed| feed.value)
}

async fn children_of_a_symbolic_link_by_status(stage: &Stage) {
    let zone = Server::start().await;
    let place = format!("{}/cifs/v3/Items(bm9)/Children?root=a%2Fb", zone.uri());
    for code in [301, 302, 303, 307, 308] {
        stage.api.script([redirect(code, &place)]);
        zone.script([json(remote_children())]);
        assert_eq!(children(stage).await.unwrap()[0].id().unwrap(), "bm90IGE_!-x", "{code}");
    }
    let seen = zone.saw(&["GET /cifs/v3/Items(bm9)/Children?root=a/b"; 5]);
    check_no_credentials(&seen);
    assert_eq!(stage.api.count(), 5);
}

async fn children_of_a_symbolic_link_by_body(stage: &Stage) {
    let zone = Server::start().await;
    let place = format!("{}/cifs/v3/Items(bm9)/Children", zone.uri());
    let mut by_metadata = direction(&place);
    by_metadata.as_object_mut().unwrap().remove("odata.type");
    let answers = [direction(&place), by_metadata, value!({"Uri": place}), value!({"Uri": place, "Method": "get"})];
    stage.api.script(answers.clone().map(json));
    zone.by(|_| json(remote_children()));
    for answer in answers {
        assert_eq!(children(stage).await.unwrap().len(), 1, "{answer}");
    }
    check_no_credentials(&zone.saw(&["GET /cifs/v3/Items(bm9)/Children"; 4]));
}

async fn the_root_is_added_once(stage: &Stage) {
    let zone = Server::start().await;
    zone.by(|_| json(remote_children()));
    let cases = [
        ("/c?x=1", value!("a b&c"), "GET /c?x=1&root=a b&c"),
        ("/c?Root=there", value!("other"), "GET /c?Root=there"),
        ("/c", Value::Null, "GET /c"),
    ];
    for (place, root, line) in cases {
        let mut answer = direction(&format!("{}{place}", zone.uri()));
        answer["Root"] = root;
        stage.api.script([json(answer)]);
        children(stage).await.unwrap();
        assert_eq!(zone.last().line(), line);
    }
}

async fn a_redirection_without_an_address_is_a_zone_out_of_reach(stage: &Stage) {
    let mut answer = direction("");
    for uri in [value!(null), value!("")] {
        answer["Uri"] = uri;
        stage.api.script([json(answer.clone())]);
        let error = children(stage).await.unwrap_err();
        assert_eq!((error.kind(), error.operation()), (ErrorKind::Unavailable, Some("Items.Children")));
    }
}

async fn a_redirection_within_the_api_keeps_the_token(stage: &Stage) {
    let place = format!("{}/sf/v3/Items(fo2)/Children", stage.api.uri());
    stage.api.script([
        json(direction(&place)),
        json(remote_children()),
        redirect(302, &place),
        json(remote_children()),
    ]);
    children(stage).await.unwrap();
    children(stage).await.unwrap();
    let lines = ["GET /sf/v3/Items(fosy1)/Children", "GET /sf/v3/Items(fo2)/Children"];
    let seen = stage.api.saw(&[lines, lines].concat());
    assert!(seen.iter().all(|seen| seen.header("authorization") == Some("Bearer t0k3n")));
}

async fn a_redirection_to_another_method_is_refused(stage: &Stage) {
    let zone = Server::start().await;
    let mut answer = direction(&format!("{}/c", zone.uri()));
    answer["Method"] = value!("POST");
    stage.api.script([json(answer)]);
    assert_eq!(children(stage).await.unwrap_err().kind(), ErrorKind::Protocol);
    assert!(zone.seen().is_empty());
}

async fn a_redirection_to_an_unsafe_address_is_refused(stage: &Stage) {
    for place in ["http://zone.example.com/c", "ftp://zone.example.com/c", "file:///etc/passwd"] {
        stage.api.script([json(direction(place)), redirect(302, place)]);
        for way in ["body", "status"] {
            assert_eq!(children(stage).await.unwrap_err().kind(), ErrorKind::Insecure, "{place} by {way}");
        }
    }
}

async fn redirections_in_a_circle_end(stage: &Stage) {
    let zone = Server::start().await;
    let (there, back) = (format!("{}/c", zone.uri()), format!("{}/sf/v3/Items(fosy1)/Children", stage.api.uri()));
    stage.api.by(move |_| json(direction(&there)));
    zone.by(move |_| json(direction(&back)));
    assert_eq!(children(stage).await.unwrap_err().kind(), ErrorKind::Protocol);
    check_no_credentials(&zone.seen());
    assert!(stage.api.count() + zone.count() <= 50);
}

async fn redirects_in_a_circle_end(stage: &Stage) {
    stage.api.by(|request| redirect(302, &request.path));
    let error = children(stage).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
    assert!(stage.api.count() <= 50);
}

async fn changes_do_not_follow_to_another_provider(stage: &Stage) {
    let zone = Server::start().await;
    let answer = direction(&format!("{}/c", zone.uri()));
    stage.api.by(move |_| json(answer.clone()));
    let folder = Item::new().with_name("a");
    let error = stage.items().create_folder("fosy1", &folder, &Query::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    let error = stage.items().update("fosy1", &folder, &Query::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    assert!(zone.seen().is_empty());
}

async fn paths_lead_to_other_providers(stage: &Stage) {
    let zone = Server::start().await;
    let place = format!("{}/cifs/v3/Items/ByPath?path=%2Fb", zone.uri());
    stage.api.script([redirect(302, &place), json(direction(&place))]);
    zone.by(|_| json(value!({"Id": "x!_-", "odata.type": "ShareFile.Api.Models.Folder"})));
    for _ in 0..2 {
        let item = stage.items().by_path("/link/b", &Query::new()).await.unwrap();
        assert_eq!(item.id().unwrap(), "x!_-");
    }
    check_no_credentials(&zone.saw(&["GET /cifs/v3/Items/ByPath?path=/b"; 2]));
}

async fn pages_go_on_at_the_connector(stage: &Stage) {
    let zone = Server::start().await;
    let page = |id: &str, link: Option<String>| {
        let mut page = value!({"odata.count": 3, "value": [{"Id": id}]});
        page["odata.nextLink"] = link.into();
        json(page)
    };
    stage.api.script([redirect(302, &format!("{}/cifs/v3/Items(b)/Children", zone.uri()))]);
    zone.script([page("1", Some(format!("{}/cifs/next", zone.uri()))), page("2", None), page("3", None)]);
    let pages: Vec<Page<Item>> = stage.items().children_pages("fosy1", Query::new()).try_collect().await.unwrap();
    let ids: Vec<_> = pages.iter().flat_map(|page| &page.items).map(|item| item.id().unwrap()).collect();
    assert_eq!(ids, ["1", "2", "3"]);
    let lines = ["GET /cifs/v3/Items(b)/Children", "GET /cifs/next", "GET /cifs/next?$skip=2"];
    check_no_credentials(&zone.saw(&lines));
}

async fn a_connector_cannot_lead_back_with_credentials_of_its_own(stage: &Stage) {
    let zone = Server::start().await;
    stage.api.script([redirect(302, &format!("{}/c", zone.uri()))]);
    let back = format!("{}/elsewhere", stage.api.uri());
    zone.script([redirect(302, &back)]);
    let outcome = children(stage).await;
    check_no_credentials(&zone.seen());
    let seen = stage.seen();
    assert!(outcome.is_err(), "the script of the API has nothing there");
    assert_eq!((seen.len(), seen[1].header("authorization")), (2, None), "credentials are not picked up again");
}

async fn content_is_fetched_without_credentials(stage: &Stage) {
    let second = Server::start().await;
    let first = format!("{}/download.ashx?dt=dt1&h=c2ln%3D%3D&x=%2f", stage.storage.uri());
    stage.api.script([redirect(302, &first)]);
    stage.storage.script([redirect(302, &format!("{}/moved?dt=dt1", second.uri()))]);
    second.script([ResponseTemplate::new(200).set_body_string("content")]);
    let opened = stage.items().download("fi1", DownloadOptions::new()).await.unwrap();
    let bytes: Vec<_> = opened.body.try_collect().await.unwrap();
    assert_eq!(bytes.concat(), b"content");
    let fetched = stage.storage.seen();
    assert_eq!(fetched[0].raw_query, "dt=dt1&h=c2ln%3D%3D&x=%2f", "a signed address is called as it is");
    check_no_credentials(&fetched);
    check_no_credentials(&second.saw(&["GET /moved?dt=dt1"]));
}

async fn a_link_is_an_item_not_a_direction(stage: &Stage) {
    let link = stage.fixture("link");
    stage.api.script([json(link)]);
    let item = stage.items().get("li1", &Query::new()).await.unwrap();
    assert_eq!(item.uri.as_deref(), Some("https://www.example.com/a?b=c#d"));
    assert_eq!(stage.api.count(), 1);
}
