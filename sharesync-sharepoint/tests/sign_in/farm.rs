//! A small server of its own: HTTP/1.1 with a thread a connection, and NTLM bound to connections or to requests, checked by what
//! [MS-NLMP] says and not by the crate that the client uses.
#![cfg_attr(not(feature = "ntlm"), allow(dead_code, reason = "the tests of NTLM use it"))]

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::Md5;
use url::Url;

pub(crate) const DOMAIN: &str = "CONTOSO";
pub(crate) const USER: &str = "alice";
pub(crate) const PASSWORD: &str = "hush & pässword";

/// MD4 of the password in UTF-16: what a server keeps of it.
const NT_HASH: [u8; 16] =
    [0x32, 0x63, 0x3a, 0x03, 0x23, 0x59, 0x06, 0xdd, 0x83, 0x25, 0x6b, 0xd1, 0x2a, 0xe0, 0x1d, 0x6a];

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) connection: usize,
    /// Which request of its connection it is.
    pub(crate) turn: usize,
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) size: usize,
    pub(crate) body: Vec<u8>,
    /// The connection is signed in, or the request.
    pub(crate) signed_in: bool,
    pub(crate) status: u16,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// An answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Closes the connection afterwards, without a word.
    pub(crate) hang_up: bool,
    /// The connection is not signed in any more, and so is not this request.
    pub(crate) forget: bool,
    /// What goes over the wire in the place of all that.
    pub(crate) raw: Option<Vec<u8>>,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, body: body.into(), ..Self::default() }
    }

    pub(crate) fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, raw: Some(bytes.into()), ..Self::default() }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn hang_up(mut self) -> Self {
        self.hang_up = true;
        self
    }
}

type Handler = Box<dyn Fn(&Seen) -> Reply + Send + Sync>;

pub(crate) struct Farm {
    address: String,
    state: Arc<State>,
}

struct State {
    /// Schemes in which NTLM is asked for.
    scheme: Option<&'static str>,
    nt_hash: Mutex<[u8; 16]>,
    /// A sign-in lasts for one request.
    of_requests: AtomicBool,
    /// Stands for a proxy: where a request goes that is so many behind the first one of its connection.
    spread: Option<fn(usize) -> usize>,
    /// Closes connections after a challenge.
    closes: bool,
    handler: Handler,
    connections: AtomicUsize,
    handshakes: AtomicUsize,
    seen: Mutex<Vec<Seen>>,
}

impl Farm {
    /// A server without a sign-in of its own.
    pub(crate) fn open(handler: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::start(State::new(None, NT_HASH, Box::new(handler)))
    }

    /// A server whose connections are signed in by NTLM.
    pub(crate) fn ntlm(handler: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::of_scheme("NTLM", handler)
    }

    /// A server where NTLM signs in requests.
    pub(crate) fn ntlm_of_requests(handler: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let farm = Self::ntlm(handler);
        farm.sign_requests();
        farm
    }

    /// The same behind a proxy that sends the requests of a connection to the connections of these numbers.
    pub(crate) fn spread(to: fn(usize) -> usize) -> Self {
        let state = State::new(Some("NTLM"), NT_HASH, Box::new(|_| Reply::new(200, "fine")));
        Self::start(State { spread: Some(to), ..state })
    }

    /// The same behind a proxy that closes connections.
    pub(crate) fn closing() -> Self {
        let state = State::new(Some("NTLM"), NT_HASH, Box::new(|_| Reply::new(200, "fine")));
        Self::start(State { closes: true, ..state })
    }

    /// The same under another scheme.
    pub(crate) fn of_scheme(scheme: &'static str, handler: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::start(State::new(Some(scheme), NT_HASH, Box::new(handler)))
    }

    /// The same, where the user has another password.
    pub(crate) fn of_another_password() -> Self {
        let farm = Self::ntlm(|_| Reply::new(200, "never"));
        farm.change_password();
        farm
    }

    /// Gives the user another password.
    pub(crate) fn change_password(&self) {
        *self.state.nt_hash.lock().unwrap() = [7; 16];
    }

    /// Lets sign-ins last for one request from now on.
    pub(crate) fn sign_requests(&self) {
        self.state.of_requests.store(true, Ordering::SeqCst);
    }

