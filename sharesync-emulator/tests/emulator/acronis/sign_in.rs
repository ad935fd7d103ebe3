//! Signing in, and finding out where.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::Value;
use sha2::{Digest, Sha256};
use sharesync_emulator::{Emulator, Fault, FaultKind};

use super::{Client, NODES, Stage, refused, text};

impl Client {
    async fn works(&self, token: &str) -> bool {
        let url = self.url(&format!("{NODES}/0/contents"));
        self.http.get(url).bearer_auth(token).send().await.expect("an answer").status() == 200
    }
}

fn password(emulator: &Emulator) -> [(&str, &str); 3] {
    let account = emulator.acronis();
    [("grant_type", "password"), ("username", account.username()), ("password", account.password())]
}

#[tokio::test]
async fn a_password_gives_a_token_with_its_end() {
    let stage = Stage::start().await;
    let (status, grant) = stage.client.token(&password(&stage.emulator)).await;
    assert_eq!((status, text(&grant, "token_type")), (200, "bearer"));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_secs();
    let left = grant["expires_on"].as_u64().expect("an absolute time") - now;
    assert!((28_000..=28_800).contains(&left), "{left}");
    assert!(grant.get("refresh_token").is_none(), "nobody asked for offline access");
    assert!(text(&grant, "access_token").ends_with('='), "the documented pattern");
    assert!(stage.client.works(text(&grant, "access_token")).await);

    let wrong = [("grant_type", "password"), ("username", "first.user@example.com"), ("password", "wrong")];
    let (status, error) = stage.client.token(&wrong).await;
    assert_eq!((status, text(&error["error"], "domain")), (401, "PlatformAccountServer"));
    for bad in [vec![("grant_type", "password")], vec![("grant_type", "device")], vec![]] {
        assert_eq!(stage.client.token(&bad).await.0, 400, "{bad:?}");
    }
}

#[tokio::test]
async fn a_client_that_names_itself_has_to_be_known() {
    let stage = Stage::start().await;
    let account = stage.emulator.acronis();
    let client = [("client_id", account.client_id()), ("client_secret", account.client_secret())];
    let [a, b, c] = password(&stage.emulator);
    assert_eq!(stage.client.token(&[a, b, c, client[0], client[1]]).await.0, 200);
    assert_eq!(stage.client.token(&[a, b, c, client[0]]).await.0, 401);
    assert_eq!(stage.client.token(&[("grant_type", "client_credentials")]).await.0, 401);
    let request = stage.client.http.post(stage.client.url("/api/2/idp/token"));
    let request = request.basic_auth(account.client_id(), Some(account.client_secret()));
    let answer = request.form(&[("grant_type", "client_credentials")]).send().await.expect("an answer");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let grant: Value = answer.json().await.expect("JSON");
    assert!(stage.client.works(text(&grant, "access_token")).await);
}

#[tokio::test]
async fn offline_access_can_be_renewed() {
    let stage = Stage::start().await;
    let [a, b, c] = password(&stage.emulator);
    let (_, grant) = stage.client.token(&[a, b, c, ("scope", "openid offline_access")]).await;
    stage.emulator.expire_tokens();
    assert!(!stage.client.works(text(&grant, "access_token")).await);
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", text(&grant, "refresh_token"))];
    let (_, renewed) = stage.client.token(&refresh).await;
    assert!(stage.client.works(text(&renewed, "access_token")).await);
    assert_ne!(renewed["refresh_token"], grant["refresh_token"]);
    assert_eq!(stage.client.token(&refresh).await.0, 401, "it works once");
}

#[tokio::test]
async fn a_second_factor_is_asked_for() {
    let stage = Stage::with(Emulator::builder().one_time_code("123456")).await;
    let [a, b, c] = password(&stage.emulator);
    assert_eq!(stage.client.token(&[a, b, c]).await.0, 401);
    assert_eq!(stage.client.token(&[a, b, c, ("totp_code", "654321")]).await.0, 401);
    assert_eq!(stage.client.token(&[a, b, c, ("totp_code", "123456")]).await.0, 200);
}

