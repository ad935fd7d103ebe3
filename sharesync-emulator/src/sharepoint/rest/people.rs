//! What belongs to no list: the form digest, the user's profile, the services that are called by their names.

use super::Verb;
use crate::drive::UserId;
use crate::http::Reply;
use crate::sharepoint::Ctx;
use crate::sharepoint::dialect::{BUILD, DOMAIN};
use crate::sharepoint::errors::{Outcome, SpError};
use crate::sharepoint::ids::{Guid, Thing};
use crate::sharepoint::odata::{Answer, Data, Entity, Segment};
use crate::sharepoint::places::{Site, login_of};

impl Ctx {
    /// POST `contextinfo`: the one write that needs no digest.
    pub(super) fn context_info(&self, verb: Verb) -> Outcome {
        if verb != Verb::Post {
            return Err(SpError::not_allowed());
        }
        let digests = &self.face.digests;
        let versions = ["14.0.0.0", "15.0.0.0"].map(Data::text).to_vec();
        let fields = vec![
            ("FormDigestTimeoutSeconds", Data::count(digests.lifetime.as_secs())),
            ("FormDigestValue", Data::Text(digests.issue(self.user.id))),
            ("LibraryVersion", Data::text(BUILD)),
            ("SiteFullUrl", Data::Text(self.site_url())),
            ("SupportedSchemaVersions", Data::List("Edm.String", versions)),
            ("WebFullUrl", Data::Text(self.site_url())),
        ];
        Ok(Answer::Value("GetContextWebInformation", Data::Complex("SP.ContextWebInformation", fields))
            .reply(self.flavour))
    }

    /// The services that are called by their names; `None` if the path is none of them.
    pub(super) async fn service(&mut self, names: &[&str], steps: &[Segment], verb: Verb) -> Option<Outcome> {
        let (service, method) = match names {
            [one] => one.rsplit_once('.')?,
            [service, method] => (*service, *method),
            _ => return None,
        };
        let last = steps.last()?.clone();
        Some(match (service, method, verb) {
            ("sp.userprofiles.peoplemanager", "getmyproperties", Verb::Get | Verb::Post) => Ok(self.my_properties()),
            ("sp.movecopyutil", name, Verb::Post) if name.starts_with("move") || name.starts_with("copy") => {
                self.move_copy_util(name).await
            }
            ("sp.web" | "sp.sharing.documentsharingmanager", name, Verb::Post) => self.sharing(name, &last).await,
            _ => return None,
        })
    }

    pub(super) fn login_name(&self, id: UserId) -> String {
        let accounts = &self.face.shared.accounts;
        accounts
            .user(id)
            .map_or_else(|| format!("{DOMAIN}\\system"), |user| format!("{DOMAIN}\\{}", login_of(user, accounts)))
    }

    pub(super) fn user_email(&self, id: UserId) -> String {
        self.drive().user(id).map(|user| user.email).unwrap_or_default()
    }

    pub(super) fn current_user(&self) -> Entity {
        self.user_entity(self.user.id)
    }

    /// `SP.UserProfiles.PersonProperties` of who asks.
    fn my_properties(&self) -> Reply {
        let accounts = &self.face.shared.accounts;
        let site: Site = self.face.places.personal(&self.user, accounts);
        let base = &self.call.base;
        let (first, last) = self.user.names();
        let profile = |key: &str, value: String| {
            let fields =
                vec![("Key", Data::text(key)), ("Value", Data::Text(value)), ("ValueType", Data::text("Edm.String"))];
            Data::Complex("SP.KeyValue", fields)
        };
        let account = self.login_name(self.user.id);
        let properties = vec![
            profile("UserProfile_GUID", Guid::of(Thing::User, self.user.id.0).to_string()),
            profile("AccountName", account.clone()),
            profile("FirstName", first.clone()),
            profile("LastName", last.clone()),
            profile("PersonalSpace", format!("{}/", site.url)),
            profile("WorkEmail", self.user.email.clone()),
        ];
        let nobody = || Data::List("Edm.String", Vec::new());
        let fields = vec![
            ("AccountName", Data::Text(account.clone())),
            ("DirectReports", nobody()),
            ("DisplayName", Data::Text(format!("{first} {last}"))),
            ("Email", Data::text(&self.user.email)),
            ("ExtendedManagers", nobody()),
            ("ExtendedReports", nobody()),
            ("IsFollowed", Data::Bool(false)),
            ("LatestPost", Data::Null),
            ("Peers", nobody()),
            ("PersonalSiteHostUrl", Data::Text(format!("{base}/"))),
            ("PersonalUrl", Data::Text(format!("{base}{}/", site.url))),
            ("PictureUrl", Data::Null),
            ("Title", Data::Null),
            ("UserProfileProperties", Data::List("SP.KeyValue", properties)),
            ("UserUrl", Data::Text(format!("{base}/Person.aspx?accountname={}", crate::http::encode(&account)))),
        ];
        let uri = format!("{}/_api/SP.UserProfiles.PeopleManager/GetMyProperties", self.site_url());
        let type_name = "SP.UserProfiles.PersonProperties";
        self.answered(Answer::Entity(Entity { type_name, uri, etag: None, fields, links: &[], expanded: Vec::new() }))
    }
}
