//! What things cost where there is much of everything: tasks that wait, tasks that are claimed, queues, leases.
//!
//! One instance fills, and another is measured, which finds it all as a worker does that starts. What is measured
//! leaves as much as it found.

use crate::contender::Contender;
use crate::report::{ScaleTable, median};
use anyhow::{Context, Result, ensure};
use leasehold::{Durability, Engine, NewTask, OnDuplicate};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

const QUEUE: &str = "bench";
const PAYLOAD: [u8; 180] = [b'.'; 180];
const UNSYNCED: Durability = Durability::Unsynced;
/// How many tasks, or leases, pass through in a round.
const LIVES: u32 = 2_000;
/// How often what is done once is done in a round.
const ONCE: usize = 5;
/// How much there is at most on a disk, where more would take minutes to make.
const DISK_SIZE_MAX: usize = 10_000;
/// The rounds, unless told otherwise.
const ROUNDS: u32 = 3;

/// What there is much of.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// Tasks that wait, pushed so many at once.
    Pending(usize),
    Claimed,
    Queues,
    Leases,
}

#[derive(Debug)]
struct Plan {
    kind: Kind,
    of: &'static str,
    sizes: &'static [usize],
}

/// What was measured, each in microseconds or, of memory, in bytes.
type Costs = BTreeMap<&'static str, Vec<f64>>;

const PLANS: [Plan; 7] = [
    Plan { kind: Kind::Pending(1_000), of: "pending, pushed 1,000 at once", sizes: &[10, 10_000, 1_000_000] },
    Plan { kind: Kind::Pending(100), of: "pending, pushed 100 at once", sizes: &[10, 10_000, 1_000_000] },
    Plan { kind: Kind::Pending(1), of: "pending, pushed one by one", sizes: &[10, 10_000, 100_000] },
    Plan { kind: Kind::Pending(65_536), of: "pending, pushed all at once", sizes: &[10, 10_000, 65_536] },
    Plan { kind: Kind::Claimed, of: "claimed", sizes: &[10, 10_000] },
    Plan { kind: Kind::Queues, of: "queues", sizes: &[10, 1_000] },
    Plan { kind: Kind::Leases, of: "leases", sizes: &[10, 1_000, 100_000] },
];

/// Measures everything at one place, natively and in the component.
pub(crate) fn run(
    place: &'static str,
    rounds: Option<u32>,
    words: &[String],
    folder: &mut dyn FnMut() -> Result<tempfile::TempDir>,
) -> Result<Vec<ScaleTable>> {
    let engine = Engine::new()?;
    let mut tables = Vec::new();
    for plan in &PLANS {
        if !words.iter().all(|word| format!("{place}, {}", plan.of).contains(word.as_str())) {
            continue;
        }
        let is_short = |size: &usize| place == "memory" || *size <= DISK_SIZE_MAX;
        let sizes: Vec<usize> = plan.sizes.iter().copied().filter(is_short).collect();
        for side in ["native", "component"] {
            let mut costs: Vec<Costs> = Vec::new();
            for size in &sizes {
                eprintln!("{place}, {side}, {size} {}", plan.of);
                let root = folder()?;
                let open = || match side {
                    "native" => Contender::native(root.path()),
                    _ => Contender::sandboxed(&engine, root.path()),
                };
                let mut own = Costs::new();
                fill(plan.kind, *size, side, root.path(), &mut own)?;
                for _ in 0..rounds.unwrap_or(ROUNDS) {
                    round(plan.kind, *size, &open, &mut own)?;
                }
                costs.push(own);
            }
            tables.push(table(place, side, (plan.of, &sizes), &costs));
        }
    }
    Ok(tables)
}

