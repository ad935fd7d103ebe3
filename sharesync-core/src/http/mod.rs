//! The request pipeline, one for all providers.
//!
//! A provider describes a request as a [`Call`] and hands it to its [`Pipeline`]. In this order the pipeline
//!
//! 1. opens a span of the operation and waits for a concurrency permit and for the account's pause gate,
//! 2. then tries, and tries again as long as [`Repeat`], the retry policy and the retry budget allow: credentials
//!    ([`Authorizer`], for the API's origin alone), a redacted trace, the [`Transport`] guarded against stalls in both
//!    directions, redirects, classification of the status ([`Classify`]), decoding under a size cap.
//!
//! What lives elsewhere: parts and ranges of content ([`transfer`](crate::transfer)), what a provider's errors mean.

mod auth;
mod body;
mod call;
mod classify;
mod config;
#[cfg(feature = "reqwest")]
mod connect;
mod content;
mod foreign;
mod gate;
mod guard;
mod json;
mod list;
mod media_type;
mod oauth;
mod pace;
mod pipeline;
mod redact;
mod redirect;
mod request;
#[cfg(feature = "reqwest")]
mod reqwest;
mod response;
mod retry;
mod sign_in;
mod token;
mod transport;
mod words;

#[cfg(feature = "reqwest")]
pub use self::reqwest::ReqwestTransport;
pub use auth::{Authorizer, StaticBearer};
pub use body::Body;
pub use call::{Auth, Call, Repeat};
pub use classify::{Classified, Classify, ErrorResponse, default_kind};
pub use config::HttpConfig;
pub use content::{archive, range};
pub(crate) use foreign::is_foreign;
pub use foreign::{ForeignResponse, is_html};
pub use guard::deadline;
pub use list::{JsonList, LIST_MEMORY, Places, SpooledList, json_list};
pub use media_type::{Charset, MediaType, UnreadableCharset};
pub use oauth::{Grant, OAuthClient, OAuthSource};
pub use pace::Quota;
pub use pipeline::{Pipeline, PipelineBuilder, Upgraded};
pub use redact::{redacted, redacted_url};
pub use redirect::RefusedRedirect;
pub use request::ApiRequest;
pub use response::{Response, decode_json, decode_nothing};
pub use sign_in::{transport_or_default, url_below};
pub use token::{BearerTokens, TokenSet, TokenSource, TokenStore};
pub use transport::{Connection, Duplex, Switch, Transport, TransportBody, TransportError, TransportErrorKind};
pub use words::{Quoted, Words};
