//! The users that every face knows, with the passwords that they sign in with.

use std::fmt;

use crate::drive::{Drive, DriveError, User, UserId};

/// The user there is when none was asked for.
const DEFAULT_USER: (&str, &str) = ("emulated.user@example.com", "emulated-password");

/// The users of the emulator. There is one at least.
pub(crate) struct Accounts {
    first: Account,
    others: Vec<Account>,
}

struct Account {
    user: User,
    password: String,
}

impl Account {
    fn ensure(drive: &Drive, email: &str, password: &str) -> Result<Self, DriveError> {
        Ok(Self { user: drive.ensure_user(email)?, password: password.to_owned() })
    }
}

/// Shows who there is, and no password.
impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all().map(|account| &account.user.email)).finish()
    }
}

impl Accounts {
    /// Knows these users, each with a home folder on the drive; without any, the default one.
    pub(crate) fn new(drive: &Drive, users: &[(String, String)]) -> Result<Self, DriveError> {
        let ensure = |(email, password): &(String, String)| Account::ensure(drive, email, password);
        let mut all = users.iter().map(ensure).collect::<Result<Vec<_>, _>>()?.into_iter();
        let first = match all.next() {
            Some(first) => first,
            None => Account::ensure(drive, DEFAULT_USER.0, DEFAULT_USER.1)?,
        };
        Ok(Self { first, others: all.collect() })
    }

    fn all(&self) -> impl Iterator<Item = &Account> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// The user who signs in when nobody says who.
    pub(crate) fn default_user(&self) -> &User {
        &self.first.user
    }

    pub(crate) fn default_password(&self) -> &str {
        &self.first.password
    }

    pub(crate) fn users(&self) -> impl Iterator<Item = &User> {
        self.all().map(|account| &account.user)
    }

    pub(crate) fn password_of(&self, id: UserId) -> Option<&str> {
        self.all().find(|account| account.user.id == id).map(|account| account.password.as_str())
    }

    pub(crate) fn user(&self, id: UserId) -> Option<&User> {
        self.all().map(|account| &account.user).find(|user| user.id == id)
    }

    pub(crate) fn named(&self, email: &str) -> Option<&User> {
        self.all().map(|account| &account.user).find(|user| user.email.eq_ignore_ascii_case(email))
    }

    /// The user whose address a text contains.
    pub(crate) fn named_in(&self, text: &str) -> Option<&User> {
        let text = text.to_ascii_lowercase();
        self.all().map(|account| &account.user).find(|user| text.contains(&user.email.to_ascii_lowercase()))
    }

    pub(crate) fn with_password(&self, email: &str, password: &str) -> Option<&User> {
        let matches =
            |account: &&Account| account.user.email.eq_ignore_ascii_case(email) && account.password == password;
        self.all().find(matches).map(|account| &account.user)
    }
}
