//! From bytes as they arrive to elements and text: namespaces resolved, bounded in depth, names, tags and texts.
//!
//! What arrives is read where it is: the window holds nothing but the beginning of a tag, a reference or a character that
//! has not arrived whole. Text, references and tags without anything but a name, as nearly all of services are, are read
//! here; every other markup by `quick_xml`.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::errors::{Error as XmlError, SyntaxError};
use quick_xml::events::{BytesDecl, BytesStart, Event};

use super::names::{characters, check_name, local, plain_name, resolve, value};
use super::{Attribute, DocumentError, Flaw, Sink, Start};
use crate::http::{Charset, UnreadableCharset};

/// Bytes of the longest beginning of a tag, `<![CDATA[`.
const LONGEST_BEGINNING: usize = 9;
/// Bytes of a reference such as `&amp;`.
const LONGEST_REFERENCE: usize = 32;
/// Elements that a path names: the innermost ones.
const LONGEST_PATH: usize = 64;

const BYTE_ORDER_MARK: char = '\u{feff}';
/// What the prefix `xml` stands for without being declared.
const XML: &str = "http://www.w3.org/XML/1998/namespace";

#[derive(Debug, Clone, Copy)]
struct Frame<N> {
    /// Where its name begins in `names`.
    name: usize,
    /// The namespace of names without a prefix.
    default: N,
    /// How many prefixes are declared outside of it.
    outer_prefixes: usize,
}

/// Reads a document that arrives in pieces.
#[derive(Debug)]
pub struct Scanner<N> {
    window: Vec<u8>,
    /// Nothing can be found before one of these bytes arrives.
    waiting: bool,
    begun: bool,
    ended: bool,
    /// That which the document declares.
    charset: Charset,
    frames: Vec<Frame<N>>,
    names: String,
    prefixes: Vec<(String, N)>,
    text_length: usize,
    /// The text that arrived last ended with a carriage return.
    carriage_return: bool,
}

impl<N> Default for Scanner<N> {
    fn default() -> Self {
        Self {
            window: Vec::new(),
            waiting: false,
            begun: false,
            ended: false,
            charset: Charset::Utf8,
            frames: Vec::new(),
            names: String::new(),
            prefixes: Vec::new(),
            text_length: 0,
            carriage_return: false,
        }
    }
}

impl<N: Copy> Scanner<N> {
    /// Reads the next piece.
    ///
    /// # Errors
    /// What is wrong with it, or what the sink says is.
    pub fn feed<S: Sink<Space = N>>(&mut self, piece: &[u8], sink: &mut S) -> Result<(), DocumentError> {
        let longest = self.window.len() + piece.len() > S::LIMITS.markup;
        let end = memchr::memchr2(b'>', b';', piece);
        if self.waiting && !longest && end.is_none() {
            self.window.extend_from_slice(piece);
            return Ok(());
        }
        let mut rest = piece;
        if !self.window.is_empty() {
            // No more is copied than what probably completes it.
            let (completion, after) = piece.split_at(end.map_or(piece.len(), |at| at + 1));
            self.window.extend_from_slice(completion);
            self.read_window(sink)?;
            rest = after;
        }
        if self.window.is_empty() {
            let read = self.read(rest, false, sink)?;
            self.window.extend_from_slice(rest.get(read..).unwrap_or_default());
        } else if !rest.is_empty() {
            self.window.extend_from_slice(rest);
            self.read_window(sink)?;
        }
        self.waiting = !self.window.is_empty();
        Ok(())
    }

    fn read_window<S: Sink<Space = N>>(&mut self, sink: &mut S) -> Result<(), DocumentError> {
        let mut window = std::mem::take(&mut self.window);
        let read = self.read(&window, false, sink)?;
        window.drain(..read);
        self.window = window;
        Ok(())
    }

    /// Says that nothing follows.
    ///
    /// # Errors
    /// That the document breaks off, and as [`feed`](Self::feed).
    pub fn finish<S: Sink<Space = N>>(&mut self, sink: &mut S) -> Result<(), DocumentError> {
        let window = std::mem::take(&mut self.window);
        self.read(&window, true, sink)?;
        if self.ended { Ok(()) } else { Err(self.error(Flaw::Truncated)) }
    }

