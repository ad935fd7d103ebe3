//! The loop that every request goes through. What a request is, is in `call`; what an answer means, in `classify`.

mod failure;
mod refusal;
mod upgrade;

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use http::header::{ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, AUTHORIZATION, HeaderValue, USER_AGENT};
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep, timeout};
use tracing::{Instrument as _, debug, debug_span};
use url::Url;

use self::failure::{Failure, Fate};
use self::refusal::check_coding;
use super::body::SentBytes;
use super::gate::Gate;
use super::guard::{SendGuard, guard_response};
use super::pace::{Pace, Quota};
use super::redirect::{check_scheme, follow, is_redirect};
use super::retry::{RetryBudget, backoff, response_time};
use super::{
    Auth, Authorizer, Call, Classified, Classify, ErrorResponse, HttpConfig, Repeat, Response, Transport,
    TransportBody, TransportError, default_kind,
};
use crate::{BoxStream, Error, ErrorKind, Result, ServiceClock};

pub use self::upgrade::Upgraded;

/// Sends the requests of one account. Clones share its connections, pauses and retry budget.
#[derive(Debug, Clone)]
pub struct Pipeline(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    provider: &'static str,
    transport: Arc<dyn Transport>,
    config: HttpConfig,
    origins: Vec<url::Origin>,
    authorizer: Option<Arc<dyn Authorizer>>,
    classify: Arc<dyn Classify>,
    quota: Option<fn(&HeaderMap) -> Option<Quota>>,
    clock: ServiceClock,
    gate: Gate,
    pace: Pace,
    budget: RetryBudget,
}

/// Puts a [`Pipeline`] together.
#[derive(Debug)]
pub struct PipelineBuilder {
    provider: &'static str,
    transport: Arc<dyn Transport>,
    config: HttpConfig,
    origins: Vec<url::Origin>,
    authorizer: Option<Arc<dyn Authorizer>>,
    classify: Arc<dyn Classify>,
    quota: Option<fn(&HeaderMap) -> Option<Quota>>,
}

impl PipelineBuilder {
    /// Sets the limits.
    #[must_use]
    pub fn config(mut self, config: HttpConfig) -> Self {
        self.config = config;
        self
    }

    /// Sends credentials, those of `authorizer`, to the origin of this URL and to no other.
    #[must_use]
    pub fn authorize(mut self, api: &Url, authorizer: Arc<dyn Authorizer>) -> Self {
        self.origins = vec![api.origin()];
        self.authorizer = Some(authorizer);
        self
    }

    /// Reads error responses with this classifier.
    #[must_use]
    pub fn classify(mut self, classify: Arc<dyn Classify>) -> Self {
        self.classify = classify;
        self
    }

    /// Slows down by what answers say of the requests that are left, before the service has to refuse any.
    #[must_use]
    pub fn quota(mut self, read: fn(&HeaderMap) -> Option<Quota>) -> Self {
        self.quota = Some(read);
        self
    }

    /// The finished pipeline.
    pub fn build(self) -> Pipeline {
        Pipeline(Arc::new(Inner {
            provider: self.provider,
            transport: self.transport,
            quota: self.quota,
            clock: ServiceClock::default(),
            gate: Gate::new(self.config.concurrency),
            pace: Pace::new(self.config.max_retry_after),
            config: self.config,
            origins: self.origins,
            authorizer: self.authorizer,
            classify: self.classify,
            budget: RetryBudget::new(),
        }))
    }
}

/// Takes every error response for the service's own, by its status: for services whose errors have no form.
#[derive(Debug)]
struct ByStatus;

impl Classify for ByStatus {
    fn classify(&self, response: &ErrorResponse<'_>) -> Option<Classified> {
        Some(Classified::new(default_kind(response.status), "the service gave no reason"))
    }
}

impl Pipeline {
    /// Starts a pipeline that sends by `transport`.
    pub fn builder(provider: &'static str, transport: Arc<dyn Transport>) -> PipelineBuilder {
        PipelineBuilder {
            provider,
            transport,
            config: HttpConfig::default(),
            origins: Vec::new(),
            authorizer: None,
            classify: Arc::new(ByStatus),
            quota: None,
        }
    }

