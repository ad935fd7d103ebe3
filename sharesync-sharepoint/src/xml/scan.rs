//! From the events of the parser to elements with a name and a text, for a document in memory or on its way.

use bytes::Bytes;
use quick_xml::Reader;
use quick_xml::errors::{Error as XmlError, IllFormedError, SyntaxError};
use quick_xml::events::{BytesStart, Event};
use sharesync_core::{BoxStream, Error, Result};

use super::input::Input;
use super::{Flaw, LONGEST_TEXT, MOST_ATTRIBUTES, MOST_DEPTH};

/// Takes what is read of a document.
pub(crate) trait Sink {
    /// An element begins.
    fn start(&mut self, tag: &Tag<'_>) -> Result<(), Flaw>;

    /// An element ends. `text` is its own, as it stands; of an element with children, what follows the last of them.
    fn end(&mut self, name: &str, text: &str) -> Result<(), Flaw>;
}

/// The beginning of an element.
pub(crate) struct Tag<'a>(&'a BytesStart<'a>);

impl Tag<'_> {
    /// The name, without a prefix.
    pub(crate) fn name(&self) -> &str {
        local(self.0.name().0)
    }

    /// The attributes by their names without prefixes, but for the declarations of namespaces.
    pub(crate) fn attributes(&self) -> Result<Vec<(String, String)>, Flaw> {
        let mut read = Vec::new();
        for (number, attribute) in self.0.attributes().enumerate() {
            if number >= MOST_ATTRIBUTES {
                return Err(Flaw::TooLong("a list of attributes"));
            }
            let attribute = attribute.map_err(|_| Flaw::Malformed("an attribute that is none"))?;
            let name = attribute.key.0;
            if name == "xmlns" || name.starts_with("xmlns:") {
                continue;
            }
            let value = quick_xml::escape::unescape(&attribute.value)
                .map_err(|_| Flaw::Malformed("an attribute that cannot be read"))?;
            read.push((local(name).to_owned(), value.into_owned()));
        }
        Ok(read)
    }
}

fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// Reads a document in memory.
pub(super) fn read_bytes(document: &[u8], sink: &mut impl Sink) -> Result<(), Flaw> {
    let mut reader = Reader::from_reader(document);
    let mut scan = Scan::default();
    loop {
        let event = reader.read_event().map_err(|error| flaw(&error))?;
        if !scan.event(&event, sink)? {
            return Ok(());
        }
    }
}

/// Reads a document as it arrives, without keeping it.
pub(crate) async fn read_stream(body: BoxStream<'static, Result<Bytes>>, sink: &mut (impl Sink + Send)) -> Result<()> {
    let mut reader = Reader::from_reader(Input::new(body));
    let (mut scan, mut buffer) = (Scan::default(), Vec::new());
    loop {
        buffer.clear();
        reader.get_mut().begin_event();
        let more = match reader.read_event_into_async(&mut buffer).await {
            Ok(event) => scan.event(&event, sink)?,
            Err(error) => {
                let flaw = flaw(&error);
                return Err(reader.get_mut().take_failure().unwrap_or_else(|| Error::from(flaw)));
            }
        };
        if !more {
            return Ok(());
        }
    }
}

/// Where in a document the reading is.
#[derive(Default)]
struct Scan {
    depth: usize,
    text: String,
    ended: bool,
}

impl Scan {
    /// Takes the next event; false after the last one.
    fn event(&mut self, event: &Event<'_>, sink: &mut impl Sink) -> Result<bool, Flaw> {
        match event {
            Event::Start(tag) => self.open(tag, sink)?,
            Event::Empty(tag) => {
                self.open(tag, sink)?;
                self.close(local(tag.name().0), sink)?;
            }
            Event::End(tag) => self.close(local(tag.name().0), sink)?,
            Event::Text(text) => self.push(&text.xml10_content())?,
            Event::CData(text) => self.push(&text.xml10_content())?,
            Event::GeneralRef(reference) => {
                let mut character = [0; 4];
                let resolved = resolve(reference).ok_or(Flaw::Malformed("a reference to what is not predefined"))?;
                self.push(resolved.encode_utf8(&mut character))?;
            }
            Event::DocType(_) => return Err(Flaw::Doctype),
            Event::Decl(declaration) => match declaration.encoding() {
                Some(Ok(name)) if !name.eq_ignore_ascii_case("utf-8") => {
                    return Err(Flaw::Malformed("an encoding other than UTF-8"));
                }
                _ => {}
            },
            Event::Eof if self.ended => return Ok(false),
            Event::Eof => return Err(Flaw::Truncated),
            _ => {}
        }
        Ok(true)
    }

    fn open(&mut self, tag: &BytesStart<'_>, sink: &mut impl Sink) -> Result<(), Flaw> {
        if self.ended {
            return Err(Flaw::Malformed("a second document"));
        }
        if self.depth >= MOST_DEPTH {
            return Err(Flaw::TooDeep);
        }
        self.depth += 1;
        self.text.clear();
        sink.start(&Tag(tag))
    }

    fn close(&mut self, name: &str, sink: &mut impl Sink) -> Result<(), Flaw> {
        sink.end(name, &self.text)?;
        self.text.clear();
        self.depth = self.depth.saturating_sub(1);
        self.ended = self.depth == 0;
        Ok(())
    }

    fn push(&mut self, text: &str) -> Result<(), Flaw> {
        if self.depth == 0 {
            let blank = text.trim_start_matches('\u{feff}').trim_ascii().is_empty();
            return if blank { Ok(()) } else { Err(Flaw::Malformed("text outside of the document")) };
        }
        if self.text.len() + text.len() > LONGEST_TEXT {
            return Err(Flaw::TooLong("a text"));
        }
        self.text.push_str(text);
        Ok(())
    }
}

/// The character that a reference stands for: one of the five of XML, or one by number.
fn resolve(reference: &str) -> Option<char> {
    match reference {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        number => {
            let digits = number.strip_prefix('#')?;
            let code = match digits.strip_prefix('x') {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code).filter(|character| *character != '\0')
        }
    }
}

/// What the parser complains about, without what it quotes.
fn flaw(error: &XmlError) -> Flaw {
    match error {
        XmlError::Syntax(SyntaxError::InvalidBangMarkup) => Flaw::Malformed("a markup that is none"),
        XmlError::Syntax(_) | XmlError::IllFormed(IllFormedError::MissingEndTag(_)) => Flaw::Truncated,
        XmlError::IllFormed(IllFormedError::MismatchedEndTag { .. } | IllFormedError::UnmatchedEndTag(_)) => {
            Flaw::Malformed("an end of another element")
        }
        XmlError::IllFormed(_) => Flaw::Malformed("a structure that is none"),
        XmlError::Encoding(_) => Flaw::Malformed("an encoding other than UTF-8"),
        _ => Flaw::Malformed("an attribute or a reference that is none"),
    }
}
