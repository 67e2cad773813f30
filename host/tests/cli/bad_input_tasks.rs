//! The same for task lists: what has no meaning is refused, and nothing on the disk changes.

use crate::bad_input::{refused, wrong_names};
use crate::place::Place;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

/// A place with a list of two tasks, of which one is claimed.
fn listed(place: Place) -> Place {
    place.ok(&["task", "new", "l", "a"]);
    place.ok(&["task", "new", "l", "b"]);
    place.ok(&["task", "claim", "l", "1", "--holder", "ada"]);
    place
}

#[test]
fn lists_whose_names_cannot_be_ones_are_usage_errors() {
    for place in Place::both() {
        let place = listed(place);
        let others = ["colony:../../x", "colony:/etc", "session:a/b", "../tasks/l", "l/", "colony:\n"];
        for name in wrong_names().iter().map(String::as_str).chain(others) {
            for arguments in [
                &["task", "new", name, "x"][..],
                &["task", "batch", name, "/dev/null"],
                &["task", "ensure", name],
                &["task", "show", name, "1"],
                &["task", "ls", name],
                &["task", "update", name, "1", "--subject", "x"],
                &["task", "claim", name, "1", "--holder", "ada"],
                &["task", "claim", name, "--next", "--holder", "ada"],
                &["task", "claim", "l", "1", "--holder", name],
                &["task", "release", name, "1", "--token", "1"],
                &["task", "done", name, "1"],
                &["task", "abandon", name, "1"],
                &["task", "rm", name, "1"],
                &["task", "reset", name],
                &["task", "remove-list", name],
                &["task", "history", name],
                &["task", "watch", name, "--limit", "1"],
                &["task", "why", name, "1"],
                &["task", "reap", name],
            ] {
                refused(&place, 2, arguments);
            }
        }
    }
}

