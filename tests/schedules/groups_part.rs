//! Groups that part: somebody wants one of the tasks and not all, whoever is slow, killed, or takes over.

use super::deeds::{LONG, OLD, kind, sweep, task, text};
use super::groups::{
    QUEUE, claim_some, finish_some, grouped, grouped_as, groups, is_fine, push_group, take_some, worker_of,
};
use super::laws::{dones, each_done_once, later_in, walks, watched};
use super::names;
use leasehold_core::Durability::{Standard, Synced, Unsynced};
use leasehold_core::queue::OnDuplicate::Refuse;
use leasehold_core::queue::{NewTask, TaskState};
use leasehold_tests::sim::{Actor, Cut, Disk, Listings, Scenario, World};

const CUTS: u64 = 24;
/// After so long somebody else takes a parting over.
const SLOW: u64 = 200;

fn below(world: &World, directory: &str) -> Vec<String> {
    world.view(|view| view.below(&format!("{QUEUE}/{directory}")))
}

fn pushed_and_claimed(payloads: &[&str]) -> (World, Vec<leasehold_core::queue::ClaimedTask>) {
    let world = grouped(&["a", "w"], payloads);
    let a = world.holders().attach("a", Standard).unwrap();
    let tasks = world.queue("q").claim(&a, 100, Some(LONG), Standard).unwrap();
    assert_eq!(groups(&world, "claimed"), [payloads.len()]);
    (world, tasks)
}

#[test]
fn who_claims_one_of_a_group_makes_it_a_task_each() {
    let world = grouped(&["a"], &["x", "y", "z"]);
    let a = world.holders().attach("a", Standard).unwrap();
    let queue = world.queue("q");
    for payload in ["x", "y", "z"] {
        let task = queue.claim(&a, 1, None, Standard).unwrap().remove(0);
        assert_eq!(text(&task.payload), payload);
        assert_eq!((groups(&world, "pending"), groups(&world, "claimed")), (vec![], vec![]));
        queue.done(&task.receipt, None, Standard).unwrap();
    }
    assert!(below(&world, "claimed").is_empty() && below(&world, "tmp").is_empty());
}

#[test]
fn of_those_who_claim_one_of_a_group_each_task_is_done_once() {
    for crashes in [1, 2] {
        let scenario = watched(Scenario::new("two claim one each", &grouped(&["w", "v"], &["x", "y"])));
        worker_of(worker_of(scenario, "W", 1), "V", 1)
            .crashes(crashes)
            .finally(|view, ends| match [ends.of("W"), ends.of("V")].into_iter().all(is_fine) {
                true => each_done_once(view, 2),
                false => Err(format!("{:?} {:?}", ends.of("W"), ends.of("V"))),
            })
            .limit(60_000)
            .bounded()
            .holds();
    }
}

/// The clock goes on at any moment, so that each takes over from the other, who goes on at any moment afterwards.
#[test]
fn whoever_takes_over_a_parting_from_one_who_is_slow_each_task_is_done_once() {
    let scenario = |listings| {
        let scenario = watched(Scenario::new(
            format!("two claim one each, and one is slow, {listings:?}"),
            &grouped(&["w", "v"], &["x", "y"]),
        ));
        worker_of(worker_of(scenario, "W", 1), "V", 1)
            .clock("clock", |c| {
                c.advance(SLOW);
                c.advance(SLOW);
            })
            .listings(listings)
            .crashes(2)
            .finally(|view, ends| match [ends.of("W"), ends.of("V")].into_iter().all(is_fine) {
                true => each_done_once(view, 2),
                false => Err(format!("{:?} {:?}", ends.of("W"), ends.of("V"))),
            })
    };
    scenario(Listings::Atomic).limit(60_000).bounded().holds();
    for listings in [Listings::Atomic, Listings::Mixed, Listings::Btrfs] {
        walks(scenario(listings), 1_500);
    }
}

/// Who is slow in the middle of a parting meets those who help, sweep and claim.
#[test]
fn three_and_a_sweeper_part_a_group_and_each_task_is_done_once() {
    let scenario =
        watched(Scenario::new("three claim one each and one sweeps", &grouped(&["w", "v", "u"], &["x", "y", "z"])));
    let scenario = worker_of(worker_of(worker_of(scenario, "W", 1), "V", 1), "U", 1)
        .actor("S", sweep)
        .clock("clock", |c| {
            for _ in 0..4 {
                c.advance(SLOW);
            }
        })
        .crashes(2)
        .finally(|view, ends| match [ends.of("W"), ends.of("V"), ends.of("U")].into_iter().all(is_fine) {
            true => each_done_once(view, 3),
            false => Err(format!("{:?} {:?} {:?}", ends.of("W"), ends.of("V"), ends.of("U"))),
        });
    walks(scenario, 3_000);
}

