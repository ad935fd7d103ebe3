//! Who asks: bearer tokens, Basic, the cookie of the login form, and NTLM, which signs in the connection and not the request unless
//! a switch says so.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::StatusCode;
use http::header::{AUTHORIZATION, COOKIE, HeaderValue, WWW_AUTHENTICATE};

use super::connections::NtlmState;
use super::dialect::{DNS_DOMAIN, DOMAIN};
use super::errors::SpError;
use super::forms::COOKIE_NAME;
use super::ntlm::{Authenticate, Challenge};
use super::odata::Flavour;
use super::places::login_of;
use super::{SharePoint, tell};
use crate::drive::User;
use crate::http::{Call, Reply, full};

/// A way to sign in to SharePoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SharePointScheme {
    /// An access token in each request.
    Bearer,
    /// Name and password in each request.
    Basic,
    /// NTLMv2, once for each connection; or for each request, by [`Builder::ntlm_single_request`](crate::Builder::ntlm_single_request).
    Ntlm,
    /// The login form's web service and its cookie.
    Forms,
}

/// Who asks, and how that is known.
#[derive(Debug)]
pub(super) struct SignedIn {
    pub(super) user: User,
    pub(super) by_bearer: bool,
}

const LOGIN_PAGE: &str = "<!DOCTYPE html><html><head><title>Sign In</title></head><body><form method=\"post\">\
    <input name=\"username\"/><input name=\"password\" type=\"password\"/></form></body></html>";

pub(super) fn token_form(first: &str, second: &str) -> String {
    format!("eyJ0eXAiOiJKV1QifQ.{first}.{second}")
}

impl SharePoint {
    fn offers(&self, scheme: SharePointScheme) -> bool {
        self.options.schemes.contains(&scheme)
    }

    /// Who asks; or the answer to who is not signed in, or not yet.
    pub(super) fn sign_in(&self, call: &Call) -> Result<SignedIn, Box<Reply>> {
        let header = call.header(&AUTHORIZATION).unwrap_or_default();
        let (scheme, value) = header.split_once(' ').unwrap_or((header, ""));
        let flavour = Flavour::asked(&call.headers);
        let other_way = |user: User| SignedIn { user, by_bearer: false };
        match scheme.to_ascii_lowercase().as_str() {
            "bearer" if self.offers(SharePointScheme::Bearer) => {
                let user = self.tokens.user_of(value.trim()).and_then(|id| self.shared.accounts.user(id));
                let user =
                    user.ok_or_else(|| Box::new(self.unauthorized(SpError::unauthorized().into_reply(flavour))))?;
                Ok(SignedIn { user: user.clone(), by_bearer: true })
            }
            "basic" if self.offers(SharePointScheme::Basic) => {
                self.basic(value).map(other_way).ok_or_else(|| Box::new(self.anonymous(flavour, call)))
            }
            "ntlm" if self.offers(SharePointScheme::Ntlm) => self.ntlm(call, value, flavour).map(other_way),
            _ => {
                let user = self.by_cookie(call).or_else(|| self.by_connection(call));
                user.map(other_way).ok_or_else(|| Box::new(self.anonymous(flavour, call)))
            }
        }
    }

    /// An account by its name, with or without a domain, or by its e-mail address.
    pub(super) fn account(&self, name: &str) -> Option<&User> {
        let name = name.rsplit_once('|').map_or(name, |(_, name)| name);
        let name = match name.split_once('\\') {
            Some((domain, name)) if is_domain(domain) => name,
            Some(_) => return None,
            None => name,
        };
        let accounts = &self.shared.accounts;
        accounts
            .named(name)
            .or_else(|| accounts.users().find(|user| login_of(user, accounts).eq_ignore_ascii_case(name)))
    }

    pub(super) fn with_password(&self, name: &str, password: &str) -> Option<&User> {
        let user = self.account(name)?;
        (self.shared.accounts.password_of(user.id)? == password).then_some(user)
    }

    fn basic(&self, value: &str) -> Option<User> {
        let pair = String::from_utf8(BASE64_STANDARD.decode(value.trim()).ok()?).ok()?;
        let (name, password) = pair.split_once(':')?;
        self.with_password(name, password).cloned()
    }

