//! `leasehold work` that is asked to stop, is killed, or loses its holder.

use crate::place::{Place, json, wait_for, wait_until};
use crate::work::{runs, stop};
use std::fs;
use std::process::Child;
use std::time::{Duration, Instant};

/// Starts a worker, and waits until its commands run.
fn busy(place: &Place, arguments: &[&str], script: &str, commands: usize) -> Child {
    let started = place.path().join("started");
    drop(fs::remove_file(&started));
    let script = format!("echo $$ >>started; {script}");
    let work = [&["work", "q"], arguments, &["--", "sh", "-c", &script]].concat();
    let worker = place.command(&work).spawn().unwrap();
    wait_until("the commands run", || fs::read_to_string(&started).is_ok_and(|pids| pids.lines().count() == commands));
    worker
}

fn commands(place: &Place) -> Vec<String> {
    fs::read_to_string(place.path().join("started")).unwrap().lines().map(Into::into).collect()
}

#[test]
fn a_signal_stops_the_commands_and_leaves_nothing_claimed() {
    for place in Place::both() {
        for signal in ["TERM", "INT", "HUP"] {
            place.push_lines("q", "x\ny\nz\n", &[]);
            let worker = busy(&place, &["--workers", "2"], "exec sleep 600", 2);
            assert_eq!(place.counts("q")[2], 2);
            stop(&worker, signal);
            let answer = wait_for(worker);
            answer.expect(0, &[signal]);
            assert!(answer.stderr.contains("released 2"), "{}", answer.stderr);
            assert_eq!(place.counts("q"), [3, 0, 0, 0, 0]);
            assert!(commands(&place).iter().all(|pid| !runs(pid)));
            assert!(!place.ok(&["holder", "ls"]).contains("alive"));
            // Given back, not failed.
            let claim = place.claim("q", "ada");
            assert_eq!(claim["attempt"], 1);
            place.ok(&["queue", "release", "q", claim["receipt"].as_str().unwrap()]);
            place.ok(&["queue", "purge", "q", "--state", "ready"]);
            place.ok(&["holder", "end", "ada"]);
        }
    }
}

#[test]
fn a_command_that_is_stopped_half_way_is_not_done_whatever_it_answers() {
    let place = Place::new();
    place.push_lines("q", "x\n", &[]);
    let worker = busy(&place, &[], "trap 'exit 0' TERM; sleep 600 & wait", 1);
    stop(&worker, "TERM");
    wait_for(worker).expect(0, &["work"]);
    assert_eq!(place.counts("q"), [1, 0, 0, 0, 0]);
}

#[test]
fn a_command_that_will_not_stop_is_killed() {
    let place = Place::new();
    place.push_lines("q", "x\n", &[]);
    let worker = busy(&place, &["--grace", "300ms"], "trap '' TERM; sleep 600; sleep 600", 1);
    stop(&worker, "TERM");
    wait_for(worker).expect(0, &["work"]);
    assert_eq!(place.counts("q"), [1, 0, 0, 0, 0]);
    assert!(!runs(&commands(&place)[0]));
}

#[test]
fn a_second_signal_does_not_wait() {
    let place = Place::new();
    place.push_lines("q", "x\n", &[]);
    let worker = busy(&place, &["--grace", "10m"], "trap '' TERM; sleep 600; sleep 600", 1);
    stop(&worker, "INT");
    std::thread::sleep(Duration::from_millis(200));
    stop(&worker, "INT");
    wait_for(worker).expect(0, &["work"]);
    assert_eq!(place.counts("q"), [1, 0, 0, 0, 0]);
}

#[test]
fn an_idle_worker_stops_at_once() {
    let place = Place::new();
    let worker = place.command(&["work", "q", "--workers", "4", "--holder", "idle", "--", "true"]).spawn().unwrap();
    wait_until("it works", || place.ok(&["holder", "ls"]).contains("idle"));
    std::thread::sleep(Duration::from_millis(300));
    let start = Instant::now();
    stop(&worker, "TERM");
    wait_for(worker).expect(0, &["work"]);
    assert!(start.elapsed() < Duration::from_secs(3));
}

