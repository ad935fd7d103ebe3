//! Numbers and letters that stand for something.

use std::fmt;

use crate::soap::{DocumentError, Element, Field};

/// Defines a number whose values are not published.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        $(
            $(#[$doc])*
            ///
            /// What its values mean is not public. An application that knows them can name them: `const RENAMED: Self = …`.
            #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name(pub i16);

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    self.0.fmt(f)
                }
            }

            impl Field for $name {
                fn field(parent: Element<'_>, name: &'static str) -> Result<Self, DocumentError> {
                    i16::field(parent, name).map(Self)
                }
            }
        )*
    };
}

codes! {
    /// What happened to a folder (ChangeList, `ActionCode`).
    ActionCode,
    /// Which changes are asked for (ChangeList, `ChangeType`).
    ChangeType,
    /// What happened to a local item (SyncLocalItem, `Action`).
    Action,
    /// A switch of a pair of folders, such as `SyncDirection` (ProcessHeaderChange).
    Flag,
}

impl ChangeType {
    /// The value that an application sends which knows no other.
    pub const ANY: Self = Self(0);
}

/// What an account may do in a folder, by the service's letter (ListUserVolumes2, p. 30 of the specification).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Permission {
    /// `R`.
    ReadOnly,
    /// `F`.
    Full,
    /// `C`: create and update, but not delete.
    CreateAndUpdate,
    /// Another letter. Levels called master access, preview only and upload only exist; their letters are not public.
    Other(String),
}

impl Permission {
    /// The service's letter.
    pub fn letter(&self) -> &str {
        match self {
            Self::ReadOnly => "R",
            Self::Full => "F",
            Self::CreateAndUpdate => "C",
            Self::Other(letter) => letter,
        }
    }
}

impl crate::soap::Text for Permission {
    const KIND: &'static str = "permission";

    fn parse(text: &str) -> Option<Self> {
        Some(match text.trim() {
            "R" => Self::ReadOnly,
            "F" => Self::Full,
            "C" => Self::CreateAndUpdate,
            other => Self::Other(other.to_owned()),
        })
    }
}
