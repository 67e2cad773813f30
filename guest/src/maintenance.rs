//! `leasehold:store/maintenance`.

use crate::Component;
use crate::bindings::exports::leasehold::store::maintenance as wit;
use crate::bindings::exports::leasehold::store::types::Error;
use crate::stores;
use alloc::vec::Vec;
use leasehold_core::maintenance::Finding;

impl wit::Guest for Component {
    fn check() -> Result<Vec<wit::Finding>, Error> {
        Ok(findings(stores::maintenance()?.check()?))
    }

    fn reconcile() -> Result<Vec<wit::Finding>, Error> {
        Ok(findings(stores::maintenance()?.reconcile()?))
    }

    fn sweep(older_than: u64) -> Result<u64, Error> {
        Ok(stores::maintenance()?.sweep(older_than)?)
    }

    fn quarantine() -> Result<Vec<wit::Finding>, Error> {
        Ok(findings(stores::maintenance()?.quarantine()?))
    }
}

fn findings(found: Vec<Finding>) -> Vec<wit::Finding> {
    found.into_iter().map(|finding| wit::Finding { path: finding.path, problem: finding.problem }).collect()
}
