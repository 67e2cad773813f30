//! Eighty bits that nobody else can choose.

use super::{Text, number};
use crate::capability::Environment;
use alloc::string::String;

const DIGITS: usize = 16;
/// Bits of a nonce that stay random where it carries a token.
const RANDOM_BITS_BESIDE_TOKEN: u32 = 30;
/// The last bits of a nonce, in which a task has its place in its group.
const PLACE_MASK: u64 = 127;

/// An identity drawn at random, sixteen digits on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nonce {
    high: u64,
    low: u64,
}

impl Nonce {
    /// None sorts before it.
    pub(crate) const LEAST: Nonce = Nonce { high: 0, low: 0 };

    /// Draws eighty random bits.
    #[must_use]
    pub fn draw(environment: &Environment) -> Self {
        let mask = (1 << 40) - 1;
        Nonce { high: environment.random.next_u64() & mask, low: environment.random.next_u64() & mask }
    }

    /// A nonce for content that is built on the state at `token`: fifty bits say so, thirty are random.
    /// Whoever finds such content unnamed may remove it once the token has passed the one in its name.
    #[must_use]
    pub fn draw_on(token: u64, environment: &Environment) -> Self {
        let token = token & number::MOMENT_MAX;
        let random = environment.random.next_u64() & ((1 << RANDOM_BITS_BESIDE_TOKEN) - 1);
        Nonce { high: token >> 10, low: ((token & 0x3ff) << RANDOM_BITS_BESIDE_TOKEN) | random }
    }

    /// The token of [`Nonce::draw_on`].
    #[must_use]
    pub fn base_token(&self) -> u64 {
        (self.high << 10) | (self.low >> RANDOM_BITS_BESIDE_TOKEN)
    }

    /// The nonce of the group that a task with this one belongs to, if it belongs to any.
    pub(crate) fn of_group(self) -> Self {
        Nonce { low: self.low & !PLACE_MASK, ..self }
    }

    /// Whether it can be that of a group.
    pub(crate) fn is_group(&self) -> bool {
        self.low & PLACE_MASK == 0
    }

    /// The place in its group of a task with this nonce, if it belongs to any.
    pub(crate) fn place(&self) -> Option<u32> {
        u32::try_from(self.low & PLACE_MASK).ok()?.checked_sub(1)
    }

    /// The nonce of the task at `place` (0 to 126) in the group with this one.
    pub(crate) fn member(self, place: u32) -> Self {
        Nonce { low: self.low & !PLACE_MASK | (u64::from(place) + 1) & PLACE_MASK, ..self }
    }

    /// Appends the sixteen digits.
    pub(crate) fn write(&self, out: &mut Text) {
        number::write_fixed(out, self.high, DIGITS / 2);
        number::write_fixed(out, self.low, DIGITS / 2);
    }

    /// Reads sixteen digits; `None` for anything else.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        if text.len() != DIGITS || !text.is_ascii() {
            return None;
        }
        let (high, low) = text.split_at(DIGITS / 2);
        Some(Nonce { high: number::read(high)?, low: number::read(low)? })
    }

    /// The sixteen digits.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = Text::with_capacity(DIGITS);
        self.write(&mut out);
        out.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capability::{Clock, Random};
    use alloc::rc::Rc;
    use core::cell::Cell;
    use proptest::prelude::*;

    struct Still;
    impl Clock for Still {
        fn now_ms(&self) -> u64 {
            0
        }
        fn monotonic_ms(&self) -> u64 {
            0
        }
    }
    struct Counter(Cell<u64>);
    impl Random for Counter {
        fn next_u64(&self) -> u64 {
            self.0.set(self.0.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
            self.0.get()
        }
    }

    fn environment(seed: u64) -> Environment {
        Environment { clock: Rc::new(Still), random: Rc::new(Counter(Cell::new(seed))) }
    }

    proptest! {
        #[test]
        fn a_nonce_reads_back_as_written(seed: u64) {
            let nonce = Nonce::draw(&environment(seed));
            prop_assert_eq!(Nonce::read(&nonce.text()), Some(nonce));
        }

        #[test]
        fn a_nonce_tells_the_token_it_was_built_on(seed: u64, token in 0..=number::MOMENT_MAX) {
            let nonce = Nonce::draw_on(token, &environment(seed));
            prop_assert_eq!(nonce.base_token(), token);
            prop_assert_eq!(Nonce::read(&nonce.text()), Some(nonce));
        }
    }
}
