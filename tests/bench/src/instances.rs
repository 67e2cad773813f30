//! What an instance of the component costs: an engine keeps places for them, so it is made and dropped often.

use crate::report::InstanceCost;
use anyhow::{Context, Result};
use leasehold::directory::NativeDirectory;
use leasehold::{Engine, Store, system_environment};
use std::fs;
use std::path::Path;
use std::time::Instant;

/// How many are made in a round, one after the other.
const INSTANCES: u32 = 2_000;

/// Measures one that is not called, and one that is called once. Of what the kernel does to open directories, nothing is
/// counted: they are open before.
pub(crate) fn run(rounds: u32, root: &Path) -> Result<Vec<InstanceCost>> {
    let engine = Engine::new()?;
    let mut directories = Vec::new();
    for store in [Store::Holders, Store::Queues] {
        let name = store.directory_name();
        let folder = root.join(name);
        fs::create_dir(&folder)?;
        let directory = NativeDirectory::open_ambient(&folder).with_context(|| folder.display().to_string())?;
        directories.push((name.to_owned(), directory));
    }
    let cost = |action, is_called: bool| -> Result<InstanceCost> {
        let mut micros = Vec::new();
        // The first round warms up.
        for round in 0..=rounds {
            let begun = Instant::now();
            for _ in 0..INSTANCES {
                let mut session = engine.open_over(directories.clone(), system_environment())?;
                if is_called {
                    session.queue_list()?;
                }
            }
            if round > 0 {
                micros.push(begun.elapsed().as_secs_f64() * 1e6 / f64::from(INSTANCES));
            }
        }
        Ok(InstanceCost { action, micros })
    };
    Ok(vec![cost("instantiate", false)?, cost("instantiate, and list the queues, of which there are none", true)?])
}
