//! A remote folder into a local directory.

use std::path::PathBuf;
use std::sync::Arc;

use futures::{FutureExt as _, StreamExt as _, TryFutureExt as _};

use super::super::directory::{Directory, Doorway};
use super::super::items;
use super::super::local::{DownloadToOptions, check_local_name, download_into};
use super::super::partial::Target;
use super::super::place::Place;
use super::crawl::{Crawl, Visit, Visited, Visits};
use super::taken::TakenNames;
use super::{TreeEntry, TreeOptions, name_path};
use crate::names::Folding;
use crate::transfer::blocking::blocking;
use crate::{BoxStream, Item, ItemRef, ListOptions, OnConflict, RemotePath, RemoteStore, Result};

struct Down<'a, S: ?Sized> {
    store: &'a S,
    options: Arc<TreeOptions>,
}

/// A folder of the tree, and the directory that it goes into.
struct Branch {
    from: ItemRef,
    place: Place,
    to: Doorway,
    /// How the directory around compares names, if this one is new in it.
    new_in: Option<Folding>,
}

pub(in super::super) fn download_dir<'a, S: RemoteStore + ?Sized>(
    store: &'a S,
    folder: ItemRef,
    local: PathBuf,
    options: TreeOptions,
) -> BoxStream<'a, Result<TreeEntry>> {
    let options = options.shared();
    let down = Arc::new(Down { store, options: options.clone() });
    let root = Branch { from: folder, place: Place::start(), to: Doorway::At(local), new_in: None };
    Crawl::stream(visits(down, root), &options)
}

fn visits<'a, S: RemoteStore + ?Sized>(down: Arc<Down<'a, S>>, branch: Branch) -> Visits<'a> {
    async move {
        let Branch { from, place, to, new_in } = branch;
        let opened = blocking(move || {
            let directory = to.enter()?;
            let names = TakenNames::of_directory(&directory, new_in)?;
            Ok((directory, names))
        });
        let (directory, mut names) = opened.await.map_err(|error| name_path(error, &place.path))?;
        let listed = items(down.store, &from, ListOptions::new());
        let mut visit = move |item| prepare(&down, &directory, &place, &mut names, item);
        Ok(listed.map(move |item| item.and_then(&mut visit)))
    }
    .try_flatten_stream()
    .boxed()
}

/// Decides what becomes of an item, one after another.
fn prepare<'a, S: RemoteStore + ?Sized>(
    down: &Arc<Down<'a, S>>,
    directory: &Directory,
    place: &Place,
    names: &mut TakenNames,
    item: Item,
) -> Result<Visit<'a>> {
    let path = place.path_of(&item)?;
    let fine = check_local_name(&item.name, cfg!(windows));
    if fine.is_ok() && !item.is_file() && !item.is_folder() {
        return Ok(Visited::skip(path));
    }
    fine.and_then(|()| names.take(&item.name)).map_err(|error| name_path(error, &path))?;
    let (down, directory) = (down.clone(), directory.clone());
    Ok(if item.is_file() {
        file(down, directory, item, path).boxed()
    } else {
        let inside = place.enter(&item, path)?;
        folder(down, directory, names.folding(), item, inside).boxed()
    })
}

async fn folder<'a, S: RemoteStore + ?Sized>(
    down: Arc<Down<'a, S>>,
    directory: Directory,
    folding: Folding,
    item: Item,
    place: Place,
) -> Result<Visited<'a>> {
    let (within, name) = (directory.clone(), item.name.clone());
    let made = blocking(move || within.make(name.as_ref())).await;
    let new = made.map_err(|error| name_path(error, &place.path))?;
    let (path, to) = (place.path.clone(), Doorway::In(directory, (&item.name).into()));
    let branch = Branch { from: ItemRef::from(&item), place, to, new_in: new.then_some(folding) };
    Ok(Visited::folder(path, item, visits(down, branch)))
}

async fn file<'a, S: RemoteStore + ?Sized>(
    down: Arc<Down<'a, S>>,
    directory: Directory,
    item: Item,
    path: RemotePath,
) -> Result<Visited<'a>> {
    let options = &down.options;
    let overwrite = options.on_conflict == OnConflict::NewVersion;
    let target = Target { directory, name: (&item.name).into(), overwrite };
    let how = DownloadToOptions {
        durable: options.durable,
        listed: Some(Box::new(item.clone())),
        progress: options.transfer.progress.clone(),
        cancel: options.transfer.cancel.clone(),
        ..DownloadToOptions::new()
    };
    let got = download_into(down.store, &ItemRef::from(&item), target, how).await;
    let outcome = got.map_err(|error| name_path(error, &path))?;
    Ok(Visited::file(path, outcome.item, outcome.integrity))
}
