//! The queues that a session keeps open, so that naming one again costs a look-up.

use super::backend::QueueSlot;
use std::collections::HashMap;

/// A program that names ever new queues does not make a session grow: at this many all are closed.
const OPEN_MAX: usize = 256;

#[derive(Debug)]
pub(crate) struct OpenQueues<Q> {
    slots: HashMap<String, QueueSlot>,
    queues: Vec<Q>,
}

impl<Q> Default for OpenQueues<Q> {
    fn default() -> Self {
        Self {
            slots: HashMap::new(),
            queues: Vec::new(),
        }
    }
}

impl<Q> OpenQueues<Q> {
    pub(crate) fn find(&self, name: &str) -> Option<QueueSlot> {
        self.slots.get(name).copied()
    }

    pub(crate) fn get(&self, slot: QueueSlot) -> Option<&Q> {
        self.queues.get(slot.0)
    }

    /// Keeps `queue`. Slots that were handed out before mean nothing afterwards.
    pub(crate) fn insert(&mut self, name: &str, queue: Q) -> QueueSlot {
        if self.queues.len() >= OPEN_MAX {
            self.slots.clear();
            self.queues.clear();
        }
        let slot = QueueSlot(self.queues.len());
        self.queues.push(queue);
        self.slots.insert(name.to_owned(), slot);
        slot
    }
}
