//! Leases: names that at most one holder at a time has.
//!
//! A lease is a ref in the store `claims` whose token name says who has it. Beside the token file stands the *line*, a
//! directory of empty files, one for each who waits.
//!
//! | transition | from → to | linearizes | a crash leaves |
//! |---|---|---|---|
//! | birth | `tmp/n/` → `<key>/` (free, token 0) | rename of the directory | `tmp/n/` |
//! | acquire | free `t`, or held `t` by a dead holder → held `t+1` | rename; the holder is read again | a dead holder's lease |
//! | release, reap | held `t` → free `t` | rename | – |
//! | remove | free `t` → tombstone `t`, then removal | rename | a tombstone, which anyone finishes |
//! | line up | a file in the line is made | that | a place, void after ten seconds |
//! | ask again | the place → the same, set now | rename | – |
//! | leave, clear | the exact place → gone | unlink | – |
//!
//! The swap alone decides who has a lease. The line only says who may try: nobody swaps while somebody who lives stands
//! before them, so none starves; a place is given up by being unlinked, and no lease is ever given to one who has not
//! asked.

mod acquire;
mod line;
mod name;
mod release;
mod sweep;
mod view;

use crate::capability::{Directory, Environment};
use crate::error::Holding;
use crate::holder::Holders;
use crate::reference::Refs;
use crate::store::Format;
use alloc::string::String;
use alloc::vec::Vec;
use name::LeaseName;

const FORMAT: Format = Format { kind: "leases", version: 1 };

/// What is known of one lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseState {
    /// Its name.
    pub name: String,
    /// The token of the latest grant; 0 if it was never granted.
    pub token: u64,
    /// Who has it; `None` while it is free.
    pub holding: Option<Holding>,
    /// Whether the holder that has it lives.
    pub alive: bool,
    /// Since when it is as it is (milliseconds since 1970).
    pub since_ms: u64,
    /// How many stand in line for it, some of them perhaps dead.
    pub waiting: u32,
}

/// Part of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LeasePage {
    /// The leases, in the order of their names on the disk.
    pub leases: Vec<LeaseState>,
    /// Where the next page begins; `None` after the last.
    pub cursor: Option<String>,
}

/// What [`Leases::acquire_in_turn`] answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// The lease is the caller's, under this token.
    Granted(u64),
    /// The caller stands in line.
    Waiting {
        /// How many stand before it, some of them perhaps dead.
        ahead: u32,
        /// Who has the lease; `None` while it is free and meant for who is first in line.
        holding: Option<Holding>,
    },
}

/// A lease that was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReapedLease {
    /// Its name.
    pub name: String,
    /// Who had it.
    pub holding: Holding,
}

/// The store of leases, in one granted directory.
#[derive(Debug, Clone)]
pub struct Leases<D: Directory> {
    pub(crate) refs: Refs<D>,
}

impl<D: Directory> Leases<D> {
    /// The leases kept in `dir`, had by `holders`. Touches nothing yet.
    #[must_use]
    pub fn new(dir: D, holders: Holders<D>, environment: Environment) -> Self {
        Leases { refs: Refs::new(dir, holders, environment, FORMAT, LeaseName::rank) }
    }
}
