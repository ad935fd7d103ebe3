//! Beginning an upload: its parameters, in the query or in the body. Sending the content is in `uploads`.

use serde_json::{Map, Value};
use sharesync_core::Result;
use sharesync_core::http::Repeat;

use super::{Items, item};
use crate::error::name_taken;
use crate::model::{ShareFileDate, UploadMethod, UploadSpecification};
use crate::params::{Params, options};

options! {
    /// The parameters of an upload [upload file, Items reference].
    UploadParams {
        /// How the content is sent.
        method, with_method(UploadMethod): UploadMethod = "method",
        /// Whether bodies hold the content alone, instead of a form with a field `Filedata`.
        raw, with_raw(bool): bool = "raw",
        /// The name of the file. Needed, unless it is in the form.
        file_name, with_file_name(impl Into<String>): String = "fileName",
        /// The size of the file, in bytes.
        file_size, with_file_size(u64): u64 = "fileSize",
        /// The batch that the upload belongs to. Mail about uploads is sent for a whole batch.
        batch_id, with_batch_id(impl Into<String>): String = "batchId",
        /// Whether it is the last upload of its batch.
        batch_last, with_batch_last(bool): bool = "batchLast",
        /// Whether the client can go on with an upload that broke off.
        can_resume, with_can_resume(bool): bool = "canResume",
        /// Whether what the service has of earlier attempts is to be ignored.
        start_over, with_start_over(bool): bool = "startOver",
        /// Names the program. Only in the query form.
        tool, with_tool(impl Into<String>): String = "tool",
        /// Whether an item of the same name is overwritten.
        overwrite, with_overwrite(bool): bool = "overwrite",
        /// The title.
        title, with_title(impl Into<String>): String = "title",
        /// The description.
        details, with_details(impl Into<String>): String = "details",
        /// Whether the upload is part of sending files.
        is_send, with_is_send(bool): bool = "isSend",
        /// What it is a part of, then.
        send_guid, with_send_guid(impl Into<String>): String = "sendGuid",
        /// For copies and moves between zones.
        op_id, with_op_id(impl Into<String>): String = "opid",
        /// How many chunks will be under way at once. Only for the threaded method.
        thread_count, with_thread_count(u32): u32 = "threadCount",
        /// The form of the answers to chunks; JSON unless set. Only in the query form.
        response_format, with_response_format(impl Into<String>): String = "responseFormat",
        /// Whether users get mail, as the folder's settings say.
        notify, with_notify(bool): bool = "notify",
        /// When the local file was created.
        client_created_date, with_client_created_date(impl Into<ShareFileDate>): ShareFileDate = "clientCreatedDateUTC",
        /// When the local content was modified.
        client_modified_date, with_client_modified_date(impl Into<ShareFileDate>): ShareFileDate
            = "clientModifiedDateUTC",
        /// The lifetime of the file, in days.
        expiration_days, with_expiration_days(u32): u32 = "expirationDays",
        /// The version that the client has; when it is not the present one any more, the upload is refused.
        base_file_id, with_base_file_id(impl Into<String>): String = "baseFileId",
    }
}

impl UploadParams {
    /// Parameters for the content of a file of this name and size, in bodies that hold nothing else.
    pub fn raw(method: UploadMethod, file_name: impl Into<String>, file_size: u64) -> Self {
        Self::new().with_method(method).with_raw(true).with_file_name(file_name).with_file_size(file_size)
    }

    /// The form that goes into the body: names capitalized, and without what only the query can hold; and the rest.
    fn split(&self) -> (Map<String, Value>, Params) {
        let mut body = Map::new();
        let mut query = Params::new();
        for (name, value) in self.fields() {
            match name {
                // The service takes neither of them in this form.
                "tool" | "responseFormat" => {}
                "expirationDays" => query = query.with(name, value),
                _ => drop(body.insert(capitalized(name.strip_suffix("UTC").unwrap_or(name)), value)),
            }
        }
        (body, query.and(&self.query))
    }
}

fn capitalized(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

impl Items {
    /// Begins an upload, with its parameters in the query. It creates nothing yet.
    ///
    /// `POST Items(id)/Upload` [upload file, Items reference].
    ///
    /// # Errors
    /// [`AlreadyExists`](sharesync_core::ErrorKind::AlreadyExists) when the name is taken and not to be overwritten,
    /// [`PreconditionFailed`](sharesync_core::ErrorKind::PreconditionFailed) when `base_file_id` is not the present
    /// version.
    pub async fn upload(&self, folder_id: &str, params: impl Into<UploadParams>) -> Result<UploadSpecification> {
        let request = self.request("Items.Upload", item(folder_id).then("Upload")).params(params.into());
        request.repeat(Repeat::Idempotent).post().await.map_err(name_taken)
    }

    /// Begins an upload, with its parameters in the body. It creates nothing yet.
    ///
    /// `tool` and `response_format` are not sent: the service takes them in the query form alone.
    /// `POST Items(id)/Upload2` [upload file, Items reference].
    ///
    /// # Errors
    /// As [`upload`](Self::upload).
    pub async fn upload2(&self, folder_id: &str, params: impl Into<UploadParams>) -> Result<UploadSpecification> {
        let (body, query) = params.into().split();
        let request = self.request("Items.Upload2", item(folder_id).then("Upload2")).params(query).json(&body);
        request.repeat(Repeat::Idempotent).post().await.map_err(name_taken)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use url::Url;

    use super::*;

    #[test]
    fn both_forms_have_the_documented_names() {
        let time = ShareFileDate::At("2021-03-04T05:06:07.891Z".parse().unwrap());
        let params = UploadParams::raw(UploadMethod::Threaded, "a b", 7)
            .with_client_modified_date(time)
            .with_expiration_days(3)
            .with_tool("t")
            .with_op_id("o")
            .with_overwrite(false);
        let (body, query) = params.split();
        let expected = json!({
            "Method": "Threaded", "Raw": true, "FileName": "a b", "FileSize": 7, "Overwrite": false, "Opid": "o",
            "ClientModifiedDate": "2021-03-04T05:06:07.891Z",
        });
        assert_eq!(Value::Object(body), expected);
        let mut url = Url::parse("https://a.example/").unwrap();
        query.append_to(&mut url);
        assert_eq!(url.query(), Some("expirationDays=3"));

        let mut url = Url::parse("https://a.example/").unwrap();
        Params::from(params).append_to(&mut url);
        let expected = "method=Threaded&raw=true&fileName=a+b&fileSize=7&tool=t&overwrite=false&opid=o\
                        &clientModifiedDateUTC=2021-03-04T05%3A06%3A07.891Z&expirationDays=3";
        assert_eq!(url.query(), Some(expected));
    }
}