    /// Whose it is.
    pub(super) fn provider(&self) -> &'static str {
        self.0.provider
    }

    /// The clock of the service.
    pub fn clock(&self) -> &ServiceClock {
        &self.0.clock
    }

    /// The limits in force.
    pub fn config(&self) -> &HttpConfig {
        &self.0.config
    }

    /// Sends a request and decodes its answer as JSON.
    ///
    /// # Errors
    /// See [`run`](Self::run).
    pub async fn json<T: DeserializeOwned + Send>(&self, call: Call) -> Result<T> {
        let limit = self.0.config.max_answer;
        self.run(call, move |response| response.json(limit)).await
    }

    /// Sends a request and returns the body of its answer.
    ///
    /// # Errors
    /// See [`run`](Self::run).
    pub async fn bytes(&self, call: Call) -> Result<Bytes> {
        let limit = self.0.config.max_answer;
        self.run(call, move |response| response.bytes(limit)).await
    }

    /// Sends a request and returns as soon as the head of its answer is there. Its body is guarded against stalls, but
    /// a failure in it is not retried.
    ///
    /// # Errors
    /// See [`run`](Self::run).
    pub async fn send(&self, call: Call) -> Result<Response> {
        self.run(call, |response| async { Ok(response) }).await
    }

    /// Sends a request and decodes its answer with `decode`, as part of what is retried: a body that breaks off counts as
    /// a failed attempt.
    ///
    /// # Errors
    /// The kind says what went wrong; [`Error::maybe_applied`] is set when a write may have been carried out although no
    /// success was seen.
    pub async fn run<T, F, D>(&self, call: Call, decode: F) -> Result<T>
    where
        T: Send,
        F: Fn(Response) -> D + Send + Sync,
        D: Future<Output = Result<T>> + Send,
    {
        let span =
            debug_span!("sharesync", provider = self.0.provider, operation = call.operation, subject = call.subject);
        let describe = |error: Error| call.describe(error).with_provider(self.0.provider);
        async {
            call.check()?;
            check_scheme(&call.url)?;
            let _permit = self.0.gate.enter().await?;
            self.0.attempts(&call, &decode).await
        }
        .instrument(span)
        .boxed()
        .await
        .map_err(describe)
    }
}

impl Inner {
    async fn attempts<T, F, D>(&self, call: &Call, decode: &F) -> Result<T>
    where
        T: Send,
        F: Fn(Response) -> D + Send + Sync,
        D: Future<Output = Result<T>> + Send,
    {
        let mut attempt = 0;
        let mut reauthorized = false;
        // Whether any attempt may have been carried out. What later attempts say does not take that back.
        let mut doubt = false;
        loop {
            self.wait().await;
            attempt += 1;
            let failure = match self.attempt(call, decode, attempt).await {
                Ok(value) => {
                    self.budget.earn();
                    return Ok(value);
                }
                Err(failure) => failure,
            };
            doubt |= call.repeat != Repeat::Safe && (failure.fate == Fate::Unknown || failure.error.maybe_applied());
            let error = failure.error.with_attempts(attempt).with_maybe_applied(doubt);
            let again = match failure.fate {
                Fate::Final => false,
                Fate::Untouched => true,
                Fate::Unknown => call.repeat != Repeat::Never,
                Fate::Refused(generation) => {
                    let may_repeat = !doubt || call.repeat != Repeat::Never;
                    let renewed = !reauthorized
                        && self.reauthorize(generation).await.map_err(|error| error.with_maybe_applied(doubt))?;
                    if !renewed || !may_repeat {
                        return Err(error);
                    }
                    reauthorized = true;
                    continue;
                }
            };
            // The others pause also where this request gives up: they would be refused as well.
            let patient = failure.fate == Fate::Final || self.pause(&error);
            if !again || !patient || attempt >= self.config.max_attempts || !self.budget.spend() {
                return Err(error);
            }
            let delay = backoff(&self.config, attempt);
            debug!(attempt, kind = ?error.kind(), delay_ms = delay.as_millis() as u64, "trying again");
            sleep(delay).await;
        }
    }

