//! `leasehold checkpoint claim`

use super::json::ClaimedJson;
use super::no_run;
use crate::command::durability::DurabilityFlags;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::joining::HolderFlags;
use crate::command::output::{Output, tell_receipt};
use crate::command::stores::{self, CHECKPOINTS};
use clap::Args;
use leasehold::ClaimedRun;
use std::path::PathBuf;

/// Claims a run, to carry on with it, and prints its content exactly as it was saved
///
/// The receipt, which names this claim in every later command, stands on standard error as `receipt: RECEIPT`, or
/// in the file that --receipt names. With --json: {"run", "receipt", "token", "save", "at", "size", "content"};
/// content that is JSON stands there as such, any other text as a string, and what is not UTF-8 stands under
/// "content_base64" instead.
///
/// The claim lasts until the run is completed, released or saved without --keep-claim, or until its holder is over.
/// Exits with 1 where there is no such run, it is done, or somebody who lives holds it; with 3 when --save is not its
/// last save any more; with 4 when the content is not what was saved: the run is set aside then. When standard output
/// cannot be written, the run is released.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    leasehold checkpoint claim import --holder \"$HOSTNAME\" --receipt r >state.json\n  \
    ./import --from state.json && leasehold checkpoint complete import \"$(cat r)\"")]
pub(crate) struct Claim {
    /// The run
    run: String,

    #[command(flatten)]
    holder: HolderFlags,

    /// Only while this is the last save
    #[arg(long, value_name = "ID")]
    save: Option<String>,

    /// Writes the receipt into this file instead of to standard error
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    receipt: Option<PathBuf>,

    #[command(flatten)]
    durability: DurabilityFlags,
}

impl Claim {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let durability = self.durability.durability();
        let mut session = stores::open(globals, CHECKPOINTS, &[&self.run, &self.holder.holder])?;
        let holder = self.holder.join(&mut session, durability)?;
        let claimed = session
            .checkpoint_claim(&self.run, &holder, self.save.as_deref(), durability)?
            .ok_or_else(|| no_run(&self.run))?;
        let Err(failure) = self.hand_out(globals, &claimed) else {
            return Ok(());
        };
        session.checkpoint_release(&self.run, &claimed.receipt, durability)?;
        // Closed output is a failure here: nobody has seen what was claimed.
        Err(match failure {
            Failure::Closed => Failure::io("standard output", std::io::ErrorKind::BrokenPipe.into()),
            other => other,
        })
    }

    /// Writes the receipt first, so that content never stands without one.
    fn hand_out(&self, globals: &Globals, claimed: &ClaimedRun) -> Result<(), Failure> {
        let mut output = Output::new(globals.json);
        if output.is_json() {
            output.object(&ClaimedJson::new(&self.run, claimed))?;
            return output.finish();
        }
        tell_receipt(self.receipt.as_deref(), &claimed.receipt)?;
        output.bytes(&claimed.content)?;
        output.finish()
    }
}
