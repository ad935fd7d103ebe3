//! A server for the live socket: what is no socket is handed on to a server of plain answers.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message};

use crate::support::Server;

pub(crate) type Socket = WebSocketStream<TcpStream>;

/// A request for the socket.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) authorization: Option<String>,
}

/// A server whose sockets are served by a function, by the number of the connection.
pub(crate) struct LiveServer {
    address: SocketAddr,
    pub(crate) asked: Arc<Mutex<Vec<Asked>>>,
}

impl LiveServer {
    pub(crate) async fn start<F>(plain: &Server, serve: F) -> Self
    where
        F: Fn(usize, Socket) -> BoxFuture<'static, ()> + Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (serve, plain, heard) = (Arc::new(serve), plain.uri().replace("http://", ""), asked.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (serve, plain, heard) = (serve.clone(), plain.clone(), heard.clone());
                tokio::spawn(async move { handle(stream, &plain, &heard, &*serve).await });
            }
        });
        Self { address, asked }
    }

    pub(crate) fn uri(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn handle<F>(mut stream: TcpStream, plain: &str, heard: &Mutex<Vec<Asked>>, serve: &F)
where
    F: Fn(usize, Socket) -> BoxFuture<'static, ()>,
{
    let mut head = [0; 64];
    let seen = stream.peek(&mut head).await.unwrap_or(0);
    if !String::from_utf8_lossy(&head[..seen]).contains("/sync/ws/") {
        let Ok(mut onward) = TcpStream::connect(plain).await else { return };
        let _ = tokio::io::copy_bidirectional(&mut stream, &mut onward).await;
        return;
    }
    let mut number = 0;
    #[allow(clippy::result_large_err, reason = "the callback's type is the library's")]
    let note = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let asked = Asked {
            path: request.uri().path().to_owned(),
            query: request.uri().query().map(str::to_owned),
            authorization: header("authorization"),
        };
        let mut heard = heard.lock().unwrap();
        number = heard.len();
        heard.push(asked);
        Ok(response)
    };
    let Ok(socket) = tokio_tungstenite::accept_hdr_async(stream, note).await else { return };
    serve(number, socket).await;
}

/// Waits until the client says something; its text.
pub(crate) async fn said(socket: &mut Socket) -> Option<String> {
    match socket.next().await? {
        Ok(Message::Text(text)) => Some(text.to_string()),
        _ => None,
    }
}

/// Answers what the client says until it is gone: pings with pongs, subscriptions with `subscribed`.
pub(crate) fn polite(mut socket: Socket) -> BoxFuture<'static, ()> {
    use futures::SinkExt as _;
    async move {
        while let Some(text) = said(&mut socket).await {
            let answer = if text.contains("ping") { r#"{"type":"pong"}"# } else { r#"{"type":"subscribed"}"# };
            if socket.send(Message::text(answer)).await.is_err() {
                return;
            }
        }
    }
    .boxed()
}

/// Closes a socket with a code.
pub(crate) async fn close(mut socket: Socket, code: u16) {
    let frame = CloseFrame { code: CloseCode::from(code), reason: "".into() };
    let _ = socket.close(Some(frame)).await;
    while let Some(Ok(_)) = socket.next().await {}
}
