//! The order of claiming, and batches: all of one is there at once.

use super::deeds::{LONG, claimed, empty_queue, hold, kind, push, task, text, world_with};
use super::laws::{dones, later, walks, watched};
use super::names;
use leasehold_core::Durability::Standard;
use leasehold_core::queue::OnDuplicate::Refuse;
use leasehold_core::queue::{NewTask, TaskState};
use leasehold_core::{Error, Result};
use leasehold_tests::sim::{Actor, Listings, Scenario, World};

fn urgent(payload: &str, priority: u8) -> NewTask<'_> {
    NewTask { priority: Some(priority), ..task(payload) }
}

/// Tasks of several priorities, in several buckets, one of them a batch; their payloads sort as they are to be claimed.
fn many() -> World {
    let world = empty_queue(&["w", "v"]);
    push(&world, urgent("7 first", 7), Refuse).unwrap();
    world.queue("q").push(&[urgent("1 batch", 1), urgent("6 batch", 6)], Refuse, Standard).unwrap();
    world.advance(10_000);
    push(&world, urgent("5 old", 5), Refuse).unwrap();
    world.advance(10_000);
    push(&world, urgent("5 young", 5), Refuse).unwrap();
    push(&world, urgent("2 young", 2), Refuse).unwrap();
    world.advance(10_000);
    world
}

const IN_ORDER: [&str; 6] = ["1 batch", "2 young", "5 old", "5 young", "6 batch", "7 first"];

/// Claims `max` at a time, `times` times.
fn claims(actor: &Actor, max: u32, times: usize) -> Result<String> {
    let holder = hold(actor)?;
    let queue = actor.queue("q");
    let mut payloads = Vec::new();
    for _ in 0..times {
        payloads.extend(queue.claim(&holder, max, Some(LONG), Standard)?.iter().map(|task| text(&task.payload)));
    }
    Ok(payloads.join(", "))
}

/// Hole 22: one claimer gets its tasks in order of priority, due time and pushing, though others push and remove
/// buckets meanwhile: all that was there before, in order, and what came meanwhile in its place or later.
#[test]
fn one_claimer_gets_tasks_in_order_while_another_pushes() {
    for (max, times) in [(6, 1), (1, 6), (3, 3)] {
        watched(Scenario::new(format!("a claimer of {times} times {max}, and a push"), &many()))
            .actor("W", move |a| claims(a, max, times))
            .actor("P", |a| kind(push(a, urgent("0 new", 0), Refuse), "pushed"))
            .crashes(0)
            .finally(move |_, ends| {
                let got: Vec<&str> = ends.of("W").unwrap_or_default().split(", ").collect();
                let old: Vec<&str> = got.iter().copied().filter(|payload| *payload != "0 new").collect();
                let all = (max * times as u32) as usize;
                let right = old == IN_ORDER[..old.len()] && (old.len() == 6 || (old.len() == 5 && got.len() == 6));
                if right && got.len() <= all { Ok(()) } else { Err(format!("{got:?}")) }
            })
            .holds();
    }
}

/// Hole 22: each of two claimers gets what it gets in order, nothing twice and nothing left.
#[test]
fn two_claimers_share_tasks_without_loss_and_nearly_in_order() {
    let world = empty_queue(&["w", "v"]);
    for payload in ["1", "2", "3"] {
        world.advance(5_000);
        push(&world, task(payload), Refuse).unwrap();
    }
    let scenario = |name: &str, listings| {
        watched(Scenario::new(format!("{name}, {listings:?}"), &world))
            .actor("W", |a| claims(a, 2, 1))
            .actor("V", |a| claims(a, 2, 1))
            .listings(listings)
            .crashes(2)
            .finally(|view, ends| {
                let mut got: Vec<&str> =
                    ["W", "V"].iter().filter_map(|a| ends.of(a)).flat_map(|w| w.split(", ")).collect();
                let error = got.iter().find(|words| words.starts_with("error"));
                if let Some(error) = error {
                    return Err((*error).to_owned());
                }
                got.retain(|payload| !payload.is_empty());
                let mut once = got.clone();
                once.sort_unstable();
                once.dedup();
                // Nobody is sent away empty while there are three tasks for two who take two.
                let enough = !ends.all_ended() || once.len() == 3;
                if once.len() == got.len() && enough && later(view)?.did.len() == 3 {
                    Ok(())
                } else {
                    Err(format!("{got:?}"))
                }
            })
    };
    scenario("two claimers of three tasks", Listings::Atomic).holds();
    walks(scenario("two claimers of three tasks", Listings::Btrfs), 4_000);
}

