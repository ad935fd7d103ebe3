//! A folder of one store into a folder of another.

use std::sync::Arc;

use futures::{FutureExt as _, StreamExt as _, TryFutureExt as _};

use super::super::copy::copy_file;
use super::super::items;
use super::super::place::Place;
use super::crawl::{Crawl, Visit, Visited, Visits};
use super::taken::TakenNames;
use super::{TreeEntry, TreeOptions, ensure_folder, name_path, sent};
use crate::transfer::UploadRequest;
use crate::{BoxStream, Item, ItemRef, ListOptions, RemotePath, RemoteStore, Result};

struct Across<'a, S: ?Sized, T: ?Sized> {
    source: &'a S,
    target: &'a T,
    options: Arc<TreeOptions>,
}

/// A folder of the tree, and the one that it goes into.
struct Branch {
    from: ItemRef,
    place: Place,
    to: ItemRef,
    new: bool,
}

pub(in super::super) fn copy_tree<'a, S: RemoteStore + ?Sized, T: RemoteStore + ?Sized>(
    source: &'a S,
    folder: ItemRef,
    target: &'a T,
    to: ItemRef,
    options: TreeOptions,
) -> BoxStream<'a, Result<TreeEntry>> {
    let options = options.shared();
    let across = Arc::new(Across { source, target, options: options.clone() });
    let root = Branch { from: folder, place: Place::start(), to, new: false };
    Crawl::stream(visits(across, root), &options)
}

fn visits<'a, S: RemoteStore + ?Sized, T: RemoteStore + ?Sized>(
    across: Arc<Across<'a, S, T>>,
    branch: Branch,
) -> Visits<'a> {
    async move {
        let Branch { from, place, to, new } = branch;
        let names = TakenNames::of_folder(across.target, &to, new, across.options.on_conflict).await;
        let mut names = names.map_err(|error| name_path(error, &place.path))?;
        let listed = items(across.source, &from, ListOptions::new());
        let mut visit = move |item| prepare(&across, &place, &to, &mut names, item);
        Ok(listed.map(move |item| item.and_then(&mut visit)))
    }
    .try_flatten_stream()
    .boxed()
}

/// Decides what becomes of an item, one after another.
fn prepare<'a, S: RemoteStore + ?Sized, T: RemoteStore + ?Sized>(
    across: &Arc<Across<'a, S, T>>,
    place: &Place,
    to: &ItemRef,
    names: &mut TakenNames,
    item: Item,
) -> Result<Visit<'a>> {
    let path = place.path_of(&item)?;
    if !item.is_file() && !item.is_folder() {
        return Ok(Visited::skip(path));
    }
    let new = !names.was_there(&item.name);
    let free = across.target.capabilities().names.check(&item.name).and_then(|()| names.take(&item.name));
    free.map_err(|error| name_path(error, &path))?;
    let (across, to) = (across.clone(), to.clone());
    Ok(if item.is_file() {
        file(across, item, path, to).boxed()
    } else {
        let place = place.enter(&item, path)?;
        folder(across, Branch { from: ItemRef::from(&item), place, to, new }, item.name).boxed()
    })
}

async fn folder<'a, S: RemoteStore + ?Sized, T: RemoteStore + ?Sized>(
    across: Arc<Across<'a, S, T>>,
    mut branch: Branch,
    name: String,
) -> Result<Visited<'a>> {
    let path = branch.place.path.clone();
    let made = ensure_folder(across.target, &branch.to, &name).await.map_err(|error| name_path(error, &path))?;
    branch.to = ItemRef::from(&made);
    Ok(Visited::folder(path, made, visits(across, branch)))
}

async fn file<'a, S: RemoteStore + ?Sized, T: RemoteStore + ?Sized>(
    across: Arc<Across<'a, S, T>>,
    item: Item,
    path: RemotePath,
    to: ItemRef,
) -> Result<Visited<'a>> {
    let request = UploadRequest::new(to, &item.name).with_on_conflict(across.options.on_conflict);
    let transfer = across.options.transfer.clone();
    let copied = copy_file(across.source, &ItemRef::from(&item), across.target, request, transfer).await;
    let (copy, integrity) =
        copied.and_then(|outcome| sent(&item.name, outcome)).map_err(|error| name_path(error, &path))?;
    Ok(Visited::file(path, copy, integrity))
}
