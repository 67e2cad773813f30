//! `leasehold queue claim`

use crate::command::durability::DurabilityFlags;
use crate::command::failure::{Failure, is_paused};
use crate::command::globals::Globals;
use crate::command::joining::HolderFlags;
use crate::command::json::ClaimedJson;
use crate::command::moment::{milliseconds, parse_duration};
use crate::command::output::{Output, tell_receipt};
use crate::command::stores::{Opener, QUEUES};
use clap::Args;
use leasehold::wake::Wake;
use leasehold::{ClaimedTask, Durability, Error, Holder, Session};
use leasehold_core::limits::CLAIM_TASKS_MAX;
use std::path::PathBuf;
use std::time::{Duration, Instant};

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
        let opener = Opener::new(globals, QUEUES, &[&self.queue, &self.holder.holder], 1)?;
        let mut session = opener.open()?;
        let holder = self.holder.join(&mut session, durability)?;
        let tasks = self.claim(&opener, &mut session, &holder, durability)?;
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

    /// Claims at once, or sleeps until there is something to claim or the time to wait has passed.
    fn claim(
        &self,
        opener: &Opener,
        session: &mut Session,
        holder: &Holder,
        durability: Durability,
    ) -> Result<Vec<ClaimedTask>, Failure> {
        let lasting_ms = self.lasting.map(milliseconds);
        // As good as never, where that moment cannot be computed.
        let over_at = Instant::now().checked_add(self.wait);
        let mut wake: Option<Wake> = None;
        loop {
            let renew_at = Instant::now() + self.holder.ttl / 3;
            let mut why = None;
            let mut look = || match session.queue(&self.queue)?.claim(holder, self.max, lasting_ms, durability) {
                Ok(tasks) => Ok::<_, Error>((!tasks.is_empty()).then_some(tasks)),
                // It may be resumed meanwhile.
                Err(error) if is_paused(&error) => {
                    why = Some(error);
                    Ok(None)
                }
                Err(error) => Err(error),
            };
            let tasks = match &wake {
                None => look()?,
                Some(wake) => wake.wait_for(Some(over_at.map_or(renew_at, |over_at| over_at.min(renew_at))), look)?,
            };
            if let Some(tasks) = tasks {
                return Ok(tasks);
            }
            if over_at.is_some_and(|over_at| Instant::now() >= over_at) {
                let nothing = || Failure::Nothing(format!("nothing to claim in queue {:?}", self.queue));
                return Err(why.map_or_else(nothing, Failure::from));
            }
            match wake {
                None => wake = Some(Wake::queue(opener.grants(), &self.queue)?),
                Some(_) => drop(session.holder_renew(holder, durability)?),
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
