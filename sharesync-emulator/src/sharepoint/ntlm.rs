//! NTLM over HTTP, the server's side ([MS-NLMP] sections 2.2.1 and 3.3.2): challenges are made, answers verified. NTLMv2 only.

use hmac::{Hmac, KeyInit, Mac};
use md4::{Digest, Md4};
use md5::Md5;
use rc4::{Rc4, StreamCipher};

use super::dialect::{COMPUTER, DNS_DOMAIN, DOMAIN};
use super::times;
use crate::drive::Drive;

const SIGNATURE: &[u8] = b"NTLMSSP\0";
const UNICODE: u32 = 0x1;
const KEY_EXCHANGE: u32 = 0x4000_0000;
/// REQUEST_TARGET, NTLM, TARGET_TYPE_DOMAIN, EXTENDED_SESSIONSECURITY, TARGET_INFO, VERSION.
const OURS: u32 = 0x4 | 0x200 | 0x1_0000 | 0x8_0000 | 0x80_0000 | 0x200_0000;
/// SIGN, SEAL, ALWAYS_SIGN, 128, KEY_EXCHANGE, 56: as the client wants it.
const THEIRS: u32 = 0x10 | 0x20 | 0x8000 | 0x2000_0000 | KEY_EXCHANGE | 0x8000_0000;
/// Windows 10.0.17763, revision 15 of NTLM.
const VERSION: [u8; 8] = [10, 0, 0x63, 0x45, 0, 0, 0, 15];
/// Where the AV pairs begin in an NTLMv2 response (section 2.2.2.7).
const PAIRS_AT: usize = 44;
const MIC_AT: usize = 72;
const AV_FLAGS: u16 = 6;
/// The flag in the client's AV pairs that says that there is a MIC.
const HAS_MIC: u32 = 0x2;
/// Ticks of the FILETIME epoch, 1601.
const FILETIME_EPOCH: u64 = 504_911_232_000_000_000;

/// A challenge that was sent, with what a MIC covers.
#[derive(Debug, Clone)]
pub(super) struct Challenge {
    nonce: [u8; 8],
    negotiate: Vec<u8>,
    /// The CHALLENGE_MESSAGE.
    pub(super) message: Vec<u8>,
}

impl Challenge {
    /// The answer to a NEGOTIATE_MESSAGE; `None` if it is none.
    pub(super) fn answer(negotiate: &[u8], nonce: [u8; 8]) -> Option<Self> {
        (message_type(negotiate)? == 1).then_some(())?;
        let asked = u32_at(negotiate, 12)?;
        let flags = OURS | UNICODE | asked & THEIRS;
        let target = utf16(DOMAIN);
        let info = target_info();
        let target_at = 56;
        let info_at = target_at + target.len();
        let mut message = Vec::with_capacity(info_at + info.len());
        message.extend_from_slice(SIGNATURE);
        message.extend_from_slice(&2_u32.to_le_bytes());
        message.extend_from_slice(&field(target.len(), target_at));
        message.extend_from_slice(&flags.to_le_bytes());
        message.extend_from_slice(&nonce);
        message.extend_from_slice(&[0; 8]);
        message.extend_from_slice(&field(info.len(), info_at));
        message.extend_from_slice(&VERSION);
        message.extend_from_slice(&target);
        message.extend_from_slice(&info);
        Some(Self { nonce, negotiate: negotiate.to_vec(), message })
    }
}

/// An AUTHENTICATE_MESSAGE.
#[derive(Debug)]
pub(super) struct Authenticate<'a> {
    pub(super) user: String,
    pub(super) domain: String,
    response: &'a [u8],
    session_key: &'a [u8],
    flags: u32,
    message: &'a [u8],
}

impl<'a> Authenticate<'a> {
    pub(super) fn parse(message: &'a [u8]) -> Option<Self> {
        (message_type(message)? == 3).then_some(())?;
        let flags = u32_at(message, 60)?;
        let text = |at| payload(message, at).map(|bytes| decode(bytes, flags & UNICODE != 0));
        Some(Self {
            response: payload(message, 20)?,
            domain: text(28)?,
            user: text(36)?,
            session_key: payload(message, 52)?,
            flags,
            message,
        })
    }

    /// Whether it proves the knowledge of a password, for this challenge. An answer of NTLMv1 proves nothing.
    pub(super) fn proves(&self, password: &str, challenge: &Challenge) -> bool {
        let Some((proof, blob)) = self.response.split_at_checked(16).filter(|(_, blob)| blob.starts_with(&[1, 1]))
        else {
            return false;
        };
        let owner = utf16(&(self.user.to_uppercase() + &self.domain));
        let key = hmac_md5(&Md4::digest(utf16(password)), &[&owner]);
        let expected = hmac_md5(&key, &[&challenge.nonce, blob]);
        expected == proof && self.mic_fits(&hmac_md5(&key, &[proof]), challenge)
    }

