//! The two sides: the same core, in the sandbox and without.

use anyhow::Result;
use leasehold::{Durability, Engine, Grants, Holder, Session};
use std::path::Path;

/// How long a holder lives; longer than any run.
const HOLDER_MS: u64 = 3_600_000;

/// One side, with directories of its own.
pub(crate) struct Contender {
    pub(crate) session: Session,
    pub(crate) holder: Holder,
}

impl Contender {
    pub(crate) fn native(root: &Path) -> Result<Self> {
        Self::with(Session::native(&Grants::beneath(root.join("native")))?)
    }

    pub(crate) fn sandboxed(engine: &Engine, root: &Path) -> Result<Self> {
        Self::with(engine.open(&Grants::beneath(root.join("sandboxed")))?)
    }

    /// A native one under a name of its own, in the very directories of another.
    pub(crate) fn native_named(name: &str, root: &Path) -> Result<Self> {
        Self::named(name, Session::native(&Grants::beneath(root))?)
    }

    fn with(session: Session) -> Result<Self> {
        Self::named("bench", session)
    }

    fn named(name: &str, mut session: Session) -> Result<Self> {
        let holder = session.holder_open(name, HOLDER_MS, Durability::Standard)?;
        Ok(Self { session, holder })
    }
}
