//! Opens sessions on the directories that the command line names.

use super::failure::Failure;
use super::globals::Globals;
use leasehold::{Engine, Error, Grants, Limits, Session, Store};
use leasehold_core::name::Key;
use std::path::Path;

/// What a command that works with queues is granted.
pub(crate) const QUEUES: &[Store] = &[Store::Queues, Store::Holders];
/// What a command that works with leases is granted.
pub(crate) const LEASES: &[Store] = &[Store::Leases, Store::Holders];
/// What a command that works with checkpoints is granted.
pub(crate) const CHECKPOINTS: &[Store] = &[Store::Checkpoints, Store::Holders];
/// What a command that works with task lists is granted.
pub(crate) const TASKS: &[Store] = &[Store::Tasks, Store::Holders];
/// What a command that works with jobs is granted.
pub(crate) const JOBS: &[Store] = &[Store::Jobs, Store::Holders];
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
    /// Prepares to open up to `sessions` at a time on `stores`. The names that are going to be used there are checked
    /// first, so that a wrong one changes nothing, not even an empty root.
    pub(crate) fn new(globals: &Globals, stores: &[Store], names: &[&str], sessions: u32) -> Result<Self, Failure> {
        for name in names {
            Key::of(name).map_err(Error::from)?;
        }
        let grants = globals.grants(stores)?;
        let engine = if globals.native {
            None
        } else {
            let mut limits = Limits::default();
            limits.instances_max = sessions;
            Some(Engine::with_limits(limits)?)
        };
        Ok(Self { grants, engine })
    }

    /// What its sessions are granted.
    pub(crate) fn grants(&self) -> &Grants {
        &self.grants
    }

    pub(crate) fn open(&self) -> Result<Session, Failure> {
        let session = match &self.engine {
            Some(engine) => engine.open(&self.grants)?,
            None => Session::native(&self.grants)?,
        };
        Ok(session)
    }
}

/// A session for looking after everything: the queues, and every other store that stands.
pub(crate) fn open_standing(globals: &Globals) -> Result<Session, Failure> {
    let mut standing = QUEUES.to_vec();
    for store in [Store::Leases, Store::Checkpoints, Store::Tasks, Store::Jobs] {
        // Opening makes what is missing, and a store that nobody uses is not to be made by looking.
        if globals.grants(&[store])?.path(store).is_some_and(Path::exists) {
            standing.push(store);
        }
    }
    open(globals, &standing, &[])
}

/// The one session of a command that needs no more; see [`Opener::new`].
pub(crate) fn open(globals: &Globals, stores: &[Store], names: &[&str]) -> Result<Session, Failure> {
    Opener::new(globals, stores, names, 1)?.open()
}
