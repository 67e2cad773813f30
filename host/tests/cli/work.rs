//! `leasehold work` while all is well with the worker itself.

use crate::place::{Place, json, wait_for, wait_until};
use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

fn numbers(count: usize) -> String {
    (0..count).map(|n| format!("{n}\n")).collect()
}

#[test]
fn a_queue_is_drained_and_the_results_are_kept() {
    for place in Place::both() {
        let ids = place.push_lines("q", &numbers(40), &[]);
        let answer = place.run(&["work", "q", "--workers", "4", "--drain", "--keep", "--", "tr", "0-9", "a-j"]);
        answer.expect(0, &["work"]);
        assert!(answer.stderr.contains("done 40, retried 0, dead 0, lost 0"), "{}", answer.stderr);
        assert_eq!(answer.text(), "");
        assert_eq!(place.counts("q"), [0, 0, 0, 0, 40]);
        assert_eq!(place.ok(&["queue", "result", "q", &ids[37]]), "dh");
        assert!(place.ok(&["holder", "ls"]).contains("dead"));
    }
}

#[test]
fn without_keep_the_output_goes_where_ours_goes_and_nothing_is_left() {
    let place = Place::new();
    place.push_lines("q", "a\nb\n", &[]);
    let printed = place.ok(&["work", "q", "--drain", "--", "cat"]);
    assert_eq!(printed, "ab");
    assert_eq!(place.counts("q"), [0; 5]);
}

