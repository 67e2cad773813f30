//! `leasehold job ls`

use super::attend::Attendant;
use super::json::{JobJson, row};
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::output::Output;
use clap::Args;
use leasehold::job::JobState;

/// Lists the jobs, one a line, the earliest first
///
/// In tab-separated columns: id, status, exit code, reason, since when, command. With --json as `show`, but without
/// "pid". What cannot be read is left out; `leasehold doctor` names it.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold job ls --state running")]
pub(crate) struct List {
    /// Only jobs in this state
    #[arg(long, value_name = "STATE", value_parser = StateParser)]
    state: Option<JobState>,
}

impl List {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let mut attendant = Attendant::open(globals, &[])?;
        let mut output = Output::new(globals.json);
        let failed = attendant.look_at_all(None, &mut |job| {
            if self.state.is_some_and(|state| job.state != state) {
                return Ok(());
            }
            output.answer(row(job), &JobJson::new(job, None))
        })?;
        output.finish()?;
        failed.map_or(Ok(()), Err)
    }
}

/// Reads a state's name.
#[derive(Clone)]
struct StateParser;

impl clap::builder::TypedValueParser for StateParser {
    type Value = JobState;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<JobState, clap::Error> {
        let names = clap::builder::PossibleValuesParser::new(STATES.map(JobState::text));
        let name = names.parse_ref(command, argument, value)?;
        JobState::parse(&name).ok_or_else(|| command.clone().error(clap::error::ErrorKind::InvalidValue, name))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = clap::builder::PossibleValue> + '_>> {
        Some(Box::new(STATES.into_iter().map(|state| clap::builder::PossibleValue::new(state.text()))))
    }
}

const STATES: [JobState; 7] = [
    JobState::Starting,
    JobState::Running,
    JobState::Killing,
    JobState::Completed,
    JobState::Failed,
    JobState::Killed,
    JobState::TimedOut,
];
