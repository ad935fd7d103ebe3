//! Files: `/api/v1/files/` (ScaiDrive: Files and folders; guide: Files). Their content is read by
//! [`Sync::download`](crate::Sync::download) and written here, or in a session (`uploads`).

use http::Method;
use http::header::CONTENT_TYPE;
use sharesync_core::Result;
use sharesync_core::http::{Body, JsonList, Repeat};

use crate::client::resource;
use crate::error::name_taken;
use crate::model::{File, FileUpdate, NewFile, Restored, Target, Versions};

resource! {
    /// Files: [`Client::files`](crate::Client::files).
    Files
}

impl Files {
    /// A file.
    ///
    /// `GET /files/{id}`.
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound), also for one in the trash (status 410).
    pub async fn get(&self, file_id: &str) -> Result<File> {
        self.0.request("Files.Get", "files/{}", &[file_id]).json(Method::GET).await
    }

    /// Creates a file by one request. A name that is taken is refused; a new version needs a
    /// [session](crate::Uploads).
    ///
    /// `POST /files`, as a form.
    ///
    /// # Errors
    /// [`AlreadyExists`](sharesync_core::ErrorKind::AlreadyExists) (NAME_CONFLICT),
    /// [`TooLarge`](sharesync_core::ErrorKind::TooLarge) (status 413),
    /// [`QuotaExceeded`](sharesync_core::ErrorKind::QuotaExceeded) (status 507).
    pub async fn create(&self, file: &NewFile, media_type: Option<&str>, content: impl Into<Body>) -> Result<File> {
        let name = file.name.as_deref().unwrap_or_default();
        let request = self.0.request("Files.Create", "files", &[]).about(Some(name));
        let boundary = format!("sharesync-{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
        let fields = [("share_id", &file.share_id), ("folder_id", &file.folder_id), ("name", &file.name)];
        let mut head = String::new();
        for (field, value) in fields.iter().filter_map(|(field, value)| Some((field, value.as_ref()?))) {
            head += &format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n");
        }
        let media_type = media_type.filter(|text| is_plain(text)).unwrap_or("application/octet-stream");
        head += &format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\nContent-Type: {media_type}\r\n\r\n",
            quoted(name),
        );
        let body = Body::from(head).then(content).then(format!("\r\n--{boundary}--\r\n"));
        // A name can be taken once: a repetition after a success is refused.
        let call = request.repeat(Repeat::Conditional).into_call(Method::POST)?;
        let call = call.header(CONTENT_TYPE, format!("multipart/form-data; boundary={boundary}")).body(body);
        self.0.pipeline().json(call).await.map_err(name_taken)
    }

    /// Renames a file.
    ///
    /// `PATCH /files/{id}`.
    ///
    /// # Errors
    /// [`AlreadyExists`](sharesync_core::ErrorKind::AlreadyExists) when the name is taken.
    pub async fn update(&self, file_id: &str, update: &FileUpdate) -> Result<Option<File>> {
        let request = self.0.request("Files.Update", "files/{}", &[file_id]).body(update);
        request.repeat(Repeat::Idempotent).maybe_json(Method::PATCH).await.map_err(name_taken)
    }

    /// Deletes a file: into the trash, or for good.
    ///
    /// `DELETE /files/{id}`.
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound).
    pub async fn delete(&self, file_id: &str, permanent: bool) -> Result<()> {
        let request = self.0.request("Files.Delete", "files/{}", &[file_id]);
        request.param("permanent", permanent).done(Method::DELETE).await
    }

    /// Copies a file.
    ///
    /// `POST /files/{id}/copy`.
    ///
    /// # Errors
    /// [`AlreadyExists`](sharesync_core::ErrorKind::AlreadyExists) when the name is taken.
    pub async fn copy(&self, file_id: &str, target: &Target) -> Result<File> {
        let request = self.0.request("Files.Copy", "files/{}/copy", &[file_id]).body(target);
        request.json(Method::POST).await.map_err(name_taken)
    }

    /// Moves a file.
    ///
    /// `POST /files/{id}/move`.
    ///
    /// # Errors
    /// [`AlreadyExists`](sharesync_core::ErrorKind::AlreadyExists) when the name is taken.
    pub async fn move_to(&self, file_id: &str, target: &Target) -> Result<Option<File>> {
        let request = self.0.request("Files.Move", "files/{}/move", &[file_id]).body(target);
        request.repeat(Repeat::Idempotent).maybe_json(Method::POST).await.map_err(name_taken)
    }

    /// The versions of a file, newest first.
    ///
    /// `GET /files/{id}/versions`.
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound).
    pub async fn versions(&self, file_id: &str) -> Result<Versions> {
        let request = self.0.request("Files.Versions", "files/{}/versions", &[file_id]);
        self.0.page(request, JsonList::at(&[&["versions"]]), |page: &mut Versions| page.versions.as_mut()).await
    }

    /// Makes a new version with the content of an old one.
    ///
    /// `POST /files/{id}/versions/{version}/restore`.
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound).
    pub async fn restore(&self, file_id: &str, version: i64) -> Result<Restored> {
        let version = version.to_string();
        let request = self.0.request("Files.Restore", "files/{}/versions/{}/restore", &[file_id, &version]);
        request.about(Some(file_id)).json(Method::POST).await
    }
}

/// Whether a text can stand in a header of a form.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// A file name as forms quote it (WHATWG HTML, multipart/form-data encoding).
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}
