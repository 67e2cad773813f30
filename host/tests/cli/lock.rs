//! `leasehold lock`: a command that runs while its lease is held, and no longer.

use crate::place::{Answer, Place, json, wait_for, wait_until};
use crate::work::{runs, stop};
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What a command calls when its traps are set.
const STARTED: &str = "started() { echo $$ >started.new; mv started.new started; };";

fn is_free(place: &Place, name: &str) -> bool {
    json(&place.ok(&["lease", "show", name, "--json"]))["holding"].is_null()
}

fn waiting(place: &Place, name: &str) -> u64 {
    let answer = place.run(&["lease", "show", name, "--json"]);
    if answer.code == 0 { json(answer.text())["waiting"].as_u64().unwrap() } else { 0 }
}

/// The only holder of a lock that lives.
fn holder_of_lock(place: &Place) -> String {
    let holders = place.ok(&["holder", "ls"]);
    let mut alive = holders.lines().filter(|line| line.starts_with("lock-") && line.contains("alive"));
    let name = alive.next().unwrap().split('\t').next().unwrap().to_owned();
    assert!(alive.next().is_none(), "{holders}");
    name
}

/// Starts a lock, and waits until its command says that it has `started`; answers its process number too.
fn busy(place: &Place, arguments: &[&str], script: &str) -> (Child, String) {
    let started = place.path().join("started");
    drop(fs::remove_file(&started));
    let script = format!("{STARTED} {script}");
    let lock = [&["lock", "l"], arguments, &["--", "sh", "-c", &script]].concat();
    let lock = place.command(&lock).spawn().unwrap();
    wait_until("the command runs", || started.exists());
    (lock, fs::read_to_string(&started).unwrap())
}

#[test]
fn a_lock_exits_as_its_command_does_and_leaves_the_lease_free() {
    for place in Place::both() {
        for (script, code) in [("true", 0), ("exit 7", 7), ("exit 255", 255), ("kill -9 $$", 137), ("kill $$", 143)] {
            let answer = place.run(&["lock", "l", "--", "sh", "-c", script]);
            assert_eq!((answer.code, answer.stderr.as_str()), (code, ""), "{script}");
            assert!(is_free(&place, "l"), "{script}");
        }
        assert!(!place.ok(&["holder", "ls"]).contains("alive"));
    }
}

#[test]
fn the_command_has_our_standard_streams_and_the_token() {
    for place in Place::both() {
        let script = "cat; echo \"$LEASEHOLD_TOKEN $LEASEHOLD_ROOT\"; echo complaint >&2";
        let lock = ["lock", "l", "--", "sh", "-c", script];
        let mut last = 0;
        for _ in 0..2 {
            let answer = place.run_with_input(&lock, b"input\n");
            let printed = answer.expect(0, &lock);
            assert_eq!(answer.stderr, "complaint\n");
            let (token, root) = printed.strip_prefix("input\n").unwrap().split_once(' ').unwrap();
            assert_eq!(root, place.store("").to_str().unwrap().trim_end_matches('/'));
            let token: u64 = token.parse().unwrap();
            assert!(token > last, "a token that does not grow fences nothing");
            last = token;
        }
    }
}

#[test]
fn a_command_that_cannot_be_run_is_told_from_one_that_is_not_there() {
    let place = Place::new();
    fs::write(place.path().join("no-program"), "x").unwrap();
    let wrong = place.path().join("wrong-format");
    fs::write(&wrong, [0x7f, b'E', b'L', b'F', 0, 0]).unwrap();
    fs::set_permissions(&wrong, fs::Permissions::from_mode(0o755)).unwrap();
    for (command, code) in [
        ("/no/such/command", 127),
        ("no-such-command", 127),
        ("./no-program", 126),
        (".", 126),
        ("./wrong-format", 126),
    ] {
        let lock = ["lock", "l", "--", command];
        let answer = place.run(&lock);
        answer.expect(code, &lock);
        assert!(answer.stderr.contains(command), "{}", answer.stderr);
        assert!(is_free(&place, "l"), "{command}");
    }
}

