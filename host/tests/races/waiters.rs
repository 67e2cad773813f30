//! Many run a command under one lock at once: each gets its turn, and none is there with another.

use crate::intervals::{self, Grant};
use crate::log::{self, Log};
use crate::place::{Place, from_environment};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Waiters that take longer hang.
const PATIENCE: Duration = Duration::from_secs(300);

/// What runs under the lock; nothing where nobody told it anything.
#[test]
fn say_when_the_turn_begins_and_ends() {
    let (Ok(logs), Ok(run)) = (std::env::var("WAITER_LOGS"), std::env::var("WAITER_RUN")) else { return };
    let token = std::env::var("LEASEHOLD_TOKEN").unwrap().parse().unwrap();
    let mut log = Log::open(logs.as_ref(), &run, 0);
    log.write("begin", "turn", token);
    std::thread::sleep(Duration::from_millis(1));
    log.write("end", "turn", token);
}

fn wait_for_one_lock(place: &Place) {
    let waiters = from_environment("LEASEHOLD_RACE_WAITERS", 40);
    let logs = place.root().join("logs");
    std::fs::create_dir(&logs).unwrap();
    let begun = Instant::now();
    let mut children: Vec<Child> = (0..waiters)
        .map(|n| {
            Command::new(env!("CARGO_BIN_EXE_leasehold"))
                .arg("--root")
                .arg(place.root())
                .args(["lock", "one", "--"])
                .arg(std::env::current_exe().unwrap())
                .args(["waiters::say_when_the_turn_begins_and_ends", "--exact", "--nocapture", "--test-threads=1"])
                .env("WAITER_LOGS", &logs)
                .env("WAITER_RUN", format!("w{n}"))
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    let started = begun.elapsed();
    for child in &mut children {
        let status = loop {
            match child.try_wait().unwrap() {
                Some(status) => break status,
                None if begun.elapsed() > PATIENCE => break child.kill().and_then(|()| child.wait()).unwrap(),
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        };
        assert!(status.success(), "{status}");
    }
    let all = begun.elapsed();
    let lines = log::read(&logs);
    let grants: Vec<Grant> = (0..waiters)
        .map(|n| {
            let run = format!("w{n}");
            let own: Vec<_> = lines.iter().filter(|line| line.run == run).collect();
            let [begin, end] = own[..] else { panic!("{run} had not one turn: {own:?}") };
            assert_eq!((begin.what.as_str(), end.what.as_str(), begin.token), ("begin", "end", end.token), "{run}");
            Grant { token: begin.token, run, asked_ns: begin.at_ns, from_ns: begin.at_ns, until_ns: end.at_ns }
        })
        .collect();
    let longest_ms = intervals::judge(grants) / 1_000_000;
    println!(
        "{waiters} waiters for one lock on {}: started in {started:.1?}, all had their turn in {all:.1?}, \
         at most {longest_ms} ms between two turns",
        place.kind
    );
    let state = place.session().lease_get("one").unwrap().unwrap();
    assert_eq!((state.holding, state.waiting), (None, 0), "nobody has it, and nobody is left in line");
}

#[test]
fn each_of_many_waiters_has_its_turn_alone_on_the_disk() {
    wait_for_one_lock(&Place::on_disk());
}

#[test]
fn each_of_many_waiters_has_its_turn_alone_in_memory() {
    if let Some(place) = Place::in_memory() {
        wait_for_one_lock(&place);
    }
}
