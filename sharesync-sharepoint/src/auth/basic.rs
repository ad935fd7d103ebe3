//! Basic authentication (RFC 7617): the password with every request.

use std::fmt;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method};
use sharesync_core::http::Authorizer;
use sharesync_core::{Error, ErrorKind, Result};

use super::Account;

/// Sends user name and password, in UTF-8. The pipeline sends nothing over plain http but to this machine.
pub(super) struct Basic(HeaderValue);

impl Basic {
    pub(super) fn new(account: &Account) -> Result<Self> {
        let wrong = |why| Error::new(ErrorKind::Config, why);
        let name = match account.domain.as_str() {
            "" => account.user.clone(),
            domain => format!(r"{domain}\{}", account.user),
        };
        if name.contains(':') || name.chars().any(char::is_control) {
            return Err(wrong("the user name holds characters that Basic cannot carry"));
        }
        let pair = format!("{name}:{}", account.password.expose());
        let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair)))
            .map_err(|_| wrong("the credentials cannot be sent"))?;
        value.set_sensitive(true);
        Ok(Self(value))
    }
}

impl fmt::Debug for Basic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Basic([redacted])")
    }
}

#[async_trait]
impl Authorizer for Basic {
    async fn authorize(&self, _method: &Method, headers: &mut HeaderMap) -> Result<u64> {
        headers.insert(AUTHORIZATION, self.0.clone());
        Ok(0)
    }

    async fn refused(&self, _generation: u64) -> Result<bool> {
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn name_and_password_go_in_utf_8_and_are_not_shown() {
        let basic = Basic::new(&Account::of_domain("CONTOSO", "alïce", "123£")).unwrap();
        let mut headers = HeaderMap::new();
        basic.authorize(&Method::GET, &mut headers).await.unwrap();
        let expected = format!("Basic {}", STANDARD.encode("CONTOSO\\alïce:123£"));
        assert_eq!(headers[AUTHORIZATION], expected);
        assert!(headers[AUTHORIZATION].is_sensitive());
        assert_eq!(format!("{basic:?}"), "Basic([redacted])");
        assert_eq!(Basic::new(&Account::new("a:b", "c")).unwrap_err().kind(), ErrorKind::Config);
    }
}
