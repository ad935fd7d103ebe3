//! What the addresses of links lead to. Ours: the download begins at once; a password goes into the query as `password`; a drop
//! box takes the body of a POST, under the name that the query gives as `name`.

use std::sync::Arc;

use http::{Method, StatusCode};

use super::downloads::Target;
use super::places::check_name;
use super::{FilesAnywhere, Refused, pages};
use crate::drive::{Drive, Entry, FileUpload, ItemId, OnConflict, Purpose, Share, Staged};
use crate::http::{Call, Reply};
use crate::zip_archive;

const GONE: &str = "This link does not exist, or has ended.";

impl FilesAnywhere {
    fn opened(&self, call: &Call) -> Result<Arc<Share>, (StatusCode, &'static str)> {
        let address = call.query.get("v").unwrap_or_default();
        match self.link_of(address, call.query.get("password").unwrap_or_default()) {
            Some(Some(share)) => Ok(share),
            Some(None) => Err((StatusCode::FORBIDDEN, "This link needs a password.")),
            None => Err((StatusCode::NOT_FOUND, GONE)),
        }
    }

    pub(super) async fn send_page(self: Arc<Self>, mut call: Call) -> Reply {
        call.body.drain().await;
        if !matches!(call.method, Method::GET | Method::HEAD) {
            return pages::error(StatusCode::METHOD_NOT_ALLOWED, "A link can only be read.");
        }
        let share = match self.opened(&call) {
            Ok(share) => share,
            Err((status, reason)) => return pages::error(status, reason),
        };
        let Purpose::Send { items } = &share.purpose else {
            return pages::error(StatusCode::NOT_FOUND, GONE);
        };
        let live = |id: ItemId| self.drive().item(id).filter(|entry| !entry.is_deleted());
        let entries: Vec<Entry> = items.iter().filter_map(|shared| live(shared.item)).collect();
        if share.view_only {
            let names: String =
                entries.iter().map(|entry| format!("<p>{}</p>\n", super::soap::escaped(&entry.item.name))).collect();
            return pages::plain("Shared items", &names);
        }
        match self.link_target(&entries).await {
            Some(target) if call.method == Method::HEAD || self.use_once(&share) => self.serve_target(&call, &target),
            _ => pages::error(StatusCode::NOT_FOUND, GONE),
        }
    }

    /// One file as it is, everything else in an archive.
    async fn link_target(&self, entries: &[Entry]) -> Option<Target> {
        match entries {
            [] => None,
            [only] if only.item.is_file() => Some(Target::File(only.clone())),
            several => {
                let ids = several.iter().map(|entry| entry.item.id).collect();
                let made = Arc::new(zip_archive::make(self.drive().clone(), ids, false).await.ok()?);
                Some(Target::Archive { name: "Files.zip".to_owned(), made })
            }
        }
    }

    /// Counts a use; `false` when there is none left.
    fn use_once(&self, share: &Share) -> bool {
        let now = Drive::now();
        let counted = self.drive().change_share(share.creator, share.id, |share| {
            let allowed = !share.has_ended(now);
            share.downloads += u64::from(allowed);
            allowed
        });
        counted.unwrap_or(false)
    }

    pub(super) async fn drop_page(self: Arc<Self>, mut call: Call) -> Reply {
        let received = if call.method == Method::POST { self.receive(&mut call).await } else { Ok(None) };
        call.body.drain().await;
        let share = match self.opened(&call) {
            Ok(share) => share,
            Err((status, reason)) => return pages::error(status, reason),
        };
        match (&share.purpose, received) {
            (Purpose::Request { .. }, Ok(None)) => {
                pages::plain("Drop box", "<p>Send a file by POST, with its name as name=.</p>")
            }
            (Purpose::Request { folder }, Ok(Some(staged))) => match self.dropped(&call, &share, *folder, &staged) {
                Ok(()) => pages::plain("Drop box", "<p>The file has arrived.</p>"),
                Err(Refused(reason)) => pages::error(StatusCode::BAD_REQUEST, &reason),
            },
            (_, Err(Refused(reason))) => pages::error(StatusCode::BAD_REQUEST, &reason),
            _ => pages::error(StatusCode::NOT_FOUND, GONE),
        }
    }

    async fn receive(&self, call: &mut Call) -> Result<Option<Staged>, Refused> {
        let mut writer = self.drive().writer()?;
        while let Some(data) = call.body.chunk().await? {
            writer.push(data).await?;
        }
        Ok(Some(writer.finish().await?))
    }

    fn dropped(&self, call: &Call, share: &Share, folder: ItemId, staged: &Staged) -> Result<(), Refused> {
        let name = call.query.get("name").unwrap_or_default();
        check_name(name)?;
        let content = Staged::join([staged], staged.digests().clone());
        let file = FileUpload {
            parent: folder,
            name: name.into(),
            content,
            description: None,
            client_created: None,
            client_modified: None,
            expires: None,
            on_conflict: OnConflict::Rename,
        };
        self.drive().put_file(share.creator, file)?;
        Ok(())
    }
}
