//! Answers that are handed on while they arrive.

use std::collections::VecDeque;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use sharesync_core::http::{Quoted, Response};
use sharesync_core::{BoxStream, Error, ErrorKind, Result};

use super::{Answer, Flaw, Op, Outcome, Record, Row, Tree, envelope};
use crate::error;

/// Bytes read at a time, however much arrives at once: it bounds how many rows wait.
const STEP: usize = 64 << 10;
/// Bytes that may arrive without a row among them. A list of any length has rows all along: what goes on without them is
/// made to never end.
const MOST_WITHOUT_ROWS: usize = 8 << 20;

/// A list that is handed on as it arrives, and what the answer says besides. The answer is never held as a whole.
///
/// Whether the service carried the request out may stand behind the rows: nothing is certain before
/// [`summary`](Self::summary) or the end of the rows.
pub struct Streamed<T, S> {
    parts: BoxStream<'static, Result<Part<T, S>>>,
    summary: Option<S>,
}

/// One step of an answer.
enum Part<T, S> {
    Rows(Vec<T>),
    End(S),
}

impl<T, S> Part<T, S> {
    /// The same rows in another form.
    fn map<U>(self, form: fn(T) -> U) -> Part<U, S> {
        match self {
            Self::Rows(rows) => Part::Rows(rows.into_iter().map(form).collect()),
            Self::End(summary) => Part::End(summary),
        }
    }
}

impl<T, S> Streamed<T, S> {
    /// The same rows in another form.
    pub(crate) fn map<U>(self, form: fn(T) -> U) -> Streamed<U, S>
    where
        T: Send + 'static,
        S: Send + 'static,
        U: Send + 'static,
    {
        Streamed { parts: self.parts.map_ok(move |part| part.map(form)).boxed(), summary: None }
    }

    /// The rows that arrived next, at least one; `None` after the last.
    ///
    /// # Errors
    /// When the answer breaks off, is not what the protocol says, or turns out to be a refusal. Nothing follows an error.
    pub async fn next(&mut self) -> Result<Option<Vec<T>>> {
        match self.parts.try_next().await? {
            Some(Part::Rows(rows)) => Ok(Some(rows)),
            Some(Part::End(summary)) => {
                self.summary = Some(summary);
                Ok(None)
            }
            None => Ok(None),
        }
    }

    /// What the answer says besides the rows. Rows that were not taken are read and dropped.
    ///
    /// # Errors
    /// As [`next`](Self::next), and [`ErrorKind::Protocol`] after an error.
    pub async fn summary(mut self) -> Result<S> {
        while self.next().await?.is_some() {}
        self.summary.ok_or_else(|| Error::new(ErrorKind::Protocol, "the answer ended in an error before"))
    }

    /// All rows and the rest of the answer, in memory.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] when there are more than `limit` rows, and those of [`next`](Self::next).
    pub async fn collect(mut self, limit: usize) -> Result<(Vec<T>, S)> {
        let mut all = Vec::new();
        while let Some(rows) = self.next().await? {
            if all.len() + rows.len() > limit {
                return Err(Error::new(ErrorKind::TooLarge, format!("the list has more than {limit} entries")));
            }
            all.extend(rows);
        }
        let summary = self.summary().await?;
        Ok((all, summary))
    }
}

impl<T, S> std::fmt::Debug for Streamed<T, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Streamed").finish_non_exhaustive()
    }
}

/// Where the reading of an answer stands.
struct Reading<R> {
    op: &'static Op,
    quoted: Quoted,
    body: BoxStream<'static, Result<Bytes>>,
    piece: Bytes,
    /// `None` after the end.
    answer: Option<Answer<R>>,
    ready: VecDeque<Vec<R>>,
    /// Bytes since the last row.
    without_rows: usize,
    end: Option<Tree>,
}

impl<R: Row> Reading<R> {
    /// Reads on until there are rows or the end.
    async fn advance(&mut self) -> Result<()> {
        while self.ready.is_empty() && self.end.is_none() {
            if self.piece.is_empty() {
                let Some(piece) = self.body.try_next().await? else { return self.finish() };
                self.piece = piece;
            }
            let Some(answer) = &mut self.answer else { return Ok(()) };
            let step = self.piece.split_to(self.piece.len().min(STEP));
            answer.feed(&step).map_err(error::document)?;
            self.without_rows += step.len();
            if answer.ready() > 0 {
                self.ready.push_back(answer.take_rows());
                self.without_rows = 0;
            }
            if self.without_rows > MOST_WITHOUT_ROWS {
                return Err(error::document(answer.error(Flaw::TooLong("what is not a list"))));
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        let Some(answer) = self.answer.take() else { return Ok(()) };
        let (rows, outcome) = answer.finish().map_err(error::document)?;
        match outcome {
            Outcome::Fault(fault) => Err(error::fault(fault, &self.quoted)),
            Outcome::Result(tree) => {
                error::check(self.op, &tree, &self.quoted)?;
                if !rows.is_empty() {
                    self.ready.push_back(rows);
                }
                self.end = Some(tree);
                Ok(())
            }
        }
    }
}

/// Begins to read an answer: up to its first rows, or to its end when there are none. What is refused without a row is an
/// error here, where the request can still be repeated.
pub(crate) async fn open<T: Row, S: Record + Send + 'static>(
    op: &'static Op,
    response: Response,
) -> Result<Streamed<T, S>> {
    let mut reading = Reading {
        op,
        quoted: response.quoted().clone(),
        body: envelope(response)?,
        piece: Bytes::new(),
        answer: Some(Answer::new(op.expected())),
        ready: VecDeque::new(),
        without_rows: 0,
        end: None,
    };
    reading.advance().await?;
    let parts = stream::try_unfold(Some(reading), move |reading| async move {
        let Some(mut reading) = reading else { return Ok(None) };
        reading.advance().await.map_err(|error| error::of(op, error))?;
        if let Some(rows) = reading.ready.pop_front() {
            return Ok(Some((Part::Rows(rows), Some(reading))));
        }
        let Some(root) = reading.end.as_ref().and_then(Tree::root) else { return Ok(None) };
        let summary = S::read(root).map_err(|flaw| error::of(op, error::document(flaw)))?;
        Ok(Some((Part::End(summary), None)))
    });
    Ok(Streamed { parts: parts.boxed(), summary: None })
}
