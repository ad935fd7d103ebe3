//! Moving content: sources, the upload engine, the self-resuming download.
//!
//! A provider implements the wire steps (`upload_spec`, `upload_part`, …) and a [`ContentReader`]; order, concurrency,
//! retry by part, resumption, progress, cancellation and verification are here, once for all.

pub(crate) mod blocking;
mod blocks;
mod download;
mod hashing;
mod journal;
pub(crate) mod options;
mod remote;
pub(crate) mod sink;
mod source;
mod spec;
mod upload;

pub use download::{Content, ContentReader, Download, DownloadOptions};
pub use journal::{FileJournal, UploadJournal};
pub use options::{CancelToken, Progress, TransferOptions};
pub(crate) use remote::RemoteSource;
pub use source::{BytesSource, FileSource, Source, SourceWindow, SpoolSource};
pub use spec::{Part, PartPlan, PartReceipt, UploadRequest, UploadSpec, UploadStatus};
pub use upload::{Integrity, UploadOutcome, resume_upload, upload};
