//! What a receipt is for: `leasehold queue done`, `extend`, `retry`, `release` and `bury`.

use crate::command::durability::DurabilityFlags;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::json::StateJson;
use crate::command::moment::{milliseconds, parse_duration, show_moment};
use crate::command::output::Output;
use crate::command::payload::read_payload;
use crate::command::stores::{self, QUEUES};
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// Which claim is meant.
#[derive(Debug, Args)]
struct ClaimArguments {
    /// The queue
    queue: String,
    /// What `claim` answered
    receipt: String,
}

/// Finishes a task, or several
///
/// With --keep or --result its record stays until purged, and saying it again succeeds; without, nothing is kept.
/// Of several, those that were pushed and claimed together are finished together. Exits with 3 when a claim is no longer
/// yours; the others are finished, and with --json `lost` has the receipts of those that are not.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    leasehold queue done thumbs \"$RECEIPT\" --result thumbnail.png")]
pub(crate) struct Done {
    /// The queue
    queue: String,
    /// What `claim` answered
    #[arg(value_name = "RECEIPT", required = true)]
    receipts: Vec<String>,

    /// Keeps a record of the task
    #[arg(long)]
    keep: bool,

    /// Keeps a record with this file's content as its result (up to 16 MiB; `-` is standard input)
    #[arg(long, value_name = "FILE")]
    result: Option<PathBuf>,

    #[command(flatten)]
    durability: DurabilityFlags,
}

impl Done {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let outcome = match &self.result {
            Some(file) => Some(read_payload(file)?),
            None => self.keep.then(Vec::new),
        };
        let durability = self.durability.durability();
        let mut session = stores::open(globals, QUEUES, &[&self.queue])?;
        let mut queue = session.queue(&self.queue)?;
        if let [receipt] = self.receipts.as_slice() {
            queue.done(receipt, outcome.as_deref(), durability)?;
            return answer_state(globals, "done");
        }
        if outcome.is_some() {
            let problem = "a record is kept of one task at a time: pass one receipt with --keep or --result";
            return Err(Failure::Usage(problem.to_owned()));
        }
        let receipts: Vec<&str> = self.receipts.iter().map(String::as_str).collect();
        let lost: Vec<&str> = queue.done_all(&receipts, durability)?.iter().map(|place| receipts[*place]).collect();
        let mut output = Output::new(globals.json);
        output.answer_quietly(&serde_json::json!({ "state": "done", "lost": lost }))?;
        output.finish()?;
        match lost.len() {
            0 => Ok(()),
            count => Err(Failure::Lost(format!("{count} of {} claims are over, the others are done", receipts.len()))),
        }
    }
}

/// Makes a claim last longer, counted from now, and prints until when
///
/// The receipt stays valid. Exits with 3 when the claim is no longer yours: stop the work.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold queue extend mail \"$RECEIPT\" --for 10m")]
pub(crate) struct Extend {
    #[command(flatten)]
    claim: ClaimArguments,

    /// How long from now
    #[arg(long = "for", value_name = "DUR", default_value = "10m", value_parser = parse_duration)]
    lasting: Duration,

    #[command(flatten)]
    durability: DurabilityFlags,
}

impl Extend {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let until = stores::open(globals, QUEUES, &[&self.claim.queue])?.queue(&self.claim.queue)?.extend(
            &self.claim.receipt,
            milliseconds(self.lasting),
            self.durability.durability(),
        )?;
        let mut output = Output::new(globals.json);
        output.answer(show_moment(until), &serde_json::json!({ "until": until }))?;
        output.finish()
    }
}

/// Gives a task back as failed, to be claimed again after a delay
///
/// Prints `ready` or `delayed`, or `dead` when that was its last attempt.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    leasehold queue retry mail \"$RECEIPT\" --delay 1m --reason 'the server is busy'")]
pub(crate) struct Retry {
    #[command(flatten)]
    claim: ClaimArguments,

    /// How long to wait before it can be claimed again
    #[arg(long, value_name = "DUR", default_value = "0s", value_parser = parse_duration)]
    delay: Duration,

    /// Why it failed, up to 4 KiB
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,

    #[command(flatten)]
    durability: DurabilityFlags,
}

impl Retry {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let again = stores::open(globals, QUEUES, &[&self.claim.queue])?.queue(&self.claim.queue)?.retry(
            &self.claim.receipt,
            milliseconds(self.delay),
            &self.reason,
            self.durability.durability(),
        )?;
        let state = match (again, self.delay.is_zero()) {
            (false, _) => "dead",
            (true, true) => "ready",
            (true, false) => "delayed",
        };
        let mut output = Output::new(globals.json);
        output.answer(state, &StateJson { state })?;
        output.finish()
    }
}

/// Gives a task back where it was; the attempt does not count
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold queue release mail \"$RECEIPT\"")]
pub(crate) struct Release {
    #[command(flatten)]
    claim: ClaimArguments,

    #[command(flatten)]
    durability: DurabilityFlags,
}

impl Release {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        stores::open(globals, QUEUES, &[&self.claim.queue])?
            .queue(&self.claim.queue)?
            .release(&self.claim.receipt, self.durability.durability())?;
        answer_state(globals, "ready")
    }
}

/// Gives a task up: it is dead, whatever attempts it had left
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    leasehold queue bury mail \"$RECEIPT\" --reason 'there is no such address'")]
pub(crate) struct Bury {
    #[command(flatten)]
    claim: ClaimArguments,

    /// Why, up to 4 KiB
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,

    #[command(flatten)]
    durability: DurabilityFlags,
}

impl Bury {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        stores::open(globals, QUEUES, &[&self.claim.queue])?.queue(&self.claim.queue)?.bury(
            &self.claim.receipt,
            &self.reason,
            self.durability.durability(),
        )?;
        answer_state(globals, "dead")
    }
}

fn answer_state(globals: &Globals, state: &'static str) -> Result<(), Failure> {
    let mut output = Output::new(globals.json);
    output.answer_quietly(&StateJson { state })?;
    output.finish()
}
