//! The calls on checkpoints, handed to the component.

use super::Sandbox;
use crate::Result;
use crate::engine::convert::checkpoints::save_options;
use crate::session::backend::{CheckpointBackend, HolderSlot};
use leasehold_core::Durability;
use leasehold_core::capability::Directory;
use leasehold_core::checkpoint::{ClaimedRun, Loaded, RunInfo, RunPage, RunState, Save, SaveOptions};

impl<D: Directory + 'static> CheckpointBackend for Sandbox<D> {
    fn checkpoint_save(
        &mut self,
        run: &str,
        content: &[u8],
        options: &SaveOptions<'_>,
        durability: Durability,
    ) -> Result<String> {
        let options = save_options(options);
        self.call(|exports, store| {
            exports.checkpoints(store)?.call_save(store, run, content, options, durability.into())
        })
    }

    fn checkpoint_load(&mut self, run: &str, save: Option<&str>) -> Result<Option<Loaded>> {
        let found = self.call(|exports, store| exports.checkpoints(store)?.call_load(store, run, save))?;
        Ok(found.map(Into::into))
    }

    fn checkpoint_claim(
        &mut self,
        run: &str,
        holder: HolderSlot,
        expected: Option<&str>,
        durability: Durability,
    ) -> Result<Option<ClaimedRun>> {
        let holder = self.holder(holder)?;
        let claimed = self.call(|exports, store| {
            exports.checkpoints(store)?.call_claim(store, run, holder, expected, durability.into())
        })?;
        Ok(claimed.map(Into::into))
    }

    fn checkpoint_complete(&mut self, run: &str, receipt: &str, durability: Durability) -> Result<()> {
        self.call(|exports, store| exports.checkpoints(store)?.call_complete(store, run, receipt, durability.into()))
    }

    fn checkpoint_release(&mut self, run: &str, receipt: &str, durability: Durability) -> Result<()> {
        self.call(|exports, store| exports.checkpoints(store)?.call_release(store, run, receipt, durability.into()))
    }

    fn checkpoint_remove(&mut self, run: &str, durability: Durability) -> Result<()> {
        self.call(|exports, store| exports.checkpoints(store)?.call_remove(store, run, durability.into()))
    }

    fn checkpoint_get(&mut self, run: &str) -> Result<Option<RunInfo>> {
        let found = self.call(|exports, store| exports.checkpoints(store)?.call_get(store, run))?;
        Ok(found.map(Into::into))
    }

    fn checkpoint_list(&mut self, state: Option<RunState>, cursor: Option<&str>, limit: u32) -> Result<RunPage> {
        let page = self.call(|exports, store| {
            exports.checkpoints(store)?.call_list(store, state.map(Into::into), cursor, limit)
        })?;
        Ok(page.into())
    }

    fn checkpoint_history(&mut self, run: &str) -> Result<Vec<Save>> {
        let saves = self.call(|exports, store| exports.checkpoints(store)?.call_history(store, run))?;
        Ok(saves.into_iter().map(Into::into).collect())
    }

    fn checkpoint_recover(&mut self, durability: Durability) -> Result<Vec<String>> {
        self.call(|exports, store| exports.checkpoints(store)?.call_recover(store, durability.into()))
    }
}
