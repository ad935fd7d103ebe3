//! Bearer tokens that expire: cached, renewed once for all waiters, and stored before a rotated one is used.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderMap, Method};
use tokio::sync::Mutex;

use super::Authorizer;
use super::auth::set_bearer;
use crate::{Error, ErrorKind, Result, Secret, Timestamp};

/// A token this close to its end is renewed before it is used; one that came with little time left, in the last quarter of
/// that.
const MARGIN: Duration = Duration::from_secs(60);

/// What a sign-in yields.
#[derive(Clone)]
#[non_exhaustive]
pub struct TokenSet {
    /// Goes with every request to the API.
    pub access: Secret,
    /// Buys the next access token. Many services accept each one only once.
    pub refresh: Option<Secret>,
    /// When the access token ends, if the service said so.
    pub expires: Option<Timestamp>,
    fields: BTreeMap<String, String>,
}

impl TokenSet {
    /// A set with an access token alone.
    pub fn new(access: impl Into<Secret>) -> Self {
        Self { access: access.into(), refresh: None, expires: None, fields: BTreeMap::new() }
    }

    /// Adds a refresh token.
    #[must_use]
    pub fn with_refresh(mut self, refresh: Option<Secret>) -> Self {
        self.refresh = refresh;
        self
    }

    /// Says when the access token ends.
    #[must_use]
    pub fn with_expires(mut self, expires: Option<Timestamp>) -> Self {
        self.expires = expires;
        self
    }

    /// Adds a text field of the service's answer, such as the account's subdomain.
    #[must_use]
    pub fn with_field(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.fields.insert(name.into(), value.into());
        self
    }

    /// A text field of the service's answer besides the tokens.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }

    fn is_due(&self, margin: Duration) -> bool {
        self.expires.is_some_and(|end| end.until_now_or_later() <= margin)
    }

    /// How long before its end a token that has just come is due. A short-lived one would otherwise be due at once, and
    /// renewed for every request.
    fn margin(&self) -> Duration {
        self.expires.map_or(MARGIN, |end| MARGIN.min(end.until_now_or_later() / 4))
    }

    fn is_over(&self) -> bool {
        self.expires.is_some_and(|end| end.until_now_or_later().is_zero())
    }
}

impl Debug for TokenSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSet").field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// Gets new tokens.
#[async_trait]
pub trait TokenSource: Debug + Send + Sync + 'static {
    /// A new token set; `present` is the one in use, if there is one.
    async fn renew(&self, present: Option<&TokenSet>) -> Result<TokenSet>;
}

/// Where the application keeps tokens between runs.
#[async_trait]
pub trait TokenStore: Debug + Send + Sync + 'static {
    /// Keeps a new token set. It is not used before this returns, because the old refresh token may be dead already.
    async fn save(&self, tokens: &TokenSet) -> Result<()>;
}

/// Authorizes with bearer tokens of a [`TokenSource`].
///
/// Whoever needs a token while one is being renewed waits for that one renewal. A renewal goes on when its caller is
/// dropped, so that a rotated refresh token is never lost. When it fails, a token that still holds goes on being used.
#[derive(Debug, Clone)]
pub struct BearerTokens(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: Arc<dyn TokenSource>,
    store: Option<Arc<dyn TokenStore>>,
    current: RwLock<Current>,
    renewal: Mutex<Renewal>,
    /// Renewals that failed so far.
    failures: AtomicU64,
}

#[derive(Debug, Clone)]
struct Current {
    tokens: Option<Arc<TokenSet>>,
    generation: u64,
    refused: bool,
    margin: Duration,
}

impl Current {
    fn succeed(&mut self, tokens: TokenSet) -> (Arc<TokenSet>, u64) {
        let (margin, tokens) = (tokens.margin(), Arc::new(tokens));
        *self = Self { tokens: Some(tokens.clone()), generation: self.generation + 1, refused: false, margin };
        (tokens, self.generation)
    }
}

#[derive(Debug, Default)]
struct Renewal {
    /// Renewed tokens that the store has not taken yet.
    unsaved: Option<TokenSet>,
    /// How the last renewal failed: those who waited for it share its outcome instead of repeating it.
    last_failure: Option<(ErrorKind, String)>,
}

impl BearerTokens {
    /// Starts with these tokens, or with none.
    pub fn new(source: Arc<dyn TokenSource>, tokens: Option<TokenSet>, store: Option<Arc<dyn TokenStore>>) -> Self {
        let current = Current { tokens: tokens.map(Arc::new), generation: 0, refused: false, margin: MARGIN };
        Self(Arc::new(Inner {
            source,
            store,
            current: RwLock::new(current),
            renewal: Mutex::default(),
            failures: AtomicU64::new(0),
        }))
    }

