//! What domain controllers answer (RFC 4120, sections 5.4.2, 5.9.1 and 5.2.7.5).

use std::time::Duration;

use picky_asn1_der::application_tag::ApplicationTag;
use picky_krb::crypto::CipherSuite;
use picky_krb::messages::KdcRep;
use sharesync_core::Timestamp;
use sspi::Secret;
use sspi::kerberos::EncryptionParams;

use super::super::der::SEQUENCE;
use super::tree::{OCTET_STRING, application, at, elements, field, is_sound, number_field};

const GENERAL_STRING: u8 = 0x1b;
pub(super) const GENERALIZED_TIME: u8 = 0x18;

const PA_ETYPE_INFO2: u32 = 19;
const KRB_ERROR: u8 = 30;
/// EncASRepPart and EncTGSRepPart. Some domain controllers have the second for both (RFC 4120, section 5.4.2).
const PARTS: [u8; 2] = [0x79, 0x7a];
/// The default of RFC 3962, section 4.
const ITERATIONS: [u8; 4] = [0, 0, 0x10, 0];

/// A KRB-ERROR. Nothing vouches for it.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) code: u32,
    /// The time of whoever refuses, if it can be read.
    pub(super) time: Option<Timestamp>,
    data: Vec<u8>,
}

impl Refusal {
    /// Reads one, if the message is one.
    pub(super) fn read(message: &[u8]) -> Option<Self> {
        let fields = application(message, KRB_ERROR)?;
        let data = field(fields, 12, OCTET_STRING).unwrap_or_default().to_vec();
        Some(Self { code: number_field(fields, 6)?, time: field(fields, 4, GENERALIZED_TIME).and_then(time), data })
    }

    /// How the password becomes a key, where it says so.
    pub(super) fn derivation(&self) -> Option<Derivation> {
        Derivation::read(at(&self.data, &[SEQUENCE])?)
    }
}

/// How a password becomes a key: PA-ETYPE-INFO2.
#[derive(Debug)]
pub(super) struct Derivation {
    suite: CipherSuite,
    salt: Vec<u8>,
}

impl Derivation {
    /// What is meant where nothing is said, with the name of the user and its realm as the salt.
    pub(super) fn usual(salt: String) -> Self {
        Self { suite: CipherSuite::Aes256CtsHmacSha196, salt: salt.into_bytes() }
    }

    /// The first among the pre-authentication data that is for AES with the usual number of iterations.
    fn read(data: &[u8]) -> Option<Self> {
        let info = elements(data).find(|(_, data)| number_field(data, 1) == Some(PA_ETYPE_INFO2))?.1;
        let entries = at(field(info, 2, OCTET_STRING)?, &[SEQUENCE])?;
        elements(entries).find_map(|(_, entry)| {
            let usual = field(entry, 2, OCTET_STRING).is_none_or(|iterations| iterations == ITERATIONS);
            let suite = suite(number_field(entry, 0)?).filter(|_| usual)?;
            Some(Self { suite, salt: field(entry, 1, GENERAL_STRING)?.to_vec() })
        })
    }

    /// What the reply to a request without pre-authentication says of it.
    pub(super) fn of_reply(reply: &[u8]) -> Option<Self> {
        Self::read(field(application(reply, 11)?, 2, SEQUENCE)?)
    }

    pub(super) fn salt(&self) -> &[u8] {
        &self.salt
    }

    pub(super) fn parameters(&self) -> EncryptionParams {
        parameters(&self.suite)
    }

    pub(super) fn key(&self, password: &str) -> Option<Key> {
        let bytes = self.suite.cipher().generate_key_from_password(password.as_bytes(), &self.salt).ok()?;
        Some(Key { suite: self.suite.clone(), bytes: bytes.into() })
    }
}

/// A key, and what it is for.
pub(super) struct Key {
    suite: CipherSuite,
    bytes: Secret<Vec<u8>>,
}

impl Key {
    fn read(key: &[u8]) -> Option<Self> {
        let (suite, bytes) = (suite(number_field(key, 0)?)?, field(key, 1, OCTET_STRING)?);
        (suite.cipher().key_size() == bytes.len()).then(|| Self { suite, bytes: bytes.to_vec().into() })
    }

    pub(super) fn bytes(&self) -> &Secret<Vec<u8>> {
        &self.bytes
    }

    pub(super) fn suite(&self) -> &CipherSuite {
        &self.suite
    }

    pub(super) fn parameters(&self) -> EncryptionParams {
        parameters(&self.suite)
    }

