//! Lists in answers of JSON, decoded entry by entry as they arrive. What stands beside the list is kept as a document of
//! its own, in which the list is empty.
//!
//! Of no list more is believed than was asked for, and none may take more memory than [`LIST_MEMORY`]: entries are weighed
//! before they are decoded, because a few bytes of text can become a thousand.

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::de::{DeserializeOwned, IgnoredAny};

use super::json::{Scan, weight};
use super::response::{decode_json, shape};
use crate::transfer::{Source as _, SpoolSource};
use crate::{BoxStream, Error, ErrorKind, Result};

/// Bytes of memory that the entries of one list may take together: of one response, and of all pages where a call gathers
/// them. Lists read at the same time take as much each; [`HttpConfig::concurrency`](super::HttpConfig::concurrency) bounds
/// how many these are.
pub const LIST_MEMORY: usize = 48 << 20;

/// Bytes of memory that one entry may take.
const ENTRY_MEMORY: usize = 8 << 20;

/// Bytes of memory that what stands beside a list may take.
const BESIDE_MEMORY: usize = 1 << 20;

/// A list that grows holds its old entries and its new ones for a moment, and room for as many more.
const GROWTH: usize = 3;

/// What the first fields of a map take, which has room for several at once.
const MAP: usize = 1024;

/// Objects around a list whose names are looked at.
const DEEPEST: usize = 4;

/// Bytes read at a time of a list that was put aside.
const STEP: usize = 64 << 10;

/// The places where a list may stand, each by the names of the fields that lead to it from the outermost object; no names
/// stand for a document that is the list itself.
pub type Places = &'static [&'static [&'static str]];

/// A list in an answer, and how much of it is believed.
#[derive(Debug, Clone, Copy)]
pub struct JsonList {
    places: Places,
    asked: Option<u64>,
    object: usize,
}

impl JsonList {
    /// A list in one of these places. The first one found is it.
    pub const fn at(places: Places) -> Self {
        Self { places, asked: None, object: MAP }
    }

    /// Says how many entries were asked for: more are refused.
    #[must_use]
    pub const fn asked(self, entries: Option<u64>) -> Self {
        Self { asked: entries, ..self }
    }

    /// Says how many bytes an object within an entry takes at most besides its texts: the size of the largest type that one
    /// is decoded as. 1024 unless set, which is enough for objects that are kept as JSON.
    #[must_use]
    pub const fn with_object_size(self, bytes: usize) -> Self {
        let object = if bytes > self.object { bytes } else { self.object };
        Self { object, ..self }
    }
}

/// Decodes a list as it arrives: its entries, and the document without them. Whether the document is sound is found by
/// decoding it ([`decode_json`]), which must not be left out.
///
/// # Errors
/// [`ErrorKind::Protocol`] with the path of what does not fit. [`ErrorKind::TooLarge`] when there are more entries than were
/// asked for, more than `limit` bytes in all, or when the entries would take more memory than [`LIST_MEMORY`].
pub async fn json_list<T: DeserializeOwned>(
    mut body: BoxStream<'static, Result<Bytes>>,
    list: JsonList,
    limit: usize,
) -> Result<(Vec<T>, Bytes)> {
    let mut splitter = Splitter::new(list, Some(GROWTH * size_of::<T>()));
    let (mut entries, mut length) = (Vec::new(), 0_usize);
    while let Some(piece) = body.try_next().await? {
        length = length.saturating_add(piece.len());
        if length > limit {
            return Err(too_large(format!("the list is longer than {limit} bytes: ask for fewer entries at a time")));
        }
        splitter.feed(&piece, &mut |entry| {
            entries.push(entry.decode()?);
            Ok(())
        })?;
    }
    Ok((entries, splitter.finish()?))
}

/// A list of any number of entries, put aside: a short one in memory, a longer one in a temporary file. For services
/// without pages, whose lists must not be refused for their length.
#[derive(Debug, Clone)]
pub struct SpooledList {
    source: SpoolSource,
    list: JsonList,
    count: u64,
}

impl SpooledList {
    /// Reads a list to its end: it, and the document without its entries, as [`json_list`] gives it. Entries are not decoded
    /// yet.
    ///
    /// # Errors
    /// As [`json_list`], but for those of single entries; [`ErrorKind::Io`] when the temporary file fails.
    pub async fn read(body: BoxStream<'static, Result<Bytes>>, list: JsonList, limit: usize) -> Result<(Self, Bytes)> {
        let mut splitter = Splitter::new(list, None);
        let mut count = 0;
        let pieces = body.map(|piece| {
            let read = piece.and_then(|piece| {
                splitter.feed(&piece, &mut |_| {
                    count += 1;
                    Ok(())
                })?;
                Ok(piece)
            });
            read.map_err(std::io::Error::other)
        });
        let source = SpoolSource::from_stream(pieces, limit as u64).await?;
        Ok((Self { source, list, count }, splitter.finish()?))
    }

    /// How many entries it has.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The entries, some at a time.
    ///
    /// # Errors
    /// [`ErrorKind::Protocol`] with the path of what does not fit.
    pub fn entries<T: DeserializeOwned + Send + 'static>(self) -> BoxStream<'static, Result<Vec<T>>> {
        let begin = (self.source, 0_u64, Splitter::new(self.list, None));
        let batches = stream::try_unfold(begin, |(source, at, mut splitter)| async move {
            let piece = source.read_at(at, STEP).await?;
            if piece.is_empty() {
                return Ok(None);
            }
            let mut entries = Vec::new();
            splitter.feed(&piece, &mut |entry| {
                entries.push(entry.decode()?);
                Ok(())
            })?;
            Ok::<_, Error>(Some((entries, (source, at + piece.len() as u64, splitter))))
        });
        batches.try_filter(|entries| std::future::ready(!entries.is_empty())).boxed()
    }
}

/// Takes entries out of a document that arrives in pieces.
#[derive(Debug)]
struct Splitter {
    list: JsonList,
    /// What an entry takes besides its content, if it is kept.
    kept: Option<usize>,
    scan: Scan,
    /// Open objects and arrays: within the list those of the entry, beside it those of the document.
    depth: usize,
    /// The fields that the outermost open objects are at.
    path: Vec<String>,
    stage: Stage,
    /// The document without the entries.
    beside: Vec<u8>,
    beside_weight: usize,
    /// What has arrived of the entry whose end has not.
    entry: Vec<u8>,
    entry_weight: usize,
    entries: u64,
    entries_weight: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Before,
    Within,
    After,
}

/// An entry as it stands in the document.
struct Entry<'a> {
    number: u64,
    path: &'a [String],
    text: &'a [u8],
}

