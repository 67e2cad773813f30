//! The benchmark: Leasehold beside what others use for the same; its component beside the same core without
//! WebAssembly; and how long the command takes, for jobs too.
//!
//! Whoever is compared takes turns on the same disk, so that what disturbs one disturbs the other. Each task carries a
//! number of its own; if Leasehold loses one or hands it out twice, the run fails.

mod command;
mod contend;
mod contender;
mod instances;
mod jobs;
mod lists;
mod machine;
mod page;
mod peers;
mod plan;
mod report;
mod round;
mod scale;
mod series;
mod stores;
mod turns;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use lists::ListPlan;
use peers::Selection;
use peers::catalogue::Section;
use plan::Plan;
use report::{Report, Sides};
use std::fs;
use std::path::{Path, PathBuf};
use stores::StorePlan;

/// What `queue status` may take from start to finish, in milliseconds: the median of all runs.
const STATUS_MS_MAX: f64 = 15.0;
/// The rounds of the component and the native side, unless told otherwise.
const ROUNDS: u32 = 4;

/// Measures Leasehold beside its peers, its component beside the native side, and its command from start to finish.
#[derive(Debug, Parser)]
struct Arguments {
    /// The command `leasehold`
    #[arg(long)]
    command: PathBuf,
    /// A folder on the disk that is measured
    #[arg(long)]
    disk: PathBuf,
    /// Where peers are installed; `bench-peers` beneath the disk's folder, unless told
    #[arg(long)]
    installed: Option<PathBuf>,
    /// A folder in memory
    #[arg(long, default_value = "/dev/shm")]
    memory: PathBuf,
    /// Measures these only: queue, lease, checkpoint, list (beside peers), sides (component and native), command,
    /// scale (much of everything)
    #[arg(long, value_delimiter = ',', value_parser = ["queue", "lease", "checkpoint", "list", "sides", "command", "scale"])]
    only: Vec<String>,
    /// Measures the component beside these contenders only: native, raw, huey, litequeue, and so on
    #[arg(long, value_delimiter = ',')]
    peers: Vec<String>,
    /// Measures only under settings that have all of these words: synced, unsynced; 1, 4; single, batches; 180, 64
    #[arg(long = "where", value_delimiter = ',')]
    words: Vec<String>,
    /// How often each is measured, instead of as often as each is worth
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,
    /// The size of a task's payload in bytes, at least 8, where component and native are compared
    #[arg(long, default_value_t = 180, value_parser = clap::value_parser!(u32).range(8..=1_048_576))]
    payload: u32,
    /// Writes the tables between the marks of this page
    #[arg(long)]
    page: Option<PathBuf>,
    /// Writes everything that was measured as JSON
    #[arg(long)]
    json: Option<PathBuf>,
    /// Writes a plot for each table of contenders into this folder
    #[arg(long)]
    plots: Option<PathBuf>,
}

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let Some((first, rest)) = words.split_first()
        && first == "contend"
    {
        return contend::run(rest);
    }
    let arguments = Arguments::parse();
    check_names(&arguments)?;
    let report = measure(&arguments)?;
    print!("{}", page::tables(&report, None));
    if let Some(path) = &arguments.json {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, serde_json::to_vec_pretty(&report)?).with_context(|| path.display().to_string())?;
    }
    if let Some(folder) = &arguments.plots {
        peers::plot::write_all(&report.contenders, folder)?;
    }
    if let Some(path) = &arguments.page {
        page::write_into(path, &report, arguments.plots.as_deref())?;
    }
    let (lost, duplicates) = report.sides.as_ref().map_or((0, 0), Sides::faults);
    ensure!(lost + duplicates == 0, "{lost} tasks were lost, and {duplicates} handed out twice");
    let faults: usize = report.contenders.iter().map(peers::result::Table::own_faults).sum();
    ensure!(faults == 0, "{faults} tasks of Leasehold's were lost, changed or handed out twice");
    let slowest = report.status.iter().map(|run| run.sandboxed.median_ms).fold(0.0, f64::max);
    ensure!(slowest < STATUS_MS_MAX, "`queue status` took {slowest:.1} ms, and must take less than {STATUS_MS_MAX}");
    Ok(())
}

