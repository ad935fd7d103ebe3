//! Which names a service accepts, checked before anything is sent.

use std::borrow::Cow;

use icu_normalizer::DecomposingNormalizerBorrowed;
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
    /// Whether `é` as one character and `é` as an `e` with a combining accent are two names; `None` where nobody knows.
    pub composition_sensitive: Option<bool>,
}

impl NameRules {
    /// Refuses nothing but what no service accepts; names are case-sensitive.
    pub const fn permissive() -> Self {
        Self {
            forbidden: "",
            forbidden_first: "",
            forbidden_last: "",
            max_characters: None,
            case_sensitive: true,
            composition_sensitive: None,
        }
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

    /// Says whether `é` as one character and `é` as an `e` with a combining accent are two names.
    #[must_use]
    pub const fn with_composition_sensitive(mut self, composition_sensitive: bool) -> Self {
        self.composition_sensitive = Some(composition_sensitive);
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

    /// Whether two names are known to mean the same item here.
    pub fn same(&self, a: &str, b: &str) -> bool {
        let folding = Folding { case: !self.case_sensitive, composition: self.composition_sensitive == Some(false) };
        folding.fold(a) == folding.fold(b)
    }

    /// What may make two names one here: what is not known is counted in.
    pub(crate) fn folding(&self) -> Folding {
        Folding { case: !self.case_sensitive, composition: self.composition_sensitive != Some(true) }
    }
}

/// What does not make a difference between names, where they are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Folding {
    /// `A` is `a`.
    pub(crate) case: bool,
    /// A composed `é` is a decomposed one.
    pub(crate) composition: bool,
}

impl Folding {
    /// Only equal names are one.
    pub(crate) const NONE: Self = Self { case: false, composition: false };
    /// As little as possible makes a difference.
    pub(crate) const ALL: Self = Self { case: true, composition: true };
    /// Unicode's canonically equivalent names are one.
    pub(crate) const COMPOSITION: Self = Self { case: false, composition: true };

    /// The form that is the same for all names that are one.
    pub(crate) fn fold(self, name: &str) -> Cow<'_, str> {
        let name = if self.composition {
            DecomposingNormalizerBorrowed::new_nfd().normalize(name)
        } else {
            Cow::Borrowed(name)
        };
        if self.case && name.chars().any(|c| fold_case(c) != c) {
            name.chars().map(fold_case).collect::<String>().into()
        } else {
            name
        }
    }
}

/// The simple case folding of Unicode: one character for one. With the full one, `ß` would be `ss`, which is so in no file
/// system.
fn fold_case(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    // Its capital is that of `i`, but only the rules for Turkish fold it.
    if c == 'ı' {
        return c;
    }
    let upper = only(c.to_uppercase()).unwrap_or(c);
    only(upper.to_lowercase()).unwrap_or(upper)
}

fn only(mut mapped: impl Iterator<Item = char>) -> Option<char> {
    let first = mapped.next()?;
    mapped.next().is_none().then_some(first)
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
        let (composed, decomposed) = ("\u{e9}t\u{e9}", "e\u{301}te\u{301}");
        assert!(!RULES.same(composed, decomposed), "what is not known is not claimed");
        assert!(RULES.with_composition_sensitive(false).same(composed, decomposed));
    }

    #[test]
    fn names_fold_by_what_makes_no_difference() {
        let one = |folding: Folding, a: &str, b: &str| folding.fold(a) == folding.fold(b);
        for (a, b) in [("LICENSE", "license"), ("ÄRGER", "ärger"), ("ΟΔΟΣ", "οδος"), ("\u{212a}m", "KM"), ("ẞ", "ß")]
        {
            for folding in [Folding::ALL, Folding { case: true, composition: false }] {
                assert!(one(folding, a, b), "{a} {b}");
            }
            assert!(!one(Folding::NONE, a, b) && !one(Folding::COMPOSITION, a, b) || b == "KM", "{a} {b}");
        }
        for (a, b) in [("\u{e9}", "e\u{301}"), ("\u{212b}", "A\u{30a}"), ("가", "\u{1100}\u{1161}")] {
            assert!(one(Folding::ALL, a, b) && one(Folding::COMPOSITION, a, b), "{a} {b}");
            assert!(!one(Folding::NONE, a, b), "{a} {b}");
        }
        assert!(one(Folding::ALL, "\u{c9}", "e\u{301}"));
        for (a, b) in [("straße", "strasse"), ("kız", "kiz"), ("a", "ä"), ("ﬁ", "fi"), ("a", "ａ")] {
            assert!(!one(Folding::ALL, a, b), "{a} {b}");
        }
    }

    #[test]
    fn what_is_not_known_may_make_two_names_one() {
        for (composition_sensitive, folds) in [(None, true), (Some(false), true), (Some(true), false)] {
            let rules = NameRules { composition_sensitive, ..NameRules::permissive() };
            assert_eq!(rules.folding(), Folding { case: false, composition: folds });
        }
        assert!(RULES.folding().case);
    }
}
