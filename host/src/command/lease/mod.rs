//! `leasehold lease …`

mod acquire;
mod json;
mod line;
mod list;
mod reap;
mod release;
mod show;

pub(crate) use line::{Standing, Turned};

use super::failure::Failure;
use super::globals::Globals;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum LeaseCommand {
    Acquire(acquire::Acquire),
    Release(release::Release),
    Show(show::Show),
    Ls(list::List),
    Reap(reap::Reap),
}

impl LeaseCommand {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        match self {
            Self::Acquire(command) => command.run(globals),
            Self::Release(command) => command.run(globals),
            Self::Show(command) => command.run(globals),
            Self::Ls(command) => command.run(globals),
            Self::Reap(command) => command.run(globals),
        }
    }
}
