//! A command that runs.

use super::guard::Guard;
use super::marked::{WORKER_VARIABLE, find_marked, find_marked_groups};
use super::target::Target;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, getpgrp, waitid};
use rustix::termios::tcgetpgrp;
use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;

/// How a command and all that it starts are reached by signals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// It leads a process group of its own, which the terminal does not know: signals are ours to pass on. What it
    /// starts may lead others, as `timeout` does; those are known by the mark in their environment.
    OwnGroup,
    /// It is in our group, so that the terminal reaches it as it reaches us. Those of it are told apart by the mark in
    /// their environment.
    OurGroup,
}

impl Reach {
    /// Our own group where a person at a terminal waits for us, who expects that the command can be typed to,
    /// interrupted and suspended; otherwise a group of its own.
    pub(crate) fn as_terminal_expects() -> Self {
        let foreground = File::open("/dev/tty").ok().and_then(|terminal| tcgetpgrp(terminal).ok());
        if foreground == Some(getpgrp()) { Self::OurGroup } else { Self::OwnGroup }
    }
}

/// A command that runs. Signals go to it and to all that it started, and only before it is reaped: until then no other
/// process can have its number.
pub(crate) struct Started {
    pub(crate) child: Child,
    leader: Pid,
    reach: Reach,
    guard: Option<Arc<Guard>>,
    /// What it and all that it started carry in their environment, where there is a guard.
    mark: Option<String>,
}

impl Started {
    /// Starts the command; it does not outlive us where there is a guard.
    pub(crate) fn start(command: &mut Command, reach: Reach, guard: Option<Arc<Guard>>) -> io::Result<Self> {
        if reach == Reach::OwnGroup {
            command.process_group(0);
        }
        let mark = guard.as_ref().map(|guard| guard.mark_command());
        if let (Some(guard), Some(mark)) = (&guard, &mark) {
            command.env(WORKER_VARIABLE, mark);
            if reach == Reach::OurGroup {
                guard.watch_each();
            }
        }
        let child = command.spawn()?;
        let leader = i32::try_from(child.id())
            .ok()
            .and_then(Pid::from_raw)
            .ok_or_else(|| io::Error::other("the process has no number"))?;
        let started = Self { child, leader, reach, guard, mark };
        if let (Reach::OwnGroup, Some(guard)) = (reach, &started.guard) {
            guard.watch(leader);
        }
        Ok(started)
    }

    /// Calls `tell` from a thread of its own when the command has ended, and waits to be reaped.
    pub(crate) fn when_ended(&self, tell: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let leader = self.leader;
        // It only waits: a small stack is enough.
        std::thread::Builder::new()
            .stack_size(128 * 1024)
            .spawn(move || {
                wait_for_end(leader);
                tell();
            })
            .map(drop)
    }

    /// Sends a signal to the command and all that it started.
    pub(crate) fn signal(&self, signal: Signal) {
        let (own, mut targets) = match (self.reach, &self.mark) {
            (Reach::OwnGroup, None) => (Target::Group(self.leader), Vec::new()),
            (Reach::OwnGroup, Some(mark)) => (Target::Group(self.leader), find_marked_groups(mark)),
            (Reach::OurGroup, None) => (Target::Process(self.leader), Vec::new()),
            (Reach::OurGroup, Some(mark)) => (Target::Process(self.leader), find_marked(mark)),
        };
        // It may have hidden its environment.
        if !targets.contains(&own) {
            targets.push(own);
        }
        // A group may have lost its leader.
        if let (Reach::OwnGroup, Signal::KILL, Some(mark)) = (self.reach, signal, &self.mark) {
            targets.extend(find_marked(mark));
        }
        for target in targets {
            if let Err(error) = target.signal(signal) {
                tracing::debug!(%error, ?signal, ?target, "a command could not be signalled");
            }
        }
    }

    /// Waits for the command's own process, once it has ended or was killed.
    pub(crate) fn reap(&mut self) -> io::Result<ExitStatus> {
        // Before: afterwards the number may be another's.
        if let Some(guard) = &self.guard {
            guard.forget(self.leader);
        }
        self.child.wait()
    }
}

/// Waits until the process has ended, and leaves it to be reaped.
fn wait_for_end(process: Pid) {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(process), options) {}
}
