//! Leases: who has them, who waits, and who loses them.

use crate::place::{Answer, Place, json, wait_for, wait_until};
use crate::work::stop;
use std::fs::File;
use std::process::Stdio;
use std::time::{Duration, Instant};

fn acquire(place: &Place, name: &str, holder: &str) -> u64 {
    place.ok(&["lease", "acquire", name, "--holder", holder]).parse().unwrap()
}

fn show(place: &Place, name: &str) -> serde_json::Value {
    json(&place.ok(&["lease", "show", name, "--json"]))
}

#[test]
fn a_lease_is_had_by_one_until_it_is_released() {
    for place in Place::both() {
        let token = acquire(&place, "l", "ada");
        // Asking again changes nothing.
        assert_eq!(acquire(&place, "l", "ada"), token);
        let other = ["lease", "acquire", "l", "--holder", "bob"];
        let answer = place.run(&other);
        answer.expect(1, &other);
        assert!(answer.stderr.contains("ada"), "{}", answer.stderr);
        let refusal = json(&place.run(&[&other[..], &["--json"]].concat()).stderr);
        assert_eq!((&refusal["error"], &refusal["holder"]), (&"held".into(), &"ada".into()));

        place.ok(&["lease", "release", "l", "--token", &token.to_string()]);
        // Until somebody has it, saying it again is no error.
        place.ok(&["lease", "release", "l", "--token", &token.to_string()]);
        let grant = json(&place.ok(&["lease", "acquire", "l", "--holder", "bob", "--json"]));
        assert_eq!((&grant["name"], &grant["holder"]), (&"l".into(), &"bob".into()));
        assert!(grant["token"].as_u64().unwrap() > token);
        let late = ["lease", "release", "l", "--token", &token.to_string()];
        place.run(&late).expect(3, &late);
        assert_eq!(show(&place, "l")["holding"]["holder"], "bob");
    }
}

#[test]
fn a_lease_is_shown_and_listed() {
    for place in Place::both() {
        place.run(&["lease", "show", "l"]).expect(1, &["show"]);
        assert_eq!(place.ok(&["lease", "ls", "--all"]), "");
        let token = acquire(&place, "Straße 1", "ada");
        let free = acquire(&place, "free", "ada");
        place.ok(&["lease", "release", "free", "--token", &free.to_string()]);
        let state = show(&place, "Straße 1");
        assert_eq!((&state["name"], &state["token"]), (&"Straße 1".into(), &token.into()));
        assert_eq!((&state["alive"], &state["waiting"]), (&true.into(), &0.into()));
        assert_eq!((&state["holding"]["holder"], &state["holding"]["token"]), (&"ada".into(), &token.into()));
        assert!(state["since"].is_u64());
        let shown = place.ok(&["lease", "show", "Straße 1"]);
        assert!(shown.starts_with("name: Straße 1\n") && shown.contains("holder: ada (epoch "), "{shown}");

        let listed = place.ok(&["lease", "ls"]);
        assert!(listed.starts_with("Straße 1\theld\tada\t") && listed.lines().count() == 1, "{listed}");
        let listed = place.ok(&["lease", "ls", "--all", "--json"]);
        let names: Vec<_> = listed.lines().map(|line| json(line)["name"].clone()).collect();
        assert_eq!(names.len(), 2);
        place.ok(&["holder", "end", "ada"]);
        assert!(place.ok(&["lease", "ls"]).contains("\tdead\tada\t"));
    }
}

#[test]
fn a_long_list_is_read_page_by_page() {
    let place = Place::new();
    let root = place.store("claims");
    acquire(&place, "seed", "ada");
    // Copies of a lease under other names are leases as well.
    let seed = root.join("seed");
    for n in 0..1_050 {
        let copy = root.join(format!("copy-{n}"));
        std::fs::create_dir(&copy).unwrap();
        for entry in std::fs::read_dir(&seed).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                std::fs::create_dir(copy.join(entry.file_name())).unwrap();
            } else {
                std::fs::write(copy.join(entry.file_name()), "").unwrap();
            }
        }
    }
    assert_eq!(place.ok(&["lease", "ls"]).lines().count(), 1_051);
}

