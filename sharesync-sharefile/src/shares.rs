//! The Shares resource: links to get items, and links to put files into a folder (Shares).

use sharesync_core::http::Repeat;
use sharesync_core::{BoxStream, Page, Result};

use crate::Query;
use crate::answer::NoContent;
use crate::client::{Client, Place, Request};
use crate::model::{Feed, Item, Share, ShareAlias, ShareRequest, ShareSend};
use crate::paging::pages;
use crate::params::options;

options! {
    /// Options of [`Shares::create`].
    CreateShareOptions {
        /// Whether the recipients get mail. Without recipients and mail, whoever holds the link may use it.
        notify, with_notify(bool): bool = "notify",
        /// Not described.
        direct, with_direct(bool): bool = "direct",
    }
}

options! {
    /// Options of [`Shares::list`].
    ListSharesOptions {
        /// Whether shares are listed that have ended.
        include_expired, with_include_expired(bool): bool = "includeExpired",
    }
}

options! {
    /// Options of [`Shares::get`].
    GetShareOptions {
        /// Whether a share is returned that has ended.
        include_expired, with_include_expired(bool): bool = "includeExpired",
    }
}

options! {
    /// Options of [`Shares::update`].
    UpdateShareOptions {
        /// Whether the items are added to those that are shared, instead of replacing them.
        append_items_feed, with_append_items_feed(bool): bool = "appendItemsFeed",
    }
}

/// Links to get items, and links to put files into a folder: [`Client::shares`].
#[derive(Debug, Clone)]
pub struct Shares {
    client: Client,
}

impl Shares {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    fn request(&self, operation: &'static str, place: Place) -> Request<'_> {
        self.client.request(operation, place)
    }

    /// Creates a share: begin with [`Share::send`] or [`Share::request`]. It ends after 30 days unless it says otherwise.
    ///
    /// `POST Shares` [create share, Shares].
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when an item is not there.
    pub async fn create(&self, share: &Share, options: impl Into<CreateShareOptions>) -> Result<Share> {
        self.request("Shares.Create", shares()).params(options.into()).json(share).post().await
    }

    /// One share.
    ///
    /// `GET Shares(id)` [get share, Shares].
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when there is no such share, or it has ended.
    pub async fn get(&self, id: &str, options: impl Into<GetShareOptions>) -> Result<Share> {
        self.request("Shares.Get", share(id)).params(options.into()).get().await
    }

    /// One page of the user's shares.
    ///
    /// `GET Shares` [get list of shares, Shares].
    ///
    /// # Errors
    /// Those of any request.
    pub async fn list(&self, options: impl Into<ListSharesOptions>) -> Result<Feed<Share>> {
        self.request("Shares.List", shares()).params(options.into()).feed().await
    }

    /// All of the user's shares, page by page.
    pub fn list_pages(&self, options: impl Into<ListSharesOptions>) -> BoxStream<'static, Result<Page<Share>>> {
        let call = self.request("Shares.List", shares()).params(options.into()).into_call(http::Method::GET);
        pages(self.client.clone(), call, |share: &Share| share.id.clone())
    }

    /// Changes a share. Only what is set in `changes` is sent.
    ///
    /// `PATCH Shares(id)` [modify share, Shares].
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when there is no such share.
    pub async fn update(&self, id: &str, changes: &Share, options: impl Into<UpdateShareOptions>) -> Result<Share> {
        self.request("Shares.Update", share(id)).params(options.into()).json(changes).patch().await
    }

    /// Ends a share.
    ///
    /// `DELETE Shares(id)` [delete share, Shares].
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when there is no such share.
    pub async fn delete(&self, id: &str) -> Result<()> {
        let NoContent = self.request("Shares.Delete", share(id)).delete().await?;
        Ok(())
    }

    /// What is shared.
    ///
    /// `GET Shares(id)/Items` [get items of a share, Shares].
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when there is no such share.
    pub async fn items(&self, id: &str, query: &Query) -> Result<Feed<Item>> {
        self.request("Shares.Items", share(id).then("Items")).params(query).feed().await
    }

    /// Whom it is shared with.
    ///
    /// `GET Shares(id)/Recipients` [get recipients of a share, Shares].
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when there is no such share.
    pub async fn recipients(&self, id: &str, query: &Query) -> Result<Feed<ShareAlias>> {
        self.request("Shares.Recipients", share(id).then("Recipients")).params(query).feed().await
    }

    /// Sends a link to get items by mail.
    ///
    /// `POST Shares/Send` [send, Shares; body inferred from other clients].
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when an item is not there.
    pub async fn send(&self, request: &ShareSend) -> Result<Share> {
        self.request("Shares.Send", shares().then("Send")).json(request).repeat(Repeat::Never).post().await
    }

    /// Sends a link to put files into a folder by mail.
    ///
    /// `POST Shares/Request` [request, Shares; body inferred from other clients].
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when the folder is not there.
    pub async fn request_files(&self, request: &ShareRequest) -> Result<Share> {
        self.request("Shares.Request", shares().then("Request")).json(request).repeat(Repeat::Never).post().await
    }
}

fn shares() -> Place {
    Place::set("Shares")
}

fn share(id: &str) -> Place {
    Place::entity("Shares", id)
}
