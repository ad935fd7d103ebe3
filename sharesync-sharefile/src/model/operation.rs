//! Work that the service does after it has answered.

use super::date::ShareFileDate;
use super::enums::{AsyncOperationKind, AsyncState};
use super::item::Item;
use super::people::{Account, User, Zone};
use super::wire::entity;

entity! {
    /// Work that the service does after it has answered.
    AsyncOperation {
        /// What it does.
        operation: AsyncOperationKind = "Operation",
        /// The account.
        account: Box<Account> = "Account",
        /// The zone that decides.
        authority_zone: Box<Zone> = "AuthorityZone",
        /// The item that it works on.
        source: Box<Item> = "Source",
        /// Who asked for it.
        user: Box<User> = "User",
        /// When it was asked for.
        creation_date: ShareFileDate = "CreationDate",
        /// How far it is.
        state: AsyncState = "State",
        /// When that was.
        update_date: ShareFileDate = "UpdateDate",
        /// Where the item goes.
        target: Box<Item> = "Target",
        /// What operations of one request have in common.
        batch_id: String = "BatchID",
        /// The item that the whole request works on.
        batch_source_id: String = "BatchSourceID",
        /// Where it goes.
        batch_target_id: String = "BatchTargetID",
        /// How much of the batch is done, as a percentage [unit inferred].
        batch_progress: f64 = "BatchProgress",
        /// How far the batch is.
        batch_state: AsyncState = "BatchState",
        /// How many operations the batch has.
        batch_total: i64 = "BatchTotal",
    }
}

impl AsyncOperation {
    /// How far the whole is: the state of the batch where there is one, else of the operation.
    pub fn overall_state(&self) -> Option<&AsyncState> {
        self.batch_state.as_ref().or(self.state.as_ref())
    }
}
