//! The recycle bin of a site.

use http::Method;
use sharesync_core::http::Repeat;
use sharesync_core::{Error, ErrorKind, Result};

use super::listing::Paging;
use crate::PROVIDER;
use crate::client::resource;
use crate::model::{Guid, RecycleBinItem};
use crate::odata::Literal;

/// Items of the bin that are kept at once.
const MOST: usize = 100_000;

resource! {
    /// The recycle bin of the site.
    RecycleBin
}

impl RecycleBin {
    /// What is in it, all of it (`web/RecycleBin`).
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] when it holds more than 100,000 items, which would stay in memory together.
    pub async fn list(&self) -> Result<Vec<RecycleBinItem>> {
        let select = "$select=Id,LeafName,DirName,DeletedDate,Size,ItemType,ItemState";
        let mut pages = Paging::new(&self.0, "RecycleBin", format!("_api/web/RecycleBin?{select}"), 1000);
        let mut all = Vec::new();
        while let Some(page) = pages.next(|item: &RecycleBinItem| format!("{:?}", item.id)).await? {
            all.extend(page);
            if all.len() > MOST {
                let error = Error::new(ErrorKind::TooLarge, format!("the recycle bin holds more than {MOST} items"));
                return Err(error.with_provider(PROVIDER).with_operation("RecycleBin"));
            }
        }
        Ok(all)
    }

    /// Puts something back to where it was (`RecycleBin('…')/Restore()`).
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when it is not in the bin.
    pub async fn restore(&self, item: Guid) -> Result<()> {
        let path = format!("_api/web/RecycleBin({})/Restore()", Literal::Id(item));
        self.0.request("RecycleBin.Restore", Method::POST, &path)?.subject(item).done().await
    }

    /// Deletes something for good (`RecycleBin('…')/DeleteObject()`).
    ///
    /// # Errors
    /// [`NotFound`](sharesync_core::ErrorKind::NotFound) when it is not in the bin.
    pub async fn delete(&self, item: Guid) -> Result<()> {
        let path = format!("_api/web/RecycleBin({})/DeleteObject()", Literal::Id(item));
        let request = self.0.request("RecycleBin.DeleteObject", Method::POST, &path)?;
        request.subject(item).repeat(Repeat::Idempotent).done().await
    }
}
