//! Tokens: renewed once for all, stored before use, never shown.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use sharesync_core::http::{
    BearerTokens, Call, Grant, OAuthClient, OAuthSource, Pipeline, TokenSet, TokenSource, TokenStore,
};
use sharesync_core::{Error, ErrorKind, Result, Secret, Timestamp};
use support::{Server, quick, response, transport};

/// Issues `token 1`, `token 2`, … or fails.
#[derive(Debug, Default)]
struct Issuer {
    issued: AtomicUsize,
    fails: AtomicBool,
    /// How long its tokens hold, if it says so.
    lifetime: Option<Duration>,
}

#[async_trait]
impl TokenSource for Issuer {
    async fn renew(&self, _present: Option<&TokenSet>) -> Result<TokenSet> {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let number = self.issued.fetch_add(1, Ordering::SeqCst) + 1;
        if self.fails.load(Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Unauthenticated, "refused"));
        }
        let expires = self.lifetime.map(|lifetime| Timestamp::now().saturating_add(lifetime));
        let tokens = TokenSet::new(format!("token{number}")).with_expires(expires);
        Ok(tokens.with_refresh(Some(format!("refresh{number}").into())))
    }
}

fn expired() -> TokenSet {
    TokenSet::new("old").with_refresh(Some("oldrefresh".into())).with_expires(Timestamp::from_unix(0, 0))
}

/// A server that takes any token but those given.
async fn refusing(refused: &'static [&'static str]) -> Server {
    Server::answering(move |_, request| {
        let token = request.header("authorization").unwrap_or_default().trim_start_matches("Bearer ").to_owned();
        if refused.contains(&token.as_str()) { response(401, "", "") } else { response(200, "", &token) }
    })
    .await
}

fn pipeline(server: &Server, tokens: BearerTokens) -> Pipeline {
    let config = quick().with_concurrency(64);
    Pipeline::builder("test", transport(&config)).config(config).authorize(&server.url("/"), Arc::new(tokens)).build()
}

async fn call_64_times(server: &Server, pipeline: &Pipeline) -> Vec<Result<bytes::Bytes>> {
    futures::future::join_all((0..64).map(|_| pipeline.bytes(Call::get("Test.Get", server.url("/"))))).await
}

#[tokio::test]
async fn an_expired_token_is_renewed_once_for_64_calls() {
    let (server, issuer) = (refusing(&["old"]).await, Arc::new(Issuer::default()));
    let pipeline = pipeline(&server, BearerTokens::new(issuer.clone(), Some(expired()), None));
    for answer in call_64_times(&server, &pipeline).await {
        assert_eq!(answer.unwrap(), "token1");
    }
    assert_eq!(issuer.issued.load(Ordering::SeqCst), 1);
    assert_eq!(server.requests().len(), 64, "nobody tried the expired token");
}

