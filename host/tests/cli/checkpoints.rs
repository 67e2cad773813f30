//! Checkpoints: what was saved is loaded, one claims it, and nobody saves over who holds it.

use crate::place::{Answer, Place, json, wait_for};
use serde_json::Value;
use std::fs::{self, File};
use std::process::Stdio;
use std::time::Duration;

fn save(place: &Place, run: &str, content: &[u8], flags: &[&str]) -> String {
    let save = [&["checkpoint", "save", run], flags].concat();
    place.run_with_input(&save, content).expect(0, &save)
}

fn claim(place: &Place, run: &str, holder: &str) -> Value {
    json(&place.ok(&["checkpoint", "claim", run, "--holder", holder, "--json"]))
}

fn show(place: &Place, run: &str) -> Value {
    json(&place.ok(&["checkpoint", "show", run, "--json"]))
}

fn receipt(claim: &Value) -> &str {
    claim["receipt"].as_str().unwrap()
}

#[test]
fn what_was_saved_is_loaded_byte_for_byte() {
    for place in Place::both() {
        let content: Vec<u8> = (0..=255).cycle().take(300_000).collect();
        fs::write(place.path().join("file"), &content).unwrap();
        let id = place.ok(&["checkpoint", "save", "r", "file"]);
        assert_eq!(place.run(&["checkpoint", "load", "r"]).stdout, content);
        let again = save(&place, "r", b"", &[]);
        assert_ne!(id, again);
        assert_eq!(place.run(&["checkpoint", "load", "r"]).stdout, b"");
        save(&place, "r", b"from standard input", &["-"]);
        assert_eq!(place.ok(&["checkpoint", "load", "r"]), "from standard input");
        let load = ["checkpoint", "load", "nothing"];
        place.run(&load).expect(1, &load);
    }
}

#[test]
fn the_largest_content_is_saved_claimed_and_saved_again() {
    for place in Place::both() {
        let content = vec![b'x'; 16 << 20];
        fs::write(place.path().join("largest"), &content).unwrap();
        place.ok(&["checkpoint", "save", "r", "largest"]);
        let answer = place.run(&["checkpoint", "claim", "r", "--holder", "ada", "--receipt", "receipt"]);
        answer.expect(0, &["claim"]);
        assert!(answer.stdout == content);
        let receipt = fs::read_to_string(place.path().join("receipt")).unwrap();
        place.ok(&["checkpoint", "save", "r", "largest", "--receipt", receipt.trim()]);
        assert!(place.run(&["checkpoint", "load", "r"]).stdout == content);
    }
}

