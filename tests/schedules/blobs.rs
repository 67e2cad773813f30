//! What a name names is there: content and notes are swept only once nothing can come to name them.

use super::deeds::{LONG, OLD, claimed, given, killed_before, kind, push, sweep, task, worker, world_with};
use super::laws::{dones, later, walks, watched};
use leasehold_core::Durability::Standard;
use leasehold_core::queue::OnDuplicate::Replace;
use leasehold_tests::sim::{Listings, Scenario, World};

/// A task with an id that has waited for long, beside content that a crash left.
fn waiting() -> World {
    let world = world_with(&["w"], given("x", "old"));
    killed_before(&world, "rename aristo/q-queue/ids/x/", |w| push(w, given("x", "lost"), Replace));
    world.advance(LONG - 1);
    world
}

/// Hole 1: the sweeper lists, the content is published, the swap names it, the sweeper unlinks it.
#[test]
fn content_that_is_replaced_while_it_is_swept_is_never_missing() {
    for listings in [Listings::Atomic, Listings::Mixed, Listings::Btrfs] {
        watched(Scenario::new(format!("content replaced and swept, {listings:?}"), &waiting()))
            .actor("R", |a| push(a, given("x", "new"), Replace))
            .actor("S", sweep)
            .listings(listings)
            .crashes(2)
            .finally(|view, ends| {
                let later = later(view)?;
                let was_pushed = ends.of("R") == Some("pushed");
                let fine = later.did == ["new"] || (!was_pushed && later.did == ["old"]);
                if fine && later.dead == 0 { Ok(()) } else { Err(format!("{:?}: {later:?}", ends.of("R"))) }
            })
            .holds();
    }
}

/// Hole 1, with a worker: whoever was handed the task was handed all of what was pushed.
#[test]
fn content_that_is_replaced_swept_and_claimed_is_handed_out_whole() {
    let scenario = worker(watched(Scenario::new("content replaced, swept and claimed", &waiting())), "W")
        .actor("R", |a| kind(push(a, given("x", "new"), Replace), "pushed"))
        .actor("S", sweep)
        .crashes(2)
        .finally(|view, ends| {
            let later = later(view)?;
            let done = dones(view) + later.did.len();
            let right = match (ends.of("R"), ends.of("W")) {
                // It was done before it was pushed anew, or pushed first.
                (Some("pushed"), Some("did old")) => later.did == ["new"] && done == 2,
                (Some("pushed"), Some("did new")) => done == 1,
                (Some("pushed"), Some("nothing")) => later.did == ["new"],
                (Some("held"), Some("did old")) => done == 1,
                // Killed, or whose claim another ended.
                (Some("held"), None) | (None, Some("nothing")) => done == 1,
                (Some("pushed"), None) | (None, Some(_)) | (None, None) => done == 1 || done == 2,
                _ => false,
            };
            if right && later.dead == 0 { Ok(()) } else { Err(format!("{later:?} after {done}")) }
        });
    walks(scenario, 4_000);
}

/// Hole 1, of notes: one that is written long before the rename that names it looks like debris.
#[test]
fn an_outcome_is_not_swept_before_it_is_named() {
    for task in [task("x"), given("x", "x")] {
        let world = world_with(&["a"], task.clone());
        let receipt = claimed(&world, "a").receipt;
        watched(Scenario::new(format!("outcome and sweep, given id {:?}", task.id), &world))
            .actor("A", move |a| kind(a.queue("q").done(&receipt, Some(b"outcome"), Standard), "done"))
            .actor("S", sweep)
            .clock("clock", |c| c.advance(OLD + 10_000))
            .crashes(2)
            .finally(|view, ends| {
                let later = later(view)?;
                match (ends.of("A"), later.done) {
                    (Some("done"), 1) => Ok(()),
                    (None, _) if later.done as usize + later.did.len() == 1 => Ok(()),
                    other => Err(format!("{other:?} {later:?}")),
                }
            })
            .holds();
    }
}
