//! `leasehold checkpoint save`

use crate::command::durability::DurabilityFlags;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::output::Output;
use crate::command::payload::read_payload;
use crate::command::stores::{self, CHECKPOINTS};
use clap::Args;
use leasehold::SaveOptions;
use leasehold_core::limits::HISTORY_MAX;
use std::path::PathBuf;

/// Saves the content of a run, whole or not at all, and prints the id of the save
///
/// Up to 16 MiB. Without --receipt a new run is made, or one that nobody holds is replaced; exits with 1 while
/// somebody else holds it. With --receipt the run is saved by who holds it, and is armed again, to be claimed by
/// anyone; exits with 3, and saves nothing, when the claim is over. With --json: {"run", "save"}.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    printf '{\"step\":3}' | leasehold checkpoint save import\n  \
    leasehold checkpoint save import state.json --receipt \"$RECEIPT\" --keep-claim")]
pub(crate) struct SaveCommand {
    /// The run; the first save makes it
    run: String,

    /// What is saved; none, or `-`, is standard input
    #[arg(value_name = "FILE", default_value = "-", hide_default_value = true)]
    file: PathBuf,

    /// Saves what is held: what `claim` answered
    #[arg(long, value_name = "RECEIPT")]
    receipt: Option<String>,

    /// The claim goes on, under the same receipt
    #[arg(long, requires = "receipt")]
    keep_claim: bool,

    /// How many saves are kept from now on, this one included [default: as before, and 1 at first]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(HISTORY_MAX)))]
    keep: Option<u32>,

    #[command(flatten)]
    durability: DurabilityFlags,
}

impl SaveCommand {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let opener = stores::Opener::new(globals, CHECKPOINTS, &[&self.run], 1)?;
        let content = read_payload(&self.file)?;
        let options = SaveOptions { receipt: self.receipt.as_deref(), keep_claim: self.keep_claim, history: self.keep };
        let save = opener.open()?.checkpoint_save(&self.run, &content, &options, self.durability.durability())?;
        let mut output = Output::new(globals.json);
        output.answer(&save, &serde_json::json!({ "run": self.run, "save": save }))?;
        output.finish()
    }
}
