//! Checkpoints: the latest saved content of a run, which one holder at a time may claim and carry on with.
//!
//! A run is a ref in the store `checkpoint`. Each save is a file in the ref's content directory, and its name carries
//! the name of the save before it, so the names alone are the run's history; the token name names the last one.
//!
//! | transition | from → to | linearizes | a crash leaves |
//! |---|---|---|---|
//! | save, new | `tmp/n/` → `<key>/` (armed) | rename of the directory | `tmp/n/` |
//! | save | content (base `t`); armed, done, damaged or a dead holder's `t` → armed `t+1` | rename | unnamed content |
//! | save, re-arming | content (base `t`); held `t` → armed `t+1` | rename | unnamed content |
//! | save, keeping the claim | content (base `t`); held `t` → held `t` | rename | unnamed content |
//! | claim | armed or a dead holder's `t` → held `t+1` | rename; the holder is read again | a dead holder's claim |
//! | set aside | armed or a dead holder's `t` → damaged `t` | rename | – |
//! | complete | held `t` → done `t` | rename | content, which a sweep takes with the record |
//! | release, recover | held `t` → armed `t+1` | rename | – |
//! | remove | any but held by the living → tombstone, then removal | rename | a tombstone, which anyone finishes |
//!
//! Content is debris once its base is below the token and the history does not reach it (hole 1 in `docs/holes.md`).

mod claim;
mod finish;
mod history;
mod load;
mod name;
mod receipt;
mod save;
mod sweep;
mod view;

use crate::capability::{Directory, Environment};
use crate::error::Holding;
use crate::holder::Holders;
use crate::reference::Refs;
use crate::store::Format;
use alloc::string::String;
use alloc::vec::Vec;
use name::RunName;

const FORMAT: Format = Format { kind: "checkpoints", version: 1 };

/// How to save.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SaveOptions<'a> {
    /// Of a claim: the caller saves what it holds. `None`: the run must not be held by anyone who lives.
    pub receipt: Option<&'a str>,
    /// Whether the claim goes on, under the same receipt; otherwise the run is armed again. Only with a receipt.
    pub keep_claim: bool,
    /// How many saves are kept from now on, this one included; `None`: as before, and 1 at first.
    pub history: Option<u32>,
}

/// One save of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Save {
    /// Names this save; no other save of any run has the same.
    pub id: String,
    /// When it was saved (milliseconds since 1970).
    pub at_ms: u64,
    /// The length of the content in bytes.
    pub size: u64,
}

/// Content and what save it is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// As saved.
    pub content: Vec<u8>,
    /// The save.
    pub save: Save,
}

/// A run in the hands of a holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedRun {
    /// As saved.
    pub content: Vec<u8>,
    /// The save that the content is from.
    pub save: Save,
    /// Names this claim in every later call.
    pub receipt: String,
    /// For fencing.
    pub token: u64,
}

/// Where a run is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RunState {
    /// May be claimed.
    Armed,
    /// Claimed by somebody.
    Held,
    /// Its content is not what was saved; it was set aside until something else is saved, or it is removed.
    Damaged,
    /// Completed; only the record of that is left, until it is swept or removed.
    Done,
}

/// What is known of a run without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunInfo {
    /// The name of the run.
    pub run: String,
    /// Where it is in its life.
    pub state: RunState,
    /// The id of its last save.
    pub save: String,
    /// Grows with each change of hands.
    pub token: u64,
    /// Who holds it; `None` unless it is held.
    pub holding: Option<Holding>,
    /// Whether that holder lives.
    pub alive: bool,
    /// Since when it is in this state (milliseconds since 1970).
    pub since_ms: u64,
}

/// Part of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunPage {
    /// The runs, in the order of their names on the disk.
    pub runs: Vec<RunInfo>,
    /// Where the next page begins; `None` after the last.
    pub cursor: Option<String>,
}

/// The store of checkpoints, in one granted directory.
#[derive(Debug, Clone)]
pub struct Checkpoints<D: Directory> {
    pub(crate) refs: Refs<D>,
}

impl<D: Directory> Checkpoints<D> {
    /// The checkpoints kept in `dir`, held by `holders`. Touches nothing yet.
    #[must_use]
    pub fn new(dir: D, holders: Holders<D>, environment: Environment) -> Self {
        Checkpoints { refs: Refs::new(dir, holders, environment, FORMAT, RunName::rank) }
    }
}
