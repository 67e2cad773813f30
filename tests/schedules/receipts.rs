//! Acting on a claim: by its own receipt, while others extend it, take it back, or hold a later one.

use super::deeds::{LONG, claimed, empty_queue, given, hold, kind, push, take, taken, task, world, world_with};
use super::laws::{dones, each_done_once, later, walks, watched};
use leasehold_core::Durability::Standard;
use leasehold_core::queue::NewTask;
use leasehold_core::queue::OnDuplicate::Refuse;
use leasehold_tests::sim::{Actor, Listings, Scenario, World};

const TASKS: [fn() -> NewTask<'static>; 2] = [|| task("x"), || given("x", "x")];

type Deed = (&'static str, fn(&Actor, &str) -> &'static str);

/// Everything that can be done with a receipt.
const DEEDS: [Deed; 6] = [
    ("extend", |a, r| kind(a.queue("q").extend(r, LONG, Standard), "acted")),
    ("done", |a, r| kind(a.queue("q").done(r, None, Standard), "acted")),
    ("done with an outcome", |a, r| kind(a.queue("q").done(r, Some(b"o"), Standard), "acted")),
    ("retry", |a, r| kind(a.queue("q").retry(r, 0, "why", Standard), "acted")),
    ("release", |a, r| kind(a.queue("q").release(r, Standard), "acted")),
    ("bury", |a, r| kind(a.queue("q").bury(r, "why", Standard), "acted")),
];

/// A receipt of a claim that was released, and the task claimed again by the same holder.
fn two_claims(new: NewTask<'_>) -> (World, String, String) {
    let world = world_with(&["a"], new);
    let first = claimed(&world, "a").receipt;
    world.queue("q").release(&first, Standard).unwrap();
    let second = claimed(&world, "a").receipt;
    (world, first, second)
}

/// Hole 9: a thread means token 5; a sibling has released and holds it again under 6: the late act is `lost`, changes
/// nothing, and the sibling's goes through.
#[test]
fn the_receipt_of_an_earlier_claim_changes_nothing() {
    for new in TASKS {
        for (what, deed) in DEEDS {
            let (world, first, second) = two_claims(new());
            watched(Scenario::new(format!("a late {what}, id {:?}", new().id), &world))
                .actor("A2", move |a| deed(a, &first))
                .actor("A", move |a| kind(a.queue("q").done(&second, None, Standard), "done"))
                .crashes(2)
                .finally(|view, ends| {
                    if ends.of("A2").is_some_and(|words| words != "lost") {
                        return Err(format!("the late act ended {:?}", ends.of("A2")));
                    }
                    if ends.of("A").is_some_and(|words| words != "done") {
                        return Err(format!("the sibling ended {:?}", ends.of("A")));
                    }
                    each_done_once(view, 1)
                })
                .holds();
        }
    }
}

/// Hole 9: the sibling releases and claims again *while* the late act is under way.
#[test]
fn an_act_changes_no_later_claim_though_that_is_made_meanwhile() {
    for new in TASKS {
        for (what, deed) in DEEDS {
            let world = world_with(&["a"], new());
            let first = claimed(&world, "a").receipt;
            let released = first.clone();
            watched(Scenario::new(format!("{what} against release and claim, id {:?}", new().id), &world))
                .actor("A2", move |a| deed(a, &first))
                .actor("A", move |a| kind(a.queue("q").release(&released, Standard), "released"))
                .then("A", |a, words| if words == "released" { take(a) } else { Ok(words.into()) })
                .crashes(2)
                .finally(|view, ends| {
                    // Of two acts on one claim, one wins; extending is no end of it.
                    let both = ends.of("A2") == Some("acted") && ends.of("A") != Some("lost");
                    if both && !matches!(ends.of("A"), None | Some("nothing")) && dones(view) > 0 {
                        return Err(format!("{:?} {:?}", ends.of("A2"), ends.of("A")));
                    }
                    if let Some((receipt, _)) = ends.of("A").and_then(taken) {
                        // What was taken is still held, whatever the late act did.
                        let world = view.world();
                        world.queue("q").done(receipt, None, Standard).map_err(|error| error.to_string())?;
                    }
                    later(view).map(|_| ())
                })
                .holds();
        }
    }
}

/// Hole 10: a heartbeat's extend renames what the worker's act names: both succeed.
#[test]
fn an_act_goes_through_though_the_claim_is_extended_meanwhile() {
    for new in TASKS {
        for (what, deed) in DEEDS {
            for listings in [Listings::Atomic, Listings::Mixed] {
                let world = world_with(&["a"], new());
                let receipt = claimed(&world, "a").receipt;
                let same = receipt.clone();
                watched(Scenario::new(format!("{what} while extended, id {:?}, {listings:?}", new().id), &world))
                    .actor("A", move |a| deed(a, &receipt))
                    .actor("H", move |a| kind(a.queue("q").extend(&same, 2 * LONG, Standard), "extended"))
                    .listings(listings)
                    .crashes(2)
                    .finally(|view, ends| match (ends.of("A"), ends.of("H")) {
                        (Some("acted") | None, Some("extended" | "lost") | None) => later(view).map(|_| ()),
                        other => Err(format!("{other:?}")),
                    })
                    .holds();
            }
        }
    }
}

/// Hole 10: a claim runs out while it is extended: whoever reaps takes it, or the extension lasts.
#[test]
fn a_claim_that_is_extended_in_time_is_not_reaped() {
    for new in TASKS {
        let world = world_with(&["a"], new());
        let receipt = claimed(&world, "a").receipt;
        watched(Scenario::new(format!("extended while reaped, id {:?}", new().id), &world))
            .actor("A", move |a| {
                hold(a)?;
                a.queue("q").extend(&receipt, 4 * LONG, Standard)?;
                a.queue("q").done(&receipt, None, Standard)?;
                leasehold_core::Result::Ok("done")
            })
            .actor("R", |a| a.queue("q").reap(Standard).map(|reaped| reaped.len() as u64))
            .clock("clock", |c| c.advance(LONG + 1))
            .crashes(2)
            .finally(|view, ends| {
                let reaped = ends.of("R") == Some("1");
                let was_done = ends.of("A") == Some("done");
                if reaped && was_done {
                    return Err("it was reaped, and done".into());
                }
                each_done_once(view, 1)
            })
            .holds();
    }
}

/// Hole 7: the same done twice, as a caller does who did not hear the answer: it is finished once, and where its
/// record is kept both are told so.
#[test]
fn done_twice_is_done_once() {
    for new in TASKS {
        for (outcome, twice) in [(None, "lost"), (Some(&b"o"[..]), "done")] {
            let world = world_with(&["a"], new());
            let receipt = claimed(&world, "a").receipt;
            let same = receipt.clone();
            let name = format!("done twice, id {:?}, kept {}", new().id, outcome.is_some());
            watched(Scenario::new(name, &world))
                .actor("A", move |a| kind(a.queue("q").done(&receipt, outcome, Standard), "done"))
                .actor("B", move |a| kind(a.queue("q").done(&same, outcome, Standard), "done"))
                .crashes(2)
                .finally(move |view, ends| {
                    let right = match (ends.of("A"), ends.of("B")) {
                        (Some("done"), Some("done")) => twice == "done",
                        (Some("done"), Some("lost")) | (Some("lost"), Some("done")) => twice == "lost",
                        (None, _) | (_, None) => true,
                        _ => false,
                    };
                    let later = later(view)?;
                    let count = dones(view) + later.did.len();
                    let kept = later.done as usize == dones(view) * usize::from(outcome.is_some());
                    if right && count == 1 && kept { Ok(()) } else { Err(format!("{later:?} after {count}")) }
                })
                .holds();
        }
    }
}

/// Hole 7: two tasks of one payload that are pushed in the same millisecond are two.
#[test]
fn tasks_pushed_in_one_millisecond_never_become_one() {
    watched(Scenario::new("two push the same at once", &empty_queue(&[])))
        .actor("P", |a| kind(push(a, task("same"), Refuse), "pushed"))
        .actor("Q", |a| kind(push(a, task("same"), Refuse), "pushed"))
        .crashes(2)
        .finally(|view, ends| match (ends.count("pushed"), later(view)?.did.len()) {
            (2, 2) | (1, 1 | 2) | (0, _) => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .holds();
    let scenario = watched(Scenario::new("two push into a queue that is not there", &world(&[])))
        .actor("P", |a| kind(push(a, task("same"), Refuse), "pushed"))
        .actor("Q", |a| kind(push(a, task("same"), Refuse), "pushed"))
        .crashes(2)
        .finally(|view, ends| match (ends.count("pushed"), later(view)?.did.len()) {
            (2, 2) | (1, 1 | 2) | (0, _) => Ok(()),
            other => Err(format!("{other:?}")),
        });
    walks(scenario, 4_000);
}

/// Hole 7: two tasks that are claimed, finished or buried in the same millisecond by the same holder are two: every
/// name has its nonce.
#[test]
fn tasks_claimed_and_finished_in_one_millisecond_never_become_one() {
    for (what, deed) in DEEDS {
        let world = world_with(&["a"], task("same"));
        push(&world, task("same"), Refuse).unwrap();
        let claim = |a: &Actor| -> leasehold_core::Result<String> {
            let holder = a.holders().attach("a", Standard)?;
            let tasks = a.queue("q").claim(&holder, 1, Some(LONG), Standard)?;
            Ok(tasks.first().map_or_else(|| "nothing".into(), |task| task.receipt.clone()))
        };
        let finish = move |a: &Actor, words: &str| match words {
            "nothing" => "nothing",
            receipt => deed(a, receipt),
        };
        watched(Scenario::new(format!("one holder, two threads: claim and {what}"), &world))
            .actor("A", claim)
            .then("A", finish)
            .actor("A2", claim)
            .then("A2", finish)
            .crashes(2)
            .finally(move |view, ends| {
                let later = later(view)?;
                match later.done as usize + later.dead as usize + later.did.len() {
                    n if what == "done" && n + dones(view) == 2 => Ok(()),
                    2 if what != "done" && ends.count("lost") == 0 => Ok(()),
                    _ => Err(format!("{later:?}")),
                }
            })
            .holds();
    }
}

/// A dead task is revived once; killed anywhere, it is dead or ready.
#[test]
fn a_dead_task_that_is_revived_is_ready_wherever_its_reviver_was_killed() {
    for new in TASKS {
        let world = world_with(&["a"], new());
        let task = claimed(&world, "a");
        world.queue("q").bury(&task.receipt, "why", Standard).unwrap();
        let id = task.id.clone();
        let other = id.clone();
        watched(Scenario::new(format!("revived, id {:?}", new().id), &world))
            .actor("R", move |a| kind(a.queue("q").revive(&id, Standard), "revived"))
            .actor("S", move |a| kind(a.queue("q").revive(&other, Standard), "revived"))
            .crashes(2)
            .finally(|view, ends| {
                let later = later(view)?;
                match (ends.count("revived"), later.dead, later.did.len()) {
                    (0 | 1, 0, 1) => Ok(()),
                    (0, 1, 0) if !ends.all_ended() => Ok(()),
                    other => Err(format!("{other:?}")),
                }
            })
            .holds();
    }
}

/// Cancel, against one who claims it: it is done or cancelled, never both.
#[test]
fn a_task_that_is_cancelled_is_not_handed_out_and_one_that_is_claimed_is_not_cancelled() {
    for new in TASKS {
        let world = world_with(&["w"], new());
        let id = world.queue("q").list(leasehold_core::queue::TaskState::Ready, None, 1).unwrap().tasks[0].id.clone();
        super::deeds::worker(
            watched(Scenario::new(format!("cancelled while claimed, id {:?}", new().id), &world)),
            "W",
        )
        .actor("C", move |a| kind(a.queue("q").cancel(&id, Standard), "cancelled"))
        .crashes(2)
        .finally(|view, ends| {
            let cancelled = view.log().iter().filter(|event| event.what.starts_with("cancelled ")).count();
            let fine = match ends.of("C") {
                Some("cancelled") => cancelled == 1,
                Some("held" | "not found") => cancelled == 0,
                None => true,
                _ => false,
            };
            let later = later(view)?;
            match cancelled + dones(view) + later.did.len() {
                1 if fine => Ok(()),
                n => Err(format!("{n}: {:?} {later:?}", ends.of("C"))),
            }
        })
        .holds();
    }
}
