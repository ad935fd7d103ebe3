//! Signing in and out, the account, devices, addresses of the service, and users that are added.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::record::Record;
use super::{Ctx, Outcome, Refused};
use crate::drive::{User, UserId};

/// What each account has room for.
const ALLOCATION: u64 = 1 << 40;
/// A server's floor for polling; its unit is not known.
const MINIMUM_FREQUENCY: u32 = 1;

/// What is known of users beside the emulator's own: passwords of those that were added, and devices.
#[derive(Default)]
pub(super) struct Users {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    passwords: HashMap<UserId, String>,
    devices: HashSet<(UserId, String)>,
}

impl std::fmt::Debug for Users {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Users").finish_non_exhaustive()
    }
}

impl Users {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ctx {
    pub(super) fn account_login(&self) -> Outcome {
        self.api_key(&self.args)?;
        if self.args.number("OrgID") != self.face.options.org_id {
            return Err(Refused::because("The organization does not exist."));
        }
        let (name, password) = (self.args.text("UserName"), self.args.text("Password"));
        let user = match self.args.text("ClientEncryptParam") {
            "ENCRYPTEDYES" => {
                let user = self.drive().user_by_email(name).filter(|user| self.encrypted_password(user) == password);
                user.ok_or_else(wrong_password)?
            }
            "" | "ENCRYPTEDNO" => self.sign_in_clear(name, password)?,
            _ => return Err(Refused::because("ClientEncryptParam must be ENCRYPTEDNO or ENCRYPTEDYES.")),
        };
        Ok(self.signed_in(&user))
    }

    /// The user with that password.
    pub(super) fn sign_in_clear(&self, name: &str, password: &str) -> Result<User, Refused> {
        if let Some(user) = self.face.shared.accounts.with_password(name, password) {
            return Ok(user.clone());
        }
        let added = self
            .drive()
            .user_by_email(name)
            .filter(|user| self.face.users.state().passwords.get(&user.id).is_some_and(|known| known == password));
        added.ok_or_else(wrong_password)
    }

    /// What a client may keep in place of the password.
    fn encrypted_password(&self, user: &User) -> String {
        self.face.seal.of("password", &[&user.id.0.to_string()])
    }

    fn signed_in(&self, user: &User) -> Record {
        Record::new()
            .set("Token", self.face.tokens.issue(user.id).access)
            .set("ClientEncryptedPassword", self.encrypted_password(user))
    }

    /// A device that the user has registered signs in without a password.
    pub(super) fn validate_sso_user(&self) -> Outcome {
        self.api_key(&self.args)?;
        let parameters = self.args.object("Parameters");
        let unknown = || Refused::because("The device is not mapped to this user.");
        let user = self.drive().user_by_email(parameters.text("UserName")).ok_or_else(unknown)?;
        let device = (user.id, parameters.text("DeviceID").to_owned());
        if parameters.text("ClientID") != self.face.options.org_id.to_string()
            || !self.face.users.state().devices.contains(&device)
        {
            return Err(unknown());
        }
        Ok(self.signed_in(&user))
    }

    pub(super) fn logout(&self) -> Outcome {
        self.user()?;
        self.face.tokens.revoke(self.args.text("Token"));
        Ok(Record::new().set("LoggedOut", true))
    }

    pub(super) fn account_details(&self) -> Outcome {
        let user = self.user()?;
        let used = self.drive().item(user.home).map_or(0, |home| home.totals.bytes);
        let megabytes = |bytes: u64| format!("{:.2} MB", bytes as f64 / f64::from(1 << 20));
        Ok(Record::new()
            .set("EmailAddress", &user.email)
            .set("StorageAllocationInBytes", ALLOCATION)
            .set("StorageAllocationDisplay", megabytes(ALLOCATION))
            .set("StorageUsageInBytes", used)
            .set("StorageUsageDisplay", megabytes(used))
            .set("UserType", "User")
            .set("AccountStatus", "Active"))
    }

    pub(super) fn register_device(&self) -> Outcome {
        let user = self.user()?;
        let device = self.args.some_text("DeviceId").ok_or_else(|| Refused::because("There is no DeviceId."))?;
        self.face.users.state().devices.insert((user.id, device.to_owned()));
        Ok(Record::new()
            .set("MinimumSyncCheckFrequency", MINIMUM_FREQUENCY)
            .set("MinimumNotificationCheckFrequency", MINIMUM_FREQUENCY))
    }

    /// Nobody notifies anybody here.
    pub(super) fn notifications(&self) -> Outcome {
        let user = self.user()?;
        let device = (user.id, self.args.text("DeviceId").to_owned());
        if !self.face.users.state().devices.contains(&device) {
            return Err(Refused::because("The device is not registered."));
        }
        Ok(Record::new().set("Data", ""))
    }

    pub(super) fn api_url(&self) -> Outcome {
        self.api_key(&self.args)?;
        if self.args.number("ClientId") != self.face.options.org_id {
            return Err(Refused::because("The client does not exist."));
        }
        Ok(Record::new().set("APIURL", format!("{}/v2/fawapi.asmx", self.base)))
    }

    pub(super) fn client_id(&self) -> Outcome {
        self.api_key(&self.args)?;
        let code = self.args.object("Parameters").text("CompanyCode");
        if !code.eq_ignore_ascii_case(&self.face.options.company_code) {
            return Err(Refused::because("The company code does not exist."));
        }
        Ok(Record::new().set("ClientID", self.face.options.org_id))
    }

    /// A user adds another one; here each may do so.
    pub(super) fn user_add(&self) -> Outcome {
        if self.args.number("OrgID") != self.face.options.org_id {
            return Err(Refused::because("The organization does not exist."));
        }
        self.sign_in_clear(self.args.text("CompanyAdminUserID"), self.args.text("CompanyPassword"))?;
        let (name, password) = (self.args.text("LoginUserName").trim(), self.args.text("Password"));
        if name.is_empty() || password.is_empty() {
            return Err(Refused::because("LoginUserName and Password are required."));
        }
        if self.drive().user_by_email(name).is_some() {
            return Err(Refused::because("A user with this name already exists."));
        }
        let user = self.drive().ensure_user(name)?;
        self.face.users.state().passwords.insert(user.id, password.to_owned());
        Ok(Record::new().set("UserCreated", true))
    }
}

fn wrong_password() -> Refused {
    Refused::because("The user name or password is wrong.")
}
