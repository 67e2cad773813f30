//! Ending a command and all that it started.

use super::files::JobFiles;
use super::waiter::JOB_VARIABLE;
use crate::command::process::{Target, is_alive, is_group_marked, pid_of};
use leasehold::job::Process;
use rustix::process::{Pid, Signal};
use std::time::{Duration, Instant};

/// How long a command has to end by itself.
const GRACE: Duration = Duration::from_secs(2);
/// How long whoever waits for it then has to leave its exit code, before that is killed too.
const WAITER_GRACE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);

/// Asks the command of job `id` to end, kills it if it does not, and comes back when it is gone and `waiter` with it.
/// Any number may do this at the same time.
pub(super) fn stop(files: &JobFiles, id: &str, waiter: Option<Process>) {
    let begun = Instant::now();
    let mut asked = None;
    loop {
        let waiter = waiter.filter(|waiter| is_alive(*waiter));
        // A waiter may be about to start the command: so it is looked for again and again.
        let group = files.command().and_then(|command| group_of(command, id));
        let elapsed = begun.elapsed();
        match (group, waiter) {
            (None, None) => return,
            (Some(group), _) if elapsed >= GRACE => signal(Target::Group(group), Signal::KILL),
            (Some(group), _) if asked != Some(group) => {
                signal(Target::Group(group), Signal::TERM);
                // One that is stopped does not see it before it goes on.
                signal(Target::Group(group), Signal::CONT);
                asked = Some(group);
            }
            _ => {}
        }
        if elapsed >= GRACE + WAITER_GRACE
            && let Some(pid) = waiter.and_then(pid_of)
        {
            signal(Target::Process(pid), Signal::KILL);
        }
        std::thread::sleep(PAUSE);
    }
}

/// The command's process group while any of it lives. The number is believed together with the start of its leader, or,
/// where that has ended and others of the group live, with the job's mark in their environment.
fn group_of(command: Process, id: &str) -> Option<Pid> {
    let group = pid_of(command)?;
    let is_ours = is_alive(command) || (Target::Group(group).exists() && is_group_marked(group, JOB_VARIABLE, id));
    is_ours.then_some(group)
}

fn signal(target: Target, signal: Signal) {
    if let Err(error) = target.signal(signal) {
        tracing::debug!(%error, ?signal, ?target, "a command could not be signalled");
    }
}
