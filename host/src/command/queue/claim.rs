//! `leasehold queue claim`

use crate::command::durability::DurabilityFlags;
use crate::command::failure::{Failure, is_paused};
use crate::command::globals::Globals;
use crate::command::joining::HolderFlags;
use crate::command::json::ClaimedJson;
use crate::command::moment::{milliseconds, parse_duration};
use crate::command::output::{Output, tell_receipt};
use crate::command::stores::{self, QUEUES};
use clap::Args;
use leasehold::{ClaimedTask, Durability, Holder, Session};
use leasehold_core::limits::CLAIM_TASKS_MAX;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long a waiting claim sleeps at first between two looks, and at most.
const PAUSE_FIRST: Duration = Duration::from_millis(20);
const PAUSE_LAST: Duration = Duration::from_millis(250);

/// Claims a task and prints its payload, exactly as it was pushed
///
/// The receipt, which names this claim in every later command, stands on standard error as `receipt: RECEIPT`, or
/// in the file that --receipt names. With --json each task is one line on standard output:
/// {"id", "receipt", "token", "attempt", "max_attempts", "enqueued", "until", "attributes", "payload"}, with
/// "payload_base64" in place of "payload" where it is not UTF-8.
///
/// Exits with 1 when nothing could be claimed. When standard output cannot be written, what was claimed is given
/// back.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    leasehold queue claim mail --holder \"$HOSTNAME\" --for 30s --wait 10s --receipt r >task\n  \
    ./send <task && leasehold queue done mail \"$(cat r)\"")]
pub(crate) struct Claim {
    /// The queue
    queue: String,

    #[command(flatten)]
    holder: HolderFlags,

    /// Claims up to N tasks; more than one needs --json
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(CLAIM_TASKS_MAX)))]
    max: u32,

    /// How long the claim lasts unless extended [default: 10m]
    #[arg(long = "for", value_name = "DUR", value_parser = parse_duration)]
    lasting: Option<Duration>,

    /// Waits this long for something to claim
    #[arg(long, value_name = "DUR", default_value = "0s", value_parser = parse_duration)]
    wait: Duration,

    /// Writes the receipt into this file instead of to standard error
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    receipt: Option<PathBuf>,

    #[command(flatten)]
    durability: DurabilityFlags,
}

impl Claim {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        if self.max > 1 && !globals.json {
            return Err(Failure::usage(
                "--max over 1 needs --json: payloads one after the other could not be told apart",
            ));
        }
        let durability = self.durability.durability();
        let mut session = stores::open(globals, QUEUES, &[&self.queue, &self.holder.holder])?;
        let holder = self.holder.join(&mut session, durability)?;
        let tasks = self.claim(&mut session, &holder, durability)?;
        let Err(failure) = self.hand_out(globals, &tasks) else {
            return Ok(());
        };
        for task in &tasks {
            session.queue(&self.queue)?.release(&task.receipt, durability)?;
        }
        // Closed output is a failure here: nobody has seen what was claimed.
        Err(match failure {
            Failure::Closed => Failure::io("standard output", std::io::ErrorKind::BrokenPipe.into()),
            other => other,
        })
    }

    /// Claims at once, or looks again and again until the time to wait has passed.
    fn claim(
        &self,
        session: &mut Session,
        holder: &Holder,
        durability: Durability,
    ) -> Result<Vec<ClaimedTask>, Failure> {
        let start = Instant::now();
        let mut renewed = start;
        let mut pause = PAUSE_FIRST;
        loop {
            let lasting_ms = self.lasting.map(milliseconds);
            let answer = session.queue(&self.queue)?.claim(holder, self.max, lasting_ms, durability);
            let waited = start.elapsed();
            let over = waited >= self.wait;
            match answer {
                Ok(tasks) if !tasks.is_empty() => return Ok(tasks),
                Ok(_) if over => {
                    return Err(Failure::Nothing(format!("nothing to claim in queue {:?}", self.queue)));
                }
                Err(error) if over || !is_paused(&error) => return Err(error.into()),
                _ => {}
            }
            std::thread::sleep(pause.min(self.wait.saturating_sub(waited)));
            pause = (pause * 2).min(PAUSE_LAST);
            if renewed.elapsed() > self.holder.ttl / 3 {
                session.holder_renew(holder, durability)?;
                renewed = Instant::now();
            }
        }
    }

    /// Writes the receipt first, so that a payload never stands without one.
    fn hand_out(&self, globals: &Globals, tasks: &[ClaimedTask]) -> Result<(), Failure> {
        let mut output = Output::new(globals.json);
        for task in tasks {
            if output.is_json() {
                output.object(&ClaimedJson::new(task))?;
                continue;
            }
            tell_receipt(self.receipt.as_deref(), &task.receipt)?;
            output.bytes(&task.payload)?;
        }
        output.finish()
    }
}
