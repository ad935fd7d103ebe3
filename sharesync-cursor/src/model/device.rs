//! Devices and what they synchronize (Devices, Sync preferences).

use super::wire::{DateTime, entity, wire_enum};

wire_enum! {
    /// What a device runs (POST /sync/devices, `platform`).
    Platform {
        /// Windows.
        Windows = "windows",
        /// macOS.
        Macos = "macos",
        /// Linux.
        Linux = "linux",
        /// iOS.
        Ios = "ios",
        /// Android.
        Android = "android",
        /// A browser.
        Web = "web",
        /// A program on the command line.
        Cli = "cli",
    }
}

entity! {
    /// A device (GET /sync/devices). How many fields it has is documented; these are the names that the reference uses
    /// elsewhere.
    Device {
        /// The identifier that the client chose.
        device_id: String,
        /// The name for display.
        device_name: String,
        /// What it runs.
        platform: Platform,
        /// The version of the client on it.
        client_version: String,
        /// Whether it is in use.
        is_active: bool,
        /// When it was heard of last.
        last_seen_at: DateTime,
    }
}

entity! {
    /// A device to be registered (POST /sync/devices).
    NewDevice {
        /// An identifier that the client chooses, typically a UUID.
        device_id (with_device_id): String,
        /// The name for display.
        device_name (with_device_name): String,
        /// What it runs.
        platform (with_platform): Platform,
        /// The version of the client on it, as semantic versioning has it.
        client_version (with_client_version): String,
    }
}

entity! {
    /// What is changed of a device (PATCH /sync/devices/{device_id}).
    DeviceUpdate {
        /// The name for display.
        device_name (with_device_name): String,
        /// Whether it is in use.
        is_active (with_is_active): bool,
    }
}

entity! {
    /// What a device synchronizes of a share (PUT /sync/devices/{device_id}/preferences/{share_id}). Whether folders are
    /// named by identifier or by path is not documented.
    Preference {
        /// The share; not sent where the address names it.
        share_id (with_share_id): String,
        /// Whether the share is synchronized.
        sync_enabled (with_sync_enabled): bool,
        /// The folders that are; none for all of them (inferred).
        selected_folders (with_selected_folders): Vec<String>,
        /// The folders that are not.
        excluded_folders (with_excluded_folders): Vec<String>,
    }
}
