//! What is done to a whole queue: `leasehold queue reap`, `purge`, `pause` and `resume`.

use super::StateArgument;
use crate::command::durability::DurabilityFlags;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::json::IdJson;
use crate::command::moment::{milliseconds, parse_duration};
use crate::command::output::Output;
use crate::command::stores::{self, QUEUES};
use clap::Args;
use std::time::Duration;

/// Takes back every claim whose holder is dead or whose time has passed, and prints the ids
///
/// The attempt counts, and a task out of attempts is dead.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold queue reap mail")]
pub(crate) struct Reap {
    /// The queue
    queue: String,

    #[command(flatten)]
    durability: DurabilityFlags,
}

impl Reap {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let ids =
            stores::open(globals, QUEUES, &[&self.queue])?.queue(&self.queue)?.reap(self.durability.durability())?;
        let mut output = Output::new(globals.json);
        for id in ids {
            output.answer(&id, &IdJson { id: &id })?;
        }
        output.finish()
    }
}

/// Removes all tasks in one state for good, and prints how many
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold queue purge mail --state done --older-than 7d")]
pub(crate) struct Purge {
    /// The queue
    queue: String,

    /// Which tasks; claimed ones cannot be purged
    #[arg(long, value_name = "STATE")]
    state: StateArgument,

    /// Only those that have been in this state for so long
    #[arg(long, value_name = "DUR", default_value = "0s", value_parser = parse_duration)]
    older_than: Duration,

    #[command(flatten)]
    durability: DurabilityFlags,
}

impl Purge {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        if self.state == StateArgument::Claimed {
            return Err(Failure::usage(
                "claimed tasks cannot be purged: somebody works on them; `queue reap` takes back those whose holder is dead",
            ));
        }
        let count = stores::open(globals, QUEUES, &[&self.queue])?.queue(&self.queue)?.purge(
            self.state.state(),
            milliseconds(self.older_than),
            self.durability.durability(),
        )?;
        let mut output = Output::new(globals.json);
        output.answer(count, &serde_json::json!({ "purged": count }))?;
        output.finish()
    }
}

/// Lets nobody claim from now on; what is claimed goes on
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold queue pause mail")]
pub(crate) struct Pause {
    /// The queue
    queue: String,

    #[command(flatten)]
    durability: DurabilityFlags,
}

impl Pause {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        stores::open(globals, QUEUES, &[&self.queue])?.queue(&self.queue)?.pause(self.durability.durability())?;
        answer_paused(globals, true)
    }
}

/// Ends a pause
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold queue resume mail")]
pub(crate) struct Resume {
    /// The queue
    queue: String,

    #[command(flatten)]
    durability: DurabilityFlags,
}

impl Resume {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        stores::open(globals, QUEUES, &[&self.queue])?.queue(&self.queue)?.resume(self.durability.durability())?;
        answer_paused(globals, false)
    }
}

fn answer_paused(globals: &Globals, paused: bool) -> Result<(), Failure> {
    let mut output = Output::new(globals.json);
    output.answer_quietly(&serde_json::json!({ "paused": paused }))?;
    output.finish()
}
