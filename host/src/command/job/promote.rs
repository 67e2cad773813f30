//! `leasehold job promote`

use super::attend::{Attendant, STANDARD};
use super::json::JobJson;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::output::Output;
use clap::Args;

/// From now on somebody is to be told of a job's end, also if it has ended, and was heard of before
///
/// As if it had been run with --notify. Exits with 1 where there is no such job. With --json the job is answered as
/// `show` does.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold job promote \"$id\"")]
pub(crate) struct Promote {
    /// The job
    id: String,
}

impl Promote {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let mut attendant = Attendant::open(globals, &[&self.id])?;
        let job = attendant.session.job_promote(&self.id, STANDARD)?;
        let mut output = Output::new(globals.json);
        output.answer_quietly(&JobJson::new(&job, None))?;
        output.finish()
    }
}
