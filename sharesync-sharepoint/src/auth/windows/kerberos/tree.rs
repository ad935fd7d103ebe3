//! Reading and writing nested elements: what SPNEGO and Kerberos make of DER.

use super::super::der::{SEQUENCE, content, element};

pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTET_STRING: u8 = 0x04;

/// How deep the messages nest, generously.
const DEPTH: u8 = 16;

/// Elements that stand one after the other.
pub(super) fn elements(der: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = der;
    std::iter::from_fn(move || {
        let (tag, content, after) = element(rest)?;
        rest = after;
        Some((tag, content))
    })
}

/// The content below these tags: each is looked for among the elements of the one before it.
pub(super) fn at<'a>(der: &'a [u8], path: &[u8]) -> Option<&'a [u8]> {
    path.iter().try_fold(der, |inside, wanted| elements(inside).find(|(tag, _)| tag == wanted).map(|found| found.1))
}

/// A field of a sequence: `[number]`, and in it an element of this tag.
pub(super) fn field(sequence: &[u8], number: u8, tag: u8) -> Option<&[u8]> {
    at(sequence, &[0xa0 | number, tag])
}

/// The number of an INTEGER of 32 bits, with or without a sign.
pub(super) fn number(integer: &[u8]) -> u32 {
    let sign = if integer.first().is_some_and(|first| first & 0x80 != 0) { u32::MAX } else { 0 };
    integer.iter().fold(sign, |number, &byte| number << 8 | u32::from(byte))
}

/// A field that is a number.
pub(super) fn number_field(sequence: &[u8], number_of: u8) -> Option<u32> {
    field(sequence, number_of, INTEGER).map(number)
}

/// The sequence in an application type.
pub(super) fn application(der: &[u8], number: u8) -> Option<&[u8]> {
    content(content(der, 0x60 | number)?.0, SEQUENCE).map(|(sequence, _)| sequence)
}

/// Whether every element ends where the one around it does. The decoder of the messages counts on it.
pub(super) fn is_sound(der: &[u8]) -> bool {
    fn sound(mut der: &[u8], depth: u8) -> bool {
        while !der.is_empty() {
            let Some((tag, inside, rest)) = element(der) else { return false };
            if tag & 0x20 != 0 && (depth == 0 || !sound(inside, depth - 1)) {
                return false;
            }
            der = rest;
        }
        true
    }
    !der.is_empty() && sound(der, DEPTH)
}

/// An element.
pub(super) fn wrapped(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let size: usize = parts.iter().map(|part| part.len()).sum();
    let digits = size.to_be_bytes();
    let zeros = digits.iter().take_while(|&&digit| digit == 0).count();
    let digits = digits.get(zeros..).unwrap_or_default();
    let mut whole = vec![tag];
    if size > 0x7f {
        whole.push(0x80 | digits.len() as u8);
    }
    whole.extend_from_slice(if size == 0 { &[0] } else { digits });
    parts.iter().for_each(|part| whole.extend_from_slice(part));
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_of_every_size_are_read_as_they_were_written() {
        for size in [0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000] {
            let whole = wrapped(OCTET_STRING, &[&vec![7; size]]);
            assert_eq!(element(&whole), Some((OCTET_STRING, &vec![7; size][..], &[][..])), "{size}");
            assert!(is_sound(&whole));
            assert!(!is_sound(&whole[..whole.len() - 1]));
        }
    }

    #[test]
    fn numbers_may_have_a_sign_and_needless_bytes() {
        for (bytes, expected) in
            [(&[0x05][..], 5), (&[0, 0, 5], 5), (&[0x80], 0xffff_ff80), (&[0, 0xff, 0, 0, 1], 0xff00_0001)]
        {
            assert_eq!(number(bytes), expected);
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth| (0..depth).fold(Vec::new(), |inside: Vec<u8>, _| wrapped(SEQUENCE, &[&inside]));
        assert!(is_sound(&nested(10)));
        assert!(!is_sound(&nested(1000)));
    }
}
