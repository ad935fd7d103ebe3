//! How fast a list of changes is read, beside a bare quick-xml event loop over the same bytes, and with how much memory.
//!
//! `cargo run --release -p sharesync-filesanywhere --example changelist -- file 1000000` writes a list of so many entries
//! into a temporary file, and reads it in turns: by the event loop, which looks at nothing but the names of elements, and
//! by [`SyncApi::change_list`](sharesync_filesanywhere::SyncApi::change_list), whose transport takes the answer from the
//! file. `-- held 1000000` is the event loop alone, over a document that is in memory as a whole.
//!
//! `-- server ADDRESS API_KEY ORG_ID USER PASSWORD` reads the list of a service, such as the emulator with
//! `--change-list-entries`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a program for the developers of this crate")]

use std::error::Error as StdError;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::header::CONTENT_TYPE;
use quick_xml::Reader;
use quick_xml::events::Event;
use sharesync_core::BoxStream;
use sharesync_core::http::{Transport, TransportBody, TransportError, TransportErrorKind};
use sharesync_filesanywhere::model::ChangeEntry;
use sharesync_filesanywhere::{ChangeListQuery, Client, DateTime};

type Result<T, E = Box<dyn StdError>> = std::result::Result<T, E>;

/// Bytes taken from the file at a time, by both readers.
const PIECE: usize = 64 << 10;
/// Of so many entries one is a folder.
const FOLDERS: usize = 4;
/// Rounds, of which the best counts: the machine has other work as well.
const ROUNDS: usize = 7;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["file", entries] => compare(entries.parse()?).await?,
        ["held", entries] => held(entries.parse()?)?,
        ["server", address, key, org, user, password] => {
            let client = Client::builder(key, org.parse()?).server(address).password(user, password).client()?;
            let begun = Instant::now();
            let (entries, bytes) = read(&client).await?;
            let seconds = begun.elapsed().as_secs_f64();
            println!("over HTTP: {entries} entries with {bytes} bytes of names and checksums, {seconds:.2} s");
        }
        _ => return Err("arguments: file N | held N | server ADDRESS API_KEY ORG_ID USER PASSWORD".into()),
    }
    println!("peak memory of the process: {}", peak());
    Ok(())
}

/// Reads a list of so many entries in turns.
async fn compare(entries: usize) -> Result<()> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("changelist.xml");
    let mut file = BufWriter::new(File::create(&path)?);
    let texts = write(&mut file, entries)?;
    file.into_inner()?.sync_all()?;
    let size = std::fs::metadata(&path)?.len();
    println!("{entries} entries, {:.1} MB of XML", size as f64 / 1e6);
    let transport = Arc::new(FromFile(path.clone()));
    let client = Client::builder("key", 50).server("https://files.example").token("jane", "token").transport(transport);
    let client = client.client()?;
    let (mut bare, mut whole) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let reader = Reader::from_reader(BufReader::with_capacity(PIECE, File::open(&path)?));
        assert_eq!(events(reader)?, entries);
        bare.push(rate(size, begun));
        let begun = Instant::now();
        assert_eq!(read(&client).await?, (entries, texts));
        whole.push(rate(size, begun));
    }
    let (bare, whole) = (best(bare), best(whole));
    println!("bare event loop: {bare:.0} MB/s");
    println!("change list: {whole:.0} MB/s, {:.2} of the event loop", whole / bare);
    Ok(())
}

