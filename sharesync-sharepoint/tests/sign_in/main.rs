//! Signing in, on the wire: against a server that binds NTLM to connections, forgets, hangs up, and asks for forms, and
//! against domain controllers that are none.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod digest;
mod farm;
mod forms;
#[cfg(feature = "ntlm")]
mod interim;
#[cfg(feature = "kerberos")]
mod kerberos;
#[cfg(feature = "ntlm")]
#[path = "../support/log.rs"]
mod log;
#[cfg(feature = "ntlm")]
mod ntlm;
mod offers;
mod proxies;
#[cfg(feature = "ntlm")]
mod requests;
#[cfg(feature = "ntlm")]
mod secrets;

use std::sync::Arc;

use bytes::Bytes;
use sharesync_core::Result;
use sharesync_core::http::{Call, HttpConfig, Pipeline, ReqwestTransport};
use sharesync_core::transfer::Source;
use sharesync_sharepoint::auth::{Auth, SignIn, connect};

use crate::farm::Farm;

/// What a source of a test holds: bytes that are made when they are read, so that its length costs nothing.
#[derive(Debug)]
struct Made(u64);

#[async_trait::async_trait]
impl Source for Made {
    fn size(&self) -> u64 {
        self.0
    }

    async fn read_at(&self, offset: u64, max: usize) -> Result<Bytes> {
        let size = self.0.saturating_sub(offset).min(max as u64) as usize;
        Ok(Bytes::from(vec![7; size]))
    }

    async fn check_end(&self) -> Result<()> {
        Ok(())
    }
}

fn limits() -> HttpConfig {
    HttpConfig::new().with_backoff_base(std::time::Duration::from_millis(1)).with_concurrency(8)
}

async fn sign_in(farm: &Farm, auth: Auth) -> Result<SignIn> {
    let transport = Arc::new(ReqwestTransport::new(&limits()).unwrap());
    connect(auth, &farm.site(), transport, &limits()).await
}

/// A pipeline as a client has it.
async fn client(farm: &Farm, auth: Auth) -> Result<Pipeline> {
    let signed_in = sign_in(farm, auth).await?;
    let builder = Pipeline::builder("sharepoint", signed_in.transport).config(limits());
    let builder = match signed_in.authorizer {
        Some(authorizer) => builder.authorize(&farm.site(), authorizer),
        None => builder,
    };
    Ok(builder.build())
}

fn get(farm: &Farm, path: &str) -> Call {
    Call::get("Test.Get", farm.url(path))
}

fn put(farm: &Farm, path: &str, size: u64) -> Call {
    let body = sharesync_core::http::Body::from_source(Arc::new(Made(size)));
    Call::new("Test.Put", http::Method::PUT, farm.url(path)).body(body)
}
