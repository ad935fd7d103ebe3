//! What processes that are dead have left under temporary names.

use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _};

use crate::{
    BoxStream, DeleteOptions, Destination, Error, ErrorKind, Item, ItemRef, ListOptions, Purpose, RemotePath,
    RemoteStore, RemoteStoreExt, Result, Temporary, Timestamp, WalkOptions,
};

/// Something that a process has left under a temporary name, because it was killed or cut off.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Leftover {
    /// What the name tells.
    pub temporary: Temporary,
    /// The item that has the name.
    pub item: Item,
    /// The path of the item, from the folder that was searched.
    pub path: RemotePath,
    /// The folder that it is in.
    pub folder: ItemRef,
    /// What it holds, if it is a folder.
    pub content: Vec<Item>,
}

impl Leftover {
    /// What of it exists nowhere else: an item that was being moved or renamed. The rest are incomplete copies and uploads.
    pub fn only_copies(&self) -> &[Item] {
        match self.temporary.purpose {
            Purpose::Rename => std::slice::from_ref(&self.item),
            Purpose::Move => &self.content,
            _ => &[],
        }
    }

    /// Whether something was still done with it this long ago, by the clock of the service.
    fn is_touched(&self, age: Duration) -> bool {
        let now = Timestamp::now();
        let of_late = |time: Option<Timestamp>| time.is_some_and(|time| time <= now && time.saturating_add(age) > now);
        std::iter::once(&self.item).chain(&self.content).any(|item| of_late(item.created) || of_late(item.modified))
    }
}

pub(super) fn leftovers<S: RemoteStore + ?Sized>(
    store: &S,
    folder: ItemRef,
    older_than: Duration,
) -> BoxStream<'_, Result<Leftover>> {
    let mut inside: Vec<RemotePath> = Vec::new();
    let found = store.walk(folder.clone(), WalkOptions::new()).try_filter_map(move |(path, item)| {
        let known = path.parent().is_some_and(|parent| inside.iter().any(|above| is_within(&parent, above)));
        let temporary = Temporary::parse(&item.name).filter(|_| !known);
        if temporary.is_some() && item.is_folder() {
            inside.push(path.clone());
        }
        let folder = item.parent.clone().map_or_else(|| folder.clone(), ItemRef::Id);
        let old = temporary.filter(|temporary| temporary.is_older_than(older_than));
        std::future::ready(Ok(old.map(|temporary| Leftover { temporary, item, path, folder, content: Vec::new() })))
    });
    let looked = found.and_then(move |mut leftover| async move {
        if leftover.item.is_folder() {
            leftover.content = store.items(&leftover.item, ListOptions::new()).try_collect().await?;
        }
        Ok(leftover)
    });
    looked.try_filter(move |leftover| std::future::ready(!leftover.is_touched(older_than))).boxed()
}

fn is_within(path: &RemotePath, folder: &RemotePath) -> bool {
    path.as_str().strip_prefix(folder.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Finishes what was being moved, and removes what was incomplete. What the folder holds is looked at once more, and never
/// deleted with it.
pub(super) async fn clean_up<S: RemoteStore + ?Sized>(store: &S, leftover: &Leftover) -> Result<Vec<Item>> {
    let Leftover { temporary, item, folder, .. } = leftover;
    let mut restored = Vec::new();
    match temporary.purpose {
        Purpose::Rename => {
            let name = temporary.name.as_deref().ok_or_else(|| {
                let message = "the name that it should have is not known: rename it";
                Error::new(ErrorKind::Conflict, message).with_subject(&item.name)
            })?;
            restored.push(store.move_item(&ItemRef::from(item), &Destination::name(name)).await?);
            return Ok(restored);
        }
        Purpose::Move => {
            let content: Vec<Item> = store.items(item, ListOptions::new()).try_collect().await?;
            let name = temporary.name.as_ref().filter(|_| content.len() == 1);
            for found in &content {
                let mut to = Destination::folder(folder.clone());
                to.name = name.cloned();
                restored.push(store.move_item(&ItemRef::from(found), &to).await?);
            }
            let left: Vec<Item> = store.items(item, ListOptions::new()).try_collect().await?;
            if !left.is_empty() {
                let message = "something was put into the folder meanwhile, which stays";
                return Err(Error::new(ErrorKind::Conflict, message).with_subject(&item.name));
            }
        }
        Purpose::Copy | Purpose::Upload => {}
    }
    store.delete(&ItemRef::from(item), DeleteOptions::new()).await?;
    Ok(restored)
}
