//! When a deadline is believed to have passed.
//!
//! Names on the disk carry when a deadline was set and for how long, by the wall clock, and that clock can step. An
//! instance that sees it step (the monotonic clock disagrees) believes no deadline until that much time has passed on
//! the monotonic clock. What was set in the future was set before the clock was put back, so before this instance
//! began to watch the clock, or saw it step: it has stood as long as that. An instance that starts after a
//! step forward, or that does not look while the clock is ahead, cannot know; the token fences what follows.

use crate::capability::Environment;
use core::cell::Cell;

/// Clocks that are merely corrected drift by less than this in the life of an instance.
const STEP_MS: u64 = 5_000;

/// A look at both clocks.
#[derive(Debug, Clone, Copy)]
struct Look {
    wall_ms: u64,
    monotonic_ms: u64,
    /// Whether the wall clock was seen to step just then.
    has_stepped: bool,
}

#[derive(Debug)]
pub(crate) struct Patience {
    environment: Environment,
    /// The look from which on the two clocks have agreed.
    steady_since: Cell<Option<Look>>,
}

impl Patience {
    pub(crate) fn new(environment: Environment) -> Self {
        Patience { environment, steady_since: Cell::new(None) }
    }

    /// Whether what was set at `set_ms` for `for_ms` has passed.
    pub(crate) fn has_passed(&self, set_ms: u64, for_ms: u64) -> bool {
        let (wall_ms, steady_ms, has_stepped) = self.look();
        // Whoever lives has renewed by the new clock once this time is over.
        if has_stepped && steady_ms < for_ms {
            return false;
        }
        match wall_ms.checked_sub(set_ms) {
            Some(age_ms) => age_ms > for_ms,
            // Nobody has set this while the clock was watched.
            None if set_ms - wall_ms > 2 * STEP_MS => steady_ms > for_ms,
            // A small correction, which is soon made up for.
            None => false,
        }
    }

    /// The wall clock, for how long it has been seen to be steady, and whether it had stepped before that.
    fn look(&self) -> (u64, u64, bool) {
        let (wall_ms, monotonic_ms) = (self.environment.now_ms(), self.environment.monotonic_ms());
        let now = Look { wall_ms, monotonic_ms, has_stepped: false };
        let since = match self.steady_since.get() {
            None => now,
            Some(since) => {
                let expected = since.wall_ms.saturating_add(monotonic_ms.saturating_sub(since.monotonic_ms));
                if expected.abs_diff(wall_ms) > STEP_MS { Look { has_stepped: true, ..now } } else { since }
            }
        };
        self.steady_since.set(Some(since));
        (wall_ms, monotonic_ms.saturating_sub(since.monotonic_ms), since.has_stepped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capability::{Clock, Random};
    use alloc::rc::Rc;

    #[derive(Default)]
    struct Hands {
        wall: Cell<u64>,
        monotonic: Cell<u64>,
    }
    impl Clock for Hands {
        fn now_ms(&self) -> u64 {
            self.wall.get()
        }
        fn monotonic_ms(&self) -> u64 {
            self.monotonic.get()
        }
    }
    struct None0;
    impl Random for None0 {
        fn next_u64(&self) -> u64 {
            0
        }
    }

    fn patience(wall: u64) -> (Rc<Hands>, Patience) {
        let hands = Rc::new(Hands::default());
        hands.wall.set(wall);
        let environment = Environment { clock: Rc::clone(&hands) as Rc<dyn Clock>, random: Rc::new(None0) };
        (hands, Patience::new(environment))
    }

    impl Hands {
        fn pass(&self, ms: u64) {
            self.wall.set(self.wall.get() + ms);
            self.monotonic.set(self.monotonic.get() + ms);
        }
    }

    #[test]
    fn a_deadline_passes_when_its_time_is_over() {
        let (hands, patience) = patience(1_000_000);
        assert!(!patience.has_passed(1_000_000, 100));
        hands.pass(101);
        assert!(patience.has_passed(1_000_000, 100));
    }

    #[test]
    fn a_step_forward_kills_nobody_who_renews() {
        let (hands, patience) = patience(1_000_000);
        assert!(!patience.has_passed(1_000_000, 10_000));
        hands.wall.set(9_000_000);
        assert!(!patience.has_passed(1_000_000, 10_000), "believed right after the step");
        hands.pass(10_001);
        assert!(!patience.has_passed(9_009_000, 10_000), "renewed by the new clock");
        assert!(patience.has_passed(1_000_000, 10_000));
    }

    #[test]
    fn deadlines_set_in_the_future_pass_once_the_clock_was_watched_for_that_long_however_many_there_are() {
        let (hands, patience) = patience(1_000_000);
        assert!((0..10_000).all(|n| !patience.has_passed(5_000_000 + n, 100)));
        hands.pass(101);
        assert!((0..10_000).all(|n| patience.has_passed(5_000_000 + n, 100)));
        assert!(!patience.has_passed(5_000_000, 200), "it may have been set just before");
    }

    #[test]
    fn a_clock_that_falls_while_it_is_watched_is_watched_anew() {
        let (hands, patience) = patience(1_000_000);
        assert!(!patience.has_passed(1_000_000, 10_000));
        hands.pass(1_000_000);
        assert!(!patience.has_passed(2_000_000, 10_000), "renewed just now");
        hands.wall.set(1_000_000);
        assert!(!patience.has_passed(2_000_000, 10_000), "and the clock fell");
        hands.pass(10_001);
        assert!(patience.has_passed(2_000_000, 10_000));
    }

    #[test]
    fn what_was_set_just_before_a_small_correction_is_not_late() {
        let (hands, patience) = patience(1_000_000);
        assert!(!patience.has_passed(1_000_000, 100));
        hands.pass(1_000_000);
        hands.wall.set(1_996_000);
        assert!(!patience.has_passed(2_000_000, 100));
        hands.pass(4_101);
        assert!(patience.has_passed(2_000_000, 100));
    }

    #[test]
    fn corrections_that_add_up_are_a_step() {
        let (hands, patience) = patience(10_000_000);
        assert!(!patience.has_passed(10_000_000, 10_000));
        for _ in 0..10 {
            hands.pass(10_000);
            hands.wall.set(hands.wall.get() - 4_000);
            assert!(!patience.has_passed(hands.wall.get() + 30_000, 10_000));
        }
    }
}
