//! The calls on leases.

use super::{Holder, Session};
use crate::Result;
use leasehold_core::Durability;
use leasehold_core::lease::{LeasePage, LeaseState, ReapedLease, Turn};

/// Leases: names that at most one holder at a time has.
impl Session {
    /// Acquires the lease `name` for `holder`, and answers its token. What the holder has already is answered with the
    /// token that it has it under; what a dead holder has is taken. Standard durability: unsynced.
    ///
    /// # Errors
    /// [`leasehold_core::Error::Held`] names who has it or, while it is free, who is first in line for it;
    /// [`leasehold_core::Error::Lost`] if `holder` is over.
    pub fn lease_acquire(&mut self, name: &str, holder: &Holder, durability: Durability) -> Result<u64> {
        let holder = holder.slot_in(&self.closed)?;
        self.backend().lease_acquire(name, holder, durability)
    }

    /// The same in the order of asking: takes a place in line, and grants the lease to who is first. Ask again, at
    /// least every few seconds, until it is granted; a place that was not asked for in ten seconds is void. A holder
    /// has one place: give each waiter a holder of its own. Standard durability: unsynced.
    ///
    /// # Errors
    /// [`leasehold_core::Error::Lost`] if `holder` is over.
    pub fn lease_acquire_in_turn(&mut self, name: &str, holder: &Holder, durability: Durability) -> Result<Turn> {
        let holder = holder.slot_in(&self.closed)?;
        self.backend().lease_acquire_in_turn(name, holder, durability)
    }

    /// Gives up the place in line, if there is one. What was granted is to be released.
    ///
    /// # Errors
    /// [`crate::Error::Store`] or [`crate::Error::Trapped`].
    pub fn lease_leave(&mut self, name: &str, holder: &Holder) -> Result<()> {
        let holder = holder.slot_in(&self.closed)?;
        self.backend().lease_leave(name, holder)
    }

    /// Releases what is held under `token`. Repeating it succeeds until the lease is granted again. Standard
    /// durability: unsynced.
    ///
    /// # Errors
    /// [`leasehold_core::Error::Lost`] if it is not held under this token any more.
    pub fn lease_release(&mut self, name: &str, token: u64, durability: Durability) -> Result<()> {
        self.backend().lease_release(name, token, durability)
    }

    /// One lease; `None` if none of that name was ever acquired, or it was swept since.
    ///
    /// # Errors
    /// [`leasehold_core::Error::Damaged`] if what stands there is not understood.
    pub fn lease_get(&mut self, name: &str) -> Result<Option<LeaseState>> {
        self.backend().lease_get(name)
    }

    /// All leases, free ones too, `limit` (1 to 10,000) at a time, starting after `cursor`.
    ///
    /// # Errors
    /// [`leasehold_core::Error::InvalidArgument`] for a garbled cursor.
    pub fn lease_list(&mut self, cursor: Option<&str>, limit: u32) -> Result<LeasePage> {
        self.backend().lease_list(cursor, limit)
    }

    /// Frees what dead holders have, and answers it. Nobody needs to call it: what a dead holder has is taken anyway.
    /// Standard durability: unsynced.
    ///
    /// # Errors
    /// [`crate::Error::Store`] or [`crate::Error::Trapped`].
    pub fn lease_reap(&mut self, durability: Durability) -> Result<Vec<ReapedLease>> {
        self.backend().lease_reap(durability)
    }
}