#[test]
fn a_lease_that_is_not_obtained_in_time_is_our_own_failure_and_says_who_has_it() {
    for place in Place::both() {
        place.ok(&["lease", "acquire", "l", "--holder", "ada"]);
        for wait in ["0s", "200ms"] {
            let start = Instant::now();
            let lock = ["lock", "l", "--wait", wait, "--", "touch", "ran"];
            let answer = place.run(&lock);
            answer.expect(125, &lock);
            assert!(answer.stderr.contains("ada"), "{}", answer.stderr);
            assert!(start.elapsed() < Duration::from_secs(5));
        }
        assert!(start_of_line_is_empty(&place));
        assert!(!place.path().join("ran").exists());
        place.ok(&["lease", "release", "l", "--holder", "ada"]);
        place.ok(&["lock", "l", "--wait", "0s", "--", "touch", "ran"]);
        assert!(place.path().join("ran").exists());
    }
}

fn start_of_line_is_empty(place: &Place) -> bool {
    waiting(place, "l") == 0
}

#[test]
fn a_lock_fails_itself_where_its_stores_cannot_be_used() {
    let place = Place::new();
    fs::write(place.path().join("file"), "").unwrap();
    let lock = ["lock", "l", "--root", "file", "--", "true"];
    let answer = place.run(&lock);
    answer.expect(125, &lock);
    let lock = ["--json", "lock", "l", "--root", "file", "--", "true"];
    assert_eq!(json(&place.run(&lock).stderr)["error"], "setup");
}

#[test]
fn a_lease_is_held_for_longer_than_its_holder_would_live_by_itself() {
    for place in Place::both() {
        let (lock, _) = busy(&place, &["--ttl", "1s"], "started; sleep 2.2");
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(1900) {
            let acquire = ["lease", "acquire", "l", "--holder", "eve"];
            place.run(&acquire).expect(1, &acquire);
            std::thread::sleep(Duration::from_millis(100));
        }
        wait_for(lock).expect(0, &["lock"]);
        place.ok(&["lease", "acquire", "l", "--holder", "eve"]);
    }
}

#[test]
fn a_command_whose_lease_is_lost_is_stopped_with_all_that_it_started() {
    for place in Place::both() {
        let script = "trap '' TERM; sleep 600 & echo $! >child; started; wait; sleep 600";
        let (lock, pid) = busy(&place, &["--ttl", "1s", "--grace", "200ms"], script);
        let child = fs::read_to_string(place.path().join("child")).unwrap();
        place.ok(&["holder", "end", &holder_of_lock(&place)]);
        let answer = wait_for(lock);
        answer.expect(125, &["lock"]);
        assert!(answer.stderr.contains("lost"), "{}", answer.stderr);
        wait_until("all of it is dead", || !runs(&pid) && !runs(&child));
    }
}

#[test]
fn a_command_whose_lease_is_lost_is_stopped_with_what_leads_groups_of_its_own() {
    for place in Place::both() {
        // `timeout` leads a group, and so does a job of a shell with job control, whose child here outlives it.
        let job = "(trap '' TERM; sleep 600 & echo $! >second; trap - TERM; wait) & wait";
        fs::write(place.path().join("job"), format!("set -m; {job}")).unwrap();
        // The streams are closed, so that nobody waits for what runs on.
        let script = "exec >/dev/null 2>&1; timeout 600 sh -c 'echo $$ >first; exec sleep 600' & bash job & \
                      while [ ! -s first ] || [ ! -s second ]; do sleep 0.02; done; started; wait";
        let (lock, pid) = busy(&place, &["--ttl", "1s", "--grace", "200ms"], script);
        let [first, second] = ["first", "second"].map(|file| fs::read_to_string(place.path().join(file)).unwrap());
        assert!(runs(&first) && runs(&second));
        place.ok(&["holder", "end", &holder_of_lock(&place)]);
        wait_for(lock).expect(125, &["lock"]);
        wait_until("all of it is dead", || !runs(&pid) && !runs(&first) && !runs(&second));
    }
}