    /// Whether the MIC is right, if the answer says that there is one.
    fn mic_fits(&self, base_key: &[u8], challenge: &Challenge) -> bool {
        let flags =
            self.response.get(PAIRS_AT..).and_then(|pairs| av_pair(pairs, AV_FLAGS)).and_then(|value| u32_at(value, 0));
        if flags.is_none_or(|flags| flags & HAS_MIC == 0) {
            return true;
        }
        let Some((before, rest)) = self.message.split_at_checked(MIC_AT) else {
            return false;
        };
        let Some((mic, after)) = rest.split_at_checked(16) else {
            return false;
        };
        let key = if self.flags & KEY_EXCHANGE == 0 { base_key.to_vec() } else { rc4(base_key, self.session_key) };
        hmac_md5(&key, &[&challenge.negotiate, &challenge.message, before, &[0; 16], after]) == mic
    }
}

fn hmac_md5(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let Ok(mut mac) = Hmac::<Md5>::new_from_slice(key) else {
        return Vec::new();
    };
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

fn rc4(key: &[u8], data: &[u8]) -> Vec<u8> {
    let mut data = data.to_vec();
    if let Ok(mut cipher) = <Rc4 as rc4::KeyInit>::new_from_slice(key) {
        cipher.apply_keystream(&mut data);
    }
    data
}

/// The AV pairs of the server: names, and the time, which obliges clients to a MIC if they can.
fn target_info() -> Vec<u8> {
    let computer = format!("{COMPUTER}.{DNS_DOMAIN}").to_lowercase();
    let names = [(2, DOMAIN), (1, COMPUTER), (4, DNS_DOMAIN), (3, computer.as_str()), (5, DNS_DOMAIN)];
    let now = times::ticks(Drive::now()).saturating_sub(FILETIME_EPOCH);
    let pairs =
        names.iter().map(|(id, name)| (*id, utf16(name))).chain([(7, now.to_le_bytes().to_vec()), (0, Vec::new())]);
    let spelled = pairs.flat_map(|(id, value): (u16, Vec<u8>)| {
        let len = u16::try_from(value.len()).unwrap_or(0);
        [id.to_le_bytes().to_vec(), len.to_le_bytes().to_vec(), value].concat()
    });
    spelled.collect()
}

fn av_pair(mut pairs: &[u8], wanted: u16) -> Option<&[u8]> {
    loop {
        let (id, len) = (u16_at(pairs, 0)?, usize::from(u16_at(pairs, 2)?));
        let value = pairs.get(4..4 + len)?;
        match id {
            0 => return None,
            _ if id == wanted => return Some(value),
            _ => pairs = pairs.get(4 + len..)?,
        }
    }
}

fn message_type(message: &[u8]) -> Option<u32> {
    message.starts_with(SIGNATURE).then(|| u32_at(message, 8)).flatten()
}

fn field(len: usize, at: usize) -> [u8; 8] {
    let [a, b] = u16::try_from(len).unwrap_or(0).to_le_bytes();
    let [e, f, g, h] = u32::try_from(at).unwrap_or(0).to_le_bytes();
    [a, b, a, b, e, f, g, h]
}

/// What a field of length and offset points to.
fn payload(message: &[u8], at: usize) -> Option<&[u8]> {
    let (len, offset) = (usize::from(u16_at(message, at)?), usize::try_from(u32_at(message, at + 4)?).ok()?);
    message.get(offset..offset.checked_add(len)?)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|chunk| u16::from_le_bytes(*chunk))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|chunk| u32::from_le_bytes(*chunk))
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn decode(bytes: &[u8], unicode: bool) -> String {
    if !unicode {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let units: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [MS-NLMP] section 4.2.4: user "User", password "Password", domain "Domain".
    #[test]
    fn the_values_of_the_specification() {
        let key = hmac_md5(&Md4::digest(utf16("Password")), &[&utf16("USERDomain")]);
        assert_eq!(hex::encode(&key), "0c868a403bfd7a93a3001ef22ef02e3f");
        assert_eq!(hex::encode(rc4(b"Key", b"Plaintext")), "bbf316e8d940af0ad3");
    }

    #[test]
    fn what_is_no_message_is_none() {
        for bad in [&b""[..], b"NTLMSSP\0", b"NTLMSSP\0\x03\0\0\0", b"nonsense"] {
            assert!(Challenge::answer(bad, [0; 8]).is_none());
            assert!(Authenticate::parse(bad).is_none());
        }
        let challenge = Challenge::answer(b"NTLMSSP\0\x01\0\0\0\x07\x82\x08\xa2", [7; 8]).expect("a challenge");
        assert_eq!(message_type(&challenge.message), Some(2));
        assert_eq!(payload(&challenge.message, 12), Some(&utf16(DOMAIN)[..]));
        let info = payload(&challenge.message, 40).expect("target information");
        assert_eq!(av_pair(info, 1), Some(&utf16(COMPUTER)[..]));
        assert_eq!(av_pair(info, 7).map(<[u8]>::len), Some(8));
    }
}
