//! Ids as the protocol spells them: GUID-like, the first letters telling the kind. They are computed from the drive's numbers
//! and back, so nothing has to be remembered, and a directory drive gives the same ids after a restart.

use crate::drive::{Entry, Item, ItemId, Kind, Role, ShareId, UserId, VersionId};

/// What an id in a request stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ref {
    Item(ItemId),
    Version(VersionId),
    Stream(ItemId),
}

/// The id of an item: for a file, that of the version that is meant.
pub(super) fn item_id(entry: &Entry) -> String {
    match &entry.version {
        Some(version) => guid("fi", version.id.0),
        None => container_id(&entry.item),
    }
}

/// The id of anything that has no versions.
pub(super) fn container_id(item: &Item) -> String {
    let tag = match (&item.kind, item.role()) {
        (Kind::Folder { .. }, Role::Root) => "a",
        (Kind::Folder { .. }, Role::Home) => "foh",
        (Kind::Folder { .. }, _) => "fo",
        (Kind::Note, _) => "no",
        (Kind::Link { .. }, _) => "li",
        (Kind::SymbolicLink { .. }, _) => "sl",
        _ => "st",
    };
    guid(tag, item.id.0)
}

pub(super) fn stream_id(item: &Item) -> String {
    guid("st", item.id.0)
}

pub(super) fn user_id(user: UserId) -> String {
    guid("", user.0)
}

/// The id of a link for downloading.
pub(super) fn send_id(share: ShareId) -> String {
    let (check, mixed) = words(share.0);
    format!("s{check:016x}{mixed:016x}")
}

/// The id of a link for uploading.
pub(super) fn request_id(share: ShareId) -> String {
    format!("r{:016x}", words(share.0).1)
}

/// What an id stands for, if it is one of ours: unquoted or quoted, in whatever case.
pub(super) fn parse(text: &str) -> Option<Ref> {
    let text = text.trim_matches(['\'', '"']).to_ascii_lowercase();
    let number = number_of(&text)?;
    let is = |tag: &str| guid(tag, number) == text;
    if is("fi") {
        return Some(Ref::Version(VersionId(number)));
    }
    if is("st") {
        return Some(Ref::Stream(ItemId(number)));
    }
    ["fo", "foh", "a", "no", "li", "sl"].into_iter().any(is).then_some(Ref::Item(ItemId(number)))
}

pub(super) fn parse_user(text: &str) -> Option<UserId> {
    let number = number_of(text)?;
    guid("", number).eq_ignore_ascii_case(text).then_some(UserId(number))
}

pub(super) fn parse_share(text: &str) -> Option<ShareId> {
    let share = ShareId(number_of(text.trim_matches(['\'', '"']))?);
    let ours = [send_id(share), request_id(share)].iter().any(|id| id.eq_ignore_ascii_case(text));
    ours.then_some(share)
}

/// A GUID of that number, its first letters replaced by the tag.
fn guid(tag: &str, number: u64) -> String {
    let (check, mixed) = words(number);
    let hex = format!("{check:016x}{mixed:016x}");
    let part = |range| hex.get::<std::ops::Range<usize>>(range).unwrap_or_default();
    format!("{tag}{}-{}-{}-{}-{}", part(tag.len()..8), part(8..12), part(12..16), part(16..20), part(20..32))
}

fn number_of(text: &str) -> Option<u64> {
    let hex: String = text.chars().filter(|letter| *letter != '-').collect();
    let tail = hex.get(hex.len().checked_sub(16)?..)?;
    Some(unmix(u64::from_str_radix(tail, 16).ok()?))
}

fn words(number: u64) -> (u64, u64) {
    let mixed = mix(number);
    (mix(mixed ^ SPREAD), mixed)
}

const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
const FIRST: u64 = 0xbf58_476d_1ce4_e5b9;
const SECOND: u64 = 0x94d0_49bb_1331_11eb;

/// Scatters numbers over all 64 bits, one to one: multiplications by odd numbers and shifts folded in can be undone.
fn mix(number: u64) -> u64 {
    let mut bits = number.wrapping_add(SPREAD);
    bits = (bits ^ (bits >> 30)).wrapping_mul(FIRST);
    bits = (bits ^ (bits >> 27)).wrapping_mul(SECOND);
    bits ^ (bits >> 31)
}

fn unmix(bits: u64) -> u64 {
    let mut bits = unfold(bits, 31).wrapping_mul(inverse(SECOND));
    bits = unfold(bits, 27).wrapping_mul(inverse(FIRST));
    unfold(bits, 30).wrapping_sub(SPREAD)
}

/// Undoes `bits ^ (bits >> shift)`.
fn unfold(bits: u64, shift: u32) -> u64 {
    let mut undone = bits;
    for _ in 0..64 / shift {
        undone = bits ^ (undone >> shift);
    }
    undone
}

/// The number whose product with an odd one is 1: each step of Newton's doubles the bits that are right.
const fn inverse(odd: u64) -> u64 {
    let mut guess = odd;
    let mut step = 0;
    while step < 5 {
        guess = guess.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(guess)));
        step += 1;
    }
    guess
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_the_way_there_and_back() {
        for number in (0..1000).chain([u64::MAX, 1 << 40]) {
            assert_eq!(unmix(mix(number)), number);
            assert_eq!(parse(&guid("fi", number)), Some(Ref::Version(VersionId(number))));
            assert_eq!(parse(&guid("foh", number)), Some(Ref::Item(ItemId(number))));
            assert_eq!(parse(&guid("st", number)), Some(Ref::Stream(ItemId(number))));
            assert_eq!(parse_share(&send_id(ShareId(number))), Some(ShareId(number)));
            assert_eq!(parse_share(&request_id(ShareId(number))), Some(ShareId(number)));
            assert_eq!(parse_user(&user_id(UserId(number))), Some(UserId(number)));
        }
    }

    #[test]
    fn ids_have_the_documented_shape() {
        let id = guid("fi", 7);
        assert_eq!((id.len(), &id[..2], &id[8..9]), (36, "fi", "-"));
        assert_eq!(send_id(ShareId(7)).len(), 33);
        assert_eq!(request_id(ShareId(7)).len(), 17);
    }

    #[test]
    fn case_and_quotes_do_not_matter_but_everything_else_does() {
        let id = guid("fo", 9);
        assert_eq!(parse(&format!("'{}'", id.to_uppercase())), Some(Ref::Item(ItemId(9))));
        let damaged = id.replace(&id[10..11], if &id[10..11] == "0" { "1" } else { "0" });
        for bad in [damaged.as_str(), "", "fo", "home", "ffffffffffffffff", "é-é-é-éééééééé"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
