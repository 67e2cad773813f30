//! `leasehold checkpoint recover`

use crate::command::durability::DurabilityFlags;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::output::Output;
use crate::command::stores::{self, CHECKPOINTS};
use clap::Args;

/// Arms again the runs that dead holders hold, and prints them
///
/// Nobody needs to before `claim`, which takes what a dead holder holds; it is for those who look for armed runs.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold checkpoint recover")]
pub(crate) struct Recover {
    #[command(flatten)]
    durability: DurabilityFlags,
}

impl Recover {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let runs = stores::open(globals, CHECKPOINTS, &[])?.checkpoint_recover(self.durability.durability())?;
        let mut output = Output::new(globals.json);
        for run in runs {
            output.answer(&run, &serde_json::json!({ "run": run }))?;
        }
        output.finish()
    }
}
