//! Standing in line for a lease.

use crate::command::failure::{Failure, is_lost};
use leasehold::wake::Wake;
use leasehold::{Durability, Error, Holder, Holding, Session, Turn};
use leasehold_core::Error as Store;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Who is next asks as soon as anything happens; each further one waits so much longer at least.
const PAUSE_FIRST: Duration = Duration::from_millis(10);
const PAUSE_LAST: Duration = Duration::from_secs(1);
/// Nobody asks less often: a place that is not asked for in ten seconds is void, and nothing tells that a holder died.
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// How soon a renewal that failed is tried again.
const RENEW_AGAIN: Duration = Duration::from_millis(200);

/// One who stands in line, under a holder of its own.
pub(crate) struct Standing<'a> {
    pub(crate) session: &'a mut Session,
    pub(crate) name: &'a str,
    /// It is renewed meanwhile.
    pub(crate) holder: &'a Holder,
    /// How long to stand there; for ever unless told.
    pub(crate) wait: Option<Duration>,
    pub(crate) durability: Durability,
    /// Of this lease; whoever sends a signal has all wake who sleep on it.
    pub(crate) wake: &'a Wake,
    pub(crate) signals: &'a mut dyn FnMut(Duration) -> Option<i32>,
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
    /// Stands in line until the lease is granted, and leaves it otherwise.
    pub(crate) fn stand(mut self) -> Result<Turned, Failure> {
        let turned = self.ask_until_granted();
        if !matches!(turned, Ok(Turned::Granted(_)))
            && let Err(error) = self.session.lease_leave(self.name, self.holder)
        {
            tracing::debug!(%error, "the line could not be left: the place is void in ten seconds");
        }
        turned
    }

    fn ask_until_granted(&mut self) -> Result<Turned, Failure> {
        let start = Instant::now();
        // The epoch may be one that somebody else opened: only its renewal tells how long it lives.
        let mut renew_at = start;
        let mut is_waiting = false;
        loop {
            // Where it is granted at once nothing is watched.
            let mark = is_waiting.then(|| self.wake.mark());
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
            is_waiting = true;
            let Some(mark) = mark else { continue };
            if Instant::now() >= renew_at {
                renew_at = Instant::now() + self.renew()?;
            }
            let until_renewal = renew_at.saturating_duration_since(Instant::now());
            let longest = PAUSE_MAX.min(left).min(until_renewal);
            let until = Instant::now() + longest;
            let mut signal = (self.signals)(pause_of(ahead).min(longest));
            if signal.is_none() {
                let _ = mark.wait(Some(until));
                signal = (self.signals)(Duration::ZERO);
            }
            if let Some(signal) = signal {
                return Ok(Turned::Signalled(signal));
            }
        }
    }

    /// Renews the holder; answers when to do so again.
    fn renew(&mut self) -> Result<Duration, Failure> {
        match self.session.holder_renew(self.holder, Durability::Unsynced) {
            Ok(until_ms) => Ok(renewal_pause(Duration::from_millis(until_ms), since_1970())),
            Err(error) if is_lost(&error) => Err(error.into()),
            // What stands in the way may pass; if it does not, asking tells when the holder is over.
            Err(error) => {
                tracing::warn!(%error, "the holder could not be renewed");
                Ok(RENEW_AGAIN)
            }
        }
    }
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// A third of what is left. Never long: the clock may be set back between the answer and the look at it.
fn renewal_pause(until: Duration, now: Duration) -> Duration {
    (until.saturating_sub(now) / 3).clamp(PAUSE_FIRST, PAUSE_MAX)
}

/// How long to wait at least before asking again, with `ahead` others before us: all are woken by what happens.
fn pause_of(ahead: u32) -> Duration {
    PAUSE_FIRST.saturating_mul(ahead).min(PAUSE_LAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_next_asks_at_once_and_nobody_asks_too_seldom() {
        let pause = |ahead| pause_of(ahead).as_millis();
        assert_eq!((pause(0), pause(1), pause(9)), (0, 10, 90));
        assert_eq!((pause(500), pause(u32::MAX)), (1000, 1000));
    }

    #[test]
    fn a_holder_is_renewed_long_before_its_time_is_over_whatever_the_clock_says() {
        let pause = |until, now| renewal_pause(Duration::from_millis(until), Duration::from_millis(now)).as_millis();
        assert_eq!((pause(1_300, 1_000), pause(600_000, 0), pause(1_000, 2_000)), (100, 2_000, 10));
    }
}
