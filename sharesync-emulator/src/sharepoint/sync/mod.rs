//! The sync service of [MS-FILESYNC], `/_api/SPFileSync/sync/{library}/…`: policy, folders and items, the change feed, uploads of small
//! files, subscriptions.

mod feed;
mod listing;
mod policy;
mod shape;
mod tokens;
mod write;

use http::header::CACHE_CONTROL;
use http::{HeaderValue, Method, StatusCode};

use super::Ctx;
use super::errors::{Outcome, SpError};
use super::ids::Guid;
use super::xml::PROLOG;
use crate::http::{Reply, decode, full};

pub(super) use policy::Subscription;
pub use tokens::SharePointResync;
pub(super) use tokens::Tokenizer;

/// The service's own content type, in its own capitals.
const WEB3S: &str = "Application/Web3s+xml";

impl Ctx {
    /// Everything below `/_api/SPFileSync/sync/`.
    pub(super) async fn sync(&mut self, rest: &str) -> Outcome {
        if !self.face.options.sync_service {
            return Err(SpError::no_resource("SPFileSync"));
        }
        let segments: Vec<String> = rest.split('/').filter(|part| !part.is_empty()).map(decode).collect();
        let lower: Vec<String> = segments.iter().map(|segment| segment.to_ascii_lowercase()).collect();
        let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
        let Some((library, rest)) = lower.split_first() else {
            return Err(SpError::no_resource("SPFileSync/sync"));
        };
        self.check_site()?;
        self.site.root()?;
        if Guid::parse(library) != Some(self.site.list_id()) {
            return Err(SpError::no_such("List"));
        }
        let hyphenated = library.contains('-');
        match (self.call.method.clone(), rest) {
            (Method::GET, ["policy"]) => Ok(self.policy(hyphenated)),
            (Method::GET, ["rootfolder"]) if self.asks_for_changes() => self.feed(),
            (Method::GET, ["rootfolder"]) => self.root_folder(),
            (Method::GET, ["items", id]) => self.item(id),
            (Method::POST, ["rootfolder"]) => {
                self.check_digest()?;
                self.write().await
            }
            (Method::POST, ["subscription"]) => {
                self.check_digest()?;
                self.subscribe().await
            }
            (_, ["policy" | "rootfolder" | "subscription"] | ["items", _]) => Err(SpError::not_allowed()),
            _ => Err(SpError::no_resource(&self.call.path)),
        }
    }

    fn asks_for_changes(&self) -> bool {
        self.call.query.get("filter").is_some_and(|filter| filter.eq_ignore_ascii_case("changes"))
    }
}

/// A document, in the service's content type.
fn web3s(status: StatusCode, body: &str) -> Reply {
    let mut reply = full(status, WEB3S, format!("{PROLOG}{body}"));
    reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, max-age=0"));
    reply
}
