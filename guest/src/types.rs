//! `leasehold:store/types`: what all interfaces share.

use crate::bindings::exports::leasehold::store::types as wit;
use alloc::string::ToString;
use leasehold_core::{Durability, Error, Holding};

impl From<wit::Durability> for Durability {
    fn from(durability: wit::Durability) -> Self {
        match durability {
            wit::Durability::Standard => Self::Standard,
            wit::Durability::Synced => Self::Synced,
            wit::Durability::Unsynced => Self::Unsynced,
        }
    }
}

impl From<Holding> for wit::Holding {
    fn from(holding: Holding) -> Self {
        Self { holder: holding.holder, epoch: holding.epoch, token: holding.token, until: holding.until_ms }
    }
}

/// The one place where the core's errors become the contract's.
impl From<Error> for wit::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::NotGranted(text) => Self::NotGranted(text),
            Error::InvalidName(text) => Self::InvalidName(text),
            Error::InvalidArgument(text) => Self::InvalidArgument(text),
            Error::NotFound(text) => Self::NotFound(text),
            Error::Lost(text) => Self::Lost(text),
            Error::Held(holding) => Self::Held(holding.into()),
            Error::Exists(text) => Self::Exists(text),
            Error::Exhausted(text) => Self::Exhausted(text),
            Error::Paused(text) => Self::Paused(text),
            Error::Unsupported(text) => Self::Unsupported(text),
            Error::TooLarge(text) => Self::TooLarge(text),
            Error::Damaged(text) => Self::Damaged(text),
            Error::Io(text) => Self::Io(text),
            Error::Other(text) => Self::Other(text),
            later => Self::Other(later.to_string()),
        }
    }
}
