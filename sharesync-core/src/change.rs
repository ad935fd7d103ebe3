//! Changes of a store: where to start, what comes, and the cursor that is persisted.

use std::fmt;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};

use crate::path::check_segment;
use crate::{BoxStream, Digest, DigestAlgorithm, Error, ErrorKind, Item, ItemId, ItemRef, Result, TreeGuard};

/// A position in the changes of one store and scope.
///
/// It can be persisted with serde. Its text is opaque and may be sensitive: `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    version: u32,
    provider: String,
    scope: String,
    token: String,
    /// A digest of the rest, which tells what was damaged where it was kept.
    #[serde(default)]
    check: String,
}

impl Cursor {
    const VERSION: u32 = 1;

    /// Binds a provider's token to the provider and the scope (account, folder, share) it belongs to.
    pub fn new(provider: impl Into<String>, scope: impl Into<String>, token: impl Into<String>) -> Self {
        let (provider, scope, token) = (provider.into(), scope.into(), token.into());
        let check = check(&[&provider, &scope, &token]);
        Self { version: Self::VERSION, provider, scope, token, check }
    }

    /// The provider's token, if this cursor belongs to that provider and scope.
    ///
    /// # Errors
    /// [`ErrorKind::CursorInvalid`] when it is not as it was issued, or was issued by another provider, for another scope
    /// or by a newer version.
    pub fn token_for(&self, provider: &str, scope: &str) -> Result<&str> {
        if self.version != Self::VERSION {
            let message = format!("the cursor has version {}, this library reads {}", self.version, Self::VERSION);
            return Err(Error::new(ErrorKind::CursorInvalid, message));
        }
        if (self.provider.as_str(), self.scope.as_str()) != (provider, scope) {
            let message =
                format!("the cursor belongs to {} ({}), not to {provider} ({scope})", self.provider, self.scope);
            return Err(Error::new(ErrorKind::CursorInvalid, message));
        }
        if self.check != check(&[provider, scope, &self.token]) {
            return Err(Error::new(ErrorKind::CursorInvalid, "the cursor is damaged: it is not as it was issued"));
        }
        Ok(&self.token)
    }
}

/// The beginning of a digest of some texts, and of where one ends and the next begins.
fn check(texts: &[&str]) -> String {
    let lengths = texts.iter().map(|text| format!("{} ", text.len())).collect::<String>();
    let digest =
        Digest::of(DigestAlgorithm::Sha256, [&lengths, &texts.concat()].map(String::as_str).concat().as_bytes());
    digest.to_hex().chars().take(16).collect()
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cursor").field("provider", &self.provider).field("scope", &self.scope).finish_non_exhaustive()
    }
}

/// Where a change stream starts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Since {
    /// Everything that exists, as [`Change::Upsert`]s, then a checkpoint.
    Beginning,
    /// Nothing but a checkpoint for what comes later.
    Now,
    /// What happened after a checkpoint.
    Cursor(Cursor),
}

/// What a change stream covers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChangeOptions {
    /// The folder below which changes are wanted; `None` for the whole store.
    pub scope: Option<ItemRef>,
    /// Changes asked for in one request; `None` leaves it to the provider.
    pub page_size: Option<u32>,
}

impl ChangeOptions {
    /// The whole store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only changes below this folder.
    #[must_use]
    pub fn with_scope(mut self, folder: impl Into<ItemRef>) -> Self {
        self.scope = Some(folder.into());
        self
    }

    /// Asks for pages of this many changes.
    #[must_use]
    pub fn with_page_size(mut self, changes: u32) -> Self {
        self.page_size = Some(changes);
        self
    }
}

/// One change. Applying a change twice has the effect of applying it once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[expect(clippy::large_enum_variant, reason = "nearly every change is an upsert")]
pub enum Change {
    /// The item exists and looks like this: it was created, edited, renamed or moved.
    Upsert(Item),
    /// The item with this [identity](Item::identity) is gone, and with it everything below it.
    Remove(ItemId),
    /// The service has lost track. Every existing item follows as an `Upsert`, up to [`Change::ResetEnd`].
    ResetBegin,
    /// What was not seen since [`Change::ResetBegin`] is gone.
    ResetEnd,
}

