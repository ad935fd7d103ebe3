//! Rate limits: a sliding window of a minute for each token, and the headers that tell how much is left.
//! The documents' windows for users and tenants are not kept: with one token a user they could never be reached first.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::{HeaderName, Method};
use jiff::Timestamp;

use super::errors::ApiError;
use crate::http::Reply;

const WINDOW: Duration = Duration::from_secs(60);
const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// What the tokens have used.
#[derive(Debug)]
pub(super) struct Limits {
    limit: u64,
    windows: Mutex<HashMap<String, Window>>,
}

#[derive(Debug, Default)]
struct Window {
    spent: VecDeque<(Instant, u64)>,
    sum: u64,
}

/// How much is left, after a request was counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Left {
    limit: u64,
    remaining: u64,
    /// Until the window is empty again.
    reset: Duration,
}

impl Limits {
    pub(super) fn new(limit: u64) -> Self {
        Self { limit, windows: Mutex::default() }
    }

    /// Counts a request of that cost; refuses it if the window has no room.
    pub(super) fn charge(&self, token: &str, cost: u64) -> (Left, Result<(), ApiError>) {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, window) = (Instant::now(), windows.entry(token.to_owned()).or_default());
        window.forget(now);
        let fits = window.sum + cost <= self.limit;
        if fits {
            window.spend(now, cost);
        }
        let reset = window.spent.back().map_or(Duration::ZERO, |(at, _)| WINDOW.saturating_sub(now - *at));
        let left = Left { limit: self.limit, remaining: self.limit.saturating_sub(window.sum), reset };
        let refused = || ApiError::rate_limited(self.limit, window.wait(now, self.limit, cost));
        (left, if fits { Ok(()) } else { Err(refused()) })
    }
}

impl Window {
    fn forget(&mut self, now: Instant) {
        while let Some((at, cost)) = self.spent.front().copied().filter(|(at, _)| now - *at >= WINDOW) {
            debug_assert!(at <= now);
            self.sum -= cost;
            self.spent.pop_front();
        }
    }

    /// Costs of the same tenth of a second are one entry.
    fn spend(&mut self, now: Instant, cost: u64) {
        self.sum += cost;
        match self.spent.back_mut().filter(|(at, _)| now - *at < Duration::from_millis(100)) {
            Some((_, sum)) => *sum += cost,
            None => self.spent.push_back((now, cost)),
        }
    }

    /// Whole seconds until that cost fits.
    fn wait(&self, now: Instant, limit: u64, cost: u64) -> u64 {
        let mut sum = self.sum;
        for (at, spent) in &self.spent {
            sum -= spent;
            if sum + cost <= limit {
                return WINDOW.saturating_sub(now - *at).as_secs() + 1;
            }
        }
        WINDOW.as_secs()
    }
}

impl Left {
    pub(super) fn tell(self, mut reply: Reply) -> Reply {
        let end = Timestamp::now().as_second().cast_unsigned() + self.reset.as_secs();
        let headers = reply.headers_mut();
        headers.insert(LIMIT, self.limit.into());
        headers.insert(REMAINING, self.remaining.into());
        headers.insert(RESET, end.into());
        reply
    }
}

/// What a request costs: metadata 1, listings and writes 2, content 5, search 10.
pub(super) fn cost(method: &Method, segments: &[&str]) -> u64 {
    match segments {
        ["search", ..] => 10,
        ["sync", "download", ..] | ["files", _, "content"] | ["uploads", _, "chunks", _] => 5,
        ["files"] if method == Method::POST => 5,
        _ if method != Method::GET => 2,
        ["folders", _, "children"] | ["sync", "changes" | "conflicts" | "devices", ..] => 2,
        ["shares", ..] | ["users", "me", "shares"] | ["external", "links"] => 2,
        _ => 1,
    }
}
