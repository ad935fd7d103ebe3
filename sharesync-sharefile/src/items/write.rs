//! Changing one item: create, update, delete, copy, lock.

use sharesync_core::http::Repeat;
use sharesync_core::{Error, ErrorKind, Result, Timestamp};

use super::{CopyOptions, CreateFolderOptions, DeleteOptions, Items, UpdateNoteOptions, UpdateOptions, item, items};
use crate::answer::{NoContent, Nothing, Outcome};
use crate::error::name_taken;
use crate::model::Item;
use crate::params::Params;
use crate::{PROVIDER, Query};

/// The zone in which the service reads the modification time of an update, whatever the time itself says.
const UPDATE_ZONE: &str = "America/New_York";

impl Items {
    /// Creates a folder. `name` of `folder` is needed; `description` and `expiration_date` are heeded.
    ///
    /// `POST Items(parentid)/Folder` [create folder, Items reference].
    ///
    /// # Errors
    /// [`AlreadyExists`](ErrorKind::AlreadyExists) when the name is taken, unless it is to be overwritten.
    pub async fn create_folder(
        &self,
        parent_id: &str,
        folder: &Item,
        options: impl Into<CreateFolderOptions>,
    ) -> Result<Item> {
        let request = self.request("Items.CreateFolder", item(parent_id).then("Folder"));
        request.params(options.into()).json(folder).post().await.map_err(name_taken)
    }

    /// Creates a folder at the top of the account. `zone` of `folder` is heeded, besides what
    /// [`create_folder`](Self::create_folder) heeds.
    ///
    /// `POST Items/Folder` [create folder, Items reference].
    ///
    /// # Errors
    /// [`AlreadyExists`](ErrorKind::AlreadyExists) when the name is taken, unless it is to be overwritten.
    pub async fn create_top_folder(&self, folder: &Item, options: impl Into<CreateFolderOptions>) -> Result<Item> {
        let request = self.request("Items.CreateFolder", items().then("Folder"));
        request.params(options.into()).json(folder).post().await.map_err(name_taken)
    }

    /// Creates a note. `name` and `description` of `note` are heeded.
    ///
    /// `POST Items(parentid)/Note` [create note, Items reference].
    ///
    /// # Errors
    /// Those of any request.
    pub async fn create_note(&self, parent_id: &str, note: &Item, query: &Query) -> Result<Item> {
        let request = self.request("Items.CreateNote", item(parent_id).then("Note"));
        request.params(query).json(note).post().await
    }

    /// Changes an item: `name`, `file_name`, `description`, `expiration_date`, `parent` and `zone` of `changes` are
    /// heeded. The names of a folder are always the same; of two different ones `name` counts.
    ///
    /// A new name together with a new parent is first applied in the old folder, and may replace an item there
    /// (inferred); the [store](crate::ShareFileStore) moves in steps that replace nothing. A new zone, of the item or of
    /// its new parent, is applied later.
    ///
    /// `PATCH Items(id)` [update item, Items reference].
    ///
    /// # Errors
    /// [`AlreadyExists`](ErrorKind::AlreadyExists) when the new name is taken, unless it is to be overwritten.
    pub async fn update(&self, id: &str, changes: &Item, options: impl Into<UpdateOptions>) -> Result<Outcome<Item>> {
        let request = self.request("Items.Update", item(id)).params(options.into()).json(changes);
        let outcome = request.patch().await;
        let names = changes.name.is_some() || changes.file_name.is_some() || changes.parent.is_some();
        if names { outcome.map_err(name_taken) } else { outcome }
    }