/// One step of a change stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChangePage {
    /// The changes, in the order in which they are to be applied.
    pub changes: Vec<Change>,
    /// Where to continue, once this page and all before it have been applied and persisted.
    pub checkpoint: Option<Cursor>,
}

impl ChangePage {
    /// A page after which a consumer cannot continue yet.
    pub fn new(changes: Vec<Change>) -> Self {
        Self { changes, checkpoint: None }
    }

    /// Refuses a page with an item whose name no path can hold: whoever builds paths of names would leave the folder.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidName`], about the item, for a name that is empty, `.`, `..`, or holds `/` or NUL.
    pub fn checked(self) -> Result<Self> {
        for change in &self.changes {
            if let Change::Upsert(item) = change {
                check_segment(&item.name).map_err(|error| error.with_subject(&item.id))?;
            }
        }
        Ok(self)
    }

    /// The upserts of the page, without a checkpoint: what completes an enumeration.
    #[must_use]
    pub fn only_upserts(mut self) -> Self {
        self.changes.retain(|change| matches!(change, Change::Upsert(_)));
        self.checkpoint = None;
        self
    }

    /// Says where to continue after this page.
    #[must_use]
    pub fn with_checkpoint(mut self, checkpoint: Cursor) -> Self {
        self.checkpoint = Some(checkpoint);
        self
    }
}

/// What a feed tells: a change, or a folder that has brought along what the feed does not name.
#[non_exhaustive]
pub enum Told {
    /// A change.
    Change(Change),
    /// All that is below this folder, a folder before what it holds. It is listed when its turn comes.
    Below(ItemId, BoxStream<'static, Result<Vec<Item>>>),
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Change(change) => f.debug_tuple("Change").field(change).finish(),
            Self::Below(folder, _) => f.debug_tuple("Below").field(folder).finish_non_exhaustive(),
        }
    }
}

/// Where the telling of a page of a feed stands.
struct Telling {
    told: std::vec::IntoIter<Told>,
    below: Option<BoxStream<'static, Result<Vec<Item>>>>,
    /// Folders that were listed, alone or below others.
    listed: TreeGuard,
    checkpoint: Option<Cursor>,
}

impl Telling {
    async fn next(&mut self) -> Result<Option<ChangePage>> {
        if let Some(below) = &mut self.below
            && let Some(items) = below.try_next().await?
        {
            for folder in items.iter().filter(|item| item.is_folder()) {
                self.listed.enter(folder.id.as_str(), 0)?;
            }
            return Ok(Some(ChangePage::new(items.into_iter().map(Change::Upsert).collect())));
        }
        self.below = None;
        let mut changes = Vec::new();
        for told in self.told.by_ref() {
            match told {
                Told::Change(change) => changes.push(change),
                Told::Below(folder, below) => {
                    if self.listed.enter(folder.as_str(), 0)? {
                        self.below = Some(below);
                        return Ok(Some(ChangePage::new(changes)));
                    }
                }
            }
        }
        Ok(self.checkpoint.take().map(|checkpoint| ChangePage::new(changes).with_checkpoint(checkpoint)))
    }
}