#[tokio::test]
async fn a_token_revoked_early_is_renewed_once_for_64_calls() {
    let (server, issuer) = (refusing(&["revoked"]).await, Arc::new(Issuer::default()));
    let pipeline = pipeline(&server, BearerTokens::new(issuer.clone(), Some(TokenSet::new("revoked")), None));
    for answer in call_64_times(&server, &pipeline).await {
        assert_eq!(answer.unwrap(), "token1");
    }
    assert_eq!(issuer.issued.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_short_lived_token_is_used_until_it_is_nearly_over() {
    let lifetime = Duration::from_secs(4);
    let (server, issuer) = (refusing(&[]).await, Arc::new(Issuer { lifetime: Some(lifetime), ..Issuer::default() }));
    let pipeline = pipeline(&server, BearerTokens::new(issuer.clone(), Some(expired()), None));
    let call = || pipeline.bytes(Call::get("Test.Get", server.url("/")));
    for _ in 0..10 {
        assert_eq!(call().await.unwrap(), "token1");
    }
    tokio::time::sleep(lifetime).await;
    assert_eq!(call().await.unwrap(), "token2");
    assert_eq!(issuer.issued.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_failing_renewal_is_shared_by_those_who_waited_for_it() {
    let (server, issuer) = (refusing(&["revoked"]).await, Arc::new(Issuer::default()));
    issuer.fails.store(true, Ordering::SeqCst);
    let pipeline = pipeline(&server, BearerTokens::new(issuer.clone(), Some(expired()), None));
    for answer in call_64_times(&server, &pipeline).await {
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::Unauthenticated);
    }
    assert!(issuer.issued.load(Ordering::SeqCst) < 8, "{issuer:?}");
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_token_refused_twice_is_an_error() {
    let server = refusing(&["old", "token1", "token2", "token3"]).await;
    let pipeline = pipeline(&server, BearerTokens::new(Arc::new(Issuer::default()), Some(TokenSet::new("old")), None));
    let error = pipeline.bytes(Call::get("Test.Get", server.url("/"))).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unauthenticated, Some(401)));
    assert_eq!(server.requests().len(), 2);
}

/// Remembers what was saved and how many requests the server had seen by then; fails the first `failures` times.
#[derive(Debug)]
struct Store {
    failures: AtomicUsize,
    saved: std::sync::Mutex<Vec<String>>,
}

#[async_trait]
impl TokenStore for Store {
    async fn save(&self, tokens: &TokenSet) -> Result<()> {
        let failing =
            self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        if failing {
            return Err(Error::new(ErrorKind::Io, "the disk is full"));
        }
        let refresh = tokens.refresh.as_ref().map(Secret::expose).unwrap_or_default().to_owned();
        self.saved.lock().unwrap().push(refresh);
        Ok(())
    }
}

#[tokio::test]
async fn a_rotated_token_is_stored_before_use_and_survives_a_failing_store() {
    let (server, issuer) = (refusing(&[]).await, Arc::new(Issuer::default()));
    let store = Arc::new(Store { failures: AtomicUsize::new(1), saved: std::sync::Mutex::default() });
    let tokens = BearerTokens::new(issuer.clone(), Some(expired()), Some(store.clone()));
    let pipeline = pipeline(&server, tokens);
    let call = || pipeline.bytes(Call::get("Test.Get", server.url("/")));
    assert_eq!(call().await.unwrap_err().kind(), ErrorKind::Io, "a failure to store surfaces");
    assert!(server.requests().is_empty(), "and the token is not used before it is stored");
    assert_eq!(call().await.unwrap(), "token1", "the rotated token was not lost");
    assert_eq!(*store.saved.lock().unwrap(), ["refresh1"]);
    assert_eq!(issuer.issued.load(Ordering::SeqCst), 1);
}

fn oauth(server: &Server) -> OAuthClient {
    let config = quick();
    OAuthClient::new("test", transport(&config), config, server.url("/oauth/token"), "client")
        .with_secret(Some("clientsecret".into()))
}

#[tokio::test]
async fn a_refresh_keeps_the_old_refresh_token_when_the_answer_has_none() {
    let server = Server::answering(|_, _| {
        response(200, "", r#"{"access_token":"new","token_type":"Bearer","expires_in":"3600","subdomain":"acct"}"#)
    })
    .await;
    let tokens = BearerTokens::new(Arc::new(OAuthSource::new(oauth(&server), None)), Some(expired()), None);
    let renewed = tokens.tokens().await.unwrap();
    assert_eq!(renewed.access.expose(), "new");
    assert_eq!(renewed.refresh.as_ref().unwrap().expose(), "oldrefresh");
    assert_eq!(renewed.field("subdomain"), Some("acct"));
    assert!(renewed.expires.unwrap() > Timestamp::now());
    let body = String::from_utf8(server.requests()[0].body.clone()).unwrap();
    assert_eq!(body, "grant_type=refresh_token&refresh_token=oldrefresh&client_id=client&client_secret=clientsecret");
}

#[tokio::test]
async fn a_refused_refresh_falls_back_to_the_password() {
    let server = Server::answering(|_, request| match request.body.starts_with(b"grant_type=refresh_token") {
        true => response(400, "", r#"{"error":"invalid_grant","error_description":"oldrefresh is dead"}"#),
        false => response(200, "", r#"{"access_token":"fresh"}"#),
    })
    .await;
    let sign_in = Grant::Password { username: "user".into(), password: "pass word".into(), one_time_code: None };
    let with_password = OAuthSource::new(oauth(&server), Some(sign_in));
    assert_eq!(with_password.renew(Some(&expired())).await.unwrap().access.expose(), "fresh");
    let error = OAuthSource::new(oauth(&server), None).renew(Some(&expired())).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Unauthenticated, Some("invalid_grant")));
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(!text.contains("oldrefresh"), "{text}");
    }
    assert!(server.requests().iter().any(|request| request.body.ends_with(b"client_secret=clientsecret")));
}

#[tokio::test]
async fn client_credentials_can_go_by_basic() {
    let server = Server::answering(|_, _| response(200, "", r#"{"access_token":"a","expires_on":4102444800}"#)).await;
    let tokens = oauth(&server).with_basic(true).exchange(&Grant::ClientCredentials).await.unwrap();
    assert_eq!(tokens.expires.unwrap().to_string(), "2100-01-01T00:00:00Z");
    let request = &server.requests()[0];
    assert_eq!(request.header("authorization"), Some("Basic Y2xpZW50OmNsaWVudHNlY3JldA=="));
    assert_eq!(request.body, b"grant_type=client_credentials");
}

#[tokio::test]
async fn a_scope_is_asked_for_once_and_a_client_without_a_name_sends_none() {
    let server = Server::answering(|_, _| response(200, "", r#"{"access_token":"t","expires_on":"4102444800"}"#)).await;
    let config = quick();
    let client = OAuthClient::new("test", transport(&config), config, server.url("/token"), "")
        .with_scope(Some("offline_access".into()));
    let password =
        Grant::Password { username: "u".into(), password: "p".into(), one_time_code: Some(("totp_code", "1".into())) };
    let tokens = client.exchange(&password).await.unwrap();
    assert_eq!(tokens.expires.unwrap().to_string(), "2100-01-01T00:00:00Z");
    client.exchange(&Grant::RefreshToken("r".into())).await.unwrap();
    let bodies = server.requests().into_iter().map(|seen| String::from_utf8(seen.body).unwrap()).collect::<Vec<_>>();
    assert_eq!(
        bodies,
        [
            "grant_type=password&username=u&password=p&totp_code=1&scope=offline_access",
            "grant_type=refresh_token&refresh_token=r",
        ]
    );
}

#[tokio::test]
async fn a_lifetime_counts_from_the_clock_of_the_service() {
    // The clock of the service is at the end of 2099, and that of this machine is not.
    let date = "Date: Thu, 31 Dec 2099 23:00:00 GMT\r\n";
    for (headers, body, hours) in [
        ("", r#"{"access_token":"t","expires_in":7200,"expires_on":1}"#, 2),
        (date, r#"{"access_token":"t","expires_in":"7200","expires_on":"4102444800"}"#, 2),
        (date, r#"{"access_token":"t","expires_on":4102444800}"#, 1),
        (date, r#"{"access_token":"t","expires_in":-1,"expires_on":4102444800}"#, 1),
        (date, r#"{"access_token":"t","expires_on":1}"#, 0),
    ] {
        let server = Server::answering(move |_, _| response(200, headers, body)).await;
        let tokens = oauth(&server).exchange(&Grant::ClientCredentials).await.unwrap();
        let left = tokens.expires.unwrap().until_now_or_later().as_secs_f64() / 3600.0;
        assert!((left - f64::from(hours)).abs() < 0.1, "{body}: {left} hours");
    }
}

#[tokio::test]
async fn nonsense_from_the_token_endpoint_is_a_typed_error() {
    for (body, kind) in [
        ("<html>", ErrorKind::Protocol),
        ("{}", ErrorKind::Protocol),
        (r#"{"access_token":"hush","token_type":"mac"}"#, ErrorKind::Protocol),
        (r#"{"access_token":"hush""#, ErrorKind::Network),
    ] {
        let server = Server::answering(move |_, _| response(200, "", body)).await;
        let error = oauth(&server).exchange(&Grant::ClientCredentials).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{body}");
        assert!(!format!("{error:?} {error}").contains("hush"));
    }
}
