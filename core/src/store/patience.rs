//! When a deadline is believed to have passed.
//!
//! Names on the disk carry when a deadline was set and for how long, by the wall clock, and that clock can step. An
//! instance that sees it step (the monotonic clock disagrees), or that finds a deadline set in the future, waits
//! until the same name has stood for the whole time on the monotonic clock. An instance that starts after a
//! step forward cannot know; the token fences what follows.

use crate::capability::Environment;
use alloc::collections::BTreeMap;
use alloc::string::String;
use core::cell::{Cell, RefCell};

/// Clocks that are merely corrected drift by less than this between two looks.
const STEP_MS: u64 = 5_000;
/// How many names are watched at most; beyond it watching begins anew, which only takes longer.
const WATCHED_MAX: usize = 4_096;

#[derive(Debug)]
pub(crate) struct Patience {
    environment: Environment,
    /// The last look at both clocks: (wall, monotonic).
    last: Cell<Option<(u64, u64)>>,
    /// When the wall clock was seen to step, on the monotonic clock.
    stepped: Cell<Option<u64>>,
    /// Since when a name has been seen unchanged, on the monotonic clock.
    watched: RefCell<BTreeMap<String, u64>>,
}

impl Patience {
    pub(crate) fn new(environment: Environment) -> Self {
        Patience { environment, last: Cell::new(None), stepped: Cell::new(None), watched: RefCell::default() }
    }

    /// Whether what was set at `set_ms` for `for_ms`, and stands under `name`, has passed.
    pub(crate) fn has_passed(&self, name: &str, set_ms: u64, for_ms: u64) -> bool {
        let (wall, monotonic) = self.look();
        if let Some(stepped) = self.stepped.get() {
            // Whoever lives has renewed by the new clock once this time is over.
            if monotonic.saturating_sub(stepped) < for_ms {
                return false;
            }
        }
        if wall < set_ms {
            return self.has_stood(name, monotonic, for_ms);
        }
        wall - set_ms > for_ms
    }

    fn look(&self) -> (u64, u64) {
        let (wall, monotonic) = (self.environment.now_ms(), self.environment.monotonic_ms());
        if let Some((wall_before, monotonic_before)) = self.last.replace(Some((wall, monotonic))) {
            let expected = wall_before.saturating_add(monotonic.saturating_sub(monotonic_before));
            if expected.abs_diff(wall) > STEP_MS {
                self.stepped.set(Some(monotonic));
                self.watched.borrow_mut().clear();
            }
        }
        (wall, monotonic)
    }

    fn has_stood(&self, name: &str, monotonic: u64, for_ms: u64) -> bool {
        let mut watched = self.watched.borrow_mut();
        if let Some(since) = watched.get(name) {
            return monotonic.saturating_sub(*since) > for_ms;
        }
        if watched.len() >= WATCHED_MAX {
            watched.clear();
        }
        watched.insert(String::from(name), monotonic);
        false
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
        assert!(!patience.has_passed("x", 1_000_000, 100));
        hands.pass(101);
        assert!(patience.has_passed("x", 1_000_000, 100));
    }

    #[test]
    fn a_step_forward_kills_nobody_who_renews() {
        let (hands, patience) = patience(1_000_000);
        assert!(!patience.has_passed("x", 1_000_000, 10_000));
        hands.wall.set(9_000_000);
        assert!(!patience.has_passed("x", 1_000_000, 10_000), "believed right after the step");
        hands.pass(10_001);
        assert!(!patience.has_passed("renewed", 9_009_000, 10_000));
        assert!(patience.has_passed("x", 1_000_000, 10_000));
    }

    #[test]
    fn a_deadline_set_in_the_future_passes_once_its_name_has_stood_that_long() {
        let (hands, patience) = patience(1_000_000);
        assert!(!patience.has_passed("x", 5_000_000, 100));
        hands.pass(101);
        assert!(patience.has_passed("x", 5_000_000, 100));
        assert!(!patience.has_passed("changed", 5_000_000, 100));
    }
}
