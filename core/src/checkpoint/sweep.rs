//! Removing content that nothing names, records of runs that were completed long ago, and the debris of births that
//! were cut short.

use super::Checkpoints;
use super::name::{Phase, RunName};
use crate::capability::Directory;
use crate::error::Result;

impl<D: Directory> Checkpoints<D> {
    /// Removes debris, and records and births at least `older_than_ms` old; answers how many.
    ///
    /// Content needs no age: it is debris once the token has passed the one that it was built on.
    pub(crate) fn sweep(&self, older_than_ms: u64) -> Result<u64> {
        if !self.refs.is_marked()? {
            return Ok(0);
        }
        let now_ms = self.refs.environment.now_ms();
        let removed = self.refs.for_each(&mut |key, mut reference| {
            let Some(state) = RunName::parse(&reference.token_name) else { return Ok(None) };
            match state.phase {
                Phase::Tomb => {}
                Phase::Done if now_ms.saturating_sub(state.since_ms) >= older_than_ms => {
                    if !reference.swap(state.with(state.token, Phase::Tomb, now_ms).text())? {
                        return Ok(None);
                    }
                }
                Phase::Done => return Ok(None),
                Phase::Armed | Phase::Held { .. } | Phase::Damaged => {
                    let Some(history) = self.history_of(&reference)? else { return Ok(None) };
                    let mut count = 0;
                    for save in history.debris(&state) {
                        history.unlink(save)?;
                        count += 1;
                    }
                    return Ok(Some(count));
                }
            }
            self.refs.remove(&reference, key, state.token).map(|()| Some(1))
        });
        Ok(self.refs.sweep_tmp(older_than_ms)? + removed?.iter().sum::<u64>())
    }
}