    fn start(state: State) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(state);
        let shared = state.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let state = shared.clone();
                thread::spawn(move || state.serve(stream));
            }
        });
        Self { address, state }
    }

    pub(crate) fn site(&self) -> Url {
        self.url("/sites/team/")
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        format!("{}{path}", self.address).parse().unwrap()
    }

    pub(crate) fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// Sign-ins that succeeded or failed.
    pub(crate) fn handshakes(&self) -> usize {
        self.state.handshakes.load(Ordering::SeqCst)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.state.seen.lock().unwrap().clone()
    }

    /// Requests other than those of the handshakes.
    pub(crate) fn real(&self) -> Vec<Seen> {
        self.seen().into_iter().filter(|seen| seen.method != "HEAD").collect()
    }
}

/// What is known of a connection.
#[derive(Default)]
struct Session {
    negotiate: Vec<u8>,
    challenge: Vec<u8>,
    signed_in: bool,
}

impl State {
    fn new(scheme: Option<&'static str>, nt_hash: [u8; 16], handler: Handler) -> Self {
        Self {
            scheme,
            nt_hash: Mutex::new(nt_hash),
            of_requests: AtomicBool::new(false),
            spread: None,
            closes: false,
            handler,
            connections: AtomicUsize::new(0),
            handshakes: AtomicUsize::new(0),
            seen: Mutex::default(),
        }
    }

    fn serve(&self, stream: TcpStream) {
        let connection = self.connections.fetch_add(1, Ordering::SeqCst);
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut stream = stream;
        let mut sessions = HashMap::<usize, Session>::new();
        for turn in 0.. {
            let Some(mut seen) = read(&mut reader, &mut stream, turn) else { return };
            seen.connection = connection;
            let session = sessions.entry(self.spread.map_or(0, |spread| spread(turn))).or_default();
            let challenge = self.sign_in(&seen, session);
            seen.signed_in = session.signed_in;
            session.signed_in &= !self.of_requests.load(Ordering::SeqCst);
            let refused = challenge.is_some();
            let mut reply = match challenge {
                None => (self.handler)(&seen),
                Some(challenge) => Reply::new(401, "<html>401 UNAUTHORIZED</html>").with("WWW-Authenticate", challenge),
            };
            reply.hang_up |= self.closes && refused;
            if self.spread.is_some() {
                reply = reply.with("Via", "1.1 scatterer");
            }
            if reply.forget {
                *session = Session::default();
                reply.headers.push(("WWW-Authenticate".into(), self.scheme.unwrap().into()));
            }
            seen.status = reply.status;
            let head = seen.method == "HEAD";
            self.seen.lock().unwrap().push(seen);
            if write(&mut stream, &reply, head).is_err() || reply.hang_up {
                return;
            }
        }
    }

    /// What is asked for, if anything.
    fn sign_in(&self, seen: &Seen, session: &mut Session) -> Option<String> {
        let scheme = self.scheme?;
        let header = seen.header("authorization");
        let Some(token) = header.strip_prefix(scheme).map(|token| STANDARD.decode(token.trim()).unwrap()) else {
            return (!session.signed_in).then(|| scheme.to_owned());
        };
        assert_eq!(&token[..8], b"NTLMSSP\0");
        let may_have_content = token[8] == 3 && self.of_requests.load(Ordering::SeqCst);
        assert!(seen.size == 0 || may_have_content, "a message of the handshake comes with content");
        match token[8] {
            1 => {
                *session = Session { negotiate: token, challenge: challenge(), signed_in: false };
                Some(format!("{scheme} {}", STANDARD.encode(&session.challenge)))
            }
            3 => {
                self.handshakes.fetch_add(1, Ordering::SeqCst);
                let Session { negotiate, challenge, .. } = std::mem::take(session);
                assert!(
                    !challenge.is_empty() || self.spread.is_some(),
                    "an answer on a connection without a challenge"
                );
                let nt_hash = *self.nt_hash.lock().unwrap();
                session.signed_in = !challenge.is_empty() && verify(&nt_hash, &negotiate, &challenge, &token);
                (!session.signed_in).then(|| scheme.to_owned())
            }
            other => panic!("a message of type {other}"),
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>, stream: &mut TcpStream, turn: usize) -> Option<Seen> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|&size| size > 0)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    assert_eq!(words.next(), Some("HTTP/1.1"));
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => drop(headers.insert(name.to_ascii_lowercase(), value.trim().to_owned())),
            None => break,
        }
    }
    assert!(headers.contains_key("host"));
    if target == "/never" {
        while stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").is_ok() {
            thread::sleep(Duration::from_millis(1));
        }
        return None;
    }
    let size = headers.get("content-length").map_or(0, |size| size.parse().unwrap());
    if target == "/early" {
        write(stream, &Reply::new(200, "early"), false).ok()?;
        thread::sleep(Duration::from_secs(4));
        return None;
    }
    // Of long contents the beginning is kept.
    let mut body = vec![0; size.min(1 << 16)];
    reader.read_exact(&mut body).ok()?;
    let mut left = (size - body.len()) as u64;
    let mut rest = vec![0; 1 << 16];
    while left > 0 {
        let step = rest.len().min(left as usize);
        reader.read_exact(&mut rest[..step]).ok()?;
        left -= step as u64;
    }
    Some(Seen { connection: 0, turn, method, target, headers, size, body, signed_in: false, status: 0 })
}

