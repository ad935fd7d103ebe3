//! Signing in: the configuration, the authorize page of the identity service, the callback relay, and the token endpoint.
//!
//! Ours: the authorize page agrees at once, and signs in the user of `username` or `login_hint`, else the first one.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderValue};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::CursorFace;
use super::errors::ApiError;
use crate::drive::{User, UserId};
use crate::http::{Call, Query, Reply, encode, full, json as json_reply, redirect};
use crate::tokens::Grant;

const LONGEST_FORM: usize = 1 << 16;

/// What authorization codes are bound to.
#[derive(Debug, Default)]
pub(super) struct Codes {
    bound: Mutex<HashMap<String, Bound>>,
}

#[derive(Debug)]
struct Bound {
    challenge: String,
    redirect_uri: String,
}

/// An error of RFC 6749: its code, and a sentence.
type Refused = (&'static str, &'static str);

impl CursorFace {
    /// The user of a token: one that was issued, or the service token.
    pub(super) fn user_of(&self, token: &str) -> Option<User> {
        let accounts = &self.shared.accounts;
        if token == self.service_token {
            return Some(accounts.default_user().clone());
        }
        let user: UserId = self.tokens.user_of(token)?;
        accounts.user(user).cloned()
    }

    pub(super) fn auth_config(&self, call: &Call) -> Reply {
        let base = &call.base;
        let config = json!({
            "authorize_url": format!("{base}/oauth2/authorize"), "token_url": format!("{base}/api/v1/auth/token"),
            "client_id": self.options.client_id,
            "desktop_callback_url": format!("{base}/api/v1/auth/callback"),
        });
        json_reply(StatusCode::OK, config.to_string())
    }

    /// The identity service's page, which agrees without being asked.
    pub(super) fn authorize(&self, call: &Call) -> Reply {
        let query = &call.query;
        if query.get("client_id") != Some(&self.options.client_id) {
            return refuse(("invalid_client", "The client id is unknown."));
        }
        if query.get("response_type") != Some("code") {
            return refuse(("unsupported_response_type", "The parameter response_type must be code."));
        }
        let Some(target) = query.get("redirect_uri").filter(|uri| uri.contains("://") && !uri.contains('#')) else {
            return refuse(("invalid_request", "The parameter redirect_uri is missing or not absolute."));
        };
        let challenge = match (query.get("code_challenge"), query.get("code_challenge_method")) {
            (None, _) => return refuse(("invalid_request", "The parameter code_challenge is missing.")),
            (Some(challenge), Some("S256")) => challenge.to_owned(),
            _ => return refuse(("invalid_request", "The parameter code_challenge_method must be S256.")),
        };
        let accounts = &self.shared.accounts;
        let user = match query.any(&["username", "login_hint"]) {
            Some(name) => accounts.named(name),
            None => Some(accounts.default_user()),
        };
        let Some(user) = user else {
            return refuse(("access_denied", "There is no such user."));
        };
        let code = self.tokens.issue_code(user.id);
        self.codes.bind(&code, Bound { challenge, redirect_uri: target.to_owned() });
        let joint = if target.contains('?') { '&' } else { '?' };
        let state = query.get("state").map(|state| format!("&state={}", encode(state))).unwrap_or_default();
        redirect(&format!("{target}{joint}code={code}{state}"))
    }

    /// The relay for desktop programs: `state` is the client's own, then `|port=` and the port that it listens on.
    pub(super) fn callback(&self, call: &Call) -> Result<Reply, ApiError> {
        let query = &call.query;
        let state = query.get("state").and_then(|state| state.rsplit_once("|port="));
        let port = state.and_then(|(state, port)| Some((state, port.parse::<u16>().ok()?)));
        let (state, port) = port.ok_or_else(|| ApiError::bad_request("The state names no port"))?;
        let pairs = ["code", "error", "error_description"].iter().filter_map(|name| Some((*name, query.get(name)?)));
        let pairs = pairs.chain([("state", state)]).map(|(name, value)| format!("{name}={}", encode(value)));
        let target = format!("http://localhost:{port}/callback?{}", pairs.collect::<Vec<_>>().join("&"));
        let page = format!(
            "<!DOCTYPE html><html><head><meta http-equiv=\"refresh\" content=\"0;url={0}\"></head>\
             <body><a href=\"{0}\">Continue</a></body></html>",
            target.replace('&', "&amp;")
        );
        Ok(full(StatusCode::OK, "text/html; charset=utf-8", page))
    }

    pub(super) async fn token(&self, mut call: Call) -> Reply {
        let Ok(form) = call.body.read(LONGEST_FORM).await else {
            return refuse(("invalid_request", "The form cannot be read."));
        };
        match self.grant(&Query::parse(&String::from_utf8_lossy(&form))) {
            Ok(grant) => {
                let mut reply = json_reply(StatusCode::OK, grant_json(&grant).to_string());
                reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
                reply
            }
            Err(refused) => refuse(refused),
        }
    }

    /// The two grants there are. There is no password grant.
    fn grant(&self, form: &Query) -> Result<Grant, Refused> {
        let needed = |name| form.get(name).ok_or(("invalid_request", "A parameter of the grant is missing."));
        match form.get("grant_type") {
            Some("authorization_code") => {
                let code = needed("code")?;
                self.codes.check(code, needed("redirect_uri")?, needed("code_verifier")?)?;
                self.tokens.redeem_code(code).ok_or(("invalid_grant", "The code is unknown, used or expired."))
            }
            Some("refresh_token") => {
                let token = needed("refresh_token")?.strip_prefix("rt_").unwrap_or_default();
                self.tokens.refresh(token).ok_or(("invalid_grant", "The refresh token is unknown or used."))
            }
            Some(_) => Err(("unsupported_grant_type", "This grant is not offered.")),
            None => Err(("invalid_request", "The parameter grant_type is missing.")),
        }
    }
}

impl Codes {
    fn bind(&self, code: &str, bound: Bound) {
        self.bound.lock().unwrap_or_else(PoisonError::into_inner).insert(code.to_owned(), bound);
    }

    /// A code can be tried once: whoever has it without the verifier must not try again.
    fn check(&self, code: &str, redirect_uri: &str, verifier: &str) -> Result<(), Refused> {
        let bound = self.bound.lock().unwrap_or_else(PoisonError::into_inner).remove(code);
        let bound = bound.ok_or(("invalid_grant", "The code is unknown, used or expired."))?;
        if bound.redirect_uri != redirect_uri {
            return Err(("invalid_grant", "The redirect URI is another one."));
        }
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        match bound.challenge == hash {
            true => Ok(()),
            false => Err(("invalid_grant", "The code verifier is wrong.")),
        }
    }
}

/// An access token in the form of a JWT; its parts are random.
pub(super) fn token_form(one: &str, other: &str) -> String {
    format!("eyJhbGciOiJSUzI1NiJ9.{one}.{other}")
}

/// A refresh token as clients get it.
pub(super) fn refresh_token(grant: &Grant) -> String {
    format!("rt_{}", grant.refresh)
}

fn grant_json(grant: &Grant) -> serde_json::Value {
    json!({
        "access_token": grant.access, "token_type": "Bearer", "expires_in": grant.lifetime.as_secs(),
        "refresh_token": refresh_token(grant), "id_token": grant.access,
    })
}

fn refuse((code, description): Refused) -> Reply {
    let status = if code == "invalid_client" { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
    let body = json!({"error": code, "error_description": description});
    json_reply(status, body.to_string())
}
