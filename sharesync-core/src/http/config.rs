//! The limits of the pipeline. The defaults are safe; an application tunes, it does not assemble.

use std::time::Duration;

/// Limits of connections, retries and answers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpConfig {
    /// Time to make a connection.
    pub connect_timeout: Duration,
    /// Time from the end of the request to the head of the response. The time that the request body itself took is
    /// granted on top (up to ten times this limit), because the system may still be sending its tail.
    pub response_timeout: Duration,
    /// Time without a byte of progress in the body of an answer. The body of a request gets three times as long, because
    /// the system's send buffer hides its progress.
    pub idle_timeout: Duration,
    /// Time to read an answer that is decoded as a whole. Transfers of content have no such limit.
    pub decode_timeout: Duration,
    /// Attempts in all, the first included.
    pub max_attempts: u32,
    /// The longest random delay before the second attempt; it doubles from attempt to attempt.
    pub backoff_base: Duration,
    /// The longest random delay before any attempt.
    pub backoff_cap: Duration,
    /// The longest `Retry-After` that is waited for; a longer one is an error that carries it.
    pub max_retry_after: Duration,
    /// Requests under way at once. All other bounds are those of one request: this many lists that are read at the same
    /// time take at most this many times [`LIST_MEMORY`](super::LIST_MEMORY), besides those that were handed over.
    pub concurrency: usize,
    /// The largest answer that is decoded as a whole, in bytes.
    pub max_answer: usize,
    /// The largest answer that is a list, in bytes. It is decoded as it arrives: what its entries may take in memory has a
    /// bound of its own ([`LIST_MEMORY`](super::LIST_MEMORY)). Both are bounds of one request.
    pub max_list: usize,
    /// How much of an error's body is read, in bytes.
    pub max_error_body: usize,
    /// Redirects followed for one request.
    pub max_redirects: u32,
    /// The value of the `User-Agent` header.
    pub user_agent: String,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            response_timeout: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(30),
            decode_timeout: Duration::from_secs(600),
            max_attempts: 5,
            backoff_base: Duration::from_millis(250),
            backoff_cap: Duration::from_secs(20),
            max_retry_after: Duration::from_secs(300),
            concurrency: 32,
            max_answer: 16 << 20,
            max_list: 64 << 20,
            max_error_body: 64 << 10,
            max_redirects: 10,
            user_agent: concat!("sharesync/", env!("CARGO_PKG_VERSION")).into(),
        }
    }
}

/// Defines a setter for each limit.
macro_rules! setters {
    ($($(#[$doc:meta])* $setter:ident: $field:ident: $type:ty,)*) => {
        impl HttpConfig {
            /// The safe defaults.
            pub fn new() -> Self {
                Self::default()
            }

            $(
                $(#[$doc])*
                #[must_use]
                pub fn $setter(mut self, value: $type) -> Self {
                    self.$field = value;
                    self
                }
            )*
        }
    };
}

setters! {
    /// Sets [`connect_timeout`](Self::connect_timeout).
    with_connect_timeout: connect_timeout: Duration,
    /// Sets [`response_timeout`](Self::response_timeout).
    with_response_timeout: response_timeout: Duration,
    /// Sets [`idle_timeout`](Self::idle_timeout).
    with_idle_timeout: idle_timeout: Duration,
    /// Sets [`decode_timeout`](Self::decode_timeout).
    with_decode_timeout: decode_timeout: Duration,
    /// Sets [`max_attempts`](Self::max_attempts).
    with_max_attempts: max_attempts: u32,
    /// Sets [`backoff_base`](Self::backoff_base).
    with_backoff_base: backoff_base: Duration,
    /// Sets [`backoff_cap`](Self::backoff_cap).
    with_backoff_cap: backoff_cap: Duration,
    /// Sets [`max_retry_after`](Self::max_retry_after).
    with_max_retry_after: max_retry_after: Duration,
    /// Sets [`concurrency`](Self::concurrency).
    with_concurrency: concurrency: usize,
    /// Sets [`max_answer`](Self::max_answer).
    with_max_answer: max_answer: usize,
    /// Sets [`max_list`](Self::max_list).
    with_max_list: max_list: usize,
    /// Sets [`max_error_body`](Self::max_error_body).
    with_max_error_body: max_error_body: usize,
    /// Sets [`max_redirects`](Self::max_redirects).
    with_max_redirects: max_redirects: u32,
    /// Sets [`user_agent`](Self::user_agent).
    with_user_agent: user_agent: String,
}
