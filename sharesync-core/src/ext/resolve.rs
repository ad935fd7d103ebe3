//! From paths to items, also on stores that know no paths.

use futures::TryStreamExt as _;

use super::items;
use crate::{
    CreateFolderOptions, Error, ErrorKind, Item, ItemRef, ListOptions, Operation, RemotePath, RemoteStore, Result,
    Support,
};

pub(super) async fn resolve<S: RemoteStore + ?Sized>(store: &S, path: &RemotePath) -> Result<Item> {
    if path.is_root() || store.capabilities().support(Operation::StatByPath) != Support::Unsupported {
        return store.stat(&ItemRef::from(path.clone())).await;
    }
    let mut item = store.stat(&ItemRef::Root).await?;
    for name in path.segments() {
        item = child(store, &item, name).await.map_err(|error| match error.subject() {
            None => error.with_subject(path),
            Some(_) => error,
        })?;
    }
    Ok(item)
}

/// The item of this name in a folder; an exact match is preferred to one in another case.
async fn child<S: RemoteStore + ?Sized>(store: &S, folder: &Item, name: &str) -> Result<Item> {
    let rules = &store.capabilities().names;
    let mut similar = None;
    let mut found = items(store, &ItemRef::from(folder), ListOptions::new());
    while let Some(item) = found.try_next().await? {
        if item.name == name {
            return Ok(item);
        }
        if similar.is_none() && rules.same(&item.name, name) {
            similar = Some(item);
        }
    }
    similar.ok_or_else(|| {
        let message = format!("the folder {:?} holds nothing named {name:?}", folder.name);
        Error::new(ErrorKind::NotFound, message).with_provider(store.info().provider)
    })
}

pub(super) async fn create_folder_all<S: RemoteStore + ?Sized>(store: &S, path: &RemotePath) -> Result<Item> {
    let mut missing = Vec::new();
    let mut existing = path.clone();
    let mut folder = loop {
        match resolve(store, &existing).await {
            Ok(item) if item.is_folder() => break item,
            Ok(_) => return Err(Error::new(ErrorKind::Conflict, "it is no folder").with_subject(existing)),
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            Err(error) => {
                let (Some(parent), Some(name)) = (existing.parent(), existing.name()) else {
                    return Err(error);
                };
                store.capabilities().names.check(name)?;
                missing.push(name.to_owned());
                existing = parent;
            }
        }
    };
    for name in missing.iter().rev() {
        let reuse = CreateFolderOptions::new().with_reuse_existing(true);
        folder = store.create_folder(&ItemRef::from(&folder), name, reuse).await?;
    }
    Ok(folder)
}
