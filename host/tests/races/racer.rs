//! One racing process: several threads, each with a session of its own.

use crate::dice::{Dice, SEED_VARIABLE, seed};
use crate::log::Log;
use crate::place::payload_of;
use leasehold::{ClaimedTask, Durability, Engine, Error, Grants, Holder, Session};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Of those who race for tasks, holders and ids; all others are alone in their process.
const THREADS: usize = 4;
/// Long enough that no racer dies of it.
const TTL_MS: u64 = 10 * 60_000;

/// What a racer is told.
#[derive(Debug, Clone)]
pub(crate) struct Orders {
    pub(crate) root: PathBuf,
    pub(crate) logs: PathBuf,
    /// The process's place, which its holders are named for.
    pub(crate) place: usize,
    /// Which start of it this is.
    pub(crate) start: u64,
    /// One of those that [`race_as_told`] knows.
    pub(crate) role: &'static str,
    pub(crate) is_native: bool,
    pub(crate) seed: u64,
}

impl Orders {
    pub(crate) fn run(&self) -> String {
        format!("p{}s{}", self.place, self.start)
    }

    /// Starts this program again, as a racer.
    pub(crate) fn spawn(&self) -> Child {
        Command::new(std::env::current_exe().unwrap())
            .args(["racer::race_as_told", "--exact", "--nocapture", "--test-threads=1"])
            .env("RACER_ROOT", &self.root)
            .env("RACER_LOGS", &self.logs)
            .env("RACER_PLACE", self.place.to_string())
            .env("RACER_START", self.start.to_string())
            .env("RACER_ROLE", self.role)
            .env("RACER_NATIVE", if self.is_native { "yes" } else { "no" })
            .env(SEED_VARIABLE, self.seed.to_string())
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    }
}

/// What the racers run; nothing where nobody told it anything.
#[test]
fn race_as_told() {
    let Ok(role) = std::env::var("RACER_ROLE") else { return };
    let told = |name: &str| std::env::var(name).unwrap();
    let root = PathBuf::from(told("RACER_ROOT"));
    let logs = PathBuf::from(told("RACER_LOGS"));
    let (place, start) = (told("RACER_PLACE"), told("RACER_START"));
    let engine = (told("RACER_NATIVE") == "no").then(|| Engine::new().unwrap());
    let threads = if ["drain", "all", "ensure", "push"].contains(&role.as_str()) { THREADS } else { 1 };
    let number: usize = place.parse().unwrap();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (role, root, logs, engine) = (&role, &root, &logs, &engine);
            let (run, holder) = (format!("p{place}s{start}"), format!("p{place}-t{thread}"));
            scope.spawn(move || {
                let grants = Grants::beneath(root);
                let session = match engine {
                    Some(engine) => engine.open(&grants).unwrap(),
                    None => Session::native(&grants).unwrap(),
                };
                let mut log = Log::open(logs, &run, thread);
                match role.as_str() {
                    "drain" | "all" => work(session, &holder, root, role == "all", &mut log),
                    "ensure" => crate::same::join_holders(session, &mut log),
                    "push" => crate::same::push_the_same(session, &mut log),
                    "lease" => crate::lease::contend(session, root, &run, &mut log),
                    "fresh" => crate::fresh::acquire_all(session, root, number, &mut log),
                    "rounds" => crate::rounds::go_round(session, root, number, &mut log),
                    "upkeep" => crate::rounds::keep_up(session, root, number, &mut log),
                    other => panic!("no such role: {other}"),
                }
            });
        }
    });
}

/// Claims and lets go until nothing is left and nothing more will come.
fn work(mut session: Session, name: &str, root: &Path, does_all: bool, log: &mut Log) {
    let holder = session.holder_open(name, TTL_MS, Durability::Unsynced).unwrap();
    let mut dice = Dice::of(&format!("{}-{name}", log.run), seed());
    loop {
        let max = 1 + u32::try_from(dice.below(4)).unwrap();
        let claimed = session.queue("race").unwrap().claim(&holder, max, None, Durability::Unsynced);
        let tasks = match claimed {
            Ok(tasks) => tasks,
            Err(error) => {
                log.write("failed", &error.to_string().replace(' ', "_"), 0);
                return;
            }
        };
        for task in &tasks {
            log.write("claimed", &task.id, task.token);
        }
        for task in &tasks {
            let label = String::from_utf8_lossy(&task.payload);
            let label = label.split('|').next().unwrap();
            if task.payload != payload_of(label) {
                log.write("failed", "torn_payload", task.token);
            }
            let choice = dice.below(16);
            act(&mut session, &holder, task, does_all.then_some(choice), log);
        }
        if tasks.is_empty() {
            let status = session.queue("race").unwrap().status().unwrap();
            if status.ready + status.delayed + status.claimed == 0 && root.join("finish").exists() {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn act(session: &mut Session, holder: &Holder, task: &ClaimedTask, dice: Option<u64>, log: &mut Log) {
    let d = Durability::Unsynced;
    let mut queue = session.queue("race").unwrap();
    let choice = dice.unwrap_or(if task.token.is_multiple_of(10) { 1 } else { 9 });
    if dice.is_some() {
        std::thread::sleep(Duration::from_micros((choice + 1) * 200));
    }
    match choice {
        0 => {
            log.write("letting", &task.id, task.token);
            expect(queue.retry(&task.receipt, 0, "tried", d).map(|_| ()), "retried", task, log);
        }
        1 => {
            log.write("letting", &task.id, task.token);
            expect(queue.release(&task.receipt, d), "released", task, log);
            // The claim is over: its receipt finishes nothing, whoever has the task by now.
            log.write("old", &task.id, task.token);
            match queue.done(&task.receipt, None, d) {
                Err(error) if is_lost(&error) => {}
                other => log.write("failed", &format!("old_done:{other:?}").replace(' ', "_"), task.token),
            }
        }
        other => {
            if other == 2 {
                expect(queue.extend(&task.receipt, TTL_MS, d).map(|_| ()), "extended", task, log);
            }
            log.write("letting", &task.id, task.token);
            log.write("finishing", &task.id, task.token);
            let outcome = (other == 3).then_some(b"kept".as_slice());
            expect(queue.done(&task.receipt, outcome, d), "done", task, log);
        }
    }
    if choice == 4 {
        expect(session.holder_renew(holder, d).map(|_| ()), "renewed", task, log);
    }
}

fn expect(answer: Result<(), Error>, what: &str, task: &ClaimedTask, log: &mut Log) {
    match answer {
        Ok(()) => log.write(what, &task.id, task.token),
        // Nobody else may have a claim whose holder lives, so this is a failure of its own.
        Err(error) => log.write("failed", &format!("{what}:{error}").replace(' ', "_"), task.token),
    }
}

fn is_lost(error: &Error) -> bool {
    error.to_string().contains("lost")
}
