//! Leases and checkpoints that somebody else has tampered with: nothing is followed out of them, what cannot be
//! understood counts as held, and one bad entry stops only itself.

use crate::damage::{assert_untouched, directories};
use crate::place::{Answer, Place, json};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// A place with leases and runs that are held and free, and something outside that must not be touched.
fn furnished(place: &Place) -> PathBuf {
    for name in ["held", "free"] {
        place.ok(&["lease", "acquire", name, "--holder", "ada"]);
        place.run_with_input(&["checkpoint", "save", name], b"content").expect(0, &["save"]);
    }
    place.ok(&["lease", "release", "free", "--holder", "ada"]);
    place.ok(&["checkpoint", "claim", "held", "--holder", "ada"]);
    let outside = place.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("secret"), "secret").unwrap();
    outside
}

/// The token file of a lease or a run.
fn token_file(reference: &Path) -> PathBuf {
    let entries = fs::read_dir(reference).unwrap().map(|entry| entry.unwrap());
    let mut files = entries.filter(|entry| entry.file_type().unwrap().is_file());
    files.next().unwrap().path()
}

#[test]
fn a_link_planted_in_any_directory_is_never_followed_and_stops_nothing() {
    for place in Place::both() {
        let outside = furnished(&place);
        let mut folders = Vec::new();
        for store in ["claims", "checkpoint", "holders"] {
            directories(&place.store(store), &mut folders);
        }
        for folder in &folders {
            symlink(&outside, folder.join("link-to-folder")).unwrap();
            symlink(outside.join("secret"), folder.join("link-to-file")).unwrap();
        }
        assert_eq!(place.ok(&["lease", "ls", "--all"]).lines().count(), 2);
        assert_eq!(place.ok(&["checkpoint", "ls"]).lines().count(), 2);
        place.ok(&["lease", "reap"]);
        place.ok(&["checkpoint", "recover"]);
        place.ok(&["lock", "free", "--wait", "5s", "--", "true"]);
        place.ok(&["lock", "new", "--wait", "5s", "--", "true"]);
        let held = ["lock", "held", "--wait", "0s", "--", "true"];
        place.run(&held).expect(125, &held);
        let claim = json(&place.ok(&["checkpoint", "claim", "free", "--holder", "bob", "--json"]));
        assert_eq!(claim["content"], "content");
        let receipt = claim["receipt"].as_str().unwrap();
        place.run_with_input(&["checkpoint", "save", "free", "--receipt", receipt], b"more").expect(0, &["save"]);
        assert_eq!(place.ok(&["checkpoint", "history", "free"]).lines().count(), 1);
        place.ok(&["checkpoint", "rm", "free"]);
        // What was planted beside its state is not ours to delete: it is moved out of the way of the next run.
        let gone = ["checkpoint", "show", "free"];
        place.run(&gone).expect(1, &gone);
        let aside = fs::read_dir(place.store("checkpoint/quarantine")).unwrap();
        let aside: Vec<_> = aside.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        assert_eq!(aside.iter().filter(|name| name.starts_with("free.")).count(), 2, "{aside:?}");
        assert_untouched(&outside);
    }
}

#[test]
fn a_link_in_the_place_of_a_directory_is_damage_and_nothing_goes_through_it() {
    for place in Place::both() {
        let outside = furnished(&place);
        let before =
            |place: &Place| (place.snapshot_of(&place.store("claims")), place.snapshot_of(&place.store("checkpoint")));
        for (path, uses) in [
            ("claims/free", &[&["lease", "acquire", "free", "--holder", "ada"][..], &["lease", "show", "free"]][..]),
            ("claims/tmp", &[&["lease", "acquire", "new", "--holder", "ada"]]),
            (
                "checkpoint/free",
                &[
                    &["checkpoint", "claim", "free", "--holder", "ada"],
                    &["checkpoint", "load", "free"],
                    &["checkpoint", "save", "free", "/dev/null"],
                ],
            ),
            ("checkpoint/tmp", &[&["checkpoint", "save", "new", "/dev/null"]]),
        ] {
            let path = place.store(path);
            let moved = place.path().join("moved");
            fs::rename(&path, &moved).unwrap();
            symlink(&outside, &path).unwrap();
            let tree = before(&place);
            for arguments in uses {
                place.run(arguments).expect(4, arguments);
                assert_eq!(before(&place), tree, "{arguments:?}");
            }
            assert_untouched(&outside);
            fs::remove_file(&path).unwrap();
            fs::rename(&moved, &path).unwrap();
        }
        place.ok(&["lease", "acquire", "free", "--holder", "ada"]);
        assert_eq!(place.ok(&["checkpoint", "load", "free"]), "content");
    }
}

#[test]
fn a_lease_or_a_run_that_cannot_be_understood_counts_as_held_and_hides_no_other() {
    for place in Place::both() {
        furnished(&place);
        for store in ["claims", "checkpoint"] {
            // A directory where its token file should be.
            let token = token_file(&place.store(store).join("free"));
            fs::remove_file(&token).unwrap();
            fs::create_dir(&token).unwrap();
            fs::write(token.join("within"), "x").unwrap();
        }
        for arguments in [
            &["lease", "acquire", "free", "--holder", "ada"][..],
            &["lease", "acquire", "free", "--holder", "ada", "--wait", "100ms"],
            &["checkpoint", "claim", "free", "--holder", "ada"],
            &["checkpoint", "save", "free", "/dev/null"],
            &["checkpoint", "rm", "free"],
        ] {
            place.run(arguments).expect(4, arguments);
        }
        let lock = ["lock", "free", "--", "true"];
        place.run(&lock).expect(125, &lock);
        for store in ["claims", "checkpoint"] {
            let within = place.store(store).join("free");
            let mut found = Vec::new();
            directories(&within, &mut found);
            assert!(found.iter().any(|folder| folder.join("within").exists()), "it was removed");
        }
        assert_eq!(place.ok(&["lease", "ls", "--all"]).lines().count(), 1);
        assert_eq!(place.ok(&["checkpoint", "ls"]).lines().count(), 1);
    }
}

#[test]
fn a_file_in_the_place_of_a_lease_or_a_run_is_damage() {
    for place in Place::both() {
        furnished(&place);
        for (store, arguments) in [
            ("claims", &["lease", "acquire", "file", "--holder", "ada"][..]),
            ("checkpoint", &["checkpoint", "save", "file", "/dev/null"]),
        ] {
            fs::write(place.store(store).join("file"), "mine").unwrap();
            place.run(arguments).expect(4, arguments);
            assert_eq!(fs::read_to_string(place.store(store).join("file")).unwrap(), "mine");
        }
    }
}

#[test]
fn a_store_of_an_unknown_version_is_refused_and_not_touched() {
    for place in Place::both() {
        furnished(&place);
        for (store, arguments) in [
            ("claims", &["lease", "acquire", "free", "--holder", "ada"][..]),
            ("claims", &["lease", "ls"]),
            ("checkpoint", &["checkpoint", "save", "free", "/dev/null"]),
            ("checkpoint", &["checkpoint", "load", "free"]),
        ] {
            let format = place.store(store).join("format");
            let known = fs::read(&format).unwrap();
            fs::write(&format, "leasehold 999\n").unwrap();
            let before = place.snapshot_of(&place.store(store));
            let answer: Answer = place.run(arguments);
            answer.expect(5, arguments);
            assert!(answer.stderr.contains("unsupported"), "{}", answer.stderr);
            assert_eq!(place.snapshot_of(&place.store(store)), before, "{store}");
            fs::write(&format, known).unwrap();
        }
    }
}
