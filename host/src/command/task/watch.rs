//! `leasehold task watch`

use super::history::{tell, too_old};
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::output::Output;
use crate::command::signals::SignalWatch;
use crate::command::stores::{Opener, TASKS};
use clap::Args;
use leasehold::tasklist::History;
use leasehold::wake::Wake;
use leasehold::{Error, Session, Store};
use leasehold_core::Error as StoreError;
use std::sync::mpsc::{self, TryRecvError};
use std::time::{Duration, Instant};

/// How many changes are asked of the store at a time.
const PAGE: u32 = 1_000;
/// How often it is seen whether somebody still reads, while nothing happens.
const READER_EVERY: Duration = Duration::from_secs(1);

/// Tells the changes of a list as they happen, until it is stopped
///
/// The lines are those of `history`. Begins with what happens from now on, or after the revision --since; a list that is
/// not there is waited for. Ends with 0 on SIGINT, on SIGTERM, and when nobody reads its output any more. Exits with 1 when
/// --since is too old, as `history` does.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold task watch house --since 0 --json")]
pub(crate) struct Watch {
    /// The list
    list: String,

    /// Begins with the changes after this revision [default: with those that are to come]
    #[arg(long, value_name = "REV")]
    since: Option<u64>,

    /// Ends after N changes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
}

impl Watch {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let opener = Opener::new(globals, TASKS, &[&self.list], 1)?;
        let mut session = opener.open()?;
        let mut output = Output::new(globals.json);
        let (signalled, signals) = mpsc::channel();
        let wake = Wake::of_ref(opener.grants(), Store::Tasks, &self.list)?;
        let woken = wake.clone();
        let _watch = SignalWatch::start(move |_| {
            let is_heard = signalled.send(()).is_ok();
            woken.wake_all();
            is_heard
        })?;
        let mut since = match self.since {
            Some(since) => since,
            None => session.task_list_info(&self.list)?.map_or(0, |info| info.revision),
        };
        let mut left = self.limit.unwrap_or(u64::MAX);
        loop {
            let mark = wake.mark();
            match signals.try_recv() {
                Err(TryRecvError::Empty) => {}
                Ok(()) | Err(TryRecvError::Disconnected) => return Ok(()),
            }
            let (changes, revision, more) = match look(&mut session, &self.list, since)? {
                Some(History::Changes { changes, revision, more }) => (changes, revision, more),
                Some(History::TooOld { oldest }) => return Err(too_old(&mut output, &self.list, since, oldest)),
                None => (Vec::new(), since, false),
            };
            for change in &changes {
                tell(&mut output, change)?;
                left -= 1;
                if left == 0 {
                    return output.finish();
                }
            }
            since = revision;
            output.finish()?;
            if output.is_closed() {
                return Err(Failure::Closed);
            }
            if !more {
                let _ = mark.wait(Some(Instant::now() + READER_EVERY));
            }
        }
    }
}

/// What has happened since; `None` while there is no such list.
fn look(session: &mut Session, list: &str, since: u64) -> Result<Option<History>, Failure> {
    match session.task_history(list, since, PAGE) {
        Err(Error::Store(StoreError::NotFound(_))) => Ok(None),
        answer => Ok(Some(answer?)),
    }
}
