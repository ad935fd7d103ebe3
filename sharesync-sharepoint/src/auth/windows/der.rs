//! Elements of DER (X.690, section 8.1), as far as certificates and the messages of Kerberos need it: tags of one byte.

pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;

/// The first element: its tag, its content, and what follows it.
pub(super) fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = der.split_first_chunk::<2>()?;
    let (size, rest) = match first {
        ..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0, |size, &digit| size << 8 | usize::from(digit)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(size)?;
    (tag & 0x1f != 0x1f).then_some((tag, content, rest))
}

/// The content of the first element, which must be of this tag, and what follows it.
pub(super) fn content(der: &[u8], expected: u8) -> Option<(&[u8], &[u8])> {
    element(der).filter(|&(tag, ..)| tag == expected).map(|(_, content, rest)| (content, rest))
}
