//! Holders: who opens, who joins, and who loses.

use crate::place::{Answer, Place, json};
use std::collections::BTreeSet;

fn listed(place: &Place) -> Vec<serde_json::Value> {
    place.ok(&["holder", "ls", "--json"]).lines().map(json).collect()
}

#[test]
fn a_holder_is_opened_renewed_and_ended() {
    for place in Place::both() {
        let first: u64 = place.ok(&["holder", "open", "ada", "--ttl", "1m"]).parse().unwrap();
        let renewed = json(&place.ok(&["holder", "renew", "ada", "--json"]));
        assert_eq!(renewed["epoch"], first);
        let state = listed(&place).remove(0);
        assert_eq!((&state["name"], &state["alive"], &state["epoch"]), (&"ada".into(), &true.into(), &first.into()));
        assert_eq!(state["until"], renewed["until"]);

        let second: u64 = place.ok(&["holder", "open", "ada"]).parse().unwrap();
        assert!(second > first);
        place.ok(&["holder", "end", "ada"]);
        assert_eq!(listed(&place)[0]["alive"], false);
        for word in ["renew", "end"] {
            place.run(&["holder", word, "ada"]).expect(1, &[word]);
        }
    }
}

#[test]
fn a_later_epoch_takes_away_what_an_earlier_one_held() {
    let place = Place::new();
    place.push_lines("q", "x\n", &[]);
    let claim = place.claim("q", "ada");
    place.ok(&["holder", "open", "ada"]);
    let done = ["queue", "done", "q", claim["receipt"].as_str().unwrap()];
    assert_eq!(place.ok(&["queue", "reap", "q"]), claim["id"].as_str().unwrap());
    place.run(&done).expect(3, &done);
}

#[test]
fn of_racing_claims_one_opens_the_holder_and_the_others_join() {
    const RACERS: usize = 12;
    for place in Place::both() {
        let lines: String = (0..RACERS).map(|n| format!("{n}\n")).collect();
        place.push_lines("q", &lines, &[]);
        let racers: Vec<_> = (0..RACERS)
            .map(|_| {
                place.command(&["queue", "claim", "q", "--holder", "team", "--json", "--wait", "5s"]).spawn().unwrap()
            })
            .collect();
        let mut ids = BTreeSet::new();
        for racer in racers {
            let answer = Answer::of(racer.wait_with_output().unwrap());
            let claim = json(&answer.expect(0, &["claim"]));
            ids.insert(claim["id"].as_str().unwrap().to_owned());
        }
        assert_eq!(ids.len(), RACERS, "a task was claimed twice");
        let epochs: BTreeSet<_> =
            ids.iter().map(|id| place.peek("q", id)["holding"]["epoch"].as_u64().unwrap()).collect();
        assert_eq!(epochs.len(), 1, "more than one of them opened the holder");
        assert_eq!(listed(&place).len(), 1);
    }
}

#[test]
fn a_holder_whose_time_has_passed_is_dead_and_can_be_opened_again() {
    let place = Place::new();
    place.push_lines("q", "x\n", &[]);
    let claim = ["queue", "claim", "q", "--holder", "ada", "--ttl", "50ms", "--json"];
    let lost = json(&place.ok(&claim));
    std::thread::sleep(std::time::Duration::from_millis(100));
    assert_eq!(listed(&place)[0]["alive"], false);
    let again = place.claim("q", "ada");
    assert_eq!((&again["id"], again["attempt"].as_u64()), (&lost["id"], Some(2)));
    let done = ["queue", "done", "q", lost["receipt"].as_str().unwrap()];
    place.run(&done).expect(3, &done);
    place.ok(&["queue", "done", "q", again["receipt"].as_str().unwrap()]);
}
