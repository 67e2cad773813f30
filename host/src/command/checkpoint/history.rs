//! `leasehold checkpoint history`

use super::json::SaveJson;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::moment::show_moment;
use crate::command::output::Output;
use crate::command::stores::{self, CHECKPOINTS};
use clap::Args;

/// Lists the saves of a run that are kept, the last one first
///
/// In tab-separated columns: id, when it was saved, bytes. `save --keep N` says how many are kept. With --json each
/// is one line: {"save", "at", "size"}. Exits with 1 where there is no such run, or it is done.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold checkpoint history import")]
pub(crate) struct History {
    /// The run
    run: String,
}

impl History {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let saves = stores::open(globals, CHECKPOINTS, &[&self.run])?.checkpoint_history(&self.run)?;
        let mut output = Output::new(globals.json);
        for save in &saves {
            let row = format!("{}\t{}\t{}", save.id, show_moment(save.at_ms), save.size);
            output.answer(row, &SaveJson::new(save))?;
        }
        output.finish()
    }
}
