//! The history of a list: what was changed is told once, in order, to those who ask and to those who wait.

use crate::place::{Place, json, wait_for, wait_until};
use crate::tasks::lines;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use std::io::{BufRead, BufReader, Read};
use std::time::Duration;

#[test]
fn a_history_tells_each_change_once() {
    for place in Place::both() {
        place.ok(&["task", "new", "l", "a", "--by", "ada"]);
        place.ok(&["task", "claim", "l", "1", "--holder", "bob"]);
        place.ok(&["task", "update", "l", "1", "--subject", "b", "--priority", "1", "--by", "eve"]);
        place.ok(&["task", "release", "l", "1", "--holder", "bob"]);
        place.ok(&["task", "rm", "l", "1"]);
        place.ok(&["task", "reset", "l"]);
        let text = place.ok(&["task", "history", "l"]);
        let columns: Vec<_> = text.lines().map(|line| line.split('\t').skip(2).collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(
            columns,
            [
                "ada updated - -",
                "ada created 1 -",
                "bob claimed 1 -",
                "eve updated 1 subject,priority",
                "bob released 1 -",
                "- deleted 1 -",
                "- reset - -",
            ]
        );
        let changes = lines(&place.ok(&["task", "history", "l", "--json"]));
        assert_eq!(changes.len(), 7);
        assert_eq!(changes[3]["events"], json!([{ "id": 1, "kind": "updated", "fields": ["subject", "priority"] }]));
        assert!(changes.iter().all(|change| change["at"].is_u64()));
        let revisions: Vec<u64> = changes.iter().map(|change| change["revision"].as_u64().unwrap()).collect();
        assert!(revisions.is_sorted_by(|a, b| a < b));

        let since = revisions[3].to_string();
        let later = lines(&place.ok(&["task", "history", "l", "--since", &since, "--json"]));
        assert_eq!(later, changes[4..]);
        let some = lines(&place.ok(&["task", "history", "l", "--limit", "2", "--json"]));
        assert_eq!(some, changes[..2]);
        assert_eq!(place.ok(&["task", "history", "l", "--since", &revisions[6].to_string()]), "");
        let nowhere = ["task", "history", "nowhere"];
        place.run(&nowhere).expect(1, &nowhere);
    }
}

#[test]
fn a_history_that_does_not_reach_back_says_from_where_it_does() {
    let place = Place::new();
    let grants = leasehold::Grants::beneath(place.store(""));
    let mut session = leasehold::Session::native(&grants).unwrap();
    let task = leasehold::tasklist::NewTask { subject: "x", ..Default::default() };
    // One more than are kept, and as many again as it takes until somebody tidies up.
    for _ in 0..5_300 {
        session.task_create("l", std::slice::from_ref(&task), None, leasehold::Durability::Unsynced).unwrap();
    }
    let old = ["task", "history", "l", "--since", "1"];
    let answer = place.run(&old);
    assert_eq!(answer.expect(1, &old), "");
    assert!(answer.stderr.contains("does not reach back to revision 1"), "{}", answer.stderr);
    for word in ["history", "watch"] {
        let old = ["task", word, "l", "--since", "1", "--json"];
        let told = json(&place.run(&old).expect(1, &old));
        let oldest = told["too_old"].as_u64().unwrap().to_string();
        assert!(answer.stderr.contains(&oldest), "{}", answer.stderr);
        let since = ["task", word, "l", "--since", &oldest, "--limit", "1000"];
        assert_eq!(place.ok(&since).lines().count(), 1_000);
    }
    let all = place.ok(&["task", "history", "l"]).lines().count();
    assert!((3_072..=4_096 + 1_024).contains(&all), "{all}");
    assert_eq!(place.ok(&["task", "ls", "l"]).lines().count(), 5_300);
}

#[test]
fn who_watches_is_told_what_happens_until_it_is_enough() {
    for place in Place::both() {
        let watch = ["task", "watch", "l", "--json", "--limit", "4"];
        // There is no such list yet.
        let watcher = place.command(&watch).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(300));
        place.ok(&["task", "new", "l", "a"]);
        place.ok(&["task", "done", "l", "1"]);
        place.ok(&["task", "new", "l", "b"]);
        place.ok(&["task", "new", "l", "one too many"]);
        let told = lines(&wait_for(watcher).expect(0, &watch));
        // The first made the list.
        let kinds: Vec<_> =
            told.iter().skip(1).map(|change| change["events"].as_array().unwrap().last().unwrap()).collect();
        assert_eq!(
            kinds,
            [
                &json!({ "id": 1, "kind": "created", "fields": [] }),
                &json!({ "id": 1, "kind": "updated", "fields": ["status"] }),
                &json!({ "id": 2, "kind": "created", "fields": [] }),
            ]
        );
        let since = told[0]["revision"].to_string();
        let again = ["task", "watch", "l", "--since", &since, "--limit", "1", "--json"];
        assert_eq!(lines(&place.ok(&again)), told[1..2]);
    }
}

#[test]
fn a_watcher_ends_when_it_is_told_to_and_when_nobody_listens() {
    let place = Place::new();
    place.ok(&["task", "new", "l", "a"]);
    for signal in [Signal::TERM, Signal::INT] {
        let watch = ["task", "watch", "l", "--since", "0"];
        let mut watcher = place.command(&watch).spawn().unwrap();
        let mut stdout = BufReader::new(watcher.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert!(line.contains("updated"), "{line}");
        kill_process(Pid::from_child(&watcher), signal).unwrap();
        stdout.read_to_string(&mut line).unwrap();
        wait_for(watcher).expect(0, &watch);
    }
    let watch = ["task", "watch", "l"];
    let mut watcher = place.command(&watch).spawn().unwrap();
    drop(watcher.stdout.take());
    // Though nothing happens to the list.
    wait_until("the watcher has noticed that nobody listens", || watcher.try_wait().unwrap().is_some());
    wait_for(watcher).expect(0, &watch);
}
