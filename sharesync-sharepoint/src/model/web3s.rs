//! Items of the sync service, which speaks XML of the Web3S dialect (observed, of newer versions of the service; the names of
//! statuses are of the final document, section 3.1.5).

use sharesync_core::{Digest, DigestAlgorithm, Revision, SecretUrl, Timestamp};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Guid;
use super::entity::revision;
use super::wire::{parse_id, parse_time};

/// What kind of thing an item of the sync service is: the name of its element.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ItemShape {
    /// A file.
    #[default]
    Document,
    /// A folder.
    Folder,
    /// Anything else, by the name of its element.
    Other(String),
}

/// A file or folder as the sync service describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SyncItem {
    /// What it is, by the name of its element.
    pub shape: ItemShape,
    /// `ItemType`, as it stands.
    pub item_type: Option<String>,
    /// `ResourceID`: the identifier that the REST service calls `UniqueId`.
    pub resource_id: Option<Guid>,
    /// `ETag`, as it stands: for files with quotes.
    pub e_tag: Option<String>,
    /// `DateCreated`
    pub created: Option<Timestamp>,
    /// `DateModified`
    pub modified: Option<Timestamp>,
    /// `RelationshipName`: the name.
    pub name: Option<String>,
    /// `Path`, beginning with `/RootFolder`.
    pub path: Option<String>,
    /// `ParentResourceID`: the folder that holds it; of the root folder, the library.
    pub parent_id: Option<Guid>,
    /// `Hash` of the group `fsshttpstate`: QuickXorHash in base64.
    pub hash: Option<String>,
    /// `DocumentStreams`: the contents; a file has one.
    pub streams: Vec<DocumentStream>,
    /// `CreatedBy`
    pub created_by: Option<String>,
    /// `LastModifiedBy`
    pub modified_by: Option<String>,
    /// `ChangeTime`
    pub change_time: Option<Timestamp>,
    /// `WriteStatus`, in answers to writes.
    pub write_status: Option<WriteStatus>,
    /// `QuotaState` and what belongs to it, of a root folder.
    pub quota: Option<Quota>,
    /// What stands in an element that says that the item is gone; see [`Dialect::deleted`](crate::Dialect::deleted).
    pub deleted: Option<String>,
    /// `ResyncAction`, where it stands in the body.
    pub resync_action: Option<String>,
}

/// A content of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DocumentStream {
    /// `DocumentStreamName`: `Binary` in answers.
    pub name: Option<String>,
    /// `DataSize`: bytes.
    pub size: Option<u64>,
    /// `PreAuthURL`: where it is downloaded, with the same sign-in.
    pub pre_auth_url: Option<SecretUrl>,
    /// `XORHash`: QuickXorHash in base64.
    pub xor_hash: Option<String>,
    /// `WriteValidationToken`
    pub write_validation_token: Option<String>,
    /// `StreamSyncToken`, opaque.
    pub stream_sync_token: Option<String>,
    /// `MimeType`
    pub mime_type: Option<String>,
}

/// How full the storage is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quota {
    /// `QuotaState`: `Normal`; other values are not documented.
    pub state: Option<String>,
    /// `SpaceUsed`: bytes.
    pub used: Option<u64>,
    /// `SpaceGranted`: bytes.
    pub granted: Option<u64>,
}

/// What became of a write to the sync service.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteStatus {
    /// It was done.
    Success,
    /// Anything else, as it stands: no other value is documented.
    Other(String),
}

/// What an answer of the change feed is (final document, `X-SyncStatus`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FeedStatus {
    /// Nothing has changed.
    NoChanges,
    /// The items are those that have changed.
    IncrementalChanges,
    /// The items are everything.
    FullData,
    /// What is known locally is to be compared with everything.
    ResyncNeeded,
    /// The token is to be thrown away, and a new one to be got.
    CurrentSyncTokenOnly,
}

impl FeedStatus {
    /// Reads the header; `None` for a value that the document does not have.
    pub fn read(text: &str) -> Option<Self> {
        let all = [
            ("NoChanges", Self::NoChanges),
            ("IncrementalChanges", Self::IncrementalChanges),
            ("FullData", Self::FullData),
            ("ResyncNeeded", Self::ResyncNeeded),
            ("CurrentSyncTokenOnly", Self::CurrentSyncTokenOnly),
        ];
        all.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(text.trim())).map(|(_, status)| status)
    }
}

/// What a client that is told to resynchronize does with what it has (final document, `ResyncAction`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResyncAction {
    /// `ResetReupload`
    ResetReupload,
    /// `Reupload`
    Reupload,
    /// `DifferentialUpload`
    DifferentialUpload,
}

