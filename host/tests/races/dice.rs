//! Chance that can be had again.

use crate::place::from_environment;

/// What a race's seed is told by.
pub(crate) const SEED_VARIABLE: &str = "LEASEHOLD_RACE_SEED";

/// The seed of this race: told, or another one each time.
pub(crate) fn seed() -> u64 {
    from_environment(SEED_VARIABLE, u64::from(std::process::id()))
}

/// A generator of numbers that depend on the seed alone.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Dice(seed)
    }

    /// Others for each name, of the same seed.
    pub(crate) fn of(name: &str, seed: u64) -> Self {
        Dice(name.bytes().fold(seed, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte))))
    }

    /// The next number; its high bits are the better ones.
    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        (self.roll() >> 32) % end
    }
}
