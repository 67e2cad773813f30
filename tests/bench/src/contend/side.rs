//! One of the two sides: the component, or the same core without WebAssembly.

use anyhow::{Result, bail};
use leasehold::{Durability, Engine, Grants, Holder, Session};
use std::path::Path;
use std::process;

/// How long a holder lives; longer than any run.
const HOLDER_MS: u64 = 3_600_000;

/// A session, and a holder of this process.
pub(crate) struct Side {
    pub(crate) session: Session,
    pub(crate) holder: Holder,
    pub(crate) durability: Durability,
}

impl Side {
    pub(crate) fn open(contender: &str, folder: &Path, is_synced: bool) -> Result<Self> {
        let grants = Grants::beneath(folder);
        let mut session = match contender {
            "component" => Engine::new()?.open(&grants)?,
            "native" => Session::native(&grants)?,
            other => bail!("{other:?} is no contender"),
        };
        let name = format!("bench-{}", process::id());
        let holder = session.holder_open(&name, HOLDER_MS, Durability::Standard)?;
        let durability = if is_synced { Durability::Synced } else { Durability::Unsynced };
        Ok(Self { session, holder, durability })
    }
}
