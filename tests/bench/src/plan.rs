//! What is measured.

use leasehold::Durability;
use std::fmt;

/// How tasks go in and out: one a call, or many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grouping {
    Single,
    Batch,
}

/// How many tasks a batch has.
pub(crate) const BATCH_TASKS: usize = 100;

/// One series of rounds.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) place: &'static str,
    pub(crate) grouping: Grouping,
    pub(crate) is_synced: bool,
    pub(crate) payload_bytes: usize,
    /// How many tasks each side pushes, claims and finishes in a round.
    pub(crate) tasks: usize,
}

impl Plan {
    /// All that is measured at one place. A round takes a fraction of a second, and a few where each task waits for a disk.
    pub(crate) fn all(place: &'static str, payload_bytes: usize) -> Vec<Self> {
        let mut plans = Vec::new();
        for is_synced in [false, true] {
            for grouping in [Grouping::Single, Grouping::Batch] {
                let tasks = match (waits_for_disk(place, is_synced), grouping) {
                    (true, Grouping::Single) => 20,
                    (true, Grouping::Batch) => BATCH_TASKS,
                    (false, _) => 20 * BATCH_TASKS,
                };
                plans.push(Self { place, grouping, is_synced, payload_bytes, tasks });
            }
        }
        plans
    }

    /// How many of `rounds` it gets: half of them where each takes long.
    pub(crate) fn rounds(&self, rounds: u32) -> u32 {
        if waits_for_disk(self.place, self.is_synced) { rounds.div_ceil(2) } else { rounds }
    }

    pub(crate) fn durability(&self) -> Durability {
        if self.is_synced { Durability::Synced } else { Durability::Unsynced }
    }

    /// How many tasks a call takes.
    pub(crate) fn at_once(&self) -> usize {
        match self.grouping {
            Grouping::Single => 1,
            Grouping::Batch => BATCH_TASKS,
        }
    }
}

pub(crate) fn waits_for_disk(place: &str, is_synced: bool) -> bool {
    place == "disk" && is_synced
}

impl fmt::Display for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let synced = if self.is_synced { "synced" } else { "not synced" };
        let grouping = match self.grouping {
            Grouping::Single => "one at a time",
            Grouping::Batch => "in batches",
        };
        write!(formatter, "{}, {synced}, {grouping}", self.place)
    }
}