/// One who has stopped between any two steps goes on after others have taken over, finished and swept all of it.
#[test]
fn one_who_stops_in_a_parting_and_goes_on_long_after_it_has_ended_changes_nothing() {
    let world = grouped(&["w", "v"], &["x", "y"]);
    let scenario = watched(Scenario::new("stopped for long", &world));
    worker_of(scenario, "W", 1)
        .actor("V", |a| {
            // All of it in one life: it waits, takes over, does everything, and sweeps.
            let mut done = Vec::new();
            for _ in 0..3 {
                if let Ok(tasks) = claim_some(a, 1) {
                    for task in tasks {
                        done.push(format!(
                            "{} {}",
                            kind(a.queue("q").done(&task.receipt, None, Standard), "did"),
                            text(&task.payload)
                        ));
                    }
                }
            }
            drop(sweep(a));
            done.join(" ")
        })
        .clock("clock", |c| c.advance(SLOW))
        .crashes(1)
        .finally(|view, ends| {
            if !is_fine(ends.of("W")) || !is_fine(ends.of("V")) {
                return Err(format!("{:?} {:?}", ends.of("W"), ends.of("V")));
            }
            each_done_once(view, 2)
        })
        .limit(60_000)
        .bounded()
        .holds();
}

/// Killed at every step of a parting, and whoever helps killed at every step of that.
#[test]
fn a_parting_whose_makers_were_killed_at_any_two_steps_is_finished_by_who_looks_next() {
    let world = grouped(&["w", "v"], &["x", "y", "z"]);
    let claim = |world: &World, holder: &str| {
        // Whatever it is killed at.
        if let Ok(holder) = world.holders().attach(holder, Standard) {
            drop(world.queue("q").claim(&holder, 1, Some(LONG), Standard));
        }
    };
    let steps = |world: &World, holder: &str| {
        let copy = world.copy();
        let before = copy.operations();
        claim(&copy, holder);
        copy.operations() - before
    };
    let mut met = 0;
    for first in 0..=steps(&world, "w") {
        let world = world.copy();
        world.stop_after(first);
        claim(&world, "w");
        world.go_on();
        world.advance(SLOW);
        for second in 0..=steps(&world, "v") {
            let world = world.copy();
            world.stop_after(second);
            claim(&world, "v");
            world.go_on();
            met += usize::from(below(&world, "claimed").iter().any(|name| name.contains(".w.")));
            // A sweeper takes nothing that still means something.
            world.advance(SLOW);
            world.maintenance().sweep(OLD).unwrap();
            assert!(world.maintenance().check().unwrap().is_empty(), "killed at {first} and {second}");
            let status = world.queue("q").status().unwrap();
            assert_eq!((status.damaged, status.dead), (0, 0), "killed at {first} and {second}");
            let mut did = later_in(&world).unwrap_or_else(|wrong| panic!("{first} and {second}: {wrong}")).did;
            did.sort();
            assert_eq!(did, ["x", "y", "z"], "killed at {first} and {second}");
            assert!(below(&world, "claimed").is_empty(), "{:?}", below(&world, "claimed"));
        }
    }
    assert!(met > 20, "the scene does not show what it is to show");
}

/// The same of the parting of a claim, by an act on one of its tasks; then the holder goes on with all of them.
#[test]
fn a_claim_that_was_killed_while_it_parted_is_gone_on_with() {
    let (world, tasks) = pushed_and_claimed(&["x", "y", "z"]);
    let act = |world: &World| drop(world.queue("q").retry(&tasks[0].receipt, 0, "why", Standard));
    let copy = world.copy();
    let before = copy.operations();
    act(&copy);
    for stop in 0..=copy.operations() - before {
        for is_slow in [true, false] {
            let world = world.copy();
            world.stop_after(stop);
            act(&world);
            world.go_on();
            if is_slow {
                world.advance(SLOW);
            }
            let receipts: Vec<&str> = tasks.iter().map(|task| task.receipt.as_str()).collect();
            let lost = match world.queue("q").done_all(&receipts, Standard) {
                Ok(lost) => lost,
                Err(error) if !is_slow => {
                    assert_eq!(kind::<()>(Err(error), ""), "exhausted");
                    world.advance(SLOW);
                    world.queue("q").done_all(&receipts, Standard).unwrap()
                }
                Err(error) => panic!("{stop}: {error}"),
            };
            assert!(lost.is_empty() || lost == [0], "killed at {stop}: {lost:?}");
            let did = later_in(&world).unwrap().did;
            assert_eq!(did.len(), lost.len(), "killed at {stop}: {did:?}");
        }
    }
}

