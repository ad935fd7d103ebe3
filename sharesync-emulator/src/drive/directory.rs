//! The content store in a directory: one file a part, spread over 256 folders. Memory use does not depend on the size of a part.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

use super::content::{ContentStore, PartReader, PartWriter};
use super::ids::PartId;

#[derive(Debug)]
pub(crate) struct DirectoryStore {
    root: Arc<PathBuf>,
    next: AtomicU64,
}

impl DirectoryStore {
    /// Opens the store and removes the parts that nothing refers to: what an interrupted upload left behind.
    pub(crate) fn open(root: PathBuf, referred: &HashSet<PartId>) -> io::Result<Self> {
        let mut highest = 0;
        for folder in 0..=u8::MAX {
            let folder = root.join(hex::encode([folder]));
            fs::create_dir_all(&folder)?;
            for entry in fs::read_dir(&folder)? {
                let path = entry?.path();
                let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                let Ok(id) = u64::from_str_radix(name, 16) else {
                    continue;
                };
                highest = highest.max(id);
                if !referred.contains(&PartId(id)) {
                    fs::remove_file(&path)?;
                }
            }
        }
        Ok(Self { root: Arc::new(root), next: AtomicU64::new(highest + 1) })
    }
}

fn path_of(root: &Path, part: PartId) -> PathBuf {
    root.join(format!("{:02x}", part.0 & 0xff)).join(format!("{:016x}", part.0))
}

impl ContentStore for DirectoryStore {
    fn create(&self) -> io::Result<Box<dyn PartWriter>> {
        let id = PartId(self.next.fetch_add(1, Ordering::Relaxed));
        let path = path_of(&self.root, id);
        let file = File::options().write(true).create_new(true).open(&path)?;
        Ok(Box::new(Writer { id, path, file: Some(file) }))
    }

    fn open(&self, part: PartId, offset: u64) -> io::Result<Box<dyn PartReader>> {
        let mut file = File::open(path_of(&self.root, part))?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(Box::new(Reader { file }))
    }

    fn remove(&self, part: PartId) {
        // A part that is already gone, or cannot be removed now, is swept at the next start.
        let _ = fs::remove_file(path_of(&self.root, part));
    }

    fn blocks(&self) -> bool {
        true
    }
}

struct Writer {
    id: PartId,
    path: PathBuf,
    file: Option<File>,
}

impl PartWriter for Writer {
    fn write(&mut self, data: Vec<Bytes>) -> io::Result<()> {
        let file = self.file.as_mut().ok_or(io::ErrorKind::NotFound)?;
        data.iter().try_for_each(|chunk| file.write_all(chunk))
    }

    fn finish(mut self: Box<Self>) -> io::Result<PartId> {
        self.file = None;
        Ok(self.id)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

struct Reader {
    file: File,
}

impl PartReader for Reader {
    fn read(&mut self, at_most: usize) -> io::Result<Bytes> {
        let mut data = Vec::with_capacity(at_most);
        (&mut self.file).take(at_most as u64).read_to_end(&mut data)?;
        Ok(data.into())
    }
}
