//! Moving an item to another folder, under another name, or both, where the service changes one of them at a time; and what
//! is made aside before it is seen.
//!
//! An item is never without a name of its user's: where both its names are taken on the way, it goes by a folder of its own,
//! which has a temporary name. What each step did is compared with what was asked; what fails half-way is undone.

use async_trait::async_trait;

use crate::task::still_wanted;
use crate::temporary::{Purpose, Temporary, tidied};
use crate::{Attempted as _, Error, ErrorKind, NameRules, Result};

/// Where an item is: its folder, as the provider names folders, and its name there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// The folder.
    pub folder: String,
    /// The name.
    pub name: String,
}

impl Spot {
    /// A name in a folder.
    pub fn new(folder: impl Into<String>, name: impl Into<String>) -> Self {
        Self { folder: folder.into(), name: name.into() }
    }

    fn named(&self, name: &str) -> Self {
        Self::new(self.folder.as_str(), name)
    }
}

/// The requests by which a provider makes folders for a moment.
#[async_trait]
pub trait TemporaryFolders: Send + Sync {
    /// Makes a folder of a name that nobody else uses. A folder of this name that is there after a lost answer is it.
    async fn make(&self, parent: &str, name: &str) -> Result<String>;

    /// Removes such a folder with what it holds.
    async fn remove(&self, folder: &str) -> Result<()>;
}

/// The requests by which a provider moves one item.
#[async_trait]
pub trait Mover: Send + Sync {
    /// Changes the folder or the name, by one request that replaces nothing. Returns where the item is by the service's answer;
    /// `None` where that does not say so.
    async fn step(&self, from: &Spot, to: &Spot) -> Result<Option<Spot>>;

    /// Looks where the item is; it may be at either of these. `None` when it is not there at all.
    async fn spot(&self, from: &Spot, to: &Spot) -> Result<Option<Spot>>;

    /// Whether nothing has the name there.
    async fn is_free(&self, spot: &Spot) -> Result<bool>;

    /// Makes folders for the way.
    fn folders(&self) -> &dyn TemporaryFolders;

    /// The rules for names.
    fn rules(&self) -> &NameRules;

    /// Whether two names of folders mean the same one.
    fn same_folder(&self, one: &str, other: &str) -> bool {
        one == other
    }
}

/// Brings an item from one spot to another, which must be free or taken by the item itself, in another case.
///
/// # Errors
/// Those of the provider; [`ErrorKind::Protocol`] when the service says that it moved the item and did not. Unless
/// [`Error::maybe_applied`] is set, the item is where it was.
pub async fn relocate(mover: &dyn Mover, from: &Spot, to: &Spot) -> Result<()> {
    still_wanted()?;
    let stays = mover.same_folder(&from.folder, &to.folder);
    if stays || from.name == to.name {
        return match travel(mover, from, std::slice::from_ref(to)).await {
            Err(error) if stays && is_refused(&error) && mover.rules().same(&from.name, &to.name) => {
                let between = Temporary::new(Purpose::Rename).for_name(&to.name, mover.rules()).to_string();
                travel(mover, from, &[from.named(&between), to.clone()]).await
            }
            done => done,
        };
    }
    for between in [from.named(&to.name), to.named(&from.name)] {
        if !mover.is_free(&between).await? {
            continue;
        }
        match travel(mover, from, &[between, to.clone()]).await {
            // Somebody else has taken the name in between; whether there or at the end, the next way shows.
            Err(error) if is_refused(&error) => {}
            done => return done,
        }
    }
    aside_past_others(mover, from, to).await
}

/// Goes by a folder of its own, in which no other item can have its names. The folder stays if it may hold the item.
async fn aside_past_others(mover: &dyn Mover, from: &Spot, to: &Spot) -> Result<()> {
    let name = Temporary::new(Purpose::Move).for_name(&to.name, mover.rules()).to_string();
    let folder = mover.folders().make(&to.folder, &name).await?;
    let inside = Spot::new(folder.as_str(), from.name.as_str());
    let moved = travel(mover, from, &[inside.clone(), inside.named(&to.name), to.clone()]).await;
    let is_outside = match &moved {
        Err(error) if error.maybe_applied() => {
            let now = mover.spot(from, &inside).await;
            matches!(now, Ok(Some(now)) if !mover.same_folder(&now.folder, &folder))
        }
        _ => true,
    };
    if is_outside {
        return remove(mover.folders(), &folder, &name, moved).await;
    }
    tracing::warn!(folder = name, "a folder may hold an item that was being moved, and stays");
    moved
}

/// Whether the name is taken, and nothing was done.
fn is_refused(error: &Error) -> bool {
    error.kind() == ErrorKind::AlreadyExists && !error.maybe_applied()
}

/// Makes something in a temporary folder within `parent`, from where it is brought to its place. The folder goes in the end.
///
/// # Errors
/// Those of the provider and of `work`.
pub async fn aside<T, F, W>(folders: &dyn TemporaryFolders, temporary: &Temporary, parent: &str, work: F) -> Result<T>
where
    T: Send,
    F: FnOnce(String) -> W + Send,
    W: Future<Output = Result<T>> + Send,
{
    still_wanted()?;
    let name = temporary.to_string();
    let folder = folders.make(parent, &name).await?;
    let done = work(folder.clone()).await;
    remove(folders, &folder, &name, done).await
}

/// Removes a temporary folder. One that stays after a failure is something of what was asked for that may have been done.
async fn remove<T>(folders: &dyn TemporaryFolders, folder: &str, name: &str, done: Result<T>) -> Result<T> {
    let removed = tidied(|| folders.remove(folder)).await;
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            tracing::warn!(%error, folder = name, "a temporary folder could not be removed");
            done.after_write()
        }
        _ => done,
    }
}

