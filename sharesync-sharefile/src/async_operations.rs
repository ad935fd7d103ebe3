//! The AsyncOperations resource: work that the service does after it has answered [AsyncOperations; paths inferred from
//! other clients].

use std::time::Duration;

use sharesync_core::http::{Repeat, deadline};
use sharesync_core::{Error, ErrorKind, Result};
use tokio::time::{Instant, sleep};

use crate::answer::Nothing;
use crate::client::{Client, Place};
use crate::model::{AsyncOperation, AsyncState, Feed};
use crate::params::options;
use crate::{PROVIDER, Query};

/// The time between the first two looks at an operation; it doubles from look to look.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

options! {
    /// Options of [`AsyncOperations::by_folder`].
    ByFolderOptions {
        /// Whether only operations are listed that are not over.
        active_only, with_active_only(bool): bool = "activeOnly",
    }
}

/// Work that the service does after it has answered: [`Client::async_operations`].
#[derive(Debug, Clone)]
pub struct AsyncOperations {
    client: Client,
}

impl AsyncOperations {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    fn entity(id: &str) -> Place {
        Place::entity("AsyncOperations", id)
    }

    /// One operation.
    ///
    /// `GET AsyncOperations(id)` [AsyncOperations].
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) when there is no such operation.
    pub async fn get(&self, id: &str, query: &Query) -> Result<AsyncOperation> {
        self.client.request("AsyncOperations.Get", Self::entity(id)).params(query).get().await
    }

    /// The operations of a batch.
    ///
    /// `GET AsyncOperations/GetByBatch(id)` [AsyncOperations].
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) when there is no such batch.
    pub async fn by_batch(&self, batch_id: &str, query: &Query) -> Result<Feed<AsyncOperation>> {
        let place = Place::entity("AsyncOperations/GetByBatch", batch_id);
        self.client.request("AsyncOperations.GetByBatch", place).params(query).feed().await
    }

    /// How far a batch is.
    ///
    /// `GET AsyncOperations/GetBatch(id)` [AsyncOperations].
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) when there is no such batch.
    pub async fn batch(&self, batch_id: &str, query: &Query) -> Result<AsyncOperation> {
        let place = Place::entity("AsyncOperations/GetBatch", batch_id);
        self.client.request("AsyncOperations.GetBatch", place).params(query).get().await
    }

    /// The operations on a folder.
    ///
    /// `GET AsyncOperations/GetByFolder(id)` [AsyncOperations].
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) when there is no such folder.
    pub async fn by_folder(
        &self,
        folder_id: &str,
        options: impl Into<ByFolderOptions>,
    ) -> Result<Feed<AsyncOperation>> {
        let place = Place::entity("AsyncOperations/GetByFolder", folder_id);
        self.client.request("AsyncOperations.GetByFolder", place).params(options.into()).feed().await
    }

    /// Cancels an operation.
    ///
    /// `POST AsyncOperations(id)/Cancel` [AsyncOperations].
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) when there is no such operation.
    pub async fn cancel(&self, id: &str) -> Result<()> {
        let request = self.client.request("AsyncOperations.Cancel", Self::entity(id).then("Cancel"));
        let Nothing = request.repeat(Repeat::Idempotent).post().await?;
        Ok(())
    }

    /// Cancels the operations of a batch.
    ///
    /// `POST AsyncOperations/CancelBatch(id)` [AsyncOperations].
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) when there is no such batch.
    pub async fn cancel_batch(&self, batch_id: &str) -> Result<()> {
        let place = Place::entity("AsyncOperations/CancelBatch", batch_id);
        let request = self.client.request("AsyncOperations.CancelBatch", place);
        let Nothing = request.repeat(Repeat::Idempotent).post().await?;
        Ok(())
    }

    /// Forgets an operation.
    ///
    /// `DELETE AsyncOperations(id)` [AsyncOperations].
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) when there is no such operation.
    pub async fn delete(&self, id: &str) -> Result<()> {
        let Nothing = self.client.request("AsyncOperations.Delete", Self::entity(id)).delete().await?;
        Ok(())
    }

    /// Waits until an operation is over, at most for `limit`. The service does not say how often to look; the pauses
    /// grow from a quarter of a second to a quarter of a minute.
    ///
    /// # Errors
    /// [`Timeout`](ErrorKind::Timeout) when it is not over in time, [`Cancelled`](ErrorKind::Cancelled) when it was
    /// canceled, [`Rejected`](ErrorKind::Rejected) when it failed.
    pub async fn wait(&self, operation: &AsyncOperation, limit: Duration) -> Result<AsyncOperation> {
        let id = operation.id.as_deref().unwrap_or_default();
        let failure = |kind, why| {
            let error = Error::new(kind, why).with_provider(PROVIDER).with_operation("AsyncOperations.Wait");
            error.with_subject(id)
        };
        let deadline = deadline(limit);
        let mut pause = FIRST_PAUSE;
        let mut present = operation.clone();
        loop {
            match present.overall_state().filter(|state| state.is_terminal()) {
                Some(AsyncState::Success) => return Ok(present),
                Some(AsyncState::Canceled) => {
                    return Err(failure(ErrorKind::Cancelled, "the operation was canceled"));
                }
                Some(_) => return Err(failure(ErrorKind::Rejected, "the operation failed")),
                None => {}
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(failure(ErrorKind::Timeout, "the operation goes on").with_maybe_applied(true));
            }
            sleep(pause.min(left)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            present = self.get(id, &Query::new()).await?;
        }
    }

    /// Waits until all of these operations are over, at most for `limit` in all.
    ///
    /// # Errors
    /// As [`wait`](Self::wait), of the first operation that fails.
    pub async fn wait_all(&self, operations: &[AsyncOperation], limit: Duration) -> Result<Vec<AsyncOperation>> {
        let deadline = deadline(limit);
        let mut done = Vec::with_capacity(operations.len());
        for operation in operations {
            done.push(self.wait(operation, deadline.saturating_duration_since(Instant::now())).await?);
        }
        Ok(done)
    }
}
