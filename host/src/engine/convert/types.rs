//! What all interfaces share.

use crate::bindings::exports::leasehold::store::types as wit;
use leasehold_core::{Durability, Error, Holding};

impl From<Durability> for wit::Durability {
    fn from(durability: Durability) -> Self {
        match durability {
            Durability::Standard => Self::Standard,
            Durability::Synced => Self::Synced,
            Durability::Unsynced => Self::Unsynced,
        }
    }
}

impl From<wit::Holding> for Holding {
    fn from(holding: wit::Holding) -> Self {
        Self { holder: holding.holder, epoch: holding.epoch, token: holding.token, until_ms: holding.until }
    }
}

impl From<wit::Error> for Error {
    fn from(error: wit::Error) -> Self {
        match error {
            wit::Error::NotGranted(text) => Self::NotGranted(text),
            wit::Error::InvalidName(text) => Self::InvalidName(text),
            wit::Error::InvalidArgument(text) => Self::InvalidArgument(text),
            wit::Error::NotFound(text) => Self::NotFound(text),
            wit::Error::Lost(text) => Self::Lost(text),
            wit::Error::Held(holding) => Self::Held(holding.into()),
            wit::Error::Exists(text) => Self::Exists(text),
            wit::Error::Exhausted(text) => Self::Exhausted(text),
            wit::Error::Paused(text) => Self::Paused(text),
            wit::Error::Unsupported(text) => Self::Unsupported(text),
            wit::Error::TooLarge(text) => Self::TooLarge(text),
            wit::Error::Damaged(text) => Self::Damaged(text),
            wit::Error::Io(text) => Self::Io(text),
            wit::Error::Other(text) => Self::Other(text),
        }
    }
}
