//! Files.

use futures::StreamExt as _;
use http::header::{CONTENT_TYPE, RANGE};
use http::{HeaderValue, Method};
use sharesync_core::http::{Body, ForeignResponse, Repeat, range};
use sharesync_core::{Attempted as _, Error, ErrorKind, Result, Revision};

pub use sharesync_core::transfer::Content;

use super::folders::rename;
use super::target::Target;
use crate::PROVIDER;
use crate::client::resource;
use crate::error::login_page;
use crate::model::{File, Guid};
use crate::odata::Literal;

resource! {
    /// Files, by the REST service.
    Files
}

pub(super) const SELECT: &str = "$select=UniqueId,Name,ETag,ContentTag,Length,Exists,ServerRelativeUrl,ServerRelativePath,\
    TimeCreated,TimeLastModified,MajorVersion,MinorVersion,UIVersionLabel,CheckOutType,ListId";

impl Files {
    /// A file (`GetFileById`, `GetFileByServerRelativePath`).
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is none.
    pub async fn get(&self, file: &Target) -> Result<File> {
        let path = file.file(&format!("?{SELECT}"));
        let answer = self.0.request("File.Get", Method::GET, &path)?.subject(file).answer().await?;
        let found: File = answer.entity()?;
        if found.exists != Some(false) && found.unique_id.is_none() {
            let error = Error::missing_field("file", "UniqueId").with_provider(PROVIDER);
            return Err(error.with_operation("File.Get").with_subject(file));
        }
        if found.exists == Some(false) {
            let error = sharesync_core::Error::new(ErrorKind::NotFound, "there is no such file");
            return Err(error.with_provider(crate::PROVIDER).with_operation("File.Get").with_subject(file));
        }
        Ok(found)
    }

