//! The command `leasehold`: queues and holders from a shell, and workers that drain a queue.

mod command;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::run(std::env::args_os().collect())
}
