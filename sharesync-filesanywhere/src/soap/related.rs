//! Envelopes within `multipart/related` (RFC 2387), as services with MTOM send them (XOP 1.0, section 4.1).
//!
//! FAWAPI's document says of uploads that they "use MTOM"; no answer of that form is documented. The envelope is the root part. Other
//! parts would hold what the envelope refers to (`xop:Include`): such a reference is refused where it stands, because no answer has
//! contents that come in them.

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use memchr::memmem::Finder;
use sharesync_core::http::{Charset, MediaType, Response, UnreadableCharset};
use sharesync_core::{BoxStream, Error, ErrorKind, Result};

use crate::PROVIDER;
use crate::error::check_type;

/// Bytes of the headers of a part, and of all that may come before the root part.
const LONGEST_HEAD: usize = 8 << 10;
const MOST_BEFORE: usize = 1 << 20;

/// The longest boundary (RFC 2046, section 5.1.1).
const LONGEST_BOUNDARY: usize = 70;

const LINE_END: &[u8] = b"\r\n";
const HEAD_END: &[u8] = b"\r\n\r\n";

/// The envelope of an answer as it arrives, alone or as the root part. A page is refused before it is read.
pub(crate) fn envelope(response: Response) -> Result<BoxStream<'static, Result<Bytes>>> {
    check_type(&response)?;
    let media_type = MediaType::of(response.headers());
    if !is_multipart(&media_type) {
        return Ok(response.in_known_charset()?.into_stream());
    }
    let root = RootPart::new(&media_type)?;
    // Within the envelope, an error says where.
    let parts = stream::try_unfold((root, response.into_stream()), |(mut root, mut body)| async move {
        while !root.has_ended() {
            let Some(piece) = body.try_next().await? else { return Err(broken_off()) };
            let found = root.feed(&piece)?;
            if !found.is_empty() {
                return Ok(Some((Bytes::from(found), (root, body))));
            }
        }
        Ok(None)
    });
    Ok(parts.boxed())
}

/// The envelope of an answer that is at hand; `None` when it cannot be found.
pub(crate) fn envelope_in(media_type: &MediaType, body: &[u8]) -> Option<Vec<u8>> {
    if !is_multipart(media_type) {
        return Some(body.to_vec());
    }
    let mut root = RootPart::new(media_type).ok()?;
    let found = root.feed(body).ok()?;
    root.has_ended().then_some(found)
}

fn is_multipart(media_type: &MediaType) -> bool {
    media_type.essence().starts_with("multipart/")
}

/// Cuts the root part out of a body that arrives in pieces.
struct RootPart {
    /// What ends a part: a line end, two dashes, and the boundary.
    delimiter: Finder<'static>,
    /// The `Content-ID` of the root; the first part where none is named.
    start: Option<String>,
    window: Vec<u8>,
    /// Bytes that have gone by before the root.
    before: usize,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first part, or in one that is not the root.
    Outside,
    /// Behind a delimiter.
    Head,
    Root(Charset),
    Ended,
}

impl RootPart {
    fn new(media_type: &MediaType) -> Result<Self> {
        if media_type.essence() != "multipart/related" {
            let came = media_type.essence().chars().filter(|c| !c.is_control()).take(60).collect::<String>();
            return Err(refused(format!(
                "an answer of the type {came}, where an envelope or multipart/related is read"
            )));
        }
        let boundary = media_type.parameter("boundary").filter(|text| (1..=LONGEST_BOUNDARY).contains(&text.len()));
        let boundary = boundary.ok_or_else(|| refused("multipart/related without a boundary"))?;
        Ok(Self {
            delimiter: Finder::new(format!("\r\n--{boundary}").as_bytes()).into_owned(),
            start: media_type.parameter("start").map(str::to_owned),
            // The first delimiter may stand at the very beginning.
            window: LINE_END.to_vec(),
            before: 0,
            state: State::Outside,
        })
    }

    fn has_ended(&self) -> bool {
        self.state == State::Ended
    }

    /// Reads the next piece: what of the root part is in it.
    fn feed(&mut self, piece: &[u8]) -> Result<Vec<u8>> {
        self.window.extend_from_slice(piece);
        let mut found = Vec::new();
        loop {
            match self.state {
                State::Outside | State::Root(_) => {
                    let end = self.delimiter.find(&self.window);
                    // What may be the beginning of a delimiter waits.
                    let most = self.window.len().saturating_sub(self.delimiter.needle().len() - 1);
                    let passed: Vec<u8> = self.window.drain(..end.unwrap_or(most)).collect();
                    match self.state {
                        State::Root(charset) => {
                            charset.check(&passed).map_err(unreadable)?;
                            found.extend(passed);
                        }
                        _ => self.pass(passed.len())?,
                    }
                    if end.is_none() {
                        return Ok(found);
                    }
                    self.window.drain(..self.delimiter.needle().len());
                    self.state = if self.state == State::Outside { State::Head } else { State::Ended };
                }
                State::Head => {
                    if self.window.starts_with(b"--") {
                        return Err(refused("multipart/related without the part that is its root"));
                    }
                    let end = memchr::memmem::find(&self.window, HEAD_END);
                    if end.unwrap_or(self.window.len()) > LONGEST_HEAD {
                        return Err(refused("multipart/related with too long headers of a part"));
                    }
                    let Some(end) = end else { return Ok(found) };
                    // The end of the last header may be that of the delimiter's line.
                    let head: Vec<u8> = self.window.drain(..end + HEAD_END.len()).collect();
                    self.pass(head.len())?;
                    self.state = self.part(&String::from_utf8_lossy(&head))?;
                }
                State::Ended => {
                    self.window.clear();
                    return Ok(found);
                }
            }
        }
    }

