//! Waiting: who waits is woken by what another process does, nothing is overlooked, and waiting costs nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod idle;
mod latency;
mod pusher;
mod rounds;
