//! The users of the drive.

use serde::{Deserialize, Serialize};

use super::ids::{ItemId, UserId};

/// A user. The password is not written to the journal: it is given anew at each start.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct User {
    /// The identity.
    pub id: UserId,
    /// The name to sign in with, an e-mail address.
    pub email: String,
    /// The user's home folder.
    pub home: ItemId,
}

impl User {
    /// First and last name, made from the address.
    pub fn names(&self) -> (String, String) {
        let local = self.email.split('@').next().unwrap_or_default();
        let mut words = local.split(['.', '_', '-']).filter(|word| !word.is_empty()).map(capitalised);
        let first = words.next().unwrap_or_default();
        let last = words.next().unwrap_or_else(|| "User".to_owned());
        (first, last)
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