#[test]
fn a_killed_worker_takes_its_commands_with_it() {
    for place in Place::both() {
        place.push_lines("q", "x\ny\n", &[]);
        // One of them will not hear of SIGTERM, and each has a child of its own.
        let script = r#"trap '' TERM; sleep 600 & echo $! >>children; wait; sleep 600"#;
        let mut worker = busy(&place, &["--workers", "2"], script, 2);
        let children = || fs::read_to_string(place.path().join("children")).unwrap_or_default();
        wait_until("their children run", || children().lines().count() == 2);
        worker.kill().unwrap();
        worker.wait().unwrap();
        wait_until("all of them are dead", || {
            !commands(&place).iter().any(|pid| runs(pid)) && !children().lines().any(runs)
        });
    }
}

#[test]
fn a_worker_restarted_under_its_old_name_does_at_once_what_it_held() {
    for place in Place::both() {
        place.push_lines("q", "x\ny\n", &[]);
        let arguments = ["--workers", "2", "--holder", "me", "--ttl", "1h"];
        let mut worker = busy(&place, &arguments, "exec sleep 600", 2);
        worker.kill().unwrap();
        worker.wait().unwrap();
        assert_eq!(place.counts("q"), [0, 0, 2, 0, 0]);

        let start = Instant::now();
        let work = ["work", "q", "--holder", "me", "--drain", "--json", "--", "true"];
        let printed = place.ok(&work);
        assert!(start.elapsed() < Duration::from_secs(15));
        let attempts: Vec<_> = printed.lines().filter_map(|line| json(line)["attempt"].as_u64()).collect();
        assert_eq!(attempts, [2, 2]);
        assert_eq!(place.counts("q"), [0; 5]);
    }
}

#[test]
fn what_a_killed_worker_held_comes_back_to_others_when_its_time_has_passed() {
    let place = Place::new();
    place.push_lines("q", "x\n", &[]);
    let mut worker = busy(&place, &["--ttl", "1s"], "exec sleep 600", 1);
    worker.kill().unwrap();
    worker.wait().unwrap();
    let printed = place.ok(&["work", "q", "--drain", "--json", "--", "true"]);
    let line = json(printed.lines().next().unwrap());
    assert_eq!((&line["outcome"], &line["attempt"]), (&"done".into(), &2.into()));
}

#[test]
fn of_two_workers_with_one_name_the_later_goes_on() {
    for place in Place::both() {
        place.push_lines("q", "x\n", &[]);
        let first = busy(&place, &["--holder", "me", "--ttl", "1s"], "exec sleep 600", 1);
        let pid = commands(&place).remove(0);
        // The later one takes over what the earlier one still works on.
        let later = place.command(&["work", "q", "--holder", "me", "--drain", "--", "cat"]).spawn().unwrap();
        let answer = wait_for(first);
        answer.expect(3, &["the first worker"]);
        assert!(answer.stderr.contains("lost") && answer.stderr.contains("\"me\""), "{}", answer.stderr);
        assert!(!runs(&pid), "its command went on without protection");
        assert_eq!(wait_for(later).expect(0, &["the later worker"]), "x");
        assert_eq!(place.counts("q"), [0; 5]);
    }
}

#[test]
fn a_worker_that_was_declared_dead_stops_its_command_and_works_on_in_a_new_epoch() {
    for place in Place::both() {
        place.push_lines("q", "x\n", &["--max-attempts", "2"]);
        let arguments = ["--holder", "me", "--ttl", "1s", "--drain"];
        let worker = busy(&place, &arguments, "[ $LEASEHOLD_ATTEMPT = 2 ] || exec sleep 600", 1);
        let pid = commands(&place).remove(0);
        place.ok(&["holder", "end", "me"]);
        let answer = wait_for(worker);
        answer.expect(0, &["work"]);
        assert!(answer.stderr.contains("new epoch"), "{}", answer.stderr);
        assert!(answer.stderr.contains("done 1, retried 0, dead 0, lost 1"), "{}", answer.stderr);
        assert!(!runs(&pid), "its command went on without protection");
        assert_eq!(place.counts("q"), [0; 5]);
    }
}

