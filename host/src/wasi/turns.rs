//! How those who race for one name give way to each other.
//!
//! All but one of them have prepared a swap in vain. Where that took the disk they keep it busy for nothing, and the one who
//! is to be first waits behind them: where they are many, most of what the disk does is in vain. The component can not wait,
//! so the host does: who has lost several times in a row is answered after a pause, of random length, longer each time. Whoever
//! does not pause meanwhile has the disk for itself, often for several swaps. Nobody depends on anybody: who is killed in a
//! pause has lost a swap, and nothing else.

use leasehold_core::capability::{FsError, FsResult};
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// How many losses in a row are answered at once: where few race, a pause would leave the disk idle.
const ANSWERED_AT_ONCE: u32 = 8;
/// The longest pause after the one that follows; the next one may be twice as long.
const PAUSE_MIN: Duration = Duration::from_millis(1);
/// No pause is longer.
const PAUSE_MAX: Duration = Duration::from_millis(128);

/// What became of the swaps of one instance.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// How many were lost in a row.
    lost: u32,
    /// Whether anything was synced since the last one.
    has_synced: bool,
}

impl Turns {
    /// Something was put on the disk.
    pub(super) fn synced(&mut self) {
        self.has_synced = true;
    }

    /// A file got another name within its directory, which is a swap, or somebody else was first; how long to pause at most.
    /// A swap that took no disk costs little, and is not waited for: a claimer may lose many in a row, each for another task.
    pub(super) fn swapped(&mut self, swapped: &FsResult<()>) -> Duration {
        let has_synced = std::mem::take(&mut self.has_synced);
        match swapped {
            Err(FsError::NotFound) if has_synced => {
                let lost = self.lost;
                self.lost = lost.saturating_add(1);
                lost.checked_sub(ANSWERED_AT_ONCE).map_or(Duration::ZERO, |times| {
                    PAUSE_MIN.saturating_mul(1_u32.checked_shl(times).unwrap_or(u32::MAX)).min(PAUSE_MAX)
                })
            }
            Err(_) => Duration::ZERO,
            Ok(()) => {
                self.lost = 0;
                Duration::ZERO
            }
        }
    }
}

/// Pauses, for up to `most`.
pub(super) fn pause(most: Duration) {
    if !most.is_zero() {
        // Not the environment's: what the component draws must not depend on who was first.
        let part = RandomState::new().hash_one(0_u64) >> 32;
        std::thread::sleep(most.mul_f64(part as f64 / f64::from(u32::MAX)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One who has lost so often that the next loss is the first to be paused for.
    fn unlucky() -> Turns {
        Turns { lost: ANSWERED_AT_ONCE, ..Turns::default() }
    }

    fn lost_after_a_sync(turns: &mut Turns) -> Duration {
        turns.synced();
        turns.swapped(&Err(FsError::NotFound))
    }

    #[test]
    fn who_loses_again_and_again_pauses_longer_each_time_up_to_an_end() {
        let mut turns = Turns::default();
        let pauses: Vec<Duration> = (0..100).map(|_| lost_after_a_sync(&mut turns)).collect();
        assert_eq!(pauses[7..10], [Duration::ZERO, PAUSE_MIN, PAUSE_MIN * 2]);
        assert!(pauses.is_sorted());
        assert_eq!(pauses[99], PAUSE_MAX);
    }

    #[test]
    fn who_is_first_pauses_not_at_all_and_begins_anew() {
        let mut turns = unlucky();
        assert_eq!(lost_after_a_sync(&mut turns), PAUSE_MIN);
        turns.synced();
        assert!(turns.swapped(&Ok(())).is_zero());
        assert!(lost_after_a_sync(&mut turns).is_zero());
    }

    #[test]
    fn what_took_no_disk_or_failed_otherwise_is_not_paused_for() {
        let mut turns = unlucky();
        lost_after_a_sync(&mut turns);
        for _ in 0..100 {
            assert!(turns.swapped(&Err(FsError::NotFound)).is_zero());
        }
        turns.synced();
        assert!(turns.swapped(&Err(FsError::NoSpace)).is_zero());
        assert_eq!(lost_after_a_sync(&mut turns), PAUSE_MIN * 2);
    }

    #[test]
    fn a_pause_has_an_end() {
        let begun = std::time::Instant::now();
        pause(Duration::ZERO);
        pause(PAUSE_MIN);
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
}