/// Brings an item from spot to spot, by one request each. When one fails, those before it are taken back.
///
/// # Errors
/// As [`relocate`].
pub async fn travel(mover: &dyn Mover, from: &Spot, steps: &[Spot]) -> Result<()> {
    let mut passed: Vec<&Spot> = Vec::new();
    let mut at = from;
    for to in steps {
        if at == to {
            continue;
        }
        if let Err(error) = step(mover, at, to).await {
            return Err(if passed.is_empty() { error } else { put_back(mover, &passed, at, to, error).await });
        }
        passed.push(at);
        at = to;
    }
    Ok(())
}

/// One step, whose outcome is looked at where the answer does not tell it.
async fn step(mover: &dyn Mover, from: &Spot, to: &Spot) -> Result<()> {
    let is_at = |spot: &Spot, place: &Spot| spot.name == place.name && mover.same_folder(&spot.folder, &place.folder);
    let error = match mover.step(from, to).await {
        Ok(Some(told)) if is_at(&told, to) => return Ok(()),
        Ok(Some(told)) => return Err(lied(to, Some(&told))),
        Ok(None) => None,
        Err(error) if error.maybe_applied() => Some(error),
        Err(error) => return Err(error),
    };
    match (mover.spot(from, to).await, error) {
        (Ok(Some(now)), _) if is_at(&now, to) => Ok(()),
        (Ok(Some(now)), Some(error)) if is_at(&now, from) => Err(error.with_maybe_applied(false)),
        (_, Some(error)) => Err(error),
        (Ok(now), None) => Err(lied(to, now.as_ref())),
        (look, None) => look.map(drop).after_write(),
    }
}

fn lied(to: &Spot, now: Option<&Spot>) -> Error {
    let now =
        now.map_or_else(|| "nowhere".to_owned(), |now| format!("named {:?} in the folder {}", now.name, now.folder));
    let message = format!(
        "the service says that it moved the item, which should be named {:?} in the folder {} and is {now}",
        to.name, to.folder,
    );
    Error::new(ErrorKind::Protocol, message).with_maybe_applied(true)
}

/// Takes back the steps before one that failed, and says so when that fails as well.
async fn put_back(mover: &dyn Mover, passed: &[&Spot], at: &Spot, to: &Spot, error: Error) -> Error {
    let back = async {
        if error.maybe_applied() {
            let now = mover.spot(at, to).await?.filter(|now| now.name == at.name);
            if now.is_none_or(|now| !mover.same_folder(&now.folder, &at.folder)) {
                return Err(Error::new(ErrorKind::Conflict, "it is not where it should be"));
            }
        }
        let mut at = at;
        for before in passed.iter().rev() {
            step(mover, at, before).await?;
            at = before;
        }
        Ok(())
    };
    match back.await {
        Ok(()) => error.with_maybe_applied(false),
        Err(left) => {
            let was = passed.first().map_or("", |was| was.name.as_str());
            let message = format!(
                "{error}; moreover {was:?} could not be put back and may be in the folder {} or {}, under the name {:?} or \
                 {:?}: {left}",
                at.folder, to.folder, at.name, to.name,
            );
            Error::new(error.kind(), message).with_maybe_applied(true).with_source(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use http::StatusCode;

    use super::*;
    use crate::http::ForeignResponse;

    /// Folders whose removal fails with these, one after the other.
    struct Folders(Mutex<Vec<Error>>);

    #[async_trait]
    impl TemporaryFolders for Folders {
        async fn make(&self, _: &str, name: &str) -> Result<String> {
            Ok(name.to_owned())
        }

        async fn remove(&self, _: &str) -> Result<()> {
            self.0.lock().unwrap().pop().map_or(Ok(()), Err)
        }
    }

    /// What is left of so many failures of one kind, and whether the work's success is told all the same.
    async fn left(fail: impl Fn() -> Error, times: usize) -> (usize, bool) {
        let folders = Folders(Mutex::new((0..times).map(|_| fail()).collect()));
        let done = remove(&folders, "1", "aside", Err::<(), _>(Error::new(ErrorKind::Conflict, "so"))).await;
        (folders.0.into_inner().unwrap().len(), done.unwrap_err().maybe_applied())
    }

    #[tokio::test(start_paused = true)]
    async fn the_removal_of_a_folder_is_tried_again_only_after_what_may_pass() {
        for kind in
            [ErrorKind::Network, ErrorKind::Timeout, ErrorKind::Stalled, ErrorKind::Unavailable, ErrorKind::RateLimited]
        {
            assert_eq!(left(|| Error::new(kind, "so"), 2).await, (0, false), "{kind:?}");
            assert_eq!(left(|| Error::new(kind, "so"), 9).await, (5, true), "{kind:?} ends");
        }
        for status in [200, 401, 403, 404, 503].map(|status| StatusCode::from_u16(status).unwrap()) {
            let page = || ForeignResponse::new(status, &http::HeaderMap::new()).into_error();
            assert_eq!(left(page, 2).await, (0, false), "{status}");
        }
        for kind in [ErrorKind::PermissionDenied, ErrorKind::Locked, ErrorKind::Unauthenticated, ErrorKind::Rejected] {
            assert_eq!(left(|| Error::new(kind, "so"), 2).await, (1, true), "{kind:?}");
        }
        assert_eq!(left(|| Error::new(ErrorKind::NotFound, "so"), 2).await, (1, false), "it is gone");
    }
}
