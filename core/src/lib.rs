//! The laws of Leasehold, as pure logic over a directory, clocks and randomness.
//!
//! Nothing here does I/O of its own: every directory, clock and random number is passed in (see
//! [`capability`]). The same code runs in the component over WASI descriptors, on the host over cap-std,
//! and under test over a simulated directory that knows every interleaving.
//!
//! Read `docs/laws.md` for why, and `docs/transitions.md` for each transition as one rename.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod capability;
pub mod checkpoint;
mod error;
pub mod holder;
pub mod job;
pub mod lease;
pub mod limits;
pub mod maintenance;
pub mod name;
mod order;
pub mod queue;
mod reference;
mod store;
pub mod tasklist;

pub use error::{Error, Holding, Result};

/// What a mutating call waits for before it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// What the call's documentation says: forgetting a claim in a power cut is safe, forgetting a task is not.
    #[default]
    Standard,
    /// The change is on the disk.
    Synced,
    /// The change is made for every process, but a power cut may forget it.
    Unsynced,
}
