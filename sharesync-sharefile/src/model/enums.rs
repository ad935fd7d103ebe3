//! The enumerations of the API. On the wire they are names or numbers, in any case; unknown values are kept.

use super::wire::wire_enum;

wire_enum! {
    /// What a tree view is for [get tree view, Items reference].
    TreeMode {
        /// No operation in particular.
        Standard,
        /// Choosing the target of a copy.
        Copy,
        /// Choosing the target of a move.
        Move,
        /// Choosing what is synchronized.
        Sync,
        /// Managing folders.
        Manage,
    }
}

wire_enum! {
    /// What children are ordered by before `$orderby` [get children, Items reference].
    ItemOrderingMode {
        /// As the service does by default.
        Default = 0,
        /// Folders before files.
        FoldersFirst = 1,
        /// As the options of the folder say.
        UseFolderOptions = 2,
    }
}

wire_enum! {
    /// What the scan of a file for data that must not leave said [get items by DLP status, Items reference].
    DlpStatus {
        /// It was not scanned yet.
        Unscanned,
        /// Nothing was found.
        ScannedOK,
        /// The file must not be shared.
        ScannedRejected,
    }
}

wire_enum! {
    /// What the virus scanner said.
    VirusStatus {
        /// The file is infected, or may be.
        VirusWarning = -1,
        /// It was not scanned yet.
        NotScanned = 0,
        /// Nothing was found.
        Clean = 1,
    }
}

wire_enum! {
    /// How the content of an upload is sent [upload file, Items reference].
    UploadMethod {
        /// In one request.
        Standard = 0,
        /// In chunks, one after the other.
        Streamed = 1,
        /// In chunks, several at once.
        Threaded = 2,
    }
}

wire_enum! {
    /// What an asynchronous operation does.
    AsyncOperationKind {
        /// Copies items.
        Copy = 0,
        /// Moves items.
        Move = 1,
        /// Moves items to another storage zone.
        ChangeZone = 2,
        /// Plans a change of the storage zone.
        ScheduleChangeZone = 3,
        /// Recovers deleted items.
        Recovery = 4,
        /// Deletes items.
        Delete = 5,
        /// Deletes items for good.
        DeletePermanent = 6,
        /// Copies through a connector.
        CloudConnectorCopy = 7,
        /// Copies a file through a connector.
        CloudConnectorFileCopy = 8,
        /// Moves through a connector.
        CloudConnectorMove = 9,
        /// Moves a file through a connector.
        CloudConnectorFileMove = 10,
        /// Changes permissions.
        AccessControlsUpdate = 11,
        /// Copies within a zone.
        IntraZoneCopy = 12,
        /// Moves within a zone.
        IntraZoneMove = 13,
        /// Plans a change of the storage zone of file boxes.
        ScheduleChangeZoneFileBoxes = 14,
    }
}

wire_enum! {
    /// How far an asynchronous operation is.
    AsyncState {
        /// It waits.
        Created = 0,
        /// It is under way.
        Scheduled = 1,
        /// It is done.
        Success = 2,
        /// It failed.
        Failure = 3,
        /// It was canceled.
        Canceled = 4,
    }
}

impl AsyncState {
    /// Whether it does not change any more.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Success | Self::Failure | Self::Canceled)
    }
}

wire_enum! {
    /// What a share is for (Shares).
    ShareKind {
        /// Others put files into a folder.
        Request = 0,
        /// Others get items.
        Send = 1,
        /// Both.
        Both = 2,
    }
}

wire_enum! {
    /// Why the service refused a request: `reason` of its error object.
    Reason {
        /// No particular reason.
        Unspecified,
        /// The file is larger than the account allows.
        FileTooLarge,
        /// The account or the folder is full.
        QuotaExceeded,
        /// The request makes no sense.
        BadRequest,
        /// There are no credentials, or they have ended.
        NotAuthenticated,
        /// The user lacks the permission.
        NotAuthorized,
        /// The request contradicts what is there, such as a name that is taken.
        Conflict,
        /// The database failed.
        DatabaseError,
        /// The file must not leave.
        DlpViolation,
        /// The account does not have the feature.
        FeatureDisabled,
        /// The user lacks the permission.
        Forbidden,
        /// The item cannot do that.
        NotAllowed,
        /// There is no such thing.
        NotFound,
        /// There were too many requests.
        Throttled,
        /// Somebody has locked the file.
        FileIsLocked,
        /// The service is down.
        ServiceUnavailable,
        /// The service cannot reach a part of itself.
        TemporaryConnectivityFailure,
        /// The service is being maintained.
        MaintenanceMode,
        /// The target cannot take the item.
        InvalidTarget,
        /// The storage zone is full.
        InsufficientDiskSpace,
        /// The storage zone failed.
        StorageZoneServerError,
        /// The file is not the version that `BaseFileId` names any more.
        FileUploadConflict,
        /// The storage zone cannot be reached.
        ZoneUnavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_any_case_and_numbers_are_read_and_unknown_values_kept() {
        let read = |json: &str| serde_json::from_str::<UploadMethod>(json).unwrap();
        assert_eq!(read("\"threaded\""), UploadMethod::Threaded);
        assert_eq!(read("1"), UploadMethod::Streamed);
        assert_eq!(read("\"2\""), UploadMethod::Threaded);
        assert_eq!(read("\"Quantum\""), UploadMethod::Other("Quantum".into()));
        assert_eq!(read("9"), UploadMethod::Other("9".into()));
        assert_eq!(serde_json::to_string(&read("\"Quantum\"")).unwrap(), "\"Quantum\"");
        assert!(serde_json::from_str::<UploadMethod>("{}").is_err());
    }
}
