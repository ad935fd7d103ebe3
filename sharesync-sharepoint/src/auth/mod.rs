//! Signing in to a SharePoint site: which way ([`Auth`]), and what comes of it ([`connect`]).
//!
//! | Way | What carries it |
//! |---|---|
//! | bearer, Basic, forms | an [`Authorizer`]: a header on every request |
//! | NTLM (feature `ntlm`), Kerberos (feature `kerberos`) | a [`Transport`]: the connection is what is signed in |
//!
//! Writes need a [`FormDigest`] besides, unless the way is bearer: the authorizer adds it.
//!
//! # Kerberos
//!
//! Kerberos goes within Negotiate (RFC 4559), by user name and password; tickets that other programs have fetched are not
//! used. What it needs:
//!
//! - the addresses of the domain controllers (KDC), which are asked by TCP, past any proxy, in their order, for ten seconds at
//!   the most each. They are not looked up in the DNS: that would take a resolver of its own. In a domain of Windows the
//!   name of the domain usually leads to its controllers as well;
//! - the service principal name of the site, `HTTP/` and its host if no other is [set](Auth::with_service_principal);
//! - keys of AES for user and site (RFC 3962), names of ASCII, and both in one realm.
//!
//! A ticket for the site is fetched once, and serves all connections until it ends. The site must prove that it is the one
//! that was meant (mutual authentication), and a sign-in is bound to its TLS connection.
//!
//! # How long a sign-in lasts
//!
//! As long as its connection, or for one request: with Kerberos the web server of Windows signs in requests unless it is told
//! otherwise, and so it does with NTLM where it is told to (`authPersistSingleRequest`) or a proxy says `Via`. Which it is, is asked once.
//! Where it is one request, each carries a message of its own, and with NTLM costs one more round trip.
//!
//! NTLM needs every message of a sign-in on one connection to the server. It does not pass proxies and balancers that send what comes
//! over one connection on over several; the error says so.

mod basic;
mod digest;
mod fields;
mod forms;
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
use self::windows::Messages;
use crate::PROVIDER;
use crate::error::SharePointErrors;

/// A way to sign in.
#[derive(Clone)]
pub struct Auth(Way);

#[derive(Clone)]
enum Way {
    Known(Known),
    /// What the service offers to users of Windows: Kerberos if there are controllers to ask, Basic if it is allowed.
    Offered {
        account: Account,
        source: TicketSource,
        basic: bool,
    },
}

/// A way that needs no asking.
#[derive(Clone)]
enum Known {
    Bearer(Arc<dyn Authorizer>),
    Basic(Account),
    Forms(Account),
    Messages(Account, Messages),
}