#[test]
fn a_command_whose_lease_is_lost_has_time_to_end_in_order() {
    let place = Place::new();
    let script = "trap 'echo tidied >tidied; exit 0' TERM; started; sleep 600 & wait";
    let (lock, _) = busy(&place, &["--ttl", "1s"], script);
    place.ok(&["holder", "end", &holder_of_lock(&place)]);
    wait_for(lock).expect(125, &["lock"]);
    assert!(place.path().join("tidied").exists());
}

#[test]
fn a_command_is_stopped_when_its_holder_could_not_be_renewed_in_time() {
    for place in Place::both() {
        let (lock, pid) = busy(&place, &["--ttl", "1s"], "started; exec sleep 600");
        let start = Instant::now();
        // Nobody can tell whether such a holder lives, so it counts as living; but it cannot be renewed.
        let holder = place.store("holders").join(holder_of_lock(&place));
        wait_until("its state is out of the way", || {
            fs::write(holder.join("no-state"), "").unwrap();
            let states: Vec<_> = fs::read_dir(&holder).unwrap().map(|entry| entry.unwrap().path()).collect();
            let mut states = states.iter().filter(|path| !path.ends_with("no-state"));
            // It may be renewed at this very moment.
            states.next().is_some_and(|state| fs::remove_file(state).is_ok())
        });
        let answer = wait_for(lock);
        answer.expect(125, &["lock"]);
        assert!(answer.stderr.contains("lost"), "{}", answer.stderr);
        assert!(start.elapsed() < Duration::from_secs(5));
        assert!(!runs(&pid));
    }
}

#[test]
fn a_command_whose_lease_is_gone_while_its_holder_lives_is_stopped() {
    for place in Place::both() {
        for how in ["released", "granted again", "removed"] {
            // The holder of the one before it may live on.
            let (lock, pid) = busy(&place, &["--ttl", "1s"], "echo $LEASEHOLD_TOKEN >token; started; exec sleep 600");
            let token = fs::read_to_string(place.path().join("token")).unwrap();
            if how == "removed" {
                fs::remove_dir_all(place.store("claims/l")).unwrap();
            } else {
                place.ok(&["lease", "release", "l", "--token", token.trim()]);
            }
            if how == "granted again" {
                place.ok(&["lease", "acquire", "l", "--holder", "eve"]);
            }
            let answer = wait_for(lock);
            answer.expect(125, &["lock"]);
            let why = if how == "granted again" { "eve" } else { how };
            assert!(answer.stderr.contains("lost") && answer.stderr.contains(why), "{}", answer.stderr);
            assert!(!runs(&pid));
            if how == "granted again" {
                place.ok(&["lease", "release", "l", "--holder", "eve"]);
            }
        }
    }
}

#[test]
fn a_command_runs_on_where_its_holder_can_be_kept_alive_only_later() {
    const FORMAT: &str = "leasehold holders 1\n";
    for place in Place::both() {
        place.ok(&["lease", "acquire", "l", "--holder", "ada", "--ttl", "1s"]);
        let script = "touch started; while [ ! -e go ]; do sleep 0.05; done";
        let lock = ["lock", "l", "--ttl", "3s", "--", "sh", "-c", script];
        let running = place.command(&lock).spawn().unwrap();
        wait_until("it stands in line", || waiting(&place, "l") == 1);
        // Who joins the store of holders from now on is refused; who has joined it goes on.
        let format = place.store("holders/format");
        assert_eq!(fs::read_to_string(&format).unwrap(), FORMAT);
        fs::write(&format, "leasehold holders 9\n").unwrap();
        wait_until("the command runs", || place.path().join("started").exists());
        std::thread::sleep(Duration::from_millis(800));
        fs::write(&format, FORMAT).unwrap();
        std::thread::sleep(Duration::from_millis(2800));
        fs::write(place.path().join("go"), "").unwrap();
        wait_for(running).expect(0, &lock);
    }
}

