//! The shapes of the answers in JSON. Moments are milliseconds since 1970.

use super::status::{kind_name, status_name};
use leasehold::tasklist::{Change, Claim, Event, ListInfo, Owner, TaskView};
use serde::Serialize;
use serde_json::value::RawValue;

/// Who has a task, or had it when it ended.
#[derive(Serialize)]
pub(super) struct OwnerJson<'a> {
    holder: &'a str,
    epoch: u64,
    token: u64,
}

impl<'a> OwnerJson<'a> {
    pub(super) fn new(owner: &'a Owner) -> Self {
        Self { holder: &owner.holder, epoch: owner.epoch, token: owner.token }
    }
}

/// A task.
#[derive(Serialize)]
pub(super) struct TaskJson<'a> {
    id: u64,
    subject: &'a str,
    description: &'a str,
    active_form: Option<&'a str>,
    status: &'static str,
    priority: u8,
    owner: Option<OwnerJson<'a>>,
    alive: bool,
    blocked_by: &'a [u64],
    unresolved: &'a [u64],
    blocks: &'a [u64],
    metadata: Option<Box<RawValue>>,
    created: u64,
    updated: u64,
    revision: u64,
}

impl<'a> TaskJson<'a> {
    pub(super) fn new(task: &'a TaskView) -> Self {
        Self {
            id: task.id,
            subject: &task.subject,
            description: &task.description,
            active_form: task.active_form.as_deref(),
            status: status_name(task.status),
            priority: task.priority,
            owner: task.owner.as_ref().map(OwnerJson::new),
            alive: task.alive,
            blocked_by: &task.blocked_by,
            unresolved: &task.unresolved,
            blocks: &task.blocks,
            metadata: raw(&task.metadata),
            created: task.created_ms,
            updated: task.updated_ms,
            revision: task.revision,
        }
    }
}

/// What an update made.
#[derive(Serialize)]
pub(super) struct UpdatedJson<'a> {
    pub(super) task: TaskJson<'a>,
    pub(super) changed: &'a [String],
}

/// What became of a claim.
#[derive(Serialize)]
pub(super) struct ClaimJson<'a> {
    outcome: &'static str,
    /// Who or what stands in the way.
    by: By<'a>,
    id: Option<u64>,
    token: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<TaskJson<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum By<'a> {
    Nobody(()),
    Holder(OwnerJson<'a>),
    Tasks(&'a [u64]),
    Task(u64),
}

impl<'a> ClaimJson<'a> {
    /// `id` is the task that was asked for, if it was a certain one.
    pub(super) fn new(id: Option<u64>, claim: &'a Claim) -> Self {
        let refused = |outcome, by| Self { outcome, by, id, token: None, task: None };
        match claim {
            Claim::NotFound => refused("not-found", By::Nobody(())),
            Claim::AlreadyCompleted => refused("already-completed", By::Nobody(())),
            Claim::AlreadyOwned(owner) => refused("already-owned", By::Holder(OwnerJson::new(owner))),
            Claim::Blocked(ids) => refused("blocked", By::Tasks(ids)),
            Claim::Busy(other) => refused("busy", By::Task(*other)),
            Claim::Ok { token, task } => Self {
                outcome: "ok",
                by: By::Nobody(()),
                id: Some(task.id),
                token: Some(*token),
                task: Some(TaskJson::new(task)),
            },
        }
    }
}

/// One change of a list.
#[derive(Serialize)]
pub(super) struct ChangeJson<'a> {
    revision: u64,
    at: u64,
    by: Option<&'a str>,
    events: Vec<EventJson<'a>>,
}

#[derive(Serialize)]
struct EventJson<'a> {
    id: u64,
    kind: &'static str,
    fields: &'a [String],
}

impl<'a> ChangeJson<'a> {
    pub(super) fn new(change: &'a Change) -> Self {
        let event = |event: &'a Event| EventJson { id: event.id, kind: kind_name(event.kind), fields: &event.fields };
        Self {
            revision: change.revision,
            at: change.at_ms,
            by: change.by.as_deref(),
            events: change.events.iter().map(event).collect(),
        }
    }
}

/// What is known of a list.
#[derive(Serialize)]
pub(super) struct ListJson<'a> {
    list: &'a str,
    revision: u64,
    created: u64,
    created_by: Option<&'a str>,
    metadata: Option<Box<RawValue>>,
    seen: &'a [String],
    pending: u64,
    in_progress: u64,
    completed: u64,
    abandoned: u64,
}

impl<'a> ListJson<'a> {
    pub(super) fn new(info: &'a ListInfo) -> Self {
        Self {
            list: &info.name,
            revision: info.revision,
            created: info.created_ms,
            created_by: info.created_by.as_deref(),
            metadata: raw(&info.metadata),
            seen: &info.seen,
            pending: info.pending,
            in_progress: info.in_progress,
            completed: info.completed,
            abandoned: info.abandoned,
        }
    }
}

/// What the store says is JSON, as that; between its tokens JSON may break lines, and an answer is one line.
fn raw(text: &str) -> Option<Box<RawValue>> {
    RawValue::from_string(text.replace(['\n', '\r'], " ")).ok()
}
