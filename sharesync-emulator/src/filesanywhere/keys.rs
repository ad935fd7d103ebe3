//! Folder access keys: with one of them, whoever has the API key may upload into one folder.

use super::args::Args;
use super::places::{Rights, check_name};
use super::record::Record;
use super::staging::Which;
use super::uploads::{Destination, chunk_of};
use super::{Ctx, Outcome, Refused};
use crate::drive::{ItemId, UserId};

impl Ctx {
    /// The user who asks may be named by a token, or by name and password; with both, both have to be right.
    pub(super) fn folder_access_key(&self) -> Outcome {
        let user = match self.args.some_text("UserName") {
            Some(name) => self.sign_in_clear(name, self.args.text("Password"))?,
            None => self.user()?,
        };
        if self.args.some_text("Token").is_some() {
            self.user()?;
        }
        let folder = self.place(&user, self.args.text("FolderPath"))?.folder()?.need(Rights::Create)?;
        let (user, folder) = (format!("{:x}", user.id.0), format!("{:x}", folder.id().0));
        let seal = self.face.seal.of("folder", &[&user, &folder]);
        Ok(Record::new().set("FolderAccessKey", format!("{user}.{folder}.{seal}")))
    }

    /// Where a key lets a file go.
    fn keyed(&self, args: &Args) -> Result<Destination, Refused> {
        self.api_key(args)?;
        let invalid = || Refused::because("The folder access key is invalid.");
        let mut parts = args.text("FolderAccessKey").split('.');
        let (Some(user), Some(folder), Some(seal), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(invalid());
        };
        if self.face.seal.of("folder", &[user, folder]) != seal {
            return Err(invalid());
        }
        let number = |text| u64::from_str_radix(text, 16).map_err(|_| invalid());
        let user = self.drive().user(UserId(number(user)?)).ok_or_else(invalid)?;
        let folder = ItemId(number(folder)?);
        self.drive().item(folder).filter(|entry| !entry.is_deleted()).ok_or_else(invalid)?;
        let name = args.text("FileName").to_owned();
        check_name(&name)?;
        Ok(Destination { user, folder, name })
    }

    pub(super) async fn upload_with_key(&self) -> Outcome {
        self.put_whole(&self.keyed(&self.args)?).await?;
        Ok(Record::new().set("Uploaded", true))
    }

    pub(super) async fn append_with_key(&self) -> Outcome {
        self.chunk_with_token(&self.keyed(&self.args)?, &self.args).await
    }

    /// The log of a client's own, chunk by chunk, into the folder of the key.
    pub(super) async fn submit_sync_log(&self) -> Outcome {
        self.user()?;
        let parameters = self.args.object("Parameters");
        let to = self.keyed(parameters)?;
        let data = chunk_of(parameters, false)?;
        self.append(&to, parameters, data, Which::AtTarget, parameters.flag("IsLastChunk")).await?;
        Ok(Record::new().set("FolderAccessKey", parameters.text("FolderAccessKey")))
    }
}