const BATCH: [&str; 3] = ["x", "y", "z"];

fn push_batch(a: &Actor) -> &'static str {
    // Of several kinds, so that it is no group.
    let mut tasks: Vec<NewTask<'_>> = BATCH.iter().map(|payload| task(payload)).collect();
    tasks[1].max_attempts = Some(9);
    kind(a.queue("q").push(&tasks, Refuse, Standard), "pushed")
}

/// Hole 24: wherever its pusher is killed, a batch is there whole or not at all, for whoever looks at any moment.
#[test]
fn a_batch_is_there_whole_or_not_at_all() {
    for listings in [Listings::Atomic, Listings::Mixed] {
        watched(Scenario::new(format!("a batch and two who look, {listings:?}"), &empty_queue(&[])))
            .actor("P", push_batch)
            .actor("L", |a| a.queue("q").list(TaskState::Ready, None, 10).map(|page| page.tasks.len() as u64))
            .actor("S", |a| a.queue("q").status().map(|status| status.ready))
            .listings(listings)
            .always(|view| {
                match view.below("aristo/q-queue/pending").iter().filter(|path| names::task(path).is_some()).count() {
                    0 | 3 => Ok(()),
                    n => Err(format!("{n} of 3 are there")),
                }
            })
            .crashes(2)
            .finally(|view, ends| {
                let seen = ["L", "S"].iter().all(|a| matches!(ends.of(a), None | Some("0" | "3")));
                let later = later(view)?;
                let whole = later.did == BATCH || (ends.of("P").is_none() && later.did.is_empty());
                if seen && whole { Ok(()) } else { Err(format!("{:?} {:?} {later:?}", ends.of("L"), ends.of("S"))) }
            })
            .holds();
    }
}

/// Hole 24: a worker takes from a batch as soon as it is there, gives some back, and its empty bucket goes: nothing is
/// lost, nothing twice.
#[test]
fn a_batch_that_is_worked_on_while_it_is_pushed_loses_nothing() {
    let world = empty_queue(&["w", "v"]);
    let scenario = watched(Scenario::new("a batch and two workers", &world))
        .actor("P", push_batch)
        .actor("W", |a| {
            let holder = hold(a)?;
            let queue = a.queue("q");
            let mut count = 0;
            for (at, task) in queue.claim(&holder, 2, Some(LONG), Standard)?.iter().enumerate() {
                match at {
                    0 => queue.done(&task.receipt, None, Standard)?,
                    _ => drop(queue.retry(&task.receipt, 0, "", Standard)?),
                }
                count += 1;
            }
            Ok::<u64, Error>(count)
        })
        .actor("V", |a| {
            let holder = hold(a)?;
            let queue = a.queue("q");
            let tasks = queue.claim(&holder, 3, Some(LONG), Standard)?;
            for task in &tasks {
                queue.release(&task.receipt, Standard)?;
            }
            Ok::<u64, Error>(tasks.len() as u64)
        })
        .listings(Listings::Btrfs)
        .crashes(2)
        .finally(|view, ends| match (ends.of("P"), dones(view) + later(view)?.did.len()) {
            (Some("pushed"), 3) | (None, 0 | 3) => Ok(()),
            other => Err(format!("{other:?}")),
        });
    walks(scenario, 5_000);
}

/// Hole 13 and 24: the bucket of a batch is removed by a claimer once it is empty; what went out of it goes back into
/// one for single tasks, whoever removed the other.
#[test]
fn what_was_claimed_from_a_batch_goes_back_though_its_bucket_is_gone() {
    let world = world_with(&["a", "w"], task("first"));
    let first = claimed(&world, "a");
    world.queue("q").done(&first.receipt, None, Standard).unwrap();
    push_batch(&world);
    let receipts: Vec<String> = (0..3).map(|_| claimed(&world, "a").receipt).collect();
    super::deeds::worker(watched(Scenario::new("a batch given back", &world)), "W")
        .actor("A", move |a| {
            let queue = a.queue("q");
            for receipt in &receipts {
                queue.release(receipt, Standard)?;
            }
            Ok::<&str, Error>("released")
        })
        .crashes(2)
        .finally(|view, ends| match (ends.of("A"), dones(view) + later(view)?.did.len()) {
            (Some("released") | None, 3) => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .holds();
}
