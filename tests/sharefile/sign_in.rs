//! Signing in: the grants as documented, renewal with rotation, hostile answers, the authorization callback.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json as value};
use sharesync::http::{TokenSet, TokenStore};
use sharesync::sharefile::model::UploadSpecification;
use sharesync::sharefile::{AuthorizationCallback, BodyForm, ClientBuilder, Query, authorize_url};
use sharesync::transfer::DownloadOptions;
use sharesync::{Error, ErrorKind, ItemRef, RemoteStore as _, Result, Secret};
use url::Url;

use super::fixtures::reconstructed;
use super::harness::cases;
use super::secure::{Account, meant};
use super::stage::{Seen, Stage, json, plain, redirect, status};

cases! {
    "sign_in" {
        grants_have_their_documented_bodies,
        the_api_is_where_the_answer_says,
        a_hostile_answer_is_refused_before_a_token_is_sent,
        refusals_are_told_without_secrets,
        an_answer_without_a_token_is_refused,
        a_token_endpoint_cannot_send_the_credentials_elsewhere,
        a_refused_token_is_renewed_once,
        a_token_refused_again_is_an_error,
        a_token_that_cannot_be_renewed_is_an_error,
        renewal_rotates_and_is_stored_before_use,
        many_requests_renew_once,
        an_expired_token_is_renewed_before_it_is_sent,
        the_password_is_used_again_when_the_refresh_token_ends,
        https_answers_never_lead_to_http,
        addresses_of_content_are_https_as_well,
        links_and_redirections_from_https_to_http_are_refused,
        the_authorization_page,
        the_callback_is_verified,
    }
}