#[test]
fn two_members_that_are_cancelled_at_once_are_cancelled_and_the_others_stay() {
    let world = grouped(&[], &["x", "y", "z"]);
    let ids: Vec<String> =
        world.queue("q").list(TaskState::Ready, None, 9).unwrap().tasks.into_iter().map(|task| task.id).collect();
    let (first, second) = (ids[0].clone(), ids[2].clone());
    watched(Scenario::new("two are cancelled", &world))
        .actor("C", move |a| kind(a.queue("q").cancel(&first, Standard), "cancelled"))
        .actor("D", move |a| kind(a.queue("q").cancel(&second, Standard), "cancelled"))
        .clock("clock", |c| c.advance(SLOW))
        .crashes(1)
        .finally(|view, ends| {
            let cancelled = view.log().iter().filter(|event| event.what.starts_with("cancelled ")).count();
            if cancelled < ends.count("cancelled") || ends.count("not found") + ends.count("held") > 0 {
                return Err(format!("{:?} {:?} {cancelled}", ends.of("C"), ends.of("D")));
            }
            let did = super::laws::later(view)?.did;
            if did.len() + cancelled == 3 && did.contains(&"y".into()) { Ok(()) } else { Err(format!("{did:?}")) }
        })
        .limit(60_000)
        .bounded()
        .holds();
}

/// The shortest of those who meet: one parts, one helps, at any moment of the other's.
#[test]
fn whoever_helps_one_who_is_slow_and_goes_on_no_task_is_lost() {
    let world = grouped(&[], &["x", "y"]);
    let id = world.queue("q").list(TaskState::Ready, None, 1).unwrap().tasks.remove(0).id;
    watched(Scenario::new("one helps one who is slow", &world))
        .actor("C", move |a| kind(a.queue("q").cancel(&id, Standard), "cancelled"))
        .actor("R", |a| kind(a.queue("q").reap(Standard), "reaped"))
        .clock("clock", |c| c.advance(SLOW))
        .crashes(0)
        .finally(|view, ends| {
            let cancelled = view.log().iter().filter(|event| event.what.starts_with("cancelled ")).count();
            let did = super::laws::later(view)?.did;
            let fine = matches!(ends.of("C"), Some("cancelled" | "exhausted")) && ends.of("R") == Some("reaped");
            if fine && did.len() + cancelled == 2 { Ok(()) } else { Err(format!("{:?} {did:?}", ends.of("C"))) }
        })
        .limit(80_000)
        .bounded()
        .holds();
}

/// A power cut after each step of a parting, after each step that somebody else made then, and whoever goes on.
#[test]
fn a_synced_group_survives_a_cut_at_any_step_of_its_parting() {
    for disk in [Disk::Whole, Disk::Btrfs] {
        let world = grouped(&["w", "v"], &["x", "y", "z"]);
        let claim = |world: &World, durability| {
            let holder = world.holders().attach("w", Standard)?;
            world.queue("q").claim(&holder, 1, Some(LONG), durability)
        };
        let copy = world.copy();
        let before = copy.operations();
        claim(&copy, Unsynced).unwrap();
        for stop in 0..=copy.operations() - before {
            let stopped = world.copy();
            stopped.stop_after(stop);
            drop(claim(&stopped, Unsynced));
            stopped.go_on();
            for seed in 0..CUTS {
                let after = stopped.power_cut(if seed == 0 { Cut::Least } else { Cut::Seed(seed) }, disk);
                after.advance(if seed % 2 == 0 { SLOW } else { 10 });
                after.maintenance().reconcile().unwrap();
                let later = later_in(&after).unwrap_or_else(|wrong| panic!("{disk:?} {stop} {seed}: {wrong}"));
                let mut did = later.did;
                did.retain(|payload| payload != "first");
                did.sort();
                assert_eq!((did, later.dead), (vec!["x".into(), "y".into(), "z".into()], 0), "{disk:?} {stop} {seed}");
            }
        }
    }
}

