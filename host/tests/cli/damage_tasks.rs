//! Task lists that somebody else has tampered with: nothing is followed out of them, and one bad list stops no other.

use crate::damage::{assert_untouched, directories};
use crate::place::Place;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// A place with two lists, and something outside that must not be touched.
fn furnished(place: &Place) -> PathBuf {
    for list in ["l", "other"] {
        for subject in ["a", "b", "c"] {
            place.ok(&["task", "new", list, subject]);
        }
    }
    place.ok(&["task", "claim", "l", "1", "--holder", "ada"]);
    let outside = place.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("secret"), "secret").unwrap();
    outside
}

/// What stands in a directory, files or directories.
fn entries(folder: &Path, directories: bool) -> Vec<PathBuf> {
    let all = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let mut found: Vec<_> =
        all.filter(|entry| entry.file_type().unwrap().is_dir() == directories).map(|entry| entry.path()).collect();
    found.sort();
    found
}

/// Asserts that a list is damaged for all who use it, that nothing on the disk changes by that, and that the other list
/// can be used.
fn assert_damaged(place: &Place) {
    let before = place.snapshot_of(&place.store("tasks"));
    for arguments in [
        &["task", "ls", "l"][..],
        &["task", "show", "l", "1"],
        &["task", "new", "l", "x"],
        &["task", "done", "l", "2"],
        &["task", "claim", "l", "--next", "--holder", "ada"],
        &["task", "history", "l"],
        &["task", "reset", "l"],
    ] {
        place.run(arguments).expect(4, arguments);
        assert_eq!(place.snapshot_of(&place.store("tasks")), before, "{arguments:?}");
    }
    let found = place.run(&["doctor"]).expect(4, &["doctor"]);
    assert!(found.starts_with("found\ttasks/l"), "{found}");
    place.ok(&["task", "update", "other", "2", "--description", "x"]);
    assert_eq!(place.ok(&["task", "ls", "other"]).lines().count(), 3);
}

#[test]
fn a_link_planted_in_any_directory_is_never_followed_and_stops_nothing() {
    for place in Place::both() {
        let outside = furnished(&place);
        let mut folders = Vec::new();
        for store in ["tasks", "holders"] {
            directories(&place.store(store), &mut folders);
        }
        for folder in &folders {
            symlink(&outside, folder.join("link-to-folder")).unwrap();
            symlink(outside.join("secret"), folder.join("link-to-file")).unwrap();
        }
        assert_eq!(place.ok(&["task", "ls", "l"]).lines().count(), 3);
        // What is no list counts as one that cannot be read.
        assert_eq!(place.run(&["task", "lists"]).expect(4, &["task", "lists"]).lines().count(), 2);
        place.ok(&["task", "done", "l", "1", "--holder", "ada"]);
        assert!(place.ok(&["task", "claim", "l", "--next", "--holder", "bob"]).starts_with("2\t"));
        assert_eq!(place.ok(&["task", "new", "l", "x"]), "4");
        place.ok(&["task", "new", "new", "x"]);
        place.ok(&["task", "reset", "other"]);
        let findings = place.run(&["doctor"]).expect(4, &["doctor"]);
        assert!(findings.contains("tasks/l/c."), "{findings}");
        assert_untouched(&outside);
    }
}

#[test]
fn a_link_in_the_place_of_a_directory_is_damage_and_nothing_goes_through_it() {
    for place in Place::both() {
        let outside = furnished(&place);
        for (path, arguments) in [
            (place.store("tasks/l"), &["task", "new", "l", "x"][..]),
            (place.store("tasks/l"), &["task", "ls", "l"]),
            (entries(&place.store("tasks/l"), true).remove(0), &["task", "ls", "l"]),
            (entries(&place.store("tasks/l"), true).remove(0), &["task", "done", "l", "2"]),
            (place.store("tasks/tmp"), &["task", "new", "new", "x"]),
        ] {
            let moved = place.path().join("moved");
            fs::rename(&path, &moved).unwrap();
            symlink(&outside, &path).unwrap();
            let before = place.snapshot_of(&place.store("tasks"));
            place.run(arguments).expect(4, arguments);
            assert_eq!(place.snapshot_of(&place.store("tasks")), before, "{arguments:?}");
            assert_untouched(&outside);
            fs::remove_file(&path).unwrap();
            fs::rename(&moved, &path).unwrap();
        }
        assert_eq!(place.ok(&["task", "new", "l", "x"]), "4");
    }
}

