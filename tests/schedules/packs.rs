//! Tasks that stand in one file: each is a name of it, published by a link, and goes its own way from there.

use super::deeds::{LONG, OLD, claimed, empty_queue, hold, kind, sweep, task, text, worker, world};
use super::laws::{each_done_once, later, later_in, watched};
use super::names::{self, Place};
use leasehold_core::Durability::{Standard, Synced, Unsynced};
use leasehold_core::capability::Directory;
use leasehold_core::queue::OnDuplicate::Refuse;
use leasehold_tests::sim::{Actor, Cut, Disk, Scenario, World};

const QUEUE: &str = "aristo/q-queue";
const CUTS: u64 = 200;

/// Pushes `x`, which is a file of its own, then `y` and `z`, which are names of a pack.
fn push_three(a: &Actor) -> leasehold_core::Result<&'static str> {
    let queue = a.queue("q");
    for payload in ["x", "y", "z"] {
        queue.push(&[task(payload)], Refuse, Standard)?;
        a.log(format!("pushed {payload}"), 0);
    }
    Ok("pushed")
}

fn names_in(world: &World, directory: &str) -> Vec<String> {
    world.view(|view| view.below(&format!("{QUEUE}/{directory}")))
}

fn are_packed(world: &World, directory: &str) -> Vec<bool> {
    names_in(world, directory).iter().filter_map(|path| names::task(path)).map(|task| task.is_packed).collect()
}

#[test]
fn the_first_task_of_an_instance_is_a_file_and_the_next_ones_are_names_of_a_pack() {
    let world = empty_queue(&["a"]);
    push_three(&world).unwrap();
    assert_eq!(are_packed(&world, "pending"), [false, true, true]);
    let a = world.holders().attach("a", Standard).unwrap();
    let tasks = world.queue("q").claim(&a, 9, None, Standard).unwrap();
    assert_eq!(tasks.iter().map(|task| text(&task.payload)).collect::<String>(), "xyz");
    assert!(names_in(&world, "tmp").is_empty(), "an instance that ends leaves nothing");
}

/// Pushing, working and sweeping at once: nothing is lost, twice, or seen in part.
#[test]
fn what_is_pushed_into_a_pack_is_done_once_whoever_sweeps_and_whoever_is_killed() {
    let scenario = watched(Scenario::new("a pack, a worker and a sweeper", &empty_queue(&["w"])))
        .actor("P", |a| {
            let queue = a.queue("q");
            queue.push(&[task("x")], Refuse, Standard)?;
            queue.push(&[task("y")], Refuse, Standard).map(|_| "pushed")
        })
        .actor("S", sweep)
        .clock("clock", |c| c.advance(OLD + 10_000));
    worker(scenario, "W")
        .crashes(1)
        .finally(|view, ends| match (ends.of("P"), each_done_once(view, 2)) {
            (Some("pushed"), verdict) => verdict,
            // Killed before it was told: none, one or both are there, and no more than that.
            (None, _) => (0..=2)
                .map(|count| each_done_once(view, count))
                .find(Result::is_ok)
                .unwrap_or_else(|| later(view).map(|_| ())),
            (other, _) => Err(format!("{other:?}")),
        })
        .limit(600_000)
        .bounded()
        .holds();
}

#[test]
fn a_bucket_that_is_removed_under_a_pack_is_made_again() {
    watched(Scenario::new("a pack and a bucket that goes", &empty_queue(&[])))
        .actor("P", |a| {
            let queue = a.queue("q");
            queue.push(&[task("x")], Refuse, Standard)?;
            a.log("first", 0);
            queue.push(&[task("y")], Refuse, Standard).map(|_| "pushed")
        })
        .actor("R", |a| {
            let pending = a.dir(&format!("{QUEUE}/pending"));
            let Ok(five) = pending.open_dir("5") else { return "nothing" };
            let mut buckets = Vec::new();
            let _ = five.list(&mut |name, _| buckets.push(name.to_owned()));
            // Only what is empty goes.
            for bucket in buckets {
                let _ = five.remove_dir(&bucket);
            }
            let _ = pending.remove_dir("5");
            "removed"
        })
        .finally(|view, ends| match ends.of("P") {
            Some("pushed") => each_done_once(view, 2),
            None => (0..=2).map(|count| each_done_once(view, count)).find(Result::is_ok).unwrap_or(Err("lost".into())),
            other => Err(format!("{other:?}")),
        })
        .holds();
}