    /// Waits until the account may send a request.
    async fn wait(&self) {
        self.pace.wait().await;
        self.gate.wait().await;
    }

    /// Heeds what a response says of the time and of the requests that are left.
    fn heed(&self, headers: &HeaderMap) {
        if let Some(time) = response_time(headers) {
            self.clock.set(time);
        }
        if let Some(quota) = self.quota.and_then(|read| read(headers)) {
            self.pace.heed(&quota, self.clock.now());
        }
    }

    /// Pauses the whole account as the service asked; false when it asked for longer than we wait.
    fn pause(&self, error: &Error) -> bool {
        match error.retry_after() {
            Some(delay) if delay > self.config.max_retry_after => false,
            Some(delay) => {
                self.gate.pause(delay);
                true
            }
            None => true,
        }
    }

    /// The generation of the credentials of a request, if this answer to it refuses them.
    fn refuses(&self, generation: Option<u64>, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Option<u64> {
        let authorizer = self.authorizer.as_ref()?;
        generation.filter(|&generation| authorizer.refuses(generation, status, headers, body))
    }

    async fn reauthorize(&self, generation: u64) -> Result<bool> {
        match &self.authorizer {
            Some(authorizer) => authorizer.refused(generation).await,
            None => Ok(false),
        }
    }

    /// Sends the request once, follows redirects, and decodes the answer.
    async fn attempt<T, F, D>(&self, call: &Call, decode: &F, attempt: u32) -> Result<T, Failure>
    where
        F: Fn(Response) -> D + Send + Sync,
        D: Future<Output = Result<T>> + Send,
    {
        let mut call = Cow::Borrowed(call);
        for _ in 0..=self.config.max_redirects {
            let started = Instant::now();
            let mut headers = call.headers.clone();
            let generation = self.authorize(&call, &mut headers).await.map_err(Failure::last)?;
            let exchanged = self.exchange(&call, headers).await;
            let outcome = exchanged.as_ref().map(|(response, _)| response.status().as_u16());
            debug!(
                attempt,
                method = %call.method,
                url = call.shown_url(),
                status = outcome.as_ref().copied().unwrap_or_default(),
                elapsed_ms = started.elapsed().as_millis() as u64,
                "request",
            );
            let (response, sent) = exchanged?;
            let (parts, body) = response.into_parts();
            self.heed(&parts.headers);
            let elsewhere = is_redirect(parts.status, &parts.headers);
            let refused = elsewhere && self.refuses(generation, parts.status, &parts.headers, &[]).is_some();
            if elsewhere && call.follow_redirects && !refused {
                call = Cow::Owned(follow(&call, parts.status, &parts.headers).map_err(Failure::of_response)?);
                continue;
            }
            let body = guard_response(body, self.config.idle_timeout);
            let code = parts.status.as_u16();
            if parts.status.is_success()
                || call.accept.contains(&code)
                || (300..400).contains(&code) && !call.follow_redirects && !refused
            {
                sent.commit();
                check_coding(&parts.headers).map_err(Failure::of_response)?;
                let response = Response::new(&call, parts, body);
                return self.decode(response, decode).await;
            }
            return Err(self.refusal(&call, &parts, body, generation).await);
        }
        let message = format!("more than {} redirects", self.config.max_redirects);
        Err(Failure::last(Error::new(ErrorKind::Protocol, message)))
    }

    /// Adds the credentials where they belong; the generation is that of the credentials added.
    async fn authorize(&self, call: &Call, headers: &mut HeaderMap) -> Result<Option<u64>> {
        let agent = HeaderValue::try_from(&self.config.user_agent)
            .map_err(|_| Error::new(ErrorKind::Config, "the user agent holds characters that no header can carry"))?;
        headers.insert(USER_AGENT, agent);
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
        // Words that have to be understood are in one language.
        headers.entry(ACCEPT_LANGUAGE).or_insert(HeaderValue::from_static("en-US"));
        // Content is delivered as it is stored, and no answer can expand beyond its bounds.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let Some(authorizer) = self.authorizer.as_ref().filter(|_| call.auth != Auth::None) else {
            return Ok(None);
        };
        if !self.origins.contains(&call.url.origin()) {
            let message = format!("credentials do not go to {}", call.url.origin().ascii_serialization());
            return Err(Error::new(ErrorKind::Insecure, message));
        }
        authorizer.authorize(&call.method, headers).await.map(Some)
    }

