//! The calls on holders and queues, and of maintenance, handed to the component.

use super::{OpenHolder, OpenQueue, Sandbox};
use crate::Result;
use crate::engine::convert::queues::{attributes, new_task};
use crate::session::backend::{Backend, HolderSlot, Joining, QueueSlot};
use leasehold_core::Durability;
use leasehold_core::capability::Directory;
use leasehold_core::holder::HolderState;
use leasehold_core::maintenance::Finding;
use leasehold_core::queue::{ClaimedTask, NewTask, OnDuplicate, Status, TaskPage, TaskState, TaskView};

impl<D: Directory + 'static> Backend for Sandbox<D> {
    fn holder_join(&mut self, slot: HolderSlot, how: Joining, name: &str, durability: Durability) -> Result<u64> {
        let resource = match how {
            Joining::Attach => self.attach(name, durability),
            Joining::Open { ttl_ms } => self.call(|exports, store| {
                exports.holders(store)?.holder().call_open(store, name, ttl_ms, durability.into())
            }),
            Joining::Ensure { ttl_ms } => self.call(|exports, store| {
                exports.holders(store)?.holder().call_ensure(store, name, ttl_ms, durability.into())
            }),
        }?;
        let handle = self.handle(resource);
        let epoch = self.epoch(resource)?;
        self.holders.insert(slot, OpenHolder { name: name.to_owned(), epoch, handle });
        Ok(epoch)
    }

    fn holder_renew(&mut self, holder: HolderSlot, durability: Durability) -> Result<u64> {
        let holder = self.holder(holder)?;
        self.call(|exports, store| exports.holders(store)?.holder().call_renew(store, holder, durability.into()))
    }

    fn holder_end(&mut self, holder: HolderSlot, durability: Durability) -> Result<()> {
        let holder = self.holder(holder)?;
        self.call(|exports, store| exports.holders(store)?.holder().call_end(store, holder, durability.into()))
    }

    fn holder_close(&mut self, holder: HolderSlot) {
        if let Some(open) = self.holders.remove(&holder) {
            // A trap in here is as good: it closes everything.
            drop(self.close(open.handle));
        }
    }

    fn holder_list(&mut self) -> Result<Vec<HolderState>> {
        let states = self.call(|exports, store| exports.holders(store)?.call_list(store))?;
        Ok(states.into_iter().map(Into::into).collect())
    }

    fn memory_bytes(&self) -> Option<usize> {
        self.instance.as_ref().map(|instance| instance.memory_bytes())
    }

    fn queue_list(&mut self) -> Result<Vec<String>> {
        self.call(|exports, store| exports.queues(store)?.call_list(store))
    }

    fn queue(&mut self, name: &str) -> Result<QueueSlot> {
        if let Some(slot) = self.queues.find(name) {
            return Ok(slot);
        }
        for closed in self.queues.take_if_full() {
            self.close(closed.handle)?;
        }
        let handle = self.open_queue(name)?;
        Ok(self.queues.insert(name, OpenQueue { name: name.to_owned(), handle }))
    }

    fn push(
        &mut self,
        queue: QueueSlot,
        tasks: &[NewTask<'_>],
        on_duplicate: OnDuplicate,
        durability: Durability,
    ) -> Result<Vec<String>> {
        let queue = self.queue(queue)?;
        let attributes: Vec<_> = tasks.iter().map(attributes).collect();
        let tasks: Vec<_> =
            tasks.iter().zip(&attributes).map(|(task, attributes)| new_task(task, attributes)).collect();
        self.call(|exports, store| {
            exports.queues(store)?.queue().call_push(store, queue, &tasks, on_duplicate.into(), durability.into())
        })
    }

    fn claim(
        &mut self,
        queue: QueueSlot,
        holder: HolderSlot,
        max: u32,
        lasting_ms: Option<u64>,
        durability: Durability,
    ) -> Result<Vec<ClaimedTask>> {
        let holder = self.holder(holder)?;
        let queue = self.queue(queue)?;
        let claimed = self.call(|exports, store| {
            exports.queues(store)?.queue().call_claim(store, queue, holder, max, lasting_ms, durability.into())
        })?;
        Ok(claimed.into_iter().map(Into::into).collect())
    }

    fn extend(&mut self, queue: QueueSlot, receipt: &str, lasting_ms: u64, durability: Durability) -> Result<u64> {
        let queue = self.queue(queue)?;
        self.call(|exports, store| {
            exports.queues(store)?.queue().call_extend(store, queue, receipt, lasting_ms, durability.into())
        })
    }

    fn done(&mut self, queue: QueueSlot, receipt: &str, outcome: Option<&[u8]>, durability: Durability) -> Result<()> {
        let queue = self.queue(queue)?;
        self.call(|exports, store| {
            exports.queues(store)?.queue().call_done(store, queue, receipt, outcome, durability.into())
        })
    }

    fn done_all(&mut self, queue: QueueSlot, receipts: &[&str], durability: Durability) -> Result<Vec<usize>> {
        let queue = self.queue(queue)?;
        let lost = self.call(|exports, store| {
            exports.queues(store)?.queue().call_done_all(store, queue, receipts, durability.into())
        })?;
        Ok(lost.into_iter().filter_map(|place| usize::try_from(place).ok()).collect())
    }

    fn retry(
        &mut self,
        queue: QueueSlot,
        receipt: &str,
        delay_ms: u64,
        reason: &str,
        durability: Durability,
    ) -> Result<bool> {
        let queue = self.queue(queue)?;
        self.call(|exports, store| {
            exports.queues(store)?.queue().call_retry(store, queue, receipt, delay_ms, reason, durability.into())
        })
    }

    fn release(&mut self, queue: QueueSlot, receipt: &str, durability: Durability) -> Result<()> {
        let queue = self.queue(queue)?;
        self.call(|exports, store| {
            exports.queues(store)?.queue().call_release(store, queue, receipt, durability.into())
        })
    }

    fn bury(&mut self, queue: QueueSlot, receipt: &str, reason: &str, durability: Durability) -> Result<()> {
        let queue = self.queue(queue)?;
        self.call(|exports, store| {
            exports.queues(store)?.queue().call_bury(store, queue, receipt, reason, durability.into())
        })
    }

    fn reap(&mut self, queue: QueueSlot, durability: Durability) -> Result<Vec<String>> {
        let queue = self.queue(queue)?;
        self.call(|exports, store| exports.queues(store)?.queue().call_reap(store, queue, durability.into()))
    }

    fn revive(&mut self, queue: QueueSlot, id: &str, durability: Durability) -> Result<()> {
        let queue = self.queue(queue)?;
        self.call(|exports, store| exports.queues(store)?.queue().call_revive(store, queue, id, durability.into()))
    }

    fn cancel(&mut self, queue: QueueSlot, id: &str, durability: Durability) -> Result<()> {
        let queue = self.queue(queue)?;
        self.call(|exports, store| exports.queues(store)?.queue().call_cancel(store, queue, id, durability.into()))
    }

    fn purge(&mut self, queue: QueueSlot, state: TaskState, older_than_ms: u64, durability: Durability) -> Result<u64> {
        let queue = self.queue(queue)?;
        self.call(|exports, store| {
            exports.queues(store)?.queue().call_purge(store, queue, state.into(), older_than_ms, durability.into())
        })
    }

    fn pause(&mut self, queue: QueueSlot, durability: Durability) -> Result<()> {
        let queue = self.queue(queue)?;
        self.call(|exports, store| exports.queues(store)?.queue().call_pause(store, queue, durability.into()))
    }

    fn resume(&mut self, queue: QueueSlot, durability: Durability) -> Result<()> {
        let queue = self.queue(queue)?;
        self.call(|exports, store| exports.queues(store)?.queue().call_resume(store, queue, durability.into()))
    }

    fn status(&mut self, queue: QueueSlot) -> Result<Status> {
        let queue = self.queue(queue)?;
        let found = self.call(|exports, store| exports.queues(store)?.queue().call_status(store, queue))?;
        Ok(found.into())
    }

    fn list(&mut self, queue: QueueSlot, state: TaskState, cursor: Option<&str>, limit: u32) -> Result<TaskPage> {
        let queue = self.queue(queue)?;
        let found = self.call(|exports, store| {
            exports.queues(store)?.queue().call_list(store, queue, state.into(), cursor, limit)
        })?;
        Ok(found.into())
    }

    fn peek(&mut self, queue: QueueSlot, id: &str) -> Result<TaskView> {
        let queue = self.queue(queue)?;
        let found = self.call(|exports, store| exports.queues(store)?.queue().call_peek(store, queue, id))?;
        Ok(found.into())
    }

    fn outcome(&mut self, queue: QueueSlot, id: &str) -> Result<Vec<u8>> {
        let queue = self.queue(queue)?;
        self.call(|exports, store| exports.queues(store)?.queue().call_outcome(store, queue, id))
    }

    fn check(&mut self) -> Result<Vec<Finding>> {
        let findings = self.call(|exports, store| exports.maintenance(store)?.call_check(store))?;
        Ok(findings.into_iter().map(Into::into).collect())
    }

    fn reconcile(&mut self) -> Result<Vec<Finding>> {
        let findings = self.call(|exports, store| exports.maintenance(store)?.call_reconcile(store))?;
        Ok(findings.into_iter().map(Into::into).collect())
    }

    fn sweep(&mut self, older_than_ms: u64) -> Result<u64> {
        self.call(|exports, store| exports.maintenance(store)?.call_sweep(store, older_than_ms))
    }

    fn quarantine(&mut self) -> Result<Vec<Finding>> {
        let findings = self.call(|exports, store| exports.maintenance(store)?.call_quarantine(store))?;
        Ok(findings.into_iter().map(Into::into).collect())
    }
}
