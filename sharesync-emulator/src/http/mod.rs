//! The HTTP that every face needs: requests, replies, queries, ranges. Routing and meaning belong to the faces.

mod call;
mod content;
mod query;
mod range;
mod shape;

use std::io;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use http::{Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::body::Frame;

pub(crate) use call::{Call, Connection, RequestBody, soap_action};
pub(crate) use content::{Label, content};
pub(crate) use query::{Query, decode, encode, truth};
pub(crate) use range::{Range, requested};
pub(crate) use shape::{Plan, Throttle, shape};

/// The body of a reply.
pub(crate) type Body = UnsyncBoxBody<Bytes, io::Error>;
/// A reply.
pub(crate) type Reply = Response<Body>;

/// A reply without a body.
pub(crate) fn empty(status: StatusCode) -> Reply {
    reply(status, Empty::new().map_err(|never| match never {}).boxed_unsync())
}

/// A reply with a body of a certain type.
pub(crate) fn full(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Reply {
    let body = Full::new(body.into()).map_err(|never| match never {}).boxed_unsync();
    let mut reply = reply(status, body);
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply
}

/// A reply with JSON.
pub(crate) fn json(status: StatusCode, body: impl Into<Bytes>) -> Reply {
    full(status, "application/json; charset=utf-8", body)
}

/// A reply whose body is made while it is sent.
pub(crate) fn streamed(
    status: StatusCode,
    stream: impl futures::Stream<Item = io::Result<Bytes>> + Send + 'static,
) -> Reply {
    use futures::TryStreamExt;
    reply(status, StreamBody::new(stream.map_ok(Frame::data)).boxed_unsync())
}

/// A redirection. An address that no header can hold ends in a server error.
pub(crate) fn redirect(to: &str) -> Reply {
    let Ok(location) = HeaderValue::from_str(to) else {
        return empty(StatusCode::INTERNAL_SERVER_ERROR);
    };
    let mut reply = empty(StatusCode::FOUND);
    reply.headers_mut().insert(LOCATION, location);
    reply
}

fn reply(status: StatusCode, body: Body) -> Reply {
    let mut reply = Response::new(body);
    *reply.status_mut() = status;
    reply
}
