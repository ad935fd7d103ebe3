//! XML of requests as a tree: strict, without DTDs, and no deeper than any request is. Names are told apart by namespace and local
//! name alone.

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::{NsReader, XmlVersion};

use super::{API, Version};

/// Deeper nesting is no request.
const DEEPEST: usize = 64;
/// More attributes are none: each is compared with those before it.
const MOST_ATTRIBUTES: usize = 64;
const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// The namespaces that mean something here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Namespace {
    Soap11,
    Soap12,
    Api,
    Other,
}

impl Namespace {
    fn of(uri: &str) -> Self {
        match uri {
            API => Self::Api,
            uri if uri == Version::V11.namespace() => Self::Soap11,
            uri if uri == Version::V12.namespace() => Self::Soap12,
            _ => Self::Other,
        }
    }
}

/// An element.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) namespace: Namespace,
    /// The namespace in full, of the root alone: a fault names it.
    pub(crate) uri: String,
    pub(crate) name: String,
    /// `xsi:nil` says so.
    pub(crate) nil: bool,
    /// `soap:mustUnderstand` says so.
    pub(crate) must_understand: bool,
    /// Its character data, without that of its children.
    pub(crate) text: String,
    pub(crate) children: Vec<Node>,
    /// Where it begins, in bytes.
    pub(crate) at: usize,
}

/// The text is not XML, or XML that is not taken: an `XmlException`, to .NET.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

impl From<quick_xml::Error> for Malformed {
    fn from(_: quick_xml::Error) -> Self {
        Self
    }
}

impl Node {
    /// Reads a document.
    pub(crate) fn parse(text: &str) -> Result<Self, Malformed> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.chars().any(|letter| !is_xml(letter)) {
            return Err(Malformed);
        }
        let mut reader = NsReader::from_str(text);
        reader.config_mut().check_comments = true;
        let (mut open, mut root) = (Vec::<Self>::new(), None);
        loop {
            let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            let event = reader.read_event()?;
            if root.is_some() && !is_misc(&event) {
                return Err(Malformed);
            }
            match event {
                Event::Start(start) => {
                    if open.len() == DEEPEST {
                        return Err(Malformed);
                    }
                    open.push(Self::begin(&reader, &start, at)?);
                }
                Event::Empty(start) => {
                    let node = Self::begin(&reader, &start, at)?;
                    close(node, &mut open, &mut root);
                }
                Event::End(_) => {
                    let node = open.pop().ok_or(Malformed)?;
                    close(node, &mut open, &mut root);
                }
                Event::Text(data) => append(&mut open, &data.xml10_content())?,
                Event::CData(data) if !open.is_empty() => append(&mut open, &data.xml10_content())?,
                Event::GeneralRef(reference) if !open.is_empty() => append(&mut open, &resolve(&reference)?)?,
                Event::Decl(_) if at == 0 => {}
                Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => return root.ok_or(Malformed),
                // A DTD among them: ASP.NET prohibits it.
                _ => return Err(Malformed),
            }
        }
    }

    fn begin(reader: &NsReader<&[u8]>, start: &BytesStart<'_>, at: usize) -> Result<Self, Malformed> {
        let (namespace, local) = reader.resolver().resolve_element(start.name());
        let uri = match namespace {
            ResolveResult::Bound(uri) => uri.0.to_owned(),
            ResolveResult::Unbound => String::new(),
            ResolveResult::Unknown(_) => return Err(Malformed),
        };
        let mut node = Self {
            namespace: Namespace::of(&uri),
            uri,
            name: local.into_inner().to_owned(),
            nil: false,
            must_understand: false,
            text: String::new(),
            children: Vec::new(),
            at,
        };
        for (number, attribute) in start.attributes().enumerate() {
            let attribute = attribute.ok().filter(|_| number < MOST_ATTRIBUTES).ok_or(Malformed)?;
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|_| Malformed)?;
            let (namespace, local) = reader.resolver().resolve_attribute(attribute.key);
            let truth = matches!(value.trim(), "true" | "1");
            match (namespace, local.into_inner()) {
                (ResolveResult::Unknown(_), _) => return Err(Malformed),
                (ResolveResult::Bound(uri), "nil") if uri.0 == INSTANCE => node.nil = truth,
                (ResolveResult::Bound(uri), "mustUnderstand") if is_soap(uri.0) => node.must_understand = truth,
                _ => {}
            }
        }
        Ok(node)
    }

    /// The first child of that name.
    pub(crate) fn child(&self, namespace: Namespace, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.namespace == namespace && child.name == name)
    }
}

