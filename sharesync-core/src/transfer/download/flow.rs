//! The state of one download: where it is, where it ends, what it has to match.

use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use futures::{StreamExt as _, stream};

use super::{Content, ContentReader, DownloadOptions};
use crate::http::is_foreign;
use crate::transfer::hashing::ContentHash;
use crate::transfer::options::unless_cancelled;
use crate::transfer::{CancelToken, Progress};
use crate::{BoxStream, Digest, Error, ErrorKind, Item, Result, Revision};

/// How often in a row a body may break before the download fails.
const MAX_FAILURES: u32 = 5;
/// Parts in a row that are shorter than [`GAIN`] and not cut by a failure.
const MAX_SHORT: u32 = 1000;
/// Bytes gained after which a break is the first one again.
const GAIN: u64 = 64 * 1024;
/// How often in a row a body of another length is asked for before the content counts as replaced.
const LOOKS: u32 = 3;
const FIRST_DELAY: Duration = Duration::from_millis(100);
const MAX_DELAY: Duration = Duration::from_secs(5);

pub(super) struct Flow {
    reader: Arc<dyn ContentReader>,
    body: Option<BoxStream<'static, Result<Bytes>>>,
    /// Bytes of the body before `position`, from a service that ignored the range.
    skip: u64,
    /// The byte after the last one that the body announces.
    body_end: u64,
    /// Bodies that ended where they announced it, with less than was asked for and little gained.
    short: u32,
    /// Where the body began to be delivered.
    part_start: u64,
    /// The next byte to deliver.
    position: u64,
    /// The byte after the last one to deliver; unknown where the service does not say.
    end: Option<u64>,
    /// Whether the application asked for an end of its own.
    cut: bool,
    total: Option<u64>,
    revision: Option<String>,
    check: Option<(ContentHash, Digest)>,
    progress: Option<Progress>,
    cancel: Option<CancelToken>,
    failures: u32,
    failed_at: u64,
}

impl Flow {
    pub(super) async fn open(item: &Item, reader: Arc<dyn ContentReader>, options: DownloadOptions) -> Result<Self> {
        Revision::require(options.if_revision.as_ref(), item.revision.as_ref())?;
        let whole = options.offset == 0 && options.length.is_none();
        let digest = item.digests.first().filter(|_| whole && options.verify).cloned();
        let end = match options.length {
            Some(length) => Some(options.offset.checked_add(length).ok_or_else(outside)?),
            None => None,
        };
        let mut flow = Self {
            reader,
            body: None,
            skip: 0,
            body_end: u64::MAX,
            short: 0,
            part_start: options.offset,
            position: options.offset,
            end,
            cut: end.is_some(),
            total: item.size.filter(|_| options.verify),
            revision: None,
            check: digest.map(|digest| (ContentHash::new(&[digest.algorithm()]), digest)),
            progress: options.progress,
            cancel: options.cancel,
            failures: 0,
            failed_at: options.offset,
        };
        flow.settle_end()?;
        if whole || flow.remaining() != Some(0) {
            flow.open_first().await?;
        }
        flow.announce();
        Ok(flow)
    }

    fn announce(&self) {
        if let (Some(progress), Some(bytes)) = (&self.progress, self.remaining()) {
            progress.announce(bytes);
        }
    }

    pub(super) fn reader(&self) -> Arc<dyn ContentReader> {
        self.reader.clone()
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn leave_check_to_caller(&mut self, progress: Option<Progress>) {
        self.check = None;
        self.progress = progress;
        self.announce();
    }

    /// Bytes still to deliver, if known.
    pub(super) fn remaining(&self) -> Option<u64> {
        self.end.map(|end| end.saturating_sub(self.position))
    }

    pub(super) fn into_stream(self) -> BoxStream<'static, Result<Bytes>> {
        stream::try_unfold(self, |mut flow| async move { Ok(flow.next().await?.map(|piece| (piece, flow))) }).boxed()
    }

