//! Everybody lives: each task is claimed once, but for those that are given back on purpose.

use crate::crowd::Crowd;
use crate::judge::{Killed, judge};
use crate::place::{Place, from_environment, push};

fn drain(place: &Place, tasks: u64, is_native: bool) {
    let pushed = push(&mut place.session(), "task", tasks);
    assert_eq!(pushed.len() as u64, tasks);
    std::fs::write(place.root().join("finish"), b"").unwrap();
    let mut crowd = Crowd::start(place, "drain", is_native);
    crowd.wait();
    let lines = crowd.lines();
    let verdict = judge(&lines, &pushed, &Killed::new());
    let released = lines.iter().filter(|line| line.what == "released").count();
    println!("{} on {}: {verdict:?}, {released} given back on purpose", tasks, place.kind);
    assert_eq!(verdict.dones as u64, tasks, "every task is done once");
    assert_eq!(verdict.claims, pushed.len() + released, "no task is claimed again but for those given back");
    assert!(released > 0, "some were given back, and finishing them under the old token was lost");
    let status = place.session().queue("race").unwrap().status().unwrap();
    assert_eq!((status.ready, status.claimed, status.damaged), (0, 0, 0));
}

#[test]
fn eight_processes_of_four_instances_claim_each_task_once_on_the_disk() {
    drain(&Place::on_disk(), from_environment("LEASEHOLD_RACE_TASKS", 5_000), false);
}

#[test]
fn eight_processes_of_four_instances_claim_each_task_once_in_memory() {
    if let Some(place) = Place::in_memory() {
        drain(&place, from_environment("LEASEHOLD_RACE_TASKS", 5_000), false);
    }
}

#[test]
fn the_same_holds_without_the_sandbox() {
    drain(&Place::on_disk(), from_environment("LEASEHOLD_RACE_TASKS", 2_000), true);
}
