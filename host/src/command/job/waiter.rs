//! The process that waits for a job's command, and leaves its exit code whether or not anybody watches.
//!
//! It has no threads, needs no sandbox, and opens nothing but the job's own files: the less it does, the less can
//! befall it. It starts the command only when it is told that the record says so.

use super::files::{JobFiles, Prepared};
use super::order::Order;
use super::terminal::Terminal;
use crate::command::failure::Failure;
use crate::command::globals::{Globals, ROOT_VARIABLE};
use clap::Args;
use leasehold::Store;
use leasehold::job::{STDERR_FILE, STDOUT_FILE};
use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The hidden command that is the waiter.
pub(crate) const WAITER_COMMAND: &str = "waiter-of-job";
/// Tells a command, and all that it starts, its job.
pub(super) const JOB_VARIABLE: &str = "LEASEHOLD_JOB";
/// The exit code of what has none.
const OWN_FAILURE: u8 = 125;

#[derive(Debug, Args)]
pub(crate) struct Waiter {
    /// The job's directory, beneath the store
    directory: String,
}

impl Waiter {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        outlive_signals();
        let mut told = Vec::new();
        let order = io::stdin().lock().read_to_end(&mut told).ok().and_then(|_| serde_json::from_slice(&told).ok());
        let grants = globals.grants(&[Store::Jobs])?;
        let store = grants.path(Store::Jobs).ok_or_else(|| Failure::usage("the jobs are nowhere"))?;
        let files = JobFiles::open(store, &self.directory).map_err(|error| Failure::io(&self.directory, error))?;
        let failed = |error| Failure::io("the command", error);
        let Some(order): Option<Order> = order else {
            // Whoever started this is gone, perhaps after the record said that the command runs.
            return files.leave_unstarted().map_err(failed);
        };
        let (stdout, stderr) = match files.create(STDOUT_FILE).and_then(|file| Ok((file, files.create(STDERR_FILE)?))) {
            Ok(outputs) => outputs,
            Err(error) => return files.leave_unstarted().and(Err(error)).map_err(failed),
        };
        let complaints = stderr.try_clone();
        match self.start(globals, &order, &files, &stdout, stderr) {
            Ok((exit, started)) => {
                let status = started.wait(stdout).map_err(failed)?;
                exit.publish_code(&files, code_of(status)).map_err(failed)
            }
            Err(error) => {
                let program = order.command.first().map_or("", String::as_str);
                let why = format!("leasehold: the command {program:?} cannot be started: {error}\n");
                // Where there is no room for this, it is known all the same.
                drop(complaints.and_then(|mut stderr| stderr.write_all(why.as_bytes())));
                files.leave_unstarted().map_err(failed)
            }
        }
    }

    fn start(
        &self,
        globals: &Globals,
        order: &Order,
        files: &JobFiles,
        stdout: &File,
        stderr: File,
    ) -> io::Result<(Prepared, Started)> {
        let exit = files.prepare_exit()?;
        match self.start_command(globals, order, files, stdout, stderr) {
            Ok(started) => Ok((exit, started)),
            Err(error) => {
                exit.discard(files);
                Err(error)
            }
        }
    }

    fn start_command(
        &self,
        globals: &Globals,
        order: &Order,
        files: &JobFiles,
        stdout: &File,
        stderr: File,
    ) -> io::Result<Started> {
        let (program, arguments) = order.command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = Command::new(program);
        command.args(arguments).env(ROOT_VARIABLE, globals.root()).env(JOB_VARIABLE, self.id());
        if let Some(dir) = &order.dir {
            command.current_dir(dir).env("PWD", dir);
        }
        let terminal = if order.pty { Some(Terminal::open(&mut command)?) } else { None };
        if terminal.is_none() {
            command.stdin(Stdio::null()).stdout(stdout.try_clone()?).stderr(stderr).process_group(0);
        }
        let (files, waiter, has_terminal) = (files.try_clone()?, getpid(), order.pty);
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
            terminal.pump(&mut self.child, stdout)?;
        }
        self.child.wait()
    }
}

/// Signals that end programs are caught, and nothing is done: whoever means the command does not mean this process,
/// without which the command's end is lost. What is caught is not caught in the command.
fn outlive_signals() {
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        // Where it cannot be caught, it ends this process.
        drop(flag::register(signal, Arc::new(AtomicBool::new(false))));
    }
}

/// The exit code as a shell tells it.
fn code_of(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(OWN_FAILURE)
}
