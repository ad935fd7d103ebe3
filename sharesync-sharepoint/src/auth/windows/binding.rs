//! The binding of a sign-in to its TLS connection: `tls-server-end-point` (RFC 5929, section 4), which farms with extended
//! protection ask for.

use sha2::{Digest as _, Sha256, Sha384, Sha512};

use super::der::{OBJECT_IDENTIFIER, SEQUENCE, content};

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

#[derive(Clone, Copy)]
enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// The token of a connection to the server with this certificate (DER); `None` where the RFC defines none.
pub(super) fn server_end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let (parts, _) = content(certificate, SEQUENCE)?;
    let (_, rest) = content(parts, SEQUENCE)?;
    let (algorithm, _) = content(rest, SEQUENCE)?;
    let (identifier, _) = content(algorithm, OBJECT_IDENTIFIER)?;
    let (_, hash) = ALGORITHMS.into_iter().find(|(known, _)| *known == identifier)?;
    let mut token = b"tls-server-end-point:".to_vec();
    match hash {
        Hash::Sha256 => token.extend_from_slice(&Sha256::digest(certificate)),
        Hash::Sha384 => token.extend_from_slice(&Sha384::digest(certificate)),
        Hash::Sha512 => token.extend_from_slice(&Sha512::digest(certificate)),
    }
    Some(token)
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
