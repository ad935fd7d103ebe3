//! Names: case-preserving, compared without regard to case. Which further characters a service forbids is for its face to say.

use super::error::DriveError;

/// The form under which a name is compared.
pub(crate) fn fold(name: &str) -> String {
    if name.is_ascii() { name.to_ascii_lowercase() } else { name.to_lowercase() }
}

/// Refuses what no face could address: the empty name, the two dot names, a slash, a NUL.
pub(crate) fn check(name: &str) -> Result<(), DriveError> {
    let bad = name.is_empty() || name == "." || name == ".." || name.contains(['/', '\0']);
    if bad { Err(DriveError::InvalidName) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_ignores_case_beyond_ascii() {
        assert_eq!(fold("ÄRGER.TXT"), fold("ärger.txt"));
        assert_ne!(fold("a"), fold("ä"));
    }

    #[test]
    fn paths_are_no_names() {
        for bad in ["", ".", "..", "a/b", "a\0"] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
        assert!(check("..a").is_ok());
    }
}
