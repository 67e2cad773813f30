//! `queues`.

use crate::bindings::exports::leasehold::store::queues as wit;
use leasehold_core::queue::{ClaimedTask, NewTask, OnDuplicate, Status, TaskInfo, TaskPage, TaskState, TaskView};

/// A task's attributes as the contract takes them: texts of the caller's, pairwise.
pub(in crate::engine) fn attributes<'a>(task: &NewTask<'a>) -> Vec<(&'a str, &'a str)> {
    task.attributes.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect()
}

/// A task to be, with nothing copied; its `attributes` come from the function of that name.
pub(in crate::engine) fn new_task<'a>(task: &NewTask<'a>, attributes: &'a [(&'a str, &'a str)]) -> wit::NewTask<'a> {
    wit::NewTask {
        id: task.id,
        payload: task.payload,
        priority: task.priority,
        delay: task.delay_ms,
        max_attempts: task.max_attempts,
        attributes,
    }
}

impl From<OnDuplicate> for wit::OnDuplicate {
    fn from(on_duplicate: OnDuplicate) -> Self {
        match on_duplicate {
            OnDuplicate::Refuse => Self::Refuse,
            OnDuplicate::Keep => Self::Keep,
            OnDuplicate::Replace => Self::Replace,
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

impl From<wit::ClaimedTask> for ClaimedTask {
    fn from(task: wit::ClaimedTask) -> Self {
        Self {
            id: task.id,
            payload: task.payload,
            receipt: task.receipt,
            token: task.token,
            attempt: task.attempt,
            max_attempts: task.max_attempts,
            enqueued_ms: task.enqueued,
            until_ms: task.until,
            attributes: task.attributes,
        }
    }
}

impl From<wit::TaskInfo> for TaskInfo {
    fn from(info: wit::TaskInfo) -> Self {
        Self {
            id: info.id,
            state: info.state.into(),
            priority: info.priority,
            attempt: info.attempt,
            max_attempts: info.max_attempts,
            enqueued_ms: info.enqueued,
            due_ms: info.due,
            ended_ms: info.ended,
            token: info.token,
            size: info.size,
            holding: info.holding.map(Into::into),
            reason: info.reason,
        }
    }
}

impl From<wit::TaskPage> for TaskPage {
    fn from(page: wit::TaskPage) -> Self {
        Self { tasks: page.tasks.into_iter().map(Into::into).collect(), cursor: page.cursor }
    }
}

impl From<wit::TaskView> for TaskView {
    fn from(view: wit::TaskView) -> Self {
        Self { info: view.info.into(), payload: view.payload, attributes: view.attributes }
    }
}

impl From<wit::Status> for Status {
    fn from(status: wit::Status) -> Self {
        Self {
            ready: status.ready,
            delayed: status.delayed,
            claimed: status.claimed,
            dead: status.dead,
            done: status.done,
            oldest_ms: status.oldest,
            next_due_ms: status.next_due,
            paused: status.paused,
            damaged: status.damaged,
        }
    }
}
