//! `leasehold work`: runs a command for each task of a queue.

mod backoff;
mod child;
mod control;
mod drained;
mod input;
mod progress;
mod shift;
mod supervise;
mod tail;
mod tally;
mod waiting;
mod worker;

use super::durability::DurabilityFlags;
use super::failure::Failure;
use super::globals::Globals;
use super::joining::parse_ttl;
use super::moment::parse_duration;
use super::process::Guard;
use super::random::fresh_holder_name;
use super::signals::SignalWatch;
use super::stores::{Opener, QUEUES};
use backoff::Backoff;
use clap::Args;
use control::Control;
use leasehold::Durability;
use leasehold::wake::Wake;
use progress::Screen;
use shift::{Shift, ShiftEnd, ToMain};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;
use tally::Tally;
use worker::Shared;

/// More commands at once than any machine this is meant for should run.
const WORKERS_MAX: i64 = 1024;

/// Runs a command for each task of a queue
///
/// The command gets the payload as its standard input (a file, not a pipe), and in its environment LEASEHOLD_ID, LEASEHOLD_TOKEN (for
/// fencing), LEASEHOLD_ATTEMPT, LEASEHOLD_MAX_ATTEMPTS, LEASEHOLD_QUEUE, LEASEHOLD_RECEIPT, LEASEHOLD_ATTRIBUTES
/// (an object in JSON) and LEASEHOLD_ROOT. It runs in a process group of its own, which ends with the worker even
/// where that is killed.
///
/// With exit status 0 the task is done. Anything else fails it: it is tried again after a wait that doubles with
/// each attempt, until it is out of attempts and dead; the reason, kept with it, is how the command ended and the
/// last it wrote to standard error. A command that is not there ends the worker instead (exit code 2).
///
/// While it works, the worker renews its holder and extends its claims. On SIGTERM, SIGINT or SIGHUP it claims
/// nothing more, sends SIGTERM to the running commands (SIGKILL after --grace, or at the second signal), gives back
/// what it holds, and exits with 0: nothing stays claimed. A worker that was killed is best started again under
/// its old --holder name: that gives back at once what it held. Under another name, that takes until its time to
/// live has passed. When another worker is started under the same name, this one stops and exits with 3.
///
/// With --json each task that was worked on is one line on standard output: {"id", "outcome", "token", "attempt",
/// "max_attempts", "took_ms", "retry_in_ms", "reason"}, where the outcome is done, retried, dead, lost or
/// released; the last line is {"summary"}. What commands write to standard output goes to standard error then.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    leasehold work mail --workers 4 --timeout 1m -- ./send\n  \
    leasehold work sums --drain --keep -- sha256sum")]
pub(crate) struct Work {
    /// The queue
    queue: String,

    /// How many commands run at the same time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=WORKERS_MAX))]
    workers: u32,

    /// Ends when nothing is ready, delayed or claimed by anyone
    #[arg(long)]
    drain: bool,

    /// The name under which this process holds its tasks; it always opens a new epoch of it [default: a fresh name]
    #[arg(long, value_name = "NAME")]
    holder: Option<String>,

    /// How long what is held stays held after this process was killed, at least 1s
    #[arg(long, value_name = "DUR", default_value = "1m", value_parser = parse_ttl)]
    ttl: Duration,

    /// How long a command may run; then it gets SIGTERM, 2 seconds later SIGKILL, and the task has failed
    #[arg(long, value_name = "DUR", value_parser = parse_duration)]
    timeout: Option<Duration>,

    /// Keeps a record of each task that is done, with the command's standard output (up to 16 MiB) as its result
    #[arg(long)]
    keep: bool,

    /// How long a task waits after its first failure; doubled with each further one, less up to a half at random
    #[arg(long, value_name = "DUR", default_value = "1s", value_parser = parse_duration)]
    backoff: Duration,

    /// How long a task waits at most after a failure
    #[arg(long, value_name = "DUR", default_value = "5m", value_parser = parse_duration)]
    backoff_max: Duration,

    /// How long the commands have to end when the worker is asked to stop
    #[arg(long, value_name = "DUR", default_value = "5s", value_parser = parse_duration)]
    grace: Duration,

    #[command(flatten)]
    durability: DurabilityFlags,

    /// What to run for each task
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// What the threads of a worker need to know.
#[derive(Debug)]
struct Plan {
    queue: String,
    root: PathBuf,
    workers: u32,
    drain: bool,
    holder: String,
    ttl: Duration,
    timeout: Option<Duration>,
    keep: bool,
    json: bool,
    backoff: Backoff,
    grace: Duration,
    durability: Durability,
    program: OsString,
    arguments: Vec<OsString>,
}

impl Work {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let plan = Arc::new(self.plan(globals)?);
        // Each worker has a session; so have the main thread, and the keeper of the holder.
        let sessions = plan.workers + 2;
        let opener = Opener::new(globals, QUEUES, &[&plan.queue, &plan.holder], sessions)?;
        let mut session = opener.open()?;
        let wake = Wake::queue(opener.grants(), &plan.queue)?;

        let screen = Arc::new(Screen::new());
        let tally = Arc::new(Tally::new(globals.json));
        let guard = Guard::start()
            .inspect_err(|error| tracing::warn!(%error, "no guard: commands would outlive a worker that is killed"))
            .ok()
            .map(Arc::new);
        let (to_main, notices) = channel();
        let signals_to = to_main.clone();
        let _signals = SignalWatch::start(move |_| signals_to.send(ToMain::Signal).is_ok())?;
        let shared = Shared {
            plan: plan.clone(),
            control: Arc::new(Control::new(wake.clone())),
            wake,
            screen: screen.clone(),
            tally: tally.clone(),
            guard: guard.clone(),
        };
        let result = loop {
            let shift = Shift {
                shared: shared.clone(),
                opener: &opener,
                session: &mut session,
                to_main: &to_main,
                notices: &notices,
            };
            match shift.run() {
                Ok(ShiftEnd::Over) => break Ok(()),
                Ok(ShiftEnd::DeclaredDead) => screen.say(&format!(
                    "leasehold: holder {:?} was declared dead; what it held is lost, and work goes on in a new epoch",
                    plan.holder
                )),
                Err(failure) => break Err(failure),
            }
        };
        screen.say(&format!("leasehold: {}", tally.line()));
        tally.summarize();
        drop(shared);
        if let Some(guard) = guard.and_then(Arc::into_inner) {
            guard.end();
        }
        result
    }

    fn plan(self, globals: &Globals) -> Result<Plan, Failure> {
        let mut command = self.command.into_iter();
        let program = command.next().ok_or_else(|| Failure::usage("the command is missing after `--`"))?;
        Ok(Plan {
            queue: self.queue,
            root: globals.root(),
            workers: self.workers,
            drain: self.drain,
            holder: self.holder.unwrap_or_else(|| fresh_holder_name("work")),
            ttl: self.ttl,
            timeout: self.timeout,
            keep: self.keep,
            json: globals.json,
            backoff: Backoff { first: self.backoff, last: self.backoff_max },
            grace: self.grace,
            durability: self.durability.durability(),
            program,
            arguments: command.collect(),
        })
    }
}
