//! The calls on leases, without a sandbox.

use super::Native;
use crate::Result;
use crate::session::backend::{HolderSlot, LeaseBackend};
use leasehold_core::Durability;
use leasehold_core::capability::Directory;
use leasehold_core::lease::{LeasePage, LeaseState, ReapedLease, Turn};

impl<D: Directory> LeaseBackend for Native<D> {
    fn lease_acquire(&mut self, name: &str, holder: HolderSlot, durability: Durability) -> Result<u64> {
        let holder = self.open_holder(holder)?;
        Ok(self.leases()?.acquire(name, holder, durability)?)
    }

    fn lease_acquire_in_turn(&mut self, name: &str, holder: HolderSlot, durability: Durability) -> Result<Turn> {
        let holder = self.open_holder(holder)?;
        Ok(self.leases()?.acquire_in_turn(name, holder, durability)?)
    }

    fn lease_leave(&mut self, name: &str, holder: HolderSlot) -> Result<()> {
        let holder = self.open_holder(holder)?;
        Ok(self.leases()?.leave(name, holder)?)
    }

    fn lease_release(&mut self, name: &str, token: u64, durability: Durability) -> Result<()> {
        Ok(self.leases()?.release(name, token, durability)?)
    }

    fn lease_get(&mut self, name: &str) -> Result<Option<LeaseState>> {
        Ok(self.leases()?.get(name)?)
    }

    fn lease_list(&mut self, cursor: Option<&str>, limit: u32) -> Result<LeasePage> {
        Ok(self.leases()?.list(cursor, limit)?)
    }

    fn lease_reap(&mut self, durability: Durability) -> Result<Vec<ReapedLease>> {
        Ok(self.leases()?.reap(durability)?)
    }
}
