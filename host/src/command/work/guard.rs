//! Kills the commands of a worker that was itself killed.
//!
//! The guard is a second process of this program. It knows the running commands by their process groups, and
//! reads from a pipe that only the worker holds open: however the worker ends, the pipe ends too, and the guard
//! ends whatever still runs. Their claims fence them in any case; the guard saves the work from being done twice
//! at the same time, and the machine from commands that nobody watches. One that was started in the very moment in
//! which the worker was killed may not be known to it yet, and runs on.

use crate::command::failure::Failure;
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use std::collections::HashSet;
use std::io::{self, BufRead, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The hidden command that is the guard.
pub(crate) const GUARD_COMMAND: &str = "guard-of-work";
/// How long commands have to end by themselves.
const GRACE: Duration = Duration::from_secs(2);

/// The worker's end of it.
pub(crate) struct Guard {
    process: Child,
    pipe: Mutex<ChildStdin>,
}

impl Guard {
    /// Starts the guard; without one, commands outlive a worker that is killed.
    pub(crate) fn start() -> io::Result<Self> {
        let program = if cfg!(target_os = "linux") {
            // Right also when the file was replaced by a newer version since.
            "/proc/self/exe".into()
        } else {
            std::env::current_exe()?
        };
        let mut process = Command::new(program)
            .arg0("leasehold")
            .arg(GUARD_COMMAND)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A signal to the worker's whole group must not reach it.
            .process_group(0)
            .spawn()?;
        let pipe = process.stdin.take().ok_or_else(|| io::Error::other("it has no standard input"))?;
        Ok(Self { process, pipe: Mutex::new(pipe) })
    }

    /// From now on the group ends with the worker.
    pub(crate) fn watch(&self, group: Pid) {
        self.tell('+', group);
    }

    /// To be called before the group's leader is reaped: from then on its number may be another's.
    pub(crate) fn forget(&self, group: Pid) {
        self.tell('-', group);
    }

    fn tell(&self, sign: char, group: Pid) {
        let line = format!("{sign}{}\n", group.as_raw_nonzero());
        if let Ok(mut pipe) = self.pipe.lock()
            && let Err(error) = pipe.write_all(line.as_bytes())
        {
            tracing::warn!(%error, "the guard is gone: commands would outlive a worker that is killed");
        }
    }

    /// Lets it go, at the orderly end.
    pub(crate) fn end(mut self) {
        drop(self.pipe);
        drop(self.process.wait());
    }
}

/// The guard itself: runs until its standard input ends.
pub(crate) fn guard() -> Result<(), Failure> {
    let groups = follow(io::stdin().lock());
    end_groups(&groups);
    Ok(())
}

/// Reads what the worker tells; answers which groups ran when it ended.
fn follow(pipe: impl BufRead) -> HashSet<Pid> {
    let mut groups = HashSet::new();
    for line in pipe.lines().map_while(Result::ok) {
        let number = line.get(1..).and_then(|number| number.parse().ok());
        let Some(group) = number.and_then(Pid::from_raw) else {
            continue;
        };
        match line.as_bytes().first() {
            Some(b'+') => groups.insert(group),
            _ => groups.remove(&group),
        };
    }
    groups
}

fn end_groups(groups: &HashSet<Pid>) {
    for &group in groups {
        let _ = kill_process_group(group, Signal::TERM);
    }
    let start = Instant::now();
    while start.elapsed() < GRACE && groups.iter().any(|&group| test_kill_process_group(group).is_ok()) {
        std::thread::sleep(Duration::from_millis(20));
    }
    for &group in groups {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_forgotten_is_not_ended() {
        let groups = follow(&b"+12\n+13\n-12\nnonsense\n+x\n"[..]);
        assert_eq!(groups, Pid::from_raw(13).into_iter().collect());
    }
}
