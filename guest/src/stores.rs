//! What an instance was granted, looked up once.

use crate::bindings::wasi::filesystem::preopens;
use crate::directory::WasiDirectory;
use crate::environment::environment;
use core::cell::OnceCell;
use leasehold_core::checkpoint::Checkpoints;
use leasehold_core::holder::Holders;
use leasehold_core::job::Jobs;
use leasehold_core::lease::Leases;
use leasehold_core::maintenance::Maintenance;
use leasehold_core::queue::Queues;
use leasehold_core::tasklist::Lists;
use leasehold_core::{Error, Result};

/// The name under which the directory of the queues is granted.
const QUEUES: &str = ".aristo";
/// The name under which the directory of the leases is granted.
const LEASES: &str = "claims";
/// The name under which the directory of the checkpoints is granted.
const CHECKPOINTS: &str = "checkpoint";
/// The name under which the directory of the task lists is granted.
const TASKS: &str = "tasks";
/// The name under which the directory of the jobs is granted.
const JOBS: &str = "jobs";
/// The name under which the directory of the holders is granted.
const HOLDERS: &str = "holders";

/// The holders, in the directory `holders`.
pub(crate) fn holders() -> Result<&'static Holders<WasiDirectory>> {
    let granted = Granted::once()?;
    granted.holders.as_ref().ok_or_else(|| missing(HOLDERS))
}

/// The queues, in the directory `.aristo`.
pub(crate) fn queues() -> Result<&'static Queues<WasiDirectory>> {
    let granted = Granted::once()?;
    granted.queues.as_ref().ok_or_else(|| granted.missing(QUEUES))
}

/// The leases, in the directory `claims`.
pub(crate) fn leases() -> Result<&'static Leases<WasiDirectory>> {
    let granted = Granted::once()?;
    granted.leases.as_ref().ok_or_else(|| granted.missing(LEASES))
}

/// The checkpoints, in the directory `checkpoint`.
pub(crate) fn checkpoints() -> Result<&'static Checkpoints<WasiDirectory>> {
    let granted = Granted::once()?;
    granted.checkpoints.as_ref().ok_or_else(|| granted.missing(CHECKPOINTS))
}

/// The task lists, in the directory `tasks`.
pub(crate) fn lists() -> Result<&'static Lists<WasiDirectory>> {
    let granted = Granted::once()?;
    granted.lists.as_ref().ok_or_else(|| granted.missing(TASKS))
}

/// The jobs, in the directory `jobs`.
pub(crate) fn jobs() -> Result<&'static Jobs<WasiDirectory>> {
    let granted = Granted::once()?;
    granted.jobs.as_ref().ok_or_else(|| granted.missing(JOBS))
}

/// Maintenance of whatever was granted.
pub(crate) fn maintenance() -> Result<Maintenance<WasiDirectory>> {
    let granted = Granted::once()?;
    if granted.holders.is_none() {
        return Err(missing(HOLDERS));
    }
    Ok(Maintenance::new(granted.queues.clone(), granted.holders.clone())
        .with_leases(granted.leases.clone())
        .with_checkpoints(granted.checkpoints.clone())
        .with_lists(granted.lists.clone())
        .with_jobs(granted.jobs.clone()))
}

/// The stores of this instance. They are kept for its lifetime, since they remember what they have seen.
struct Granted {
    holders: Option<Holders<WasiDirectory>>,
    queues: Option<Queues<WasiDirectory>>,
    leases: Option<Leases<WasiDirectory>>,
    checkpoints: Option<Checkpoints<WasiDirectory>>,
    lists: Option<Lists<WasiDirectory>>,
    jobs: Option<Jobs<WasiDirectory>>,
}

impl Granted {
    fn once() -> Result<&'static Self> {
        static GRANTED: Single<OnceCell<Granted>> = Single(OnceCell::new());
        if let Some(granted) = GRANTED.0.get() {
            return Ok(granted);
        }
        // A directory that could not be opened is not remembered: the next call tries again.
        let granted = Self::look_up()?;
        Ok(GRANTED.0.get_or_init(|| granted))
    }

    fn look_up() -> Result<Self> {
        let [mut holders, mut queues, mut leases, mut checkpoints, mut lists, mut jobs] = [const { None }; 6];
        for (descriptor, path) in preopens::get_directories() {
            let slot = match granted_name(&path) {
                HOLDERS => &mut holders,
                QUEUES => &mut queues,
                LEASES => &mut leases,
                CHECKPOINTS => &mut checkpoints,
                TASKS => &mut lists,
                JOBS => &mut jobs,
                _ => continue,
            };
            let directory = WasiDirectory::granted(&descriptor).map_err(|error| Error::at(&path, &error))?;
            *slot = Some(directory);
        }
        let environment = environment();
        let holders = holders.map(|directory| Holders::new(directory, environment.clone()));
        // What is held is held by holders: without them nothing else is usable.
        let Some(held_by) = &holders else {
            return Ok(Self { holders, queues: None, leases: None, checkpoints: None, lists: None, jobs: None });
        };
        Ok(Self {
            queues: queues.map(|directory| Queues::new(directory, held_by.clone(), environment.clone())),
            leases: leases.map(|directory| Leases::new(directory, held_by.clone(), environment.clone())),
            checkpoints: checkpoints.map(|directory| Checkpoints::new(directory, held_by.clone(), environment.clone())),
            lists: lists.map(|directory| Lists::new(directory, held_by.clone(), environment.clone())),
            jobs: jobs.map(|directory| Jobs::new(directory, held_by.clone(), environment.clone())),
            holders,
        })
    }

    /// The error for a store that cannot be used: the holders are missing, which each needs, or it itself.
    fn missing(&self, store: &str) -> Error {
        missing(if self.holders.is_none() { HOLDERS } else { store })
    }
}

/// Hosts differ in how they spell the path of a preopened directory: `holders`, `./holders`, `/holders`.
fn granted_name(path: &str) -> &str {
    path.trim_start_matches("./").trim_matches('/')
}

fn missing(name: &str) -> Error {
    Error::NotGranted(alloc::format!("the directory `{name}`: preopen it under this name"))
}

/// A value that only one thread ever sees.
struct Single<T>(T);

// SAFETY: this target has no threads: one instance is one thread, and instances share no memory.
unsafe impl<T> Sync for Single<T> {}
