//! The calls on one queue.

use super::Session;
use super::backend::{Backend, QueueSlot};
use super::holder::Holder;
use crate::Result;
use leasehold_core::Durability;
use leasehold_core::queue::{ClaimedTask, NewTask, OnDuplicate, Status, TaskPage, TaskState, TaskView};

/// One queue of a session. Each call answers [`crate::Error::Store`] with the reason if it changed nothing, and
/// [`crate::Error::Trapped`] if the instance was stopped in the middle.
#[derive(Debug)]
pub struct QueueClient<'a> {
    session: &'a mut Session,
    queue: QueueSlot,
}

impl<'a> QueueClient<'a> {
    pub(super) fn new(session: &'a mut Session, queue: QueueSlot) -> Self {
        Self { session, queue }
    }

    fn backend(&mut self) -> &mut dyn Backend {
        self.session.backend()
    }

    /// Pushes tasks and answers their ids, in order: at most 65,536 tasks and 64 MiB a call.
    ///
    /// Tasks without ids are published all or nothing. Where tasks have ids, each has one, and the batch is
    /// idempotent instead: after a failure, pushing it again with [`OnDuplicate::Keep`] completes it. Standard
    /// durability: synced.
    ///
    /// # Errors
    /// [`leasehold_core::Error::Exists`], [`leasehold_core::Error::Held`] where a task of that id is there already,
    /// as `on_duplicate` says.
    pub fn push(
        &mut self,
        tasks: &[NewTask<'_>],
        on_duplicate: OnDuplicate,
        durability: Durability,
    ) -> Result<Vec<String>> {
        let queue = self.queue;
        self.backend().push(queue, tasks, on_duplicate, durability)
    }

    /// Claims up to `max` tasks (1 to 1,000) for `lasting_ms` (10 minutes unless told). An empty answer means that
    /// nothing could be claimed. Standard durability: unsynced.
    ///
    /// # Errors
    /// [`leasehold_core::Error::Lost`] if the holder does not live; [`leasehold_core::Error::Paused`].
    pub fn claim(
        &mut self,
        holder: &Holder,
        max: u32,
        lasting_ms: Option<u64>,
        durability: Durability,
    ) -> Result<Vec<ClaimedTask>> {
        let queue = self.queue;
        let holder = holder.slot_in(&self.session.closed)?;
        self.backend().claim(queue, holder, max, lasting_ms, durability)
    }

    /// Makes the claim last `lasting_ms` from now, and answers until when (milliseconds since 1970). The receipt
    /// stays valid. Standard durability: unsynced.
    ///
    /// # Errors
    /// [`leasehold_core::Error::Lost`] if the task is no longer yours.
    pub fn extend(&mut self, receipt: &str, lasting_ms: u64, durability: Durability) -> Result<u64> {
        let queue = self.queue;
        self.backend().extend(queue, receipt, lasting_ms, durability)
    }

    /// Finishes the task. With an `outcome` (up to 16 MiB) its record is kept until purged, and repeating the call
    /// succeeds; without, nothing is kept, and repeating it is lost. Standard durability: unsynced.
    ///
    /// # Errors
    /// [`leasehold_core::Error::Lost`] if the task is no longer yours.
    pub fn done(&mut self, receipt: &str, outcome: Option<&[u8]>, durability: Durability) -> Result<()> {
        let queue = self.queue;
        self.backend().done(queue, receipt, outcome, durability)
    }

    /// Finishes several tasks, up to 65,536, without outcomes: those that were pushed and claimed together also together.
    /// Answers the places among `receipts` of those that are no longer yours. Standard durability: unsynced.
    ///
    /// # Errors
    /// [`leasehold_core::Error::InvalidArgument`] for what is no receipt, before anything is changed; after any other some may
    /// be finished.
    pub fn done_all(&mut self, receipts: &[&str], durability: Durability) -> Result<Vec<usize>> {
        let queue = self.queue;
        self.backend().done_all(queue, receipts, durability)
    }

    /// Gives the task back as failed, to be claimed again after `delay_ms`. Answers false if this was its last
    /// attempt: it is dead now. Standard durability: unsynced.
    ///
    /// # Errors
    /// [`leasehold_core::Error::Lost`] if the task is no longer yours.
    pub fn retry(&mut self, receipt: &str, delay_ms: u64, reason: &str, durability: Durability) -> Result<bool> {
        let queue = self.queue;
        self.backend().retry(queue, receipt, delay_ms, reason, durability)
    }

    /// Gives the task back where it was; the attempt does not count. Standard durability: unsynced.
    ///
    /// # Errors
    /// [`leasehold_core::Error::Lost`] if the task is no longer yours.
    pub fn release(&mut self, receipt: &str, durability: Durability) -> Result<()> {
        let queue = self.queue;
        self.backend().release(queue, receipt, durability)
    }

    /// Gives the task up: it is dead, whatever attempts it had left. Standard durability: unsynced.
    ///
    /// # Errors
    /// [`leasehold_core::Error::Lost`] if the task is no longer yours.
    pub fn bury(&mut self, receipt: &str, reason: &str, durability: Durability) -> Result<()> {
        let queue = self.queue;
        self.backend().bury(queue, receipt, reason, durability)
    }

    /// Takes back every claim whose holder is dead or whose time has passed, and answers the ids. Standard
    /// durability: unsynced.
    ///
    /// # Errors
    /// [`crate::Error::Store`] or [`crate::Error::Trapped`].
    pub fn reap(&mut self, durability: Durability) -> Result<Vec<String>> {
        let queue = self.queue;
        self.backend().reap(queue, durability)
    }

    /// Makes a dead task ready again, with all its attempts. Standard durability: synced.
    ///
    /// # Errors
    /// [`leasehold_core::Error::NotFound`] if no task of that id is dead.
    pub fn revive(&mut self, id: &str, durability: Durability) -> Result<()> {
        let queue = self.queue;
        self.backend().revive(queue, id, durability)
    }

    /// Removes a task that is ready or delayed. Standard durability: synced.
    ///
    /// # Errors
    /// [`leasehold_core::Error::Held`] while it is claimed.
    pub fn cancel(&mut self, id: &str, durability: Durability) -> Result<()> {
        let queue = self.queue;
        self.backend().cancel(queue, id, durability)
    }

    /// Removes all tasks that have been in `state` (not claimed) for `older_than_ms`, for good, and answers how
    /// many. Standard durability: synced.
    ///
    /// # Errors
    /// [`crate::Error::Store`] or [`crate::Error::Trapped`].
    pub fn purge(&mut self, state: TaskState, older_than_ms: u64, durability: Durability) -> Result<u64> {
        let queue = self.queue;
        self.backend().purge(queue, state, older_than_ms, durability)
    }

    /// From now on nothing can be claimed; what is claimed goes on. Standard durability: synced.
    ///
    /// # Errors
    /// [`crate::Error::Store`] or [`crate::Error::Trapped`].
    pub fn pause(&mut self, durability: Durability) -> Result<()> {
        let queue = self.queue;
        self.backend().pause(queue, durability)
    }

    /// Ends a pause. Standard durability: synced.
    ///
    /// # Errors
    /// [`crate::Error::Store`] or [`crate::Error::Trapped`].
    pub fn resume(&mut self, durability: Durability) -> Result<()> {
        let queue = self.queue;
        self.backend().resume(queue, durability)
    }

    /// Counts the tasks in each state.
    ///
    /// # Errors
    /// [`crate::Error::Store`] or [`crate::Error::Trapped`].
    pub fn status(&mut self) -> Result<Status> {
        let queue = self.queue;
        self.backend().status(queue)
    }

    /// The tasks in one state, `limit` (1 to 10,000) at a time, starting after `cursor`.
    ///
    /// # Errors
    /// [`leasehold_core::Error::InvalidArgument`] for a garbled cursor.
    pub fn list(&mut self, state: TaskState, cursor: Option<&str>, limit: u32) -> Result<TaskPage> {
        let queue = self.queue;
        self.backend().list(queue, state, cursor, limit)
    }

    /// One task, with its payload.
    ///
    /// # Errors
    /// [`leasehold_core::Error::NotFound`].
    pub fn peek(&mut self, id: &str) -> Result<TaskView> {
        let queue = self.queue;
        self.backend().peek(queue, id)
    }

    /// What `done` was given.
    ///
    /// # Errors
    /// [`leasehold_core::Error::NotFound`] while the task is not done, or where no record was kept.
    pub fn outcome(&mut self, id: &str) -> Result<Vec<u8>> {
        let queue = self.queue;
        self.backend().outcome(queue, id)
    }
}