    /// Opens an EncryptedData, whose content this is.
    pub(super) fn open(&self, encrypted: &[u8], usage: i32) -> Option<Secret<Vec<u8>>> {
        let suite = suite(number_field(encrypted, 0)?).filter(|suite| *suite == self.suite)?;
        let opened = suite.cipher().decrypt(self.bytes.as_ref(), usage, field(encrypted, 2, OCTET_STRING)?);
        opened.ok().map(Secret::new)
    }
}

/// A ticket that was issued.
pub(super) struct Issued {
    /// The reply, as those need it who write requests with the ticket.
    pub(super) reply: KdcRep,
    /// The key of the session.
    pub(super) key: Key,
    pub(super) lifetime: Duration,
    /// Whom it is for, as `service/host`.
    pub(super) service: String,
    /// The realm of that service.
    pub(super) realm: String,
}

impl Issued {
    /// Reads a KRB-AS-REP or KRB-TGS-REP, by its number, with the key that opens it; it must answer the request of this
    /// nonce.
    pub(super) fn read<const REPLY: u8>(message: &[u8], key: &Key, usage: i32, nonce: u32) -> Option<Self> {
        let encrypted = field(application(message, REPLY)?, 6, SEQUENCE)?;
        let opened = key.open(encrypted, usage)?;
        let part = PARTS.iter().find_map(|tag| at(opened.as_ref(), &[*tag, SEQUENCE]))?;
        (number_field(part, 2)? == nonce).then_some(())?;
        let begins = field(part, 6, GENERALIZED_TIME).or_else(|| field(part, 5, GENERALIZED_TIME))?;
        let ends = field(part, 7, GENERALIZED_TIME)?;
        let lifetime = time(ends)?.unix_seconds().saturating_sub(time(begins)?.unix_seconds());
        let reply = is_sound(message).then(|| picky_asn1_der::from_bytes::<ApplicationTag<KdcRep, REPLY>>(message))?;
        Some(Self {
            reply: reply.ok()?.0,
            key: Key::read(field(part, 0, SEQUENCE)?)?,
            lifetime: Duration::from_secs(lifetime.try_into().ok()?),
            service: name(field(part, 10, SEQUENCE)?)?,
            realm: String::from_utf8_lossy(field(part, 9, GENERAL_STRING)?).into_owned(),
        })
    }
}

/// The components of a PrincipalName.
fn name(principal: &[u8]) -> Option<String> {
    let components = elements(field(principal, 1, SEQUENCE)?).map(|(_, component)| String::from_utf8_lossy(component));
    Some(components.collect::<Vec<_>>().join("/"))
}

/// The kinds of encryption that are built in: AES with SHA-1 (RFC 3962).
fn suite(number: u32) -> Option<CipherSuite> {
    CipherSuite::try_from(number as usize).ok().filter(|suite| *suite != CipherSuite::Des3CbcSha1Kd)
}

fn parameters(suite: &CipherSuite) -> EncryptionParams {
    EncryptionParams { encryption_type: Some(suite.clone()), ..EncryptionParams::default_for_client() }
}