    /// Sets when the content of an item was modified, to the second, and checks that the service took it as meant.
    ///
    /// The service reads this time of an update as that of a clock in New York, although it is written as UTC
    /// [inferred from other clients]. So it is shifted before it is sent; should the service have been mended, the second
    /// attempt is made without. In the hour that New York's clocks repeat in autumn no time can be set for sure.
    ///
    /// # Errors
    /// [`Integrity`](ErrorKind::Integrity) when the service has another time afterwards.
    pub async fn set_modified(&self, id: &str, time: Timestamp) -> Result<Item> {
        let wanted = time.truncated_to_seconds();
        let shifted = wanted.wall_clock_in(UPDATE_ZONE);
        for sent in shifted.into_iter().chain([wanted]) {
            let changes = Item::new().with_client_modified_date(sent);
            self.update(id, &changes, UpdateOptions::new()).await?;
            let read = self.get(id, &Query::new()).await?;
            let stored = read.client_modified_date.and_then(|date| date.timestamp());
            if stored.map(Timestamp::truncated_to_seconds) == Some(wanted) {
                return Ok(read);
            }
        }
        let error = Error::new(ErrorKind::Integrity, "the service has another modification time than was set");
        Err(error.with_provider(PROVIDER).with_operation("Items.SetModified").with_subject(id))
    }

    /// Changes a note: `name`, `description` and `parent` of `changes` are heeded.
    ///
    /// `PATCH Items/Note(id)` [update note, Items reference].
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) when there is no such note.
    pub async fn update_note(&self, id: &str, changes: &Item, options: impl Into<UpdateNoteOptions>) -> Result<Item> {
        let place = crate::client::Place::entity("Items/Note", id);
        self.request("Items.UpdateNote", place).params(options.into()).json(changes).patch().await
    }

    /// Deletes an item: of a file all versions, unless the options say otherwise. It goes to the recycle bin, where the
    /// account has one.
    ///
    /// `DELETE Items(id)` [delete item, Items reference].
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) when there is no such item.
    pub async fn delete(&self, id: &str, options: impl Into<DeleteOptions>) -> Result<Outcome<()>> {
        let outcome =
            self.request("Items.Delete", item(id)).params(options.into()).delete::<Outcome<NoContent>>().await;
        outcome.map(|outcome| outcome.map(|NoContent| ()))
    }

    /// Copies an item into a folder, under the name it has.
    ///
    /// A copy to another zone is made later. `POST Items(id)/Copy` [copy item, Items reference, where the result is "the
    /// modified source object"; it has the identifier of the copy, inferred from other clients].
    ///
    /// # Errors
    /// [`AlreadyExists`](ErrorKind::AlreadyExists) when the name is taken, unless it is to be overwritten.
    pub async fn copy(&self, id: &str, target_id: &str, options: impl Into<CopyOptions>) -> Result<Outcome<Item>> {
        let params = Params::new().with("targetid", target_id).and(options.into());
        self.request("Items.Copy", item(id).then("Copy")).params(params).post().await.map_err(name_taken)
    }

    /// Unlocks a file. Only SharePoint connectors can do that.
    ///
    /// `POST Items(id)/CheckIn` [unlock file, Items reference].
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) from other providers.
    pub async fn check_in(&self, id: &str, message: Option<&str>) -> Result<()> {
        let params = Params::new().optional("message", message);
        self.switch(self.request("Items.CheckIn", item(id).then("CheckIn")).params(params)).await
    }

    /// Locks a file. Only SharePoint connectors can do that.
    ///
    /// `POST Items(id)/CheckOut` [lock file, Items reference].
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) from other providers, [`Locked`](ErrorKind::Locked) when somebody else
    /// holds the lock.
    pub async fn check_out(&self, id: &str) -> Result<()> {
        self.switch(self.request("Items.CheckOut", item(id).then("CheckOut"))).await
    }

    /// Unlocks a file and gives up what was changed. Only SharePoint connectors can do that.
    ///
    /// `POST Items(id)/DiscardCheckOut` [discard checkout, Items reference].
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) from other providers.
    pub async fn discard_check_out(&self, id: &str) -> Result<()> {
        self.switch(self.request("Items.DiscardCheckOut", item(id).then("DiscardCheckOut"))).await
    }

    /// Puts something into a state: doing it twice does no more.
    async fn switch(&self, request: crate::client::Request<'_>) -> Result<()> {
        let Nothing = request.repeat(Repeat::Idempotent).post().await?;
        Ok(())
    }
}
