//! Removing leases that have been free for long, and the debris of births that were cut short.

use super::Leases;
use super::name::{Grip, LeaseName};
use crate::Durability;
use crate::capability::Directory;
use crate::error::Result;

impl<D: Directory> Leases<D> {
    /// Removes what has been free, and debris, for at least `older_than_ms`; answers how many.
    pub(crate) fn sweep(&self, older_than_ms: u64) -> Result<u64> {
        if !self.refs.is_marked()? {
            return Ok(0);
        }
        // What could not be freed is left, and stops nothing else.
        let _ = self.reap(Durability::Unsynced);
        let now_ms = self.refs.environment.now_ms();
        let removed = self.refs.for_each(&mut |key, mut reference| {
            let Some(state) = LeaseName::parse(&reference.token_name) else { return Ok(None) };
            if state.grip == Grip::Free {
                let is_waited_for = self.line_of(&reference)?.is_some_and(|line| line.len() > 0);
                if is_waited_for || now_ms.saturating_sub(state.since_ms) < older_than_ms {
                    return Ok(None);
                }
                // Whoever lines up after this look finds the line removed, and makes the lease anew.
                if !reference.swap(state.with(state.token, Grip::Tomb, now_ms).text())? {
                    return Ok(None);
                }
            } else if state.grip != Grip::Tomb {
                return Ok(None);
            }
            self.refs.remove(&reference, key, state.token).map(Some)
        });
        Ok(self.refs.sweep_tmp(older_than_ms)? + removed?.len() as u64)
    }
}
