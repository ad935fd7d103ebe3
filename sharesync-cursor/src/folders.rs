//! Folders: `/api/v1/folders/` (ScaiDrive: Files and folders; guide: Folders).

use http::Method;
use sharesync_core::Result;
use sharesync_core::http::{ApiRequest, JsonList, Repeat, Response, SpooledList, decode_json};

use crate::client::resource;
use crate::error::name_taken;
use crate::model::{Children, Folder, FolderUpdate, NewFolder, Target};

const CHILDREN: JsonList = JsonList::at(&[&["items"]]);

/// What stands for the root of a share where the identifier of a folder is due (GET /folders/{id}/children).
pub const ROOT: &str = "root";

resource! {
    /// Folders: [`Client::folders`](crate::Client::folders).
    Folders
}

impl Folders {
    /// A folder. The root of a share is none.
    ///
    /// `GET /folders/{id}`.
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound), also for one in the trash (status 410).
    pub async fn get(&self, folder_id: &str) -> Result<Folder> {
        self.0.request("Folders.Get", "folders/{}", &[folder_id]).json(Method::GET).await
    }

    /// What a folder holds, all of it; [`ROOT`] is the root of the share.
    ///
    /// `GET /folders/{id}/children`.
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound); [`TooLarge`](sharesync_core::ErrorKind::TooLarge) for a folder that
    /// holds more than memory should ([`LIST_MEMORY`](sharesync_core::http::LIST_MEMORY)): the
    /// [store](crate::CursorStore) lists it some at a time.
    pub async fn children(&self, folder_id: &str, share_id: &str, include_deleted: bool) -> Result<Children> {
        let request = self.children_request(folder_id, share_id, include_deleted);
        self.0.page(request, CHILDREN, |page: &mut Children| page.items.as_mut()).await
    }

    /// What a folder holds, put aside: the service has no pages here, so that a folder may not be refused for what it holds.
    /// What is said beside the list comes with an empty one.
    pub(crate) async fn spooled_children(&self, folder_id: &str, share_id: &str) -> Result<(SpooledList, Children)> {
        let limit = self.0.http_config().max_list;
        let read = |response: Response| async move {
            let (list, beside) = SpooledList::read(response.into_stream(), CHILDREN, limit).await?;
            Ok((list, decode_json(&beside)?))
        };
        self.0.pipeline().run(self.children_request(folder_id, share_id, false).into_call(Method::GET)?, read).await
    }

    fn children_request(&self, folder_id: &str, share_id: &str, include_deleted: bool) -> ApiRequest<'_> {
        let request = self.0.request("Folders.Children", "folders/{}/children", &[folder_id]);
        request.param("share_id", share_id).param("include_deleted", include_deleted)
    }

    /// Creates a folder.
    ///
    /// `POST /folders`.
    ///
    /// # Errors
    /// [`AlreadyExists`](sharesync_core::ErrorKind::AlreadyExists) (NAME_CONFLICT).
    pub async fn create(&self, folder: &NewFolder) -> Result<Folder> {
        let request = self.0.request("Folders.Create", "folders", &[]).about(folder.name.as_deref()).body(folder);
        // A name can be taken once: a repetition after a success is refused.
        request.repeat(Repeat::Conditional).json(Method::POST).await.map_err(name_taken)
    }

    /// Renames a folder. The log then has an entry for everything below it.
    ///
    /// `PATCH /folders/{id}`.
    ///
    /// # Errors
    /// [`AlreadyExists`](sharesync_core::ErrorKind::AlreadyExists) when the name is taken.
    pub async fn update(&self, folder_id: &str, update: &FolderUpdate) -> Result<Option<Folder>> {
        let request = self.0.request("Folders.Update", "folders/{}", &[folder_id]).body(update);
        request.repeat(Repeat::Idempotent).maybe_json(Method::PATCH).await.map_err(name_taken)
    }

    /// Deletes a folder with all it holds: into the trash, or for good (inferred: the parameter is documented of files).
    ///
    /// `DELETE /folders/{id}`.
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound).
    pub async fn delete(&self, folder_id: &str, permanent: bool) -> Result<()> {
        let request = self.0.request("Folders.Delete", "folders/{}", &[folder_id]);
        request.param("permanent", permanent).done(Method::DELETE).await
    }

    /// Moves a folder.
    ///
    /// `POST /folders/{id}/move` (the path is inferred from that of files).
    ///
    /// # Errors
    /// [`AlreadyExists`](sharesync_core::ErrorKind::AlreadyExists) when the name is taken.
    pub async fn move_to(&self, folder_id: &str, target: &Target) -> Result<Option<Folder>> {
        let request = self.0.request("Folders.Move", "folders/{}/move", &[folder_id]).body(target);
        request.repeat(Repeat::Idempotent).maybe_json(Method::POST).await.map_err(name_taken)
    }
}
