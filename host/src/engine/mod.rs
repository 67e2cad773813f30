//! The engine: loads the component once, and opens sessions on it.

mod artifact;
mod config;
mod convert;
mod exports;
mod instance;
mod limiter;
mod limits;
mod pool;
mod sandbox;
mod ticker;

pub use artifact::{component_bytes, component_wit};
pub use limits::Limits;

use crate::environment::system_environment;
use crate::session::open_directories;
use crate::{Error, Grants, Result, Session, boot};
use instance::LoadedByKind;
use leasehold_core::capability::{Directory, Environment};
use sandbox::Sandbox;
use std::sync::Arc;
use ticker::Ticker;
use wasmtime::component::Component;

/// Runs the component. Build one for a program: it loads the embedded machine code, compiles nothing, and reserves
/// the address space of its instances. A clone is the same engine; it may be shared between threads, each of which
/// opens sessions of its own.
#[derive(Debug, Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    engine: wasmtime::Engine,
    component: Component,
    loaded: LoadedByKind,
    limits: Limits,
    ticker: Ticker,
}

impl Engine {
    /// An engine with the default [`Limits`].
    ///
    /// # Errors
    /// [`Error::Setup`] if the machine can not run it, for want of address space for instance.
    pub fn new() -> Result<Self> {
        Self::with_limits(Limits::default())
    }

    /// An engine whose instances may use what `limits` says.
    ///
    /// # Errors
    /// [`Error::Setup`] if the machine can not run it, for want of address space for instance.
    pub fn with_limits(limits: Limits) -> Result<Self> {
        let mut config = config::config();
        config.allocation_strategy(pool::pool(&limits));
        let engine = wasmtime::Engine::new(&config)
            .map_err(|error| Error::Setup(format!("the engine can not be built: {error:#}")))?;
        let component = artifact::load(&engine)?;
        let ticker = Ticker::new(limits.call_time_max);
        let loaded = LoadedByKind::default();
        Ok(Self { shared: Arc::new(Shared { engine, component, loaded, limits, ticker }) })
    }

    /// Opens a session on the directories that `grants` names; those that are missing are made. If the machine was
    /// restarted since the queues were last opened, they are put right first.
    ///
    /// # Errors
    /// [`Error::Setup`] if a directory can not be opened or made, or if too many instances are open.
    pub fn open(&self, grants: &Grants) -> Result<Session> {
        let directories = open_directories(grants)?;
        let mut session = self.open_over(directories.clone(), system_environment())?;
        boot::reconcile_once(&directories, &mut session);
        Ok(session)
    }

    /// Opens a session on directories of any kind, each with the name of its store
    /// ([`crate::Store::directory_name`]), and with clocks and randomness of your own. The same component runs on
    /// them.
    ///
    /// # Errors
    /// [`Error::Setup`] if too many instances are open.
    pub fn open_over<D: Directory + 'static>(
        &self,
        directories: Vec<(String, D)>,
        environment: Environment,
    ) -> Result<Session> {
        let Shared { engine, component, loaded, .. } = &*self.shared;
        let loaded = loaded.get(engine, component)?;
        let sandbox = Sandbox::new(self.clone(), loaded, directories, environment)?;
        Ok(Session::new(Box::new(sandbox)))
    }
}
