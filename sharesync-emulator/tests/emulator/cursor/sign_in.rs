//! Signing in: the configuration, the code with PKCE, the renewal that rotates, service tokens, and the relay for desktop programs.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sharesync_emulator::Emulator;

use super::{Client, Stage, is, read, text};

const VERIFIER: &str = "a-verifier-of-the-length-that-the-rfc-wants-it-to-have";
const REDIRECT: &str = "https://app.example/back";

impl Client {
    /// Where the identity service sends the browser, of a request with some parameters.
    async fn authorize(&self, parameters: &[(&str, &str)]) -> (u16, Value, String) {
        let config = self.get("auth/config").await;
        let request = self.http.get(text(&config, "authorize_url")).query(parameters);
        let answer = request.send().await.expect("an answer");
        let location = answer.headers().get("location").map(|to| to.to_str().expect("text").to_owned());
        let (status, body) = read(answer).await;
        (status, body, location.unwrap_or_default())
    }

    /// An authorization code of a user.
    async fn code(&self, user: &str) -> String {
        let config = self.get("auth/config").await;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
        let parameters = [
            ("client_id", text(&config, "client_id")),
            ("response_type", "code"),
            ("redirect_uri", REDIRECT),
            ("state", "a&b"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("login_hint", user),
        ];
        let (status, _, location) = self.authorize(&parameters).await;
        assert_eq!(status, 302);
        let rest = location.strip_prefix(&format!("{REDIRECT}?code=")).expect("the redirect URI");
        rest.strip_suffix("&state=a%26b").expect("the state").to_owned()
    }

    async fn token(&self, form: &[(&str, &str)]) -> (u16, Value) {
        let config = self.get("auth/config").await;
        read(self.http.post(text(&config, "token_url")).form(form).send().await.expect("an answer")).await
    }

    /// A code redeemed with these.
    async fn redeem(&self, code: &str, redirect: &str, verifier: &str) -> (u16, Value) {
        let grant = ("grant_type", "authorization_code");
        self.token(&[grant, ("code", code), ("redirect_uri", redirect), ("code_verifier", verifier)]).await
    }

    pub(crate) async fn sign_in(&self, user: &str) -> Value {
        let (status, grant) = self.redeem(&self.code(user).await, REDIRECT, VERIFIER).await;
        assert_eq!(status, 200, "{grant}");
        grant
    }

    async fn refresh(&self, token: &str) -> (u16, Value) {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    async fn works(&self, token: &str) -> bool {
        let client = Self { token: token.to_owned(), ..self.clone() };
        client.send(Method::GET, "users/me", None).await.status() == 200
    }
}

/// The error of a token request.
#[track_caller]
fn oauth((status, body): (u16, Value)) -> (u16, String) {
    assert!(body["error_description"].is_string(), "{body}");
    (status, text(&body, "error").to_owned())
}

fn bad(code: &str) -> (u16, String) {
    (400, code.to_owned())
}

#[tokio::test]
async fn the_configuration_says_where() {
    let stage = Stage::start().await;
    let base = &stage.client.base;
    let wanted = json!({
        "authorize_url": format!("{base}/oauth2/authorize"), "token_url": format!("{base}/api/v1/auth/token"),
        "client_id": stage.emulator.cursor().client_id(),
        "desktop_callback_url": format!("{base}/api/v1/auth/callback"),
    });
    assert_eq!(stage.client.get("auth/config").await, wanted);
}

#[tokio::test]
async fn a_code_is_redeemed_once_by_whoever_asked_for_it() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let user = "other.user@example.com";
    assert_eq!(
        oauth(client.redeem(&client.code(user).await, "https://elsewhere.example/", VERIFIER).await),
        bad("invalid_grant")
    );
    let guessed = client.code(user).await;
    assert_eq!(oauth(client.redeem(&guessed, REDIRECT, "guess").await), bad("invalid_grant"));
    assert_eq!(oauth(client.redeem(&guessed, REDIRECT, VERIFIER).await), bad("invalid_grant"), "a guess uses it up");
    let code = client.code(user).await;
    let (status, grant) = client.redeem(&code, REDIRECT, VERIFIER).await;
    assert_eq!((status, text(&grant, "token_type"), &grant["expires_in"]), (200, "Bearer", &json!(28_800)));
    assert_eq!(text(&grant, "access_token").split('.').count(), 3, "in the form of a JWT");
    assert!(text(&grant, "refresh_token").starts_with("rt_"));
    assert_eq!(oauth(client.redeem(&code, REDIRECT, VERIFIER).await), bad("invalid_grant"), "it works once");
    let signed_in = Client { token: text(&grant, "access_token").to_owned(), ..client.clone() };
    assert_eq!(signed_in.get("users/me").await["email"], user);
}

#[tokio::test]
async fn a_refresh_token_is_another_one_after_every_use() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let grant = client.sign_in("first.user@example.com").await;
    stage.emulator.expire_tokens();
    assert!(!client.works(text(&grant, "access_token")).await);
    let (status, renewed) = client.refresh(text(&grant, "refresh_token")).await;
    assert_eq!(status, 200, "{renewed}");
    assert_ne!(renewed["refresh_token"], grant["refresh_token"]);
    assert!(client.works(text(&renewed, "access_token")).await);
    assert_eq!(oauth(client.refresh(text(&grant, "refresh_token")).await), bad("invalid_grant"));
    assert_eq!(client.refresh(text(&renewed, "refresh_token")).await.0, 200);
    assert_eq!(client.refresh(&stage.emulator.cursor().refresh_token()).await.0, 200, "that of the account");
    let bare = text(&renewed, "refresh_token").trim_start_matches("rt_");
    assert_eq!(oauth(client.refresh(bare).await), bad("invalid_grant"));
}