#[test]
fn what_a_dead_holder_has_is_taken_or_reaped() {
    for place in Place::both() {
        let first = acquire(&place, "l", "ada");
        acquire(&place, "m", "ada");
        place.ok(&["holder", "end", "ada"]);
        assert_eq!(show(&place, "l")["alive"], false);
        assert!(acquire(&place, "l", "bob") > first);
        assert_eq!(place.ok(&["lease", "reap"]), "m\tada");
        assert_eq!(place.ok(&["lease", "reap"]), "");
        assert_eq!(show(&place, "l")["holding"]["holder"], "bob");

        place.ok(&["lease", "acquire", "m", "--holder", "eve", "--ttl", "50ms"]);
        std::thread::sleep(Duration::from_millis(100));
        let reaped = json(&place.ok(&["lease", "reap", "--json"]));
        assert_eq!((&reaped["name"], &reaped["holding"]["holder"]), (&"m".into(), &"eve".into()));
    }
}

#[test]
fn a_holder_releases_what_is_its_own_or_nobodys() {
    for place in Place::both() {
        // Absent, free, its own, and a dead one's.
        place.ok(&["lease", "release", "l", "--holder", "ada"]);
        acquire(&place, "l", "ada");
        place.ok(&["lease", "release", "l", "--holder", "ada"]);
        place.ok(&["lease", "release", "l", "--holder", "ada"]);
        acquire(&place, "l", "bob");
        let others = ["lease", "release", "l", "--holder", "ada"];
        let answer = place.run(&others);
        answer.expect(1, &others);
        assert!(answer.stderr.contains("bob"), "{}", answer.stderr);
        assert_eq!(show(&place, "l")["holding"]["holder"], "bob");
        place.ok(&["holder", "end", "bob"]);
        place.ok(&others);
        assert!(show(&place, "l")["holding"].is_null());
    }
}

#[test]
fn a_late_holder_is_declared_dead_before_its_lease_is_released_for_it() {
    for place in Place::both() {
        // Its own name is no better: whoever has it may be suspended, and would not learn of it.
        for holder in ["ada", "bob"] {
            place.ok(&["holder", "open", "bob", "--ttl", "50ms"]);
            acquire(&place, "l", "bob");
            std::thread::sleep(Duration::from_millis(100));
            place.ok(&["lease", "release", "l", "--holder", holder]);
            assert!(show(&place, "l")["holding"].is_null());
            let states: Vec<_> = std::fs::read_dir(place.store("holders/bob")).unwrap().collect();
            let state = states[0].as_ref().unwrap().file_name().into_string().unwrap();
            assert!(state.contains(".ended."), "{holder} freed it while its holder could go on: {state}");
        }
    }
}

#[test]
fn who_waits_is_granted_the_lease_in_turn() {
    for place in Place::both() {
        let token = acquire(&place, "l", "ada");
        let mut line = Vec::new();
        for (n, holder) in ["bob", "eve"].iter().enumerate() {
            let wait = ["lease", "acquire", "l", "--holder", holder, "--wait", "20s"];
            line.push(place.command(&wait).spawn().unwrap());
            wait_until("it stands in line", || show(&place, "l")["waiting"] == n + 1);
        }
        place.ok(&["lease", "release", "l", "--token", &token.to_string()]);
        let second: u64 = wait_for(line.remove(0)).expect(0, &["bob"]).parse().unwrap();
        assert!(second > token);
        // Nobody who did not wait comes before one who does.
        place.ok(&["lease", "release", "l", "--token", &second.to_string()]);
        let jump = place.run(&["lease", "acquire", "l", "--holder", "ada"]);
        jump.expect(1, &["jump"]);
        let third: u64 = wait_for(line.remove(0)).expect(0, &["eve"]).parse().unwrap();
        assert!(third > second);
    }
}