fn is_soap(uri: &str) -> bool {
    matches!(Namespace::of(uri), Namespace::Soap11 | Namespace::Soap12)
}

/// What may stand behind the root element.
fn is_misc(event: &Event<'_>) -> bool {
    match event {
        Event::Text(text) => text.trim().is_empty(),
        Event::Comment(_) | Event::PI(_) | Event::Eof => true,
        _ => false,
    }
}

fn close(node: Node, open: &mut [Node], root: &mut Option<Node>) {
    match open.last_mut() {
        Some(parent) => parent.children.push(node),
        None => *root = Some(node),
    }
}

fn append(open: &mut [Node], text: &str) -> Result<(), Malformed> {
    match open.last_mut() {
        Some(node) => node.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err(Malformed),
    }
    Ok(())
}

/// The five entities of XML and references to characters; there are no others without a DTD.
fn resolve(reference: &BytesRef<'_>) -> Result<String, Malformed> {
    let letter = match reference.resolve_char_ref()? {
        Some(letter) => letter,
        None => match &**reference {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "apos" => '\'',
            "quot" => '"',
            _ => return Err(Malformed),
        },
    };
    if is_xml(letter) { Ok(letter.to_string()) } else { Err(Malformed) }
}

/// The production Char of XML 1.0.
fn is_xml(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart_by_namespace_whatever_the_prefix() {
        let text = "<x:a xmlns:x='http://api.filesanywhere.com/'><b xmlns='http://api.filesanywhere.com/'>1&#x20;&amp;\
                    <![CDATA[<2>]]></b><b>3</b><x:c xsi:nil='true' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'/></x:a>";
        let root = Node::parse(text).expect("a document");
        assert_eq!((root.namespace, root.name.as_str()), (Namespace::Api, "a"));
        assert_eq!(root.child(Namespace::Api, "b").expect("a child").text, "1 &<2>");
        assert_eq!(root.child(Namespace::Other, "b").expect("a child").text, "3");
        assert!(root.child(Namespace::Api, "c").expect("a child").nil);
    }

    #[test]
    fn what_is_no_xml_or_not_taken_is_refused() {
        let deep = "<a>".repeat(DEEPEST + 1) + &"</a>".repeat(DEEPEST + 1);
        let attributes: String = (0..=MOST_ATTRIBUTES).map(|number| format!(" a{number}='1'")).collect();
        let crowded = format!("<a{attributes}/>");
        let bomb = "<!DOCTYPE a [<!ENTITY b 'bb'>]><a>&b;</a>";
        for bad in [
            "",
            "a",
            "<a>",
            "<a></b>",
            "<a/><b/>",
            "<a/>text",
            "<x:a/>",
            "<a b='1' b='2'/>",
            "<a>&b;</a>",
            "<a>&#1;</a>",
            "<a>\u{1}</a>",
            "<a>&#xFFFE;</a>",
            "<a b='&c;'/>",
            "<a b=c/>",
            &deep,
            &crowded,
            bomb,
            "<!DOCTYPE a><a/>",
            "<a><!-- -- --></a>",
            "<a>&</a>",
        ] {
            assert!(Node::parse(bad).is_err(), "{bad:.60}");
        }
        assert!(Node::parse("\u{feff}<?xml version='1.0'?> <!-- c --><a/><?p?>\n").is_ok());
    }
}
