//! Many short jobs, while their supervisors and their callers are killed at random: each ends in the state that its
//! command really had, which each command writes down itself.
//!
//! `LEASEHOLD_JOB_RACE` says how many jobs.

use crate::jobs::{end, processes, recorded, run, wait};
use crate::place::{PATIENCE, Place, json};
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How many callers there are at a time.
const CALLERS: usize = 4;

struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

fn ids(place: &Place) -> Vec<String> {
    let entries = fs::read_dir(place.store("jobs")).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut ids: Vec<_> = names.filter(|name| name.len() == 16).collect();
    ids.sort_unstable();
    ids
}

/// What the command of a job wrote of itself: nothing, that it began, or its exit code.
fn really(place: &Place, id: &str) -> Option<String> {
    let text = fs::read_to_string(place.path().join("did").join(id)).ok()?;
    Some(text.trim().to_owned())
}

/// Whether the process is one that works for this job: a number may be another's by now.
fn is_for(pid: u32, id: &str) -> bool {
    let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&command).contains(id)
}

/// Whether there was one to be killed.
fn kill_newest_supervisor(place: &Place) -> bool {
    let newest = ids(place).pop().and_then(|id| Some((recorded(place, &id)[1]?, id)));
    let Some((supervisor, _)) = newest.filter(|(pid, id)| is_for(*pid, id)) else { return false };
    Command::new("kill").args(["-s", "KILL", &supervisor.to_string()]).stderr(Stdio::null()).status().unwrap();
    true
}

fn race(place: &Place, count: usize, seed: u64) {
    println!("seed {seed}");
    let mut dice = Dice(seed);
    fs::create_dir(place.path().join("did")).unwrap();
    let mut callers: Vec<Child> = Vec::new();
    let mut killed = [0; 3];
    let (mut begun, last) = (0, Instant::now() + Duration::from_secs(540));
    'race: while begun < count || !callers.is_empty() {
        assert!(Instant::now() < last, "it does not come to an end");
        callers.retain_mut(|caller| caller.try_wait().unwrap().is_none());
        if begun < count && callers.len() < CALLERS {
            let (pause, code) = (dice.below(400), dice.below(5));
            let script = format!(
                "echo began >did/$LEASEHOLD_JOB; sleep 0.{pause:03}; echo {code} >did/$LEASEHOLD_JOB; exit {code}"
            );
            let run = ["job", "run", "--", "sh", "-c", &script];
            callers.push(place.command(&run).stdout(Stdio::null()).spawn().unwrap());
            begun += 1;
        }
        std::thread::sleep(Duration::from_millis(dice.below(30)));
        match dice.below(6) {
            0 if !callers.is_empty() => {
                let n = usize::try_from(dice.below(callers.len() as u64)).unwrap();
                callers[n].kill().unwrap();
                killed[0] += 1;
            }
            1 | 2 => {
                // Also one of which the record does not say yet that its command runs: so the newest, at once.
                let until = Instant::now() + Duration::from_millis(dice.below(40));
                while !kill_newest_supervisor(place) {
                    if Instant::now() > until {
                        continue 'race;
                    }
                }
                killed[1] += 1;
            }
            3 => {
                // Whoever looks adopts, and may be killed while it does.
                let mut looker = place.command(&["job", "ls"]).stdout(Stdio::null()).spawn().unwrap();
                std::thread::sleep(Duration::from_millis(dice.below(60)));
                looker.kill().unwrap();
                looker.wait().unwrap();
                killed[2] += 1;
            }
            _ => {}
        }
    }
    let ids = ids(place);
    let (mut by_code, mut unstarted) = (0, 0);
    for id in &ids {
        let code = wait(place, id);
        let job = json(&place.ok(&["job", "show", id, "--json"]));
        match really(place, id).as_deref() {
            None => {
                assert_eq!((code, &job["reason"]), (125, &"spawn".into()), "it never ran: {job}");
                unstarted += 1;
            }
            Some(really) => {
                assert_eq!(really, code.to_string(), "{job}");
                assert_eq!(job["status"], if code == 0 { "completed" } else { "failed" }, "{job}");
                assert!(job["reason"].is_null(), "{job}");
                by_code += 1;
            }
        }
    }
    println!(
        "{count} callers, {} jobs: {by_code} ended by themselves, {unstarted} never ran; killed {killed:?}",
        ids.len()
    );
    assert!(killed.iter().all(|&killed| killed > 0), "too few were killed: {killed:?}");
    assert!(by_code > 0);
    // Nothing that ended is left behind with processes.
    assert_eq!(place.ok(&["job", "ls"]).lines().count(), ids.len());
    place.run(&["doctor"]).expect(0, &["doctor"]);
}

#[test]
fn each_job_ends_as_its_command_did_whoever_is_killed() {
    let count = std::env::var("LEASEHOLD_JOB_RACE").map_or(30, |count| count.parse().unwrap());
    let seed = std::env::var("LEASEHOLD_RACE_SEED").map_or(u64::from(std::process::id()), |seed| seed.parse().unwrap());
    race(&Place::new(), count, seed);
}

/// The processes that carry the mark of a job.
fn marked(id: &str) -> Vec<String> {
    let mark = format!("LEASEHOLD_JOB={id}").into_bytes();
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let is_marked = |pid: &String| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|&byte| byte == 0).any(|variable| variable == mark)
    };
    processes.filter_map(|entry| entry.file_name().into_string().ok()).filter(is_marked).collect()
}

/// A waiter is killed while it starts its command: before, in, and after the moment in which that leaves its number.
#[test]
fn no_command_is_left_behind_by_a_waiter_that_is_killed_at_any_moment() {
    let count = std::env::var("LEASEHOLD_JOB_RACE").map_or(24, |count| count.parse().unwrap());
    let place = Place::new();
    let (mut began, mut dice) = (0, Dice(u64::from(std::process::id())));
    for n in 0..count {
        let flags: &[&str] = if n % 4 == 0 { &["--pty"] } else { &[] };
        let id = run(&place, flags, "echo began >began.$LEASEHOLD_JOB; sleep 600 & sleep 600");
        let recorded = Instant::now();
        let [waiter, supervisor] = loop {
            if let Some(found) = processes(&place, &id) {
                break found;
            }
            assert!(recorded.elapsed() < PATIENCE, "job {id} does not start");
        };
        std::thread::sleep(Duration::from_micros(dice.below(6_000)));
        let mut kill = Command::new("kill");
        kill.args(["-s", "KILL", &waiter.to_string()]);
        if n % 2 == 0 {
            kill.arg(supervisor.to_string());
        }
        assert!(kill.status().unwrap().success());
        let code = wait(&place, &id);
        let reason = if flags.is_empty() { "lost" } else { "terminal" };
        assert_eq!((code, end(&place, &id).2), (125, reason.into()));
        assert_eq!(marked(&id), [""; 0], "the command of {id} runs on");
        began += u32::from(place.path().join(format!("began.{id}")).exists());
    }
    println!("{count} waiters were killed, {began} after their commands began");
}
