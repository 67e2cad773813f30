//! Tasks: push, claim and done.

use crate::contender::Contender;
use crate::plan::{Grouping, Plan};
use crate::report::{Rate, paired_ratio};
use crate::round::{self, Times};
use crate::turns::take_turns;
use anyhow::Result;
use leasehold::Engine;
use std::path::Path;
use std::time::Duration;

/// Measures one plan and answers a rate for each of push, claim and done.
pub(crate) fn run(plan: &Plan, rounds: u32, root: &Path) -> Result<Vec<Rate>> {
    let engine = Engine::new()?;
    let mut native = Contender::native(root)?;
    let mut sandboxed = Contender::sandboxed(&engine, root)?;
    let (mut lost, mut duplicates) = (0, 0);
    let (native_times, sandboxed_times) = take_turns(plan.rounds(rounds), &mut |is_sandboxed| {
        let contender = if is_sandboxed { &mut sandboxed } else { &mut native };
        let (times, faults) = round::run(contender, plan)?;
        lost += faults.lost;
        duplicates += faults.duplicates;
        Ok(times)
    })?;
    let rate = |action: &'static str, time: fn(&Times) -> Duration| {
        let per_second = |times: &[Times]| -> Vec<f64> {
            times.iter().map(|times| plan.tasks as f64 / time(times).as_secs_f64()).collect()
        };
        let (native, sandboxed) = (per_second(&native_times), per_second(&sandboxed_times));
        Rate {
            place: plan.place,
            action,
            at_once: plan.at_once(),
            is_batch: plan.grouping == Grouping::Batch,
            is_synced: plan.is_synced,
            ratio: paired_ratio(&native, &sandboxed),
            native,
            sandboxed,
            tasks: plan.tasks,
            lost,
            duplicates,
        }
    };
    Ok(vec![rate("push", |times| times.push), rate("claim", |times| times.claim), rate("done", |times| times.done)])
}
