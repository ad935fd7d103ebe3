//! Addresses that authorise themselves: what was given out, what each leads to, and for how long.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long an address is good for.
pub(crate) const LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// Older addresses beyond this number are forgotten.
const REMEMBERED: usize = 200_000;

/// What addresses lead to, by their tokens.
#[derive(Debug)]
pub(crate) struct Addresses<T>(Mutex<Given<T>>);

#[derive(Debug)]
struct Given<T> {
    dice: fastrand::Rng,
    targets: HashMap<String, (Arc<T>, Instant)>,
    order: VecDeque<String>,
}

impl<T> Addresses<T> {
    /// None yet. Faces of one seed draw other tokens by `face`.
    pub(crate) fn new(seed: u64, face: u64) -> Self {
        let dice = fastrand::Rng::with_seed(seed ^ face);
        Self(Mutex::new(Given { dice, targets: HashMap::new(), order: VecDeque::new() }))
    }

    fn given(&self) -> MutexGuard<'_, Given<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token of a new address, which begins with `prefix`.
    pub(crate) fn add(&self, prefix: &str, target: T) -> String {
        let mut given = self.given();
        let token = format!("{prefix}{:016x}{:016x}", given.dice.u64(..), given.dice.u64(..));
        given.targets.insert(token.clone(), (Arc::new(target), Instant::now() + LIFETIME));
        given.order.push_back(token.clone());
        while given.order.len() > REMEMBERED {
            let oldest = given.order.pop_front();
            oldest.map(|oldest| given.targets.remove(&oldest));
        }
        token
    }

    /// What a token leads to, while it is good.
    pub(crate) fn get(&self, token: &str) -> Option<Arc<T>> {
        let given = self.given();
        let (target, end) = given.targets.get(token)?;
        (Instant::now() < *end).then(|| target.clone())
    }
}
