//! Processes that race for one task list: every task is made once, and had by one at a time.
//!
//! `LEASEHOLD_RACE_LISTERS` (processes) and `LEASEHOLD_RACE_LISTED` (tasks) make it bigger.

use crate::place::{Place, from_environment};
use leasehold::tasklist::{Claim, Filter, History, NewTask, Status, Update};
use leasehold::{Durability, Engine, Grants, Session};
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const LIST: &str = "race";
/// A race that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(540);

/// Starts this program again, `processes` times, lets them run at once, and waits for them; answers how long they took.
fn race(place: &Place, role: &str, processes: u64, tasks: u64) -> Duration {
    let root = place.root();
    let mut racers: Vec<Child> = (0..processes)
        .map(|n| {
            let share = tasks / processes + u64::from(n < tasks % processes);
            Command::new(std::env::current_exe().unwrap())
                .args(["lists::race_as_told", "--exact", "--nocapture", "--test-threads=1"])
                .env("LISTER_ROOT", root)
                .env("LISTER_ROLE", role)
                .env("LISTER_NAME", format!("{role}-{n}"))
                .env("LISTER_SHARE", share.to_string())
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    let begun = Instant::now();
    let ready = |n| root.join(format!("{role}-{n}.ready")).exists();
    while !(0..processes).all(ready) {
        assert!(begun.elapsed() < PATIENCE, "the racers do not start");
        std::thread::sleep(Duration::from_millis(5));
    }
    fs::write(root.join(format!("{role}.go")), b"").unwrap();
    let begun = Instant::now();
    for racer in &mut racers {
        let status = loop {
            if let Some(status) = racer.try_wait().unwrap() {
                break status;
            }
            assert!(begun.elapsed() < PATIENCE, "a racer does not come to an end");
            std::thread::sleep(Duration::from_millis(2));
        };
        assert!(status.success(), "{status}");
    }
    begun.elapsed()
}

/// What the racers run; nothing where nobody told it anything.
#[test]
fn race_as_told() {
    let Ok(role) = std::env::var("LISTER_ROLE") else { return };
    let told = |name: &str| std::env::var(name).unwrap();
    let (root, name) = (told("LISTER_ROOT"), told("LISTER_NAME"));
    let root = Path::new(&root);
    let share: u64 = told("LISTER_SHARE").parse().unwrap();
    let mut session = Engine::new().unwrap().open(&Grants::beneath(root)).unwrap();
    fs::write(root.join(format!("{name}.ready")), b"").unwrap();
    while !root.join(format!("{role}.go")).exists() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let ids = if role == "make" { make(&mut session, &name, share) } else { work(&mut session, &name) };
    fs::write(root.join(format!("{name}.ids")), ids.join("\n")).unwrap();
}

fn make(session: &mut Session, name: &str, share: u64) -> Vec<String> {
    let make = |session: &mut Session, n| {
        let subject = format!("{n} of {name}");
        let task = NewTask { subject: &subject, ..NewTask::default() };
        session.task_create(LIST, &[task], Some(name), Durability::Standard).unwrap()[0].to_string()
    };
    (0..share).map(|n| make(session, n)).collect()
}

/// Claims whatever is next, and completes it, until everything is completed.
fn work(session: &mut Session, name: &str) -> Vec<String> {
    let holder = session.holder_open(name, 600_000, Durability::Unsynced).unwrap();
    let mut ids = Vec::new();
    loop {
        match session.task_claim_next(LIST, &holder, true, Durability::Unsynced).unwrap() {
            Claim::Ok { token, task } => {
                assert_eq!((&task.status, &task.unresolved), (&Status::InProgress, &Vec::new()));
                let done = Update { status: Some(Status::Completed), token: Some(token), ..Update::default() };
                session.task_update(LIST, task.id, &done, Some(name), Durability::Unsynced).unwrap();
                ids.push(task.id.to_string());
            }
            Claim::NotFound => {
                let info = session.task_list_info(LIST).unwrap().unwrap();
                if info.pending + info.in_progress == 0 {
                    return ids;
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            other => panic!("{other:?}"),
        }
    }
}

/// What all racers of a role were answered.
fn answered(place: &Place, role: &str, processes: u64) -> Vec<u64> {
    let mut all = Vec::new();
    for n in 0..processes {
        let text = fs::read_to_string(place.root().join(format!("{role}-{n}.ids"))).unwrap();
        all.extend(text.lines().map(|id| id.parse::<u64>().unwrap()));
    }
    all.sort_unstable();
    all
}

/// The ids of all tasks in a state, asked for page by page.
fn listed(session: &mut Session, status: Status) -> Vec<u64> {
    let (mut ids, mut cursor) = (Vec::new(), None);
    loop {
        let page = session.task_page(LIST, Filter { status: Some(status), internal: true }, cursor, 1_000).unwrap();
        ids.extend(page.tasks.iter().map(|task| task.id));
        cursor = page.cursor;
        if cursor.is_none() {
            return ids;
        }
    }
}

fn make_at_once(processes: u64, tasks: u64) {
    let place = Place::on_disk();
    let took = race(&place, "make", processes, tasks);
    println!("{processes} processes made {tasks} tasks on {} in {took:?}", place.kind);
    let expected: Vec<u64> = (1..=tasks).collect();
    assert_eq!(answered(&place, "make", processes), expected);
    let mut session = place.session();
    assert_eq!(listed(&mut session, Status::Pending), expected);
    assert!(session.maintenance_check().unwrap().is_empty());
    let History::Changes { changes, .. } = session.task_history(LIST, 0, 10_000).unwrap() else {
        assert!(tasks >= 4_096, "changes were forgotten too early");
        return;
    };
    // And the one that made the list.
    assert_eq!(changes.len() as u64, tasks + 1);
    assert!(changes.is_sorted_by(|a, b| a.revision < b.revision));
}

#[test]
fn tasks_made_by_many_at_once_have_the_ids_from_1_on_each_once() {
    make_at_once(from_environment("LEASEHOLD_RACE_LISTERS", 16), from_environment("LEASEHOLD_RACE_LISTED", 160));
}

#[test]
fn each_task_is_had_by_one_and_none_before_what_it_waits_for() {
    let place = Place::on_disk();
    let (processes, tasks) = (8, 120);
    let mut session = place.session();
    // Twelve chains.
    let places: Vec<[u32; 1]> = (0..tasks).map(|n: u32| [n.saturating_sub(12)]).collect();
    let chained = |n: usize| NewTask {
        subject: "link",
        blocked_by_new: if n < 12 { &[] } else { &places[n] },
        ..NewTask::default()
    };
    let all: Vec<NewTask<'_>> = (0..places.len()).map(chained).collect();
    session.task_create(LIST, &all, None, Durability::Unsynced).unwrap();
    race(&place, "work", processes, 0);
    let expected: Vec<u64> = (1..=u64::from(tasks)).collect();
    assert_eq!(answered(&place, "work", processes), expected);
    assert_eq!(listed(&mut session, Status::Completed), expected);
    assert!(session.maintenance_check().unwrap().is_empty());
}
