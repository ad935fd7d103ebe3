//! OAuth 2: the token endpoint with its four grants, and an authorize endpoint that agrees at once.
//! Ours: the statuses of errors (those of RFC 6749), and that the authorize endpoint signs in the first user without a page.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use http::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use serde_json::json;

use super::ShareFile;
use super::signing::Signer;
use crate::http::{Call, Query, Reply, encode, full, json as json_reply, redirect};
use crate::tokens::Grant;

const SUBDOMAIN: &str = "emulator";
const API_PLANE: &str = "sf-api.com";
const APP_PLANE: &str = "sharefile.com";
const SAML_BEARER: &str = "urn:ietf:params:oauth:grant-type:saml2-bearer";
const LONGEST_FORM: usize = 1 << 20;

/// An error of RFC 6749: its code, and a sentence.
type Refused = (&'static str, &'static str);

impl ShareFile {
    pub(super) async fn oauth(self: Arc<Self>, rest: &str, mut call: Call) -> Reply {
        match (&call.method, rest.trim_end_matches('/')) {
            (&Method::POST, "token") => {
                let Ok(form) = call.body.read(LONGEST_FORM).await else {
                    return refuse(("invalid_request", "The form cannot be read."));
                };
                self.token(&call, &String::from_utf8_lossy(&form))
            }
            (&Method::GET, "authorize") => self.authorize(&call),
            _ => full(StatusCode::NOT_FOUND, "text/plain", "nothing is served here\n"),
        }
    }

    fn token(&self, call: &Call, form: &str) -> Reply {
        let form = Query::parse(form);
        if !self.knows_client(call, &form) {
            return refuse(("invalid_client", "The client id or secret is wrong."));
        }
        match self.grant(&form) {
            Ok(grant) => json_reply(StatusCode::OK, grant_json(&grant).to_string()),
            Err(refused) => refuse(refused),
        }
    }

    /// The client may name itself by HTTP Basic or in the form.
    fn knows_client(&self, call: &Call, form: &Query) -> bool {
        let expected = (self.options.client_id.as_str(), self.options.client_secret.as_str());
        if let Some((id, secret)) = basic(call) {
            return (id.as_str(), secret.as_str()) == expected;
        }
        form.get("client_id").zip(form.get("client_secret")) == Some(expected)
    }

    fn grant(&self, form: &Query) -> Result<Grant, Refused> {
        let needed = |name| form.get(name).ok_or(("invalid_request", "A parameter of the grant is missing."));
        match form.get("grant_type") {
            Some("password") => {
                let user = self.shared.accounts.with_password(needed("username")?, needed("password")?);
                let user = user.ok_or(("invalid_grant", "The user name or password is wrong."))?;
                Ok(self.tokens.issue(user.id))
            }
            Some("authorization_code") => {
                let grant = self.tokens.redeem_code(needed("code")?);
                grant.ok_or(("invalid_grant", "The code is unknown, used or expired."))
            }
            Some("refresh_token") => {
                let grant = self.tokens.refresh(needed("refresh_token")?);
                grant.ok_or(("invalid_grant", "The refresh token is unknown or used."))
            }
            Some(SAML_BEARER) => {
                let assertion = form.any(&["assertion", "samlresponse"]);
                let assertion = assertion.ok_or(("invalid_request", "The assertion is missing."))?;
                let text = decode_assertion(assertion).ok_or(("invalid_grant", "The assertion is not base64."))?;
                let user = self.shared.accounts.named_in(&text);
                let user = user.ok_or(("invalid_grant", "The assertion names no user of this account."))?;
                Ok(self.tokens.issue(user.id))
            }
            Some(_) => Err(("unsupported_grant_type", "This grant is not offered.")),
            None => Err(("invalid_request", "The parameter grant_type is missing.")),
        }
    }

    fn authorize(&self, call: &Call) -> Reply {
        let query = &call.query;
        if query.get("client_id") != Some(&self.options.client_id) {
            return refuse(("invalid_client", "The client id is unknown."));
        }
        let Some(target) = query.get("redirect_uri").filter(|uri| uri.contains("://") && !uri.contains('#')) else {
            return refuse(("invalid_request", "The parameter redirect_uri is missing or not absolute."));
        };
        let accounts = &self.shared.accounts;
        let named = query.get("username").map_or_else(|| Some(accounts.default_user()), |name| accounts.named(name));
        let Some(user) = named else {
            return refuse(("access_denied", "There is no such user."));
        };
        match query.get("response_type") {
            Some("code") => redirect(&self.callback(target, &self.tokens.issue_code(user.id), query.get("state"))),
            Some("token") => {
                let grant = self.tokens.issue(user.id);
                let state = query.get("state").unwrap_or_default();
                redirect(&format!(
                    "{target}#access_token={}&refresh_token={}&token_type=bearer&expires_in={}&state={}\
                     &subdomain={SUBDOMAIN}&apicp={API_PLANE}&appcp={APP_PLANE}",
                    encode(&grant.access),
                    grant.refresh,
                    grant.lifetime.as_secs(),
                    encode(state),
                ))
            }
            _ => refuse(("unsupported_response_type", "The parameter response_type must be code or token.")),
        }
    }

    /// The redirect URI with the code, signed over path and query with the client's secret.
    fn callback(&self, target: &str, code: &str, state: Option<&str>) -> String {
        let joint = if target.contains('?') { '&' } else { '?' };
        let state = state.map(|state| format!("&state={}", encode(state))).unwrap_or_default();
        let url = format!(
            "{target}{joint}code={code}{state}&subdomain={SUBDOMAIN}&apicp={API_PLANE}&appcp={APP_PLANE}\
             &expires_in=600"
        );
        let after_host = url.find("://").and_then(|at| Some(at + 3 + url.get(at + 3..)?.find(['/', '?'])?));
        let (origin, path) = url.split_at(after_host.unwrap_or(url.len()));
        format!("{origin}{}", Signer::new(self.options.client_secret.as_str()).sign(path))
    }
}

fn grant_json(grant: &Grant) -> serde_json::Value {
    json!({
        "access_token": grant.access, "refresh_token": grant.refresh, "token_type": "bearer",
        "expires_in": grant.lifetime.as_secs(), "appcp": APP_PLANE, "apicp": API_PLANE, "subdomain": SUBDOMAIN,
        "access_files_folders": true, "modify_files_folders": true, "admin_users": true, "admin_accounts": true,
        "change_my_settings": true, "web_app_login": true,
    })
}

fn refuse((code, description): Refused) -> Reply {
    let by_client = code == "invalid_client";
    let status = if by_client { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
    let body = json!({"error": code, "error_description": description});
    let mut reply = json_reply(status, body.to_string());
    if by_client {
        reply.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic"));
    }
    reply
}

fn basic(call: &Call) -> Option<(String, String)> {
    let (scheme, value) = call.header(&AUTHORIZATION)?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    // RFC 6749 has both form-encoded before they are joined.
    Some((crate::http::decode(id), crate::http::decode(secret)))
}

/// Base64 in either alphabet, padded or not.
fn decode_assertion(text: &str) -> Option<String> {
    let compact: String = text.chars().filter(|letter| !letter.is_whitespace() && *letter != '=').collect();
    let bytes = STANDARD_NO_PAD.decode(&compact).or_else(|_| URL_SAFE_NO_PAD.decode(&compact)).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
