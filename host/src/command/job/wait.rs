//! `leasehold job wait`

use super::attend::Attendant;
use super::json::JobJson;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::moment::{parse_duration, show_duration};
use crate::command::output::Output;
use crate::command::process::{is_alive, wait_for_end};
use clap::Args;
use leasehold::job::{Job, JobState};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// What it exits with when it fails itself.
const OWN_FAILURE: u8 = 125;
/// How often the job is looked at, at first and at last, where no process of it can be waited for.
const PAUSES: [Duration; 2] = [Duration::from_millis(10), Duration::from_millis(250)];
/// How often it is looked at while one is waited for.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Waits for the end of a job, and exits with its exit code
///
/// That is the command's own (128 and the number of the signal that ended it); 124 when its time was over; 137 when
/// it was killed; 125 when it could not be started or was lost, and also when this command fails itself, such as when
/// there is no such job, or it does not end within --timeout: then standard error says why. 2, where what is given can be
/// no job's id. With --json the job is answered as `show` does.
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
        let [shortest, longest] = PAUSES;
        let mut pause = shortest;
        loop {
            let job = attendant.look(&self.id)?;
            if job.state.is_terminal() {
                let mut output = Output::new(globals.json);
                let told = output.answer_quietly(&JobJson::new(&job, None)).and_then(|()| output.finish());
                return match told {
                    // Who does not read still sees the exit code.
                    Ok(()) | Err(Failure::Closed) => Ok(job),
                    Err(failure) => Err(failure),
                };
            }
            let left = self.timeout.map_or(LOOK_EVERY, |timeout| timeout.saturating_sub(begun.elapsed()));
            if left.is_zero() {
                let waited = show_duration(self.timeout.unwrap_or_default());
                return Err(Failure::Nothing(format!("job {} has not ended within {waited}, it goes on", self.id)));
            }
            let watched = [job.process, job.supervisor].into_iter().flatten().find(|process| is_alive(*process));
            match watched {
                // Its exit code is there when its waiter has ended.
                Some(process) if job.state != JobState::Starting => {
                    wait_for_end(process, left.min(LOOK_EVERY));
                    pause = shortest;
                }
                Some(_) => std::thread::sleep(shortest.min(left)),
                None => {
                    std::thread::sleep(pause.min(left));
                    pause = (pause * 2).min(longest);
                }
            }
        }
    }
}
