//! The core's clocks and randomness, from `wasi:clocks` and `wasi:random`.

use crate::bindings::wasi::clocks::{monotonic_clock, wall_clock};
use crate::bindings::wasi::random::random;
use alloc::rc::Rc;
use leasehold_core::capability::{Clock, Environment, Random};

const NANOSECONDS_PER_MILLISECOND: u64 = 1_000_000;

/// The clocks and the randomness that the host serves.
pub(crate) fn environment() -> Environment {
    Environment { clock: Rc::new(Wasi), random: Rc::new(Wasi) }
}

/// A moment of the wall clock in milliseconds since 1970.
pub(crate) fn milliseconds(moment: wall_clock::Datetime) -> u64 {
    let fraction = u64::from(moment.nanoseconds) / NANOSECONDS_PER_MILLISECOND;
    moment.seconds.saturating_mul(1_000).saturating_add(fraction)
}

struct Wasi;

impl Clock for Wasi {
    fn now_ms(&self) -> u64 {
        milliseconds(wall_clock::now())
    }

    fn monotonic_ms(&self) -> u64 {
        monotonic_clock::now() / NANOSECONDS_PER_MILLISECOND
    }
}

impl Random for Wasi {
    fn next_u64(&self) -> u64 {
        random::get_random_u64()
    }
}
