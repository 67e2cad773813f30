//! The command `leasehold`, run as a program: what it prints, what it exits with, and what it leaves on the disk.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod answers;
mod bad_input;
mod bad_input_held;
mod bad_input_tasks;
mod checkpoints;
mod damage;
mod damage_held;
mod damage_tasks;
mod doctor;
mod holders;
mod jobs;
mod jobs_damaged;
mod jobs_killed;
mod jobs_stopped;
mod leases;
mod lock;
mod output;
mod place;
mod queues;
mod resources;
mod tasks;
mod tasks_killed;
mod tasks_watched;
mod work;
mod work_stops;
