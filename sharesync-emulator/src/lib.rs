//! A server that speaks the protocols of enterprise file sync and share services, for tests, examples and trying things out
//! without an account. One drive, with one face for each protocol: ShareFile, Acronis, FilesAnywhere, the cursor sync API and
//! SharePoint.
//!
//! It is written from the protocols' documents and shares no code with the clients of this workspace: a misreading in a client
//! cannot hide behind the same misreading here. Any client of the protocol can use it, in whatever language.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let emulator = sharesync_emulator::Emulator::start().await?;
//!
//! // What a client needs to sign in.
//! let account = emulator.sharefile();
//! assert!(account.endpoint().starts_with("http://127.0.0.1:"));
//!
//! // The drive can be filled and looked at directly, beside the protocol.
//! let drive = emulator.drive();
//! let user = account.user();
//! let file = drive.put_bytes(user.id, user.home, "hello.txt", "hello")?;
//! assert_eq!(drive.read(file.item.id)?, b"hello");
//!
//! // Let the next three listings fail as an overloaded service does.
//! use sharesync_emulator::{Fault, FaultKind};
//! let overloaded = FaultKind::TooManyRequests { retry_after: Some(2) };
//! emulator.faults().add(Fault::new(overloaded).path("/Children").times(3));
//!
//! emulator.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # What is where
//!
//! [`Emulator`] and its [builder](Emulator::builder) start a server; [`drive::Drive`] is the tree behind it; [`Faults`] lets things go
//! wrong; [`Requests`] tells what came. The program of this crate does the same for other processes, with `/_emulator/faults`,
//! `/_emulator/requests`, `/_emulator/changes` and `/_emulator/change-list` in place of the library calls.
//!
//! # The cursor sync API in tests
//!
//! Beside the faults that strike any protocol, this face can be told:
//!
//! - [`Emulator::cursor_sockets`]: the live sockets that are open. [`CursorSockets`] counts them, drops them all or by rate, closes
//!   them with a code (4401 is that of a token that is not valid), and pushes any frame, or bytes that are none.
//! - [`Emulator::expire_cursors`]: every cursor that was given out is answered with `SYNC_CURSOR_INVALID` from now on.
//! - [`Builder::detail_errors`]: errors are `{"detail": …}` without a code, as the newer documents have them, in place of the
//!   envelope.
//! - [`Builder::rate_limit`]: what a token may cost in a minute. `X-RateLimit-*` are on every answer, 429 has `Retry-After`.
//! - [`Builder::upload_idle`]: how long an upload session lives without a request; afterwards it is 410.
//! - [`FaultKind::RepeatPage`] makes `/sync/changes` say `has_more` with a cursor that does not move, [`FaultKind::LoseAnswer`]
//!   applies what a device tells without saying so.
//!
//! [`Emulator::expire_tokens`] leaves service tokens and sockets that are open: a token is looked at when a socket is opened. With a
//! drive in a directory devices, cursors, preferences, conflicts, shares, members and links survive a restart, and the positions of
//! the log are the same; tokens and upload sessions do not survive.
//!
//! # What the Acronis document leaves open
//!
//! What is known from public clients alone, and what had to be chosen: the first user is the administrator; creating and uploading
//! answer 404 for a folder that never was, and everything answers 403 for what is deleted or not the user's; a page without
//! `per_page` holds everything, and every page of several is a 206, the last one and those beyond it too; downloads honour ranges
//! and have no entity tag, folders come as ZIP archives; links in force are without limits until the settings say otherwise;
//! settings that a group does not have are invalid; purging happens at once and not at night; errors of the sign-in have code 1;
//! the texts of the audit log but for those that the reference shows. Members, settings, devices and the audit log are kept in
//! memory only, also when the drive is in a directory.
//!
//! # What the FilesAnywhere documents leave open
//!
//! What is served are the operations of which the documents know request and answer; of `GetAllItemsForSync` and `SyncUploadResume`
//! they know the beginning of the answer, and that is served; of `SyncLocalItem` and `ProcessHeaderChange` they know none, so these
//! are refused as unknown. Chosen, not known:
//!
//! - A token that is unknown or has expired is refused with "The token is invalid or has expired.", as an `ErrorMessage`, or as a
//!   fault where an answer has none. A token of one service is good at the other. `AllowedIPList` is not looked at. A device that
//!   was registered signs in by `ValidateSSOUser`. The texts of errors; only one code of them is public, `e2937`, and no other is used.
//! - ChangeList: `LocalDate` is the date since when changes are wanted, and without one the answer is `FullSync`; `ChangeType` is not
//!   looked at; a file is told under every folder and name that it has had since, with size 0 and no checksum where it is gone;
//!   `ActionCode` is 1 for a folder that is new at its path, 2 for one that changed there, 3 for one that is gone from it; what is below a
//!   deleted folder is not told; `HeaderChanged` follows from group shares; `OffsetDate` is 0; checksums are MD5; dates are in UTC.
//! - Pages count from 1, and page 0 is the first. `DateLastModified` is in UTC. `FileExists` is 1. `Path` of `GetAllItemsForSync` is
//!   the folder that a folder is in. Names of activities other than the few that are public are not used.
//! - Names that are taken refuse a rename, a move and a paste; `DstPath` is a folder; what was copied stays in the clipboard; what is
//!   deleted goes to the recycle bin with all that is in it; an upload replaces the file of its name.
//! - A chunk may be sent again: what was appended from its offset on is dropped, and offset 0 begins anew. `BytesRead` counts plain
//!   bytes, and cuts longer chunks; the packed number is taken too. MTOM is not served. Requests are at most as long as ASP.NET's default.
//! - Addresses of downloads are good for a day and honour ranges. A ZIP file takes [`Builder::async_delay`]. A link's download begins at
//!   once; its password goes into the query. No mail is sent. The rights of group shares are the three letters that are public.
//! - SOAP 1.1 and 1.2 are read as .NET's XmlSerializer reads them: elements in any order, unknown ones ignored, missing values zero or
//!   null. A DTD is malformed XML.
//!
//! Tokens, clipboards, uploads, addresses of downloads, devices and users that were added are kept in memory only.
//!
//! # What the cursor sync documents leave open
//!
//! The bodies of `/sync/apply`, conflicts, devices and preferences are reconstructed from names and numbers of lines. Chosen, not
//! known: what the five resolutions do beyond their names; that `/sync/apply` without `conflict_resolution` refuses a conflict with
//! 409, after what stands before it was applied; that a cursor never goes back; that the deletion of a folder is one change, its
//! restoration one for everything in it, and a move to another share a deletion and a creation; that sockets tell changes only
//! after `subscribe`, and answer a ping with `type`; the close code 4404 of an unknown device; chunks count from 0; what the public
//! address of a link answers; that a share of several users is open to all of them; that `file_type` and `recursive` of a search
//! change nothing; that statistics, permissions and invitations are not served.
//!
//! # What the SharePoint documents leave open
//!
//! [MS-FILESYNC] in its public form names ten requests and hardly an answer. The answers follow what was observed of the cloud, the REST
//! API follows the metadata of SharePoint 2019. Chosen, not known: deleted items come with `IsDeleted`, and what was in a deleted folder
//! does not come; what went along with a renamed folder does not come either; `NoChanges` and resyncs are a 200 with the root folder
//! alone, the action of a resync is in `X-ResyncAction`, and `CurrentSyncTokenOnly` brings the token of now; a first sync is in the order
//! in which things were made; `Items/{id}` lists what is in a folder if `Depth` or `web3s.paging` is given, and `Depth=0` is one level;
//! the rules of a policy have attributes; `WriteStatus` other than `Success`; 413 for inline uploads from 8 MiB on; what a
//! subscription answers; chunks at a wrong offset are a 400; moves within a library are `MoveInto`; anonymous links lead to
//! `guestaccess.aspx`, which gives files as they are and folders as archives; a full library is a 507; deletions are for good,
//! `Recycle` is not. Uploads in chunks, digests, cookies and tokens are in memory only.
//!
//! # What the ShareFile documents leave open
//!
//! Where neither the reference page nor the public SDKs say what the service does, the emulator had to choose. Chosen, not known:
//! a listing without `$top` is never paged; `odata.nextLink` is the same request with another `$skip`; deletes and renames count
//! as edits of the folders above; ids of notes, links and symbolic links begin with `no`, `li` and `sl`; the texts of errors; a
//! folder that is overwritten goes to the recycle bin; storage URLs last a day; `BulkDelete` and the template checks answer 204;
//! errors of the storage host without a documented code carry -1; OAuth errors have the statuses of RFC 6749; each user may do
//! everything but look into other users' homes.

mod accounts;
mod acronis;
mod addresses;
mod admin;
mod builder;
mod cursor;
pub mod drive;
mod emulator;
mod faces;
mod faults;
mod filesanywhere;
mod http;
mod proxy;
mod recorder;
mod server;
mod sharefile;
mod sharepoint;
mod table;
mod tokens;
mod zip_archive;

pub use acronis::AcronisAccount;
pub use builder::Builder;
pub use cursor::{CursorAccount, CursorSockets};
pub use emulator::{Emulator, StartError};
pub use faults::{Fault, FaultKind, Faults, PageForm};
pub use filesanywhere::{ChangeListSwitches, FilesAnywhereAccount};
pub use recorder::{RequestRecord, Requests};
pub use sharefile::ShareFileAccount;
pub use sharepoint::{SharePointAccount, SharePointConnections, SharePointResync, SharePointScheme};

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
