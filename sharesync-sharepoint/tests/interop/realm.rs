//! A realm of Kerberos: the domain controller of MIT with a database of its own, as an ordinary process on a loopback port.

use std::ffi::OsStr;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::PASSWORD;

pub(crate) const REALM: &str = "EXAMPLE.TEST";

const PROGRAMS: [&str; 3] = ["/usr/sbin", "/usr/bin", "/usr/local/sbin"];

/// The users, beside alice, whose password is expected: who needs no proof of it, who has a shorter key, whose tickets end
/// soon, who may not sign in, and who must change the password.
const USERS: [(&str, &[&str]); 6] = [
    ("alice", &["+requires_preauth"]),
    ("bob", &["-requires_preauth"]),
    ("carol", &["+requires_preauth", "-e", "aes128-cts-hmac-sha1-96:normal"]),
    ("dave", &["+requires_preauth", "-maxlife", "6 seconds"]),
    ("erin", &["+requires_preauth", "-allow_tix"]),
    ("frank", &["+requires_preauth", "-pwexpire", "2001-01-01"]),
];

pub(crate) struct Realm {
    process: Child,
    port: u16,
    files: TempDir,
}

impl Realm {
    pub(crate) fn start() -> Self {
        Self::with("")
    }

    /// With further lines of `[libdefaults]` for the domain controller.
    pub(crate) fn with(defaults: &str) -> Self {
        let files = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let at = files.path();
        let shown = at.display();
        fs::write(
            at.join("krb5.conf"),
            format!(
                "[libdefaults]\ndefault_realm = {REALM}\ndns_lookup_kdc = false\ndns_lookup_realm = false\nrdns = false\n\
                 dns_canonicalize_hostname = false\ndefault_keytab_name = FILE:{shown}/keytab\n\
                 default_rcache_name = file2:{shown}/seen\n{defaults}\n\
                 [realms]\n{REALM} = {{\n kdc = 127.0.0.1:{port}\n}}\n\
                 [domain_realm]\nlocalhost = {REALM}\n127.0.0.1 = {REALM}\n\
                 .other.test = OTHER.TEST\n"
            ),
        )
        .unwrap();
        fs::write(
            at.join("kdc.conf"),
            format!(
                "[kdcdefaults]\nkdc_listen = 127.0.0.1:{port}\nkdc_tcp_listen = 127.0.0.1:{port}\n\
                 [realms]\n{REALM} = {{\n database_name = {shown}/principal\n key_stash_file = {shown}/stash\n \
                 supported_enctypes = aes256-cts-hmac-sha1-96:normal aes128-cts-hmac-sha1-96:normal\n}}\n\
                 [logging]\nkdc = FILE:{shown}/log\n"
            ),
        )
        .unwrap();
        run(at, "kdb5_util", &["create", "-s", "-P", "the master"]);
        for (user, options) in USERS {
            run(at, "kadmin.local", &[&["addprinc", "-pw", PASSWORD], options, &[user]].concat());
        }
        // Services of the other realm are said to be there, to which this is the way.
        run(at, "kadmin.local", &["addprinc", "-randkey", "krbtgt/OTHER.TEST"]);
        for host in ["localhost", "127.0.0.1"] {
            let service = format!("HTTP/{host}");
            run(at, "kadmin.local", &["addprinc", "-randkey", &service]);
            run(at, "kadmin.local", &["ktadd", "-k", &format!("{shown}/keytab"), &service]);
        }
        let process = command(at, "krb5kdc").arg("-n").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let realm = Self { process, port, files };
        for _ in 0..500 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return realm;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("the domain controller does not listen");
    }

    /// Its address.
    pub(crate) fn kdc(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// What a server needs to accept its tickets.
    pub(crate) fn environment(&self) -> (&'static str, PathBuf) {
        ("KRB5_CONFIG", self.files.path().join("krb5.conf"))
    }

    /// Gives the service another key, which it has and the tickets at hand have not.
    pub(crate) fn change_key_of_service(&self) {
        let keytab = self.files.path().join("keytab");
        fs::remove_file(&keytab).unwrap();
        run(self.files.path(), "kadmin.local", &["ktadd", "-k", keytab.to_str().unwrap(), "HTTP/127.0.0.1"]);
    }

    /// How often something stands in the log of the domain controller.
    pub(crate) fn logged(&self, what: &[&str]) -> usize {
        let log = fs::read_to_string(self.files.path().join("log")).unwrap();
        log.lines().filter(|line| what.iter().all(|what| line.contains(what))).count()
    }

    /// How many tickets were issued, of the realm and of services.
    pub(crate) fn issued(&self) -> (usize, usize) {
        (self.logged(&["AS_REQ", "ISSUE"]), self.logged(&["TGS_REQ", "ISSUE"]))
    }
}

impl Drop for Realm {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn command(at: &Path, program: &str) -> Command {
    let found = PROGRAMS.iter().map(|folder| Path::new(folder).join(program)).find(|path| path.exists());
    let found = found.unwrap_or_else(|| {
        panic!(
            "{program} of MIT Kerberos is not there: `apt-get install krb5-kdc krb5-admin-server krb5-user` brings it"
        )
    });
    let mut command = Command::new(found);
    command.env("KRB5_CONFIG", at.join("krb5.conf")).env("KRB5_KDC_PROFILE", at.join("kdc.conf"));
    command
}

fn run(at: &Path, program: &str, arguments: &[impl AsRef<OsStr>]) {
    let done = command(at, program).args(arguments).output().unwrap();
    assert!(done.status.success(), "{program}: {}", String::from_utf8_lossy(&done.stderr));
}
