//! The engine.

pub mod config;
mod limits;

pub use limits::Limits;

use crate::{Error, Grants, Result, Session};

/// Built once per program.
#[derive(Debug, Clone)]
pub struct Engine {}

impl Engine {
    /// Loads the component with the default limits.
    ///
    /// # Errors
    /// [`Error::Setup`].
    pub fn new() -> Result<Self> {
        Self::with_limits(Limits::default())
    }

    /// Loads the component.
    ///
    /// # Errors
    /// [`Error::Setup`].
    pub fn with_limits(_limits: Limits) -> Result<Self> {
        Err(Error::Setup(String::from("the component is not built yet")))
    }

    /// Opens a session.
    ///
    /// # Errors
    /// [`Error::Setup`].
    pub fn open(&self, _grants: &Grants) -> Result<Session> {
        Err(Error::Setup(String::from("the component is not built yet")))
    }
}

/// The embedded component.
#[must_use]
pub fn component_bytes() -> &'static [u8] {
    &[]
}

/// Its interface as WIT.
#[must_use]
pub fn component_wit() -> &'static str {
    ""
}