/// The event loop over a document in memory.
fn held(entries: usize) -> Result<()> {
    let mut document = Vec::new();
    write(&mut document, entries)?;
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let mut reader = Reader::from_reader(document.as_slice());
        let mut found = 0;
        loop {
            match reader.read_event()? {
                Event::Start(tag) if is_entry(tag.name().0) => found += 1,
                Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!(found, entries);
        rates.push(rate(document.len() as u64, begun));
    }
    println!("bare event loop, document in memory: {:.0} MB/s", best(rates));
    Ok(())
}

/// The bare event loop: how many entries there are.
fn events(mut reader: Reader<BufReader<File>>) -> Result<usize> {
    let (mut buffer, mut entries) = (Vec::new(), 0);
    loop {
        match reader.read_event_into(&mut buffer)? {
            Event::Start(tag) if is_entry(tag.name().0) => entries += 1,
            Event::Eof => return Ok(entries),
            _ => {}
        }
        buffer.clear();
    }
}

fn is_entry(name: &str) -> bool {
    matches!(name, "ChangeFileItem" | "ChangeItem")
}

/// The list of changes of a client: how many entries it has, and how many bytes of names, paths and checksums.
async fn read(client: &Client) -> Result<(usize, usize)> {
    let since = DateTime::parse("2026-05-06T07:08:09").ok_or("no date")?;
    let mut list = client.sync().change_list(&ChangeListQuery::since(since)).await?;
    let (mut entries, mut texts) = (0, 0);
    while let Some(rows) = list.next().await? {
        entries += rows.len();
        for row in rows {
            texts += match row {
                ChangeEntry::File(file) => file.name.len() + file.checksum.unwrap_or_default().len(),
                ChangeEntry::Folder(folder) => folder.path.unwrap_or_default().len(),
                _ => 0,
            };
        }
    }
    list.summary().await?;
    Ok((entries, texts))
}

/// Writes an answer of so many entries; how many bytes of names, paths and checksums it has.
fn write(out: &mut impl Write, entries: usize) -> Result<usize> {
    let (folders, mut texts) = (entries / FOLDERS, 0);
    write!(
        out,
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"><soap:Body>\
         <ChangeListResponse xmlns=\"http://api.filesanywhere.com/\"><ChangeListResult><HeaderChanged>false</HeaderChanged>\
         <ChangedFileList>"
    )?;
    for number in 0..entries - folders {
        let name = format!("Quarterly report {number:09} of the Köln office, costs & income, final version.xlsx");
        let checksum = format!("{:032X}", (number as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
        texts += name.len() + checksum.len();
        let name = name.replace('&', "&amp;");
        write!(
            out,
            "<ChangeFileItem><ParentFolderID>{}</ParentFolderID><Name>{name}</Name><Size>{}</Size><Checksum>{checksum}\
             </Checksum></ChangeFileItem>",
            4_000_000 + number / 1000,
            number * 4321
        )?;
    }
    write!(out, "</ChangedFileList><ChangedFolderList>")?;
    for number in 0..folders {
        let path =
            format!("\\jane\\Projects of the year 2026\\Customer {:05} & partners\\Folder {number:09}", number / 100);
        texts += path.len();
        let path = path.replace('&', "&amp;");
        write!(
            out,
            "<ChangeItem><ItemId>{number}</ItemId><Path>{path}</Path><ActionCode>2</ActionCode>\
             <LastEventDate>2026-05-06T07:08:09.1234567-06:00</LastEventDate></ChangeItem>"
        )?;
    }
    write!(
        out,
        "</ChangedFolderList><SyncEndDate>2026-05-06T07:08:10</SyncEndDate><OffsetDate>0.5</OffsetDate><FullSync>false\
         </FullSync></ChangeListResult></ChangeListResponse></soap:Body></soap:Envelope>"
    )?;
    Ok(texts)
}

/// Answers every request with a file.
#[derive(Debug)]
struct FromFile(PathBuf);

#[async_trait]
impl Transport for FromFile {
    async fn send(
        &self,
        _request: http::Request<TransportBody>,
    ) -> Result<http::Response<BoxStream<'static, Result<Bytes, TransportError>>>, TransportError> {
        let response = http::Response::builder().header(CONTENT_TYPE, "text/xml; charset=utf-8");
        Ok(response.body(pieces(&self.0)?).expect("a response"))
    }
}

fn pieces(path: &Path) -> Result<BoxStream<'static, Result<Bytes, TransportError>>, TransportError> {
    let broken = |error: std::io::Error| TransportError::new(TransportErrorKind::Body, &error);
    let file = File::open(path).map_err(broken)?;
    let pieces = stream::try_unfold(file, move |mut file| async move {
        let mut piece = Vec::with_capacity(PIECE);
        (&mut file).take(PIECE as u64).read_to_end(&mut piece).map_err(broken)?;
        Ok((!piece.is_empty()).then(|| (Bytes::from(piece), file)))
    });
    Ok(pieces.boxed())
}

/// Megabytes a second.
fn rate(bytes: u64, begun: Instant) -> f64 {
    bytes as f64 / 1e6 / begun.elapsed().as_secs_f64()
}

fn best(rates: Vec<f64>) -> f64 {
    rates.into_iter().fold(0.0, f64::max)
}

/// The most memory that this process had so far (Linux).
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".into(), |peak| peak.trim().to_owned())
}
