//! Uploads: one request with the whole content, chunked as the reference has it or with a length as clients do it.

use std::sync::Arc;

use http::StatusCode;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};

use super::Acronis;
use super::errors::{ApiError, Outcome};
use super::sight::Sight;
use crate::drive::{FileUpload, OnConflict, Staged, User};
use crate::http::{Call, RequestBody, json};

/// What the query says about the file.
struct Announced {
    name: String,
    size: u64,
    checksum: Option<String>,
}

impl Acronis {
    /// A file whose name is taken gets a new revision. A folder of that name is in the way.
    pub(super) async fn upload(self: Arc<Self>, user: &User, folder: &str, mut call: Call) -> Outcome {
        let (folder, announced) = match self.prepare(user, folder, &call) {
            Ok(prepared) => prepared,
            Err(refused) => {
                call.body.drain().await;
                return Err(refused);
            }
        };
        let Ok(staged) = self.receive(&mut call.body, &announced).await? else {
            self.state().audit.failed_upload(self.drive(), user);
            return Err(ApiError::incomplete());
        };
        let file = FileUpload {
            parent: folder,
            name: announced.name.into(),
            content: Staged::join([&staged], staged.digests().clone()),
            description: None,
            client_created: None,
            client_modified: None,
            expires: None,
            on_conflict: OnConflict::Replace,
        };
        let sight = Sight::of(&self, user);
        let put = self.drive().put_file(user.id, file).map_err(|error| match error {
            crate::drive::DriveError::NameTaken { .. } => ApiError::invalid(),
            other => sight.refused(other),
        })?;
        self.purge_revisions(put.item.id);
        let node = sight.node(put).ok_or_else(ApiError::no_access)?;
        Ok(json(StatusCode::CREATED, sight.whole(&node).to_string()))
    }

    fn prepare(&self, user: &User, folder: &str, call: &Call) -> Result<(crate::drive::ItemId, Announced), ApiError> {
        let folder = Sight::of(self, user).find_target(folder)?;
        if call.headers.contains_key(CONTENT_TYPE) && call.content_type() != "application/octet-stream" {
            return Err(ApiError::media_type());
        }
        let query = &call.query;
        let announced = Announced {
            name: query.get("filename").ok_or_else(ApiError::invalid)?.to_owned(),
            size: query.number("size").ok_or_else(ApiError::invalid)?,
            checksum: query.get("checksum").map(str::to_owned),
        };
        let length = call.header(&CONTENT_LENGTH).map(|length| length.trim().parse::<u64>().ok());
        if length.is_some_and(|length| length != Some(announced.size)) {
            return Err(ApiError::incomplete());
        }
        Ok((folder.id(), announced))
    }

    /// Stores what comes. `Err(())` inside: it is not what was announced.
    async fn receive(&self, body: &mut RequestBody, announced: &Announced) -> Result<Result<Staged, ()>, ApiError> {
        let mut writer = self.drive().writer()?;
        let mut received = 0u64;
        loop {
            match body.chunk().await {
                Ok(Some(data)) => {
                    received += data.len() as u64;
                    if received > announced.size {
                        body.drain().await;
                        return Ok(Err(()));
                    }
                    writer.push(data).await?;
                }
                Ok(None) => break,
                Err(_) => return Ok(Err(())),
            }
        }
        let staged = writer.finish().await?;
        let sum = &staged.digests().md5;
        let wrong = announced.checksum.as_ref().is_some_and(|checksum| !checksum.eq_ignore_ascii_case(sum));
        Ok(if received < announced.size || wrong { Err(()) } else { Ok(staged) })
    }
}
