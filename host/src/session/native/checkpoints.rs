//! The calls on checkpoints, without a sandbox.

use super::Native;
use crate::Result;
use crate::session::backend::{CheckpointBackend, HolderSlot};
use leasehold_core::Durability;
use leasehold_core::capability::Directory;
use leasehold_core::checkpoint::{ClaimedRun, Loaded, RunInfo, RunPage, RunState, Save, SaveOptions};

impl<D: Directory> CheckpointBackend for Native<D> {
    fn checkpoint_save(
        &mut self,
        run: &str,
        content: &[u8],
        options: &SaveOptions<'_>,
        durability: Durability,
    ) -> Result<String> {
        Ok(self.checkpoints()?.save(run, content, options, durability)?)
    }

    fn checkpoint_load(&mut self, run: &str, save: Option<&str>) -> Result<Option<Loaded>> {
        Ok(self.checkpoints()?.load(run, save)?)
    }

    fn checkpoint_claim(
        &mut self,
        run: &str,
        holder: HolderSlot,
        expected: Option<&str>,
        durability: Durability,
    ) -> Result<Option<ClaimedRun>> {
        let holder = self.open_holder(holder)?;
        Ok(self.checkpoints()?.claim(run, holder, expected, durability)?)
    }

    fn checkpoint_complete(&mut self, run: &str, receipt: &str, durability: Durability) -> Result<()> {
        Ok(self.checkpoints()?.complete(run, receipt, durability)?)
    }

    fn checkpoint_release(&mut self, run: &str, receipt: &str, durability: Durability) -> Result<()> {
        Ok(self.checkpoints()?.release(run, receipt, durability)?)
    }

    fn checkpoint_remove(&mut self, run: &str, durability: Durability) -> Result<()> {
        Ok(self.checkpoints()?.remove(run, durability)?)
    }

    fn checkpoint_get(&mut self, run: &str) -> Result<Option<RunInfo>> {
        Ok(self.checkpoints()?.get(run)?)
    }

    fn checkpoint_list(&mut self, state: Option<RunState>, cursor: Option<&str>, limit: u32) -> Result<RunPage> {
        Ok(self.checkpoints()?.list(state, cursor, limit)?)
    }

    fn checkpoint_history(&mut self, run: &str) -> Result<Vec<Save>> {
        Ok(self.checkpoints()?.history(run)?)
    }

    fn checkpoint_recover(&mut self, durability: Durability) -> Result<Vec<String>> {
        Ok(self.checkpoints()?.recover(durability)?)
    }
}
