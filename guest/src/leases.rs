//! `leasehold:store/leases`.

use crate::Component;
use crate::bindings::exports::leasehold::store::leases as wit;
use crate::bindings::exports::leasehold::store::types::{Durability, Error};
use crate::holders::ExportedHolder;
use crate::stores;
use alloc::string::String;
use alloc::vec::Vec;
use leasehold_core::lease::{LeasePage, LeaseState, ReapedLease, Turn};

impl wit::Guest for Component {
    fn acquire(name: String, holder: wit::HolderBorrow<'_>, durability: Durability) -> Result<u64, Error> {
        let holder = &holder.get::<ExportedHolder>().0;
        Ok(stores::leases()?.acquire(&name, holder, durability.into())?)
    }

    fn acquire_in_turn(
        name: String,
        holder: wit::HolderBorrow<'_>,
        durability: Durability,
    ) -> Result<wit::Turn, Error> {
        let holder = &holder.get::<ExportedHolder>().0;
        Ok(stores::leases()?.acquire_in_turn(&name, holder, durability.into())?.into())
    }

    fn leave(name: String, holder: wit::HolderBorrow<'_>) -> Result<(), Error> {
        Ok(stores::leases()?.leave(&name, &holder.get::<ExportedHolder>().0)?)
    }

    fn release(name: String, token: u64, durability: Durability) -> Result<(), Error> {
        Ok(stores::leases()?.release(&name, token, durability.into())?)
    }

    fn get(name: String) -> Result<Option<wit::LeaseState>, Error> {
        Ok(stores::leases()?.get(&name)?.map(Into::into))
    }

    fn list(cursor: Option<String>, limit: u32) -> Result<wit::LeasePage, Error> {
        Ok(stores::leases()?.list(cursor.as_deref(), limit)?.into())
    }

    fn reap(durability: Durability) -> Result<Vec<wit::ReapedLease>, Error> {
        let reaped = stores::leases()?.reap(durability.into())?;
        Ok(reaped.into_iter().map(Into::into).collect())
    }
}

impl From<LeaseState> for wit::LeaseState {
    fn from(state: LeaseState) -> Self {
        Self {
            name: state.name,
            token: state.token,
            holding: state.holding.map(Into::into),
            alive: state.alive,
            since: state.since_ms,
            waiting: state.waiting,
        }
    }
}

impl From<LeasePage> for wit::LeasePage {
    fn from(page: LeasePage) -> Self {
        Self { leases: page.leases.into_iter().map(Into::into).collect(), cursor: page.cursor }
    }
}

impl From<Turn> for wit::Turn {
    fn from(turn: Turn) -> Self {
        match turn {
            Turn::Granted(token) => Self::Granted(token),
            Turn::Waiting { ahead, holding } => Self::Waiting(wit::Place { ahead, holding: holding.map(Into::into) }),
        }
    }
}

impl From<ReapedLease> for wit::ReapedLease {
    fn from(reaped: ReapedLease) -> Self {
        Self { name: reaped.name, holding: reaped.holding.into() }
    }
}
