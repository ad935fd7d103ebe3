//! A ticket in use: what a connection is signed in with (RFC 4120, section 3.2; RFC 4121, section 4.1), and the service's proof.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use picky_krb::constants::gss_api::AUTHENTICATOR_CHECKSUM_TYPE;
use picky_krb::constants::key_usages::AP_REP_ENC;
use picky_krb::data_types::Authenticator;
use sspi::channel_bindings::ChannelBindings;
use sspi::kerberos::client::generators::{
    ChecksumOptions, ChecksumValues, EncKey, GenerateAuthenticatorOptions, generate_ap_req, generate_authenticator,
};
use sspi::kerberos::flags::ApOptions;
use tokio::time::Instant;

use super::super::der::SEQUENCE;
use super::super::mechanism::{Fault, unusable};
use super::reply::{GENERALIZED_TIME, Issued};
use super::tree::{application, at, field, number_field};
use super::{encoded, quietly, random};

/// GSS_C_MUTUAL_FLAG, GSS_C_REPLAY_FLAG and GSS_C_INTEG_FLAG (RFC 4121, section 4.1.1.1).
const FLAGS: u8 = 2 | 4 | 32;

const KERB_AP_OPTIONS_CBT: [u8; 4] = 0x4000_u32.to_le_bytes();
const AD_IF_RELEVANT: u8 = 1;

/// A ticket for the service.
pub(super) struct Ticket {
    issued: Issued,
    ends: Instant,
    /// The time in the last request. Services refuse a second request of the same time as a repetition.
    last: Mutex<Option<Sent>>,
}

/// The time in a request, which the service repeats as a proof that it could read it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Sent {
    seconds: Vec<u8>,
    microseconds: u32,
}

impl Ticket {
    pub(super) fn new(issued: Issued, asked: Instant) -> Self {
        // Not used to the last moment: requests take time, and clocks differ.
        let lifetime = issued.lifetime - (issued.lifetime / 20).min(Duration::from_secs(60));
        let ends = asked.checked_add(lifetime).unwrap_or(asked);
        Self { issued, ends, last: Mutex::default() }
    }

    pub(super) fn is_valid(&self) -> bool {
        Instant::now() < self.ends
    }

    /// The KRB-AP-REQ for one connection with this binding to TLS, and what the service must know to answer it.
    pub(super) fn request(&self, binding: Option<&[u8]>) -> Result<(Vec<u8>, Sent), Fault> {
        let (authenticator, sent) = self.authenticator(binding)?;
        let request = quietly(|| {
            let ticket = self.issued.reply.ticket.0.clone();
            let key = &self.issued.key;
            generate_ap_req(ticket, key.bytes(), &authenticator, &key.parameters(), ApOptions::MUTUAL_REQUIRED)
        })?;
        Ok((encoded(&request)?, sent))
    }

    fn authenticator(&self, binding: Option<&[u8]>) -> Result<(Authenticator, Sent), Fault> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let authenticator = self.dated(binding)?;
            let sent = Sent::in_authenticator(&encoded(&authenticator)?)
                .ok_or_else(|| unusable("a request without a time"))?;
            if last.as_ref() != Some(&sent) {
                *last = Some(sent.clone());
                return Ok((authenticator, sent));
            }
        }
    }

    /// An authenticator of this moment.
    fn dated(&self, binding: Option<&[u8]>) -> Result<Authenticator, Fault> {
        let binding = binding.map(|token| ChannelBindings {
            initiator_addr_type: 0,
            initiator: Vec::new(),
            acceptor_addr_type: 0,
            acceptor: Vec::new(),
            application_data: token.to_vec(),
        });
        // The length of the binding, the binding, which is filled in, and the flags.
        let mut checksum = [0; 24];
        (checksum[0], checksum[20]) = (16, FLAGS);
        let suite = self.issued.key.suite().clone();
        let key_value = random::<32>()?.into_iter().take(suite.cipher().key_size()).collect();
        let options = GenerateAuthenticatorOptions {
            kdc_rep: &self.issued.reply,
            seq_num: Some(u32::from_be_bytes(random()?)),
            sub_key: Some(EncKey { key_type: suite, key_value }),
            checksum: Some(ChecksumOptions {
                checksum_type: AUTHENTICATOR_CHECKSUM_TYPE.to_vec(),
                checksum_value: ChecksumValues::from(checksum),
            }),
            channel_bindings: binding.as_ref(),
            extensions: Vec::new(),
        };
        let mut authenticator = quietly(|| generate_authenticator(options))?;
        mark_binding(&mut authenticator)?;
        Ok(authenticator)
    }

    /// Whether a KRB-AP-REP answers that request: only who has the key of the service can tell its time.
    pub(super) fn is_answered(&self, reply: &[u8], sent: &Sent) -> bool {
        let encrypted = application(reply, 15).and_then(|reply| field(reply, 2, SEQUENCE));
        let opened = encrypted.and_then(|encrypted| self.issued.key.open(encrypted, AP_REP_ENC));
        let repeated = opened.and_then(|opened| Sent::read(at(opened.as_ref(), &[0x7b, SEQUENCE])?, 0, 1));
        repeated.is_some_and(|repeated| repeated == *sent)
    }
}

/// Says of a request with a binding that it has one, as [MS-KILE], section 3.2.5.8, has it: four bytes within AD-IF-RELEVANT.
/// `sspi` writes two, and not within it, which the library of MIT refuses.
fn mark_binding(authenticator: &mut Authenticator) -> Result<(), Fault> {
    let Some(data) = &mut authenticator.0.authorization_data.0 else { return Ok(()) };
    if let [option] = data.0.0.as_mut_slice() {
        option.ad_data.0.0 = KERB_AP_OPTIONS_CBT.to_vec();
    }
    let relevant = encoded(&data.0)?;
    if let [option] = data.0.0.as_mut_slice() {
        option.ad_type.0.0 = vec![AD_IF_RELEVANT];
        option.ad_data.0.0 = relevant;
    }
    Ok(())
}

impl Sent {
    fn in_authenticator(authenticator: &[u8]) -> Option<Self> {
        Self::read(application(authenticator, 2)?, 5, 4)
    }

    fn read(sequence: &[u8], seconds: u8, microseconds: u8) -> Option<Self> {
        let microseconds = number_field(sequence, microseconds)?;
        Some(Self { seconds: field(sequence, seconds, GENERALIZED_TIME)?.to_vec(), microseconds })
    }
}
