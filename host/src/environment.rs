//! The clocks and the randomness of this machine.

use leasehold_core::capability::{Clock, Environment, Random};
use rustix::rand::{GetRandomFlags, getrandom};
use std::cell::RefCell;
use std::hash::{BuildHasher, RandomState};
use std::rc::Rc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The system's clocks, and its randomness bought in bulk.
#[must_use]
pub fn system_environment() -> Environment {
    Environment { clock: Rc::new(SystemClock { start: Instant::now() }), random: Rc::new(SystemRandom::default()) }
}

struct SystemClock {
    start: Instant,
}

impl Clock for SystemClock {
    fn now_ms(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    fn monotonic_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// How many numbers are asked of the system at a time; it answers up to 256 bytes without being interrupted.
const NUMBERS: usize = 32;

#[derive(Default)]
struct SystemRandom {
    /// What is left of the last purchase.
    numbers: RefCell<Vec<u64>>,
}

impl Random for SystemRandom {
    fn next_u64(&self) -> u64 {
        let mut numbers = self.numbers.borrow_mut();
        if numbers.is_empty() {
            buy(&mut numbers);
        }
        numbers.pop().unwrap_or_else(unbought)
    }
}

/// Adds numbers; none where the system has none to give.
fn buy(numbers: &mut Vec<u64>) {
    let mut bytes = [0_u8; NUMBERS * size_of::<u64>()];
    let filled = getrandom(&mut bytes, GetRandomFlags::empty()).unwrap_or(0);
    let (whole, _) = bytes.get(..filled).unwrap_or_default().as_chunks::<8>();
    numbers.extend(whole.iter().map(|bytes| u64::from_ne_bytes(*bytes)));
}

/// Where the call is forbidden, the standard library still has a random key, from wherever it found one.
fn unbought() -> u64 {
    RandomState::new().hash_one(0_u64)
}

#[cfg(test)]
mod tests {
    use super::{system_environment, unbought};
    use std::collections::HashSet;

    #[test]
    fn no_two_of_many_numbers_are_the_same() {
        let environment = system_environment();
        let numbers: HashSet<u64> = (0..1_000).map(|_| environment.random.next_u64()).collect();
        assert_eq!(numbers.len(), 1_000);
        let unbought: HashSet<u64> = (0..1_000).map(|_| unbought()).collect();
        assert_eq!(unbought.len(), 1_000);
    }

    #[test]
    fn the_wall_clock_is_past_2020_and_the_monotonic_clock_does_not_go_back() {
        let environment = system_environment();
        assert!(environment.now_ms() > 1_577_836_800_000);
        let earlier = environment.monotonic_ms();
        assert!(environment.monotonic_ms() >= earlier);
    }
}
