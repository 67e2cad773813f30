//! After a restart of the machine the queues are put right once, before anybody works on them.
//!
//! A component can not see a restart. The host can: the kernel makes up a new id at each. Which one the queues
//! were last put right under stands in the name of an empty file, `boot.<id>`, at the top of the store.

use crate::{Session, Store};
use leasehold_core::capability::Directory;
use leasehold_core::maintenance::Finding;

const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
const PREFIX: &str = "boot.";

/// Calls [`Session::maintenance_reconcile`] if the machine was restarted since this was last done to the queues
/// among `directories`. Without holders nothing can be claimed, and nothing is put right.
///
/// What can not be put right keeps nobody from working: whoever claims looks for what stands twice as well, and the
/// doctor names the rest. Where it may pass, the next session tries again.
pub(crate) fn reconcile_once<D: Directory>(directories: &[(String, D)], session: &mut Session) {
    let granted = |store: Store| directories.iter().find(|(name, _)| name == store.directory_name());
    let (Some((_, queues)), Some(_), Some(id)) = (granted(Store::Queues), granted(Store::Holders), boot_id()) else {
        return;
    };
    let record = format!("{PREFIX}{id}");
    if queues.metadata(&record).is_ok() {
        return;
    }
    if session.maintenance_reconcile().is_ok_and(|findings| !findings.iter().any(Finding::may_pass)) {
        record_boot(queues, &record);
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
