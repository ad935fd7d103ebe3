//! Kerberos where nobody is good: domain controllers that are none, and configurations that cannot be meant.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use sharesync_core::{Error, ErrorKind};
use sharesync_sharepoint::auth::Auth;

use crate::farm::{Farm, PASSWORD, Reply, USER};
use crate::{client, get, sign_in};

const REALM: &str = "EXAMPLE.TEST";

/// What listens where a domain controller should.
struct Impostor {
    address: String,
    asked: Arc<AtomicUsize>,
}

impl Impostor {
    /// Answers every message so. The connection stays open as long as that takes.
    fn new(answer: impl Fn(&mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, asked) = (listener.local_addr().unwrap().to_string(), Arc::new(AtomicUsize::new(0)));
        let (answer, count) = (Arc::new(answer), asked.clone());
        thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let answer = answer.clone();
                count.fetch_add(1, Ordering::SeqCst);
                thread::spawn(move || {
                    let mut size = [0; 4];
                    stream.read_exact(&mut size).unwrap();
                    let mut message = vec![0; u32::from_be_bytes(size) as usize];
                    stream.read_exact(&mut message).unwrap();
                    // The request of a ticket names who asks, and nothing else that is known.
                    assert_eq!(message[0], 0x6a);
                    assert!(message.windows(USER.len()).any(|part| part == USER.as_bytes()));
                    answer(&mut stream);
                });
            }
        });
        Self { address, asked }
    }

    /// Says this.
    fn saying(message: Vec<u8>) -> Self {
        Self::new(move |stream| {
            let size = (message.len() as u32).to_be_bytes();
            let _ = stream.write_all(&[&size[..], &message].concat());
        })
    }

    /// What somebody hears who asks for something by its tickets, twice, and how long that takes.
    async fn refused(&self) -> (Error, Duration) {
        let farm = Farm::open(|_| Reply::new(401, "").with("WWW-Authenticate", "Negotiate"));
        let began = Instant::now();
        let client = client(&farm, Auth::kerberos(REALM, USER, PASSWORD, [&self.address])).await.unwrap();
        let (error, again) = tokio::join!(client.bytes(get(&farm, "/a")), client.bytes(get(&farm, "/b")));
        let (error, took) = (error.unwrap_err(), began.elapsed());
        assert_eq!(error.kind(), again.unwrap_err().kind());
        assert_eq!(self.asked.load(Ordering::SeqCst), 1, "it is not asked again at once: {error}");
        assert!(farm.seen().is_empty(), "the service is not told anything");
        assert!(!format!("{error} {error:?}").contains("hush"));
        (error, took)
    }
}

fn wrapped(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, content.len() as u8], content].concat()
}

/// A KRB-ERROR (RFC 4120, section 5.9.1) with as much as is read.
fn refusal(code: u8) -> Vec<u8> {
    let fields = [
        wrapped(0xa0, &wrapped(2, &[5])),
        wrapped(0xa1, &wrapped(2, &[30])),
        wrapped(0xa4, &wrapped(0x18, b"20010203040506Z")),
        wrapped(0xa6, &wrapped(2, &[code])),
    ];
    wrapped(0x7e, &wrapped(0x30, &fields.concat()))
}

#[tokio::test]
async fn what_ends_or_never_ends_is_an_error_of_the_network() {
    let closing = Impostor::new(|_| {});
    let breaking = Impostor::new(|stream| drop(stream.write_all(&[0, 0, 1, 0, 0x6b])));
    let endless = Impostor::new(|stream| {
        let piece = [0xff; 4096];
        while stream.write_all(&piece).is_ok() {}
    });
    for impostor in [closing, breaking, endless] {
        let (error, took) = impostor.refused().await;
        assert_eq!(error.kind(), ErrorKind::Network, "{error}");
        assert!(error.to_string().contains(&impostor.address), "{error}");
        assert!(took < Duration::from_secs(5), "{took:?}");
    }
}

#[tokio::test]
async fn what_takes_too_long_is_given_up() {
    let silent = Impostor::new(|_| thread::sleep(Duration::from_secs(60)));
    let slow = Impostor::new(|stream| {
        let mut piece = &[0, 1, 0, 0][..];
        while stream.write_all(piece).is_ok() {
            piece = &[0x6b];
            thread::sleep(Duration::from_millis(200));
        }
    });
    for ((error, took), impostor) in [tokio::join!(silent.refused(), slow.refused())]
        .into_iter()
        .flat_map(|(silent_one, slow_one)| [(silent_one, &silent), (slow_one, &slow)])
    {
        assert_eq!(error.kind(), ErrorKind::Network, "{error}");
        assert!(error.to_string().contains(&format!("{}: it takes too long", impostor.address)), "{error}");
        assert!(took < Duration::from_secs(20), "{took:?}");
    }
}

#[tokio::test]
async fn what_is_no_kerberos_is_told() {
    for message in [b"HTTP/1.1 400 Bad Request".to_vec(), vec![0; 100], wrapped(0x6b, &[0x30]), wrapped(0x7e, b"")] {
        let (error, _) = Impostor::saying(message).refused().await;
        assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error}");
        assert!(error.to_string().contains("no message of Kerberos"), "{error}");
    }
    let empty_reply = wrapped(0x6b, &wrapped(0x30, b""));
    let (error, _) = Impostor::saying(empty_reply).refused().await;
    assert!(error.to_string().contains("none that the password of alice@EXAMPLE.TEST opens"), "{error}");
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    for (code, expected) in [
        (
            37,
            "differs too much from that of the domain controller, where it is 2001-02-03T04:05:06Z: set it right (NTP)",
        ),
        (14, "no AES key"),
        (68, "none of the realm EXAMPLE.TEST"),
        (60, "error 60"),
        // A proof of the password is wanted, and not said in which way.
        (25, "no AES key"),
    ] {
        let (error, _) = Impostor::saying(refusal(code)).refused().await;
        assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[tokio::test]
async fn a_controller_that_is_not_there_is_named() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let farm = Farm::open(|_| Reply::new(401, "").with("WWW-Authenticate", "Negotiate"));
    let client = client(&farm, Auth::kerberos(REALM, USER, PASSWORD, [&gone])).await.unwrap();
    let error = client.bytes(get(&farm, "/a")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network);
    assert!(error.to_string().contains(&gone), "{error}");
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_at_once() {
    let farm = Farm::open(|_| Reply::new(401, "").with("WWW-Authenticate", "Negotiate"));
    let alice = || Auth::kerberos(REALM, USER, PASSWORD, ["dc1"]);
    for auth in [
        Auth::kerberos(REALM, USER, PASSWORD, Vec::<String>::new()),
        Auth::kerberos(REALM, USER, PASSWORD, ["dc1/88"]),
        Auth::kerberos("", USER, PASSWORD, ["dc1"]),
        Auth::kerberos(REALM, "", PASSWORD, ["dc1"]),
        Auth::kerberos(REALM, "älice", PASSWORD, ["dc1"]),
        Auth::windows(REALM, USER, PASSWORD).with_kdcs(Vec::<String>::new()),
        alice().with_service_principal("farm"),
        alice().with_service_principal("HTTP/"),
    ] {
        assert_eq!(sign_in(&farm, auth).await.unwrap_err().kind(), ErrorKind::Config);
    }
    sign_in(&farm, alice().with_service_principal("HTTP/farm")).await.unwrap();
}
