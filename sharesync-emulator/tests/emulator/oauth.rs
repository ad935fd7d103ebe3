//! Signing in.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sharesync_emulator::Emulator;

use crate::common::{Client, text};

impl Client {
    async fn token(&self, form: &[(&str, &str)]) -> (u16, Value) {
        let account = self.emulator.sharefile();
        let client = [("client_id", account.client_id()), ("client_secret", account.client_secret())];
        let form: Vec<_> = client.iter().chain(form).collect();
        let url = format!("{}/oauth/token?requirev3=true", self.emulator.base_url());
        let answer = self.http.post(url).form(&form).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    async fn works(&self, token: &str) -> bool {
        let answer = self.http.get(self.url("Items")).bearer_auth(token).send().await.expect("an answer");
        answer.status() == 200
    }
}

#[tokio::test]
async fn a_password_gives_tokens() {
    let client = Client::start().await;
    let account = client.emulator.sharefile().clone();
    let form = [("grant_type", "password"), ("username", account.username()), ("password", account.password())];
    let (status, grant) = client.token(&form).await;
    assert_eq!(status, 200);
    for name in ["subdomain", "apicp", "appcp", "token_type", "refresh_token"] {
        assert!(!text(&grant, name).is_empty());
    }
    assert_eq!(grant["expires_in"], 28_800);
    assert!(client.works(text(&grant, "access_token")).await);
    let wrong = [("grant_type", "password"), ("username", account.username()), ("password", "wrong")];
    let (status, error) = client.token(&wrong).await;
    assert_eq!((status, &error["error"]), (400, &Value::from("invalid_grant")));
}

#[tokio::test]
async fn clients_name_themselves_by_basic_or_form() {
    let client = Client::start().await;
    let account = client.emulator.sharefile();
    let url = format!("{}/oauth/token", client.emulator.base_url());
    let form = [("grant_type", "password"), ("username", account.username()), ("password", account.password())];
    let ask = async |id: &str, secret: &str| {
        let request = client.http.post(&url).basic_auth(id, Some(secret)).form(&form);
        request.send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(ask(account.client_id(), account.client_secret()).await, 200);
    assert_eq!(ask(account.client_id(), "wrong").await, 401);
    assert_eq!(client.http.post(&url).form(&form).send().await.expect("an answer").status(), 401);
}

#[tokio::test]
async fn refresh_tokens_rotate() {
    let client = Client::start().await;
    let first = client.emulator.sharefile().refresh_token().to_owned();
    client.emulator.expire_tokens();
    assert!(!client.works(&client.token).await);
    let (_, grant) = client.token(&[("grant_type", "refresh_token"), ("refresh_token", &first)]).await;
    assert_ne!(text(&grant, "refresh_token"), first);
    assert!(client.works(text(&grant, "access_token")).await);
    let (status, error) = client.token(&[("grant_type", "refresh_token"), ("refresh_token", &first)]).await;
    assert_eq!((status, &error["error"]), (400, &Value::from("invalid_grant")));
}

#[tokio::test]
async fn tokens_end_by_themselves() {
    let client = Client::with(Emulator::builder().token_lifetime(Duration::from_millis(300))).await;
    assert!(client.works(&client.token).await);
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(!client.works(&client.token).await);
}

#[tokio::test]
async fn a_code_is_redeemed_once() {
    let client = Client::start().await;
    let id = client.emulator.sharefile().client_id().to_owned();
    let url = format!(
        "{}/oauth/authorize?response_type=code&client_id={id}&redirect_uri=https%3A%2F%2Fapp.example%2Fback%3Fx%3D1&state=a%26b",
        client.emulator.base_url()
    );
    let answer = client.http.get(url).send().await.expect("an answer");
    let location = answer.headers()["location"].to_str().expect("text").to_owned();
    assert!(location.starts_with("https://app.example/back?x=1&code="), "{location}");
    assert!(location.contains("&state=a%26b&subdomain=") && location.contains("&h="), "{location}");
    let code = location.split("code=").nth(1).and_then(|rest| rest.split('&').next()).expect("a code").to_owned();
    let form = [("grant_type", "authorization_code"), ("code", code.as_str())];
    let (_, grant) = client.token(&form).await;
    assert!(client.works(text(&grant, "access_token")).await);
    assert_eq!(client.token(&form).await.0, 400);
}

#[tokio::test]
async fn an_assertion_names_a_user() {
    let client = Client::start().await;
    let user = client.emulator.sharefile().username().to_owned();
    let saml = "urn:ietf:params:oauth:grant-type:saml2-bearer";
    let assertion = STANDARD.encode(format!("<Assertion><NameID>{user}</NameID></Assertion>"));
    let (_, grant) = client.token(&[("grant_type", saml), ("assertion", &assertion)]).await;
    assert!(client.works(text(&grant, "access_token")).await);
    let stranger = STANDARD.encode("<Assertion><NameID>stranger@example.com</NameID></Assertion>");
    assert_eq!(client.token(&[("grant_type", saml), ("assertion", &stranger)]).await.0, 400);
    assert_eq!(client.token(&[("grant_type", "device")]).await.1["error"], "unsupported_grant_type");
}

#[tokio::test]
async fn signing_out_ends_the_token() {
    let client = Client::start().await;
    let session = client.get("Sessions").await;
    assert_eq!((&session["IsAuthenticated"], &session["Principal"]["Email"]), (&Value::from(true), &session["Name"]));
    assert_eq!(client.status(reqwest::Method::DELETE, "Sessions", None).await, 204);
    assert!(!client.works(&client.token).await);
}

#[tokio::test]
async fn secrets_are_not_in_debug() {
    let client = Client::start().await;
    let account = client.emulator.sharefile();
    let shown = format!("{account:?} {:?}", client.emulator);
    for secret in [account.password(), account.client_secret(), account.access_token(), account.refresh_token()] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
