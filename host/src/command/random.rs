//! Randomness that needs no purity.

use std::hash::{BuildHasher, RandomState};

/// Sixty-four bits that nobody foresees: enough for jitter, and for a name of one's own.
pub(crate) fn random() -> u64 {
    RandomState::new().hash_one(std::process::id())
}

/// A holder's name that no other process uses, such as `lock-4711-0123456789abcdef`.
pub(crate) fn fresh_holder_name(what: &str) -> String {
    format!("{what}-{}-{:016x}", std::process::id(), random())
}
