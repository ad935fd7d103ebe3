//! SyncAPI beside its change list: all folders at once, and how far an upload has come.

use super::places::{Rights, folder_of, path_of};
use super::record::Record;
use super::staging::Target;
use super::{Ctx, Outcome, Refused};
use crate::drive::{Entry, ItemId};

impl Ctx {
    /// The folders of the caller's volume and of what is shared with the caller. `Path` is the folder that a folder is in, with a
    /// separator at its end, as in listings.
    pub(super) fn all_items_for_sync(&self) -> Outcome {
        let user = self.user()?;
        let shared = self.face.groups.shared_with(user.id);
        let tops = std::iter::once((user.home, Rights::Full)).chain(shared);
        let (mut roots, mut folders) = (Vec::new(), Vec::new());
        for (id, rights) in tops {
            let Some(top) = self.drive().item(id).filter(|entry| !entry.is_deleted()) else {
                continue;
            };
            roots.push(
                Record::new()
                    .set("SharedDirectory", path_of(&top))
                    .set("PermissionFlag", rights.letter())
                    .set("FolderId", id.0),
            );
            self.folders_below(&top, &mut folders);
        }
        Ok(Record::new().list("RootLevelItems", "RootItems", roots).list("ChildLevelItems", "ChildItems", folders))
    }

    fn folders_below(&self, top: &Entry, folders: &mut Vec<Record>) {
        let mut ahead = vec![(top.item.id, 1_u32)];
        while let Some((folder, level)) = ahead.pop() {
            let children = self.drive().children(folder, 0, None).entries;
            for child in children.iter().filter(|child| child.item.is_folder()) {
                folders.push(
                    Record::new()
                        .set("Path", folder_of(child))
                        .set("Name", &child.item.name)
                        .set("Level", level)
                        .set("FolderId", child.item.id.0),
                );
                ahead.push((child.item.id, level + 1));
            }
        }
    }

    /// How many bytes of a file's upload by AppendChunk or AppendChunkGZip are here.
    pub(super) async fn sync_upload_resume(&self) -> Outcome {
        let user = self.user()?;
        let parameters = self.args.object("Parameters");
        let folder = self.drive().item(ItemId(parameters.count("ServerFolderID"))).filter(|entry| {
            let above = entry.ancestors.iter().map(|folder| folder.id).chain([entry.item.id]);
            entry.item.is_folder() && !entry.is_deleted() && self.rights(&user, above) >= Some(Rights::Create)
        });
        let folder = folder.ok_or_else(|| Refused::because("The folder does not exist."))?;
        let name = parameters.text("FileName");
        let there = self.drive().child(folder.item.id, name).map_or(0, |entry| entry.item.id.0);
        let progress = self.face.uploads.progress(&Target::new(user.id, folder.item.id, name)).await;
        let (token, length) = progress.unwrap_or_else(|| {
            let given = parameters.some_text("FileGuid").map(str::to_owned);
            (given.unwrap_or_else(|| self.face.uploads.fresh_token()), 0)
        });
        Ok(Record::new().set("FileGUID", token).set("ServerFileID", there).set("FileLength", length))
    }
}
