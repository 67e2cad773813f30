//! Standing in line for a lease.

use crate::command::failure::Failure;
use leasehold::{Durability, Error, Holder, Holding, Session, Turn};
use leasehold_core::Error as Store;
use std::time::{Duration, Instant};

/// How often who is next asks at first, and each further one by as much less often.
const PAUSE_FIRST: Duration = Duration::from_millis(10);
/// How often who is next asks after a long time, and each further one by as much less often.
const PAUSE_LAST: Duration = Duration::from_millis(100);
/// Nobody asks less often: a place that is not asked for in ten seconds is void.
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// Who has stood long asks less often: once in this part of the time.
const PART: u32 = 20;

/// One who stands in line, under a holder of its own.
pub(crate) struct Standing<'a> {
    pub(crate) session: &'a mut Session,
    pub(crate) name: &'a str,
    pub(crate) holder: &'a Holder,
    /// How long the holder lives; it is renewed meanwhile.
    pub(crate) ttl: Duration,
    /// How long to stand there; for ever unless told.
    pub(crate) wait: Option<Duration>,
    pub(crate) durability: Durability,
}

/// How standing in line ended.
#[derive(Debug)]
pub(crate) enum Turned {
    /// The lease is ours, under this token.
    Granted(u64),
    /// The time is over. Who has it; nobody, while it is meant for who is first in line.
    TooLate(Option<Holding>),
    /// This signal came.
    Signalled(i32),
}

impl Standing<'_> {
    /// Stands in line until the lease is granted, and leaves it otherwise. `pause` sleeps for so long, and answers a
    /// signal that came meanwhile.
    pub(crate) fn stand(mut self, pause: &mut dyn FnMut(Duration) -> Option<i32>) -> Result<Turned, Failure> {
        let turned = self.ask_until_granted(pause);
        if !matches!(turned, Ok(Turned::Granted(_)))
            && let Err(error) = self.session.lease_leave(self.name, self.holder)
        {
            tracing::debug!(%error, "the line could not be left: the place is void in ten seconds");
        }
        turned
    }

    fn ask_until_granted(&mut self, pause: &mut dyn FnMut(Duration) -> Option<i32>) -> Result<Turned, Failure> {
        let start = Instant::now();
        let mut renewed = start;
        loop {
            let waited = start.elapsed();
            let left = self.wait.map_or(PAUSE_MAX, |wait| wait.saturating_sub(waited));
            let ahead = match self.session.lease_acquire_in_turn(self.name, self.holder, self.durability) {
                Ok(Turn::Granted(token)) => return Ok(Turned::Granted(token)),
                Ok(Turn::Waiting { holding, .. }) if left.is_zero() => return Ok(Turned::TooLate(holding)),
                Ok(Turn::Waiting { ahead, .. }) => ahead,
                // Many who ask at once stand in each other's way.
                Err(Error::Store(Store::Exhausted(_))) if !left.is_zero() => 1,
                Err(error) => return Err(error.into()),
            };
            let length = pause_of(ahead, waited).min(left).min(self.ttl / 3);
            if let Some(signal) = pause(length) {
                return Ok(Turned::Signalled(signal));
            }
            if renewed.elapsed() >= self.ttl / 3 {
                renewed = Instant::now();
                self.session.holder_renew(self.holder, Durability::Unsynced)?;
            }
        }
    }
}

/// How long to wait before asking again, with `ahead` others before us.
fn pause_of(ahead: u32, waited: Duration) -> Duration {
    let far = ahead.saturating_add(1);
    let shortest = PAUSE_FIRST.saturating_mul(far);
    let longest = PAUSE_LAST.saturating_mul(far);
    (waited / PART).clamp(shortest, longest).min(PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_next_asks_often_and_nobody_asks_too_seldom() {
        let pause = |ahead, secs| pause_of(ahead, Duration::from_secs(secs)).as_millis();
        assert_eq!((pause(0, 0), pause(1, 0), pause(9, 0)), (10, 20, 100));
        assert_eq!((pause(0, 1), pause(0, 3600), pause(4, 3600)), (50, 100, 500));
        assert_eq!((pause(500, 0), pause(u32::MAX, 3600)), (1000, 1000));
    }
}
