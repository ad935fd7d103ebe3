//! What the store can do, and which names the service accepts.

use sharesync_core::{Capabilities, DigestAlgorithm, NameRules, Operation, Support};

/// The largest file of SharePoint Server 2019 (Software boundaries and limits).
const MAX_FILE: u64 = 15 << 30;

/// The names that are refused (recalled). `%` and `#` are allowed since 2019 (What is new in SharePoint Server 2019).
const NAMES: NameRules = NameRules::permissive().with_forbidden("\"*:<>?\\|", " ", " .").with_case_sensitive(false);

/// `feed`: whether there is a feed of changes. `digests`: whether the service tells digests. `stable`: whether it leaves every document as it is.
pub(crate) fn capabilities(feed: bool, digests: bool, stable: bool) -> Capabilities {
    let native = [
        Operation::Stat,
        Operation::StatByPath,
        Operation::List,
        Operation::UploadSpec,
        Operation::UploadResume,
        Operation::Download,
        Operation::CreateFolder,
        Operation::Move,
        Operation::Delete,
        Operation::DeletePermanently,
        Operation::Share,
        Operation::Invite,
    ];
    let changes = if feed { Support::Native } else { Support::Emulated };
    let mut capabilities = Capabilities::new(NAMES)
        .with(Support::Native, &native)
        .with(Support::Emulated, &[Operation::Copy, Operation::Unshare])
        .with(changes, &[Operation::Changes]);
    capabilities.upload.max_file_size = Some(MAX_FILE);
    if digests {
        capabilities.digests = vec![DigestAlgorithm::QuickXor];
    }
    capabilities.content_stable = stable;
    capabilities.keeps_modified = false;
    capabilities.revisions_survive_move = false;
    capabilities.separate_links = false;
    // Entity tags.
    capabilities.exclusive_uploads = true;
    capabilities.exclusive_deletes = true;
    capabilities.upload.temporary_names = true;
    capabilities
}
