//! What is in a folder: its files and its folders, page by page.

use http::StatusCode;

use super::Node;
use crate::drive::Entry;
use crate::http::encode;
use crate::sharepoint::Ctx;
use crate::sharepoint::errors::{Outcome, SpError};
use crate::sharepoint::odata::Answer;

impl Ctx {
    pub(super) fn files_of(&self, folder: &Entry) -> Outcome {
        let folders = self.drive().folders_in(folder.item.id);
        let total = usize::try_from(folder.totals.children).unwrap_or(usize::MAX).saturating_sub(folders);
        self.page_of(folder, folders, total, true)
    }

    pub(super) fn folders_of(&self, folder: &Entry) -> Outcome {
        let folders = self.drive().folders_in(folder.item.id);
        self.page_of(folder, 0, folders, false)
    }

    /// The page that `$skip` and `$top` ask for, of the things from `first` on.
    fn page_of(&self, folder: &Entry, first: usize, total: usize, files: bool) -> Outcome {
        let (skip, top) = (self.number("$skip")?.unwrap_or(0), self.number("$top")?);
        let everything = folder.totals.children;
        if let Some(most) = self.face.options.threshold
            && everything > most as u64
            && top.is_none_or(|top| top > most)
        {
            return Err(SpError::threshold(most));
        }
        let most = self.face.max_page.map_or(top, |page| Some(top.unwrap_or(page).min(page)));
        let left = total.saturating_sub(skip);
        let window = most.unwrap_or(left).min(left);
        let entries = self.drive().children(folder.item.id, first + skip, Some(window)).entries;
        let entities =
            entries.into_iter().filter(|entry| if files { entry.item.is_file() } else { entry.item.is_folder() });
        let entities = entities.map(|entry| {
            let node = if files { Node::File(entry) } else { Node::Folder(entry) };
            self.expanded(&node, self.entity(&node)?)
        });
        let entities = entities.collect::<Outcome<Vec<_>>>()?;
        // A page that the client limited by itself is the end of what it asked for.
        let wanted = top.unwrap_or(left).min(left);
        let next = (window < wanted || (self.call.repeat_page && window > 0)).then(|| {
            self.next_page(if self.call.repeat_page { skip } else { skip + window }, top.map(|top| top - window))
        });
        Ok(self.answered(Answer::Feed { entities, next }))
    }

    /// The same request with another `$skip`, and what is left of `$top`.
    fn next_page(&self, skip: usize, top: Option<usize>) -> String {
        let others = self.call.query.pairs().iter().filter(|(name, _)| name != "$skip" && name != "$top");
        let mut query: Vec<String> = others.map(|(name, value)| format!("{name}={}", encode(value))).collect();
        query.extend(top.map(|top| format!("$top={top}")));
        query.push(format!("$skip={skip}"));
        format!("{}{}?{}", self.call.base, self.call.path, query.join("&"))
    }

    fn number(&self, name: &str) -> Outcome<Option<usize>> {
        let Some(text) = self.call.query.get(name) else {
            return Ok(None);
        };
        let code = "-1, Microsoft.SharePoint.Client.InvalidClientQueryException";
        let bad = || SpError::new(StatusCode::BAD_REQUEST, code, format!("The query string \"{name}\" is invalid."));
        text.parse().map(Some).map_err(|_| bad())
    }
}
