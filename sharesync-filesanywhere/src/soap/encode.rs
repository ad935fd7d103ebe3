//! Content as it goes into an envelope: base64 while it is sent, and gzip chunk by chunk.

use std::io::Write as _;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use flate2::Compression;
use flate2::write::GzEncoder;
use sharesync_core::http::Body;
use sharesync_core::transfer::Source;
use sharesync_core::{Error, ErrorKind, Result};

/// Bytes that four characters of base64 stand for.
const GROUP: u64 = 3;

/// The content in base64.
pub(crate) fn base64_of(content: Arc<dyn Source>) -> Body {
    Body::from_source(Arc::new(Base64 { content }))
}

#[derive(Debug)]
struct Base64 {
    content: Arc<dyn Source>,
}

#[async_trait]
impl Source for Base64 {
    fn size(&self) -> u64 {
        self.content.size().div_ceil(GROUP).saturating_mul(4)
    }

    async fn read_at(&self, offset: u64, max: usize) -> Result<Bytes> {
        let skip = usize::try_from(offset % 4).unwrap_or_default();
        let start = (offset / 4).saturating_mul(GROUP);
        let wanted = skip.saturating_add(max).div_ceil(4).saturating_mul(3);
        let mut plain = read_exactly(&*self.content, start, wanted).await?;
        if start.saturating_add(plain.len() as u64) < self.content.size() {
            plain.truncate(plain.len() / 3 * 3);
        }
        let mut encoded = Bytes::from(STANDARD.encode(&plain));
        let mut encoded = encoded.split_off(skip.min(encoded.len()));
        encoded.truncate(max);
        Ok(encoded)
    }
}

/// Reads that many bytes, or those up to the end.
async fn read_exactly(source: &dyn Source, start: u64, wanted: usize) -> Result<Bytes> {
    let left = usize::try_from(source.size().saturating_sub(start)).unwrap_or(usize::MAX);
    let wanted = wanted.min(left);
    if wanted == 0 {
        return Ok(Bytes::new());
    }
    let first = source.read_at(start, wanted).await?;
    if first.len() >= wanted || first.is_empty() {
        return Ok(first);
    }
    let mut all = BytesMut::from(first);
    while all.len() < wanted {
        let piece = source.read_at(start.saturating_add(all.len() as u64), wanted - all.len()).await?;
        if piece.is_empty() {
            break;
        }
        all.extend_from_slice(&piece);
    }
    Ok(all.freeze())
}

/// A chunk as a gzip stream of its own (AppendChunkGZip).
pub(crate) async fn gzip(chunk: &dyn Source) -> Result<Bytes> {
    let wrong = |error: std::io::Error| Error::new(ErrorKind::Io, "the chunk cannot be compressed").with_source(error);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let mut offset = 0;
    while offset < chunk.size() {
        let piece = chunk.read_at(offset, 64 << 10).await?;
        if piece.is_empty() {
            let message = format!("it ended after {offset} of {} bytes", chunk.size());
            return Err(Error::new(ErrorKind::SourceChanged, message));
        }
        offset += piece.len() as u64;
        encoder.write_all(&piece).map_err(wrong)?;
    }
    encoder.finish().map(Bytes::from).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use sharesync_core::transfer::BytesSource;

    use super::*;

    /// Hands out a few bytes at a time.
    #[derive(Debug)]
    struct Drops(Bytes);

    #[async_trait]
    impl Source for Drops {
        fn size(&self) -> u64 {
            self.0.len() as u64
        }

        async fn read_at(&self, offset: u64, max: usize) -> Result<Bytes> {
            BytesSource::new(self.0.clone()).read_at(offset, max.min(2)).await
        }
    }

    #[tokio::test]
    async fn base64_is_the_same_however_it_is_read() {
        for length in 0..20_u8 {
            let plain: Vec<u8> = (0..length).collect();
            let source = Base64 { content: Arc::new(Drops(plain.clone().into())) };
            for step in [1, 3, 4, 7, 100] {
                let mut read = Vec::new();
                while (read.len() as u64) < source.size() {
                    let piece = source.read_at(read.len() as u64, step).await.unwrap();
                    assert!(!piece.is_empty() && piece.len() <= step);
                    read.extend_from_slice(&piece);
                }
                assert_eq!(STANDARD.decode(&read).unwrap(), plain, "{length} {step}");
                assert!(source.read_at(source.size(), 1).await.unwrap().is_empty());
            }
        }
    }

    #[tokio::test]
    async fn a_chunk_is_one_gzip_stream() {
        let plain = vec![7; 200_000];
        let zipped = gzip(&BytesSource::new(plain.clone())).await.unwrap();
        let mut back = Vec::new();
        flate2::read::GzDecoder::new(&*zipped).read_to_end(&mut back).unwrap();
        assert!(back == plain && zipped.len() < 2000);
    }
}
