//! NTLM over HTTP ([MS-NTHT], [MS-NLMP]): three messages, which the crate `sspi` writes and reads: NTLMv2, with an integrity
//! code over all three and the binding to the TLS connection.

use std::fmt;

use async_trait::async_trait;
use sspi::{
    AuthIdentityBuffers, BufferType, ClientRequestFlags, DataRepresentation, SecurityBuffer, Sspi as _, SspiImpl as _,
};
use tracing::subscriber::{NoSubscriber, with_default};

use super::super::Account;
use super::mechanism::{Fault, Handshake, Mechanism, Message, unusable};

/// Signs in by NTLM under one of two schemes: NTLM, or Negotiate, which takes messages of NTLM as they are ([MS-N2HT]; from
/// memory, not seen on a farm).
pub(super) struct Ntlm {
    scheme: &'static str,
    account: Account,
}

impl Ntlm {
    pub(super) fn new(scheme: &'static str, account: Account) -> Self {
        Self { scheme, account }
    }
}

/// A user, for people.
fn full_name(account: &Account) -> String {
    match account.domain.as_str() {
        "" => account.user.clone(),
        domain => format!(r"{domain}\{}", account.user),
    }
}

#[async_trait]
impl Mechanism for Ntlm {
    fn name(&self) -> &'static str {
        "NTLM"
    }

    fn scheme(&self) -> &'static str {
        self.scheme
    }

    async fn begin(&self, binding: Option<&[u8]>) -> Result<(Box<dyn Handshake>, Message), Fault> {
        let mut messages = Messages::new(&self.account, binding);
        let token = messages.next(Vec::new())?;
        Ok((Box::new(messages), Message { token, is_last: false }))
    }
}

impl fmt::Debug for Ntlm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ntlm").field("user", &full_name(&self.account)).finish()
    }
}

/// The messages of one handshake.
struct Messages {
    user: String,
    ntlm: sspi::Ntlm,
    identity: Option<AuthIdentityBuffers>,
    /// The answer to the challenge was sent.
    ended: bool,
}

impl Messages {
    fn new(account: &Account, binding: Option<&[u8]>) -> Self {
        let mut ntlm = sspi::Ntlm::new();
        if let Some(token) = binding {
            ntlm.set_channel_bindings(token);
        }
        let identity = AuthIdentityBuffers::from_utf8(&account.user, &account.domain, account.password.expose());
        Self { user: full_name(account), ntlm, identity: Some(identity), ended: false }
    }

    /// The next message. What `sspi` would trace of it is nobody's business: passwords can be guessed from it.
    fn next(&mut self, challenge: Vec<u8>) -> Result<Vec<u8>, Fault> {
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
        .map_err(|_| unusable("the challenge of the service is none of NTLM"))?;
        let [message] = output;
        Ok(message.buffer)
    }
}

impl Handshake for Messages {
    fn answered(&mut self, refused: bool, token: Option<Vec<u8>>) -> Result<Option<Message>, Fault> {
        match token {
            _ if !refused => Ok(None),
            _ if self.ended => Err(Fault::Refused(format!(
                "the service does not accept the password of {}, or the account may not sign in",
                self.user
            ))),
            Some(challenge) => {
                self.ended = true;
                Ok(Some(Message { token: self.next(challenge)?, is_last: true }))
            }
            None => Err(unusable("the service offers no sign-in by NTLM")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A handshake whose first message was written.
    fn begun() -> (Messages, Vec<u8>) {
        let mut messages = Messages::new(&Account::of_domain("CONTOSO", "alice", "hush"), None);
        let first = messages.next(Vec::new()).ok().unwrap();
        (messages, first)
    }

    fn answer(challenge: Vec<u8>) -> Option<Vec<u8>> {
        let message = begun().0.answered(true, Some(challenge)).ok()?.unwrap();
        assert!(message.is_last);
        Some(message.token)
    }

    /// A challenge with target information and a time ([MS-NLMP] 2.2.1.2).
    fn challenge() -> Vec<u8> {
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
        message
    }

    #[test]
    fn the_first_message_names_nobody() {
        assert_eq!(&begun().1[..12], b"NTLMSSP\0\x01\0\0\0");
    }

    #[test]
    fn the_answer_is_of_version_2_and_names_the_user() {
        let message = answer(challenge()).unwrap();
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
            let mut changed = challenge();
            changes.into_iter().for_each(|(index, byte)| *index.get_mut(&mut changed) = byte);
            let short = changed[..cut.index(changed.len())].to_vec();
            for message in [junk, changed, short] {
                let _ = answer(message);
            }
        }
    }

    #[test]
    fn what_is_no_challenge_is_an_error() {
        let whole = challenge();
        for end in [0, 8, 30, whole.len() - 6] {
            assert!(answer(whole[..end].to_vec()).is_none(), "{end}");
        }
        assert!(begun().0.answered(true, None).is_err());
    }
}
