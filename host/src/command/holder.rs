//! `leasehold holder …`

use super::durability::DurabilityFlags;
use super::failure::Failure;
use super::globals::Globals;
use super::json::HolderJson;
use super::moment::{milliseconds, parse_duration, show_moment};
use super::output::Output;
use super::stores::{self, HOLDERS};
use clap::{Args, Subcommand};
use leasehold::HolderState;
use std::time::Duration;

#[derive(Debug, Subcommand)]
pub(crate) enum HolderCommand {
    Open(Open),
    Renew(Renew),
    End(End),
    Ls(List),
}

impl HolderCommand {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        match self {
            Self::Open(command) => command.run(globals),
            Self::Renew(command) => command.run(globals),
            Self::End(command) => command.run(globals),
            Self::Ls(command) => command.run(globals),
        }
    }
}

/// Starts a new epoch of a holder, and prints its number
///
/// Whatever an earlier epoch of this name held is free to be taken from this moment.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold holder open \"$HOSTNAME\" --ttl 1m")]
pub(crate) struct Open {
    /// The holder
    name: String,

    /// How long it lives unless renewed
    #[arg(long, value_name = "DUR", default_value = "10m", value_parser = parse_duration)]
    ttl: Duration,

    #[command(flatten)]
    durability: DurabilityFlags,
}

impl Open {
    fn run(self, globals: &Globals) -> Result<(), Failure> {
        let holder = stores::open(globals, HOLDERS, &[&self.name])?.holder_open(
            &self.name,
            milliseconds(self.ttl),
            self.durability.durability(),
        )?;
        let mut output = Output::new(globals.json);
        output.answer(holder.epoch(), &serde_json::json!({ "name": self.name, "epoch": holder.epoch() }))?;
        output.finish()
    }
}

/// Renews the epoch that lives, and prints until when it lives now
///
/// Exits with 1 where none lives.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold holder renew \"$HOSTNAME\"")]
pub(crate) struct Renew {
    /// The holder
    name: String,

    #[command(flatten)]
    durability: DurabilityFlags,
}

impl Renew {
    fn run(self, globals: &Globals) -> Result<(), Failure> {
        let durability = self.durability.durability();
        let mut session = stores::open(globals, HOLDERS, &[&self.name])?;
        let holder = session.holder_attach(&self.name, durability)?;
        let until = session.holder_renew(&holder, durability)?;
        let mut output = Output::new(globals.json);
        let state = HolderState { name: self.name, epoch: holder.epoch(), until_ms: until, alive: true };
        output.answer(show_moment(until), &HolderJson::new(&state))?;
        output.finish()
    }
}

/// Ends the epoch that lives, and so lets go of all that it holds
///
/// Exits with 1 where none lives.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold holder end \"$HOSTNAME\"")]
pub(crate) struct End {
    /// The holder
    name: String,

    #[command(flatten)]
    durability: DurabilityFlags,
}

impl End {
    fn run(self, globals: &Globals) -> Result<(), Failure> {
        let durability = self.durability.durability();
        let mut session = stores::open(globals, HOLDERS, &[&self.name])?;
        let holder = session.holder_attach(&self.name, durability)?;
        session.holder_end(&holder, durability)?;
        let mut output = Output::new(globals.json);
        output.answer_quietly(&serde_json::json!({
            "name": self.name, "epoch": holder.epoch(), "alive": false
        }))?;
        output.finish()
    }
}

/// Lists the holders, one a line: name, epoch, alive or dead, until when
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold holder ls")]
pub(crate) struct List {}

impl List {
    fn run(self, globals: &Globals) -> Result<(), Failure> {
        let holders = stores::open(globals, HOLDERS, &[])?.holder_list()?;
        let mut output = Output::new(globals.json);
        for holder in &holders {
            let row = format!(
                "{}\t{}\t{}\t{}",
                holder.name,
                holder.epoch,
                if holder.alive { "alive" } else { "dead" },
                show_moment(holder.until_ms)
            );
            output.answer(row, &HolderJson::new(holder))?;
        }
        output.finish()
    }
}