fn form(request: &Seen) -> Vec<(String, String)> {
    assert_eq!(request.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(request.header("authorization"), None, "the client names itself in the form");
    let mut form: Vec<_> = url::form_urlencoded::parse(&request.body).into_owned().collect();
    form.sort();
    form
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut pairs: Vec<_> = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    pairs.sort();
    pairs
}

fn with_client(builder: ClientBuilder) -> ClientBuilder {
    builder.client_id("id 1").client_secret("s&cret")
}

/// A token answer of this number.
fn token(number: u32) -> Value {
    let mut answer = reconstructed("token");
    answer["access_token"] = value!(format!("access-{number}"));
    answer["refresh_token"] = value!(format!("refresh-{number}"));
    answer
}

/// Answers the API by access token: this one is good, others are refused.
fn api_accepts(good: &str, request: &Seen) -> wiremock::ResponseTemplate {
    if request.header("authorization") == Some(&format!("Bearer {good}")) {
        return json(value!({"Id": "fi1"}));
    }
    let body = value!({"code": "Unauthorized", "message": {"value": "No."}, "reason": "NotAuthenticated"});
    status(401, body).insert_header("www-authenticate", "Bearer")
}

async fn grants_have_their_documented_bodies(stage: &Stage) {
    let account = Account::of(stage);
    let client = pairs(&[("client_id", "id 1"), ("client_secret", "s&cret")]);
    let saml = "urn:ietf:params:oauth:grant-type:saml2-bearer";
    let cases: [(ClientBuilder, &[(&str, &str)]); 3] = [
        (
            account.builder().password("u@example.com", "p+w"),
            &[("grant_type", "password"), ("username", "u@example.com"), ("password", "p+w")],
        ),
        (account.builder().authorization_code("c0de"), &[("grant_type", "authorization_code"), ("code", "c0de")]),
        (account.builder().saml_bearer("PHNhbWw+"), &[("grant_type", saml), ("assertion", "PHNhbWw+")]),
    ];
    for (builder, fields) in cases {
        stage.api.script([json(token(1))]);
        with_client(builder).connect().await.unwrap();
        let sent = stage.sent("POST /oauth/token");
        assert_eq!(meant(&sent), "https://acct.sharefile.com");
        let mut expected = [pairs(fields), client.clone()].concat();
        expected.sort();
        assert_eq!(form(&sent), expected);
    }
}

async fn the_api_is_where_the_answer_says(stage: &Stage) {
    let account = Account::of(stage);
    let cases = [
        ("acct", "sf-api.com", "https://acct.sf-api.com"),
        ("acct", "sharefile.com", "https://acct.sharefile.com"),
        ("other", "sf-api.eu", "https://other.sf-api.eu"),
        ("acct", "sharefile.eu", "https://acct.sharefile.eu"),
        ("acct", "securevdr.com", "https://acct.securevdr.com"),
    ];
    for (subdomain, plane, origin) in cases {
        let mut answer = token(1);
        answer["subdomain"] = value!(subdomain);
        answer["apicp"] = value!(plane);
        stage.api.script([json(answer), json(value!({"Id": "fo1"}))]);
        let client = with_client(account.builder()).password("u", "p").connect().await.unwrap();
        client.items().home(&Query::new()).await.unwrap();
        let sent = stage.sent("GET /sf/v3/Items");
        assert_eq!((meant(&sent), sent.header("authorization")), (origin, Some("Bearer access-1")));
    }
}

async fn a_hostile_answer_is_refused_before_a_token_is_sent(stage: &Stage) {
    let account = Account::of(stage);
    let planes = [
        "evil.com/",
        "evil.com",
        "x@evil.com",
        "evil.com#.sf-api.com",
        "evil.com?.sf-api.com",
        "sf-api.com.evil.com",
        "evilsf-api.com",
        "sf-api.com:444",
        "sf-api.com/../x",
        "evil.com\\.sf-api.com",
        "sf-api.com@evil.com",
        " ",
    ];
    let subdomains = ["evil.com/", "x@evil", "a:b", "a b", "a#", "a?", "..", "a\\b", "a%2f"];
    let planes = planes.map(|plane| ("apicp", plane));
    let subdomains = subdomains.map(|subdomain| ("subdomain", subdomain));
    for (field, hostile) in planes.into_iter().chain(subdomains) {
        let mut answer = token(1);
        answer[field] = value!(hostile);
        stage.api.script([json(answer)]);
        let error = with_client(account.builder()).password("u", "p").connect().await.unwrap_err();
        assert_eq!((error.kind(), error.provider()), (ErrorKind::Insecure, Some("sharefile")), "{field} {hostile:?}");
    }
    assert!(account.origins().iter().all(|origin| origin == "https://acct.sharefile.com"), "{:?}", account.origins());
}

async fn refusals_are_told_without_secrets(stage: &Stage) {
    let hush = "the password hush is wrong";
    let cases = [
        (400, value!({"error": "invalid_grant", "error_description": hush}), Some("invalid_grant")),
        (401, value!({"error": "invalid_client", "error_description": hush}), Some("invalid_client")),
        (400, value!({"error": "access_denied"}), Some("access_denied")),
        (401, value!({}), None),
    ];
    for (code, body, expected) in cases {
        stage.api.by(move |_| status(code, body.clone()));
        let error = with_client(stage.builder()).password("u", "hush").connect().await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Unauthenticated, expected), "{error}");
        assert_eq!(error.status(), Some(code));
        assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
    }
    stage.api.by(|_| status(400, value!("hush")));
    let error = with_client(stage.builder()).password("u", "hush").connect().await.unwrap_err();
    assert_eq!((error.kind(), error.code(), error.status()), (ErrorKind::Protocol, None, Some(400)), "{error}");
    assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
}

async fn an_answer_without_a_token_is_refused(stage: &Stage) {
    let answers = [
        json(value!({"refresh_token": "hush"})),
        json(value!({"access_token": ""})),
        json(value!({"access_token": "hush", "token_type": "mac"})),
        plain(200, "<html>hush</html>"),
        json(value!(["hush"])),
    ];
    for answer in answers {
        stage.api.script([answer]);
        let error = with_client(stage.builder()).password("u", "p").connect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
        assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
    }
}

async fn a_token_endpoint_cannot_send_the_credentials_elsewhere(stage: &Stage) {
    for code in [302, 307, 308] {
        let place = format!("{}/oauth/token", stage.storage.uri());
        stage.api.script([redirect(code, &place)]);
        with_client(stage.builder()).password("u", "p").connect().await.unwrap_err();
    }
    assert!(stage.storage.seen().is_empty());
}

