//! After a restart of the machine the queues are put right once, before anybody works on them.
//!
//! A component can not see a restart. The host can: the kernel makes up a new id at each. Which one the queues
//! were last put right under stands in the name of an empty file, `boot.<id>`, at the top of the store.

use crate::{Result, Session, Store};
use leasehold_core::capability::{Directory, Environment, FsError};

const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
const PREFIX: &str = "boot.";
/// What is being made; no other file at the top of a store begins so.
const UNFINISHED: &str = "boot-";

/// Calls [`Session::maintenance_reconcile`] if the machine was restarted since this was last done to the queues
/// among `directories`. Where the queues can not be written, there is nothing to be put right.
pub(crate) fn reconcile_once<D: Directory>(
    directories: &[(String, D)],
    environment: &Environment,
    session: &mut Session,
) -> Result<()> {
    let queues = directories
        .iter()
        .find(|(name, _)| name == Store::Queues.directory_name());
    let Some(((_, queues), id)) = queues.zip(boot_id()) else {
        return Ok(());
    };
    let record = format!("{PREFIX}{id}");
    if queues.metadata(&record).is_ok() {
        return Ok(());
    }
    let unfinished = format!("{UNFINISHED}{:016x}", environment.random.next_u64());
    if let Err(FsError::Denied | FsError::ReadOnly) = queues.create(&unfinished) {
        return Ok(());
    }
    let reconciled = session.maintenance_reconcile();
    match reconciled {
        // Where this fails the next session reconciles again, which does no harm.
        Ok(_) => drop(queues.rename(&unfinished, queues, &record)),
        Err(_) => drop(queues.unlink(&unfinished)),
    }
    remove_older(queues, &record);
    reconciled.map(drop)
}

/// The kernel's id of this boot; `None` where there is none, as in some sandboxes.
fn boot_id() -> Option<String> {
    let text = std::fs::read_to_string(BOOT_ID).ok()?;
    let id = text.trim();
    let plain = !id.is_empty()
        && id.len() <= 64
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    plain.then(|| id.to_owned())
}

/// Removes what earlier boots, and processes that were killed meanwhile, left.
fn remove_older<D: Directory>(queues: &D, record: &str) {
    let mut older = Vec::new();
    let listed = queues.list(&mut |name, _| {
        if (name.starts_with(PREFIX) || name.starts_with(UNFINISHED)) && name != record {
            older.push(name.to_owned());
        }
    });
    if listed.is_ok() {
        for name in older {
            drop(queues.unlink(&name));
        }
    }
}
