//! Finding items: the root, by identifier, by path, by name in a folder.

use sharesync_core::{Error, ErrorKind, Item, ItemRef, NameRules, Operation, Result};

use super::{ShareFileStore, translate};
use crate::model::Item as Entity;
use crate::{Outcome, PROVIDER};

/// What names may be [Items reference; limits inferred from other clients].
pub(super) const NAMES: NameRules =
    NameRules::permissive().with_forbidden("\\:*?\"<>|", " ", " .").with_max_characters(256).with_case_sensitive(false);

/// An error of the store's own.
pub(super) fn failure(operation: Operation, kind: ErrorKind, why: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(kind, why).with_provider(PROVIDER).with_operation(operation.name())
}

/// Refuses a name that the service does not accept.
pub(super) fn check_name(operation: Operation, name: &str) -> Result<()> {
    let checked = NAMES.check(name);
    checked.map_err(|error| error.with_provider(PROVIDER).with_operation(operation.name()).with_subject(name))
}

impl ShareFileStore {
    /// The identifier of the root, which the service may know by an alias alone. It is asked for once.
    pub(super) async fn root_id(&self) -> Result<&str> {
        let find = async || Ok(self.items().get(&self.options().root, translate::single()).await?.id()?.to_owned());
        self.0.root.get_or_try_init(find).await.map(String::as_str)
    }

    /// The identifier of an item. Whether there is such an item is only known where it is looked up by its path.
    pub(super) async fn id_of(&self, item: &ItemRef) -> Result<String> {
        match item {
            ItemRef::Root => self.root_id().await.map(str::to_owned),
            ItemRef::Id(id) => Ok(id.as_str().to_owned()),
            other => Ok(self.entity(other).await?.id()?.to_owned()),
        }
    }

    /// Whether the item is the root of the store.
    pub(super) async fn is_root(&self, item: &ItemRef) -> Result<bool> {
        Ok(match item {
            ItemRef::Root => true,
            ItemRef::Path(path) => path.is_root(),
            ItemRef::Id(id) => *id == self.root_id().await?.into(),
            _ => false,
        })
    }

    /// The item as the service knows it now.
    pub(super) async fn entity(&self, item: &ItemRef) -> Result<Entity> {
        let query = translate::single();
        let found = match item {
            ItemRef::Root => self.items().get(self.root_id().await?, query).await,
            ItemRef::Path(path) if path.is_root() => self.items().get(self.root_id().await?, query).await,
            ItemRef::Path(path) => self.items().by_path_from(self.root_id().await?, path.as_str(), &query).await,
            ItemRef::Id(id) => self.items().get(id.as_str(), query).await,
            other => {
                let why = format!("{other} names an item in a way that this store does not know");
                Err(failure(Operation::Stat, ErrorKind::Unsupported, why))
            }
        }?;
        // What has no identifier is not an item.
        found.id()?;
        Ok(found)
    }

    /// The item in the terms of the contract. The root has no parent, whatever it is in.
    pub(super) async fn find(&self, item: &ItemRef) -> Result<Item> {
        let mut found = translate::item(&self.entity(item).await?)?;
        match item {
            ItemRef::Root => found.path = Some(sharesync_core::RemotePath::root()),
            ItemRef::Path(path) => found.path = Some(path.clone()),
            _ => {}
        }
        if self.0.root.get().is_some_and(|root| *root == found.id.as_str()) {
            found.parent = None;
        }
        Ok(found)
    }

    /// What has this name in a folder, if anything has. Names are compared without regard to case.
    pub(super) async fn child(&self, folder: &str, name: &str) -> Result<Option<Entity>> {
        match self.items().by_path_from(folder, &format!("/{name}"), &translate::single()).await {
            Ok(found) => found.id().map(drop).map(|()| Some(found)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Waits for what the service does later. What comes of it must then be looked up: `None`.
    pub(super) async fn settled<T>(&self, outcome: Outcome<T>) -> Result<Option<T>> {
        match outcome {
            Outcome::Done(value) => Ok(Some(value)),
            Outcome::Pending(operations) => {
                self.client().async_operations().wait_all(&operations, self.options().async_limit).await?;
                Ok(None)
            }
        }
    }
}
