//! A local directory into a remote folder.

use std::path::PathBuf;
use std::sync::Arc;

use cap_std::fs::OpenOptions;
use futures::{FutureExt as _, StreamExt as _, TryFutureExt as _};

use super::super::directory::{Directory, Doorway, Found};
use super::super::{partial, upload_source};
use super::crawl::{Crawl, Visit, Visited, Visits};
use super::taken::TakenNames;
use super::{TreeEntry, TreeOptions, ensure_folder, name_path, sent};
use crate::transfer::blocking::blocking;
use crate::transfer::{FileSource, UploadRequest};
use crate::{BoxStream, Error, ErrorKind, ItemRef, RemotePath, RemoteStore, Result};

struct Up<'a, S: ?Sized> {
    store: &'a S,
    options: Arc<TreeOptions>,
}

/// A directory of the tree, and the folder that it goes into.
struct Branch {
    from: Doorway,
    path: RemotePath,
    to: ItemRef,
    new: bool,
}

pub(in super::super) fn upload_dir<'a, S: RemoteStore + ?Sized>(
    store: &'a S,
    local: PathBuf,
    folder: ItemRef,
    options: TreeOptions,
) -> BoxStream<'a, Result<TreeEntry>> {
    let options = options.shared();
    let up = Arc::new(Up { store, options: options.clone() });
    let root = Branch { from: Doorway::At(local), path: RemotePath::root(), to: folder, new: false };
    Crawl::stream(visits(up, root), &options)
}

fn visits<'a, S: RemoteStore + ?Sized>(up: Arc<Up<'a, S>>, branch: Branch) -> Visits<'a> {
    async move {
        let Branch { from, path, to, new } = branch;
        let directory = blocking(move || from.enter()).await.map_err(|error| name_path(error, &path))?;
        let names = TakenNames::of_folder(up.store, &to, new, up.options.on_conflict).await;
        let mut names = names.map_err(|error| name_path(error, &path))?;
        let entries = directory.clone().listed();
        let mut visit = move |found| prepare(&up, &directory, &path, &to, &mut names, found);
        Ok(entries.map(move |found| found.and_then(&mut visit)))
    }
    .try_flatten_stream()
    .boxed()
}

/// Decides what becomes of an entry, one after another.
fn prepare<'a, S: RemoteStore + ?Sized>(
    up: &Arc<Up<'a, S>>,
    directory: &Directory,
    above: &RemotePath,
    to: &ItemRef,
    names: &mut TakenNames,
    found: Found,
) -> Result<Visit<'a>> {
    let Some(name) = found.name.to_str().map(str::to_owned) else {
        let message = format!("the local name {} is not valid Unicode", directory.path_of(&found.name).display());
        return Err(Error::new(ErrorKind::InvalidName, message));
    };
    let path = above.join(&name)?;
    let is_file = found.kind.is_file() && !partial::is_own(&name);
    if !is_file && !found.kind.is_dir() {
        return Ok(Visited::skip(path));
    }
    let new = !names.was_there(&name);
    let free = up.store.capabilities().names.check(&name).and_then(|()| names.take(&name));
    free.map_err(|error| name_path(error, &path))?;
    let (up, directory, to) = (up.clone(), directory.clone(), to.clone());
    Ok(if is_file {
        file(up, directory, name, path, to).boxed()
    } else {
        folder(up, Branch { from: Doorway::In(directory, found.name), path, to, new }, name).boxed()
    })
}

async fn folder<'a, S: RemoteStore + ?Sized>(
    up: Arc<Up<'a, S>>,
    mut branch: Branch,
    name: String,
) -> Result<Visited<'a>> {
    let made = ensure_folder(up.store, &branch.to, &name).await;
    let item = made.map_err(|error| name_path(error, &branch.path))?;
    branch.to = ItemRef::from(&item);
    Ok(Visited::folder(branch.path.clone(), item, visits(up, branch)))
}

async fn file<'a, S: RemoteStore + ?Sized>(
    up: Arc<Up<'a, S>>,
    directory: Directory,
    name: String,
    path: RemotePath,
    to: ItemRef,
) -> Result<Visited<'a>> {
    let request = UploadRequest::new(to, &name).with_on_conflict(up.options.on_conflict);
    let done = async {
        let source = open(directory, name.clone()).await?;
        let outcome = upload_source(up.store, source, request, up.options.transfer.clone()).await?;
        sent(&name, outcome)
    };
    let (item, integrity) = done.await.map_err(|error| name_path(error, &path))?;
    Ok(Visited::file(path, item, integrity))
}

async fn open(directory: Directory, name: String) -> Result<FileSource> {
    blocking(move || {
        let path = directory.path_of(name.as_ref());
        let file = directory.open_file(name.as_ref(), OpenOptions::new().read(true));
        FileSource::new(file.map_err(|error| Error::io("open", &path, error))?, path)
    })
    .await
}
