//! A change while it is being made: a list's state, and what is to be different in it.

use super::entry::Draft;
use super::record::{About, Event, EventKind, Record, Status};
use super::state::State;
use crate::error::{Error, Result};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

/// What a change sees and makes. Nothing of it is true before the entry it becomes is the head.
#[derive(Debug)]
pub(crate) struct Working<'a> {
    state: &'a State,
    /// The revision that the change will be, if it is made.
    pub(crate) revision: u64,
    pub(crate) now_ms: u64,
    pub(crate) next_id: u64,
    is_reset: bool,
    about: Option<About>,
    tasks: BTreeMap<u64, Record>,
    events: Vec<Event>,
}

impl<'a> Working<'a> {
    pub(crate) fn new(state: &'a State, revision: u64, next_id: u64, now_ms: u64) -> Self {
        Working {
            state,
            revision,
            now_ms,
            next_id,
            is_reset: false,
            about: None,
            tasks: BTreeMap::new(),
            events: Vec::new(),
        }
    }

    pub(crate) fn state(&self) -> &'a State {
        self.state
    }

    /// A task as this change leaves it.
    pub(crate) fn get(&self, id: u64) -> Option<&Record> {
        self.tasks.get(&id).or_else(|| self.state.tasks.get(&id).filter(|_| !self.is_reset).map(|task| &**task))
    }

    /// A task that is there and not deleted.
    pub(crate) fn living(&self, list: &str, id: u64) -> Result<&Record> {
        self.get(id)
            .filter(|task| task.status != Status::Deleted)
            .ok_or_else(|| Error::NotFound(format!("no task {id} in list {list:?}")))
    }

    /// Puts a task in its new state, and says what happened to it.
    pub(crate) fn put(&mut self, task: Record, kind: EventKind, fields: Vec<String>) {
        let task = Record { revision: self.revision, updated_ms: self.now_ms, ..task };
        self.events.push(Event { id: task.id, kind, fields });
        self.tasks.insert(task.id, task);
    }

    /// What is known of the list.
    pub(crate) fn about(&self) -> &About {
        self.about.as_ref().unwrap_or(&self.state.about)
    }

    pub(crate) fn put_about(&mut self, about: About, fields: Vec<String>) {
        self.events.push(Event { id: 0, kind: EventKind::Updated, fields });
        self.about = Some(about);
    }

    /// Removes all tasks.
    pub(crate) fn reset(&mut self) {
        self.is_reset = true;
        self.tasks.clear();
        self.events.push(Event { id: 0, kind: EventKind::Reset, fields: Vec::new() });
    }

    /// The blockers of a task that are not completed. One that is missing, abandoned or deleted never resolves.
    pub(crate) fn unresolved(&self, task: &Record) -> Vec<u64> {
        let resolved = |id: &u64| self.get(*id).is_some_and(|blocker| blocker.status == Status::Completed);
        task.blocked_by.iter().copied().filter(|id| !resolved(id)).collect()
    }

    /// Lets `id` wait for `blocker`; whether that is new.
    ///
    /// # Errors
    /// [`Error::NotFound`] if one of the two is not there, [`Error::InvalidArgument`] if the blocker waits for `id`
    /// already: then neither could ever be claimed.
    pub(crate) fn block(&mut self, list: &str, id: u64, blocker: u64) -> Result<bool> {
        let task = self.living(list, id)?;
        self.living(list, blocker)?;
        if id == blocker || task.blocked_by.binary_search(&blocker).is_ok() {
            return Ok(false);
        }
        if self.waits_for(blocker, id) {
            return Err(Error::InvalidArgument(format!(
                "task {id} can not wait for task {blocker}, which waits for it: they would block each other for ever"
            )));
        }
        let mut task = self.living(list, id)?.clone();
        let at = task.blocked_by.binary_search(&blocker).unwrap_or_else(|at| at);
        task.blocked_by.insert(at, blocker);
        self.tasks.insert(id, Record { revision: self.revision, updated_ms: self.now_ms, ..task });
        Ok(true)
    }

    /// Ends the waiting of `id` for `blocker`; whether it did wait.
    pub(crate) fn unblock(&mut self, list: &str, id: u64, blocker: u64) -> Result<bool> {
        let task = self.living(list, id)?;
        let Ok(at) = task.blocked_by.binary_search(&blocker) else { return Ok(false) };
        let mut task = task.clone();
        task.blocked_by.remove(at);
        self.tasks.insert(id, Record { revision: self.revision, updated_ms: self.now_ms, ..task });
        Ok(true)
    }

    /// Says what happened to a task that [`Working::block`] or [`Working::unblock`] has changed.
    pub(crate) fn note(&mut self, id: u64, kind: EventKind, fields: Vec<String>) {
        self.events.push(Event { id, kind, fields });
    }

    /// Whether `from` waits for `to`, directly or by way of others.
    fn waits_for(&self, from: u64, to: u64) -> bool {
        let mut seen = BTreeSet::new();
        let mut next = alloc::vec![from];
        while let Some(id) = next.pop() {
            if id == to {
                return true;
            }
            if seen.insert(id)
                && let Some(task) = self.get(id)
            {
                next.extend(&task.blocked_by);
            }
        }
        false
    }

    /// What is to be written; `None` if nothing changed.
    pub(crate) fn into_draft(self) -> Option<Draft> {
        if self.events.is_empty() {
            return None;
        }
        let tasks = self.tasks.into_values().map(Rc::new).collect();
        Some(Draft { is_reset: self.is_reset, about: self.about, tasks, events: self.events })
    }
}
