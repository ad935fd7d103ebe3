//! Paths of the service: `\volume\folder\name`, with either slash on the way in, and without one at the end here.

use std::fmt::Display;

use sharesync_core::{ErrorKind, RemotePath, Result};

use super::refuse;

/// A path without separators at its end, and with those of the service.
pub(super) fn trim(path: &str) -> String {
    path.replace('/', "\\").trim_end_matches('\\').to_owned()
}

/// The path of something in a folder.
pub(super) fn join(folder: &str, name: &str) -> String {
    format!("{}\\{name}", folder.trim_end_matches('\\'))
}

/// The path of the folder that holds something, and its name.
pub(super) fn split(path: &str) -> Option<(&str, &str)> {
    path.rsplit_once('\\').filter(|(folder, name)| !folder.is_empty() && !name.is_empty())
}

/// Refuses a name of the service that leads elsewhere once it is part of a path.
pub(super) fn check_found(name: &str, folder: impl Display) -> Result<()> {
    if !name.contains('\\') && RemotePath::root().join(name).is_ok() {
        return Ok(());
    }
    let message = format!("the folder holds an item that is named {name:?}, which no path can hold");
    Err(refuse(ErrorKind::InvalidName, folder, message))
}

/// Names are compared without regard to case: that the service does so is inferred from what it runs on.
pub(super) fn fold(path: &str) -> String {
    path.to_lowercase()
}

/// Whether a path is that of a folder or of something below it.
pub(super) fn is_within(path: &str, folder: &str) -> bool {
    let Some((head, rest)) = path.split_at_checked(folder.len()) else { return false };
    fold(head) == fold(folder) && (rest.is_empty() || rest.starts_with('\\'))
}

/// The path from the root of the store; `None` for what is not below it, or has a name that no path can hold.
pub(super) fn below(path: &str, root: &str) -> Option<RemotePath> {
    let rest = path.get(root.len()..).filter(|_| is_within(path, root))?;
    rest.split('\\').filter(|name| !name.is_empty()).try_fold(RemotePath::root(), |path, name| path.join(name).ok())
}

/// The path of the service for a path from the root of the store.
pub(super) fn above(path: &RemotePath, root: &str) -> String {
    path.segments().fold(root.to_owned(), |path, name| join(&path, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_go_there_and_back() {
        let path: RemotePath = "/a b/c.txt".parse().unwrap();
        let there = above(&path, r"\jane");
        assert_eq!(there, r"\jane\a b\c.txt");
        assert_eq!(below(&there, r"\jane"), Some(path));
        assert_eq!(below(r"\jane", r"\JANE"), Some(RemotePath::root()));
        assert_eq!((below(r"\janet\a", r"\jane"), below(r"\jane\..\x", r"\jane")), (None, None));
        assert_eq!(split(r"\jane\a"), Some((r"\jane", "a")));
        assert_eq!((split(r"\jane"), trim("/jane/a/")), (None, r"\jane\a".to_owned()));
    }
}