/// Somebody is killed at any step of a parting; somebody else goes on, and cancels or finishes tasks, synced; then the power
/// is cut. What he did is not undone, and nothing else is lost.
#[test]
fn what_was_done_synced_in_a_parting_is_not_undone_by_a_cut() {
    type Deed = fn(&World) -> Vec<String>;
    let cancel: Deed = |world| {
        let queue = world.queue("q");
        let Ok(page) = queue.list(TaskState::Ready, None, 9) else { return Vec::new() };
        let mut gone = Vec::new();
        for task in page.tasks {
            let payload = queue.peek(&task.id).map(|view| text(&view.payload));
            if let (Ok(payload), Ok(())) = (payload, queue.cancel(&task.id, Synced)) {
                gone.push(payload);
                break;
            }
        }
        gone
    };
    let purge: Deed = |world| {
        let queue = world.queue("q");
        let ready = queue.list(TaskState::Ready, None, 9).unwrap().tasks;
        let payloads: Vec<String> =
            ready.iter().filter_map(|task| queue.peek(&task.id).ok()).map(|view| text(&view.payload)).collect();
        let count = queue.purge(TaskState::Ready, 0, Synced).unwrap();
        // One that stood nowhere by itself was not purged; which, only the count tells.
        if count as usize == payloads.len() { payloads } else { Vec::new() }
    };
    let done: Deed = |world| {
        let holder = world.holders().attach("v", Standard).unwrap();
        let queue = world.queue("q");
        let Ok(tasks) = queue.claim(&holder, 1, Some(LONG), Unsynced) else { return Vec::new() };
        let done = tasks.iter().filter(|task| queue.done(&task.receipt, None, Synced).is_ok());
        done.map(|task| text(&task.payload)).collect()
    };
    let done_all: Deed = |world| {
        let holder = world.holders().attach("v", Standard).unwrap();
        let queue = world.queue("q");
        let Ok(tasks) = queue.claim(&holder, 9, Some(LONG), Unsynced) else { return Vec::new() };
        // All but one.
        let some: Vec<_> = tasks.iter().skip(1).collect();
        let receipts: Vec<&str> = some.iter().map(|task| task.receipt.as_str()).collect();
        assert!(queue.done_all(&receipts, Synced).unwrap().is_empty());
        some.iter().map(|task| text(&task.payload)).collect()
    };
    // Into the same bucket, which so comes to the disk without what went there from elsewhere.
    let push: Deed = |world| {
        world.queue("q").push(&[task("p")], Refuse, Synced).unwrap();
        vec!["p".into()]
    };
    let world = grouped(&["w", "v"], &["x", "y", "z"]);
    let claim = |world: &World| {
        let holder = world.holders().attach("w", Standard)?;
        world.queue("q").claim(&holder, 1, Some(LONG), Unsynced)
    };
    let copy = world.copy();
    let before = copy.operations();
    claim(&copy).unwrap();
    let mut undone = [0; 5];
    for stop in 0..=copy.operations() - before {
        for (n, deed) in [cancel, purge, done, done_all, push].into_iter().enumerate() {
            for wait in [0, SLOW] {
                let stopped = world.copy();
                stopped.stop_after(stop);
                drop(claim(&stopped));
                stopped.go_on();
                stopped.advance(wait);
                let gone = deed(&stopped);
                undone[n] += gone.len();
                for seed in 0..CUTS {
                    for disk in [Disk::Whole, Disk::Btrfs] {
                        let after = stopped.power_cut(if seed == 0 { Cut::Least } else { Cut::Seed(seed) }, disk);
                        after.advance(SLOW);
                        after.maintenance().reconcile().unwrap();
                        let at = || format!("{disk:?}, deed {n} after {stop} and {wait} ms, seed {seed}");
                        let later = later_in(&after).unwrap_or_else(|wrong| panic!("{}: {wrong}", at()));
                        let mut did = later.did;
                        let pushed = did.iter().filter(|payload| *payload == "p").count();
                        assert_eq!(pushed, usize::from(n == 4), "{}", at());
                        did.retain(|payload| payload != "first" && payload != "p");
                        did.sort();
                        let mut left = vec!["x", "y", "z"];
                        left.retain(|payload| !gone.iter().any(|gone| gone == payload));
                        if n == 1 && gone.is_empty() {
                            did.dedup();
                            assert!(did.len() <= 3, "{}: {did:?}", at());
                        } else {
                            assert_eq!(did, left, "{}", at());
                        }
                        assert_eq!(later.dead, 0, "{}", at());
                    }
                }
            }
        }
    }
    assert!(undone.iter().all(|count| *count > 5), "the scene does not show what it is to show: {undone:?}");
}

