//! `leasehold job`: commands that outlive their caller, and whose end is known whatever is killed.

use crate::place::{Place, json, wait_for, wait_until};
use crate::work::runs;
use leasehold::job::{JobSpec, Process, Reason};
use leasehold::{Durability, Grants, Session};
use serde_json::Value;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

/// Runs a script as a job; answers its id.
pub(crate) fn run(place: &Place, flags: &[&str], script: &str) -> String {
    place.ok(&[&["job", "run"], flags, &["--", "sh", "-c", script]].concat())
}

pub(crate) fn show(place: &Place, id: &str) -> Value {
    json(&place.ok(&["job", "show", id, "--json"]))
}

/// Waits for the end; answers the exit code.
pub(crate) fn wait(place: &Place, id: &str) -> i32 {
    let wait = ["job", "wait", id, "--timeout", "60s"];
    let answer = place.run(&wait);
    assert_eq!(answer.stderr, "", "{wait:?}");
    answer.code
}

/// Status, exit code and reason.
pub(crate) fn end(place: &Place, id: &str) -> (String, Value, Value) {
    let job = show(place, id);
    (job["status"].as_str().unwrap().to_owned(), job["exit_code"].clone(), job["reason"].clone())
}

#[track_caller]
pub(crate) fn assert_end(place: &Place, id: &str, status: &str, code: i32, reason: Option<&str>) {
    assert_eq!(wait(place, id), code, "{:?}", end(place, id));
    let expected = (status.to_owned(), Value::from(code), reason.map_or(Value::Null, Value::from));
    assert_eq!(end(place, id), expected);
}

/// The numbers of the waiter and of the supervisor that the record names.
pub(crate) fn recorded(place: &Place, id: &str) -> [Option<u32>; 2] {
    let entries = fs::read_dir(place.store("jobs").join(id)).into_iter().flatten().flatten();
    let names: Vec<_> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let fields: Vec<_> =
        names.iter().find(|name| !name.starts_with("c.")).map(|name| name.split('.').collect()).unwrap_or_default();
    [7, 9].map(|field| u32::from_str_radix(fields.get(field)?, 32).ok())
}

/// The same, once the job runs.
pub(crate) fn processes(place: &Place, id: &str) -> Option<[u32; 2]> {
    let [waiter, supervisor] = recorded(place, id);
    Some([waiter?, supervisor?])
}

/// Starts a job whose command tells its number in the file `pid`; answers the id, that number, and those of its
/// waiter and its supervisor.
pub(crate) fn started(place: &Place, flags: &[&str], script: &str) -> (String, String, [u32; 2]) {
    let pid = place.path().join("pid");
    drop(fs::remove_file(&pid));
    let id = run(place, flags, &format!("echo $$ >pid.new; mv pid.new pid; {script}"));
    wait_until("the command runs", || pid.exists());
    let number = fs::read_to_string(pid).unwrap().trim().to_owned();
    (id.clone(), number, processes(place, &id).unwrap())
}

pub(crate) fn kill(pid: u32) {
    assert!(Command::new("kill").args(["-s", "KILL", &pid.to_string()]).status().unwrap().success());
    wait_until("it is dead", || !runs(&pid.to_string()));
}

/// The files of a job.
pub(crate) fn files(place: &Place, id: &str) -> std::path::PathBuf {
    let mut entries = fs::read_dir(place.store("jobs").join(id)).unwrap().map(|entry| entry.unwrap().path());
    entries.find(|path| path.is_dir()).unwrap()
}

#[test]
fn a_job_outlives_its_caller_and_ends_with_the_codes_of_its_command() {
    for place in Place::both() {
        let (id, pid, _) = started(&place, &[], "while ! test -e finish; do sleep 0.02; done; exit 7");
        let job = show(&place, &id);
        assert_eq!(
            (&job["status"], &job["exit_code"], &job["notify"]),
            (&"running".into(), &Value::Null, &false.into())
        );
        assert_eq!(job["pid"].to_string(), pid);
        assert_eq!(job["command"][0], "sh");
        fs::write(place.path().join("finish"), "").unwrap();
        assert_end(&place, &id, "failed", 7, None);
        for (script, status, code) in
            [("exit 0", "completed", 0), ("exit 255", "failed", 255), ("kill -9 $$", "failed", 137)]
        {
            let id = run(&place, &[], script);
            assert_end(&place, &id, status, code, None);
        }
        let listed = place.ok(&["job", "ls", "--state", "failed"]);
        assert_eq!(listed.lines().count(), 3, "{listed}");
        assert!(listed.contains("\tfailed\t7\t-\t"), "{listed}");
        assert_eq!(place.ok(&["job", "ls", "--state", "running"]), "");
    }
}