    /// Creates a file in a folder, or replaces the one that has the name (`Files/AddUsingPath`).
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] when the name is taken and `overwrite` is not set.
    pub async fn add(&self, folder: &Target, name: &str, overwrite: bool, content: Body) -> Result<File> {
        let (name, overwrite_) = (Literal::Text(name), Literal::Bool(overwrite));
        let path = folder.folder(&format!("/Files/AddUsingPath(decodedurl={name},overwrite={overwrite_})"));
        let request = self.0.request("Files.AddUsingPath", Method::POST, &path)?;
        let repeat = if overwrite { Repeat::Idempotent } else { Repeat::Never };
        let request = request.repeat(repeat).header(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        request.with(|call| call.body(content)).answer().await?.entity().after_write()
    }

    /// Replaces the content of a file, if it is in a state where one is given (`$value` with `X-HTTP-Method: PUT`).
    ///
    /// # Errors
    /// [`ErrorKind::PreconditionFailed`] when it is in another state.
    pub async fn replace(&self, file: &Target, revision: Option<&Revision>, content: Body) -> Result<()> {
        let request = self.0.request("File.Replace", Method::POST, &file.file("/$value"))?.subject(file).verb("PUT");
        let request = request.repeat(Repeat::Idempotent);
        let request = match revision {
            Some(revision) => request.if_match(Some(revision)),
            None => request,
        };
        let request = request.header(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        request.with(|call| call.body(content)).done().await
    }

    /// The content from a byte on (`$value`). That ranges are heeded is not documented; a service that ignores them sends
    /// everything, and [`Content::offset`] says so. `name` tells whether a page for people can be the content.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthenticated`] when the service sends the client to a page on which people sign in,
    /// [`ErrorKind::Protocol`] for any other page in the place of the content.
    pub async fn content(&self, file: &Target, name: &str, offset: u64, length: Option<u64>) -> Result<Content> {
        let mut request = self.0.request("File.Content", Method::GET, &file.file("/$value"))?.subject(file);
        request = request.header(http::header::ACCEPT, HeaderValue::from_static("*/*"));
        if let Some(range) = range(offset, length) {
            request = request.header(RANGE, range);
        }
        let response = request.send().await?;
        let refused = |error: Error| error.with_operation("File.Content").with_subject(file).with_provider(PROVIDER);
        if is_login(response.url()) {
            return Err(refused(login_page()));
        }
        if is_page(response.header("content-type")) && !may_be_page(name) {
            return Err(refused(ForeignResponse::new(response.status(), response.headers()).into_error()));
        }
        let content = response.into_content()?;
        Ok(Content::new(content.offset, content.body.boxed()).with_total(content.total).with_revision(content.revision))
    }

    /// Renames a file by its list item, if it is in a state where one is given (`ListItemAllFields` with
    /// `X-HTTP-Method: MERGE`): name and title. `item_type` is as for [`Folders::rename`](crate::Folders::rename).
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] when the name is taken, [`ErrorKind::PreconditionFailed`] when it is in another state.
    pub async fn rename(&self, file: &Target, name: &str, revision: Option<&Revision>, item_type: &str) -> Result<()> {
        let request = self.0.request("File.Rename", Method::POST, &file.file("/ListItemAllFields"))?;
        rename(&self.0, request.subject(file).if_match(revision), name, item_type).await
    }

    /// Moves or renames a file; `path` is where it is then (`MoveToUsingPath`).
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] when there is a file and `overwrite` is not set.
    pub async fn move_to(&self, file: &Target, path: &str, overwrite: bool) -> Result<()> {
        let (path, operations) = (Literal::Text(path), Literal::Number(overwrite.into()));
        let below = format!("/MoveToUsingPath(DecodedUrl={path},moveOperations={operations})");
        self.0.request("File.MoveToUsingPath", Method::POST, &file.file(&below))?.subject(file).done().await
    }

    /// Copies a file; `path` is where the copy is then (`CopyToUsingPath`).
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] when there is a file and `overwrite` is not set.
    pub async fn copy_to(&self, file: &Target, path: &str, overwrite: bool) -> Result<()> {
        let (path, overwrite) = (Literal::Text(path), Literal::Bool(overwrite));
        let below = format!("/CopyToUsingPath(DecodedUrl={path},bOverWrite={overwrite})");
        self.0.request("File.CopyToUsingPath", Method::POST, &file.file(&below))?.subject(file).done().await
    }

    /// Puts a file into the recycle bin, if it is in a state where one is given (`Recycle`, `RecycleWithETag`). The
    /// identifier is that in the bin.
    ///
    /// # Errors
    /// [`ErrorKind::PreconditionFailed`] when it is in another state.
    pub async fn recycle(&self, file: &Target, revision: Option<&Revision>) -> Result<Guid> {
        let (below, name) = match revision {
            None => ("/Recycle()".to_owned(), "Recycle"),
            Some(revision) => {
                let tag = format!("\"{}\"", revision.as_str());
                (format!("/RecycleWithETag(etagMatch={})", Literal::Text(&tag)), "RecycleWithETag")
            }
        };
        let request = self.0.request("File.Recycle", Method::POST, &file.file(&below))?.subject(file);
        request.repeat(Repeat::Idempotent).id(name).await
    }

    /// Deletes a file for good, if it is in a state where one is given (`X-HTTP-Method: DELETE`).
    ///
    /// # Errors
    /// [`ErrorKind::PreconditionFailed`] when it is in another state.
    pub async fn delete(&self, file: &Target, revision: Option<&Revision>) -> Result<()> {
        let request = self.0.request("File.Delete", Method::POST, &file.file(""))?.subject(file).verb("DELETE");
        request.if_match(revision).repeat(Repeat::Idempotent).done().await
    }
}

/// Whether an address is one on which people sign in.
fn is_login(url: &url::Url) -> bool {
    let path = url.path().to_ascii_lowercase();
    let pages =
        ["/_login/", "/_forms/", "/_trust/", "/_windows/", "/_layouts/15/authenticate.aspx", "/_layouts/15/signin"];
    pages.iter().any(|page| path.contains(page))
}

fn is_page(media_type: Option<&str>) -> bool {
    media_type.is_some_and(|media_type| media_type.trim_start().to_ascii_lowercase().starts_with("text/html"))
}

fn may_be_page(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    ending.is_some_and(|ending| matches!(ending.as_str(), "htm" | "html" | "xhtml" | "shtml" | "asp" | "aspx" | "mht"))
}
