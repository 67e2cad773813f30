//! `leasehold job logs`

use super::attend::Attendant;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::json::OutputJson;
use crate::command::output::Output;
use clap::Args;
use leasehold::job::{STDERR_FILE, STDOUT_FILE};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::time::Duration;

/// How often a job that is followed is looked at.
const PERIOD: Duration = Duration::from_millis(200);

/// Prints what a job's command has written, byte for byte
///
/// With --json one line for each piece of it: {"id", "output"}, or {"id", "output_base64"} for what is not UTF-8.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold job logs \"$id\" --follow")]
pub(crate) struct Logs {
    /// The job
    id: String,

    /// What it wrote to standard error, instead of standard output
    #[arg(long)]
    stderr: bool,

    /// Goes on until the job has ended
    #[arg(long)]
    follow: bool,
}

impl Logs {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let mut attendant = Attendant::open(globals, &[&self.id])?;
        let name = if self.stderr { STDERR_FILE } else { STDOUT_FILE };
        let mut output = Output::new(globals.json);
        let mut file: Option<File> = None;
        loop {
            // First: what an ended job has written stands there.
            let job = attendant.look(&self.id)?;
            if file.is_none() {
                file = attendant.files(&job)?.open_to_read(name).map_err(|error| match error.kind() {
                    ErrorKind::InvalidData => Failure::Damaged(format!("job {}: `{name}`: {error}", job.id)),
                    _ => Failure::io(format!("job {}: {name}", job.id), error),
                })?;
            }
            if let Some(file) = &mut file {
                self.print(file, &mut output)?;
            }
            output.finish()?;
            if !self.follow || job.state.is_terminal() {
                return Ok(());
            }
            std::thread::sleep(PERIOD);
        }
    }

    /// Prints all that stands there and was not printed yet.
    fn print(&self, file: &mut File, output: &mut Output) -> Result<(), Failure> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = match file.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(Failure::io(format!("job {}", self.id), error)),
            };
            if output.is_json() {
                output.object(&OutputJson::new(&self.id, &buffer[..count]))?;
            } else {
                output.bytes(&buffer[..count])?;
            }
        }
    }
}
