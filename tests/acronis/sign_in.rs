//! Signing in: the grants, finding the data center, and renewing.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use sharesync::ErrorKind;
use sharesync::acronis::{Client, Paging, ROOT};
use sharesync::http::TokenSet;
use sharesync::{Secret, Timestamp};

use super::stage::{builder, no_waiting};
use crate::support::{Seen, Server, empty, json as answer};

/// Far in the future, in seconds since the epoch.
const LATER: i64 = 4_102_444_800;

/// A server that issues `token1`, `token2`, … and accepts the newest alone. Refresh tokens are refused or not.
async fn server(refreshes: bool) -> Server {
    let (server, issued) = (Server::start().await, AtomicUsize::new(0));
    server.by(move |request| match request.path.as_str() {
        "/api/2/idp/token" if !refreshes && form(request).contains("refresh_token=") => {
            answer(401, &json!({"error": {"domain": "PlatformAccountServer", "code": 1006, "message": "no"}}))
        }
        "/api/2/idp/token" => {
            let number = issued.fetch_add(1, Ordering::SeqCst) + 1;
            let refresh = format!("refresh{number}");
            let tokens = json!({"access_token": format!("token{number}"), "token_type": "bearer", "expires_on": LATER,
                "refresh_token": refresh, "id_token": "hush"});
            answer(200, &tokens)
        }
        "/api/1/accounts" => answer(200, &json!({"server_url": format!("http://{}", request.header("host").unwrap())})),
        _ => {
            let newest = format!("Bearer token{}", issued.load(Ordering::SeqCst));
            if request.header("authorization") == Some(newest.as_str()) { answer(200, &json!([])) } else { empty(401) }
        }
    });
    server
}

fn form(request: &Seen) -> String {
    String::from_utf8(request.body.clone()).unwrap()
}

async fn forms(server: &Server) -> Vec<String> {
    server.seen().await.iter().filter(|seen| seen.path == "/api/2/idp/token").map(form).collect()
}

async fn list(client: &Client) -> sharesync::Result<()> {
    client.nodes().contents(ROOT, &Paging::new()).await.map(drop)
}

#[tokio::test]
async fn every_grant_is_sent_as_it_is_known() {
    let server = server(true).await;
    let back = "https://app.example/back".parse().unwrap();
    let grants = [
        (
            builder(&server).password("user@example.com", "p w"),
            "grant_type=password&username=user%40example.com&password=p+w",
        ),
        (
            builder(&server).password("u", "p").one_time_code("123456").scope("offline_access"),
            "grant_type=password&username=u&password=p&totp_code=123456&scope=offline_access",
        ),
        (
            builder(&server)
                .client_id("id")
                .client_secret("secret")
                .authorization_code("code", back)
                .code_verifier("v"),
            "grant_type=authorization_code&code=code&redirect_uri=https%3A%2F%2Fapp.example%2Fback&code_verifier=v",
        ),
        (
            builder(&server).client_id("id").client_secret("secret").client_credentials(),
            "grant_type=client_credentials",
        ),
    ];
    for (builder, form) in grants {
        list(&builder.connect().await.unwrap()).await.unwrap();
        assert_eq!(forms(&server).await.last().unwrap(), form);
    }
    let tokens = server.seen().await.into_iter().filter(|seen| seen.path == "/api/2/idp/token");
    let basic: Vec<_> = tokens.map(|seen| seen.header("authorization").map(str::to_owned)).collect();
    assert_eq!(basic, [None, None, Some("Basic aWQ6c2VjcmV0".into()), Some("Basic aWQ6c2VjcmV0".into())]);
    let nothing = builder(&server).connect().await.unwrap_err();
    assert_eq!((nothing.kind(), nothing.provider()), (ErrorKind::Config, Some("acronis")));
}

