//! Kills the commands of a worker, or of a lock, that was itself killed.
//!
//! The guard is a second process of this program. It is told of the running commands by their process groups, and
//! reads from a pipe that only the worker holds open: however the worker ends, the pipe ends too, and the guard
//! ends whatever still runs. Their tokens fence them in any case; the guard saves the work from being done twice
//! at the same time, and the machine from commands that nobody watches.

use super::again::this_program;
use super::marked::{WORKER_VARIABLE, find_marked, find_marked_groups};
use super::target::Target;
use crate::command::failure::Failure;
use crate::command::random::random;
use rustix::process::{Pid, Signal};
use std::collections::HashSet;
use std::io::{self, BufRead, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The hidden command that is the guard.
pub(crate) const GUARD_COMMAND: &str = "guard-of-work";
/// How long commands have to end by themselves.
const GRACE: Duration = Duration::from_secs(2);
/// How long it looks for commands that were being started when the worker was killed.
const LATECOMERS: Duration = Duration::from_millis(500);
const PAUSE: Duration = Duration::from_millis(50);
/// What the worker says last where all its commands have ended.
const ALL_ENDED: &str = ".";
/// What the worker says where its commands have no groups of their own.
const EACH: &str = "*";
/// Tells the guard the mark. It does not carry the mark itself, nor that of another guard around it.
const GUARD_VARIABLE: &str = "LEASEHOLD_GUARDED";

/// The worker's end of it.
pub(crate) struct Guard {
    process: Child,
    pipe: Mutex<ChildStdin>,
    /// What the marks of all commands begin with, so that the guard knows those that it was not yet told of.
    mark: String,
}

impl Guard {
    /// Starts the guard; without one, commands outlive a worker that is killed.
    pub(crate) fn start() -> io::Result<Self> {
        let mark = format!("{}-{:016x}", std::process::id(), random());
        let mut process = this_program()?
            .arg(GUARD_COMMAND)
            .env_remove(WORKER_VARIABLE)
            .env(GUARD_VARIABLE, &mark)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A signal to the worker's whole group must not reach it.
            .process_group(0)
            .spawn()?;
        let pipe = process.stdin.take().ok_or_else(|| io::Error::other("it has no standard input"))?;
        Ok(Self { process, pipe: Mutex::new(pipe), mark })
    }

    /// A mark for a command, to be carried in its environment.
    pub(crate) fn mark_command(&self) -> String {
        format!("{}-{:016x}", self.mark, random())
    }

    /// From now on the group ends with the worker.
    pub(crate) fn watch(&self, group: Pid) {
        self.tell(&format!("+{}", group.as_raw_nonzero()));
    }

    /// From now on every process that carries the mark ends with the worker, whatever its group.
    pub(crate) fn watch_each(&self) {
        self.tell(EACH);
    }

    /// To be called before the group's leader is reaped: from then on its number may be another's.
    pub(crate) fn forget(&self, group: Pid) {
        self.tell(&format!("-{}", group.as_raw_nonzero()));
    }

    fn tell(&self, line: &str) {
        if let Ok(mut pipe) = self.pipe.lock()
            && let Err(error) = pipe.write_all(format!("{line}\n").as_bytes())
        {
            tracing::warn!(%error, "the guard is gone: commands would outlive a worker that is killed");
        }
    }

    /// Lets it go, when all commands have ended.
    pub(crate) fn end(mut self) {
        self.tell(ALL_ENDED);
        drop(self.pipe);
        drop(self.process.wait());
    }
}

/// The guard itself: runs until its standard input ends.
pub(crate) fn guard() -> Result<(), Failure> {
    if let Some(left) = follow(io::stdin().lock()) {
        let mark = std::env::var(GUARD_VARIABLE).unwrap_or_default();
        let find_more = if left.each { find_marked } else { find_marked_groups };
        end_all(left.groups, || find_more(&mark));
    }
    Ok(())
}

/// What a killed worker left behind.
#[derive(Debug, Default, PartialEq, Eq)]
struct LeftBehind {
    groups: HashSet<Target>,
    /// Whether there are commands without a group of their own.
    each: bool,
}

/// Reads what the worker tells; answers what ran when it was killed, or `None` if all had ended.
fn follow(pipe: impl BufRead) -> Option<LeftBehind> {
    let mut left = LeftBehind::default();
    for line in pipe.lines().map_while(Result::ok) {
        if line == ALL_ENDED {
            return None;
        }
        if line == EACH {
            left.each = true;
        }
        let number = line.get(1..).and_then(|number| number.parse().ok());
        let Some(group) = number.and_then(Pid::from_raw) else {
            continue;
        };
        match line.as_bytes().first() {
            Some(b'+') => left.groups.insert(Target::Group(group)),
            _ => left.groups.remove(&Target::Group(group)),
        };
    }
    Some(left)
}

/// Asks all of `left` to end, and those that `find_more` finds, and kills them if they do not.
fn end_all(left: HashSet<Target>, find_more: impl Fn() -> Vec<Target>) {
    let start = Instant::now();
    let mut asked = HashSet::new();
    let mut more = left;
    loop {
        more.extend(find_more());
        for target in more.difference(&asked) {
            let _ = target.signal(Signal::TERM);
        }
        asked.extend(more.drain());
        let running = asked.iter().any(|target| target.exists());
        if start.elapsed() >= if running { GRACE } else { LATECOMERS } {
            break;
        }
        std::thread::sleep(PAUSE);
    }
    // A process that has ended meanwhile may have left its number to another: those are looked for again.
    asked.retain(|target| matches!(target, Target::Group(_)));
    asked.extend(find_more());
    for target in &asked {
        let _ = target.signal(Signal::KILL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_forgotten_is_not_ended() {
        let left = follow(&b"+12\n+13\n-12\nnonsense\n+x\n"[..]);
        let groups = Pid::from_raw(13).map(Target::Group).into_iter().collect();
        assert_eq!(left, Some(LeftBehind { groups, each: false }));
        let left = follow(&b"*\n-12\n"[..]);
        assert_eq!(left, Some(LeftBehind { groups: HashSet::new(), each: true }));
    }

    #[test]
    fn nothing_is_ended_when_all_has_ended() {
        assert_eq!(follow(&b"+12\n-12\n.\n"[..]), None);
    }
}
