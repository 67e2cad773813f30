//! The component in its sandbox: it does what the core does without one, and what goes over a limit is stopped.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod drip;
mod limits;
mod lost;
mod parity;
mod restart;
mod sessions;

use leasehold::{Grants, NewTask};
use tempfile::TempDir;

/// All stores, in a place that goes away with the first part.
fn granted() -> (TempDir, Grants) {
    let place = TempDir::new().unwrap();
    let grants = Grants::beneath(place.path());
    (place, grants)
}

fn task(payload: &[u8]) -> NewTask<'_> {
    NewTask { payload, ..NewTask::default() }
}