/// A client with tokens that can be renewed.
async fn renewable(stage: &Stage, access: &str) -> sharesync::sharefile::Client {
    let tokens = TokenSet::new(access).with_refresh(Some("refresh-0".into()));
    with_client(stage.builder()).tokens(tokens).connect().await.unwrap()
}

async fn a_refused_token_is_renewed_once(stage: &Stage) {
    stage
        .api
        .by(|request| if request.path == "/oauth/token" { json(token(1)) } else { api_accepts("access-1", request) });
    let client = renewable(stage, "old").await;
    client.items().get("fi1", &Query::new()).await.unwrap();
    client.items().get("fi1", &Query::new()).await.unwrap();
    let get = "GET /sf/v3/Items(fi1)";
    let seen = stage.api.saw(&[get, "POST /oauth/token", get, get]);
    let fields = [("grant_type", "refresh_token"), ("refresh_token", "refresh-0")];
    let expected = pairs(&[&fields[..], &[("client_id", "id 1"), ("client_secret", "s&cret")]].concat());
    assert_eq!(form(&seen[1]), expected);
    let bearers: Vec<_> = seen.iter().filter_map(|seen| seen.header("authorization")).collect();
    assert_eq!(bearers, ["Bearer old", "Bearer access-1", "Bearer access-1"]);
}

async fn a_token_refused_again_is_an_error(stage: &Stage) {
    stage.api.by(|request| if request.path == "/oauth/token" { json(token(1)) } else { api_accepts("none", request) });
    let client = renewable(stage, "old").await;
    let error = client.items().get("fi1", &Query::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Unauthenticated, Some("Unauthorized")));
    stage.api.saw(&["GET /sf/v3/Items(fi1)", "POST /oauth/token", "GET /sf/v3/Items(fi1)"]);
}

async fn a_token_that_cannot_be_renewed_is_an_error(stage: &Stage) {
    stage.api.by(|request| api_accepts("none", request));
    let error = stage.items().get("fi1", &Query::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unauthenticated, Some(401)));
    assert_eq!(stage.api.count(), 1);
}

/// Keeps what is saved, and what the server had seen by then.
#[derive(Debug, Default)]
struct Saved {
    tokens: Mutex<Vec<(String, String)>>,
    failures: Mutex<u32>,
}

#[async_trait]
impl TokenStore for Saved {
    async fn save(&self, tokens: &TokenSet) -> Result<()> {
        let mut failures = self.failures.lock().unwrap();
        if *failures > 0 {
            *failures -= 1;
            return Err(Error::new(ErrorKind::Io, "the disk is full"));
        }
        let refresh = tokens.refresh.as_ref().map(Secret::expose).unwrap_or_default();
        self.tokens.lock().unwrap().push((tokens.access.expose().into(), refresh.into()));
        Ok(())
    }
}

async fn renewal_rotates_and_is_stored_before_use(stage: &Stage) {
    stage
        .api
        .by(|request| if request.path == "/oauth/token" { json(token(1)) } else { api_accepts("access-1", request) });
    let saved = Arc::new(Saved::default());
    let tokens = TokenSet::new("old").with_refresh(Some("refresh-0".into()));
    let builder = with_client(stage.builder()).tokens(tokens).token_store(saved.clone());
    let client = builder.connect().await.unwrap();
    client.items().get("x", &Query::new()).await.unwrap();
    assert_eq!(*saved.tokens.lock().unwrap(), [("access-1".into(), "refresh-1".into())]);

    stage
        .api
        .by(|request| if request.path == "/oauth/token" { json(token(7)) } else { api_accepts("access-7", request) });
    *saved.failures.lock().unwrap() = 1;
    let error = client.items().get("x", &Query::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "a token that was not stored is not used");
    let seen = stage.seen();
    assert!(seen.iter().all(|seen| seen.header("authorization") != Some("Bearer access-7")));
    client.items().get("x", &Query::new()).await.unwrap();
    let seen = stage.seen();
    let exchanges: Vec<_> = seen.iter().filter(|seen| seen.path == "/oauth/token").map(form).collect();
    assert_eq!(exchanges.len(), 2, "the rotated token is not lost because it could not be stored at first");
    let refreshes = exchanges.iter().flatten().filter(|(name, _)| name == "refresh_token").map(|(_, value)| value);
    assert_eq!(refreshes.collect::<Vec<_>>(), ["refresh-0", "refresh-1"]);
    assert_eq!(saved.tokens.lock().unwrap().last(), Some(&("access-7".into(), "refresh-7".into())));
}

