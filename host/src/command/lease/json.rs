//! The shapes of the answers in JSON.

use crate::command::json::HoldingJson;
use leasehold::{LeaseState, ReapedLease};
use serde::Serialize;

/// A lease in the hands of a holder.
#[derive(Serialize)]
pub(super) struct GrantJson<'a> {
    pub(super) name: &'a str,
    pub(super) holder: &'a str,
    pub(super) token: u64,
}

/// What is known of a lease.
#[derive(Serialize)]
pub(super) struct LeaseJson<'a> {
    name: &'a str,
    token: u64,
    holding: Option<HoldingJson<'a>>,
    alive: bool,
    since: u64,
    waiting: u32,
}

impl<'a> LeaseJson<'a> {
    pub(super) fn new(state: &'a LeaseState) -> Self {
        Self {
            name: &state.name,
            token: state.token,
            holding: state.holding.as_ref().map(HoldingJson::new),
            alive: state.alive,
            since: state.since_ms,
            waiting: state.waiting,
        }
    }
}

/// A lease that was taken back.
#[derive(Serialize)]
pub(super) struct ReapedJson<'a> {
    name: &'a str,
    holding: HoldingJson<'a>,
}

impl<'a> ReapedJson<'a> {
    pub(super) fn new(reaped: &'a ReapedLease) -> Self {
        Self { name: &reaped.name, holding: HoldingJson::new(&reaped.holding) }
    }
}
