//! Many short jobs, while their supervisors and their callers are killed at random: each ends in the state that its
//! command really had, which each command writes down itself.
//!
//! `LEASEHOLD_JOB_RACE` says how many jobs.

use crate::jobs::{recorded, wait};
use crate::place::{Place, json};
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
    entries.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| name.len() == 16).collect()
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

fn race(place: &Place, count: usize, seed: u64) {
    println!("seed {seed}");
    let mut dice = Dice(seed);
    fs::create_dir(place.path().join("did")).unwrap();
    let mut callers: Vec<Child> = Vec::new();
    let mut killed = [0; 3];
    let (mut begun, last) = (0, Instant::now() + Duration::from_secs(540));
    while begun < count || !callers.is_empty() {
        assert!(Instant::now() < last, "it does not come to an end");
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
                // Also those of which the record does not say yet that their command runs.
                let supervisors = ids(place).into_iter().filter_map(|id| Some((recorded(place, &id)[1]?, id)));
                let last = supervisors.filter(|(pid, id)| is_for(*pid, id)).last();
                if let Some((supervisor, _)) = last {
                    let mut kill = Command::new("kill");
                    kill.args(["-s", "KILL", &supervisor.to_string()]).stderr(Stdio::null()).status().unwrap();
                    killed[1] += 1;
                }
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
        callers.retain_mut(|caller| caller.try_wait().unwrap().is_none());
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
