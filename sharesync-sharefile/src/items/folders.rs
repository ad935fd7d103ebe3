//! What only folders have: permissions in force, redirections, templates, versioning; and links into the web app.

use serde_json::Value;
use sharesync_core::Result;
use sharesync_core::http::Repeat;

use super::{Items, item};
use crate::Query;
use crate::answer::{Address, Loose};
use crate::model::{Item, ItemInfo, Redirection};
use crate::params::Params;

impl Items {
    /// What the current user may do with a folder. Other items are refused.
    ///
    /// `GET Items(id)/Info` [get folder access info, Items reference].
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when there is no such folder.
    pub async fn info(&self, folder_id: &str, query: &Query) -> Result<ItemInfo> {
        self.request("Items.Info", item(folder_id).then("Info")).params(query).get().await
    }

    /// Where a folder or a symbolic link is to be worked on. Other items are refused.
    ///
    /// `GET Items(id)/Redirection` [get redirection endpoint information, Items reference].
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when there is no such item.
    pub async fn redirection(&self, id: &str, query: &Query) -> Result<Redirection> {
        let Address(address) =
            self.request("Items.Redirection", item(id).then("Redirection")).params(query).get().await?;
        Ok(address)
    }

    /// A link that opens the folder of an item in the web app, with the user signed in. It can be used once.
    ///
    /// `POST Items(id)/WebAppLink` [create a one-time use login URI for the web app, Items reference].
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when there is no such item.
    pub async fn web_app_link(&self, id: &str) -> Result<Redirection> {
        let Address(address) = self.request("Items.WebAppLink", item(id).then("WebAppLink")).post().await?;
        Ok(address)
    }

    /// Takes a folder off the template that made it. What the service answers is not documented; null where it is
    /// nothing.
    ///
    /// `POST Items(parentid)/RemoveTemplateAssociation` [remove folder template association from folder, Items
    /// reference].
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when there is no such folder.
    pub async fn remove_template_association(&self, folder_id: &str) -> Result<Value> {
        let place = item(folder_id).then("RemoveTemplateAssociation");
        let request = self.request("Items.RemoveTemplateAssociation", place).repeat(Repeat::Idempotent);
        let Loose(answer) = request.post().await?;
        Ok(answer)
    }

    /// Says whether a folder is part of what a template has made. What the service answers is not documented; null where
    /// it is nothing.
    ///
    /// `POST Items(parentid)/CheckTemplateOwned` [check if template is already part of an existing template structure,
    /// Items reference].
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when there is no such folder.
    pub async fn check_template_owned(&self, folder_id: &str) -> Result<Value> {
        let request = self.request("Items.CheckTemplateOwned", item(folder_id).then("CheckTemplateOwned"));
        let Loose(answer) = request.repeat(Repeat::Safe).post().await?;
        Ok(answer)
    }

    /// Says whether files would be deleted if only so many versions were kept. What the service answers is not
    /// documented; null where it is nothing.
    ///
    /// `POST Items(parentid)/CheckVersioningViolation` [check if a versioning change would result in file deletions,
    /// Items reference]. The parameter is sent in the query (inferred).
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when there is no such folder.
    pub async fn check_versioning_violation(&self, folder_id: &str, new_max_versions: i32) -> Result<Value> {
        let params = Params::new().with("newMaxVersions", new_max_versions);
        let request = self.request("Items.CheckVersioningViolation", item(folder_id).then("CheckVersioningViolation"));
        let Loose(answer) = request.params(params).repeat(Repeat::Safe).post().await?;
        Ok(answer)
    }

    /// Says whether items could be previewed if they were created in a folder: `file_name` and `file_size_bytes` of each
    /// are heeded. What the service answers is not documented; null where it is nothing.
    ///
    /// `POST Items(parentid)/CheckIfPreviewable` [check if items would be previewable when created with a specific
    /// parent, Items reference].
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when there is no such folder.
    pub async fn check_if_previewable(&self, folder_id: &str, items: &[Item]) -> Result<Value> {
        let request = self.request("Items.CheckIfPreviewable", item(folder_id).then("CheckIfPreviewable"));
        let Loose(answer) = request.json(&items).repeat(Repeat::Safe).post().await?;
        Ok(answer)
    }
}
