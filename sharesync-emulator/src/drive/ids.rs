//! The identifiers of the drive: small numbers, the same for every face. How a face spells them is the face's business.

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);
    };
}

id! {
    /// An item: a file with all its versions, a folder, a note or a link. Rename, move and new versions keep it.
    ItemId
}
id! {
    /// One version of a file's content.
    VersionId
}
id! {
    /// A user of the drive.
    UserId
}
id! {
    /// A link given out to items, or to a folder that takes uploads.
    ShareId
}
id! {
    /// One stored run of bytes; a content is one or several of them.
    PartId
}
