//! The calls on leases, handed to the component.

use super::Sandbox;
use crate::Result;
use crate::session::backend::{HolderSlot, LeaseBackend};
use leasehold_core::Durability;
use leasehold_core::capability::Directory;
use leasehold_core::lease::{LeasePage, LeaseState, ReapedLease, Turn};

impl<D: Directory + 'static> LeaseBackend for Sandbox<D> {
    fn lease_acquire(&mut self, name: &str, holder: HolderSlot, durability: Durability) -> Result<u64> {
        let holder = self.holder(holder)?;
        self.call(|exports, store| exports.leases(store)?.call_acquire(store, name, holder, durability.into()))
    }

    fn lease_acquire_in_turn(&mut self, name: &str, holder: HolderSlot, durability: Durability) -> Result<Turn> {
        let holder = self.holder(holder)?;
        let turn = self.call(|exports, store| {
            exports.leases(store)?.call_acquire_in_turn(store, name, holder, durability.into())
        })?;
        Ok(turn.into())
    }

    fn lease_leave(&mut self, name: &str, holder: HolderSlot) -> Result<()> {
        let holder = self.holder(holder)?;
        self.call(|exports, store| exports.leases(store)?.call_leave(store, name, holder))
    }

    fn lease_release(&mut self, name: &str, token: u64, durability: Durability) -> Result<()> {
        self.call(|exports, store| exports.leases(store)?.call_release(store, name, token, durability.into()))
    }

    fn lease_get(&mut self, name: &str) -> Result<Option<LeaseState>> {
        let found = self.call(|exports, store| exports.leases(store)?.call_get(store, name))?;
        Ok(found.map(Into::into))
    }

    fn lease_list(&mut self, cursor: Option<&str>, limit: u32) -> Result<LeasePage> {
        let page = self.call(|exports, store| exports.leases(store)?.call_list(store, cursor, limit))?;
        Ok(page.into())
    }

    fn lease_reap(&mut self, durability: Durability) -> Result<Vec<ReapedLease>> {
        let reaped = self.call(|exports, store| exports.leases(store)?.call_reap(store, durability.into()))?;
        Ok(reaped.into_iter().map(Into::into).collect())
    }
}
