//! NTLM.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use sharesync_core::ErrorKind;
use sharesync_sharepoint::auth::Auth;

use crate::{
    PASSWORD, SERVER, Server, assert_connections_are_signed_in, assert_requests_are_signed_in, client, counts, get,
    work,
};

const ALICE: &str = r"CONTOSO\alice";

fn start(arguments: &[&str]) -> Server {
    Server::start(arguments, [])
}

#[tokio::test(flavor = "multi_thread")]
async fn pyspnego_accepts_the_sign_in() {
    let server = start(&["NTLM", "ntlm"]);
    let counts = work(&server.address(), Auth::ntlm("CONTOSO", "alice", PASSWORD), ALICE).await;
    assert_connections_are_signed_in(&counts);
}

#[tokio::test(flavor = "multi_thread")]
async fn pyspnego_accepts_it_within_negotiate() {
    let server = start(&["Negotiate", "negotiate"]);
    let counts = work(&server.address(), Auth::windows("CONTOSO", "alice", PASSWORD), ALICE).await;
    assert_connections_are_signed_in(&counts);
}

#[tokio::test(flavor = "multi_thread")]
async fn pyspnego_accepts_it_with_every_request() {
    let server = start(&["NTLM", "ntlm", "--every-request"]);
    let counts = work(&server.address(), Auth::ntlm("CONTOSO", "alice", PASSWORD), ALICE).await;
    assert_requests_are_signed_in(&counts);
}

#[tokio::test]
async fn pyspnego_refuses_a_wrong_password() {
    let server = start(&["NTLM", "ntlm"]);
    let address = server.address();
    let client = client(&address, Auth::ntlm("CONTOSO", "alice", "wrong")).await.unwrap();
    for _ in 0..3 {
        let error = client.bytes(get(&address)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    }
    let counts = counts(&address).await;
    assert_eq!(counts["failures"].as_array().unwrap().len(), 1, "{counts}");
    assert_eq!(counts["requests"], 0);
}

/// A proxy that knows CONNECT (RFC 9110, section 9.3.6) and counts.
fn proxy() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, tunnels) = (format!("http://{}", listener.local_addr().unwrap()), Arc::new(AtomicUsize::new(0)));
    let count = tunnels.clone();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let count = count.clone();
            thread::spawn(move || tunnel(stream, &count));
        }
    });
    (address, tunnels)
}

fn tunnel(mut client: TcpStream, count: &AtomicUsize) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let target = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()).unwrap();
    let mut server = TcpStream::connect(target).unwrap();
    client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").unwrap();
    count.fetch_add(1, Ordering::SeqCst);
    let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || drop(io::copy(&mut from, &mut to)));
    let _ = io::copy(&mut server, &mut client);
}

/// The server takes a sign-in only if it is bound to its TLS connection.
#[test]
fn pyspnego_accepts_the_binding_to_tls() {
    let server = start(&["NTLM", "ntlm", "--tls"]);
    assert!(server.client_over_tls("ntlm::the_client_over_tls").status().unwrap().success());
}

#[test]
fn pyspnego_accepts_it_through_a_proxy() {
    let (server, (address, tunnels)) = (start(&["NTLM", "ntlm", "--tls"]), proxy());
    let mut client = server.client_over_tls("ntlm::the_client_over_tls");
    assert!(client.env("HTTPS_PROXY", address).status().unwrap().success());
    // The connection that counts, and those that were signed in.
    assert!(tunnels.load(Ordering::SeqCst) > 1);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a part of pyspnego_accepts_the_binding_to_tls, which runs it"]
async fn the_client_over_tls() {
    let server = std::env::var(SERVER).unwrap().parse().unwrap();
    work(&server, Auth::ntlm("CONTOSO", "alice", PASSWORD), ALICE).await;
}