fn table(
    place: &'static str,
    side: &'static str,
    (of, sizes): (&'static str, &[usize]),
    costs: &[Costs],
) -> ScaleTable {
    let actions = costs.first().map(|first| first.keys().copied().collect::<Vec<_>>()).unwrap_or_default();
    let middles = |action| costs.iter().map(|own| own.get(action).map_or(f64::NAN, |all| median(all))).collect();
    ScaleTable {
        place,
        side,
        of,
        sizes: sizes.to_vec(),
        costs: actions.into_iter().map(|action| (action, middles(action))).collect(),
    }
}

/// Makes as much as there is to be, where the side will look for it.
fn fill(kind: Kind, size: usize, side: &str, root: &Path, costs: &mut Costs) -> Result<()> {
    let name = if side == "native" { "native" } else { "sandboxed" };
    let mut filler = Contender::native_named("filler", &root.join(name))?;
    let Contender { session, holder } = &mut filler;
    let begun = Instant::now();
    match kind {
        Kind::Pending(at_once) => push(&mut filler, QUEUE, size, at_once)?,
        Kind::Claimed => {
            push(&mut filler, QUEUE, size, 1_000)?;
            let mut left = size;
            while left > 0 {
                let max = u32::try_from(left.min(1_000))?;
                let claimed = filler.session.queue(QUEUE)?.claim(&filler.holder, max, None, UNSYNCED)?;
                ensure!(!claimed.is_empty(), "{left} tasks were lost");
                left -= claimed.len();
            }
        }
        Kind::Queues => {
            for number in 0..size {
                push(&mut filler, &format!("queue-{number}"), 1, 1)?;
            }
        }
        Kind::Leases => {
            for number in 0..size {
                let name = lease(number);
                let token = session.lease_acquire(&name, holder, UNSYNCED)?;
                session.lease_release(&name, token, UNSYNCED)?;
            }
        }
    }
    costs.entry("making each").or_default().push(begun.elapsed().as_secs_f64() * 1e6 / size as f64);
    Ok(())
}

fn lease(number: usize) -> String {
    format!("lease-{number}")
}

fn push(contender: &mut Contender, queue: &str, count: usize, at_once: usize) -> Result<()> {
    let task = NewTask { payload: &PAYLOAD, ..NewTask::default() };
    let tasks = vec![task; at_once.min(count)];
    let mut left = count;
    while left > 0 {
        let some = left.min(at_once);
        contender.session.queue(queue)?.push(&tasks[..some], OnDuplicate::Refuse, UNSYNCED)?;
        left -= some;
    }
    Ok(())
}

/// A worker that starts, and does of each what there is to do.
fn round(kind: Kind, size: usize, open: &dyn Fn() -> Result<Contender>, costs: &mut Costs) -> Result<()> {
    let mut worker = None;
    let mut starts = Vec::new();
    for _ in 0..ONCE {
        if let Kind::Claimed = kind {
            // Something to find.
            push(&mut open()?, QUEUE, 1, 1)?;
        }
        drop(worker.take());
        let begun = Instant::now();
        let mut fresh = open()?;
        match kind {
            Kind::Leases => drop(once(&mut fresh, &lease(size / 2))?),
            Kind::Pending(_) | Kind::Claimed => drop(life(&mut fresh, QUEUE, false, true)?),
            Kind::Queues => drop(life(&mut fresh, &format!("queue-{}", size / 2), false, true)?),
        }
        starts.push(begun.elapsed());
        if let Kind::Pending(_) | Kind::Queues = kind {
            // What the start took is put back.
            let queue = if let Kind::Queues = kind { format!("queue-{}", size / 2) } else { String::from(QUEUE) };
            push(&mut fresh, &queue, 1, 1)?;
        }
        worker = Some(fresh);
    }
    let mut worker = worker.context("no worker")?;
    note(costs, "a worker's start, to the end of its first task", middle(&starts));
    if let Kind::Leases = kind {
        leases(&mut worker, size, costs)?;
    } else {
        let mut sums = [Duration::ZERO; 4];
        for number in 0..LIVES {
            let queue =
                if let Kind::Queues = kind { format!("queue-{}", number as usize % size) } else { String::from(QUEUE) };
            let times = life(&mut worker, &queue, true, number % 10 == 0)?;
            for (sum, time) in sums.iter_mut().zip(times) {
                *sum += time;
            }
        }
        let [push, claim, extend, done] = sums;
        note(costs, "push", push / LIVES);
        note(costs, "claim", claim / LIVES);
        note(costs, "extend", extend / (LIVES / 10));
        note(costs, "done", done / LIVES);
        note(costs, "push, claim and done", (push + claim + done) / LIVES);
        looks(kind, size, &mut worker, costs)?;
    }
    if let Some(bytes) = worker.session.memory_bytes() {
        costs.entry("memory of the instance").or_default().push(bytes as f64);
    }
    Ok(())
}

/// What one task costs: push, claim, extend and done.
fn life(worker: &mut Contender, queue: &str, is_pushed: bool, is_extended: bool) -> Result<[Duration; 4]> {
    let Contender { session, holder } = worker;
    let mut queue = session.queue(queue)?;
    let mut times = [Duration::ZERO; 4];
    if is_pushed {
        let task = NewTask { payload: &PAYLOAD, ..NewTask::default() };
        times[0] = time(|| Ok(queue.push(&[task], OnDuplicate::Refuse, UNSYNCED).map(drop)?))?;
    }
    let mut claimed = Vec::new();
    times[1] = time(|| {
        claimed = queue.claim(holder, 1, None, UNSYNCED)?;
        Ok(())
    })?;
    let receipt = claimed.pop().context("a task was lost")?.receipt;
    if is_extended {
        times[2] = time(|| Ok(queue.extend(&receipt, 600_000, UNSYNCED).map(drop)?))?;
    }
    times[3] = time(|| Ok(queue.done(&receipt, None, UNSYNCED)?))?;
    Ok(times)
}

/// What looks at all of a queue.
fn looks(kind: Kind, size: usize, worker: &mut Contender, costs: &mut Costs) -> Result<()> {
    if let Kind::Queues = kind {
        let mut names = Vec::new();
        let list = once_each(|| {
            names = worker.session.queue_list()?;
            Ok(())
        })?;
        ensure!(names.len() == size, "{} of {size} queues are listed", names.len());
        note(costs, "list of queues", list);
        return Ok(());
    }
    let mut queue = worker.session.queue(QUEUE)?;
    let mut status = None;
    let times = once_each(|| {
        status = Some(queue.status()?);
        Ok(())
    })?;
    note(costs, "status", times);
    let counted = status.map_or(0, |status| status.ready + status.claimed);
    ensure!(counted == size as u64, "status tells of {counted} tasks where there are {size}");
    note(costs, "reap, where nothing is over", once_each(|| Ok(queue.reap(UNSYNCED).map(drop)?))?);
    Ok(())
}

fn leases(worker: &mut Contender, size: usize, costs: &mut Costs) -> Result<()> {
    let mut sum = Duration::ZERO;
    for number in 0..LIVES as usize {
        sum += once(worker, &lease(number * 7_919 % size))?;
    }
    note(costs, "acquire and release", sum / LIVES);
    let page = once_each(|| {
        let page = worker.session.lease_list(None, 100)?;
        ensure!(page.leases.len() == size.min(100), "{} leases are listed", page.leases.len());
        Ok(())
    })?;
    note(costs, "a page of 100", page);
    Ok(())
}

fn once(worker: &mut Contender, lease: &str) -> Result<Duration> {
    let Contender { session, holder } = worker;
    time(|| {
        let token = session.lease_acquire(lease, holder, UNSYNCED)?;
        Ok(session.lease_release(lease, token, UNSYNCED)?)
    })
}

fn once_each(mut act: impl FnMut() -> Result<()>) -> Result<Duration> {
    let times = (0..ONCE).map(|_| time(&mut act)).collect::<Result<Vec<_>>>()?;
    Ok(middle(&times))
}

fn time(act: impl FnOnce() -> Result<()>) -> Result<Duration> {
    let begun = Instant::now();
    act()?;
    Ok(begun.elapsed())
}

fn middle(times: &[Duration]) -> Duration {
    let seconds: Vec<f64> = times.iter().map(Duration::as_secs_f64).collect();
    Duration::from_secs_f64(median(&seconds))
}

fn note(costs: &mut Costs, action: &'static str, time: Duration) {
    costs.entry(action).or_default().push(time.as_secs_f64() * 1e6);
}
