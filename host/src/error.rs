//! What can go wrong, as the embedding program sees it.

/// Why a call did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store's own answer: nothing was changed.
    #[error(transparent)]
    Store(#[from] leasehold_core::Error),
    /// The instance trapped, or ran over a limit, in the middle of the call. What the call had done by then
    /// stands, as if the process had been killed there. A fresh instance serves the next call.
    #[error("the instance was stopped: {0}; the next call gets a fresh one")]
    Trapped(String),
    /// The engine, an instance or a granted directory could not be set up.
    #[error("{0}")]
    Setup(String),
}

/// The result of a call.
pub type Result<T> = std::result::Result<T, Error>;
