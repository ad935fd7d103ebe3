//! Entities of the REST service: files, folders, libraries, the recycle bin, chunked uploads.

use serde::Deserialize;
use sharesync_core::{Revision, Timestamp};

use super::{ChangeToken, Guid, wire};

/// A path as it is, not encoded (`SP.ResourcePath`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct ResourcePath {
    /// The path, beginning with a slash.
    pub decoded_url: Option<String>,
}

/// A file (`SP.File`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct File {
    /// Identifies it for as long as it exists.
    #[serde(deserialize_with = "wire::id")]
    pub unique_id: Option<Guid>,
    /// The name.
    pub name: Option<String>,
    /// The state: `"{GUID},version"`, with the quotes.
    #[serde(rename = "ETag")]
    pub e_tag: Option<String>,
    /// The state of the content alone.
    pub content_tag: Option<String>,
    /// Bytes of the content.
    #[serde(deserialize_with = "wire::whole")]
    pub length: Option<u64>,
    /// Whether it exists; a file that is looked up by its path may not.
    #[serde(deserialize_with = "wire::truth")]
    pub exists: Option<bool>,
    /// The path on the server.
    pub server_relative_url: Option<String>,
    /// The same, as one that may hold `%` and `#`.
    pub server_relative_path: Option<ResourcePath>,
    /// When it was created.
    #[serde(deserialize_with = "wire::time")]
    pub time_created: Option<Timestamp>,
    /// When it was last changed.
    #[serde(deserialize_with = "wire::time")]
    pub time_last_modified: Option<Timestamp>,
    /// The number of the published version.
    #[serde(deserialize_with = "wire::number")]
    pub major_version: Option<i64>,
    /// The number of the draft.
    #[serde(deserialize_with = "wire::number")]
    pub minor_version: Option<i64>,
    /// The number of the version as people see it, such as `1.0`.
    #[serde(rename = "UIVersionLabel")]
    pub ui_version_label: Option<String>,
    /// How it is checked out: 0 online, 1 offline, 2 not.
    #[serde(deserialize_with = "wire::number")]
    pub check_out_type: Option<i64>,
    /// The library that holds it.
    #[serde(deserialize_with = "wire::id")]
    pub list_id: Option<Guid>,
}

/// A folder (`SP.Folder`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct Folder {
    /// Identifies it for as long as it exists.
    #[serde(deserialize_with = "wire::id")]
    pub unique_id: Option<Guid>,
    /// The name.
    pub name: Option<String>,
    /// How many files and folders it holds.
    #[serde(deserialize_with = "wire::whole")]
    pub item_count: Option<u64>,
    /// Whether it exists; a folder that is looked up by its path may not.
    #[serde(deserialize_with = "wire::truth")]
    pub exists: Option<bool>,
    /// The path on the server.
    pub server_relative_url: Option<String>,
    /// The same, as one that may hold `%` and `#`.
    pub server_relative_path: Option<ResourcePath>,
    /// When it was created.
    #[serde(deserialize_with = "wire::time")]
    pub time_created: Option<Timestamp>,
    /// When it was last changed.
    #[serde(deserialize_with = "wire::time")]
    pub time_last_modified: Option<Timestamp>,
    /// The page that is shown first.
    pub welcome_page: Option<String>,
}

impl File {
    /// The path on the server, as it is.
    pub fn path(&self) -> Option<&str> {
        path(self.server_relative_path.as_ref(), self.server_relative_url.as_deref())
    }

    /// The state of the file, without quotes.
    pub fn revision(&self) -> Option<Revision> {
        self.e_tag.as_deref().and_then(revision)
    }
}

impl Folder {
    /// The path on the server, as it is.
    pub fn path(&self) -> Option<&str> {
        path(self.server_relative_path.as_ref(), self.server_relative_url.as_deref())
    }
}

fn path<'a>(path: Option<&'a ResourcePath>, url: Option<&'a str>) -> Option<&'a str> {
    path.and_then(|path| path.decoded_url.as_deref()).or(url)
}