/// What a cut may leave of a group: the group, and one of its tasks or all of the group elsewhere.
#[test]
fn a_group_and_one_of_its_tasks_that_both_stand_are_reconciled_while_others_work() {
    let parted = |claims: bool| {
        let world = grouped(&["w", "v"], &["x", "y"]);
        let group = below(&world, "pending").remove(0);
        let group = format!("{QUEUE}/pending/{group}");
        let holder = world.holders().attach("w", Standard).unwrap();
        let task = world.queue("q").claim(&holder, 1, Some(LONG), Standard).unwrap().remove(0);
        if !claims {
            world.queue("q").done(&task.receipt, Some(b"o"), Standard).unwrap();
        }
        // The other still waits alone; the group comes back beside both.
        let one = below(&world, "pending").remove(0);
        world.hard_link(&format!("{QUEUE}/pending/{one}"), &group);
        world.advance(10);
        world
    };
    for claims in [true, false] {
        let world = parted(claims);
        assert_eq!(groups(&world, "pending"), [2]);
        let quiet = world.copy();
        quiet.maintenance().reconcile().unwrap();
        assert_eq!(groups(&quiet, "pending"), Vec::<usize>::new());
        let later = later_in(&quiet).unwrap();
        assert_eq!((later.did.len(), later.done), if claims { (2, 0) } else { (1, 1) });
        // Nobody who claims while that goes on loses anything, whatever stood twice before it.
        let reconcile = |a: &Actor| kind(a.maintenance().reconcile(), "reconciled");
        let scenario = Scenario::new(format!("reconciled twice while one claims, claimed {claims}"), &world)
            .actor("R", reconcile)
            .actor("S", reconcile);
        let scenario = scenario
            .actor("V", |a| take_some(a, 1))
            .crashes(1)
            .always(move |view| {
                // Each of the two stands somewhere, alone or in a group.
                let mut tasks: Vec<String> = view
                    .below(QUEUE)
                    .iter()
                    .filter(|path| !path.starts_with("tmp/"))
                    .filter_map(|path| names::task(path).or_else(|| begun(path)))
                    .flat_map(|task| task.tasks)
                    .collect();
                tasks.sort();
                tasks.dedup();
                let parts = view.below(QUEUE).iter().any(|path| path.contains(".m."));
                if tasks.len() == 2 || parts { Ok(()) } else { Err(format!("only {tasks:?} stand")) }
            })
            .finally(|view, ends| {
                if !is_fine(ends.of("V")) {
                    return Err(format!("{:?}", ends.of("V")));
                }
                let world = view.world();
                world.maintenance().reconcile().map_err(|error| error.to_string())?;
                let mut did = later_in(&world)?.did;
                did.sort();
                did.dedup();
                if did.contains(&"y".into()) { Ok(()) } else { Err(format!("{did:?}")) }
            })
            .limit(20_000)
            .bounded();
        scenario.holds();
        walks(scenario, 1_000);
    }
}

/// A group whose parting has begun, by its name.
fn begun(path: &str) -> Option<names::TaskName> {
    path.rsplit_once(".s.").and_then(|(group, _)| names::task(group))
}

/// Both the group and the beginning of its parting stand, as btrfs may leave it.
#[test]
fn a_group_that_stands_beside_its_own_parting_is_reconciled_to_one() {
    let world = grouped(&["w"], &["x", "y"]);
    let group = format!("{QUEUE}/pending/{}", below(&world, "pending").remove(0));
    super::deeds::killed_before(&world, "link", |world| {
        let holder = world.holders().attach("w", Standard)?;
        world.queue("q").claim(&holder, 1, Some(LONG), Standard)
    });
    let begun = below(&world, "pending").into_iter().find(|path| begun(path).is_some()).unwrap();
    let begun = format!("{QUEUE}/pending/{begun}");
    assert!(begun.contains(".s."), "{begun}");
    world.hard_link(&begun, &group);
    world.advance(10);
    let quiet = world.copy();
    quiet.maintenance().reconcile().unwrap();
    assert_eq!(later_in(&quiet).unwrap().did, ["x", "y"]);
    let reconcile = |a: &Actor| kind(a.maintenance().reconcile(), "reconciled");
    Scenario::new("a group beside its parting", &world)
        .actor("R", reconcile)
        .actor("S", reconcile)
        .crashes(1)
        .finally(|view, _| {
            let world = view.world();
            world.maintenance().reconcile().map_err(|error| error.to_string())?;
            let did = later_in(&world)?.did;
            if did == ["x", "y"] { Ok(()) } else { Err(format!("{did:?}")) }
        })
        .holds();
}

