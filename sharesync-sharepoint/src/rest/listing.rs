//! Lists that come in pages.

use http::Method;
use serde::de::DeserializeOwned;
use sharesync_core::{Error, ErrorKind, Result};
use url::Url;

use crate::{Client, PROVIDER};

/// Where a list is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Position {
    skip: u64,
    /// How many of the entries that `$top` asks for have come.
    of_top: u64,
    next: Option<Url>,
}

/// Reads a list page by page. A page goes on where the service says; where it does not say and the page is full, by `$skip`.
#[derive(Debug, Clone)]
pub struct Paging {
    client: Client,
    operation: &'static str,
    /// The address, with its query begun.
    path: String,
    page_size: u32,
    position: Option<Position>,
    guard: std::sync::Arc<std::sync::Mutex<sharesync_core::PageGuard>>,
}

impl Paging {
    pub(super) fn new(client: &Client, operation: &'static str, path: String, page_size: u32) -> Self {
        let position = Some(Position { skip: 0, of_top: 0, next: None });
        Self {
            client: client.clone(),
            operation,
            path,
            page_size: page_size.max(1),
            position,
            guard: Default::default(),
        }
    }

    /// The next page; `None` after the last one. `key` tells what of an entry is its own: a page that was there before is
    /// an error.
    pub(super) async fn next<T>(&mut self, key: impl Fn(&T) -> String) -> Result<Option<Vec<T>>>
    where
        T: DeserializeOwned + Send,
    {
        let Some(position) = self.position.take() else { return Ok(None) };
        let asked = u64::from(self.page_size);
        let (request, asked) = match position.next {
            Some(url) => {
                let top = url.query_pairs().find(|(name, _)| name.eq_ignore_ascii_case("$top"));
                let asked = top.and_then(|(_, top)| top.parse().ok());
                (self.client.request_to(self.operation, Method::GET, url), asked)
            }
            None => {
                let skip = if position.skip > 0 { format!("&$skip={}", position.skip) } else { String::new() };
                let path = format!("{}&$top={}{skip}", self.path, self.page_size);
                (self.client.request(self.operation, Method::GET, &path)?, Some(asked))
            }
        };
        let (entries, next) = request.list::<T>(asked).await?;
        if let Some(first) = entries.first() {
            let mut guard = self.guard.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            guard.follow(&key(first)).map_err(|error| error.with_provider(PROVIDER).with_operation(self.operation))?;
        }
        let skip = position.skip + entries.len() as u64;
        let of_top = position.of_top + entries.len() as u64;
        self.position = match next {
            Some(next) => Some(Position { skip, of_top, next: Some(self.address(&next)?) }),
            None if of_top == u64::from(self.page_size) => Some(Position { skip, of_top: 0, next: None }),
            None => None,
        };
        Ok(Some(entries))
    }

    fn address(&self, next: &str) -> Result<Url> {
        let api = self.client.site_url().join("_api/");
        api.and_then(|api| api.join(next)).map_err(|_| {
            Error::new(ErrorKind::Protocol, "a list goes on at what is no address").with_provider(PROVIDER)
        })
    }
}
