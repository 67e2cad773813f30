//! `leasehold checkpoint …`

mod claim;
mod finish;
mod history;
mod json;
mod list;
mod load;
mod recover;
mod save;
mod show;

use super::failure::Failure;
use super::globals::Globals;
use clap::Subcommand;
use leasehold::RunState;

#[derive(Debug, Subcommand)]
pub(crate) enum CheckpointCommand {
    Save(save::SaveCommand),
    Load(load::Load),
    Claim(claim::Claim),
    Complete(finish::Complete),
    Release(finish::Release),
    Rm(finish::Remove),
    Ls(list::List),
    Show(show::Show),
    History(history::History),
    Recover(recover::Recover),
}

impl CheckpointCommand {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        match self {
            Self::Save(command) => command.run(globals),
            Self::Load(command) => command.run(globals),
            Self::Claim(command) => command.run(globals),
            Self::Complete(command) => command.run(globals),
            Self::Release(command) => command.run(globals),
            Self::Rm(command) => command.run(globals),
            Self::Ls(command) => command.run(globals),
            Self::Show(command) => command.run(globals),
            Self::History(command) => command.run(globals),
            Self::Recover(command) => command.run(globals),
        }
    }
}

/// A state's name, as `--state` takes it.
fn state_name(state: RunState) -> &'static str {
    match state {
        RunState::Armed => "armed",
        RunState::Held => "held",
        RunState::Damaged => "damaged",
        RunState::Done => "done",
    }
}

/// The answer where there is no such run.
fn no_run(run: &str) -> Failure {
    Failure::Nothing(format!("there is no run {run:?}, or it is done"))
}
