//! Leasehold, and the bare system calls, as a process that speaks what the peers speak.

mod checkpoint;
mod lease;
mod list;
mod queue;
mod raw;
mod serve;
mod side;

use crate::contend::side::Side;
use anyhow::{Result, bail, ensure};
use std::path::Path;

/// Serves as `contender` in a `section`, in a folder, synced or not, until there is no more input.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let [section, contender, folder, synced] = arguments else {
        bail!("`contend` takes a section, a contender, a folder, and `synced` or `unsynced`");
    };
    ensure!(["synced", "unsynced"].contains(&synced.as_str()), "{synced:?} is neither `synced` nor `unsynced`");
    let folder = Path::new(folder);
    let is_synced = synced == "synced";
    if contender == "raw" {
        ensure!(section == "queue", "the bare system calls make no {section}");
        return serve::serve(&mut raw::Raw::open(folder, is_synced)?);
    }
    let side = Side::open(contender, folder, is_synced)?;
    match section.as_str() {
        "queue" => serve::serve(&mut queue::Queue::new(side)),
        "lease" => serve::serve(&mut lease::Lease::new(side)),
        "checkpoint" => serve::serve(&mut checkpoint::Checkpoint::new(side)),
        "list" => serve::serve(&mut list::List::new(side)),
        other => bail!("{other:?} is no section"),
    }
}
