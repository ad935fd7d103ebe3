//! Documented bodies as templates: the placeholders, such as `string` and `long`, get values.
//!
//! In the bodies of FAWAPI comments say what the schema says: `0..1` may be missing, `0..unbounded` repeats, `nillable` may
//! be nil. The help pages of SyncAPI say none of it.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use roxmltree::{Document, NodeType};

use super::values::Values;

/// The token of the session, and the developer's key, wherever they are sent.
pub(crate) const TOKEN: &str = "t0k3n & <more>";
pub(crate) const KEY: &str = "0F1E2D3C-0000-4000-8000-000000000001";

/// Elements that say whether the service did what it was asked.
pub(crate) const SIGNS: [&str; 12] = [
    "LoggedOut",
    "FolderCreated",
    "Renamed",
    "Copied",
    "Cut",
    "Pasted",
    "Deleted",
    "Uploaded",
    "ChunkAppended",
    "ELinkSent",
    "GroupShareCreated",
    "GroupShareRemoved",
];

/// Texts that are `Y` or `N`.
const SWITCHES: [&str; 10] = [
    "RecordFileHistoryLog",
    "NotifyDownloadByEmail",
    "SendReadReceipt",
    "LinkInFileAttachment",
    "ReadOnlyPermission",
    "DisplayWatermark",
    "UserEmailAsSender",
    "OverWriteFiles",
    "FlagCoverPage",
    "NotifyByEmail",
];

/// How placeholders are filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pass {
    /// Everything is there.
    Full,
    /// Everything is there in another form: what may be nil is, truth is false, numbers are small or extreme.
    Other,
    /// Texts that may be missing are.
    Sparse,
    /// Whatever may be missing is.
    Bare,
}

/// What is particular about an operation.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rules {
    /// Elements of the request that the client never gives a value.
    pub(crate) nil: &'static [&'static str],
    /// Elements of the request that the client never marks as nil.
    pub(crate) never_nil: &'static [&'static str],
    /// Elements of the request that the client leaves out when it has nothing for them.
    pub(crate) left_out: &'static [&'static str],
    /// Elements of the response without which the client can do nothing.
    pub(crate) needs: &'static [&'static str],
    /// Elements of the response that the client does not hand out.
    pub(crate) unread: &'static [&'static str],
    /// Signs of success that the client hands out instead of refusing.
    pub(crate) told: &'static [&'static str],
}

/// An element of a template, or of a body.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) name: String,
    /// What it holds, unless that is elements.
    pub(crate) text: String,
    pub(crate) children: Vec<Node>,
    pub(crate) nil: bool,
    optional: bool,
    repeated: bool,
    nillable: bool,
}

impl Node {
    /// Reads a template.
    pub(crate) fn read(xml: &str) -> Self {
        let document = Document::parse(xml).unwrap_or_else(|error| panic!("{error}: {xml}"));
        Self::of(document.root_element())
    }

    fn of(element: roxmltree::Node<'_, '_>) -> Self {
        let children: Vec<_> = element.children().filter(roxmltree::Node::is_element).map(Self::of).collect();
        let text = if children.is_empty() { element.text().unwrap_or_default().to_owned() } else { String::new() };
        let notes = if children.is_empty() { after(element) } else { within(element) };
        Self {
            name: element.tag_name().name().to_owned(),
            text,
            children,
            nil: false,
            optional: notes.contains("0.."),
            repeated: notes.contains("unbounded"),
            nillable: notes.contains("nillable"),
        }
    }

    fn is_leaf(&self) -> bool {
        self.children.is_empty()
    }

    /// Writes it as the documents lay it out.
    pub(crate) fn write(&self) -> String {
        let mut text = String::new();
        self.write_into(&mut text, 4, " xmlns=\"http://api.filesanywhere.com/\"");
        text.trim().to_owned()
    }

