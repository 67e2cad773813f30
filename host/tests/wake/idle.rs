//! What waiting costs.

use crate::pusher::{Pusher, now};
use leasehold::wake::Wake;
use leasehold::{Durability, Error, Grants, Session};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const WAITERS: usize = 10_000;

fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap())
}

fn wait_until(what: &str, happened: impl Fn() -> bool) {
    let began = Instant::now();
    while !happened() {
        assert!(began.elapsed() < Duration::from_secs(60), "waited in vain until {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Alone in its process: run again, so that other tests cost nothing here.
#[test]
fn ten_thousand_who_wait_cost_nothing_and_one_push_wakes_a_few() {
    if std::env::var_os("WAITERS").is_none() {
        let name = "idle::ten_thousand_who_wait_cost_nothing_and_one_push_wakes_a_few";
        let mut again = Command::new(std::env::current_exe().unwrap());
        again.args([name, "--exact", "--nocapture", "--test-threads=1"]).env("WAITERS", "yes").stdout(Stdio::null());
        assert!(again.status().unwrap().success());
        return;
    }
    let place = TempDir::new().unwrap();
    let grants = Grants::beneath(place.path());
    let wake = Wake::queue(&grants, "q").unwrap();
    let (looks, claimed, over) = <(Arc<AtomicUsize>, Arc<AtomicU64>, Arc<AtomicUsize>)>::default();
    let waiters: Vec<_> = (0..WAITERS)
        .map(|_| {
            let (grants, wake) = (grants.clone(), wake.clone());
            let (looks, claimed, over) = (looks.clone(), claimed.clone(), over.clone());
            let wait = move || {
                wake.wait_for(None, || {
                    if over.load(Ordering::SeqCst) > 0 {
                        return Ok::<_, Error>(Some(()));
                    }
                    // Before the sleep nobody asks; there is nothing.
                    if looks.fetch_add(1, Ordering::SeqCst) < WAITERS {
                        return Ok(None);
                    }
                    let mut session = Session::native(&grants)?;
                    let holder = session.holder_ensure("all", 600_000, Durability::Unsynced)?;
                    let tasks = session.queue("q")?.claim(&holder, 1, None, Durability::Unsynced)?;
                    Ok(tasks.first().map(|task| {
                        let pushed: u64 = std::str::from_utf8(&task.payload).unwrap().parse().unwrap();
                        let took = now() - Duration::from_nanos(pushed);
                        claimed.store(u64::try_from(took.as_nanos()).unwrap(), Ordering::SeqCst);
                    }))
                })
                .unwrap();
            };
            thread::Builder::new().stack_size(256 * 1024).spawn(wait).unwrap()
        })
        .collect();
    wait_until("all have looked", || looks.load(Ordering::SeqCst) >= WAITERS);
    thread::sleep(Duration::from_secs(1));

    let (before, looks_before) = (cpu_time(), looks.load(Ordering::SeqCst));
    thread::sleep(Duration::from_secs(5));
    let cost = cpu_time() - before;
    let idle_looks = looks.load(Ordering::SeqCst) - looks_before;
    eprintln!("{WAITERS} who wait for 5 s: {cost:?} of processor time, {idle_looks} looks");
    assert!(cost < Duration::from_millis(20), "{cost:?}");
    assert!(idle_looks <= 2, "{idle_looks}");

    let mut pusher = Pusher::start(place.path());
    for n in 0..10 {
        claimed.store(0, Ordering::SeqCst);
        let looks_before = looks.load(Ordering::SeqCst);
        pusher.tell("q", "plain", Duration::from_millis(1), n);
        wait_until("it is claimed", || claimed.load(Ordering::SeqCst) > 0);
        thread::sleep(Duration::from_millis(50));
        let woken = looks.load(Ordering::SeqCst) - looks_before;
        let took = Duration::from_nanos(claimed.load(Ordering::SeqCst));
        eprintln!("one push among {WAITERS}: claimed after {took:?}, {woken} looks");
        // A new bucket, the slow look, and one who hands on what it could not know to be all.
        assert!(woken <= 8, "{woken}");
        assert!(took < Duration::from_secs(2), "{took:?}");
    }
    over.store(1, Ordering::SeqCst);
    wake.wake_all();
    for waiter in waiters {
        waiter.join().unwrap();
    }
}

/// How often the threads of a process were woken.
fn switches(pid: u32) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    tasks
        .map(|task| {
            let status = std::fs::read_to_string(task.unwrap().path().join("status")).unwrap();
            let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).unwrap();
            line.trim().parse::<u64>().unwrap()
        })
        .sum()
}

#[test]
fn an_idle_worker_sleeps() {
    let place = TempDir::new().unwrap();
    let mut work = Command::new(env!("CARGO_BIN_EXE_leasehold"))
        .args(["--root", place.path().to_str().unwrap(), "work", "q", "--workers", "8", "--", "true"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    thread::sleep(Duration::from_secs(3));
    let before = switches(work.id());
    thread::sleep(Duration::from_secs(10));
    let woken = switches(work.id()) - before;
    eprintln!("eight idle workers: woken {woken} times in 10 s");
    rustix::process::kill_process(rustix::process::Pid::from_child(&work), rustix::process::Signal::TERM).unwrap();
    work.wait().unwrap();
    assert!(woken < 100, "{woken}");
}
