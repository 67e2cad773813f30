//! Standard output that is closed or full, help, and flags wherever they stand.

use crate::place::{Answer, Place};
use std::fs::File;
use std::process::Stdio;

#[test]
fn a_reader_that_is_gone_is_no_panic() {
    let place = Place::new();
    let lines: String = (0..3000).map(|n| format!("{n}\n")).collect();
    place.push_lines("q", &lines, &[]);
    for arguments in [&["queue", "ls", "q"][..], &["queue", "ls", "q", "--json"], &["--help"], &["component"]] {
        let answer = place.run_unread(arguments);
        assert_eq!((answer.code, answer.stderr.as_str()), (0, ""), "{arguments:?}");
    }
}

#[test]
fn what_nobody_could_read_is_given_back() {
    let place = Place::new();
    place.push_lines("q", "x\n", &[]);
    for flags in [&[][..], &["--json"]] {
        let claim = [&["queue", "claim", "q", "--holder", "ada"], flags].concat();
        place.run_unread(&claim).expect(5, &claim);
        assert_eq!(place.counts("q"), [1, 0, 0, 0, 0]);

        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = place.command(&claim).stdout(Stdio::from(full)).output().unwrap();
        Answer::of(output).expect(5, &claim);
        assert_eq!(place.counts("q"), [1, 0, 0, 0, 0]);
    }
    assert_eq!(place.claim("q", "ada")["attempt"], 1);
}

#[test]
fn tasks_that_were_made_and_nobody_saw_are_told() {
    let place = Place::new();
    for flags in [&[][..], &["--json"]] {
        let new = [&["task", "new", "l", "x"], flags].concat();
        let answer = place.run_unread(&new);
        assert!(answer.stderr.contains(" was made"), "{}", answer.stderr);
        answer.expect(5, &new);
    }
    let file = place.path().join("batch.json");
    std::fs::write(&file, r#"[{"subject":"a"},{"subject":"b"}]"#).unwrap();
    let batch = ["task", "batch", "l", file.to_str().unwrap()];
    let answer = place.run_unread(&batch);
    assert!(answer.stderr.contains("tasks 3 to 4 were made"), "{}", answer.stderr);
    answer.expect(5, &batch);
}

#[test]
fn a_full_standard_output_is_an_error() {
    let place = Place::new();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = place.command(&["queue", "status", "q"]).stdout(Stdio::from(full)).output().unwrap();
    Answer::of(output).expect(5, &["status"]);
}

#[test]
fn the_root_is_where_it_is_said_to_be() {
    let place = Place::new();
    let run = |arguments: &[&str], variable: &str| {
        let output = place.command(arguments).env("LEASEHOLD_ROOT", variable).output().unwrap();
        Answer::of(output).expect(0, arguments);
    };
    run(&["queue", "push", "a"], "from-variable");
    assert!(place.path().join("from-variable/.aristo/a-queue").is_dir());
    run(&["queue", "--root", "from-flag", "push", "b"], "from-variable");
    assert!(place.path().join("from-flag/.aristo/b-queue").is_dir());
    run(&["--dir", ".aristo=apart", "queue", "push", "c", "--dir", "holders=who", "--root", "from-flag"], "x");
    assert!(place.path().join("apart/c-queue").is_dir());
    assert!(place.path().join("who").is_dir());
    assert!(!place.path().join("x").exists());
    // Without either: where commands of this place work by default.
    place.ok(&["queue", "push", "d"]);
    assert!(place.store(".aristo/d-queue").is_dir());
}

#[test]
fn both_ways_to_run_the_logic_work_on_the_same_tree() {
    let place = Place::new();
    let id = place.ok(&["--native", "queue", "push", "q"]);
    let claim = place.claim("q", "ada");
    assert_eq!(claim["id"], id.as_str());
    place.ok(&["queue", "done", "q", claim["receipt"].as_str().unwrap(), "--native"]);
}

#[test]
fn help_and_version_are_no_errors() {
    let place = Place::new();
    for arguments in
        [&["--help"][..], &["--version"], &["help", "queue", "claim"], &["queue", "push", "--help"], &["work", "-h"]]
    {
        assert!(!place.ok(arguments).is_empty());
    }
    assert!(place.ok(&["work", "--help"]).contains("LEASEHOLD_TOKEN"));
    let help = place.ok(&["lock", "--help"]);
    for told in ["LEASEHOLD_TOKEN", "125", "126", "127", "128+N", "Ctrl-C"] {
        assert!(help.contains(told), "{told} is missing in {help}");
    }
    assert!(place.snapshot().is_empty());
}

#[test]
fn the_component_is_written_for_other_hosts() {
    let place = Place::new();
    let component = place.run(&["component"]).stdout;
    // The preamble of a component: magic, version 13, layer 1.
    assert_eq!(component[..8], *b"\0asm\x0d\0\x01\0");
    let wit = place.ok(&["component", "--wit"]);
    for expected in
        ["import wasi:filesystem/types@0.2", "export", "queues", "holders", "leases", "checkpoints", "maintenance"]
    {
        assert!(wit.contains(expected), "{expected} is missing in {wit}");
    }
    assert!(place.snapshot().is_empty());
}

#[test]
fn diagnostics_are_shown_where_they_are_asked_for() {
    let place = Place::new();
    place.push_lines("q", "x\n", &[]);
    let work = ["work", "q", "--drain", "--", "true"];
    let output = place.command(&work).env("LEASEHOLD_LOG", "debug").output().unwrap();
    let answer = Answer::of(output);
    answer.expect(0, &work);
    assert!(answer.stderr.contains("DEBUG") && answer.stderr.contains("claimed"), "{}", answer.stderr);
    assert!(!place.run(&work).stderr.contains("DEBUG"));
}
