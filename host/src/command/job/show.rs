//! `leasehold job show`

use super::attend::Attendant;
use super::json::{JobJson, command_line, reason};
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::moment::show_moment;
use crate::command::output::Output;
use crate::command::process::is_alive;
use clap::Args;
use leasehold::job::Job;

/// Tells where a job is in its life
///
/// With --json: {"id", "command", "status", "exit_code", "reason", "created", "since", "pid", "notify"}, where the
/// status is starting, running, killing, completed, failed, killed or timed-out; the exit code is null until it has
/// ended; the reason is null, asked, timeout, output, spawn, lost or terminal; "pid" is the command's while it runs,
/// else null; "notify" is true while somebody is to be told of its end. Exits with 1 where there is no such job.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold job show \"$id\" --json")]
pub(crate) struct Show {
    /// The job
    id: String,
}

impl Show {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let mut attendant = Attendant::open(globals, &[&self.id])?;
        let job = attendant.look(&self.id)?;
        let pid = pid(&attendant, &job);
        let mut output = Output::new(globals.json);
        if output.is_json() {
            output.object(&JobJson::new(&job, pid))?;
            return output.finish();
        }
        output.line(format_args!("id: {}", job.id))?;
        output.line(format_args!("command: {}", command_line(&job)))?;
        output.line(format_args!("status: {}", job.state.text()))?;
        if let Some(code) = job.exit_code {
            output.line(format_args!("exit code: {code}"))?;
        }
        if let Some(reason) = reason(&job) {
            output.line(format_args!("reason: {reason}"))?;
        }
        output.line(format_args!("created: {}", show_moment(job.created_ms)))?;
        output.line(format_args!("since: {}", show_moment(job.since_ms)))?;
        if let Some(pid) = pid {
            output.line(format_args!("pid: {pid}"))?;
        }
        output.line(format_args!("notify: {}", if job.is_notice_due { "yes" } else { "no" }))?;
        output.finish()
    }
}

/// The command's number, while it runs.
fn pid(attendant: &Attendant, job: &Job) -> Option<u32> {
    if job.state.is_terminal() {
        return None;
    }
    let command = attendant.files(job).ok()?.command().ok()??;
    is_alive(command).then_some(command.pid)
}
