//! Forms-based authentication: a SOAP request with name and password gives a cookie, which goes with every request
//! (`/_vti_bin/authentication.asmx`, operation Login).
//!
//! What the answer to an ended cookie looks like is not documented for the REST interface. Taken for one are a 401, a
//! redirect to a page for signing in, and a 403 that says so or that is no error of the interface.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::header::{ACCEPT, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use quick_xml::escape::escape;
use sharesync_core::http::{Authorizer, BearerTokens, Call, Pipeline, Repeat, TokenSet, TokenSource};
use sharesync_core::{Error, ErrorKind, Result, Timestamp};
use url::Url;

use super::Account;
use super::fields::texts;

const LOGIN: &str = "/_vti_bin/authentication.asmx";
const SOAP_ACTION: HeaderName = HeaderName::from_static("soapaction");
const ACTION: &str = "\"http://schemas.microsoft.com/sharepoint/soap/Login\"";

/// Says that a page has to be filled in ([MS-OFBA] 2.2.1).
const FORM_REQUIRED: &str = "x-forms_based_auth_required";

/// Where redirects for signing in lead (from memory of farms; nothing documents the list).
const SIGN_IN_PAGES: [&str; 4] = ["/_login/", "/_forms/", "/_trust/", "authenticate.aspx"];

/// The longest answer to a login, in bytes.
const LONGEST: usize = 64 << 10;

/// Sends the cookie.
#[derive(Debug)]
pub(super) struct Forms(BearerTokens);

impl Forms {
    /// Signs in to the server of `site`.
    pub(super) async fn sign_in(pipeline: Pipeline, site: &Url, account: Account) -> Result<Self> {
        let url = site.join(LOGIN).map_err(|_| Error::new(ErrorKind::Config, "the site is no address"))?;
        let cookies = BearerTokens::new(Arc::new(Login { pipeline, url, account }), None, None);
        cookies.tokens().await?;
        Ok(Self(cookies))
    }
}

#[async_trait]
impl Authorizer for Forms {
    async fn authorize(&self, _method: &Method, headers: &mut HeaderMap) -> Result<u64> {
        let (cookie, generation) = self.0.current_or_renewed().await?;
        let mut value = HeaderValue::try_from(cookie.access.expose())
            .map_err(|_| Error::new(ErrorKind::Protocol, "a cookie that no header can carry"))?;
        value.set_sensitive(true);
        headers.append(COOKIE, value);
        Ok(generation)
    }

    fn refuses(&self, _generation: u64, status: StatusCode, headers: &HeaderMap, _body: &[u8]) -> bool {
        let text = |name: HeaderName| {
            headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_ascii_lowercase()
        };
        match status {
            StatusCode::UNAUTHORIZED => true,
            StatusCode::FORBIDDEN => {
                let kind = text(CONTENT_TYPE);
                headers.contains_key(FORM_REQUIRED) || !(kind.contains("json") || kind.contains("xml"))
            }
            _ if status.is_redirection() => {
                let location = text(LOCATION);
                let path = location.split(['?', '#']).next().unwrap_or_default();
                SIGN_IN_PAGES.iter().any(|page| path.contains(page))
            }
            _ => false,
        }
    }

    async fn refused(&self, generation: u64) -> Result<bool> {
        self.0.refused(generation).await
    }
}

/// Gets cookies.
#[derive(Debug)]
struct Login {
    pipeline: Pipeline,
    url: Url,
    account: Account,
}

impl Login {
    fn call(&self) -> Call {
        let (user, password) = (escape(&self.account.user), escape(self.account.password.expose()));
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
             <soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body>\
             <Login xmlns=\"http://schemas.microsoft.com/sharepoint/soap/\">\
             <username>{user}</username><password>{password}</password>\
             </Login></soap:Body></soap:Envelope>"
        );
        Call::post("Authentication.Login", self.url.clone())
            .without_auth()
            .keep_redirect()
            .repeat(Repeat::Idempotent)
            .header(CONTENT_TYPE, HeaderValue::from_static("text/xml;charset=utf-8"))
            .header(ACCEPT, HeaderValue::from_static("text/xml"))
            .header(SOAP_ACTION, HeaderValue::from_static(ACTION))
            .body(body)
    }
}

#[async_trait]
impl TokenSource for Login {
    async fn renew(&self, _present: Option<&TokenSet>) -> Result<TokenSet> {
        let read = |answer: sharesync_core::http::Response| async {
            let headers = answer.headers().clone();
            Ok((headers, answer.bytes(LONGEST).await?))
        };
        let (headers, answer) = self.pipeline.run(self.call(), read).await?;
        read_login(&headers, &answer)
    }
}

