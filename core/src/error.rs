//! Why an operation of a store did not do what it was asked.

use crate::capability::FsError;
use alloc::string::String;

/// Who holds a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// The name of the holder.
    pub holder: String,
    /// The holder's epoch.
    pub epoch: u64,
    /// The token under which it is held.
    pub token: u64,
    /// When the claim ends by itself (milliseconds since 1970); `None` where it lasts as long as its holder.
    pub until_ms: Option<u64>,
}

/// The error of every store. Each text is a lowercase fragment that names the thing and the way out.
///
/// After [`Error::Exhausted`], [`Error::Damaged`], [`Error::Io`] and [`Error::Other`] the change may have been made:
/// what failed may be a step after the one that makes it. `wit/types.wit` says what to do then, call by call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The directory that is needed was not granted.
    #[error("not granted: {0}")]
    NotGranted(String),
    /// A name that can not be one.
    #[error("invalid name: {0}")]
    InvalidName(String),
    /// An argument that has no meaning, such as a garbled receipt.
    #[error("invalid argument: {0}")]
    InvalidArgument(String),
    /// Nothing of that name is there.
    #[error("not found: {0}")]
    NotFound(String),
    /// The claim, or the holder behind it, is no longer the caller's.
    #[error("lost: {0}")]
    Lost(String),
    /// Somebody who lives holds it.
    #[error("held by {} (epoch {}, token {})", .0.holder, .0.epoch, .0.token)]
    Held(Holding),
    /// Something of that name is there already.
    #[error("exists: {0}")]
    Exists(String),
    /// Too many others changed the same thing at the same time.
    #[error("exhausted: {0}")]
    Exhausted(String),
    /// The queue is paused.
    #[error("paused: {0}")]
    Paused(String),
    /// The store was written by a version that this one does not know, or the host cannot do this.
    #[error("unsupported: {0}")]
    Unsupported(String),
    /// Over one of the limits in [`crate::limits`].
    #[error("too large: {0}")]
    TooLarge(String),
    /// An entry could not be understood; it was left as it is.
    #[error("damaged: {0}")]
    Damaged(String),
    /// The file system failed.
    #[error("i/o: {0}")]
    Io(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

/// The result of a store's operation.
pub type Result<T> = core::result::Result<T, Error>;

impl Error {
    /// Tells which entry a directory operation failed on.
    #[must_use]
    pub fn at(what: &str, error: &FsError) -> Self {
        Error::Io(alloc::format!("{what}: {error}"))
    }
}
