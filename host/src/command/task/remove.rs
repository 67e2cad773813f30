//! What removes tasks: `leasehold task rm`, `reset` and `remove-list`.

use super::whose::WhoseFlags;
use crate::command::durability::DurabilityFlags;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::output::Output;
use crate::command::stores::{self, TASKS};
use clap::Args;

/// Deletes a task, and prints the ids of those that waited for it, which do not any more
///
/// Its id is not used again. With --json: {"id", "freed"}. Exits with 1 where it is not there, and while somebody has it
/// and neither --token nor --holder is given; with 3 when the claim is over, or the task was changed since --if-revision.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold task rm house 3")]
pub(crate) struct Remove {
    /// The list
    list: String,
    /// The task
    id: u64,

    #[command(flatten)]
    whose: WhoseFlags,

    /// Only if this is still the task's revision
    #[arg(long, value_name = "REV")]
    if_revision: Option<u64>,

    /// Who does this, for the history [default: the holder]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,

    #[command(flatten)]
    durability: DurabilityFlags,
}

impl Remove {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let mut session = stores::open(globals, TASKS, &self.whose.names(&self.list))?;
        let token = self.whose.token(&mut session, &self.list, self.id)?;
        let by = self.by.as_deref().or(self.whose.holder());
        let durability = self.durability.durability();
        let freed = session.task_delete(&self.list, self.id, token, self.if_revision, by, durability)?;
        let mut output = Output::new(globals.json);
        if output.is_json() {
            output.object(&serde_json::json!({ "id": self.id, "freed": freed }))?;
        } else {
            freed.iter().try_for_each(|id| output.line(id))?;
        }
        output.finish()
    }
}

/// Removes all tasks of a list, whoever has them, and prints how many there were
///
/// The list and its history stay, and ids go on from where they are. With --json: {"removed"}. Exits with 1 where there is
/// no such list.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold task reset house")]
pub(crate) struct Reset {
    /// The list
    list: String,

    /// Who does this, for the history
    #[arg(long, value_name = "NAME")]
    by: Option<String>,

    #[command(flatten)]
    durability: DurabilityFlags,
}

impl Reset {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let mut session = stores::open(globals, TASKS, &[&self.list])?;
        let removed = session.task_reset(&self.list, self.by.as_deref(), self.durability.durability())?;
        let mut output = Output::new(globals.json);
        output.answer(removed, &serde_json::json!({ "removed": removed }))?;
        output.finish()
    }
}

/// Removes a list with all its tasks and its history
///
/// A list of that name made later begins anew. Exits with 1 where there is none.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold task remove-list house")]
pub(crate) struct RemoveList {
    /// The list
    list: String,

    #[command(flatten)]
    durability: DurabilityFlags,
}

impl RemoveList {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let mut session = stores::open(globals, TASKS, &[&self.list])?;
        session.task_remove_list(&self.list, self.durability.durability())?;
        let mut output = Output::new(globals.json);
        output.answer_quietly(&serde_json::json!({ "list": self.list, "state": "removed" }))?;
        output.finish()
    }
}
