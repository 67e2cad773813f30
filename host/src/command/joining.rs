//! The flags that name a holder to join.

use super::failure::Failure;
use super::moment::{milliseconds, parse_duration};
use clap::Args;
use leasehold::{Durability, Holder, Session};
use std::time::Duration;

#[derive(Debug, Clone, Args)]
pub(crate) struct HolderFlags {
    /// Who holds: joins the epoch of this name that lives and renews it, or opens one if none does
    ///
    /// Of several commands that find none alive, one opens it and the others join.
    #[arg(long, value_name = "NAME")]
    pub(crate) holder: String,

    /// How long a holder that is opened lives unless renewed
    #[arg(long, value_name = "DUR", default_value = "10m", value_parser = parse_duration)]
    pub(crate) ttl: Duration,
}

impl HolderFlags {
    pub(crate) fn join(&self, session: &mut Session, durability: Durability) -> Result<Holder, Failure> {
        Ok(session.holder_ensure(&self.holder, milliseconds(self.ttl), durability)?)
    }
}
