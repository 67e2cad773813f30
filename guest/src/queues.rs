//! `leasehold:store/queues`.

use crate::Component;
use crate::bindings::exports::leasehold::store::queues as wit;
use crate::bindings::exports::leasehold::store::types::{Durability, Error};
use crate::directory::WasiDirectory;
use crate::holders::ExportedHolder;
use crate::stores;
use alloc::string::String;
use alloc::vec::Vec;
use leasehold_core::queue::{
    ClaimedTask, NewTask, OnDuplicate, Queue, Status, TaskInfo, TaskPage, TaskState, TaskView,
};

/// The resource `queue`.
pub(crate) struct ExportedQueue(Queue<WasiDirectory>);

impl wit::Guest for Component {
    type Queue = ExportedQueue;

    fn list() -> Result<Vec<String>, Error> {
        Ok(stores::queues()?.list()?)
    }
}

impl wit::GuestQueue for ExportedQueue {
    fn open(name: String) -> Result<wit::Queue, Error> {
        let queue = stores::queues()?.queue(&name)?;
        Ok(wit::Queue::new(Self(queue)))
    }

    fn push(
        &self,
        tasks: Vec<wit::NewTask>,
        on_duplicate: wit::OnDuplicate,
        durability: Durability,
    ) -> Result<Vec<String>, Error> {
        let tasks: Vec<NewTask<'_>> = tasks.iter().map(new_task).collect();
        Ok(self.0.push(&tasks, on_duplicate.into(), durability.into())?)
    }

    fn claim(
        &self,
        holder: wit::HolderBorrow<'_>,
        max: u32,
        lasting: Option<u64>,
        durability: Durability,
    ) -> Result<Vec<wit::ClaimedTask>, Error> {
        let holder = &holder.get::<ExportedHolder>().0;
        let claimed = self.0.claim(holder, max, lasting, durability.into())?;
        Ok(claimed.into_iter().map(Into::into).collect())
    }

    fn extend(&self, receipt: String, lasting: u64, durability: Durability) -> Result<u64, Error> {
        Ok(self.0.extend(&receipt, lasting, durability.into())?)
    }

    fn done(&self, receipt: String, outcome: Option<Vec<u8>>, durability: Durability) -> Result<(), Error> {
        Ok(self.0.done(&receipt, outcome.as_deref(), durability.into())?)
    }

    fn done_all(&self, receipts: Vec<String>, durability: Durability) -> Result<Vec<u32>, Error> {
        let receipts: Vec<&str> = receipts.iter().map(String::as_str).collect();
        let lost = self.0.done_all(&receipts, durability.into())?;
        Ok(lost.into_iter().filter_map(|place| u32::try_from(place).ok()).collect())
    }

    fn retry(&self, receipt: String, delay: u64, reason: String, durability: Durability) -> Result<bool, Error> {
        Ok(self.0.retry(&receipt, delay, &reason, durability.into())?)
    }

    fn release(&self, receipt: String, durability: Durability) -> Result<(), Error> {
        Ok(self.0.release(&receipt, durability.into())?)
    }

    fn bury(&self, receipt: String, reason: String, durability: Durability) -> Result<(), Error> {
        Ok(self.0.bury(&receipt, &reason, durability.into())?)
    }

    fn reap(&self, durability: Durability) -> Result<Vec<String>, Error> {
        Ok(self.0.reap(durability.into())?)
    }

    fn revive(&self, id: String, durability: Durability) -> Result<(), Error> {
        Ok(self.0.revive(&id, durability.into())?)
    }

    fn cancel(&self, id: String, durability: Durability) -> Result<(), Error> {
        Ok(self.0.cancel(&id, durability.into())?)
    }

    fn purge(&self, state: wit::TaskState, older_than: u64, durability: Durability) -> Result<u64, Error> {
        Ok(self.0.purge(state.into(), older_than, durability.into())?)
    }

