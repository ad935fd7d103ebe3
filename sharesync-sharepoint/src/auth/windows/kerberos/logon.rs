//! From a password to a ticket for the service: the exchanges with the domain controllers (RFC 4120, sections 3.1 and 3.3),
//! whose messages the crate `sspi` writes.

use picky_krb::constants::error_codes::*;
use picky_krb::constants::key_usages::{AS_REP_ENC, TGS_REP_ENC_SESSION_KEY};
use picky_krb::constants::types::{AS_REP_MSG_TYPE, TGS_REP_MSG_TYPE};
use picky_krb::messages::KdcReqBody;
use sharesync_core::{Error, ErrorKind, Result, Secret};
use sspi::ClientRequestFlags;
use sspi::kerberos::EncryptionParams;
use sspi::kerberos::client::generators::{
    GenerateAsPaDataOptions, GenerateAsReqOptions, GenerateAuthenticatorOptions, GenerateTgsReqOptions,
    generate_as_req, generate_as_req_kdc_body, generate_authenticator, generate_pa_datas_for_as_req, generate_tgs_req,
};
use sspi::kerberos::client::principal::get_client_principal_name_type;

use super::super::super::Account;
use super::super::mechanism::{Fault, unusable};
use super::kdc::Kdc;
use super::reply::{Derivation, Issued, Refusal};
use super::tree::{application, number};
use super::{encoded, quietly, random};

const REPLIES: [u8; 2] = [AS_REP_MSG_TYPE, TGS_REP_MSG_TYPE];

/// Who signs in to what, and where that is decided.
pub(super) struct Logon {
    user: String,
    realm: String,
    password: Secret,
    service: String,
    kdc: Kdc,
}

/// What a domain controller says.
enum Said {
    Yes(Vec<u8>),
    No(Refusal),
}

impl Logon {
    pub(super) fn new(account: Account, service: String, kdc: Kdc) -> Result<Self> {
        let wrong = |why| Err(Error::new(ErrorKind::Config, why));
        let Account { domain, user, password } = account;
        // A name with a domain of its own is that of a user of Active Directory, and it says where to ask.
        let realm = match user.rsplit_once('@') {
            Some((_, suffix)) if domain.is_empty() => suffix.to_uppercase(),
            _ => domain,
        };
        if user.is_empty() || realm.is_empty() {
            return wrong("Kerberos needs the name of a user and of its realm (the domain)");
        }
        if !(user.is_ascii() && realm.is_ascii() && service.is_ascii()) {
            return wrong("Kerberos is built in for names of ASCII alone");
        }
        if !service.split_once('/').is_some_and(|(class, host)| !class.is_empty() && !host.is_empty()) {
            return wrong("a service principal is of the form `HTTP/host`");
        }
        Ok(Self { user, realm, password, service, kdc })
    }

    /// For people.
    pub(super) fn user(&self) -> String {
        if self.user.contains('@') { self.user.clone() } else { format!("{}@{}", self.user, self.realm) }
    }

    pub(super) fn service(&self) -> &str {
        &self.service
    }

    /// A new ticket for the service.
    pub(super) async fn ticket(&self) -> Result<Issued, Fault> {
        let granting = self.granting_ticket().await?;
        self.service_ticket(granting).await
    }

    /// The authentication service exchange: a ticket for further tickets.
    async fn granting_ticket(&self) -> Result<Issued, Fault> {
        let nonce = nonce()?;
        let body = self.body(&nonce)?;
        let (derivation, answer) = match self.ask(&self.initial(&body, None)?).await? {
            Said::Yes(answer) => (Derivation::of_reply(&answer).unwrap_or_else(|| self.usual()), answer),
            Said::No(refusal) if refusal.code == KDC_ERR_PREAUTH_REQUIRED => {
                let derivation = refusal.derivation().ok_or_else(no_key)?;
                match self.ask(&self.initial(&body, Some(&derivation))?).await? {
                    Said::Yes(answer) => (derivation, answer),
                    Said::No(refusal) => return Err(self.refused(&refusal)),
                }
            }
            Said::No(refusal) => return Err(self.refused(&refusal)),
        };
        let key = derivation.key(self.password.expose()).ok_or_else(no_key)?;
        Issued::read::<AS_REP_MSG_TYPE>(&answer, &key, AS_REP_ENC, number(&nonce))
            .filter(|issued| issued.service.starts_with("krbtgt/"))
            .ok_or_else(|| self.unreadable())
    }

    /// The ticket-granting service exchange: a ticket for the service.
    async fn service_ticket(&self, granting: Issued) -> Result<Issued, Fault> {
        let (request, nonce) = self.further(&granting)?;
        let answer = match self.ask(&request).await? {
            Said::Yes(answer) => answer,
            Said::No(refusal) => return Err(self.refused(&refusal)),
        };
        let issued = Issued::read::<TGS_REP_MSG_TYPE>(&answer, &granting.key, TGS_REP_ENC_SESSION_KEY, nonce)
            .ok_or_else(|| self.unreadable())?;
        match issued.service.strip_prefix("krbtgt/") {
            None if issued.service.eq_ignore_ascii_case(&self.service) => Ok(issued),
            Some(realm) => Err(unusable(format!(
                "the service {} belongs to the realm {realm}, not to {}: tickets across realms are not built in",
                self.service, self.realm
            ))),
            None => Err(unusable(format!("the domain controller knows no service {}", self.service))),
        }
    }

