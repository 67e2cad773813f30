//! Removing holders that ended long ago, and the debris of births that were cut short.

use super::{FORMAT, HolderName, Holders, Life};
use crate::capability::Directory;
use crate::error::Result;
use crate::name::Key;
use crate::reference::{Ref, Seen};
use crate::store::{Floor, Swept, TMP, Trash};

impl<D: Directory> Holders<D> {
    /// Removes the records of holders that ended, or whose time has passed, and debris, all at least `older_than_ms`
    /// old.
    pub(crate) fn sweep(&self, older_than_ms: u64, swept: &mut Swept) {
        if !swept.kept(FORMAT.is_marked(&self.dir)).unwrap_or(false) {
            return;
        }
        Trash::sweep(&self.dir, TMP, older_than_ms, &self.environment, swept);
        for (key, _) in swept.kept(self.keys()).unwrap_or_default() {
            swept.note(self.remove_old(&key, older_than_ms));
        }
    }

    fn remove_old(&self, key: &Key, older_than_ms: u64) -> Result<bool> {
        let Some((mut reference, mut state)) = self.read_state(key)? else { return Ok(false) };
        let now_ms = self.environment.now_ms();
        // Killed, and nobody has looked at it since: it is declared dead first, as before anything is taken from it.
        if state.life == Life::Live && now_ms.saturating_sub(state.until_ms()) >= older_than_ms {
            self.declare_if_late(key.as_str(), state.epoch)?;
            let Some(declared) = self.read_state(key)? else { return Ok(false) };
            (reference, state) = declared;
        }
        if state.life == Life::Ended && now_ms.saturating_sub(state.set_ms) >= older_than_ms {
            // An epoch of 0 was never given out, so its record is only debris of a birth.
            let tomb = HolderName { beat: state.beat.saturating_add(1), life: Life::Tomb, ..state };
            if !reference.swap(tomb.text())? {
                return Ok(false);
            }
            state = tomb;
        }
        if state.life != Life::Tomb {
            return Ok(false);
        }
        reference.remove(&self.dir, key.as_str(), state.epoch, &Floor::of(&self.dir))?;
        Ok(true)
    }

    /// `None` where nothing stands, or nothing that is understood.
    fn read_state(&self, key: &Key) -> Result<Option<(Ref<D>, HolderName)>> {
        let Seen::Present(reference) = self.read(key)? else { return Ok(None) };
        let state = HolderName::parse(&reference.token_name);
        Ok(state.map(|state| (reference, state)))
    }
}
