//! Atom: entries and their properties, and single properties as documents of their own.

use serde_json::{Map, Number, Value};

use super::Answer;
use crate::xml::Element;

pub(super) fn read(root: &Element) -> Answer {
    let (value, next) = match root.name.as_str() {
        "entry" => (entry(root), None),
        "feed" => (feed(root), next(root)),
        _ => (property(root), None),
    };
    Answer { value, next }
}

fn feed(feed: &Element) -> Value {
    Value::Array(feed.children.iter().filter(|child| child.name == "entry").map(entry).collect())
}

fn next(feed: &Element) -> Option<String> {
    let is_next = |link: &&Element| link.name == "link" && link.attribute("rel") == Some("next");
    feed.children.iter().find(is_next)?.attribute("href").map(str::to_owned)
}

/// The properties of an entry, and what was expanded: links with something inline.
fn entry(entry: &Element) -> Value {
    let within = |element: &Element| element.child("properties").cloned();
    let properties = within(entry).or_else(|| entry.child("content").and_then(within));
    let mut fields = properties.map(|properties| fields(&properties)).unwrap_or_default();
    for link in entry.children.iter().filter(|child| child.name == "link") {
        let (Some(title), Some(inline)) = (link.attribute("title"), link.child("inline")) else { continue };
        let value = inline.children.first().map_or(Value::Null, |inner| read(inner).value);
        fields.insert(title.to_owned(), value);
    }
    Value::Object(fields)
}

fn fields(parent: &Element) -> Map<String, Value> {
    parent.children.iter().map(|child| (child.name.clone(), property(child))).collect()
}

fn property(element: &Element) -> Value {
    let kind = element.attribute("type").unwrap_or_default();
    if element.attribute("null") == Some("true") {
        return Value::Null;
    }
    if kind.starts_with("Collection(")
        || !element.children.is_empty() && element.children.iter().all(|child| child.name == "element")
    {
        return Value::Array(element.children.iter().map(property).collect());
    }
    if !element.children.is_empty() {
        return Value::Object(fields(element));
    }
    let text = || Value::String(element.text.clone());
    match kind {
        "Edm.Boolean" => element.text.trim().parse().map_or_else(|_| text(), Value::Bool),
        "Edm.Byte" | "Edm.Int16" | "Edm.Int32" | "Edm.Int64" => {
            element.text.trim().parse::<Number>().map_or_else(|_| text(), Value::Number)
        }
        _ => text(),
    }
}
