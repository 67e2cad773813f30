//! Leases and checkpoints: one holder that acquires and releases, saves, loads, claims and completes.

use crate::contender::Contender;
use crate::plan::waits_for_disk;
use crate::report::{StoreRate, paired_ratio};
use crate::turns::take_turns;
use anyhow::{Result, bail, ensure};
use leasehold::{Durability, Engine, SaveOptions};
use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

/// What is measured.
#[derive(Debug, Clone, Copy)]
enum Store {
    Leases,
    /// Runs of so many bytes of content.
    Checkpoints(usize),
}

/// One series of rounds.
#[derive(Debug)]
pub(crate) struct StorePlan {
    place: &'static str,
    store: Store,
    is_synced: bool,
    /// How many leases are acquired, or runs saved, in a round.
    count: usize,
}

/// What was done in a round, each for all of them, and how long it took.
type Times = Vec<(&'static str, Duration)>;

impl StorePlan {
    /// All that is measured at one place.
    pub(crate) fn all(place: &'static str) -> Vec<Self> {
        let mut plans = Vec::new();
        for is_synced in [false, true] {
            for store in [Store::Leases, Store::Checkpoints(1 << 10), Store::Checkpoints(1 << 20)] {
                let count = match store {
                    _ if waits_for_disk(place, is_synced) => 10,
                    Store::Leases => 2_000,
                    Store::Checkpoints(bytes) if bytes > 1 << 10 => 20,
                    Store::Checkpoints(_) => 300,
                };
                plans.push(StorePlan { place, store, is_synced, count });
            }
        }
        plans
    }

    fn durability(&self) -> Durability {
        if self.is_synced { Durability::Synced } else { Durability::Unsynced }
    }

    /// Of what size; nothing of leases.
    fn size(&self) -> &'static str {
        match self.store {
            Store::Leases => "",
            Store::Checkpoints(bytes) if bytes > 1 << 10 => "1 MiB",
            Store::Checkpoints(_) => "1 KiB",
        }
    }
}

/// Measures one plan, and answers a rate for each thing that is done.
pub(crate) fn run(plan: &StorePlan, rounds: u32, root: &Path) -> Result<Vec<StoreRate>> {
    let engine = Engine::new()?;
    let mut native = Contender::native(root)?;
    let mut sandboxed = Contender::sandboxed(&engine, root)?;
    let rounds = if waits_for_disk(plan.place, plan.is_synced) { rounds.div_ceil(2) } else { rounds };
    let (native_times, sandboxed_times) = take_turns(rounds, &mut |is_sandboxed| {
        let contender = if is_sandboxed { &mut sandboxed } else { &mut native };
        match plan.store {
            Store::Leases => acquire_and_release(contender, plan),
            Store::Checkpoints(bytes) => save_load_and_claim(contender, plan, bytes),
        }
    })?;
    let actions: Vec<&str> = native_times.iter().flatten().map(|(action, _)| *action).collect();
    let per_second = |times: &[Times], action: &str| -> Vec<f64> {
        let own = times.iter().flatten().filter(|(name, _)| *name == action);
        own.map(|(_, time)| plan.count as f64 / time.as_secs_f64()).collect()
    };
    let each_once = actions.iter().take(native_times.first().map_or(0, Vec::len));
    Ok(each_once
        .map(|action| {
            let (native, sandboxed) = (per_second(&native_times, action), per_second(&sandboxed_times, action));
            StoreRate {
                place: plan.place,
                action: format!("{action} {}", plan.size()).trim_end().to_owned(),
                is_synced: plan.is_synced,
                ratio: paired_ratio(&native, &sandboxed),
                native,
                sandboxed,
                count: plan.count,
            }
        })
        .collect())
}

fn acquire_and_release(contender: &mut Contender, plan: &StorePlan) -> Result<Times> {
    let Contender { session, holder } = contender;
    let mut last = 0;
    let begun = Instant::now();
    for _ in 0..plan.count {
        let token = session.lease_acquire("bench", holder, plan.durability())?;
        ensure!(token > last, "{plan}: token {token} was granted after {last}");
        session.lease_release("bench", token, plan.durability())?;
        last = token;
    }
    Ok(vec![("acquire and release a lease", begun.elapsed())])
}

/// Every run has a content before each save that is measured, so that all of them replace one.
fn save_load_and_claim(contender: &mut Contender, plan: &StorePlan, bytes: usize) -> Result<Times> {
    let Contender { session, holder } = contender;
    let durability = plan.durability();
    let runs: Vec<(String, Vec<u8>)> = (0..plan.count).map(|n| (format!("run-{n}"), content(n, bytes))).collect();
    for (run, _) in &runs {
        session.checkpoint_save(run, b"before", &SaveOptions::default(), Durability::Unsynced)?;
    }
    let begun = Instant::now();
    for (run, content) in &runs {
        session.checkpoint_save(run, content, &SaveOptions::default(), durability)?;
    }
    let save = begun.elapsed();
    let begun = Instant::now();
    for (run, content) in &runs {
        let loaded = session.checkpoint_load(run, None)?;
        ensure!(loaded.is_some_and(|loaded| loaded.content == *content), "{plan}: {run} is not what was saved");
    }
    let load = begun.elapsed();
    let begun = Instant::now();
    for (run, content) in &runs {
        let Some(claimed) = session.checkpoint_claim(run, holder, None, durability)? else { bail!("{plan}: no {run}") };
        ensure!(claimed.content == *content, "{plan}: {run} is not what was saved");
        session.checkpoint_complete(run, &claimed.receipt, durability)?;
    }
    let mut times = vec![("save", save), ("load", load), ("claim and complete", begun.elapsed())];
    // Nothing of a load is synced.
    times.retain(|(action, _)| *action != "load" || !plan.is_synced);
    Ok(times)
}

/// A number, and filling.
fn content(number: usize, bytes: usize) -> Vec<u8> {
    let mut content = (number as u64).to_le_bytes().to_vec();
    content.resize(bytes, b'.');
    content
}

impl fmt::Display for StorePlan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let synced = if self.is_synced { "synced" } else { "not synced" };
        match self.store {
            Store::Leases => write!(formatter, "{}, {synced}, leases", self.place),
            Store::Checkpoints(_) => write!(formatter, "{}, {synced}, checkpoints of {}", self.place, self.size()),
        }
    }
}