#[test]
fn a_list_stays_in_its_own_directory_whatever_its_name_is() {
    for place in Place::both() {
        let names =
            ["colony:x", "session:a:b", "colony:..", "...", "~", "%2e%2e", "-", "tmp", "floor", "format", "CON"];
        for name in names {
            place.ok(&["task", "new", "--", name, "x"]);
        }
        let mut listed: Vec<String> =
            place.ok(&["task", "lists"]).lines().map(|row| row.split('\t').next().unwrap().to_owned()).collect();
        listed.sort();
        let mut expected = names.map(String::from);
        expected.sort();
        assert_eq!(listed, expected);
        let stores: Vec<_> = fs::read_dir(place.store("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(stores.iter().all(|store| store == "tasks" || store == "holders"), "{stores:?}");
        // `floor` stands only where a list was removed; each list has a directory of its own beside these.
        let beside = ["format", "tmp", "floor"];
        let entries = fs::read_dir(place.store("tasks")).unwrap().map(|entry| entry.unwrap().file_name());
        let lists = entries.filter(|entry| !beside.iter().any(|name| entry == *name)).count();
        assert_eq!(lists, names.len());
        assert_eq!(place.ok(&["doctor"]), "");
    }
}

#[test]
fn ids_tokens_and_states_that_cannot_be_ones_are_usage_errors() {
    let place = listed(Place::new());
    let long = "1".repeat(10 * 1024);
    for id in ["", "x", "-1", "1.5", "0x1", "18446744073709551616", "1 ", "..", &long] {
        for arguments in [
            &["task", "show", "l", id][..],
            &["task", "update", "l", id, "--subject", "x"],
            &["task", "update", "l", "1", "--blocked-by", id],
            &["task", "update", "l", "1", "--if-revision", id],
            &["task", "claim", "l", id, "--holder", "ada"],
            &["task", "done", "l", id],
            &["task", "done", "l", "1", "--token", id],
            &["task", "release", "l", "1", "--token", id],
            &["task", "rm", "l", id],
            &["task", "why", "l", id],
            &["task", "new", "l", "x", "--blocked-by", id],
            &["task", "history", "l", "--since", id],
        ] {
            let answer = place.run(arguments);
            answer.expect(2, arguments);
        }
    }
    for arguments in [
        &["task"][..],
        &["task", "new", "l"],
        &["task", "claim", "l", "1"],
        &["task", "claim", "l", "--holder", "ada"],
        &["task", "claim", "l", "1", "--next", "--holder", "ada"],
        &["task", "claim", "l", "1", "--holder", "ada", "--ttl", "0s"],
        &["task", "release", "l", "1"],
        &["task", "done", "l", "1", "--token", "1", "--holder", "ada"],
        &["task", "update", "l", "2", "--status", "done"],
        &["task", "update", "l", "2", "--status", "deleted"],
        &["task", "update", "l", "2", "--status", "in_progress"],
        &["task", "update", "l", "2", "--priority", "10"],
        &["task", "new", "l", "x", "--priority", "-1"],
        &["task", "new", "l", "x", "--sync", "--no-sync"],
        &["task", "history", "l", "--limit", "0"],
        &["task", "ensure"],
        &["task", "ensure", "l", "--metadata"],
        &["task", "ensure", "l", "--metadata", "[1]"],
        &["task", "ensure", "l", "--sync", "--no-sync"],
        &["task", "ls", "l", "--status", "asleep"],
    ] {
        refused(&place, 2, arguments);
    }
    let wrong = OsStr::from_bytes(b"\xff\xfe");
    for arguments in [
        &["task", "show"].map(OsStr::new)[..],
        &["task", "new", "l"].map(OsStr::new),
        &["task", "show", "l"].map(OsStr::new),
        &["task", "new", "l", "x", "--metadata"].map(OsStr::new),
        &["task", "ensure", "l", "--seen"].map(OsStr::new),
    ] {
        refused(&place, 2, &[arguments, &[wrong]].concat());
    }
}

#[test]
fn what_is_not_there_is_told_apart_from_nonsense() {
    for place in Place::both() {
        let place = listed(place);
        for id in ["0", "9", "18446744073709551615"] {
            for arguments in [
                &["task", "show", "l", id][..],
                &["task", "why", "l", id],
                &["task", "done", "l", id],
                &["task", "update", "l", id, "--subject", "x"],
                &["task", "update", "l", "2", "--blocked-by", id],
                &["task", "rm", "l", id],
                &["task", "new", "l", "x", "--blocked-by", id],
                &["task", "release", "l", id, "--token", "1"],
            ] {
                refused(&place, 1, arguments);
            }
        }
        for word in ["reset", "remove-list", "history", "reap"] {
            refused(&place, 1, &["task", word, "nowhere"]);
        }
        for token in ["0", "1", "18446744073709551615"] {
            refused(&place, 3, &["task", "done", "l", "1", "--token", token]);
            refused(&place, 3, &["task", "done", "l", "2", "--token", token]);
            refused(&place, 3, &["task", "release", "l", "1", "--token", token]);
            refused(&place, 3, &["task", "update", "l", "2", "--subject", "x", "--if-revision", token]);
        }
    }
}

#[test]
fn texts_that_are_blank_or_too_large_or_no_json_are_refused() {
    for place in Place::both() {
        let place = listed(place);
        let subject = "x".repeat(4 * 1024 + 1);
        // One argument of a command can have 128 KiB; more comes from a file.
        let by = "x".repeat(256);
        for arguments in [
            &["task", "new", "l", ""][..],
            &["task", "new", "l", " \t\n"],
            &["task", "new", "l", "\u{3000}"],
            &["task", "new", "l", &subject],
            &["task", "new", "l", "x", "--by", &by],
            &["task", "ensure", "l", "--by", &by],
            &["task", "ensure", "l", "--seen", &by],
            &["task", "ensure", "nowhere", "--seen", &by],
            &["task", "update", "l", "2", "--subject", ""],
            &["task", "update", "l", "2", "--subject", &subject],
        ] {
            refused(&place, 2, arguments);
        }
        for metadata in ["", "x", "[]", "1", "null", "{", "{\"a\":1}}", "{\"a\":NaN}", "{'a':1}", "\u{feff}{}"] {
            refused(&place, 2, &["task", "new", "l", "x", "--metadata", metadata]);
            refused(&place, 2, &["task", "update", "l", "2", "--metadata", metadata]);
            refused(&place, 2, &["task", "ensure", "l", "--metadata", metadata]);
            refused(&place, 2, &["task", "ensure", "nowhere", "--metadata", metadata]);
        }
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(50_000), "]".repeat(50_000));
        refused(&place, 2, &["task", "new", "l", "x", "--metadata", &deep]);
        let long = "x".repeat(256 * 1024 + 1);
        for batch in [
            format!("[{{\"subject\":\"x\",\"description\":\"{long}\"}}]"),
            format!("[{{\"subject\":\"x\",\"active_form\":\"{long}\"}}]"),
            format!("[{{\"subject\":\"x\",\"metadata\":{{\"a\":\"{long}\"}}}}]"),
            format!("[{{\"{long}\":\"x\"}}]"),
            format!("[{{\"subject\":\"x\",\"metadata\":{deep}}}]"),
            format!("[{}]", vec!["{\"subject\":\"x\"}"; 65_537].join(",")),
            "{\"subject\":\"x\"".into(),
            "[{\"subject\":\"x\"}".into(),
            "[[[[".into(),
            "[".repeat(100_000),
            "\0".into(),
        ] {
            fs::write(place.path().join("batch"), batch).unwrap();
            refused(&place, 2, &["task", "batch", "l", "batch"]);
        }
        fs::write(place.path().join("batch"), b"[{\"subject\":\"\xff\"}]").unwrap();
        refused(&place, 2, &["task", "batch", "l", "batch"]);
        refused(&place, 5, &["task", "batch", "l", "no-such-file"]);
        refused(&place, 5, &["task", "batch", "l", "."]);
        fs::remove_file(place.path().join("batch")).unwrap();
    }
}

#[test]
fn a_wrong_name_does_not_even_make_a_root_for_lists() {
    let place = Place::new();
    refused(&place, 2, &["task", "new", "a/b", "x"]);
    refused(&place, 2, &["task", "ls", ".."]);
    assert!(place.snapshot().is_empty());
}
