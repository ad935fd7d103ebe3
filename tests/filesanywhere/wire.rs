//! A server whose answers are made while they are sent, and never held.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub(crate) type Pieces = Box<dyn Iterator<Item = Bytes> + Send>;

/// What follows the last piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The connection is closed.
    Close,
    /// Nothing.
    Stall,
}

/// Where it is, and how many bytes of answers it could send.
pub(crate) struct Wire {
    pub(crate) address: String,
    sent: Arc<AtomicU64>,
}

impl Wire {
    /// Answers every request with status 200 and these pieces.
    pub(crate) async fn serve(pieces: impl Fn() -> Pieces + Send + Sync + 'static, ending: Ending) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let wire = Self { address: format!("http://{}", listener.local_addr().unwrap()), sent: Arc::default() };
        let sent = wire.sent.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, pieces(), ending, sent.clone()));
            }
        });
        wire
    }

    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }
}

async fn answer(mut stream: TcpStream, pieces: Pieces, ending: Ending, sent: Arc<AtomicU64>) -> std::io::Result<()> {
    Box::pin(read_request(&mut stream)).await?;
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nConnection: close\r\n\r\n").await?;
    for piece in pieces {
        stream.write_all(&piece).await?;
        sent.fetch_add(piece.len() as u64, Ordering::SeqCst);
    }
    if ending == Ending::Stall {
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    stream.shutdown().await
}

async fn read_request(stream: &mut TcpStream) -> std::io::Result<()> {
    let (mut request, mut piece) = (Vec::new(), vec![0; 16 << 10]);
    loop {
        let length = stream.read(&mut piece).await?;
        request.extend_from_slice(&piece[..length]);
        let text = String::from_utf8_lossy(&request);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let due = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if length == 0 || body.len() >= due.unwrap_or(0) {
            return Ok(());
        }
    }
}
