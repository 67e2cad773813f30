//! Removing content that nothing names, records of runs that were completed long ago, and the debris of births that
//! were cut short.

use super::Checkpoints;
use super::name::{Phase, RunName};
use crate::capability::Directory;
use crate::error::Result;
use crate::name::Key;
use crate::reference::Ref;
use crate::store::{Swept, sync_all};

impl<D: Directory> Checkpoints<D> {
    /// Removes debris, and records and births at least `older_than_ms` old.
    ///
    /// Content needs no age: it is debris once the token has passed the one that it was built on.
    pub(crate) fn sweep(&self, older_than_ms: u64, swept: &mut Swept) {
        self.refs.sweep(older_than_ms, swept, &mut |key, reference| self.tidy(key, reference, older_than_ms));
    }

    fn tidy(&self, key: &Key, mut reference: Ref<D>, older_than_ms: u64) -> Result<bool> {
        let Some(state) = RunName::parse(&reference.token_name) else { return Ok(false) };
        let now_ms = self.refs.environment.now_ms();
        match state.phase {
            Phase::Tomb => {}
            Phase::Done if now_ms.saturating_sub(state.since_ms) >= older_than_ms => {
                if !reference.swap(state.with(state.token, Phase::Tomb, now_ms).text())? {
                    return Ok(false);
                }
            }
            Phase::Done => return Ok(false),
            Phase::Armed | Phase::Held { .. } | Phase::Damaged => {
                let Some(history) = self.history_of(&reference)? else { return Ok(false) };
                let debris = history.debris(&state);
                if !debris.is_empty() {
                    // A power cut must not bring back a name that names some of it.
                    sync_all(&[(&reference.dir, "the run")])?;
                }
                for save in &debris {
                    history.unlink(save)?;
                }
                return Ok(!debris.is_empty());
            }
        }
        self.refs.remove(&reference, key, state.token)?;
        Ok(true)
    }
}
