//! `tasks`.

use crate::bindings::exports::leasehold::store::tasks as wit;
use leasehold_core::tasklist::{
    Change, Claim, Event, EventKind, Filter, History, ListInfo, NewTask, Owner, Status, TaskPage, TaskView, Update,
    Updated,
};

/// A task to be, with nothing copied.
pub(in crate::engine) fn new_task<'a>(task: &NewTask<'a>) -> wit::NewTask<'a> {
    wit::NewTask {
        subject: task.subject,
        description: task.description,
        active_form: task.active_form,
        priority: task.priority,
        blocked_by: task.blocked_by,
        blocked_by_new: task.blocked_by_new,
        metadata: task.metadata,
    }
}

/// What is to be different, with nothing copied.
pub(in crate::engine) fn update_fields<'a>(update: &Update<'a>) -> wit::UpdateFields<'a> {
    wit::UpdateFields {
        subject: update.subject,
        description: update.description,
        active_form: update.active_form,
        priority: update.priority,
        status: update.status.map(Into::into),
        add_blocked_by: update.add_blocked_by,
        remove_blocked_by: update.remove_blocked_by,
        add_blocks: update.add_blocks,
        remove_blocks: update.remove_blocks,
        metadata: update.metadata,
        token: update.token,
        if_revision: update.if_revision,
    }
}

pub(in crate::engine) fn filter(filter: Filter) -> wit::Filter {
    wit::Filter { status: filter.status.map(Into::into), internal: filter.internal }
}

impl From<Status> for wit::Status {
    fn from(status: Status) -> Self {
        match status {
            Status::Pending => Self::Pending,
            Status::InProgress => Self::InProgress,
            Status::Completed => Self::Completed,
            Status::Abandoned => Self::Abandoned,
            Status::Deleted => Self::Deleted,
        }
    }
}

impl From<wit::Status> for Status {
    fn from(status: wit::Status) -> Self {
        match status {
            wit::Status::Pending => Self::Pending,
            wit::Status::InProgress => Self::InProgress,
            wit::Status::Completed => Self::Completed,
            wit::Status::Abandoned => Self::Abandoned,
            wit::Status::Deleted => Self::Deleted,
        }
    }
}

impl From<wit::Owner> for Owner {
    fn from(owner: wit::Owner) -> Self {
        Self { holder: owner.holder, epoch: owner.epoch, token: owner.token }
    }
}

impl From<wit::Task> for TaskView {
    fn from(task: wit::Task) -> Self {
        Self {
            id: task.id,
            subject: task.subject,
            description: task.description,
            active_form: task.active_form,
            status: task.status.into(),
            priority: task.priority,
            owner: task.owner.map(Into::into),
            alive: task.alive,
            blocked_by: task.blocked_by,
            unresolved: task.unresolved,
            blocks: task.blocks,
            metadata: task.metadata,
            created_ms: task.created,
            updated_ms: task.updated,
            revision: task.revision,
        }
    }
}

impl From<wit::Updated> for Updated {
    fn from(updated: wit::Updated) -> Self {
        Self { task: updated.task.into(), changed: updated.changed }
    }
}

impl From<wit::TaskPage> for TaskPage {
    fn from(page: wit::TaskPage) -> Self {
        Self { tasks: page.tasks.into_iter().map(Into::into).collect(), cursor: page.cursor, revision: page.revision }
    }
}

impl From<wit::ClaimOutcome> for Claim {
    fn from(outcome: wit::ClaimOutcome) -> Self {
        match outcome {
            wit::ClaimOutcome::NotFound => Self::NotFound,
            wit::ClaimOutcome::AlreadyCompleted => Self::AlreadyCompleted,
            wit::ClaimOutcome::AlreadyOwned(owner) => Self::AlreadyOwned(owner.into()),
            wit::ClaimOutcome::Blocked(ids) => Self::Blocked(ids),
            wit::ClaimOutcome::Busy(id) => Self::Busy(id),
            wit::ClaimOutcome::Ok(claimed) => Self::Ok { token: claimed.token, task: Box::new(claimed.task.into()) },
        }
    }
}

impl From<wit::EventKind> for EventKind {
    fn from(kind: wit::EventKind) -> Self {
        match kind {
            wit::EventKind::Created => Self::Created,
            wit::EventKind::Updated => Self::Updated,
            wit::EventKind::Claimed => Self::Claimed,
            wit::EventKind::Released => Self::Released,
            wit::EventKind::Deleted => Self::Deleted,
            wit::EventKind::Reset => Self::Reset,
        }
    }
}

impl From<wit::Event> for Event {
    fn from(event: wit::Event) -> Self {
        Self { id: event.id, kind: event.kind.into(), fields: event.fields }
    }
}

impl From<wit::Change> for Change {
    fn from(change: wit::Change) -> Self {
        Self {
            revision: change.revision,
            at_ms: change.at,
            by: change.by,
            events: change.events.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<wit::HistoryPage> for History {
    fn from(page: wit::HistoryPage) -> Self {
        match page {
            wit::HistoryPage::Changes(page) => Self::Changes {
                changes: page.changes.into_iter().map(Into::into).collect(),
                revision: page.revision,
                more: page.more,
            },
            wit::HistoryPage::TooOld(oldest) => Self::TooOld { oldest },
        }
    }
}

impl From<wit::ListInfo> for ListInfo {
    fn from(info: wit::ListInfo) -> Self {
        Self {
            name: info.name,
            revision: info.revision,
            created_ms: info.created,
            created_by: info.created_by,
            metadata: info.metadata,
            seen: info.seen,
            pending: info.pending,
            in_progress: info.in_progress,
            completed: info.completed,
            abandoned: info.abandoned,
        }
    }
}
