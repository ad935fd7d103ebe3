//! What the documents leave open, each as a decision that can be replaced.

use sharesync_core::ErrorKind;

use crate::model::{ItemShape, ResyncAction, SyncItem};

/// In which form the REST service is asked to answer. Every form is read, whichever comes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OData {
    /// JSON with types (REST service): every version of the service knows it.
    #[default]
    Verbose,
    /// JSON without types: shorter; since an update of SharePoint 2013.
    NoMetadata,
}

impl OData {
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Verbose => "application/json;odata=verbose",
            Self::NoMetadata => "application/json;odata=nometadata",
        }
    }
}

/// How small content is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SmallUpload {
    /// By the REST service, whose calls and conflicts are documented.
    #[default]
    Rest,
    /// By the sync service, in one request with the description (observed of newer versions).
    Inline,
}

/// How access is given to people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum People {
    /// By `UpdateDocumentSharingInfo`, which can take access away from single people again.
    #[default]
    Roles,
    /// By `ShareObject`; it ends with `UnshareObject`, which takes it away from everybody.
    ShareObject,
}

/// The decisions. The first column says what is open, the documentation of the field what was decided.
///
/// | Open | Field |
/// |---|---|
/// | the form of answers of the REST service | [`odata`](Self::odata) |
/// | whether the service tells changes as a list, or within their folders | [`flat`](Self::flat) |
/// | how the feed tells that an item is gone | [`deleted`](Self::deleted) |
/// | whether it tells what a folder brings that comes back or comes in | [`list_told_folders`](Self::list_told_folders) |
/// | what `ResyncNeeded` means without an action | [`default_resync`](Self::default_resync) |
/// | where the action stands | [`resync_headers`](Self::resync_headers) |
/// | whether the sync service describes single items | [`sync_lookups`](Self::sync_lookups) |
/// | how small content is sent | [`small_upload`](Self::small_upload) |
/// | how access is given to people | [`people`](Self::people) |
/// | which folders of a library are the service's own | [`hidden_folders`](Self::hidden_folders) |
/// | which files the service rewrites | [`rewritten`](Self::rewritten) |
/// | the largest page of the feed | [`most_items`](Self::most_items) |
/// | what a `WriteStatus` other than `Success` means | [`write_status`](Self::write_status) |
///
/// Besides, and not to be replaced: elements of the sync service have no namespace (observed) and are known by their local
/// names; a token goes into the query as it came, with what must be escaped escaped and with its own escapes left alone; a
/// page of the feed without `X-HasMoreData: True` is the last (observed); status 304 means `NoChanges` (observed of an older
/// service); each of the three resync actions makes the store tell everything anew.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Dialect {
    /// In which form the REST service is asked to answer.
    pub odata: OData,
    /// Whether the feed is asked for a flat list (`X-ResponseStructure: Flat`, observed). Both forms are read.
    pub flat: bool,
    /// Whether an item of the feed is gone. By default: an element whose name or whose `ItemType` says so
    /// (`DeletedItem`, `Tombstone`, …), or a `Deleted` or `IsDeleted` in it that is not `False` (inferred).
    pub deleted: fn(&SyncItem) -> bool,
    /// Whether what is in a folder is listed when the feed tells the folder. By default not: the feed is taken to tell what
    /// came with a folder out of the recycle bin or from elsewhere (inferred). Listing costs requests for each folder told,
    /// and in the nested form that is every folder on the way to what has changed. The log of the REST service says which
    /// folders came back or came in; those are always listed.
    pub list_told_folders: bool,
    /// What `ResyncNeeded` means without an action.
    pub default_resync: ResyncAction,
    /// The headers in which the action may stand; in the body it is `ResyncAction` of the root.
    pub resync_headers: &'static [&'static str],
    /// Whether single items are asked of the sync service: it tells parent and digest, which the REST service does not.
    /// Where it does not know one, the REST service is asked.
    pub sync_lookups: bool,
    /// How small content is sent.
    pub small_upload: SmallUpload,
    /// How access is given to people.
    pub people: People,
    /// Folders at the top of a library that are the service's own, in whatever case: they are neither listed nor told.
    pub hidden_folders: &'static [&'static str],
    /// Endings of names of files that the service rewrites, in lower case. Digest and size of others must be those of what
    /// was sent.
    pub rewritten: &'static [&'static str],
    /// What a `WriteStatus` other than `Success` means. By default what its words say (inferred).
    pub write_status: fn(&str) -> ErrorKind,
    /// Items in one page of the feed; more are refused, because a page is kept in memory.
    pub most_items: usize,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            odata: OData::default(),
            flat: true,
            deleted,
            list_told_folders: false,
            default_resync: ResyncAction::ResetReupload,
            resync_headers: &["x-resyncaction", "resyncaction"],
            sync_lookups: true,
            small_upload: SmallUpload::default(),
            people: People::default(),
            hidden_folders: &["Forms"],
            rewritten: &[
                "doc", "docm", "docx", "dot", "dotm", "dotx", "htm", "html", "mht", "one", "pot", "potm", "potx",
                "pps", "ppsm", "ppsx", "ppt", "pptm", "pptx", "vsd", "vsdm", "vsdx", "xls", "xlsb", "xlsm", "xlsx",
                "xlt", "xltm", "xltx", "xml", "xsn",
            ],
            write_status,
            most_items: 50_000,
        }
    }
}