    fn by_cookie(&self, call: &Call) -> Option<User> {
        let all = call.headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = all.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let (_, cookie) = pairs.find(|(name, _)| *name == COOKIE_NAME)?;
        let user = self.cookies.user_of(cookie).filter(|_| self.offers(SharePointScheme::Forms))?;
        self.shared.accounts.user(user).cloned()
    }

    fn by_connection(&self, call: &Call) -> Option<User> {
        let kept = call.connection.kept();
        let NtlmState::Authenticated(session) = kept.get::<NtlmState>()? else {
            return None;
        };
        let user = self.connections.is_current(session).then_some(session.user)?;
        self.shared.accounts.user(user).cloned()
    }

    /// A message of the handshake: the first one is answered with a challenge, the last one signs the connection in or not.
    fn ntlm(&self, call: &Call, value: &str, flavour: Flavour) -> Result<User, Box<Reply>> {
        let refused = || Box::new(self.unauthorized(SpError::unauthorized().into_reply(flavour)));
        let message = BASE64_STANDARD.decode(value.trim()).map_err(|_| refused())?;
        let mut kept = call.connection.kept();
        let random = self.dice.lock().unwrap_or_else(std::sync::PoisonError::into_inner).u64(..).to_le_bytes();
        if let Some(challenge) = Challenge::answer(&message, random) {
            self.connections.count_challenge();
            let told = format!("NTLM {}", BASE64_STANDARD.encode(&challenge.message));
            kept.insert(NtlmState::Challenged(challenge));
            let mut reply = SpError::unauthorized().into_reply(flavour);
            tell(&mut reply, "www-authenticate", &told);
            return Err(Box::new(reply));
        }
        let Some(NtlmState::Challenged(challenge)) = kept.remove::<NtlmState>() else {
            return Err(refused());
        };
        match self.verified(&challenge, &message) {
            Some(user) => {
                let session = self.connections.count_handshake(user.id, &mut kept);
                if !self.options.ntlm_single_request {
                    kept.insert(NtlmState::Authenticated(session));
                }
                Ok(user)
            }
            None => {
                self.connections.count_refusal();
                Err(refused())
            }
        }
    }

    fn verified(&self, challenge: &Challenge, message: &[u8]) -> Option<User> {
        let answer = Authenticate::parse(message)?;
        let user = self.account(&answer.user).filter(|_| answer.domain.is_empty() || is_domain(&answer.domain))?;
        let password = self.shared.accounts.password_of(user.id)?;
        answer.proves(password, challenge).then(|| user.clone())
    }

    /// What who is not signed in gets: a login page, where forms are the only way or a switch says so, else a 401.
    fn anonymous(&self, flavour: Flavour, call: &Call) -> Reply {
        if self.options.login_page {
            return full(StatusCode::OK, "text/html; charset=utf-8", LOGIN_PAGE);
        }
        if self.options.schemes != [SharePointScheme::Forms] {
            return self.unauthorized(SpError::unauthorized().into_reply(flavour));
        }
        let mut reply = full(StatusCode::FORBIDDEN, "text/plain; charset=utf-8", "403 FORBIDDEN");
        let form = format!("{}/_forms/default.aspx?ReturnUrl=/_layouts/15/error.aspx", call.base);
        tell(&mut reply, "x-forms_based_auth_required", &form);
        tell(&mut reply, "x-forms_based_auth_return_url", &format!("{}/_layouts/15/error.aspx", call.base));
        reply
    }

    /// A 401 that names the schemes there are.
    pub(super) fn unauthorized(&self, mut reply: Reply) -> Reply {
        self.connections.count_unauthorized();
        let offers = [
            (SharePointScheme::Ntlm, "NTLM"),
            (SharePointScheme::Basic, "Basic realm=\"emulated.local\""),
            (SharePointScheme::Bearer, "Bearer realm=\"4c1a9f2e-0000-4000-8000-000000000000\""),
        ];
        for (_, offer) in offers.into_iter().filter(|(scheme, _)| self.offers(*scheme)) {
            reply.headers_mut().append(WWW_AUTHENTICATE, HeaderValue::from_static(offer));
        }
        reply
    }
}

fn is_domain(name: &str) -> bool {
    [DOMAIN, DNS_DOMAIN, "."].iter().any(|domain| domain.eq_ignore_ascii_case(name))
}
