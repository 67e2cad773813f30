//! `leasehold checkpoint ls`

use super::json::RunJson;
use super::state_name;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::moment::show_moment;
use crate::command::output::Output;
use crate::command::stores::{self, CHECKPOINTS};
use clap::Args;
use leasehold::{RunInfo, RunState};

/// How many runs are asked of the store at a time.
const PAGE: u32 = 1_000;

/// Lists the runs, one a line
///
/// In tab-separated columns: run, state, holder, last save, token, since when. A run that a dead holder holds is
/// `held` until it is claimed by the next who asks, or armed again by `recover`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold checkpoint ls --state held")]
pub(crate) struct List {
    /// Only runs in this state
    #[arg(long, value_name = "STATE")]
    state: Option<StateArgument>,
}

/// A state, as the command line names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum StateArgument {
    /// May be claimed
    Armed,
    /// Claimed by somebody
    Held,
    /// Set aside: its content is not what was saved
    Damaged,
    /// Completed; its record is left until it is swept
    Done,
}

impl List {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let state = self.state.map(|state| match state {
            StateArgument::Armed => RunState::Armed,
            StateArgument::Held => RunState::Held,
            StateArgument::Damaged => RunState::Damaged,
            StateArgument::Done => RunState::Done,
        });
        let mut session = stores::open(globals, CHECKPOINTS, &[])?;
        let mut output = Output::new(globals.json);
        let mut cursor = None;
        loop {
            let page = session.checkpoint_list(state, cursor.as_deref(), PAGE)?;
            for run in &page.runs {
                output.answer(row(run), &RunJson::new(run))?;
            }
            cursor = page.cursor;
            if cursor.is_none() {
                return output.finish();
            }
        }
    }
}

fn row(info: &RunInfo) -> String {
    let holder = info.holding.as_ref().map_or("-", |holding| holding.holder.as_str());
    let (state, since) = (state_name(info.state), show_moment(info.since_ms));
    format!("{}\t{state}\t{holder}\t{}\t{}\t{since}", info.run, info.save, info.token)
}
