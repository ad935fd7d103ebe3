//! Several items at once. The bodies are bare arrays of identifiers.

use http::Method;
use sharesync_core::Result;
use sharesync_core::http::Repeat;

use super::{BulkDeleteOptions, Items, item, items};
use crate::Query;
use crate::answer::{NoContent, Nothing, Outcome};
use crate::downloads::ContentStream;
use crate::model::DownloadSpecification;
use crate::params::Params;

impl Items {
    /// Opens an archive of several children of a folder.
    ///
    /// `POST Items(id)/BulkDownload`, and on to the storage host [download multiple items, Items reference].
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when one of them is not there;
    /// [`Protocol`](sharesync_core::ErrorKind::Protocol) when what comes is no archive.
    pub async fn bulk_download<S: AsRef<str>>(
        &self,
        parent_id: &str,
        ids: &[S],
        query: &Query,
    ) -> Result<ContentStream> {
        let call = self.bulk_download_request(parent_id, ids, query, true).into_call(Method::POST)?;
        let name = "Items.BulkDownload";
        ContentStream::open_by_post(&self.client, call).await?.into_archive(name).await
    }

    /// Where an archive of several children of a folder is to be fetched.
    ///
    /// `POST Items(id)/BulkDownload?redirect=false` [download multiple items, Items reference].
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when one of them is not there.
    pub async fn bulk_download_specification<S: AsRef<str>>(
        &self,
        parent_id: &str,
        ids: &[S],
        query: &Query,
    ) -> Result<DownloadSpecification> {
        self.bulk_download_request(parent_id, ids, query, false).post().await
    }

    fn bulk_download_request<S: AsRef<str>>(
        &self,
        parent_id: &str,
        ids: &[S],
        query: &Query,
        redirect: bool,
    ) -> crate::client::Request<'_> {
        let params = Params::new().with("redirect", redirect).and(query);
        let request = self.request("Items.BulkDownload", item(parent_id).then("BulkDownload"));
        request.params(params).json(&list(ids)).repeat(Repeat::Safe)
    }

    /// Deletes several children of a folder. Of a file's `StreamID`, all versions are deleted.
    ///
    /// `POST Items(parentid)/BulkDelete` [delete multiple items, Items reference].
    ///
    /// # Errors
    /// Those of any request.
    pub async fn bulk_delete<S: AsRef<str>>(
        &self,
        parent_id: &str,
        ids: &[S],
        options: impl Into<BulkDeleteOptions>,
    ) -> Result<Outcome<()>> {
        let request = self.request("Items.BulkDelete", item(parent_id).then("BulkDelete"));
        let request = request.params(options.into()).json(&list(ids)).repeat(Repeat::Idempotent);
        Ok(request.post::<Outcome<NoContent>>().await?.map(|NoContent| ()))
    }

    /// Puts deleted items back to where they were.
    ///
    /// `POST Items/BulkRestore` [restore expired items to their original locations, Items reference].
    ///
    /// # Errors
    /// Those of any request.
    pub async fn bulk_restore<S: AsRef<str>>(&self, ids: &[S]) -> Result<Outcome<()>> {
        let request = self.request("Items.BulkRestore", items().then("BulkRestore"));
        let request = request.json(&list(ids)).repeat(Repeat::Idempotent);
        Ok(request.post::<Outcome<Nothing>>().await?.map(|Nothing| ()))
    }

    /// Deletes several items for good.
    ///
    /// `POST Items/BulkDeletePermanently` [permanently delete multiple items, Items reference].
    ///
    /// # Errors
    /// Those of any request.
    pub async fn bulk_delete_permanently<S: AsRef<str>>(&self, ids: &[S]) -> Result<Outcome<()>> {
        let request = self.request("Items.BulkDeletePermanently", items().then("BulkDeletePermanently"));
        let request = request.json(&list(ids)).repeat(Repeat::Idempotent);
        Ok(request.post::<Outcome<NoContent>>().await?.map(|NoContent| ()))
    }
}

fn list<S: AsRef<str>>(ids: &[S]) -> Vec<&str> {
    ids.iter().map(AsRef::as_ref).collect()
}