#[tokio::test]
async fn a_code_is_redeemed_once_by_whoever_asked_for_it() {
    let stage = Stage::start().await;
    let account = stage.emulator.acronis();
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest("verifier"));
    let authorize = format!(
        "/api/2/idp/authorize?client_id={}&redirect_uri=https%3A%2F%2Fapp.example%2Fback&response_type=code&state=a%26b\
         &scope=offline_access&code_challenge={challenge}&code_challenge_method=S256",
        account.client_id()
    );
    let code = async || {
        let answer = stage.client.http.get(stage.client.url(&authorize)).send().await.expect("an answer");
        let location = answer.headers()["location"].to_str().expect("text").to_owned();
        let rest = location.strip_prefix("https://app.example/back?code=").expect("the redirect URI");
        rest.strip_suffix("&state=a%26b").expect("the state").to_owned()
    };
    let redeem = async |code: &str, redirect: &str, verifier: &str| {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect),
            ("code_verifier", verifier),
            ("client_id", account.client_id()),
            ("client_secret", account.client_secret()),
        ];
        stage.client.token(&form).await
    };
    assert_eq!(redeem(&code().await, "https://elsewhere.example/", "verifier").await.0, 401);
    assert_eq!(redeem(&code().await, "https://app.example/back", "guess").await.0, 401);
    let good = code().await;
    let (status, grant) = redeem(&good, "https://app.example/back", "verifier").await;
    assert_eq!(status, 200, "{grant}");
    assert!(stage.client.works(text(&grant, "access_token")).await);
    assert_eq!(redeem(&good, "https://app.example/back", "verifier").await.0, 401);
}

#[tokio::test]
async fn the_data_center_of_a_login_is_told() {
    let stage = Stage::start().await;
    let found = stage.client.get("/api/1/accounts?login=FIRST.user%40example.com").await;
    assert_eq!(text(&found, "server_url"), stage.emulator.base_url());
    assert_eq!(stage.client.ask(Method::GET, "/api/1/accounts?login=nobody", None).await.0, 404);
    let me = stage.client.get("/api/2/users/me").await;
    assert_eq!(text(&me, "tenant_id"), stage.emulator.acronis().tenant_id());
}

#[tokio::test]
async fn without_a_valid_token_there_is_nothing() {
    let stage = Stage::with(Emulator::builder().token_lifetime(Duration::from_millis(300))).await;
    for token in ["", "wrong="] {
        let url = stage.client.url(&format!("{NODES}/0/contents"));
        let answer = stage.client.http.get(url).bearer_auth(token).send().await.expect("an answer");
        let status = answer.status().as_u16();
        assert_eq!(refused((status, answer.json().await.expect("JSON"))), (401, 4));
    }
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(refused(stage.client.ask(Method::GET, "devices", None).await), (401, 4));
    let shared_token = stage.emulator.sharefile().access_token();
    assert!(!stage.client.works(shared_token).await, "tokens of other protocols are no tokens here");
}

#[tokio::test]
async fn faults_speak_the_protocol() {
    let stage = Stage::start().await;
    let kinds = [
        (FaultKind::Unauthorized, 401),
        (FaultKind::TooManyRequests { retry_after: Some(3) }, 429),
        (FaultKind::Unavailable { retry_after: Some(3) }, 503),
    ];
    for (kind, status) in kinds {
        stage.emulator.faults().add(Fault::new(kind).path("/contents").times(1));
        let answer = stage.client.send(Method::GET, &format!("{NODES}/0/contents"), None).await;
        assert_eq!(answer.headers().contains_key("retry-after"), status != 401);
        let found = answer.status().as_u16();
        assert_eq!(refused((found, answer.json().await.expect("JSON"))).0, status);
    }
    stage.client.get(&format!("{NODES}/0/contents")).await;
    stage.emulator.faults().add(Fault::new(FaultKind::Unavailable { retry_after: None }).path("idp"));
    let (status, error) = stage.client.token(&[]).await;
    assert_eq!((status, text(&error["error"], "domain")), (503, "PlatformAccountServer"));
}

#[tokio::test]
async fn secrets_are_in_the_ready_line_and_not_in_debug() {
    let stage = Stage::start().await;
    let account = stage.emulator.acronis();
    let ready: Value = serde_json::from_str(&stage.emulator.ready_line()).expect("JSON");
    let told = &ready["providers"]["acronis"];
    assert_eq!(text(told, "endpoint"), account.endpoint());
    assert_eq!(text(told, "token"), account.access_token());
    for name in ["username", "password", "client_id", "client_secret", "tenant_id"] {
        assert!(!text(told, name).is_empty());
    }
    let shown = format!("{account:?} {:?}", stage.emulator);
    for secret in [account.password(), account.client_secret(), account.access_token(), account.refresh_token()] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
