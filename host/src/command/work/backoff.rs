//! How long a failed task waits before it is tried again.

use std::time::Duration;

/// Doubles with each attempt, up to a limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    /// After the first attempt.
    pub(crate) first: Duration,
    /// At most.
    pub(crate) last: Duration,
}

impl Backoff {
    /// The wait after `attempt` (1 for the first), somewhere between a half and the whole of what is due, so that
    /// tasks that failed together are not tried again together.
    pub(crate) fn delay(self, attempt: u32, random: u64) -> Duration {
        let doublings = attempt.saturating_sub(1).min(31);
        let whole = self.first.saturating_mul(1 << doublings).min(self.last);
        let half = whole / 2;
        // 2^32 parts are fine enough, and fit with any wait into 128 bits.
        let part = u128::from(random >> 32);
        let jitter_ns = ((whole - half).as_nanos() * part) >> 32;
        half + Duration::from_nanos(u64::try_from(jitter_ns).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::random::random;

    const BACKOFF: Backoff = Backoff { first: Duration::from_secs(1), last: Duration::from_secs(300) };

    #[test]
    fn the_wait_doubles_up_to_the_limit() {
        let longest = |attempt| BACKOFF.delay(attempt, u64::MAX).as_secs_f64();
        let close = |a: f64, b: f64| (a - b).abs() < 0.001;
        assert!(close(longest(1), 1.0));
        assert!(close(longest(2), 2.0));
        assert!(close(longest(9), 256.0));
        assert!(close(longest(10), 300.0));
        assert!(close(longest(1000), 300.0));
    }

    #[test]
    fn jitter_takes_away_half_at_most() {
        for attempt in 1..12 {
            let shortest = BACKOFF.delay(attempt, 0);
            let longest = BACKOFF.delay(attempt, u64::MAX);
            assert!(shortest * 2 >= longest && shortest < longest, "{attempt}");
            let some = BACKOFF.delay(attempt, random());
            assert!(some >= shortest && some <= longest, "{attempt}");
        }
    }

    #[test]
    fn no_wait_stays_no_wait() {
        let none = Backoff { first: Duration::ZERO, last: Duration::ZERO };
        assert_eq!(none.delay(7, u64::MAX), Duration::ZERO);
    }
}
