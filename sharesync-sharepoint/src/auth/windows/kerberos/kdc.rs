//! Talking to the domain controllers (KDC) over TCP (RFC 4120, section 7.2.2): a message and its length, in both directions.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sharesync_core::http::{TransportError, TransportErrorKind};
use sharesync_core::{Error, ErrorKind, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

use super::super::mechanism::failed;

/// How long one of them may take for an answer, the connection included.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest answer that is read. Tickets of Windows have up to 64 KiB.
const LONGEST: usize = 128 << 10;

/// The port of Kerberos.
const PORT: u16 = 88;

/// The domain controllers of one realm.
#[derive(Debug)]
pub(super) struct Kdc {
    addresses: Vec<String>,
    /// The one that answered last.
    preferred: AtomicUsize,
}

impl Kdc {
    /// Takes their addresses: a name or an IP address, with a port where it is not 88.
    pub(super) fn new(addresses: &[String]) -> Result<Self> {
        let addresses = addresses.iter().map(|address| normal(address)).collect::<Result<Vec<_>>>()?;
        if addresses.is_empty() {
            return Err(Error::new(ErrorKind::Config, "Kerberos needs the address of a domain controller (KDC)"));
        }
        Ok(Self { addresses, preferred: AtomicUsize::new(0) })
    }

    /// Sends a message to the first of them that answers.
    pub(super) async fn ask(&self, message: &[u8]) -> Result<Vec<u8>, TransportError> {
        let count = self.addresses.len();
        let first = self.preferred.load(Ordering::Relaxed);
        let mut failures = Vec::new();
        for index in (0..count).map(|turn| (first + turn) % count) {
            let Some(address) = self.addresses.get(index) else { continue };
            let answer = timeout(PATIENCE, exchange(address, message)).await;
            match answer.unwrap_or_else(|_| Err(io::Error::other("it takes too long"))) {
                Ok(answer) => {
                    self.preferred.store(index, Ordering::Relaxed);
                    return Ok(answer);
                }
                Err(error) => failures.push(format!("{address}: {error}")),
            }
        }
        let why = format!("no answer of a domain controller (KDC): {}", failures.join("; "));
        Err(failed(TransportErrorKind::Connect, why))
    }
}

/// An address as the system resolves it.
fn normal(address: &str) -> Result<String> {
    let wrong = || Error::new(ErrorKind::Config, format!("{address:?} is no address of a domain controller (KDC)"));
    let bare = address.trim().trim_start_matches("tcp://").trim_end_matches('/');
    let url = Url::parse(&format!("tcp://{bare}")).map_err(|_| wrong())?;
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(wrong)?;
    let understood = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    match understood == bare {
        true => Ok(format!("{host}:{}", url.port().unwrap_or(PORT))),
        false => Err(wrong()),
    }
}

async fn exchange(address: &str, message: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address).await?;
    let size = u32::try_from(message.len()).map_err(io::Error::other)?;
    stream.write_all(&[&size.to_be_bytes(), message].concat()).await?;
    let size = stream.read_u32().await? as usize;
    if size == 0 || size > LONGEST {
        return Err(io::Error::other("it does not speak Kerberos"));
    }
    let mut answer = vec![0; size];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_port_or_that_of_kerberos() {
        for (given, expected) in [
            ("dc1.corp.example.com", "dc1.corp.example.com:88"),
            ("dc1:750", "dc1:750"),
            ("tcp://dc1:88/", "dc1:88"),
            ("127.0.0.1", "127.0.0.1:88"),
            ("[::1]:1088", "[::1]:1088"),
        ] {
            assert_eq!(normal(given).unwrap(), expected);
        }
        for given in ["", "dc1/path", "dc1:port", "https://dc1", "user@dc1", "dc1?x", ":88"] {
            assert_eq!(normal(given).unwrap_err().kind(), ErrorKind::Config, "{given}");
        }
        assert!(Kdc::new(&[]).is_err());
    }
}
