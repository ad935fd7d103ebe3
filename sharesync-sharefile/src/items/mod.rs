//! The Items resource: files, folders, notes, web links and symbolic links. One method for each documented operation.
//!
//! Reading is in `read`, changing one item in `write`, several at once in `bulk`, deleted items in `recycle`, what only
//! folders have in `folders`, beginning an upload in `upload`.

mod bulk;
mod folders;
mod options;
mod read;
mod recycle;
mod upload;
mod write;

use sharesync_core::BoxStream;
use sharesync_core::{Page, Result};

use crate::client::{Client, Place, Request};
use crate::model::Item;
use crate::paging::pages;

pub use options::{
    BreadcrumbsOptions, BulkDeleteOptions, ChildrenOptions, CopyOptions, CreateFolderOptions, DeleteOptions,
    DlpStatusOptions, DownloadOptions, GetOptions, StreamOptions, ThumbnailOptions, TreeViewOptions, UpdateNoteOptions,
    UpdateOptions, UserDeletedItemsOptions,
};
pub use upload::UploadParams;

/// Identifiers that the service understands besides those of items [get item by ID, Items reference].
pub mod alias {
    /// The home folder of the user. Client users have none.
    pub const HOME: &str = "home";
    /// The parent of the favorite folders.
    pub const FAVORITES: &str = "favorites";
    /// The parent of the shared folders.
    pub const ALL_SHARED: &str = "allshared";
    /// The parent of the connectors.
    pub const CONNECTORS: &str = "connectors";
    /// The file box.
    pub const BOX: &str = "box";
    /// The parent of the home, favorite and shared folders and of the connectors.
    pub const TOP: &str = "top";
}

/// Files, folders and all that is done with them: [`Client::items`].
///
/// Each operation takes its options as the last argument: where it has parameters of its own, as a structure, into which
/// a [`Query`](crate::Query) converts; else as a `&Query`.
#[derive(Debug, Clone)]
pub struct Items {
    client: Client,
}

impl Items {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    fn request(&self, operation: &'static str, place: Place) -> Request<'_> {
        self.client.request(operation, place)
    }

    fn pages(&self, request: Request<'_>) -> BoxStream<'static, Result<Page<Item>>> {
        pages(self.client.clone(), request.into_call(http::Method::GET), |item| {
            Some(item.id.as_deref().or(item.url.as_deref())?.to_owned())
        })
    }
}

fn items() -> Place {
    Place::set("Items")
}

fn item(id: &str) -> Place {
    Place::entity("Items", id)
}
