//! The command line: parsed here, done in the modules beneath, and its exit code decided in [`failure`].

mod checkpoint;
mod component;
mod doctor;
mod durability;
mod failure;
mod globals;
mod holder;
mod job;
mod joining;
mod json;
mod keeper;
mod lease;
mod lock;
mod log;
mod moment;
mod output;
mod payload;
mod process;
mod queue;
mod random;
mod signals;
mod stores;
mod task;
mod work;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use failure::Failure;
use globals::Globals;
use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

/// Durable work queues, leases, checkpoints, task lists and jobs for programs that share a directory, with no server
///
/// Everything is plain files. Any number of commands, in any number of processes, work on the same directory at the same
/// time, and any of them may be killed at any moment: what it held comes back.
#[derive(Debug, Parser)]
#[command(
    name = "leasehold",
    version,
    after_help = "\
Lengths of time are written 500ms, 30s, 10m, 1h30m, 2d.

Exit codes: 0 done; 1 no (nothing to claim, not found, held, exists, paused); 2 usage (an invalid name or argument, \
a garbled receipt, too large); 3 lost (the claim is somebody else's now); 4 damaged data; 5 everything else. `lock` \
and `job wait` exit as their command does.

LEASEHOLD_LOG=debug (or error, warn, info, trace) tells more on standard error.

Example:
  printf 'a\\nb\\n' | leasehold queue push letters --lines
  leasehold work letters --drain --workers 2 -- tr a-z A-Z"
)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Pushes, claims and finishes tasks, and looks after queues
    #[command(subcommand, after_help = "Example:\n  leasehold queue push mail letter.txt")]
    Queue(queue::QueueCommand),
    /// Opens, renews, ends and lists holders: who holds what is claimed
    #[command(subcommand, after_help = "Example:\n  leasehold holder ls")]
    Holder(holder::HolderCommand),
    /// Acquires, releases and lists leases: names that at most one holder at a time has
    #[command(subcommand, after_help = "Example:\n  leasehold lease ls")]
    Lease(lease::LeaseCommand),
    /// Saves, claims and loads checkpoints: what a run has to carry on with
    #[command(subcommand, after_help = "Example:\n  leasehold checkpoint ls")]
    Checkpoint(checkpoint::CheckpointCommand),
    /// Makes, claims, finishes and watches the tasks of lists: records that wait for each other
    #[command(subcommand, after_help = "Example:\n  leasehold task ls house")]
    Task(task::TaskCommand),
    /// Runs commands that outlive their caller, and tells how they ended
    #[command(subcommand, after_help = "Example:\n  leasehold job run -- make test")]
    Job(job::JobCommand),
    Work(work::Work),
    Lock(lock::Lock),
    Doctor(doctor::Doctor),
    Component(component::ComponentCommand),
    #[command(name = process::GUARD_COMMAND, hide = true)]
    Guard,
    #[command(name = job::SUPERVISOR_COMMAND, hide = true)]
    Supervisor(job::Supervisor),
    #[command(name = job::WAITER_COMMAND, hide = true)]
    Waiter(job::Waiter),
}

/// Does what the command line says, and answers the exit code.
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    let json = globals::asks_for_json(&arguments);
    let (globals, command) = match parse(arguments) {
        Ok(parsed) => parsed,
        Err(error) => return refuse(&error, json),
    };
    log::start();
    let result = match command {
        Command::Queue(command) => command.run(&globals),
        Command::Holder(command) => command.run(&globals),
        Command::Lease(command) => command.run(&globals),
        Command::Checkpoint(command) => command.run(&globals),
        Command::Task(command) => command.run(&globals),
        Command::Job(command) => return command.run(&globals),
        Command::Work(command) => command.run(&globals),
        Command::Lock(command) => return command.run(&globals),
        Command::Doctor(command) => command.run(&globals),
        Command::Component(command) => command.run(),
        Command::Guard => process::guard(),
        Command::Supervisor(command) => command.run(&globals),
        Command::Waiter(command) => command.run(&globals),
    };
    exit_code_of(result, &globals)
}

