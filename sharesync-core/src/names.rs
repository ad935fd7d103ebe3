//! Which names a service accepts, checked before anything is sent.

use serde::Serialize;

use crate::{Error, ErrorKind, Result};

/// The rules of a service for the names of files and folders.
///
/// Whatever the service, a name is never empty, `.` or `..`, and never holds `/`, NUL or another control character.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct NameRules {
    /// Characters that are refused, besides `/` and control characters.
    pub forbidden: &'static str,
    /// Characters that a name must not begin with.
    pub forbidden_first: &'static str,
    /// Characters that a name must not end with.
    pub forbidden_last: &'static str,
    /// The longest name, in characters.
    pub max_characters: Option<usize>,
    /// Whether `A` and `a` are two names.
    pub case_sensitive: bool,
}

impl NameRules {
    /// Refuses nothing but what no service accepts; names are case-sensitive.
    pub const fn permissive() -> Self {
        Self { forbidden: "", forbidden_first: "", forbidden_last: "", max_characters: None, case_sensitive: true }
    }

    /// Sets the refused characters: anywhere, at the beginning, at the end.
    #[must_use]
    pub const fn with_forbidden(mut self, anywhere: &'static str, first: &'static str, last: &'static str) -> Self {
        self.forbidden = anywhere;
        self.forbidden_first = first;
        self.forbidden_last = last;
        self
    }

    /// Sets the longest name, in characters.
    #[must_use]
    pub const fn with_max_characters(mut self, characters: usize) -> Self {
        self.max_characters = Some(characters);
        self
    }

    /// Says whether `A` and `a` are two names.
    #[must_use]
    pub const fn with_case_sensitive(mut self, case_sensitive: bool) -> Self {
        self.case_sensitive = case_sensitive;
        self
    }

    /// Checks a name.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidName`], saying what is wrong with it.
    pub fn check(&self, name: &str) -> Result<()> {
        self.complaint(name).map_or(Ok(()), |complaint| {
            Err(Error::new(ErrorKind::InvalidName, format!("the name {name:?} {complaint}")))
        })
    }

    fn complaint(&self, name: &str) -> Option<String> {
        let (Some(first), Some(last)) = (name.chars().next(), name.chars().next_back()) else {
            return Some("is empty".into());
        };
        if name == "." || name == ".." {
            return Some("is a relative path".into());
        }
        if let Some(c) = name.chars().find(|c| c.is_control() || *c == '/' || self.forbidden.contains(*c)) {
            return Some(format!("holds the forbidden character {c:?}"));
        }
        if self.forbidden_first.contains(first) {
            return Some(format!("begins with {first:?}"));
        }
        if self.forbidden_last.contains(last) {
            return Some(format!("ends with {last:?}"));
        }
        let max = self.max_characters?;
        (name.chars().count() > max).then(|| format!("is longer than {max} characters"))
    }

    /// Whether two names mean the same item here.
    pub fn same(&self, a: &str, b: &str) -> bool {
        if self.case_sensitive { a == b } else { a.to_lowercase() == b.to_lowercase() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: NameRules =
        NameRules::permissive().with_forbidden("\\:", " ", " .").with_max_characters(5).with_case_sensitive(false);

    #[test]
    fn bad_names_are_refused() {
        for name in ["", ".", "..", "a/b", "../x", "a\0", "a\n", "a:b", "a\\b", " a", "a ", "a.", "abcdef"] {
            assert_eq!(RULES.check(name).unwrap_err().kind(), ErrorKind::InvalidName, "{name:?}");
        }
    }

    #[test]
    fn good_names_pass_and_compare() {
        for name in ["a", ".a", "äöüß5", "a#%+'"] {
            RULES.check(name).unwrap();
        }
        assert!(RULES.same("Ä.txt", "ä.TXT"));
        assert!(!NameRules::permissive().same("A", "a"));
    }
}
