//! Identifiers as this API spells them: a prefix for the kind, then the number. The prefixes are documented, but for that of
//! conflicts and upload sessions.

use crate::drive::{ItemId, UserId, VersionId};

/// The one tenant there is.
pub(super) const TENANT: &str = "tnt_0000000000000001";

pub(super) fn share(id: ItemId) -> String {
    spell("shr", id.0)
}

pub(super) fn file(id: ItemId) -> String {
    spell("fil", id.0)
}

pub(super) fn folder(id: ItemId) -> String {
    spell("fld", id.0)
}

pub(super) fn user(id: UserId) -> String {
    spell("usr", id.0)
}

pub(super) fn version(id: VersionId) -> String {
    spell("ver", id.0)
}

pub(super) fn parse_share(text: &str) -> Option<ItemId> {
    parse("shr", text).map(ItemId)
}

pub(super) fn parse_file(text: &str) -> Option<ItemId> {
    parse("fil", text).map(ItemId)
}

pub(super) fn parse_folder(text: &str) -> Option<ItemId> {
    parse("fld", text).map(ItemId)
}

pub(super) fn parse_user(text: &str) -> Option<UserId> {
    parse("usr", text).map(UserId)
}

pub(super) fn parse_version(text: &str) -> Option<VersionId> {
    parse("ver", text).map(VersionId)
}

pub(super) fn spell(prefix: &str, number: u64) -> String {
    format!("{prefix}_{number:016x}")
}

/// The number of an identifier of that kind; exactly one spelling is right.
pub(super) fn parse(prefix: &str, text: &str) -> Option<u64> {
    let number = u64::from_str_radix(text.strip_prefix(prefix)?.strip_prefix('_')?, 16).ok()?;
    (spell(prefix, number) == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_spelling() {
        assert_eq!(parse_file(&file(ItemId(26))), Some(ItemId(26)));
        for other in ["fil_1a", "fld_000000000000001a", "fil_000000000000001A", "fil_", "", "fil_+00000000000001a"] {
            assert_eq!(parse_file(other), None, "{other}");
        }
    }
}
