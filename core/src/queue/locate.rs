//! Finding a task by its id.

use super::Queue;
use super::entry::{Entry, Place};
use super::given::Given;
use super::layout::Layout;
use super::part::Parting;
use super::scan::Found;
use super::{content, group};
use crate::capability::Directory;
use crate::error::{Error, Result};
use crate::name::{Key, Nonce};
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

/// How often a task is looked for that may be moving from directory to directory.
const LOOKS: usize = 3;

/// A task where it was found.
#[derive(Debug)]
pub(crate) enum Located<D> {
    /// A file whose name says all.
    File { dir: Rc<D>, entry: Entry },
    /// A task of a group: the task as it would stand alone, and how the group stands.
    Member { dir: Rc<D>, entry: Entry, group: GroupName },
    /// A ref.
    Given(Given<D>),
}

/// The name of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GroupName {
    Whole(Entry),
    /// One that is parting just now, or was when somebody was killed.
    Parting(Parting),
}

impl GroupName {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match Entry::parse(name) {
            Some(entry) => entry.group.is_some().then_some(GroupName::Whole(entry)),
            // Of one that is settled the tasks stand alone, or do at once.
            None => Parting::parse(name).filter(|parting| !parting.is_settled).map(GroupName::Parting),
        }
    }

    /// The group that has this task, and this name: of one that is settled, the task is still to be sent on its way.
    fn standing<D: Directory>(found: &Found<D>, nonce: Nonce) -> Option<Self> {
        if let Some(parting) = Parting::parse(&found.name).filter(|parting| parting.is_settled) {
            let place = nonce.place().filter(|_| parting.entry.stands_for(nonce))?;
            let stands = found.dir.metadata(&parting.name_of(place)).is_ok();
            return stands.then_some(GroupName::Parting(parting));
        }
        Self::parse(&found.name).filter(|group| group.entry().stands_for(nonce))
    }

    pub(crate) fn entry(&self) -> &Entry {
        match self {
            GroupName::Whole(entry) => entry,
            GroupName::Parting(parting) => &parting.entry,
        }
    }

    pub(crate) fn text(&self) -> String {
        match self {
            GroupName::Whole(entry) => entry.text(),
            GroupName::Parting(parting) => parting.text(),
        }
    }

    /// The tasks of the group that stands in `dir` under this name, as they would stand alone. Of one that is damaged only the
    /// order is known.
    pub(crate) fn tasks<D: Directory>(&self, dir: &D) -> Vec<Entry> {
        let entry = self.entry();
        let read = dir.open(&self.text()).and_then(|file| content::read(entry, &file));
        if let Ok(Some(content)) = read
            && let Some(members) = group::members(entry, &content)
        {
            return members.iter().map(|member| member.entry(entry)).collect();
        }
        let places = entry.group.into_iter().flat_map(group::Group::places);
        places.map(|place| entry.alone(place)).collect()
    }
}

impl<D: Directory> Located<D> {
    pub(crate) fn entry(&self) -> &Entry {
        match self {
            Located::File { entry, .. } | Located::Member { entry, .. } => entry,
            Located::Given(given) => &given.entry,
        }
    }

    pub(crate) fn id(&self) -> String {
        match self {
            Located::File { entry, .. } | Located::Member { entry, .. } => entry.nonce.text(),
            Located::Given(given) => given.id(),
        }
    }
}

impl<D: Directory> Queue<D> {
    /// Finds a task: by the caller's id, else by the one it was given.
    pub(crate) fn locate(&self, layout: &Layout<D>, id: &str) -> Result<Located<D>> {
        let key = Key::of(id)?;
        let nonce = Nonce::read(id);
        for _ in 0..LOOKS {
            if let Some(given) = Given::read(layout, &key)?
                && given.entry.place != Place::Tomb
            {
                return Ok(Located::Given(given));
            }
            let Some(nonce) = nonce else { break };
            if let Some(found) = find_file(layout, nonce)? {
                return Ok(found);
            }
        }
        Err(self.no_task(id))
    }

    pub(crate) fn no_task(&self, id: &str) -> Error {
        Error::NotFound(format!("no task {id:?} in queue {:?}", self.name()))
    }
}

fn find_file<D: Directory>(layout: &Layout<D>, nonce: Nonce) -> Result<Option<Located<D>>> {
    let mut located = None;
    let (text, of_group) = (nonce.text(), nonce.place().map(|_| nonce.of_group().text()));
    let mut look = |found: Found<D>| {
        let named = found.name.split('.').nth(1);
        if located.is_none() && named == Some(text.as_str()) {
            let entry = Entry::parse(&found.name).filter(|entry| entry.stands_for(nonce));
            located = entry.map(|entry| Located::File { dir: Rc::clone(&found.dir), entry });
        }
        if located.is_none()
            && named.is_some()
            && named == of_group.as_deref()
            && let Some(group) = GroupName::standing(&found, nonce)
        {
            let entry = group.tasks(&*found.dir).into_iter().find(|entry| entry.nonce == nonce);
            located = entry.map(|entry| Located::Member { dir: found.dir, entry, group });
        }
        Ok(())
    };
    layout.for_each_pending(&mut look)?;
    for name in ["claimed", "done", "dead"] {
        layout.for_each_in(name, &mut look)?;
    }
    Ok(located)
}
