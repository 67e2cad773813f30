//! Jobs that are stopped: with all that they started, once, and never so that another command waits for it for ever.

use crate::jobs::{assert_end, end, kill, processes, run, show, started, wait};
use crate::place::{Answer, Place, wait_until};
use crate::work::runs;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::{Duration, Instant};

/// What a command wrote into a file, once it did.
pub(crate) fn written(place: &Place, file: &str) -> String {
    let path = place.path().join(file);
    wait_until("it is written", || fs::read_to_string(&path).is_ok_and(|text| text.ends_with('\n')));
    fs::read_to_string(path).unwrap().trim().to_owned()
}

/// What it started is known by its session, whatever becomes of its group and its environment.
#[test]
fn what_hides_its_environment_or_leads_a_group_of_its_own_is_stopped_as_well() {
    let deaf = r#"env -i sh -c "trap '' TERM; echo \$\$ >child; while :; do sleep 1; done" & sleep 100"#;
    let grouped = "timeout 62 sh -c \"trap '' TERM; echo \\$\\$ >child; while :; do sleep 1; done\"; sleep 100";
    for (flags, script) in [(&[][..], deaf), (&["--pty"], deaf), (&[], grouped)] {
        for by_timeout in [false, true] {
            let place = Place::new();
            let flags = [flags, if by_timeout { &["--timeout", "1s"] } else { &[] }].concat();
            let id = run(&place, &flags, script);
            let child = written(&place, "child");
            if by_timeout {
                assert_eq!(wait(&place, &id), 124);
            } else {
                place.ok(&["job", "kill", &id]);
            }
            wait_until("it is dead", || !runs(&child));
        }
    }
}

#[test]
fn a_command_is_asked_to_end_once_by_whoever_is_first() {
    let place = Place::new();
    let id = run(&place, &[], "trap 'echo asked >>asked' TERM; echo >ready; while :; do sleep 0.05; done");
    written(&place, "ready");
    let kills = [(); 3].map(|()| place.command(&["job", "kill", &id]).spawn().unwrap());
    for kill in kills {
        crate::place::wait_for(kill).expect(0, &["kill"]);
    }
    assert_end(&place, &id, "killed", 137, Some("asked"));
    assert_eq!(written(&place, "asked"), "asked");
}

/// Those who may not stop it say so, and wait for nothing; those who may stop it.
#[test]
fn a_command_that_cannot_be_stopped_hinders_nobody() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: only root can run what another cannot stop");
        return;
    }
    let place = Place::new();
    let program = place.path().join("leasehold");
    fs::copy(env!("CARGO_BIN_EXE_leasehold"), &program).unwrap();
    let (id, pid, [waiter, supervisor]) = started(&place, &[], "while ! test -e finish; do sleep 0.05; done; exit 3");
    kill(supervisor);
    assert!(Command::new("chmod").args(["-R", "a+rwX"]).arg(place.path()).status().unwrap().success());
    let as_nobody = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.args(arguments).current_dir(place.path()).env_remove("LEASEHOLD_ROOT").uid(65_534).gid(65_534);
        let begun = Instant::now();
        let answer = Answer::of(command.output().unwrap());
        assert!(begun.elapsed() < Duration::from_secs(15), "{arguments:?}");
        answer
    };
    let answer = as_nobody(&["job", "kill", &id]);
    answer.expect(5, &["kill"]);
    assert!(answer.stderr.contains("does not end"), "{}", answer.stderr);
    let begun = Instant::now();
    for (code, command) in [
        (0, &["job", "ls"][..]),
        (0, &["job", "events"]),
        (0, &["job", "show", &id]),
        (125, &["job", "wait", &id, "--timeout", "100ms"]),
        (0, &["job", "run", "--limit", "2", "--", "true"]),
    ] {
        as_nobody(command).expect(code, command);
    }
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert!(runs(&pid) && runs(&waiter.to_string()), "who waits for it is not killed while it lives");
    assert_eq!(show(&place, &id)["status"], "killing");
    place.ok(&["job", "kill", &id]);
    assert!(!runs(&pid));
    assert_end(&place, &id, "killed", 137, Some("asked"));
}

