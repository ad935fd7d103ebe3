//! ZIP archives of folders and of several items, written as a stream into the content store; nothing is compressed.

use std::collections::HashSet;
use std::io::{self, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::drive::{Content, Drive, Entry, ItemId, Staged, fold};

/// Makes the archive of some items. A single folder gives its contents; several items keep their names at the top.
pub(crate) async fn make(drive: Drive, items: Vec<ItemId>, all_versions: bool) -> io::Result<Staged> {
    let make = move || {
        let mut out = Out { zip: ZipWriter::new_stream(drive.sink()?), drive, all_versions, names: HashSet::new() };
        out.top(&items)?;
        out.zip.finish().map_err(io::Error::other)?.into_inner().finish()
    };
    tokio::task::spawn_blocking(make).await.map_err(io::Error::other)?
}

struct Out<W: Write> {
    zip: ZipWriter<zip::write::StreamWriter<W>>,
    drive: Drive,
    all_versions: bool,
    names: HashSet<String>,
}

impl<W: Write> Out<W> {
    fn top(&mut self, items: &[ItemId]) -> io::Result<()> {
        let entries: Vec<_> = items.iter().filter_map(|id| self.drive.item(*id)).collect();
        match entries.as_slice() {
            [only] if only.item.is_folder() => self.children(only, ""),
            several => several.iter().try_for_each(|entry| self.add(entry, "")),
        }
    }

    fn children(&mut self, folder: &Entry, prefix: &str) -> io::Result<()> {
        let children = self.drive.children(folder.item.id, 0, None).entries;
        children.iter().try_for_each(|child| self.add(child, prefix))
    }

    fn add(&mut self, entry: &Entry, prefix: &str) -> io::Result<()> {
        let name = format!("{prefix}{}", entry.item.name);
        if entry.item.is_folder() {
            self.zip.add_directory(format!("{name}/"), options()).map_err(io::Error::other)?;
            return self.children(entry, &format!("{name}/"));
        }
        let versions = entry.item.versions();
        let old = versions.len().saturating_sub(1);
        if self.all_versions {
            for (number, version) in versions.iter().take(old).enumerate() {
                self.file(&format!("{name}.v{}", number + 1), &version.content)?;
            }
        }
        entry.version.as_ref().map_or(Ok(()), |version| self.file(&name, &version.content))
    }

    fn file(&mut self, name: &str, content: &Content) -> io::Result<()> {
        let mut free = name.to_owned();
        let mut number = 1;
        while !self.names.insert(fold(&free)) {
            free = format!("{name} ({number})");
            number += 1;
        }
        self.zip.start_file(free, options()).map_err(io::Error::other)?;
        self.drive.copy_content(content, &mut self.zip)
    }
}

fn options() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(true)
}