    /// The names of the open elements.
    pub fn path(&self) -> String {
        let left_out = self.frames.len().saturating_sub(LONGEST_PATH);
        let begin = if left_out > 0 { "…".to_owned() } else { String::new() };
        let ends = self.frames.iter().skip(left_out + 1).map(|frame| frame.name).chain([self.names.len()]);
        let frames = self.frames.iter().skip(left_out).zip(ends);
        let names = frames.map(|(frame, end)| self.names.get(frame.name..end).unwrap_or_default());
        names.fold(begin, |path, name| path + "/" + local(name))
    }

    /// The error of a flaw in the open element.
    pub fn error(&self, flaw: Flaw) -> DocumentError {
        let path = self.path();
        DocumentError::new(if path.is_empty() { "/".to_owned() } else { path }, flaw)
    }

    /// Reads as far as possible; how many bytes that is.
    fn read<S: Sink<Space = N>>(&mut self, window: &[u8], last: bool, sink: &mut S) -> Result<usize, DocumentError> {
        if !last && !self.begun && window.len() < BYTE_ORDER_MARK.len_utf8() {
            return Ok(0);
        }
        self.charset.check(window).map_err(|unreadable| self.error(Flaw::Charset(unreadable)))?;
        let (text, flaw) = characters(window, last);
        let mut rest = text;
        if !self.begun {
            if let Some(wide) = UnreadableCharset::of_wide(window) {
                return Err(self.error(Flaw::Charset(wide)));
            }
            self.begun = true;
            rest = rest.strip_prefix(BYTE_ORDER_MARK).unwrap_or(rest);
        }
        while !rest.is_empty() {
            let declared = self.charset;
            let read = self.step(rest, last, sink)?;
            if read == 0 {
                break;
            }
            rest = rest.get(read..).unwrap_or_default();
            if self.charset != declared {
                self.charset.check(rest.as_bytes()).map_err(|unreadable| self.error(Flaw::Charset(unreadable)))?;
            }
        }
        match flaw {
            Some(flaw) => Err(self.error(flaw)),
            None => Ok(text.len() - rest.len()),
        }
    }

    /// Reads what is next; how many bytes that is, none if it has not arrived whole.
    fn step<S: Sink<Space = N>>(&mut self, rest: &str, last: bool, sink: &mut S) -> Result<usize, DocumentError> {
        match rest.as_bytes() {
            [b'<', b'/', after @ ..] => match self.plain_end(after) {
                Some(length) => self.close(None, sink).map(|()| "</".len() + length),
                None => self.markup(rest, last, sink),
            },
            [b'<', ..] => match plain_name(rest, S::LIMITS.name) {
                Some(name) => {
                    self.open(name, None, sink).map_err(|flaw| self.error(flaw))?;
                    Ok("<>".len() + name.len())
                }
                None => self.markup(rest, last, sink),
            },
            [b'&', ..] => self.reference(rest, last, sink),
            text => {
                let length = memchr::memchr2(b'<', b'&', text).unwrap_or(text.len());
                self.lines(rest.get(..length).unwrap_or_default(), sink).map_err(|flaw| self.error(flaw))?;
                Ok(length)
            }
        }
    }

    /// Whether the open element ends here, and nothing but its name is in the tag: how long both are.
    fn plain_end(&self, after: &[u8]) -> Option<usize> {
        let name = self.names.get(self.frames.last()?.name..)?;
        (after.get(name.len()) == Some(&b'>') && after.starts_with(name.as_bytes())).then(|| name.len() + 1)
    }

    fn reference<S: Sink<Space = N>>(&mut self, rest: &str, last: bool, sink: &mut S) -> Result<usize, DocumentError> {
        let after = rest.get(1..).unwrap_or_default();
        let Some(end) = memchr::memchr3(b';', b'&', b'<', after.as_bytes()) else {
            return self.incomplete(rest.len(), LONGEST_REFERENCE, "a reference", last);
        };
        let Some((name, _)) = after.get(..=end).and_then(|reference| reference.split_once(';')) else {
            return Err(self.error(Flaw::Malformed("an ampersand that begins no reference")));
        };
        let length = "&;".len() + name.len();
        if length > LONGEST_REFERENCE {
            return Err(self.error(Flaw::TooLong("a reference")));
        }
        let Some(character) = resolve(name) else {
            return Err(self.error(Flaw::Malformed("a reference to what is not predefined")));
        };
        self.carriage_return = false;
        self.text(character.encode_utf8(&mut [0; 4]), sink).map_err(|flaw| self.error(flaw))?;
        Ok(length)
    }

