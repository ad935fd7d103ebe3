//! Rows that wait without taking memory: few in memory, more in a temporary file.

use std::io;

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt as _, stream};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sharesync_core::transfer::{Source as _, SpoolSource};
use sharesync_core::{BoxStream, Error, ErrorKind, Result};

/// Bytes read at a time.
const STEP: usize = 64 << 10;

/// Rows that were read to their end, and can be read again, any number of times.
#[derive(Debug, Clone)]
pub(super) struct Spool(SpoolSource);

impl Spool {
    /// Takes in all rows of a stream.
    pub(super) async fn of<T: Serialize>(rows: impl Stream<Item = Result<Vec<T>>> + Send) -> Result<Self> {
        let lines = rows.map(|rows| rows.and_then(|rows| written(&rows)).map_err(io::Error::other));
        SpoolSource::from_stream(lines, u64::MAX).await.map(Self)
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.size() == 0
    }

    /// The rows in their order.
    pub(super) fn rows<T: DeserializeOwned + Send + 'static>(&self) -> BoxStream<'static, Result<T>> {
        let begin = (self.0.clone(), 0_u64, BytesMut::new());
        stream::try_unfold(begin, |(source, mut at, mut rest)| async move {
            loop {
                if let Some(end) = memchr::memchr(b'\n', &rest) {
                    let line = rest.split_to(end + 1);
                    let row = serde_json::from_slice(&line).map_err(|error| damaged("read", error))?;
                    return Ok(Some((row, (source, at, rest))));
                }
                let piece = source.read_at(at, STEP).await?;
                if piece.is_empty() {
                    return Ok(None);
                }
                at += piece.len() as u64;
                rest.extend_from_slice(&piece);
            }
        })
        .boxed()
    }
}

fn written<T: Serialize>(rows: &[T]) -> Result<Bytes> {
    let mut lines = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut lines, row).map_err(|error| damaged("written", error))?;
        lines.push(b'\n');
    }
    Ok(lines.into())
}

fn damaged(what: &str, error: serde_json::Error) -> Error {
    Error::new(ErrorKind::Io, format!("a row of changes cannot be {what}")).with_source(error)
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt as _;

    use super::*;

    #[tokio::test]
    async fn rows_come_back_in_order_and_again() {
        let row = |number: i64| (number, format!("name {number}\n{}", "x".repeat(1000)));
        let pages = (0..40).map(|page| Ok((page * 100..(page + 1) * 100).map(row).collect::<Vec<_>>()));
        let spool = Spool::of(stream::iter(pages)).await.unwrap();
        for _ in 0..2 {
            let read: Vec<(i64, String)> = spool.rows().try_collect().await.unwrap();
            assert_eq!(read.len(), 4000);
            assert!(
                read.iter().enumerate().all(|(at, found)| *found == row(at as i64)),
                "four megabytes, each row once"
            );
        }
        let failed: Result<Spool> =
            Spool::of(stream::iter([Ok(vec![1]), Err(Error::new(ErrorKind::Stalled, "so"))])).await;
        assert_eq!(failed.unwrap_err().kind(), ErrorKind::Stalled);
    }
}
