//! Links: to items for downloading, and to a folder that takes uploads. `GENERALLINK` as the recipient asks for an address that
//! is for everybody; other recipients get one each. No mail is sent.

use jiff::{SignedDuration, Timestamp};

use super::args::Args;
use super::places::{Place, Rights};
use super::record::Record;
use super::{Ctx, FilesAnywhere, Outcome, Refused};
use crate::drive::{Drive, Purpose, Share, ShareId, SharedItem, User};

pub(super) const SEND_PATH: &str = "/faw/fs/v.aspx";
pub(super) const DROP_PATH: &str = "/faw/drop/v.aspx";
const GENERAL: &str = "GENERALLINK";
/// What most operations call them; `SendFileShareLink` has its own names.
const RECIPIENTS: &str = "RecipientsEmailAddresses";
const PASSWORD: &str = "ElinkPassWord";

/// What is asked of a link besides its items.
struct Wish<'a> {
    recipients: &'a str,
    days: i64,
    downloads: i64,
    password: &'a str,
    subject: &'a str,
    view_only: bool,
}

impl<'a> Wish<'a> {
    fn of(args: &'a Args, recipients: &str, password: &str) -> Self {
        Self {
            recipients: args.text(recipients),
            days: args.number("ShareDays"),
            downloads: args.number("DownloadLimit"),
            password: args.text(password),
            subject: args.text("EmailSubject"),
            view_only: args.text("ReadOnlyPermission").eq_ignore_ascii_case("y"),
        }
    }
}

impl FilesAnywhere {
    /// The address of a link. Its password is part of the seal, and kept nowhere.
    fn link_url(&self, base: &str, path: &str, id: ShareId, password: &str) -> String {
        let id = format!("{:x}", id.0);
        format!("{base}{path}?v={id}.{}", self.seal.of("link", &[&id, password]))
    }

    /// The link of an address; the outer `None` is an address that is none, the inner one a password that is wrong.
    pub(super) fn link_of(&self, address: &str, password: &str) -> Option<Option<std::sync::Arc<Share>>> {
        let (id, seal) = address.split_once('.')?;
        let share = self.drive().share(ShareId(u64::from_str_radix(id, 16).ok()?))?;
        if share.has_ended(Drive::now()) {
            return None;
        }
        Some((self.seal.of("link", &[id, password]) == seal).then_some(share))
    }
}

impl Ctx {
    fn shared_items(&self, user: &User, list: &Args) -> Result<Purpose, Refused> {
        let items = list.objects("Item").map(|item| {
            let place = self.place(user, item.text("Path"))?.of_type(item.text("Type"))?;
            Ok(SharedItem::new(place.id(), None))
        });
        let items = items.collect::<Result<Vec<_>, Refused>>()?;
        if items.is_empty() {
            return Err(Refused::because("There is nothing to share."));
        }
        Ok(Purpose::Send { items })
    }

    /// An address for each recipient.
    fn links(
        &self,
        user: &User,
        path: &str,
        purpose: &Purpose,
        wish: &Wish<'_>,
    ) -> Result<Vec<(String, String)>, Refused> {
        let recipients: Vec<_> =
            wish.recipients.split([';', ',']).map(str::trim).filter(|name| !name.is_empty()).collect();
        if recipients.is_empty() {
            return Err(Refused::because("There is no recipient."));
        }
        let expires = SignedDuration::try_from_hours(wish.days.saturating_mul(24)).filter(|_| wish.days > 0);
        let made = recipients.into_iter().map(|recipient| {
            let mut share = Share::new(user.id, purpose.clone());
            share.title = wish.subject.to_owned();
            share.expires = expires.and_then(|days| Timestamp::now().checked_add(days).ok());
            share.max_downloads = u64::try_from(wish.downloads).ok().filter(|limit| *limit > 0);
            share.view_only = wish.view_only;
            if !recipient.eq_ignore_ascii_case(GENERAL) {
                share.recipients.push(recipient.to_owned());
            }
            let share = self.drive().add_share(user.id, share)?;
            Ok((self.face.link_url(&self.base, path, share.id, wish.password), recipient.to_owned()))
        });
        made.collect()
    }

    pub(super) fn send_with_defaults(&self) -> Outcome {
        let user = self.user()?;
        let purpose = self.shared_items(&user, self.args.object("ELinkItems"))?;
        let links = self.links(&user, SEND_PATH, &purpose, &Wish::of(&self.args, RECIPIENTS, PASSWORD))?;
        let details = links.into_iter().map(|(url, who)| Record::new().set("URL", url).set("EmailAddress", who));
        Ok(Record::new().set("ELinkSent", true).list("ElinksDetails", "ElinkDetails", details.collect()))
    }

    pub(super) fn send_items(&self) -> Outcome {
        let user = self.user()?;
        let purpose = self.shared_items(&user, self.args.object("ELinkItems"))?;
        Ok(sent(self.links(&user, SEND_PATH, &purpose, &Wish::of(&self.args, RECIPIENTS, PASSWORD))?))
    }

    pub(super) fn send_file_share(&self) -> Outcome {
        let user = self.user()?;
        let parameters = self.args.object("Parameters");
        let purpose = self.shared_items(&user, parameters.object("FileShareLinkItems"))?;
        let wish = Wish::of(parameters, "RecipientEmails", "LinkPassword");
        Ok(sent(self.links(&user, SEND_PATH, &purpose, &wish)?))
    }

    pub(super) fn send_dropbox(&self) -> Outcome {
        let user = self.user()?;
        let folder = self.place(&user, self.args.text("DropFolderPath")).and_then(Place::folder)?;
        let folder = folder.need(Rights::Create)?;
        let purpose = Purpose::Request { folder: folder.id() };
        Ok(sent(self.links(&user, DROP_PATH, &purpose, &Wish::of(&self.args, RECIPIENTS, PASSWORD))?))
    }
}

fn sent(links: Vec<(String, String)>) -> Record {
    let urls = links.into_iter().map(|(url, who)| Record::new().set("URL", url).set("EmailID", who));
    Record::new().set("ELinkSent", true).list("ELinkURLs", "ElinkURL", urls.collect())
}
