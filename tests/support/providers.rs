//! The configuration of every provider that the emulator speaks: the one place to add a provider for examples and tests.

use std::path::Path;

use serde_json::{Value, json};
use sharesync::StoreConfig;
use sharesync_emulator::Emulator;

/// A store of each provider on this emulator. What a provider needs for changes is kept in the directory `state`.
#[allow(dead_code, reason = "not every test needs it")]
pub fn emulated(emulator: &Emulator, state: &Path) -> Vec<StoreConfig> {
    configurations(emulator, state).into_iter().filter_map(|config| serde_json::from_value(config).ok()).collect()
}

/// The same as data, as it stands in configuration files.
pub fn configurations(emulator: &Emulator, state: &Path) -> Vec<Value> {
    let (sharefile, acronis, cursor) = (emulator.sharefile(), emulator.acronis(), emulator.cursor());
    let (filesanywhere, sharepoint) = (emulator.filesanywhere(), emulator.sharepoint());
    let sharefile = json!({
        "provider": "sharefile",
        "endpoint": sharefile.endpoint(),
        "client_id": sharefile.client_id(),
        "client_secret": sharefile.client_secret(),
        "username": sharefile.username(),
        "password": sharefile.password(),
        "snapshots": state.join("sharefile.redb"),
    });
    let acronis = json!({
        "provider": "acronis",
        "endpoint": acronis.endpoint(),
        "username": acronis.username(),
        "password": acronis.password(),
        "snapshots": state.join("acronis.redb"),
    });
    let filesanywhere = json!({
        "provider": "filesanywhere",
        "endpoint": filesanywhere.endpoint(),
        "api_key": filesanywhere.api_key(),
        "org_id": filesanywhere.org_id(),
        "username": filesanywhere.username(),
        "password": filesanywhere.password(),
    });
    let cursor = json!({
        "provider": "cursor",
        "endpoint": cursor.endpoint(),
        "share_id": cursor.share_id(),
        "access_token": cursor.service_token(),
        "device_id": "5e0a3d6c-52f4-4c6e-9c57-0f6b8a0f4d21",
    });
    let sharepoint = json!({
        "provider": "sharepoint",
        "site": sharepoint.site(),
        "access_token": sharepoint.access_token(),
    });
    vec![sharefile, acronis, filesanywhere, cursor, sharepoint]
}

/// SharePoint once more, signed in to by NTLM.
#[cfg(feature = "ntlm")]
#[allow(dead_code, reason = "not every example and test needs it")]
pub fn by_ntlm(emulator: &Emulator) -> Option<StoreConfig> {
    let account = emulator.sharepoint();
    let config = json!({
        "provider": "sharepoint",
        "site": account.site(),
        "domain": account.domain(),
        "username": account.username(),
        "password": account.password(),
        "sign_in": "ntlm",
    });
    serde_json::from_value(config).ok()
}
