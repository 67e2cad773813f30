//! The clocks and the source of randomness.

use alloc::rc::Rc;

/// The two clocks.
pub trait Clock {
    /// The wall clock, in milliseconds since 1970. It may step in either direction.
    fn now_ms(&self) -> u64;

    /// A clock that never steps, in milliseconds since some moment that means nothing outside this instance.
    fn monotonic_ms(&self) -> u64;
}

/// A source of random bits that no two instances share.
pub trait Random {
    /// Sixty-four random bits.
    fn next_u64(&self) -> u64;
}

/// What the core knows of the world besides directories.
#[derive(Clone)]
pub struct Environment {
    /// The clocks.
    pub clock: Rc<dyn Clock>,
    /// The randomness.
    pub random: Rc<dyn Random>,
}

impl Environment {
    /// The wall clock, in milliseconds since 1970.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    /// The monotonic clock, in milliseconds.
    #[must_use]
    pub fn monotonic_ms(&self) -> u64 {
        self.clock.monotonic_ms()
    }
}

impl core::fmt::Debug for Environment {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Environment")
    }
}
