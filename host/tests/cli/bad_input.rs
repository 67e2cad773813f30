//! What has no meaning is refused with a clear message, and nothing on the disk changes.

use crate::place::{Answer, Place, json};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

/// A place with one task of each state, and the receipts of one that is claimed and of one that was released.
struct Furnished {
    place: Place,
    claimed: String,
    earlier: String,
}

fn furnished(place: Place) -> Furnished {
    place.push_lines("q", "a\nb\nc\n", &[]);
    place.push_lines("other", "x\n", &[]);
    let dead = place.claim("q", "ada");
    place.ok(&["queue", "bury", "q", dead["receipt"].as_str().unwrap()]);
    let earlier = place.claim("q", "ada")["receipt"].as_str().unwrap().to_owned();
    place.ok(&["queue", "release", "q", &earlier]);
    let claimed = place.claim("q", "ada")["receipt"].as_str().unwrap().to_owned();
    Furnished { place, claimed, earlier }
}

/// Runs what must be refused with `code`, and asserts that nothing changed.
#[track_caller]
pub(crate) fn refused<S: AsRef<OsStr>>(place: &Place, code: i32, arguments: &[S]) -> Answer {
    let before = place.snapshot();
    let answer = place.run(arguments);
    answer.expect(code, arguments);
    assert!(answer.stdout.is_empty(), "{}", answer.text());
    assert!(answer.stderr.len() < 4000, "the message is as long as what it complains of");
    let shown: Vec<_> = arguments.iter().map(|argument| argument.as_ref().to_string_lossy()).collect();
    assert_eq!(place.snapshot(), before, "{shown:?} changed something");
    answer
}

pub(crate) fn wrong_names() -> Vec<String> {
    let mut names: Vec<String> =
        ["", ".", "..", "/", "a/b", "/etc/passwd", "../../x", "a\\b", "tab\tnewline\n", "\u{85}", "\u{7f}"]
            .map(String::from)
            .into();
    names.push("x".repeat(256));
    names.push("x".repeat(10 * 1024));
    names.push("ü".repeat(128));
    names
}

#[test]
fn names_that_cannot_be_ones_are_usage_errors() {
    for place in Place::both() {
        let place = furnished(place).place;
        for name in wrong_names() {
            let name = name.as_str();
            for arguments in [
                &["queue", "push", name][..],
                &["queue", "push", "q", "--id", name],
                &["queue", "claim", name, "--holder", "ada"],
                &["queue", "claim", "q", "--holder", name],
                &["queue", "status", name],
                &["queue", "ls", name],
                &["queue", "reap", name],
                &["queue", "pause", name],
                &["queue", "purge", name, "--state", "done"],
                &["queue", "peek", "q", name],
                &["queue", "result", "q", name],
                &["queue", "cancel", "q", name],
                &["queue", "revive", "q", name],
                &["queue", "done", name, "r"],
                &["holder", "open", name],
                &["holder", "renew", name],
                &["holder", "end", name],
                &["work", name, "--drain", "--", "true"],
                &["work", "q", "--holder", name, "--drain", "--", "true"],
            ] {
                refused(&place, 2, arguments);
            }
        }
    }
}

#[test]
fn a_wrong_name_does_not_even_make_a_root() {
    let place = Place::new();
    refused(&place, 2, &["queue", "push", "a/b"]);
    refused(&place, 2, &["holder", "open", ""]);
    assert!(place.snapshot().is_empty());
}

#[test]
fn arguments_that_are_not_utf8_are_usage_errors_and_no_panic() {
    let place = furnished(Place::new()).place;
    let wrong = OsStr::from_bytes(b"\xff\xfe");
    for arguments in [
        &["queue", "push"].map(OsStr::new)[..],
        &["queue", "status"].map(OsStr::new),
        &["queue", "cancel", "q"].map(OsStr::new),
        &["queue", "done", "q"].map(OsStr::new),
        &["queue", "push", "q", "--id"].map(OsStr::new),
        &["queue", "claim", "q", "--holder"].map(OsStr::new),
        &["holder", "open"].map(OsStr::new),
    ] {
        refused(&place, 2, &[arguments, &[wrong]].concat());
    }
}

#[test]
fn a_file_may_have_any_name() {
    let place = Place::new();
    let name = OsStr::from_bytes(b"\xff\xfe");
    fs::write(place.path().join(name), "content").unwrap();
    let push = [&["queue", "push", "q"].map(OsStr::new)[..], &[name]].concat();
    let id = place.run(&push).expect(0, &push);
    assert_eq!(place.ok(&["queue", "peek", "q", &id]), "content");
}

#[test]
fn garbled_receipts_are_usage_errors() {
    for place in Place::both() {
        let Furnished { place, claimed, .. } = furnished(place);
        let cut = &claimed[..claimed.len() - 1];
        let longer = format!("{claimed}x");
        let changed = claimed.replacen('.', ",", 1);
        let long = "r".repeat(10 * 1024);
        for receipt in ["", "garbage", "..", "../../../etc/passwd", "ü", cut, &longer, &changed, &long] {
            for arguments in [
                &["queue", "done", "q", receipt][..],
                &["queue", "done", "q", receipt, "--keep"],
                &["queue", "extend", "q", receipt, "--for", "1m"],
                &["queue", "retry", "q", receipt],
                &["queue", "release", "q", receipt],
                &["queue", "bury", "q", receipt],
            ] {
                refused(&place, 2, arguments);
            }
        }
    }
}

