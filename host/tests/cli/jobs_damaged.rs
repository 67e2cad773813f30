//! Jobs among things that do not belong there, on disks that are full or closed, and with input that has no meaning.

use crate::bad_input::{refused, wrong_names};
use crate::jobs::{end, kill, processes, run, show, wait};
use crate::place::{Place, wait_until};
use crate::resources::in_own_mounts;
use crate::work::runs;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Command;

fn files(place: &Place, id: &str) -> PathBuf {
    let mut entries = fs::read_dir(place.store("jobs").join(id)).unwrap().map(|entry| entry.unwrap().path());
    entries.find(|path| path.is_dir()).unwrap()
}

#[test]
fn ids_that_cannot_be_ones_are_usage_errors() {
    for place in Place::both() {
        let id = run(&place, &[], "true");
        assert_eq!(wait(&place, &id), 0);
        for name in wrong_names() {
            for command in ["show", "wait", "logs", "kill", "ack", "promote"] {
                refused(&place, 2, &["job", command, name.as_str()]);
            }
        }
        for command in ["show", "logs", "kill", "ack", "promote"] {
            refused(&place, 1, &["job", command, "0123456789abcdef"]);
        }
        refused(&place, 125, &["job", "wait", "0123456789abcdef"]);
        for arguments in [
            &["job", "run"][..],
            &["job", "run", "--"],
            &["job", "run", "--", ""],
            &["job", "run", "--timeout", "0s", "--", "true"],
            &["job", "run", "--timeout", "400d", "--", "true"],
            &["job", "run", "--timeout", "5", "--", "true"],
            &["job", "run", "--limit", "0", "--", "true"],
            &["job", "run", "--output-max", "-1", "--", "true"],
            &["job", "ls", "--state", "lost"],
            &["job", "gc", "--older-than", "1"],
        ] {
            refused(&place, 2, arguments);
        }
        let long = "x".repeat(70 * 1024);
        refused(&place, 2, &["job", "run", "--", "echo", &long, &long]);
    }
}

#[test]
fn links_and_directories_among_a_jobs_files_lead_nowhere() {
    for place in Place::both() {
        let secret = place.path().join("secret");
        fs::write(&secret, "secret\n").unwrap();
        let id = run(&place, &[], "while ! test -e finish; do sleep 0.02; done; exit 5");
        wait_until("it runs", || processes(&place, &id).is_some());
        let files = files(&place, &id);
        wait_until("it has its files", || files.join("pid").exists());
        symlink(&secret, files.join("exit")).unwrap();
        assert_eq!(show(&place, &id)["status"], "running");
        for name in ["stdout", "stderr"] {
            fs::remove_file(files.join(name)).unwrap();
        }
        symlink(&secret, files.join("stdout")).unwrap();
        Command::new("mkfifo").arg(files.join("stderr")).status().unwrap();
        for flags in [&[][..], &["--stderr"], &["--follow"]] {
            let logs = [&["job", "logs", &id], flags].concat();
            let answer = place.run(&logs);
            answer.expect(4, &logs);
            assert_eq!(answer.text(), "");
        }
        fs::remove_file(files.join("stdout")).unwrap();
        fs::create_dir(files.join("stdout")).unwrap();
        place.run(&["job", "logs", &id]).expect(4, &["logs"]);
        fs::write(place.path().join("finish"), "").unwrap();
        assert_eq!(wait(&place, &id), 5, "the exit code took the link's place");
        assert_eq!(fs::read_to_string(&secret).unwrap(), "secret\n");
    }
}

#[test]
fn a_directory_in_the_place_of_the_exit_code_makes_a_job_lost_and_hinders_no_other() {
    let place = Place::new();
    let id = run(&place, &[], "while ! test -e finish; do sleep 0.02; done");
    wait_until("it runs", || processes(&place, &id).is_some());
    fs::create_dir(files(&place, &id).join("exit")).unwrap();
    fs::write(place.path().join("finish"), "").unwrap();
    assert_eq!(wait(&place, &id), 125);
    assert_eq!(end(&place, &id).2, "lost");
    assert_eq!(wait(&place, &run(&place, &[], "exit 2")), 2);
    assert_eq!(place.ok(&["job", "gc", "--older-than", "0s"]), "2");
}

