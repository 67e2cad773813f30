//! `leasehold:store/tasks`.

use crate::Component;
use crate::bindings::exports::leasehold::store::tasks as wit;
use crate::bindings::exports::leasehold::store::types::{Durability, Error};
use crate::holders::ExportedHolder;
use crate::stores;
use alloc::string::String;
use alloc::vec::Vec;
use leasehold_core::tasklist::{
    Author, Change, Claim, Event, EventKind, Filter, History, ListInfo, NewTask, Owner, Status, TaskPage, TaskView,
    Update, Updated,
};

impl wit::Guest for Component {
    fn create(
        list: String,
        tasks: Vec<wit::NewTask>,
        by: Option<String>,
        durability: Durability,
    ) -> Result<Vec<u64>, Error> {
        let tasks: Vec<NewTask<'_>> = tasks.iter().map(new_task).collect();
        Ok(stores::lists()?.create(&list, &tasks, author(&by), durability.into())?)
    }

    fn get(list: String, id: u64) -> Result<Option<wit::Task>, Error> {
        Ok(stores::lists()?.get(&list, id)?.map(Into::into))
    }

    fn page(list: String, filter: wit::Filter, cursor: Option<u64>, limit: u32) -> Result<wit::TaskPage, Error> {
        Ok(stores::lists()?.list(&list, filter.into(), cursor, limit)?.into())
    }

    fn update(
        list: String,
        id: u64,
        fields: wit::UpdateFields,
        by: Option<String>,
        durability: Durability,
    ) -> Result<wit::Updated, Error> {
        Ok(stores::lists()?.update(&list, id, &update(&fields), author(&by), durability.into())?.into())
    }

    fn delete(
        list: String,
        id: u64,
        token: Option<u64>,
        if_revision: Option<u64>,
        by: Option<String>,
        durability: Durability,
    ) -> Result<Vec<u64>, Error> {
        Ok(stores::lists()?.delete(&list, id, token, if_revision, author(&by), durability.into())?)
    }

    fn reset(list: String, by: Option<String>, durability: Durability) -> Result<u64, Error> {
        Ok(stores::lists()?.reset(&list, author(&by), durability.into())?)
    }

    fn claim(
        list: String,
        id: u64,
        holder: wit::HolderBorrow<'_>,
        refuse_busy: bool,
        durability: Durability,
    ) -> Result<wit::ClaimOutcome, Error> {
        let holder = &holder.get::<ExportedHolder>().0;
        Ok(stores::lists()?.claim(&list, id, holder, refuse_busy, durability.into())?.into())
    }

    fn claim_next(
        list: String,
        holder: wit::HolderBorrow<'_>,
        refuse_busy: bool,
        durability: Durability,
    ) -> Result<wit::ClaimOutcome, Error> {
        let holder = &holder.get::<ExportedHolder>().0;
        Ok(stores::lists()?.claim_next(&list, holder, refuse_busy, durability.into())?.into())
    }

    fn release(list: String, id: u64, token: u64, by: Option<String>, durability: Durability) -> Result<(), Error> {
        Ok(stores::lists()?.release(&list, id, token, author(&by), durability.into())?)
    }

    fn reap(list: String, durability: Durability) -> Result<Vec<u64>, Error> {
        Ok(stores::lists()?.reap(&list, durability.into())?)
    }

    fn history(list: String, since: u64, limit: u32) -> Result<wit::HistoryPage, Error> {
        Ok(stores::lists()?.history(&list, since, limit)?.into())
    }

    fn ensure(
        list: String,
        metadata: Option<String>,
        seen: Option<String>,
        by: Option<String>,
        durability: Durability,
    ) -> Result<(), Error> {
        let (metadata, seen) = (metadata.as_deref(), seen.as_deref());
        Ok(stores::lists()?.ensure(&list, metadata, seen, author(&by), durability.into())?)
    }

    fn info(list: String) -> Result<Option<wit::ListInfo>, Error> {
        Ok(stores::lists()?.info(&list)?.map(Into::into))
    }

    fn list() -> Result<Vec<String>, Error> {
        Ok(stores::lists()?.names()?)
    }

