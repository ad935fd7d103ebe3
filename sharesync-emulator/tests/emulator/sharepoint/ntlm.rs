//! NTLM, by a client that follows [MS-NLMP] and knows nothing of the server's code.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use md4::{Digest, Md4};
use md5::Md5;
use rc4::{Rc4, StreamCipher};
use reqwest::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use sharesync_emulator::{Emulator, SharePointScheme};

use super::Stage;

fn hmac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Md5>::new_from_slice(key).expect("any key");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn negotiate() -> Vec<u8> {
    [b"NTLMSSP\0".as_slice(), &1_u32.to_le_bytes(), &0xe208_8205_u32.to_le_bytes(), &[0; 16]].concat()
}

/// Who answers a challenge, and whether with a MIC; a wrong one if `spoil`.
struct Answerer<'a> {
    user: &'a str,
    domain: &'a str,
    password: &'a str,
    mic: bool,
    spoil: bool,
}

impl Answerer<'_> {
    fn answer(&self, negotiate: &[u8], challenge: &[u8]) -> Vec<u8> {
        let number = |at: usize| u32::from_le_bytes(challenge[at..at + 4].try_into().expect("four bytes")) as usize;
        let info_len = usize::from(u16::from_le_bytes([challenge[40], challenge[41]]));
        let mut info = challenge[number(44)..number(44) + info_len].to_vec();
        if self.mic {
            info.truncate(info.len() - 4);
            info.extend_from_slice(&[6, 0, 4, 0, 2, 0, 0, 0, 0, 0, 0, 0]);
        }
        let nonce = &challenge[24..32];
        let blob = [&[1, 1, 0, 0, 0, 0, 0, 0][..], &[9; 8], &[7; 8], &[0; 4], &info, &[0; 4]].concat();
        let key = hmac(&Md4::digest(utf16(self.password)), &[&utf16(&(self.user.to_uppercase() + self.domain))]);
        let proof = hmac(&key, &[nonce, &blob]);
        let base = hmac(&key, &[&proof]);
        let exported = [5_u8; 16];
        let mut sealed = exported.to_vec();
        <Rc4 as rc4::KeyInit>::new_from_slice(&base).expect("a key").apply_keystream(&mut sealed);
        let response = [proof, blob].concat();
        let fields = [vec![0; 24], response, utf16(self.domain), utf16(self.user), utf16("CLIENT"), sealed];
        let mut at = 88;
        let mut message = [b"NTLMSSP\0".as_slice(), &3_u32.to_le_bytes()].concat();
        for field in &fields {
            let len = u16::try_from(field.len()).expect("short").to_le_bytes();
            message.extend([&len[..], &len, &u32::try_from(at).expect("short").to_le_bytes()].concat());
            at += field.len();
        }
        message.extend_from_slice(&0xe208_8205_u32.to_le_bytes());
        message.extend_from_slice(&[10, 0, 0, 0, 0, 0, 0, 15]);
        message.extend_from_slice(&[0; 16]);
        fields.iter().for_each(|field| message.extend_from_slice(field));
        if self.mic {
            let mut mic = hmac(&exported, &[negotiate, challenge, &message]);
            mic[0] ^= u8::from(self.spoil);
            message[72..88].copy_from_slice(&mic);
        }
        message
    }
}

const FIRST: Answerer<'_> =
    Answerer { user: "first.user", domain: "EMULATED", password: "first-password", mic: false, spoil: false };

/// A client with one connection at most at a time.
fn one_connection() -> reqwest::Client {
    reqwest::Client::builder().pool_max_idle_per_host(1).build().expect("a client")
}

impl Stage {
    async fn step(&self, http: &reqwest::Client, message: Option<&[u8]>) -> (u16, Option<Vec<u8>>) {
        let mut request = http.get(self.url("_api/web/title"));
        if let Some(message) = message {
            request = request.header(AUTHORIZATION, format!("NTLM {}", BASE64_STANDARD.encode(message)));
        }
        let answer = request.send().await.expect("an answer");
        let told = answer.headers().get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok()?.strip_prefix("NTLM "));
        let told = told.map(|token| BASE64_STANDARD.decode(token).expect("base64"));
        let status = answer.status().as_u16();
        answer.bytes().await.expect("a body");
        (status, told)
    }

    async fn handshake(&self, http: &reqwest::Client, answerer: &Answerer<'_>) -> u16 {
        let first = negotiate();
        let (status, challenge) = self.step(http, Some(&first)).await;
        assert_eq!(status, 401);
        let answer = answerer.answer(&first, &challenge.expect("a challenge"));
        self.step(http, Some(&answer)).await.0
    }
}

