//! `maintenance`.

use crate::bindings::exports::leasehold::store::maintenance as wit;
use leasehold_core::maintenance::Finding;

impl From<wit::Finding> for Finding {
    fn from(finding: wit::Finding) -> Self {
        Self { path: finding.path, problem: finding.problem }
    }
}
