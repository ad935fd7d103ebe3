//! Users and devices.

use super::enums::{ClientType, FileSystem, Locale};
use super::wire::{DateTime, entity};

entity! {
    /// A user, as other entities mention one [Get audit log entries list, `user`; Create folder, `owner`].
    Person {
        /// The identifier.
        uuid: String,
        /// The name.
        name: String,
        /// The e-mail address.
        email: String,
    }
}

entity! {
    /// A user [Get user information].
    User {
        /// The identifier.
        uuid: String,
        /// The name.
        name: String,
        /// The e-mail address.
        email: String,
        /// Whether the user can use the service.
        allow_sync_and_share: bool,
        /// Whether the user is disabled.
        disabled: bool,
        /// Bytes that stay free.
        free_space_to_maintain: i64,
        /// Whether the user is an administrator of everything.
        is_superuser: bool,
        /// Whether the user has a licence.
        licensed: bool,
        /// The user's language.
        locale: Locale,
        /// Whether content is purged before it must be.
        purge_proactively: bool,
        /// A quota of the user's own, in bytes.
        override_quota: i64,
        /// The quota in bytes.
        quota: i64,
        /// Where the user signs in.
        login_url: String,
        /// When the user was changed.
        updated_at: DateTime,
        /// When the user was created.
        created_at: DateTime,
        /// When the user was deleted.
        deleted_at: DateTime,
        /// When the user signed in last.
        last_logged_in_at: DateTime,
        /// What the user has.
        sync_and_share_content: UserContent,
    }
}

entity! {
    /// What a user has [Get user information, `sync_and_share_content`].
    UserContent {
        /// The number of files.
        file_count: i64,
        /// The number of folders.
        folder_count: i64,
        /// The bytes they take.
        used_space: i64,
    }
}

entity! {
    /// A device that somebody uses the service with [Get device information].
    Device {
        /// The identifier.
        uuid: String,
        /// The name.
        name: String,
        /// The model.
        model: String,
        /// The type.
        client_type: ClientType,
        /// The version of the app on it.
        app_version: String,
        /// The type of file system that it uses.
        filesystem: FileSystem,
        /// The platform.
        system_platform: String,
        /// The version of the platform.
        system_version: String,
        /// When it last contacted the service.
        last_contact_time: DateTime,
        /// Notes about it.
        notes: String,
        /// The identifier of its user.
        user_uuid: String,
        /// The name of its user.
        user_name: String,
        /// What can be done with it, and where.
        actions: DeviceActions,
    }
}

entity! {
    /// Addresses of what can be done with a device, relative to the server [Get device information, `actions`].
    DeviceActions {
        /// Deleting it.
        remove: String,
    }
}

entity! {
    /// What is changed of a device [Update device].
    DeviceUpdate {
        /// Notes about it.
        notes (with_notes): String,
    }
}
