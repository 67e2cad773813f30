//! After a restart of the machine the queues are put right once, before anybody works on them.
//!
//! A component can not see a restart. The host can: the kernel makes up a new id at each. Which one the queues
//! were last put right under stands in the name of an empty file, `boot.<id>`, at the top of the store.

use crate::{Error, Result, Session, Store};
use leasehold_core::Error as StoreError;
use leasehold_core::capability::{Directory, FsError};

const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
const PREFIX: &str = "boot.";

/// Calls [`Session::maintenance_reconcile`] if the machine was restarted since this was last done to the queues
/// among `directories`. Without holders nothing can be claimed, and nothing is put right.
pub(crate) fn reconcile_once<D: Directory>(directories: &[(String, D)], session: &mut Session) -> Result<()> {
    let granted = |store: Store| directories.iter().find(|(name, _)| name == store.directory_name());
    let (Some((_, queues)), Some(_), Some(id)) = (granted(Store::Queues), granted(Store::Holders), boot_id()) else {
        return Ok(());
    };
    let record = format!("{PREFIX}{id}");
    if queues.metadata(&record).is_ok() {
        return Ok(());
    }
    match session.maintenance_reconcile() {
        Ok(_) => {
            record_boot(queues, &record);
            Ok(())
        }
        // Who may only look at the queues can not put them right, and may look.
        Err(Error::Store(StoreError::Io(_))) if !is_writable(queues, &record) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The kernel's id of this boot; `None` where there is none, as in some sandboxes.
fn boot_id() -> Option<String> {
    let text = std::fs::read_to_string(BOOT_ID).ok()?;
    let id = text.trim();
    let plain = !id.is_empty() && id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    plain.then(|| id.to_owned())
}

/// Leaves the record in place of older ones. Where that fails the next session reconciles again, which does no harm.
fn record_boot<D: Directory>(queues: &D, record: &str) {
    if queues.create(record).is_err() {
        return;
    }
    let mut older = Vec::new();
    let listed = queues.list(&mut |name, _| {
        if name.starts_with(PREFIX) && name != record {
            older.push(name.to_owned());
        }
    });
    if listed.is_ok() {
        for name in older {
            drop(queues.unlink(&name));
        }
    }
}

/// Whether entries can be made; asked by making one that no session looks for.
fn is_writable<D: Directory>(queues: &D, record: &str) -> bool {
    let probe = format!("{record}.probe");
    let made = queues.create(&probe);
    if made.is_ok() {
        drop(queues.unlink(&probe));
    }
    !matches!(made, Err(FsError::Denied | FsError::ReadOnly))
}
