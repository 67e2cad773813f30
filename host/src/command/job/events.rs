//! `leasehold job events`

use super::attend::{Attendant, STANDARD};
use super::json::{JobJson, row};
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::output::Output;
use clap::Args;
use leasehold::Error;
use leasehold_core::Error as Store;

/// How many jobs are asked of the store at a time.
const PAGE: u32 = 1_000;

/// Tells of the jobs that have ended and of which somebody is still to be told
///
/// The lines are those of `ls`. Looking acknowledges nothing: with --ack what was printed is acknowledged after it
/// was, so each end is heard of at least once; without, by `leasehold job ack`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold job events --json --ack")]
pub(crate) struct Events {
    /// Acknowledges what is printed
    #[arg(long)]
    ack: bool,
}

impl Events {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let mut attendant = Attendant::open(globals, &[])?;
        let mut failed = attendant.attend_to_all()?;
        let mut output = Output::new(globals.json);
        let mut cursor = None;
        loop {
            let page = attendant.session.job_events(cursor.as_deref(), PAGE)?;
            for job in &page.jobs {
                output.answer(row(job), &JobJson::new(job, None))?;
            }
            output.finish()?;
            if self.ack {
                for job in &page.jobs {
                    match attendant.session.job_acknowledge(&job.id, STANDARD) {
                        // Where it is gone, somebody has heard of it and collected it.
                        Ok(_) | Err(Error::Store(Store::NotFound(_))) => {}
                        // It stops no other.
                        Err(error) => failed = failed.or(Some(error.into())),
                    }
                }
            }
            cursor = page.cursor;
            if cursor.is_none() {
                return failed.map_or(Ok(()), Err);
            }
        }
    }
}
