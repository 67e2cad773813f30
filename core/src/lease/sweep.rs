//! Removing leases that have been free for long, and the debris of births that were cut short.

use super::Leases;
use super::name::{Grip, LeaseName};
use crate::Durability;
use crate::capability::Directory;
use crate::error::{Error, Result};
use crate::name::Key;
use crate::reference::Ref;
use crate::store::{Swept, list_entries};

impl<D: Directory> Leases<D> {
    /// Removes what has been free, and debris, for at least `older_than_ms`.
    pub(crate) fn sweep(&self, older_than_ms: u64, swept: &mut Swept) {
        swept.kept(self.reap(Durability::Unsynced));
        self.refs.sweep(older_than_ms, swept, &mut |key, reference| self.remove_old(key, reference, older_than_ms));
    }

    fn remove_old(&self, key: &Key, mut reference: Ref<D>, older_than_ms: u64) -> Result<bool> {
        let Some(state) = LeaseName::parse(&reference.token_name) else { return Ok(false) };
        match state.grip {
            Grip::Tomb => {}
            Grip::Held { .. } => return Ok(false),
            Grip::Free => {
                let now_ms = self.refs.environment.now_ms();
                // Who waits, and what is not understood and would go with the line.
                let line = reference.content()?;
                let listed = line.map(|line| list_entries(&line)).transpose();
                let is_empty =
                    listed.map_err(|error| Error::at("the line", &error))?.is_none_or(|line| line.is_empty());
                if !is_empty || now_ms.saturating_sub(state.since_ms) < older_than_ms {
                    return Ok(false);
                }
                // Whoever lines up after this look finds the line removed, and makes the lease anew.
                if !reference.swap(state.with(state.token, Grip::Tomb, now_ms).text())? {
                    return Ok(false);
                }
            }
        }
        self.refs.remove(&reference, key, state.token)?;
        Ok(true)
    }
}
