//! Remote files as local files. The partial file they pass through is in `partial`.

use std::path::{Path, PathBuf};

use futures::TryStreamExt as _;

use super::checked::Checked;
use super::directory::Directory;
use super::partial::{Partial, Target};
use crate::transfer::blocking::blocking;
use crate::transfer::options::unless_cancelled;
use crate::transfer::sink::BlockWriter;
use crate::transfer::{CancelToken, Download, DownloadOptions, Integrity, Progress};
use crate::{Error, ErrorKind, Hasher, Item, ItemRef, RemoteStore, Result};

/// How a remote file becomes a local file.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DownloadToOptions {
    /// Replaces an existing file, whose permissions the new one takes over on Unix. Otherwise that is an
    /// [`ErrorKind::AlreadyExists`] error.
    pub overwrite: bool,
    /// Whether the file is checked against the size and the digest that the service reports.
    pub verify: bool,
    /// Whether the file is on the disk, not only handed to the system, when the download returns.
    pub durable: bool,
    /// The file as a listing of this store has just described it: see [`DownloadOptions::listed`].
    pub listed: Option<Box<Item>>,
    /// Counts the bytes.
    pub progress: Option<Progress>,
    /// Cancels the download.
    pub cancel: Option<CancelToken>,
}

impl Default for DownloadToOptions {
    fn default() -> Self {
        Self { overwrite: false, verify: true, durable: true, listed: None, progress: None, cancel: None }
    }
}

impl DownloadToOptions {
    /// A new file, verified and durable.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says whether an existing file is replaced.
    #[must_use]
    pub fn with_overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }

    /// Says whether the file is checked against the reported size and digest.
    #[must_use]
    pub fn with_verify(mut self, verify: bool) -> Self {
        self.verify = verify;
        self
    }

    /// Says whether the download waits until the file is on the disk.
    #[must_use]
    pub fn with_durable(mut self, durable: bool) -> Self {
        self.durable = durable;
        self
    }

    /// Hands over the file as a listing has just described it.
    #[must_use]
    pub fn with_listed(mut self, item: Item) -> Self {
        self.listed = Some(Box::new(item));
        self
    }

    /// Counts the bytes.
    #[must_use]
    pub fn with_progress(mut self, progress: Progress) -> Self {
        self.progress = Some(progress);
        self
    }

    /// Lets the download be cancelled.
    #[must_use]
    pub fn with_cancel(mut self, cancel: CancelToken) -> Self {
        self.cancel = Some(cancel);
        self
    }
}

/// What became of a download to a file.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DownloadOutcome {
    /// The file, as the service describes it.
    pub item: Item,
    /// Whether what was written is what the service reports to hold.
    pub integrity: Integrity,
}

