//! `leasehold job wait`

use super::attend::Attendant;
use super::json::JobJson;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::moment::{parse_duration, show_duration};
use crate::command::output::Output;
use clap::Args;
use leasehold::Store;
use leasehold::job::Job;
use leasehold::wake::Wake;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// What it exits with when it fails itself.
const OWN_FAILURE: u8 = 125;
/// How often the job is looked at where nothing is told of it: nothing tells that a supervisor died.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Waits for the end of a job, and exits with its exit code
///
/// That is the command's own (128 and the number of the signal that ended it); 124 when its time was over; 137 when
/// it was killed; 125 when it could not be started or was lost, and also when this command fails itself, such as when
/// there is no such job, or it does not end within --timeout: then standard error says why. With --json the job is
/// answered as `show` does.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold job wait \"$id\" --timeout 10m")]
pub(crate) struct Wait {
    /// The job
    id: String,

    /// Gives up after so long; the job goes on
    #[arg(long, value_name = "DUR", value_parser = parse_duration)]
    timeout: Option<Duration>,
}

impl Wait {
    pub(crate) fn run(self, globals: &Globals) -> ExitCode {
        match self.wait(globals) {
            Ok(job) => ExitCode::from(job.exit_code.unwrap_or(OWN_FAILURE)),
            Err(failure) => {
                let code = if failure.exit_code() == 2 { 2 } else { OWN_FAILURE };
                crate::command::complain(&failure.report(globals.json));
                ExitCode::from(code)
            }
        }
    }

    fn wait(&self, globals: &Globals) -> Result<Job, Failure> {
        let mut attendant = Attendant::open(globals, &[&self.id])?;
        let begun = Instant::now();
        let wake = Wake::of_ref(&globals.grants(&[Store::Jobs])?, Store::Jobs, &self.id)?;
        let mut is_waiting = false;
        loop {
            // Of what has ended nothing is watched.
            let mark = is_waiting.then(|| wake.mark());
            let job = attendant.look(&self.id)?;
            if job.state.is_terminal() {
                let mut output = Output::new(globals.json);
                output.answer_quietly(&JobJson::new(&job, None))?;
                output.finish()?;
                return Ok(job);
            }
            let left = self.timeout.map_or(LOOK_EVERY, |timeout| timeout.saturating_sub(begun.elapsed()));
            if left.is_zero() {
                let waited = show_duration(self.timeout.unwrap_or_default());
                return Err(Failure::Nothing(format!("job {} has not ended within {waited}, it goes on", self.id)));
            }
            is_waiting = true;
            if let Some(mark) = mark {
                let _ = mark.wait(Some(Instant::now() + left.min(LOOK_EVERY)));
            }
        }
    }
}