#[test]
fn where_a_file_has_one_name_only_each_task_has_a_file() {
    let world = empty_queue(&["a"]);
    world.refuse_links();
    push_three(&world).unwrap();
    world.queue("q").push(&[task("v"), task("w")], Refuse, Standard).unwrap();
    assert_eq!(are_packed(&world, "pending"), [false; 5]);
    assert!(names_in(&world, "tmp").is_empty());
    assert_eq!(later_in(&world).unwrap().did.len(), 5);
}

#[test]
fn what_was_pushed_into_a_pack_and_synced_survives_any_cut_and_what_was_not_is_whole_or_not_there() {
    for disk in [Disk::Whole, Disk::Btrfs] {
        for seed in 0..CUTS {
            let world = world(&[]);
            let queue = world.queue("q");
            for payload in ["first", "synced", "synced too"] {
                queue.push(&[task(payload)], Refuse, Synced).unwrap();
            }
            for payload in ["perhaps", "perhaps too"] {
                queue.push(&[task(payload)], Refuse, Unsynced).unwrap();
            }
            let after = world.power_cut(if seed == 0 { Cut::Least } else { Cut::Seed(seed) }, disk);
            after.maintenance().reconcile().unwrap();
            let did = later_in(&after).unwrap().did;
            assert!(did.len() >= 3 && did[..3] == ["first", "synced", "synced too"], "{disk:?}, seed {seed}: {did:?}");
            assert!(did[3..].iter().all(|payload| payload.starts_with("perhaps")), "seed {seed}: {did:?}");
        }
    }
}

#[test]
fn a_synced_batch_survives_any_cut_whole_and_each_task_of_an_unsynced_one_is_whole_or_not_there() {
    for sync in [Synced, Unsynced] {
        for seed in 0..CUTS {
            let world = world(&[]);
            world.queue("q").push(&[task("a"), task("b"), task("c")], Refuse, sync).unwrap();
            let after = world.power_cut(if seed == 0 { Cut::Least } else { Cut::Seed(seed) }, Disk::Whole);
            let did = later_in(&after).map(|later| later.did).unwrap_or_default();
            match sync {
                Synced => assert_eq!(did, ["a", "b", "c"], "seed {seed}"),
                _ => assert!(did.iter().all(|payload| ["a", "b", "c"].contains(&payload.as_str())), "{did:?}"),
            }
        }
    }
}