/// A lock is had for as long as anybody has its file open.
#[test]
fn a_job_keeps_nothing_open_that_its_caller_had_open() {
    let place = Place::new();
    let script = r#"exec 8>lock; flock 8; "$@"; exec 8>&-; flock -n lock true"#;
    let mut caller = Command::new("sh");
    caller.args(["-c", script, "sh", env!("CARGO_BIN_EXE_leasehold")]).current_dir(place.path());
    caller.args(["job", "run", "--", "sh", "-c", "while ! test -e finish; do sleep 0.02; done"]);
    let answer = crate::place::Answer::of(caller.env_remove("LEASEHOLD_ROOT").output().unwrap());
    let id = answer.expect(0, &["flock"]);
    assert_eq!(show(&place, &id)["exit_code"], Value::Null, "it still runs");
    fs::write(place.path().join("finish"), "").unwrap();
    assert_eq!(wait(&place, &id), 0);
}

#[test]
fn a_job_has_its_directory_and_its_id_and_nothing_to_read() {
    let place = Place::new();
    fs::create_dir(place.path().join("there")).unwrap();
    let id = run(&place, &["--cwd", "there"], "cat; pwd -P; echo \"$LEASEHOLD_JOB $LEASEHOLD_ROOT\"");
    assert_eq!(wait(&place, &id), 0);
    let there = place.path().canonicalize().unwrap().join("there");
    let root = place.store("");
    let root = root.to_str().unwrap().trim_end_matches('/').to_owned();
    assert_eq!(place.ok(&["job", "logs", &id]), format!("{}\n{id} {root}", there.display()));
    let answer = place.run(&["job", "run", "--cwd", "nowhere", "--", "true"]);
    answer.expect(5, &["--cwd"]);
}

#[test]
fn logs_are_what_was_written_byte_for_byte_and_can_be_followed() {
    for place in Place::both() {
        let (id, _, _) = started(
            &place,
            &[],
            "printf 'a\\0\\377'; echo complaint >&2; while ! test -e finish; do sleep 0.02; done; echo b",
        );
        let follower = place.command(&["job", "logs", &id, "--follow"]).spawn().unwrap();
        wait_until("it has written", || place.run(&["job", "logs", &id]).stdout == b"a\0\xff");
        assert_eq!(place.ok(&["job", "logs", &id, "--stderr"]), "complaint");
        let object = json(&place.ok(&["job", "logs", &id, "--json"]));
        assert_eq!(object["output_base64"], "YQD/");
        fs::write(place.path().join("finish"), "").unwrap();
        let followed = wait_for(follower);
        assert_eq!((followed.code, followed.stdout.as_slice()), (0, &b"a\0\xffb\n"[..]));
    }
}

#[test]
fn a_killed_job_ends_with_all_that_it_started_also_what_does_not_listen() {
    for place in Place::both() {
        let script = "trap '' TERM; sleep 100 & echo $! >child; while :; do sleep 1; done";
        let (id, pid, _) = started(&place, &[], script);
        wait_until("it has a child", || {
            fs::read_to_string(place.path().join("child")).is_ok_and(|pid| !pid.is_empty())
        });
        let child = fs::read_to_string(place.path().join("child")).unwrap();
        place.ok(&["job", "kill", &id]);
        assert!(!runs(&pid) && !runs(&child));
        assert_end(&place, &id, "killed", 137, Some("asked"));
        let before = show(&place, &id);
        place.ok(&["job", "kill", &id]);
        assert_eq!(show(&place, &id), before, "an end does not change");
    }
}