#[test]
fn a_command_that_ends_after_its_lease_was_lost_has_not_succeeded() {
    let place = Place::new();
    // The next renewal is ten seconds away.
    let (lock, _) = busy(&place, &["--ttl", "30s"], "started; while [ ! -e go ]; do sleep 0.05; done");
    // The keeper joins as the command starts: only then is the next renewal that far away.
    std::thread::sleep(Duration::from_millis(300));
    place.ok(&["holder", "end", &holder_of_lock(&place)]);
    place.ok(&["lease", "acquire", "l", "--holder", "eve"]);
    fs::write(place.path().join("go"), "").unwrap();
    let answer = wait_for(lock);
    answer.expect(125, &["lock"]);
    assert!(answer.stderr.contains("before the command ended"), "{}", answer.stderr);
    assert!(!is_free(&place, "l"), "it released what was somebody else's");
}

#[test]
fn a_lock_that_slept_too_long_goes_on_where_nobody_took_the_lease_and_stops_where_somebody_did() {
    // Which of a lock's threads notices first is chance: of so many, one would go wrong.
    const LOCKS: usize = 8;
    for (taken, code) in [(false, 0), (true, 125)] {
        let mut locks = Vec::new();
        for _ in 0..LOCKS {
            let place = Place::new();
            let (lock, pid) = busy(&place, &["--ttl", "1s"], "started; while [ ! -e go ]; do sleep 0.05; done");
            // As when a virtual machine is suspended: time passes, and the lock does not notice.
            stop(&lock, "STOP");
            locks.push((place, lock, pid));
        }
        std::thread::sleep(Duration::from_millis(2300));
        for (place, lock, _) in &locks {
            if taken {
                place.ok(&["lease", "reap"]);
            }
            stop(lock, "CONT");
        }
        // Time to be stopped in, wrongly.
        std::thread::sleep(Duration::from_millis(500));
        for (place, lock, pid) in locks {
            if !taken {
                fs::write(place.path().join("go"), "").unwrap();
            }
            wait_for(lock).expect(code, &["lock"]);
            assert!(!runs(&pid));
        }
    }
}

#[test]
fn all_who_wait_get_the_lease_in_the_order_of_asking() {
    const WAITERS: usize = 20;
    for place in Place::both() {
        place.ok(&["lease", "acquire", "l", "--holder", "ada"]);
        let mut locks = Vec::new();
        for n in 0..WAITERS {
            // Each finds the file that the one before it removed.
            let script = format!("mkdir inside && echo {n} >>log; sleep 0.01; rmdir inside");
            locks.push(place.command(&["lock", "l", "--", "sh", "-c", &script]).spawn().unwrap());
            wait_until("it stands in line", || waiting(&place, "l") == n as u64 + 1);
        }
        place.ok(&["lease", "release", "l", "--holder", "ada"]);
        for lock in locks {
            wait_for(lock).expect(0, &["lock"]);
        }
        let log = fs::read_to_string(place.path().join("log")).unwrap();
        let order: Vec<usize> = log.lines().map(|line| line.parse().unwrap()).collect();
        assert_eq!(order, (0..WAITERS).collect::<Vec<_>>());
        assert!(is_free(&place, "l"));
    }
}