    /// The end of the range is the end of the file unless the application set one, which must be inside.
    fn settle_end(&mut self) -> Result<()> {
        let Some(total) = self.total else { return Ok(()) };
        if !self.cut {
            self.end = Some(total);
        }
        if self.position > total || self.end > Some(total) { Err(outside()) } else { Ok(()) }
    }

    async fn open_first(&mut self) -> Result<()> {
        let cancel = self.cancel.clone();
        let content = unless_cancelled(cancel.as_ref(), self.open_body()).await?;
        if let (Some(reported), Some(total)) = (self.total, content.total)
            && reported != total
        {
            let message = format!("the service reports {reported} bytes and sends {total}");
            return Err(Error::new(ErrorKind::Integrity, message));
        }
        self.total = content.total.or(self.total);
        self.settle_end()?;
        self.revision.clone_from(&content.revision);
        self.adopt(content)
    }

    /// Asks for the bytes from the position reached on. A body of another length than the one known is looked at again before
    /// it is believed: it may be a page in the place of the service.
    async fn open_body(&mut self) -> Result<Content> {
        let length = self.end.filter(|_| self.cut).map(|end| end.saturating_sub(self.position));
        let mut looks = 1;
        loop {
            let content = self.reader.open(self.position, length).await?;
            let is_other = self.total.zip(content.total).is_some_and(|(known, told)| known != told);
            if !is_other || looks == LOOKS {
                return Ok(content);
            }
            looks += 1;
            tokio::time::sleep(FIRST_DELAY.mul_f64(fastrand::f64())).await;
        }
    }

    /// Opens a new body at the position reached, of the same content.
    async fn reopen(&mut self) -> Result<()> {
        let content = self.open_body().await?;
        let other_revision = self.revision.is_some() && content.revision.is_some() && self.revision != content.revision;
        let other_total = self.total.is_some() && content.total.is_some() && self.total != content.total;
        if other_revision || other_total {
            let message =
                format!("the content was replaced while it was being downloaded, after {} bytes", self.position);
            return Err(Error::new(ErrorKind::PreconditionFailed, message));
        }
        self.adopt(content)
    }

    fn adopt(&mut self, content: Content) -> Result<()> {
        let Some(skip) = self.position.checked_sub(content.offset) else {
            let message =
                format!("bytes from {} on were asked for, and come from {} on", self.position, content.offset);
            return Err(Error::new(ErrorKind::Protocol, message));
        };
        self.skip = skip;
        (self.body_end, self.part_start) = (content.end, self.position);
        self.body = Some(content.body);
        Ok(())
    }

    /// The next piece; `None` after everything was delivered and verified.
    async fn next(&mut self) -> Result<Option<Bytes>> {
        while self.remaining() != Some(0) {
            let cancel = self.cancel.clone();
            let broken = match unless_cancelled(cancel.as_ref(), self.read()).await {
                Ok(Some(piece)) => match self.accept(piece).await? {
                    piece if piece.is_empty() => continue,
                    piece => return Ok(Some(piece)),
                },
                Ok(None) => {
                    let Some(end) = self.end else { break };
                    if self.is_short_part() {
                        continue;
                    }
                    let message = format!("the body ended after {} of {end} bytes", self.position);
                    Error::new(ErrorKind::Protocol, message)
                }
                Err(error) if resumable(error.kind()) || is_foreign(&error) => error,
                Err(error) => return Err(error),
            };
            unless_cancelled(cancel.as_ref(), self.recover(broken)).await?;
        }
        self.check_surplus().await?;
        self.check_digest().await?;
        Ok(None)
    }

    async fn read(&mut self) -> Result<Option<Bytes>> {
        if self.body.is_none() {
            self.reopen().await?;
        }
        let piece = match &mut self.body {
            Some(body) => body.next().await.transpose()?,
            None => None,
        };
        if piece.is_none() {
            self.body = None;
        }
        Ok(piece)
    }

