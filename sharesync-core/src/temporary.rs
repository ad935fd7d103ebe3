//! The names of what a store makes for a moment only, and how what is left of it is told from what is in use.

use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

use crate::http::is_foreign;
use crate::{NameRules, Result, Timestamp};

/// How temporary names begin.
pub const TEMPORARY: &str = "sharesync-";

/// The longest temporary name, in bytes: no service of ours is known to refuse it.
const LONGEST: usize = 200;

/// Pauses before the removal of something temporary is tried again.
const PAUSES: [Duration; 3] = [Duration::from_millis(50), Duration::from_millis(200), Duration::from_millis(500)];

/// Tells the temporary items of this process from those of others.
static OWNER: LazyLock<u32> = LazyLock::new(|| fastrand::u32(..));

/// What something with a temporary name is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// A folder that an item is in while it is moved. What it holds exists nowhere else.
    Move,
    /// An item between two names that the service takes for one. It exists nowhere else.
    Rename,
    /// A folder that a copy is made in.
    Copy,
    /// A file that is not complete yet.
    Upload,
}

impl Purpose {
    const ALL: [Self; 4] = [Self::Move, Self::Rename, Self::Copy, Self::Upload];

    /// As it stands in names: `move`, `rename`, `copy`, `upload`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Move => "move",
            Self::Rename => "rename",
            Self::Copy => "copy",
            Self::Upload => "upload",
        }
    }
}

/// A temporary name: what it is for, whose it is, since when, and where that matters, which name comes of it.
///
/// Written as `sharesync-<purpose>-<owner><number>-<time>[-<name>]`. The owner is a random number of the process, the other one
/// tells names of the same second apart, and the time is in seconds since 1970. Each has eight hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Temporary {
    /// What it is for.
    pub purpose: Purpose,
    /// The process that made it.
    pub owner: u32,
    /// Tells it from others of the same process and second.
    pub number: u32,
    /// When it was made, by the clock of that process.
    pub since: Timestamp,
    /// The name that the item is to have in the end. It is left out where it would make the name too long.
    pub name: Option<String>,
}

impl Temporary {
    /// A name of this process, from now on.
    pub fn new(purpose: Purpose) -> Self {
        let since = Timestamp::now().truncated_to_seconds();
        Self { purpose, owner: *OWNER, number: fastrand::u32(..), since, name: None }
    }

    /// Remembers the name that the item is to have in the end, if the whole is still a name by these rules.
    #[must_use]
    pub fn for_name(self, name: &str, rules: &NameRules) -> Self {
        let named = Self { name: Some(name.to_owned()), ..self.clone() };
        let text = named.to_string();
        if text.len() <= LONGEST && rules.check(&text).is_ok() { named } else { self }
    }

    /// Reads a name; `None` for one that is not temporary.
    pub fn parse(name: &str) -> Option<Self> {
        let mut fields = name.strip_prefix(TEMPORARY)?.splitn(4, '-');
        let (purpose, owner, since) = (fields.next()?, fields.next()?, fields.next()?);
        let purpose = Purpose::ALL.into_iter().find(|known| known.name() == purpose)?;
        let plain = |field: &str| field.bytes().all(|byte| byte.is_ascii_hexdigit());
        let (owner, number) = owner.split_at_checked(8).filter(|(_, number)| number.len() == 8)?;
        let digits = |field: &str| u32::from_str_radix(field, 16).ok().filter(|_| plain(field));
        let since = i64::from_str_radix(since, 16).ok().filter(|_| since.len() >= 8 && plain(since))?;
        let name = fields.next().filter(|name| !name.is_empty()).map(str::to_owned);
        let (owner, number) = (digits(owner)?, digits(number)?);
        Some(Self { purpose, owner, number, since: Timestamp::from_unix(since, 0)?, name })
    }

    /// Whether this process made it: then it is in use, or goes when the process does.
    pub fn is_own(&self) -> bool {
        self.owner == *OWNER
    }

    /// Whether it was made by another process, longer ago than this.
    pub fn is_older_than(&self, age: Duration) -> bool {
        !self.is_own() && self.since.saturating_add(age) <= Timestamp::now()
    }
}

impl fmt::Display for Temporary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self.since.unix_seconds().max(0);
        write!(f, "{TEMPORARY}{}-{:08x}{:08x}-{since:08x}", self.purpose.name(), self.owner, self.number)?;
        self.name.as_ref().map_or(Ok(()), |name| write!(f, "-{name}"))
    }
}

/// Removes something temporary, and retries after a transient failure or a proxy's page. Its name is its own, so a retry can
/// remove nothing else.
pub(crate) async fn tidied<F: Future<Output = Result<()>>>(mut remove: impl FnMut() -> F) -> Result<()> {
    let mut pauses = PAUSES.into_iter();
    let mut removed = remove().await;
    while let Err(error) = &removed
        && (error.kind().may_pass() || is_foreign(error))
        && let Some(pause) = pauses.next()
    {
        tokio::time::sleep(pause).await;
        removed = remove().await;
    }
    removed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        let rules = NameRules::permissive().with_max_characters(100);
        for purpose in Purpose::ALL {
            let plain = Temporary::new(purpose);
            assert_eq!(Temporary::parse(&plain.to_string()), Some(plain.clone()));
            assert!(plain.is_own() && !plain.is_older_than(Duration::ZERO));
            let named = plain.clone().for_name("a-b - ü.txt", &rules);
            assert_eq!(Temporary::parse(&named.to_string()).unwrap().name.as_deref(), Some("a-b - ü.txt"));
            assert_eq!(plain.clone().for_name(&"x".repeat(80), &rules), plain, "too long to be remembered");
        }
        let upload = Temporary::new(Purpose::Upload).to_string();
        assert_eq!(upload.len(), 42, "{upload}");
    }

    #[test]
    fn other_names_are_not_temporary() {
        let other = Temporary::parse("sharesync-copy-00000000000000ab-00000001").unwrap();
        assert!(!other.is_own() && other.is_older_than(Duration::from_secs(86400)));
        for name in [
            "sharesync-",
            "sharesync-notes.txt",
            "sharesync-copy-00000000000000ab",
            "sharesync-copy-ab-00000001",
            "sharesync-copy-00000000000000ab-1",
            "sharesync-copy-+0000000000000ab-00000001",
            "sharesync-drop-00000000000000ab-00000001",
            "x-sharesync-copy-00000000000000ab-00000001",
            "sharesync-copy-00000000000000ab-ffffffffffffffff",
        ] {
            assert_eq!(Temporary::parse(name), None, "{name}");
        }
    }
}
