//! The flags that name a holder to join.

use super::failure::Failure;
use super::moment::{milliseconds, parse_duration};
use clap::Args;
use leasehold::{Durability, Holder, Session};
use std::time::Duration;

/// Below this a holder that a process keeps alive would die of a busy machine.
const TTL_MIN: Duration = Duration::from_secs(1);

/// Reads how long a holder that is kept alive lives without that.
pub(crate) fn parse_ttl(text: &str) -> Result<Duration, String> {
    let ttl = parse_duration(text)?;
    if ttl < TTL_MIN {
        return Err("it must be at least 1s".into());
    }
    Ok(ttl)
}

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
