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

    /// A task, to be changed in place.
    fn edit(&mut self, id: u64) -> Option<&mut Record> {
        if !self.tasks.contains_key(&id) {
            let task = self.get(id)?.clone();
            self.tasks.insert(id, task);
        }
        let task = self.tasks.get_mut(&id)?;
        (task.revision, task.updated_ms) = (self.revision, self.now_ms);
        Some(task)
    }

    /// Lets `id` wait for `blocker`; whether that is new. Whether the two wait for each other then is to be asked after
    /// all of it: see [`Working::circle_through`] and [`Working::circle_from`].
    ///
    /// # Errors
    /// [`Error::NotFound`] if one of the two is not there.
    pub(crate) fn block(&mut self, list: &str, id: u64, blocker: u64) -> Result<bool> {
        self.living(list, blocker)?;
        let place = self.living(list, id)?.blocked_by.binary_search(&blocker);
        if let (Err(at), true) = (place, id != blocker)
            && let Some(task) = self.edit(id)
        {
            task.blocked_by.insert(at, blocker);
            return Ok(true);
        }
        Ok(false)
    }

    /// Ends the waiting of `id` for `blocker`; whether it did wait.
    pub(crate) fn unblock(&mut self, list: &str, id: u64, blocker: u64) -> Result<bool> {
        if let Ok(at) = self.living(list, id)?.blocked_by.binary_search(&blocker)
            && let Some(task) = self.edit(id)
        {
            task.blocked_by.remove(at);
            return Ok(true);
        }
        Ok(false)
    }

    /// Whether what `id` waits for is different from before, of which nothing else was changed; what is not is as if it had
    /// not been touched.
    pub(crate) fn settle(&mut self, id: u64) -> bool {
        let before = self.state.tasks.get(&id).map(|task| &task.blocked_by);
        let is_different = self.tasks.get(&id).is_some_and(|task| Some(&task.blocked_by) != before);
        if !is_different {
            self.tasks.remove(&id);
        }
        is_different
    }

    /// Says what happened to a task that [`Working::block`] or [`Working::unblock`] has changed.
    pub(crate) fn note(&mut self, id: u64, kind: EventKind, fields: Vec<String>) {
        self.events.push(Event { id, kind, fields });
    }

    /// What `id` waits for that waits for `id`, directly or by way of others: neither could ever be claimed.
    pub(crate) fn circle_through(&self, id: u64) -> Option<u64> {
        let task = self.get(id)?;
        let mut seen = BTreeSet::new();
        for blocker in &task.blocked_by {
            let mut next = alloc::vec![*blocker];
            while let Some(other) = next.pop() {
                if other == id {
                    return Some(*blocker);
                }
                if seen.insert(other)
                    && let Some(task) = self.get(other)
                {
                    next.extend(&task.blocked_by);
                }
            }
        }
        None
    }

    /// Two of the tasks from `first` on that wait for each other, directly or by way of others; nothing else waits for one
    /// of those.
    pub(crate) fn circle_from(&self, first: u64) -> Option<(u64, u64)> {
        // How many blockers of each are not settled yet, and who waits for whom.
        let mut open: BTreeMap<u64, usize> = BTreeMap::new();
        let mut waiting: BTreeSet<(u64, u64)> = BTreeSet::new();
        for (id, task) in self.tasks.range(first..) {
            let blockers = &task.blocked_by[task.blocked_by.partition_point(|blocker| *blocker < first)..];
            open.insert(*id, blockers.len());
            waiting.extend(blockers.iter().map(|blocker| (*blocker, *id)));
        }
        let mut settled: Vec<u64> = open.iter().filter(|(_, count)| **count == 0).map(|(id, _)| *id).collect();
        while let Some(id) = settled.pop() {
            open.remove(&id);
            for (_, other) in waiting.range((id, 0)..=(id, u64::MAX)) {
                if let Some(count) = open.get_mut(other) {
                    *count -= 1;
                    if *count == 0 {
                        settled.push(*other);
                    }
                }
            }
        }
        // Whatever is left waits for something that is left: going on from one to the next leads into a circle.
        let blocker_of = |id: u64| {
            self.tasks
                .get(&id)
                .and_then(|task| task.blocked_by.iter().find(|blocker| open.contains_key(blocker)).copied())
        };
        let mut id = *open.keys().next()?;
        let mut seen = BTreeSet::new();
        while seen.insert(id) {
            id = blocker_of(id)?;
        }
        Some((id, blocker_of(id)?))
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