/// A batch is in the pack where the instance has pushed before: whole or not there, whoever sweeps and is killed.
#[test]
fn a_batch_in_a_pack_that_is_swept_half_way_is_published_whole() {
    watched(Scenario::new("a batch in a pack while tmp is swept", &empty_queue(&[])))
        .actor("P", |a| {
            let queue = a.queue("q");
            queue.push(&[task("first")], Refuse, Standard)?;
            queue.push(&[task("x"), task("y")], Refuse, Standard).map(|_| "pushed")
        })
        .actor("S", sweep)
        .clock("clock", |c| c.advance(OLD + 10_000))
        .crashes(1)
        .finally(|view, ends| {
            let did = later(view)?.did;
            match (ends.of("P"), &did.iter().map(String::as_str).collect::<Vec<_>>()[..]) {
                (Some("pushed") | None, ["first", "x", "y"]) | (None, [] | ["first"]) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .holds();
}

#[test]
fn a_synced_batch_in_a_pack_survives_any_cut_whole() {
    for seed in 0..CUTS {
        let world = world(&[]);
        let queue = world.queue("q");
        queue.push(&[task("first")], Refuse, Synced).unwrap();
        queue.push(&[task("a"), task("b"), task("c")], Refuse, Synced).unwrap();
        assert_eq!(are_packed(&world, "pending"), [false, true], "a batch is one name");
        queue.push(&[task("d"), task("e")], Refuse, Unsynced).unwrap();
        let after = world.power_cut(if seed == 0 { Cut::Least } else { Cut::Seed(seed) }, Disk::Whole);
        let did = later_in(&after).unwrap().did;
        assert!(did.len() >= 4 && did[..4] == ["first", "a", "b", "c"], "seed {seed}: {did:?}");
    }
}

/// How often a push waits for the disk.
fn syncs(world: &World, act: impl Fn(&World)) -> usize {
    let copy = world.copy();
    copy.record();
    act(&copy);
    copy.recorded().iter().filter(|step| step.starts_with("sync")).count()
}

#[test]
fn a_synced_batch_waits_for_the_disk_as_often_as_one_of_two_does() {
    let world = empty_queue(&[]);
    let batch = |count: usize| {
        let tasks = vec![task("x"); count];
        syncs(&world, |world| drop(world.queue("q").push(&tasks, Refuse, Synced).unwrap()))
    };
    assert_eq!((batch(2), batch(101)), (batch(100), batch(900)));
}

#[test]
fn a_synced_push_into_a_pack_waits_for_the_disk_twice() {
    let world = empty_queue(&[]);
    let queue = world.queue("q");
    for _ in 0..2 {
        queue.push(&[task("x")], Refuse, Synced).unwrap();
    }
    world.record();
    queue.push(&[task("x")], Refuse, Synced).unwrap();
    let recorded = world.recorded();
    let syncs: Vec<&String> = recorded.iter().filter(|step| step.starts_with("sync")).collect();
    assert_eq!(syncs.len(), 2, "{syncs:#?}");
}

/// A claim of a packed task that a cut left under both names, as btrfs may.
fn twice(done: bool) -> (World, String) {
    let world = empty_queue(&["a"]);
    push_three(&world).unwrap();
    claimed(&world, "a");
    let pending = names_in(&world, "pending").into_iter().find(|path| names::task(path).is_some_and(|t| t.is_packed));
    let pending = format!("{QUEUE}/pending/{}", pending.unwrap());
    let receipt = claimed(&world, "a").receipt;
    let nonce = names::task(&pending).unwrap().nonce;
    if done {
        world.queue("q").done(&receipt, Some(b"o"), Standard).unwrap();
    }
    let directory = if done { "done" } else { "claimed" };
    let now = names_in(&world, directory).into_iter().find(|path| names::task(path).unwrap().nonce == nonce).unwrap();
    world.hard_link(&format!("{QUEUE}/{directory}/{now}"), &pending);
    world.advance(10);
    (world, nonce)
}

fn standing(world: &World, nonce: &str) -> Vec<Place> {
    let all = world.view(|view| view.below(QUEUE));
    all.iter().filter_map(|path| names::task(path)).filter(|task| task.nonce == nonce).map(|task| task.place).collect()
}

#[test]
fn a_packed_task_that_stands_twice_after_a_cut_is_reconciled_to_its_later_state() {
    let (world, nonce) = twice(true);
    assert_eq!(standing(&world, &nonce).len(), 2);
    world.maintenance().reconcile().unwrap();
    assert_eq!(standing(&world, &nonce), [Place::Done]);
    let (world, nonce) = twice(false);
    world.maintenance().reconcile().unwrap();
    assert!(matches!(standing(&world, &nonce)[..], [Place::Claimed { .. }]));
}

/// Two who reconcile, while the holder goes on with its claim: one name is left, or none once it is done.
#[test]
fn two_who_reconcile_a_packed_task_never_remove_both_names() {
    let (world, nonce) = twice(false);
    let receipt = {
        let a = world.holders().attach("a", Standard).unwrap();
        drop(a);
        names_in(&world, "claimed")
    };
    assert!(!receipt.is_empty());
    let reconcile = |a: &Actor| kind(a.maintenance().reconcile(), "reconciled");
    let (of_end, of_state) = (nonce.clone(), nonce);
    Scenario::new("a packed task that stands twice", &world)
        .actor("R", reconcile)
        .actor("S", reconcile)
        .actor("A", |a| {
            let holder = hold(a)?;
            let queue = a.queue("q");
            let tasks = queue.claim(&holder, 1, Some(LONG), Standard)?;
            Ok::<String, leasehold_core::Error>(tasks.iter().map(|task| text(&task.payload)).collect())
        })
        .always(move |view| {
            let stands =
                view.below(QUEUE).iter().filter_map(|path| names::task(path)).any(|task| task.nonce == of_state);
            if stands { Ok(()) } else { Err("both names are gone".into()) }
        })
        .finally(move |view, _| {
            let world = view.world();
            world.maintenance().reconcile().map_err(|error| error.to_string())?;
            match standing(&world, &of_end).len() {
                1 => Ok(()),
                n => Err(format!("it stands {n} times")),
            }
        })
        .bounded()
        .holds();
}

/// What says that its content lies beyond any file is no task: it is in nobody's way, and the doctor names it.
#[test]
fn a_name_that_leads_beyond_any_file_is_foreign() {
    let world = empty_queue(&["a"]);
    world.queue("q").push(&[task("good")], Refuse, Standard).unwrap();
    let bucket = world.view(|view| view.names(&format!("{QUEUE}/pending/5"))).remove(0);
    let name = "01hf7uaq000000.0123456789abcdef.0.0.5.1hf7uaq00.6-6-8000000000000-1.0r3kc10.5.-.p";
    world.file(&format!("{QUEUE}/pending/5/{bucket}/{name}"), "x");
    assert_eq!(claimed(&world, "a").payload, b"good");
    let a = world.holders().attach("a", Standard).unwrap();
    assert!(world.queue("q").claim(&a, 1, None, Standard).unwrap().is_empty());
    assert_eq!(world.maintenance().check().unwrap().len(), 1);
}

/// What an instance has pushed itself it knows before it lists it; that makes nothing of it twice, or out of order.
#[test]
fn one_who_pushes_and_claims_has_its_tasks_in_their_order() {
    let world = empty_queue(&["a"]);
    let (pusher, queue) = (world.queue("q"), world.queue("q"));
    let a = world.holders().attach("a", Standard).unwrap();
    queue.push(&[task("00")], Refuse, Unsynced).unwrap();
    world.advance(1);
    for n in 1..5 {
        pusher.push(&[task(&format!("{n:02}"))], Refuse, Unsynced).unwrap();
    }
    world.advance(5_000);
    pusher.push(&[task("05")], Refuse, Unsynced).unwrap();
    // Of one moment, the order of two instances is anybody's guess.
    world.advance(1);
    let mut did = vec![text(&queue.claim(&a, 1, None, Standard).unwrap()[0].payload)];
    for n in 6..30 {
        queue.push(&[task(&format!("{n:02}"))], Refuse, Unsynced).unwrap();
    }
    while let Some(task) = queue.claim(&a, 1, None, Standard).unwrap().pop() {
        did.push(text(&task.payload));
    }
    assert_eq!(did, (0..30).map(|n| format!("{n:02}")).collect::<Vec<_>>());
}

/// At random, and cut at random: what was pushed synced and not handed out is there, whole and once.
#[test]
fn whatever_was_done_with_a_pack_before_a_cut_a_synced_push_is_there_after_it() {
    for seed in 1..CUTS {
        let world = empty_queue(&["a"]);
        let queue = world.queue("q");
        let a = world.holders().attach("a", Standard).unwrap();
        let mut draw = seed;
        let mut next = move |below: u64| {
            draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (draw >> 33) % below
        };
        let (mut waiting, mut ended) = (Vec::new(), Vec::new());
        for n in 0..12 {
            match next(4) {
                0 | 1 => {
                    let payload = format!("{n:02}");
                    queue.push(&[task(&payload)], Refuse, Synced).unwrap();
                    waiting.push(payload);
                }
                2 => {
                    for task in queue.claim(&a, 1 + next(2) as u32, None, Synced).unwrap() {
                        let payload = text(&task.payload);
                        waiting.retain(|other| *other != payload);
                        queue.done(&task.receipt, None, Synced).unwrap();
                        ended.push(payload);
                    }
                }
                _ => world.advance(next(5_000)),
            }
        }
        let after = world.power_cut(Cut::Seed(seed), Disk::Whole);
        after.maintenance().reconcile().unwrap();
        let mut did = later_in(&after).unwrap_or_else(|error| panic!("seed {seed}: {error}")).did;
        did.retain(|payload| payload != "first");
        did.sort();
        assert_eq!(did, waiting, "seed {seed}, ended {ended:?}");
    }
}