#[tokio::test]
async fn other_grants_and_halves_of_grants_are_refused() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let account = stage.emulator.cursor();
    let password = [("grant_type", "password"), ("username", account.username()), ("password", account.password())];
    assert_eq!(oauth(client.token(&password).await), bad("unsupported_grant_type"));
    assert_eq!(oauth(client.token(&[]).await), bad("invalid_request"));
    assert_eq!(oauth(client.token(&[("grant_type", "refresh_token")]).await), bad("invalid_request"));
    let code = client.code("first.user@example.com").await;
    let whole = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    for left_out in 1..4 {
        let mut form = whole.to_vec();
        form.remove(left_out);
        assert_eq!(oauth(client.token(&form).await), bad("invalid_request"));
    }
    let answer = client.http.post(client.url("auth/token")).form(&whole).send().await.expect("an answer");
    assert_eq!((answer.status().as_u16(), &answer.headers()["cache-control"]), (200, &"no-store".parse().unwrap()));
    let answer = client.http.post(client.url("auth/token")).form(&whole).send().await.expect("an answer");
    assert_eq!(answer.status(), 400);
}

#[tokio::test]
async fn the_authorize_page_wants_its_parameters() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let account = stage.emulator.cursor();
    let whole = [
        ("client_id", account.client_id()),
        ("response_type", "code"),
        ("redirect_uri", REDIRECT),
        ("code_challenge", "c"),
        ("code_challenge_method", "S256"),
    ];
    assert_eq!(client.authorize(&whole).await.0, 302);
    let with = |name: &str, value: &'static str| {
        whole.map(|(known, usual)| if known == name { (known, value) } else { (known, usual) })
    };
    for (name, value, status, code) in [
        ("client_id", "other", 401, "invalid_client"),
        ("response_type", "token", 400, "unsupported_response_type"),
        ("redirect_uri", "/back", 400, "invalid_request"),
        ("redirect_uri", "", 400, "invalid_request"),
        ("code_challenge", "", 400, "invalid_request"),
        ("code_challenge_method", "plain", 400, "invalid_request"),
        ("code_challenge_method", "", 400, "invalid_request"),
    ] {
        let (found, body, location) = client.authorize(&with(name, value)).await;
        assert_eq!(oauth((found, body)), (status, code.to_owned()), "{name}={value}");
        assert!(location.is_empty(), "nobody is sent anywhere");
    }
    let nobody = [whole.as_slice(), &[("login_hint", "nobody@example.com")]].concat();
    let (status, body, _) = client.authorize(&nobody).await;
    assert_eq!(oauth((status, body)), bad("access_denied"));
}

#[tokio::test]
async fn the_relay_hands_the_code_to_a_port() {
    let stage = Stage::start().await;
    let client = &stage.client;
    let page = async |query: &str| {
        let answer = client.http.get(client.url(&format!("auth/callback?{query}"))).send().await.expect("an answer");
        assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
        answer.text().await.expect("a page")
    };
    let found = page("code=c%26d&state=my%20state%7Cport%3D4711").await;
    assert!(found.contains("http://localhost:4711/callback?code=c%26d&amp;state=my%20state\""), "{found}");
    let found = page("error=access_denied&error_description=%3Cb%3E&state=s%7Cport%3D1").await;
    assert!(found.contains("error=access_denied&amp;error_description=%3Cb%3E&amp;state=s"), "{found}");
    let recorded = format!("{:?}", stage.emulator.requests().matching("/auth/callback"));
    assert!(recorded.contains("code=redacted&state=") && !recorded.contains("c%26d"), "{recorded}");
    for bad in ["code=c", "code=c&state=s", "code=c&state=s%7Cport%3D", "code=c&state=s%7Cport%3D65536"] {
        let answer = client.http.get(client.url(&format!("auth/callback?{bad}"))).send().await.expect("an answer");
        is(read(answer).await, 400, "BAD_REQUEST");
    }
}

#[tokio::test]
async fn tokens_end_and_service_tokens_do_not() {
    let stage = Stage::with(Emulator::builder().token_lifetime(Duration::from_secs(4))).await;
    let client = &stage.client;
    let account = stage.emulator.cursor();
    assert!(client.works(account.access_token()).await);
    tokio::time::sleep(Duration::from_millis(4100)).await;
    assert!(!client.works(account.access_token()).await);
    assert!(client.works(account.service_token()).await);
    stage.emulator.expire_tokens();
    assert!(client.works(account.service_token()).await);
    for other in [stage.emulator.sharefile().access_token(), stage.emulator.acronis().access_token(), "svc_"] {
        assert!(!client.works(other).await, "tokens of other protocols are no tokens here");
    }
}

#[tokio::test]
async fn secrets_are_in_the_ready_line_and_not_in_debug() {
    let stage = Stage::start().await;
    let account = stage.emulator.cursor();
    let ready: Value = serde_json::from_str(&stage.emulator.ready_line()).expect("JSON");
    let told = &ready["providers"]["cursor"];
    assert_eq!((text(told, "endpoint"), text(told, "token")), (account.endpoint(), account.access_token()));
    assert_eq!(text(told, "share_id"), account.share_id());
    for name in ["refresh_token", "service_token", "username", "password", "client_id"] {
        assert!(!text(told, name).is_empty());
    }
    let shown = format!("{account:?} {:?}", stage.emulator);
    let refresh = account.refresh_token();
    for secret in [account.password(), account.service_token(), account.access_token(), &refresh] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
