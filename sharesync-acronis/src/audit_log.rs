//! The audit log. The user must be an administrator.

use futures::FutureExt as _;
use sharesync_core::{BoxStream, Page, Result};

use crate::client::resource;
use crate::model::{AuditEntry, AuditFilter};
use crate::paging::{PER_PAGE, pages};
use crate::{Listed, Paging};

resource! {
    /// The audit log: [`Client::audit_log`](crate::Client::audit_log).
    AuditLog in tenant_id
}

impl AuditLog {
    /// One page of the entries that a filter lets through.
    ///
    /// `GET /audit_log` [Get audit log entries list].
    ///
    /// # Errors
    /// [`PermissionDenied`](sharesync_core::ErrorKind::PermissionDenied) for who is no administrator.
    pub async fn list(&self, filter: &AuditFilter, paging: &Paging) -> Result<Listed<AuditEntry>> {
        self.0.page(self.0.request("AuditLog.List", "audit_log", &[]).query(filter), paging).await
    }

    /// All entries that a filter lets through, page by page, each once.
    pub fn all(&self, filter: AuditFilter) -> BoxStream<'static, Result<Page<AuditEntry>>> {
        let log = self.clone();
        pages(
            "AuditLog.List",
            PER_PAGE,
            |entry: &AuditEntry| entry.uuid.as_deref(),
            move |paging| {
                let (log, filter) = (log.clone(), filter.clone());
                async move { log.list(&filter, &paging).await }.boxed()
            },
        )
    }
}
