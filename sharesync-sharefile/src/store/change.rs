//! Creating folders, deleting, sharing.

use sharesync_core::{
    Asked, Attempted, Audience, CreateFolderOptions, DeleteOptions, ErrorKind, Item, ItemRef, Operation, Result,
    Revision, Share, ShareAccess, ShareId, ShareKind, ShareRequest, Timestamp, check_granted,
};

use super::locate::{check_name, failure};
use super::{ShareFileStore, translate};
use crate::model::{Item as Entity, Share as ShareEntity};
use crate::{BulkDeleteOptions, CreateShareOptions, Items, PROVIDER};

/// Whether the service created an item after a time of this computer's clock.
pub(super) fn is_newer(entity: &Entity, than: Timestamp) -> bool {
    let created = translate::instant(entity.creation_date);
    created.is_some_and(|created| created.is_since(than))
}

pub(super) async fn create_folder(
    store: &ShareFileStore,
    parent: &ItemRef,
    name: &str,
    options: CreateFolderOptions,
) -> Result<Item> {
    check_name(Operation::CreateFolder, name)?;
    let parent = store.id_of(parent).await?;
    let mut folder = Entity::new().with_name(name);
    folder.description = options.description;
    let began = store.client().clock().now();
    let created = new_folder(store.items(), &parent, &folder).await;
    let entity = match created {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && options.reuse_existing => {
            let existing = store.child(&parent, name).await?;
            existing.filter(|existing| existing.kind() == crate::model::ItemKind::Folder).ok_or(error)?
        }
        // The answer was lost. A folder that is there and new is the one that was asked for.
        Err(error) if error.maybe_applied() => match store.child(&parent, name).await.after_write()? {
            None => new_folder(store.items(), &parent, &folder).await?,
            Some(found) => {
                let is_folder = found.kind() == crate::model::ItemKind::Folder;
                let ours = is_folder && (options.reuse_existing || is_newer(&found, began));
                if ours { found } else { return Err(error) }
            }
        },
        Ok(made) => {
            let told = translate::item(&made).after_write()?;
            let checked = Asked::named(name).folder().within(&parent).check(&told);
            checked.attempted(PROVIDER, Operation::CreateFolder.name()).about(name)?;
            made
        }
        Err(error) => return Err(error),
    };
    let mut item = translate::item(&entity).after_write()?;
    item.parent = Some(parent.into());
    Ok(item)
}

/// Creates a folder that replaces nothing.
pub(super) async fn new_folder(items: &Items, parent: &str, folder: &Entity) -> Result<Entity> {
    let options = crate::CreateFolderOptions::new().with_overwrite(false).with_query(translate::listing());
    items.create_folder(parent, folder, options).await.map_err(|error| error.with_subject(named(folder)))
}

fn named(entity: &Entity) -> &str {
    entity.name.as_deref().unwrap_or_default()
}

pub(super) async fn delete(store: &ShareFileStore, item: &ItemRef, options: DeleteOptions) -> Result<()> {
    let operation = if options.permanent { Operation::DeletePermanently } else { Operation::Delete };
    if store.is_root(item).await? {
        return Err(failure(operation, ErrorKind::InvalidInput, "the root of the store stays").with_subject(item));
    }
    let deleted = if options.permanent || options.if_revision.is_some() {
        let present = store.find(item).await?;
        let checked = Revision::require(options.if_revision.as_ref(), present.revision.as_ref());
        checked.attempted(PROVIDER, operation.name()).about(item)?;
        match present.parent.as_ref().filter(|_| options.permanent) {
            Some(parent) => {
                // The stream stands for all versions of a file.
                let ids = [present.identity().as_str()];
                let bulk = BulkDeleteOptions::new().with_force_sync(true).with_delete_permanently(true);
                store.items().bulk_delete(parent.as_str(), &ids, bulk).await
            }
            None if options.permanent => {
                let why = "the service does not say which folder it is in";
                return Err(failure(operation, ErrorKind::Protocol, why).with_subject(item));
            }
            None => by_id(store, present.id.as_str()).await,
        }
    } else {
        by_id(store, &store.id_of(item).await?).await
    };
    let outcome = match deleted {
        // An earlier attempt, whose answer was lost, has deleted it.
        Err(error) if error.kind() == ErrorKind::NotFound && error.maybe_applied() => return Ok(()),
        deleted => deleted?,
    };
    store.settled(outcome).await.map(drop)
}

