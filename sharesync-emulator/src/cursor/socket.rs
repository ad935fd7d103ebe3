//! `/sync/ws/{device_id}`: one live socket. A device is told of changes once it has subscribed; a frame is only a nudge.
//!
//! Ours: nothing but answers is sent before `subscribe`; a device that is not registered is refused with the close code 4404;
//! changes of shares that the device does not synchronise are not told.

use std::sync::{Arc, Weak};
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use http::header::{CONNECTION, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use http::{Method, StatusCode};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

use super::devices::{device_key, device_share_key};
use super::errors::{ApiError, Outcome};
use super::sockets::Command;
use super::{CursorFace, ids};
use crate::drive::User;
use crate::http::{Call, empty};

const VERSION: HeaderName = HeaderName::from_static("sec-websocket-version");
/// The close code of a missing or invalid token, and that of an unknown device.
const UNAUTHORIZED: u16 = 4401;
const UNKNOWN_DEVICE: u16 = 4404;
/// Rows are told in pieces of this length.
const PIECE: usize = 200;
/// The other side gets this long to take part in closing.
const GOODBYE: Duration = Duration::from_secs(5);
/// A frame gets this long to be taken.
const PATIENCE: Duration = Duration::from_secs(30);

type Stream = WebSocketStream<TokioIo<Upgraded>>;

/// The connection is over, in whatever way.
struct Over;

/// One socket.
struct Socket {
    /// Not kept alive by its sockets.
    face: Weak<CursorFace>,
    user: User,
    device: String,
    stream: Stream,
    /// The position up to which changes were told, once the device has subscribed.
    told: Option<u64>,
}

impl CursorFace {
    /// Answers the handshake; who asks is looked at afterwards, so that the refusal is a close code.
    pub(super) fn open_socket(self: &Arc<Self>, device: &str, call: &mut Call) -> Outcome {
        let is_upgrade = call.header(&UPGRADE).is_some_and(|value| value.eq_ignore_ascii_case("websocket"));
        let (true, &Method::GET, Some(upgrade)) = (is_upgrade, &call.method, call.upgrade.take()) else {
            return Err(ApiError::new(StatusCode::UPGRADE_REQUIRED, "UPGRADE_REQUIRED", "This is a WebSocket"));
        };
        let key = call.header(&SEC_WEBSOCKET_KEY).map(|key| derive_accept_key(key.as_bytes()));
        let accept = key.filter(|_| call.header(&VERSION) == Some("13"));
        let accept = accept.and_then(|accept| HeaderValue::from_str(&accept).ok());
        let accept = accept.ok_or_else(|| ApiError::bad_request("The handshake is not one of version 13"))?;
        let user = call.bearer().or_else(|| call.query.get("token")).and_then(|token| self.user_of(token));
        tokio::spawn(serve(Arc::downgrade(self), upgrade, user, device.to_owned()));
        let mut reply = empty(StatusCode::SWITCHING_PROTOCOLS);
        let headers = reply.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
        Ok(reply)
    }
}

async fn serve(face: Weak<CursorFace>, upgrade: OnUpgrade, user: Option<User>, device: String) {
    let Ok(upgraded) = upgrade.await else {
        return;
    };
    let mut stream = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
    let Some(user) = user else {
        return close(&mut stream, UNAUTHORIZED, "Missing or invalid token").await;
    };
    let (number, commands, sockets) = {
        let Some(face) = face.upgrade() else { return };
        if face.devices.get(&device_key(user.id, &device)).is_none() {
            return close(&mut stream, UNKNOWN_DEVICE, "Device not found").await;
        }
        let (number, commands) = face.sockets.add(user.id, &device);
        (number, commands, face.sockets.clone())
    };
    let mut socket = Socket { face, user, device, stream, told: None };
    let _over = socket.run(commands).await;
    sockets.remove(number);
}

/// Says why, and waits until the other side has heard it.
async fn close(stream: &mut Stream, code: u16, reason: &str) {
    let frame = CloseFrame { code: CloseCode::from(code), reason: reason.into() };
    if let Ok(Ok(())) = timeout(GOODBYE, stream.close(Some(frame))).await {
        read_out(stream).await;
    }
}

/// Reads to the end, by which the closing frames go both ways; not for ever.
async fn read_out(stream: &mut Stream) {
    let rest = async { while let Some(Ok(_)) = stream.next().await {} };
    let _ = timeout(GOODBYE, rest).await;
}

impl Socket {
    async fn run(&mut self, mut commands: UnboundedReceiver<Command>) -> Result<(), Over> {
        let Some(mut changed) = self.face.upgrade().map(|face| face.drive().watch()) else {
            return Err(Over);
        };
        loop {
            tokio::select! {
                message = self.stream.next() => self.hear(message.and_then(Result::ok).ok_or(Over)?).await?,
                command = commands.recv() => self.obey(command.ok_or(Over)?).await?,
                grown = changed.changed() => {
                    grown.map_err(|_| Over)?;
                    self.tell_changes().await?;
                }
            }
        }
    }

    async fn say(&mut self, frame: Value) -> Result<(), Over> {
        self.send(Message::text(frame.to_string())).await
    }

    /// Who does not read for too long is given up.
    async fn send(&mut self, message: Message) -> Result<(), Over> {
        match timeout(PATIENCE, self.stream.send(message)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Over),
        }
    }

    /// Frames that are not understood are ignored.
    async fn hear(&mut self, message: Message) -> Result<(), Over> {
        let text = match &message {
            Message::Close(_) => {
                read_out(&mut self.stream).await;
                return Err(Over);
            }
            Message::Text(text) => text.as_str(),
            _ => return Ok(()),
        };
        let frame: Value = serde_json::from_str(text).unwrap_or_default();
        match frame.get("type").and_then(Value::as_str) {
            Some("ping") => self.say(json!({"type": "pong"})).await,
            Some("subscribe") => {
                let head = self.face.upgrade().map(|face| face.positions.head());
                self.told = self.told.or(head);
                self.say(json!({"type": "subscribed"})).await
            }
            _ => Ok(()),
        }
    }

    async fn obey(&mut self, command: Command) -> Result<(), Over> {
        match command {
            Command::Text(text) => self.send(Message::text(text)).await,
            Command::Binary(data) => self.send(Message::binary(data)).await,
            Command::Bytes(data) => {
                let connection = self.stream.get_mut();
                connection.write_all(&data).await.map_err(|_| Over)?;
                connection.flush().await.map_err(|_| Over)
            }
            Command::Close(code, reason) => {
                close(&mut self.stream, code, &reason).await;
                Err(Over)
            }
            Command::Drop => Err(Over),
        }
    }

    /// Tells every change since the last one that was told.
    async fn tell_changes(&mut self) -> Result<(), Over> {
        while let Some(told) = self.told {
            let (frames, position, has_more) = self.frames_after(told)?;
            for frame in frames {
                if self.face.upgrade().is_none_or(|face| face.sockets.drops_now()) {
                    return Err(Over);
                }
                self.say(frame).await?;
            }
            self.told = Some(position);
            if !has_more {
                break;
            }
        }
        Ok(())
    }

    fn frames_after(&self, told: u64) -> Result<(Vec<Value>, u64, bool), Over> {
        let face = self.face.upgrade().ok_or(Over)?;
        let is_active = face.devices.get(&device_key(self.user.id, &self.device)).is_some_and(|found| found.is_active);
        let wanted = |share| {
            let key = device_share_key(self.user.id, &self.device, share);
            let enabled = face.preferences.get(&key).is_none_or(|preference| preference.sync_enabled);
            is_active && enabled && face.space.is_visible(&self.user, share)
        };
        let rows = face.positions.after(&face.space, told, PIECE, |row| wanted(row.share));
        let frames = rows.rows.iter().map(|row| {
            let change = face.positions.row_json(row);
            json!({"event_type": "change", "share_id": ids::share(row.share), "data": change})
        });
        Ok((frames.collect(), rows.position, rows.has_more))
    }
}
