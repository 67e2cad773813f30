//! From a push in one process to the claim in another that has nothing else to do.

use crate::pusher::{Pusher, now};
use leasehold::wake::Wake;
use leasehold::{Durability, Engine, Grants, Session};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const PUSHES: u64 = 200;
/// Far above what it takes, and far below what asking again and again did: this machine may be busy.
const MEDIAN_MAX: Duration = Duration::from_millis(20);

fn tell(what: &str, mut latencies: Vec<Duration>) {
    latencies.sort_unstable();
    let at = |percent: usize| latencies[(latencies.len() - 1) * percent / 100];
    eprintln!("{what}: median {:?}, p99 {:?}, most {:?}", at(50), at(99), at(100));
    assert!(at(50) < MEDIAN_MAX, "{what}: {:?}", at(50));
}

fn latencies(grants: &Grants, mut session: Session, pusher: &mut Pusher, kind: &str) -> Vec<Duration> {
    let holder = session.holder_open("worker", 600_000, Durability::Unsynced).unwrap();
    let wake = Wake::queue(grants, "q").unwrap();
    let until = Instant::now() + Duration::from_secs(120);
    (0..PUSHES)
        .map(|n| {
            pusher.tell("q", kind, Duration::from_millis(3), n * 10 + 5);
            let look =
                || Ok::<_, leasehold::Error>(session.queue("q")?.claim(&holder, 1, None, Durability::Unsynced)?.pop());
            let task = wake.wait_for(Some(until), look).unwrap().unwrap();
            // A delay ends with its millisecond, which began a little before.
            let due = Duration::from_nanos(std::str::from_utf8(&task.payload).unwrap().parse().unwrap());
            let took = now().saturating_sub(due);
            session.queue("q").unwrap().done(&task.receipt, None, Durability::Unsynced).unwrap();
            took
        })
        .collect()
}

#[test]
fn a_push_is_claimed_at_once_by_a_thread_that_waits() {
    for kind in ["plain", "synced", "given", "delayed"] {
        let place = TempDir::new().unwrap();
        let grants = Grants::beneath(place.path());
        let mut pusher = Pusher::start(place.path());
        let native = Session::native(&grants).unwrap();
        tell(&format!("native, {kind}"), latencies(&grants, native, &mut pusher, kind));
    }
    let place = TempDir::new().unwrap();
    let grants = Grants::beneath(place.path());
    let mut pusher = Pusher::start(place.path());
    let engine = Engine::new().unwrap();
    tell("component, plain", latencies(&grants, engine.open(&grants).unwrap(), &mut pusher, "plain"));
}

#[test]
fn a_push_is_claimed_at_once_by_a_worker() {
    let place = TempDir::new().unwrap();
    let mut pusher = Pusher::start(place.path());
    let mut work = Command::new(env!("CARGO_BIN_EXE_leasehold"))
        .args(["--root", place.path().to_str().unwrap(), "work", "q", "--json", "--", "cat"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    // What the command writes goes there as soon as it runs: so its start is included.
    let mut output = BufReader::new(work.stderr.take().unwrap());
    let latencies = (0..PUSHES)
        .map(|n| {
            let mut line = String::new();
            pusher.tell("q", "plain", Duration::from_millis(20), n * 10 + 5);
            let mut byte = [0];
            while line.len() < "1234567890123".len() || line.parse::<u64>().is_err() {
                std::io::Read::read_exact(&mut output, &mut byte).unwrap();
                line.push(char::from(byte[0]));
            }
            // The payload has no end of line; its last digits are read before the next push.
            let mut rest = Vec::new();
            let at = now();
            while line.len() + rest.len() < at.as_nanos().to_string().len() {
                std::io::Read::read_exact(&mut output, &mut byte).unwrap();
                rest.push(byte[0]);
            }
            line.push_str(std::str::from_utf8(&rest).unwrap());
            at - Duration::from_nanos(line.parse().unwrap())
        })
        .collect();
    tell("work, to the first output of its command", latencies);
    rustix::process::kill_process(rustix::process::Pid::from_child(&work), rustix::process::Signal::TERM).unwrap();
    let mut rest = String::new();
    output.read_line(&mut rest).unwrap();
    assert!(work.wait().unwrap().success());
    drop(std::io::stderr().flush());
}
