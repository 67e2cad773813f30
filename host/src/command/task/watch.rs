//! `leasehold task watch`

use super::history::{tell, too_old};
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::output::Output;
use crate::command::signals::SignalWatch;
use crate::command::stores::{self, TASKS};
use clap::Args;
use leasehold::tasklist::History;
use leasehold::{Error, Session};
use leasehold_core::Error as Store;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

/// How often the list is looked at.
const PERIOD: Duration = Duration::from_millis(200);
/// How many changes are asked of the store at a time.
const PAGE: u32 = 1_000;

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
        let mut session = stores::open(globals, TASKS, &[&self.list])?;
        let mut output = Output::new(globals.json);
        let (signalled, signals) = mpsc::channel();
        let _watch = SignalWatch::start(move |_| signalled.send(()).is_ok())?;
        let mut since = match self.since {
            Some(since) => since,
            None => session.task_list_info(&self.list)?.map_or(0, |info| info.revision),
        };
        let mut left = self.limit.unwrap_or(u64::MAX);
        loop {
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
            let wait = if more { Duration::ZERO } else { PERIOD };
            match signals.recv_timeout(wait) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    }
}

/// What has happened since; `None` while there is no such list.
fn look(session: &mut Session, list: &str, since: u64) -> Result<Option<History>, Failure> {
    match session.task_history(list, since, PAGE) {
        Err(Error::Store(Store::NotFound(_))) => Ok(None),
        answer => Ok(Some(answer?)),
    }
}
