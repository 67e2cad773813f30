//! `leasehold lease reap`

use super::json::ReapedJson;
use crate::command::durability::DurabilityFlags;
use crate::command::failure::Failure;
use crate::command::globals::Globals;
use crate::command::output::Output;
use crate::command::stores::{self, LEASES};
use clap::Args;

/// Frees the leases that dead holders have, and prints each with who had it
///
/// Nobody needs to: the next who asks for such a lease gets it.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leasehold lease reap")]
pub(crate) struct Reap {
    #[command(flatten)]
    durability: DurabilityFlags,
}

impl Reap {
    pub(crate) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let reaped = stores::open(globals, LEASES, &[])?.lease_reap(self.durability.durability())?;
        let mut output = Output::new(globals.json);
        for lease in &reaped {
            output.answer(format_args!("{}\t{}", lease.name, lease.holding.holder), &ReapedJson::new(lease))?;
        }
        output.finish()
    }
}