#[test]
fn who_gives_up_or_is_killed_in_line_does_not_stop_those_behind() {
    let place = Place::new();
    place.ok(&["lease", "acquire", "l", "--holder", "ada"]);
    let mut locks = Vec::new();
    for (n, wait) in ["300ms", "1h", "1h"].iter().enumerate() {
        locks.push(place.command(&["lock", "l", "--wait", wait, "--ttl", "1s", "--", "true"]).spawn().unwrap());
        wait_until("it stands in line", || waiting(&place, "l") == n as u64 + 1);
    }
    wait_for(locks.remove(0)).expect(125, &["lock"]);
    let mut killed = locks.remove(0);
    killed.kill().unwrap();
    killed.wait().unwrap();
    place.ok(&["lease", "release", "l", "--holder", "ada"]);
    wait_for(locks.remove(0)).expect(0, &["lock"]);
}

#[test]
fn a_signal_is_passed_on_and_the_lease_is_held_until_the_command_has_ended() {
    for place in Place::both() {
        for (signal, code) in [("TERM", 9), ("HUP", 9), ("INT", 9)] {
            let script = "sleep 600 & child=$!; \
                          trap 'touch told; while [ ! -e go ]; do sleep 0.02; done; kill $child; exit 9' TERM HUP INT; started; wait";
            for file in ["told", "go"] {
                drop(fs::remove_file(place.path().join(file)));
            }
            let (lock, _) = busy_in_background(&place, script);
            stop(&lock, signal);
            wait_until("the command is told", || place.path().join("told").exists());
            assert!(!is_free(&place, "l"), "the lease is free while the command still runs");
            fs::write(place.path().join("go"), "").unwrap();
            assert_eq!(wait_for(lock).code, code, "{signal}");
            assert!(is_free(&place, "l"));
        }
    }
}

/// As `busy`, but never in the foreground of the terminal that the tests may run in.
fn busy_in_background(place: &Place, script: &str) -> (Child, String) {
    use std::os::unix::process::CommandExt;
    let started = place.path().join("started");
    drop(fs::remove_file(&started));
    let script = format!("{STARTED} {script}");
    let lock = place.command(&["lock", "l", "--", "sh", "-c", &script]).process_group(0).spawn().unwrap();
    wait_until("the command runs", || started.exists());
    (lock, fs::read_to_string(&started).unwrap())
}

#[test]
fn a_command_that_is_ended_by_a_signal_passed_on_shows_that() {
    let place = Place::new();
    let (lock, pid) = busy(&place, &[], "started; exec sleep 600");
    stop(&lock, "TERM");
    let answer = wait_for(lock);
    assert_eq!((answer.code, answer.stderr.as_str()), (143, ""));
    assert!(!runs(&pid));
    assert!(is_free(&place, "l"));
}

#[test]
fn a_signal_ends_a_lock_that_still_waits() {
    use std::os::unix::process::CommandExt;
    for place in Place::both() {
        place.ok(&["lease", "acquire", "l", "--holder", "ada"]);
        for (signal, code) in [("TERM", 143), ("INT", 130), ("HUP", 129)] {
            let lock = place.command(&["lock", "l", "--", "touch", "ran"]).process_group(0).spawn().unwrap();
            wait_until("it stands in line", || waiting(&place, "l") == 1);
            let start = Instant::now();
            stop(&lock, signal);
            assert_eq!(wait_for(lock).code, code);
            assert!(start.elapsed() < Duration::from_secs(3));
            assert_eq!(waiting(&place, "l"), 0);
            let holders = place.ok(&["holder", "ls"]);
            assert!(!holders.lines().any(|line| line.starts_with("lock-") && line.contains("alive")), "{holders}");
        }
        assert!(!place.path().join("ran").exists());
    }
}

#[test]
fn a_killed_lock_takes_its_command_with_it_and_its_lease_is_free_after_its_time() {
    for place in Place::both() {
        let script = "trap '' TERM; sleep 600 & echo $! >child; started; wait; sleep 600";
        let (mut lock, pid) = busy(&place, &["--ttl", "1s"], script);
        let child = fs::read_to_string(place.path().join("child")).unwrap();
        lock.kill().unwrap();
        lock.wait().unwrap();
        wait_until("all of it is dead", || !runs(&pid) && !runs(&child));
        place.ok(&["lock", "l", "--wait", "10s", "--", "true"]);
    }
}

