//! Elements by their local names alone, each with its text at its end.

use bytes::Bytes;
use futures::TryStreamExt as _;
use sharesync_core::xml::{Attribute, DocumentError, Flaw, Limits, Scanner, Sink, Start};
use sharesync_core::{BoxStream, Result};

use super::LIMITS;

/// Takes what is read of a document.
pub(crate) trait ByName {
    /// An element begins.
    fn start(&mut self, name: &str, attributes: &[Attribute<'_, ()>]) -> Result<(), Flaw>;

    /// An element ends. `text` is its own, as it stands; of an element with children, what follows the last of them.
    fn end(&mut self, text: &str);
}

/// Reads a document for who takes elements by name.
#[derive(Default)]
pub(crate) struct Names<T> {
    scanner: Scanner<()>,
    taker: Taker<T>,
}

#[derive(Default)]
struct Taker<T> {
    to: T,
    text: String,
}

impl<T: ByName> Names<T> {
    pub(crate) fn new(to: T) -> Self {
        Self { scanner: Scanner::default(), taker: Taker { to, text: String::new() } }
    }

    /// Reads the next piece.
    pub(crate) fn feed(&mut self, piece: &[u8]) -> Result<(), DocumentError> {
        self.scanner.feed(piece, &mut self.taker)
    }

    /// Who takes the elements.
    pub(crate) fn to(&mut self) -> &mut T {
        &mut self.taker.to
    }

    /// Says that nothing follows, and gives back who took the elements.
    pub(crate) fn finish(mut self) -> Result<T, DocumentError> {
        self.scanner.finish(&mut self.taker)?;
        Ok(self.taker.to)
    }
}

impl<T: ByName> Sink for Taker<T> {
    type Space = ();

    const LIMITS: Limits = LIMITS;

    fn space(_uri: Option<&str>) -> Option<()> {
        Some(())
    }

    fn start(&mut self, _depth: usize, start: Start<'_, ()>, _path: &dyn Fn() -> String) -> Result<(), Flaw> {
        self.text.clear();
        self.to.start(start.name, start.attributes)
    }

    fn text(&mut self, _depth: usize, text: &str) -> Result<(), Flaw> {
        self.text.push_str(text);
        Ok(())
    }

    fn end(&mut self, _depth: usize) -> Result<(), DocumentError> {
        self.to.end(&self.text);
        self.text.clear();
        Ok(())
    }
}

/// Reads a document as it arrives, without keeping it.
pub(crate) async fn read_stream<T: ByName>(mut body: BoxStream<'static, Result<Bytes>>, to: T) -> Result<T> {
    let mut names = Names::new(to);
    while let Some(piece) = body.try_next().await? {
        names.feed(&piece).map_err(DocumentError::into_error)?;
    }
    names.finish().map_err(DocumentError::into_error)
}
