//! The same for leases, locks and checkpoints: what has no meaning is refused, and nothing on the disk changes.

use crate::bad_input::{refused, wrong_names};
use crate::place::{Place, json};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

/// A place with a lease and a run that are held, the receipts of the run's claim and of an earlier one, and another run.
struct Kept {
    place: Place,
    claimed: String,
    earlier: String,
}

fn kept(place: Place) -> Kept {
    let claim = |place: &Place| {
        let claim = place.ok(&["checkpoint", "claim", "r", "--holder", "ada", "--json"]);
        json(&claim)["receipt"].as_str().unwrap().to_owned()
    };
    place.ok(&["lease", "acquire", "l", "--holder", "ada"]);
    place.run_with_input(&["checkpoint", "save", "r"], b"content");
    place.run_with_input(&["checkpoint", "save", "other"], b"content");
    let earlier = claim(&place);
    place.ok(&["checkpoint", "release", "r", &earlier]);
    let claimed = claim(&place);
    Kept { place, claimed, earlier }
}

#[test]
fn leases_and_runs_whose_names_cannot_be_ones_are_usage_errors() {
    for place in Place::both() {
        let Kept { place, .. } = kept(place);
        for name in wrong_names() {
            let name = name.as_str();
            for arguments in [
                &["lease", "acquire", name, "--holder", "ada"][..],
                &["lease", "acquire", name, "--holder", "ada", "--wait", "1s"],
                &["lease", "acquire", "l", "--holder", name],
                &["lease", "release", name, "--token", "1"],
                &["lease", "release", name, "--holder", "ada"],
                &["lease", "release", "l", "--holder", name],
                &["lease", "show", name],
                &["lock", name, "--", "true"],
                &["checkpoint", "save", name],
                &["checkpoint", "load", name],
                &["checkpoint", "claim", name, "--holder", "ada"],
                &["checkpoint", "claim", "r", "--holder", name],
                &["checkpoint", "complete", name, "x"],
                &["checkpoint", "release", name, "x"],
                &["checkpoint", "rm", name],
                &["checkpoint", "show", name],
                &["checkpoint", "history", name],
            ] {
                refused(&place, 2, arguments);
            }
        }
    }
}

#[test]
fn garbled_receipts_of_runs_are_usage_errors() {
    for place in Place::both() {
        let Kept { place, claimed, .. } = kept(place);
        let cut = &claimed[..claimed.len() - 1];
        let longer = format!("{claimed}x");
        let changed = claimed.replacen('.', ",", 1);
        let long = "r".repeat(10 * 1024);
        for receipt in ["", "garbage", "..", "../../../etc/passwd", "ü", cut, &longer, &changed, &long] {
            for arguments in [
                &["checkpoint", "save", "r", "--receipt", receipt][..],
                &["checkpoint", "save", "r", "--receipt", receipt, "--keep-claim"],
                &["checkpoint", "complete", "r", receipt],
                &["checkpoint", "release", "r", receipt],
            ] {
                refused(&place, 2, arguments);
            }
        }
    }
}

#[test]
fn receipts_of_another_run_or_an_earlier_claim_are_lost() {
    for place in Place::both() {
        let Kept { place, claimed, earlier } = kept(place);
        for (run, receipt) in [("other", &claimed), ("r", &earlier), ("nowhere", &claimed)] {
            refused(&place, 3, &["checkpoint", "save", run, "--receipt", receipt]);
            refused(&place, 3, &["checkpoint", "complete", run, receipt]);
            refused(&place, 3, &["checkpoint", "release", run, receipt]);
        }
    }
}

#[test]
fn tokens_and_saves_that_are_not_there_are_told_apart_from_nonsense() {
    for place in Place::both() {
        let Kept { place, .. } = kept(place);
        for token in ["0", "1", "18446744073709551615"] {
            refused(&place, 3, &["lease", "release", "l", "--token", token]);
            refused(&place, 3, &["lease", "release", "nowhere", "--token", token]);
        }
        for save in ["", "garbage", "../x", "ü"] {
            refused(&place, 2, &["checkpoint", "load", "r", "--save", save]);
        }
        refused(&place, 1, &["lease", "show", "nowhere"]);
        for word in ["load", "show", "history", "rm"] {
            refused(&place, 1, &["checkpoint", word, "nowhere"]);
        }
    }
}

#[test]
fn flags_of_leases_locks_and_runs_have_limits() {
    let Kept { place, claimed, .. } = kept(Place::new());
    for arguments in [
        &["lease", "acquire", "l"][..],
        &["lease", "acquire", "l", "--holder", "h", "--wait", "1"],
        &["lease", "acquire", "l", "--holder", "h", "--ttl", "0s"],
        &["lease", "release", "l"],
        &["lease", "release", "l", "--token", "1", "--holder", "ada"],
        &["lease", "release", "l", "--token", "-1"],
        &["lease", "release", "l", "--token", "x"],
        &["lease", "reap", "--sync", "--no-sync"],
        &["lock", "l"],
        &["lock", "l", "true"],
        &["lock", "l", "--ttl", "1ms", "--", "true"],
        &["lock", "l", "--ttl", "1000d", "--", "true"],
        &["lock", "l", "--wait", "soon", "--", "true"],
        &["checkpoint", "save", "r", "--keep", "0"],
        &["checkpoint", "save", "r", "--keep", "101"],
        &["checkpoint", "save", "r", "--keep-claim"],
        &["checkpoint", "claim", "r"],
        &["checkpoint", "claim", "r", "--holder", "h", "--json", "--receipt", "file"],
        &["checkpoint", "ls", "--state", "asleep"],
        &["checkpoint", "complete", "r"],
        &["lease"],
        &["checkpoint"],
    ] {
        refused(&place, 2, arguments);
    }
    let wrong = OsStr::from_bytes(b"\xff\xfe");
    for arguments in [
        &["lease", "show"].map(OsStr::new)[..],
        &["lock"].map(OsStr::new),
        &["checkpoint", "load"].map(OsStr::new),
        &["checkpoint", "complete", "r"].map(OsStr::new),
    ] {
        refused(&place, 2, &[arguments, &[wrong]].concat());
    }
    fs::write(place.path().join("too-large"), vec![b'x'; 16 * 1024 * 1024 + 1]).unwrap();
    for flags in [&[][..], &["--receipt", &claimed]] {
        let answer = refused(&place, 2, &[&["checkpoint", "save", "r", "too-large"], flags].concat());
        assert!(answer.stderr.contains("longer"), "{}", answer.stderr);
    }
    refused(&place, 5, &["checkpoint", "save", "r", "no-such-file"]);
    refused(&place, 5, &["checkpoint", "save", "r", "."]);
}
