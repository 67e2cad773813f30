//! Processes that race for one directory on real file systems, and are killed.
//!
//! Each test starts this very program again, several times, as racers. What a racer does it writes to a log of its own, one
//! line by one `write`, before and after each act, so that the log of a killed one tells what it may have done. The
//! test then reads all logs together and holds them to the laws.
//!
//! `LEASEHOLD_RACE_TASKS`, `_KILLS`, `_SECONDS`, `_NAMES`, `_WAITERS`, `_ROUNDS`, `_LISTERS` and `_LISTED` make a
//! soak of it;
//! `LEASEHOLD_RACE_SEED` makes the racers choose as in the race that printed it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod barrier;
mod crowd;
mod dice;
mod drain;
mod fresh;
mod intervals;
mod judge;
mod killed;
mod lease;
mod lists;
mod log;
mod place;
mod racer;
mod rounds;
mod same;
mod waiters;
