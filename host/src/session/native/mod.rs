//! The core without a sandbox, over any directory.

mod checkpoints;
mod jobs;
mod leases;
mod tasks;

use super::backend::{Backend, HolderSlot, Joining, QueueSlot, closed_holder, closed_queue};
use super::open_queues::OpenQueues;
use crate::{Result, Store};
use leasehold_core::capability::{Directory, Environment};
use leasehold_core::checkpoint::Checkpoints;
use leasehold_core::holder::{Holder, HolderState, Holders};
use leasehold_core::job::Jobs;
use leasehold_core::lease::Leases;
use leasehold_core::maintenance::{Finding, Maintenance};
use leasehold_core::queue::{ClaimedTask, NewTask, OnDuplicate, Queue, Queues, Status, TaskPage, TaskState, TaskView};
use leasehold_core::tasklist::Lists;
use leasehold_core::{Durability, Error as StoreError};
use std::collections::HashMap;

pub(crate) struct Native<D: Directory> {
    holders: Option<Holders<D>>,
    queues: Option<Queues<D>>,
    leases: Option<Leases<D>>,
    checkpoints: Option<Checkpoints<D>>,
    lists: Option<Lists<D>>,
    jobs: Option<Jobs<D>>,
    maintenance: Maintenance<D>,
    open_holders: HashMap<HolderSlot, Holder<D>>,
    open_queues: OpenQueues<Queue<D>>,
}

impl<D: Directory> Native<D> {
    pub(crate) fn new(directories: Vec<(String, D)>, environment: &Environment) -> Self {
        let granted = |store: Store| {
            directories.iter().find(|(name, _)| name == store.directory_name()).map(|(_, directory)| directory.clone())
        };
        let holders = granted(Store::Holders).map(|dir| Holders::new(dir, environment.clone()));
        // Whatever is held is held by holders, so a store without them is not granted either.
        let held = |store: Store| granted(store).zip(holders.clone());
        let queues = held(Store::Queues).map(|(dir, holders)| Queues::new(dir, holders, environment.clone()));
        let leases = held(Store::Leases).map(|(dir, holders)| Leases::new(dir, holders, environment.clone()));
        let checkpoints =
            held(Store::Checkpoints).map(|(dir, holders)| Checkpoints::new(dir, holders, environment.clone()));
        let lists = held(Store::Tasks).map(|(dir, holders)| Lists::new(dir, holders, environment.clone()));
        let jobs = held(Store::Jobs).map(|(dir, holders)| Jobs::new(dir, holders, environment.clone()));
        Self {
            maintenance: Maintenance::new(queues.clone(), holders.clone())
                .with_leases(leases.clone())
                .with_checkpoints(checkpoints.clone())
                .with_lists(lists.clone())
                .with_jobs(jobs.clone()),
            holders,
            queues,
            leases,
            checkpoints,
            lists,
            jobs,
            open_holders: HashMap::new(),
            open_queues: OpenQueues::default(),
        }
    }

    fn holders(&self) -> Result<&Holders<D>> {
        self.holders.as_ref().ok_or_else(|| not_granted(Store::Holders))
    }

    fn queues(&self) -> Result<&Queues<D>> {
        self.queues.as_ref().ok_or_else(|| self.missing(Store::Queues))
    }

    fn leases(&self) -> Result<&Leases<D>> {
        self.leases.as_ref().ok_or_else(|| self.missing(Store::Leases))
    }

    fn checkpoints(&self) -> Result<&Checkpoints<D>> {
        self.checkpoints.as_ref().ok_or_else(|| self.missing(Store::Checkpoints))
    }

    fn lists(&self) -> Result<&Lists<D>> {
        self.lists.as_ref().ok_or_else(|| self.missing(Store::Tasks))
    }

    fn jobs(&self) -> Result<&Jobs<D>> {
        self.jobs.as_ref().ok_or_else(|| self.missing(Store::Jobs))
    }

    /// The error for a store that cannot be used: the holders are missing, which each needs, or it itself.
    fn missing(&self, store: Store) -> crate::Error {
        not_granted(if self.holders.is_none() { Store::Holders } else { store })
    }

    fn open_holder(&self, slot: HolderSlot) -> Result<&Holder<D>> {
        self.open_holders.get(&slot).ok_or_else(closed_holder)
    }

    fn open_queue(&self, slot: QueueSlot) -> Result<&Queue<D>> {
        self.open_queues.get(slot).ok_or_else(closed_queue)
    }
}

fn not_granted(store: Store) -> crate::Error {
    let text = format!("the directory '{}'; grant it when the session is opened", store.directory_name());
    StoreError::NotGranted(text).into()
}

impl<D: Directory> Backend for Native<D> {
    fn holder_join(&mut self, slot: HolderSlot, how: Joining, name: &str, durability: Durability) -> Result<u64> {
        let holders = self.holders()?;
        let holder = match how {
            Joining::Open { ttl_ms } => holders.open(name, ttl_ms, durability),
            Joining::Attach => holders.attach(name, durability),
            Joining::Ensure { ttl_ms } => holders.ensure(name, ttl_ms, durability),
        }?;
        let epoch = holder.epoch();
        self.open_holders.insert(slot, holder);
        Ok(epoch)
    }

    fn holder_renew(&mut self, holder: HolderSlot, durability: Durability) -> Result<u64> {
        Ok(self.open_holder(holder)?.renew(durability)?)
    }

