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
    assert_eq!(end(&place, &id).0, "killing");
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