impl ResyncAction {
    /// Reads the name; `None` for one that the document does not have.
    pub fn read(text: &str) -> Option<Self> {
        let all = [
            ("ResetReupload", Self::ResetReupload),
            ("Reupload", Self::Reupload),
            ("DifferentialUpload", Self::DifferentialUpload),
        ];
        all.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(text.trim())).map(|(_, action)| action)
    }
}

impl SyncItem {
    /// Whether it is a folder.
    pub fn is_folder(&self) -> bool {
        self.shape == ItemShape::Folder
    }

    /// The state of a file, without quotes.
    pub fn revision(&self) -> Option<Revision> {
        self.e_tag.as_deref().filter(|_| !self.is_folder()).and_then(revision)
    }

    /// Bytes of the content of a file.
    pub fn size(&self) -> Option<u64> {
        self.streams.iter().find_map(|stream| stream.size)
    }

    /// QuickXorHash of the content of a file.
    pub fn digest(&self) -> Option<Digest> {
        let text = self.streams.iter().find_map(|stream| stream.xor_hash.as_deref()).or(self.hash.as_deref())?;
        Digest::from_bytes(DigestAlgorithm::QuickXor, &STANDARD.decode(text.trim()).ok()?)
    }

    /// Takes the text of an element, by the names of those that it is in, within the item.
    pub(crate) fn take(&mut self, path: &[String], text: &str) {
        let text = text.trim();
        let filled = || Some(text.to_owned()).filter(|text| !text.is_empty());
        let names = path.iter().map(String::as_str);
        match names.collect::<Vec<_>>().as_slice() {
            ["ItemType"] => self.item_type = filled(),
            ["ResourceID"] => self.resource_id = parse_id(text),
            ["ETag"] => self.e_tag = filled(),
            ["DateCreated"] => self.created = parse_time(text),
            ["DateModified"] => self.modified = parse_time(text),
            ["RelationshipName"] => self.name = filled(),
            ["Path"] => self.path = filled(),
            ["ParentResourceID"] => self.parent_id = parse_id(text),
            ["CreatedBy"] => self.created_by = filled(),
            ["LastModifiedBy"] => self.modified_by = filled(),
            ["ChangeTime"] => self.change_time = parse_time(text),
            ["WriteStatus"] => self.write_status = Some(write_status(text)),
            ["Deleted" | "IsDeleted"] => self.deleted = Some(text.to_owned()),
            ["ResyncAction"] => self.resync_action = filled(),
            ["QuotaState" | "SpaceUsed" | "SpaceGranted"] | ["QuotaState", _] => {
                if let Some(name) = path.last() {
                    self.quota.get_or_insert_default().take(name, text);
                }
            }
            [group, "Hash"] if group.starts_with("fsshttpstate") => self.hash = filled(),
            ["DocumentStreams", "DocumentStream", name] => {
                if let Some(stream) = self.streams.last_mut() {
                    stream.take(name, text);
                }
            }
            _ => {}
        }
    }

    /// Takes the beginning of an element within the item.
    pub(crate) fn open(&mut self, path: &[String]) {
        if matches!(path, [streams, stream] if streams == "DocumentStreams" && stream == "DocumentStream") {
            self.streams.push(DocumentStream::default());
        }
    }
}

fn write_status(text: &str) -> WriteStatus {
    if text.eq_ignore_ascii_case("Success") { WriteStatus::Success } else { WriteStatus::Other(text.to_owned()) }
}

impl DocumentStream {
    fn take(&mut self, name: &str, text: &str) {
        let filled = || Some(text.to_owned()).filter(|text| !text.is_empty());
        match name {
            "DocumentStreamName" => self.name = filled(),
            "DataSize" => self.size = text.parse().ok(),
            "PreAuthURL" => self.pre_auth_url = text.parse().ok().map(SecretUrl::new),
            "XORHash" => self.xor_hash = filled(),
            "WriteValidationToken" => self.write_validation_token = filled(),
            "StreamSyncToken" => self.stream_sync_token = filled(),
            "MimeType" => self.mime_type = filled(),
            _ => {}
        }
    }
}

impl Quota {
    fn take(&mut self, name: &str, text: &str) {
        match name {
            "QuotaState" | "State" => self.state = Some(text.to_owned()).filter(|text| !text.is_empty()),
            "SpaceUsed" => self.used = text.parse().ok(),
            "SpaceGranted" => self.granted = text.parse().ok(),
            _ => {}
        }
    }
}
