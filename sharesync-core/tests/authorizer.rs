//! Services that refuse credentials in ways of their own, and credentials that depend on the method.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use http::{HeaderMap, Method, StatusCode};
use sharesync_core::http::{Authorizer, BearerTokens, Call, Pipeline, TokenSet, TokenSource};
use sharesync_core::{Error, ErrorKind, Result};
use support::{Server, quick, response, transport};

/// Numbered credentials. A redirect to `/login` refuses them, and a 403 that says `again`.
#[derive(Debug, Default)]
struct Numbered(AtomicU64);

#[async_trait]
impl Authorizer for Numbered {
    async fn authorize(&self, method: &Method, headers: &mut HeaderMap) -> Result<u64> {
        let number = self.0.load(Ordering::SeqCst);
        headers.insert("x-credentials", format!("{method} {number}").parse().unwrap());
        Ok(number)
    }

    fn refuses(&self, _generation: u64, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> bool {
        match status {
            StatusCode::FOUND => headers["location"] == "/login",
            StatusCode::FORBIDDEN => body == b"again",
            _ => false,
        }
    }

    async fn refused(&self, generation: u64) -> Result<bool> {
        self.0.fetch_max(generation + 1, Ordering::SeqCst);
        Ok(true)
    }
}

fn pipeline(server: &Server, authorizer: Arc<dyn Authorizer>) -> Pipeline {
    let config = quick();
    Pipeline::builder("test", transport(&config)).config(config).authorize(&server.url("/"), authorizer).build()
}

#[tokio::test]
async fn a_request_is_repeated_once_with_new_credentials() {
    for refusal in [response(302, "Location: /login\r\n", ""), response(403, "", "again")] {
        let server = Server::answering(move |_, request| match request.header("x-credentials") {
            Some("POST 1") => response(200, "", "in"),
            _ => refusal.clone(),
        })
        .await;
        let call = Call::post("Test.Post", server.url("/"));
        assert_eq!(pipeline(&server, Arc::new(Numbered::default())).bytes(call).await.unwrap(), "in");
        let sent: Vec<_> =
            server.requests().iter().map(|seen| seen.header("x-credentials").unwrap().to_owned()).collect();
        assert_eq!(sent, ["POST 0", "POST 1"]);
    }
}

#[tokio::test]
async fn a_refusal_that_goes_on_says_that_nobody_is_signed_in() {
    for call in [Call::get as fn(_, _) -> _, |name, url| Call::get(name, url).keep_redirect()] {
        let server = Server::answering(|_, _| response(302, "Location: /login\r\n", "")).await;
        let result = pipeline(&server, Arc::new(Numbered::default())).bytes(call("Test.Get", server.url("/"))).await;
        let error = result.unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::Unauthenticated, Some(302)));
        assert_eq!(server.requests().len(), 2);
    }
}

#[tokio::test]
async fn other_redirects_and_refusals_are_what_they_were() {
    let server = Server::answering(|number, _| match number {
        0 => response(302, "Location: /elsewhere\r\n", ""),
        1 => response(200, "", "here"),
        2 => response(403, "", "never"),
        _ => response(401, "", ""),
    })
    .await;
    let pipeline = pipeline(&server, Arc::new(Numbered::default()));
    let get = || Call::get("Test.Get", server.url("/"));
    assert_eq!(pipeline.bytes(get()).await.unwrap(), "here");
    assert_eq!(pipeline.bytes(get()).await.unwrap_err().kind(), ErrorKind::PermissionDenied);
    assert_eq!(pipeline.bytes(get()).await.unwrap_err().kind(), ErrorKind::Unauthenticated);
    assert_eq!(server.requests().len(), 4);
}

/// Has nothing to give.
#[derive(Debug)]
struct Dry;

#[async_trait]
impl TokenSource for Dry {
    async fn renew(&self, _present: Option<&TokenSet>) -> Result<TokenSet> {
        Err(Error::new(ErrorKind::Unauthenticated, "dry"))
    }
}

#[tokio::test]
async fn a_token_that_a_refusal_brings_takes_the_place_of_that_one_alone() {
    let tokens = BearerTokens::new(Arc::new(Dry), Some(TokenSet::new("first")), None);
    let (_, generation) = tokens.current_or_renewed().await.unwrap();
    tokens.replace(generation, TokenSet::new("second"));
    tokens.replace(generation, TokenSet::new("too late"));
    assert_eq!(tokens.tokens().await.unwrap().access.expose(), "second");
    assert!(tokens.refused(generation).await.unwrap(), "there is another one already");
    assert_eq!(tokens.tokens().await.unwrap().access.expose(), "second");
}
