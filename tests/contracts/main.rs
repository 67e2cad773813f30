//! What each store promises, on an ordinary directory with one caller at a time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod aristo;
mod car;
mod checkpoints;
mod contents;
mod groups;
mod hive;
mod holders;
mod jobs;
mod leases;
mod looop;
mod maintenance;
mod mended;
mod pages;
mod queue;
mod queue_given;
mod queue_many;
mod queue_operator;
mod queue_removed;
mod queue_trouble;
mod support;
mod tasklist_kept;
mod tasklist_read;
mod tasklists;