#[test]
fn a_log_that_is_not_what_was_written_is_damage() {
    for place in Place::both() {
        furnished(&place);
        let content = entries(&place.store("tasks/l"), true).remove(0);
        for entry in entries(&content, false) {
            let written = fs::read(&entry).unwrap();
            let mut changed = written.clone();
            let last = changed.len() - 2;
            changed[last] ^= 1;
            for garbled in [&b""[..], b"garbage", &written[..written.len() - 1], &changed] {
                fs::write(&entry, garbled).unwrap();
                assert_damaged(&place);
                // Nothing cures it but what was written.
                let before = place.snapshot_of(&place.store("tasks"));
                place.run(&["doctor", "--fix"]).expect(4, &["doctor", "--fix"]);
                assert_eq!(place.snapshot_of(&place.store("tasks")), before);
            }
            fs::remove_file(&entry).unwrap();
            assert_damaged(&place);
            fs::create_dir(&entry).unwrap();
            assert_damaged(&place);
            fs::remove_dir(&entry).unwrap();
            fs::write(&entry, written).unwrap();
        }
        assert_eq!(place.ok(&["task", "ls", "l"]).lines().count(), 3);
    }
}

#[test]
fn a_bad_list_is_told_and_hides_no_other() {
    for place in Place::both() {
        furnished(&place);
        let content = entries(&place.store("tasks/l"), true).remove(0);
        fs::write(&entries(&content, false)[0], "garbage").unwrap();
        let lists = ["task", "lists"];
        let answer = place.run(&lists);
        assert!(answer.expect(4, &lists).starts_with("other\t3\t"), "{}", answer.text());
        // It can be done away with.
        place.ok(&["task", "remove-list", "l"]);
        assert_eq!(place.ok(&["task", "new", "l", "x"]), "1");
        place.ok(&lists);
    }
}

#[test]
fn a_directory_or_a_file_where_it_does_not_belong_is_damage() {
    for place in Place::both() {
        furnished(&place);
        let token = entries(&place.store("tasks/l"), false).remove(0);
        fs::remove_file(&token).unwrap();
        fs::create_dir(&token).unwrap();
        fs::write(token.join("within"), "x").unwrap();
        assert_damaged(&place);
        assert!(token.join("within").exists());
        fs::write(place.store("tasks/file"), "mine").unwrap();
        let new = ["task", "new", "file", "x"];
        place.run(&new).expect(4, &new);
        assert_eq!(fs::read_to_string(place.store("tasks/file")).unwrap(), "mine");
        assert_eq!(place.run(&["task", "lists"]).expect(4, &["task", "lists"]).lines().count(), 1);
    }
}

#[test]
fn lists_of_an_unknown_version_are_refused_and_not_touched() {
    for place in Place::both() {
        furnished(&place);
        fs::write(place.store("tasks/format"), "leasehold tasks 999\n").unwrap();
        let before = place.snapshot_of(&place.store("tasks"));
        for arguments in [
            &["task", "new", "l", "x"][..],
            &["task", "ls", "l"],
            &["task", "lists"],
            &["task", "claim", "l", "2", "--holder", "ada"],
        ] {
            let answer = place.run(arguments);
            answer.expect(5, arguments);
            assert!(answer.stderr.contains("unsupported"), "{}", answer.stderr);
            assert_eq!(place.snapshot_of(&place.store("tasks")), before);
        }
    }
}
