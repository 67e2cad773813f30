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

/// As a restart of the machine leaves it: nothing says that the queues were reconciled since.
fn restarted(place: &Place) {
    for entry in fs::read_dir(place.store(".aristo")).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_str().unwrap().starts_with("boot.") {
            fs::remove_file(path).unwrap();
        }
    }
}

#[test]
fn a_file_that_is_called_as_a_queue_keeps_nobody_from_working_after_a_restart() {
    for place in Place::both() {
        place.push_lines("q", "x\n", &[]);
        fs::write(place.store(".aristo/notes-queue"), "precious").unwrap();
        restarted(&place);
        place.push_lines("q", "y\n", &[]);
        assert_eq!(place.ok(&["queue", "ls"]), "q");
        let found = place.run(&["doctor"]).expect(4, &["doctor"]);
        assert!(found.starts_with("found\t.aristo/notes-queue\t"), "{found}");
        let fixed = place.ok(&["doctor", "--fix"]);
        assert!(fixed.contains("quarantined\t.aristo/notes-queue\t"), "{fixed}");
        assert_eq!(place.ok(&["doctor"]), "");
        assert_eq!(place.counts("q"), [2, 0, 0, 0, 0]);
    }
}

#[test]
fn a_queue_whose_directories_cannot_be_opened_keeps_nobody_from_the_others() {
    for place in Place::both() {
        place.push_lines("bad", "x\n", &[]);
        place.push_lines("q", "x\n", &[]);
        fs::remove_dir(place.store(".aristo/bad-queue/claimed")).unwrap();
        fs::write(place.store(".aristo/bad-queue/claimed"), "precious").unwrap();
        restarted(&place);
        place.push_lines("q", "y\n", &[]);
        let found = place.run(&["doctor"]).expect(4, &["doctor"]);
        assert!(found.starts_with("found\t.aristo/bad-queue/claimed\t"), "{found}");
        place.ok(&["doctor", "--fix"]);
        assert_eq!(place.ok(&["doctor"]), "");
        assert_eq!(place.claim("bad", "ada")["payload"], "x");
    }
}

#[test]
fn looking_at_a_queue_that_was_made_by_hand_makes_nothing() {
    for place in Place::both() {
        place.push_lines("q", "x\n", &[]);
        fs::create_dir_all(place.store(".aristo/hand-queue/pending")).unwrap();
        fs::write(place.store(".aristo/hand-queue/pending/job"), "x").unwrap();
        let before = place.snapshot();
        assert_eq!(place.counts("hand"), [1, 0, 0, 0, 0]);
        assert_eq!(place.ok(&["queue", "ls", "hand"]), "");
        assert_eq!(place.ok(&["doctor"]), "");
        assert_eq!(place.snapshot(), before);
    }
}
