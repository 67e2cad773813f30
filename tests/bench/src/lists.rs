//! Task lists: tasks are created, claimed and completed one at a time, in lists of several lengths.

use crate::contender::Contender;
use crate::plan::waits_for_disk;
use crate::report::{ListRate, paired_ratio};
use crate::turns::take_turns;
use anyhow::{Context, Result, ensure};
use leasehold::tasklist::{Claim, NewTask, Status, Update};
use leasehold::{Durability, Engine};
use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

/// How many tasks a round creates, claims and completes.
const COUNT: usize = 30;
/// So many changes after a list was made, it has its first snapshot.
const SETTLING: usize = 80;
const ACTIONS: [&str; 3] = ["create", "claim", "complete"];

/// One series of rounds.
#[derive(Debug)]
pub(crate) struct ListPlan {
    place: &'static str,
    /// How many tasks a list has before a round.
    tasks: usize,
}

impl ListPlan {
    /// All that is measured at one place.
    pub(crate) fn all(place: &'static str) -> Vec<Self> {
        [10, 1_000, 10_000].into_iter().map(|tasks| ListPlan { place, tasks }).collect()
    }
}

/// Measures one plan, and answers a rate for each thing that is done.
pub(crate) fn run(plan: &ListPlan, rounds: u32, root: &Path) -> Result<Vec<ListRate>> {
    let engine = Engine::new()?;
    let mut native = Contender::native(root)?;
    let mut sandboxed = Contender::sandboxed(&engine, root)?;
    let rounds = if waits_for_disk(plan.place, true) { rounds.div_ceil(2) } else { rounds };
    let mut turn = 0;
    let (native_times, sandboxed_times) = take_turns(rounds, &mut |is_sandboxed| {
        turn += 1;
        let contender = if is_sandboxed { &mut sandboxed } else { &mut native };
        one_round(contender, plan, &format!("list-{turn}"))
    })?;
    let per_second = |times: &[[Duration; ACTIONS.len()]], action: usize| -> Vec<f64> {
        let own = times.iter().filter_map(|round| round.get(action));
        own.map(|time| COUNT as f64 / time.as_secs_f64()).collect()
    };
    let rate = |(index, action)| {
        let (native, sandboxed) = (per_second(&native_times, index), per_second(&sandboxed_times, index));
        let ratio = paired_ratio(&native, &sandboxed);
        ListRate { place: plan.place, action, tasks: plan.tasks, native, sandboxed, ratio, count: COUNT }
    };
    Ok(ACTIONS.into_iter().enumerate().map(rate).collect())
}

/// In a list of its own, since no task ever leaves one.
fn one_round(contender: &mut Contender, plan: &ListPlan, list: &str) -> Result<[Duration; ACTIONS.len()]> {
    prepare(contender, plan, list)?;
    let Contender { session, holder } = contender;
    let ids: Vec<u64> = (1..).skip(plan.tasks).take(COUNT).collect();
    let begun = Instant::now();
    for id in &ids {
        let task = NewTask { subject: "a task that is measured", ..NewTask::default() };
        let made = session.task_create(list, &[task], Some("bench"), Durability::Standard)?;
        ensure!(made == [*id], "{plan}: {made:?} was made, not {id}");
    }
    let create = begun.elapsed();
    let mut tokens = Vec::new();
    let begun = Instant::now();
    for id in &ids {
        match session.task_claim(list, *id, holder, false, Durability::Standard)? {
            Claim::Ok { token, task } if task.id == *id => tokens.push(token),
            other => anyhow::bail!("{plan}: the claim of {id} came to {other:?}"),
        }
    }
    let claim = begun.elapsed();
    ensure!(tokens.is_sorted_by(|a, b| a < b), "{plan}: the tokens {tokens:?} do not grow");
    let begun = Instant::now();
    for (id, token) in ids.iter().zip(&tokens) {
        let done = Update { status: Some(Status::Completed), token: Some(*token), ..Update::default() };
        let updated = session.task_update(list, *id, &done, Some("bench"), Durability::Standard)?;
        ensure!(updated.task.status == Status::Completed, "{plan}: {id} is {:?}", updated.task.status);
    }
    let complete = begun.elapsed();
    let info = session.task_list_info(list)?.context("the list is gone")?;
    let found = (info.pending, info.in_progress, info.completed);
    ensure!(found == (plan.tasks as u64, 0, COUNT as u64), "{plan}: {found:?} are pending, in progress, completed");
    Ok([create, claim, complete])
}

/// Makes the list, with as many tasks as it is to have, and lets it come to its snapshot.
fn prepare(contender: &mut Contender, plan: &ListPlan, list: &str) -> Result<()> {
    let session = &mut contender.session;
    let task = NewTask { subject: "a task that is there", ..NewTask::default() };
    let made = session.task_create(list, &vec![task; plan.tasks], Some("bench"), Durability::Unsynced)?;
    ensure!(made.into_iter().eq((1..).take(plan.tasks)), "{plan}: the ids do not follow each other");
    for n in 0..SETTLING {
        let subject = format!("a task that is there, changed {n} times");
        let other = Update { subject: Some(&subject), ..Update::default() };
        let updated = session.task_update(list, 1, &other, Some("bench"), Durability::Unsynced)?;
        ensure!(updated.task.subject == subject, "{plan}: the subject is {:?}", updated.task.subject);
    }
    Ok(())
}

impl fmt::Display for ListPlan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}, lists of {} tasks", self.place, self.tasks)
    }
}
