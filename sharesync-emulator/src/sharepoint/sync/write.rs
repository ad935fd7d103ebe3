//! Uploads of small files: `POST RootFolder` with the items in XML and their bytes in parts of their own (protocol page, section 4.1).

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream;
use jiff::Timestamp;
use multer::{Constraints, Multipart, SizeLimit};

use super::web3s;
use crate::drive::{DriveError, Entry, FileUpload, ItemId, NewFolder, OnConflict, Staged};
use crate::sharepoint::content::{broken, check_name, check_tag};
use crate::sharepoint::dialect::{INLINE_LIMIT, WRITE_STATUS, WriteStatus};
use crate::sharepoint::errors::{Outcome, SpError};
use crate::sharepoint::ids::{Guid, Thing};
use crate::sharepoint::xml::{Element, element, escape};
use crate::sharepoint::{Ctx, LONGEST_BODY};

/// The bytes of the parts, by the session that their `Content-ID` names.
type Parts = HashMap<String, Arc<Staged>>;
type Written = Result<Entry, WriteStatus>;

impl Ctx {
    pub(super) async fn write(&mut self) -> Outcome {
        let (items, mut parts) = self.read_parts().await?;
        let items = items.filter(|items| items.name.eq_ignore_ascii_case("Items"));
        let items = items.ok_or_else(|| SpError::bad_request("The request has no Items."))?;
        let root = self.site.root()?;
        let answer = self.write_all(&items, root, &mut parts).await;
        Ok(web3s(WRITE_STATUS, &format!("<Items>{answer}</Items>")))
    }