#[test]
fn a_kill_of_what_has_ended_by_itself_changes_nothing() {
    let place = Place::new();
    let id = run(&place, &[], "exit 3");
    assert_eq!(wait(&place, &id), 3);
    place.ok(&["job", "kill", &id]);
    assert_end(&place, &id, "failed", 3, None);
}

#[test]
fn a_command_that_runs_too_long_is_stopped() {
    for place in Place::both() {
        let (id, pid, _) = started(&place, &["--timeout", "1s"], "sleep 100");
        let begun = Instant::now();
        assert_end(&place, &id, "timed-out", 124, Some("timeout"));
        assert!(begun.elapsed() < Duration::from_secs(20));
        assert!(!runs(&pid));
    }
}

#[test]
fn a_command_that_writes_too_much_is_stopped() {
    let place = Place::new();
    let id = run(&place, &["--output-max", "100000"], "yes >&2");
    assert_end(&place, &id, "killed", 137, Some("output"));
    let id = run(&place, &["--output-max", "100000"], "head -c 100000 /dev/zero; sleep 0.6");
    assert_end(&place, &id, "completed", 0, None);
}

#[test]
fn a_command_that_cannot_be_started_has_failed_and_says_why() {
    for place in Place::both() {
        for flags in [&[][..], &["--pty"]] {
            let id = place.ok(&[&["job", "run"], flags, &["--", "./no-such-command"]].concat());
            assert_end(&place, &id, "failed", 125, Some("spawn"));
            assert!(place.ok(&["job", "logs", &id, "--stderr"]).contains("no-such-command"));
        }
    }
}

#[test]
fn waiting_gives_up_when_told_and_the_job_goes_on() {
    let place = Place::new();
    let id = run(&place, &[], "while ! test -e finish; do sleep 0.02; done; exit 4");
    let wait_shortly = ["job", "wait", &id, "--timeout", "100ms"];
    place.run(&wait_shortly).expect(125, &wait_shortly);
    fs::write(place.path().join("finish"), "").unwrap();
    assert_eq!(wait(&place, &id), 4);
    let object = place.run(&["job", "wait", &id, "--json"]);
    assert_eq!((object.code, &json(object.text())["exit_code"]), (4, &4.into()));
}

/// F5: what ended while nobody watched was taken for lost.
#[test]
fn what_ends_while_its_supervisor_is_dead_is_judged_by_its_exit_code() {
    for place in Place::both() {
        let (id, _, [waiter, supervisor]) = started(&place, &[], "while ! test -e finish; do sleep 0.02; done; exit 9");
        kill(supervisor);
        fs::write(place.path().join("finish"), "").unwrap();
        wait_until("the waiter has ended", || !runs(&waiter.to_string()));
        assert_end(&place, &id, "failed", 9, None);
    }
}

#[test]
fn whoever_looks_at_a_job_without_a_supervisor_starts_another_one() {
    for place in Place::both() {
        let (id, pid, [waiter, supervisor]) = started(&place, &["--timeout", "3s"], "sleep 100");
        kill(supervisor);
        assert!(runs(&pid), "the command lives on");
        assert_eq!(show(&place, &id)["status"], "running");
        let mut next = supervisor;
        wait_until("another has adopted it", || {
            next = processes(&place, &id).unwrap()[1];
            next != supervisor
        });
        assert_eq!(processes(&place, &id).unwrap()[0], waiter);
        assert!(runs(&next.to_string()));
        assert_end(&place, &id, "timed-out", 124, Some("timeout"));
        assert!(!runs(&pid));
    }
}

#[test]
fn a_job_without_a_supervisor_can_be_killed() {
    let place = Place::new();
    let (id, pid, [_, supervisor]) = started(&place, &[], "sleep 100");
    kill(supervisor);
    place.ok(&["job", "kill", &id]);
    assert!(!runs(&pid));
    assert_end(&place, &id, "killed", 137, Some("asked"));
}

/// Whoever asked for it is killed before it has signalled anything.
#[test]
fn what_is_to_be_killed_is_killed_by_whoever_watches_it() {
    for place in Place::both() {
        let mut session = Session::native(&Grants::beneath(place.store(""))).unwrap();
        for has_supervisor in [true, false] {
            let (id, pid, [_, supervisor]) = started(&place, &[], "sleep 100");
            if !has_supervisor {
                kill(supervisor);
            }
            session.job_kill(&id, Reason::Asked, Durability::Standard).unwrap();
            assert_end(&place, &id, "killed", 137, Some("asked"));
            assert!(!runs(&pid));
        }
    }
}

