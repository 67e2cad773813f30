//! The queues that a session keeps open, so that naming one again costs a look-up.

use super::backend::QueueSlot;
use std::collections::HashMap;

/// A program that names ever new queues does not make a session grow: at this many all are closed. Each that is worked
/// with has some sixteen directories and files open, of the 1,024 that an instance may.
const OPEN_MAX: usize = 24;

#[derive(Debug)]
pub(crate) struct OpenQueues<Q> {
    slots: HashMap<String, QueueSlot>,
    queues: Vec<Q>,
}

impl<Q> Default for OpenQueues<Q> {
    fn default() -> Self {
        Self { slots: HashMap::new(), queues: Vec::new() }
    }
}

impl<Q> OpenQueues<Q> {
    pub(crate) fn find(&self, name: &str) -> Option<QueueSlot> {
        self.slots.get(name).copied()
    }

    pub(crate) fn get(&self, slot: QueueSlot) -> Option<&Q> {
        self.queues.get(slot.0)
    }

    pub(crate) fn get_mut(&mut self, slot: QueueSlot) -> Option<&mut Q> {
        self.queues.get_mut(slot.0)
    }

    /// Before a queue is added: all, if there are too many. Slots that were handed out before mean nothing then.
    pub(crate) fn take_if_full(&mut self) -> Vec<Q> {
        if self.queues.len() < OPEN_MAX {
            return Vec::new();
        }
        self.slots.clear();
        std::mem::take(&mut self.queues)
    }

    pub(crate) fn insert(&mut self, name: &str, queue: Q) -> QueueSlot {
        let slot = QueueSlot(self.queues.len());
        self.queues.push(queue);
        self.slots.insert(name.to_owned(), slot);
        slot
    }
}
