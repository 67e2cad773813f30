//! Opens sessions on the directories that the command line names.

use super::failure::Failure;
use super::globals::Globals;
use leasehold::{Engine, Grants, Session, Store};

/// What a command that works with queues is granted.
pub(crate) const QUEUES: &[Store] = &[Store::Queues, Store::Holders];
/// What a command that works with holders alone is granted.
pub(crate) const HOLDERS: &[Store] = &[Store::Holders];

/// Makes sessions, one for each thread.
#[derive(Clone)]
pub(crate) struct Opener {
    grants: Grants,
    /// Absent where the logic runs without WebAssembly.
    engine: Option<Engine>,
}

impl Opener {
    pub(crate) fn new(globals: &Globals, stores: &[Store]) -> Result<Self, Failure> {
        let grants = globals.grants(stores)?;
        let engine = if globals.native { None } else { Some(Engine::new()?) };
        Ok(Self { grants, engine })
    }

    pub(crate) fn open(&self) -> Result<Session, Failure> {
        let session = match &self.engine {
            Some(engine) => engine.open(&self.grants)?,
            None => Session::native(&self.grants)?,
        };
        Ok(session)
    }
}

/// The one session of a command that needs no more.
pub(crate) fn open(globals: &Globals, stores: &[Store]) -> Result<Session, Failure> {
    Opener::new(globals, stores)?.open()
}
