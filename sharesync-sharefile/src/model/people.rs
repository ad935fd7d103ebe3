//! Who owns, shares and stores items: users, accounts, zones, permissions.

use serde_json::Value;

use super::date::ShareFileDate;
use super::item::{Item, Metadata};
use super::wire::{Flags, Hidden, entity};

entity! {
    /// A user, or another principal such as a group.
    User {
        /// The display name.
        name: String = "Name",
        /// The e-mail address.
        email: String = "Email",
        /// The name to sign in with.
        username: String = "Username",
        /// The domain of the user name.
        domain: String = "Domain",
        /// The account.
        account_id: String = "AccountId",
        /// The first name.
        first_name: String = "FirstName",
        /// The last name.
        last_name: String = "LastName",
        /// First and last name.
        full_name: String = "FullName",
        /// First letter and last name.
        full_name_short: String = "FullNameShort",
        /// The company.
        company: String = "Company",
        /// When the user was created.
        date_created: ShareFileDate = "DateCreated",
        /// All e-mail addresses.
        emails: Vec<String> = "Emails",
        /// Whether the user has accepted the invitation.
        is_confirmed: bool = "IsConfirmed",
        /// What the user may do in the account.
        roles: Vec<String> = "Roles",
    }
}

impl User {
    /// A user named by an e-mail address, as a recipient of a share.
    pub fn by_email(email: impl Into<String>) -> Self {
        Self { email: Some(email.into()), ..Self::default() }
    }
}

entity! {
    /// An account of the service.
    Account {
        /// The name of the company.
        company_name: String = "CompanyName",
        /// The part of the addresses that stands for the account.
        subdomain: String = "Subdomain",
    }
}

entity! {
    /// Where content is stored: a zone of the vendor or of the customer.
    Zone {
        /// The display name.
        name: String = "Name",
        /// The shared secret of the zone.
        secret: Hidden = "Secret",
        /// Who runs it: `Private`, `Public`, and others.
        zone_type: String = "ZoneType",
        /// The account that it belongs to.
        account: Box<Account> = "Account",
        /// Seconds without a sign of life after which the zone counts as gone.
        heart_beat_tolerance: i64 = "HeartBeatTolerance",
        /// Seconds between signs of life.
        ping_back_interval: i64 = "PingBackInterval",
        /// The version of its software.
        version: String = "Version",
        /// What it does.
        zone_services: Flags = "ZoneServices",
        /// Whether it is for health data.
        is_hipaa_zone: bool = "IsHIPAAZone",
        /// Whether several accounts share it.
        is_multi_tenant: bool = "IsMultiTenant",
        /// Its storage centers.
        storage_centers: Vec<Value> = "StorageCenters",
        /// Further named values.
        metadata: Vec<Metadata> = "Metadata",
    }
}

entity! {
    /// What a principal may do with an item.
    AccessControl {
        /// The item.
        item: Box<Item> = "Item",
        /// Who.
        principal: Box<User> = "Principal",
        /// May put content into it.
        can_upload: bool = "CanUpload",
        /// May get its content.
        can_download: bool = "CanDownload",
        /// May see it.
        can_view: bool = "CanView",
        /// May delete it.
        can_delete: bool = "CanDelete",
        /// May change who may do what.
        can_manage_permissions: bool = "CanManagePermissions",
        /// Gets mail about uploads.
        notify_on_upload: bool = "NotifyOnUpload",
        /// Gets mail about downloads.
        notify_on_download: bool = "NotifyOnDownload",
        /// Owns it.
        is_owner: bool = "IsOwner",
    }
}
