//! The core's clocks and randomness, from `wasi:clocks` and `wasi:random`.

use crate::bindings::wasi::clocks::{monotonic_clock, wall_clock};
use crate::bindings::wasi::random::random;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;
use leasehold_core::capability::{Clock, Environment, Random};

const NANOSECONDS_PER_MILLISECOND: u64 = 1_000_000;

/// The clocks and the randomness that the host serves.
pub(crate) fn environment() -> Environment {
    Environment { clock: Rc::new(WasiClock), random: Rc::new(WasiRandom::default()) }
}

/// A moment of the wall clock in milliseconds since 1970.
pub(crate) fn milliseconds(moment: wall_clock::Datetime) -> u64 {
    let fraction = u64::from(moment.nanoseconds) / NANOSECONDS_PER_MILLISECOND;
    moment.seconds.saturating_mul(1_000).saturating_add(fraction)
}

struct WasiClock;

impl Clock for WasiClock {
    fn now_ms(&self) -> u64 {
        milliseconds(wall_clock::now())
    }

    fn monotonic_ms(&self) -> u64 {
        monotonic_clock::now() / NANOSECONDS_PER_MILLISECOND
    }
}

/// How much randomness is asked of the host at a time, in bytes: a call costs more than the bytes.
const RANDOM_BYTES: u64 = 256;

#[derive(Default)]
struct WasiRandom {
    /// What is left of what was asked for, the next one last; none is used twice.
    numbers: RefCell<Vec<u64>>,
}

impl Random for WasiRandom {
    fn next_u64(&self) -> u64 {
        let mut numbers = self.numbers.borrow_mut();
        if numbers.is_empty() {
            let bytes = random::get_random_bytes(RANDOM_BYTES);
            let (whole, _) = bytes.as_chunks();
            numbers.extend(whole.iter().rev().map(|number| u64::from_le_bytes(*number)));
        }
        // There are none if the host gave out less than it was asked for.
        numbers.pop().unwrap_or_else(random::get_random_u64)
    }
}
