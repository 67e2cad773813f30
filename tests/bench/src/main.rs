//! The benchmark: push, claim and done per second, with the sandbox and without; leases, checkpoints and task lists
//! likewise; and how long the command takes, for jobs too.
//!
//! Both sides run in one process, in turn, on the same directories' kind, so that what disturbs one disturbs the
//! other. Each task carries a number of its own; if one is lost or handed out twice, the run fails.

mod command;
mod contender;
mod jobs;
mod lists;
mod machine;
mod page;
mod plan;
mod report;
mod round;
mod series;
mod stores;
mod turns;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use lists::ListPlan;
use plan::Plan;
use report::Report;
use std::fs;
use std::path::{Path, PathBuf};
use stores::StorePlan;

/// What `queue status` may take from start to finish, in milliseconds: the median of all runs.
const STATUS_MS_MAX: f64 = 15.0;

/// Measures push, claim and done, leases, checkpoints and task lists per second, native and sandboxed in turn, and
/// `queue status`, `job run` and `job wait` from start to finish.
#[derive(Debug, Parser)]
struct Arguments {
    /// The command `leasehold`
    #[arg(long)]
    command: PathBuf,
    /// A folder on the disk that is measured
    #[arg(long)]
    disk: PathBuf,
    /// A folder in memory
    #[arg(long, default_value = "/dev/shm")]
    memory: PathBuf,
    /// How often each side is measured
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// The size of a task's payload in bytes, at least 8
    #[arg(long, default_value_t = 180, value_parser = clap::value_parser!(u32).range(8..=1_048_576))]
    payload: u32,
    /// Writes the tables between the marks of this page
    #[arg(long)]
    page: Option<PathBuf>,
    /// Writes everything that was measured as JSON
    #[arg(long)]
    json: Option<PathBuf>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let report = measure(&arguments)?;
    print!("{}", page::tables(&report));
    if let Some(path) = &arguments.json {
        fs::write(path, serde_json::to_vec_pretty(&report)?).with_context(|| path.display().to_string())?;
    }
    if let Some(path) = &arguments.page {
        page::write_into(path, &report)?;
    }
    let (lost, duplicates) = report.faults();
    ensure!(lost + duplicates == 0, "{lost} tasks were lost, and {duplicates} handed out twice");
    let slowest = report.status.iter().map(|run| run.sandboxed.median_ms).fold(0.0, f64::max);
    ensure!(slowest < STATUS_MS_MAX, "`queue status` took {slowest:.1} ms, and must take less than {STATUS_MS_MAX}");
    Ok(())
}

fn measure(arguments: &Arguments) -> Result<Report> {
    // Before there is a load of our own.
    let machine = machine::facts(&arguments.memory, &arguments.disk)?;
    let payload_bytes = usize::try_from(arguments.payload)?;
    let places = [("memory", &arguments.memory), ("disk", &arguments.disk)];
    let (mut rates, mut store_rates, mut list_rates) = (Vec::new(), Vec::new(), Vec::new());
    for (place, folder) in places {
        for plan in Plan::all(place, payload_bytes) {
            eprintln!("{plan}");
            let root = empty_folder(folder)?;
            rates.extend(series::run(&plan, arguments.rounds, root.path())?);
        }
        for plan in StorePlan::all(place) {
            eprintln!("{plan}");
            let root = empty_folder(folder)?;
            store_rates.extend(stores::run(&plan, arguments.rounds, root.path())?);
        }
        for plan in ListPlan::all(place) {
            eprintln!("{plan}");
            let root = empty_folder(folder)?;
            list_rates.extend(lists::run(&plan, arguments.rounds, root.path())?);
        }
    }
    let root = empty_folder(&arguments.disk)?;
    let status = command::status_runs(&arguments.command, root.path())?;
    eprintln!("jobs");
    let root = empty_folder(&arguments.disk)?;
    let jobs = jobs::job_runs(&arguments.command, root.path())?;
    Ok(Report { machine, payload_bytes, rounds: arguments.rounds, rates, store_rates, list_rates, status, jobs })
}

fn empty_folder(beneath: &Path) -> Result<tempfile::TempDir> {
    let folder = tempfile::Builder::new().prefix("leasehold-bench.").tempdir_in(beneath);
    folder.with_context(|| beneath.display().to_string())
}