    /// Any markup, by a reader of its own: what lasts longer (open elements, namespaces) is kept here.
    fn markup<S: Sink<Space = N>>(&mut self, rest: &str, last: bool, sink: &mut S) -> Result<usize, DocumentError> {
        let mut reader = Reader::from_str(rest);
        let config = reader.config_mut();
        // What was opened before is closed in this tag: `close` compares the names.
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        let event = reader.read_event();
        let read = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        match event {
            // What arrives at once may be no longer than what arrives in pieces.
            Ok(_) if read > S::LIMITS.markup => Err(self.error(Flaw::TooLong("a tag"))),
            Ok(event) => self.event(&event, sink).map(|()| read),
            Err(_) if rest.get(..3).is_some_and(|begin| begin.eq_ignore_ascii_case("<!d")) => {
                Err(self.error(Flaw::Doctype))
            }
            Err(error) => {
                let possible = match error {
                    XmlError::Syntax(SyntaxError::InvalidBangMarkup) => rest.len() < 3,
                    // What a tag is going to be cannot be seen in its first bytes.
                    XmlError::Syntax(_) => read >= rest.len() || rest.len() < LONGEST_BEGINNING,
                    _ => return Err(self.error(Flaw::Malformed("a structure that cannot be read"))),
                };
                if !possible {
                    return Err(self.error(Flaw::Malformed("a tag that is none")));
                }
                self.incomplete(rest.len(), S::LIMITS.markup, "a tag", last)
            }
        }
    }

    /// Accepts that the rest, of this length, is the beginning of something, if it can be: nothing is read.
    fn incomplete(&self, length: usize, most: usize, what: &'static str, last: bool) -> Result<usize, DocumentError> {
        match last {
            _ if length > most => Err(self.error(Flaw::TooLong(what))),
            true => Err(self.error(Flaw::Truncated)),
            false => Ok(0),
        }
    }

    fn event<S: Sink<Space = N>>(&mut self, event: &Event<'_>, sink: &mut S) -> Result<(), DocumentError> {
        let done = match event {
            Event::Start(tag) => self.open(tag.name().0, Some(tag), sink),
            Event::Empty(tag) => {
                self.open(tag.name().0, Some(tag), sink).map_err(|flaw| self.error(flaw))?;
                return self.close(None, sink);
            }
            Event::End(tag) => return self.close(Some(tag.name().0), sink),
            Event::CData(text) => self.lines(text, sink),
            Event::Decl(declaration) => self.declaration(declaration),
            Event::DocType(_) => Err(Flaw::Doctype),
            _ => Ok(()),
        };
        done.map_err(|flaw| self.error(flaw))
    }

    fn declaration(&mut self, declaration: &BytesDecl<'_>) -> Result<(), Flaw> {
        if self.ended || !self.frames.is_empty() {
            return Err(Flaw::Malformed("an XML declaration in the middle"));
        }
        match declaration.encoding() {
            Some(Ok(encoding)) => {
                self.charset = Charset::named(&encoding).map_err(Flaw::Charset)?;
                Ok(())
            }
            Some(Err(_)) => Err(Flaw::Malformed("an XML declaration that cannot be read")),
            None => Ok(()),
        }
    }

    /// Opens an element. Its tag is at hand if there may be more in it than a plain name.
    fn open<S: Sink<Space = N>>(&mut self, name: &str, tag: Option<&BytesStart<'_>>, sink: &mut S) -> Result<(), Flaw> {
        if self.ended {
            return Err(Flaw::Malformed("a second document"));
        }
        if self.frames.len() >= S::LIMITS.depth {
            return Err(Flaw::TooDeep);
        }
        self.begin_text();
        if tag.is_some() {
            check_name(name, S::LIMITS.name)?;
        }
        let depth = self.frames.len();
        let outer = match self.frames.last() {
            Some(frame) => frame.default,
            None => space::<S>(Some(""))?,
        };
        let frame = Frame { name: self.names.len(), default: outer, outer_prefixes: self.prefixes.len() };
        self.frames.push(frame);
        self.names.push_str(name);
        let Some(tag) = tag else {
            return sink.start(depth, Start { space: outer, name, attributes: &[] }, &|| self.path());
        };
        let attributes = self.attributes::<S>(tag)?;
        let (space, name) = match name.split_once(':') {
            Some((prefix, local)) => (self.space::<S>(prefix)?, local),
            None => (self.frames.last().map_or(outer, |frame| frame.default), name),
        };
        sink.start(depth, Start { space, name, attributes: &attributes }, &|| self.path())
    }

