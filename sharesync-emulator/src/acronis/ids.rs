//! How the numbers of the drive are spelled as UUIDs: the first half says what is named, the second half which.

use crate::drive::{ItemId, ShareId, UserId};

/// The identifier of everybody's root folder.
pub(super) const ROOT: &str = "0";

const NODE: u64 = 0x6e6f_6465_0000_4000;
const USER: u64 = 0x7573_6572_0000_4000;
const TENANT: u64 = 0x7465_6e61_0000_4000;
const GUEST: u64 = 0x6775_6573_0000_4000;
const DEVICE: u64 = 0x6465_7669_0000_4000;
const ENTRY: u64 = 0x6175_6469_0000_4000;
const TOKEN: u64 = 0x746f_6b65_0000_4000;
/// What the variant of a random UUID looks like.
const VARIANT: u64 = 0x8000 << 48;

fn spell(kind: u64, number: u64) -> String {
    let digits = format!("{kind:016x}{:016x}", VARIANT | number);
    let part = |from, to| digits.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

fn read(kind: u64, text: &str) -> Option<u64> {
    let digits: String = text.chars().filter(|letter| *letter != '-').collect();
    let number = u64::from_str_radix(digits.get(16..)?, 16).ok()? & !VARIANT;
    spell(kind, number).eq_ignore_ascii_case(text).then_some(number)
}

pub(super) fn node(id: ItemId) -> String {
    spell(NODE, id.0)
}

pub(super) fn parse_node(text: &str) -> Option<ItemId> {
    read(NODE, text).map(ItemId)
}

pub(super) fn user(id: UserId) -> String {
    spell(USER, id.0)
}

pub(super) fn parse_user(text: &str) -> Option<UserId> {
    read(USER, text).map(UserId)
}

/// The one tenant.
pub(super) fn tenant() -> String {
    spell(TENANT, 1)
}

pub(super) fn guest(number: u64) -> String {
    spell(GUEST, number)
}

pub(super) fn device(number: u64) -> String {
    spell(DEVICE, number)
}

/// An entry of the audit log.
pub(super) fn entry(number: u64) -> String {
    spell(ENTRY, number)
}

/// The token of a link.
pub(super) fn link_token(id: ShareId) -> String {
    spell(TOKEN, id.0)
}

/// The short name of a link in its address.
pub(super) fn short(id: ShareId) -> String {
    format!("{:08x}", id.0)
}

pub(super) fn parse_short(text: &str) -> Option<ShareId> {
    u64::from_str_radix(text, 16).ok().map(ShareId)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelled_and_read() {
        let text = node(ItemId(0x1234_5678_9abc));
        assert_eq!(text, "6e6f6465-0000-4000-8000-123456789abc");
        assert_eq!(parse_node(&text.to_ascii_uppercase()), Some(ItemId(0x1234_5678_9abc)));
        assert_eq!(parse_user(&text), None);
        for bad in ["", "0", "6e6f6465", "6e6f6465000040008000123456789abc", "6e6f6465-0000-4000-8000-12345678ébc"] {
            assert_eq!(parse_node(bad), None, "{bad}");
        }
    }
}