/// Checks that a remote name can be the name of one local file, here.
pub(super) fn check_local_name(name: &str, windows: bool) -> Result<()> {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_uppercase();
    let numbered = |prefix: &str| {
        let number =
            stem.strip_prefix(prefix).and_then(|number| number.chars().next().filter(|_| number.chars().count() == 1));
        number.is_some_and(|number| "123456789¹²³".contains(number))
    };
    let complaint = if name.is_empty() || name == "." || name == ".." {
        "it names no file"
    } else if name.contains(['/', '\0']) {
        "it holds a separator or NUL"
    } else if windows && name.contains(|c: char| c.is_control() || "\\:*?\"<>|".contains(c)) {
        "it holds a character that Windows reserves"
    } else if windows && name.ends_with(['.', ' ']) {
        "Windows would cut its end off"
    } else if windows
        && (matches!(&*stem, "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
            || numbered("COM")
            || numbered("LPT"))
    {
        "it names a device of Windows"
    } else {
        return Ok(());
    };
    let message = format!("the remote name {name:?} cannot be a local file name: {complaint}");
    Err(Error::new(ErrorKind::InvalidName, message))
}

pub(super) async fn download_to<S: RemoteStore + ?Sized>(
    store: &S,
    item: &ItemRef,
    local: PathBuf,
    options: DownloadToOptions,
) -> Result<DownloadOutcome> {
    let overwrite = options.overwrite;
    let target = blocking(move || target_at(&local, overwrite)).await?;
    download_into(store, item, target, options).await
}

fn target_at(path: &Path, overwrite: bool) -> Result<Target> {
    let no_name = || Error::new(ErrorKind::InvalidInput, format!("{} names no file", path.display()));
    let name = path.file_name().ok_or_else(no_name)?.to_owned();
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(Target { directory: Directory::open(directory)?, name, overwrite })
}

/// Downloads to a name in a directory. It is the target that says whether it is replaced.
pub(super) async fn download_into<S: RemoteStore + ?Sized>(
    store: &S,
    item: &ItemRef,
    target: Target,
    options: DownloadToOptions,
) -> Result<DownloadOutcome> {
    let target = blocking(move || refuse_existing(target)).await?;
    let ask = DownloadOptions { cancel: options.cancel.clone(), ..DownloadOptions::new().with_verify(options.verify) };
    let download = open(store, item, DownloadOptions { listed: options.listed, ..ask.clone() }).await?;

    let found = download.item().clone();
    let expected = found.digests.first().filter(|_| options.verify).cloned();
    let hashers: Vec<_> = expected.iter().map(|digest| Hasher::new(digest.algorithm())).collect();
    let state = format!("{:?}", (store.info(), &found.id, &found.revision, found.size, found.modified, &found.digests));
    let (partial, file, hashers) = {
        let (found, state) = (found.clone(), state);
        blocking(move || Partial::open(target, &state, &found, hashers)).await?
    };
    let had = file.length();
    if let Some(progress) = &options.progress {
        progress.announce(had);
        progress.advance(had);
    }

    let mut writer = BlockWriter::new(file, hashers);
    let download = match had {
        0 => Some(download),
        _ if found.size == Some(had) => None,
        _ => Some(continue_from(store, item, &found, had, ask).await?),
    };
    if let Some(download) = download
        && let Err(error) = write(download, options.progress.clone(), &mut writer).await
    {
        // What has arrived stays for the next attempt, unless it is of no use.
        let _ = writer.finish().await;
        if matches!(error.kind(), ErrorKind::Integrity | ErrorKind::PreconditionFailed) {
            partial.discard();
        }
        return Err(error);
    }

    let (file, hashers) = writer.finish().await?;
    let written = hashers.into_iter().map(Hasher::finish).next();
    if expected != written {
        partial.discard();
        let message = format!("the service reports {expected:?}, and what it sent has {written:?}");
        return Err(Error::new(ErrorKind::Integrity, message).with_subject(item));
    }
    let modified = found.modified;
    blocking(move || partial.complete(file.file(), modified, options.durable)).await?;
    let integrity = written.map_or(Integrity::Unverifiable, Integrity::Verified);
    Ok(DownloadOutcome { item: found, integrity })
}

async fn open<S: RemoteStore + ?Sized>(store: &S, item: &ItemRef, options: DownloadOptions) -> Result<Download> {
    let cancel = options.cancel.clone();
    let opened = unless_cancelled(cancel.as_ref(), store.download(item, options)).await;
    opened.map_err(|error| error.or_about("download", item))
}

/// Opens the rest of the same content.
async fn continue_from<S: RemoteStore + ?Sized>(
    store: &S,
    item: &ItemRef,
    found: &Item,
    had: u64,
    mut options: DownloadOptions,
) -> Result<Download> {
    options.offset = had;
    options.if_revision.clone_from(&found.revision);
    let download = open(store, item, options).await?;
    let now = download.item();
    if (&now.revision, now.size, now.modified, &now.digests)
        == (&found.revision, found.size, found.modified, &found.digests)
    {
        return Ok(download);
    }
    let message = "the content was replaced while its download was being continued";
    Err(Error::new(ErrorKind::PreconditionFailed, message).with_subject(item))
}

async fn write(download: Download, progress: Option<Progress>, writer: &mut BlockWriter<Checked>) -> Result<()> {
    let mut pieces = download.into_unchecked_stream(progress);
    while let Some(piece) = pieces.try_next().await? {
        writer.write(piece).await?;
    }
    Ok(())
}

fn refuse_existing(target: Target) -> Result<Target> {
    let path = target.directory.path_of(&target.name);
    let found = target.directory.look_at(&target.name).map_err(|error| Error::io("look at", &path, error))?;
    if found.is_some() && !target.overwrite {
        return Err(Error::new(ErrorKind::AlreadyExists, format!("there is a local file {}", path.display())));
    }
    Ok(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_leave_the_directory_or_name_devices_are_refused() {
        for name in ["", ".", "..", "a/b", "/a", "a\0"] {
            for windows in [true, false] {
                let error = check_local_name(name, windows).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidName, "{name:?}");
            }
        }
        let devices = ["CON", "con.txt", "nul", "NUL .tar.gz", "Com1", "LPT9.x", "COM¹", "aux."];
        let reserved =
            ["a\\b", "C:", "a:stream", "a?", "a*", "a|b", "a<", "a>", "a\"", "a\u{1}", "a.", "a ", "...", " "];
        for name in devices.iter().chain(&reserved) {
            assert!(check_local_name(name, true).is_err(), "{name:?}");
            assert!(check_local_name(name, false).is_ok(), "{name:?} is a good name elsewhere");
        }
        for name in ["a", "CONSOLE", "COM", "COM0", "COM10", "lpt", "nul-l", ".hidden", "a b", "ü#%+'&"] {
            assert!(check_local_name(name, true).is_ok() && check_local_name(name, false).is_ok(), "{name:?}");
        }
    }
}
