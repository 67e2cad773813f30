//! `leasehold task why`

use super::json::OwnerJson;
use super::status::status_name;
use super::{no_task, one_line};
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::output::Output;
use crate::command::stores::{self, TASKS};
use clap::Args;
use leasehold::Session;
use leasehold::tasklist::{Status, TaskView};
use serde::Serialize;

/// Says why a task cannot be claimed, or that it can
///
/// Each reason is a line: it has ended, somebody has it who lives, or a task that it waits for is not completed. With
/// --json: {"id", "claimable", "status", "owner", "alive", "unresolved": [{"id", "status", "owner", "alive"}]}; a blocker
/// that is not there any more has the status null. Exits with 0 when it can be claimed, with 1 when not.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold task why house 2")]
pub(crate) struct Why {
    /// The list
    list: String,
    /// The task
    id: u64,
}

#[derive(Serialize)]
struct WhyJson<'a> {
    id: u64,
    claimable: bool,
    #[serde(flatten)]
    state: StateJson<'a>,
    unresolved: Vec<BlockerJson<'a>>,
}

#[derive(Serialize)]
struct BlockerJson<'a> {
    id: u64,
    #[serde(flatten)]
    state: StateJson<'a>,
}

#[derive(Serialize)]
struct StateJson<'a> {
    status: Option<&'static str>,
    owner: Option<OwnerJson<'a>>,
    alive: bool,
}

/// A task that another waits for; `None` where it is not there any more.
type Blocker = (u64, Option<TaskView>);

impl Why {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let mut session = stores::open(globals, TASKS, &[&self.list])?;
        let task = session.task_get(&self.list, self.id)?.ok_or_else(|| no_task(&self.list, self.id))?;
        let blockers = blockers(&mut session, &self.list, &task)?;
        let reasons = reasons(&task, &blockers);
        let mut output = Output::new(globals.json);
        if output.is_json() {
            output.object(&WhyJson {
                id: task.id,
                claimable: reasons.is_empty(),
                state: StateJson::new(Some(&task)),
                unresolved: blockers
                    .iter()
                    .map(|(id, blocker)| BlockerJson { id: *id, state: StateJson::new(blocker.as_ref()) })
                    .collect(),
            })?;
        } else if reasons.is_empty() {
            let dead = task.owner.as_ref().map(|owner| format!(": {}, who had it, is dead", one_line(&owner.holder)));
            output.line(format_args!("it can be claimed{}", dead.unwrap_or_default()))?;
        } else {
            reasons.iter().try_for_each(|reason| output.line(reason))?;
        }
        output.finish()?;
        match reasons.first() {
            None => Ok(()),
            Some(_) => Err(Failure::Nothing(format!("task {} of list {:?} cannot be claimed", task.id, self.list))),
        }
    }
}

fn blockers(session: &mut Session, list: &str, task: &TaskView) -> Result<Vec<Blocker>, Failure> {
    task.unresolved.iter().map(|id| Ok((*id, session.task_get(list, *id)?))).collect()
}

fn reasons(task: &TaskView, blockers: &[Blocker]) -> Vec<String> {
    if !matches!(task.status, Status::Pending | Status::InProgress) {
        return vec![format!("it has ended: it is {}", status_name(task.status))];
    }
    let mut reasons = Vec::new();
    if let Some(owner) = task.owner.as_ref().filter(|_| task.alive) {
        reasons.push(format!("{} has it, and lives (epoch {})", one_line(&owner.holder), owner.epoch));
    }
    for (id, blocker) in blockers {
        reasons.push(match blocker {
            None => format!("it waits for task {id}, which is not there any more: `update --unblocked-by {id}`"),
            Some(blocker) => {
                let status = status_name(blocker.status);
                match (blocker.status, &blocker.owner) {
                    (Status::Abandoned | Status::Deleted, _) => {
                        format!("it waits for task {id}, which is {status} for good: `update --unblocked-by {id}`")
                    }
                    (Status::InProgress, Some(owner)) => {
                        let life = if blocker.alive { "lives" } else { "is dead" };
                        let holder = one_line(&owner.holder);
                        format!("it waits for task {id}, which is {status}: {holder} has it, and {life}")
                    }
                    _ => format!("it waits for task {id}, which is {status}"),
                }
            }
        });
    }
    reasons
}

impl<'a> StateJson<'a> {
    fn new(task: Option<&'a TaskView>) -> Self {
        Self {
            status: task.map(|task| status_name(task.status)),
            owner: task.and_then(|task| task.owner.as_ref()).map(OwnerJson::new),
            alive: task.is_some_and(|task| task.alive),
        }
    }
}
