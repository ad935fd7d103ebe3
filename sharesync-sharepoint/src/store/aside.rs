//! New files in chunks. The service takes chunks into a file that exists, so an empty one is made under a temporary name; it gets
//! its own when it is complete. Nobody ever finds an empty file where a finished one is expected.

use std::sync::Arc;

use sharesync_core::http::Body;
use sharesync_core::transfer::UploadSpec;
use sharesync_core::{Attempted as _, Error, ErrorKind, OnConflict, RemotePath, Result, own_task};

use super::Inner;
use super::find::made;
use super::item::{Known, refuse};
use super::transfer::State;
use crate::model::Guid;
use crate::rest::Target;

/// How often a file is looked at and deleted that another request may be changing.
const MOST_TRIES: u32 = 3;

impl Inner {
    /// The file that the chunks go into. Where it is there already, an earlier attempt has made it.
    pub(super) async fn aside(self: &Arc<Self>, state: &State) -> Result<Guid> {
        let missing = || refuse(ErrorKind::InvalidInput, &state.name, "the upload names no file to send chunks into");
        let name = state.temporary.clone().ok_or_else(missing)?;
        let (store, place) = (self.clone(), state.place());
        let wanted = Arc::new(());
        let still_wanted = Arc::downgrade(&wanted);
        let file = own_task(async move {
            let made = match store.client.files().add(&Target::Id(place.id), &name, false, Body::empty()).await {
                Ok(file) => made(file.unique_id),
                Err(error) if error.maybe_applied() || error.kind() == ErrorKind::AlreadyExists => {
                    store.child(&place, &name).await?.map(|found| found.id).ok_or(error)
                }
                Err(error) => Err(error),
            }?;
            if still_wanted.upgrade().is_none() {
                // Whoever gave the upload up may have looked for the file before it was there.
                store.client.files().delete(&Target::Id(made), None).await?;
            }
            Ok(made)
        });
        let file = file.await.map_err(|error| error.with_subject(&state.name));
        drop(wanted);
        file
    }

    /// Gives the complete file its name, which must be free.
    pub(super) async fn put_in_place(&self, spec: &UploadSpec, state: &State, complete: Known) -> Result<Known> {
        let replaces = spec.request.on_conflict == OnConflict::NewVersion && spec.request.if_revision.is_none();
        let failed = |error: Error| match error.kind() {
            ErrorKind::AlreadyExists if replaces => {
                let message = "somebody else has made a file of this name: a new version of it is due";
                refuse(ErrorKind::UploadExpired, &state.name, message).with_source(error)
            }
            _ => error.with_subject(&state.name),
        };
        // The folder may have been moved meanwhile: the file is in it.
        let folder = self.inside(&complete)?.parent().unwrap_or_else(RemotePath::root);
        let path = self.root.on_server(&folder.join(&state.name)?);
        let moved = match self.client.files().move_to(&Target::Id(complete.id), &path, false).await {
            Err(error) if !error.maybe_applied() => return Err(failed(error)),
            moved => moved,
        };
        let mut now = self.node(complete.id).await.after_write()?;
        if now.name != state.name {
            moved.map_err(failed)?;
            let message = format!("the service says that it gave the file its name, and it is {:?}", now.name);
            return Err(refuse(ErrorKind::Protocol, &state.name, message).with_maybe_applied(true));
        }
        let other = (now.size, &now.digest) != (complete.size, &complete.digest);
        if other && !self.client.dialect().rewrites(&state.name) {
            // Somebody else has made a newer version by now: what is known is what was sent.
            (now.size, now.digest, now.revision) = (complete.size, complete.digest, complete.revision);
        }
        Ok(now)
    }

    /// The file of an upload as it is now, if it is there.
    pub(super) async fn sent_into(&self, state: &State) -> Result<Option<Known>> {
        match (state.file, &state.temporary) {
            (Some(file), _) => self.file(file).await?.map(|found| Known::file(found, &self.root, None)).transpose(),
            (None, Some(name)) => self.child(&state.place(), name).await,
            (None, None) => Ok(None),
        }
    }

    /// Deletes the file of an upload that is given up, unless it has its own name by now.
    pub(super) async fn clear_away(&self, state: &State) -> Result<()> {
        let Some(temporary) = &state.temporary else { return Ok(()) };
        let mut tries = 1;
        loop {
            let Some(found) = self.sent_into(state).await?.filter(|found| found.name == *temporary) else {
                return Ok(());
            };
            match self.client.files().delete(&Target::Id(found.id), found.revision.as_ref()).await {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
                // The last request of the upload was still at work.
                Err(error) if error.kind() == ErrorKind::PreconditionFailed && tries < MOST_TRIES => tries += 1,
                deleted => return deleted,
            }
        }
    }
}