/// What is known of the command cannot be read: nothing is said of it.
#[test]
fn a_command_whose_number_cannot_be_read_is_not_called_gone() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: only root can make what is closed to another");
        return;
    }
    let place = Place::new();
    let program = place.path().join("leasehold");
    fs::copy(env!("CARGO_BIN_EXE_leasehold"), &program).unwrap();
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let as_nobody = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.args(arguments).current_dir(place.path()).env_remove("LEASEHOLD_ROOT").uid(65_534).gid(65_534);
        Answer::of(command.output().unwrap())
    };
    let id = as_nobody(&["job", "run", "--", "sh", "-c", "echo $$ >number; sleep 100"]).expect(0, &["run"]);
    let number = written(&place, "number");
    let [waiter, supervisor] = processes(&place, &id).unwrap();
    let file = crate::jobs::files(&place, &id).join("pid");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    as_nobody(&["job", "kill", &id]).expect(5, &["kill"]);
    assert!(runs(&number) && runs(&waiter.to_string()));
    assert_eq!(end(&place, &id).0, "running", "nothing is recorded");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    as_nobody(&["job", "kill", &id]).expect(0, &["kill"]);
    assert!(!runs(&number));
    wait_until("nobody watches it any more", || !runs(&supervisor.to_string()));
}

/// Nobody waits for what is to be stopped but who asked for it.
#[test]
fn a_look_at_the_jobs_waits_for_none_of_them() {
    let place = Place::new();
    let script = "trap '' TERM; while :; do sleep 1; done";
    let jobs = [(); 3].map(|()| started(&place, &[], script));
    for (_, _, [waiter, supervisor]) in &jobs {
        kill(*supervisor);
        kill(*waiter);
    }
    let begun = Instant::now();
    place.ok(&["job", "ls"]);
    assert!(begun.elapsed() < Duration::from_millis(1_800), "{:?}", begun.elapsed());
    for (id, pid, _) in &jobs {
        assert_end(&place, id, "failed", 125, Some("lost"));
        assert!(!runs(pid));
    }
    assert!(begun.elapsed() < Duration::from_secs(8), "they are stopped at the same time");
}

/// F3: between the end of a command and its exit code, a kill replaced the code. Here its waiter is slow to leave it.
#[test]
fn what_ends_by_itself_is_not_killed_before_its_code_is_there() {
    let signal = |name: &str, pid: u32| {
        assert!(Command::new("kill").args(["-s", name, &pid.to_string()]).status().unwrap().success());
    };
    for by_timeout in [false, true] {
        let place = Place::new();
        let flags: &[&str] = if by_timeout { &["--timeout", "2s"] } else { &[] };
        let (id, pid, [waiter, _]) = started(&place, flags, "while ! test -e finish; do sleep 0.02; done; exit 0");
        signal("STOP", waiter);
        fs::write(place.path().join("finish"), "").unwrap();
        wait_until("the command has ended", || !runs(&pid));
        let kill = (!by_timeout).then(|| place.command(&["job", "kill", &id]).spawn().unwrap());
        std::thread::sleep(Duration::from_millis(if by_timeout { 2_600 } else { 600 }));
        signal("CONT", waiter);
        if let Some(kill) = kill {
            crate::place::wait_for(kill).expect(0, &["kill"]);
        }
        assert_end(&place, &id, "completed", 0, None);
    }
}

/// Whoever looks for the command by its words, and signals what is found, does not find who waits for it.
#[test]
fn signals_that_are_meant_for_the_command_do_not_end_who_waits_for_it() {
    let place = Place::new();
    let (id, _, [waiter, supervisor]) =
        started(&place, &[], "while ! test -e finish-98.7; do sleep 0.02; done; exit 6");
    for process in [waiter, supervisor] {
        let words = fs::read(format!("/proc/{process}/cmdline")).unwrap();
        assert!(!String::from_utf8_lossy(&words).contains("98.7"));
    }
    for name in ["TERM", "INT", "HUP"] {
        assert!(Command::new("kill").args(["-s", name, &waiter.to_string()]).status().unwrap().success());
    }
    fs::write(place.path().join("finish-98.7"), "").unwrap();
    assert_end(&place, &id, "failed", 6, None);
    // What is caught there is not caught in the command.
    for name in ["TERM", "INT", "HUP"] {
        let id = run(&place, &[], &format!("kill -s {name} $$; sleep 100"));
        assert!(wait(&place, &id) > 128);
    }
}

