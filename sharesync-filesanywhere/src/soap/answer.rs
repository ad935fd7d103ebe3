//! What an answer must look like: an envelope of either version with one body, and in it the result or a fault. Rows of
//! lists are decoded one by one as they end; everything else of the result is one small tree.

use std::marker::PhantomData;

use sharesync_core::xml::{Attribute, Limits, Scanner, Sink, Start};

use super::space::Space;
use super::{DocumentError, Element, Fault, Flaw, Tree};

/// What is due in the body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected {
    /// The element around the result, such as `ChangeListResponse`.
    pub(crate) response: &'static str,
    /// The result, such as `ChangeListResult`.
    pub(crate) result: &'static str,
}

/// An entry of a list that is decoded for itself.
pub(crate) trait Row: Sized + Send + 'static {
    /// The lists in the result: the element of each, and that of its entries.
    const LISTS: &'static [(&'static str, &'static str)];

    /// Reads an entry of the list of this number.
    fn read(list: usize, entry: Element<'_>) -> Result<Self, DocumentError>;
}

/// Results without such a list.
#[derive(Debug)]
pub(crate) enum NoRows {}

impl Row for NoRows {
    const LISTS: &'static [(&'static str, &'static str)] = &[];

    fn read(_list: usize, entry: Element<'_>) -> Result<Self, DocumentError> {
        Err(entry.error(Flaw::Unexpected("no list")))
    }
}

/// Elements in which the result is: envelope, body, response.
const RESULT_DEPTH: usize = 3;

/// Reads an answer that arrives in pieces.
#[derive(Debug)]
pub(crate) struct Answer<R> {
    scanner: Scanner<Space>,
    state: State<R>,
}

#[derive(Debug)]
struct State<R> {
    expected: Expected,
    envelope: Space,
    body: Seen,
    content: Seen,
    result: Seen,
    /// What is in the body is a fault.
    is_fault: bool,
    /// In an element of no interest, which is in so many others.
    skipping: Option<usize>,
    tree: Tree,
    row: Tree,
    /// The list that is open, and whether a row of it is.
    list: Option<usize>,
    in_row: bool,
    rows: Vec<R>,
    kind: PhantomData<R>,
}

/// Of what there may be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Not,
    Once,
}

/// What an answer holds besides rows.
#[derive(Debug)]
pub(crate) enum Outcome {
    Result(Tree),
    Fault(Fault),
}

impl<R: Row> Answer<R> {
    pub(crate) fn new(expected: Expected) -> Self {
        let state = State {
            expected,
            envelope: Space::None,
            body: Seen::Not,
            content: Seen::Not,
            result: Seen::Not,
            is_fault: false,
            skipping: None,
            tree: Tree::default(),
            row: Tree::default(),
            list: None,
            in_row: false,
            rows: Vec::new(),
            kind: PhantomData,
        };
        Self { scanner: Scanner::default(), state }
    }

    /// Reads the next piece.
    pub(crate) fn feed(&mut self, piece: &[u8]) -> Result<(), DocumentError> {
        self.scanner.feed(piece, &mut self.state)
    }

    /// How many rows wait to be taken.
    pub(crate) fn ready(&self) -> usize {
        self.state.rows.len()
    }

    /// The rows that have arrived since the last time.
    pub(crate) fn take_rows(&mut self) -> Vec<R> {
        std::mem::take(&mut self.state.rows)
    }

    /// An error about the element that is being read.
    pub(crate) fn error(&self, flaw: Flaw) -> DocumentError {
        self.scanner.error(flaw)
    }

    /// Says that nothing follows. What is left of the rows comes along.
    pub(crate) fn finish(mut self) -> Result<(Vec<R>, Outcome), DocumentError> {
        self.scanner.finish(&mut self.state)?;
        let state = self.state;
        let missing = |path: &str, name| Err(DocumentError::new(path, Flaw::Missing(name)));
        if state.content == Seen::Not {
            return missing("/Envelope/Body", state.expected.response);
        }
        if state.is_fault {
            return Ok((state.rows, Outcome::Fault(Fault::read(&state.tree))));
        }
        if state.result == Seen::Not {
            return missing(&format!("/Envelope/Body/{}", state.expected.response), state.expected.result);
        }
        Ok((state.rows, Outcome::Result(state.tree)))
    }
}

impl<R: Row> State<R> {
    /// Notes that there is one, and refuses a second.
    fn once(seen: &mut Seen, what: &'static str) -> Result<(), Flaw> {
        if std::mem::replace(seen, Seen::Once) == Seen::Once {
            return Err(Flaw::Unexpected(what));
        }
        Ok(())
    }

