//! One round of one side: push everything, claim everything, finish everything.

use crate::contender::Contender;
use crate::plan::Plan;
use anyhow::{Context, Result, ensure};
use leasehold::{NewTask, OnDuplicate};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const QUEUE: &str = "bench";

/// How long each of the three took for all tasks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    pub(crate) push: Duration,
    pub(crate) claim: Duration,
    pub(crate) done: Duration,
}

/// What came out of a round besides times.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Faults {
    /// Pushed and not handed out.
    pub(crate) lost: usize,
    /// Handed out more than once.
    pub(crate) duplicates: usize,
}

/// Runs one round. The queue is empty before it and after it.
pub(crate) fn run(contender: &mut Contender, plan: &Plan) -> Result<(Times, Faults)> {
    let payloads: Vec<Vec<u8>> = (0..plan.tasks).map(|number| payload(number, plan.payload_bytes)).collect();
    let push = push_all(contender, plan, &payloads)?;
    let (claim, receipts, claimed) = claim_all(contender, plan)?;
    let done = finish_all(contender, plan, &receipts)?;
    let status = contender.session.queue(QUEUE)?.status()?;
    ensure!(
        status.ready + status.delayed + status.claimed + status.dead + status.done == 0,
        "{plan}: the queue is not empty after a round: {status:?}"
    );
    Ok((Times { push, claim, done }, faults(plan, &claimed)))
}

fn push_all(contender: &mut Contender, plan: &Plan, payloads: &[Vec<u8>]) -> Result<Duration> {
    let begun = Instant::now();
    for payloads in payloads.chunks(plan.at_once()) {
        let tasks: Vec<NewTask<'_>> =
            payloads.iter().map(|payload| NewTask { payload, ..NewTask::default() }).collect();
        contender.session.queue(QUEUE)?.push(&tasks, OnDuplicate::Refuse, plan.durability())?;
    }
    Ok(begun.elapsed())
}

/// How long it took, the receipts, and how often each task was handed out.
fn claim_all(contender: &mut Contender, plan: &Plan) -> Result<(Duration, Vec<String>, BTreeMap<usize, usize>)> {
    let max = u32::try_from(plan.at_once())?;
    let mut tasks = Vec::with_capacity(plan.tasks);
    let begun = Instant::now();
    loop {
        let some = contender.session.queue(QUEUE)?.claim(&contender.holder, max, None, plan.durability())?;
        if some.is_empty() {
            break;
        }
        tasks.extend(some);
        // The call that finds nothing looks at everything once more, and is not what is measured.
        if tasks.len() == plan.tasks {
            break;
        }
    }
    let elapsed = begun.elapsed();
    let mut claimed = BTreeMap::new();
    for task in &tasks {
        *claimed.entry(number_of(&task.payload, plan)?).or_default() += 1;
    }
    Ok((elapsed, tasks.into_iter().map(|task| task.receipt).collect(), claimed))
}

fn finish_all(contender: &mut Contender, plan: &Plan, receipts: &[String]) -> Result<Duration> {
    let begun = Instant::now();
    for some in receipts.chunks(plan.at_once()) {
        let mut queue = contender.session.queue(QUEUE)?;
        match some {
            [receipt] => queue.done(receipt, None, plan.durability())?,
            many => {
                let many: Vec<&str> = many.iter().map(String::as_str).collect();
                ensure!(queue.done_all(&many, plan.durability())?.is_empty(), "a claim was lost");
            }
        }
    }
    Ok(begun.elapsed())
}

fn faults(plan: &Plan, claimed: &BTreeMap<usize, usize>) -> Faults {
    let lost = (0..plan.tasks).filter(|number| !claimed.contains_key(number)).count();
    let duplicates = claimed.values().map(|times| times - 1).sum();
    Faults { lost, duplicates }
}

/// A number, and filling.
fn payload(number: usize, bytes: usize) -> Vec<u8> {
    let mut payload = (number as u64).to_le_bytes().to_vec();
    payload.resize(bytes, b'.');
    payload
}

fn number_of(payload: &[u8], plan: &Plan) -> Result<usize> {
    let (number, filling) = payload.split_first_chunk().context("a payload came back short")?;
    ensure!(
        payload.len() == plan.payload_bytes && filling.iter().all(|byte| *byte == b'.'),
        "a payload came back different"
    );
    Ok(usize::try_from(u64::from_le_bytes(*number))?)
}