/// Where tickets come from, and what for.
#[derive(Debug, Clone, Default)]
#[cfg_attr(not(feature = "kerberos"), allow(dead_code, reason = "nobody reads all of it"))]
struct TicketSource {
    kdcs: Option<Vec<String>>,
    service: Option<String>,
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
        Self(Way::Known(Known::Bearer(Arc::new(StaticBearer::new(token)))))
    }

    /// By access tokens that end and are renewed.
    pub fn bearer_tokens(tokens: BearerTokens) -> Self {
        Self(Way::Known(Known::Bearer(Arc::new(tokens))))
    }

    /// By user name and password with every request (RFC 7617). A name of a domain is `DOMAIN\user`.
    pub fn basic(user: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self(Way::Known(Known::Basic(Account::new(user, password))))
    }

    /// By the site's own form, which gives a cookie.
    pub fn forms(user: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self(Way::Known(Known::Forms(Account::new(user, password))))
    }

    /// By NTLM, with the feature `ntlm`. The domain may be empty, and the user then of the form `user@domain`.
    ///
    /// What is signed in is the connections to the site's origin: requests there that ask for no credentials go over them as
    /// well. The transport must be able to [give connections away](Transport::connect), as the one that comes along is.
    pub fn ntlm(domain: impl Into<String>, user: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self(Way::Known(Known::Messages(Account::of_domain(domain, user, password), Messages::Ntlm("NTLM"))))
    }

    /// By Kerberos, with the feature `kerberos`, as the [module](self#kerberos) describes it: for a user of a realm (for Windows
    /// the domain in capitals, such as `CORP.EXAMPLE.COM`), by tickets of its domain controllers (`dc1.corp.example.com`, or
    /// with a port). The realm may be empty, and the user then of the form `user@domain`, which Active Directory
    /// alone knows (not tried against one).
    ///
    /// Of the connections holds what holds for [`ntlm`](Self::ntlm).
    pub fn kerberos<K: Into<String>>(
        realm: impl Into<String>,
        user: impl Into<String>,
        password: impl Into<Secret>,
        kdcs: impl IntoIterator<Item = K>,
    ) -> Self {
        let source = TicketSource::default();
        let account = Account::of_domain(realm, user, password);
        Self(Way::Known(Known::Messages(account, Messages::Kerberos(source)))).with_kdcs(kdcs)
    }

    /// By what the service offers to Windows users, as it says when it is asked: NTLM, by that name or within Negotiate; or
    /// Kerberos alone, once [domain controllers](Self::with_kdcs) are named. Basic is not chosen: see
    /// [`or_basic`](Self::or_basic).
    pub fn windows(domain: impl Into<String>, user: impl Into<String>, password: impl Into<Secret>) -> Self {
        let (account, source) = (Account::of_domain(domain, user, password), TicketSource::default());
        Self(Way::Offered { account, source, basic: false })
    }

    /// Lets [`windows`](Self::windows) sign in by Kerberos, with tickets of these domain controllers, and no longer by NTLM,
    /// which is weaker. The domain is the realm then.
    #[must_use]
    pub fn with_kdcs<K: Into<String>>(mut self, kdcs: impl IntoIterator<Item = K>) -> Self {
        if let Some(source) = self.source() {
            source.kdcs = Some(kdcs.into_iter().map(Into::into).collect());
        }
        self
    }

    /// Sets the service principal name that tickets of Kerberos are for: `HTTP/` and the host of the site by default.
    #[must_use]
    pub fn with_service_principal(mut self, name: impl Into<String>) -> Self {
        if let Some(source) = self.source() {
            source.service = Some(name.into());
        }
        self
    }

    fn source(&mut self) -> Option<&mut TicketSource> {
        match &mut self.0 {
            Way::Offered { source, .. } | Way::Known(Known::Messages(_, Messages::Kerberos(source))) => Some(source),
            Way::Known(_) => None,
        }
    }

    /// Lets [`windows`](Self::windows) choose Basic where the service offers nothing better: the password itself goes to
    /// the service then.
    #[must_use]
    pub fn or_basic(mut self) -> Self {
        if let Way::Offered { basic, .. } = &mut self.0 {
            *basic = true;
        }
        self
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = match &self.0 {
            Way::Known(Known::Bearer(_)) => "bearer",
            Way::Known(Known::Basic(_)) => "basic",
            Way::Known(Known::Forms(_)) => "forms",
            Way::Known(Known::Messages(_, Messages::Ntlm(_))) => "ntlm",
            Way::Known(Known::Messages(_, Messages::Kerberos(_))) => "kerberos",
            Way::Offered { .. } => "windows",
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
    let pipeline = |transport: &Arc<dyn Transport>| {
        Pipeline::builder(PROVIDER, transport.clone()).config(http.clone()).classify(Arc::new(SharePointErrors))
    };
    let way = match auth.0 {
        Way::Known(known) => known,
        Way::Offered { account, source, basic } => {
            windows::choose(pipeline(&transport).build(), site, account, source, basic).await?
        }
    };
    let (transport, credentials): (_, Option<Arc<dyn Authorizer>>) = match way {
        Known::Bearer(authorizer) => return Ok(SignIn { transport, authorizer: Some(authorizer), digest: None }),
        Known::Basic(account) => (transport, Some(Arc::new(Basic::new(&account)?))),
        Known::Forms(account) => {
            let forms = Forms::sign_in(pipeline(&transport).build(), site, account).await?;
            (transport, Some(Arc::new(forms)))
        }
        Known::Messages(account, messages) => (windows::transport(messages, account, site, transport, http)?, None),
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
