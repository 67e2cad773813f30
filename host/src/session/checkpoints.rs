//! The calls on checkpoints.

use super::{Holder, Session};
use crate::Result;
use leasehold_core::Durability;
use leasehold_core::checkpoint::{ClaimedRun, Loaded, RunInfo, RunPage, RunState, Save, SaveOptions};

/// Checkpoints: the latest saved content of a run, which one holder at a time may claim and carry on with.
impl Session {
    /// Saves up to 16 MiB as the content of `run`, and answers the id of the save. Without a receipt a new run is
    /// made, or one that nobody holds is replaced. Standard durability: synced.
    ///
    /// # Errors
    /// [`leasehold_core::Error::Held`] if somebody holds it; [`leasehold_core::Error::Lost`] if the receipt's claim is
    /// over. Nothing was saved then.
    pub fn checkpoint_save(
        &mut self,
        run: &str,
        content: &[u8],
        options: &SaveOptions<'_>,
        durability: Durability,
    ) -> Result<String> {
        self.backend().checkpoint_save(run, content, options, durability)
    }

    /// The content of `run`, or of one save that its history keeps; `None` if there is no such run or it is done.
    ///
    /// # Errors
    /// [`leasehold_core::Error::NotFound`] if that save is not kept; [`leasehold_core::Error::Damaged`] if the content
    /// is not what was saved.
    pub fn checkpoint_load(&mut self, run: &str, save: Option<&str>) -> Result<Option<Loaded>> {
        self.backend().checkpoint_load(run, save)
    }

    /// Claims `run` for `holder`; `None` if there is no such run or it is done. With `expected`, the id of a save,
    /// only while that is the last one. The claim lasts until it is completed, released or saved without keeping it,
    /// or until the holder's epoch is over. Standard durability: unsynced.
    ///
    /// # Errors
    /// [`leasehold_core::Error::Held`] if somebody who lives has it; [`leasehold_core::Error::Lost`] if `expected` is
    /// not the last save any more, or `holder` is over; [`leasehold_core::Error::Damaged`] if the content is not what
    /// was saved: the run is set aside then.
    pub fn checkpoint_claim(
        &mut self,
        run: &str,
        holder: &Holder,
        expected: Option<&str>,
        durability: Durability,
    ) -> Result<Option<ClaimedRun>> {
        let holder = holder.slot_in(&self.closed)?;
        self.backend().checkpoint_claim(run, holder, expected, durability)
    }

    /// Ends the run. Repeating it with the same receipt succeeds while the record is kept. Standard durability:
    /// unsynced.
    ///
    /// # Errors
    /// [`leasehold_core::Error::Lost`] if the claim is over.
    pub fn checkpoint_complete(&mut self, run: &str, receipt: &str, durability: Durability) -> Result<()> {
        self.backend().checkpoint_complete(run, receipt, durability)
    }

    /// Gives up the claim and leaves the content as it is. Standard durability: unsynced.
    ///
    /// # Errors
    /// [`leasehold_core::Error::Lost`] if the claim is over.
    pub fn checkpoint_release(&mut self, run: &str, receipt: &str, durability: Durability) -> Result<()> {
        self.backend().checkpoint_release(run, receipt, durability)
    }

    /// Removes the run with its history, in whatever state. Standard durability: synced.
    ///
    /// # Errors
    /// [`leasehold_core::Error::Held`] while somebody who lives holds it; [`leasehold_core::Error::NotFound`].
    pub fn checkpoint_remove(&mut self, run: &str, durability: Durability) -> Result<()> {
        self.backend().checkpoint_remove(run, durability)
    }

    /// What is known of one run; `None` if there is none.
    ///
    /// # Errors
    /// [`leasehold_core::Error::Damaged`] if what stands there is not understood.
    pub fn checkpoint_get(&mut self, run: &str) -> Result<Option<RunInfo>> {
        self.backend().checkpoint_get(run)
    }

    /// The runs in one state (or all), `limit` (1 to 10,000) at a time, starting after `cursor`.
    ///
    /// # Errors
    /// [`leasehold_core::Error::InvalidArgument`] for a garbled cursor.
    pub fn checkpoint_list(&mut self, state: Option<RunState>, cursor: Option<&str>, limit: u32) -> Result<RunPage> {
        self.backend().checkpoint_list(state, cursor, limit)
    }

    /// The saves of `run` that are kept, the last one first.
    ///
    /// # Errors
    /// [`leasehold_core::Error::NotFound`] if there is no such run or it is done.
    pub fn checkpoint_history(&mut self, run: &str) -> Result<Vec<Save>> {
        self.backend().checkpoint_history(run)
    }

    /// Arms again what dead holders hold, and nothing else; answers the runs. Standard durability: unsynced.
    ///
    /// # Errors
    /// [`crate::Error::Store`] or [`crate::Error::Trapped`].
    pub fn checkpoint_recover(&mut self, durability: Durability) -> Result<Vec<String>> {
        self.backend().checkpoint_recover(durability)
    }
}