#[test]
fn when_the_waiter_is_killed_the_job_is_lost_and_its_command_is_ended() {
    for place in Place::both() {
        for both in [false, true] {
            let script = "trap '' TERM; sleep 100 & echo $! >child; while :; do sleep 1; done";
            let (id, pid, [waiter, supervisor]) = started(&place, &[], script);
            wait_until("it has a child", || {
                fs::read_to_string(place.path().join("child")).is_ok_and(|pid| !pid.is_empty())
            });
            let child = fs::read_to_string(place.path().join("child")).unwrap();
            if both {
                kill(supervisor);
            }
            kill(waiter);
            assert_end(&place, &id, "failed", 125, Some("lost"));
            assert!(!runs(&pid) && !runs(&child));
        }
    }
}

/// F7: a number that was used again was taken for the command, and signalled.
#[test]
fn a_number_that_is_anothers_now_is_neither_believed_nor_signalled() {
    let place = Place::new();
    let (id, pid, [waiter, supervisor]) = started(&place, &[], "sleep 100");
    let mut bystander =
        std::os::unix::process::CommandExt::process_group(Command::new("sleep").arg("100"), 0).spawn().unwrap();
    let file = files(&place, &id).join("pid");
    let recorded = fs::read_to_string(&file).unwrap();
    fs::write(&file, recorded.replace(&pid, &bystander.id().to_string())).unwrap();
    kill(supervisor);
    kill(waiter);
    assert_end(&place, &id, "failed", 125, Some("lost"));
    assert!(bystander.try_wait().unwrap().is_none(), "it was signalled");
    bystander.kill().unwrap();
    bystander.wait().unwrap();
    Command::new("kill").args(["-s", "KILL", "--", &format!("-{pid}")]).status().unwrap();
}

/// F6: what was to be started, and whose starter was killed, was taken for running, or the other way round.
#[test]
fn a_job_that_nobody_came_to_start_has_failed_and_never_runs() {
    for place in Place::both() {
        let mut session = Session::native(&Grants::beneath(place.store(""))).unwrap();
        let touch = JobSpec { command: vec!["touch".into(), "ran".into()], ..JobSpec::default() };
        let [uncalled, killed] = [(); 2].map(|()| session.job_create(&touch, None, Durability::Standard).unwrap());
        let dead = Process { pid: 1, started: 1 };
        session.job_adopt(&killed, None, dead, Durability::Standard).unwrap();
        assert_eq!(show(&place, &uncalled)["status"], "starting", "somebody may be about to start it");
        for id in [&killed, &uncalled] {
            assert_end(&place, id, "failed", 125, Some("spawn"));
        }
        // Whoever was only slow comes too late.
        let late = ["supervisor-of-job", &uncalled];
        place.run(&late).expect(0, &late);
        assert_eq!(end(&place, &uncalled).2, "spawn");
        assert!(!place.path().join("ran").exists());
    }
}

/// The supervisor is killed between saying that the command runs and letting it run.
#[test]
fn a_waiter_that_is_never_told_to_go_runs_nothing_and_leaves_word_of_it() {
    let place = Place::new();
    let mut session = Session::native(&Grants::beneath(place.store(""))).unwrap();
    let touch = JobSpec { command: vec!["touch".into(), "ran".into()], ..JobSpec::default() };
    let id = session.job_create(&touch, None, Durability::Standard).unwrap();
    let dead = Process { pid: 1, started: 1 };
    let job = session.job_start(&id, dead, dead, Durability::Standard).unwrap();
    let waiter = ["waiter-of-job", &job.directory];
    let whole = r#"{"command":["touch","ran"],"dir":null,"pty":false}"#;
    for told in ["", "{", &whole[..whole.len() - 1]] {
        place.run_with_input(&waiter, told.as_bytes());
        assert!(!place.path().join("ran").exists(), "{told:?}");
    }
    assert_end(&place, &id, "failed", 125, Some("spawn"));
}

