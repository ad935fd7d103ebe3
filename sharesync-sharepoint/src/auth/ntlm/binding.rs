//! The binding of a sign-in to its TLS connection: `tls-server-end-point` (RFC 5929, section 4), which farms with extended
//! protection ask for.

use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// Signature algorithms by their object identifiers in DER, and the hash that goes with each. MD5 and SHA-1 are replaced
/// by SHA-256 (RFC 5929, section 4.1).
const ALGORITHMS: [(&[u8], Hash); 9] = [
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x04], Hash::Sha256), // md5WithRSAEncryption
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05], Hash::Sha256), // sha1WithRSAEncryption
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b], Hash::Sha256), // sha256WithRSAEncryption
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c], Hash::Sha384), // sha384WithRSAEncryption
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d], Hash::Sha512), // sha512WithRSAEncryption
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01], Hash::Sha256),             // ecdsa-with-SHA1
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02], Hash::Sha256),       // ecdsa-with-SHA256
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03], Hash::Sha384),       // ecdsa-with-SHA384
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04], Hash::Sha512),       // ecdsa-with-SHA512
];

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;

#[derive(Clone, Copy)]
enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// The token of a connection to the server with this certificate (DER); `None` where the RFC defines none.
pub(super) fn server_end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let (parts, _) = element(certificate, SEQUENCE)?;
    let (_, rest) = element(parts, SEQUENCE)?;
    let (algorithm, _) = element(rest, SEQUENCE)?;
    let (identifier, _) = element(algorithm, OBJECT_IDENTIFIER)?;
    let (_, hash) = ALGORITHMS.into_iter().find(|(known, _)| *known == identifier)?;
    let mut token = b"tls-server-end-point:".to_vec();
    match hash {
        Hash::Sha256 => token.extend_from_slice(&Sha256::digest(certificate)),
        Hash::Sha384 => token.extend_from_slice(&Sha384::digest(certificate)),
        Hash::Sha512 => token.extend_from_slice(&Sha512::digest(certificate)),
    }
    Some(token)
}

/// The content of the first element, which must be of this type, and what follows it.
fn element(der: &[u8], expected: u8) -> Option<(&[u8], &[u8])> {
    let (&[kind, first], rest) = der.split_first_chunk::<2>()?;
    let (size, rest) = match first {
        ..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0, |size, &digit| size << 8 | usize::from(digit)), rest)
        }
        _ => return None,
    };
    (kind == expected).then(|| rest.split_at_checked(size)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(kind: u8, content: &[u8]) -> Vec<u8> {
        let size = (content.len() as u16).to_be_bytes();
        [&[kind, 0x82, size[0], size[1]], content].concat()
    }

    fn certificate(algorithm: &[u8]) -> Vec<u8> {
        let algorithm = wrapped(SEQUENCE, &wrapped(OBJECT_IDENTIFIER, algorithm));
        wrapped(SEQUENCE, &[wrapped(SEQUENCE, &[0; 300]), algorithm, wrapped(3, &[0; 64])].concat())
    }

    #[test]
    fn the_hash_is_that_of_the_signature() {
        for ((algorithm, _), size) in ALGORITHMS.into_iter().zip([32, 32, 32, 48, 64, 32, 32, 48, 64]) {
            let token = server_end_point(&certificate(algorithm)).unwrap();
            assert_eq!(token.len(), b"tls-server-end-point:".len() + size);
        }
        let certificate = certificate(ALGORITHMS[2].0);
        assert!(server_end_point(&certificate).unwrap().ends_with(&Sha256::digest(&certificate)));
    }

    #[test]
    fn what_is_no_certificate_has_no_binding() {
        assert_eq!(server_end_point(&certificate(&[0x2b, 0x65, 0x70])), None);
        let whole = certificate(ALGORITHMS[0].0);
        for end in 0..whole.len() {
            assert_eq!(server_end_point(&whole[..end]), None, "{end}");
        }
    }
}