    fn pass(&mut self, bytes: usize) -> Result<()> {
        self.before = self.before.saturating_add(bytes);
        match self.before > MOST_BEFORE {
            true => Err(refused("multipart/related with too much before its root")),
            false => Ok(()),
        }
    }

    /// What a part with these headers is.
    fn part(&self, head: &str) -> Result<State> {
        let header = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(':'));
            lines.find(|(other, _)| other.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
        };
        if self.start.as_deref().is_some_and(|start| header("content-id") != Some(start)) {
            return Ok(State::Outside);
        }
        let media_type = header("content-type").map(MediaType::read).unwrap_or_default();
        if !(media_type.essence().is_empty() || media_type.is_xml()) {
            return Err(refused("multipart/related whose root is no XML"));
        }
        let coding = header("content-transfer-encoding").unwrap_or("binary").to_ascii_lowercase();
        if !matches!(coding.as_str(), "7bit" | "8bit" | "binary") {
            return Err(refused(
                "multipart/related whose root has a transfer encoding: 7bit, 8bit and binary are read",
            ));
        }
        media_type.charset().map(State::Root).map_err(unreadable)
    }
}

fn refused(why: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Protocol, why).with_provider(PROVIDER)
}

fn unreadable(error: UnreadableCharset) -> Error {
    error.into_error().with_provider(PROVIDER)
}

fn broken_off() -> Error {
    Error::new(ErrorKind::Network, "multipart/related that breaks off").with_provider(PROVIDER)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/related; type=\"application/xop+xml\"; boundary=\"-b'1\"; start-info=\"text/xml\"";

    /// What is cut out of a body that comes in pieces of a length.
    fn cut(media_type: &str, body: &str, step: usize) -> Result<Option<String>> {
        let mut root = RootPart::new(&MediaType::read(media_type))?;
        let mut found = Vec::new();
        for piece in body.as_bytes().chunks(step) {
            found.extend(root.feed(piece)?);
        }
        Ok(root.has_ended().then(|| String::from_utf8(found).unwrap()))
    }

    fn every_step(media_type: &str, body: &str) -> Option<String> {
        let whole = cut(media_type, body, body.len()).unwrap();
        for step in 1..body.len() {
            assert_eq!(cut(media_type, body, step).unwrap(), whole, "in pieces of {step}");
        }
        whole
    }

    #[test]
    fn the_root_is_cut_out_wherever_it_stands() {
        let head = "Content-Type: application/xop+xml; charset=UTF8; type=\"text/xml\"\r\nContent-ID: <root>\r\n";
        let first = format!("---b'1\r\n{head}\r\n<a>\r\n--x</a>\r\n---b'1\r\n\r\nother\r\n---b'1--\r\n");
        assert_eq!(every_step(TYPE, &first).as_deref(), Some("<a>\r\n--x</a>"));
        let bare = "preamble\r\n---b'1 \r\n\r\n<a/>\r\n---b'1--";
        assert_eq!(every_step(TYPE, bare).as_deref(), Some("<a/>"));
        let second = format!("---b'1\r\nContent-ID: <x>\r\n\r\nother\r\n---b'1\r\n{head}\r\n<a/>\r\n---b'1--");
        assert_eq!(every_step(&format!("{TYPE}; start=\"<root>\""), &second).as_deref(), Some("<a/>"));
        assert_eq!(every_step(TYPE, "---b'1\r\n\r\n<a/>"), None, "it breaks off");
    }

    #[test]
    fn what_is_not_read_says_so() {
        let part = |head: &str| format!("---b'1\r\n{head}\r\n\r\n<a>\u{e4}</a>\r\n---b'1--");
        let long = part(&format!("X: {}", "x".repeat(LONGEST_HEAD)));
        let preamble = format!("{}{}", "x".repeat(MOST_BEFORE + 100), part("X: y"));
        for (media_type, body, why) in [
            ("multipart/mixed; boundary=b", String::new(), "of the type multipart/mixed"),
            ("multipart/related", String::new(), "without a boundary"),
            (TYPE, "---b'1--".into(), "without the part that is its root"),
            (TYPE, long, "too long headers of a part"),
            (TYPE, preamble, "too much before its root"),
            (TYPE, part("Content-Type: image/png"), "root is no XML"),
            (TYPE, part("Content-Type: text/xml; charset=latin1"), "declares the charset latin1"),
            (TYPE, part("Content-Type: text/xml; charset=us-ascii"), "declares US-ASCII"),
            (TYPE, part("Content-Transfer-Encoding: base64"), "7bit, 8bit and binary are read"),
        ] {
            for step in [7, 4096, usize::MAX] {
                let error = cut(media_type, &body, step).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
                assert!(error.to_string().contains(why), "{error}");
            }
        }
    }
}
