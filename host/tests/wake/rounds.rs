//! No wake is lost, whatever a push makes on its way and whenever it does.

use crate::pusher::{Pusher, now};
use leasehold::wake::Wake;
use leasehold::{Durability, Error, Grants, Session};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What is found only by the slow look, three to five seconds after the last one, was overlooked.
const OVERLOOKED: Duration = Duration::from_millis(1_500);

#[test]
fn whatever_appears_is_noticed() {
    play(2_000, &["plain", "batch", "delayed", "given", "paused", "released", "plain"]);
}

/// Nothing else wakes anyone here, as what follows a ticket would.
#[test]
fn a_push_is_noticed_whenever_it_comes() {
    play(500, &["plain"]);
}

fn play(rounds: u64, kinds: &[&str]) {
    let place = TempDir::new().unwrap();
    let grants = Grants::beneath(place.path());
    let mut session = Session::native(&grants).unwrap();
    let holder = session.holder_open("worker", 600_000, Durability::Unsynced).unwrap();
    let mut pusher = Pusher::start(place.path());
    let mut slow = Vec::new();
    for round in 0..rounds {
        // Ever new queues, priorities and buckets; each queue is old at last.
        let queue = format!("q{}", round / 100);
        let kind = if kinds.len() > 1 && round % 500 == 499 {
            "dropped"
        } else {
            kinds[usize::try_from(round).unwrap() % kinds.len()]
        };
        let wake = Wake::queue(&grants, &queue).unwrap();
        // From long before the other sleeps to long after.
        pusher.tell(&queue, kind, Duration::from_micros(round * 37 % 900), round);
        let until = Instant::now() + Duration::from_secs(30);
        for _ in 0..if kind == "batch" { 2 } else { 1 } {
            let task = wake.wait_for(Some(until), || {
                let answer = match session.queue(&queue)?.claim(&holder, 1, None, Durability::Unsynced) {
                    Err(Error::Store(leasehold_core::Error::Paused(_))) => Ok::<_, Error>(None),
                    answer => Ok(answer?.pop()),
                };
                // Long enough for a push to be told of between a look that found nothing and the sleep.
                std::thread::sleep(Duration::from_micros(round * 13 % 400));
                answer
            });
            let task = task.unwrap().unwrap_or_else(|| panic!("round {round}, {kind}: never"));
            let due: u64 = std::str::from_utf8(&task.payload).unwrap().parse().unwrap();
            let late = now().saturating_sub(Duration::from_nanos(due));
            if late > OVERLOOKED {
                slow.push((round, kind, late));
            }
            // The machine may have stood still once.
            assert!(slow.len() <= 1, "{slow:?}");
            session.queue(&queue).unwrap().done(&task.receipt, None, Durability::Unsynced).unwrap();
        }
    }
}