    fn pause(&self, durability: Durability) -> Result<(), Error> {
        Ok(self.0.pause(durability.into())?)
    }

    fn resume(&self, durability: Durability) -> Result<(), Error> {
        Ok(self.0.resume(durability.into())?)
    }

    fn status(&self) -> Result<wit::Status, Error> {
        Ok(self.0.status()?.into())
    }

    fn list(&self, state: wit::TaskState, cursor: Option<String>, limit: u32) -> Result<wit::TaskPage, Error> {
        Ok(self.0.list(state.into(), cursor.as_deref(), limit)?.into())
    }

    fn peek(&self, id: String) -> Result<wit::TaskView, Error> {
        Ok(self.0.peek(&id)?.into())
    }

    fn outcome(&self, id: String) -> Result<Vec<u8>, Error> {
        Ok(self.0.outcome(&id)?)
    }
}

fn new_task(task: &wit::NewTask) -> NewTask<'_> {
    NewTask {
        id: task.id.as_deref(),
        payload: &task.payload,
        priority: task.priority,
        delay_ms: task.delay,
        max_attempts: task.max_attempts,
        attributes: &task.attributes,
    }
}

impl From<wit::OnDuplicate> for OnDuplicate {
    fn from(on_duplicate: wit::OnDuplicate) -> Self {
        match on_duplicate {
            wit::OnDuplicate::Refuse => Self::Refuse,
            wit::OnDuplicate::Keep => Self::Keep,
            wit::OnDuplicate::Replace => Self::Replace,
        }
    }
}

impl From<wit::TaskState> for TaskState {
    fn from(state: wit::TaskState) -> Self {
        match state {
            wit::TaskState::Ready => Self::Ready,
            wit::TaskState::Delayed => Self::Delayed,
            wit::TaskState::Claimed => Self::Claimed,
            wit::TaskState::Done => Self::Done,
            wit::TaskState::Dead => Self::Dead,
        }
    }
}

impl From<TaskState> for wit::TaskState {
    fn from(state: TaskState) -> Self {
        match state {
            TaskState::Ready => Self::Ready,
            TaskState::Delayed => Self::Delayed,
            TaskState::Claimed => Self::Claimed,
            TaskState::Done => Self::Done,
            TaskState::Dead => Self::Dead,
        }
    }
}

impl From<ClaimedTask> for wit::ClaimedTask {
    fn from(task: ClaimedTask) -> Self {
        Self {
            id: task.id,
            payload: task.payload,
            receipt: task.receipt,
            token: task.token,
            attempt: task.attempt,
            max_attempts: task.max_attempts,
            enqueued: task.enqueued_ms,
            until: task.until_ms,
            attributes: task.attributes,
        }
    }
}

impl From<TaskInfo> for wit::TaskInfo {
    fn from(info: TaskInfo) -> Self {
        Self {
            id: info.id,
            state: info.state.into(),
            priority: info.priority,
            attempt: info.attempt,
            max_attempts: info.max_attempts,
            enqueued: info.enqueued_ms,
            due: info.due_ms,
            ended: info.ended_ms,
            token: info.token,
            size: info.size,
            holding: info.holding.map(Into::into),
            reason: info.reason,
        }
    }
}

impl From<TaskPage> for wit::TaskPage {
    fn from(page: TaskPage) -> Self {
        Self { tasks: page.tasks.into_iter().map(Into::into).collect(), cursor: page.cursor }
    }
}

impl From<TaskView> for wit::TaskView {
    fn from(view: TaskView) -> Self {
        Self { info: view.info.into(), payload: view.payload, attributes: view.attributes }
    }
}

impl From<Status> for wit::Status {
    fn from(status: Status) -> Self {
        Self {
            ready: status.ready,
            delayed: status.delayed,
            claimed: status.claimed,
            dead: status.dead,
            done: status.done,
            oldest: status.oldest_ms,
            next_due: status.next_due_ms,
            paused: status.paused,
            damaged: status.damaged,
        }
    }
}
