//! Jobs: the record of a command's life. The host starts, watches and kills; here is kept what is true of it.
//!
//! A job is a ref in the store `jobs`. Its content directory holds the specification, the command's output and its
//! exit marker; everything that changes stands in the token name.
//!
//! | transition | from → to | linearizes |
//! |---|---|---|
//! | create | `tmp/n/` → `<id>/` (starting) | rename of the directory |
//! | take room | starting, asking for room → starting | rename of the token file |
//! | start | starting → running, with the process and its supervisor | rename of the token file |
//! | adopt | not ended, under one supervisor → the same under another | same |
//! | kill | starting, running → killing, with the reason | same |
//! | settle | not ended → completed, failed, killed, timed-out | same |
//! | promote, acknowledge | ended → the same, a notice due, given | same |
//! | remove | ended, no notice due → tombstone, then removal | same |
//!
//! Who waits for the command leaves its exit code in the file `exit`, whole, by one rename, whether or not anybody
//! watches. It is read before anything else is believed, and once more after the process was found dead.

mod change;
mod create;
mod deliver;
mod name;
mod settle;
mod spec;
mod sweep;
mod view;

use crate::capability::{Directory, Environment};
use crate::holder::Holders;
use crate::reference::Refs;
use crate::store::Format;
use alloc::string::String;
use alloc::vec::Vec;
use name::JobName;

const FORMAT: Format = Format { kind: "jobs", version: 1 };
/// The specification, in the content directory.
const SPEC: &str = "spec";
/// The exit marker, in the content directory.
pub const EXIT_FILE: &str = "exit";
/// The standard output, in the content directory.
pub const STDOUT_FILE: &str = "stdout";
/// The standard error, in the content directory.
pub const STDERR_FILE: &str = "stderr";

/// Where a job is in its life. The last four never change again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobState {
    /// Recorded; the command does not run yet.
    Starting,
    /// The command runs.
    Running,
    /// It is being stopped.
    Killing,
    /// It ended with exit code 0.
    Completed,
    /// It ended otherwise, could not be started, or was lost.
    Failed,
    /// It was stopped.
    Killed,
    /// It was stopped because its time was over.
    TimedOut,
}

impl JobState {
    const ALL: [(JobState, &'static str); 7] = [
        (JobState::Starting, "starting"),
        (JobState::Running, "running"),
        (JobState::Killing, "killing"),
        (JobState::Completed, "completed"),
        (JobState::Failed, "failed"),
        (JobState::Killed, "killed"),
        (JobState::TimedOut, "timed-out"),
    ];

    /// As it stands on the disk, and everywhere else.
    #[must_use]
    pub fn text(self) -> &'static str {
        Self::ALL.iter().find(|(state, _)| *state == self).map_or("", |(_, text)| text)
    }

    /// Reads [`JobState::text`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == text).map(|(state, _)| *state)
    }

    /// Whether it never changes again.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        matches!(self, JobState::Completed | JobState::Failed | JobState::Killed | JobState::TimedOut)
    }
}

/// Why a job was stopped, or failed other than by its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// There is none.
    None,
    /// Somebody asked for it.
    Asked,
    /// Its time was over.
    Timeout,
    /// It wrote more than it may.
    Output,
    /// The command could not be started.
    Spawn,
    /// Its process is gone and left no exit code.
    Lost,
    /// Whoever held its terminal is gone.
    Terminal,
}

impl Reason {
    const ALL: [(Reason, &'static str); 7] = [
        (Reason::None, "-"),
        (Reason::Asked, "asked"),
        (Reason::Timeout, "timeout"),
        (Reason::Output, "output"),
        (Reason::Spawn, "spawn"),
        (Reason::Lost, "lost"),
        (Reason::Terminal, "terminal"),
    ];

    /// As it stands on the disk.
    #[must_use]
    pub fn text(self) -> &'static str {
        Self::ALL.iter().find(|(reason, _)| *reason == self).map_or("", |(_, text)| text)
    }

    /// Reads [`Reason::text`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == text).map(|(reason, _)| *reason)
    }
}

/// A process of the machine. A number alone is used again; together with when the process started it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// When it started, in whatever the host measures that in; also tells one start of the machine from another.
    pub started: u64,
}

/// What is to be run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JobSpec {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Where it runs; the caller's directory if absent.
    pub dir: Option<String>,
    /// When it is stopped, after its start, in milliseconds; never if absent.
    pub timeout_ms: Option<u64>,
    /// How long its output, as it stands, may become, in bytes.
    pub output_bytes_max: Option<u64>,
    /// Whether it has a terminal.
    pub pty: bool,
    /// Whether somebody is to be told of its end.
    pub notify: bool,
}

/// What is known of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: String,
    /// What is run.
    pub spec: JobSpec,
    /// When it was made (milliseconds since 1970).
    pub created_ms: u64,
    /// Where it is in its life.
    pub state: JobState,
    /// Since when (milliseconds since 1970).
    pub since_ms: u64,
    /// The exit code: the command's own, 124 if its time was over, 137 if it was killed, 125 where there is none.
    pub exit_code: Option<u8>,
    /// Why it was stopped, or failed other than by its exit code.
    pub reason: Reason,
    /// What waits for the command.
    pub process: Option<Process>,
    /// What watches it.
    pub supervisor: Option<Process>,
    /// Whether somebody is to be told of its end, and was not yet.
    pub is_notice_due: bool,
    /// The directory of its output and exit marker, beneath the store.
    pub directory: String,
}

/// Part of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JobPage {
    /// The jobs, by id: the earliest first.
    pub jobs: Vec<Job>,
    /// Where the next page begins; `None` after the last.
    pub cursor: Option<String>,
}

/// The store of jobs, in one granted directory.
#[derive(Debug, Clone)]
pub struct Jobs<D: Directory> {
    pub(crate) refs: Refs<D>,
}

impl<D: Directory> Jobs<D> {
    /// The jobs kept in `dir`. Touches nothing yet.
    #[must_use]
    pub fn new(dir: D, holders: Holders<D>, environment: Environment) -> Self {
        Jobs { refs: Refs::new(dir, holders, environment, FORMAT, JobName::rank) }
    }
}
