//! Every interleaving of small configurations, with crashes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod explorer;
mod plain;
mod reduced;
mod toys;