/// F10: an older binary put what a newer one had written into quarantine.
#[test]
fn what_a_later_version_has_recorded_is_left_alone() {
    for place in Place::both() {
        let id = run(&place, &["--notify"], "true");
        assert_eq!(wait(&place, &id), 0);
        fs::write(files(&place, &id).join("spec"), r#"{"version":9,"command":{"elsewhere":true}}"#).unwrap();
        let before = place.snapshot_of(&place.store("jobs"));
        for command in ["show", "logs", "kill", "ack", "promote"] {
            place.run(&["job", command, &id]).expect(5, &["job", command]);
        }
        place.run(&["job", "wait", &id]).expect(125, &["job", "wait"]);
        place.run(&["doctor"]).expect(4, &["doctor"]);
        place.run(&["doctor", "--fix"]).expect(4, &["doctor", "--fix"]);
        place.run(&["job", "gc", "--older-than", "0s"]);
        assert_eq!(place.ok(&["job", "ls"]), "");
        assert_eq!(place.snapshot_of(&place.store("jobs")), before);
    }
}

#[test]
fn a_command_that_fills_the_disk_still_ends_with_its_code() {
    for native in ["", "--native"] {
        let place = Place::new();
        let script = format!(
            r#"
            mkdir disk
            mount -t tmpfs -o size=512k none disk
            leasehold() {{ "$LEASEHOLD" --root disk/root {native} "$@"; }}
            id=$(leasehold job run -- sh -c 'head -c 2000000 /dev/zero; echo complaint >&2; exit 3')
            code=0
            leasehold job wait "$id" || code=$?
            echo "$code"
            head -c 2000000 /dev/zero >disk/rest || true
            code=0
            leasehold job run -- touch ran || code=$?
            echo "$code"
            leasehold job ls | wc -l
            test ! -e ran
            "#
        );
        let Some(answer) = in_own_mounts(&place, &script) else {
            eprintln!("SKIPPED: a small disk cannot be mounted here (it needs root and unshare)");
            return;
        };
        let printed = answer.expect(0, &[&script]);
        assert_eq!(printed.lines().map(str::trim).collect::<Vec<_>>(), ["3", "5", "1"], "{}", answer.stderr);
    }
}

#[test]
fn a_job_whose_files_are_closed_to_us_is_an_io_error_and_hinders_no_other() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: only root can make what is closed to another");
        return;
    }
    let place = Place::new();
    let (closed, open) = (run(&place, &[], "true"), run(&place, &[], "echo open"));
    for id in [&closed, &open] {
        assert_eq!(wait(&place, id), 0);
    }
    let program = place.path().join("leasehold");
    fs::copy(env!("CARGO_BIN_EXE_leasehold"), &program).unwrap();
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(place.store("jobs").join(&closed), fs::Permissions::from_mode(0o700)).unwrap();
    let as_nobody = |arguments: &[&str]| {
        use std::os::unix::process::CommandExt;
        let mut command = Command::new(&program);
        command.args(arguments).current_dir(place.path()).env_remove("LEASEHOLD_ROOT").uid(65_534).gid(65_534);
        crate::place::Answer::of(command.output().unwrap())
    };
    assert_ne!(as_nobody(&["job", "show", &closed]).code, 0);
    assert_eq!(as_nobody(&["job", "logs", &open]).expect(0, &["logs"]), "open");
    assert_eq!(as_nobody(&["job", "ls"]).expect(0, &["ls"]).lines().count(), 1);
    as_nobody(&["job", "run", "--", "true"]).expect(5, &["run"]);
}

#[test]
fn garbage_in_the_place_of_the_commands_number_harms_nobody() {
    for garbage in ["", "1 1\n", "x y\n", "-1 5\n", "0 0\n", "99999999999 1\n"] {
        let place = Place::new();
        let id = run(&place, &[], "echo $$ >number; sleep 100");
        wait_until("it runs", || fs::read_to_string(place.path().join("number")).is_ok_and(|text| !text.is_empty()));
        let [waiter, supervisor] = processes(&place, &id).unwrap();
        fs::write(files(&place, &id).join("pid"), garbage).unwrap();
        kill(supervisor);
        kill(waiter);
        assert_eq!((wait(&place, &id), end(&place, &id).2), (125, "lost".into()), "{garbage:?}");
        let number = fs::read_to_string(place.path().join("number")).unwrap();
        assert!(!runs(&number), "it is known by its session and its mark");
    }
}
