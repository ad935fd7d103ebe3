//! Names that are taken in a folder of the target: two names that are one there never replace each other.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use futures::TryStreamExt as _;

use super::super::directory::Directory;
use super::super::items;
use crate::names::Folding;
use crate::{Error, ErrorKind, ItemRef, ListOptions, OnConflict, RemoteStore, Result};

/// The names of which the spelling is kept, for messages.
const SPELLED: usize = 4096;

/// The names in one folder of the target. Of each it keeps hashes, because there may be millions.
#[derive(Debug)]
pub(super) struct TakenNames {
    folding: Folding,
    marks: HashSet<u64>,
    /// By the hash of the folded name, as far as that is not the name.
    spelled: HashMap<u64, Box<str>>,
    hasher: RandomState,
}

/// What is known of a name. All but the last one is about the folded name.
#[derive(Hash)]
enum Mark<'a> {
    /// An item of this transfer goes there.
    Taken(&'a str),
    /// It was there before.
    There(&'a str),
    /// It was there before, in this spelling.
    Spelled(&'a str),
}

impl TakenNames {
    fn new(folding: Folding) -> Self {
        Self { folding, marks: HashSet::new(), spelled: HashMap::new(), hasher: RandomState::new() }
    }

    /// Those of a remote folder that is `new` or has been there before. Where nothing is replaced, the service itself refuses
    /// what would meet another item.
    pub(super) async fn of_folder<S: RemoteStore + ?Sized>(
        store: &S,
        folder: &ItemRef,
        new: bool,
        on_conflict: OnConflict,
    ) -> Result<Self> {
        let mut names = Self::new(store.capabilities().names.folding());
        if !new && on_conflict == OnConflict::NewVersion && names.folding != Folding::NONE {
            let mut found = items(store, folder, ListOptions::new());
            while let Some(item) = found.try_next().await? {
                names.found(&item.name);
            }
        }
        Ok(names)
    }

    /// Those of a local directory. One that this transfer has made is empty, and compares names as the one around it does.
    pub(super) fn of_directory(directory: &Directory, new_in: Option<Folding>) -> Result<Self> {
        let mut names = Self::new(new_in.unwrap_or_else(|| directory.folding()));
        if new_in.is_none() && names.folding != Folding::NONE {
            for found in directory.entries()? {
                names.found(&found?.name.to_string_lossy());
            }
        }
        Ok(names)
    }

    pub(super) fn folding(&self) -> Folding {
        self.folding
    }

    /// Whether something of this name was there before.
    pub(super) fn was_there(&self, name: &str) -> bool {
        self.has(&Mark::There(&self.folding.fold(name)))
    }

    /// Takes in what was there before.
    fn found(&mut self, name: &str) {
        let folded = self.folding.fold(name);
        self.set(&Mark::There(&folded));
        self.set(&Mark::Spelled(name));
        self.keep_spelling(name, &folded);
    }

    /// Takes a name for an item of this transfer. What was there before under the very same name is for the caller to refuse
    /// or to replace.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`], naming the other item, when the target takes the name for that of another item.
    pub(super) fn take(&mut self, name: &str) -> Result<()> {
        let folded = self.folding.fold(name);
        if self.has(&Mark::There(&folded)) && !self.has(&Mark::Spelled(name)) {
            return Err(self.taken(&folded, "is there already"));
        }
        if !self.set(&Mark::Taken(&folded)) {
            return Err(self.taken(&folded, "comes from the same folder"));
        }
        self.keep_spelling(name, &folded);
        Ok(())
    }

    fn taken(&self, folded: &str, why: &str) -> Error {
        let other = match self.spelled.get(&self.hasher.hash_one(folded)) {
            Some(other) => format!("{other:?}"),
            None if self.spelled.len() < SPELLED => format!("{folded:?}"),
            None => "another item".into(),
        };
        let message = format!("on the target, this is or may be the name of {other}, which {why}");
        Error::new(ErrorKind::AlreadyExists, message)
    }

    fn keep_spelling(&mut self, name: &str, folded: &str) {
        let key = self.hasher.hash_one(folded);
        if name == folded {
            self.spelled.remove(&key);
        } else if self.spelled.len() < SPELLED {
            self.spelled.insert(key, name.into());
        }
    }

    fn has(&self, mark: &Mark<'_>) -> bool {
        self.marks.contains(&self.hasher.hash_one(mark))
    }

    /// Whether it is new.
    fn set(&mut self, mark: &Mark<'_>) -> bool {
        self.marks.insert(self.hasher.hash_one(mark))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASE: Folding = Folding { case: true, composition: false };

    fn refused(names: &mut TakenNames, name: &str, other: &str) {
        let error = names.take(name).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert!(error.to_string().contains(&format!("{other:?}")), "{error} does not name {other}");
    }

    #[test]
    fn of_two_names_that_are_one_the_second_is_refused_and_the_first_is_named() {
        let (composed, decomposed) = ("\u{e9}.txt", "e\u{301}.txt");
        for (one, other, folding) in [
            ("LICENSE", "license", CASE),
            ("license", "LICENSE", CASE),
            ("Docs", "dOcs", Folding::ALL),
            (composed, decomposed, Folding::ALL),
            (decomposed, composed, Folding::COMPOSITION),
            ("\u{c9}.txt", decomposed, Folding::ALL),
            ("same", "same", Folding::NONE),
            ("Same", "Same", Folding::ALL),
        ] {
            let mut names = TakenNames::new(folding);
            names.take("between").unwrap();
            names.take(one).unwrap();
            names.take("after").unwrap();
            refused(&mut names, other, one);
            refused(&mut names, other, one);
        }
        let mut names = TakenNames::new(Folding::NONE);
        for name in ["a", "A", composed, decomposed] {
            names.take(name).unwrap();
        }
        let mut names = TakenNames::new(CASE);
        names.take(composed).unwrap();
        names.take(decomposed).unwrap();
        refused(&mut names, "E\u{301}.TXT", decomposed);
    }

    #[test]
    fn what_was_there_gives_its_name_to_the_same_spelling_alone_and_once() {
        let mut names = TakenNames::new(Folding::ALL);
        for name in ["LICENSE", "readme.md"] {
            names.found(name);
        }
        refused(&mut names, "license", "LICENSE");
        names.take("LICENSE").unwrap();
        refused(&mut names, "License", "LICENSE");
        refused(&mut names, "LICENSE", "LICENSE");
        refused(&mut names, "README.md", "readme.md");
        names.take("readme.md").unwrap();
        assert!(names.was_there("Readme.MD") && !names.was_there("other"));
        names.take("other").unwrap();
        assert!(!names.was_there("other"), "what this transfer has put there is new");
        // Two spellings side by side show that the target tells them apart; still no two items of one transfer go there.
        for name in ["\u{e9}", "e\u{301}"] {
            names.found(name);
        }
        names.take("e\u{301}").unwrap();
        refused(&mut names, "\u{e9}", "e\u{301}");
    }

    #[test]
    fn memory_for_spellings_is_bounded_and_what_is_refused_is_not() {
        let mut names = TakenNames::new(CASE);
        for number in 0..2 * SPELLED {
            names.take(&format!("FILE {number}")).unwrap();
        }
        assert_eq!(names.spelled.len(), SPELLED);
        refused(&mut names, "file 7", "FILE 7");
        let error = names.take(&format!("file {}", 2 * SPELLED - 1)).unwrap_err();
        assert!(error.to_string().contains("another item"), "{error}");
    }

    #[test]
    fn a_directory_that_folds_names_says_what_it_holds() {
        let place = tempfile::tempdir().unwrap();
        std::fs::write(place.path().join("LICENSE"), "").unwrap();
        let directory = Directory::open(place.path()).unwrap();
        let mut names = TakenNames::of_directory(&directory, None).unwrap();
        assert_eq!(names.folding(), directory.folding());
        assert_eq!(names.take("license").is_err(), names.folding().case);
        let mut names = TakenNames::of_directory(&directory, Some(Folding::ALL)).unwrap();
        names.take("license").unwrap();
        refused(&mut names, "LICENSE", "license");
    }
}
