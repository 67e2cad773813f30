//! What the commands of a queue do when all is well.

use crate::place::{Place, json};
use std::fs;
use std::time::{Duration, Instant};

#[test]
fn a_task_goes_through_its_life() {
    for place in Place::both() {
        let ids = place.push_lines("mail", "first\nsecond\n", &[]);
        assert_eq!(ids.len(), 2);
        assert_eq!(place.counts("mail"), [2, 0, 0, 0, 0]);

        let claim = place.claim("mail", "ada");
        assert_eq!((&claim["id"], &claim["payload"]), (&ids[0].as_str().into(), &"first".into()));
        assert_eq!((claim["attempt"].as_u64(), claim["max_attempts"].as_u64()), (Some(1), Some(5)));
        assert!(claim["until"].as_u64() > claim["enqueued"].as_u64());
        assert!(claim["token"].as_u64() > Some(0));
        assert_eq!(place.counts("mail"), [1, 0, 1, 0, 0]);

        let receipt = claim["receipt"].as_str().unwrap();
        place.ok(&["queue", "extend", "mail", receipt, "--for", "1h"]);
        place.ok(&["queue", "done", "mail", receipt]);
        assert_eq!(place.counts("mail"), [1, 0, 0, 0, 0]);
    }
}

#[test]
fn a_claim_prints_the_payload_exactly_and_the_receipt_apart() {
    let place = Place::new();
    let payload = b"\xff\x00 two\nlines\n\n";
    place.run_with_input(&["queue", "push", "q"], payload).expect(0, &["push"]);
    let answer = place.run(&["queue", "claim", "q", "--holder", "ada"]);
    assert_eq!((answer.code, answer.stdout.as_slice()), (0, &payload[..]));
    let receipt = answer.stderr.strip_prefix("receipt: ").unwrap().trim();
    place.ok(&["queue", "release", "q", receipt]);

    let answer = place.run(&["queue", "claim", "q", "--holder", "ada", "--receipt", "r"]);
    assert_eq!((answer.stdout.as_slice(), answer.stderr.as_str()), (&payload[..], ""));
    let receipt = fs::read_to_string(place.path().join("r")).unwrap();
    place.ok(&["queue", "done", "q", receipt.trim()]);
}

#[test]
fn several_tasks_are_claimed_as_lines_of_json() {
    let place = Place::new();
    place.push_lines("q", "a\nb\nc\n", &[]);
    let lines = place.ok(&["--json", "queue", "claim", "q", "--holder", "ada", "--max", "2"]);
    let payloads: Vec<_> = lines.lines().map(|line| json(line)["payload"].clone()).collect();
    assert_eq!(payloads, ["a", "b"]);
}

#[test]
fn several_claims_are_finished_together_and_those_that_are_over_are_named() {
    for place in Place::both() {
        place.push_lines("q", "a\nb\nc\nd\n", &[]);
        let lines = place.ok(&["--json", "queue", "claim", "q", "--holder", "ada", "--max", "4"]);
        let receipts: Vec<_> = lines.lines().map(|line| json(line)["receipt"].as_str().unwrap().to_owned()).collect();
        place.ok(&["queue", "done", "q", &receipts[1]]);
        let several = ["--json", "queue", "done", "q", &receipts[0], &receipts[1], &receipts[3]];
        let answer = json(&place.run(&several).expect(3, &several));
        assert_eq!(answer, serde_json::json!({"state": "done", "lost": [&receipts[1]]}));
        assert_eq!(place.counts("q"), [0, 0, 1, 0, 0]);
        let kept = ["queue", "done", "q", &receipts[2], &receipts[2], "--keep"];
        place.run(&kept).expect(2, &kept);
        let garbage = ["queue", "done", "q", &receipts[2], "garbage"];
        place.run(&garbage).expect(2, &garbage);
        assert_eq!(place.counts("q"), [0, 0, 1, 0, 0]);
        place.ok(&["queue", "done", "q", &receipts[2], "--keep"]);
        assert_eq!(place.counts("q"), [0, 0, 0, 0, 1]);
    }
}