#[tokio::test]
async fn a_token_that_ends_is_renewed_and_a_refused_renewal_falls_back_to_the_password() {
    for (refreshes, sent) in [(true, 2), (false, 3)] {
        let server = server(refreshes).await;
        let client = builder(&server).password("u", "p").connect().await.unwrap();
        list(&client).await.unwrap();
        // Somebody else signs in, which ends the token.
        let other = builder(&server).password("u", "p").connect().await.unwrap();
        list(&other).await.unwrap();
        list(&client).await.unwrap();
        let forms = forms(&server).await;
        assert_eq!(forms[2], "grant_type=refresh_token&refresh_token=refresh1");
        assert_eq!(forms.len(), sent + 1, "{forms:?}");
    }
}

#[tokio::test]
async fn a_session_that_has_ended_is_renewed_whatever_the_status() {
    for status in [400, 403] {
        let server = server(true).await;
        let client = builder(&server).password("u", "p").connect().await.unwrap();
        server.by(move |request| match (request.path.as_str(), request.header("authorization")) {
            ("/api/2/idp/token", _) => answer(200, &json!({"access_token": "new", "expires_in": 7200})),
            (_, Some("Bearer new")) => answer(200, &json!([])),
            _ => answer(status, &json!({"error": {"domain": "Files", "code": 4, "message": "ended"}})),
        });
        list(&client).await.unwrap();
        assert_eq!(forms(&server).await[1], "grant_type=refresh_token&refresh_token=refresh1");
        // The same number means something else elsewhere.
        server.by(|_| answer(403, &json!({"error": {"domain": "PlatformAccountServer", "code": 4, "message": "no"}})));
        assert_eq!(list(&client).await.unwrap_err().kind(), ErrorKind::PermissionDenied);
        assert_eq!(forms(&server).await.len(), 2);
    }
}

#[tokio::test]
async fn a_lifetime_is_as_good_as_an_end() {
    for (end, requests) in [(json!({"expires_in": 7200}), 1), (json!({"expires_in": "1"}), 2), (json!({}), 1)] {
        let server = Server::start().await;
        server.by(move |request| match request.path.as_str() {
            "/api/2/idp/token" => {
                let mut tokens = json!({"access_token": "t", "token_type": "bearer"});
                tokens.as_object_mut().unwrap().extend(end.as_object().unwrap().clone());
                answer(200, &tokens)
            }
            _ => answer(200, &json!([])),
        });
        let client = builder(&server).password("u", "p").connect().await.unwrap();
        list(&client).await.unwrap();
        assert_eq!(forms(&server).await.len(), requests, "a token that is about to end is renewed before it is used");
    }
}

#[tokio::test]
async fn a_token_is_renewed_before_its_absolute_end() {
    let server = server(true).await;
    let ended = TokenSet::new("old").with_refresh(Some(Secret::new("r"))).with_expires(Timestamp::from_unix(1, 0));
    let client = builder(&server).tokens(ended).connect().await.unwrap();
    list(&client).await.unwrap();
    assert_eq!(server.seen().await.len(), 2, "one renewal, and no request with the old token");
}

#[tokio::test]
async fn the_data_center_of_a_login_is_found() {
    let server = server(true).await;
    let asking = || Client::builder("user@example.com").directory(server.uri()).http_config(no_waiting());
    let client = asking().password("user@example.com", "p").connect().await.unwrap();
    list(&client).await.unwrap();
    let asked = &server.seen().await[0];
    assert_eq!((asked.line().as_str(), asked.param("login")), ("GET /api/1/accounts", Some("user@example.com")));
    assert_eq!(asked.header("authorization"), None);
    assert!(client.account().ends_with("/user@example.com"), "{}", client.account());
    server.by(|_| answer(200, &json!({"server_url": "https://evil.example"})));
    let error = asking().password("user@example.com", "p").connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Insecure);
    assert!(!server.seen().await.iter().skip(3).any(|seen| seen.method == "POST"), "nobody gets the password");
}

#[tokio::test]
async fn no_secret_is_printed() {
    let server = server(true).await;
    let builder = builder(&server).client_id("id").client_secret("hush").password("u", "hush").one_time_code("hush");
    assert!(!format!("{builder:?}").contains("hush"));
    server.by(|_| answer(400, &json!({"error": "invalid_grant", "error_description": "hush"})));
    let error = builder.connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
}