    fn holder_end(&mut self, holder: HolderSlot, durability: Durability) -> Result<()> {
        Ok(self.open_holder(holder)?.end(durability)?)
    }

    fn holder_close(&mut self, holder: HolderSlot) {
        self.open_holders.remove(&holder);
    }

    fn holder_list(&mut self) -> Result<Vec<HolderState>> {
        Ok(self.holders()?.list()?)
    }

    fn queue_list(&mut self) -> Result<Vec<String>> {
        Ok(self.queues()?.list()?)
    }

    fn queue(&mut self, name: &str) -> Result<QueueSlot> {
        if let Some(slot) = self.open_queues.find(name) {
            return Ok(slot);
        }
        let queue = self.queues()?.queue(name)?;
        drop(self.open_queues.take_if_full());
        Ok(self.open_queues.insert(name, queue))
    }

    fn push(
        &mut self,
        queue: QueueSlot,
        tasks: &[NewTask<'_>],
        on_duplicate: OnDuplicate,
        durability: Durability,
    ) -> Result<Vec<String>> {
        Ok(self.open_queue(queue)?.push(tasks, on_duplicate, durability)?)
    }

    fn claim(
        &mut self,
        queue: QueueSlot,
        holder: HolderSlot,
        max: u32,
        lasting_ms: Option<u64>,
        durability: Durability,
    ) -> Result<Vec<ClaimedTask>> {
        let holder = self.open_holder(holder)?;
        Ok(self.open_queue(queue)?.claim(holder, max, lasting_ms, durability)?)
    }

    fn extend(&mut self, queue: QueueSlot, receipt: &str, lasting_ms: u64, durability: Durability) -> Result<u64> {
        Ok(self.open_queue(queue)?.extend(receipt, lasting_ms, durability)?)
    }

    fn done(&mut self, queue: QueueSlot, receipt: &str, outcome: Option<&[u8]>, durability: Durability) -> Result<()> {
        Ok(self.open_queue(queue)?.done(receipt, outcome, durability)?)
    }

    fn done_all(&mut self, queue: QueueSlot, receipts: &[&str], durability: Durability) -> Result<Vec<usize>> {
        Ok(self.open_queue(queue)?.done_all(receipts, durability)?)
    }

    fn retry(
        &mut self,
        queue: QueueSlot,
        receipt: &str,
        delay_ms: u64,
        reason: &str,
        durability: Durability,
    ) -> Result<bool> {
        Ok(self.open_queue(queue)?.retry(receipt, delay_ms, reason, durability)?)
    }

    fn release(&mut self, queue: QueueSlot, receipt: &str, durability: Durability) -> Result<()> {
        Ok(self.open_queue(queue)?.release(receipt, durability)?)
    }

    fn bury(&mut self, queue: QueueSlot, receipt: &str, reason: &str, durability: Durability) -> Result<()> {
        Ok(self.open_queue(queue)?.bury(receipt, reason, durability)?)
    }

    fn reap(&mut self, queue: QueueSlot, durability: Durability) -> Result<Vec<String>> {
        Ok(self.open_queue(queue)?.reap(durability)?)
    }

    fn revive(&mut self, queue: QueueSlot, id: &str, durability: Durability) -> Result<()> {
        Ok(self.open_queue(queue)?.revive(id, durability)?)
    }

    fn cancel(&mut self, queue: QueueSlot, id: &str, durability: Durability) -> Result<()> {
        Ok(self.open_queue(queue)?.cancel(id, durability)?)
    }

    fn purge(&mut self, queue: QueueSlot, state: TaskState, older_than_ms: u64, durability: Durability) -> Result<u64> {
        Ok(self.open_queue(queue)?.purge(state, older_than_ms, durability)?)
    }

    fn pause(&mut self, queue: QueueSlot, durability: Durability) -> Result<()> {
        Ok(self.open_queue(queue)?.pause(durability)?)
    }

    fn resume(&mut self, queue: QueueSlot, durability: Durability) -> Result<()> {
        Ok(self.open_queue(queue)?.resume(durability)?)
    }

    fn status(&mut self, queue: QueueSlot) -> Result<Status> {
        Ok(self.open_queue(queue)?.status()?)
    }

    fn list(&mut self, queue: QueueSlot, state: TaskState, cursor: Option<&str>, limit: u32) -> Result<TaskPage> {
        Ok(self.open_queue(queue)?.list(state, cursor, limit)?)
    }

    fn peek(&mut self, queue: QueueSlot, id: &str) -> Result<TaskView> {
        Ok(self.open_queue(queue)?.peek(id)?)
    }

    fn outcome(&mut self, queue: QueueSlot, id: &str) -> Result<Vec<u8>> {
        Ok(self.open_queue(queue)?.outcome(id)?)
    }

    fn check(&mut self) -> Result<Vec<Finding>> {
        Ok(self.maintenance.check()?)
    }

    fn reconcile(&mut self) -> Result<Vec<Finding>> {
        Ok(self.maintenance.reconcile()?)
    }

    fn sweep(&mut self, older_than_ms: u64) -> Result<u64> {
        Ok(self.maintenance.sweep(older_than_ms)?)
    }

    fn quarantine(&mut self) -> Result<Vec<Finding>> {
        Ok(self.maintenance.quarantine()?)
    }
}
