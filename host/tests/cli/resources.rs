//! A disk that is full, and directories that may not be read or written.

use crate::place::{Answer, Place};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// An account that owns nothing, for tests that run as root, whom no permission stops.
const NOBODY: u32 = 65_534;

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Runs a script in a mount namespace of its own; `None` where this machine does not allow that.
pub(crate) fn in_own_mounts(place: &Place, script: &str) -> Option<Answer> {
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "sh", "-euc", script]).current_dir(place.path());
    unshare.env("LEASEHOLD", env!("CARGO_BIN_EXE_leasehold"));
    let probe = Command::new("unshare").args(["--mount", "mount", "-t", "tmpfs", "probe", "/mnt"]).output();
    if !probe.is_ok_and(|output| output.status.success()) {
        return None;
    }
    Some(Answer::of(unshare.output().unwrap()))
}

#[test]
fn a_full_disk_refuses_a_push_whole_and_loses_nothing() {
    for native in ["", "--native"] {
        let place = Place::new();
        // What is there before and after is listed by the script, as the mount is gone when it ends.
        let script = format!(
            r#"
            mkdir disk
            mount -t tmpfs -o size=512k none disk
            leasehold() {{ "$LEASEHOLD" --root disk/root {native} "$@"; }}
            seq 1 20 | leasehold queue push q --lines >/dev/null
            head -c 2000000 /dev/urandom >big
            code=0
            leasehold queue push q big || code=$?
            echo "code $code" >&2
            seq 1 60000 >many
            code=0
            leasehold queue push q --lines many >/dev/null || code=$?
            echo "code $code" >&2
            leasehold queue ls q --state ready | wc -l
            leasehold work q --drain -- sort >worked
            sort -n worked | tail -1
            wc -l <worked
            "#
        );
        let Some(answer) = in_own_mounts(&place, &script) else {
            eprintln!("SKIPPED: a small disk cannot be mounted here (it needs root and unshare)");
            return;
        };
        let printed = answer.expect(0, &[&script]);
        assert_eq!(answer.stderr.matches("code 5").count(), 2, "{}", answer.stderr);
        let lines: Vec<_> = printed.lines().map(str::trim).collect();
        assert_eq!(lines, ["20", "20", "20"], "{}", answer.stderr);
    }
}

