//! Ending a command and all that it started.

use super::family::Family;
use super::files::JobFiles;
use crate::command::failure::Failure;
use crate::command::process::{Listed, Target, is_alive, pid_of, wait_for_end};
use leasehold::job::{Job, Process};
use rustix::io::Errno;
use rustix::process::{Signal, getpgrp};
use std::collections::HashSet;
use std::time::{Duration, Instant};

/// How long a command has to end by itself, once it was asked to.
const GRACE: Duration = Duration::from_secs(2);
/// How long it is tried to kill it then.
const KILLING_MAX: Duration = Duration::from_secs(3);
/// How long whoever waits for it then has to leave its exit code, before that is killed too.
pub(super) const WAITER_GRACE: Duration = Duration::from_secs(10);
/// How often it is looked at, at first and at last.
const PAUSES: [Duration; 2] = [Duration::from_millis(20), Duration::from_millis(160)];

/// Asks the command of a job to end, and all that it started, kills them if they do not, and comes back when they are
/// gone and the waiter with them. Any number may do this at the same time: one asks.
///
/// # Errors
/// Where they do not end, such as when they are another user's now, or where it cannot be known who they are. Then it
/// can be tried again.
pub(super) fn stop(job: &Job, files: Option<&JobFiles>) -> Result<(), Failure> {
    let mut family = Family::of(job);
    let [mut pause, longest] = PAUSES;
    let (mut asked, mut alone): (Option<Instant>, Option<Instant>) = (None, None);
    loop {
        // First: whoever it may be about to start is seen in the look after this one.
        let waiter = family.waiter();
        let found = family.find(files)?;
        match (found.is_empty(), waiter) {
            (true, None) => return Ok(()),
            (true, Some(waiter)) => {
                let alone = alone.get_or_insert_with(Instant::now).elapsed();
                if alone >= WAITER_GRACE
                    && let Some(pid) = pid_of(waiter)
                {
                    signal(Target::Process(pid), Signal::KILL);
                }
                if alone >= WAITER_GRACE + KILLING_MAX {
                    return Err(Failure::io(unstopped(job, waiter.pid), Errno::BUSY.into()));
                }
                wait_for_end(waiter, pause);
            }
            (false, _) => {
                alone = None;
                let elapsed = asked.get_or_insert_with(|| ask(&found, waiter, files)).elapsed();
                if elapsed >= GRACE {
                    let failed = signal_all(&found, waiter, Signal::KILL);
                    if elapsed >= GRACE + KILLING_MAX {
                        let error = failed.unwrap_or(Errno::BUSY);
                        return Err(Failure::io(unstopped(job, found[0].process.pid), error.into()));
                    }
                    pause = (pause * 2).min(longest);
                }
                wait_for_end(found[0].process, pause);
            }
        }
    }
}

/// Whether nothing runs of a job whose waiter is gone. Stops nothing.
///
/// # Errors
/// Where that cannot be known.
pub(super) fn is_over(job: &Job, files: Option<&JobFiles>) -> Result<bool, Failure> {
    Ok(Family::of(job).find(files)?.is_empty())
}

/// Lets the waiter of a command that has ended by itself leave its exit code.
///
/// # Errors
/// Where it cannot be known which process the command is.
pub(super) fn let_it_be_told(job: &Job, files: Option<&JobFiles>) -> Result<(), Failure> {
    let begun = Instant::now();
    while let Some(waiter) = is_about_to_tell(job, files)?
        && begun.elapsed() < WAITER_GRACE
    {
        wait_for_end(waiter, WAITER_GRACE.saturating_sub(begun.elapsed()));
    }
    Ok(())
}

/// The waiter, if the command has ended and it is still there to leave the exit code.
///
/// # Errors
/// As [`let_it_be_told`].
pub(super) fn is_about_to_tell(job: &Job, files: Option<&JobFiles>) -> Result<Option<Process>, Failure> {
    let failed = |error| Failure::io(format!("job {}: which process it is", job.id), error);
    let command = files.map_or(Ok(None), JobFiles::command).map_err(failed)?;
    let has_ended = command.is_some_and(|command| !is_alive(command));
    Ok(job.process.filter(|waiter| has_ended && is_alive(*waiter)))
}

/// Asks them to end, unless somebody did.
fn ask(found: &[Listed], waiter: Option<Process>, files: Option<&JobFiles>) -> Instant {
    if files.is_none_or(JobFiles::is_first_to_ask) {
        signal_all(found, waiter, Signal::TERM);
        // What is stopped does not see it before it goes on.
        signal_all(found, waiter, Signal::CONT);
    }
    Instant::now()
}

/// Signals their groups, each as a whole, so that nobody leaves it in between; the last failure.
fn signal_all(found: &[Listed], waiter: Option<Process>, kind: Signal) -> Option<Errno> {
    let waiter = waiter.and_then(pid_of);
    let mut targets: HashSet<Target> = found
        .iter()
        .filter_map(|one| match one.group {
            // It leads a group of its own, into which others of its session can go.
            group if Some(group) == waiter => pid_of(one.process).map(Target::Process),
            group => Some(Target::Group(group)),
        })
        .collect();
    // Whoever stops the job that it belongs to comes last.
    let own = targets.take(&Target::Group(getpgrp()));
    targets.into_iter().chain(own).filter_map(|target| signal(target, kind)).last()
}

fn signal(target: Target, signal: Signal) -> Option<Errno> {
    let error = target.signal(signal).err()?;
    tracing::debug!(%error, ?signal, ?target, "a command could not be signalled");
    Some(error)
}

fn unstopped(job: &Job, pid: u32) -> String {
    format!("job {}: process {pid} does not end, stop that and try again", job.id)
}
