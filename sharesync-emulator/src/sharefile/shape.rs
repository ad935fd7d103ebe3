//! What of an item is sent: the fields there are, and the choice among them that `$select` and `$expand` make.

use std::collections::BTreeMap;

macro_rules! names {
    ($(#[$doc:meta])* $type:ident { $($variant:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) enum $type { $($variant,)* }

        impl $type {
            pub(super) const ALL: &'static [Self] = &[$(Self::$variant,)*];

            pub(super) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            pub(super) fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.name().eq_ignore_ascii_case(text))
            }
        }
    };
}

names! {
    /// The plain fields of an item, in the order in which they are written.
    Field {
        Name = "Name",
        FileName = "FileName",
        Description = "Description",
        CreationDate = "CreationDate",
        ProgenyEditDate = "ProgenyEditDate",
        ClientCreatedDate = "ClientCreatedDate",
        ClientModifiedDate = "ClientModifiedDate",
        ExpirationDate = "ExpirationDate",
        IsHidden = "IsHidden",
        FileSizeInKB = "FileSizeInKB",
        FileSizeBytes = "FileSizeBytes",
        FileCount = "FileCount",
        Hash = "Hash",
        StreamID = "StreamID",
        Version = "Version",
        HasMultipleVersions = "HasMultipleVersions",
        Path = "Path",
        SemanticPath = "SemanticPath",
        CreatorFirstName = "CreatorFirstName",
        CreatorLastName = "CreatorLastName",
        CreatorNameShort = "CreatorNameShort",
        DiskSpaceLimit = "DiskSpaceLimit",
        BandwidthLimitInMB = "BandwidthLimitInMB",
        HasPendingDeletion = "HasPendingDeletion",
        HasPendingAsyncOp = "HasPendingAsyncOp",
        HasPermissionInfo = "HasPermissionInfo",
        IsTemplateOwned = "IsTemplateOwned",
        HasRemoteChildren = "HasRemoteChildren",
        State = "State",
        PreviewStatus = "PreviewStatus",
        HasPreview = "HasPreview",
        MaxPreviewSize = "MaxPreviewSize",
        VirusStatus = "VirusStatus",
        DlpInfo = "DlpInfo",
        LockedBy = "LockedBy",
        FileLockInfo = "FileLockInfo",
        Uri = "Uri",
        Link = "Link",
    }
}

names! {
    /// The fields that lead to further entities, sent only on request.
    Nav {
        Children = "Children",
        Info = "Info",
        Parent = "Parent",
        Zone = "Zone",
        AccessControls = "AccessControls",
        Creator = "Creator",
        Owner = "Owner",
        Redirection = "Redirection",
    }
}

/// Which fields of an item are sent, and which entities beside it.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    /// `None` is all of them.
    selected: Option<u64>,
    navs: BTreeMap<Nav, Shape>,
}

impl Shape {
    /// Reads the two options. Names that are not known are no error: clients ask for more than a service has.
    pub(super) fn parse(select: Option<&str>, expand: Option<&str>) -> Self {
        let mut shape = Self::default();
        for path in list(expand) {
            if path == "*" {
                for nav in Nav::ALL.iter().filter(|nav| !matches!(nav, Nav::Children)) {
                    shape.nav_mut(*nav);
                }
            } else {
                shape.expand(path);
            }
        }
        for path in list(select) {
            shape.select(path);
        }
        shape
    }

    pub(super) fn wants(&self, field: Field) -> bool {
        self.selected.is_none_or(|mask| mask & bit(field) != 0)
    }

    pub(super) fn navs(&self) -> &BTreeMap<Nav, Self> {
        &self.navs
    }

    /// The shape of an entity beside the item, which is thereby wanted.
    fn nav_mut(&mut self, nav: Nav) -> &mut Self {
        self.navs.entry(nav).or_default()
    }

    fn expand(&mut self, path: &str) {
        let (first, rest) = path.split_once('/').unwrap_or((path, ""));
        let Some(nav) = Nav::parse(first) else { return };
        let inner = self.nav_mut(nav);
        if !rest.is_empty() {
            inner.expand(rest);
        }
    }

    fn select(&mut self, path: &str) {
        let mask = self.selected.get_or_insert(0);
        let (first, rest) = path.split_once('/').unwrap_or((path, ""));
        if let Some(field) = Field::parse(first) {
            *mask |= bit(field);
        }
        let Some(nav) = Nav::parse(first).filter(|_| !rest.is_empty()) else {
            return;
        };
        // Selecting inside children does not list them; inside single entities it brings them along.
        let expanded = self.navs.contains_key(&nav);
        if expanded || nav != Nav::Children {
            self.nav_mut(nav).select(rest);
        }
    }
}

fn bit(field: Field) -> u64 {
    1 << field as u64
}

fn list(option: Option<&str>) -> impl Iterator<Item = &str> {
    option.unwrap_or_default().split(',').map(str::trim).filter(|path| !path.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_a_bit() {
        assert!(Field::ALL.len() <= 64);
    }

    #[test]
    fn unknown_names_are_ignored_and_nothing_selected_is_everything() {
        let all = Shape::parse(None, None);
        assert!(all.wants(Field::Hash));
        let some = Shape::parse(Some("odata.count, name ,Nonsense"), None);
        assert!(some.wants(Field::Name));
        assert!(!some.wants(Field::Hash));
    }

    #[test]
    fn selection_reaches_into_expansions() {
        let shape = Shape::parse(Some("Name,Children/Hash,Parent/Id"), Some("Children,Info"));
        let nav = |nav| shape.navs().get(&nav);
        let children = nav(Nav::Children).expect("expanded");
        assert!(children.wants(Field::Hash) && !children.wants(Field::Name));
        assert!(nav(Nav::Info).is_some() && nav(Nav::Parent).is_some());
        let alone = Shape::parse(Some("Children/Id"), None);
        assert!(alone.navs().is_empty());
        let deep = Shape::parse(None, Some("Children/Children"));
        assert!(deep.navs()[&Nav::Children].navs().contains_key(&Nav::Children));
    }
}
