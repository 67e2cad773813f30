//! What an instance was granted, looked up once.

use crate::bindings::wasi::filesystem::preopens;
use crate::directory::WasiDirectory;
use crate::environment::environment;
use core::cell::OnceCell;
use leasehold_core::holder::Holders;
use leasehold_core::maintenance::Maintenance;
use leasehold_core::queue::Queues;
use leasehold_core::{Error, Result};

/// The name under which the directory of the queues is granted.
const QUEUES: &str = ".aristo";
/// The name under which the directory of the holders is granted.
const HOLDERS: &str = "holders";

/// The holders, in the directory `holders`.
pub(crate) fn holders() -> Result<&'static Holders<WasiDirectory>> {
    let granted = Granted::once()?;
    granted.holders.as_ref().ok_or_else(|| missing(HOLDERS))
}

/// The queues, in the directory `.aristo`; what they hold is held by holders, so both are needed.
pub(crate) fn queues() -> Result<&'static Queues<WasiDirectory>> {
    let granted = Granted::once()?;
    granted.queues.as_ref().ok_or_else(|| missing(if granted.holders.is_none() { HOLDERS } else { QUEUES }))
}

/// Maintenance of whatever was granted.
pub(crate) fn maintenance() -> Result<Maintenance<WasiDirectory>> {
    let granted = Granted::once()?;
    if granted.holders.is_none() {
        return Err(missing(HOLDERS));
    }
    Ok(Maintenance::new(granted.queues.clone(), granted.holders.clone()))
}

/// The stores of this instance. They are kept for its lifetime, since they remember what they have seen.
struct Granted {
    holders: Option<Holders<WasiDirectory>>,
    queues: Option<Queues<WasiDirectory>>,
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
        let mut holders = None;
        let mut queues = None;
        for (descriptor, path) in preopens::get_directories() {
            let slot = match granted_name(&path) {
                HOLDERS => &mut holders,
                QUEUES => &mut queues,
                _ => continue,
            };
            let directory = WasiDirectory::granted(&descriptor).map_err(|error| Error::at(&path, &error))?;
            *slot = Some(directory);
        }
        let environment = environment();
        let holders = holders.map(|directory| Holders::new(directory, environment.clone()));
        let queues =
            holders.clone().zip(queues).map(|(holders, directory)| Queues::new(directory, holders, environment));
        Ok(Self { holders, queues })
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
