//! Signing in to the platform: the token endpoint with four grants, an authorize endpoint that agrees at once, and the discovery of
//! the data center of a login.
//!
//! Ours: the codes of errors; that a client that names itself has to be the known one; that refresh tokens rotate; that a client
//! alone acts for the first user; that there is no `id_token`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::header::{AUTHORIZATION, CACHE_CONTROL, HeaderValue, PRAGMA};
use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::Acronis;
use super::errors::{ApiError, Outcome};
use super::ids;
use super::wire::user_name;
use crate::http::{Call, Query, decode, encode, json as json_reply, redirect};
use crate::tokens::Grant;

const LONGEST_FORM: usize = 1 << 20;
/// A client may ask for so many codes without redeeming them.
const MOST_CODES: usize = 10_000;

/// What was said when a code was asked for, by the code.
#[derive(Default)]
pub(super) struct Codes(Mutex<HashMap<String, Request>>);

struct Request {
    redirect_uri: String,
    challenge: Option<String>,
}

impl Codes {
    fn table(&self) -> MutexGuard<'_, HashMap<String, Request>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Acronis {
    pub(super) async fn platform(self: Arc<Self>, path: &str, mut call: Call) -> Outcome {
        let form = call.body.read(LONGEST_FORM).await;
        let form = form.map_err(|_| ApiError::platform(StatusCode::BAD_REQUEST, "The form cannot be read."))?;
        match (&call.method, path) {
            (&Method::POST, "/api/2/idp/token" | "/bc/idp/token") => self.token(&call, &form),
            (&Method::GET, "/api/2/idp/authorize") => self.authorize(&call),
            (&Method::GET, "/api/1/accounts") => self.discover(&call),
            (&Method::GET, "/api/2/users/me") => self.myself(&call),
            _ => Err(ApiError::platform(StatusCode::NOT_FOUND, "Nothing is served here.")),
        }
    }

    /// Where the account of a login lives: here.
    fn discover(&self, call: &Call) -> Outcome {
        let login = call.query.get("login").and_then(|login| self.shared.accounts.named(login));
        match login {
            Some(_) => Ok(json_reply(StatusCode::OK, json!({"server_url": call.base}).to_string())),
            None => Err(ApiError::platform(StatusCode::NOT_FOUND, "There is no such account.")),
        }
    }

    fn myself(&self, call: &Call) -> Outcome {
        let unknown = || ApiError::platform(StatusCode::UNAUTHORIZED, "The token is missing or invalid.");
        let user = self.user_of(call).ok_or_else(unknown)?;
        let (id, tenant_id) = (ids::user(user.id), ids::tenant());
        let body = json!({
            "id": id, "tenant_id": tenant_id, "login": user.email, "activated": true, "enabled": true,
            "contact": {"email": user.email, "firstname": user_name(&user), "lastname": ""},
        });
        Ok(json_reply(StatusCode::OK, body.to_string()))
    }

