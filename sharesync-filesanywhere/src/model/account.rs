//! Sessions, accounts and volumes.

use sharesync_core::{Secret, SecretUrl};

use super::Permission;
use crate::soap::{DateTime, DocumentError, Element, Row, record};

record! {
    /// A session (AccountLogin; ValidateSSOUser).
    LoginResult {
        /// Begins every later request. It ends after a time that is not documented.
        token ("Token"): Option<Secret>,
        /// Stands for the password in a later sign-in.
        client_encrypted_password ("ClientEncryptedPassword"): Option<Secret>,
    }
}

record! {
    /// The account (GetAccountDetails).
    AccountDetails {
        /// The user's e-mail address.
        email_address ("EmailAddress"): Option<String>,
        /// Whether the user may change it.
        can_change_email_address ("CanChangeEmailAddress"): bool,
        /// Bytes that the account may use.
        storage_allocation ("StorageAllocationInBytes"): i64,
        /// The same, for a person.
        storage_allocation_display ("StorageAllocationDisplay"): Option<String>,
        /// Bytes that the account uses.
        storage_usage ("StorageUsageInBytes"): i64,
        /// The same, for a person.
        storage_usage_display ("StorageUsageDisplay"): Option<String>,
        /// What kind of user it is.
        user_type ("UserType"): Option<String>,
        /// The state of the account.
        account_status ("AccountStatus"): Option<String>,
    }
}

record! {
    /// The folders at the top that an account can see (ListUserVolumes2).
    UserVolumes {
        /// Its own, and those shared with it.
        volumes ("UserVolumes" / "UserVolumev2"): Vec<UserVolume>,
    }
}

record! {
    /// A folder at the top (ListUserVolumes2, `UserVolumev2`).
    UserVolume {
        /// Whose it is.
        username ("Username"): Option<String>,
        /// What the account may do there.
        permission ("Permission"): Option<Permission>,
        /// Its path.
        path ("Path"): Option<String>,
        /// Its name.
        name ("Name"): Option<String>,
    }
}

record! {
    /// What a device may ask how often (RegisterDevice). The units are not documented.
    DeviceRegistration {
        /// Between two requests for changes.
        minimum_sync_check_frequency ("MinimumSyncCheckFrequency"): i64,
        /// Between two requests for notifications.
        minimum_notification_check_frequency ("MinimumNotificationCheckFrequency"): i64,
    }
}

record! {
    /// Notifications of a device (GetNotifications).
    Notifications {
        /// In a form that is not documented.
        data ("Data"): Option<String>,
    }
}

record! {
    /// Where the service of a site is (GetAPIURL).
    ApiUrl {
        /// The address of FAWAPI.
        api_url ("APIURL"): Option<SecretUrl>,
    }
}

record! {
    /// The number of an organisation (GetClientID).
    ClientId {
        /// What [`Client::builder`](crate::Client::builder) takes.
        client_id ("ClientID"): i32,
    }
}

record! {
    /// Something that was done (ListLogActivities, `ListLogActivitiesItem`).
    LogActivity {
        /// When.
        action_date ("ActionDate"): DateTime,
        /// What, by name, such as `Upload` or `RenameFolderFile`.
        activity_type ("ActivityType"): String,
        /// By whom.
        app_user_name ("AppUserName"): Option<String>,
        /// To what.
        source_path ("SourcePath"): Option<String>,
        /// Where it went.
        destination_path ("DestinationPath"): Option<String>,
        /// `File`, `Folder` or `NotApplicable`.
        source_item_type ("SourceItemType"): Option<String>,
        /// Bytes.
        size ("Size"): i64,
        /// What the user said about it.
        comments ("Comments"): Option<String>,
    }
}

impl Row for LogActivity {
    const LISTS: &'static [(&'static str, &'static str)] = &[("Items", "ListLogActivitiesItem")];

    fn read(_list: usize, entry: Element<'_>) -> Result<Self, DocumentError> {
        crate::soap::Record::read(entry)
    }
}
