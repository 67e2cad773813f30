//! `leasehold lease show`

use super::json::LeaseJson;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::moment::show_moment;
use crate::command::output::Output;
use crate::command::stores::{self, LEASES};
use clap::Args;

/// Tells who has a lease, and how many wait for it
///
/// With --json: {"name", "token", "holding", "alive", "since", "waiting"}, where "holding" is {"holder", "epoch",
/// "token", "until"}, or null while the lease is free; moments in milliseconds since 1970. Some of those who wait may
/// be dead. Exits with 1 where there is no lease of this name.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold lease show deploy --json")]
pub(crate) struct Show {
    /// The lease
    name: String,
}

impl Show {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let Some(state) = stores::open(globals, LEASES, &[&self.name])?.lease_get(&self.name)? else {
            return Err(Failure::Nothing(format!("there is no lease {:?}", self.name)));
        };
        let mut output = Output::new(globals.json);
        if output.is_json() {
            output.object(&LeaseJson::new(&state))?;
            return output.finish();
        }
        output.line(format_args!("name: {}", state.name))?;
        output.line(format_args!("token: {}", state.token))?;
        match &state.holding {
            Some(holding) => {
                let life = if state.alive { "alive" } else { "dead" };
                output.line(format_args!("holder: {} (epoch {}, {life})", holding.holder, holding.epoch))?;
            }
            None => output.line("holder: -")?,
        }
        output.line(format_args!("since: {}", show_moment(state.since_ms)))?;
        output.line(format_args!("waiting: {}", state.waiting))?;
        output.finish()
    }
}
