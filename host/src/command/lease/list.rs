//! `leasehold lease ls`

use super::json::LeaseJson;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::moment::show_moment;
use crate::command::output::Output;
use crate::command::stores::{self, LEASES};
use clap::Args;
use leasehold::LeaseState;

/// How many leases are asked of the store at a time.
const PAGE: u32 = 1_000;

/// Lists the leases that somebody has, one a line
///
/// In tab-separated columns: name, state (held, dead, or free), holder, token, since when, how many wait. `dead` is
/// what a dead holder has: the next who asks gets it.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold lease ls --all")]
pub(crate) struct List {
    /// Free ones too
    #[arg(long)]
    all: bool,
}

impl List {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let mut session = stores::open(globals, LEASES, &[])?;
        let mut output = Output::new(globals.json);
        let mut cursor = None;
        loop {
            let page = session.lease_list(cursor.as_deref(), PAGE)?;
            for lease in page.leases.iter().filter(|lease| self.all || lease.holding.is_some()) {
                output.answer(row(lease), &LeaseJson::new(lease))?;
            }
            cursor = page.cursor;
            if cursor.is_none() {
                return output.finish();
            }
        }
    }
}

fn row(lease: &LeaseState) -> String {
    let (state, holder) = match &lease.holding {
        Some(holding) => (if lease.alive { "held" } else { "dead" }, holding.holder.as_str()),
        None => ("free", "-"),
    };
    format!("{}\t{state}\t{holder}\t{}\t{}\t{}", lease.name, lease.token, show_moment(lease.since_ms), lease.waiting)
}
