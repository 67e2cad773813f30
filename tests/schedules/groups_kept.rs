//! What must not be lost around groups that part: by a sweep that cannot look, by a cut after a claim came back, by who was killed
//! at the end of it.

use super::deeds::{LONG, OLD, task};
use super::groups::{QUEUE, grouped};
use super::laws::later_in;
use leasehold_core::Durability::{Standard, Unsynced};
use leasehold_core::queue::OnDuplicate::Refuse;
use leasehold_tests::sim::{Cut, Disk, World};

const CUTS: u64 = 24;
/// After so long somebody else takes a parting over.
const SLOW: u64 = 200;

fn below(world: &World, directory: &str) -> Vec<String> {
    world.view(|view| view.below(&format!("{QUEUE}/{directory}")))
}

fn claim_one(world: &World) -> leasehold_core::Result<usize> {
    let holder = world.holders().attach("w", Standard)?;
    world.queue("q").claim(&holder, 1, Some(LONG), Unsynced).map(|tasks| tasks.len())
}

/// Claims one, and is killed before the `n`th step of that kind.
fn killed_at(world: &World, kind: &str, n: usize) {
    let copy = world.copy();
    copy.record();
    claim_one(&copy).unwrap();
    let recorded = copy.recorded();
    let (at, _) = recorded.iter().enumerate().filter(|(_, step)| step.starts_with(kind)).nth(n).unwrap();
    world.stop_after(at as u64);
    drop(claim_one(world));
    world.go_on();
}

#[test]
fn a_sweep_that_cannot_look_into_a_bucket_takes_nothing_of_what_parts_there() {
    // Begun, settled, and with one task on its way.
    // The holder is renewed before.
    for renamed in [2, 3, 4] {
        let world = grouped(&["w"], &["x", "y", "z"]);
        killed_at(&world, "rename", renamed);
        world.advance(OLD + 10_000);
        let before = below(&world, "pending");
        assert!(before.iter().any(|path| path.contains(".w.")), "{before:?}");
        let bucket = before[0].rsplit_once('/').unwrap().0;
        let denied = world.copy();
        denied.deny(&format!("{QUEUE}/pending/{bucket}"));
        drop(denied.maintenance().sweep(OLD));
        assert_eq!(below(&denied, "pending"), before);
        world.maintenance().sweep(OLD).unwrap();
        assert_eq!(later_in(&world).unwrap().did, ["x", "y", "z"], "{renamed}");
    }
}

#[test]
fn names_of_an_attempt_that_was_taken_over_go_with_a_sweep_and_not_before_they_are_old() {
    let world = grouped(&["w"], &["x", "y", "z"]);
    killed_at(&world, "sync", 0);
    world.advance(SLOW);
    // Whoever takes over does not know the names of the first attempt.
    assert_eq!(claim_one(&world).unwrap(), 1);
    let parts = || below(&world, "pending").iter().filter(|path| path.contains(".w.")).count();
    assert_eq!(parts(), 3);
    world.maintenance().sweep(OLD).unwrap();
    assert_eq!(parts(), 3, "they are young");
    world.advance(OLD + 10_000);
    world.maintenance().sweep(OLD).unwrap();
    assert_eq!(parts(), 0);
}

#[test]
fn the_name_of_a_group_whose_tasks_have_gone_is_removed_by_who_looks_later() {
    let world = grouped(&["w"], &["x", "y"]);
    killed_at(&world, "unlink", 0);
    let settled = |world: &World| below(world, "pending").iter().filter(|path| path.contains(".m.")).count();
    assert_eq!(settled(&world), 1);
    claim_one(&world).unwrap();
    assert_eq!(settled(&world), 1, "who made it may be about to");
    world.advance(SLOW);
    claim_one(&world).unwrap();
    assert_eq!(settled(&world), 0);
}

/// A group whose claim came back, unsynced, stands in its bucket, and may still stand in `claimed` after a cut.
#[test]
fn a_group_that_was_reaped_and_then_parts_is_not_handed_out_twice_after_a_cut() {
    for disk in [Disk::Whole, Disk::Btrfs] {
        let world = grouped(&["w", "v"], &["x", "y", "z"]);
        let v = world.holders().attach("v", Standard).unwrap();
        assert_eq!(world.queue("q").claim(&v, 9, Some(1_000), Unsynced).unwrap().len(), 3);
        world.advance(1_001);
        assert_eq!(world.queue("q").reap(Unsynced).unwrap().len(), 3);
        let copy = world.copy();
        let before = copy.operations();
        claim_one(&copy).unwrap();
        for stop in 0..=copy.operations() - before {
            let stopped = world.copy();
            stopped.stop_after(stop);
            drop(claim_one(&stopped));
            stopped.go_on();
            for seed in 0..CUTS {
                let after = stopped.power_cut(if seed == 0 { Cut::Least } else { Cut::Seed(seed) }, disk);
                after.advance(SLOW);
                after.maintenance().reconcile().unwrap();
                let mut did = later_in(&after).unwrap_or_else(|wrong| panic!("{disk:?} {stop} {seed}: {wrong}")).did;
                did.retain(|payload| payload != "first");
                did.sort();
                assert_eq!(did, ["x", "y", "z"], "{disk:?} {stop} {seed}");
            }
        }
    }
}

#[test]
fn what_stands_where_reserves_belong_hinders_nobody_and_is_moved_aside() {
    let world = grouped(&["w"], &["x", "y"]);
    world.file(&format!("{QUEUE}/reserved"), "not a directory");
    for _ in 0..2 {
        assert_eq!(claim_one(&world).unwrap(), 1);
    }
    assert_eq!(claim_one(&world).unwrap(), 0, "an empty answer, and no error");
    for _ in 0..12 {
        world.queue("q").push(&[task("v"), task("w")], Refuse, Standard).unwrap();
    }
    let findings = world.maintenance().check().unwrap();
    assert_eq!(findings.len(), 1, "{findings:?}");
    world.maintenance().quarantine().unwrap();
    assert!(world.maintenance().check().unwrap().is_empty());
}