    /// What of a piece belongs to the range.
    async fn accept(&mut self, mut piece: Bytes) -> Result<Bytes> {
        let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(piece.len());
        piece.advance(skipped);
        self.skip -= skipped as u64;
        if let Some(left) = self.remaining().and_then(|left| usize::try_from(left).ok())
            && piece.len() > left
        {
            if !self.ends_early() {
                return Err(self.too_long());
            }
            piece.truncate(left);
        }
        self.position += piece.len() as u64;
        if let Some(progress) = &self.progress {
            if self.end.is_none() {
                progress.announce(piece.len() as u64);
            }
            progress.advance(piece.len() as u64);
        }
        if let Some((hash, _)) = &mut self.check {
            hash.update(vec![piece.clone()]).await?;
        }
        Ok(piece)
    }

    /// Whether the range ends before the file may, so that a body may be longer than the range.
    fn ends_early(&self) -> bool {
        self.cut && self.end != self.total
    }

    fn too_long(&self) -> Error {
        let message = format!("the service sends more than the {} bytes it reports", self.end.unwrap_or(self.position));
        Error::new(ErrorKind::Integrity, message)
    }

    /// Whether the body brought what it announced and no more: a service may send less than was asked for. Where it goes on
    /// by crumbs, it counts as broken.
    fn is_short_part(&mut self) -> bool {
        let gained = self.position.saturating_sub(self.part_start);
        self.short = if gained >= GAIN { 0 } else { self.short + 1 };
        gained > 0 && self.position == self.body_end && self.short <= MAX_SHORT
    }

    /// Counts a break and waits; fails when there were too many without progress.
    async fn recover(&mut self, error: Error) -> Result<()> {
        self.body = None;
        if self.position >= self.failed_at.saturating_add(GAIN) {
            self.failures = 0;
        }
        self.failed_at = self.position;
        self.failures += 1;
        if self.failures > MAX_FAILURES {
            return Err(error.with_attempts(self.failures));
        }
        let delay = FIRST_DELAY.saturating_mul(1 << (self.failures - 1)).min(MAX_DELAY);
        tracing::debug!(position = self.position, failures = self.failures, kind = ?error.kind(), "download broke off");
        tokio::time::sleep(delay.mul_f64(fastrand::f64())).await;
        Ok(())
    }

    /// Everything is there; a body that goes on nevertheless is of other content. How it breaks does not matter any more.
    async fn check_surplus(&mut self) -> Result<()> {
        let Some(mut body) = self.body.take().filter(|_| !self.ends_early()) else {
            return Ok(());
        };
        let cancel = self.cancel.clone();
        unless_cancelled(cancel.as_ref(), async {
            while let Some(Ok(piece)) = body.next().await {
                if piece.len() as u64 > self.skip {
                    return Err(self.too_long());
                }
                self.skip -= piece.len() as u64;
            }
            Ok(())
        })
        .await
    }

    async fn check_digest(&mut self) -> Result<()> {
        let Some((mut hash, expected)) = self.check.take() else {
            return Ok(());
        };
        let found = hash.digests().await?;
        if found.contains(&expected) {
            return Ok(());
        }
        let message = format!("the service reports {expected}, and what it sent has {found:?}");
        Err(Error::new(ErrorKind::Integrity, message))
    }
}

/// Whether a new body may get further than the one that failed like this.
fn resumable(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Network | ErrorKind::Stalled | ErrorKind::Timeout | ErrorKind::Unavailable)
}

fn outside() -> Error {
    Error::new(ErrorKind::InvalidInput, "the range reaches beyond the end of the content")
}

impl Debug for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flow")
            .field("position", &self.position)
            .field("end", &self.end)
            .field("total", &self.total)
            .field("failures", &self.failures)
            .finish_non_exhaustive()
    }
}
