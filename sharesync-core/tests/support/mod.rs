//! A raw TCP server whose every byte the test decides, and a transport that needs no network at all.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]
#![allow(dead_code, reason = "each test file uses its own part")]

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, stream};
use sharesync_core::BoxStream;
use sharesync_core::http::{HttpConfig, Pipeline, ReqwestTransport, Transport, TransportBody, TransportError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use url::Url;

/// One request as it came over the wire.
#[derive(Debug, Clone)]
pub struct Seen {
    pub head: String,
    pub body: Vec<u8>,
}

impl Seen {
    pub fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// A server that hands every connection, numbered from 0, to a script.
pub struct Server {
    pub address: SocketAddr,
    pub connections: Arc<AtomicUsize>,
    pub seen: Arc<Mutex<Vec<Seen>>>,
}

pub struct Connection {
    pub number: usize,
    pub stream: TcpStream,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    pub async fn start<F, Fut>(script: F) -> Self
    where
        F: Fn(Connection) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let socket = TcpSocket::new_v4().unwrap();
        // A small receive window makes a slow reader felt by the sender at once.
        socket.set_recv_buffer_size(16 * 1024).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(256).unwrap();
        let server =
            Self { address: listener.local_addr().unwrap(), connections: Arc::default(), seen: Arc::default() };
        let (connections, seen, script) = (server.connections.clone(), server.seen.clone(), Arc::new(script));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = connections.fetch_add(1, Ordering::SeqCst);
                let (script, seen) = (script.clone(), seen.clone());
                tokio::spawn(async move { script(Connection { number, stream, seen }).await });
            }
        });
        server
    }

    /// Answers every request on every connection by `answer`, which sees the number of the request.
    pub async fn answering<F>(answer: F) -> Self
    where
        F: Fn(usize, &Seen) -> String + Send + Sync + 'static,
    {
        let count = Arc::new(AtomicUsize::new(0));
        let answer = Arc::new(answer);
        Self::start(move |mut connection| {
            let (count, answer) = (count.clone(), answer.clone());
            async move {
                while let Some(request) = connection.request().await {
                    let text = answer(count.fetch_add(1, Ordering::SeqCst), &request);
                    connection.send(text).await;
                }
            }
        })
        .await
    }

    pub fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}{path}", self.address)).unwrap()
    }

    pub fn requests(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl Connection {
    /// Reads one request with its body; `None` when the client closed.
    pub async fn request(&mut self) -> Option<Seen> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.stream.read_u8().await.ok()?);
        }
        let mut seen = Seen { head: String::from_utf8(head).unwrap(), body: Vec::new() };
        let length = seen.header("content-length").map_or(0, |length| length.parse().unwrap());
        seen.body = vec![0; length];
        self.stream.read_exact(&mut seen.body).await.ok()?;
        self.seen.lock().unwrap().push(seen.clone());
        Some(seen)
    }

    /// Reads the head of a request and nothing of its body.
    pub async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.stream.read_u8().await.unwrap());
        }
        String::from_utf8(head).unwrap()
    }

    pub async fn send(&mut self, text: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(text.as_ref()).await;
    }
}

/// A response with a length, as text.
pub fn response(status: u16, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status} Test\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len())
}

/// Limits short enough for a test to reach them.
pub fn quick() -> HttpConfig {
    HttpConfig::new()
        .with_idle_timeout(std::time::Duration::from_millis(400))
        .with_response_timeout(std::time::Duration::from_millis(800))
        .with_backoff_base(std::time::Duration::from_millis(1))
        .with_max_attempts(3)
}

pub fn transport(config: &HttpConfig) -> Arc<dyn Transport> {
    Arc::new(ReqwestTransport::new(config).unwrap())
}

pub fn pipeline(config: HttpConfig) -> Pipeline {
    Pipeline::builder("test", transport(&config)).config(config).build()
}

type Reply = http::Response<BoxStream<'static, Result<Bytes, TransportError>>>;
type Script = dyn Fn(http::Request<TransportBody>) -> BoxFuture<'static, Result<Reply, TransportError>> + Send + Sync;

/// A transport that answers by a function, so that a test can run in paused time.
pub struct ScriptedTransport(Box<Script>);

impl ScriptedTransport {
    pub fn new<F, Fut>(script: F) -> Arc<Self>
    where
        F: Fn(http::Request<TransportBody>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = http::Response<&'static str>> + Send + 'static,
    {
        Arc::new(Self(Box::new(move |request| {
            script(request)
                .map(
                    |response| Ok(response.map(|body| stream::iter([Ok(Bytes::from_static(body.as_bytes()))]).boxed())),
                )
                .boxed()
        })))
    }
}

impl fmt::Debug for ScriptedTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScriptedTransport")
    }
}

#[async_trait]
impl Transport for ScriptedTransport {
    async fn send(&self, request: http::Request<TransportBody>) -> Result<Reply, TransportError> {
        (self.0)(request).await
    }
}
