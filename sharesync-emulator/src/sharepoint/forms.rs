//! The login form's web service, `/_vti_bin/authentication.asmx`, and the cookies that it gives.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::{Method, StatusCode};

use super::auth::SharePointScheme;
use super::xml::{Element, PROLOG, element};
use super::{SharePoint, tell};
use crate::drive::UserId;
use crate::http::{Call, Reply, empty, full};

pub(super) const COOKIE_NAME: &str = "FedAuth";
const LONGEST: usize = 64 << 10;
const SERVICE: &str = "http://schemas.microsoft.com/sharepoint/soap/";

/// The cookies that were given out.
#[derive(Debug)]
pub(super) struct Cookies {
    lifetime: Duration,
    issued: Mutex<Issued>,
}

#[derive(Debug)]
struct Issued {
    dice: fastrand::Rng,
    good: HashMap<String, (UserId, Instant)>,
}

impl Cookies {
    pub(super) fn new(lifetime: Duration, seed: u64) -> Self {
        let dice = fastrand::Rng::with_seed(seed ^ 0x636f_6f6b_6965);
        Self { lifetime, issued: Mutex::new(Issued { dice, good: HashMap::new() }) }
    }

    fn issued(&self) -> MutexGuard<'_, Issued> {
        self.issued.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn issue(&self, user: UserId) -> String {
        let mut issued = self.issued();
        let cookie: String = (0..4).map(|_| format!("{:016X}", issued.dice.u64(..))).collect();
        issued.good.insert(cookie.clone(), (user, Instant::now() + self.lifetime));
        cookie
    }

    pub(super) fn user_of(&self, cookie: &str) -> Option<UserId> {
        self.issued().good.get(cookie).filter(|(_, end)| Instant::now() < *end).map(|(user, _)| *user)
    }

    pub(super) fn expire(&self) {
        self.issued().good.clear();
    }
}

impl SharePoint {
    /// `Login` and `Mode`, by SOAP.
    pub(super) async fn login(&self, call: &mut Call) -> Reply {
        let body = call.body.read(LONGEST).await.unwrap_or_default();
        if call.method != Method::POST {
            return empty(StatusCode::METHOD_NOT_ALLOWED);
        }
        let envelope = Element::parse(&body);
        let asked = |name: &str| envelope.as_ref().and_then(|envelope| envelope.find(name));
        let offered = self.options.schemes.contains(&SharePointScheme::Forms);
        if asked("Mode").is_some() {
            let mode = if offered { "Forms" } else { "Windows" };
            return soap(&format!("<ModeResponse xmlns=\"{SERVICE}\">{}</ModeResponse>", element("ModeResult", mode)));
        }
        let Some(login) = asked("Login") else {
            return fault();
        };
        if !offered {
            return result(&element("ErrorCode", "NotInFormsAuthenticationMode"));
        }
        let (name, password) = (login.get("username").unwrap_or_default(), login.child("password"));
        let Some(user) = password.and_then(|password| self.with_password(name, &password.text)) else {
            return result(&element("ErrorCode", "PasswordNotMatch"));
        };
        let seconds = self.cookies.lifetime.as_secs();
        let told = [("CookieName", COOKIE_NAME), ("ErrorCode", "NoError"), ("TimeoutSeconds", &seconds.to_string())];
        let mut reply = result(&told.map(|(name, text)| element(name, text)).concat());
        tell(&mut reply, "set-cookie", &format!("{COOKIE_NAME}={}; path=/; HttpOnly", self.cookies.issue(user.id)));
        reply
    }
}

fn result(inside: &str) -> Reply {
    soap(&format!("<LoginResponse xmlns=\"{SERVICE}\"><LoginResult>{inside}</LoginResult></LoginResponse>"))
}

fn envelope(body: &str) -> String {
    format!(
        "{PROLOG}<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">\
         <soap:Body>{body}</soap:Body></soap:Envelope>"
    )
}

fn soap(body: &str) -> Reply {
    full(StatusCode::OK, "text/xml; charset=utf-8", envelope(body))
}

fn fault() -> Reply {
    let fault = "<soap:Fault><faultcode>soap:Client</faultcode><faultstring>Server did not recognize the request.</faultstring>\
                 <detail/></soap:Fault>";
    full(StatusCode::INTERNAL_SERVER_ERROR, "text/xml; charset=utf-8", envelope(fault))
}