#[test]
fn a_worker_that_slept_too_long_does_not_finish_what_it_lost() {
    for place in Place::both() {
        place.push_lines("q", "x\n", &["--max-attempts", "2"]);
        let script = "[ $LEASEHOLD_ATTEMPT = 2 ] || exec sleep 600";
        let worker = busy(&place, &["--ttl", "1s", "--drain"], script, 1);
        let pid = commands(&place).remove(0);
        // As when a laptop is closed: time passes, and the worker does not notice.
        stop(&worker, "STOP");
        std::thread::sleep(Duration::from_millis(1500));
        place.ok(&["queue", "reap", "q"]);
        stop(&worker, "CONT");
        let answer = wait_for(worker);
        answer.expect(0, &["work"]);
        assert!(answer.stderr.contains("done 1, retried 0, dead 0, lost 1"), "{}", answer.stderr);
        assert!(!runs(&pid), "its command went on without protection");
        assert_eq!(place.counts("q"), [0; 5]);
    }
}

#[test]
fn a_command_whose_claim_is_taken_away_is_stopped() {
    let place = Place::new();
    let ids = place.push_lines("q", "x\n", &[]);
    let worker = busy(&place, &["--ttl", "1s", "--json"], "exec sleep 600", 1);
    let pid = commands(&place).remove(0);
    // Somebody who has the receipt buries the task.
    let environment = fs::read(format!("/proc/{}/environ", pid.trim())).unwrap();
    let environment = String::from_utf8(environment).unwrap();
    let receipt = environment.split('\0').find_map(|entry| entry.strip_prefix("LEASEHOLD_RECEIPT=")).unwrap();
    place.ok(&["queue", "bury", "q", receipt, "--reason", "enough"]);
    wait_until("the command is stopped", || !runs(&pid));
    stop(&worker, "TERM");
    let printed = wait_for(worker).expect(0, &["work"]);
    let line = json(printed.lines().next().unwrap());
    assert_eq!((&line["id"], &line["outcome"]), (&ids[0].as_str().into(), &"lost".into()));
    assert_eq!(place.peek("q", &ids[0])["reason"], "enough");
}

#[test]
fn workers_that_are_killed_again_and_again_lose_nothing() {
    let place = Place::new();
    let lines: String = (0..120).map(|n| format!("{n}\n")).collect();
    place.push_lines("q", &lines, &["--max-attempts", "1000"]);
    // Each task leaves its number, at least once.
    let work = ["work", "q", "--workers", "2", "--ttl", "1h", "--holder"];
    let command = ["--drain", "--", "sh", "-c", "n=$(cat); sleep 0.05; echo $n >>done"];
    let start = |name: &str| place.command(&[&work[..], &[name], &command].concat()).spawn().unwrap();
    let mut workers = [("a", start("a")), ("b", start("b"))];
    for round in 0..8 {
        std::thread::sleep(Duration::from_millis(250));
        let (name, worker) = &mut workers[round % 2];
        worker.kill().unwrap();
        worker.wait().unwrap();
        *worker = start(name);
    }
    for (name, worker) in workers {
        wait_for(worker).expect(0, &[name]);
    }
    assert_eq!(place.counts("q"), [0; 5]);
    let done = fs::read_to_string(place.path().join("done")).unwrap();
    let mut numbers: Vec<u32> = done.lines().map(|line| line.parse().unwrap()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers, (0..120).collect::<Vec<_>>());
}
