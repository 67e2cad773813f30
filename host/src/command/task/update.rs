//! `leasehold task update`

use super::json::{TaskJson, UpdatedJson};
use super::status::StatusArgument;
use crate::command::durability::DurabilityFlags;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::output::Output;
use crate::command::stores::{self, TASKS};
use clap::Args;
use leasehold::tasklist::Update;
use leasehold_core::limits::PRIORITY_MAX;

/// Changes a task, and prints which fields changed, one a line
///
/// Where none did, nothing is printed and nothing was written. All that one command changes is one change. With --json:
/// {"task", "changed"}, the task as of `show`.
///
/// Exits with 1 when the task is not there, or --status would change what somebody has who lives, without --token; with 2
/// when tasks would wait for each other; with 3 when the claim of --token is over, the task has ended another way, or was
/// changed since --if-revision.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold task update house 2 --priority 0 --blocked-by 1")]
pub(crate) struct UpdateCommand {
    /// The list
    list: String,
    /// The task
    id: u64,

    /// In one line what it is
    #[arg(long, value_name = "TEXT")]
    subject: Option<String>,

    /// All there is to say
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,

    /// What to show while somebody works on it; empty removes it
    #[arg(long, value_name = "TEXT")]
    active_form: Option<String>,

    /// 0 (first) to 9 (last)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=i64::from(PRIORITY_MAX)))]
    priority: Option<u8>,

    /// Where it is in its life; pending gives up the claim, and `rm` deletes it
    #[arg(long, value_name = "STATUS")]
    status: Option<StatusArgument>,

    /// A task that it waits for from now on; may be repeated
    #[arg(long, value_name = "ID")]
    blocked_by: Vec<u64>,

    /// A task that it does not wait for any more; may be repeated
    #[arg(long, value_name = "ID")]
    unblocked_by: Vec<u64>,

    /// A task that waits for it from now on; may be repeated
    #[arg(long, value_name = "ID")]
    blocks: Vec<u64>,

    /// A task that does not wait for it any more; may be repeated
    #[arg(long, value_name = "ID")]
    unblocks: Vec<u64>,

    /// A JSON object: a member that is null removes that of the same name, any other sets it
    #[arg(long, value_name = "JSON")]
    metadata: Option<String>,

    /// What `claim` printed, where the task is claimed and its status is to change
    #[arg(long, value_name = "TOKEN")]
    token: Option<u64>,

    /// Only if this is still the task's revision
    #[arg(long, value_name = "REV")]
    if_revision: Option<u64>,

    /// Who changes it, for the history
    #[arg(long, value_name = "NAME")]
    by: Option<String>,

    #[command(flatten)]
    durability: DurabilityFlags,
}

impl UpdateCommand {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let update = Update {
            subject: self.subject.as_deref(),
            description: self.description.as_deref(),
            active_form: self.active_form.as_deref(),
            priority: self.priority,
            status: self.status.map(StatusArgument::status),
            add_blocked_by: &self.blocked_by,
            remove_blocked_by: &self.unblocked_by,
            add_blocks: &self.blocks,
            remove_blocks: &self.unblocks,
            metadata: self.metadata.as_deref(),
            token: self.token,
            if_revision: self.if_revision,
        };
        let mut session = stores::open(globals, TASKS, &[&self.list])?;
        let durability = self.durability.durability();
        let updated = session.task_update(&self.list, self.id, &update, self.by.as_deref(), durability)?;
        let mut output = Output::new(globals.json);
        if output.is_json() {
            output.object(&UpdatedJson { task: TaskJson::new(&updated.task), changed: &updated.changed })?;
        } else {
            updated.changed.iter().try_for_each(|field| output.line(field))?;
        }
        output.finish()
    }
}
