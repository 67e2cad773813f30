//! Processes are killed at random moments and started again: nothing is lost, and nothing held by two who live.

use crate::crowd::Crowd;
use crate::dice::{Dice, seed};
use crate::judge::judge;
use crate::place::{Place, from_environment, push};
use std::time::Duration;

fn race(place: &Place, kills: u64) {
    println!("seed {}", seed());
    let mut session = place.session();
    let mut pushed = push(&mut session, "first", 200);
    let mut crowd = Crowd::start(place, "all", false);
    let mut dice = Dice::new(seed());
    let mut done = 0;
    while (crowd.killed.len() as u64) < kills {
        // Something to do is there all the time.
        if session.queue("race").unwrap().status().unwrap().ready < 60 {
            done += 1;
            pushed.extend(push(&mut session, &format!("more{done}"), 60));
        }
        std::thread::sleep(Duration::from_millis(2 + dice.below(40)));
        crowd.kill_and_restart(usize::try_from(dice.below(8)).unwrap());
    }
    std::fs::write(place.root().join("finish"), b"").unwrap();
    crowd.wait();
    let verdict = judge(&crowd.lines(), &pushed, &crowd.killed);
    println!("{} tasks on {}, {} kills: {verdict:?}", pushed.len(), place.kind, crowd.killed.len());
    let status = session.queue("race").unwrap().status().unwrap();
    assert_eq!((status.ready, status.delayed, status.claimed, status.dead, status.damaged), (0, 0, 0, 0, 0));
    assert!(verdict.again > 0, "no kill hit anybody who held something");
    assert!(session.maintenance_check().unwrap().is_empty());
}

#[test]
fn two_hundred_kills_lose_nothing_on_the_disk() {
    race(&Place::on_disk(), from_environment("LEASEHOLD_RACE_KILLS", 200));
}

#[test]
fn two_hundred_kills_lose_nothing_in_memory() {
    if let Some(place) = Place::in_memory() {
        race(&place, from_environment("LEASEHOLD_RACE_KILLS", 200));
    }
}
