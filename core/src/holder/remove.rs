//! Removing holders that ended long ago, and the debris of births that were cut short.

use super::{FORMAT, HolderName, Holders, Life};
use crate::capability::Directory;
use crate::error::Result;
use crate::reference::Seen;
use crate::store::{Floor, TMP, Trash};

impl<D: Directory> Holders<D> {
    /// Removes the records of holders that ended, and debris, both at least `older_than_ms` old; answers how many.
    pub(crate) fn sweep(&self, older_than_ms: u64) -> Result<u64> {
        if !FORMAT.is_marked(&self.dir)? {
            return Ok(0);
        }
        let now_ms = self.environment.now_ms();
        let mut count = Trash::sweep(&self.dir, TMP, older_than_ms, &self.environment)?;
        for (key, _) in self.keys()? {
            let Seen::Present(mut reference) = self.read(&key)? else { continue };
            let Some(mut state) = HolderName::parse(&reference.token_name) else { continue };
            if state.life == Life::Ended && now_ms.saturating_sub(state.set_ms) >= older_than_ms {
                // An epoch of 0 was never given out, so its record is only debris of a birth.
                let tomb = HolderName { beat: state.beat.saturating_add(1), life: Life::Tomb, ..state };
                if !reference.swap(tomb.text())? {
                    continue;
                }
                state = tomb;
            }
            if state.life == Life::Tomb {
                reference.remove(&self.dir, key.as_str(), state.epoch, &Floor::of(&self.dir))?;
                count += 1;
            }
        }
        Ok(count)
    }
}