#[test]
fn who_waits_in_vain_or_is_interrupted_leaves_the_line() {
    for place in Place::both() {
        acquire(&place, "l", "ada");
        let start = Instant::now();
        let wait = ["lease", "acquire", "l", "--holder", "bob", "--wait", "300ms"];
        let answer = place.run(&wait);
        answer.expect(1, &wait);
        assert!(answer.stderr.contains("ada"), "{}", answer.stderr);
        assert!(start.elapsed() >= Duration::from_millis(300));
        assert_eq!(show(&place, "l")["waiting"], 0);

        let waiter = place.command(&["lease", "acquire", "l", "--holder", "eve", "--wait", "1h"]).spawn().unwrap();
        wait_until("it stands in line", || show(&place, "l")["waiting"] == 1);
        stop(&waiter, "TERM");
        // It dies of the signal, as if it had not been caught.
        assert_eq!(wait_for(waiter).code, -1);
        assert_eq!(show(&place, "l")["waiting"], 0);
    }
}

#[test]
fn who_waits_for_longer_than_its_holder_lives_renews_it() {
    let place = Place::new();
    let token = acquire(&place, "l", "ada");
    let wait = ["lease", "acquire", "l", "--holder", "bob", "--wait", "20s", "--ttl", "300ms"];
    let waiter = place.command(&wait).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(1200));
    place.ok(&["lease", "release", "l", "--token", &token.to_string()]);
    wait_for(waiter).expect(0, &wait);
}

#[test]
fn who_waits_under_a_holder_that_was_opened_before_renews_it_in_time() {
    for place in Place::both() {
        place.ok(&["lease", "acquire", "l", "--holder", "ada"]);
        place.ok(&["holder", "open", "bob", "--ttl", "600ms"]);
        // Its own --ttl is ten minutes.
        let wait = ["lease", "acquire", "l", "--holder", "bob", "--wait", "20s"];
        let waiter = place.command(&wait).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(1800));
        place.ok(&["lease", "release", "l", "--holder", "ada"]);
        wait_for(waiter).expect(0, &wait);
    }
}

#[test]
fn of_many_who_ask_at_once_one_is_granted() {
    for place in Place::both() {
        let racers: Vec<_> = (0..12)
            .map(|n| place.command(&["lease", "acquire", "l", "--holder", &format!("h{n}")]).spawn().unwrap())
            .collect();
        let codes: Vec<_> = racers.into_iter().map(|racer| wait_for(racer).code).collect();
        assert_eq!(codes.iter().filter(|&&code| code == 0).count(), 1, "{codes:?}");
        assert_eq!(codes.iter().filter(|&&code| code == 1).count(), 11, "{codes:?}");
    }
}

#[test]
fn a_token_that_nobody_could_read_is_released() {
    let place = Place::new();
    for flags in [&[][..], &["--json"]] {
        let acquire = [&["lease", "acquire", "l", "--holder", "ada"], flags].concat();
        place.run_unread(&acquire).expect(5, &acquire);
        assert!(show(&place, "l")["holding"].is_null());
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = place.command(&acquire).stdout(Stdio::from(full)).output().unwrap();
        Answer::of(output).expect(5, &acquire);
        assert!(show(&place, "l")["holding"].is_null());
    }
}

#[test]
fn a_token_that_an_earlier_command_printed_is_kept_when_it_cannot_be_printed_again() {
    for place in Place::both() {
        let token = acquire(&place, "l", "ada");
        for flags in [&[][..], &["--wait", "1s"]] {
            let again = [&["lease", "acquire", "l", "--holder", "ada"], flags].concat();
            place.run_unread(&again).expect(5, &again);
            assert_eq!(show(&place, "l")["holding"]["token"], token);
        }
    }
}
