//! Signing in to a SharePoint site: which way ([`Auth`]), and what comes of it ([`connect`]).
//!
//! | Way | What carries it |
//! |---|---|
//! | bearer, Basic, forms | an [`Authorizer`]: a header on every request |
//! | NTLM (feature `ntlm`) | a [`Transport`]: the connection is what is signed in |
//!
//! Writes need a [`FormDigest`] besides, unless the way is bearer: the authorizer adds it. Kerberos is not built in.

mod basic;
mod digest;
mod fields;
mod forms;
#[cfg(feature = "ntlm")]
mod ntlm;
#[cfg(not(feature = "ntlm"))]
#[path = "without_ntlm.rs"]
mod ntlm;
mod offer;
mod windows;

use std::fmt;
use std::sync::Arc;

use sharesync_core::http::{Authorizer, BearerTokens, HttpConfig, Pipeline, StaticBearer, Transport};
use sharesync_core::{Result, Secret};
use url::Url;

use self::basic::Basic;
pub use self::digest::FormDigest;
use self::digest::WithDigest;
use self::forms::Forms;
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
    /// The messages of NTLM where the service offers the scheme Negotiate alone.
    NtlmAsNegotiate(Account),
    Windows {
        account: Account,
        basic: bool,
    },
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

    /// By NTLM, with the feature `ntlm`. The domain may be empty, and the user then of the form `user@domain`.
    ///
    /// What is signed in is the connections to the site's origin: requests there that ask for no credentials go over them as
    /// well. The transport must be able to [give connections away](Transport::connect), as the one that comes along is.
    pub fn ntlm(domain: impl Into<String>, user: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self(Way::Ntlm(Account::of_domain(domain, user, password)))
    }

    /// By what the service offers to Windows users, as it says when it is asked: NTLM, by that name or within Negotiate.
    /// Basic is not chosen: see [`or_basic`](Self::or_basic).
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
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = match &self.0 {
            Way::Bearer(_) => "bearer",
            Way::Basic(_) => "basic",
            Way::Forms(_) => "forms",
            Way::Ntlm(_) | Way::NtlmAsNegotiate(_) => "ntlm",
            Way::Windows { .. } => "windows",
        };
        f.debug_tuple("Auth").field(&way).finish()
    }
}

/// What a sign-in comes to: give transport and authorizer to the pipeline.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SignIn {
    /// Sends requests, over connections that are signed in where the way is one of Windows.
    pub transport: Arc<dyn Transport>,
    /// Puts credentials on requests, and the form digest on writes; where there is something to put.
    pub authorizer: Option<Arc<dyn Authorizer>>,
    /// The form digest, unless a bearer token makes it needless. The authorizer has it already.
    pub digest: Option<FormDigest>,
}

/// Signs in to a site. Credentials go to the origin of `site` alone; those of [`Auth::ntlm`] with the first request.
///
/// # Errors
/// [`Unauthenticated`](sharesync_core::ErrorKind::Unauthenticated) when the service refuses what it is asked here,
/// [`Unsupported`](sharesync_core::ErrorKind::Unsupported) when the way is not built in, or the service offers none that is,
/// [`Config`](sharesync_core::ErrorKind::Config) when the credentials cannot be sent.
pub async fn connect(auth: Auth, site: &Url, transport: Arc<dyn Transport>, http: &HttpConfig) -> Result<SignIn> {
    sign_in(auth, site, transport, http).await.map_err(|error| error.with_provider(PROVIDER))
}

async fn sign_in(auth: Auth, site: &Url, transport: Arc<dyn Transport>, http: &HttpConfig) -> Result<SignIn> {
    let pipeline = |transport: &Arc<dyn Transport>| Pipeline::builder(PROVIDER, transport.clone()).config(http.clone());
    let way = match auth.0 {
        Way::Windows { account, basic } => windows::choose(pipeline(&transport).build(), site, account, basic).await?,
        way => way,
    };
    let (transport, credentials): (_, Option<Arc<dyn Authorizer>>) = match way {
        Way::Bearer(authorizer) => return Ok(SignIn { transport, authorizer: Some(authorizer), digest: None }),
        Way::Basic(account) => (transport, Some(Arc::new(Basic::new(&account)?))),
        Way::Forms(account) => {
            let forms = Forms::sign_in(pipeline(&transport).build(), site, account).await?;
            (transport, Some(Arc::new(forms)))
        }
        Way::Windows { account, .. } | Way::Ntlm(account) => {
            (ntlm::ntlm("NTLM", account, site, transport, http)?, None)
        }
        Way::NtlmAsNegotiate(account) => (ntlm::ntlm("Negotiate", account, site, transport, http)?, None),
    };
    let builder = pipeline(&transport);
    let builder = match &credentials {
        Some(credentials) => builder.authorize(site, credentials.clone()),
        None => builder,
    };
    let digest = FormDigest::new(builder.build(), site)?;
    let authorizer = Some(Arc::new(WithDigest::new(credentials, digest.clone())) as Arc<dyn Authorizer>);
    Ok(SignIn { transport, authorizer, digest: Some(digest) })
}
