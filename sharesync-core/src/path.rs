//! Paths on a remote store: absolute, `/`-separated, by display names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind, Result};

/// An absolute path from the root of a store, such as `/Reports/2026/May.pdf`.
///
/// No segment is empty, `.` or `..`, and none holds a NUL: a path can not climb out of the folder it starts in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RemotePath(String);

impl RemotePath {
    /// The root, `/`.
    pub fn root() -> Self {
        Self(String::new())
    }

    /// This path with one more segment.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidName`] when `name` is empty, `.`, `..`, or holds `/` or NUL.
    pub fn join(&self, name: &str) -> Result<Self> {
        check_segment(name)?;
        Ok(Self(format!("{}/{name}", self.0)))
    }

    /// The names from the root down; empty for the root.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/').filter(|segment| !segment.is_empty())
    }

    /// The last segment; `None` for the root.
    pub fn name(&self) -> Option<&str> {
        self.segments().next_back()
    }

    /// The path of the folder that holds this one; `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once('/').map(|(parent, _)| Self(parent.to_owned()))
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The path as text: `/` for the root, else `/a/b` without a slash at the end.
    pub fn as_str(&self) -> &str {
        if self.0.is_empty() { "/" } else { &self.0 }
    }
}

/// Refuses a name that no path can hold.
pub(crate) fn check_segment(name: &str) -> Result<()> {
    let complaint = match name {
        "" => "an empty name",
        "." | ".." => "a relative name",
        _ if name.contains('/') => "a slash",
        _ if name.contains('\0') => "a NUL character",
        _ => return Ok(()),
    };
    Err(Error::new(ErrorKind::InvalidName, format!("{name:?} cannot be part of a path: it is or has {complaint}")))
}

impl FromStr for RemotePath {
    type Err = Error;

    /// Reads `/a/b`, `a/b` and `/a/b/` alike.
    fn from_str(text: &str) -> Result<Self> {
        let trimmed = text.strip_prefix('/').unwrap_or(text);
        let trimmed = trimmed.strip_suffix('/').unwrap_or(trimmed);
        if trimmed.is_empty() {
            return Ok(Self::root());
        }
        trimmed.split('/').try_fold(Self::root(), |path, name| path.join(name))
    }
}

impl fmt::Display for RemotePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<RemotePath> for String {
    fn from(path: RemotePath) -> Self {
        path.as_str().to_owned()
    }
}

impl TryFrom<String> for RemotePath {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_and_prints() {
        for (text, printed, segments) in [("", "/", 0), ("/", "/", 0), ("a", "/a", 1), ("/a/b/", "/a/b", 2)] {
            let path: RemotePath = text.parse().unwrap();
            assert_eq!(path.as_str(), printed);
            assert_eq!(path.segments().count(), segments);
        }
    }

    #[test]
    fn refuses_what_would_climb() {
        for text in ["../x", "/a/../b", "a//b", "a/./b", "a/\0"] {
            assert_eq!(text.parse::<RemotePath>().unwrap_err().kind(), ErrorKind::InvalidName, "{text:?}");
        }
    }

    #[test]
    fn parents_end_at_the_root() {
        let path: RemotePath = "/a/b".parse().unwrap();
        assert_eq!(path.name(), Some("b"));
        assert_eq!(path.parent().unwrap().parent().unwrap(), RemotePath::root());
        assert_eq!(RemotePath::root().parent(), None);
    }
}