#[test]
fn a_command_is_told_about_its_task() {
    for place in Place::both() {
        place.push_lines("q", "x\n", &["--id", "Straße 1", "--attribute", "colour=red", "--max-attempts", "7"]);
        let script = r#"printf '%s\n' "$LEASEHOLD_ID" "$LEASEHOLD_ATTEMPT" "$LEASEHOLD_MAX_ATTEMPTS" "$LEASEHOLD_QUEUE" \
            "$LEASEHOLD_ATTRIBUTES" "$LEASEHOLD_ROOT" "$LEASEHOLD_TOKEN" "$LEASEHOLD_RECEIPT""#;
        let printed = place.ok(&["work", "q", "--drain", "--", "sh", "-c", script]);
        let lines: Vec<_> = printed.lines().collect();
        let root = place.path().join(".leasehold");
        assert_eq!(lines[..6], ["Straße 1", "1", "7", "q", r#"{"colour":"red"}"#, root.to_str().unwrap()]);
        assert!(lines[6].parse::<u64>().unwrap() > 0);
        assert!(!lines[7].is_empty());
    }
}

#[test]
fn a_failing_task_is_tried_again_until_it_is_dead_with_the_reason() {
    for place in Place::both() {
        let ids = place.push_lines("q", "x\n", &["--max-attempts", "3"]);
        let script = r#"echo "attempt $LEASEHOLD_ATTEMPT" | tee -a log >&2; echo "no such address" >&2; exit 3"#;
        let work = ["work", "q", "--drain", "--backoff", "50ms", "--", "sh", "-c", script];
        let answer = place.run(&work);
        answer.expect(0, &work);
        assert!(answer.stderr.contains("done 0, retried 2, dead 1, lost 0"), "{}", answer.stderr);
        assert!(answer.stderr.contains("no such address"), "{}", answer.stderr);
        assert_eq!(place.counts("q"), [0, 0, 0, 1, 0]);
        let reason = place.peek("q", &ids[0])["reason"].as_str().unwrap().to_owned();
        assert_eq!(reason, "exit status 3: attempt 3\nno such address");
        let log = fs::read_to_string(place.path().join("log")).unwrap();
        assert_eq!(log, "attempt 1\nattempt 2\nattempt 3\n");
    }
}

#[test]
fn a_killed_command_has_failed_and_says_so() {
    let place = Place::new();
    let ids = place.push_lines("q", "x\n", &["--max-attempts", "1"]);
    place.ok(&["work", "q", "--drain", "--", "sh", "-c", "kill -9 $$"]);
    assert_eq!(place.peek("q", &ids[0])["reason"], "killed by signal 9");
}

#[test]
fn each_failure_waits_longer() {
    let place = Place::new();
    place.push_lines("q", "x\n", &["--max-attempts", "4"]);
    let work = ["--json", "work", "q", "--drain", "--backoff", "40ms", "--backoff-max", "100ms", "--", "false"];
    let printed = place.ok(&work);
    let lines: Vec<_> = printed.lines().map(json).collect();
    let waits: Vec<_> = lines[..3].iter().map(|line| line["retry_in_ms"].as_u64().unwrap()).collect();
    for (wait, whole) in waits.iter().zip([40, 80, 100]) {
        assert!((whole / 2..=whole).contains(wait), "{waits:?}");
    }
    assert_eq!((&lines[3]["outcome"], &lines[3]["reason"]), (&"dead".into(), &"exit status 1".into()));
    assert_eq!(lines[4]["summary"], json(r#"{"done":0,"retried":3,"dead":1,"lost":0,"released":0}"#));
}

#[test]
fn a_command_that_takes_too_long_is_killed_with_all_that_it_started() {
    for place in Place::both() {
        let ids = place.push_lines("q", "x\n", &["--max-attempts", "1"]);
        // It ignores SIGTERM, and so does what it starts.
        let script = "trap '' TERM; sleep 600 & echo $! >child; echo $$ >leader; wait; sleep 600";
        let start = Instant::now();
        let work = ["work", "q", "--drain", "--timeout", "300ms", "--", "sh", "-c", script];
        place.ok(&work);
        assert!(start.elapsed() < Duration::from_secs(20));
        assert_eq!(place.peek("q", &ids[0])["reason"], "timed out after 300ms");
        for file in ["leader", "child"] {
            let pid = fs::read_to_string(place.path().join(file)).unwrap();
            wait_until("the group is dead", || !runs(&pid));
        }
    }
}

/// Whether a process runs; one that is dead and not yet reaped by its parent does not.
pub(crate) fn runs(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
}

#[test]
fn a_command_that_never_reads_its_input_is_no_trouble() {
    let place = Place::new();
    fs::write(place.path().join("big"), vec![b'x'; 4 << 20]).unwrap();
    place.ok(&["queue", "push", "q", "big", "big"]);
    place.ok(&["work", "q", "--drain", "--timeout", "20s", "--", "true"]);
    assert_eq!(place.counts("q"), [0; 5]);
}

#[test]
fn a_large_payload_and_a_large_result_flow_at_the_same_time() {
    let place = Place::new();
    let content: Vec<u8> = (0..5_000_000_u32).map(|n| (n % 251) as u8).collect();
    fs::write(place.path().join("big"), &content).unwrap();
    let id = place.ok(&["queue", "push", "q", "big"]);
    place.ok(&["work", "q", "--drain", "--keep", "--", "cat"]);
    assert_eq!(place.run(&["queue", "result", "q", &id]).stdout, content);
}

#[test]
fn a_result_that_cannot_be_kept_is_a_failure() {
    let place = Place::new();
    let ids = place.push_lines("q", "x\n", &["--max-attempts", "1"]);
    place.ok(&["work", "q", "--drain", "--keep", "--timeout", "20s", "--", "cat", "/dev/zero"]);
    let reason = place.peek("q", &ids[0])["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("16777216 bytes"), "{reason}");
}

#[test]
fn processes_left_behind_by_a_command_do_not_hold_the_worker() {
    let place = Place::new();
    place.push_lines("q", "x\n", &[]);
    let start = Instant::now();
    place.ok(&["work", "q", "--drain", "--keep", "--", "sh", "-c", "sleep 15 & echo done"]);
    assert!(start.elapsed() < Duration::from_secs(10));
    assert_eq!(place.counts("q"), [0, 0, 0, 0, 1]);
}

#[test]
fn draining_waits_for_what_is_delayed() {
    for place in Place::both() {
        place.push_lines("q", "later\n", &["--delay", "700ms"]);
        let start = Instant::now();
        assert_eq!(place.ok(&["work", "q", "--drain", "--", "cat"]), "later");
        assert!(start.elapsed() >= Duration::from_millis(600));
    }
}

#[test]
fn draining_waits_for_what_others_hold() {
    let place = Place::new();
    place.push_lines("q", "held\n", &[]);
    let claim = place.claim("q", "ada");
    let mut worker = place.command(&["work", "q", "--drain", "--", "cat"]).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(700));
    assert!(worker.try_wait().unwrap().is_none(), "it ended while somebody held a task");
    place.ok(&["queue", "release", "q", claim["receipt"].as_str().unwrap()]);
    assert_eq!(wait_for(worker).text(), "held");
}

#[test]
fn an_empty_queue_is_drained_at_once() {
    let place = Place::new();
    let start = Instant::now();
    place.ok(&["work", "nothing", "--drain", "--", "cat"]);
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn new_tasks_are_found_by_idle_workers() {
    let place = Place::new();
    let worker = place.command(&["work", "q", "--workers", "3", "--", "tee", "-a", "seen"]).spawn().unwrap();
    let seen = || fs::read_to_string(place.path().join("seen")).unwrap_or_default();
    for n in 1..=3 {
        place.push_lines("q", "x\n", &[]);
        wait_until("the task is worked on", || seen().len() == n);
    }
    stop(&worker, "TERM");
    wait_for(worker).expect(0, &["work"]);
}

/// Sends a signal to one process.
pub(crate) fn stop(process: &std::process::Child, signal: &str) {
    let pid = process.id().to_string();
    assert!(std::process::Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
}

#[test]
fn several_processes_share_a_queue_and_do_each_task_once() {
    let place = Place::new();
    place.push_lines("q", &numbers(60), &[]);
    let work = ["work", "q", "--workers", "2", "--drain", "--json", "--", "true"];
    let workers: Vec<_> = (0..3).map(|_| place.command(&work).spawn().unwrap()).collect();
    let mut ids = BTreeSet::new();
    let mut done = 0;
    for worker in workers {
        for line in wait_for(worker).expect(0, &work).lines().map(json) {
            if line["outcome"] == "done" {
                done += 1;
                ids.insert(line["id"].as_str().unwrap().to_owned());
            }
        }
    }
    assert_eq!((done, ids.len()), (60, 60));
}

#[test]
fn a_claim_is_extended_while_its_command_runs() {
    for place in Place::both() {
        place.push_lines("q", "x\n", &[]);
        // Three times as long as the holder and the claim would live by themselves.
        let work = ["work", "q", "--drain", "--ttl", "1s", "--json", "--", "sleep", "3"];
        let worker = place.command(&work).spawn().unwrap();
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(2500) {
            assert_eq!(place.ok(&["queue", "reap", "q"]), "", "a claim that is worked on was taken back");
            std::thread::sleep(Duration::from_millis(100));
        }
        let printed = wait_for(worker).expect(0, &work);
        assert_eq!(json(printed.lines().next().unwrap())["outcome"], "done");
    }
}

#[test]
fn a_command_that_is_not_there_ends_the_worker_and_costs_no_attempt() {
    let place = Place::new();
    place.push_lines("q", "a\nb\nc\n", &[]);
    fs::write(place.path().join("no-program"), "x").unwrap();
    for command in ["/no/such/command", "./no-program"] {
        let work = ["work", "q", "--workers", "2", "--", command];
        let answer = place.run(&work);
        answer.expect(2, &work);
        assert!(answer.stderr.contains(command), "{}", answer.stderr);
        assert_eq!(place.counts("q"), [3, 0, 0, 0, 0]);
    }
    assert_eq!(place.claim("q", "ada")["attempt"], 1);
}

#[test]
fn a_paused_queue_is_waited_for() {
    let place = Place::new();
    place.push_lines("q", "x\n", &[]);
    place.ok(&["queue", "pause", "q"]);
    let mut worker = place.command(&["work", "q", "--drain", "--", "cat"]).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(500));
    assert!(worker.try_wait().unwrap().is_none());
    place.ok(&["queue", "resume", "q"]);
    assert_eq!(wait_for(worker).text(), "x");
}

#[test]
fn in_json_the_commands_own_output_stays_apart() {
    let place = Place::new();
    place.push_lines("q", "x\n", &[]);
    let answer = place.run(&["work", "q", "--drain", "--json", "--", "echo", "from the command"]);
    let printed = answer.expect(0, &["work"]);
    assert!(printed.lines().all(|line| json(line).is_object()));
    assert!(answer.stderr.contains("from the command"));
}

#[test]
fn a_dropped_file_that_can_never_be_a_task_does_not_keep_a_queue_from_being_drained() {
    for place in Place::both() {
        place.push_lines("q", "1\n", &[]);
        let large = fs::File::create(place.store(".aristo/q-queue/pending/large")).unwrap();
        large.set_len(16 * 1024 * 1024 + 1).unwrap();
        place.ok(&["work", "q", "--drain", "--", "cat"]);
        assert_eq!(place.status("q")["damaged"], 1);
        let found = place.run(&["doctor"]).expect(4, &["doctor"]);
        assert!(found.starts_with("found\t.aristo/q-queue/pending/large\t"), "{found}");
    }
}