/// A KerberosTime: `YYYYMMDDHHMMSSZ`.
fn time(text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok().filter(|text| text.len() == 15 && text.is_ascii())?;
    let part = |range| text.get(range).unwrap_or_default();
    let (year, month, day) = (part(0..4), part(4..6), part(6..8));
    format!("{year}-{month}-{day}T{}:{}:{}", part(8..10), part(10..12), part(12..15)).parse().ok()
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use picky_krb::constants::key_usages::AS_REP_ENC;
    use proptest::prelude::*;

    use super::super::tree::{INTEGER, wrapped};
    use super::*;

    const NONCE: u32 = 0x1234_5678;

    static KEY: LazyLock<Key> = LazyLock::new(|| key("hush"));
    static REPLY: LazyLock<Vec<u8>> = LazyLock::new(reply);

    fn key(password: &str) -> Key {
        Derivation::usual("EXAMPLE.TESTalice".to_owned()).key(password).unwrap()
    }

    fn sequence(fields: &[(u8, Vec<u8>)]) -> Vec<u8> {
        let fields: Vec<u8> = fields.iter().flat_map(|(number, value)| wrapped(0xa0 | number, &[value])).collect();
        wrapped(SEQUENCE, &[&fields])
    }

    fn integer(number: u32) -> Vec<u8> {
        wrapped(INTEGER, &[&number.to_be_bytes()])
    }

    fn text(text: &str) -> Vec<u8> {
        wrapped(GENERAL_STRING, &[text.as_bytes()])
    }

    fn clock(hour: u8) -> Vec<u8> {
        wrapped(GENERALIZED_TIME, &[format!("20261121{hour:02}0000Z").as_bytes()])
    }

    fn principal(components: &[&str]) -> Vec<u8> {
        let components: Vec<u8> = components.iter().flat_map(|component| text(component)).collect();
        sequence(&[(0, integer(2)), (1, wrapped(SEQUENCE, &[&components]))])
    }

    fn encrypted(cipher: &[u8]) -> Vec<u8> {
        sequence(&[(0, wrapped(INTEGER, &[&[18]])), (2, wrapped(OCTET_STRING, &[cipher]))])
    }

    /// A KRB-AS-REP for alice.
    fn reply() -> Vec<u8> {
        let session = sequence(&[(0, wrapped(INTEGER, &[&[18]])), (1, wrapped(OCTET_STRING, &[&[7; 32]]))]);
        let part = sequence(&[
            (0, session),
            (1, wrapped(SEQUENCE, &[])),
            (2, integer(NONCE)),
            (4, wrapped(0x03, &[&[0; 5]])),
            (5, clock(8)),
            (7, clock(18)),
            (9, text("EXAMPLE.TEST")),
            (10, principal(&["krbtgt", "EXAMPLE.TEST"])),
        ]);
        let part = KEY.suite().cipher().encrypt(KEY.bytes().as_ref(), AS_REP_ENC, &wrapped(0x79, &[&part])).unwrap();
        let ticket = sequence(&[
            (0, wrapped(INTEGER, &[&[5]])),
            (1, text("EXAMPLE.TEST")),
            (2, principal(&["krbtgt", "EXAMPLE.TEST"])),
            (3, encrypted(&[9; 100])),
        ]);
        let reply = sequence(&[
            (0, wrapped(INTEGER, &[&[5]])),
            (1, wrapped(INTEGER, &[&[11]])),
            (3, text("EXAMPLE.TEST")),
            (4, principal(&["alice"])),
            (5, wrapped(0x61, &[&ticket])),
            (6, encrypted(&part)),
        ]);
        wrapped(0x6b, &[&reply])
    }

    #[test]
    fn a_reply_is_for_who_has_the_key_and_asked() {
        let reply = &REPLY;
        let issued = Issued::read::<11>(reply, &KEY, AS_REP_ENC, NONCE).unwrap();
        assert_eq!((issued.service.as_str(), issued.realm.as_str()), ("krbtgt/EXAMPLE.TEST", "EXAMPLE.TEST"));
        assert_eq!(issued.lifetime, Duration::from_secs(10 * 3600));
        assert_eq!(issued.key.bytes().as_ref(), &[7; 32]);
        assert!(Issued::read::<11>(reply, &KEY, AS_REP_ENC, NONCE + 1).is_none(), "an answer to somebody else");
        assert!(Issued::read::<13>(reply, &KEY, AS_REP_ENC, NONCE).is_none());
        assert!(Issued::read::<11>(reply, &key("loud"), AS_REP_ENC, NONCE).is_none());
    }

    #[test]
    fn the_first_key_of_aes_with_usual_iterations_is_chosen() {
        let entry = |kind: u8, salt: &str, iterations: Option<[u8; 4]>| {
            let mut fields = vec![(0, wrapped(INTEGER, &[&[kind]])), (1, text(salt))];
            fields.extend(iterations.map(|iterations| (2, wrapped(OCTET_STRING, &[&iterations]))));
            sequence(&fields)
        };
        let entries = [
            entry(23, "rc4", None),
            entry(18, "slow", Some([0, 1, 0, 0])),
            entry(17, "short", Some(ITERATIONS)),
            entry(18, "long", None),
        ];
        let info = |entries: &[Vec<u8>]| {
            let value = wrapped(OCTET_STRING, &[&wrapped(SEQUENCE, &[&entries.concat()])]);
            [
                sequence(&[(1, wrapped(INTEGER, &[&[2]])), (2, wrapped(OCTET_STRING, &[]))]),
                sequence(&[(1, wrapped(INTEGER, &[&[19]])), (2, value)]),
            ]
            .concat()
        };
        let chosen = Derivation::read(&info(&entries)).unwrap();
        assert_eq!((chosen.suite, chosen.salt), (CipherSuite::Aes128CtsHmacSha196, b"short".to_vec()));
        assert!(Derivation::read(&info(&entries[..2])).is_none());
    }

    proptest! {
        /// Whatever a domain controller sends, it is read or not.
        #[test]
        fn no_message_makes_it_panic(
            junk in prop::collection::vec(any::<u8>(), 0..200),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut changed = REPLY.clone();
            changes.into_iter().for_each(|(index, byte)| *index.get_mut(&mut changed) = byte);
            let short = changed[..cut.index(changed.len())].to_vec();
            for message in [junk, changed, short] {
                let _ = Issued::read::<11>(&message, &KEY, AS_REP_ENC, NONCE);
                let _ = Derivation::of_reply(&message);
                let _ = Refusal::read(&message).map(|refusal| refusal.derivation().is_some());
            }
        }
    }
}