    /// Declares the namespaces of a tag, and reads its other attributes.
    fn attributes<'t, S: Sink<Space = N>>(&mut self, tag: &'t BytesStart<'_>) -> Result<Vec<Attribute<'t, N>>, Flaw> {
        let mut others: Vec<(&'t str, Cow<'t, str>)> = Vec::new();
        for (number, attribute) in tag.attributes().enumerate() {
            if number >= S::LIMITS.attributes {
                return Err(Flaw::TooLong("the list of attributes"));
            }
            let attribute = attribute.map_err(|_| Flaw::Malformed("an attribute that cannot be read"))?;
            let name = attribute.key.0;
            check_name(name, S::LIMITS.name)?;
            let value = value(attribute.value)?;
            if name == "xmlns" {
                let space = space::<S>(Some(&value))?;
                if let Some(frame) = self.frames.last_mut() {
                    frame.default = space;
                }
            } else if let Some(prefix) = name.strip_prefix("xmlns:") {
                self.prefixes.push((prefix.to_owned(), space::<S>(Some(&value))?));
            } else {
                others.push((name, value));
            }
        }
        let resolved = others.into_iter().map(|(name, value)| match name.split_once(':') {
            Some((prefix, name)) => Ok(Attribute { space: Some(self.space::<S>(prefix)?), name, value }),
            None => Ok(Attribute { space: None, name, value }),
        });
        resolved.collect()
    }

    fn space<S: Sink<Space = N>>(&self, prefix: &str) -> Result<N, Flaw> {
        match self.prefixes.iter().rev().find(|(other, _)| other == prefix) {
            Some((_, space)) => Ok(*space),
            None if prefix == "xml" => space::<S>(Some(XML)),
            None => space::<S>(None),
        }
    }

    fn close<S: Sink<Space = N>>(&mut self, name: Option<&str>, sink: &mut S) -> Result<(), DocumentError> {
        let Some(frame) = self.frames.last().copied() else {
            return Err(self.error(Flaw::Malformed("an end without a beginning")));
        };
        if name.is_some_and(|name| self.names.get(frame.name..) != Some(name)) {
            return Err(self.error(Flaw::Malformed("an end of another element")));
        }
        self.begin_text();
        sink.end(self.frames.len() - 1)?;
        self.frames.pop();
        self.names.truncate(frame.name);
        self.prefixes.truncate(frame.outer_prefixes);
        self.ended = self.frames.is_empty();
        Ok(())
    }

    fn begin_text(&mut self) {
        self.text_length = 0;
        self.carriage_return = false;
    }

    /// Text as it stands in the document, where a line may end with a carriage return, a line feed or both
    /// (XML 1.0, section 2.11).
    fn lines<S: Sink<Space = N>>(&mut self, text: &str, sink: &mut S) -> Result<(), Flaw> {
        let continued = std::mem::take(&mut self.carriage_return);
        let text = if continued { text.strip_prefix('\n').unwrap_or(text) } else { text };
        if memchr::memchr(b'\r', text.as_bytes()).is_none() {
            return self.text(text, sink);
        }
        self.carriage_return = text.ends_with('\r');
        self.text(&text.replace("\r\n", "\n").replace('\r', "\n"), sink)
    }

    fn text<S: Sink<Space = N>>(&mut self, text: &str, sink: &mut S) -> Result<(), Flaw> {
        self.text_length = self.text_length.saturating_add(text.len());
        if self.text_length > S::LIMITS.text {
            return Err(Flaw::TooLong("a text"));
        }
        match self.frames.len().checked_sub(1) {
            Some(depth) => sink.text(depth, text),
            None if text.trim_ascii().is_empty() => Ok(()),
            None => Err(Flaw::Malformed("text outside of the document")),
        }
    }
}

fn space<S: Sink>(uri: Option<&str>) -> Result<S::Space, Flaw> {
    S::space(uri).ok_or(Flaw::Malformed(match uri {
        Some(_) => "a namespace that does not belong here",
        None => "a prefix that is not declared",
    }))
}