/// The state that an entity tag names: without its quotes, which some answers lack, and in one case.
pub(crate) fn revision(tag: &str) -> Option<Revision> {
    let tag = tag.trim();
    let tag = tag.strip_prefix("W/").unwrap_or(tag);
    let tag = tag.strip_prefix('"').unwrap_or(tag);
    let tag = tag.strip_suffix('"').unwrap_or(tag).trim();
    (!tag.is_empty()).then(|| Revision::new(tag.to_ascii_uppercase()))
}

/// A document library (`SP.List`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct Library {
    /// Its identifier.
    #[serde(deserialize_with = "wire::id")]
    pub id: Option<Guid>,
    /// Its title.
    pub title: Option<String>,
    /// How many files and folders it holds.
    #[serde(deserialize_with = "wire::whole")]
    pub item_count: Option<u64>,
    /// Where its changes are now.
    pub current_change_token: Option<ChangeToken>,
    /// Whether a change needs a check-out.
    #[serde(deserialize_with = "wire::truth")]
    pub force_checkout: Option<bool>,
    /// Whether the service leaves documents as they are: it then writes no properties into them.
    #[serde(deserialize_with = "wire::truth")]
    pub parser_disabled: Option<bool>,
    /// Whether it is not to be synchronized.
    #[serde(deserialize_with = "wire::truth")]
    pub exclude_from_offline_client: Option<bool>,
    /// The folder that everything is in.
    pub root_folder: Option<Folder>,
}

/// Something in the recycle bin (`SP.RecycleBinItem`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct RecycleBinItem {
    /// Its identifier in the bin.
    #[serde(deserialize_with = "wire::id")]
    pub id: Option<Guid>,
    /// Its name.
    pub leaf_name: Option<String>,
    /// The folder that it was in, without a slash at the beginning.
    pub dir_name: Option<String>,
    /// When it was deleted.
    #[serde(deserialize_with = "wire::time")]
    pub deleted_date: Option<Timestamp>,
    /// Its size in bytes.
    #[serde(deserialize_with = "wire::whole")]
    pub size: Option<u64>,
    /// What it is, by the service's number.
    #[serde(deserialize_with = "wire::number")]
    pub item_type: Option<i64>,
    /// Which bin it is in, by the service's number.
    #[serde(deserialize_with = "wire::number")]
    pub item_state: Option<i64>,
}

/// What the service has of an upload in chunks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct UploadProgress {
    /// The bytes that are expected next, such as `10485760-`. Its form is not documented.
    pub expected_content_range: Option<String>,
    /// When the service forgets the upload.
    #[serde(deserialize_with = "wire::time")]
    pub expiration_date_time: Option<Timestamp>,
    /// The upload.
    #[serde(deserialize_with = "wire::id")]
    pub upload_id: Option<Guid>,
}

impl UploadProgress {
    /// The first byte that is expected next: the first number of the range (inferred).
    pub fn next_offset(&self) -> Option<u64> {
        let range = self.expected_content_range.as_deref()?;
        let digits = range.trim_start_matches(|c: char| !c.is_ascii_digit());
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        digits.get(..end)?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_with_and_without_quotes() {
        for tag in ["\"{22163376-C9E1-4541-A103-B8C1D74DAF5F},5\"", "{22163376-c9e1-4541-a103-b8c1d74daf5f},5"] {
            assert_eq!(revision(tag).unwrap().as_str(), "{22163376-C9E1-4541-A103-B8C1D74DAF5F},5");
        }
        assert_eq!((revision(""), revision("\"\"")), (None, None));
    }

    #[test]
    fn the_next_byte_of_an_upload() {
        let next = |range: &str| {
            UploadProgress { expected_content_range: Some(range.into()), ..Default::default() }.next_offset()
        };
        assert_eq!((next("10-"), next("bytes=7-9/20"), next("5"), next("")), (Some(10), Some(7), Some(5), None));
    }
}
