//! Watches one command while it runs: its time, its claim, and whether the worker is to stop.

use super::child::{ChildEvent, Remains, Running};
use super::control::{Notice, Stop};
use super::worker::Shared;
use crate::command::failure::{Failure, is_lost};
use crate::command::moment::{milliseconds, show_duration};
use leasehold::{ClaimedTask, Session};
use leasehold_core::limits::PAYLOAD_BYTES_MAX;
use rustix::process::Signal;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

/// How long a command that ran out of time, or whose claim is lost, has to end after SIGTERM.
const KILL_AFTER: Duration = Duration::from_secs(2);
/// How soon an extension that failed is tried again.
const EXTEND_AGAIN: Duration = Duration::from_millis(500);
/// Longer than any wait; a moment that far away can still be computed.
const LONG: Duration = Duration::from_secs(3600);

/// How a command ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With exit status 0, and this on standard output where that is kept.
    Succeeded(Vec<u8>),
    /// In any other way of its own, or out of time.
    Failed {
        /// What happened.
        what: String,
        /// The end of standard error.
        last_words: String,
    },
    /// It was stopped since the worker stops. What it then answered counts for nothing: many programs exit with 0
    /// when they are asked to stop half-way.
    Stopped(Stop),
    /// It was stopped since its claim is somebody else's.
    ClaimLost(String),
}

/// Why a command is being stopped.
#[derive(Debug)]
enum Reason {
    TimedOut,
    TooMuchOutput,
    Stop(Stop),
    ClaimLost(String),
}

/// What it takes to watch a command.
pub(crate) struct Supervision<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) session: &'a mut Session,
    pub(crate) notices: &'a Receiver<Notice>,
    pub(crate) events: &'a Sender<Notice>,
    pub(crate) number: u64,
}

impl Supervision<'_> {
    /// Runs the command for `task` to its end. An error means that it never ran.
    pub(crate) fn run(mut self, task: &mut ClaimedTask) -> Result<Ending, Failure> {
        let plan = &self.shared.plan;
        let running = Running::start(task, self.number, self.events, self.shared)
            .map_err(|error| cannot_start(&plan.program.to_string_lossy(), error))?;
        let reason = self.watch(&running, task);
        if reason.is_some() {
            // Its leader has ended and is not reaped: the number is still this group's.
            running.signal(Signal::KILL);
        }
        let remains = running.reap().map_err(|error| Failure::io("the command", error))?;
        Ok(self.judge(reason, remains))
    }

    /// Waits for the end; answers why it was brought about, where it was.
    fn watch(&mut self, running: &Running, task: &ClaimedTask) -> Option<Reason> {
        let plan = &self.shared.plan;
        let began = Instant::now();
        let out_of_time = plan.timeout.map(|timeout| began + timeout);
        // The claim was made a moment ago, for as long as the holder lives.
        let mut extended = began;
        let mut extend_at = began + plan.ttl / 3;
        let mut reason: Option<Reason> = None;
        let mut kill_at: Option<Instant> = None;
        loop {
            let mut next = began.max(Instant::now()) + LONG;
            for moment in [out_of_time.filter(|_| reason.is_none()), Some(extend_at), kill_at] {
                next = next.min(moment.unwrap_or(next));
            }
            let notice = self.notices.recv_timeout(next.saturating_duration_since(Instant::now())).ok();
            let mut why = None;
            match notice {
                Some(Notice::Child(number, ChildEvent::Ended)) if number == self.number => {
                    return reason;
                }
                Some(Notice::Child(number, ChildEvent::TooMuchOutput)) if number == self.number => {
                    why = Some(Reason::TooMuchOutput);
                }
                Some(Notice::Stop(stop)) => why = Some(Reason::Stop(stop)),
                Some(Notice::Hurry) => kill_at = Some(Instant::now()),
                Some(Notice::Child(..)) | None => {}
            }
            let now = Instant::now();
            if out_of_time.is_some_and(|moment| now >= moment) {
                why = why.or(Some(Reason::TimedOut));
            }
            if now >= extend_at {
                match self.extend(task, extended) {
                    Ok(true) => (extended, extend_at) = (now, now + plan.ttl / 3),
                    Ok(false) => extend_at = now + EXTEND_AGAIN.min(plan.ttl / 3),
                    Err(lost) => {
                        why = Some(Reason::ClaimLost(lost));
                        extend_at = now + LONG;
                    }
                }
            }
            if let Some(why) = why
                && reason.is_none()
            {
                tracing::debug!(id = task.id, ?why, "stopping the command");
                running.signal(Signal::TERM);
                let grace = match why {
                    Reason::Stop(Stop::GiveBack) => plan.grace,
                    _ => KILL_AFTER,
                };
                kill_at = Some(kill_at.unwrap_or(now + grace));
                reason = Some(why);
            }
            if kill_at.is_some_and(|moment| now >= moment) {
                running.signal(Signal::KILL);
                kill_at = None;
            }
        }
    }

    /// Extends the claim. False if that failed but the claim still stands; an error if it is lost.
    fn extend(&mut self, task: &ClaimedTask, extended: Instant) -> Result<bool, String> {
        let plan = &self.shared.plan;
        let answer = self
            .session
            .queue(&plan.queue)
            .and_then(|mut queue| queue.extend(&task.receipt, milliseconds(plan.ttl), plan.durability));
        match answer {
            Ok(_) => Ok(true),
            Err(error) if is_lost(&error) || extended.elapsed() >= plan.ttl => Err(error.to_string()),
            Err(error) => {
                tracing::warn!(id = task.id, %error, "a claim could not be extended");
                Ok(false)
            }
        }
    }

    fn judge(&self, reason: Option<Reason>, remains: Remains) -> Ending {
        let what = match reason {
            Some(Reason::Stop(stop)) => return Ending::Stopped(stop),
            Some(Reason::ClaimLost(why)) => return Ending::ClaimLost(why),
            Some(Reason::TimedOut) => {
                let timeout = self.shared.plan.timeout.unwrap_or_default();
                format!("timed out after {}", show_duration(timeout))
            }
            Some(Reason::TooMuchOutput) => {
                format!("wrote more than {PAYLOAD_BYTES_MAX} bytes, which cannot be kept as a result")
            }
            None if remains.status.success() => return Ending::Succeeded(remains.stdout),
            None => show_status(remains.status),
        };
        Ending::Failed { what, last_words: remains.last_words }
    }
}

fn show_status(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("killed by signal {signal}"),
        (None, None) => "ended without a status".into(),
    }
}

/// A command that is not there is an error of whoever started the worker, not of the task.
fn cannot_start(program: &str, error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => {
            Failure::usage(format!("the command {program:?} cannot be started: {error}"))
        }
        _ => Failure::io(format!("the command {program:?}"), error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_how_a_command_ended() {
        assert_eq!(show_status(ExitStatus::from_raw(3 << 8)), "exit status 3");
        assert_eq!(show_status(ExitStatus::from_raw(9)), "killed by signal 9");
    }

    #[test]
    fn a_command_that_is_not_there_is_a_usage_error() {
        let failure = cannot_start("x", io::ErrorKind::NotFound.into());
        assert_eq!(failure.exit_code(), 2);
        let failure = cannot_start("x", io::ErrorKind::OutOfMemory.into());
        assert_eq!(failure.exit_code(), 5);
    }
}
