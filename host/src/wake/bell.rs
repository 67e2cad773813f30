//! What waiters sleep on: wakes as many as there is something for, and forgets no ring.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Rung by the watcher, waited for by any number of threads.
#[derive(Debug, Default)]
pub(super) struct Bell {
    rings: Mutex<Rings>,
    rung: Condvar,
}

#[derive(Debug, Default)]
struct Rings {
    /// How often it was rung.
    count: u64,
    sleeping: usize,
    /// How many of those who sleep are to wake, each for one thing that there is; at most as many as sleep.
    exact: usize,
    /// The same, for an unknown number of things.
    open: usize,
}

/// What there may be when the bell is rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ring {
    /// So many things, one for each who wakes.
    Exact(usize),
    /// Something, for one who wakes; that one rings again if it was something.
    Open,
    /// Something that all are to see.
    All,
}

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waited {
    /// The bell was rung, for this one thing.
    Rung,
    /// The bell was rung: there may be something for others too.
    RungOpen,
    TimedOut,
}

impl Bell {
    fn lock(&self) -> MutexGuard<'_, Rings> {
        self.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often it was rung by now.
    pub(super) fn count(&self) -> u64 {
        self.lock().count
    }

    pub(super) fn ring(&self, ring: Ring) {
        let mut rings = self.lock();
        rings.count += 1;
        let free = rings.sleeping - rings.exact - rings.open;
        let woken = match ring {
            Ring::Exact(things) => things.min(free),
            Ring::Open => free.min(1),
            Ring::All => free,
        };
        if let Ring::Exact(_) = ring {
            rings.exact += woken;
        } else {
            rings.open += woken;
        }
        drop(rings);
        for _ in 0..woken {
            self.rung.notify_one();
        }
    }

    /// Sleeps until it is rung, unless it was since it had been rung `seen` times.
    pub(super) fn wait(&self, seen: u64, until: Option<Instant>) -> Waited {
        let mut rings = self.lock();
        if rings.count != seen {
            return Waited::RungOpen;
        }
        rings.sleeping += 1;
        let waited = loop {
            if rings.exact > 0 {
                rings.exact -= 1;
                break Waited::Rung;
            }
            if rings.open > 0 {
                rings.open -= 1;
                break Waited::RungOpen;
            }
            rings = match until.map(|until| until.saturating_duration_since(Instant::now())) {
                None => self.rung.wait(rings).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => break Waited::TimedOut,
                Some(left) => self.rung.wait_timeout(rings, left).unwrap_or_else(PoisonError::into_inner).0,
            };
        };
        rings.sleeping -= 1;
        waited
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    fn sleepers(count: usize) -> (Arc<Bell>, Arc<AtomicUsize>) {
        let (bell, woken) = (Arc::new(Bell::default()), Arc::new(AtomicUsize::new(0)));
        for _ in 0..count {
            let (bell, woken) = (bell.clone(), woken.clone());
            thread::spawn(move || {
                bell.wait(0, None);
                woken.fetch_add(1, Ordering::SeqCst);
            });
        }
        while bell.lock().sleeping < count {
            thread::sleep(Duration::from_millis(1));
        }
        (bell, woken)
    }

    fn settles_at(woken: &AtomicUsize, count: usize) {
        let began = Instant::now();
        while woken.load(Ordering::SeqCst) < count && began.elapsed() < Duration::from_secs(10) {
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(Duration::from_millis(50));
        assert_eq!(woken.load(Ordering::SeqCst), count);
    }

    #[test]
    fn as_many_wake_as_there_are_things() {
        let (bell, woken) = sleepers(20);
        bell.ring(Ring::Exact(3));
        settles_at(&woken, 3);
        bell.ring(Ring::Open);
        settles_at(&woken, 4);
        bell.ring(Ring::Exact(1000));
        settles_at(&woken, 20);
    }

    #[test]
    fn all_wake_where_all_are_to_see() {
        let (bell, woken) = sleepers(20);
        bell.ring(Ring::All);
        settles_at(&woken, 20);
    }

    #[test]
    fn what_was_rung_before_the_sleep_is_heard() {
        let bell = Bell::default();
        let seen = bell.count();
        bell.ring(Ring::Exact(1));
        let later = Instant::now() + Duration::from_secs(5);
        assert_eq!(bell.wait(seen, Some(later)), Waited::RungOpen);
        let soon = Instant::now() + Duration::from_millis(5);
        assert_eq!(bell.wait(bell.count(), Some(soon)), Waited::TimedOut);
        assert_eq!(bell.lock().sleeping, 0);
    }
}