    /// An element of the envelope.
    fn frame(&mut self, depth: usize, start: &Start<'_, Space>, path: &dyn Fn() -> String) -> Result<(), Flaw> {
        match depth {
            0 if start.space.is_envelope() && start.name == "Envelope" => self.envelope = start.space,
            0 => return Err(Flaw::Unexpected("an Envelope of SOAP 1.1 or 1.2")),
            1 if start.space != self.envelope => return Err(Flaw::Unexpected("the Body of the same SOAP")),
            1 if start.name == "Body" => Self::once(&mut self.body, "a single Body")?,
            1 if start.name == "Header" && self.body == Seen::Not => {}
            1 => return Err(Flaw::Unexpected("the Body")),
            _ if self.body == Seen::Not => {
                if is_true(start, |space, name| space.is_envelope() && name == "mustUnderstand") {
                    return Err(Flaw::Unexpected("no header that must be understood"));
                }
                self.skipping = Some(depth);
            }
            _ => {
                Self::once(&mut self.content, "a single element in the Body")?;
                self.is_fault = start.space == self.envelope && start.name == "Fault";
                if self.is_fault {
                    self.tree.clear(parent(&path()));
                    return self.tree.open(start.name, false);
                }
                if start.space != Space::Service || start.name != self.expected.response {
                    return Err(Flaw::Unexpected(self.expected.response));
                }
            }
        }
        Ok(())
    }

    /// An element of the result, or the result itself.
    fn content(&mut self, depth: usize, start: &Start<'_, Space>, path: &dyn Fn() -> String) -> Result<(), Flaw> {
        if start.space == Space::Xop {
            return Err(Flaw::Unexpected("content in its place, and no reference to another part (xop:Include),"));
        }
        if start.space != Space::Service || depth == RESULT_DEPTH && start.name != self.expected.result {
            self.skipping = Some(depth);
            return Ok(());
        }
        if depth == RESULT_DEPTH {
            Self::once(&mut self.result, "a single result")?;
            self.tree.clear(parent(&path()));
        }
        if depth == RESULT_DEPTH + 1 {
            self.list = R::LISTS.iter().position(|(list, _)| *list == start.name);
        }
        let nil = is_nil(start);
        match self.list {
            Some(list) if depth == RESULT_DEPTH + 2 => {
                if R::LISTS.get(list).is_none_or(|(_, entry)| *entry != start.name) || nil {
                    self.skipping = Some(depth);
                    return Ok(());
                }
                // What the row is in is put before the path of an error when there is one.
                self.row.clear("");
                self.in_row = true;
                self.row.open(start.name, nil)
            }
            Some(_) if self.in_row => self.row.open(start.name, nil),
            _ => self.tree.open(start.name, nil),
        }
    }
}

/// The path of the element around one.
fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// Whether an attribute that fits is there and true.
fn is_true(start: &Start<'_, Space>, fits: impl Fn(Space, &str) -> bool) -> bool {
    let fits = |attribute: &&Attribute<'_, Space>| attribute.space.is_some_and(|space| fits(space, attribute.name));
    start.attributes.iter().rfind(fits).is_some_and(|attribute| matches!(attribute.value.trim(), "true" | "1"))
}

fn is_nil(start: &Start<'_, Space>) -> bool {
    is_true(start, |space, name| space == Space::Instance && name == "nil")
}

impl<R: Row> Sink for State<R> {
    type Space = Space;

    const LIMITS: Limits = Limits::USUAL;

    fn space(uri: Option<&str>) -> Option<Space> {
        uri.map(Space::of)
    }

    fn start(&mut self, depth: usize, start: Start<'_, Space>, path: &dyn Fn() -> String) -> Result<(), Flaw> {
        if self.skipping.is_some() {
            return Ok(());
        }
        match depth {
            0..RESULT_DEPTH => self.frame(depth, &start, path),
            _ if self.is_fault => self.tree.open(start.name, is_nil(&start)),
            _ => self.content(depth, &start, path),
        }
    }

    fn text(&mut self, depth: usize, text: &str) -> Result<(), Flaw> {
        if self.skipping.is_some() {
            return Ok(());
        }
        if self.in_row {
            return self.row.push_text(text);
        }
        if self.list.is_some() {
            // What stands between rows is layout.
            return Ok(());
        }
        if self.is_fault || depth >= RESULT_DEPTH {
            return self.tree.push_text(text);
        }
        if text.trim_ascii().is_empty() { Ok(()) } else { Err(Flaw::Unexpected("an element")) }
    }

    fn end(&mut self, depth: usize) -> Result<(), DocumentError> {
        if let Some(skipped) = self.skipping {
            if skipped == depth {
                self.skipping = None;
            }
            return Ok(());
        }
        if self.in_row {
            if self.row.close() {
                self.in_row = false;
                let (Some(list), Some(entry)) = (self.list, self.row.root()) else { return Ok(()) };
                let row = R::read(list, entry).map_err(|error| self.placed(list, error))?;
                self.rows.push(row);
            }
            return Ok(());
        }
        if self.is_fault && depth + 1 >= RESULT_DEPTH || depth >= RESULT_DEPTH && self.content == Seen::Once {
            self.tree.close();
        }
        if depth == RESULT_DEPTH + 1 {
            self.list = None;
        }
        Ok(())
    }
}

impl<R: Row> State<R> {
    /// Puts the path of its list before that of an error in a row.
    fn placed(&self, list: usize, error: DocumentError) -> DocumentError {
        let Some((name, _)) = R::LISTS.get(list) else { return error };
        let Expected { response, result } = self.expected;
        DocumentError::new(format!("/Envelope/Body/{response}/{result}/{name}{}", error.path), error.flaw)
    }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
