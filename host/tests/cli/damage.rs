//! Trees that somebody else has tampered with: nothing is followed out of them, and one bad entry stops only itself.

use crate::place::{Place, json};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

pub(crate) fn directories(folder: &Path, found: &mut Vec<PathBuf>) {
    found.push(folder.into());
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            directories(&entry.path(), found);
        }
    }
}

/// A place with tasks in all states, one with an id of its own, and something outside that must not be touched.
fn furnished(place: &Place) -> PathBuf {
    place.push_lines("q", "a\nb\nc\n", &[]);
    place.push_lines("q", "given\n", &["--id", "given"]);
    place.claim("q", "ada");
    let outside = place.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("secret"), "secret").unwrap();
    outside
}

pub(crate) fn assert_untouched(outside: &Path) {
    let entries: Vec<_> = fs::read_dir(outside).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(entries, ["secret"]);
    assert_eq!(fs::read_to_string(outside.join("secret")).unwrap(), "secret");
}

#[test]
fn a_link_planted_in_any_directory_is_never_followed_and_stops_nothing() {
    for place in Place::both() {
        let outside = furnished(&place);
        let mut folders = Vec::new();
        directories(&place.store(".aristo"), &mut folders);
        directories(&place.store("holders"), &mut folders);
        for folder in &folders {
            symlink(&outside, folder.join("link-to-folder")).unwrap();
            symlink(outside.join("secret"), folder.join("link-to-file")).unwrap();
        }
        assert_eq!(place.counts("q"), [3, 0, 1, 0, 0]);
        place.ok(&["queue", "ls", "q"]);
        place.ok(&["queue", "reap", "q"]);
        place.push_lines("q", "more\n", &[]);
        for _ in 0..4 {
            let claim = place.claim("q", "ada");
            assert_ne!(claim["payload"], "secret");
            place.ok(&["queue", "done", "q", claim["receipt"].as_str().unwrap(), "--keep"]);
        }
        place.ok(&["queue", "purge", "q", "--state", "done"]);
        assert_eq!(place.counts("q"), [0, 0, 1, 0, 0]);
        let findings = place.run(&["doctor"]).expect(4, &["doctor"]);
        assert!(findings.contains("link-to-folder") && findings.contains("link-to-file"));
        place.run(&["doctor", "--fix"]);
        assert_untouched(&outside);
    }
}

#[test]
fn a_link_in_the_place_of_a_directory_is_damage() {
    for place in Place::both() {
        let outside = furnished(&place);
        for directory in ["pending", "claimed", "tmp", "ids", "."] {
            let path = place.store(".aristo/q-queue").join(directory);
            let path = if directory == "." { place.store(".aristo/q-queue") } else { path };
            let moved = place.path().join("moved");
            fs::rename(&path, &moved).unwrap();
            symlink(&outside, &path).unwrap();
            let before = place.snapshot();
            let push = ["queue", "push", "q", "--id", "new"];
            let answer = place.run(&push);
            answer.expect(4, &push);
            assert!(answer.stderr.contains("damaged"), "{directory}: {}", answer.stderr);
            assert_eq!(place.snapshot(), before, "{directory}");
            let claim = ["queue", "claim", "q", "--holder", "ada"];
            place.run(&claim).expect(4, &claim);
            assert_untouched(&outside);
            fs::remove_file(&path).unwrap();
            fs::rename(&moved, &path).unwrap();
        }
        assert_eq!(place.counts("q"), [3, 0, 1, 0, 0]);
    }
}

#[test]
fn a_directory_where_a_task_should_be_is_counted_as_damaged_and_passed_over() {
    for place in Place::both() {
        place.push_lines("q", "a\n", &["--priority", "1"]);
        place.push_lines("q", "b\n", &[]);
        let bucket = fs::read_dir(place.store(".aristo/q-queue/pending/1")).unwrap().next().unwrap().unwrap();
        let task = fs::read_dir(bucket.path()).unwrap().next().unwrap().unwrap().path();
        fs::remove_file(&task).unwrap();
        fs::create_dir(&task).unwrap();
        fs::write(task.join("within"), "x").unwrap();

        let claim = place.claim("q", "ada");
        assert_eq!(claim["payload"], "b");
        let claim = ["queue", "claim", "q", "--holder", "ada"];
        let answer = place.run(&claim);
        assert!(answer.code == 1 || answer.code == 4, "{answer:?}");
        assert_eq!(fs::read_to_string(task.join("within")).unwrap(), "x");
        place.run(&["doctor"]).expect(4, &["doctor"]);
    }
}

#[test]
fn a_payload_that_was_changed_behind_the_back_is_never_handed_out() {
    for place in Place::both() {
        let ids = place.push_lines("q", "a\n", &[]);
        let level = place.store(".aristo/q-queue/pending/5");
        let bucket = fs::read_dir(level).unwrap().next().unwrap().unwrap();
        let task = fs::read_dir(bucket.path()).unwrap().next().unwrap().unwrap().path();
        fs::write(&task, "forged and longer").unwrap();
        let claim = ["queue", "claim", "q", "--holder", "ada", "--json"];
        let answer = place.run(&claim);
        assert_ne!(answer.code, 0, "{answer:?}");
        assert!(!answer.text().contains("forged"));
        let peek = ["queue", "peek", "q", &ids[0], "--json"];
        let answer = place.run(&peek);
        answer.expect(4, &peek);
        assert_eq!(json(&answer.stderr)["error"], "damaged");
    }
}

#[test]
fn a_store_of_an_unknown_version_is_refused_and_not_touched() {
    for place in Place::both() {
        place.push_lines("q", "a\n", &[]);
        for store in [".aristo", "holders"] {
            let format = place.store(store).join("format");
            let known = fs::read(&format).unwrap();
            fs::write(&format, "leasehold 999\n").unwrap();
            let before = place.snapshot_of(&place.store(store));
            let claim = ["queue", "claim", "q", "--holder", "ada"];
            let answer = place.run(&claim);
            answer.expect(5, &claim);
            assert!(answer.stderr.contains("unsupported"), "{}", answer.stderr);
            assert_eq!(place.snapshot_of(&place.store(store)), before, "{store}");
            fs::write(&format, known).unwrap();
        }
    }
}
