//! The flags that say what a change waits for.

use clap::Args;
use leasehold::Durability;

#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct DurabilityFlags {
    /// Waits until the change is on the disk
    ///
    /// Unless told, what a power cut must not forget waits (push, cancel, revive, purge, pause, resume, saving and
    /// removing a checkpoint, every change of a task list but claim and reap, and opening a holder), and what can be done
    /// again does not (claim, extend, done, retry, release, bury, reap, renew, acquire, complete, recover).
    #[arg(long, conflicts_with = "no_sync")]
    sync: bool,

    /// Does not wait for the disk: other processes see the change, a power cut may forget it
    #[arg(long)]
    no_sync: bool,
}

impl DurabilityFlags {
    pub(crate) fn durability(self) -> Durability {
        match (self.sync, self.no_sync) {
            (true, _) => Durability::Synced,
            (_, true) => Durability::Unsynced,
            _ => Durability::Standard,
        }
    }
}
