//! Access tokens, refresh tokens and authorization codes: every face that signs in by OAuth has its own. Refresh tokens rotate:
//! each works once.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::drive::UserId;

/// A code is for immediate use.
const CODE_LIFETIME: Duration = Duration::from_secs(600);

/// What a successful sign-in gives.
#[derive(Clone)]
pub(crate) struct Grant {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) lifetime: Duration,
}

/// Makes an access token in a service's form of two random texts.
pub(crate) type Form = fn(&str, &str) -> String;

pub(crate) struct Tokens {
    form: Form,
    lifetime: Duration,
    state: Mutex<State>,
}

struct State {
    dice: fastrand::Rng,
    access: HashMap<String, (UserId, Instant)>,
    refresh: HashMap<String, UserId>,
    codes: HashMap<String, (UserId, Instant)>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

impl Tokens {
    /// Tokens of this form and lifetime; what is random follows from the seed.
    pub(crate) fn new(form: Form, lifetime: Duration, seed: u64) -> Self {
        let dice = fastrand::Rng::with_seed(seed ^ 0x746f_6b65_6e73);
        let state = State { dice, access: HashMap::new(), refresh: HashMap::new(), codes: HashMap::new() };
        Self { form, lifetime, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whose a valid access token is.
    pub(crate) fn user_of(&self, token: &str) -> Option<UserId> {
        let state = self.state();
        let (user, end) = state.access.get(token)?;
        (Instant::now() < *end).then_some(*user)
    }

    pub(crate) fn issue(&self, user: UserId) -> Grant {
        let mut state = self.state();
        let (access, refresh) = ((self.form)(&state.random(), &state.random()), state.random());
        let end = Instant::now() + self.lifetime;
        state.access.insert(access.clone(), (user, end));
        state.refresh.insert(refresh.clone(), user);
        Grant { access, refresh, lifetime: self.lifetime }
    }

    /// A new pair for a refresh token, which is thereby used up.
    pub(crate) fn refresh(&self, token: &str) -> Option<Grant> {
        let user = self.state().refresh.remove(token)?;
        Some(self.issue(user))
    }

    pub(crate) fn issue_code(&self, user: UserId) -> String {
        let mut state = self.state();
        let code = state.random();
        state.codes.insert(code.clone(), (user, Instant::now() + CODE_LIFETIME));
        code
    }

    pub(crate) fn redeem_code(&self, code: &str) -> Option<Grant> {
        let (user, end) = self.state().codes.remove(code)?;
        (Instant::now() < end).then(|| self.issue(user))
    }

    /// Makes every access token invalid; refresh tokens stay.
    pub(crate) fn expire(&self) {
        self.state().access.clear();
    }

    /// Makes one access token invalid.
    pub(crate) fn revoke(&self, token: &str) {
        self.state().access.remove(token);
    }
}

impl State {
    fn random(&mut self) -> String {
        format!("{:016x}{:016x}", self.dice.u64(..), self.dice.u64(..))
    }
}
