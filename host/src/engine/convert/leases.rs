//! `leases`.

use crate::bindings::exports::leasehold::store::leases as wit;
use leasehold_core::lease::{LeasePage, LeaseState, ReapedLease, Turn};

impl From<wit::LeaseState> for LeaseState {
    fn from(state: wit::LeaseState) -> Self {
        Self {
            name: state.name,
            token: state.token,
            holding: state.holding.map(Into::into),
            alive: state.alive,
            since_ms: state.since,
            waiting: state.waiting,
        }
    }
}

impl From<wit::LeasePage> for LeasePage {
    fn from(page: wit::LeasePage) -> Self {
        Self { leases: page.leases.into_iter().map(Into::into).collect(), cursor: page.cursor }
    }
}

impl From<wit::Turn> for Turn {
    fn from(turn: wit::Turn) -> Self {
        match turn {
            wit::Turn::Granted(token) => Self::Granted(token),
            wit::Turn::Waiting(place) => Self::Waiting { ahead: place.ahead, holding: place.holding.map(Into::into) },
        }
    }
}

impl From<wit::ReapedLease> for ReapedLease {
    fn from(reaped: wit::ReapedLease) -> Self {
        Self { name: reaped.name, holding: reaped.holding.into() }
    }
}