#[test]
fn receipts_of_another_queue_or_an_earlier_claim_are_lost() {
    for place in Place::both() {
        let Furnished { place, claimed, earlier } = furnished(place);
        for (queue, receipt) in [("other", &claimed), ("q", &earlier), ("nowhere", &claimed)] {
            for word in ["done", "extend", "retry", "release", "bury"] {
                refused(&place, 3, &["queue", word, queue, receipt]);
            }
        }
    }
}

#[test]
fn what_is_not_there_is_not_found() {
    let place = furnished(Place::new()).place;
    for word in ["peek", "result", "cancel", "revive"] {
        refused(&place, 1, &["queue", word, "q", "nobody"]);
        refused(&place, 1, &["queue", word, "nowhere", "nobody"]);
    }
    refused(&place, 1, &["holder", "renew", "nobody"]);
    refused(&place, 1, &["holder", "end", "nobody"]);
}

#[test]
fn numbers_and_lengths_of_time_have_limits() {
    let place = furnished(Place::new()).place;
    for arguments in [
        &["queue", "push", "q", "--priority", "10"][..],
        &["queue", "push", "q", "--priority", "-1"],
        &["queue", "push", "q", "--max-attempts", "0"],
        &["queue", "push", "q", "--max-attempts", "1001"],
        &["queue", "push", "q", "--delay", "30"],
        &["queue", "push", "q", "--delay", "367d"],
        &["queue", "push", "q", "--attribute", "no-value"],
        &["queue", "push", "q", "--on-duplicate", "perhaps"],
        &["queue", "claim", "q", "--holder", "h", "--max", "0"],
        &["queue", "claim", "q", "--holder", "h", "--max", "1001", "--json"],
        &["queue", "claim", "q", "--holder", "h", "--max", "2"],
        &["queue", "claim", "q", "--holder", "h", "--for", "soon"],
        &["queue", "claim", "q", "--holder", "h", "--ttl", "0s"],
        &["queue", "claim", "q"],
        &["queue", "purge", "q", "--state", "claimed"],
        &["queue", "purge", "q"],
        &["queue", "ls", "q", "--state", "ready", "--limit", "0"],
        &["queue", "ls", "q", "--state", "ready", "--cursor", "\u{1f980}"],
        &["holder", "open", "h", "--ttl", "0s"],
        &["holder", "open", "h", "--ttl", "1000d"],
        &["work", "q", "--drain"],
        &["work", "q", "--drain", "--workers", "0", "--", "true"],
        &["work", "q", "--drain", "--ttl", "1ms", "--", "true"],
        &["--dir", "nowhere=/x", "queue", "ls"],
        &["--root", "", "queue", "ls"],
        &["no-such-command"],
        &[],
    ] {
        refused(&place, 2, arguments);
    }
}

#[test]
fn a_claim_for_no_time_is_refused() {
    let place = furnished(Place::new()).place;
    let claim = ["queue", "claim", "q", "--holder", "ada", "--for", "0s"];
    place.run(&claim).expect(2, &claim);
    assert_eq!(place.counts("q"), [1, 0, 1, 1, 0]);
}

#[test]
fn what_is_over_the_limit_is_too_large() {
    const MIB: usize = 1024 * 1024;
    let Furnished { place, claimed, .. } = furnished(Place::new());
    let file = |name: &str, length: usize| fs::write(place.path().join(name), vec![b'x'; length]).unwrap();
    file("largest", 16 * MIB);
    file("too-large", 16 * MIB + 1);
    fs::write(place.path().join("too-many-lines"), "\n".repeat(65_537)).unwrap();
    let attribute = format!("key={}", "x".repeat(16 * 1024));
    let reason = "x".repeat(4 * 1024 + 1);
    for arguments in [
        &["queue", "push", "q", "too-large"][..],
        &["queue", "push", "q", "largest", "largest", "largest", "largest", "largest"],
        &["queue", "push", "q", "--lines", "too-large"],
        &["queue", "push", "q", "--lines", "too-many-lines"],
        &["queue", "push", "q", "--attribute", &attribute, "too-many-lines"],
        &["queue", "done", "q", &claimed, "--result", "too-large"],
        &["queue", "retry", "q", &claimed, "--reason", &reason],
        &["queue", "bury", "q", &claimed, "--reason", &reason],
    ] {
        let answer = refused(&place, 2, arguments);
        assert!(answer.stderr.contains("large") || answer.stderr.contains("longer"), "{}", answer.stderr);
    }
    place.ok(&["queue", "push", "q", "largest"]);
}

#[test]
fn a_file_that_cannot_be_read_is_an_io_error() {
    let place = furnished(Place::new()).place;
    let answer = refused(&place, 5, &["queue", "push", "q", "no-such-file"]);
    assert!(answer.stderr.contains("no-such-file"), "{}", answer.stderr);
    refused(&place, 5, &["queue", "push", "q", "."]);
}

#[test]
fn errors_are_json_where_that_is_asked_for() {
    let place = furnished(Place::new()).place;
    for (arguments, code, kind) in [
        (&["queue", "peek", "q", "nobody", "--json"][..], 1, "not-found"),
        (&["--json", "queue", "peek", "q", "a/b"], 2, "invalid-name"),
        (&["--json", "queue", "peek"], 2, "usage"),
        (&["--json", "queue", "push", "q", "--priority", "11"], 2, "usage"),
        (&["queue", "claim", "empty", "--holder", "ada", "--json"], 1, "nothing"),
    ] {
        let answer = place.run(arguments);
        answer.expect(code, arguments);
        let error = json(&answer.stderr);
        assert_eq!(error["error"], kind);
        assert!(error["message"].as_str().is_some_and(|message| message.len() > 5));
    }
}