#[test]
fn a_job_that_is_killed_before_it_is_started_never_runs() {
    let place = Place::new();
    let mut session = Session::native(&Grants::beneath(place.store(""))).unwrap();
    let touch = JobSpec { command: vec!["touch".into(), "ran".into()], ..JobSpec::default() };
    let id = session.job_create(&touch, None, Durability::Standard).unwrap();
    place.ok(&["job", "kill", &id]);
    assert_end(&place, &id, "killed", 137, Some("asked"));
    let late = ["supervisor-of-job", &id];
    place.run(&late).expect(0, &late);
    assert!(!place.path().join("ran").exists());
}

#[test]
fn a_command_with_a_terminal_has_one_and_ends_with_it() {
    for place in Place::both() {
        let id = run(&place, &["--pty"], "test -t 0 && test -t 1 && test -t 2 && stty size && echo last >&2; exit 6");
        assert_end(&place, &id, "failed", 6, None);
        assert_eq!(place.ok(&["job", "logs", &id]), "24 80\r\nlast\r");
        let (id, pid, [waiter, _]) = started(&place, &["--pty"], "trap '' HUP; sleep 100; sleep 100");
        kill(waiter);
        assert_end(&place, &id, "failed", 125, Some("terminal"));
        assert!(!runs(&pid));
        let (id, pid, _) = started(&place, &["--pty"], "sleep 100");
        place.ok(&["job", "kill", &id]);
        assert!(!runs(&pid));
        assert_end(&place, &id, "killed", 137, Some("asked"));
        // Who keeps the terminal and goes on writing does not keep the job.
        let id = run(&place, &["--pty"], "trap '' HUP; (while echo more; do :; done) & sleep 0.2; exit 8");
        assert_end(&place, &id, "failed", 8, None);
    }
}

#[test]
fn an_end_is_told_until_it_is_acknowledged_and_collected_only_then() {
    for place in Place::both() {
        let told = || {
            let lines = place.ok(&["job", "events", "--json"]);
            lines.lines().map(|line| json(line)["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let due = run(&place, &["--notify"], "exit 1");
        let quiet = run(&place, &[], "echo kept");
        for id in [&due, &quiet] {
            wait(&place, id);
        }
        assert_eq!(told(), std::slice::from_ref(&due));
        assert_eq!(told(), std::slice::from_ref(&due), "looking acknowledges nothing");
        assert_eq!(show(&place, &due)["notify"], true);
        place.ok(&["job", "ack", &due]);
        place.ok(&["job", "ack", &due]);
        assert!(told().is_empty());
        place.ok(&["job", "promote", &due]);
        assert_eq!(place.ok(&["job", "events", "--ack"]).lines().count(), 1);
        assert!(told().is_empty());
        place.ok(&["job", "promote", &due]);
        assert_eq!(place.ok(&["job", "gc"]), "0", "they are too young");
        assert_eq!(place.ok(&["job", "gc", "--older-than", "0s"]), "1");
        place.run(&["job", "show", &quiet]).expect(1, &["show"]);
        assert_eq!(end(&place, &due).0, "failed");
        assert!(!place.store("jobs").join(&quiet).exists());
    }
}

#[test]
fn what_has_not_ended_is_neither_acknowledged_nor_collected() {
    let place = Place::new();
    let (id, pid, _) = started(&place, &[], "sleep 100");
    place.run(&["job", "ack", &id]).expect(2, &["ack"]);
    assert_eq!(place.ok(&["job", "gc", "--older-than", "0s"]), "0");
    assert!(runs(&pid));
    place.ok(&["job", "kill", &id]);
}

#[test]
fn no_more_jobs_run_than_the_limit() {
    for place in Place::both() {
        let first = run(&place, &["--limit", "1"], "while ! test -e finish; do sleep 0.02; done");
        let again = ["job", "run", "--limit", "1", "--", "touch", "ran"];
        let answer = place.run(&again);
        answer.expect(5, &again);
        assert_eq!(answer.text(), "");
        fs::write(place.path().join("finish"), "").unwrap();
        assert_eq!(wait(&place, &first), 0);
        assert!(!place.path().join("ran").exists());
        let second = place.ok(&again);
        assert_eq!(wait(&place, &second), 0);
    }
}
