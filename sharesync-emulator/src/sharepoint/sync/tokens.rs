//! Sync tokens and change tokens: where in the change log a client is.
//!
//! A sync token is `3;#4;#1;3;{library};{ticks};{n};#;#;#4` with a change token inside ([MS-FILESYNC] 3.1.5, by its example); a first
//! sync that goes on has its place behind the first of the last `#`. A change token is `1;3;{library};{ticks};{n}`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::drive::Drive;
use crate::sharepoint::ids::Guid;
use crate::sharepoint::times::ticks;
use crate::table::Table;

const ONLY: &str = "only";

/// What a client whose sync token is from before is told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SharePointResync {
    /// `ResyncNeeded` with the action `ResetReupload`.
    ResetReupload,
    /// `ResyncNeeded` with the action `Reupload`.
    Reupload,
    /// `ResyncNeeded` with the action `DifferentialUpload`.
    DifferentialUpload,
    /// `ResyncNeeded` without an action.
    Unnamed,
    /// `CurrentSyncTokenOnly`.
    NewToken,
}

impl SharePointResync {
    /// The name of the action, if there is one.
    pub(super) fn action(self) -> Option<&'static str> {
        match self {
            Self::ResetReupload => Some("ResetReupload"),
            Self::Reupload => Some("Reupload"),
            Self::DifferentialUpload => Some("DifferentialUpload"),
            Self::Unnamed | Self::NewToken => None,
        }
    }
}

/// Where in the change log a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sharepoint) enum Position {
    /// It knows everything up to this change.
    After(u64),
    /// It is in its first sync, which began at the change `start`; it knows what was made up to the change `at`.
    First { start: u64, at: u64 },
}

/// What a token says.
#[derive(Debug)]
pub(in crate::sharepoint) enum Read {
    At(Position),
    /// The client has to begin again.
    Over(SharePointResync),
    /// It is no token.
    Malformed,
}

/// Writes and reads tokens.
#[derive(Debug)]
pub(in crate::sharepoint) struct Tokenizer {
    drive: Drive,
    forced: Table<Forced>,
}

/// The tokens up to this time are over.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Forced {
    ticks: u64,
    resync: SharePointResync,
}

impl Tokenizer {
    pub(in crate::sharepoint) fn open(drive: &Drive) -> Self {
        Self { drive: drive.clone(), forced: Table::open(drive, "sharepoint/resync") }
    }

    pub(in crate::sharepoint) fn force(&self, resync: SharePointResync) {
        self.forced.put(ONLY, Forced { ticks: ticks(Drive::now()), resync });
    }

    /// The ticks of a token that is written now; later than those that are over.
    fn now(&self) -> u64 {
        let over = self.forced.get(ONLY).map_or(0, |forced| forced.ticks);
        ticks(Drive::now()).max(over + 1)
    }

    /// A sync token, not percent-encoded.
    pub(super) fn write(&self, library: Guid, position: Position) -> String {
        let (number, at) = match position {
            Position::After(number) => (number, String::new()),
            Position::First { start, at } => (start, at.to_string()),
        };
        format!("3;#4;#1;3;{library};{};{number};#{at};#;#4", self.now())
    }

    /// A sync token as it came, percent-encoding undone.
    pub(super) fn read(&self, text: &str, library: Guid) -> Read {
        let parts: Vec<&str> = text.split(';').collect();
        let ["3", "#4", "#1", "3", list, ticks, number, at, "#", "#4"] = parts[..] else {
            return Read::Malformed;
        };
        let at = at.strip_prefix('#').filter(|at| at.is_empty() || at.parse::<u64>().is_ok());
        let (Some(list), Ok(ticks), Ok(number), Some(at)) = (Guid::parse(list), ticks.parse(), number.parse(), at)
        else {
            return Read::Malformed;
        };
        let position = at.parse().map_or(Position::After(number), |at| Position::First { start: number, at });
        match self.over(ticks) {
            Some(resync) => Read::Over(resync),
            None if list != library || number > self.drive.last_change() => {
                Read::Over(crate::sharepoint::dialect::STRANGE_TOKEN)
            }
            None => Read::At(position),
        }
    }

    fn over(&self, ticks: u64) -> Option<SharePointResync> {
        self.forced.get(ONLY).filter(|forced| ticks <= forced.ticks).map(|forced| forced.resync)
    }

    /// A change token that was written now, or for a change at a time.
    pub(in crate::sharepoint) fn change_token(&self, library: Guid, at: Option<Timestamp>, number: u64) -> String {
        format!("1;3;{library};{};{number}", at.map_or_else(|| self.now(), ticks))
    }

    /// The number and the ticks of a change token; the number is absent if only the time counts.
    pub(in crate::sharepoint) fn read_change(&self, text: &str, library: Guid) -> Option<(Option<u64>, u64)> {
        let parts: Vec<&str> = text.split(';').collect();
        let ["1", "3", list, ticks, number] = parts[..] else {
            return None;
        };
        let ticks: u64 = ticks.parse().ok()?;
        let number: i64 = number.parse().ok()?;
        (Guid::parse(list)? == library).then_some((u64::try_from(number).ok(), ticks))
    }

    /// The time, in ticks, behind which the change log is said to begin; none while nothing was forgotten.
    pub(in crate::sharepoint) fn forgotten(&self) -> Option<u64> {
        self.forced.get(ONLY).map(|forced| forced.ticks)
    }
}
