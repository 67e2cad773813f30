//! A list in memory: its log, applied.

use super::entry::Draft;
use super::record::{About, Record};
use super::weight;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::rc::Rc;
use alloc::vec::Vec;

/// All that a list is at one revision.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) about: About,
    /// Each in a place of its own: the nodes of a map that grows at its end are half empty.
    pub(crate) tasks: BTreeMap<u64, Rc<Record>>,
    /// What is not ended, by priority and age.
    open: BTreeSet<(u8, u64)>,
    /// What is not ended and has an owner.
    owned: BTreeSet<u64>,
    /// Who is blocked by whom: the other direction of `blocked_by`.
    blocks: BTreeSet<(u64, u64)>,
    /// What all of it weighs.
    pub(crate) weight: usize,
}

impl State {
    /// Makes a change true.
    pub(crate) fn apply(&mut self, draft: Draft) {
        if draft.is_reset {
            self.tasks.clear();
            self.open.clear();
            self.owned.clear();
            self.blocks.clear();
            self.weight = weight::of_about(&self.about);
        }
        if let Some(about) = draft.about {
            self.weight = (self.weight + weight::of_about(&about)).saturating_sub(weight::of_about(&self.about));
            self.about = about;
        }
        for task in draft.tasks {
            self.weight += weight::of_task(&task);
            let (id, priority, is_open) = (task.id, task.priority, !task.status.is_terminal());
            for blocker in &task.blocked_by {
                self.blocks.insert((*blocker, id));
            }
            if is_open {
                self.open.insert((priority, id));
            }
            if is_open && task.owner.is_some() {
                self.owned.insert(id);
            } else {
                self.owned.remove(&id);
            }
            if let Some(before) = self.tasks.insert(id, task) {
                self.weight = self.weight.saturating_sub(weight::of_task(&before));
                if !is_open || before.priority != priority {
                    self.open.remove(&(before.priority, id));
                }
                let now = &self.tasks[&id].blocked_by;
                let is_gone = |old: &u64| now.binary_search(old).is_err();
                let gone: Vec<u64> = before.blocked_by.iter().copied().filter(is_gone).collect();
                for blocker in gone {
                    self.blocks.remove(&(blocker, id));
                }
            }
        }
    }

    /// What all of it weighs once a change is made.
    pub(crate) fn weight_with(&self, draft: &Draft) -> usize {
        let about = |about| weight::of_about(about);
        let mut now = if draft.is_reset { about(&self.about) } else { self.weight };
        if let Some(next) = &draft.about {
            now = (now + about(next)).saturating_sub(about(&self.about));
        }
        for task in &draft.tasks {
            let before = self.tasks.get(&task.id).filter(|_| !draft.is_reset).map_or(0, |task| weight::of_task(task));
            now = (now + weight::of_task(task)).saturating_sub(before);
        }
        now
    }

    /// What is not ended, the most urgent first.
    pub(crate) fn open(&self) -> impl Iterator<Item = &Record> {
        self.open.iter().filter_map(|(_, id)| self.tasks.get(id)).map(|task| &**task)
    }

    /// What is not ended and has an owner, by id.
    pub(crate) fn owned(&self) -> impl Iterator<Item = &Record> {
        self.owned.iter().filter_map(|id| self.tasks.get(id)).map(|task| &**task)
    }

    /// The tasks that `id` blocks.
    pub(crate) fn blocked_on(&self, id: u64) -> impl Iterator<Item = u64> {
        self.blocks.range((id, 0)..=(id, u64::MAX)).map(|(_, blocked)| *blocked)
    }
}
