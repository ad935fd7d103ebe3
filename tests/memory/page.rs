//! Pages that are made as they are read, and the transport that they come over.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{FutureExt as _, StreamExt as _, stream};
use sharesync::BoxStream;
use sharesync::http::{Transport, TransportBody, TransportError};

pub(crate) type Headers = &'static [(&'static str, &'static str)];

pub(crate) const JSON: Headers = &[("content-type", "application/json")];
pub(crate) const XML: Headers =
    &[("content-type", "text/xml; charset=utf-8"), ("x-syncstatus", "FullData"), ("x-synctoken", "t")];

/// Bytes in a piece.
const PIECE: usize = 64 << 10;

/// A document: a beginning, something again and again, and an end.
#[derive(Clone)]
pub(crate) struct Page {
    pub(crate) name: &'static str,
    before: Bytes,
    unit: Bytes,
    units: usize,
    after: Bytes,
    /// Whether a client took all of it.
    ended: Arc<AtomicBool>,
}

impl Page {
    pub(crate) fn repeating(name: &'static str, before: &str, unit: &str, units: usize, after: &str) -> Self {
        let bytes = |text: &str| Bytes::from(text.to_owned());
        Self { name, before: bytes(before), unit: bytes(unit), units, after: bytes(after), ended: Arc::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.before.len() + self.unit.len() * self.units + self.after.len()
    }

    /// A page that begins and ends as this one does, and has so much less between.
    pub(crate) fn part(&self, parts: usize) -> Self {
        Self { units: self.units / parts, ended: Arc::default(), ..self.clone() }
    }

    /// Whether a client took all of it.
    pub(crate) fn was_read_to_its_end(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    /// As long as it can be without being longer than this.
    pub(crate) fn filling(name: &'static str, before: &str, unit: &str, after: &str, size: usize) -> Self {
        let units = (size - before.len() - after.len()) / unit.len();
        Self::repeating(name, before, unit, units, after)
    }

    fn pieces(&self) -> impl Iterator<Item = Bytes> + Send + use<> {
        let at_once = (PIECE / self.unit.len()).max(1);
        let block = Bytes::from(self.unit.repeat(at_once.min(self.units)));
        let (blocks, rest) = (self.units / at_once, self.units % at_once * self.unit.len());
        let last = block.slice(..rest.min(block.len()));
        let middle = std::iter::repeat_n(block, blocks).chain([last]);
        let (after, ended) = (self.after.clone(), self.ended.clone());
        let end = std::iter::once_with(move || {
            ended.store(true, Ordering::Relaxed);
            after
        });
        [self.before.clone()].into_iter().chain(middle).chain(end)
    }
}

/// What an answer is made of, by the request.
type Choose = dyn Fn(&http::Request<TransportBody>) -> Page + Send + Sync;

/// Answers every request with a page.
pub(crate) struct Canned {
    choose: Box<Choose>,
    headers: Headers,
}

impl Canned {
    pub(crate) fn new(page: Page, headers: Headers) -> Self {
        Self { choose: Box::new(move |_| page.clone()), headers }
    }

    /// Answers some requests otherwise.
    pub(crate) fn unless(
        self,
        other: impl Fn(&http::Request<TransportBody>) -> Option<Page> + Send + Sync + 'static,
    ) -> Self {
        let choose = self.choose;
        Self { choose: Box::new(move |request| other(request).unwrap_or_else(|| choose(request))), ..self }
    }

    pub(crate) fn into_transport(self) -> Arc<dyn Transport> {
        Arc::new(self)
    }
}

impl fmt::Debug for Canned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Canned")
    }
}

#[async_trait]
impl Transport for Canned {
    async fn send(
        &self,
        request: http::Request<TransportBody>,
    ) -> Result<http::Response<BoxStream<'static, Result<Bytes, TransportError>>>, TransportError> {
        // What is read at the same time takes turns, as it does where pieces must be waited for.
        let turns = |piece| tokio::task::yield_now().map(|()| Ok(piece));
        let pieces = stream::iter((self.choose)(&request).pieces()).then(turns).boxed();
        let mut response = http::Response::builder();
        for (name, value) in self.headers {
            response = response.header(*name, *value);
        }
        Ok(response.body(pieces).unwrap())
    }
}