    fn token(&self, call: &Call, form: &[u8]) -> Outcome {
        if call.content_type().split(';').next() != Some("application/x-www-form-urlencoded") {
            return Err(ApiError::platform(StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body must be a form."));
        }
        let form = Query::parse(&String::from_utf8_lossy(form));
        let client = client(call, &form);
        let known = (self.options.client_id.clone(), self.options.client_secret.clone());
        let is_known = client.as_ref().map(|client| *client == known);
        if is_known == Some(false) {
            return Err(refused("The client is unknown."));
        }
        let grant = self.grant(&form, is_known.is_some())?;
        let offline = form.get("scope").is_some_and(|scope| scope.split(' ').any(|name| name == "offline_access"));
        let renewed = form.get("grant_type") == Some("refresh_token");
        Ok(granted(&grant, offline || renewed))
    }

    fn grant(&self, form: &Query, has_client: bool) -> Result<Grant, ApiError> {
        let missing = |name: &str| ApiError::platform(StatusCode::BAD_REQUEST, format!("{name} is missing."));
        let needed = |name| form.get(name).ok_or_else(|| missing(name));
        let accounts = &self.shared.accounts;
        match needed("grant_type")? {
            "password" => {
                let user = accounts.with_password(needed("username")?, needed("password")?);
                let user = user.ok_or_else(|| refused("The login or password is wrong."))?;
                let code = self.options.one_time_code.as_deref();
                if code.is_some() && form.get("totp_code") != code {
                    return Err(refused("The one-time code is missing or wrong."));
                }
                Ok(self.tokens.issue(user.id))
            }
            "client_credentials" if has_client => Ok(self.tokens.issue(accounts.default_user().id)),
            "authorization_code" if has_client => self.redeem(form, needed("code")?, needed("redirect_uri")?),
            "refresh_token" => {
                let grant = self.tokens.refresh(needed("refresh_token")?);
                grant.ok_or_else(|| refused("The refresh token is unknown or used."))
            }
            "client_credentials" | "authorization_code" => Err(refused("The client did not name itself.")),
            _ => Err(ApiError::platform(StatusCode::BAD_REQUEST, "This grant is not offered.")),
        }
    }

    fn redeem(&self, form: &Query, code: &str, redirect_uri: &str) -> Result<Grant, ApiError> {
        let wrong = || refused("The code is unknown, used, expired or not for this request.");
        let request = self.codes.table().remove(code).ok_or_else(wrong)?;
        let verifier = form.get("code_verifier").map(|text| URL_SAFE_NO_PAD.encode(Sha256::digest(text)));
        if request.redirect_uri != redirect_uri || (request.challenge.is_some() && request.challenge != verifier) {
            return Err(wrong());
        }
        self.tokens.redeem_code(code).ok_or_else(wrong)
    }

    /// Signs in the first user without a page, or the one that `login_hint` names.
    fn authorize(&self, call: &Call) -> Outcome {
        let query = &call.query;
        let bad = |message: &str| ApiError::platform(StatusCode::BAD_REQUEST, message);
        let target = query.get("redirect_uri").filter(|uri| uri.contains("://") && !uri.contains('#'));
        let target = target.ok_or_else(|| bad("redirect_uri is missing or not absolute."))?;
        if query.get("client_id") != Some(&self.options.client_id) || query.get("response_type") != Some("code") {
            return Err(bad("client_id or response_type is wrong."));
        }
        if query.get("code_challenge").is_some() && query.get("code_challenge_method") != Some("S256") {
            return Err(bad("code_challenge_method must be S256."));
        }
        let accounts = &self.shared.accounts;
        let user = query.get("login_hint").map_or_else(|| Some(accounts.default_user()), |name| accounts.named(name));
        let code = self.tokens.issue_code(user.ok_or_else(|| bad("There is no such user."))?.id);
        let challenge = query.get("code_challenge").map(str::to_owned);
        let mut table = self.codes.table();
        if table.len() >= MOST_CODES {
            table.clear();
        }
        table.insert(code.clone(), Request { redirect_uri: target.to_owned(), challenge });
        let joint = if target.contains('?') { '&' } else { '?' };
        let state = query.get("state").map(|state| format!("&state={}", encode(state))).unwrap_or_default();
        Ok(redirect(&format!("{target}{joint}code={code}{state}")))
    }
}

fn granted(grant: &Grant, with_refresh: bool) -> crate::http::Reply {
    let end = Timestamp::now().as_second().saturating_add_unsigned(grant.lifetime.as_secs());
    let mut body = json!({"access_token": grant.access, "token_type": "bearer", "expires_on": end});
    if let (true, Some(body)) = (with_refresh, body.as_object_mut()) {
        body.insert("refresh_token".to_owned(), grant.refresh.as_str().into());
    }
    let mut reply = json_reply(StatusCode::OK, body.to_string());
    reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    reply
}

fn refused(message: &str) -> ApiError {
    ApiError::platform(StatusCode::UNAUTHORIZED, message)
}

/// Who the client says it is: by HTTP Basic or in the form, or not at all.
fn client(call: &Call, form: &Query) -> Option<(String, String)> {
    if let Some(value) = call.header(&AUTHORIZATION).and_then(|value| value.strip_prefix("Basic ")) {
        let text = STANDARD.decode(value.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let (id, secret) = text.as_deref().and_then(|text| text.split_once(':')).unwrap_or_default();
        return Some((decode(id), decode(secret)));
    }
    let id = form.get("client_id")?.to_owned();
    Some((id, form.get("client_secret").unwrap_or_default().to_owned()))
}