#[test]
fn where_a_file_has_one_name_only_a_group_is_pushed_as_a_batch_and_one_that_stands_parts_by_copies() {
    let world = super::deeds::empty_queue(&["a"]);
    world.refuse_links();
    push_group(&world, &[task("x"), task("y")]).unwrap();
    assert!(groups(&world, "pending").is_empty());
    assert_eq!(later_in(&world).unwrap().did, ["x", "y"]);

    let world = grouped(&["w", "v"], &["x", "y"]);
    world.refuse_links();
    let scenario = watched(Scenario::new("parted by copies", &world));
    worker_of(worker_of(scenario, "W", 1), "V", 1)
        .clock("clock", |c| c.advance(SLOW))
        .crashes(1)
        .finally(|view, ends| match [ends.of("W"), ends.of("V")].into_iter().all(is_fine) {
            true => each_done_once(view, 2),
            false => Err(format!("{:?} {:?}", ends.of("W"), ends.of("V"))),
        })
        .limit(40_000)
        .bounded()
        .holds();
}

/// Copies survive what links do.
#[test]
fn a_group_that_parts_by_copies_survives_a_cut_at_any_step() {
    let world = grouped(&["w"], &["x", "y", "z"]);
    world.refuse_links();
    let claim = |world: &World| {
        let holder = world.holders().attach("w", Standard)?;
        world.queue("q").claim(&holder, 1, Some(LONG), Unsynced)
    };
    let copy = world.copy();
    let before = copy.operations();
    claim(&copy).unwrap();
    for stop in 0..=copy.operations() - before {
        let stopped = world.copy();
        stopped.stop_after(stop);
        drop(claim(&stopped));
        stopped.go_on();
        for seed in 0..CUTS {
            let after = stopped.power_cut(if seed == 0 { Cut::Least } else { Cut::Seed(seed) }, Disk::Btrfs);
            after.refuse_links();
            after.advance(SLOW);
            after.maintenance().reconcile().unwrap();
            let later = later_in(&after).unwrap_or_else(|wrong| panic!("{stop} {seed}: {wrong}"));
            let mut did = later.did;
            did.retain(|payload| payload != "first");
            did.sort();
            assert_eq!((did, later.dead), (vec!["x".into(), "y".into(), "z".into()], 0), "{stop} {seed}");
        }
    }
}

/// Rewrites the file of the group that waits, under all of its names.
fn rewrite(world: &World, change: impl FnOnce(&mut Vec<u8>)) {
    let path = format!("{QUEUE}/pending/{}", below(world, "pending").remove(0));
    let mut bytes = world.view(|view| view.read(&path)).unwrap();
    change(&mut bytes);
    let (directory, name) = path.rsplit_once('/').unwrap();
    use leasehold_core::capability::Directory;
    world.dir(directory).unlink(name).unwrap();
    world.file(&path, bytes);
}

#[test]
fn a_damaged_task_of_a_group_is_set_aside_alone_and_one_whose_index_is_damaged_whole() {
    for max in [9, 1] {
        // One of them: the pack begins with its payload.
        let world = grouped(&["a"], &["xx", "yy", "zz"]);
        rewrite(&world, |bytes| {
            let at = bytes.windows(2).position(|two| two == b"yy").unwrap();
            bytes[at] = b'Y';
        });
        let later = later_max(&world, max);
        assert_eq!((later.0, later.1), (vec!["xx".to_owned(), "zz".into()], 1), "{max}");
        assert!(world.maintenance().check().unwrap().is_empty());

        // The index, and a file that ends too early.
        for cut in [false, true] {
            let world = grouped(&["a"], &["xx", "yy", "zz"]);
            rewrite(&world, |bytes| {
                if cut {
                    bytes.truncate(bytes.len() - 10);
                } else {
                    let at = bytes.len() - 8;
                    bytes[at] ^= 1;
                }
            });
            let later = later_max(&world, max);
            assert_eq!((later.0, later.1), (vec![], 3), "{max} {cut}");
            // All of it can be looked at, revived, and found damaged again; then it is purged.
            let queue = world.queue("q");
            let dead = queue.list(TaskState::Dead, None, 9).unwrap().tasks;
            assert_eq!(dead.len(), 3);
            assert_eq!(kind(queue.peek(&dead[1].id), "read"), "damaged");
            queue.revive(&dead[1].id, Standard).unwrap();
            assert_eq!(later_max(&world, max), (vec![], 3));
            let dead = queue.list(TaskState::Dead, None, 9).unwrap().tasks;
            queue.revive(&dead[0].id, Standard).unwrap();
            assert!(matches!(kind(queue.cancel(&dead[0].id, Standard), "cancelled"), "not found" | "cancelled"));
            queue.purge(TaskState::Dead, 0, Standard).unwrap();
            assert_eq!(later_in(&world).unwrap().did, Vec::<String>::new());
        }
    }
}

