//! What ends a claim, or a run: `leasehold checkpoint complete`, `release` and `rm`.

use crate::command::durability::DurabilityFlags;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::json::StateJson;
use crate::command::output::Output;
use crate::command::stores::{self, CHECKPOINTS};
use clap::Args;

/// Which claim is meant.
#[derive(Debug, Args)]
struct ClaimArguments {
    /// The run
    run: String,
    /// What `claim` answered
    receipt: String,
}

/// Ends a run: nothing is left to carry on with
///
/// Saying it again with the same receipt succeeds while the record is kept. Exits with 3 when the claim is over.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold checkpoint complete import \"$RECEIPT\"")]
pub(crate) struct Complete {
    #[command(flatten)]
    claim: ClaimArguments,

    #[command(flatten)]
    durability: DurabilityFlags,
}

impl Complete {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        stores::open(globals, CHECKPOINTS, &[&self.claim.run])?.checkpoint_complete(
            &self.claim.run,
            &self.claim.receipt,
            self.durability.durability(),
        )?;
        answer_state(globals, "done")
    }
}

/// Gives up a claim, and leaves the content as it is
///
/// Exits with 3 when the claim is over.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold checkpoint release import \"$RECEIPT\"")]
pub(crate) struct Release {
    #[command(flatten)]
    claim: ClaimArguments,

    #[command(flatten)]
    durability: DurabilityFlags,
}

impl Release {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        stores::open(globals, CHECKPOINTS, &[&self.claim.run])?.checkpoint_release(
            &self.claim.run,
            &self.claim.receipt,
            self.durability.durability(),
        )?;
        answer_state(globals, "armed")
    }
}

/// Removes a run with its history, in whatever state
///
/// Exits with 1 where there is none, and while somebody who lives holds it.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold checkpoint rm import")]
pub(crate) struct Remove {
    /// The run
    run: String,

    #[command(flatten)]
    durability: DurabilityFlags,
}

impl Remove {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        stores::open(globals, CHECKPOINTS, &[&self.run])?.checkpoint_remove(&self.run, self.durability.durability())?;
        answer_state(globals, "removed")
    }
}

fn answer_state(globals: &Globals, state: &'static str) -> Result<(), Failure> {
    let mut output = Output::new(globals.json);
    output.answer_quietly(&StateJson { state })?;
    output.finish()
}