#[test]
fn a_full_disk_refuses_a_save_whole_and_loses_nothing() {
    for native in ["", "--native"] {
        let place = Place::new();
        let script = format!(
            r#"
            mkdir disk
            mount -t tmpfs -o size=512k none disk
            leasehold() {{ "$LEASEHOLD" --root disk/root {native} "$@"; }}
            printf first | leasehold checkpoint save r
            leasehold checkpoint claim r --holder ada --receipt receipt >/dev/null
            head -c 2000000 /dev/urandom >big
            for flags in "r --receipt $(cat receipt)" "r --receipt $(cat receipt) --keep-claim" "new"; do
                code=0
                leasehold checkpoint save ${{flags%% *}} big ${{flags#${{flags%% *}}}} || code=$?
                echo "code $code" >&2
            done
            leasehold checkpoint load r; echo
            printf second | leasehold checkpoint save r --receipt "$(cat receipt)"
            leasehold checkpoint load r; echo
            leasehold checkpoint ls | cut -f 1,2
            leasehold lock l -- echo locked
            "#
        );
        let Some(answer) = in_own_mounts(&place, &script) else {
            eprintln!("SKIPPED: a small disk cannot be mounted here (it needs root and unshare)");
            return;
        };
        let printed = answer.expect(0, &[&script]);
        assert_eq!(answer.stderr.matches("code 5").count(), 3, "{}", answer.stderr);
        let lines: Vec<_> = printed.lines().collect();
        // The first and the fourth are the ids of the saves.
        assert_eq!([lines[1], lines[3], lines[4], lines[5]], ["first", "second", "r\tarmed", "locked"], "{printed}");
    }
}

#[test]
fn a_full_disk_refuses_a_change_of_a_list_whole_and_loses_nothing() {
    for native in ["", "--native"] {
        let place = Place::new();
        let script = format!(
            r#"
            mkdir disk
            mount -t tmpfs -o size=512k none disk
            leasehold() {{ "$LEASEHOLD" --root disk/root {native} "$@"; }}
            leasehold task new l first
            leasehold task claim l 1 --holder ada >/dev/null
            yes '{{"subject":"one of many"}}' | head -n 20000 >many
            code=0
            leasehold task batch l many >/dev/null || code=$?
            echo "code $code" >&2
            code=0
            leasehold task batch new many >/dev/null || code=$?
            echo "code $code" >&2
            leasehold task lists | grep ^l | cut -f 1-4
            leasehold task done l 1 --holder ada
            leasehold task new l second
            leasehold task ls l | cut -f 1,2
            leasehold doctor >/dev/null
            "#
        );
        let Some(answer) = in_own_mounts(&place, &script) else {
            eprintln!("SKIPPED: a small disk cannot be mounted here (it needs root and unshare)");
            return;
        };
        let printed = answer.expect(0, &[&script]);
        assert_eq!(answer.stderr.matches("code 5").count(), 2, "{}", answer.stderr);
        let lines: Vec<_> = printed.lines().collect();
        assert_eq!(lines, ["1", "l\t0\t1\t0", "2", "1\tcompleted", "2\tpending"], "{}", answer.stderr);
    }
}

#[test]
fn what_may_not_be_read_or_written_is_an_io_error() {
    for place in Place::both() {
        place.ok(&["task", "new", "l", "x"]);
        place.push_lines("q", "a\n", &[]);
        place.run_with_input(&["checkpoint", "save", "r"], b"content").expect(0, &["save"]);
        place.ok(&["lock", "l", "--", "true"]);
        // As nobody, in a copy that nobody can reach: the build's folder may be closed to others.
        let program = place.path().join("leasehold");
        fs::copy(env!("CARGO_BIN_EXE_leasehold"), &program).unwrap();
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let run = |arguments: &[&str]| {
            let mut command = Command::new(&program);
            command.args(place.flags()).args(arguments).current_dir(place.path()).env_remove("LEASEHOLD_ROOT");
            if is_root() {
                command.uid(NOBODY).gid(NOBODY);
            }
            Answer::of(command.output().unwrap())
        };
        let open_all = |mode: u32| {
            let mut folders = vec![place.store("")];
            while let Some(folder) = folders.pop() {
                for entry in fs::read_dir(&folder).unwrap() {
                    let entry = entry.unwrap();
                    if entry.file_type().unwrap().is_dir() {
                        folders.push(entry.path());
                    }
                }
                fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
            }
        };

        open_all(0o555);
        let before = place.snapshot();
        for arguments in [
            &["queue", "push", "q"][..],
            &["queue", "claim", "q", "--holder", "ada"],
            &["queue", "pause", "q"],
            &["holder", "open", "ada"],
            &["lease", "acquire", "l", "--holder", "ada"],
            &["lease", "acquire", "new", "--holder", "ada"],
            &["checkpoint", "save", "r", "/dev/null"],
            &["checkpoint", "save", "new", "/dev/null"],
            &["checkpoint", "claim", "r", "--holder", "ada"],
            &["checkpoint", "rm", "r"],
            &["task", "new", "l", "x"],
            &["task", "new", "new", "x"],
            &["task", "done", "l", "1"],
            &["task", "claim", "l", "1", "--holder", "ada"],
            &["task", "remove-list", "l"],
        ] {
            run(arguments).expect(5, arguments);
        }
        run(&["lock", "l", "--", "true"]).expect(125, &["lock"]);
        assert_eq!(place.snapshot(), before);
        // Who may read may look.
        assert_eq!(run(&["checkpoint", "load", "r"]).expect(0, &["load"]), "content");
        assert_eq!(run(&["task", "ls", "l"]).expect(0, &["ls"]), "1\tpending\t5\t-\t-\t-\tx");
        assert!(run(&["lease", "show", "l"]).expect(0, &["show"]).contains("holder: -"));
        let status = run(&["queue", "status", "q"]);
        assert!(status.expect(0, &["status"]).contains("ready: 1"));

        open_all(0o755);
        let pending = place.store(".aristo/q-queue/pending");
        fs::set_permissions(&pending, fs::Permissions::from_mode(0o700)).unwrap();
        if is_root() {
            // It is root's: closed to nobody.
            let status = run(&["queue", "status", "q"]);
            status.expect(5, &["status"]);
            assert!(status.stderr.contains("pending"), "{}", status.stderr);
        }

        for (path, look) in [
            ("claims/l", ["lease", "show", "l"]),
            ("checkpoint/r", ["checkpoint", "load", "r"]),
            ("tasks/l", ["task", "ls", "l"]),
        ] {
            fs::set_permissions(place.store(path), fs::Permissions::from_mode(0o700)).unwrap();
            if is_root() {
                run(&look).expect(5, &look);
            }
        }
    }
}
