//! Items that are found by their state: deleted, or scanned.

use sharesync_core::{BoxStream, Page, Result};

use super::{DlpStatusOptions, Items, UserDeletedItemsOptions, item, items};
use crate::Query;
use crate::client::Request;
use crate::model::{DlpStatus, Feed, Item};
use crate::params::Params;

impl Items {
    /// One page of the items that were deleted from a folder and can be restored.
    ///
    /// `GET Items(parentid)/DeletedChildren` [get a collection of recoverable items in a folder, Items reference].
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when there is no such folder.
    pub async fn deleted_children(&self, parent_id: &str, query: &Query) -> Result<Feed<Item>> {
        self.deleted_children_request(parent_id, query).feed().await
    }

    /// All items that were deleted from a folder and can be restored, page by page.
    pub fn deleted_children_pages(&self, parent_id: &str, query: &Query) -> BoxStream<'static, Result<Page<Item>>> {
        self.pages(self.deleted_children_request(parent_id, query))
    }

    fn deleted_children_request(&self, parent_id: &str, query: &Query) -> Request<'_> {
        self.request("Items.DeletedChildren", item(parent_id).then("DeletedChildren")).params(query)
    }

    /// One page of the items of a user that were deleted and can be restored.
    ///
    /// `GET Items/UserDeletedItems` [get a collection of recoverable items for a user, Items reference].
    ///
    /// # Errors
    /// [`PermissionDenied`](sharesync_core::ErrorKind::PermissionDenied) for the items of others.
    pub async fn user_deleted_items(&self, options: impl Into<UserDeletedItemsOptions>) -> Result<Feed<Item>> {
        self.user_deleted_items_request(options.into()).feed().await
    }

    /// All items of a user that were deleted and can be restored, page by page.
    pub fn user_deleted_items_pages(
        &self,
        options: impl Into<UserDeletedItemsOptions>,
    ) -> BoxStream<'static, Result<Page<Item>>> {
        self.pages(self.user_deleted_items_request(options.into()))
    }

    fn user_deleted_items_request(&self, options: UserDeletedItemsOptions) -> Request<'_> {
        self.request("Items.UserDeletedItems", items().then("UserDeletedItems")).params(options)
    }

    /// One page of the items that the scan for data that must not leave has left in this state.
    ///
    /// `GET Items/ByDlpStatus` [get items by data loss prevention scan status, Items reference].
    ///
    /// # Errors
    /// [`PermissionDenied`](sharesync_core::ErrorKind::PermissionDenied) without the right to look.
    pub async fn by_dlp_status(&self, status: DlpStatus, options: impl Into<DlpStatusOptions>) -> Result<Feed<Item>> {
        self.by_dlp_status_request(status, options.into()).feed().await
    }

    /// All items that the scan for data that must not leave has left in this state, page by page.
    pub fn by_dlp_status_pages(
        &self,
        status: DlpStatus,
        options: impl Into<DlpStatusOptions>,
    ) -> BoxStream<'static, Result<Page<Item>>> {
        self.pages(self.by_dlp_status_request(status, options.into()))
    }

    fn by_dlp_status_request(&self, status: DlpStatus, options: DlpStatusOptions) -> Request<'_> {
        let params = Params::new().with("status", status).and(options);
        self.request("Items.ByDlpStatus", items().then("ByDlpStatus")).params(params)
    }
}