    /// The tokens in use: renewed first when there are none or they are about to expire.
    ///
    /// # Errors
    /// Those of the [`TokenSource`] and the [`TokenStore`].
    pub async fn tokens(&self) -> Result<Arc<TokenSet>> {
        self.current_or_renewed().await.map(|(tokens, _)| tokens)
    }

    /// The tokens in use and their generation, for services that take a token elsewhere than in a header. A refusal is
    /// told by [`Authorizer::refused`].
    ///
    /// # Errors
    /// As [`tokens`](Self::tokens).
    pub async fn current_or_renewed(&self) -> Result<(Arc<TokenSet>, u64)> {
        let current = self.0.snapshot();
        if let Some(tokens) = current.tokens.filter(|tokens| !current.refused && !tokens.is_due(current.margin)) {
            return Ok((tokens, current.generation));
        }
        self.renew(current.generation).await
    }

    /// Goes on with these tokens, which the service sent along when it refused those of `generation`; unless those have
    /// been replaced meanwhile.
    pub fn replace(&self, generation: u64, tokens: TokenSet) {
        let mut current = self.0.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.generation == generation {
            current.succeed(tokens);
        }
    }

    /// Replaces the tokens of a generation, or returns those that somebody else replaced them with meanwhile.
    async fn renew(&self, generation: u64) -> Result<(Arc<TokenSet>, u64)> {
        let inner = self.0.clone();
        tokio::spawn(async move { inner.renew_alone(generation).await }).await.map_err(|error| {
            Error::new(ErrorKind::Cancelled, "the renewal of the tokens was stopped").with_source(error)
        })?
    }
}

impl Inner {
    fn snapshot(&self) -> Current {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn publish(&self, tokens: TokenSet) -> (Arc<TokenSet>, u64) {
        self.current.write().unwrap_or_else(PoisonError::into_inner).succeed(tokens)
    }

    async fn renew_alone(&self, generation: u64) -> Result<(Arc<TokenSet>, u64)> {
        let failures_seen = self.failures.load(Ordering::Acquire);
        let mut renewal = self.renewal.lock().await;
        let current = self.snapshot();
        if let Some(tokens) = current.tokens.clone().filter(|_| current.generation != generation) {
            return Ok((tokens, current.generation));
        }
        let shared = renewal.last_failure.as_ref().filter(|_| self.failures.load(Ordering::Acquire) != failures_seen);
        if let Some((kind, message)) = shared {
            return Err(Error::new(*kind, message.clone()));
        }
        let result = self.renew_and_save(&mut renewal, current.tokens.as_deref()).await;
        if let Err(error) = &result {
            renewal.last_failure = Some((error.kind(), error.to_string()));
            self.failures.fetch_add(1, Ordering::Release);
            let usable = current.tokens.filter(|tokens| !current.refused && !tokens.is_over());
            if let Some(tokens) = usable {
                tracing::warn!(%error, "the tokens could not be renewed; those in use still hold");
                return Ok((tokens, current.generation));
            }
        }
        result.map(|tokens| self.publish(tokens))
    }

    async fn renew_and_save(&self, renewal: &mut Renewal, present: Option<&TokenSet>) -> Result<TokenSet> {
        let tokens = match renewal.unsaved.take() {
            Some(tokens) => tokens,
            None => {
                let renewed = self.source.renew(present).await?;
                let kept = renewed.refresh.clone().or_else(|| present.and_then(|old| old.refresh.clone()));
                renewed.with_refresh(kept)
            }
        };
        if let Some(store) = &self.store
            && let Err(error) = store.save(&tokens).await
        {
            renewal.unsaved = Some(tokens);
            return Err(error);
        }
        Ok(tokens)
    }
}

#[async_trait]
impl Authorizer for BearerTokens {
    async fn authorize(&self, _method: &Method, headers: &mut HeaderMap) -> Result<u64> {
        let (tokens, generation) = self.current_or_renewed().await?;
        set_bearer(headers, &tokens.access)?;
        Ok(generation)
    }

    async fn refused(&self, generation: u64) -> Result<bool> {
        {
            let mut current = self.0.current.write().unwrap_or_else(PoisonError::into_inner);
            if current.generation == generation {
                current.refused = true;
            }
        }
        self.renew(generation).await.map(|(_, renewed)| renewed != generation)
    }
}