#[test]
fn content_is_json_text_or_base64_in_json() {
    for place in Place::both() {
        let id = save(&place, "r", b"{\"step\":3,\n\"of\":[1.50]}", &[]);
        let line = place.ok(&["checkpoint", "load", "r", "--json"]);
        assert!(line.contains(r#""content":{"step":3, "of":[1.50]}"#), "{line}");
        let loaded = json(&line);
        assert_eq!((&loaded["run"], &loaded["save"], &loaded["size"]), (&"r".into(), &id.into(), &23.into()));
        assert!(loaded["at"].is_u64());
        save(&place, "r", b"step 3\nof 7", &[]);
        assert_eq!(json(&place.ok(&["checkpoint", "load", "r", "--json"]))["content"], "step 3\nof 7");
        save(&place, "r", b"\xff\0", &[]);
        let loaded = json(&place.ok(&["checkpoint", "load", "r", "--json"]));
        assert_eq!(loaded["content_base64"], "/wA=");
        assert!(loaded.get("content").is_none());
    }
}

#[test]
fn a_run_is_claimed_saved_and_completed_by_one() {
    for place in Place::both() {
        save(&place, "r", b"{\"step\":1}", &[]);
        let held = claim(&place, "r", "ada");
        assert_eq!((&held["run"], &held["content"]["step"]), (&"r".into(), &1.into()));
        assert!(held["token"].as_u64().unwrap() > 0);
        let state = show(&place, "r");
        assert_eq!((&state["state"], &state["holding"]["holder"]), (&"held".into(), &"ada".into()));
        assert_eq!((&state["alive"], &state["token"]), (&true.into(), &held["token"]));

        for refused in [
            &["checkpoint", "claim", "r", "--holder", "bob"][..],
            &["checkpoint", "save", "r"],
            &["checkpoint", "rm", "r"],
        ] {
            let answer = place.run(refused);
            answer.expect(1, refused);
            assert!(answer.stderr.contains("ada"), "{}", answer.stderr);
        }
        assert_eq!(place.ok(&["checkpoint", "load", "r"]), "{\"step\":1}");

        let id = save(&place, "r", b"{\"step\":2}", &["--receipt", receipt(&held), "--keep-claim"]);
        assert_eq!((&show(&place, "r")["state"], &show(&place, "r")["save"]), (&"held".into(), &id.into()));
        place.ok(&["checkpoint", "complete", "r", receipt(&held)]);
        // Saying it again is no error.
        place.ok(&["checkpoint", "complete", "r", receipt(&held)]);
        assert_eq!(show(&place, "r")["state"], "done");
        for word in [&["load", "r"][..], &["history", "r"], &["claim", "r", "--holder", "ada"]] {
            let gone = [&["checkpoint"], word].concat();
            place.run(&gone).expect(1, &gone);
        }
        // A new life under the old name.
        save(&place, "r", b"anew", &[]);
        assert_eq!(show(&place, "r")["state"], "armed");
        place.ok(&["checkpoint", "rm", "r"]);
        place.run(&["checkpoint", "show", "r"]).expect(1, &["show"]);
        place.run(&["checkpoint", "rm", "r"]).expect(1, &["rm"]);
    }
}

#[test]
fn a_claim_ends_when_it_is_released_or_saved_without_keeping_it() {
    for place in Place::both() {
        save(&place, "r", b"1", &[]);
        let first = claim(&place, "r", "ada");
        place.ok(&["checkpoint", "release", "r", receipt(&first)]);
        assert_eq!(show(&place, "r")["state"], "armed");
        let second = claim(&place, "r", "ada");
        assert!(second["token"].as_u64() > first["token"].as_u64());
        save(&place, "r", b"2", &["--receipt", receipt(&second)]);
        assert_eq!(show(&place, "r")["state"], "armed");
        for late in [&first, &second] {
            let before = place.snapshot_of(&place.store("checkpoint"));
            for arguments in [
                &["checkpoint", "save", "r", "--receipt", receipt(late)][..],
                &["checkpoint", "save", "r", "--receipt", receipt(late), "--keep-claim"],
                &["checkpoint", "complete", "r", receipt(late)],
            ] {
                place.run(arguments).expect(3, arguments);
            }
            assert_eq!(place.snapshot_of(&place.store("checkpoint")), before, "what was lost has changed something");
        }
        assert_eq!(place.ok(&["checkpoint", "load", "r"]), "2");
    }
}

#[test]
fn what_a_dead_holder_held_is_claimed_by_the_next_or_recovered() {
    for place in Place::both() {
        save(&place, "r", b"1", &[]);
        save(&place, "s", b"1", &[]);
        let lost = claim(&place, "r", "ada");
        claim(&place, "s", "ada");
        place.ok(&["holder", "end", "ada"]);
        assert_eq!(show(&place, "r")["alive"], false);
        assert!(claim(&place, "r", "bob")["token"].as_u64() > lost["token"].as_u64());
        assert_eq!(place.ok(&["checkpoint", "recover"]), "s");
        assert_eq!(place.ok(&["checkpoint", "recover"]), "");
        assert_eq!(show(&place, "s")["state"], "armed");
        let late = ["checkpoint", "complete", "r", receipt(&lost)];
        place.run(&late).expect(3, &late);

        let claim = ["checkpoint", "claim", "s", "--holder", "eve", "--ttl", "50ms", "--json"];
        place.ok(&claim);
        std::thread::sleep(Duration::from_millis(100));
        assert_eq!(json(&place.ok(&["checkpoint", "recover", "--json"])), json(r#"{"run":"s"}"#));
    }
}

#[test]
fn as_many_saves_are_kept_as_was_said() {
    for place in Place::both() {
        save(&place, "r", b"0", &["--keep", "3"]);
        let ids: Vec<_> = (1..=4).map(|n| save(&place, "r", n.to_string().as_bytes(), &[])).collect();
        let history = place.ok(&["checkpoint", "history", "r"]);
        let kept: Vec<_> = history.lines().map(|line| line.split('\t').next().unwrap()).collect();
        assert_eq!(kept, [&ids[3], &ids[2], &ids[1]]);
        let line = place.ok(&["checkpoint", "history", "r", "--json"]);
        assert_eq!(json(line.lines().next().unwrap())["save"], ids[3].as_str());
        assert_eq!(place.ok(&["checkpoint", "load", "r", "--save", &ids[1]]), "2");
        let gone = ["checkpoint", "load", "r", "--save", &ids[0]];
        place.run(&gone).expect(1, &gone);

        let stale = ["checkpoint", "claim", "r", "--holder", "ada", "--save", &ids[2]];
        place.run(&stale).expect(3, &stale);
        place.ok(&["checkpoint", "claim", "r", "--holder", "ada", "--save", &ids[3]]);
    }
}

#[test]
fn runs_are_listed_by_state() {
    for place in Place::both() {
        assert_eq!(place.ok(&["checkpoint", "ls"]), "");
        for run in ["armed 1", "held 1", "done 1"] {
            save(&place, run, b"x", &[]);
        }
        claim(&place, "held 1", "ada");
        let done = claim(&place, "done 1", "ada");
        place.ok(&["checkpoint", "complete", "done 1", receipt(&done)]);
        assert_eq!(place.ok(&["checkpoint", "ls"]).lines().count(), 3);
        for state in ["armed", "held", "done"] {
            let listed = place.ok(&["checkpoint", "ls", "--state", state]);
            assert!(listed.starts_with(&format!("{state} 1\t{state}\t")) && listed.lines().count() == 1, "{listed}");
            let listed = json(&place.ok(&["checkpoint", "ls", "--state", state, "--json"]));
            assert_eq!((&listed["run"], &listed["state"]), (&format!("{state} 1").into(), &state.into()));
        }
        assert_eq!(place.ok(&["checkpoint", "ls", "--state", "damaged"]), "");
        let shown = place.ok(&["checkpoint", "show", "held 1"]);
        assert!(shown.starts_with("run: held 1\nstate: held\n") && shown.contains("holder: ada (epoch "), "{shown}");
    }
}

#[test]
fn content_that_is_printed_stands_apart_from_its_receipt() {
    for place in Place::both() {
        save(&place, "r", b"content\n", &[]);
        let answer = place.run(&["checkpoint", "claim", "r", "--holder", "ada"]);
        assert_eq!((answer.code, answer.text()), (0, "content\n"));
        let told = answer.stderr.strip_prefix("receipt: ").unwrap().trim();
        place.ok(&["checkpoint", "release", "r", told]);
        let answer = place.run(&["checkpoint", "claim", "r", "--holder", "ada", "--receipt", "receipt"]);
        assert_eq!((answer.text(), answer.stderr.as_str()), ("content\n", ""));
        let told = fs::read_to_string(place.path().join("receipt")).unwrap();
        place.ok(&["checkpoint", "complete", "r", told.trim()]);
    }
}

#[test]
fn what_nobody_could_read_is_released() {
    let place = Place::new();
    save(&place, "r", b"x", &[]);
    for flags in [&[][..], &["--json"]] {
        let claim = [&["checkpoint", "claim", "r", "--holder", "ada"], flags].concat();
        place.run_unread(&claim).expect(5, &claim);
        assert_eq!(show(&place, "r")["state"], "armed");
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = place.command(&claim).stdout(Stdio::from(full)).output().unwrap();
        Answer::of(output).expect(5, &claim);
        assert_eq!(show(&place, "r")["state"], "armed");
    }
}

#[test]
fn of_many_who_claim_a_run_at_once_one_has_it() {
    for place in Place::both() {
        save(&place, "r", b"x", &[]);
        let racers: Vec<_> = (0..12)
            .map(|n| place.command(&["checkpoint", "claim", "r", "--holder", &format!("h{n}")]).spawn().unwrap())
            .collect();
        let codes: Vec<_> = racers.into_iter().map(|racer| wait_for(racer).code).collect();
        assert_eq!(codes.iter().filter(|&&code| code == 0).count(), 1, "{codes:?}");
        assert_eq!(codes.iter().filter(|&&code| code == 1).count(), 11, "{codes:?}");
    }
}

#[test]
fn saves_that_race_are_each_whole_and_one_is_the_last() {
    for place in Place::both() {
        let contents: Vec<String> = (0..8).map(|n| n.to_string().repeat(100_000)).collect();
        let savers: Vec<_> = contents
            .iter()
            .enumerate()
            .map(|(n, content)| {
                let file = format!("content-{n}");
                fs::write(place.path().join(&file), content).unwrap();
                place.command(&["checkpoint", "save", "r", &file]).spawn().unwrap()
            })
            .collect();
        for saver in savers {
            wait_for(saver).expect(0, &["save"]);
        }
        assert!(contents.contains(&place.ok(&["checkpoint", "load", "r"])));
    }
}

#[test]
fn content_that_was_changed_behind_the_back_is_never_handed_out() {
    for place in Place::both() {
        save(&place, "r", b"content", &[]);
        let mut folders = vec![place.store("checkpoint/r")];
        let mut changed = 0;
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if fs::read(&path).unwrap() == b"content" {
                    fs::write(&path, "forged!").unwrap();
                    changed += 1;
                }
            }
        }
        assert_eq!(changed, 1);
        let load = ["checkpoint", "load", "r"];
        place.run(&load).expect(4, &load);
        let claim = ["checkpoint", "claim", "r", "--holder", "ada"];
        let answer = place.run(&claim);
        answer.expect(4, &claim);
        assert_eq!(answer.text(), "");
        assert_eq!(show(&place, "r")["state"], "damaged");
        // Something else may be saved in its place.
        save(&place, "r", b"repaired", &[]);
        assert_eq!(place.ok(&["checkpoint", "load", "r"]), "repaired");
    }
}