#[test]
fn nothing_to_claim_is_a_no() {
    let place = Place::new();
    let claim = ["queue", "claim", "q", "--holder", "ada"];
    place.run(&claim).expect(1, &claim);
}

#[test]
fn a_claim_waits_as_long_as_it_is_told() {
    let place = Place::new();
    let start = Instant::now();
    let claim = ["queue", "claim", "q", "--holder", "ada", "--wait", "300ms"];
    place.run(&claim).expect(1, &claim);
    assert!(start.elapsed() >= Duration::from_millis(300));

    place.push_lines("q", "late\n", &["--delay", "500ms"]);
    let answer = place.run(&["queue", "claim", "q", "--holder", "ada", "--wait", "20s"]);
    assert_eq!((answer.code, answer.text()), (0, "late"));
    assert!(start.elapsed() < Duration::from_secs(15));
}

#[test]
fn files_are_pushed_whole_and_named() {
    let place = Place::new();
    fs::write(place.path().join("one"), "1\n1\n").unwrap();
    fs::write(place.path().join("two"), "2").unwrap();
    let ids = place.ok(&["queue", "push", "q", "one", "two", "--attribute", "by=test"]);
    let ids: Vec<_> = ids.lines().collect();
    let view = place.peek("q", ids[0]);
    assert_eq!(view["payload"], "1\n1\n");
    assert_eq!(view["attributes"], json(r#"{"by": "test", "file": "one"}"#));
    assert_eq!(place.peek("q", ids[1])["payload"], "2");
}

#[test]
fn a_given_id_is_unique_while_it_is_live() {
    for place in Place::both() {
        fs::write(place.path().join("old"), "old").unwrap();
        fs::write(place.path().join("new"), "new").unwrap();
        let push =
            |how: &str, file: &str| place.run(&["queue", "push", "q", "--id", "Cat", "--on-duplicate", how, file]);
        assert_eq!(push("refuse", "old").text(), "Cat\n");
        push("refuse", "new").expect(1, &["refuse"]);
        push("keep", "new").expect(0, &["keep"]);
        assert_eq!(place.peek("q", "Cat")["payload"], "old");
        push("replace", "new").expect(0, &["replace"]);
        assert_eq!(place.peek("q", "Cat")["payload"], "new");

        let claim = place.claim("q", "ada");
        assert_eq!(claim["payload"], "new");
        let answer = push("replace", "old");
        answer.expect(1, &["replace"]);
        assert!(answer.stderr.contains("ada"), "{}", answer.stderr);
        place.ok(&["queue", "done", "q", claim["receipt"].as_str().unwrap()]);
        push("refuse", "old").expect(0, &["again"]);
    }
}

#[test]
fn ids_are_given_to_tasks_in_order() {
    let place = Place::new();
    let ids = place.push_lines("q", "a\nb\n", &["--id", "x", "--id", "y"]);
    assert_eq!(ids, ["x", "y"]);
    assert_eq!(place.peek("q", "y")["payload"], "b");
    let push = ["queue", "push", "q", "--lines", "--id", "z"];
    place.run_with_input(&push, b"a\nb\n").expect(2, &push);
}

#[test]
fn priority_and_delay_decide_the_order() {
    let place = Place::new();
    place.push_lines("q", "later\n", &["--delay", "1h"]);
    place.push_lines("q", "low\n", &["--priority", "9"]);
    place.push_lines("q", "high\n", &["--priority", "0"]);
    assert_eq!(place.counts("q"), [2, 1, 0, 0, 0]);
    assert_eq!(place.claim("q", "ada")["payload"], "high");
    assert_eq!(place.claim("q", "ada")["payload"], "low");
    assert_eq!(place.counts("q"), [0, 1, 2, 0, 0]);
    assert!(place.status("q")["next_due"].is_u64());
}

#[test]
fn a_task_that_fails_comes_back_until_it_is_dead() {
    for place in Place::both() {
        let ids = place.push_lines("q", "x\n", &["--max-attempts", "2"]);
        let claim = place.claim("q", "ada");
        let retry = ["queue", "retry", "q", claim["receipt"].as_str().unwrap(), "--reason", "not yet"];
        assert_eq!(place.ok(&retry), "ready");
        let claim = place.claim("q", "ada");
        assert_eq!(claim["attempt"], 2);
        let retry = ["queue", "retry", "q", claim["receipt"].as_str().unwrap(), "--delay", "1m", "--reason", "never"];
        assert_eq!(place.ok(&retry), "dead");
        assert_eq!(place.counts("q"), [0, 0, 0, 1, 0]);
        assert_eq!(place.peek("q", &ids[0])["reason"], "never");

        place.ok(&["queue", "revive", "q", &ids[0]]);
        assert_eq!(place.claim("q", "ada")["attempt"], 1);
    }
}

#[test]
fn a_released_task_has_lost_no_attempt_and_a_buried_one_is_dead() {
    let place = Place::new();
    let ids = place.push_lines("q", "x\n", &[]);
    let claim = place.claim("q", "ada");
    place.ok(&["queue", "release", "q", claim["receipt"].as_str().unwrap()]);
    let claim = place.claim("q", "ada");
    assert_eq!(claim["attempt"], 1);
    place.ok(&["queue", "bury", "q", claim["receipt"].as_str().unwrap(), "--reason", "no such address"]);
    let row = place.ok(&["queue", "ls", "q", "--state", "dead"]);
    assert!(row.contains(&ids[0]) && row.contains("no such address"), "{row}");
}

#[test]
fn a_result_is_kept_until_purged() {
    let place = Place::new();
    let ids = place.push_lines("q", "x\ny\n", &[]);
    let first = place.claim("q", "ada");
    let second = place.claim("q", "ada");
    let result = ["queue", "result", "q", &ids[0]];
    place.run(&result).expect(1, &result);

    let done = ["queue", "done", "q", first["receipt"].as_str().unwrap(), "--result", "-"];
    place.run_with_input(&done, b"out\n\xff").expect(0, &done);
    // Said again, since the answer may have been lost.
    place.run_with_input(&done, b"out\n\xff").expect(0, &done);
    place.ok(&["queue", "done", "q", second["receipt"].as_str().unwrap(), "--keep"]);
    assert_eq!(place.run(&result).stdout, b"out\n\xff");
    assert_eq!(json(&place.ok(&["queue", "result", "q", &ids[0], "--json"]))["result_base64"], "b3V0Cv8=");
    assert_eq!(json(&place.ok(&["queue", "result", "q", &ids[1], "--json"]))["result"], "");
    assert_eq!(place.counts("q"), [0, 0, 0, 0, 2]);

    assert_eq!(place.ok(&["queue", "purge", "q", "--state", "done", "--older-than", "1h"]), "0");
    assert_eq!(place.ok(&["queue", "purge", "q", "--state", "done"]), "2");
    place.run(&result).expect(1, &result);
}

#[test]
fn a_record_that_was_not_kept_cannot_be_finished_twice() {
    let place = Place::new();
    place.push_lines("q", "x\n", &[]);
    let claim = place.claim("q", "ada");
    let done = ["queue", "done", "q", claim["receipt"].as_str().unwrap()];
    place.ok(&done);
    place.run(&done).expect(3, &done);
}

#[test]
fn what_waits_can_be_cancelled_and_what_is_claimed_cannot() {
    let place = Place::new();
    let ids = place.push_lines("q", "x\ny\n", &[]);
    place.claim("q", "ada");
    let cancel = ["queue", "cancel", "q", &ids[0]];
    place.run(&cancel).expect(1, &cancel);
    place.ok(&["queue", "cancel", "q", &ids[1]]);
    place.run(&["queue", "peek", "q", &ids[1]]).expect(1, &["peek"]);
    assert_eq!(place.counts("q"), [0, 0, 1, 0, 0]);
}

#[test]
fn a_paused_queue_hands_out_nothing() {
    let place = Place::new();
    place.push_lines("q", "x\n", &[]);
    place.ok(&["queue", "pause", "q"]);
    assert_eq!(place.status("q")["paused"], true);
    let claim = ["queue", "claim", "q", "--holder", "ada", "--wait", "100ms"];
    let answer = place.run(&claim);
    answer.expect(1, &claim);
    assert!(answer.stderr.contains("paused"), "{}", answer.stderr);
    place.ok(&["queue", "resume", "q"]);
    place.claim("q", "ada");
}

#[test]
fn claims_of_an_ended_holder_come_back_and_are_named() {
    let place = Place::new();
    let ids = place.push_lines("q", "x\n", &[]);
    place.claim("q", "ada");
    assert_eq!(place.ok(&["queue", "reap", "q"]), "");
    place.ok(&["holder", "end", "ada"]);
    assert_eq!(place.ok(&["queue", "reap", "q"]), ids[0]);
    assert_eq!(place.counts("q"), [1, 0, 0, 0, 0]);
}

#[test]
fn queues_and_tasks_are_listed() {
    let place = Place::new();
    place.push_lines("b", "x\n", &[]);
    place.push_lines("a", "1\n2\n3\n", &[]);
    let mut queues: Vec<_> = place.ok(&["queue", "ls"]).lines().map(String::from).collect();
    queues.sort();
    assert_eq!(queues, ["a", "b"]);

    let all = place.ok(&["queue", "ls", "a", "--json"]);
    let task = json(all.lines().next().unwrap());
    assert_eq!((&task["state"], &task["size"], &task["priority"]), (&"ready".into(), &1.into(), &5.into()));
    assert_eq!(all.lines().count(), 3);

    let page = place.ok(&["queue", "ls", "a", "--state", "ready", "--limit", "2", "--json"]);
    let cursor = json(page.lines().last().unwrap())["cursor"].as_str().unwrap().to_owned();
    assert_eq!(page.lines().count(), 3);
    let rest = place.ok(&["queue", "ls", "a", "--state", "ready", "--limit", "2", "--cursor", &cursor, "--json"]);
    assert_eq!(rest.lines().count(), 1);
    assert!(!page.contains(json(&rest)["id"].as_str().unwrap()));
}

#[test]
fn a_file_dropped_by_hand_is_a_task_once_it_has_settled() {
    let place = Place::new();
    place.push_lines("q", "pushed\n", &[]);
    place.claim("q", "ada");
    fs::write(place.store(".aristo/q-queue/pending/by-hand.toml"), "dropped").unwrap();
    let claim = ["queue", "claim", "q", "--holder", "ada", "--wait", "20s", "--json"];
    let claim = json(&place.ok(&claim));
    assert_eq!((&claim["payload"], &claim["attributes"]["file"]), (&"dropped".into(), &"by-hand.toml".into()));
}

#[test]
fn names_in_any_script_and_case_stay_apart() {
    for place in Place::both() {
        for name in ["Straße", "straße", "ジョブ", "a b", "%41", "A", "a", "...", "--x", "emoji 🦀", &"ü".repeat(127)]
        {
            let id = format!("--id={name}");
            let push = ["queue", "push", &id, "--", name];
            place.run_with_input(&push[..], name.as_bytes()).expect(0, &push);
            let peek = ["queue", "peek", "--", name, name];
            assert_eq!(place.ok(&peek), name);
        }
        let queues = place.ok(&["queue", "ls"]);
        assert_eq!(queues.lines().count(), 11);
        assert!(queues.lines().any(|queue| queue == "Straße"));
    }
}
