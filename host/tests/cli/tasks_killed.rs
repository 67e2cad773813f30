//! A batch whose command is killed is there whole or not at all.

use crate::place::Place;
use std::time::{Duration, Instant};

const BATCH: u64 = 400;

#[test]
fn a_batch_killed_at_any_tenth_of_its_way_is_whole_or_not_there() {
    for place in Place::both() {
        let text: String =
            (0..BATCH).map(|n| format!("{{\"subject\":\"task {n}\",\"description\":\"…\"}}\n")).collect();
        std::fs::write(place.path().join("batch"), text).unwrap();
        let batch = ["task", "batch", "l", "batch"];
        let begun = Instant::now();
        place.ok(&batch);
        let whole = begun.elapsed();
        let mut there = BATCH;
        for n in 0..30 {
            let mut child = place.command(&batch).spawn().unwrap();
            std::thread::sleep(whole * (n % 11) / 10 + Duration::from_micros(u64::from(n) * 37));
            child.kill().unwrap();
            let is_done = child.wait().unwrap().success();
            let ids = place.ok(&["task", "ls", "l"]);
            let ids: Vec<u64> = ids.lines().map(|row| row.split('\t').next().unwrap().parse().unwrap()).collect();
            let count = ids.len() as u64;
            assert!(count == there + BATCH || (count == there && !is_done), "{count} after {there}");
            assert!(ids.into_iter().eq(1..=count));
            there = count;
        }
        // Nothing that was left behind is in the way, or damage.
        let ids = place.ok(&batch);
        assert_eq!(ids.lines().next().unwrap(), (there + 1).to_string());
        assert_eq!(place.ok(&["doctor"]), "");
    }
}
