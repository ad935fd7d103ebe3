//! The bytes of files: sending them, taking them in, and what a library does to Office files.

use bytes::Bytes;
use http::header::{HeaderValue, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderName, StatusCode};

use super::Ctx;
use super::errors::{Outcome, SpError};
use super::ids;
use crate::drive::{Content, Drive, Entry, FileUpload, Hasher, Item, ItemId, OnConflict, Staged};
use crate::http::{Label, content as content_reply, empty};

/// What a library that rewrites Office files puts into them: they grow by this.
const PROMOTED: &[u8] = b"<properties promoted from the library>";
const OFFICE: [&str; 6] = [".docx", ".xlsx", ".pptx", ".docm", ".xlsm", ".pptm"];
/// SharePoint 2019 takes files of up to 15 GB.
const LARGEST_FILE: u64 = 15 << 30;

impl Ctx {
    /// GET of a content, by range and under conditions.
    pub(crate) fn send(&self, entry: &Entry) -> Outcome {
        let version = entry.version.as_ref().ok_or_else(SpError::not_found)?;
        let etag = ids::etag(&entry.item);
        self.check_match(&entry.item)?;
        if self.call.header(&IF_NONE_MATCH).is_some_and(|known| known == etag) {
            return Ok(empty(StatusCode::NOT_MODIFIED));
        }
        let label = Label { name: &entry.item.name, content_type: "application/octet-stream", etag: Some(&etag) };
        Ok(content_reply(self.drive(), &self.call, &version.content, label))
    }

    /// Refuses a request whose `If-Match` is not the item's tag.
    pub(crate) fn check_match(&self, item: &Item) -> Outcome<()> {
        match self.call.header(&IF_MATCH) {
            Some(wanted) => check_tag(wanted, item),
            None => Ok(()),
        }
    }

    /// The request's body, stored as it comes.
    pub(crate) async fn take(&mut self) -> Outcome<Staged> {
        Ok(self.take_behind(Hasher::default()).await?.0)
    }

    /// As [`Ctx::take`], of bytes that come behind others, which a hasher has taken already.
    pub(crate) async fn take_behind(&mut self, hasher: Hasher) -> Outcome<(Staged, Hasher)> {
        let mut writer = self.face.shared.drive.writer_behind(hasher)?;
        let mut len = 0;
        while let Some(data) = self.call.body.chunk().await.map_err(broken)? {
            len += data.len() as u64;
            if len > LARGEST_FILE {
                return Err(SpError::too_large(LARGEST_FILE));
            }
            writer.push(data).await?;
        }
        Ok(writer.finish_and_go_on().await?)
    }

    /// The content of stored parts as the library keeps it under a name.
    pub(crate) async fn kept_content(&self, name: &str, parts: Vec<Staged>, mut hasher: Hasher) -> Outcome<Content> {
        let mut parts = parts;
        if self.face.options.rewrite_office && is_office(name) {
            let mut writer = self.drive().writer()?;
            writer.push(Bytes::from_static(PROMOTED)).await?;
            parts.push(writer.finish().await?);
            hasher.update(PROMOTED);
        }
        Ok(Staged::join(&parts, hasher.finish()))
    }

    /// As [`Ctx::kept_content`], of one stored part.
    pub(crate) async fn kept_single(&self, name: &str, staged: Staged) -> Outcome<Content> {
        if !(self.face.options.rewrite_office && is_office(name)) {
            let digests = staged.digests().clone();
            return Ok(Staged::join([&staged], digests));
        }
        let hashed = move || {
            let mut hasher = Hasher::default();
            staged.hash_into(&mut hasher).map(|()| (staged, hasher))
        };
        let (staged, hasher) = tokio::task::spawn_blocking(hashed).await.map_err(std::io::Error::other)??;
        self.kept_content(name, vec![staged], hasher).await
    }

    /// Puts a content into a folder under a name.
    pub(crate) fn put(&self, parent: ItemId, name: &str, content: Content, on_conflict: OnConflict) -> Outcome<Entry> {
        check_name(name)?;
        let at = Some(Drive::now());
        let file = FileUpload {
            parent,
            name: name.into(),
            content,
            description: None,
            client_created: at,
            client_modified: at,
            expires: None,
            on_conflict,
        };
        let put = self.drive().put_file(self.user.id, file);
        put.map_err(|error| named(error, name))
    }

    /// Refuses what would not fit into the quota of the library.
    pub(crate) fn check_quota(&self, more: u64) -> Outcome<()> {
        let Some(quota) = self.face.options.quota else {
            return Ok(());
        };
        let used = self.site.library.and_then(|root| self.drive().item(root)).map_or(0, |root| root.totals.bytes);
        if used + more > quota { Err(SpError::over_quota()) } else { Ok(()) }
    }
}

/// Says which name is taken.
pub(crate) fn named(error: crate::drive::DriveError, name: &str) -> SpError {
    match error {
        crate::drive::DriveError::NameTaken { .. } => SpError::name_exists(name),
        other => other.into(),
    }
}

/// Whether a condition fits an item: `*`, the tag of the file, or that of its list item; quotes may be missing.
pub(crate) fn check_tag(wanted: &str, item: &Item) -> Outcome<()> {
    let etag = ids::etag(item);
    let list_item = ids::list_item_etag(item);
    let wanted = wanted.trim();
    let fits = |tag: &str| wanted.eq_ignore_ascii_case(tag) || wanted.eq_ignore_ascii_case(tag.trim_matches('"'));
    let fits_list_item = super::dialect::LIST_ITEM_TAGS && fits(&list_item);
    if wanted == "*" || fits(&etag) || fits_list_item { Ok(()) } else { Err(SpError::precondition(&etag)) }
}

/// Names that SharePoint takes: no `" * : < > ? / \ |`, no space at an end, no period at the end.
pub(crate) fn check_name(name: &str) -> Outcome<()> {
    let bad = name.contains(['"', '*', ':', '<', '>', '?', '/', '\\', '|'])
        || name.chars().any(char::is_control)
        || name.trim() != name
        || name.ends_with('.')
        || name.chars().count() > 400;
    if bad { Err(SpError::bad_name()) } else { Ok(()) }
}

fn is_office(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    OFFICE.iter().any(|extension| name.ends_with(extension))
}

pub(crate) fn broken(error: std::io::Error) -> SpError {
    SpError::bad_request(format!("The body cannot be read: {error}"))
}

/// Gives a reply a header.
pub(crate) fn tell(reply: &mut crate::http::Reply, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers_mut().insert(HeaderName::from_static(name), value);
    }
}
