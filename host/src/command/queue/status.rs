//! `leasehold queue status`

use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::json::StatusJson;
use crate::command::moment::show_moment_or_dash;
use crate::command::output::Output;
use crate::command::stores::{self, QUEUES};
use clap::Args;

/// Counts the tasks of a queue by state
///
/// `oldest` is when the oldest task that waits was pushed, `next_due` when the next delayed one becomes ready.
/// With --json it is one object: {"ready", "delayed", "claimed", "dead", "done", "oldest", "next_due", "paused",
/// "damaged"}, moments in milliseconds since 1970, or null. While others work, a task may be counted twice or
/// not at all.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold queue status mail")]
pub(crate) struct StatusCommand {
    /// The queue
    queue: String,
}

impl StatusCommand {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let status = stores::open(globals, QUEUES, &[&self.queue])?.queue(&self.queue)?.status()?;
        let mut output = Output::new(globals.json);
        if output.is_json() {
            output.object(&StatusJson::new(&status))?;
            return output.finish();
        }
        for (name, count) in [
            ("ready", status.ready),
            ("delayed", status.delayed),
            ("claimed", status.claimed),
            ("dead", status.dead),
            ("done", status.done),
        ] {
            output.line(format_args!("{name}: {count}"))?;
        }
        output.line(format_args!("oldest: {}", show_moment_or_dash(status.oldest_ms)))?;
        if status.next_due_ms.is_some() {
            output.line(format_args!("next due: {}", show_moment_or_dash(status.next_due_ms)))?;
        }
        if status.paused {
            output.line("paused: yes")?;
        }
        if status.damaged > 0 {
            output.line(format_args!("damaged: {} (see `leasehold doctor`)", status.damaged))?;
        }
        output.finish()
    }
}
