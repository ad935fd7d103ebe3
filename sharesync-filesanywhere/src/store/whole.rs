//! A file whose chunks are all sent: it is compared with what was sent, and a new one gets its name.

use std::sync::Arc;

use sharesync_core::transfer::{DownloadOptions, UploadSpec};
use sharesync_core::{Digest, DigestAlgorithm, ErrorKind, Item, OnConflict, Result};

use super::find::Found;
use super::names::split;
use super::transfer::State;
use super::{Inner, refuse};
use crate::PROVIDER;
use crate::model::ItemKind;

impl Inner {
    pub(super) async fn upload_finish(self: &Arc<Self>, spec: &UploadSpec, content: &[Digest]) -> Result<Item> {
        let state: State = spec.state(PROVIDER)?;
        let gone = || refuse(ErrorKind::UploadExpired, &state.path, "the file that was sent is not there");
        // What was sent under its own name is there, whatever this look tells.
        let looked = self.file_at(state.target()).await;
        let found = looked.map_err(|error| error.with_maybe_applied(state.aside.is_none()))?.ok_or_else(gone)?;
        let compared = match found.item.size.filter(|size| *size != spec.request.size) {
            Some(size) => Err(format!("{} bytes were sent, and the service has {size}", spec.request.size)),
            None if state.resumed => self.read_back(&found, content).await?,
            None => Ok(()),
        };
        match (compared, &state.aside) {
            (Ok(()), None) => Ok(found.item),
            (Ok(()), Some(aside)) => self.put_in_place(spec, &state, aside).await,
            // Nobody has seen it yet.
            (Err(difference), Some(_)) if state.resumed => {
                Err(refuse(ErrorKind::UploadExpired, &state.path, difference))
            }
            (Err(difference), _) => {
                Err(refuse(ErrorKind::Integrity, &state.path, difference).with_maybe_applied(state.aside.is_none()))
            }
        }
    }

    /// Compares by reading what the service holds: it tells no digest. The error is the difference.
    async fn read_back(self: &Arc<Self>, found: &Found, content: &[Digest]) -> Result<Result<(), String>> {
        let Some(sent) = content.iter().find(|digest| digest.algorithm() == DigestAlgorithm::Md5) else {
            return Ok(Ok(()));
        };
        let held = self.open(found.clone(), DownloadOptions::new()).await?.digest(DigestAlgorithm::Md5).await?;
        Ok(if held == *sent { Ok(()) } else { Err(format!("{sent} was sent, and the service has {held}")) })
    }

    /// Gives the complete file its name. What the service does with a name that is taken is not documented: it is looked for.
    async fn put_in_place(self: &Arc<Self>, spec: &UploadSpec, state: &State, aside: &str) -> Result<Item> {
        let (_, name) = split(&state.path).unwrap_or_default();
        if let Some(other) = self.at(&state.path).await? {
            let replaces = spec.request.on_conflict == OnConflict::NewVersion && spec.request.if_revision.is_none();
            let taken = other.holder().refuse(name);
            if !replaces || other.kind == ItemKind::Folder {
                return Err(taken);
            }
            let message = "somebody else has made a file of this name: a new version of it is due";
            return Err(refuse(ErrorKind::UploadExpired, name, message).with_source(taken));
        }
        let renamed = self.client.items().rename(ItemKind::File, aside, name).await;
        match (renamed, self.file_at(&state.path).await) {
            (Err(error), _) if !error.maybe_applied() => Err(error),
            (_, Ok(Some(found))) if found.item.size.is_none_or(|size| size == spec.request.size) => Ok(found.item),
            (Err(error), _) => Err(error),
            (Ok(()), Err(error)) => Err(error.with_maybe_applied(true)),
            (Ok(()), Ok(_)) => {
                let message = "the service says that it gave the file its name, and there is no such file";
                Err(refuse(ErrorKind::Protocol, &state.path, message).with_maybe_applied(true))
            }
        }
    }

    /// Whether all of a new file is where its chunks went, so that only its name is missing.
    pub(super) async fn is_all_there(self: &Arc<Self>, state: &State, size: u64) -> Result<bool> {
        let Some(aside) = &state.aside else { return Ok(false) };
        Ok(self.file_at(aside).await?.is_some_and(|found| found.item.size == Some(size)))
    }

    /// Deletes what there is of a new file. No operation gives up the chunks themselves.
    pub(super) async fn upload_abort(self: &Arc<Self>, spec: &UploadSpec) -> Result<()> {
        let state: State = spec.state(PROVIDER)?;
        let Some(aside) = &state.aside else { return Ok(()) };
        if self.file_at(aside).await?.is_none() {
            return Ok(());
        }
        match self.client.items().delete(&[(ItemKind::File, aside)]).await {
            Err(error) if self.file_at(aside).await?.is_some() => Err(error),
            _ => Ok(()),
        }
    }
}
