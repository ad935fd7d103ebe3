//! The frame around the messages of Kerberos in `Negotiate` (RFC 4178, section 4.2; RFC 4121, section 4.1).
//!
//! Kerberos is all that is offered: a service that would rather have something else has nothing to choose.

use super::super::der::{OBJECT_IDENTIFIER, SEQUENCE, content};
use super::tree::{OCTET_STRING, at, field, wrapped};

const SPNEGO: [u8; 6] = [0x2b, 0x06, 0x01, 0x05, 0x05, 0x02];
const KERBEROS: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02];
/// The same with the mistake of Windows 2000, which services still repeat ([MS-SPNG], section 1.9).
const MICROSOFT_KERBEROS: [u8; 9] = [0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 0x01, 0x02, 0x02];

/// The framing of a mechanism (RFC 2743, section 3.1).
const MECHANISM: u8 = 0x60;
const ENUMERATED: u8 = 0x0a;
const ACCEPTED: [u8; 1] = [0];

const REQUEST: [u8; 2] = [1, 0];
const REPLY: [u8; 2] = [2, 0];
const ERROR: [u8; 2] = [3, 0];

/// What a service answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer<'a> {
    /// A KRB-AP-REP: the service says that it accepts.
    Accepted(&'a [u8]),
    /// A KRB-ERROR.
    Error(&'a [u8]),
}

/// The first message: Kerberos alone is offered, with its KRB-AP-REQ.
pub(super) fn init(request: &[u8]) -> Vec<u8> {
    let kerberos = wrapped(OBJECT_IDENTIFIER, &[&KERBEROS]);
    let token = wrapped(MECHANISM, &[&kerberos, &REQUEST, request]);
    let offered = wrapped(0xa0, &[&wrapped(SEQUENCE, &[&kerberos])]);
    let token = wrapped(0xa2, &[&wrapped(OCTET_STRING, &[&token])]);
    let init = wrapped(0xa0, &[&wrapped(SEQUENCE, &[&offered, &token])]);
    wrapped(MECHANISM, &[&wrapped(OBJECT_IDENTIFIER, &[&SPNEGO]), &init])
}

/// Reads the answer to it.
pub(super) fn answer(token: &[u8]) -> Option<Answer<'_>> {
    let response = at(token, &[0xa1, SEQUENCE])?;
    let state = field(response, 0, ENUMERATED);
    let chosen = field(response, 1, OBJECT_IDENTIFIER);
    if chosen.is_some_and(|chosen| chosen != KERBEROS && chosen != MICROSOFT_KERBEROS) {
        return None;
    }
    let (inner, _) = content(field(response, 2, OCTET_STRING)?, MECHANISM)?;
    let (mechanism, inner) = content(inner, OBJECT_IDENTIFIER)?;
    let (kind, message) = inner.split_first_chunk::<2>()?;
    match *kind {
        _ if mechanism != KERBEROS => None,
        REPLY if state.is_none_or(|state| state == ACCEPTED) => Some(Answer::Accepted(message)),
        ERROR => Some(Answer::Error(message)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn response(state: u8, chosen: &[u8], kind: [u8; 2], message: &[u8]) -> Vec<u8> {
        let token = wrapped(MECHANISM, &[&wrapped(OBJECT_IDENTIFIER, &[&KERBEROS]), &kind, message]);
        let fields = [
            wrapped(0xa0, &[&wrapped(ENUMERATED, &[&[state]])]),
            wrapped(0xa1, &[&wrapped(OBJECT_IDENTIFIER, &[chosen])]),
            wrapped(0xa2, &[&wrapped(OCTET_STRING, &[&token])]),
        ];
        wrapped(0xa1, &[&wrapped(SEQUENCE, &[&fields.concat()])])
    }

    #[test]
    fn the_first_message_offers_kerberos_alone() {
        let expected = concat!(
            "603106062b0601050502a0273025a00d300b06092a864886f712010202",
            "a2140412601006092a864886f7120102020100616263",
        );
        let hex: String = init(b"abc").iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, expected);
    }

    #[test]
    fn only_a_service_that_accepts_kerberos_has_accepted() {
        for chosen in [KERBEROS, MICROSOFT_KERBEROS] {
            assert_eq!(answer(&response(0, &chosen, REPLY, b"abc")), Some(Answer::Accepted(b"abc")));
        }
        assert_eq!(answer(&response(2, &KERBEROS, ERROR, b"abc")), Some(Answer::Error(b"abc")));
        for refused in [
            response(1, &KERBEROS, REPLY, b"abc"),
            response(2, &KERBEROS, REPLY, b"abc"),
            response(0, &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 10], REPLY, b"abc"),
            response(0, &KERBEROS, REQUEST, b"abc"),
            b"NTLMSSP\0".to_vec(),
            Vec::new(),
        ] {
            assert_eq!(answer(&refused), None);
        }
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_panic(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        ) {
            let mut changed = response(0, &KERBEROS, REPLY, b"abc");
            changes.into_iter().for_each(|(index, byte)| *index.get_mut(&mut changed) = byte);
            let _ = answer(&changed);
        }
    }
}
