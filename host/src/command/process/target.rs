//! Whom a signal is for.

use rustix::io;
use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process, test_kill_process_group};

/// Something that can be signalled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    /// All processes of a group.
    Group(Pid),
    /// One process.
    Process(Pid),
}

impl Target {
    pub(crate) fn signal(self, signal: Signal) -> io::Result<()> {
        match self {
            Self::Group(group) => kill_process_group(group, signal),
            Self::Process(process) => kill_process(process, signal),
        }
    }

    /// Whether there is anything to be signalled.
    pub(crate) fn exists(self) -> bool {
        match self {
            Self::Group(group) => test_kill_process_group(group).is_ok(),
            Self::Process(process) => test_kill_process(process).is_ok(),
        }
    }
}
