//! Sharing with people and by links.

use serde::{Deserialize, Serialize};

use super::wire;

/// What a link allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LinkAccess {
    /// To read and download.
    View,
    /// To change as well.
    Edit,
}

impl LinkAccess {
    /// Whether it is what the service calls an edit link.
    pub fn is_edit(self) -> bool {
        self == Self::Edit
    }
}

/// What people may do (`SP.Sharing.Role`; numbers are recalled).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// Nothing: takes the access away.
    None,
    /// Read and download.
    View,
    /// Change as well.
    Edit,
    /// Everything.
    Owner,
}

impl Role {
    /// The service's number.
    pub fn number(self) -> u8 {
        match self {
            Self::None => 0,
            Self::View => 1,
            Self::Edit => 2,
            Self::Owner => 3,
        }
    }
}

/// A role for a person (`SP.Sharing.UserRoleAssignment`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoleAssignment {
    /// The person: an e-mail address or an account name.
    pub user_id: String,
    /// The role.
    pub role: Role,
}

impl RoleAssignment {
    /// A role for a person.
    pub fn new(user_id: impl Into<String>, role: Role) -> Self {
        Self { user_id: user_id.into(), role }
    }
}

/// What became of sharing with one person (`SP.Sharing.UserSharingResult`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct UserSharingResult {
    /// Whether it was done.
    #[serde(deserialize_with = "wire::truth")]
    pub status: Option<bool>,
    /// Why not.
    pub message: Option<String>,
    /// The person, as the service knows it.
    pub user: Option<String>,
    /// The name of the person.
    pub display_name: Option<String>,
    /// The e-mail address of the person.
    pub email: Option<String>,
    /// The number of the role that the person has now.
    #[serde(deserialize_with = "wire::number")]
    pub current_role: Option<i64>,
    /// Whether the service knows the person.
    #[serde(deserialize_with = "wire::truth")]
    pub is_user_known: Option<bool>,
}

/// An object to share with people (parameters of `SP.Web.ShareObject`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ShareObject {
    /// The address of the object.
    pub url: String,
    /// The people: a JSON list in a text, as the people picker makes it.
    pub people_picker_input: String,
    /// The role, such as `role:1073741826` for reading and `role:1073741827` for changing (observed).
    pub role_value: String,
    /// The number of a group; 0 for none.
    pub group_id: i32,
    /// Whether what is in a folder is shared as well.
    pub propagate_acl: bool,
    /// Whether the service sends mail.
    pub send_email: bool,
    /// Whether the mail has a link that needs no sign-in.
    pub include_anonymous_link_in_email: bool,
    /// The subject of the mail.
    pub email_subject: String,
    /// The text of the mail.
    pub email_body: String,
    /// Whether roles are the simple ones.
    pub use_simplified_roles: bool,
}

impl ShareObject {
    /// Shares an object with people by e-mail address or account name; no mail is sent.
    pub fn new(url: impl Into<String>, people: &[String], role: Role) -> Self {
        let people: Vec<_> = people.iter().map(|key| serde_json::json!({ "Key": key })).collect();
        let role_value = if role == Role::Edit { "role:1073741827" } else { "role:1073741826" };
        Self {
            url: url.into(),
            people_picker_input: serde_json::Value::Array(people).to_string(),
            role_value: role_value.into(),
            group_id: 0,
            propagate_acl: false,
            send_email: false,
            include_anonymous_link_in_email: false,
            email_subject: String::new(),
            email_body: String::new(),
            use_simplified_roles: true,
        }
    }

    /// Lets the service send mail with this text.
    #[must_use]
    pub fn with_mail(mut self, subject: impl Into<String>, body: impl Into<String>) -> Self {
        (self.send_email, self.email_subject, self.email_body) = (true, subject.into(), body.into());
        self
    }
}

/// What became of sharing or unsharing an object (`SP.SharingResult`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct SharingResult {
    /// 0 where it was done (recalled).
    #[serde(deserialize_with = "wire::number")]
    pub status_code: Option<i64>,
    /// Why not.
    pub error_message: Option<String>,
    /// The name of the object.
    pub name: Option<String>,
    /// The address of the object.
    pub url: Option<String>,
    /// What became of each person.
    pub users_added_to_group: Option<Vec<UserSharingResult>>,
    /// What became of each person with a role of their own.
    pub uniquely_permissioned_users: Option<Vec<UserSharingResult>>,
}

/// What kind of link an address is (`SP.SharingLinkKind`; numbers are recalled).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SharingKind {
    /// 1: an ordinary address.
    Direct,
    /// 2: for the organization, to read.
    OrganizationView,
    /// 3: for the organization, to change.
    OrganizationEdit,
    /// 4: for anyone, to read.
    AnonymousView,
    /// 5: for anyone, to change.
    AnonymousEdit,
    /// Anything else, by its number.
    Other(u64),
}

impl From<u64> for SharingKind {
    fn from(number: u64) -> Self {
        match number {
            1 => Self::Direct,
            2 => Self::OrganizationView,
            3 => Self::OrganizationEdit,
            4 => Self::AnonymousView,
            5 => Self::AnonymousEdit,
            other => Self::Other(other),
        }
    }
}