    fn remove(list: String, durability: Durability) -> Result<(), Error> {
        Ok(stores::lists()?.remove(&list, durability.into())?)
    }
}

fn author(by: &Option<String>) -> Author<'_> {
    Author { by: by.as_deref() }
}

fn new_task(task: &wit::NewTask) -> NewTask<'_> {
    NewTask {
        subject: &task.subject,
        description: &task.description,
        active_form: task.active_form.as_deref(),
        priority: task.priority,
        blocked_by: &task.blocked_by,
        blocked_by_new: &task.blocked_by_new,
        metadata: task.metadata.as_deref(),
    }
}

fn update(fields: &wit::UpdateFields) -> Update<'_> {
    Update {
        subject: fields.subject.as_deref(),
        description: fields.description.as_deref(),
        active_form: fields.active_form.as_deref(),
        priority: fields.priority,
        status: fields.status.map(Into::into),
        add_blocked_by: &fields.add_blocked_by,
        remove_blocked_by: &fields.remove_blocked_by,
        add_blocks: &fields.add_blocks,
        remove_blocks: &fields.remove_blocks,
        metadata: fields.metadata.as_deref(),
        token: fields.token,
        if_revision: fields.if_revision,
    }
}

impl From<wit::Filter> for Filter {
    fn from(filter: wit::Filter) -> Self {
        Self { status: filter.status.map(Into::into), internal: filter.internal }
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

impl From<Owner> for wit::Owner {
    fn from(owner: Owner) -> Self {
        Self { holder: owner.holder, epoch: owner.epoch, token: owner.token }
    }
}

impl From<TaskView> for wit::Task {
    fn from(task: TaskView) -> Self {
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
            created: task.created_ms,
            updated: task.updated_ms,
            revision: task.revision,
        }
    }
}

impl From<Updated> for wit::Updated {
    fn from(updated: Updated) -> Self {
        Self { task: updated.task.into(), changed: updated.changed }
    }
}

impl From<TaskPage> for wit::TaskPage {
    fn from(page: TaskPage) -> Self {
        Self { tasks: page.tasks.into_iter().map(Into::into).collect(), cursor: page.cursor, revision: page.revision }
    }
}

impl From<Claim> for wit::ClaimOutcome {
    fn from(claim: Claim) -> Self {
        match claim {
            Claim::NotFound => Self::NotFound,
            Claim::AlreadyCompleted => Self::AlreadyCompleted,
            Claim::AlreadyOwned(owner) => Self::AlreadyOwned(owner.into()),
            Claim::Blocked(ids) => Self::Blocked(ids),
            Claim::Busy(id) => Self::Busy(id),
            Claim::Ok { token, task } => Self::Ok(wit::ClaimedTask { token, task: (*task).into() }),
        }
    }
}

impl From<EventKind> for wit::EventKind {
    fn from(kind: EventKind) -> Self {
        match kind {
            EventKind::Created => Self::Created,
            EventKind::Updated => Self::Updated,
            EventKind::Claimed => Self::Claimed,
            EventKind::Released => Self::Released,
            EventKind::Deleted => Self::Deleted,
            EventKind::Reset => Self::Reset,
        }
    }
}

impl From<Event> for wit::Event {
    fn from(event: Event) -> Self {
        Self { id: event.id, kind: event.kind.into(), fields: event.fields }
    }
}

impl From<Change> for wit::Change {
    fn from(change: Change) -> Self {
        Self {
            revision: change.revision,
            at: change.at_ms,
            by: change.by,
            events: change.events.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<History> for wit::HistoryPage {
    fn from(history: History) -> Self {
        match history {
            History::Changes { changes, revision, more } => {
                let changes = changes.into_iter().map(Into::into).collect();
                Self::Changes(wit::Changes { changes, revision, more })
            }
            History::TooOld { oldest } => Self::TooOld(oldest),
        }
    }
}

impl From<ListInfo> for wit::ListInfo {
    fn from(info: ListInfo) -> Self {
        Self {
            name: info.name,
            revision: info.revision,
            created: info.created_ms,
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
