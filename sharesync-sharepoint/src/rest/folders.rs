//! Folders.

use http::Method;
use serde_json::{Value, json};
use sharesync_core::http::Repeat;
use sharesync_core::{Attempted as _, Error, ErrorKind, Result};

use super::files;
use super::listing::Paging;
use super::target::Target;
use crate::client::{Request, resource};
use crate::dialect::OData;
use crate::model::{File, Folder, Guid};
use crate::odata::Literal;
use crate::{Client, PROVIDER};

resource! {
    /// Folders, by the REST service.
    Folders
}

pub(super) const SELECT: &str =
    "$select=UniqueId,Name,ItemCount,Exists,ServerRelativeUrl,ServerRelativePath,TimeCreated,TimeLastModified";

/// One page of what a folder holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FolderPage {
    /// Folders.
    Folders(Vec<Folder>),
    /// Files.
    Files(Vec<File>),
}

/// Reads what a folder holds, page by page: folders, then files.
#[derive(Debug, Clone)]
pub struct Children {
    folders: Option<Paging>,
    files: Paging,
}

impl Children {
    /// The next page; `None` after the last one.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is no such folder.
    pub async fn next(&mut self) -> Result<Option<FolderPage>> {
        if let Some(folders) = &mut self.folders {
            let key = |folder: &Folder| format!("{:?}{:?}", folder.unique_id, folder.name);
            if let Some(page) = folders.next(key).await? {
                return Ok(Some(FolderPage::Folders(page)));
            }
            self.folders = None;
        }
        let key = |file: &File| format!("{:?}{:?}", file.unique_id, file.name);
        Ok(self.files.next(key).await?.map(FolderPage::Files))
    }
}

impl Folders {
    /// A folder (`GetFolderById`, `GetFolderByServerRelativePath`).
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none.
    pub async fn get(&self, folder: &Target) -> Result<Folder> {
        let path = folder.folder(&format!("?{SELECT}"));
        let answer = self.0.request("Folder.Get", Method::GET, &path)?.subject(folder).answer().await?;
        let found: Folder = answer.entity()?;
        if found.exists != Some(false) && found.unique_id.is_none() {
            let error = Error::missing_field("folder", "UniqueId").with_provider(PROVIDER);
            return Err(error.with_operation("Folder.Get").with_subject(folder));
        }
        if found.exists == Some(false) {
            let error = sharesync_core::Error::new(ErrorKind::NotFound, "there is no such folder");
            return Err(error.with_provider(crate::PROVIDER).with_operation("Folder.Get").with_subject(folder));
        }
        Ok(found)
    }

    /// What a folder holds (`Folders`, `Files`), so many at a time.
    pub fn children(&self, folder: &Target, page_size: u32) -> Children {
        let list = |operation, kind: &str, select: &str| {
            Paging::new(&self.0, operation, folder.folder(&format!("/{kind}?{select}")), page_size)
        };
        Children {
            folders: Some(list("Folder.Folders", "Folders", SELECT)),
            files: list("Folder.Files", "Files", files::SELECT),
        }
    }

    /// Creates a folder in another one (`Folders/AddUsingPath`).
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] when the name is taken.
    pub async fn add(&self, parent: &Target, name: &str) -> Result<Folder> {
        let literal = Literal::Text(name);
        let path = parent.folder(&format!("/Folders/AddUsingPath(decodedurl={literal},overwrite=false)"));
        self.0
            .request("Folders.AddUsingPath", Method::POST, &path)?
            .subject(name)
            .answer()
            .await?
            .entity()
            .after_write()
    }

    /// Creates a folder where a path on the server says (`web/folders`). The path is a URL there: for one with `%` or `#` there
    /// is [`add`](Self::add).
    ///
    /// # Errors
    /// Those of the service; that it answers with the folder where there is one already is recalled.
    pub async fn create(&self, path: &str) -> Result<Folder> {
        let body = typed(&self.0, json!({ "ServerRelativeUrl": path }), "SP.Folder");
        let request = self.0.request("Folders.Create", Method::POST, "_api/web/folders")?.subject(path);
        request.json(&self.0, &body).answer().await?.entity().after_write()
    }

    /// Renames a folder by its list item (`ListItemAllFields` with `X-HTTP-Method: MERGE`): name and title. `item_type` is the
    /// type of the library's items, such as `SP.Data.Shared_x0020_DocumentsItem`, which JSON with types needs.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] when the name is taken.
    pub async fn rename(&self, folder: &Target, name: &str, item_type: &str) -> Result<()> {
        let request = self.0.request("Folder.Rename", Method::POST, &folder.folder("/ListItemAllFields"))?;
        rename(&self.0, request.subject(folder).if_match(None), name, item_type).await
    }

    /// Moves or renames a folder; `path` is where it is then (`MoveToUsingPath`).
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] when the name is taken.
    pub async fn move_to(&self, folder: &Target, path: &str) -> Result<()> {
        let below = format!("/MoveToUsingPath(DecodedUrl={})", Literal::Text(path));
        self.0.request("Folder.MoveToUsingPath", Method::POST, &folder.folder(&below))?.subject(folder).done().await
    }

    /// Puts a folder into the recycle bin (`Recycle`). The identifier is that in the bin.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none.
    pub async fn recycle(&self, folder: &Target) -> Result<Guid> {
        let request = self.0.request("Folder.Recycle", Method::POST, &folder.folder("/Recycle()"))?.subject(folder);
        request.repeat(Repeat::Idempotent).id("Recycle").await
    }

    /// Deletes a folder for good, with all it holds (`X-HTTP-Method: DELETE`).
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none.
    pub async fn delete(&self, folder: &Target) -> Result<()> {
        let request = self.0.request("Folder.Delete", Method::POST, &folder.folder(""))?.subject(folder);
        request.verb("DELETE").if_match(None).repeat(Repeat::Idempotent).done().await
    }
}

/// Gives the list item of a file or folder another name, and the same as its title.
pub(super) async fn rename(client: &Client, request: Request, name: &str, item_type: &str) -> Result<()> {
    let body = typed(client, json!({ "FileLeafRef": name, "Title": name }), item_type);
    request.verb("MERGE").json(client, &body).done().await
}

/// An entity that says of which type it is, where the form in force wants that.
fn typed(client: &Client, mut entity: Value, name: &str) -> Value {
    if let (OData::Verbose, Some(fields)) = (client.dialect().odata, entity.as_object_mut()) {
        fields.insert("__metadata".into(), json!({ "type": name }));
    }
    entity
}
