//! Processes that race for one directory on real file systems, and are killed.
//!
//! Each test starts this very program again, several times, as racers. What a racer does it writes to a log of its own, one
//! line by one `write`, before and after each act, so that the log of a killed one tells what it may have done. The
//! test then reads all logs together and holds them to the laws.
//!
//! `LEASEHOLD_RACE_TASKS` and `LEASEHOLD_RACE_KILLS` make a soak of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod crowd;
mod drain;
mod judge;
mod killed;
mod lists;
mod log;
mod place;
mod racer;
mod same;
