//! The core's directory errors in WASI's words; the component maps them back one to one.

use crate::bindings::wasi::filesystem::types::ErrorCode;
use leasehold_core::capability::FsError;

impl From<FsError> for ErrorCode {
    fn from(error: FsError) -> Self {
        match error {
            FsError::NotFound => Self::NoEntry,
            FsError::Exists => Self::Exist,
            FsError::NotEmpty => Self::NotEmpty,
            FsError::NotDirectory => Self::NotDirectory,
            FsError::IsDirectory => Self::IsDirectory,
            FsError::Link => Self::Loop,
            FsError::Denied => Self::Access,
            FsError::ReadOnly => Self::ReadOnly,
            FsError::NoSpace => Self::InsufficientSpace,
            FsError::NameTooLong => Self::NameTooLong,
            FsError::Unsupported => Self::Unsupported,
            FsError::Invalid => Self::Invalid,
            // WASI has no room for a text; also for what the core may learn later.
            _ => Self::Io,
        }
    }
}
