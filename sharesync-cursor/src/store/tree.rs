//! Changing the tree: create, move, copy, delete. A move that also renames is two steps, and a folder is copied file by
//! file; what fails half-way is undone, or the error says what is left.

use std::collections::VecDeque;

use sharesync_core::{
    CreateFolderOptions, DeleteOptions, Destination, Error, ErrorKind, Item, ItemRef, Result, Revision, TreeGuard,
    temporary_name,
};

use super::Inner;
use super::find::Place;
use super::item::{Known, refuse};
use crate::model::{FileUpdate, FolderUpdate, NewFolder, Target};

/// One step of a move.
#[derive(Debug, Clone)]
enum Step {
    Rename(String),
    Move(Place),
}

impl Inner {
    pub(super) async fn create_folder(
        &self,
        parent: &ItemRef,
        name: &str,
        options: CreateFolderOptions,
    ) -> Result<Item> {
        self.check_name(name)?;
        if options.description.is_some() {
            tracing::debug!("the service keeps no description of folders");
        }
        let parent = self.place(parent).await?;
        let began = self.client.clock().now();
        let created = self.new_folder(&parent, name).await;
        let folder = match created {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let found = self.child(&parent, name).await?;
                let Some(found) = found.filter(|found| found.is_folder) else { return Err(error) };
                let found = self.node_of(&found.id, true).await?;
                // A repeated request is refused because of what its first attempt has made.
                let ours = error.attempts() > 1 && found.is_since(began) && found.name == name;
                if !ours && !options.reuse_existing {
                    return Err(found.holder().refuse(name));
                }
                found
            }
            created => created?,
        };
        Ok(folder.into_item(self.root_id()))
    }

    async fn new_folder(&self, parent: &Place, name: &str) -> Result<Known> {
        let mut folder = NewFolder::new().with_share_id(self.root_id()).with_name(name);
        folder.parent_id = parent.id().map(str::to_owned);
        Known::folder(self.client.folders().create(&folder).await?)
    }

    pub(super) async fn move_item(&self, item: &ItemRef, to: &Destination) -> Result<Item> {
        self.check_new_name(to)?;
        let node = self.find_changeable(item).await?;
        let (place, name) = self.destination(&node, to).await?;
        let steps = self.steps(&node, place, &name).await?;
        let mut done = Vec::new();
        for step in steps {
            let before = match &step {
                Step::Rename(_) => {
                    Step::Rename(done.iter().rev().find_map(renamed).unwrap_or_else(|| node.name.clone()))
                }
                Step::Move(_) => Step::Move(Place::of(node.parent.as_deref())),
            };
            if let Err(error) = self.step(&node, &step).await {
                let undo: Vec<_> = done.into_iter().rev().map(|(_, before)| before).collect();
                return Err(self.undo(&node, undo, error).await);
            }
            done.push((step, before));
        }
        let moved = self.node_of(&node.id, node.is_folder).await;
        Ok(moved.map_err(|error| error.with_maybe_applied(true))?.into_item(self.root_id()))
    }

    /// The steps that lead somewhere. On the way a name is needed that is free in both folders.
    async fn steps(&self, node: &Known, place: Place, name: &str) -> Result<Vec<Step>> {
        let (moves, renames) = (place.id() != node.parent.as_deref(), node.name != name);
        if !moves || !renames {
            let steps = [renames.then(|| Step::Rename(name.to_owned())), moves.then_some(Step::Move(place))];
            return Ok(steps.into_iter().flatten().collect());
        }
        let (mut in_the_way, mut is_taken) = (false, None);
        let mut others = self.children(&place).await?;
        while let Some(other) = others.next().await? {
            in_the_way |= self.capabilities.names.same(&other.name, &node.name);
            if self.capabilities.names.same(&other.name, name) {
                is_taken = Some(other);
            }
        }
        if let Some(other) = is_taken {
            return Err(other.holder().refuse(name));
        }
        let rename = Step::Rename(name.to_owned());
        Ok(match in_the_way {
            false => vec![Step::Move(place), rename],
            true => vec![Step::Rename(temporary_name()), Step::Move(place), rename],
        })
    }

    async fn step(&self, node: &Known, step: &Step) -> Result<()> {
        let (files, folders) = (self.client.files(), self.client.folders());
        let done = match (step, node.is_folder) {
            (Step::Rename(name), false) => files.update(&node.id, &FileUpdate::new().with_name(name)).await.map(drop),
            (Step::Rename(name), true) => {
                folders.update(&node.id, &FolderUpdate::new().with_name(name)).await.map(drop)
            }
            (Step::Move(to), false) => files.move_to(&node.id, &self.target(to)).await.map(drop),
            (Step::Move(to), true) => folders.move_to(&node.id, &self.target(to)).await.map(drop),
        };
        done.map_err(|error| match step {
            Step::Rename(name) if error.kind() == ErrorKind::AlreadyExists => error.with_subject(name),
            _ => error,
        })
    }

    /// Goes back to where a failed move began.
    async fn undo(&self, node: &Known, undo: Vec<Step>, error: Error) -> Error {
        for step in undo {
            if let Err(left) = self.step(node, &step).await {
                let message = format!("{error}; and it could not be put back: {left}");
                return refuse(error.kind(), &node.id, message).with_maybe_applied(true).with_source(error);
            }
        }
        error
    }

    fn target(&self, place: &Place) -> Target {
        match place {
            Place::Root => Target::new().with_share(self.root_id()),
            Place::Folder(id) => Target::new().with_folder(id),
        }
    }

    /// Where a destination is, which must be a folder and not within the item itself, and the name there.
    async fn destination(&self, node: &Known, to: &Destination) -> Result<(Place, String)> {
        let name = to.name.clone().unwrap_or_else(|| node.name.clone());
        let place = match &to.parent {
            None => return Ok((Place::of(node.parent.as_deref()), name)),
            Some(parent) => self.place(parent).await?,
        };
        if let Some(id) = place.id().filter(|id| Some(*id) != node.parent.as_deref()) {
            let target = self.node(id).await?;
            if !target.is_folder {
                return Err(refuse(ErrorKind::Conflict, id, "it is no folder"));
            }
            if node.is_folder && self.is_within(target, &node.id).await? {
                return Err(refuse(ErrorKind::Conflict, &node.id, "a folder cannot be put into itself"));
            }
        }
        Ok((place, name))
    }

    /// Whether a folder is another one or somewhere below it.
    async fn is_within(&self, mut folder: Known, other: &str) -> Result<bool> {
        /// Deeper trees are taken for endless.
        const DEEPEST: usize = 1000;
        for _ in 0..DEEPEST {
            if folder.id == other {
                return Ok(true);
            }
            let Some(parent) = folder.parent else { return Ok(false) };
            folder = self.node_of(&parent, true).await?;
        }
        Err(refuse(ErrorKind::Protocol, other, "the folders above have no end"))
    }

    pub(super) async fn copy_item(&self, item: &ItemRef, to: &Destination) -> Result<Item> {
        self.check_new_name(to)?;
        let node = self.find_changeable(item).await?;
        let (place, name) = self.destination(&node, to).await?;
        let copy = match node.is_folder {
            false => self.copy_file(&node, &place, &name).await?,
            true => self.copy_folder(&node, &place, &name).await?,
        };
        Ok(copy.into_item(self.root_id()))
    }

    /// Copies a file. That the service takes another name for the copy is inferred, so that the name is looked at.
    async fn copy_file(&self, node: &Known, place: &Place, name: &str) -> Result<Known> {
        let mut target = self.target(place);
        if node.name != name {
            target = target.with_new_name(name);
        }
        let copied = self.client.files().copy(&node.id, &target).await;
        let copy = Known::file(copied.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => error.with_subject(name),
            _ => error,
        })?)?;
        if copy.name != name
            && let Err(error) = self.step(&copy, &Step::Rename(name.to_owned())).await
        {
            let removed = self.client.files().delete(&copy.id, true).await;
            return Err(error.with_maybe_applied(removed.is_err()));
        }
        self.node_of(&copy.id, false).await.map_err(|error| error.with_maybe_applied(true))
    }

    /// Copies a folder: the folders anew, the files one after another. What was made is removed after a failure.
    async fn copy_folder(&self, node: &Known, place: &Place, name: &str) -> Result<Known> {
        let top = match self.new_folder(place, name).await {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(error.with_subject(name)),
            top => top?,
        };
        match self.copy_contents(&node.id, &top.id).await {
            Ok(()) => Ok(top),
            Err(error) => match self.client.folders().delete(&top.id, true).await {
                Ok(()) => Err(error.with_maybe_applied(false)),
                Err(left) => {
                    let message = format!("{error}; the incomplete copy {} could not be removed: {left}", top.id);
                    Err(refuse(error.kind(), &node.id, message).with_maybe_applied(true).with_source(error))
                }
            },
        }
    }

    async fn copy_contents(&self, from: &str, to: &str) -> Result<()> {
        let mut folders = VecDeque::from([(from.to_owned(), to.to_owned(), 1)]);
        let mut guard = TreeGuard::new();
        while let Some((from, to, depth)) = folders.pop_front() {
            let place = Place::Folder(to);
            let mut children = self.children(&Place::Folder(from)).await?;
            while let Some(child) = children.next().await? {
                if child.is_folder {
                    self.check_name(&child.name)?;
                    guard.enter_new(&child.id, depth)?;
                    let copy = self.new_folder(&place, &child.name).await?;
                    folders.push_back((child.id, copy.id, depth + 1));
                } else {
                    self.client.files().copy(&child.id, &self.target(&place)).await?;
                }
            }
        }
        Ok(())
    }

    pub(super) async fn delete(&self, item: &ItemRef, options: DeleteOptions) -> Result<()> {
        let node = self.find_changeable(item).await?;
        Revision::require(options.if_revision.as_ref(), node.revision().as_ref())?;
        let deleted = match node.is_folder {
            true => self.client.folders().delete(&node.id, options.permanent).await,
            false => self.client.files().delete(&node.id, options.permanent).await,
        };
        match deleted {
            // It was there a moment ago: the answer to the first attempt was lost.
            Err(error) if error.kind() == ErrorKind::NotFound && error.attempts() > 1 => Ok(()),
            deleted => deleted,
        }
    }

    fn check_new_name(&self, to: &Destination) -> Result<()> {
        to.name.as_deref().map_or(Ok(()), |name| self.check_name(name))
    }

    pub(super) fn check_name(&self, name: &str) -> Result<()> {
        self.capabilities.names.check(name)
    }
}

fn renamed((step, _): &(Step, Step)) -> Option<String> {
    match step {
        Step::Rename(name) => Some(name.clone()),
        Step::Move(_) => None,
    }
}
