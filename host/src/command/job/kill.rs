//! `leasehold job kill`

use super::attend::{Attendant, STANDARD};
use super::json::JobJson;
use super::stop::{let_it_be_told, stop};
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::output::Output;
use clap::Args;
use leasehold::job::{JobState, Reason};

/// Stops a job: its command, and all that it started that did not go into a session of its own
///
/// They are asked to end, and killed if they do not within two seconds; it waits for that. A job that has ended stays
/// as it is, also where that was just before. With --json the job is answered as `show` does. Exits with 1 where there
/// is no such job, and with 5 where they cannot be stopped, such as when they are another user's: then the job is still
/// being stopped.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold job kill \"$id\"")]
pub(crate) struct Kill {
    /// The job
    id: String,
}

impl Kill {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let mut attendant = Attendant::open(globals, &[&self.id])?;
        let mut job = attendant.session.job_settle(&self.id, false, STANDARD)?;
        if !job.state.is_terminal() {
            let files = attendant.files_if_there(&job)?;
            // What has ended by itself was not killed.
            let_it_be_told(&job, files.as_ref())?;
            // First the record: whoever looks from here on goes on with this, whatever becomes of this process.
            job = attendant.session.job_kill(&self.id, Reason::Asked, STANDARD)?;
            if job.state == JobState::Killing {
                stop(&job, files.as_ref())?;
                job = attendant.finish(&job)?;
            }
        }
        let mut output = Output::new(globals.json);
        output.answer_quietly(&JobJson::new(&job, None))?;
        output.finish()
    }
}