    /// What is asked for at first: a ticket of the realm itself. The addresses that `sspi` would name are left out, as
    /// everybody leaves them out.
    fn body(&self, nonce: &[u8]) -> Result<KdcReqBody, Fault> {
        let options = GenerateAsReqOptions {
            realm: &self.realm,
            username: &self.user,
            cname_type: get_client_principal_name_type(&self.user, &self.realm),
            snames: &["krbtgt", &self.realm],
            nonce,
            hostname: "",
            context_requirements: ClientRequestFlags::empty(),
        };
        let body = quietly(|| generate_as_req_kdc_body(&options))?;
        Ok(KdcReqBody { addresses: Default::default(), ..body })
    }

    /// The request for it; with a proof that the password is known where it is said how that becomes a key.
    fn initial(&self, body: &KdcReqBody, derivation: Option<&Derivation>) -> Result<Vec<u8>, Fault> {
        let options = GenerateAsPaDataOptions {
            password: self.password.expose(),
            salt: derivation.map(Derivation::salt).unwrap_or_default().to_vec(),
            enc_params: derivation.map_or_else(EncryptionParams::default_for_client, Derivation::parameters),
            with_pre_auth: derivation.is_some(),
        };
        let data = quietly(|| generate_pa_datas_for_as_req(&options))?;
        encoded(&quietly(|| Ok(generate_as_req(data, body.clone())))?)
    }

    /// The request for a ticket for the service, and its nonce.
    fn further(&self, granting: &Issued) -> Result<(Vec<u8>, u32), Fault> {
        let request = quietly(|| {
            let mut authenticator = generate_authenticator(GenerateAuthenticatorOptions {
                kdc_rep: &granting.reply,
                seq_num: None,
                sub_key: None,
                checksum: None,
                channel_bindings: None,
                extensions: Vec::new(),
            })?;
            generate_tgs_req(GenerateTgsReqOptions {
                realm: &granting.realm,
                service_principal: &self.service,
                session_key: granting.key.bytes(),
                ticket: granting.reply.ticket.0.clone(),
                authenticator: &mut authenticator,
                additional_tickets: None,
                enc_params: &granting.key.parameters(),
                context_requirements: ClientRequestFlags::empty(),
            })
        })?;
        Ok((encoded(&request)?, number(&request.0.req_body.0.nonce.0.0)))
    }

    async fn ask(&self, message: &[u8]) -> Result<Said, Fault> {
        let answer = self.kdc.ask(message).await?;
        match Refusal::read(&answer) {
            Some(refusal) => Ok(Said::No(refusal)),
            None if REPLIES.iter().any(|reply| application(&answer, *reply).is_some()) => Ok(Said::Yes(answer)),
            None => Err(unusable("the domain controller answers with what is no message of Kerberos")),
        }
    }

    fn usual(&self) -> Derivation {
        Derivation::usual(format!("{}{}", self.realm, self.user.replace('/', "")))
    }

    /// What a refusal means, and what to do about it.
    fn refused(&self, refusal: &Refusal) -> Fault {
        let (user, realm, service) = (self.user(), &self.realm, &self.service);
        match refusal.code {
            KDC_ERR_PREAUTH_FAILED | KRB_AP_ERR_BAD_INTEGRITY => {
                Fault::Refused(format!("the domain controller does not accept the password of {user}"))
            }
            KDC_ERR_C_PRINCIPAL_UNKNOWN => Fault::Refused(format!("the domain controller knows no user {user}")),
            KDC_ERR_CLIENT_REVOKED | KDC_ERR_NAME_EXP => {
                Fault::Refused(format!("the account {user} is locked, disabled, or has expired"))
            }
            KDC_ERR_KEY_EXPIRED => Fault::Refused(format!("the password of {user} has expired: it must be changed")),
            KDC_ERR_S_PRINCIPAL_UNKNOWN => unusable(format!(
                "the domain controller knows no service {service}: the site's account lacks that service principal name, \
                 or another one is meant"
            )),
            KDC_ERR_WRONG_REALM => unusable(format!("the domain controller is none of the realm {realm}")),
            KDC_ERR_ETYPE_NOSUPP => no_key(),
            KRB_AP_ERR_SKEW => skewed("the domain controller", refusal),
            code => unusable(format!("the domain controller refuses with error {code} (RFC 4120, section 7.5.9)")),
        }
    }

    /// An answer that whoever knows the password has not written, or that is none to what was asked.
    fn unreadable(&self) -> Fault {
        let user = self.user();
        Fault::Refused(format!("the answer of the domain controller is none that the password of {user} opens"))
    }
}

/// The fault of a clock, as somebody with another one sees it.
pub(super) fn skewed(who: &str, refusal: &Refusal) -> Fault {
    let theirs = refusal.time.map_or_else(String::new, |time| format!(", where it is {time}"));
    unusable(format!("the clock of this machine differs too much from that of {who}{theirs}: set it right (NTP)"))
}

fn no_key() -> Fault {
    unusable(
        "the domain controller has no AES key (RFC 3962) for what it was asked: Kerberos is built in with AES alone",
    )
}

/// A number that nobody guesses, in the form of a positive INTEGER.
fn nonce() -> Result<[u8; 4], Fault> {
    let mut nonce = random::<4>()?;
    nonce[0] = (nonce[0] & 0x3f) | 0x40;
    Ok(nonce)
}