/// Whoever copies takes no more than the group, however long the file has become.
#[test]
fn a_group_in_a_file_that_is_longer_than_any_pack_parts_by_copies() {
    let world = grouped(&["a"], &["x", "y"]);
    rewrite(&world, |bytes| bytes.resize(2 << 20, 0));
    world.refuse_links();
    assert_eq!(later_max(&world, 1), (vec!["x".into(), "y".into()], 0));
}

/// What a worker gets who claims so many at a time, and how many are dead then.
fn later_max(world: &World, max: u32) -> (Vec<String>, u64) {
    let holder = world.holders().attach("a", Standard).unwrap();
    let queue = world.queue("q");
    let mut did = Vec::new();
    loop {
        let tasks = queue.claim(&holder, max, None, Standard).unwrap();
        if tasks.is_empty() {
            return (did, queue.status().unwrap().dead);
        }
        for task in tasks {
            queue.done(&task.receipt, None, Standard).unwrap();
            did.push(text(&task.payload));
        }
    }
}

/// Names that nearly are a group's, of one that parts, or of a task of it: in nobody's way, and named or legal.
#[test]
fn names_that_nearly_are_those_of_groups_are_in_nobodys_way() {
    let world = grouped(&["a"], &["x", "y"]);
    let pending = below(&world, "pending").remove(0);
    let (bucket, group) = pending.rsplit_once('/').unwrap();
    let size = group.split('.').nth(6).unwrap();
    let extent = size.split_once('-').unwrap().1;
    let nonce = "0123456789abcdc0".replace("c0", "00");
    let with = |nonce: &str, size: &str, rest: &str| -> String {
        format!("01hf7uaq000000.{nonce}.0.0.5.1hf7uaq00.{size}.0r3kc10.5.{rest}")
    };
    let names = [
        // No bits, one task only, too many, a zero in front, a group that ends too late, a nonce of a task, a note.
        with(&nonce, &format!("+-{extent}"), "-.p"),
        with(&nonce, &format!("+1-{extent}"), "-.p"),
        with(&nonce, &format!("+3-{extent}"), "-.p"),
        with(&nonce, &format!("+4-{extent}"), "-.p"),
        with(&nonce, &format!("+07-{extent}"), "-.p"),
        with(&nonce, &format!("+7{}-{extent}", "v".repeat(20)), "-.p"),
        with(&nonce, &format!("+7{}-{extent}", "v".repeat(30)), "-.p"),
        with(&nonce, "+7-g-vvvv0-1", "-.p"),
        with("0123456789abcdef", &format!("+7-{extent}"), "-.p"),
        with(&nonce, &format!("+7-{extent}"), "0123456789abcdef.p"),
        with(&nonce, &format!("+7-{extent}"), "-.t"),
    ];
    let claimed = [
        with(&nonce, &format!("+7-{extent}"), "-.p"),
        with(&nonce, &format!("+7-{extent}"), "-.p.s.00000"),
        with(&nonce, &format!("+7-{extent}"), "-.p.x.000000"),
        with(&nonce, &format!("+7-{extent}"), "-.d.1.s.000000"),
        with(&nonce, "5", "-.p.s.000000"),
        format!("{nonce}.w.0000000.0"),
        format!("{nonce}.w.000000.34"),
        "0123456789abcdef.w.000000.0".into(),
        format!("{nonce}.w.000000.00"),
        format!("{nonce}.w.000000.0.0"),
        format!("{nonce}.v.000000.0"),
    ];
    for name in &names {
        world.file(&format!("{QUEUE}/pending/{bucket}/{name}"), "x");
    }
    for name in &claimed {
        world.file(&format!("{QUEUE}/claimed/{name}"), "x");
    }
    let findings = world.maintenance().check().unwrap();
    assert_eq!(findings.len(), names.len() + claimed.len(), "{findings:#?}");
    assert_eq!(world.queue("q").status().unwrap().ready, 2);
    assert_eq!(later_max(&world, 1).0, ["x", "y"]);
    assert!(world.queue("q").reap(Standard).unwrap().is_empty());
    world.maintenance().sweep(OLD).unwrap();
    assert_eq!(world.maintenance().check().unwrap().len(), names.len() + claimed.len(), "nothing was removed");
    world.maintenance().quarantine().unwrap();
    assert!(world.maintenance().check().unwrap().is_empty());
    push_group(&world, &[task("v"), task("w")]).unwrap();
    assert_eq!(later_max(&world, 9).0, ["v", "w"]);
}

