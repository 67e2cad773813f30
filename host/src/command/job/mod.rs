//! `leasehold job …`: commands that outlive whoever runs them.
//!
//! A job has two processes: the supervisor, which watches and stops, and the waiter, which waits for the command and
//! leaves its exit code. Either may be killed: [`attend`] tells what becomes of the job then.

mod acknowledge;
mod attend;
mod collect;
mod events;
mod family;
mod files;
mod json;
mod kill;
mod list;
mod logs;
mod order;
mod promote;
mod run;
mod show;
mod stop;
mod supervisor;
mod terminal;
mod wait;
mod waiter;

pub(crate) use supervisor::{SUPERVISOR_COMMAND, Supervisor};
pub(crate) use waiter::{WAITER_COMMAND, Waiter};

use super::globals::Globals;
use clap::Subcommand;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(crate) enum JobCommand {
    Run(run::Run),
    Show(show::Show),
    Wait(wait::Wait),
    Logs(logs::Logs),
    Ls(list::List),
    Kill(kill::Kill),
    Events(events::Events),
    Ack(acknowledge::Acknowledge),
    Promote(promote::Promote),
    Gc(collect::Collect),
}

impl JobCommand {
    pub(crate) fn run(self, globals: &Globals) -> ExitCode {
        let result = match self {
            Self::Wait(command) => return command.run(globals),
            Self::Run(command) => command.run(globals),
            Self::Show(command) => command.run(globals),
            Self::Logs(command) => command.run(globals),
            Self::Ls(command) => command.run(globals),
            Self::Kill(command) => command.run(globals),
            Self::Events(command) => command.run(globals),
            Self::Ack(command) => command.run(globals),
            Self::Promote(command) => command.run(globals),
            Self::Gc(command) => command.run(globals),
        };
        super::exit_code_of(result, globals)
    }
}
