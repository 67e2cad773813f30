//! `leasehold checkpoint show`

use super::json::RunJson;
use super::state_name;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::moment::show_moment;
use crate::command::output::Output;
use crate::command::stores::{self, CHECKPOINTS};
use clap::Args;

/// Tells where a run is in its life, without its content
///
/// With --json: {"run", "state", "save", "token", "holding", "alive", "since"}, where the state is armed, held,
/// damaged or done, and "holding" is {"holder", "epoch", "token", "until"}, or null unless it is held; moments in
/// milliseconds since 1970. Exits with 1 where there is no such run.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold checkpoint show import --json")]
pub(crate) struct Show {
    /// The run
    run: String,
}

impl Show {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let Some(info) = stores::open(globals, CHECKPOINTS, &[&self.run])?.checkpoint_get(&self.run)? else {
            return Err(Failure::Nothing(format!("there is no run {:?}", self.run)));
        };
        let mut output = Output::new(globals.json);
        if output.is_json() {
            output.object(&RunJson::new(&info))?;
            return output.finish();
        }
        output.line(format_args!("run: {}", info.run))?;
        output.line(format_args!("state: {}", state_name(info.state)))?;
        output.line(format_args!("save: {}", info.save))?;
        output.line(format_args!("token: {}", info.token))?;
        if let Some(holding) = &info.holding {
            let life = if info.alive { "alive" } else { "dead" };
            output.line(format_args!("holder: {} (epoch {}, {life})", holding.holder, holding.epoch))?;
        }
        output.line(format_args!("since: {}", show_moment(info.since_ms)))?;
        output.finish()
    }
}
