//! The messages of one handshake ([MS-NLMP]), which the crate `sspi` writes and reads: NTLMv2, with an integrity code over
//! all three and the binding to the TLS connection.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use sspi::{
    AuthIdentityBuffers, BufferType, ClientRequestFlags, DataRepresentation, Ntlm, SecurityBuffer, Sspi as _,
    SspiImpl as _,
};
use tracing::subscriber::{NoSubscriber, with_default};

use super::super::Account;
use super::binding::server_end_point;

/// One handshake.
pub(super) struct Handshake {
    scheme: &'static str,
    ntlm: Ntlm,
    identity: Option<AuthIdentityBuffers>,
}

impl Handshake {
    /// Begins, on a connection to the server with this certificate.
    pub(super) fn new(scheme: &'static str, account: &Account, certificate: Option<&[u8]>) -> Self {
        let mut ntlm = Ntlm::new();
        if let Some(token) = certificate.and_then(server_end_point) {
            ntlm.set_channel_bindings(&token);
        }
        let identity = AuthIdentityBuffers::from_utf8(&account.user, &account.domain, account.password.expose());
        Self { scheme, ntlm, identity: Some(identity) }
    }

    /// The first message, as the value of `Authorization`.
    pub(super) fn negotiate(&mut self) -> Result<HeaderValue, &'static str> {
        self.step(Vec::new()).and_then(|message| self.header(&message))
    }

    /// The answer to the challenge, as the value of `Authorization`.
    pub(super) fn authenticate(&mut self, challenge: &str) -> Result<HeaderValue, &'static str> {
        let challenge = STANDARD.decode(challenge).map_err(|_| "the challenge of the service is no base64")?;
        self.step(challenge).and_then(|message| self.header(&message))
    }

    fn header(&self, message: &[u8]) -> Result<HeaderValue, &'static str> {
        let mut value = HeaderValue::try_from(format!("{} {}", self.scheme, STANDARD.encode(message)))
            .map_err(|_| "a message that no header can carry")?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// The next message. What `sspi` would trace of it is nobody's business: passwords can be guessed from it.
    fn step(&mut self, challenge: Vec<u8>) -> Result<Vec<u8>, &'static str> {
        let mut input = [SecurityBuffer::new(challenge, BufferType::Token)];
        let mut output = [SecurityBuffer::new(Vec::new(), BufferType::Token)];
        with_default(NoSubscriber::new(), || {
            let builder = self.ntlm.initialize_security_context();
            let mut builder = builder
                .with_credentials_handle(&mut self.identity)
                .with_context_requirements(ClientRequestFlags::empty())
                .with_target_data_representation(DataRepresentation::Native)
                .with_input(&mut input)
                .with_output(&mut output);
            self.ntlm.initialize_security_context_impl(&mut builder)?.resolve_to_result()
        })
        .map_err(|_| "the challenge of the service is none of NTLM")?;
        output.into_iter().next().map(|buffer| buffer.buffer).ok_or("no message came out")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn handshake() -> Handshake {
        Handshake::new("NTLM", &Account::of_domain("CONTOSO", "alice", "hush"), None)
    }

    fn bytes(value: &HeaderValue) -> Vec<u8> {
        STANDARD.decode(value.to_str().unwrap().strip_prefix("NTLM ").unwrap()).unwrap()
    }

    /// A challenge with target information and a time ([MS-NLMP] 2.2.1.2).
    fn challenge() -> String {
        let mut info = Vec::new();
        let name: Vec<u8> = "FARM".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (id, value) in [(2_u16, &name[..]), (1, &name), (7, &133_000_000_000_000_000_u64.to_le_bytes()), (0, &[])] {
            info.extend(id.to_le_bytes());
            info.extend((value.len() as u16).to_le_bytes());
            info.extend(value);
        }
        let mut message = b"NTLMSSP\0\x02\0\0\0".to_vec();
        let fields = |size: usize, offset: u32| {
            let size = (size as u16).to_le_bytes();
            [&size[..], &size, &offset.to_le_bytes()].concat()
        };
        message.extend(fields(name.len(), 56));
        message.extend(0xa289_8205_u32.to_le_bytes());
        message.extend(b"\x01\x23\x45\x67\x89\xab\xcd\xef");
        message.extend([0; 8]);
        message.extend(fields(info.len(), 56 + name.len() as u32));
        message.extend([10, 0, 0, 0, 0, 0, 0, 15]);
        message.extend(name);
        message.extend(info);
        STANDARD.encode(message)
    }

    #[test]
    fn the_first_message_names_nobody() {
        let value = handshake().negotiate().unwrap();
        assert!(value.is_sensitive());
        assert_eq!(&bytes(&value)[..12], b"NTLMSSP\0\x01\0\0\0");
    }

    #[test]
    fn the_answer_is_of_version_2_and_names_the_user() {
        let mut handshake = handshake();
        handshake.negotiate().unwrap();
        let message = bytes(&handshake.authenticate(&challenge()).unwrap());
        assert_eq!(&message[..12], b"NTLMSSP\0\x03\0\0\0");
        let response = u16::from_le_bytes([message[20], message[21]]);
        assert!(response > 24, "a response of version 1 has 24 bytes");
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        for name in ["CONTOSO", "alice"] {
            assert!(message.windows(name.len() * 2).any(|part| part == wide(name)), "{name}");
        }
    }

    proptest! {
        /// Whatever a service sends, there is an answer or an error.
        #[test]
        fn no_challenge_makes_it_panic(
            junk in prop::collection::vec(any::<u8>(), 0..200),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut changed = STANDARD.decode(challenge()).unwrap();
            changes.into_iter().for_each(|(index, byte)| *index.get_mut(&mut changed) = byte);
            let short = changed[..cut.index(changed.len())].to_vec();
            for message in [junk, changed, short] {
                let mut handshake = handshake();
                handshake.negotiate().unwrap();
                let _ = handshake.authenticate(&STANDARD.encode(message));
            }
        }
    }

    #[test]
    fn what_is_no_challenge_is_an_error() {
        let broken = challenge();
        for end in [0, 8, 40, broken.len() - 8] {
            let mut handshake = handshake();
            handshake.negotiate().unwrap();
            assert!(handshake.authenticate(&broken[..end]).is_err(), "{end}");
        }
        let mut handshake = handshake();
        handshake.negotiate().unwrap();
        assert!(handshake.authenticate("not base64!").is_err());
    }
}
