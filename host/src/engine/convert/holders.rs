//! `holders`.

use crate::bindings::exports::leasehold::store::holders as wit;
use leasehold_core::holder::HolderState;

impl From<wit::HolderState> for HolderState {
    fn from(state: wit::HolderState) -> Self {
        Self { name: state.name, epoch: state.epoch, until_ms: state.until, alive: state.alive }
    }
}
