//! A job as it is answered, in JSON and as a line.

use crate::command::moment::show_moment;
use leasehold::job::{Job, Reason};
use serde::Serialize;

/// A job.
#[derive(Serialize)]
pub(super) struct JobJson<'a> {
    id: &'a str,
    command: &'a [String],
    status: &'static str,
    exit_code: Option<u8>,
    reason: Option<&'static str>,
    created: u64,
    since: u64,
    pid: Option<u32>,
    notify: bool,
}

impl<'a> JobJson<'a> {
    /// `pid` is the command's, where it runs.
    pub(super) fn new(job: &'a Job, pid: Option<u32>) -> Self {
        Self {
            id: &job.id,
            command: &job.spec.command,
            status: job.state.text(),
            exit_code: job.exit_code,
            reason: reason(job),
            created: job.created_ms,
            since: job.since_ms,
            pid,
            notify: job.is_notice_due,
        }
    }
}

/// A job as one line: id, status, exit code, reason, since when, command.
pub(super) fn row(job: &Job) -> String {
    let code = job.exit_code.map_or_else(|| "-".into(), |code| code.to_string());
    let (state, reason, since) = (job.state.text(), reason(job).unwrap_or("-"), show_moment(job.since_ms));
    format!("{}\t{state}\t{code}\t{reason}\t{since}\t{}", job.id, command_line(job))
}

/// Its command on one line, whatever it holds.
pub(super) fn command_line(job: &Job) -> String {
    let mut line = String::new();
    for character in job.spec.command.join(" ").chars() {
        if character.is_control() {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}

pub(super) fn reason(job: &Job) -> Option<&'static str> {
    (job.reason != Reason::None).then(|| job.reason.text())
}
