//! The shape of what commands answer: text for people, JSON for programs.

use crate::place::{Place, json};

fn keys(object: &serde_json::Value) -> Vec<&str> {
    let mut keys: Vec<_> = object.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn every_answer_in_json_is_an_object_on_one_line() {
    for place in Place::both() {
        let ids = place.push_lines("q", "x\ny\nz\n", &["--json"]);
        let id = json(&ids[0])["id"].as_str().unwrap().to_owned();

        let claim = place.claim("q", "ada");
        assert_eq!(
            keys(&claim),
            ["attempt", "attributes", "enqueued", "id", "max_attempts", "payload", "receipt", "token", "until"]
        );
        let receipt = claim["receipt"].as_str().unwrap();
        let status = place.status("q");
        assert_eq!(
            keys(&status),
            ["claimed", "damaged", "dead", "delayed", "done", "next_due", "oldest", "paused", "ready"]
        );
        assert!(status["oldest"].is_u64());

        let answers = [
            (&["queue", "extend", "q", receipt][..], "until"),
            (&["queue", "retry", "q", receipt, "--delay", "1h"], "state"),
            (&["queue", "pause", "q"], "paused"),
            (&["queue", "resume", "q"], "paused"),
            (&["queue", "ls"], "queue"),
            (&["queue", "ls", "q", "--state", "delayed"], "holding"),
            (&["queue", "peek", "q", &id], "payload"),
            (&["queue", "cancel", "q", &id], "state"),
            (&["queue", "purge", "q", "--state", "dead"], "purged"),
            (&["holder", "open", "bob"], "epoch"),
            (&["holder", "renew", "bob"], "until"),
            (&["holder", "end", "bob"], "alive"),
            (&["doctor", "--fix"], "action"),
        ];
        for (arguments, key) in answers {
            let line = place.ok(&[&["--json"], arguments].concat());
            assert!(json(&line).get(key).is_some(), "{arguments:?}: {line}");
        }
    }
}

#[test]
fn every_answer_of_leases_and_checkpoints_in_json_is_an_object_on_one_line() {
    for place in Place::both() {
        let grant = json(&place.ok(&["lease", "acquire", "l", "--holder", "ada", "--json"]));
        assert_eq!(keys(&grant), ["holder", "name", "token"]);
        let state = json(&place.ok(&["lease", "show", "l", "--json"]));
        assert_eq!(keys(&state), ["alive", "holding", "name", "since", "token", "waiting"]);
        assert_eq!(keys(&state["holding"]), ["epoch", "holder", "token", "until"]);

        let saved =
            json(&place.run_with_input(&["checkpoint", "save", "r", "--json"], b"[1,\n2]").expect(0, &["save"]));
        assert_eq!(keys(&saved), ["run", "save"]);
        let loaded = json(&place.ok(&["checkpoint", "load", "r", "--json"]));
        assert_eq!(keys(&loaded), ["at", "content", "run", "save", "size"]);
        let claim = json(&place.ok(&["checkpoint", "claim", "r", "--holder", "ada", "--json"]));
        assert_eq!(keys(&claim), ["at", "content", "receipt", "run", "save", "size", "token"]);
        let state = json(&place.ok(&["checkpoint", "show", "r", "--json"]));
        assert_eq!(keys(&state), ["alive", "holding", "run", "save", "since", "state", "token"]);

        let receipt = claim["receipt"].as_str().unwrap();
        let token = grant["token"].to_string();
        let answers = [
            (&["lease", "ls"][..], "holding"),
            (&["lease", "release", "l", "--token", &token], "name"),
            (&["lease", "release", "l", "--holder", "ada"], "name"),
            (&["checkpoint", "ls"], "state"),
            (&["checkpoint", "history", "r"], "save"),
            (&["checkpoint", "release", "r", receipt], "state"),
            (&["checkpoint", "rm", "r"], "state"),
        ];
        for (arguments, key) in answers {
            let line = place.ok(&[&["--json"], arguments].concat());
            assert!(json(&line).get(key).is_some(), "{arguments:?}: {line}");
        }
    }
}

#[test]
fn a_retry_says_what_became_of_the_task() {
    let place = Place::new();
    place.push_lines("q", "x\n", &[]);
    let claim = place.claim("q", "ada");
    let receipt = claim["receipt"].as_str().unwrap();
    assert_eq!(place.ok(&["queue", "retry", "q", receipt, "--delay", "1h"]), "delayed");
}

#[test]
fn a_status_reads_well() {
    let place = Place::new();
    place.push_lines("q", "x\n", &[]);
    place.push_lines("q", "y\n", &["--delay", "1h"]);
    let status = place.ok(&["queue", "status", "q"]);
    let lines: Vec<_> = status.lines().collect();
    assert_eq!(lines[..5], ["ready: 1", "delayed: 1", "claimed: 0", "dead: 0", "done: 0"]);
    assert!(lines[5].starts_with("oldest: 20") && lines[5].ends_with('Z'), "{status}");
    assert!(lines[6].starts_with("next due: 20"), "{status}");
}