/// Reads the answer to Login, and the cookie that comes with it.
fn read_login(headers: &HeaderMap, answer: &[u8]) -> Result<TokenSet> {
    let no_form = || Error::new(ErrorKind::Protocol, "the service has no sign-in by forms at the documented address");
    let [code, name, seconds] = texts(answer, ["ErrorCode", "CookieName", "TimeoutSeconds"]).ok_or_else(no_form)?;
    match code.as_deref().map(str::trim) {
        Some("NoError") => {}
        Some("PasswordNotMatch") => {
            return Err(Error::new(ErrorKind::Unauthenticated, "the service does not accept name and password"));
        }
        Some("NotInFormsAuthenticationMode") => {
            return Err(Error::new(ErrorKind::Unsupported, "the site does not sign users in by forms"));
        }
        Some(_) => return Err(Error::new(ErrorKind::Unauthenticated, "the service refused the sign-in")),
        None => return Err(no_form()),
    }
    let name = name.as_deref().map_or("FedAuth", str::trim);
    let cookies = headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.filter_map(|cookie| cookie.split(';').next()?.trim().split_once('='));
    let value = pairs.rfind(|(key, value)| *key == name && !value.is_empty()).map(|(_, value)| value);
    let value = value.ok_or_else(|| Error::new(ErrorKind::Protocol, "the sign-in came without its cookie"))?;
    let lifetime = seconds.and_then(|seconds| seconds.trim().parse().ok()).filter(|&seconds| seconds > 0);
    let end = lifetime.map(|seconds| Timestamp::now().saturating_add(Duration::from_secs(seconds)));
    Ok(TokenSet::new(format!("{name}={value}")).with_expires(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(code: &str) -> String {
        format!(
            "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body><LoginResponse \
             xmlns=\"http://schemas.microsoft.com/sharepoint/soap/\"><LoginResult><CookieName>FedAuth</CookieName>\
             <ErrorCode>{code}</ErrorCode><TimeoutSeconds>1800</TimeoutSeconds></LoginResult></LoginResponse></soap:Body></soap:Envelope>"
        )
    }

    fn cookies(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (SET_COOKIE, HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn the_named_cookie_is_taken() {
        let headers =
            cookies(&["other=1; path=/", "FedAuth=hush==; expires=Wed, 09 Nov 2044 11:34:50 GMT; path=/; HttpOnly"]);
        let tokens = read_login(&headers, answer("NoError").as_bytes()).unwrap();
        assert_eq!(tokens.access.expose(), "FedAuth=hush==");
        assert!(tokens.expires.is_some());
        assert!(!format!("{tokens:?}").contains("hush"));
        let missing = read_login(&cookies(&["other=1"]), answer("NoError").as_bytes()).unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::Protocol);
    }

    #[test]
    fn refusals_are_told_apart() {
        let kind = |body: &str| read_login(&HeaderMap::new(), body.as_bytes()).unwrap_err().kind();
        assert_eq!(kind(&answer("PasswordNotMatch")), ErrorKind::Unauthenticated);
        assert_eq!(kind(&answer("NotInFormsAuthenticationMode")), ErrorKind::Unsupported);
        assert_eq!(kind(&answer("Whatever")), ErrorKind::Unauthenticated);
        assert_eq!(kind("<!DOCTYPE html><html></html>"), ErrorKind::Protocol);
        assert_eq!(kind(""), ErrorKind::Protocol);
    }

    #[test]
    fn an_ended_cookie_is_recognized() {
        let pipeline = BearerTokens::new(Arc::new(Never), None, None);
        let forms = Forms(pipeline);
        let refuses = |status: u16, name: HeaderName, value: &'static str| {
            let headers = HeaderMap::from_iter([(name, HeaderValue::from_static(value))]);
            forms.refuses(0, StatusCode::from_u16(status).unwrap(), &headers, b"")
        };
        assert!(refuses(401, CONTENT_TYPE, "application/json"));
        assert!(refuses(403, CONTENT_TYPE, "text/plain"));
        assert!(refuses(403, HeaderName::from_static(FORM_REQUIRED), "https://x.example/_login/default.aspx"));
        assert!(!refuses(403, CONTENT_TYPE, "application/json;odata=verbose"));
        assert!(refuses(302, LOCATION, "/_layouts/15/Authenticate.aspx?Source=%2F"));
        assert!(refuses(302, LOCATION, "https://x.example/_login/default.aspx"));
        assert!(!refuses(302, LOCATION, "/elsewhere?back=/_login/"));
        assert!(!refuses(200, CONTENT_TYPE, "text/html"));
    }

    #[derive(Debug)]
    struct Never;

    #[async_trait]
    impl TokenSource for Never {
        async fn renew(&self, _present: Option<&TokenSet>) -> Result<TokenSet> {
            Err(Error::new(ErrorKind::Unauthenticated, "never"))
        }
    }
}
