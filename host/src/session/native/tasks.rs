//! The calls on task lists, without a sandbox.

use super::Native;
use crate::Result;
use crate::session::backend::{HolderSlot, TaskBackend};
use leasehold_core::Durability;
use leasehold_core::capability::Directory;
use leasehold_core::tasklist::{
    Author, Claim, Filter, History, ListInfo, NewTask, TaskPage, TaskView, Update, Updated,
};

impl<D: Directory> TaskBackend for Native<D> {
    fn task_create(
        &mut self,
        list: &str,
        tasks: &[NewTask<'_>],
        by: Option<&str>,
        durability: Durability,
    ) -> Result<Vec<u64>> {
        Ok(self.lists()?.create(list, tasks, Author { by }, durability)?)
    }

    fn task_get(&mut self, list: &str, id: u64) -> Result<Option<TaskView>> {
        Ok(self.lists()?.get(list, id)?)
    }

    fn task_page(&mut self, list: &str, filter: Filter, cursor: Option<u64>, limit: u32) -> Result<TaskPage> {
        Ok(self.lists()?.list(list, filter, cursor, limit)?)
    }

    fn task_update(
        &mut self,
        list: &str,
        id: u64,
        update: &Update<'_>,
        by: Option<&str>,
        durability: Durability,
    ) -> Result<Updated> {
        Ok(self.lists()?.update(list, id, update, Author { by }, durability)?)
    }

    fn task_delete(
        &mut self,
        list: &str,
        id: u64,
        token: Option<u64>,
        if_revision: Option<u64>,
        by: Option<&str>,
        durability: Durability,
    ) -> Result<Vec<u64>> {
        Ok(self.lists()?.delete(list, id, token, if_revision, Author { by }, durability)?)
    }

    fn task_reset(&mut self, list: &str, by: Option<&str>, durability: Durability) -> Result<u64> {
        Ok(self.lists()?.reset(list, Author { by }, durability)?)
    }

    fn task_claim(
        &mut self,
        list: &str,
        id: u64,
        holder: HolderSlot,
        refuse_busy: bool,
        durability: Durability,
    ) -> Result<Claim> {
        let holder = self.open_holder(holder)?;
        Ok(self.lists()?.claim(list, id, holder, refuse_busy, durability)?)
    }

    fn task_claim_next(
        &mut self,
        list: &str,
        holder: HolderSlot,
        refuse_busy: bool,
        durability: Durability,
    ) -> Result<Claim> {
        let holder = self.open_holder(holder)?;
        Ok(self.lists()?.claim_next(list, holder, refuse_busy, durability)?)
    }

    fn task_release(
        &mut self,
        list: &str,
        id: u64,
        token: u64,
        by: Option<&str>,
        durability: Durability,
    ) -> Result<()> {
        Ok(self.lists()?.release(list, id, token, Author { by }, durability)?)
    }

    fn task_reap(&mut self, list: &str, durability: Durability) -> Result<Vec<u64>> {
        Ok(self.lists()?.reap(list, durability)?)
    }

    fn task_history(&mut self, list: &str, since: u64, limit: u32) -> Result<History> {
        Ok(self.lists()?.history(list, since, limit)?)
    }

    fn task_ensure_list(
        &mut self,
        list: &str,
        metadata: Option<&str>,
        seen: Option<&str>,
        by: Option<&str>,
        durability: Durability,
    ) -> Result<()> {
        Ok(self.lists()?.ensure(list, metadata, seen, Author { by }, durability)?)
    }

    fn task_list_info(&mut self, list: &str) -> Result<Option<ListInfo>> {
        Ok(self.lists()?.info(list)?)
    }

    fn task_lists(&mut self) -> Result<Vec<String>> {
        Ok(self.lists()?.names()?)
    }

    fn task_remove_list(&mut self, list: &str, durability: Durability) -> Result<()> {
        Ok(self.lists()?.remove(list, durability)?)
    }
}
