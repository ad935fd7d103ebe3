//! Changing items that are there: renaming, moving, copying, and the properties that clients may set.

use std::sync::Arc;

use jiff::Timestamp;

use super::changing::{FileUpload, OnConflict, file_kind};
use super::draft::Draft;
use super::error::DriveError;
use super::ids::{ItemId, UserId, VersionId};
use super::item::{Item, Kind, Role, Version};
use super::names;
use super::record::ChangeKind;
use super::{Drive, Entry};

/// What is to be different about an item; `None` leaves it.
#[derive(Debug, Clone, Default)]
pub struct ItemPatch {
    /// Another name.
    pub name: Option<Arc<str>>,
    /// Another folder.
    pub parent: Option<ItemId>,
    /// Another text.
    pub description: Option<Arc<str>>,
    /// Another end, or none.
    pub expires: Option<Option<Timestamp>>,
    /// Another modification time in the client's file system.
    pub client_modified: Option<Timestamp>,
    /// Another target of a link.
    pub uri: Option<Arc<str>>,
    /// What to do when the name is taken in the folder where the item ends up.
    pub on_conflict: OnConflict,
}

impl Drive {
    /// Changes what an item is called, where it is, and its properties.
    ///
    /// # Errors
    /// When the item is not there or fixed, or its new place refuses it.
    pub fn update(&self, by: UserId, id: ItemId, patch: ItemPatch) -> Result<Entry, DriveError> {
        self.commit_item(by, |draft| draft.update(id, patch))
    }

    /// Copies an item with all below it into a folder, under its own name. Of files only the newest version is copied.
    ///
    /// # Errors
    /// When the target cannot hold it, or its name is taken and not to be replaced.
    pub fn copy(&self, by: UserId, id: ItemId, target: ItemId, on_conflict: OnConflict) -> Result<Entry, DriveError> {
        self.commit_item(by, |draft| draft.copy(id, target, on_conflict))
    }
}

impl Draft<'_> {
    fn update(&mut self, id: ItemId, patch: ItemPatch) -> Result<ItemId, DriveError> {
        let renames = patch.name.is_some() || patch.parent.is_some();
        let old = if renames { self.movable(id)? } else { self.unlocked(id)? };
        let mut item = (*old).clone();
        item.name = patch.name.unwrap_or(item.name);
        item.description = patch.description.or(item.description);
        item.expires = patch.expires.unwrap_or(item.expires);
        item.client_modified = patch.client_modified.or(item.client_modified);
        if let (Kind::Link { uri }, Some(new)) = (&mut item.kind, patch.uri) {
            *uri = new;
        }
        if let Some(parent) = patch.parent {
            self.live_folder(parent)?;
            self.not_into_itself(id, parent)?;
            item.parent = Some(parent);
        }
        if renames {
            names::check(&item.name)?;
            self.make_room(&mut item, patch.on_conflict)?;
        }
        let moved = item.parent != old.parent;
        let kind = match (item.name != old.name, moved) {
            (true, _) => ChangeKind::Renamed,
            (false, true) => ChangeKind::Moved,
            (false, false) => ChangeKind::Properties,
        };
        let from = old.parent.filter(|_| moved);
        Ok(self.put(item, kind, from))
    }

    fn not_into_itself(&self, id: ItemId, parent: ItemId) -> Result<(), DriveError> {
        let inside = |target: &Arc<Item>| self.tree.ancestors(target).iter().any(|above| above.id == id);
        if id == parent || self.tree.item(parent).is_some_and(inside) {
            return Err(DriveError::IntoItself);
        }
        Ok(())
    }

    fn copy(&mut self, id: ItemId, target: ItemId, on_conflict: OnConflict) -> Result<ItemId, DriveError> {
        let source = self.live(id)?;
        if source.role() != Role::Plain {
            return Err(DriveError::Protected);
        }
        self.live_folder(target)?;
        self.not_into_itself(id, target)?;
        if let Some(version) = source.current()
            && on_conflict == OnConflict::Replace
            && source.parent != Some(target)
        {
            return self.put_file(FileUpload {
                parent: target,
                name: source.name.clone(),
                content: version.content.clone(),
                description: source.description.clone(),
                client_created: Some(self.at),
                client_modified: Some(self.at),
                expires: source.expires,
                on_conflict,
            });
        }
        let mut top = self.copy_of(&source, target);
        self.make_room(&mut top, on_conflict)?;
        let top = self.put(top, ChangeKind::Created, None);
        self.copy_below(id, top);
        Ok(top)
    }

    fn copy_below(&mut self, source: ItemId, target: ItemId) {
        let tree = self.tree;
        let mut todo = vec![(source, target)];
        while let Some((source, target)) = todo.pop() {
            let children = tree.folder(source).into_iter().flat_map(|state| state.children.values());
            for child in children.filter_map(|id| tree.item(*id)) {
                let copy = self.copy_of(child, target);
                let copy = self.put(copy, ChangeKind::Created, None);
                todo.push((child.id, copy));
            }
        }
    }

    /// A new item like the source. The service does not keep the modification time of what it copies.
    fn copy_of(&mut self, source: &Item, parent: ItemId) -> Item {
        let kind = match &source.kind {
            Kind::File { versions } => match versions.last() {
                Some(current) => file_kind(Arc::new(Version {
                    id: VersionId(self.new_id()),
                    content: current.content.clone(),
                    creator: self.by,
                    created: self.at,
                    client_created: Some(self.at),
                    client_modified: Some(self.at),
                })),
                None => source.kind.clone(),
            },
            other => other.clone(),
        };
        Item {
            description: source.description.clone(),
            expires: source.expires,
            client_created: Some(self.at),
            client_modified: Some(self.at),
            ..self.blank(parent, source.name.clone(), kind)
        }
    }
}
