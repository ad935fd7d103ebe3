//! How a request gets its credentials.

use std::fmt::Debug;

use async_trait::async_trait;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::{Error, ErrorKind, Result, Secret};

/// Puts the account's credentials on requests to the API's origin.
#[async_trait]
pub trait Authorizer: Debug + Send + Sync + 'static {
    /// Sets the headers of a request of this method, and returns the generation of the credentials used.
    async fn authorize(&self, method: &Method, headers: &mut HeaderMap) -> Result<u64>;

    /// Whether an answer refuses the credentials of a generation: status 401, unless the service has other ways to say
    /// so. A redirect is shown before it is followed, and without its body; of other bodies the beginning is shown.
    fn refuses(&self, generation: u64, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> bool {
        let _ = (generation, headers, body);
        status == StatusCode::UNAUTHORIZED
    }

    /// Hears that the service refused the credentials of a generation, and says whether others are worth a try.
    async fn refused(&self, generation: u64) -> Result<bool>;
}

/// A bearer token that never changes.
#[derive(Debug, Clone)]
pub struct StaticBearer(Secret);

impl StaticBearer {
    /// Sends this token until the service refuses it.
    pub fn new(token: impl Into<Secret>) -> Self {
        Self(token.into())
    }
}

#[async_trait]
impl Authorizer for StaticBearer {
    async fn authorize(&self, _method: &Method, headers: &mut HeaderMap) -> Result<u64> {
        set_bearer(headers, &self.0)?;
        Ok(0)
    }

    async fn refused(&self, _generation: u64) -> Result<bool> {
        Ok(false)
    }
}

/// Sets the `Authorization` header, marked as sensitive.
pub(super) fn set_bearer(headers: &mut HeaderMap, token: &Secret) -> Result<()> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose())).map_err(|_| {
        Error::new(ErrorKind::Unauthenticated, "the access token holds characters that no header can carry")
    })?;
    value.set_sensitive(true);
    headers.insert(AUTHORIZATION, value);
    Ok(())
}
