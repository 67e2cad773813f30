//! `leasehold queue …`

mod claim;
mod finish;
mod list;
mod push;
mod status;
mod tasks;
mod upkeep;

use super::failure::Failure;
use super::globals::Globals;
use clap::Subcommand;
use leasehold::TaskState;

#[derive(Debug, Subcommand)]
pub(crate) enum QueueCommand {
    Push(push::Push),
    Claim(claim::Claim),
    Done(finish::Done),
    Extend(finish::Extend),
    Retry(finish::Retry),
    Release(finish::Release),
    Bury(finish::Bury),
    Reap(upkeep::Reap),
    Status(status::StatusCommand),
    Ls(list::List),
    Peek(tasks::Peek),
    Result(tasks::ResultCommand),
    Cancel(tasks::Cancel),
    Revive(tasks::Revive),
    Purge(upkeep::Purge),
    Pause(upkeep::Pause),
    Resume(upkeep::Resume),
}

impl QueueCommand {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        match self {
            Self::Push(command) => command.run(globals),
            Self::Claim(command) => command.run(globals),
            Self::Done(command) => command.run(globals),
            Self::Extend(command) => command.run(globals),
            Self::Retry(command) => command.run(globals),
            Self::Release(command) => command.run(globals),
            Self::Bury(command) => command.run(globals),
            Self::Reap(command) => command.run(globals),
            Self::Status(command) => command.run(globals),
            Self::Ls(command) => command.run(globals),
            Self::Peek(command) => command.run(globals),
            Self::Result(command) => command.run(globals),
            Self::Cancel(command) => command.run(globals),
            Self::Revive(command) => command.run(globals),
            Self::Purge(command) => command.run(globals),
            Self::Pause(command) => command.run(globals),
            Self::Resume(command) => command.run(globals),
        }
    }
}

/// A state, as the command line names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum StateArgument {
    /// Can be claimed now
    Ready,
    /// Waits for its delay to pass
    Delayed,
    /// Held by somebody
    Claimed,
    /// Finished, its record kept
    Done,
    /// Given up
    Dead,
}

impl StateArgument {
    fn state(self) -> TaskState {
        match self {
            Self::Ready => TaskState::Ready,
            Self::Delayed => TaskState::Delayed,
            Self::Claimed => TaskState::Claimed,
            Self::Done => TaskState::Done,
            Self::Dead => TaskState::Dead,
        }
    }
}