async fn many_requests_renew_once(stage: &Stage) {
    stage
        .api
        .by(|request| if request.path == "/oauth/token" { json(token(1)) } else { api_accepts("access-1", request) });
    let client = renewable(stage, "old").await;
    let (items, query) = (client.items(), Query::new());
    let calls = (0..64).map(|_| items.get("fi1", &query));
    assert_eq!(futures::future::try_join_all(calls).await.unwrap().len(), 64);
    let seen = stage.seen();
    assert_eq!(seen.iter().filter(|seen| seen.path == "/oauth/token").count(), 1);
}

async fn an_expired_token_is_renewed_before_it_is_sent(stage: &Stage) {
    stage
        .api
        .by(|request| if request.path == "/oauth/token" { json(token(1)) } else { api_accepts("access-1", request) });
    let past = "2020-01-01T00:00:00Z".parse().unwrap();
    let tokens = TokenSet::new("old").with_refresh(Some("refresh-0".into())).with_expires(Some(past));
    let client = with_client(stage.builder()).tokens(tokens).connect().await.unwrap();
    client.items().get("fi1", &Query::new()).await.unwrap();
    stage.api.saw(&["POST /oauth/token", "GET /sf/v3/Items(fi1)"]);
}

async fn the_password_is_used_again_when_the_refresh_token_ends(stage: &Stage) {
    let exchanges = Mutex::new(0);
    stage.api.by(move |request| {
        if request.path != "/oauth/token" {
            return api_accepts("access-2", request);
        }
        let mut exchanges = exchanges.lock().unwrap();
        *exchanges += 1;
        match *exchanges {
            1 => json(token(1)),
            2 => status(400, value!({"error": "invalid_grant"})),
            _ => json(token(2)),
        }
    });
    let client = with_client(stage.builder()).password("u", "p").connect().await.unwrap();
    client.items().get("fi1", &Query::new()).await.unwrap();
    let seen = stage.seen();
    let grants = seen.iter().filter(|seen| seen.path == "/oauth/token").map(form);
    let grants: Vec<_> =
        grants.map(|form| form.iter().find(|(name, _)| name == "grant_type").unwrap().1.clone()).collect();
    assert_eq!(grants, ["password", "refresh_token", "password"]);
}

async fn https_answers_never_lead_to_http(stage: &Stage) {
    let account = Account::of(stage);
    let client = account.builder().access_token("t").api_control_plane("sf-api.com").connect().await.unwrap();
    for place in ["http://acct.sf-api.com/sf/v3/Items(fi2)", "http://127.0.0.1:9/x", "http://localhost/x"] {
        stage.api.script([redirect(302, place)]);
        let error = client.items().get("fi1", &Query::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Insecure, "{place}");
    }
    assert!(account.origins().iter().all(|origin| origin == "https://acct.sf-api.com"), "{:?}", account.origins());
}

