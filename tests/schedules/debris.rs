//! What is being made, while somebody sweeps what looks abandoned: its maker was only slow.

use super::deeds::{LONG, OLD, empty_queue, given, kind, push, sweep, task, world};
use super::laws::{later, later_in, watched};
use super::names;
use leasehold_core::Durability::Standard;
use leasehold_core::maintenance::Maintenance;
use leasehold_core::queue::NewTask;
use leasehold_core::queue::OnDuplicate::Refuse;
use leasehold_tests::sim::{Actor, Endings, Scenario, Verdict, View};

/// Whoever was told that it was pushed finds all of it later, and whoever was killed all or nothing.
fn whole(view: &View<'_>, ends: &Endings, all: &[&str]) -> Verdict {
    let later = later(view)?;
    let is_whole = later.did == all;
    match ends.of("P") {
        Some("pushed") if is_whole => Ok(()),
        None if is_whole || later.did.is_empty() => Ok(()),
        other => Err(format!("{other:?}, later {later:?}")),
    }
}

fn swept_while(name: &str, pusher: impl Fn(&Actor) -> &'static str + 'static, all: &'static [&'static str]) {
    watched(Scenario::new(name, &empty_queue(&[])))
        .actor("P", pusher)
        .actor("S", sweep)
        .clock("clock", |c| c.advance(OLD + 10_000))
        .crashes(2)
        .finally(|view, ends| whole(view, ends, all))
        .holds();
}

/// Hole 4: unlinked in place, half of a task would be published.
#[test]
fn a_push_that_is_swept_half_way_is_made_anew() {
    swept_while("a push while tmp is swept", |a| kind(push(a, task("x"), Refuse), "pushed"), &["x"]);
}

/// Hole 4: unlinked in place, half of a batch would be published.
#[test]
fn a_batch_that_is_swept_half_way_is_published_whole() {
    let batch = |a: &Actor| {
        let tasks = [task("x"), NewTask { priority: Some(7), ..task("y") }];
        kind(a.queue("q").push(&tasks, Refuse, Standard), "pushed")
    };
    swept_while("a batch while tmp is swept", batch, &["x", "y"]);
}

/// Hole 4: unlinked in place, a ref would be born empty. Its ticket may be swept too, and comes back.
#[test]
fn a_task_with_an_id_that_is_swept_half_way_is_born_whole_and_keeps_its_ticket() {
    swept_while("a birth while tmp is swept", |a| kind(push(a, given("x", "x"), Refuse), "pushed"), &["x"]);
}

/// Hole 4, of holders.
#[test]
fn a_holder_that_is_swept_half_way_is_born_whole() {
    let world = world(&[]);
    world.holders().open("w", LONG, Standard).unwrap();
    Scenario::new("the birth of a holder while tmp is swept", &world)
        .actor("P", |a| kind(a.holders().open("h", LONG, Standard), "opened"))
        .actor("S", |a| Maintenance::new(None, Some(a.holders())).sweep(OLD))
        .clock("clock", |c| c.advance(OLD + 10_000))
        .always(|view| match &view.names("holders/h")[..] {
            [] if !view.exists("holders/h") => Ok(()),
            [token] if names::holder(token).is_some() => Ok(()),
            // On its way out: an epoch that was never given out is debris of a birth.
            [] => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .crashes(2)
        .finally(|view, ends| {
            let later = view.world();
            let alive = later.holders().list().map_err(|error| error.to_string())?;
            let alive = alive.iter().any(|state| state.name == "h" && state.alive);
            let open = later.holders().open("h", LONG, Standard);
            match (ends.of("P"), alive, open) {
                (Some("opened"), true, Ok(_)) | (None, _, Ok(_)) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .holds();
}

/// Hole 4: two sweepers meet the same debris, and each other's.
#[test]
fn two_sweepers_remove_what_a_killed_batch_left_and_nothing_else() {
    let world = empty_queue(&[]);
    super::deeds::killed_before(&world, "rename aristo/q-queue/tmp/", |w| {
        // Of two kinds, so that it is no group.
        w.queue("q").push(&[task("x"), NewTask { priority: Some(7), ..task("y") }], Refuse, Standard)
    });
    push(&world, task("waits"), Refuse).unwrap();
    world.advance(OLD + 10_000);
    watched(Scenario::new("two sweepers", &world))
        .actor("S", |a| kind(sweep(a), "swept"))
        .actor("T", |a| kind(sweep(a), "swept"))
        .crashes(2)
        .finally(|view, ends| {
            let world = view.world();
            let later = later_in(&world)?;
            let left = world.view(|view| view.names("aristo/q-queue/tmp"));
            // A sweeper that was killed leaves it to the next.
            let left_now = view.names("aristo/q-queue/tmp");
            let fine = left.is_empty() && (!ends.all_ended() || left_now.is_empty());
            if fine && later.did == ["waits"] { Ok(()) } else { Err(format!("{left:?} {left_now:?} {later:?}")) }
        })
        .holds();
}
