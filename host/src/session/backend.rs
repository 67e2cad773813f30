//! What a session runs on: the component in its sandbox, or the same core without one.

use crate::{Error, Result};
use leasehold_core::checkpoint::{ClaimedRun, Loaded, RunInfo, RunPage, RunState, Save, SaveOptions};
use leasehold_core::holder::HolderState;
use leasehold_core::job::{Job, JobPage, JobSpec, JobState, Process, Reason};
use leasehold_core::lease::{LeasePage, LeaseState, ReapedLease, Turn};
use leasehold_core::maintenance::Finding;
use leasehold_core::queue::{ClaimedTask, NewTask, OnDuplicate, Status, TaskPage, TaskState, TaskView};
use leasehold_core::tasklist::{Claim, Filter, History, ListInfo, NewTask as NewListTask, Update, Updated};
use leasehold_core::tasklist::{TaskPage as ListPage, TaskView as ListTask};
use leasehold_core::{Durability, Error as StoreError};

/// Names an open holder within one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct HolderSlot(pub(crate) u64);

/// Names an open queue within one session, until the next queue is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct QueueSlot(pub(crate) usize);

/// How a holder is come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Joining {
    /// A new epoch.
    Open { ttl_ms: u64 },
    /// The epoch that lives.
    Attach,
    /// The epoch that lives, or else a new one.
    Ensure { ttl_ms: u64 },
}

/// Every call of the contract. The methods are named as there, and documented there.
pub(crate) trait Backend: LeaseBackend + CheckpointBackend + TaskBackend + JobBackend {
    /// Answers the epoch; the holder is known as `slot` from now on.
    fn holder_join(&mut self, slot: HolderSlot, how: Joining, name: &str, durability: Durability) -> Result<u64>;
    fn holder_renew(&mut self, holder: HolderSlot, durability: Durability) -> Result<u64>;
    fn holder_end(&mut self, holder: HolderSlot, durability: Durability) -> Result<()>;
    /// Forgets the handle; ends nothing.
    fn holder_close(&mut self, holder: HolderSlot);
    fn holder_list(&mut self) -> Result<Vec<HolderState>>;

    /// How many bytes of memory the instance has, where it has a memory of its own.
    fn memory_bytes(&self) -> Option<usize> {
        None
    }

