//! The process that waits for a job's command, and leaves its exit code whether or not anybody watches.
//!
//! It has no threads, needs no sandbox, and opens nothing but the job's own files: the less it does, the less can
//! befall it. It starts the command only when it is told that the record says so.

use super::files::{JobFiles, Prepared};
use super::terminal::Terminal;
use crate::command::failure::Failure;
use crate::command::globals::{Globals, ROOT_VARIABLE};
use clap::Args;
use leasehold::Store;
use leasehold::job::{STDERR_FILE, STDOUT_FILE};
use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

/// The hidden command that is the waiter.
pub(crate) const WAITER_COMMAND: &str = "waiter-of-job";
/// Tells a command, and all that it starts, its job.
pub(super) const JOB_VARIABLE: &str = "LEASEHOLD_JOB";
/// What the supervisor says when the record says that the command runs.
pub(super) const GO: &[u8] = b"go";
/// The exit code of what has none.
const OWN_FAILURE: u8 = 125;

#[derive(Debug, Args)]
pub(crate) struct Waiter {
    /// The job's directory, beneath the store
    directory: String,

    /// Gives the command a terminal
    #[arg(long)]
    pty: bool,

    /// Where the command runs
    #[arg(long)]
    cwd: Option<PathBuf>,

    /// The command
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

impl Waiter {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let mut told = Vec::new();
        let is_told = io::stdin().lock().read_to_end(&mut told).is_ok() && told == GO;
        let grants = globals.grants(&[Store::Jobs])?;
        let store = grants.path(Store::Jobs).ok_or_else(|| Failure::usage("the jobs are nowhere"))?;
        let files = JobFiles::open(store, &self.directory).map_err(|error| Failure::io(&self.directory, error))?;
        let failed = |error| Failure::io("the command", error);
        if !is_told {
            // Whoever started this is gone, perhaps after the record said that the command runs.
            return files.leave_unstarted().map_err(failed);
        }
        let (stdout, stderr) = match files.create(STDOUT_FILE).and_then(|file| Ok((file, files.create(STDERR_FILE)?))) {
            Ok(outputs) => outputs,
            Err(error) => return files.leave_unstarted().and(Err(error)).map_err(failed),
        };
        let complaints = stderr.try_clone();
        match self.start(globals, &files, &stdout, stderr) {
            Ok((exit, started)) => {
                let status = started.wait(stdout).map_err(failed)?;
                exit.publish_code(&files, code_of(status)).map_err(failed)
            }
            Err(error) => {
                let why = format!("leasehold: the command {:?} cannot be started: {error}\n", self.command[0]);
                // Where there is no room for this, it is known all the same.
                drop(complaints.and_then(|mut stderr| stderr.write_all(why.as_bytes())));
                files.leave_unstarted().map_err(failed)
            }
        }
    }

    fn start(
        &self,
        globals: &Globals,
        files: &JobFiles,
        stdout: &File,
        stderr: File,
    ) -> io::Result<(Prepared, Started)> {
        let exit = files.prepare_exit()?;
        match self.start_command(globals, files, stdout, stderr) {
            Ok(started) => Ok((exit, started)),
            Err(error) => {
                exit.discard(files);
                Err(error)
            }
        }
    }

    fn start_command(&self, globals: &Globals, files: &JobFiles, stdout: &File, stderr: File) -> io::Result<Started> {
        let (program, arguments) = self.command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = Command::new(program);
        command.args(arguments).env(ROOT_VARIABLE, globals.root()).env(JOB_VARIABLE, self.id());
        if let Some(cwd) = &self.cwd {
            command.current_dir(cwd);
        }
        let terminal = if self.pty { Some(Terminal::open(&mut command)?) } else { None };
        if terminal.is_none() {
            command.stdin(Stdio::null()).stdout(stdout.try_clone()?).stderr(stderr).process_group(0);
        }
        let (files, waiter, has_terminal) = (files.try_clone()?, getpid(), self.pty);
        // SAFETY: this process has one thread, so nothing is locked or half-done in the new one.
        unsafe {
            command.pre_exec(move || {
                // Until it has left its number, nobody could end it but its parent: so it ends with that.
                set_parent_process_death_signal(Some(Signal::KILL))?;
                if getppid() != Some(waiter) {
                    return Err(io::ErrorKind::BrokenPipe.into());
                }
                if has_terminal {
                    Terminal::take()?;
                }
                files.leave_pid()?;
                Ok(set_parent_process_death_signal(None)?)
            });
        }
        let child = command.spawn()?;
        Ok(Started { child, terminal })
    }

    fn id(&self) -> &str {
        self.directory.split('/').next().unwrap_or_default()
    }
}

/// A command that runs.
struct Started {
    child: Child,
    terminal: Option<Terminal>,
}

impl Started {
    fn wait(mut self, stdout: File) -> io::Result<ExitStatus> {
        if let Some(terminal) = self.terminal {
            terminal.pump(&self.child, stdout)?;
        }
        self.child.wait()
    }
}

/// The exit code as a shell tells it.
fn code_of(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(OWN_FAILURE)
}