fn write(stream: &mut TcpStream, reply: &Reply, head: bool) -> std::io::Result<()> {
    if let Some(raw) = &reply.raw {
        return stream.write_all(raw);
    }
    let mut text = format!("HTTP/1.1 {} X\r\nContent-Length: {}\r\n", reply.status, reply.body.len());
    for (name, value) in &reply.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    let mut bytes = text.into_bytes();
    if !head {
        bytes.extend_from_slice(&reply.body);
    }
    stream.write_all(&bytes)
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A challenge ([MS-NLMP] 2.2.1.2) with the names of the server and the time.
fn challenge() -> Vec<u8> {
    static NEXT: AtomicUsize = AtomicUsize::new(0x5eed);
    let nonce = (NEXT.fetch_add(1, Ordering::SeqCst) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let name = wide("FARM");
    let mut info = Vec::new();
    for (id, value) in [(2_u16, &name[..]), (1, &name), (7, &133_500_000_000_000_000_u64.to_le_bytes()), (0, &[])] {
        info.extend(id.to_le_bytes());
        info.extend((value.len() as u16).to_le_bytes());
        info.extend(value);
    }
    let field = |size: usize, offset: usize| {
        [&(size as u16).to_le_bytes()[..], &(size as u16).to_le_bytes(), &(offset as u32).to_le_bytes()].concat()
    };
    let mut message = b"NTLMSSP\0\x02\0\0\0".to_vec();
    message.extend(field(name.len(), 56));
    message.extend(0xa289_8205_u32.to_le_bytes());
    message.extend(nonce.to_le_bytes());
    message.extend([0; 8]);
    message.extend(field(info.len(), 56 + name.len()));
    message.extend([10, 0, 0, 0, 0, 0, 0, 15]);
    message.extend(name);
    message.extend(info);
    message
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Md5>::new_from_slice(key).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

/// Checks the response of version 2 and the integrity code ([MS-NLMP] 3.3.2, 3.1.5.1.2).
fn verify(nt_hash: &[u8], negotiate: &[u8], challenge: &[u8], message: &[u8]) -> bool {
    let field = |at: usize| {
        let size = usize::from(u16::from_le_bytes([message[at], message[at + 1]]));
        let offset = u32::from_le_bytes(message[at + 4..at + 8].try_into().unwrap()) as usize;
        &message[offset..offset + size]
    };
    let (response, domain, user) = (field(20), field(28), field(36));
    assert_eq!((domain, user), (&wide(DOMAIN)[..], &wide(USER)[..]));
    let key = hmac(nt_hash, &[&wide(&USER.to_uppercase()), domain]);
    let (proof, temp) = response.split_at(16);
    if hmac(&key, &[&challenge[24..32], temp]) != proof {
        return false;
    }
    let session = hmac(&key, &[proof]);
    let mut blank = message.to_vec();
    blank[72..88].fill(0);
    assert_eq!(hmac(&session, &[negotiate, challenge, &blank]), &message[72..88], "the integrity code");
    true
}
