//! XML: writing it as text, and reading small documents by local names.

use quick_xml::events::Event;
use quick_xml::{Reader, XmlVersion};

pub(crate) const PROLOG: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>";
/// No document that is read here goes deeper.
const DEEPEST: usize = 64;

/// Text as it may stand in an element or an attribute. What XML cannot hold at all is left out.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            _ => escaped.push(letter),
        }
    }
    escaped
}

/// `<name>text</name>`.
pub(crate) fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escape(text))
}

/// An element that was read.
#[derive(Debug, Default)]
pub(crate) struct Element {
    /// The local name.
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) children: Vec<Self>,
}

impl Element {
    /// Reads a document; `None` if it is no well-formed XML, or goes too deep.
    pub(crate) fn parse(document: &[u8]) -> Option<Self> {
        let document = str::from_utf8(document).ok()?;
        let mut reader = Reader::from_str(document.trim_start_matches('\u{feff}').trim());
        let mut open = vec![Self::default()];
        loop {
            match reader.read_event().ok()? {
                Event::Start(start) => {
                    let name = start.local_name().into_inner().to_owned();
                    open.push(Self { name, ..Self::default() });
                    (open.len() <= DEEPEST).then_some(())?;
                }
                Event::Empty(start) => {
                    let name = start.local_name().into_inner().to_owned();
                    open.last_mut()?.children.push(Self { name, ..Self::default() });
                }
                Event::End(_) => {
                    let done = open.pop()?;
                    open.last_mut()?.children.push(done);
                }
                Event::Text(text) => open.last_mut()?.text += &text.xml_content(XmlVersion::Implicit1_0),
                Event::CData(text) => open.last_mut()?.text += &text.xml_content(XmlVersion::Implicit1_0),
                Event::GeneralRef(reference) => {
                    let target = &mut open.last_mut()?.text;
                    match reference.resolve_char_ref().ok()? {
                        Some(letter) => target.push(letter),
                        None => target.push_str(quick_xml::escape::resolve_predefined_entity(&reference)?),
                    }
                }
                Event::Eof => break,
                _ => {}
            }
        }
        let mut top = open.pop()?;
        (open.is_empty() && top.children.len() == 1).then(|| top.children.pop()).flatten()
    }

    /// The first child of that name, in whatever case.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name.eq_ignore_ascii_case(name))
    }

    /// The text of the first child of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim())
    }

    /// The first element of that name here or below.
    pub(crate) fn find(&self, name: &str) -> Option<&Self> {
        if self.name.eq_ignore_ascii_case(name) {
            return Some(self);
        }
        self.children.iter().find_map(|child| child.find(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        let text = "a & b <c> \"d\" 'e' ü\u{1}";
        let document = format!("{PROLOG}<x:a xmlns:x=\"y\"><b/>{}</x:a>", element("c", text));
        let read = Element::parse(document.as_bytes()).expect("a document");
        assert_eq!(read.name, "a");
        assert_eq!(read.get("C"), Some("a & b <c> \"d\" 'e' ü"));
        assert!(read.find("b").is_some());
        for bad in ["", "<a>", "<a></b>", "text", "<a/><b/>", "<a>&unknown;</a>"] {
            assert!(Element::parse(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