/// Tells what there is to tell of a failure, and answers the exit code.
fn exit_code_of(result: Result<(), Failure>, globals: &Globals) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !matches!(failure, Failure::Closed) {
                complain(&failure.report(globals.json));
            }
            ExitCode::from(failure.exit_code())
        }
    }
}

fn parse(arguments: Vec<OsString>) -> Result<(Globals, Command), clap::Error> {
    let matches = Globals::augment(CommandLine::command()).try_get_matches_from(arguments)?;
    let globals = Globals::collect(&matches)?;
    Ok((globals, CommandLine::from_arg_matches(&matches)?.command))
}

/// Answers a command line that asks for help, or has no meaning.
fn refuse(error: &clap::Error, json: bool) -> ExitCode {
    if json && error.use_stderr() {
        let text = error.render().to_string();
        let message = text.trim().strip_prefix("error: ").unwrap_or(text.trim());
        complain(&Failure::usage(message).report(true));
    } else {
        // A reader that is gone needs no help.
        drop(error.print());
    }
    if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS }
}

/// One line on standard error. Where that is closed there is nobody to tell.
fn complain(line: &str) {
    drop(writeln!(std::io::stderr(), "{line}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit_of(arguments: &[&str]) -> Option<i32> {
        parse(arguments.iter().map(OsString::from).collect()).err().map(|error| error.exit_code())
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Globals::augment(CommandLine::command()).debug_assert();
    }

    #[test]
    fn every_command_has_help_with_an_example() {
        fn check(command: &clap::Command) {
            if command.is_hide_set() {
                return;
            }
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("Example:"), "{}", command.get_name());
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "{} {}", command.get_name(), argument.get_id());
            }
            command.get_subcommands().for_each(check);
        }
        check(&Globals::augment(CommandLine::command()));
    }

    #[test]
    fn nonsense_is_a_usage_error() {
        for line in [
            &["leasehold"][..],
            &["leasehold", "queue", "claim", "q"],
            &["leasehold", "queue", "push", "q", "--priority", "10"],
            &["leasehold", "queue", "push", "q", "--max-attempts", "0"],
            &["leasehold", "queue", "push", "q", "--sync", "--no-sync"],
            &["leasehold", "queue", "push", "q", "--delay", "30"],
            &["leasehold", "work", "q"],
            &["leasehold", "lock", "l", "true"],
            &["leasehold", "lease", "release", "l"],
            &["leasehold", "checkpoint", "save", "r", "--keep-claim"],
            &["leasehold", "work", "q", "--workers", "0", "--", "true"],
            &["leasehold", "--dir", "elsewhere=/x", "queue", "ls"],
            &["leasehold", "no-such-command"],
        ] {
            assert_eq!(exit_of(line), Some(2), "{line:?}");
        }
    }

    #[test]
    fn flags_stand_where_people_put_them() {
        for line in [
            &["leasehold", "--json", "queue", "ls"][..],
            &["leasehold", "queue", "push", "q", "-", "--lines", "--no-sync"],
            &["leasehold", "queue", "claim", "q", "--holder", "h", "--max", "3", "--for", "30s", "--wait", "10s"],
            &["leasehold", "queue", "done", "q", "r", "--keep", "--result", "-"],
            &["leasehold", "holder", "open", "h", "--ttl", "1m", "--sync"],
            &["leasehold", "work", "q", "--workers", "4", "--drain", "--timeout", "1m", "--", "sh", "-c", "exit 1"],
            &["leasehold", "lease", "acquire", "l", "--holder", "h", "--wait", "10s", "--ttl", "1m", "--sync"],
            &["leasehold", "--json", "lease", "release", "l", "--token", "7"],
            &["leasehold", "lock", "l", "--wait", "0s", "--grace", "1s", "--native", "--", "sh", "--json"],
            &["leasehold", "checkpoint", "save", "r", "-", "--receipt", "x", "--keep-claim", "--keep", "9"],
            &["leasehold", "checkpoint", "claim", "r", "--holder", "h", "--save", "x", "--no-sync"],
            &["leasehold", "component", "--wit"],
            &["leasehold", "doctor", "--fix"],
        ] {
            assert_eq!(exit_of(line), None, "{line:?}");
        }
    }
}
