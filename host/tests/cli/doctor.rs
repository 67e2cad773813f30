//! What the doctor finds and puts right.

use crate::place::Place;
use std::fs;

#[test]
fn a_healthy_tree_has_no_findings() {
    for place in Place::both() {
        place.push_lines("q", "x\ny\n", &[]);
        place.claim("q", "ada");
        assert_eq!(place.ok(&["doctor"]), "");
        assert_eq!(place.ok(&["doctor", "--fix"]), "swept\t0");
    }
}

#[test]
fn what_cannot_be_understood_is_found_and_moved_away_but_never_deleted() {
    for place in Place::both() {
        let ids = place.push_lines("q", "x\n", &[]);
        fs::write(place.store(".aristo/q-queue/claimed/not a claim"), "precious").unwrap();
        assert_eq!(place.status("q")["damaged"], 1);

        let before = place.snapshot();
        let answer = place.run(&["doctor"]);
        let found = answer.expect(4, &["doctor"]);
        assert!(found.starts_with("found\t.aristo/q-queue/claimed/not a claim\t"), "{found}");
        assert_eq!(place.snapshot(), before);

        let fixed = place.ok(&["doctor", "--fix"]);
        assert!(fixed.contains("quarantined\t.aristo/q-queue/claimed/not a claim\t"), "{fixed}");
        assert_eq!(place.ok(&["doctor"]), "");
        let kept = fs::read_dir(place.store(".aristo/q-queue/quarantine")).unwrap().next().unwrap().unwrap();
        assert_eq!(fs::read_to_string(kept.path()).unwrap(), "precious");
        assert_eq!(place.claim("q", "ada")["id"], ids[0].as_str());
    }
}

#[test]
fn debris_must_be_a_minute_old() {
    let place = Place::new();
    place.run(&["doctor", "--fix", "--older-than", "1s"]).expect(2, &["doctor"]);
}
