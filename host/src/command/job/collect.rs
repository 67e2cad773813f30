//! `leasehold job gc`

use super::attend::Attendant;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::moment::{milliseconds, parse_duration};
use crate::command::output::Output;
use clap::Args;
use std::time::Duration;

/// Removes jobs that ended long ago, with what they wrote; prints how many
///
/// Never one of which somebody is still to be told.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold job gc --older-than 7d")]
pub(crate) struct Collect {
    /// How long ago they ended at least
    #[arg(long, value_name = "DUR", default_value = "24h", value_parser = parse_duration)]
    older_than: Duration,
}

impl Collect {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let mut attendant = Attendant::open(globals, &[])?;
        let count = attendant.session.job_collect(milliseconds(self.older_than))?;
        let mut output = Output::new(globals.json);
        output.answer(count, &serde_json::json!({ "collected": count }))?;
        output.finish()
    }
}
