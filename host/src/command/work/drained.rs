//! Finds out whether a queue is drained, without counting it all the time.

use leasehold::Status;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How soon, and how late, the queue is counted again.
const PAUSE_FIRST: Duration = Duration::from_millis(50);
const PAUSE_LAST: Duration = Duration::from_secs(2);
/// How many times longer than a count takes is waited before the next.
const PAUSE_PER_COUNT: u32 = 20;

/// Decides when to count, and what a count means.
pub(crate) struct DrainedCheck {
    count_at: Instant,
    pause: Duration,
    /// Whether the last count found nothing. A task that moves during a count can be missed by it, so it takes two.
    seemed_empty: bool,
}

impl DrainedCheck {
    pub(crate) fn new() -> Self {
        Self { count_at: Instant::now(), pause: PAUSE_FIRST, seemed_empty: false }
    }

    /// Whether nothing is pending, delayed or claimed by anyone. Counts only while this process is idle.
    pub(crate) fn is_drained(&mut self, idle: bool, count: impl FnOnce() -> Option<Status>) -> bool {
        if !idle {
            self.seemed_empty = false;
            self.pause = PAUSE_FIRST;
            return false;
        }
        let began = Instant::now();
        if began < self.count_at {
            return false;
        }
        let status = count();
        let took = began.elapsed();
        let empty = status.is_some_and(|status| status.ready + status.delayed + status.claimed == 0);
        let drained = empty && self.seemed_empty;
        self.seemed_empty = empty;
        self.pause = if empty { PAUSE_FIRST } else { (self.pause * 2).min(PAUSE_LAST) };
        let wait = status.and_then(|status| until_next_due(&status)).unwrap_or(self.pause);
        self.count_at = Instant::now() + wait.max(took * PAUSE_PER_COUNT);
        drained
    }
}

/// Where there are only delayed tasks, there is nothing to find out before the first of them is due.
fn until_next_due(status: &Status) -> Option<Duration> {
    let next_due = status.next_due_ms.filter(|_| status.ready + status.claimed == 0)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    let wait = Duration::from_millis(next_due).saturating_sub(now);
    // It could be cancelled before.
    Some(wait.clamp(PAUSE_FIRST, PAUSE_LAST))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: Status = Status {
        ready: 0,
        delayed: 0,
        claimed: 0,
        dead: 3,
        done: 4,
        oldest_ms: None,
        next_due_ms: None,
        paused: false,
        damaged: 0,
    };

    fn check(check: &mut DrainedCheck, idle: bool, status: Option<Status>) -> bool {
        check.count_at = Instant::now();
        check.is_drained(idle, || status)
    }

    #[test]
    fn it_takes_two_counts_in_a_row() {
        let mut drained = DrainedCheck::new();
        assert!(!check(&mut drained, true, Some(EMPTY)));
        assert!(check(&mut drained, true, Some(EMPTY)));
    }

    #[test]
    fn whatever_is_left_or_runs_starts_the_count_anew() {
        let left = [
            (true, Some(Status { ready: 1, ..EMPTY })),
            (true, Some(Status { delayed: 1, ..EMPTY })),
            (true, Some(Status { claimed: 1, ..EMPTY })),
            (true, None),
            (false, Some(EMPTY)),
        ];
        for (idle, status) in left {
            let mut drained = DrainedCheck::new();
            assert!(!check(&mut drained, true, Some(EMPTY)));
            assert!(!check(&mut drained, idle, status), "{idle} {status:?}");
            assert!(!check(&mut drained, true, Some(EMPTY)));
        }
    }

    #[test]
    fn delayed_tasks_are_waited_for_without_counting() {
        let far = Status { delayed: 1, next_due_ms: Some(u64::MAX / 2), ..EMPTY };
        assert_eq!(until_next_due(&far), Some(PAUSE_LAST));
        assert_eq!(until_next_due(&Status { claimed: 1, ..far }), None);
        let mut drained = DrainedCheck::new();
        assert!(!drained.is_drained(true, || Some(far)));
        let mut counted = false;
        drained.is_drained(true, || {
            counted = true;
            None
        });
        assert!(!counted);
    }
}