    /// The XML of the request and the bytes of its parts.
    async fn read_parts(&mut self) -> Outcome<(Option<Element>, Parts)> {
        let Some(boundary) = boundary(self.call.content_type()) else {
            let body = self.call.body.read(LONGEST_BODY).await.map_err(broken)?;
            return Ok((Element::parse(&body), Parts::new()));
        };
        let bad = |error: multer::Error| SpError::bad_request(format!("The parts cannot be read: {error}"));
        let drive = self.drive().clone();
        let chunks = stream::unfold(&mut self.call.body, |body| async move {
            let chunk: std::io::Result<Bytes> = body.chunk().await.transpose()?;
            Some((chunk, body))
        });
        let limit = SizeLimit::new().whole_stream(u64::MAX).per_field(INLINE_LIMIT);
        let too_large = |error: multer::Error| match error {
            multer::Error::FieldSizeExceeded { .. } => SpError::too_large(INLINE_LIMIT),
            other => bad(other),
        };
        let mut multipart =
            Multipart::with_constraints(Box::pin(chunks), boundary, Constraints::new().size_limit(limit));
        let (mut items, mut parts) = (None, Parts::new());
        while let Some(mut field) = multipart.next_field().await.map_err(bad)? {
            let id = field.headers().get("content-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
            match session_of(&id) {
                Some(session) => {
                    let mut writer = drive.writer()?;
                    while let Some(data) = field.chunk().await.map_err(too_large)? {
                        writer.push(data).await?;
                    }
                    parts.insert(session, Arc::new(writer.finish().await?));
                }
                None => items = Element::parse(&field.bytes().await.map_err(too_large)?),
            }
        }
        Ok((items, parts))
    }

    /// The items one after the other; what is in a folder comes after the folder.
    async fn write_all(&self, items: &Element, parent: ItemId, parts: &mut Parts) -> String {
        let mut answers = String::new();
        for item in &items.children {
            let written = match item.name.to_ascii_lowercase().as_str() {
                "document" => self.write_document(item, parent, parts).await,
                "folder" => self.write_folder(item, parent),
                _ => Err(WriteStatus::InvalidRequest),
            };
            let inside = match (&written, item.child("Items")) {
                (Ok(folder), Some(inside)) if folder.item.is_folder() => {
                    Some(Box::pin(self.write_all(inside, folder.item.id, parts)).await)
                }
                _ => None,
            };
            answers += &self.written_xml(item, &written, inside.as_deref());
        }
        answers
    }

    fn written_xml(&self, asked: &Element, written: &Written, inside: Option<&str>) -> String {
        let status = |status: WriteStatus| element("WriteStatus", status.as_str());
        match written {
            Ok(entry) if entry.item.is_folder() => self.folder_xml(entry, inside, &status(WriteStatus::Success)),
            Ok(entry) => self.document_xml(entry, &status(WriteStatus::Success)),
            Err(refused) => {
                let kind = if asked.name.eq_ignore_ascii_case("folder") { "Folder" } else { "Document" };
                let known = ["ResourceID", "RelationshipName", "ParentResourceID", "ETag"];
                let echoed =
                    known.iter().filter_map(|name| Some(format!("<{name}>{}</{name}>", escape(asked.get(name)?))));
                format!("<{kind}>{}{}</{kind}>", echoed.collect::<String>(), status(*refused))
            }
        }
    }

    async fn write_document(&self, asked: &Element, parent: ItemId, parts: &mut Parts) -> Written {
        let mode = asked.get("WriteMode").unwrap_or_default().to_ascii_lowercase();
        let creates = match mode.as_str() {
            "create" => OnConflict::Fail,
            "createorupdate" | "update" => OnConflict::Replace,
            _ => return Err(WriteStatus::InvalidRequest),
        };
        let old = if mode == "update" { Some(self.target(asked)?) } else { None };
        let (folder, name) = match &old {
            Some(old) => (old.item.parent.ok_or(WriteStatus::ItemNotFound)?, old.item.name.to_string()),
            None => (self.parent(asked, parent)?, asked.get("RelationshipName").unwrap_or_default().to_owned()),
        };
        check_name(&name).map_err(|_| WriteStatus::InvalidName)?;
        let staged = stream_of(asked, parts)?;
        self.check_quota(staged.len()).map_err(|_| WriteStatus::QuotaExceeded)?;
        let content = self.kept_single(&name, staged).await.map_err(|_| WriteStatus::ContentMismatch)?;
        let date = |name: &str| asked.get(name).and_then(|text| text.parse::<Timestamp>().ok());
        let file = FileUpload {
            parent: folder,
            name: name.into(),
            content,
            description: None,
            client_created: date("DateCreatedOnClient"),
            client_modified: date("DateModifiedOnClient"),
            expires: None,
            on_conflict: creates,
        };
        let _deciding = self.face.deciding();
        if let Some(old) = &old {
            self.target(asked)
                .ok()
                .filter(|now| now.item.revision == old.item.revision)
                .ok_or(WriteStatus::ETagMismatch)?;
        }
        self.drive().put_file(self.user.id, file).map_err(|error| status_of(&error))
    }

    fn write_folder(&self, asked: &Element, parent: ItemId) -> Written {
        let mode = asked.get("WriteMode").unwrap_or_default().to_ascii_lowercase();
        let name = asked.get("RelationshipName").unwrap_or_default();
        let parent = self.parent(asked, parent)?;
        let there = self.drive().child(parent, name).filter(|entry| entry.item.is_folder());
        match (mode.as_str(), there) {
            ("createorupdate", Some(there)) => Ok(there),
            ("create" | "createorupdate", _) => {
                check_name(name).map_err(|_| WriteStatus::InvalidName)?;
                let made = self.drive().create_folder(self.user.id, parent, name, NewFolder::default());
                made.map_err(|error| status_of(&error))
            }
            _ => Err(WriteStatus::InvalidRequest),
        }
    }

    /// The folder that something is to go into: the one that is named, or the one around it.
    fn parent(&self, asked: &Element, around: ItemId) -> Result<ItemId, WriteStatus> {
        let Some(id) = asked.get("ParentResourceID") else {
            return Ok(around);
        };
        let id = Guid::parse(id).ok_or(WriteStatus::ParentNotFound)?;
        if id == self.site.list_id() {
            return self.site.library.ok_or(WriteStatus::ParentNotFound);
        }
        let folder = self.by_id(id).ok().filter(|entry| entry.item.is_folder()).ok_or(WriteStatus::ParentNotFound)?;
        Ok(folder.item.id)
    }

    /// The file that is to be updated, if it is still as the request knows it.
    fn target(&self, asked: &Element) -> Written {
        let id = asked.get("ResourceID").and_then(Guid::parse).filter(|id| id.number(Thing::Item).is_some());
        let entry = id
            .and_then(|id| self.by_id(id).ok())
            .filter(|entry| entry.item.is_file())
            .ok_or(WriteStatus::ItemNotFound)?;
        match asked.get("ETag") {
            Some(etag) => check_tag(etag, &entry.item).map(|()| entry).map_err(|_| WriteStatus::ETagMismatch),
            None => Ok(entry),
        }
    }
}

/// The bytes of a document, if they are what was announced.
fn stream_of(asked: &Element, parts: &mut Parts) -> Result<Staged, WriteStatus> {
    let stream = asked.find("DocumentStream").ok_or(WriteStatus::InvalidRequest)?;
    let session = stream.get("FragmentSessionId").ok_or(WriteStatus::InvalidRequest)?;
    let staged =
        parts.remove(&session.to_ascii_lowercase()).and_then(Arc::into_inner).ok_or(WriteStatus::ContentMismatch)?;
    let size_fits = stream.get("DataSize").is_none_or(|size| size == staged.len().to_string());
    let hash_fits = stream.get("XORHash").is_none_or(|hash| hash == staged.digests().quick_xor);
    if size_fits && hash_fits { Ok(staged) } else { Err(WriteStatus::ContentMismatch) }
}

fn status_of(error: &DriveError) -> WriteStatus {
    match error {
        DriveError::NotFound | DriveError::NotAFolder => WriteStatus::ParentNotFound,
        DriveError::NameTaken { .. } => WriteStatus::NameConflict,
        DriveError::InvalidName => WriteStatus::InvalidName,
        DriveError::Locked => WriteStatus::Locked,
        DriveError::Protected => WriteStatus::AccessDenied,
        _ => WriteStatus::InvalidRequest,
    }
}

/// The boundary of a `multipart/related`.
fn boundary(content_type: &str) -> Option<String> {
    let (kind, parameters) = content_type.split_once(';')?;
    kind.trim().eq_ignore_ascii_case("multipart/related").then_some(())?;
    let mut pairs = parameters.split(';').filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"))?;
    Some(value.trim().trim_matches('"').to_owned())
}

/// `F` of the `Content-ID` `<"F":Default>`; the XML has `<LiveFolders>` and no session.
fn session_of(id: &str) -> Option<String> {
    let (session, _) = id.trim().trim_start_matches('<').trim_end_matches('>').rsplit_once(':')?;
    Some(session.trim_matches('"').to_ascii_lowercase())
}
