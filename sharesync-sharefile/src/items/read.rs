//! Reading items: one, its parent, its children, its versions, its content.

use http::Method;
use sharesync_core::{BoxStream, Page, Result};

use super::{
    BreadcrumbsOptions, ChildrenOptions, DownloadOptions, GetOptions, Items, StreamOptions, ThumbnailOptions,
    TreeViewOptions, item, items,
};
use crate::Query;
use crate::answer::Address;
use crate::downloads::ContentStream;
use crate::model::{DownloadSpecification, Feed, Item, Redirection, kind_of_id};
use crate::params::Params;

impl Items {
    /// The home folder of the user. Client users have none, nor have accounts without personal folders.
    ///
    /// `GET Items` [get home folder for current user, Items reference].
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) or
    /// [`PermissionDenied`](sharesync_core::ErrorKind::PermissionDenied) where there is none.
    pub async fn home(&self, query: &Query) -> Result<Item> {
        self.request("Items.Home", items()).params(query).get().await
    }

    /// One item, or, with a tree mode in the options, a tree of folders to choose from.
    ///
    /// `GET Items(id)` [get item by ID or tree view, Items reference].
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when there is no such item.
    pub async fn get_or_tree_view(&self, id: &str, options: impl Into<TreeViewOptions>) -> Result<Item> {
        self.request("Items.GetOrTreeView", item(id)).params(options.into()).get().await
    }

    /// One item, by its identifier or one of the [aliases](super::alias).
    ///
    /// `GET Items(id)` [get item by ID, Items reference].
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when there is no such item.
    pub async fn get(&self, id: &str, options: impl Into<GetOptions>) -> Result<Item> {
        self.request("Items.Get", item(id)).params(options.into()).get().await
    }

    /// A tree of folders to choose from. The service decides on most of `$select` and `$expand`.
    ///
    /// `GET Items(id)` with a tree mode [get tree view, Items reference].
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when there is no such item.
    pub async fn get_tree_view(&self, id: &str, options: impl Into<TreeViewOptions>) -> Result<Item> {
        self.request("Items.GetTreeView", item(id)).params(options.into()).get().await
    }

    /// A tree of folders to choose from. The service decides on most of `$select` and `$expand`.
    ///
    /// `GET Items(id)/TreeView` [get tree view, the form with an address of its own, Items reference].
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when there is no such item.
    pub async fn tree_view(&self, id: &str, options: impl Into<TreeViewOptions>) -> Result<Item> {
        self.request("Items.TreeView", item(id).then("TreeView")).params(options.into()).get().await
    }

    /// The versions of a file, by its `StreamID`; for any other identifier there are none.
    ///
    /// The service lists 20 unless `$top` says otherwise. `GET Items(id)/Stream` [get stream, Items reference].
    ///
    /// # Errors
    /// Those of any request.
    pub async fn stream(&self, stream_id: &str, options: impl Into<StreamOptions>) -> Result<Feed<Item>> {
        self.stream_request(stream_id, options.into()).feed().await
    }

    /// All versions of a file, page by page; see [`stream`](Self::stream).
    pub fn stream_pages(
        &self,
        stream_id: &str,
        options: impl Into<StreamOptions>,
    ) -> BoxStream<'static, Result<Page<Item>>> {
        self.pages(self.stream_request(stream_id, options.into()))
    }

    fn stream_request(&self, stream_id: &str, options: StreamOptions) -> crate::client::Request<'_> {
        self.request("Items.Stream", item(stream_id).then("Stream")).params(options)
    }

    /// An item by its path, such as `/folder1/folder2/file`. It may be with another provider, if a symbolic link is on
    /// the way.
    ///
    /// `GET Items/ByPath` [get item by path, Items reference].
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when there is no such item.
    pub async fn by_path(&self, path: &str, query: &Query) -> Result<Item> {
        let place = items().then("ByPath").about(path);
        self.request("Items.ByPath", place).params(by_path(path, query)).get().await
    }

    /// An item by its path from another item. It may be with another provider, if a symbolic link is on the way.
    ///
    /// `GET Items(id)/ByPath` [get item by relative path from ID, Items reference].
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when there is no such item.
    pub async fn by_path_from(&self, id: &str, path: &str, query: &Query) -> Result<Item> {
        let place = item(id).then("ByPath").about(path);
        self.request("Items.ByPathFrom", place).params(by_path(path, query)).get().await
    }

    /// The folder that holds an item.
    ///
    /// `GET Items(id)/Parent` [get parent item, Items reference].
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when there is no such item.
    pub async fn parent(&self, id: &str, query: &Query) -> Result<Item> {
        self.request("Items.Parent", item(id).then("Parent")).params(query).get().await
    }

    /// One page of what a folder holds, folders first unless `$orderby` says otherwise. The folder of a symbolic link is
    /// with another provider, where the request goes on without credentials.
    ///
    /// `GET Items(id)/Children` [get children, Items reference].
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when there is no such folder,
    /// [`TooLarge`](sharesync_core::ErrorKind::TooLarge) when the service sends more items than `$top`, or, without
    /// `$top`, more than memory should hold ([`LIST_MEMORY`](sharesync_core::http::LIST_MEMORY)).
    pub async fn children(&self, id: &str, options: impl Into<ChildrenOptions>) -> Result<Feed<Item>> {
        self.children_request(id, options.into()).feed().await
    }

    /// All that a folder holds, page by page, each item once; see [`children`](Self::children).
    ///
    /// A page's link to the next one is followed within its origin; where there is none, the next page is asked for by
    /// `$skip` until `odata.count` is reached. An error ends the stream.
    pub fn children_pages(
        &self,
        id: &str,
        options: impl Into<ChildrenOptions>,
    ) -> BoxStream<'static, Result<Page<Item>>> {
        self.pages(self.children_request(id, options.into()))
    }

    fn children_request(&self, id: &str, options: ChildrenOptions) -> crate::client::Request<'_> {
        self.request("Items.Children", item(id).then("Children")).params(options)
    }

    /// Opens the content of a file, or an archive of a folder.
    ///
    /// `GET Items(id)/Download`, and on to the storage host [download item content, Items reference]. The bytes are
    /// neither verified nor resumed: the [store](crate::ShareFileStore) does that.
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when there is no such item;
    /// [`Protocol`](sharesync_core::ErrorKind::Protocol) when what comes for a folder is no archive.
    pub async fn download(&self, id: &str, options: impl Into<DownloadOptions>) -> Result<ContentStream> {
        let request = self.request("Items.Download", item(id).then("Download")).params(options.into());
        let content = ContentStream::open(&self.client, request.into_call(Method::GET)?).await?;
        if kind_of_id(id) == Some("Folder") { content.into_archive("Items.Download").await } else { Ok(content) }
    }

    /// Where the content of a file, or an archive of a folder, is to be fetched.
    ///
    /// `GET Items(id)/Download?redirect=false` [download item content, Items reference].
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when there is no such item.
    pub async fn download_specification(
        &self,
        id: &str,
        options: impl Into<DownloadOptions>,
    ) -> Result<DownloadSpecification> {
        let request = self.request("Items.Download", item(id).then("Download")).params(options.into());
        request.params(Params::new().with("redirect", false)).get().await
    }

    /// Opens the thumbnail of an item.
    ///
    /// `GET Items(id)/Thumbnail`, and on to the picture [get thumbnail, Items reference].
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when there is no such item, or no thumbnail of it.
    pub async fn thumbnail(&self, id: &str, options: impl Into<ThumbnailOptions>) -> Result<ContentStream> {
        let request = self.request("Items.Thumbnail", item(id).then("Thumbnail")).params(options.into());
        let call = request.params(Params::new().with("redirect", true)).into_call(Method::GET)?;
        ContentStream::open(&self.client, call).await
    }

    /// Where the thumbnail of an item is.
    ///
    /// `GET Items(id)/Thumbnail?redirect=false` [get thumbnail, Items reference].
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when there is no such item, or no thumbnail of it.
    pub async fn thumbnail_address(&self, id: &str, options: impl Into<ThumbnailOptions>) -> Result<Redirection> {
        let request = self.request("Items.Thumbnail", item(id).then("Thumbnail")).params(options.into());
        let Address(address) = request.params(Params::new().with("redirect", false)).get().await?;
        Ok(address)
    }

    /// The folders from the root down to an item, in that order. Inside a connector, entries may have nothing but an
    /// address.
    ///
    /// `GET Items(id)/Breadcrumbs` [get breadcrumbs, Items reference].
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when there is no such item.
    pub async fn breadcrumbs(&self, id: &str, options: impl Into<BreadcrumbsOptions>) -> Result<Feed<Item>> {
        self.request("Items.Breadcrumbs", item(id).then("Breadcrumbs")).params(options.into()).feed().await
    }
}

fn by_path(path: &str, query: &Query) -> Params {
    Params::new().with("path", path).and(query)
}
