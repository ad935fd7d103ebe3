//! From bytes as they arrive to elements and text: namespaces resolved, bounded in depth, names, tags and texts.
//!
//! What arrives is read where it is: the window holds nothing but the beginning of a tag, a reference or a character that
//! has not arrived whole. Text, references and tags without anything but a name, as nearly all of the service are, are read
//! here; every other markup by `quick_xml`.

use quick_xml::Reader;
use quick_xml::errors::{Error as XmlError, SyntaxError};
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesDecl, BytesStart, Event};

use super::{DocumentError, ENVELOPE_11, ENVELOPE_12, Flaw, INSTANCE, NAMESPACE};

/// Elements inside each other.
const MOST_DEPTH: usize = 64;
/// Bytes of a tag, a comment or a CDATA section.
const LONGEST_MARKUP: usize = 64 << 10;
/// Bytes of the longest beginning of a tag, `<![CDATA[`.
const LONGEST_BEGINNING: usize = 9;
/// Bytes of a reference such as `&amp;`.
const LONGEST_REFERENCE: usize = 32;
/// Bytes of a name.
const LONGEST_NAME: usize = 256;
/// Bytes of the text of one element.
const LONGEST_TEXT: usize = 1 << 20;
/// Attributes of an element.
const MOST_ATTRIBUTES: usize = 64;

const BYTE_ORDER_MARK: char = '\u{feff}';

/// A namespace, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    None,
    Envelope11,
    Envelope12,
    Service,
    Instance,
    Other,
}

impl Space {
    fn of(uri: &str) -> Self {
        match uri {
            "" => Self::None,
            ENVELOPE_11 => Self::Envelope11,
            ENVELOPE_12 => Self::Envelope12,
            NAMESPACE => Self::Service,
            INSTANCE => Self::Instance,
            _ => Self::Other,
        }
    }

    pub(super) fn is_envelope(self) -> bool {
        matches!(self, Self::Envelope11 | Self::Envelope12)
    }
}

/// The beginning of an element.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start<'a> {
    pub(super) space: Space,
    pub(super) name: &'a str,
    /// `xsi:nil` is true.
    pub(super) nil: bool,
    /// The envelope's `mustUnderstand` is true.
    pub(super) must_understand: bool,
}

/// Takes what is found. `depth` is the number of elements that the found one is in.
pub(super) trait Sink {
    fn start(&mut self, depth: usize, start: Start<'_>, path: &dyn Fn() -> String) -> Result<(), Flaw>;
    fn text(&mut self, depth: usize, text: &str) -> Result<(), Flaw>;
    fn end(&mut self, depth: usize) -> Result<(), DocumentError>;
}

#[derive(Debug, Clone, Copy)]
struct Frame {
    /// Where its name begins in `names`.
    name: usize,
    /// The namespace of names without a prefix.
    default: Space,
    /// How many prefixes are declared outside of it.
    outer_prefixes: usize,
}

/// Reads a document that arrives in pieces.
#[derive(Debug)]
pub(super) struct Scanner {
    window: Vec<u8>,
    /// Nothing can be found before one of these bytes arrives.
    waiting: bool,
    begun: bool,
    ended: bool,
    frames: Vec<Frame>,
    names: String,
    prefixes: Vec<(String, Space)>,
    text_length: usize,
    /// The text that arrived last ended with a carriage return.
    carriage_return: bool,
}

impl Scanner {
    pub(super) fn new() -> Self {
        Self {
            window: Vec::new(),
            waiting: false,
            begun: false,
            ended: false,
            frames: Vec::new(),
            names: String::new(),
            prefixes: Vec::new(),
            text_length: 0,
            carriage_return: false,
        }
    }