    fn queue_list(&mut self) -> Result<Vec<String>>;
    /// Opens the queue, or finds it among those open.
    fn queue(&mut self, name: &str) -> Result<QueueSlot>;
    fn push(
        &mut self,
        queue: QueueSlot,
        tasks: &[NewTask<'_>],
        on_duplicate: OnDuplicate,
        durability: Durability,
    ) -> Result<Vec<String>>;
    fn claim(
        &mut self,
        queue: QueueSlot,
        holder: HolderSlot,
        max: u32,
        lasting_ms: Option<u64>,
        durability: Durability,
    ) -> Result<Vec<ClaimedTask>>;
    fn extend(&mut self, queue: QueueSlot, receipt: &str, lasting_ms: u64, durability: Durability) -> Result<u64>;
    fn done(&mut self, queue: QueueSlot, receipt: &str, outcome: Option<&[u8]>, durability: Durability) -> Result<()>;
    fn done_all(&mut self, queue: QueueSlot, receipts: &[&str], durability: Durability) -> Result<Vec<usize>>;
    fn retry(
        &mut self,
        queue: QueueSlot,
        receipt: &str,
        delay_ms: u64,
        reason: &str,
        durability: Durability,
    ) -> Result<bool>;
    fn release(&mut self, queue: QueueSlot, receipt: &str, durability: Durability) -> Result<()>;
    fn bury(&mut self, queue: QueueSlot, receipt: &str, reason: &str, durability: Durability) -> Result<()>;
    fn reap(&mut self, queue: QueueSlot, durability: Durability) -> Result<Vec<String>>;
    fn revive(&mut self, queue: QueueSlot, id: &str, durability: Durability) -> Result<()>;
    fn cancel(&mut self, queue: QueueSlot, id: &str, durability: Durability) -> Result<()>;
    fn purge(&mut self, queue: QueueSlot, state: TaskState, older_than_ms: u64, durability: Durability) -> Result<u64>;
    fn pause(&mut self, queue: QueueSlot, durability: Durability) -> Result<()>;
    fn resume(&mut self, queue: QueueSlot, durability: Durability) -> Result<()>;
    fn status(&mut self, queue: QueueSlot) -> Result<Status>;
    fn list(&mut self, queue: QueueSlot, state: TaskState, cursor: Option<&str>, limit: u32) -> Result<TaskPage>;
    fn peek(&mut self, queue: QueueSlot, id: &str) -> Result<TaskView>;
    fn outcome(&mut self, queue: QueueSlot, id: &str) -> Result<Vec<u8>>;

    fn check(&mut self) -> Result<Vec<Finding>>;
    fn reconcile(&mut self) -> Result<Vec<Finding>>;
    fn sweep(&mut self, older_than_ms: u64) -> Result<u64>;
    fn quarantine(&mut self) -> Result<Vec<Finding>>;
}

/// The calls on leases.
pub(crate) trait LeaseBackend {
    fn lease_acquire(&mut self, name: &str, holder: HolderSlot, durability: Durability) -> Result<u64>;
    fn lease_acquire_in_turn(&mut self, name: &str, holder: HolderSlot, durability: Durability) -> Result<Turn>;
    fn lease_leave(&mut self, name: &str, holder: HolderSlot) -> Result<()>;
    fn lease_release(&mut self, name: &str, token: u64, durability: Durability) -> Result<()>;
    fn lease_get(&mut self, name: &str) -> Result<Option<LeaseState>>;
    fn lease_list(&mut self, cursor: Option<&str>, limit: u32) -> Result<LeasePage>;
    fn lease_reap(&mut self, durability: Durability) -> Result<Vec<ReapedLease>>;
}

/// The calls on checkpoints.
pub(crate) trait CheckpointBackend {
    fn checkpoint_save(
        &mut self,
        run: &str,
        content: &[u8],
        options: &SaveOptions<'_>,
        durability: Durability,
    ) -> Result<String>;
    fn checkpoint_load(&mut self, run: &str, save: Option<&str>) -> Result<Option<Loaded>>;
    fn checkpoint_claim(
        &mut self,
        run: &str,
        holder: HolderSlot,
        expected: Option<&str>,
        durability: Durability,
    ) -> Result<Option<ClaimedRun>>;
    fn checkpoint_complete(&mut self, run: &str, receipt: &str, durability: Durability) -> Result<()>;
    fn checkpoint_release(&mut self, run: &str, receipt: &str, durability: Durability) -> Result<()>;
    fn checkpoint_remove(&mut self, run: &str, durability: Durability) -> Result<()>;
    fn checkpoint_get(&mut self, run: &str) -> Result<Option<RunInfo>>;
    fn checkpoint_list(&mut self, state: Option<RunState>, cursor: Option<&str>, limit: u32) -> Result<RunPage>;
    fn checkpoint_history(&mut self, run: &str) -> Result<Vec<Save>>;
    fn checkpoint_recover(&mut self, durability: Durability) -> Result<Vec<String>>;
}

/// The calls on task lists.
pub(crate) trait TaskBackend {
    fn task_create(
        &mut self,
        list: &str,
        tasks: &[NewListTask<'_>],
        by: Option<&str>,
        durability: Durability,
    ) -> Result<Vec<u64>>;
    fn task_get(&mut self, list: &str, id: u64) -> Result<Option<ListTask>>;
    fn task_page(&mut self, list: &str, filter: Filter, cursor: Option<u64>, limit: u32) -> Result<ListPage>;
    fn task_update(
        &mut self,
        list: &str,
        id: u64,
        update: &Update<'_>,
        by: Option<&str>,
        durability: Durability,
    ) -> Result<Updated>;
    fn task_delete(
        &mut self,
        list: &str,
        id: u64,
        token: Option<u64>,
        if_revision: Option<u64>,
        by: Option<&str>,
        durability: Durability,
    ) -> Result<Vec<u64>>;
    fn task_reset(&mut self, list: &str, by: Option<&str>, durability: Durability) -> Result<u64>;
    fn task_claim(
        &mut self,
        list: &str,
        id: u64,
        holder: HolderSlot,
        refuse_busy: bool,
        durability: Durability,
    ) -> Result<Claim>;
    fn task_claim_next(
        &mut self,
        list: &str,
        holder: HolderSlot,
        refuse_busy: bool,
        durability: Durability,
    ) -> Result<Claim>;
    fn task_release(&mut self, list: &str, id: u64, token: u64, by: Option<&str>, durability: Durability)
    -> Result<()>;
    fn task_reap(&mut self, list: &str, durability: Durability) -> Result<Vec<u64>>;
    fn task_history(&mut self, list: &str, since: u64, limit: u32) -> Result<History>;
    fn task_ensure_list(
        &mut self,
        list: &str,
        metadata: Option<&str>,
        seen: Option<&str>,
        by: Option<&str>,
        durability: Durability,
    ) -> Result<()>;
    fn task_list_info(&mut self, list: &str) -> Result<Option<ListInfo>>;
    fn task_lists(&mut self) -> Result<Vec<String>>;
    fn task_remove_list(&mut self, list: &str, durability: Durability) -> Result<()>;
}

/// The calls on jobs.
pub(crate) trait JobBackend {
    fn job_create(&mut self, spec: &JobSpec, limit: Option<u32>, durability: Durability) -> Result<String>;
    fn job_start(&mut self, id: &str, process: Process, supervisor: Process, durability: Durability) -> Result<Job>;
    fn job_adopt(
        &mut self,
        id: &str,
        found: Option<Process>,
        supervisor: Process,
        durability: Durability,
    ) -> Result<Job>;
    fn job_kill(&mut self, id: &str, reason: Reason, durability: Durability) -> Result<Job>;
    fn job_settle(&mut self, id: &str, gone: bool, durability: Durability) -> Result<Job>;
    fn job_fail(&mut self, id: &str, reason: Reason, durability: Durability) -> Result<Job>;
    fn job_get(&mut self, id: &str) -> Result<Option<Job>>;
    fn job_list(&mut self, state: Option<JobState>, cursor: Option<&str>, limit: u32) -> Result<JobPage>;
    fn job_events(&mut self, cursor: Option<&str>, limit: u32) -> Result<JobPage>;
    fn job_acknowledge(&mut self, id: &str, durability: Durability) -> Result<Job>;
    fn job_promote(&mut self, id: &str, durability: Durability) -> Result<Job>;
    fn job_collect(&mut self, older_than_ms: u64) -> Result<u64>;
}

/// A program can not come by this: its handle outlives the slot.
pub(crate) fn closed_holder() -> Error {
    StoreError::InvalidArgument(String::from("this holder was closed; open or attach it again")).into()
}

/// A program can not come by this: its handle outlives the slot.
pub(crate) fn closed_queue() -> Error {
    StoreError::InvalidArgument(String::from("this queue was closed; open it again")).into()
}
