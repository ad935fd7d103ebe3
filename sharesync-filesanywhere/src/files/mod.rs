//! The operations of FAWAPI, version 2: those that the contract needs, and what belongs to them.

mod downloads;
mod items;
mod links;
mod shares;
mod uploads;

use sharesync_core::Result;
use sharesync_core::http::Repeat;

pub use downloads::Downloads;
pub use items::{Items, Search, SizeUnit, SortBy};
pub use links::{DropboxLink, FileShareLink, ItemsLink, Links};
pub use shares::{FolderKeys, GroupShares};
pub use uploads::{ChunkTimes, Uploads};

use crate::client::resource;
use crate::model::{AccountDetails, ApiUrl, ClientId, DeviceRegistration, LogActivity, Notifications, UserVolumes};
use crate::soap::{DateTime, DocumentError, Element, Op, Record, Request, Streamed};

/// The recipient who stands for nobody: the link is returned, and no mail is sent (SendItemsELink).
pub const GENERAL_LINK: &str = "GENERALLINK";

const LOGOUT: Op = Op::files("Logout", "LogoutResponse", "LogoutResult").writes(Repeat::Idempotent, Some("LoggedOut"));
const ACCOUNT_DETAILS: Op = Op::files("GetAccountDetails", "GetAccountDetailsResponse", "GetAccountDetailsResult");
const USER_VOLUMES: Op = Op::files("ListUserVolumes2", "ListUserVolumes2Response", "ListUserVolumesResult");
const REGISTER_DEVICE: Op =
    Op::files("RegisterDevice", "RegisterDeviceResponse", "RegisterDeviceResult").writes(Repeat::Idempotent, None);
const NOTIFICATIONS: Op = Op::files("GetNotifications", "GetNotificationsResponse", "GetNotificationsResult");
const API_URL: Op = Op::files("GetAPIURL", "GetAPIURLResponse", "GetAPIURLResult").without_token();
const CLIENT_ID: Op = Op::files("GetClientID", "GetClientIDResponse", "GetClientIDResult").without_token();
const LOG_ACTIVITIES: Op = Op::files("ListLogActivities", "ListLogActivitiesResponse", "ListLogActivitiesResult");

resource! {
    /// Sessions, account and volumes: [`Client::files`](crate::Client::files).
    Files
}

/// A result that says no more than its rows.
#[derive(Debug)]
#[non_exhaustive]
pub struct NoSummary;

impl Record for NoSummary {
    fn read(_element: Element<'_>) -> Result<Self, DocumentError> {
        Ok(Self)
    }
}

impl Files {
    /// Ends the session. The next operation begins another one, if the client has a password.
    ///
    /// `Logout` (Logout).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn logout(&self) -> Result<()> {
        self.0.order(Request::new(&LOGOUT)).await
    }

    /// The account: what it may use of the storage, and what it uses.
    ///
    /// `GetAccountDetails` (GetAccountDetails).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn account(&self) -> Result<AccountDetails> {
        self.0.ask(Request::new(&ACCOUNT_DETAILS)).await
    }

    /// The folders at the top: the account's own volume, and those shared with it.
    ///
    /// `ListUserVolumes2` (ListUserVolumes2).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn volumes(&self) -> Result<UserVolumes> {
        self.0.ask(Request::new(&USER_VOLUMES)).await
    }

    /// Registers a device, and learns how often it may ask.
    ///
    /// `RegisterDevice` (RegisterDevice).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn register_device(&self, id: Option<&str>, token: Option<&str>) -> Result<DeviceRegistration> {
        self.0.ask(Request::new(&REGISTER_DEVICE).text_or_nil("DeviceId", id).text_or_nil("DeviceToken", token)).await
    }

    /// The notifications of a device.
    ///
    /// `GetNotifications` (GetNotifications).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn notifications(&self, device_id: &str) -> Result<Notifications> {
        self.0.ask(Request::new(&NOTIFICATIONS).text("DeviceId", device_id)).await
    }

    /// Where FAWAPI is for an organisation.
    ///
    /// `GetAPIURL` (GetAPIURL).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn api_url(&self, client_id: i32) -> Result<ApiUrl> {
        self.0.ask(Request::new(&API_URL).text("APIKey", self.0.api_key()).value("ClientId", client_id)).await
    }

    /// The number of an organisation, by the code of the company.
    ///
    /// `GetClientID` (GetClientID).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn client_id(&self, company_code: &str) -> Result<ClientId> {
        let request = Request::new(&CLIENT_ID).text("APIKey", self.0.api_key());
        self.0.ask(request.nested("Parameters", |request| request.text("CompanyCode", company_code))).await
    }

    /// What was done between two dates, handed on as it arrives.
    ///
    /// `ListLogActivities` (ListLogActivities).
    ///
    /// # Errors
    /// As a [`Refusal`](crate::Refusal).
    pub async fn log_activities(&self, start: &DateTime, end: &DateTime) -> Result<Streamed<LogActivity, NoSummary>> {
        let request = Request::new(&LOG_ACTIVITIES)
            .value("StartDate", start)
            .value("EndDate", end)
            .text_or_nil("FolderOrFile", None)
            .text_or_nil("ActivityType", None)
            .text_or_nil("SubType", None);
        self.0.stream(request).await
    }
}
