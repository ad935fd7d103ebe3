//! What a store looks at before it changes something, where its service has no conditions for that. Names themselves are
//! checked by [`NameRules`](crate::NameRules).

use crate::transfer::UploadRequest;
use crate::{Digest, Error, ErrorKind, Item, ItemId, NameRules, OnConflict, Result, Revision};

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

/// What a write was asked for, to compare with what the service says that it did.
///
/// What is not told is not compared.
#[derive(Debug)]
pub struct Asked<'a> {
    name: &'a str,
    rules: Option<&'a NameRules>,
    id: Option<&'a str>,
    parent: Option<&'a str>,
    is_folder: Option<bool>,
    size: Option<u64>,
    digests: &'a [Digest],
}

impl<'a> Asked<'a> {
    /// An item of exactly this name: no service of ours documents that it changes names.
    pub fn named(name: &'a str) -> Self {
        Self { name, rules: None, id: None, parent: None, is_folder: None, size: None, digests: &[] }
    }

    /// Spelled in any way that the service takes for the same name: a new version keeps the spelling that its file has.
    #[must_use]
    pub fn in_any_spelling(mut self, rules: &'a NameRules) -> Self {
        self.rules = Some(rules);
        self
    }

    /// In the folder of this identifier.
    #[must_use]
    pub fn within(mut self, parent: &'a str) -> Self {
        self.parent = Some(parent);
        self
    }

    /// This very item.
    #[must_use]
    pub fn with_id(mut self, id: &'a str) -> Self {
        self.id = Some(id);
        self
    }

    /// A folder.
    #[must_use]
    pub fn folder(mut self) -> Self {
        self.is_folder = Some(true);
        self
    }

    /// Of the kind of another item, and with the content of that.
    #[must_use]
    pub fn like(mut self, item: &'a Item) -> Self {
        self.is_folder = Some(item.is_folder());
        self.size = item.size.filter(|_| item.is_file());
        self.digests = &item.digests;
        self
    }

    /// A file of this length.
    #[must_use]
    pub fn with_size(mut self, size: u64) -> Self {
        (self.is_folder, self.size) = (Some(false), Some(size));
        self
    }

    /// Checks what the service says that there is now.
    ///
    /// # Errors
    /// [`ErrorKind::Protocol`] when it is something else. As the service may have done what it was asked for all the same,
    /// [`Error::maybe_applied`] is set.
    pub fn check(&self, made: &Item) -> Result<()> {
        let differs = |asked: Option<&str>, told: Option<&str>| {
            asked.zip(told).is_some_and(|(asked, told)| !asked.eq_ignore_ascii_case(told))
        };
        let digest = self.digests.iter().find_map(|asked| Some((asked, made.digest(asked.algorithm())?)));
        let complaint = match () {
            () if !self.rules.map_or(self.name == made.name, |rules| rules.same(self.name, &made.name)) => {
                format!("the name {:?}, and it has {:?}", self.name, made.name)
            }
            () if differs(self.id, Some(made.id.as_str())) => {
                format!("the identifier {}, and it has {}", self.id.unwrap_or_default(), made.id)
            }
            () if differs(self.parent, made.parent.as_ref().map(ItemId::as_str)) => {
                format!("to be in the folder {}, and it is elsewhere", self.parent.unwrap_or_default())
            }
            () if self.is_folder.is_some_and(|folder| folder != made.is_folder()) => {
                "to be of another kind than it is".to_owned()
            }
            () if self.size.zip(made.size).is_some_and(|(asked, told)| asked != told) => {
                format!("{} bytes, and it has {}", self.size.unwrap_or_default(), made.size.unwrap_or_default())
            }
            () if digest.is_some_and(|(asked, told)| asked != told) => "other content than it has".to_owned(),
            () => return Ok(()),
        };
        let message = format!("the service says that it is done, but the item {} should have {complaint}", made.id);
        Err(Error::new(ErrorKind::Protocol, message).with_maybe_applied(true))
    }
}

/// Checks what an answer says of a share that was made: each entry is whether it is not as asked, and what.
///
/// # Errors
/// [`ErrorKind::Protocol`] with the first difference. As the share may be there, [`Error::maybe_applied`] is set.
pub fn check_granted(differences: &[(bool, &'static str)]) -> Result<()> {
    differences.iter().find(|(differs, _)| *differs).map_or(Ok(()), |(_, what)| {
        let message = format!("the service made a share that is not as it was asked for: {what}");
        Err(Error::new(ErrorKind::Protocol, message).with_maybe_applied(true))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DigestAlgorithm, ItemKind, ItemRef};

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

    #[test]
    fn what_was_made_is_what_was_asked_for() {
        let rules = NameRules::permissive().with_case_sensitive(false);
        let digest = |content: &[u8]| Digest::of(DigestAlgorithm::Md5, content);
        let mut made = Item::new("fi1", "A.txt", ItemKind::File);
        (made.parent, made.size, made.digests) = (Some("fo1".into()), Some(3), vec![digest(b"abc")]);
        let mut other = made.clone();
        let fits = |asked: Asked<'_>| asked.check(&made).map_err(|error| (error.kind(), error.maybe_applied()));
        let lie = Err((ErrorKind::Protocol, true));
        let asked = |name| Asked::named(name).in_any_spelling(&rules);
        assert_eq!(fits(Asked::named("a.txt")), lie);
        assert_eq!(fits(Asked::named("A.txt")), Ok(()));
        assert_eq!(fits(asked("a.txt").within("FO1").with_id("fi1").with_size(3).like(&made)), Ok(()));
        assert_eq!(fits(asked("b.txt")), lie);
        assert_eq!(fits(asked("a.txt").within("fo2")), lie);
        assert_eq!(fits(asked("a.txt").with_id("fi2")), lie);
        assert_eq!(fits(asked("a.txt").folder()), lie);
        assert_eq!(fits(asked("a.txt").with_size(4)), lie);
        other.digests = vec![digest(b"abd")];
        assert_eq!(fits(asked("a.txt").like(&other)), lie);
        // What is not told is not compared.
        let bare = Item::new("fi1", "a.txt", ItemKind::File);
        asked("a.txt").within("fo2").with_size(4).check(&bare).unwrap();
    }
}
