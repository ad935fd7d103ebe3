//! The part of a document that is held at once: a result without its rows, or one row. Flat, so that it can be used again
//! for the next row without allocating.

use super::{DocumentError, Flaw};

/// Elements and bytes of text that one tree may hold.
const MOST_NODES: usize = 16 << 10;
const MOST_TEXT: usize = 4 << 20;

#[derive(Debug, Clone, Copy)]
struct Node {
    /// Where the name begins and ends in `names`, and the text in `text`.
    name: (u32, u32),
    text: (u32, u32),
    parent: u32,
    /// The index after the last node below this one.
    end: u32,
    nil: bool,
}

/// Elements in document order.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
    names: String,
    text: String,
    open: Option<u32>,
    /// The path of the element that the root is in.
    above: String,
}

/// The parent of the root.
const NOBODY: u32 = u32::MAX;

impl Tree {
    /// Begins anew, below the element at this path.
    pub(crate) fn clear(&mut self, above: &str) {
        self.nodes.clear();
        self.names.clear();
        self.text.clear();
        self.open = None;
        if self.above != above {
            self.above.clear();
            self.above.push_str(above);
        }
    }

    /// Opens an element inside the open one.
    pub(crate) fn open(&mut self, name: &str, nil: bool) -> Result<(), Flaw> {
        if self.nodes.len() >= MOST_NODES {
            return Err(Flaw::TooLong("what is not a list"));
        }
        let (index, begin) = (self.nodes.len(), size(self.names.len()));
        self.names.push_str(name);
        let parent = self.open.unwrap_or(NOBODY);
        // What stands before the first child is layout.
        if let Some(node) = self.nodes.last_mut().filter(|_| self.open == size(index).checked_sub(1)) {
            self.text.truncate(node.text.0 as usize);
            node.text.1 = node.text.0;
        }
        let text = size(self.text.len());
        let index = size(index);
        self.nodes.push(Node {
            name: (begin, size(self.names.len())),
            text: (text, text),
            parent,
            end: index + 1,
            nil,
        });
        self.open = Some(index);
        Ok(())
    }

    /// Adds text to the open element.
    pub(crate) fn push_text(&mut self, text: &str) -> Result<(), Flaw> {
        let last = size(self.nodes.len()).checked_sub(1);
        // Text after a child is layout.
        if self.open.is_none() || self.open != last {
            return Ok(());
        }
        if self.text.len() + text.len() > MOST_TEXT {
            return Err(Flaw::TooLong("what is not a list"));
        }
        self.text.push_str(text);
        let end = size(self.text.len());
        if let Some(node) = self.nodes.last_mut() {
            node.text.1 = end;
        }
        Ok(())
    }

    /// Closes the open element; whether it was the root.
    pub(crate) fn close(&mut self) -> bool {
        let Some(open) = self.open else { return true };
        let end = size(self.nodes.len());
        let Some(node) = self.nodes.get_mut(open as usize) else { return true };
        node.end = end;
        let parent = node.parent;
        self.open = (parent != NOBODY).then_some(parent);
        parent == NOBODY
    }

    /// The first element.
    pub(crate) fn root(&self) -> Option<Element<'_>> {
        self.element(0)
    }

    fn node(&self, index: u32) -> Option<Node> {
        self.nodes.get(index as usize).copied()
    }

    fn element(&self, index: u32) -> Option<Element<'_>> {
        self.node(index).map(|node| Element { tree: self, index, node })
    }

    fn name(&self, node: Node) -> &str {
        self.names.get(node.name.0 as usize..node.name.1 as usize).unwrap_or_default()
    }
}

/// Positions are bounded by the limits above.
fn size(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// An element of a tree.
#[derive(Clone, Copy)]
pub(crate) struct Element<'a> {
    tree: &'a Tree,
    index: u32,
    node: Node,
}

impl<'a> Element<'a> {
    /// Its local name.
    pub(crate) fn name(&self) -> &'a str {
        self.tree.name(self.node)
    }

    /// Its text, if it has no elements inside.
    pub(crate) fn text(&self) -> &'a str {
        self.tree.text.get(self.node.text.0 as usize..self.node.text.1 as usize).unwrap_or_default()
    }

    /// Whether it is marked by `xsi:nil`.
    pub(crate) fn is_nil(&self) -> bool {
        self.node.nil
    }

    /// The elements in it.
    pub(crate) fn children(&self) -> impl Iterator<Item = Element<'a>> + use<'a> {
        let (tree, end) = (self.tree, self.node.end);
        let mut next = self.index + 1;
        std::iter::from_fn(move || {
            let element = tree.element(next).filter(|_| next < end)?;
            next = element.node.end.max(next + 1);
            Some(element)
        })
    }

    /// The first element of this name in it.
    pub(crate) fn child(&self, name: &str) -> Option<Element<'a>> {
        self.children().find(|child| child.name() == name)
    }

    /// An error about it.
    pub(crate) fn error(&self, flaw: Flaw) -> DocumentError {
        let mut names = vec![self.name()];
        let mut node = self.node;
        while let Some(parent) = self.tree.node(node.parent) {
            names.push(self.tree.name(parent));
            node = parent;
        }
        let mut path = self.tree.above.clone();
        for name in names.iter().rev() {
            path.push('/');
            path.push_str(name);
        }
        DocumentError::new(path, flaw)
    }

    /// The error of an element that must be in it.
    pub(crate) fn missing(&self, name: &'static str) -> DocumentError {
        self.error(Flaw::Missing(name))
    }
}