    /// Reads the next piece.
    pub(super) fn feed(&mut self, piece: &[u8], sink: &mut impl Sink) -> Result<(), DocumentError> {
        let longest = self.window.len() + piece.len() > LONGEST_MARKUP;
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

    fn read_window(&mut self, sink: &mut impl Sink) -> Result<(), DocumentError> {
        let mut window = std::mem::take(&mut self.window);
        let read = self.read(&window, false, sink)?;
        window.drain(..read);
        self.window = window;
        Ok(())
    }

    /// Says that nothing follows.
    pub(super) fn finish(&mut self, sink: &mut impl Sink) -> Result<(), DocumentError> {
        let window = std::mem::take(&mut self.window);
        self.read(&window, true, sink)?;
        if self.ended { Ok(()) } else { Err(self.error(Flaw::Truncated)) }
    }

    /// The names of the open elements.
    pub(super) fn path(&self) -> String {
        let ends = self.frames.iter().skip(1).map(|frame| frame.name).chain([self.names.len()]);
        let names =
            self.frames.iter().zip(ends).map(|(frame, end)| self.names.get(frame.name..end).unwrap_or_default());
        names.fold(String::new(), |path, name| path + "/" + local(name))
    }

    pub(super) fn error(&self, flaw: Flaw) -> DocumentError {
        let path = self.path();
        DocumentError::new(if path.is_empty() { "/".to_owned() } else { path }, flaw)
    }

    /// Reads as far as possible; how many bytes that is.
    fn read(&mut self, window: &[u8], last: bool, sink: &mut impl Sink) -> Result<usize, DocumentError> {
        if !last && !self.begun && window.len() < BYTE_ORDER_MARK.len_utf8() {
            return Ok(0);
        }
        let (text, broken) = characters(window, last);
        let mut rest = text;
        if !self.begun {
            self.begun = true;
            rest = rest.strip_prefix(BYTE_ORDER_MARK).unwrap_or(rest);
        }
        while !rest.is_empty() {
            let read = self.step(rest, last, sink)?;
            if read == 0 {
                break;
            }
            rest = rest.get(read..).unwrap_or_default();
        }
        if broken { Err(self.error(Flaw::Malformed("it is not UTF-8"))) } else { Ok(text.len() - rest.len()) }
    }

    /// Reads what is next; how many bytes that is, none if it has not arrived whole.
    fn step(&mut self, rest: &str, last: bool, sink: &mut impl Sink) -> Result<usize, DocumentError> {
        match rest.as_bytes() {
            [b'<', b'/', after @ ..] => match self.plain_end(after) {
                Some(length) => self.close(None, sink).map(|()| "</".len() + length),
                None => self.markup(rest, last, sink),
            },
            [b'<', ..] => match plain_name(rest) {
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

    fn reference(&mut self, rest: &str, last: bool, sink: &mut impl Sink) -> Result<usize, DocumentError> {
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
    fn markup(&mut self, rest: &str, last: bool, sink: &mut impl Sink) -> Result<usize, DocumentError> {
        let mut reader = Reader::from_str(rest);
        let config = reader.config_mut();
        // What was opened before is closed in this tag: `close` compares the names.
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        let event = reader.read_event();
        let read = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        match event {
            // What arrives at once may be no longer than what arrives in pieces.
            Ok(_) if read > LONGEST_MARKUP => Err(self.error(Flaw::TooLong("a tag"))),
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
                self.incomplete(rest.len(), LONGEST_MARKUP, "a tag", last)
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

    fn event(&mut self, event: &Event<'_>, sink: &mut impl Sink) -> Result<(), DocumentError> {
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

    fn declaration(&self, declaration: &BytesDecl<'_>) -> Result<(), Flaw> {
        if self.ended || !self.frames.is_empty() {
            return Err(Flaw::Malformed("an XML declaration in the middle"));
        }
        match declaration.encoding() {
            Some(Ok(encoding)) if !encoding.eq_ignore_ascii_case("utf-8") => {
                Err(Flaw::Malformed("an encoding other than UTF-8"))
            }
            Some(Err(_)) => Err(Flaw::Malformed("an XML declaration that cannot be read")),
            _ => Ok(()),
        }
    }

    /// Opens an element. Its tag is at hand if there may be more in it than a plain name.
    fn open(&mut self, name: &str, tag: Option<&BytesStart<'_>>, sink: &mut impl Sink) -> Result<(), Flaw> {
        if self.ended {
            return Err(Flaw::Malformed("a second document"));
        }
        if self.frames.len() >= MOST_DEPTH {
            return Err(Flaw::TooDeep);
        }
        self.begin_text();
        if tag.is_some() {
            check_name(name)?;
        }
        let depth = self.frames.len();
        let outer = self.frames.last().map_or(Space::None, |frame| frame.default);
        let frame = Frame { name: self.names.len(), default: outer, outer_prefixes: self.prefixes.len() };
        self.frames.push(frame);
        self.names.push_str(name);
        let Some(tag) = tag else {
            let start = Start { space: outer, name, nil: false, must_understand: false };
            return sink.start(depth, start, &|| self.path());
        };
        let (nil, must_understand) = self.attributes(tag)?;
        let (space, name) = match name.split_once(':') {
            Some((prefix, local)) => (self.space(prefix)?, local),
            None => (self.frames.last().map_or(outer, |frame| frame.default), name),
        };
        sink.start(depth, Start { space, name, nil, must_understand }, &|| self.path())
    }

    /// Declares the namespaces of a tag, and reads its other attributes: `xsi:nil` and `mustUnderstand`.
    fn attributes(&mut self, tag: &BytesStart<'_>) -> Result<(bool, bool), Flaw> {
        let mut others: Vec<(String, bool)> = Vec::new();
        for (number, attribute) in tag.attributes().enumerate() {
            if number >= MOST_ATTRIBUTES {
                return Err(Flaw::TooLong("the list of attributes"));
            }
            let attribute = attribute.map_err(|_| Flaw::Malformed("an attribute that cannot be read"))?;
            let name = attribute.key.0;
            check_name(name)?;
            if name == "xmlns" {
                let space = Space::of(&value(&attribute)?);
                if let Some(frame) = self.frames.last_mut() {
                    frame.default = space;
                }
            } else if let Some(prefix) = name.strip_prefix("xmlns:") {
                let space = Space::of(&value(&attribute)?);
                self.prefixes.push((prefix.to_owned(), space));
            } else if name.contains(':') {
                let value = value(&attribute)?;
                others.push((name.to_owned(), matches!(value.trim(), "true" | "1")));
            }
        }
        let (mut nil, mut must_understand) = (false, false);
        for (name, is_true) in others {
            let Some((prefix, local)) = name.split_once(':') else { continue };
            match (self.space(prefix)?, local) {
                (Space::Instance, "nil") => nil = is_true,
                (space, "mustUnderstand") if space.is_envelope() => must_understand = is_true,
                _ => {}
            }
        }
        Ok((nil, must_understand))
    }

    fn space(&self, prefix: &str) -> Result<Space, Flaw> {
        if prefix == "xml" {
            return Ok(Space::Other);
        }
        let declared = self.prefixes.iter().rev().find(|(other, _)| other == prefix);
        declared.map(|(_, space)| *space).ok_or(Flaw::Malformed("a prefix that is not declared"))
    }

    fn close(&mut self, name: Option<&str>, sink: &mut impl Sink) -> Result<(), DocumentError> {
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
    fn lines(&mut self, text: &str, sink: &mut impl Sink) -> Result<(), Flaw> {
        let continued = std::mem::take(&mut self.carriage_return);
        let text = if continued { text.strip_prefix('\n').unwrap_or(text) } else { text };
        if memchr::memchr(b'\r', text.as_bytes()).is_none() {
            return self.text(text, sink);
        }
        self.carriage_return = text.ends_with('\r');
        self.text(&text.replace("\r\n", "\n").replace('\r', "\n"), sink)
    }

    fn text(&mut self, text: &str, sink: &mut impl Sink) -> Result<(), Flaw> {
        self.text_length = self.text_length.saturating_add(text.len());
        if self.text_length > LONGEST_TEXT {
            return Err(Flaw::TooLong("a text"));
        }
        match self.frames.len().checked_sub(1) {
            Some(depth) => sink.text(depth, text),
            None if text.trim_ascii().is_empty() => Ok(()),
            None => Err(Flaw::Malformed("text outside of the document")),
        }
    }
}

/// The characters that have arrived whole, up to bytes that are none; whether there are such bytes.
fn characters(window: &[u8], last: bool) -> (&str, bool) {
    match std::str::from_utf8(window) {
        Ok(text) => (text, false),
        Err(error) => {
            let whole = window.get(..error.valid_up_to()).unwrap_or_default();
            (std::str::from_utf8(whole).unwrap_or_default(), last || error.error_len().is_some())
        }
    }
}

fn local(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, local)| local)
}

/// The name in a tag at the beginning that holds nothing else, if it has no prefix and nothing to check.
fn plain_name(markup: &str) -> Option<&str> {
    let after = markup.get(1..)?;
    let length = after.bytes().position(|byte| !byte.is_ascii_alphanumeric())?;
    let plain = (1..=LONGEST_NAME).contains(&length) && after.as_bytes().get(length) == Some(&b'>');
    after.get(..length).filter(|_| plain)
}

fn check_name(name: &str) -> Result<(), Flaw> {
    if name.len() > LONGEST_NAME {
        return Err(Flaw::TooLong("a name"));
    }
    let odd = |c: char| c.is_control() || "<>&'\"=/".contains(c);
    if name.is_empty() || name.starts_with(':') || name.ends_with(':') || name.contains(odd) {
        return Err(Flaw::Malformed("a name that is none"));
    }
    Ok(())
}

fn value(attribute: &Attribute<'_>) -> Result<String, Flaw> {
    let unescaped = quick_xml::escape::unescape(&attribute.value);
    unescaped.map(std::borrow::Cow::into_owned).map_err(|_| Flaw::Malformed("an attribute that cannot be read"))
}

/// The character that a reference stands for: one of the five of XML, or one by number.
fn resolve(reference: &str) -> Option<char> {
    let number = |digits: &str, radix| {
        let all = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
        all.then(|| u32::from_str_radix(digits, radix).ok()).flatten().and_then(char::from_u32)
    };
    match reference {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        _ => match (reference.strip_prefix("#x"), reference.strip_prefix('#')) {
            (Some(digits), _) => number(digits, 16),
            (None, Some(digits)) => number(digits, 10),
            _ => None,
        }
        .filter(|character| *character != '\0'),
    }
}