#[test]
fn one_command_at_a_time_adds_to_a_count_and_none_is_lost() {
    const RACERS: usize = 12;
    for place in Place::both() {
        fs::write(place.path().join("count"), "0").unwrap();
        let script = "n=$(cat count); sleep 0.01; echo $((n + 1)) >count";
        let lock = ["lock", "l", "--", "sh", "-c", script];
        let racers: Vec<_> = (0..RACERS).map(|_| place.command(&lock).spawn().unwrap()).collect();
        for racer in racers {
            wait_for(racer).expect(0, &lock);
        }
        assert_eq!(fs::read_to_string(place.path().join("count")).unwrap().trim(), RACERS.to_string());
    }
}

/// Runs a shell in a terminal of its own, types `input`, and answers what it showed; `None` without `script`.
fn in_terminal(place: &Place, shell: &str, input: &[u8]) -> Option<Answer> {
    let found = Command::new("script").arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("SKIPPED: there is no `script` to make a terminal with");
        return None;
    }
    let leasehold = env!("CARGO_BIN_EXE_leasehold");
    let shell = format!("leasehold() {{ {leasehold} \"$@\"; }}; {shell}");
    let mut terminal = Command::new("script");
    terminal.args(["--quiet", "--return", "--command", &shell, "/dev/null"]).current_dir(place.path());
    terminal.env("SHELL", "/bin/sh").env_remove("LEASEHOLD_ROOT");
    let mut child = terminal.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    if input == b"\x03" {
        wait_until("the command runs", || place.path().join("started").exists());
    }
    pipe.write_all(input).unwrap();
    let answer = wait_for(child);
    drop(pipe);
    Some(answer)
}

#[test]
fn at_a_terminal_the_command_can_be_typed_to() {
    let place = Place::new();
    let shell = "leasehold lock l -- sh -c 'read line </dev/tty; echo \"got $line\"'";
    let Some(answer) = in_terminal(&place, shell, b"hello\n") else { return };
    assert!(answer.text().contains("got hello"), "{answer:?}");
    assert_eq!(answer.code, 0);
}

#[test]
fn at_a_terminal_an_interrupt_ends_the_command_the_lock_and_the_script_around_it() {
    let place = Place::new();
    // A shell that goes on where what it runs is interrupted, unless that died of the interrupt.
    let leasehold = env!("CARGO_BIN_EXE_leasehold");
    let shell = format!("bash -c '{leasehold} lock l -- sh -c \"touch started; exec sleep 600\"; touch went-on'");
    let Some(_) = in_terminal(&place, &shell, b"\x03") else { return };
    assert!(is_free(&place, "l"));
    assert!(!place.path().join("went-on").exists());
}

#[test]
fn at_a_terminal_all_that_the_command_started_ends_with_its_lease_or_its_lock() {
    for how in ["holder end $(cd . && leasehold holder ls | grep alive | cut -f 1)", "kill"] {
        let place = Place::new();
        let end = match how {
            "kill" => "kill -9 $(cat lock)".to_owned(),
            end => format!("leasehold {end}"),
        };
        // The lock stays in the foreground: who ends it runs beside it.
        let shell = format!(
            "(while [ ! -e child ]; do sleep 0.05; done; {end}) & \
             leasehold lock l --ttl 1s -- sh -c 'trap \"\" TERM HUP; echo $PPID >lock; sleep 600 & echo $! >child; wait; sleep 600'; \
             echo code $?"
        );
        let Some(answer) = in_terminal(&place, &shell, b"") else { return };
        let child = fs::read_to_string(place.path().join("child")).unwrap();
        wait_until("all of it is dead", || !runs(&child));
        let code = if how == "kill" { "code 137" } else { "code 125" };
        assert!(answer.text().contains(code), "{answer:?}");
    }
}
