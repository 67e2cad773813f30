//! `leasehold task reap`

use crate::command::durability::DurabilityFlags;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::output::Output;
use crate::command::stores::{self, TASKS};
use clap::Args;

/// Makes pending again what dead holders have, and prints the ids
///
/// Nobody needs to: what a dead holder has is claimed anyway by the next who asks. With --json each is one line: {"id"}.
/// Exits with 1 where there is no such list.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold task reap house")]
pub(crate) struct Reap {
    /// The list
    list: String,

    #[command(flatten)]
    durability: DurabilityFlags,
}

impl Reap {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let mut session = stores::open(globals, TASKS, &[&self.list])?;
        let ids = session.task_reap(&self.list, self.durability.durability())?;
        let mut output = Output::new(globals.json);
        for id in ids {
            output.answer(id, &serde_json::json!({ "id": id }))?;
        }
        output.finish()
    }
}
