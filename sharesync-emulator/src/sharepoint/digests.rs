//! Form digests: what a write must bring unless it is signed in by a bearer token.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::drive::UserId;

/// When there are more, those that are over are forgotten.
const MANY: usize = 1024;

/// The digests that were given out.
#[derive(Debug)]
pub(crate) struct Digests {
    pub(crate) lifetime: Duration,
    issued: Mutex<Issued>,
}

#[derive(Debug)]
struct Issued {
    dice: fastrand::Rng,
    good: HashMap<String, (UserId, Instant)>,
}

impl Digests {
    pub(crate) fn new(lifetime: Duration, seed: u64) -> Self {
        let dice = fastrand::Rng::with_seed(seed ^ 0x6469_6765_7374);
        Self { lifetime, issued: Mutex::new(Issued { dice, good: HashMap::new() }) }
    }

    fn issued(&self) -> MutexGuard<'_, Issued> {
        self.issued.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `0xHEX,03 Oct 2017 21:13:02 -0000`.
    pub(crate) fn issue(&self, user: UserId) -> String {
        let mut issued = self.issued();
        let now = Instant::now();
        if issued.good.len() >= MANY {
            issued.good.retain(|_, (_, end)| now < *end);
        }
        let random: String = (0..8).map(|_| format!("{:016X}", issued.dice.u64(..))).collect();
        let digest = format!("0x{random},{}", Timestamp::now().strftime("%d %b %Y %H:%M:%S -0000"));
        issued.good.insert(digest.clone(), (user, now + self.lifetime));
        digest
    }

    pub(crate) fn is_good(&self, digest: &str, user: UserId) -> bool {
        self.issued().good.get(digest).is_some_and(|(owner, end)| *owner == user && Instant::now() < *end)
    }

    /// Makes every digest invalid, as if its time were over.
    pub(crate) fn expire(&self) {
        self.issued().good.clear();
    }
}