type Take<'a> = &'a mut dyn FnMut(Entry<'_>) -> Result<()>;

impl Splitter {
    fn new(list: JsonList, kept: Option<usize>) -> Self {
        Self {
            list,
            kept,
            scan: Scan::default(),
            depth: 0,
            path: Vec::new(),
            stage: Stage::Before,
            beside: Vec::new(),
            beside_weight: 0,
            entry: Vec::new(),
            entry_weight: 0,
            entries: 0,
            entries_weight: 0,
        }
    }

    fn feed(&mut self, mut piece: &[u8], take: Take<'_>) -> Result<()> {
        while !piece.is_empty() {
            let read = if self.stage == Stage::Within { self.within(piece, take)? } else { self.beside(piece)? };
            piece = piece.get(read..).unwrap_or_default();
        }
        Ok(())
    }

    fn finish(self) -> Result<Bytes> {
        Ok(self.beside.into())
    }

    /// Reads entries, up to the end of the list; how many bytes that is.
    fn within(&mut self, piece: &[u8], take: Take<'_>) -> Result<usize> {
        let (mut at, mut begin) = (0, 0);
        while let Some((mark, length)) = self.scan.next(piece.get(at..).unwrap_or_default()) {
            at += length;
            let ends = self.depth == 0 && matches!(mark, b',' | b']');
            if ends {
                self.end_of_entry(piece.get(begin..at - 1).unwrap_or_default(), mark == b']', take)?;
                begin = at;
            } else {
                let object = if self.depth == 0 { MAP } else { self.list.object };
                self.entry_weight += weight(mark, object);
            }
            match mark {
                b']' if ends => {
                    self.stage = Stage::After;
                    self.depth = self.path.len();
                    self.keep_beside(b"]", b']')?;
                    return Ok(at);
                }
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
        self.entry.extend_from_slice(piece.get(begin..).unwrap_or_default());
        self.check_entry(self.entry.len())?;
        Ok(piece.len())
    }

    /// An entry whose last bytes these are, or the end of a list without entries.
    fn end_of_entry(&mut self, rest: &[u8], last: bool, take: Take<'_>) -> Result<()> {
        let mut joined = std::mem::take(&mut self.entry);
        let text = if joined.is_empty() {
            rest
        } else {
            joined.extend_from_slice(rest);
            &joined
        };
        if last && self.entries == 0 && text.trim_ascii().is_empty() {
            return Ok(());
        }
        self.check_entry(text.len())?;
        if self.list.asked.is_some_and(|asked| self.entries >= asked) {
            let asked = self.list.asked.unwrap_or_default();
            return Err(too_large(format!("the service sends more than the {asked} entries that were asked for")));
        }
        if let Some(kept) = self.kept {
            self.entries_weight += kept + self.entry_weight + text.len();
            if self.entries_weight > LIST_MEMORY {
                let most = LIST_MEMORY >> 20;
                let message =
                    format!("the list would take more than {most} MiB of memory: ask for fewer entries at a time");
                return Err(too_large(message));
            }
        }
        self.entry_weight = 0;
        take(Entry { number: self.entries, path: &self.path, text })?;
        self.entries += 1;
        joined.clear();
        self.entry = joined;
        Ok(())
    }

    fn check_entry(&self, length: usize) -> Result<()> {
        if length + self.entry_weight <= ENTRY_MEMORY {
            return Ok(());
        }
        let most = ENTRY_MEMORY >> 20;
        Err(too_large(format!("entry {} of the list would take more than {most} MiB of memory", self.entries)))
    }

    /// Reads up to the next mark beside the list; how many bytes that is.
    fn beside(&mut self, piece: &[u8]) -> Result<usize> {
        let Some((mark, length)) = self.scan.next(piece) else {
            self.keep_beside(piece, b' ')?;
            return Ok(piece.len());
        };
        let text = piece.get(..length).unwrap_or_default();
        match mark {
            b'{' => self.open(""),
            b'[' if self.begins(text) => (self.stage, self.depth) = (Stage::Within, 0),
            b'[' => self.open("[]"),
            b'}' | b']' => self.close(),
            _ => {}
        }
        self.keep_beside(text, mark)?;
        if mark == b':'
            && let Some(field) = self.depth.checked_sub(1)
            && let Some(name) = self.path.get_mut(field)
        {
            name.clear();
            name.push_str(last_name(&self.beside));
        }
        Ok(length)
    }

    fn keep_beside(&mut self, text: &[u8], mark: u8) -> Result<()> {
        self.beside.extend_from_slice(text);
        self.beside_weight += text.len() + weight(mark, self.list.object);
        if self.beside_weight <= BESIDE_MEMORY {
            return Ok(());
        }
        // That it is no JSON at all says more than that it is long.
        match decode_json::<IgnoredAny>(&self.beside) {
            Err(error) if error.kind() == ErrorKind::Protocol => Err(error),
            _ => Err(too_large("what stands beside the list takes more than 1 MiB of memory")),
        }
    }

    fn open(&mut self, name: &str) {
        if self.depth < DEEPEST {
            self.path.push(name.to_owned());
        }
        self.depth += 1;
    }

    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.path.truncate(self.depth);
    }

    /// Whether the array that begins after this text is the list.
    fn begins(&self, text: &[u8]) -> bool {
        let is_place = |place: &&[&str]| place.len() == self.depth && place.iter().eq(&self.path);
        // A byte order mark may have arrived in pieces. Whether it is whole, is found where the document is decoded.
        let passed_over = |byte: &u8| byte.is_ascii_whitespace() || b"\xEF\xBB\xBF".contains(byte);
        let first = self.beside.iter().chain(text).find(|byte| !passed_over(byte));
        let is_json = first.is_some_and(|first| matches!(first, b'{' | b'['));
        self.stage == Stage::Before && is_json && self.list.places.iter().any(is_place)
    }
}

/// The name before a colon at the end of a text; nothing if there is none.
fn last_name(text: &[u8]) -> &str {
    let name = text.strip_suffix(b":").unwrap_or(text).trim_ascii_end().strip_suffix(b"\"").unwrap_or_default();
    let is_escaped = |quote: usize| {
        let before = name.get(..quote).unwrap_or_default();
        before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
    };
    let begin =
        memchr::memrchr_iter(b'"', name).find(|quote| !is_escaped(*quote)).map_or(name.len(), |quote| quote + 1);
    std::str::from_utf8(name.get(begin..).unwrap_or_default()).unwrap_or_default()
}

impl Entry<'_> {
    fn decode<T: DeserializeOwned>(&self) -> Result<T> {
        // To note the path costs as much as a third of the decoding: only an error needs it.
        if let Ok(entry) = serde_json::from_slice(self.text) {
            return Ok(entry);
        }
        let at = |path: &str| {
            let path = if path == "." { String::new() } else { format!(".{path}") };
            format!("at {}[{}]{path}", self.path.join("."), self.number)
        };
        let mut deserializer = serde_json::Deserializer::from_slice(self.text);
        let decoded = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            let at = at(&error.path().to_string());
            match error.inner().is_data() {
                true => protocol(format!("JSON that does not fit {at}: {}", shape(error.inner()))),
                false => protocol(format!("a body that is no JSON {at}, column {}", error.inner().column())),
            }
        })?;
        deserializer
            .end()
            .map_err(|error| protocol(format!("a body that is no JSON {}, column {}", at("."), error.column())))?;
        Ok(decoded)
    }
}

fn protocol(message: String) -> Error {
    Error::new(ErrorKind::Protocol, message)
}

fn too_large(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::TooLarge, message)
}

#[cfg(test)]
#[path = "list_tests.rs"]
mod tests;
