//! What ends a claim: `leasehold task done`, `abandon` and `release`.

use super::status::status_name;
use super::whose::WhoseFlags;
use crate::command::durability::DurabilityFlags;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::output::Output;
use crate::command::stores::{self, TASKS};
use clap::Args;
use leasehold::tasklist::{Status, Update};

/// Which task is meant, and whose claim of it.
#[derive(Debug, Args)]
struct ClaimArguments {
    /// The list
    list: String,
    /// The task
    id: u64,

    #[command(flatten)]
    whose: WhoseFlags,

    /// Who does this, for the history [default: the holder]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,

    #[command(flatten)]
    durability: DurabilityFlags,
}

/// Completes a task: what waits for it waits no more
///
/// A task that nobody has who lives may be completed by anybody; what somebody has only under the token of that claim, or
/// in the name of its holder. Saying it again succeeds. Exits with 1 when somebody has it and neither --token nor --holder
/// is given; with 3 when the claim is over, or the task has ended another way.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold task done house 1 --holder \"$HOSTNAME\"")]
pub(crate) struct Done {
    #[command(flatten)]
    claim: ClaimArguments,
}

impl Done {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        self.claim.end(globals, Status::Completed)
    }
}

/// Gives a task up for good: what waits for it waits until it is told not to
///
/// Exits as `done` does.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold task abandon house 1 --token \"$TOKEN\"")]
pub(crate) struct Abandon {
    #[command(flatten)]
    claim: ClaimArguments,
}

impl Abandon {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        self.claim.end(globals, Status::Abandoned)
    }
}

/// Gives up a claim: the task is pending again
///
/// Exits with 3 when the claim is over.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold task release house 1 --token \"$TOKEN\"")]
pub(crate) struct Release {
    #[command(flatten)]
    claim: ClaimArguments,
}

impl Release {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let claim = self.claim;
        if claim.whose.are_missing() {
            return Err(Failure::usage("whose claim is given up: give --token or --holder"));
        }
        let mut session = stores::open(globals, TASKS, &claim.whose.names(&claim.list))?;
        let Some(token) = claim.whose.token(&mut session, &claim.list, claim.id)? else { return Ok(()) };
        session.task_release(&claim.list, claim.id, token, claim.author(), claim.durability.durability())?;
        answer(globals, claim.id, Status::Pending)
    }
}

impl ClaimArguments {
    fn end(&self, globals: &Globals, status: Status) -> Result<(), Failure> {
        let mut session = stores::open(globals, TASKS, &self.whose.names(&self.list))?;
        let token = self.whose.token(&mut session, &self.list, self.id)?;
        let update = Update { status: Some(status), token, ..Update::default() };
        session.task_update(&self.list, self.id, &update, self.author(), self.durability.durability())?;
        answer(globals, self.id, status)
    }

    fn author(&self) -> Option<&str> {
        self.by.as_deref().or(self.whose.holder())
    }
}

fn answer(globals: &Globals, id: u64, status: Status) -> Result<(), Failure> {
    let mut output = Output::new(globals.json);
    output.answer_quietly(&serde_json::json!({ "id": id, "status": status_name(status) }))?;
    output.finish()
}
