//! Signing in to a SharePoint site: which way ([`Auth`]), and what comes of it ([`connect`]).
//!
//! | Way | What carries it |
//! |---|---|
//! | bearer, Basic, forms | an [`Authorizer`]: a header on every request |
//! | Windows (NTLM, Negotiate) | a [`Transport`]: the connection is what is signed in |
//!
//! Writes need a [`FormDigest`] besides, unless the way is bearer.

mod basic;
mod digest;

use std::fmt;
use std::sync::Arc;

use sharesync_core::http::{Authorizer, BearerTokens, HttpConfig, StaticBearer, Transport};
use sharesync_core::{Error, ErrorKind, Result, Secret};
use url::Url;

use self::basic::Basic;
pub use self::digest::FormDigest;
use crate::PROVIDER;

/// A way to sign in.
#[derive(Clone)]
pub struct Auth(Way);

#[derive(Clone)]
enum Way {
    Bearer(Arc<dyn Authorizer>),
    Basic(Account),
    Forms(Account),
    Ntlm(Account),
    Windows { account: Account, basic: bool },
}

/// A user of Windows or of the site.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    /// Empty where the service knows it.
    pub(crate) domain: String,
    pub(crate) user: String,
    pub(crate) password: Secret,
}

impl Account {
    fn new(user: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self { domain: String::new(), user: user.into(), password: password.into() }
    }

    fn of_domain(domain: impl Into<String>, user: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self { domain: domain.into(), ..Self::new(user, password) }
    }
}

impl Auth {
    /// By an access token that is sent until the service refuses it.
    pub fn bearer(token: impl Into<Secret>) -> Self {
        Self(Way::Bearer(Arc::new(StaticBearer::new(token))))
    }

    /// By access tokens that end and are renewed.
    pub fn bearer_tokens(tokens: BearerTokens) -> Self {
        Self(Way::Bearer(Arc::new(tokens)))
    }

    /// By user name and password with every request (RFC 7617). A name of a domain is `DOMAIN\user`.
    pub fn basic(user: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self(Way::Basic(Account::new(user, password)))
    }

    /// By the site's own form, which gives a cookie.
    pub fn forms(user: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self(Way::Forms(Account::new(user, password)))
    }

    /// By NTLM. The domain may be empty, and the user then of the form `user@domain`.
    pub fn ntlm(domain: impl Into<String>, user: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self(Way::Ntlm(Account::of_domain(domain, user, password)))
    }

    /// By what the service offers to Windows users: it is asked at first. Basic is not chosen: see
    /// [`or_basic`](Self::or_basic).
    pub fn windows(domain: impl Into<String>, user: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self(Way::Windows { account: Account::of_domain(domain, user, password), basic: false })
    }

    /// Lets [`windows`](Self::windows) choose Basic where the service offers nothing better: the password itself goes to
    /// the service then.
    #[must_use]
    pub fn or_basic(mut self) -> Self {
        if let Way::Windows { basic, .. } = &mut self.0 {
            *basic = true;
        }
        self
    }

    /// Whether writes need a [`FormDigest`]: not with a bearer token.
    pub fn needs_digest(&self) -> bool {
        !matches!(self.0, Way::Bearer(_))
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = match &self.0 {
            Way::Bearer(_) => "bearer",
            Way::Basic(_) => "basic",
            Way::Forms(_) => "forms",
            Way::Ntlm(_) => "ntlm",
            Way::Windows { .. } => "windows",
        };
        f.debug_tuple("Auth").field(&way).finish()
    }
}

/// What a sign-in comes to: give both to the pipeline.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SignIn {
    /// Sends requests, over connections that are signed in where the way is one of Windows.
    pub transport: Arc<dyn Transport>,
    /// Puts credentials on requests, where the way is one with a header.
    pub authorizer: Option<Arc<dyn Authorizer>>,
    /// Whether writes need a [`FormDigest`].
    pub needs_digest: bool,
}

/// Prepares the sign-in to a site. Credentials go to the origin of `site` alone.
///
/// # Errors
/// [`ErrorKind::Unsupported`] when the way is not built in, or the service offers none that is.
pub async fn connect(auth: Auth, site: &Url, transport: Arc<dyn Transport>, http: &HttpConfig) -> Result<SignIn> {
    let _ = (site, http);
    let needs_digest = auth.needs_digest();
    let authorizer: Arc<dyn Authorizer> = match auth.0 {
        Way::Bearer(authorizer) => authorizer,
        Way::Basic(account) => Arc::new(Basic::new(&account)?),
        Way::Forms(_) | Way::Ntlm(_) | Way::Windows { .. } => {
            let message = "this way to sign in is not built in";
            return Err(Error::new(ErrorKind::Unsupported, message).with_provider(PROVIDER));
        }
    };
    Ok(SignIn { transport, authorizer: Some(authorizer), needs_digest })
}
