//! Documents as lines, so that two can be compared element by element, in order, whatever their prefixes and layout.

use roxmltree::{Document, Node};

/// One line an element: its depth, namespace, name and attributes, and its text if it has no elements.
pub(crate) fn lines(xml: &str) -> Vec<String> {
    let document = Document::parse(xml).unwrap_or_else(|error| panic!("{error}: {xml}"));
    let mut lines = Vec::new();
    write(document.root_element(), 0, &mut lines);
    lines
}

fn write(node: Node<'_, '_>, depth: usize, lines: &mut Vec<String>) {
    let name = node.tag_name();
    let attributes = node.attributes().map(|one| {
        let space = one.namespace().unwrap_or_default();
        format!("{{{space}}}{}={:?}", one.name(), one.value())
    });
    let attributes: Vec<_> = attributes.collect();
    let elements: Vec<_> = node.children().filter(Node::is_element).collect();
    let texts: String = node.children().filter(Node::is_text).filter_map(|text| text.text()).collect();
    if !elements.is_empty() {
        assert!(texts.trim().is_empty(), "text beside elements: {texts:?}");
    }
    let text = if elements.is_empty() { format!("{texts:?}") } else { String::new() };
    let space = name.namespace().unwrap_or_default();
    lines.push(format!("{depth} {{{space}}}{} [{}] {text}", name.name(), attributes.join(" ")));
    elements.into_iter().for_each(|element| write(element, depth + 1, lines));
}

/// The name of the first element in the body of an envelope.
pub(crate) fn operation(envelope: &str) -> String {
    let document = Document::parse(envelope).unwrap();
    let body = document.root_element().children().find(|node| node.tag_name().name() == "Body").unwrap();
    body.children().find(Node::is_element).unwrap().tag_name().name().to_owned()
}
