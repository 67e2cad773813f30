//! `leasehold job run`

use super::attend::{Attendant, STANDARD};
use super::files::no_proc;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::json::IdJson;
use crate::command::moment::{milliseconds, parse_duration};
use crate::command::output::Output;
use crate::command::process::this_process;
use clap::Args;
use leasehold::job::{JobSpec, Reason};
use std::path::PathBuf;
use std::time::Duration;

/// Starts a command that outlives its caller, and prints the id of its job at once
///
/// The command runs with nothing on its standard input, in a process group of its own; what it prints is kept, see
/// `leasehold job logs`. In its environment are LEASEHOLD_JOB, the id, and LEASEHOLD_ROOT, but nothing of a --dir. It
/// runs on, and how it ended is known, whatever becomes of who watches it; where the process that waits for it
/// (waiter-of-job) is killed, it is ended and the job is lost. The job ends with the command itself: what that leaves
/// running in the background is not waited for, and has no limits any more.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  id=$(leasehold job run --timeout 1h -- make test)\n  leasehold job wait \"$id\"")]
pub(crate) struct Run {
    /// Stops the command when it has run for so long; its exit code is 124 then
    #[arg(long, value_name = "DUR", value_parser = parse_duration)]
    timeout: Option<Duration>,

    /// Gives the command a terminal, at which nobody types; all that it shows there is its standard output
    #[arg(long)]
    pty: bool,

    /// Where the command runs [default: the current directory]
    #[arg(long, value_name = "DIR")]
    cwd: Option<PathBuf>,

    /// Somebody is to be told of its end: see `leasehold job events`
    #[arg(long)]
    notify: bool,

    /// Refuses while so many jobs have not ended
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,

    /// Stops the command when its output, as it stands, is longer; how much longer depends on how fast it writes
    #[arg(long, value_name = "BYTES", default_value_t = 64 * 1024 * 1024)]
    output_max: u64,

    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

impl Run {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let dir = self.directory()?;
        if this_process().is_none() {
            return Err(Failure::io("this process", no_proc()));
        }
        let spec = JobSpec {
            command: self.command,
            dir: Some(dir),
            timeout_ms: self.timeout.map(milliseconds),
            output_bytes_max: Some(self.output_max),
            pty: self.pty,
            notify: self.notify,
        };
        let mut attendant = Attendant::open(globals, &[])?;
        if self.limit.is_some() {
            // What has ended does not count. What cannot be looked at does.
            attendant.attend_to_all()?;
        }
        let id = attendant.session.job_create(&spec, self.limit, STANDARD)?;
        let mut output = Output::new(globals.json);
        // Nobody is left with a command that runs and whose id was never seen.
        let started = output
            .answer(&id, &IdJson { id: &id })
            .and_then(|()| output.finish())
            .map_err(|failure| match failure {
                Failure::Closed => Failure::io("standard output", std::io::ErrorKind::BrokenPipe.into()),
                other => other,
            })
            .and_then(|()| attendant.start_supervisor(&id).map(drop));
        if started.is_err() {
            attendant.session.job_fail(&id, Reason::Spawn, STANDARD)?;
        }
        started
    }

    fn directory(&self) -> Result<String, Failure> {
        let dir = self.cwd.clone().unwrap_or_else(|| ".".into());
        let found = dir.canonicalize().map_err(|error| Failure::io(format!("--cwd {}", dir.display()), error))?;
        if !found.is_dir() {
            return Err(Failure::usage(format!("--cwd {}: it is not a directory", dir.display())));
        }
        let text = found.into_os_string().into_string();
        text.map_err(|_| Failure::usage("--cwd: the path of a job's directory is UTF-8, name another"))
    }
}