/// Those that read as one and lead nowhere are set aside, and harm nobody.
#[test]
fn a_group_or_a_parting_that_leads_nowhere_is_set_aside() {
    let world = grouped(&["a"], &["x", "y"]);
    let bucket = below(&world, "pending").remove(0);
    let bucket = bucket.rsplit_once('/').unwrap().0.to_owned();
    let nonce = "0123456789abcd00";
    let group = |seq: &str, rest: &str| format!("01hf7uaq00{seq}.{nonce}.0.0.5.1hf7uaq00.+7-16-0-1.0r3kc10.5.-.{rest}");
    world.file(&format!("{QUEUE}/pending/{bucket}/{}", group("vvvv", "p")), "x");
    world.file(&format!("{QUEUE}/claimed/{}", group("0001", "p.s.000000").replace(nonce, "1123456789abcd00")), "x");
    world.file(&format!("{QUEUE}/claimed/{}", group("0002", "p.m.000000").replace(nonce, "2123456789abcd00")), "x");
    world.file(&format!("{QUEUE}/claimed/{}.w.000000.0", "3123456789abcd00"), "x");
    assert!(world.maintenance().check().unwrap().is_empty());
    for max in [9, 1] {
        let world = world.copy();
        let (did, _) = later_max(&world, max);
        assert_eq!(did, ["x", "y"]);
        world.queue("q").reap(Standard).unwrap();
        world.maintenance().sweep(OLD).unwrap();
        let status = world.queue("q").status().unwrap();
        assert_eq!((status.ready, status.claimed, status.damaged, status.dead), (0, 0, 0, 6), "{max}");
        assert!(below(&world, "claimed").is_empty(), "{:?}", below(&world, "claimed"));
    }
}

/// Acts on one task of a claim that parts, while another instance finishes the others at once; one of them is slow.
#[test]
fn done_all_goes_through_while_somebody_parts_the_group() {
    let (world, tasks) = pushed_and_claimed(&["x", "y"]);
    let (retried, words) = (tasks[0].receipt.clone(), format!("{} y", tasks[1].receipt));
    let scenario = |listings| {
        let (retried, words) = (retried.clone(), words.clone());
        watched(Scenario::new(format!("done_all while it parts, {listings:?}"), &world))
            .actor("A", move |a| kind(a.queue("q").retry(&retried, 0, "why", Standard), "retried"))
            .actor("A2", move |a| finish_some(a, &words, true))
            .clock("clock", |c| c.advance(SLOW))
            .listings(listings)
            .crashes(1)
            .finally(|view, ends| {
                if !matches!(ends.of("A"), Some("retried" | "exhausted") | None)
                    || !matches!(ends.of("A2"), Some("did y" | "exhausted y") | None)
                {
                    return Err(format!("{:?} {:?}", ends.of("A"), ends.of("A2")));
                }
                if ends.of("A2") == Some("did y") && dones(view) != 1 {
                    return Err("it said so".into());
                }
                each_done_once(view, 2)
            })
    };
    scenario(Listings::Atomic).limit(80_000).bounded().holds();
    for listings in [Listings::Mixed, Listings::Btrfs] {
        walks(scenario(listings), 1_500);
    }
}

/// What is delayed, and what has attempts, is so after parting.
#[test]
fn a_group_parts_into_tasks_of_its_kind() {
    let new = |payload| NewTask { priority: Some(2), delay_ms: 5_000, max_attempts: Some(2), ..task(payload) };
    let world = grouped_as(&["a"], &["x", "y"], new);
    let queue = world.queue("q");
    let delayed = queue.list(TaskState::Delayed, None, 9).unwrap().tasks;
    queue.cancel(&delayed[0].id, Standard).unwrap();
    let left = queue.list(TaskState::Delayed, None, 9).unwrap().tasks;
    assert_eq!(left.len(), 1);
    let (before, after) = (&delayed[1], &left[0]);
    assert_eq!(
        (&before.id, before.priority, before.due_ms, before.max_attempts, before.enqueued_ms, before.size),
        (&after.id, after.priority, after.due_ms, after.max_attempts, after.enqueued_ms, after.size)
    );
}