/// A name that nobody has would measure nothing, and look as if all were well.
fn check_names(arguments: &Arguments) -> Result<()> {
    let contenders = || Section::ALL.into_iter().flat_map(Section::contenders);
    for name in &arguments.peers {
        let known: Vec<&str> = contenders().map(|contender| contender.name).collect();
        ensure!(known.contains(&name.as_str()), "there is no contender {name:?}; there are {}", known.join(", "));
    }
    Ok(())
}

fn measure(arguments: &Arguments) -> Result<Report> {
    let is_wanted = |name: &str| arguments.only.is_empty() || arguments.only.iter().any(|own| own == name);
    // Before there is a load of our own.
    let machine = machine::facts(&arguments.memory, &arguments.disk)?;
    let selection = Selection {
        sections: Section::ALL.into_iter().filter(|section| is_wanted(section.name())).collect(),
        peers: &arguments.peers,
        words: &arguments.words,
        rounds: arguments.rounds,
    };
    let installed = arguments.installed.clone().unwrap_or_else(|| arguments.disk.join("bench-peers"));
    let contenders = peers::measure(&selection, &installed, &arguments.disk)?;
    let marks = peers::marks::marks(&contenders);
    let sides = if is_wanted("sides") { Some(measure_sides(arguments)?) } else { None };
    let (mut status, mut jobs) = (Vec::new(), Vec::new());
    if is_wanted("command") {
        eprintln!("command");
        let root = empty_folder(&arguments.disk)?;
        status = command::status_runs(&arguments.command, root.path())?;
        let root = empty_folder(&arguments.disk)?;
        jobs = jobs::job_runs(&arguments.command, root.path())?;
    }
    let mut scale = Vec::new();
    if is_wanted("scale") {
        for (place, folder) in [("memory", &arguments.memory), ("disk", &arguments.disk)] {
            scale.extend(scale::run(place, arguments.rounds, &arguments.words, &mut || empty_folder(folder))?);
        }
    }
    Ok(Report { machine, marks, contenders, sides, status, jobs, scale })
}

fn measure_sides(arguments: &Arguments) -> Result<Sides> {
    let payload_bytes = usize::try_from(arguments.payload)?;
    let rounds = arguments.rounds.unwrap_or(ROUNDS);
    let places = [("memory", &arguments.memory), ("disk", &arguments.disk)];
    let (mut rates, mut store_rates, mut list_rates) = (Vec::new(), Vec::new(), Vec::new());
    for (place, folder) in places {
        for plan in Plan::all(place, payload_bytes) {
            eprintln!("{plan}");
            let root = empty_folder(folder)?;
            rates.extend(series::run(&plan, rounds, root.path())?);
        }
        for plan in StorePlan::all(place) {
            eprintln!("{plan}");
            let root = empty_folder(folder)?;
            store_rates.extend(stores::run(&plan, rounds, root.path())?);
        }
        for plan in ListPlan::all(place) {
            eprintln!("{plan}");
            let root = empty_folder(folder)?;
            list_rates.extend(lists::run(&plan, rounds, root.path())?);
        }
    }
    eprintln!("instances");
    let root = empty_folder(&arguments.memory)?;
    let instances = instances::run(rounds, root.path())?;
    Ok(Sides { payload_bytes, rounds, rates, store_rates, list_rates, instances })
}

fn empty_folder(beneath: &Path) -> Result<tempfile::TempDir> {
    let folder = tempfile::Builder::new().prefix("leasehold-bench.").tempdir_in(beneath);
    folder.with_context(|| beneath.display().to_string())
}
