//! How many tasks still wait, for people who watch.

use leasehold::Status;
use std::time::{Duration, Instant};

/// How often they are counted at most, and how many times longer than a count takes is waited before the next.
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_PER_COUNT: u32 = 20;

/// The last count.
pub(crate) struct Waiting {
    count_at: Instant,
    count: Option<u64>,
}

impl Waiting {
    pub(crate) fn new() -> Self {
        Self { count_at: Instant::now(), count: None }
    }

    /// How many are ready or delayed, counted now and then.
    pub(crate) fn count(&mut self, count: impl FnOnce() -> Option<Status>) -> Option<u64> {
        let began = Instant::now();
        if began >= self.count_at {
            self.count = count().map(|status| status.ready + status.delayed);
            self.count_at = Instant::now() + PAUSE.max(began.elapsed() * PAUSE_PER_COUNT);
        }
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_queue_is_not_counted_all_the_time() {
        let mut waiting = Waiting::new();
        let status = Status { ready: 2, delayed: 3, claimed: 4, ..Status::default() };
        assert_eq!(waiting.count(|| Some(status)), Some(5));
        assert_eq!(waiting.count(|| None), Some(5));
    }
}
