//! How long a list of 100,000 children takes to decode: as a whole, and entry by entry as it arrives.
//!
//! ```text
//! cargo run --release -p sharesync-core --no-default-features --example list_speed
//! ```
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement prints, and a panic is how it fails")]

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures::{FutureExt as _, StreamExt as _, stream};
use serde::Deserialize;
use sharesync_core::http::{JsonList, decode_json, json_list};
use sharesync_core::{BoxStream, Extra, Result};

/// An entry as providers describe it, with what is unknown kept.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(dead_code, reason = "only the time of decoding matters")]
struct Child {
    id: String,
    name: String,
    creation_date: Option<String>,
    file_size_bytes: Option<u64>,
    hash: Option<String>,
    #[serde(flatten)]
    extra: Extra,
}

#[derive(Debug, Deserialize)]
struct Feed {
    value: Vec<Child>,
}

const PAGES: usize = 100;
const ENTRIES: usize = 1000;
/// Bytes that arrive at once.
const PIECE: usize = 16 << 10;

fn page() -> Bytes {
    let entry = |number| {
        format!(
            r#"{{"odata.type":"ShareFile.Api.Models.File","Id":"fi{number:036}","Name":"file-{number:06}.txt","FileName":"file-{number:06}.txt","CreationDate":"2026-01-02T03:04:05.67Z","FileSizeBytes":{number},"Hash":"0cc175b9c0f1b6a831c399e269772661","StreamID":"st{number:036}"}}"#
        )
    };
    let entries: Vec<_> = (0..ENTRIES).map(entry).collect();
    format!(r#"{{"odata.count":{ENTRIES},"value":[{}]}}"#, entries.join(",")).into()
}

fn body(page: &Bytes) -> BoxStream<'static, Result<Bytes>> {
    let page = page.clone();
    let starts = (0..page.len()).step_by(PIECE);
    stream::iter(starts.map(move |at| Ok(page.slice(at..page.len().min(at + PIECE))))).boxed()
}

fn as_a_whole(page: &Bytes) -> usize {
    let mut pieces = body(page);
    let mut whole = BytesMut::new();
    while let Some(piece) = pieces.next().now_or_never().unwrap() {
        whole.extend_from_slice(&piece.unwrap());
    }
    serde_json::from_slice::<Feed>(&whole).unwrap().value.len()
}

fn as_it_arrives(page: &Bytes) -> usize {
    let list = JsonList::at(&[&["value"]]).asked(Some(ENTRIES as u64));
    let (entries, beside) = json_list::<Child>(body(page), list, 64 << 20).now_or_never().unwrap().unwrap();
    decode_json::<Feed>(&beside).unwrap();
    entries.len()
}

/// The shortest of several runs, which others disturb the least.
fn time(page: &Bytes, decode: fn(&Bytes) -> usize) -> Duration {
    let run = || {
        let began = Instant::now();
        let entries: usize = (0..PAGES).map(|_| decode(page)).sum();
        assert_eq!(entries, PAGES * ENTRIES);
        began.elapsed()
    };
    (0..7).map(|_| run()).min().unwrap()
}

fn main() {
    let page = page();
    let (whole, arriving) = (time(&page, as_a_whole), time(&page, as_it_arrives));
    println!("{} entries as a whole:     {whole:?}", PAGES * ENTRIES);
    println!("{} entries as they arrive: {arriving:?}", PAGES * ENTRIES);
    println!("ratio {:.2}", arriving.as_secs_f64() / whole.as_secs_f64());
}