    fn write_into(&self, out: &mut String, depth: usize, attributes: &str) {
        let (indent, name) = (" ".repeat(depth), &self.name);
        if self.nil {
            writeln!(out, "{indent}<{name}{attributes} xsi:nil=\"true\" />").unwrap();
        } else if self.is_leaf() && self.text.is_empty() {
            writeln!(out, "{indent}<{name}{attributes} />").unwrap();
        } else if self.is_leaf() {
            let text = self.text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            writeln!(out, "{indent}<{name}{attributes}>{text}</{name}>").unwrap();
        } else {
            writeln!(out, "{indent}<{name}{attributes}>").unwrap();
            self.children.iter().for_each(|child| child.write_into(out, depth + 2, ""));
            writeln!(out, "{indent}</{name}>").unwrap();
        }
    }

    /// The values of its leaves, by path.
    pub(crate) fn values(&self) -> Values {
        let mut values = Values::default();
        self.collect("", &mut values);
        values
    }

    fn collect(&self, above: &str, values: &mut Values) {
        let path = format!("{above}/{}", self.name);
        if self.is_leaf() {
            values.push(path, (!self.nil).then(|| self.text.clone()));
            return;
        }
        self.children.iter().for_each(|child| child.collect(&path, values));
    }

    /// The element at a path of names.
    pub(crate) fn find(&mut self, path: &[&str]) -> Option<&mut Self> {
        match path {
            [] => Some(self),
            [name, rest @ ..] => self.children.iter_mut().find(|child| child.name == *name)?.find(rest),
        }
    }
}

/// What is said about an element with elements: it stands before the first of them.
fn within(element: roxmltree::Node<'_, '_>) -> String {
    let before = element.children().take_while(|child| !child.is_element());
    before.filter(roxmltree::Node::is_comment).filter_map(|comment| comment.text()).collect()
}

/// What is said about a leaf: it stands behind it in the same line.
fn after(element: roxmltree::Node<'_, '_>) -> String {
    let mut notes = String::new();
    for next in element.next_siblings().skip(1) {
        match next.node_type() {
            NodeType::Comment => notes.push_str(next.text().unwrap_or_default()),
            NodeType::Text if !next.text().unwrap_or_default().contains('\n') => {}
            _ => break,
        }
    }
    notes
}

/// Fills templates. No two values are the same where the type allows it.
#[derive(Debug)]
pub(crate) struct Filling {
    pub(crate) pass: Pass,
    rules: Rules,
    is_request: bool,
    number: u32,
}

impl Filling {
    pub(crate) fn request(pass: Pass, rules: Rules) -> Self {
        Self { pass, rules, is_request: true, number: 0 }
    }

    pub(crate) fn response(pass: Pass, rules: Rules) -> Self {
        Self { pass, rules, is_request: false, number: 0 }
    }

    /// The body that a template becomes.
    pub(crate) fn fill(&mut self, template: &Node) -> Node {
        self.element(template, 0)
    }

    fn element(&mut self, template: &Node, depth: usize) -> Node {
        let mut node = Node { children: Vec::new(), ..template.clone() };
        if self.is_nil(template) {
            node.nil = true;
            return node;
        }
        if template.is_leaf() {
            // What the placeholder stands for; a result without elements has none.
            node.text = if template.text.is_empty() { String::new() } else { self.value(template, depth) };
            return node;
        }
        for child in &template.children {
            if self.is_missing(child, depth) {
                continue;
            }
            let copies = if child.repeated { 2 } else { 1 };
            for copy in 0..copies {
                let mut entry = self.element(child, depth + 1);
                // Of a list of the service the last entry may be nil.
                if copy > 0 && child.nillable && self.pass == Pass::Other {
                    entry = Node { nil: true, children: Vec::new(), ..child.clone() };
                }
                node.children.push(entry);
            }
        }
        node
    }

