//! The calls on task lists, handed to the component.

use super::Sandbox;
use crate::Result;
use crate::engine::convert::tasks::{filter, new_task, update_fields};
use crate::session::backend::{HolderSlot, TaskBackend};
use leasehold_core::Durability;
use leasehold_core::capability::Directory;
use leasehold_core::tasklist::{Claim, Filter, History, ListInfo, NewTask, TaskPage, TaskView, Update, Updated};

impl<D: Directory + 'static> TaskBackend for Sandbox<D> {
    fn task_create(
        &mut self,
        list: &str,
        tasks: &[NewTask<'_>],
        by: Option<&str>,
        durability: Durability,
    ) -> Result<Vec<u64>> {
        let tasks: Vec<_> = tasks.iter().map(new_task).collect();
        self.call(|exports, store| exports.tasks(store)?.call_create(store, list, &tasks, by, durability.into()))
    }

    fn task_get(&mut self, list: &str, id: u64) -> Result<Option<TaskView>> {
        let found = self.call(|exports, store| exports.tasks(store)?.call_get(store, list, id))?;
        Ok(found.map(Into::into))
    }

    fn task_page(&mut self, list: &str, meant: Filter, cursor: Option<u64>, limit: u32) -> Result<TaskPage> {
        let page =
            self.call(|exports, store| exports.tasks(store)?.call_page(store, list, filter(meant), cursor, limit))?;
        Ok(page.into())
    }

    fn task_update(
        &mut self,
        list: &str,
        id: u64,
        update: &Update<'_>,
        by: Option<&str>,
        durability: Durability,
    ) -> Result<Updated> {
        let fields = update_fields(update);
        let updated = self
            .call(|exports, store| exports.tasks(store)?.call_update(store, list, id, fields, by, durability.into()))?;
        Ok(updated.into())
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
        self.call(|exports, store| {
            exports.tasks(store)?.call_delete(store, list, id, token, if_revision, by, durability.into())
        })
    }

    fn task_reset(&mut self, list: &str, by: Option<&str>, durability: Durability) -> Result<u64> {
        self.call(|exports, store| exports.tasks(store)?.call_reset(store, list, by, durability.into()))
    }

    fn task_claim(
        &mut self,
        list: &str,
        id: u64,
        holder: HolderSlot,
        refuse_busy: bool,
        durability: Durability,
    ) -> Result<Claim> {
        let holder = self.holder(holder)?;
        let outcome = self.call(|exports, store| {
            exports.tasks(store)?.call_claim(store, list, id, holder, refuse_busy, durability.into())
        })?;
        Ok(outcome.into())
    }

    fn task_claim_next(
        &mut self,
        list: &str,
        holder: HolderSlot,
        refuse_busy: bool,
        durability: Durability,
    ) -> Result<Claim> {
        let holder = self.holder(holder)?;
        let outcome = self.call(|exports, store| {
            exports.tasks(store)?.call_claim_next(store, list, holder, refuse_busy, durability.into())
        })?;
        Ok(outcome.into())
    }

    fn task_release(
        &mut self,
        list: &str,
        id: u64,
        token: u64,
        by: Option<&str>,
        durability: Durability,
    ) -> Result<()> {
        self.call(|exports, store| exports.tasks(store)?.call_release(store, list, id, token, by, durability.into()))
    }

    fn task_reap(&mut self, list: &str, durability: Durability) -> Result<Vec<u64>> {
        self.call(|exports, store| exports.tasks(store)?.call_reap(store, list, durability.into()))
    }

    fn task_history(&mut self, list: &str, since: u64, limit: u32) -> Result<History> {
        let page = self.call(|exports, store| exports.tasks(store)?.call_history(store, list, since, limit))?;
        Ok(page.into())
    }

    fn task_ensure_list(
        &mut self,
        list: &str,
        metadata: Option<&str>,
        seen: Option<&str>,
        by: Option<&str>,
        durability: Durability,
    ) -> Result<()> {
        self.call(|exports, store| {
            exports.tasks(store)?.call_ensure(store, list, metadata, seen, by, durability.into())
        })
    }

    fn task_list_info(&mut self, list: &str) -> Result<Option<ListInfo>> {
        let found = self.call(|exports, store| exports.tasks(store)?.call_info(store, list))?;
        Ok(found.map(Into::into))
    }

    fn task_lists(&mut self) -> Result<Vec<String>> {
        self.call(|exports, store| exports.tasks(store)?.call_list(store))
    }

    fn task_remove_list(&mut self, list: &str, durability: Durability) -> Result<()> {
        self.call(|exports, store| exports.tasks(store)?.call_remove(store, list, durability.into()))
    }
}
