//! GUIDs and entity tags. A GUID is the number that the drive has for a thing, scattered so that it looks like one.

use std::fmt;

use crate::drive::{Item, ItemId};

/// What has a GUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Thing {
    /// A file or folder: its UniqueId.
    Item,
    /// The library whose root folder has that number.
    Library,
    Site,
    Web,
    /// An entry of the recycle bin.
    Deleted,
    Subscription,
    User,
}

impl Thing {
    /// The first half of its GUIDs.
    fn half(self) -> u64 {
        match self {
            Self::Item => 0x2216_3376_c9e1_4541,
            Self::Library => 0xbe10_0e28_dd1c_4f2f,
            Self::Site => 0x14ab_81b6_f23d_476a,
            Self::Web => 0x61f3_9a0b_7d24_4c55,
            Self::Deleted => 0x9c04_5e1d_08b7_4a63,
            Self::Subscription => 0x3d7a_c2f8_96e0_4b1c,
            Self::User => 0x7b52_d841_2f9c_4e80,
        }
    }
}

/// An odd number has an inverse modulo a power of two, so that numbers can be scattered and found again.
const SCATTER: u64 = 0x9e37_79b9_7f4a_7c15;
const NUMBER_BITS: u32 = 62;
const VARIANT: u64 = 1 << 63;

/// A GUID. `Display` is the form with hyphens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Guid(u128);

impl Guid {
    pub(crate) fn of(thing: Thing, number: u64) -> Self {
        let mask = (1 << NUMBER_BITS) - 1;
        let low = number.wrapping_mul(SCATTER) & mask | VARIANT;
        Self(u128::from(thing.half()) << 64 | u128::from(low))
    }

    pub(crate) fn item(id: ItemId) -> Self {
        Self::of(Thing::Item, id.0)
    }

    /// Reads both forms, in braces or not, in whatever case.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches('{').trim_end_matches('}');
        let hyphens = text.len() == 36 && [8, 13, 18, 23].iter().all(|at| text.as_bytes().get(*at) == Some(&b'-'));
        let plain = if hyphens { text.replace('-', "") } else { text.to_owned() };
        let is_plain = plain.len() == 32 && plain.bytes().all(|byte| byte.is_ascii_hexdigit());
        u128::from_str_radix(&plain, 16).ok().filter(|_| is_plain).map(Self)
    }

    /// The number behind it, if it is such a thing's.
    pub(crate) fn number(self, thing: Thing) -> Option<u64> {
        let [high, low] = [(self.0 >> 64) as u64, self.0 as u64];
        let number = (low & !(3 << NUMBER_BITS)).wrapping_mul(inverse(SCATTER)) & ((1 << NUMBER_BITS) - 1);
        (high == thing.half() && Self::of(thing, number) == self).then_some(number)
    }

    /// 32 digits without hyphens.
    pub(crate) fn plain(self) -> String {
        format!("{:032x}", self.0)
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e] =
            [self.0 >> 96, self.0 >> 80 & 0xffff, self.0 >> 64 & 0xffff, self.0 >> 48 & 0xffff, self.0];
        write!(f, "{a:08x}-{b:04x}-{c:04x}-{d:04x}-{:012x}", e & 0xffff_ffff_ffff)
    }
}

/// The inverse of an odd number modulo 2^64, by Newton's iteration.
fn inverse(odd: u64) -> u64 {
    (0..6).fold(odd, |inverse, _| inverse.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(inverse))))
}

/// What the n of an entity tag counts: 2 after the item was made by the sync service, one more after each change.
pub(crate) fn counter(item: &Item) -> u64 {
    item.revision + 1
}

/// The tag of a file, quotes included: `"{GUID},n"`.
pub(crate) fn etag(item: &Item) -> String {
    format!("\"{{{}}},{}\"", Guid::item(item.id).to_string().to_uppercase(), counter(item))
}

/// The tag of its list item: `"n"`.
pub(crate) fn list_item_etag(item: &Item) -> String {
    format!("\"{}\"", counter(item))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_again() {
        for number in [0, 1, 2, 77, 1 << 40, (1 << 62) - 1] {
            let guid = Guid::of(Thing::Library, number);
            assert_eq!(guid.number(Thing::Library), Some(number));
            assert_eq!(guid.number(Thing::Item), None);
            let text = guid.to_string();
            assert_eq!(Guid::parse(&text), Some(guid));
            assert_eq!(Guid::parse(&guid.plain().to_uppercase()), Some(guid));
            assert_eq!(Guid::parse(&format!("{{{text}}}")), Some(guid));
            assert_eq!(text.len(), 36);
            assert_eq!(text.replace('-', ""), guid.plain());
        }
        for bad in ["", "x", "be100e28-dd1c-4f2f-8e83acdb6fffff0500", "+e100e28dd1c4f2f8e83acdb6fffff05"] {
            assert_eq!(Guid::parse(bad), None, "{bad}");
        }
    }
}