    fn is_nil(&self, template: &Node) -> bool {
        if self.is_request && self.rules.nil.contains(&template.name.as_str()) {
            return true;
        }
        let can_be = template.nillable && !template.repeated && !self.rules.never_nil.contains(&template.name.as_str());
        can_be && self.pass == Pass::Other
    }

    fn is_missing(&self, child: &Node, depth: usize) -> bool {
        let name = child.name.as_str();
        if self.is_request {
            return self.pass == Pass::Other && self.rules.left_out.contains(&name);
        }
        // The result itself is there, and a missing message is no message.
        match self.pass {
            _ if depth == 0 || self.rules.needs.contains(&name) => false,
            _ if is_message(name, depth + 1) => self.pass != Pass::Full,
            Pass::Sparse => child.optional && child.is_leaf(),
            Pass::Bare => child.optional,
            Pass::Full | Pass::Other => false,
        }
    }

    fn value(&mut self, template: &Node, depth: usize) -> String {
        self.number += 1;
        let (number, other) = (self.number, self.pass == Pass::Other);
        let (name, kind) = (template.name.as_str(), template.text.as_str());
        let either = |one: &str, two: &str| if other { two.to_owned() } else { one.to_owned() };
        match (name, kind) {
            _ if is_message(name, depth) => String::new(),
            ("Token", _) if self.is_request => TOKEN.to_owned(),
            ("APIKey", _) => KEY.to_owned(),
            ("Type", _) if self.is_request => either("file", "folder"),
            ("ClientEncryptParam", _) => either("ENCRYPTEDNO", "ENCRYPTEDYES"),
            ("BytesRead", _) => "11".to_owned(),
            ("URL" | "APIURL", _) => format!("https://files.example/{number}?a=b&c={number}"),
            ("SendEmail", "string") => either("Y", "N"),
            (name, "string") if SWITCHES.contains(&name) => either("Y", "N"),
            ("Permission" | "PermissionFlag", "string") => either("F", "X"),
            (name, "boolean") if SIGNS.contains(&name) && !self.rules.told.contains(&name) => either("true", "1"),
            (_, "boolean") => either("true", "false"),
            (_, kind) => self.typed(kind, number),
        }
    }

    fn typed(&self, kind: &str, number: u32) -> String {
        let other = self.pass == Pass::Other;
        let extreme = other && !self.is_request;
        match kind {
            "string" => format!(" s{number} & <ü>€ \"' "),
            "long" if extreme => (i64::MIN + i64::from(number)).to_string(),
            "long" if other => number.to_string(),
            "long" => (9_000_000_000 + u64::from(number)).to_string(),
            "unsignedLong" if extreme => u64::MAX.to_string(),
            "unsignedLong" => number.to_string(),
            "int" => (if extreme { i32::MIN } else { 100_000 } + number as i32).to_string(),
            "short" => (if extreme { i16::MIN } else { 100 } + number as i16).to_string(),
            "char" => (65 + number).to_string(),
            "double" if other => "-INF".to_owned(),
            "double" => "0.5".to_owned(),
            "dateTime" if other => format!("2026-05-06T07:08:{:02}.1234567-06:00", number % 60),
            "dateTime" => format!("2026-05-06T07:08:{:02}", number % 60),
            "base64Binary" => STANDARD.encode(format!("chunk {number:05}")),
            "ActivityCodeType enum (41 names, see WSDL)" => "RenameFolderFile".to_owned(),
            "UploadActivitySubCodeType enum (20 names, one is SyncAPI)" => "SyncAPI".to_owned(),
            choice => {
                let choices: Vec<_> = choice.split(" or ").collect();
                assert!(choices.len() > 1, "{choice:?} is new");
                choices[if other { choices.len() - 1 } else { 1 }].to_owned()
            }
        }
    }
}

/// Whether an element is the reason of a refusal and not a value of a row.
pub(crate) fn is_message(name: &str, depth: usize) -> bool {
    name == "ErrorMessage" && depth == 2
}
