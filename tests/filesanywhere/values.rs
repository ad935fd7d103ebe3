//! The values that were put for placeholders.

use std::fmt::Debug;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sharesync::Secret;
use sharesync::filesanywhere::DateTime;
use sharesync::filesanywhere::model::ItemKind;
use sharesync::transfer::BytesSource;

/// Leaves in document order: path and value, which nil has none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Values(Vec<(String, Option<String>)>);

impl Values {
    pub(crate) fn push(&mut self, path: String, value: Option<String>) {
        self.0.push((path, value));
    }

    pub(crate) fn extend(&mut self, more: Self) {
        self.0.extend(more.0);
    }

    /// The values of leaves that have one and are not passed over, by name.
    pub(crate) fn shown(&self, passed_over: &[&str]) -> Vec<String> {
        let leaves = self.0.iter().filter(|(path, _)| !path.split('/').any(|name| passed_over.contains(&name)));
        leaves.filter_map(|(_, value)| value.clone()).collect()
    }

    /// The values at all paths that end so.
    pub(crate) fn all(&self, end: &str) -> Vec<String> {
        let end = format!("/{end}");
        let found: Vec<_> = self.0.iter().filter(|(path, _)| path.ends_with(&end)).collect();
        found.into_iter().filter_map(|(_, value)| value.clone()).collect()
    }

    /// The value at the first path that ends so; `None` when it is nil or not there.
    pub(crate) fn some(&self, end: &str) -> Option<String> {
        self.all(end).into_iter().next()
    }

    /// The value at the first path that ends so.
    pub(crate) fn text(&self, end: &str) -> String {
        self.some(end).unwrap_or_else(|| panic!("no {end} in {self:?}"))
    }

    pub(crate) fn secret(&self, end: &str) -> Secret {
        Secret::new(self.text(end))
    }

    pub(crate) fn number<T: FromStr<Err: Debug>>(&self, end: &str) -> T {
        self.text(end).parse().unwrap()
    }

    pub(crate) fn numbers(&self, end: &str) -> Vec<i64> {
        self.all(end).iter().map(|number| number.parse().unwrap()).collect()
    }

    /// `true` or `Y`.
    pub(crate) fn flag(&self, end: &str) -> bool {
        matches!(self.text(end).as_str(), "true" | "Y")
    }

    pub(crate) fn date(&self, end: &str) -> DateTime {
        DateTime::parse(&self.text(end)).unwrap()
    }

    pub(crate) fn some_date(&self, end: &str) -> Option<DateTime> {
        self.some(end).map(|date| DateTime::parse(&date).unwrap())
    }

    /// What a text in base64 stands for.
    pub(crate) fn content(&self, end: &str) -> std::sync::Arc<BytesSource> {
        std::sync::Arc::new(BytesSource::new(STANDARD.decode(self.text(end)).unwrap()))
    }

    pub(crate) fn kind(&self) -> ItemKind {
        kind(&self.text("Type"))
    }

    /// The entries `Item` of a list.
    pub(crate) fn items(&self, list: &str) -> Vec<(ItemKind, String)> {
        let kinds = self.all(&format!("{list}/Item/Type"));
        kinds.iter().map(|text| kind(text)).zip(self.all(&format!("{list}/Item/Path"))).collect()
    }
}

fn kind(text: &str) -> ItemKind {
    if text == "file" { ItemKind::File } else { ItemKind::Folder }
}

/// As the client takes them.
pub(crate) fn borrowed(items: &[(ItemKind, String)]) -> Vec<(ItemKind, &str)> {
    items.iter().map(|(kind, path)| (*kind, path.as_str())).collect()
}
