//! Changes of a store: where to start, what comes, and the cursor that is persisted.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind, Item, ItemId, ItemRef, Result};

/// A position in the changes of one store and scope.
///
/// It can be persisted with serde. Its text is opaque and may be sensitive: `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    version: u32,
    provider: String,
    scope: String,
    token: String,
}

impl Cursor {
    const VERSION: u32 = 1;

    /// Binds a provider's token to the provider and the scope (account, folder, share) it belongs to.
    pub fn new(provider: impl Into<String>, scope: impl Into<String>, token: impl Into<String>) -> Self {
        Self { version: Self::VERSION, provider: provider.into(), scope: scope.into(), token: token.into() }
    }

    /// The provider's token, if this cursor belongs to that provider and scope.
    ///
    /// # Errors
    /// [`ErrorKind::CursorInvalid`] when it was issued by another provider, for another scope or by a newer version.
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
        Ok(&self.token)
    }
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

    /// Says where to continue after this page.
    #[must_use]
    pub fn with_checkpoint(mut self, checkpoint: Cursor) -> Self {
        self.checkpoint = Some(checkpoint);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_cursor_of_a_newer_version_is_refused() {
        let json = r#"{"version":2,"provider":"acme","scope":"s","token":"t"}"#;
        let cursor: Cursor = serde_json::from_str(json).unwrap();
        assert_eq!(cursor.token_for("acme", "s").unwrap_err().kind(), ErrorKind::CursorInvalid);
    }
}
