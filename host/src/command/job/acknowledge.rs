//! `leasehold job ack`

use super::attend::{Attendant, STANDARD};
use super::json::JobJson;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::output::Output;
use clap::Args;

/// Says that the end of a job was heard; again and again is the same
///
/// Exits with 1 where there is no such job, and with 2 while it has not ended. With --json the job is answered as
/// `show` does.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold job ack \"$id\"")]
pub(crate) struct Acknowledge {
    /// The job
    id: String,
}

impl Acknowledge {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let mut attendant = Attendant::open(globals, &[&self.id])?;
        // It may have ended while nobody watched.
        attendant.look(&self.id)?;
        let job = attendant.session.job_acknowledge(&self.id, STANDARD)?;
        let mut output = Output::new(globals.json);
        output.answer_quietly(&JobJson::new(&job, None))?;
        output.finish()
    }
}
