//! The policy documents, and subscriptions to notifications.

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::web3s;
use crate::drive::{Drive, UserId};
use crate::http::Reply;
use crate::sharepoint::content::broken;
use crate::sharepoint::dialect::{RULES_HAVE_ATTRIBUTES, SUBSCRIPTION_DAYS, SUBSCRIPTION_STATUS};
use crate::sharepoint::errors::Outcome;
use crate::sharepoint::ids::{Guid, Thing};
use crate::sharepoint::times::precise;
use crate::sharepoint::xml::{element, escape};
use crate::sharepoint::{Ctx, LONGEST_BODY};

/// A subscription. Nothing is ever sent to it: notifications go by Windows' own service.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::sharepoint) struct Subscription {
    number: u64,
    user: UserId,
    expires: Timestamp,
}

impl Ctx {
    /// The rules for every library, or those for this one; what is known of both is in both.
    pub(super) fn policy(&self, global: bool) -> Reply {
        let (site, url) = (&self.site, self.site_url());
        let files = site.library.and_then(|root| self.drive().item(root)).map_or(0, |root| root.totals.files);
        let library = format!("{url}/{}", site.library_name());
        let mut rules = vec![
            (
                "DownloadUrlTemplate",
                format!("{url}/_layouts/15/download.aspx?UniqueId={{ResourceID}}&UserAgent=SkySync"),
            ),
            ("ItemCount", files.to_string()),
        ];
        rules.extend(match global {
            true => vec![("MaxClientMBTransferredPerDay", "131072".to_owned())],
            false => vec![
                ("SiteTitle", site.title.clone()),
                ("SiteID", site.id().to_string()),
                ("WebID", site.web_id().to_string()),
                ("IrmLibraryId", String::new()),
                ("DavUrlNamespace", library.clone()),
                ("ViewOnlineUrlTemplate", format!("{library}?id={{Path}}")),
            ],
        });
        let spelled: String = rules.iter().map(|(name, value)| rule(name, value)).collect();
        web3s(StatusCode::OK, &format!("<PolicyDocument>{spelled}</PolicyDocument>"))
    }

    pub(super) async fn subscribe(&mut self) -> Outcome {
        self.call.body.read(LONGEST_BODY).await.map_err(broken)?;
        let expires = Drive::now() + SignedDuration::from_hours(24 * SUBSCRIPTION_DAYS);
        let user = self.user.id;
        let subscription = self.face.subscriptions.add(|number| Subscription { number, user, expires });
        let id = Guid::of(Thing::Subscription, subscription.number).to_string();
        let told = element("SubscriptionId", &id) + &element("ExpirationDateTime", &precise(expires));
        Ok(web3s(SUBSCRIPTION_STATUS, &format!("<Subscription>{told}</Subscription>")))
    }
}

fn rule(name: &str, value: &str) -> String {
    if RULES_HAVE_ATTRIBUTES {
        return format!("<Rule name=\"{name}\" value=\"{}\"/>", escape(value));
    }
    format!("<Rule>{}{}</Rule>", element("name", name), element("value", value))
}
