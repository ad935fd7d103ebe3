//! Items of the sync service as they stream by: nested within their folders, or flat.

use sharesync_core::http::LIST_MEMORY;
use sharesync_core::xml::{Attribute, Flaw};
use sharesync_core::{BoxStream, Error, ErrorKind, Result};

use crate::model::{DocumentStream, ItemShape, SyncItem};
use crate::xml::{ByName, read_stream};

/// What an answer holds: the item that it is about, and all below it in the order of the document, a folder before what it
/// holds.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub(super) root: Option<SyncItem>,
    pub(super) items: Vec<SyncItem>,
}

/// Reads an answer. Its root is an item, or a list of items (`Items`).
pub(super) async fn read(body: BoxStream<'static, Result<bytes::Bytes>>, most_items: usize) -> Result<Body> {
    read_stream(body, ItemReader::new(most_items)).await?.body()
}

/// Takes the items of an answer.
#[derive(Debug, Default)]
pub(crate) struct ItemReader {
    items: Vec<SyncItem>,
    /// The names of the open elements.
    names: Vec<String>,
    /// The open items: the place of each, and how many elements were open where it began.
    open: Vec<(usize, usize)>,
    has_root: bool,
    has_list: bool,
    most_items: usize,
    /// Bytes of memory that the items take.
    memory: usize,
}

/// A list that grows holds its old items and its new ones for a moment, and room for as many more.
const GROWTH: usize = 3;

impl ItemReader {
    pub(crate) fn new(most_items: usize) -> Self {
        Self { most_items, ..Self::default() }
    }

    fn body(self) -> Result<Body> {
        if self.items.is_empty() && !self.has_list {
            return Err(Error::new(ErrorKind::Protocol, "an answer of the sync service without an item"));
        }
        let mut items = self.items.into_iter();
        let root = if self.has_root { items.next() } else { None };
        Ok(Body { root, items: items.collect() })
    }

    /// Whether an element is an item: the root, or what is in a list that belongs to an item or is the root itself.
    fn begins_item(&self, name: &str) -> bool {
        let Some(parent) = self.names.last() else { return name != "Items" };
        let outer = self.open.last().map_or(0, |(_, depth)| depth + 1);
        parent == "Items" && self.names.len() == outer + 1
    }

    /// The innermost item, and the names of the elements from it on.
    fn current(&mut self) -> Option<(&mut SyncItem, &[String])> {
        let (slot, depth) = *self.open.last()?;
        Some((self.items.get_mut(slot)?, self.names.get(depth + 1..).unwrap_or_default()))
    }
}

impl ByName for ItemReader {
    fn start(&mut self, name: &str, _attributes: &[Attribute<'_, ()>]) -> Result<(), Flaw> {
        if self.names.is_empty() {
            (self.has_root, self.has_list) = (name != "Items", name == "Items");
            let expected = matches!(name, "Items" | "Folder" | "Document");
            if !expected {
                return Err(Flaw::Unexpected("a folder, a file or a list"));
            }
        }
        if self.begins_item(name) {
            if self.items.len() > self.most_items {
                return Err(Flaw::TooLong("a list of items"));
            }
            self.memory += GROWTH * size_of::<SyncItem>();
            let shape = match name {
                "Document" => ItemShape::Document,
                "Folder" => ItemShape::Folder,
                other => ItemShape::Other(other.to_owned()),
            };
            self.open.push((self.items.len(), self.names.len()));
            self.items.push(SyncItem { shape, ..SyncItem::default() });
        }
        self.names.push(name.to_owned());
        if let Some((item, path)) = self.current() {
            let streams = item.streams.len();
            item.open(path);
            if item.streams.len() > streams {
                self.memory += (GROWTH + 1) * size_of::<DocumentStream>();
            }
        }
        if self.memory > LIST_MEMORY { Err(Flaw::TooLong("a list of items")) } else { Ok(()) }
    }

    fn end(&mut self, text: &str) {
        if let Some((item, path)) = self.current() {
            item.take(path, text);
            self.memory += text.len();
        }
        self.names.pop();
        if self.open.last().is_some_and(|(_, depth)| *depth == self.names.len()) {
            self.open.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures::{StreamExt as _, stream};

    use super::*;

    async fn body(xml: &str, piece: usize) -> Result<Body> {
        let pieces: Vec<_> = xml.as_bytes().chunks(piece).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        read(stream::iter(pieces).boxed(), 10).await
    }

    const NESTED: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<Folder><ItemType>Folder</ItemType><ResourceID>f0ce10df00000000000000000000000f</ResourceID><Items>
 <Folder><RelationshipName>a &amp; b</RelationshipName><Items><Document><RelationshipName>c</RelationshipName>
  <Unknown><Items><Document><RelationshipName>no item</RelationshipName></Document></Items></Unknown>
  <DocumentStreams><DocumentStream><DataSize>5</DataSize><XORHash>aCgDG9jwBhDc4Q1yawMZAAAAAAA=</XORHash></DocumentStream></DocumentStreams>
 </Document></Items><ETag>x</ETag></Folder><Document><RelationshipName>日本</RelationshipName></Document></Items>
 <QuotaState>Normal</QuotaState><SpaceUsed>7</SpaceUsed></Folder>"#;

    #[tokio::test]
    async fn nested_items_come_in_the_order_of_the_document() {
        for piece in [1, 3, 7, 10_000] {
            let read = body(NESTED, piece).await.unwrap();
            let root = read.root.unwrap();
            assert_eq!(root.quota.unwrap().used, Some(7));
            let names: Vec<_> = read.items.iter().map(|item| item.name.clone().unwrap_or_default()).collect();
            assert_eq!(names, ["a & b", "c", "日本"]);
            assert_eq!(read.items[0].e_tag.as_deref(), Some("x"), "what follows the list belongs to its folder");
            assert_eq!((read.items[1].size(), read.items[1].digest().is_some()), (Some(5), true));
        }
    }

    #[tokio::test]
    async fn other_documents_and_too_many_items_are_refused() {
        for xml in ["<Error/>", "<html/>", "<!DOCTYPE Folder><Folder/>", "<Folder>", ""] {
            assert!(body(xml, 100).await.is_err(), "{xml}");
        }
        let many = format!("<Items>{}</Items>", "<Document/>".repeat(20));
        assert_eq!(body(&many, 100).await.unwrap_err().kind(), ErrorKind::TooLarge);
        assert!(body("<Items/>", 100).await.unwrap().items.is_empty());
    }

    #[tokio::test]
    async fn an_endless_text_is_not_kept() {
        let endless = stream::iter(std::iter::repeat_with(|| Ok(Bytes::from(vec![b'x'; 64 << 10]))));
        let begun = stream::iter([Ok(Bytes::from_static(b"<Folder><ItemType>"))]).chain(endless);
        assert_eq!(read(begun.boxed(), 10).await.unwrap_err().kind(), ErrorKind::TooLarge);
    }
}
