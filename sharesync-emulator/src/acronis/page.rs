//! Pages: `page` from 1 on and `per_page`. The whole list is answered with 200, a part of it with 206.
//!
//! Ours: without `per_page` the page holds everything; the last page of several is a part too, and so is one beyond the end.

use http::StatusCode;
use serde_json::Value;

use super::errors::{ApiError, Outcome};
use crate::http::{Call, json};

/// Which part of a list a client asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) skip: usize,
    pub(super) top: Option<usize>,
}

impl Window {
    /// Reads the parameters; `max_page` is the emulator's own limit on a page.
    pub(super) fn of(call: &Call, max_page: Option<usize>) -> Result<Self, ApiError> {
        let number = |name: &str| match call.query.get(name) {
            None => Ok(None),
            Some(text) => match text.parse::<usize>() {
                Ok(number) if number > 0 => Ok(Some(number)),
                _ => Err(ApiError::invalid()),
            },
        };
        let mut before = number("page")?.unwrap_or(1) - 1;
        if call.repeat_page {
            before = before.saturating_sub(1);
        }
        let top = [number("per_page")?, max_page].into_iter().flatten().min();
        Ok(Self { skip: before.saturating_mul(top.unwrap_or(usize::MAX)), top })
    }

    /// The part of a list that is at hand.
    pub(super) fn cut(self, list: Vec<Value>) -> Outcome {
        let total = list.len();
        self.reply(list.into_iter().skip(self.skip).take(self.top.unwrap_or(usize::MAX)).collect(), total)
    }

    /// The reply with the part of a list of `total` items.
    pub(super) fn reply(self, part: Vec<Value>, total: usize) -> Outcome {
        let whole = self.skip == 0 && self.top.is_none_or(|top| total <= top);
        let status = if whole { StatusCode::OK } else { StatusCode::PARTIAL_CONTENT };
        Ok(json(status, Value::Array(part).to_string()))
    }
}
