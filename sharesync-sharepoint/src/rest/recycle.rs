//! The recycle bin of a site.

use http::Method;
use sharesync_core::http::{LIST_MEMORY, Repeat};
use sharesync_core::{Error, ErrorKind, Result};

use super::listing::Paging;
use crate::PROVIDER;
use crate::client::resource;
use crate::model::{Guid, RecycleBinItem};
use crate::odata::Literal;

/// Items of the bin that are kept at once.
const MOST: usize = 100_000;

/// What an item takes in a list that has room for as many more.
fn memory_of(item: &RecycleBinItem) -> usize {
    let texts = [&item.leaf_name, &item.dir_name].into_iter().flatten();
    2 * size_of::<RecycleBinItem>() + texts.map(String::len).sum::<usize>()
}

resource! {
    /// The recycle bin of the site.
    RecycleBin
}

impl RecycleBin {
    /// What is in it, all of it (`web/RecycleBin`).
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] when it holds more than 100,000 items, or they take more than [`LIST_MEMORY`] together.
    pub async fn list(&self) -> Result<Vec<RecycleBinItem>> {
        let select = "$select=Id,LeafName,DirName,DeletedDate,Size,ItemType,ItemState";
        let mut pages = Paging::new(&self.0, "RecycleBin", format!("_api/web/RecycleBin?{select}"), 1000);
        let (mut all, mut memory) = (Vec::new(), 0);
        while let Some(page) = pages.next(|item: &RecycleBinItem| format!("{:?}", item.id)).await? {
            memory += page.iter().map(memory_of).sum::<usize>();
            all.extend(page);
            let message = match (all.len() > MOST, memory > LIST_MEMORY) {
                (true, _) => format!("the recycle bin holds more than {MOST} items"),
                (_, true) => format!("the items would take more than {} MiB of memory", LIST_MEMORY >> 20),
                _ => continue,
            };
            let error = Error::new(ErrorKind::TooLarge, message);
            return Err(error.with_provider(PROVIDER).with_operation("RecycleBin"));
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