async fn addresses_of_content_are_https_as_well(stage: &Stage) {
    let account = Account::of(stage);
    let client = account.builder().access_token("t").connect().await.unwrap();
    for place in ["http://storage.sf-api.com/x?y=1", "http://127.0.0.1:9/x?y=1", "http://localhost/x?y=1"] {
        let spec = value!({"PrepareUri": place, "ChunkUri": place, "FinishUri": place});
        let (spec, uploads) = (serde_json::from_value::<UploadSpecification>(spec).unwrap(), client.uploads());
        let refusals = [
            uploads.prepare(&spec).await.unwrap_err(),
            uploads.standard(&spec, &BodyForm::Raw, "content".into()).await.unwrap_err(),
            uploads.finish(&spec, 7, None).await.unwrap_err(),
        ];
        for error in refusals {
            assert_eq!((error.kind(), error.provider()), (ErrorKind::Insecure, Some("sharefile")), "{place}: {error}");
        }
        let file = stage.fixture("file");
        stage.api.by(move |request| {
            json(if request.path.ends_with("/Download") { value!({"DownloadUrl": place}) } else { file.clone() })
        });
        let file = ItemRef::Id("fi591ac5-9cd0-4eb7-a5e9-e5e28a7faa90".into());
        let error = client.store().download(&file, DownloadOptions::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Insecure, "{place}: {error}");
    }
    assert!(account.origins().iter().all(|origin| origin == "https://acct.sf-api.com"), "{:?}", account.origins());
}

async fn links_and_redirections_from_https_to_http_are_refused(stage: &Stage) {
    use futures::TryStreamExt as _;
    let account = Account::of(stage);
    let client = account.builder().access_token("t").connect().await.unwrap();
    for place in ["http://acct.sf-api.com/sf/v3/x", "http://127.0.0.1:9/x"] {
        let page = value!({"value": [{"Id": "a"}], "odata.nextLink": place});
        stage.api.script([json(page), json(value!({"Uri": place}))]);
        let walked = client.items().children_pages("fo1", Query::new()).try_collect::<Vec<_>>().await;
        assert_eq!(walked.unwrap_err().kind(), ErrorKind::Insecure, "{place}");
        let error = client.items().children("fo1", &Query::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Insecure, "{place}");
    }
    assert!(account.origins().iter().all(|origin| origin == "https://acct.sf-api.com"), "{:?}", account.origins());
}

async fn the_authorization_page(_: &Stage) {
    let back = Url::parse("https://app.example/back?x=1").unwrap();
    let url = Url::parse(&authorize_url("id 1", &back, "st&te")).unwrap();
    assert!(url.as_str().starts_with("https://secure.sharefile.com/oauth/authorize?"), "{url}");
    let mut query: Vec<_> = url.query_pairs().into_owned().collect();
    query.sort();
    let back = ("redirect_uri", "https://app.example/back?x=1");
    assert_eq!(query, pairs(&[("response_type", "code"), ("client_id", "id 1"), back, ("state", "st&te")]));
}

const CALLBACK: &str = "/back?code=c0de&state=st&subdomain=acct&apicp=sf-api.com&appcp=sharefile.com&expires_in=28800";

/// The signature of path and query.
fn signature(key: &str) -> Vec<u8> {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(CALLBACK.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

async fn the_callback_is_verified(_: &Stage) {
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let callback = |rest: &str| Url::parse(&format!("https://app.example{CALLBACK}{rest}")).unwrap();
    let verify = |url: &Url, state: &str| AuthorizationCallback::verify(url, state, &Secret::new("key"));
    let good = signature("key");
    let hex: String = good.iter().map(|byte| format!("{byte:02x}")).collect();
    for hash in [encode(&STANDARD.encode(&good)), URL_SAFE_NO_PAD.encode(&good), hex.clone(), hex.to_uppercase()] {
        let found = verify(&callback(&format!("&h={hash}")), "st").unwrap();
        assert_eq!((found.code.expose(), found.subdomain.as_str()), ("c0de", "acct"), "{hash}");
        assert_eq!(found.control_plane, "sharefile.com");
    }
    let tampered = callback(&format!("&h={hex}")).as_str().replace("subdomain=acct", "subdomain=evil");
    let short = &hex[..32];
    let bad = [
        callback(""),
        callback("&h="),
        callback(&format!("&h={short}")),
        callback(&format!("&h={hex}&subdomain=evil")),
        callback(&format!("&h={}", encode(&STANDARD.encode(signature("other"))))),
        Url::parse(&tampered).unwrap(),
    ];
    for url in bad {
        let error = verify(&url, "st").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{url}");
        assert!(!format!("{error} {error:?}").contains("c0de"));
    }
    assert_eq!(verify(&callback(&format!("&h={hex}")), "other").unwrap_err().kind(), ErrorKind::Unauthenticated);
}
