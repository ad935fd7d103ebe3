//! Finding nodes: by identifier, by name in a folder, by path.

use futures::{StreamExt as _, TryStreamExt as _};
use sharesync_core::{BoxStream, Error, ErrorKind, Item, ItemKind, ItemRef, Page, RemotePath, Result};

use super::Inner;
use super::item::{Known, refuse};
use crate::{Paging, ROOT};

/// The name of the service's root [Create folder, `parents`].
const ROOT_NAME: &str = "Sync & Share";

impl Inner {
    /// The identifier of an item.
    pub(super) async fn id(&self, item: &ItemRef) -> Result<String> {
        match item {
            ItemRef::Root => Ok(self.options.root.clone()),
            ItemRef::Id(id) => Ok(id.as_str().to_owned()),
            ItemRef::Path(path) => Ok(self.at(path).await?.map_or_else(|| self.options.root.clone(), |node| node.uuid)),
            other => Err(unknown(other)),
        }
    }

    /// The node of an item; the root of the service has none.
    pub(super) async fn find(&self, item: &ItemRef) -> Result<Option<Known>> {
        match item {
            ItemRef::Path(path) => self.at(path).await,
            item => match self.id(item).await?.as_str() {
                ROOT => Ok(None),
                uuid => self.node(uuid).await.map(Some),
            },
        }
    }

    /// The node of an item that is to be changed: the root is not.
    pub(super) async fn find_changeable(&self, item: &ItemRef) -> Result<Known> {
        let found = self.find(item).await?.filter(|node| node.uuid != self.options.root);
        found.ok_or_else(|| refuse(ErrorKind::InvalidInput, "/", "the root stays as it is and where it is"))
    }

    /// A node by identifier. One in the recycle bin is not there.
    pub(super) async fn node(&self, uuid: &str) -> Result<Known> {
        let node = Known::new(self.client.undocumented().node(uuid).await.map_err(not_found)?)?;
        if node.is_deleted() {
            return Err(refuse(ErrorKind::NotFound, uuid, "it was deleted"));
        }
        Ok(node)
    }

    pub(super) async fn stat(&self, item: &ItemRef) -> Result<Item> {
        match self.find(item).await? {
            Some(node) => Ok(node.into_item(&self.options.root)),
            None => self.root().await,
        }
    }

    /// The root of the service. It cannot be read for itself as far as is known, so its content is asked for.
    async fn root(&self) -> Result<Item> {
        self.client.nodes().contents(ROOT, &Paging::new().with_page(1).with_per_page(1)).await?;
        let mut root = Item::new(ROOT, ROOT_NAME, ItemKind::Folder);
        root.path = Some(RemotePath::root());
        Ok(root)
    }

    /// What a folder holds, page by page.
    pub(super) fn contents(&self, folder: &str, page_size: u32) -> BoxStream<'static, Result<Page<Known>>> {
        let pages = self.client.nodes().all_contents(folder, page_size).map_err(not_found);
        let known = |page: Page<_>| page.items.into_iter().map(Known::new).collect::<Result<Vec<_>>>();
        pages
            .map(move |page| {
                let mut nodes = known(page?)?;
                nodes.retain(|node| !node.is_deleted());
                Ok(Page::new(nodes))
            })
            .boxed()
    }

    /// The node of this name in a folder; an exact match is preferred to one in another case.
    pub(super) async fn child(&self, folder: &str, name: &str) -> Result<Option<Known>> {
        let mut similar = None;
        let mut pages = self.contents(folder, self.options.page_size);
        while let Some(page) = pages.try_next().await? {
            for node in page.items {
                if node.name == name {
                    return Ok(Some(node));
                }
                if similar.is_none() && self.capabilities.names.same(&node.name, name) {
                    similar = Some(node);
                }
            }
        }
        Ok(similar)
    }

    /// The node at a path, found by listing one folder after another; the empty path has none.
    async fn at(&self, path: &RemotePath) -> Result<Option<Known>> {
        let mut found: Option<Known> = None;
        for name in path.segments() {
            let child = match &found {
                Some(node) if !node.is_folder => None,
                Some(node) => self.child(&node.uuid, name).await?,
                None => self.child(&self.options.root, name).await?,
            };
            let missing = || refuse(ErrorKind::NotFound, path.as_str(), format!("there is no {name:?} on its way"));
            found = Some(child.ok_or_else(missing)?);
        }
        match found {
            None if self.options.root != ROOT => self.node(&self.options.root).await.map(Some),
            found => Ok(found),
        }
    }

    /// Tells a node that is not there from one that must not be changed: the service answers both alike.
    pub(super) async fn explain(&self, error: Error, uuid: &str) -> Error {
        if error.kind() != ErrorKind::PermissionDenied || uuid == ROOT {
            return error;
        }
        match self.node(uuid).await {
            Err(other) if other.kind() == ErrorKind::NotFound => not_found(error),
            _ => error,
        }
    }
}

/// For reading, a node that the user may not know of is one that is not there: code 3 says no more than that it is one of
/// both [Get files and folders list, 403]. Any other refusal is one.
pub(super) fn not_found(error: Error) -> Error {
    let either = error.kind() == ErrorKind::PermissionDenied && error.code() == Some("3");
    if either { error.with_kind(ErrorKind::NotFound) } else { error }
}

fn unknown(item: &ItemRef) -> Error {
    refuse(ErrorKind::InvalidInput, &item.to_string(), "this way to name an item is not known here")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_be_missing_is_taken_for_it() {
        let refused = |code: Option<&str>, kind| {
            let error = Error::new(kind, "refused").with_status(403);
            code.into_iter().fold(error, |error, code| error.with_code(code))
        };
        let denied = ErrorKind::PermissionDenied;
        assert_eq!(not_found(refused(Some("3"), denied)).kind(), ErrorKind::NotFound);
        for other in [refused(Some("7"), denied), refused(None, denied)] {
            assert_eq!(not_found(other).kind(), denied, "another refusal");
        }
        for kind in [ErrorKind::Protocol, ErrorKind::Unavailable, ErrorKind::Unauthenticated] {
            assert_eq!(not_found(refused(Some("3"), kind)).kind(), kind, "a page of somebody in between");
        }
    }
}