#[tokio::test]
async fn a_connection_is_signed_in() {
    let stage = Stage::with(Emulator::builder().sharepoint_schemes([SharePointScheme::Ntlm])).await;
    let http = one_connection();
    assert_eq!(stage.step(&http, None).await, (401, None));
    assert_eq!(stage.handshake(&http, &FIRST).await, 200);
    for _ in 0..3 {
        assert_eq!(stage.step(&http, None).await.0, 200, "the connection is signed in");
    }
    assert_eq!(stage.step(&one_connection(), None).await.0, 401, "another one is not");
    let counts = stage.emulator.sharepoint_connections();
    assert_eq!((counts.challenges(), counts.handshakes(), counts.authenticated(), counts.refused()), (1, 1, 1, 0));
    assert_eq!(counts.unauthorized(), 2);
    assert_eq!(stage.handshake(&http, &FIRST).await, 200, "again on the same connection");
    assert_eq!((counts.handshakes(), counts.authenticated()), (2, 1));
    counts.forget();
    assert_eq!(stage.step(&http, None).await.0, 401);
}

#[tokio::test]
async fn a_sign_in_may_last_for_one_request() {
    let stage = Stage::with(Emulator::builder().ntlm_single_request(true)).await;
    let http = one_connection();
    for _ in 0..3 {
        assert_eq!(stage.handshake(&http, &FIRST).await, 200);
        assert_eq!(stage.step(&http, None).await.0, 401, "the next request is not signed in");
    }
    let counts = stage.emulator.sharepoint_connections();
    assert_eq!((counts.challenges(), counts.handshakes(), counts.authenticated(), counts.unauthorized()), (3, 3, 1, 3));
}

#[tokio::test]
async fn names_and_domains() {
    let stage = Stage::start().await;
    for (user, domain) in [("First.User", ""), ("first.user@example.com", ""), ("first.user", "emulated.local")] {
        assert_eq!(
            stage.handshake(&one_connection(), &Answerer { user, domain, ..FIRST }).await,
            200,
            "{user} {domain}"
        );
    }
    let mic = Answerer { mic: true, ..FIRST };
    assert_eq!(stage.handshake(&one_connection(), &mic).await, 200, "with a MIC");
    assert_eq!(stage.emulator.sharepoint_connections().authenticated(), 4);
}

#[tokio::test]
async fn what_proves_nothing_is_refused() {
    let stage = Stage::start().await;
    let http = one_connection();
    let wrong = [
        Answerer { password: "wrong", ..FIRST },
        Answerer { user: "nobody", ..FIRST },
        Answerer { domain: "ELSEWHERE", ..FIRST },
        Answerer { mic: true, spoil: true, ..FIRST },
    ];
    for answerer in wrong {
        assert_eq!(stage.handshake(&http, &answerer).await, 401, "{}\\{}", answerer.domain, answerer.user);
        assert_eq!(stage.step(&http, None).await.0, 401);
    }
    assert_eq!(stage.emulator.sharepoint_connections().refused(), 4);
    let first = negotiate();
    let (_, challenge) = stage.step(&http, Some(&first)).await;
    let answer = FIRST.answer(&first, &challenge.expect("a challenge"));
    assert_eq!(stage.step(&one_connection(), Some(&answer)).await.0, 401, "the challenge was another connection's");
    assert_eq!(stage.step(&http, Some(&answer)).await.0, 200);
    assert_eq!(stage.step(&http, Some(&answer)).await.0, 401, "a challenge is good for once");
    assert_eq!(stage.step(&http, Some(b"nonsense")).await.0, 401);
    assert_eq!(stage.emulator.sharepoint_connections().handshakes(), 1);
}