/// Whether an item of the feed says that it is gone.
fn deleted(item: &SyncItem) -> bool {
    let says_so = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.starts_with("deleted") || text.starts_with("tombstone")
    };
    let by_shape = matches!(&item.shape, ItemShape::Other(name) if says_so(name));
    let by_type = item.item_type.as_deref().is_some_and(says_so);
    let by_mark = item.deleted.as_deref().is_some_and(|mark| !mark.eq_ignore_ascii_case("false") && mark != "0");
    by_shape || by_type || by_mark
}

/// What the words of a status say.
fn write_status(status: &str) -> ErrorKind {
    let status = status.to_ascii_lowercase();
    let kinds = [
        ("etag", ErrorKind::PreconditionFailed),
        ("precondition", ErrorKind::PreconditionFailed),
        ("nameconflict", ErrorKind::AlreadyExists),
        ("exists", ErrorKind::AlreadyExists),
        ("notfound", ErrorKind::NotFound),
        ("locked", ErrorKind::Locked),
        ("checkedout", ErrorKind::Locked),
        ("quota", ErrorKind::QuotaExceeded),
        ("denied", ErrorKind::PermissionDenied),
        ("name", ErrorKind::Rejected),
    ];
    kinds.into_iter().find(|(word, _)| status.contains(word)).map_or(ErrorKind::Conflict, |(_, kind)| kind)
}

impl Dialect {
    /// The decisions as they are documented.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the service may rewrite a file of this name.
    pub(crate) fn rewrites(&self, name: &str) -> bool {
        let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
        ending.is_some_and(|ending| self.rewritten.contains(&ending.as_str()))
    }

    pub(crate) fn hides(&self, name: &str) -> bool {
        self.hidden_folders.iter().any(|hidden| hidden.eq_ignore_ascii_case(name))
    }
}

/// Defines a setter for each decision.
macro_rules! setters {
    ($($setter:ident: $field:ident: $type:ty,)*) => {
        impl Dialect {
            $(
                #[doc = concat!("Sets [`", stringify!($field), "`](Self::", stringify!($field), ").")]
                #[must_use]
                pub fn $setter(mut self, value: $type) -> Self {
                    self.$field = value;
                    self
                }
            )*
        }
    };
}

setters! {
    with_odata: odata: OData,
    with_flat: flat: bool,
    with_deleted: deleted: fn(&SyncItem) -> bool,
    with_list_told_folders: list_told_folders: bool,
    with_default_resync: default_resync: ResyncAction,
    with_resync_headers: resync_headers: &'static [&'static str],
    with_sync_lookups: sync_lookups: bool,
    with_small_upload: small_upload: SmallUpload,
    with_people: people: People,
    with_hidden_folders: hidden_folders: &'static [&'static str],
    with_rewritten: rewritten: &'static [&'static str],
    with_write_status: write_status: fn(&str) -> ErrorKind,
    with_most_items: most_items: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_and_what_is_not() {
        let mut item = SyncItem { deleted: Some("True".into()), ..SyncItem::default() };
        assert!(deleted(&item));
        item.deleted = Some(String::new());
        assert!(deleted(&item), "an empty mark is one");
        item.deleted = Some("False".into());
        assert!(!deleted(&item));
        item.item_type = Some("DeletedDocument".into());
        assert!(deleted(&item));
        item.item_type = Some("Document".into());
        item.shape = ItemShape::Other("DeletedItem".into());
        assert!(deleted(&item));
    }

    #[test]
    fn office_files_may_be_rewritten() {
        let dialect = Dialect::new();
        assert!(dialect.rewrites("a.b.DOCX") && !dialect.rewrites("docx") && !dialect.rewrites("a.bin"));
    }
}
