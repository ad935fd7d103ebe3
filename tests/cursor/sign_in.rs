//! Signing in and renewing.

use std::sync::Mutex;

use async_trait::async_trait;
use serde_json::json;
use sharesync::cursor::ProofKey;
use sharesync::http::{TokenSet, TokenStore};
use sharesync::{ErrorKind, Result, Secret, Timestamp};

use super::fixtures::documented;
use super::stage::{DEVICE, SHARE, builder};
use crate::support::{Server, json as answer};

#[derive(Debug, Default)]
struct Kept(Mutex<Vec<String>>);

#[async_trait]
impl TokenStore for Kept {
    async fn save(&self, tokens: &TokenSet) -> Result<()> {
        self.0.lock().unwrap().push(tokens.refresh.as_ref().unwrap().expose().to_owned());
        Ok(())
    }
}

#[tokio::test]
async fn a_code_becomes_tokens_with_its_proof() {
    let server = Server::start().await;
    server.by(|request| match request.path.as_str() {
        "/api/v1/auth/token" => answer(200, &documented("token")),
        _ => answer(200, &documented("status")),
    });
    let back = "http://localhost:8123/callback".parse().unwrap();
    let builder = builder(server.uri()).authorization_code("c0de", back, ProofKey::from_verifier("ver1fier"));
    assert!(!format!("{builder:?}").contains("c0de"));
    let client = builder.connect().await.unwrap();
    client.sync().status(SHARE, DEVICE).await.unwrap();
    let seen = server.seen().await;
    let form = String::from_utf8(seen[0].body.clone()).unwrap();
    assert_eq!(seen[0].line(), "POST /api/v1/auth/token");
    assert_eq!(seen[0].header("content-type"), Some("application/x-www-form-urlencoded"));
    let redirect = "redirect_uri=http%3A%2F%2Flocalhost%3A8123%2Fcallback";
    assert_eq!(form, format!("grant_type=authorization_code&code=c0de&{redirect}&code_verifier=ver1fier"));
    assert_eq!(seen[1].header("authorization"), Some("Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2ln"));
}

#[tokio::test]
async fn a_token_that_ends_is_renewed_and_the_new_refresh_token_kept_first() {
    let server = Server::start().await;
    server.by(|request| match request.path.as_str() {
        "/api/v1/auth/token" => answer(200, &documented("token")),
        _ => answer(200, &documented("status")),
    });
    let kept = std::sync::Arc::new(Kept::default());
    let ended = TokenSet::new("old").with_refresh(Some(Secret::new("rt_old"))).with_expires(Timestamp::from_unix(1, 0));
    let client = builder(server.uri()).tokens(ended).token_store(kept.clone()).connect().await.unwrap();
    client.sync().status(SHARE, DEVICE).await.unwrap();
    let form = String::from_utf8(server.seen().await[0].body.clone()).unwrap();
    assert_eq!(form, "grant_type=refresh_token&refresh_token=rt_old");
    assert_eq!(*kept.0.lock().unwrap(), ["rt_01H9H"]);
}

#[tokio::test]
async fn there_must_be_a_way_to_sign_in() {
    let server = Server::start().await;
    let nothing = builder(server.uri()).connect().await.unwrap_err();
    assert_eq!((nothing.kind(), nothing.provider()), (ErrorKind::Config, Some("cursor")));
    server.by(|_| answer(400, &json!({"error": "invalid_grant", "error_description": "hush"})));
    let back = "http://localhost:1/callback".parse().unwrap();
    let refused = builder(server.uri()).authorization_code("c", back, ProofKey::from_verifier("v")).connect().await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unauthenticated);
    assert!(!format!("{refused} {refused:?}").contains("hush"));
}
