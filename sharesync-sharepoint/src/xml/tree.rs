//! A small document as a whole: settings, errors, entities.

use sharesync_core::xml::{Attribute, DocumentError, Flaw};

use super::{ByName, MOST_MEMORY, Names};

/// An element with all that is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    /// The text, if it has no children.
    pub(crate) text: String,
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// Reads a document.
    pub(crate) fn read(document: &[u8]) -> Result<Self, DocumentError> {
        let mut names = Names::new(Builder::new(MOST_MEMORY));
        names.feed(document)?;
        let mut builder = names.finish()?;
        let entries = builder.take_entries().into_iter().map(|(entry, _)| entry).collect::<Vec<_>>();
        let mut root = builder.into_root()?;
        root.children.extend(entries);
        Ok(root)
    }

    /// An attribute by its name, in whatever case.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The first child of a name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }
}

/// What an element and an attribute take at most besides their names and texts.
const ELEMENT: usize = 512;
const ATTRIBUTE: usize = 128;

/// Keeps a document as elements. The entries of a feed can be taken before it has ended.
pub(crate) struct Builder {
    /// Bytes of memory that it may take.
    most: usize,
    open: Vec<Element>,
    root: Option<Element>,
    /// Bytes of memory that the elements take, and that they took where the open entry begins.
    memory: usize,
    before_entry: usize,
    entries: Vec<(Element, usize)>,
}

impl Builder {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, open: Vec::new(), root: None, memory: 0, before_entry: 0, entries: Vec::new() }
    }

    /// The entries that have ended since the last time, each with the bytes of memory that it takes.
    pub(crate) fn take_entries(&mut self) -> Vec<(Element, usize)> {
        self.memory -= self.entries.iter().map(|(_, memory)| memory).sum::<usize>();
        std::mem::take(&mut self.entries)
    }

    /// The document, without the entries that it has as a feed.
    pub(crate) fn into_root(self) -> Result<Element, DocumentError> {
        self.root.ok_or_else(|| DocumentError::new("/", Flaw::Truncated))
    }

    /// Whether the innermost open element is an entry of a feed.
    fn is_entry(&self) -> bool {
        matches!(self.open.as_slice(), [feed, entry] if feed.name == "feed" && entry.name == "entry")
    }
}

impl ByName for Builder {
    fn start(&mut self, name: &str, attributes: &[Attribute<'_, ()>]) -> Result<(), Flaw> {
        let before = self.memory;
        let texts = attributes.iter().map(|one| ATTRIBUTE + one.name.len() + one.value.len()).sum::<usize>();
        self.memory += ELEMENT + name.len() + texts;
        if self.memory > self.most {
            return Err(Flaw::TooLong("a list of elements"));
        }
        let attributes = attributes.iter().map(|one| (one.name.to_owned(), one.value.clone().into_owned()));
        self.open.push(Element { name: name.to_owned(), attributes: attributes.collect(), ..Element::default() });
        if self.is_entry() {
            self.before_entry = before;
        }
        Ok(())
    }

    fn end(&mut self, text: &str) {
        let is_entry = self.is_entry();
        let Some(mut element) = self.open.pop() else { return };
        if element.children.is_empty() {
            self.memory += text.len();
            element.text = text.to_owned();
        }
        match self.open.last_mut() {
            Some(_) if is_entry => self.entries.push((element, self.memory - self.before_entry)),
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_local_and_references_resolved() {
        let read = Element::read(b"\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<a:b xmlns:a=\"x\" n:k=\"1 &amp; 2\"><c>x&lt;&#x41;<![CDATA[&]]></c><d/></a:b>");
        let read = read.unwrap();
        assert_eq!((read.name.as_str(), read.attribute("K")), ("b", Some("1 & 2")));
        assert_eq!(read.child("c").unwrap().text, "x<A&");
        assert_eq!(read.child("d").unwrap().text, "");
    }

    #[test]
    fn what_is_dangerous_or_broken_is_refused() {
        let deep = format!("{}x", "<a>".repeat(5000));
        let long = format!("<a>{}</a>", "x".repeat(2 << 20));
        let cases: [(&[u8], Flaw); 7] = [
            (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", Flaw::Doctype),
            (b"<a>&b;</a>", Flaw::Malformed("a reference to what is not predefined")),
            (b"<a><b></a>", Flaw::Malformed("an end of another element")),
            (b"<a/><b/>", Flaw::Malformed("a second document")),
            (b"<a><b>", Flaw::Truncated),
            (deep.as_bytes(), Flaw::TooDeep),
            (long.as_bytes(), Flaw::TooLong("a text")),
        ];
        for (document, flaw) in cases {
            assert_eq!(Element::read(document).unwrap_err().flaw, flaw);
        }
        assert!(Element::read(b"").is_err() && Element::read(b"{}").is_err());
        let characters = "<a>日本".as_bytes();
        assert_eq!(Element::read(&characters[..8]).unwrap_err().flaw, Flaw::Truncated, "within a character");
        assert_eq!(Element::read(b"<a>\xff").unwrap_err().flaw, Flaw::Malformed("it is not UTF-8"));
    }

    #[test]
    fn charsets_that_are_a_part_of_utf_8_are_read_and_others_named() {
        let read = |charset: &str, text: &str| {
            Element::read(format!("<?xml version='1.0' encoding='{charset}'?><a>{text}</a>").as_bytes())
        };
        for (charset, text) in [("UTF8", "ä"), ("us-ascii", "a")] {
            assert_eq!(read(charset, text).unwrap().text, text);
        }
        for (charset, text) in [("us-ascii", "ä"), ("iso-8859-1", "a"), ("windows-1252", "a")] {
            let error = read(charset, text).unwrap_err();
            assert!(matches!(error.flaw, Flaw::Charset(_)), "{error}");
            assert!(error.to_string().contains("UTF-8 and US-ASCII are read"), "{error}");
        }
        assert!(matches!(Element::read(b"\xff\xfe<\0a\0/\0>\0").unwrap_err().flaw, Flaw::Charset(_)));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(document in "[<>a-c/&;#x\"'= !\\[\\]-]{0,80}") {
            let _ = Element::read(document.as_bytes());
        }
    }
}
