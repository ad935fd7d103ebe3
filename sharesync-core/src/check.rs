//! What a store looks at before it changes something, where its service has no conditions for that. Names themselves are
//! checked by [`NameRules`](crate::NameRules).

use crate::transfer::UploadRequest;
use crate::{Error, ErrorKind, OnConflict, Result, Revision};

/// What has a name in a folder, as far as it matters to whoever wants the name.
#[derive(Debug, Clone)]
pub struct Holder<'a> {
    /// The name as it is spelled there.
    pub name: &'a str,
    /// Whether it is a folder, which nothing replaces.
    pub is_folder: bool,
    /// The state of its content.
    pub revision: Option<Revision>,
}

impl Holder<'_> {
    /// The error of wanting its name: [`ErrorKind::AlreadyExists`].
    pub fn refuse(&self, wanted: &str) -> Error {
        let what = if self.is_folder { "folder" } else { "file" };
        let message = format!("there is a {what} named {:?}", self.name);
        Error::new(ErrorKind::AlreadyExists, message).with_subject(wanted)
    }
}

impl UploadRequest {
    /// Checks that the upload may take its name from what has it now: a condition that holds allows to replace a file.
    ///
    /// # Errors
    /// [`ErrorKind::PreconditionFailed`] when the content is not in the required state, [`ErrorKind::AlreadyExists`] when
    /// the name is taken by what is not to be replaced.
    pub fn check_holder(&self, holder: Option<Holder<'_>>) -> Result<()> {
        let present = holder.as_ref().and_then(|holder| holder.revision.as_ref());
        Revision::require(self.if_revision.as_ref(), present).map_err(|error| error.with_subject(&self.name))?;
        let replaces = self.on_conflict == OnConflict::NewVersion || self.if_revision.is_some();
        match holder {
            Some(holder) if !replaces || holder.is_folder => Err(holder.refuse(&self.name)),
            _ => Ok(()),
        }
    }
}

impl Revision {
    /// Checks that content is in the required state, where one is required.
    ///
    /// # Errors
    /// [`ErrorKind::PreconditionFailed`], with both states.
    pub fn require(required: Option<&Self>, present: Option<&Self>) -> Result<()> {
        match required {
            Some(required) if present != Some(required) => Err(required.stale(present)),
            _ => Ok(()),
        }
    }

    /// The error of content that is not in this state.
    pub fn stale(&self, present: Option<&Self>) -> Error {
        let present = present.map_or_else(|| "in none".to_owned(), |present| format!("in the state {present}"));
        let message = format!("the content is {present}, and the state {self} was required");
        Error::new(ErrorKind::PreconditionFailed, message)
    }
}

/// How names begin that an item has for a moment, while it is moved and renamed.
pub const TEMPORARY: &str = "sharesync-";

/// A name that nothing has, for a moment.
pub fn temporary_name() -> String {
    format!("{TEMPORARY}{:016x}.tmp", fastrand::u64(..))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ItemRef;

    #[test]
    fn a_name_is_taken_unless_a_file_may_be_replaced() {
        let (one, two) = (Revision::new("1"), Revision::new("2"));
        let request = |on_conflict, required: Option<&Revision>| {
            let request = UploadRequest::new(ItemRef::Root, "a").with_on_conflict(on_conflict);
            required.cloned().map_or(request.clone(), |required| request.with_if_revision(required))
        };
        let holder = |is_folder| Holder { name: "A", is_folder, revision: Some(one.clone()) };
        let outcome = |request: UploadRequest, holder: Option<Holder<'_>>| {
            request.check_holder(holder).map_err(|error| error.kind())
        };
        let (fail, replace) = (OnConflict::Fail, OnConflict::NewVersion);
        for (request, holder, expected) in [
            (request(fail, None), None, Ok(())),
            (request(fail, None), Some(holder(false)), Err(ErrorKind::AlreadyExists)),
            (request(fail, Some(&one)), Some(holder(false)), Ok(())),
            (request(fail, Some(&two)), Some(holder(false)), Err(ErrorKind::PreconditionFailed)),
            (request(fail, Some(&one)), None, Err(ErrorKind::PreconditionFailed)),
            (request(replace, None), Some(holder(false)), Ok(())),
            (request(replace, None), Some(holder(true)), Err(ErrorKind::AlreadyExists)),
            (request(replace, Some(&one)), Some(holder(true)), Err(ErrorKind::AlreadyExists)),
        ] {
            assert_eq!(outcome(request, holder), expected);
        }
        let error = Revision::require(Some(&two), Some(&one)).unwrap_err().to_string();
        assert!(error.contains("state 1") && error.contains("state 2"), "{error}");
    }
}