    /// One request and the head of its response, guarded against a stall while sending and waiting.
    async fn exchange(&self, call: &Call, mut headers: HeaderMap) -> Result<(RawResponse, SentBytes), Failure> {
        let limit = call.response_timeout.unwrap_or(self.config.response_timeout);
        let guard = Arc::new(SendGuard::new(self.config.idle_timeout, limit));
        let (body, sent) = guarded_body(call, &guard);
        let mut request = http::Request::new(body);
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = address(call, &mut headers).map_err(Failure::last)?;
        *request.headers_mut() = headers;
        let result = tokio::select! {
            result = self.transport.send(request) => result,
            stalled = guard.stalled() => return Err(Failure::unknown(stalled)),
        };
        let error = match result {
            Ok(response) => return Ok((response, sent)),
            Err(error) => error,
        };
        if let Some(failure) = guard.take_failure() {
            return Err(Failure::last(failure));
        }
        Err(Failure::of_transport(error))
    }

    async fn decode<T, F, D>(&self, response: Response, decode: &F) -> Result<T, Failure>
    where
        F: Fn(Response) -> D,
        D: Future<Output = Result<T>>,
    {
        let status = response.status().as_u16();
        let late = || Err(Error::new(ErrorKind::Timeout, "the answer took too long to read"));
        timeout(self.config.decode_timeout, decode(response)).await.unwrap_or_else(|_| late()).map_err(|error| {
            Failure::of_response(if error.status().is_none() { error.with_status(status) } else { error })
        })
    }
}

/// The address as it is sent: with the token in its query, where the call wants it there.
fn address(call: &Call, headers: &mut HeaderMap) -> Result<http::Uri> {
    let unsendable = || Error::new(ErrorKind::InvalidInput, "the address holds what no request can carry");
    let mut url = Cow::Borrowed(&call.url);
    if let Auth::Query(parameter) = call.auth
        && let Some(value) = headers.remove(AUTHORIZATION)
    {
        let token = value.to_str().ok().and_then(|value| value.strip_prefix("Bearer ")).ok_or_else(unsendable)?;
        url.to_mut().query_pairs_mut().append_pair(parameter, token);
    }
    url.as_str().parse().map_err(|_| unsendable())
}

type RawResponse = http::Response<BoxStream<'static, Result<Bytes, TransportError>>>;

/// Opens the body of a call so that `guard` sees its progress and its failure.
fn guarded_body(call: &Call, guard: &Arc<SendGuard>) -> (TransportBody, SentBytes) {
    let (pieces, sent) = call.body.open();
    let (size, chunked) = (call.body.size(), call.body.is_chunked());
    if let Some(bytes) = call.body.as_small_bytes().filter(|_| !chunked) {
        guard.finish();
        return (TransportBody::Bytes(bytes), sent);
    }
    if size == 0 {
        guard.finish();
    }
    let guard = guard.clone();
    let mut left = size;
    let pieces = pieces
        .inspect_ok({
            let guard = guard.clone();
            move |piece| {
                left = left.saturating_sub(piece.len() as u64);
                if left == 0 { guard.finish() } else { guard.progress() }
            }
        })
        .map_err(move |error| guard.keep_failure(error));
    let pieces = pieces.boxed();
    (if chunked { TransportBody::Chunked(pieces) } else { TransportBody::Stream { size, pieces } }, sent)
}