/// What a page of a feed tells, in its order. What folders brought along comes as it is listed, on pages of its own, so that
/// no tree is kept in memory; the last page has the checkpoint.
pub fn tell(told: Vec<Told>, checkpoint: Cursor) -> BoxStream<'static, Result<ChangePage>> {
    let (told, listed) = (told.into_iter(), TreeGuard::new());
    let telling = Telling { told, below: None, listed, checkpoint: Some(checkpoint) };
    let pages =
        stream::try_unfold(telling, |mut telling| async move { Ok(telling.next().await?.map(|page| (page, telling))) });
    pages.boxed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ItemKind;

    #[test]
    fn what_folders_brought_comes_in_its_place_once_and_as_it_is_listed() {
        let item = |id: &str, kind| Item::new(id, id, kind);
        let upsert = |id: &str, kind| Told::Change(Change::Upsert(item(id, kind)));
        let listed = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let below = |folder: &str, pages: Vec<Vec<Item>>| {
            let listed = listed.clone();
            let pages = stream::iter(pages).map(move |page| {
                listed.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                Ok(page)
            });
            Told::Below(folder.into(), pages.boxed())
        };
        let pages_of_a =
            vec![vec![item("b", ItemKind::Folder)], vec![item("c", ItemKind::File), item("d", ItemKind::File)]];
        let told = vec![
            upsert("x", ItemKind::File),
            upsert("a", ItemKind::Folder),
            below("a", pages_of_a),
            upsert("b", ItemKind::Folder),
            below("b", vec![vec![item("never", ItemKind::File)]]),
            Told::Change(Change::Remove("y".into())),
        ];
        let mut pages = tell(told, Cursor::new("acme", "s", "1"));
        let mut seen = Vec::new();
        while let Some(page) = futures::FutureExt::now_or_never(pages.try_next()).unwrap().unwrap() {
            let ids = page.changes.iter().map(|change| match change {
                Change::Upsert(item) => item.id.to_string(),
                Change::Remove(id) => format!("-{id}"),
                _ => String::new(),
            });
            let pages_listed = listed.load(std::sync::atomic::Ordering::Relaxed);
            seen.push((ids.collect::<Vec<_>>().join(" "), page.checkpoint.is_some(), pages_listed));
        }
        let expected = [("x a", false, 0), ("b", false, 1), ("c d", false, 2), ("b -y", true, 2)]
            .map(|(ids, checkpoint, listed)| (ids.to_owned(), checkpoint, listed));
        assert_eq!(seen, expected, "in order, each folder once, nothing listed ahead, and the checkpoint last");

        let mut nothing = tell(Vec::new(), Cursor::new("acme", "s", "1"));
        let only = futures::FutureExt::now_or_never(nothing.try_next()).unwrap().unwrap().unwrap();
        assert!(only.changes.is_empty() && only.checkpoint.is_some());
    }

    #[test]
    fn a_cursor_survives_json_and_is_refused_elsewhere() {
        let cursor = Cursor::new("acme", "share 1", "hush");
        let back: Cursor = serde_json::from_str(&serde_json::to_string(&cursor).unwrap()).unwrap();
        assert_eq!(back.token_for("acme", "share 1").unwrap(), "hush");
        for (provider, scope) in [("other", "share 1"), ("acme", "share 2")] {
            let error = back.token_for(provider, scope).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::CursorInvalid);
            assert!(!error.to_string().contains("hush"));
        }
        assert!(!format!("{back:?}").contains("hush"));
    }

    #[test]
    fn a_damaged_cursor_is_refused() {
        let whole = serde_json::to_value(Cursor::new("acme", "share 1", "hush;17;hush")).unwrap();
        let with = |name: &str, value: &str| {
            let mut damaged = whole.clone();
            damaged[name] = value.into();
            serde_json::from_value::<Cursor>(damaged).unwrap()
        };
        let mut without = whole.clone();
        without.as_object_mut().unwrap().remove("check");
        let damaged = ["hush;17;hus", "hush;18;hush", "", "hush;17;hush ", "\u{fffd}", "1 hush"];
        let damaged = damaged.map(|token| with("token", token)).into_iter();
        for damaged in damaged.chain([with("check", "0"), serde_json::from_value(without).unwrap()]) {
            let error = damaged.token_for("acme", "share 1").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::CursorInvalid);
            assert!(!error.to_string().contains("hus"), "{error}");
        }
        let whole: Cursor = serde_json::from_value(whole).unwrap();
        assert_eq!(whole.token_for("acme", "share 1").unwrap(), "hush;17;hush");
    }

    #[test]
    fn names_that_no_path_can_hold_are_refused() {
        let page = |name: &str| ChangePage::new(vec![Change::Upsert(Item::new("7", name, crate::ItemKind::Folder))]);
        for name in ["", ".", "..", "a/b", "../x", "a\0"] {
            let error = page(name).checked().unwrap_err();
            assert_eq!((error.kind(), error.subject()), (ErrorKind::InvalidName, Some("7")), "{name:?}");
        }
        assert!(page("a..b").checked().is_ok());
    }

    #[test]
    fn a_cursor_of_a_newer_version_is_refused() {
        let json = r#"{"version":2,"provider":"acme","scope":"s","token":"t"}"#;
        let cursor: Cursor = serde_json::from_str(json).unwrap();
        assert_eq!(cursor.token_for("acme", "s").unwrap_err().kind(), ErrorKind::CursorInvalid);
    }
}
