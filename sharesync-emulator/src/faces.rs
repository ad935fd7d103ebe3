//! The faces there are: the one place to add one.
//!
//! A face lives in a folder of its own: `mod.rs` with the type that implements [`Face`] and a function `start(&Setup)`, and
//! `sign_in.rs` with its `…Account`, public, which is what a client needs to sign in. Here it is started and its account kept;
//! [`Emulator`](crate::Emulator) has one method that gives the account.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::acronis::{Acronis, AcronisAccount};
use crate::builder::Builder;
use crate::cursor::{CursorAccount, CursorFace};
use crate::drive::DriveError;
use crate::filesanywhere::{FilesAnywhere, FilesAnywhereAccount};
use crate::server::{Face, Shared};
use crate::sharefile::{ShareFile, ShareFileAccount};

/// What a face is told when it starts.
#[derive(Debug)]
pub(crate) struct Setup<'a> {
    pub(crate) shared: &'a Arc<Shared>,
    pub(crate) builder: &'a Builder,
    /// Scheme, host and port of the listener.
    pub(crate) endpoint: String,
}

/// What a client of each face needs to sign in.
#[derive(Debug)]
pub(crate) struct SignIns {
    pub(crate) sharefile: ShareFileAccount,
    pub(crate) acronis: AcronisAccount,
    pub(crate) filesanywhere: FilesAnywhereAccount,
    pub(crate) cursor: CursorAccount,
    /// The face itself too: its sockets and cursors can be reached from outside.
    pub(crate) cursor_face: Arc<CursorFace>,
}

/// Starts every face on the drive that they share.
pub(crate) fn start(setup: &Setup<'_>) -> Result<(Vec<Arc<dyn Face>>, SignIns), DriveError> {
    let (sharefile, sharefile_account) = ShareFile::start(setup)?;
    let (acronis, acronis_account) = Acronis::start(setup);
    let (filesanywhere, filesanywhere_account) = FilesAnywhere::start(setup);
    let (cursor, cursor_account) = CursorFace::start(setup)?;
    let faces: Vec<Arc<dyn Face>> = vec![sharefile, acronis, filesanywhere, cursor.clone()];
    let sign_ins = SignIns {
        sharefile: sharefile_account,
        acronis: acronis_account,
        filesanywhere: filesanywhere_account,
        cursor: cursor_account,
        cursor_face: cursor,
    };
    Ok((faces, sign_ins))
}

impl SignIns {
    /// One entry a provider, secrets included.
    pub(crate) fn to_json(&self) -> Value {
        let entries = [
            ("sharefile", self.sharefile.to_json()),
            ("acronis", self.acronis.to_json()),
            ("filesanywhere", self.filesanywhere.to_json()),
            ("cursor", self.cursor.to_json()),
        ];
        Value::Object(entries.map(|(name, entry)| (name.to_owned(), entry)).into_iter().collect::<Map<_, _>>())
    }
}