/// Deletes all versions of an item into the recycle bin.
pub(super) async fn by_id(store: &ShareFileStore, id: &str) -> Result<crate::Outcome<()>> {
    let options = crate::DeleteOptions::new().with_single_version(false).with_force_sync(true);
    store.items().delete(id, options).await
}

pub(super) async fn share(store: &ShareFileStore, item: &ItemRef, request: &ShareRequest) -> Result<Share> {
    check_share(request).map_err(|error| error.with_subject(item))?;
    let found = store.find(item).await?;
    let mut entity = match request.kind {
        ShareKind::RequestFiles if !found.is_folder() => {
            let why = "files can only be put into a folder";
            return Err(failure(Operation::RequestFiles, ErrorKind::InvalidInput, why).with_subject(item));
        }
        ShareKind::RequestFiles => ShareEntity::request(found.id.as_str()),
        // Without its stream, the link of a file leads to this version.
        _ if request.follow_latest => ShareEntity::send([found.identity().as_str()]).with_stream_ids(found.is_file()),
        _ => ShareEntity::send([found.id.as_str()]).with_stream_ids(false),
    };
    if request.kind == ShareKind::Link {
        let downloads = request.max_downloads.map_or(-1, i64::from);
        entity = entity.with_max_downloads(downloads).with_view_only(request.access == ShareAccess::View);
    }
    entity = entity.with_require_login(request.audience == Audience::SignedIn).with_require_user_info(false);
    entity.title = request.title.clone();
    entity.expiration_date = request.expires.map(Into::into);
    let quiet = CreateShareOptions::new().with_notify(false);
    let created = store.client().shares().create(&entity, quiet).await.map_err(|error| error.with_subject(item))?;
    check_made(request, &created).attempted(PROVIDER, Operation::Share.name()).about(item)?;
    let expires = translate::instant(created.expiration_date);
    match created.id {
        Some(id) => Ok(Share::new(id, found.id).with_link(created.uri).with_expires(expires)),
        None => Err(failure(Operation::Share, ErrorKind::Protocol, "a share without an Id").with_maybe_applied(true)),
    }
}

/// Checks that a link lets nobody do more than was asked for. What is not told is not compared.
fn check_made(request: &ShareRequest, made: &ShareEntity) -> Result<()> {
    let ends = request.expires.zip(translate::instant(made.expiration_date));
    let later = ends.is_some_and(|(asked, told)| told.truncated_to_seconds() > asked.truncated_to_seconds());
    let asked = request.max_downloads.map(i64::from);
    let more = asked.zip(made.max_downloads).is_some_and(|(asked, told)| told > asked || told < 0);
    let open = request.audience == Audience::SignedIn && made.require_login == Some(false);
    let view_only = request.kind == ShareKind::Link && request.access == ShareAccess::View;
    check_granted(&[
        (later, "it ends later"),
        (more, "it allows more downloads"),
        (open, "it is for anyone"),
        (view_only && made.is_view_only == Some(false), "it can be downloaded"),
    ])
}

/// Refuses what the service cannot grant as asked.
fn check_share(request: &ShareRequest) -> Result<()> {
    let operation = match request.kind {
        ShareKind::Link => Operation::Share,
        ShareKind::RequestFiles => Operation::RequestFiles,
        _ => Operation::Invite,
    };
    let why = match request {
        _ if operation == Operation::Invite => "links are shared, not access: the typed client sends links by mail",
        _ if request.password.is_some() => "links have no passwords",
        _ if request.access == ShareAccess::Edit => "links grant no editing",
        _ if request.notify || request.message.is_some() => "no mail is sent: the typed client sends links by mail",
        ShareRequest { audience: Audience::People(_), .. } => "a link is for anyone, or for all who sign in",
        ShareRequest { kind: ShareKind::RequestFiles, max_downloads: Some(_), .. } => {
            "nothing is downloaded through it"
        }
        _ => return Ok(()),
    };
    Err(failure(operation, ErrorKind::Unsupported, why))
}

pub(super) async fn unshare(store: &ShareFileStore, share: &ShareId) -> Result<()> {
    match store.client().shares().delete(share.as_str()).await {
        // An earlier attempt, whose answer was lost, has ended it.
        Err(error) if error.kind() == ErrorKind::NotFound && error.maybe_applied() => Ok(()),
        ended => ended,
    }
}
