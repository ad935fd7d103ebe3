//! Access tokens, refresh tokens, authorization codes and passwords. Refresh tokens rotate: each works once.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::drive::{Drive, DriveError, User, UserId};

/// A code is for immediate use.
const CODE_LIFETIME: Duration = Duration::from_secs(600);

/// What a successful sign-in gives.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) expires_in: u64,
}

#[derive(Debug)]
pub(crate) struct Tokens {
    accounts: Vec<Account>,
    lifetime: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct Account {
    user: User,
    password: String,
}

#[derive(Debug)]
struct State {
    dice: fastrand::Rng,
    access: HashMap<String, (UserId, Instant)>,
    refresh: HashMap<String, UserId>,
    codes: HashMap<String, (UserId, Instant)>,
}

impl Tokens {
    /// Knows these users, each with a home folder on the drive. There must be one at least.
    pub(crate) fn new(
        drive: &Drive,
        accounts: &[(String, String)],
        lifetime: Duration,
        seed: u64,
    ) -> Result<Self, DriveError> {
        let known = |(email, password): &(String, String)| {
            Ok(Account { user: drive.ensure_user(email)?, password: password.clone() })
        };
        let accounts = accounts.iter().map(known).collect::<Result<_, DriveError>>()?;
        let dice = fastrand::Rng::with_seed(seed ^ 0x746f_6b65_6e73);
        let state = State { dice, access: HashMap::new(), refresh: HashMap::new(), codes: HashMap::new() };
        Ok(Self { accounts, lifetime, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The user who signs in when nobody says who.
    pub(super) fn default_user(&self) -> Option<&User> {
        self.accounts.first().map(|account| &account.user)
    }

    pub(super) fn user_named(&self, email: &str) -> Option<&User> {
        let named = |account: &&Account| account.user.email.eq_ignore_ascii_case(email);
        self.accounts.iter().find(named).map(|account| &account.user)
    }

    /// The user whose address a text contains: that is how an assertion names one.
    pub(super) fn user_in(&self, text: &str) -> Option<&User> {
        let text = text.to_ascii_lowercase();
        let named = |account: &&Account| text.contains(&account.user.email.to_ascii_lowercase());
        self.accounts.iter().find(named).map(|account| &account.user)
    }

    pub(super) fn user_with_password(&self, email: &str, password: &str) -> Option<&User> {
        let matches =
            |account: &&Account| account.user.email.eq_ignore_ascii_case(email) && account.password == password;
        self.accounts.iter().find(matches).map(|account| &account.user)
    }

    /// The user of a valid access token.
    pub(super) fn user_of(&self, token: &str) -> Option<User> {
        let state = self.state();
        let (user, end) = state.access.get(token)?;
        let valid = Instant::now() < *end;
        let user = self.accounts.iter().find(|account| account.user.id == *user).filter(|_| valid)?;
        Some(user.user.clone())
    }

    pub(crate) fn issue(&self, user: UserId) -> Grant {
        let mut state = self.state();
        let (access, refresh) = (format!("{}$${}", state.random(), state.random()), state.random());
        let end = Instant::now() + self.lifetime;
        state.access.insert(access.clone(), (user, end));
        state.refresh.insert(refresh.clone(), user);
        Grant { access, refresh, expires_in: self.lifetime.as_secs() }
    }

    /// A new pair for a refresh token, which is thereby used up.
    pub(super) fn refresh(&self, token: &str) -> Option<Grant> {
        let user = self.state().refresh.remove(token)?;
        Some(self.issue(user))
    }

    pub(super) fn issue_code(&self, user: UserId) -> String {
        let mut state = self.state();
        let code = state.random();
        state.codes.insert(code.clone(), (user, Instant::now() + CODE_LIFETIME));
        code
    }

    pub(super) fn redeem_code(&self, code: &str) -> Option<Grant> {
        let (user, end) = self.state().codes.remove(code)?;
        (Instant::now() < end).then(|| self.issue(user))
    }

    /// Makes every access token invalid; refresh tokens stay.
    pub(crate) fn expire(&self) {
        self.state().access.clear();
    }

    /// Makes one access token invalid.
    pub(super) fn revoke(&self, token: &str) {
        self.state().access.remove(token);
    }
}

impl State {
    fn random(&mut self) -> String {
        format!("{:016x}{:016x}", self.dice.u64(..), self.dice.u64(..))
    }
}
