//! What is done to one task by its id: `leasehold queue peek`, `result`, `cancel` and `revive`.

use crate::command::durability::DurabilityFlags;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::json::{ResultJson, StateJson, ViewJson};
use crate::command::output::Output;
use crate::command::stores::{self, QUEUES};
use clap::Args;

/// Which task is meant.
#[derive(Debug, Args)]
struct TaskArguments {
    /// The queue
    queue: String,
    /// The task, as `push` or `ls` named it
    id: String,
}

/// Prints a task's payload without claiming it; with --json all that is known of it
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold queue peek mail 17 --json")]
pub(crate) struct Peek {
    #[command(flatten)]
    task: TaskArguments,
}

impl Peek {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let view = stores::open(globals, QUEUES, &[&self.task.queue, &self.task.id])?
            .queue(&self.task.queue)?
            .peek(&self.task.id)?;
        let mut output = Output::new(globals.json);
        if output.is_json() {
            output.object(&ViewJson::new(&view))?;
        } else {
            output.bytes(&view.payload)?;
        }
        output.finish()
    }
}

/// Prints what a task was finished with
///
/// With --json: {"id", "result"}, with "result_base64" in place of "result" where it is not UTF-8. Exits with 1
/// while the task is not done, or where no record of it was kept.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold queue result thumbs cat.jpg >thumbnail.png")]
pub(crate) struct ResultCommand {
    #[command(flatten)]
    task: TaskArguments,
}

impl ResultCommand {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let result = stores::open(globals, QUEUES, &[&self.task.queue, &self.task.id])?
            .queue(&self.task.queue)?
            .outcome(&self.task.id)?;
        let mut output = Output::new(globals.json);
        if output.is_json() {
            output.object(&ResultJson::new(&self.task.id, &result))?;
        } else {
            output.bytes(&result)?;
        }
        output.finish()
    }
}

/// Removes a task that is ready or delayed
///
/// Exits with 1 while it is claimed, and where there is none.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold queue cancel thumbs cat.jpg")]
pub(crate) struct Cancel {
    #[command(flatten)]
    task: TaskArguments,

    #[command(flatten)]
    durability: DurabilityFlags,
}

impl Cancel {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        stores::open(globals, QUEUES, &[&self.task.queue, &self.task.id])?
            .queue(&self.task.queue)?
            .cancel(&self.task.id, self.durability.durability())?;
        let mut output = Output::new(globals.json);
        output.answer_quietly(&StateJson { state: "cancelled" })?;
        output.finish()
    }
}

/// Makes a dead task ready again, with all its attempts
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold queue revive mail 17")]
pub(crate) struct Revive {
    #[command(flatten)]
    task: TaskArguments,

    #[command(flatten)]
    durability: DurabilityFlags,
}

impl Revive {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        stores::open(globals, QUEUES, &[&self.task.queue, &self.task.id])?
            .queue(&self.task.queue)?
            .revive(&self.task.id, self.durability.durability())?;
        let mut output = Output::new(globals.json);
        output.answer_quietly(&StateJson { state: "ready" })?;
        output.finish()
    }
}