#[test]
fn an_end_is_noticed_at_once() {
    let place = Place::new();
    let since_1970 = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let waits: Vec<_> = (0..9)
        .map(|n| {
            let id =
                run(&place, &[], &format!("while ! test -e finish.{n}; do sleep 0.01; done; date +%s%N >ended.{n}"));
            place.command(&["job", "wait", &id]).spawn().unwrap()
        })
        .collect();
    // They have been waiting for long.
    std::thread::sleep(Duration::from_millis(800));
    let mut late = Vec::new();
    for (n, wait) in waits.into_iter().enumerate() {
        fs::write(place.path().join(format!("finish.{n}")), "").unwrap();
        crate::place::wait_for(wait).expect(0, &["wait"]);
        let ended = Duration::from_nanos(written(&place, &format!("ended.{n}")).parse().unwrap());
        late.push(since_1970().saturating_sub(ended));
    }
    late.sort_unstable();
    println!("{late:?}");
    // A look at fixed times would come 125 ms late.
    assert!(late[4] < Duration::from_millis(80), "{late:?}");
}

/// Somebody removes the files of a job while it runs: it is stopped all the same.
#[test]
fn a_job_whose_files_are_removed_is_stopped_when_its_time_is_over_or_when_it_is_asked_for() {
    for place in Place::both() {
        for by_timeout in [false, true] {
            let flags: &[&str] = if by_timeout { &["--timeout", "2s"] } else { &[] };
            let (id, pid, _) = started(&place, flags, "sleep 100");
            fs::remove_dir_all(crate::jobs::files(&place, &id)).unwrap();
            place.run(&["job", "show", &id]).expect(4, &["show"]);
            if !by_timeout {
                place.ok(&["job", "kill", &id]);
            }
            wait_until("it is dead", || !runs(&pid));
            wait_until("it is put aside", || {
                place.run(&["doctor", "--fix"]);
                place.run(&["job", "show", &id]).code == 1
            });
            place.run(&["doctor"]).expect(0, &["doctor"]);
        }
    }
}

/// One that cannot be changed stops no other from being acknowledged.
#[test]
fn what_cannot_be_acknowledged_stops_no_other() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: only root can make what is closed to another");
        return;
    }
    let place = Place::new();
    let jobs = [(); 3].map(|()| run(&place, &["--notify"], "true"));
    for id in &jobs {
        assert_eq!(wait(&place, id), 0);
    }
    let program = place.path().join("leasehold");
    fs::copy(env!("CARGO_BIN_EXE_leasehold"), &program).unwrap();
    assert!(Command::new("chmod").args(["-R", "a+rwX"]).arg(place.path()).status().unwrap().success());
    fs::set_permissions(place.store("jobs").join(&jobs[0]), fs::Permissions::from_mode(0o755)).unwrap();
    let mut ack = Command::new(&program);
    ack.args(["job", "events", "--ack"]).current_dir(place.path()).env_remove("LEASEHOLD_ROOT").uid(65_534).gid(65_534);
    let answer = Answer::of(ack.output().unwrap());
    assert_eq!(answer.expect(5, &["events"]).lines().count(), 3);
    assert!(place.ok(&["job", "events"]).starts_with(&jobs[0]));
    assert_eq!(place.ok(&["job", "events"]).lines().count(), 1);
}

/// Callers that start at the same time.
#[test]
fn as_many_jobs_start_at_once_as_there_is_room_for() {
    let place = Place::new();
    assert_eq!(wait(&place, &run(&place, &[], "true")), 0);
    for round in 0..4 {
        let script = format!("while ! test -e finish.{round}; do sleep 0.05; done");
        let callers: Vec<_> = (0..8)
            .map(|_| place.command(&["job", "run", "--limit", "1", "--", "sh", "-c", &script]).spawn().unwrap())
            .collect();
        let answers: Vec<_> = callers.into_iter().map(crate::place::wait_for).collect();
        let ids: Vec<_> = answers.iter().filter(|answer| answer.code == 0).map(|answer| answer.text().trim()).collect();
        fs::write(place.path().join(format!("finish.{round}")), "").unwrap();
        assert_eq!(ids.len(), 1, "{answers:?}");
        assert_eq!(wait(&place, ids[0]), 0);
    }
}

/// An instance has little memory, and a command may have many words.
#[test]
fn many_jobs_with_many_words_are_listed() {
    let place = Place::new();
    let mut session = leasehold::Session::native(&leasehold::Grants::beneath(place.store(""))).unwrap();
    let long = leasehold::job::JobSpec { command: vec!["x".into(); 20_000], ..Default::default() };
    for _ in 0..300 {
        let id = session.job_create(&long, None, leasehold::Durability::Unsynced).unwrap();
        session.job_settle(&id, true, leasehold::Durability::Unsynced).unwrap();
    }
    assert_eq!(place.ok(&["job", "ls", "--json"]).lines().count(), 300);
    assert_eq!(wait(&place, &place.ok(&["job", "run", "--limit", "1", "--", "true"])), 0);
}
