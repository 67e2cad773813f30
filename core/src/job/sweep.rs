//! Collecting jobs that ended long ago, and the debris of births that were cut short.

use super::name::{JobName, Notice};
use super::{JobState, Jobs};
use crate::capability::Directory;
use crate::error::Result;
use crate::name::Key;
use crate::reference::Ref;
use crate::store::Swept;

impl<D: Directory> Jobs<D> {
    /// Removes jobs that ended at least `older_than_ms` ago with their output, and answers how many; never one of which
    /// somebody is still to be told.
    ///
    /// # Errors
    /// The first that came up, once all else is done: [`crate::Error::Unsupported`], [`crate::Error::Io`].
    pub fn collect(&self, older_than_ms: u64) -> Result<u64> {
        let mut swept = Swept::default();
        self.refs
            .sweep(older_than_ms, &mut swept, &mut |key, reference| self.remove_old(key, reference, older_than_ms));
        swept.answer()
    }

    /// Removes what was being removed, and debris. Ends are kept until they are collected.
    pub(crate) fn sweep(&self, older_than_ms: u64, swept: &mut Swept) {
        self.refs.sweep(older_than_ms, swept, &mut |key, reference| self.remove_old(key, reference, u64::MAX));
    }

    fn remove_old(&self, key: &Key, mut reference: Ref<D>, older_than_ms: u64) -> Result<bool> {
        let Some(name) = JobName::parse(&reference.token_name) else { return Ok(false) };
        if let Some(state) = name.state {
            let age_ms = self.refs.environment.now_ms().saturating_sub(name.since_ms);
            if !JobState::is_terminal(state) || name.notice == Notice::Due || age_ms < older_than_ms {
                return Ok(false);
            }
            // What a later version has made is left alone.
            self.view(key, &reference, &name)?;
            let gone = JobName { revision: name.revision.saturating_add(1), state: None, ..name };
            if !reference.swap(gone.text())? {
                return Ok(false);
            }
        }
        // Ids are never used again, so no floor is needed above the revision.
        self.refs.remove(&reference, key, 0)?;
        Ok(true)
    }
}
