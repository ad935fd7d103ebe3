//! The enumerations of the API. Values that the document does not list are kept.

use super::wire::wire_enum;

wire_enum! {
    /// How severe an entry of the audit log is [Get audit log entries list, `filter_severity`].
    Severity: i64 {
        /// Information.
        Info = 1,
        /// A warning.
        Warning = 2,
        /// An error.
        Error = 3,
        /// A fatal error.
        Fatal = 4,
    }
}

wire_enum! {
    /// The type of file system that a device uses [Get device information, `filesystem`].
    FileSystem: i64 {
        /// Of a device without iOS, or of one whose app is not managed.
        Standard = 0,
        /// Of an iOS device with the BlackBerry Dynamics app.
        BlackBerryDynamics = 1,
    }
}

wire_enum! {
    /// The type of a device [Get device information, `client_type`].
    ClientType: String {
        /// A phone or a tablet.
        Mobile = "mobile",
        /// A computer.
        Desktop = "desktop",
    }
}

wire_enum! {
    /// Whether a node is synchronized [Create folder, `synced`].
    SyncStatus: String {
        /// It is not.
        NotSynced = "not_synced",
        /// In both directions.
        TwoWay = "sync_2_way",
    }
}

wire_enum! {
    /// How a node can be previewed [Create folder, `preview_type`]. The document also allows `null`.
    PreviewType: String {
        /// As text.
        Text = "text",
        /// As an image.
        Image = "image",
        /// As HTML.
        Html = "html",
        /// As PDF.
        Pdf = "pdf",
        /// Not at all: an empty text.
        Nothing = "",
    }
}

wire_enum! {
    /// Who can use a link [Update file link, `access_restriction`].
    AccessRestriction: String {
        /// Anyone.
        Public = "public",
        /// Authenticated users.
        Access = "access",
        /// The users it has been shared to.
        Shared = "shared",
    }
}

wire_enum! {
    /// The type of a member of a folder [Create folder member, `permission_for`].
    MemberType: String {
        /// Who owns the folder.
        Owner = "owner",
        /// A user.
        Permission = "permission",
        /// A guest.
        Guest = "guest",
    }
}

wire_enum! {
    /// The unit of a period [Get purging policies settings].
    PeriodUnit: String {
        /// Days.
        Days = "days",
        /// Weeks.
        Weeks = "weeks",
        /// Months.
        Months = "months",
    }
}

wire_enum! {
    /// What Office Online is used for [Get web preview settings, `office_online_type_of_use`].
    OfficeOnlineUse: String {
        /// Editing.
        Editing = "editing",
        /// Viewing and editing.
        ViewingEditing = "viewing-editing",
    }
}

wire_enum! {
    /// A language of the service [Get server settings, `default_locale`].
    Locale: String {
        /// Czech.
        Czech = "cs",
        /// German.
        German = "de",
        /// English.
        English = "en",
        /// Spanish.
        Spanish = "es",
        /// French.
        French = "fr",
        /// Italian.
        Italian = "it",
        /// Japanese.
        Japanese = "ja",
        /// Korean.
        Korean = "ko",
        /// Polish.
        Polish = "pl",
        /// Russian.
        Russian = "ru",
        /// Chinese in traditional characters.
        TraditionalChinese = "zh_tw",
        /// Chinese in simplified characters.
        SimplifiedChinese = "zh_cn",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_are_read_and_unknown_ones_kept() {
        let read = |json: &str| serde_json::from_str::<AccessRestriction>(json).unwrap();
        assert_eq!(read("\"shared\""), AccessRestriction::Shared);
        assert_eq!(read("\"quantum\""), AccessRestriction::Other("quantum".into()));
        assert_eq!(serde_json::to_string(&read("\"quantum\"")).unwrap(), "\"quantum\"");
        assert!(serde_json::from_str::<AccessRestriction>("{}").is_err());
        let severity = |json: &str| serde_json::from_str::<Severity>(json).unwrap();
        assert_eq!(
            (severity("4"), severity("\"4\""), severity("9")),
            (Severity::Fatal, Severity::Fatal, Severity::Other(9))
        );
        assert_eq!(serde_json::to_string(&Severity::Warning).unwrap(), "2");
    }
}
