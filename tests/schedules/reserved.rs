//! Synced pushes that wait for the disk once: what a power cut takes the name of is published from its record, once.

use super::deeds::{LONG, OLD, claimed, empty_queue, killed_before, kind, sweep, take, taken, task, text, worker};
use super::laws::{dones, each_done_once, later, later_in, walks, watched};
use super::names;
use leasehold_core::Durability::{Standard, Synced, Unsynced};
use leasehold_core::Result;
use leasehold_core::capability::Directory;
use leasehold_core::queue::OnDuplicate::Refuse;
use leasehold_core::queue::{NewTask, Queue};
use leasehold_tests::sim::{Actor, Cut, Disk, START_MS, Scenario, SimDirectory, World};

const QUEUE: &str = "aristo/q-queue";
/// The next synced push goes through a reserve: one has been a file, and the others names of a pack.
const BEFORE: usize = 5;
const DISKS: [Disk; 2] = [Disk::Whole, Disk::Btrfs];

fn push(queue: &Queue<SimDirectory>, payload: &str) -> Result<()> {
    queue.push(&[task(payload)], Refuse, Synced).map(drop)
}

/// An instance that goes on with a reserve.
fn begun(actor: &Actor) -> Result<Queue<SimDirectory>> {
    let queue = actor.queue("q");
    (0..BEFORE).try_for_each(|n| push(&queue, &format!("{n}")))?;
    Ok(queue)
}

fn reserved(world: &World) -> Vec<String> {
    world.view(|view| view.names(&format!("{QUEUE}/reserved")))
}

fn syncs(world: &World) -> usize {
    world.recorded().iter().filter(|step| step.starts_with("sync")).count()
}

#[test]
fn a_synced_push_that_follows_others_waits_for_the_disk_once_and_so_does_a_batch() {
    let world = empty_queue(&[]);
    let queue = begun(&world).unwrap();
    assert_eq!(reserved(&world), [""; 0], "who pushes a little needs none");
    push(&queue, "x").unwrap();
    assert!(reserved(&world).len() > 4);
    // It makes another where this one has no room.
    queue.push(&vec![task("x"); 99], Refuse, Synced).unwrap();
    for _ in 0..3 {
        world.record();
        push(&queue, "x").unwrap();
        assert_eq!(syncs(&world), 1);
        queue.push(&vec![task("x"); 50], Refuse, Synced).unwrap();
        assert_eq!(syncs(&world), 1);
    }
    for _ in 0..200 {
        push(&queue, "x").unwrap();
    }
    assert!(syncs(&world) < 200 + 20, "making a reserve is rare");
    drop(queue);
    assert_eq!(reserved(&world), [""; 0], "an instance that ends leaves nothing");
    assert_eq!(later_in(&world).unwrap().did.len(), BEFORE + 1 + 99 + 3 * 51 + 200);
}

#[test]
fn a_long_task_and_one_that_need_not_be_synced_go_without_a_reserve() {
    let world = empty_queue(&[]);
    let queue = begun(&world).unwrap();
    queue.push(&[task("x")], Refuse, Unsynced).unwrap();
    push(&queue, &"long".repeat(10_000)).unwrap();
    assert_eq!(reserved(&world), [""; 0]);
    assert_eq!(later_in(&world).unwrap().did.len(), BEFORE + 2);
}

#[test]
fn where_a_file_has_one_name_only_there_are_no_reserves() {
    let world = empty_queue(&[]);
    let queue = world.queue("q");
    for n in 0..20 {
        // Also where it is found out late.
        if n == BEFORE {
            world.refuse_links();
        }
        push(&queue, "x").unwrap();
    }
    assert_eq!(reserved(&world), [""; 0]);
    drop(queue);
    assert_eq!(later_in(&world).unwrap().did.len(), 20);
}

/// Whatever operation fails, the push says so or has another way, and what it says is true.
#[test]
fn what_fails_with_a_reserve_is_told_or_done_another_way() {
    let mut failures = 0;
    for n in 0.. {
        let world = empty_queue(&[]);
        let queue = begun(&world).unwrap();
        let begins = world.operations();
        world.fail_after(n, leasehold_core::capability::FsError::NoSpace);
        let pushed = [push(&queue, "x"), push(&queue, "y")];
        let operations = world.operations() - begins;
        world.go_on();
        failures += pushed.iter().filter(|pushed| pushed.is_err()).count();
        push(&queue, "z").unwrap();
        drop(queue);
        let did = later_in(&world).unwrap().did.split_off(BEFORE);
        for (pushed, payload) in pushed.iter().zip(["x", "y"]) {
            let count = did.iter().filter(|did| *did == payload).count();
            assert!(count == 1 || pushed.is_err() && count == 0, "{n}: {pushed:?} {did:?}");
        }
        assert_eq!(reserved(&world), [""; 0], "{n}");
        if n > operations {
            break;
        }
    }
    assert!(failures > 0);
}

/// What an instance pushes that is killed, and which of it was acknowledged: one after another, two of them a batch, in
/// two buckets.
fn pushes(world: &World) -> Vec<Vec<&'static str>> {
    let queue = world.queue("q");
    let pushes = [vec!["a"], vec!["b"], vec!["c"], vec!["d"], vec!["e"], vec!["f"], vec!["g"], vec!["h", "i", "j"]];
    let mut acknowledged = Vec::new();
    for (n, payloads) in pushes.into_iter().chain([vec!["k"], vec!["l"]]).enumerate() {
        if n == BEFORE + 1 {
            world.advance(5_000);
        }
        let tasks: Vec<_> = payloads.iter().map(|payload| task(payload)).collect();
        if queue.push(&tasks, Refuse, Synced).is_err() {
            break;
        }
        acknowledged.push(payloads);
    }
    acknowledged
}

#[test]
fn what_was_acknowledged_is_there_once_wherever_the_power_was_cut() {
    let base = empty_queue(&[]);
    let all = pushes(&base.copy()).concat();
    let mut whole = 0;
    for stop in 0.. {
        let world = base.copy();
        world.stop_after(stop);
        let acknowledged = pushes(&world).concat();
        world.go_on();
        for (disk, seed) in DISKS.into_iter().flat_map(|disk| (0..4).map(move |seed| (disk, seed))) {
            let cut = if seed == 0 { Cut::Least } else { Cut::Seed(seed + stop * 8) };
            let after = world.power_cut(cut, disk);
            // A claim that finds nothing does it as well.
            if seed % 2 == 0 {
                after.maintenance().reconcile().unwrap();
            }
            let did =
                later_in(&after).map_or_else(|error| panic!("{disk:?} {stop} {seed}: {error}"), |later| later.did);
            let once = |payload: &&str| did.iter().filter(|did| did == payload).count();
            assert!(
                acknowledged.iter().all(|payload| once(payload) == 1) && all.iter().all(|payload| once(payload) <= 1),
                "{disk:?} {stop} {seed}: {acknowledged:?} were acknowledged, {did:?} were done"
            );
            assert_eq!(reserved(&after), [""; 0], "{disk:?} {stop} {seed}");
        }
        if acknowledged.len() == all.len() {
            whole += 1;
        }
        if whole > 2 {
            break;
        }
    }
}

/// What was published after a cut is as certain as what was pushed: a second cut brings back nothing that is done.
#[test]
fn what_was_acknowledged_is_there_once_after_a_second_cut_as_well() {
    let base = empty_queue(&[]);
    let operations = {
        let world = base.copy();
        let begins = world.operations();
        pushes(&world);
        world.operations() - begins
    };
    for (stop, disk) in (30..=operations).step_by(2).flat_map(|stop| DISKS.map(|disk| (stop, disk))) {
        let world = base.copy();
        world.stop_after(stop);
        let waiting = pushes(&world).concat();
        world.go_on();
        for seed in 0..3 {
            let after = world.power_cut(if seed == 0 { Cut::Least } else { Cut::Seed(seed + stop) }, disk);
            after.maintenance().reconcile().unwrap();
            let holder = after.holders().open("h", LONG, Synced).unwrap();
            let queue = after.queue("q");
            let mut done = Vec::new();
            // The last ones are those whose names it may have forgotten.
            let tasks = queue.claim(&holder, 100, None, Unsynced).unwrap();
            for task in tasks.iter().rev().take(4) {
                queue.done(&task.receipt, None, Synced).unwrap();
                done.push(text(&task.payload));
            }
            let last = after.power_cut(if seed == 0 { Cut::Least } else { Cut::Seed(!seed - stop) }, disk);
            last.maintenance().reconcile().unwrap();
            let did = later_in(&last).map_or_else(|error| panic!("{disk:?} {stop} {seed}: {error}"), |later| later.did);
            let once = |payload: &&str| did.iter().filter(|did| did == payload).count();
            assert!(
                waiting.iter().all(|payload| done.iter().any(|done| done == payload) != (once(payload) == 1))
                    && !did.iter().any(|did| done.contains(did)),
                "{disk:?} {stop} {seed}: {waiting:?} were acknowledged, {done:?} were done, and then {did:?}"
            );
        }
    }
}

/// At random, and cut at random: what was pushed synced waits after it once, and what was done synced does not come back.
#[test]
fn whatever_was_done_with_a_reserve_before_a_cut_a_synced_push_is_there_after_it() {
    for (disk, seed) in DISKS.into_iter().flat_map(|disk| (1..150).map(move |seed| (disk, seed))) {
        let world = empty_queue(&["a"]);
        let queue = begun(&world).unwrap();
        let other = begun(&world).unwrap();
        let a = world.holders().attach("a", Standard).unwrap();
        let mut draw: u64 = seed;
        let mut next = move |below: u64| {
            draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (draw >> 33) % below
        };
        let mut waiting: Vec<String> = (0..BEFORE).flat_map(|n| [n.to_string(), n.to_string()]).collect();
        let (mut perhaps, mut ended) = (Vec::new(), Vec::new());
        for n in 0..24 {
            match next(7) {
                0 | 1 => {
                    let payload = format!("{n:02}");
                    push(&queue, &payload).unwrap();
                    waiting.push(payload);
                }
                2 => {
                    let payloads: Vec<String> = (0..2 + next(3)).map(|place| format!("{n:02} {place}")).collect();
                    let tasks: Vec<_> = payloads.iter().map(|payload| task(payload)).collect();
                    other.push(&tasks, Refuse, Synced).unwrap();
                    waiting.extend(payloads);
                }
                3 | 4 => {
                    let durability = if next(4) == 0 { Unsynced } else { Synced };
                    for task in queue.claim(&a, 1 + next(4) as u32, None, Standard).unwrap() {
                        let payload = text(&task.payload);
                        if next(3) == 0 {
                            queue.retry(&task.receipt, 0, "", durability).unwrap();
                            continue;
                        }
                        queue.done(&task.receipt, None, durability).unwrap();
                        let at = waiting.iter().position(|other| *other == payload).unwrap();
                        waiting.remove(at);
                        if durability == Synced { ended.push(payload) } else { perhaps.push(payload) }
                    }
                }
                5 => drop(other.claim(&a, 1, None, Unsynced).unwrap()),
                _ => world.advance(next(5_000)),
            }
        }
        let after = world.power_cut(Cut::Seed(seed), disk);
        after.maintenance().reconcile().unwrap();
        let mut did = later_in(&after).unwrap_or_else(|error| panic!("{disk:?} {seed}: {error}")).did;
        did.retain(|payload| payload != "first");
        // What was not done synced may come back, once.
        for payload in perhaps {
            let count = |all: &[String]| all.iter().filter(|other| **other == payload).count();
            if count(&did) > count(&waiting) {
                let at = did.iter().position(|did| *did == payload).unwrap();
                did.remove(at);
            }
        }
        did.sort();
        waiting.sort();
        assert_eq!(did, waiting, "{disk:?} {seed}, ended {ended:?}");
    }
}

/// Pushes once more than it has pushed before, so through a reserve.
fn push_through(a: &Actor) -> Result<&'static str> {
    let queue = begun(a)?;
    a.log("begun", 0);
    push(&queue, "x")?;
    a.log("pushed", 0);
    push(&queue, "y").map(|()| "pushed")
}

/// Whether somebody has made a reserve: before that there is nothing to see.
fn is_reserved(a: &Actor) -> bool {
    let mut names = 0;
    a.dir(QUEUE).open_dir("reserved").is_ok_and(|dir| dir.list(&mut |_, _| names += 1).is_ok()) && names > 8
}

/// However its pusher ended, what it has told of is done once, and nothing is done twice.
fn pushed_once(view: &leasehold_tests::sim::View<'_>, end: Option<&str>) -> leasehold_tests::sim::Verdict {
    let all = BEFORE + 2;
    match end {
        Some("pushed") => each_done_once(view, all),
        // Killed, or swept while it pushed: what it was told of is there, and at most one more.
        None => {
            let told = if view.logged("pushed").is_empty() { 0 } else { BEFORE + 1 };
            (told..=all).map(|count| each_done_once(view, count)).find(std::result::Result::is_ok).unwrap_or_else(
                || Err(format!("{told} were told of, {} were done, and then {:?}", dones(view), later(view))),
            )
        }
        Some(error) if error.contains("it may be there") => each_done_once(view, all - 2)
            .or_else(|_| each_done_once(view, all - 1))
            .or_else(|_| each_done_once(view, all)),
        Some(other) => Err(other.into()),
    }
}

#[test]
fn what_is_pushed_through_a_reserve_is_done_once_whoever_claims_and_whoever_is_killed() {
    let scenario = |name: &str, is_gated: bool| {
        watched(Scenario::new(name, &empty_queue(&["w"])))
            .actor("P", push_through)
            .actor("W", move |a| if is_gated && !is_reserved(a) { Ok("nothing".into()) } else { take(a) })
            .then("W", |a, words| match taken(words) {
                None => Ok(words.into()),
                Some((receipt, payload)) => {
                    a.queue("q").done(receipt, None, Standard).map(|()| format!("did {payload}"))
                }
            })
            .clock("clock", |c| c.advance(3_000))
            .crashes(1)
            .finally(|view, ends| pushed_once(view, ends.of("P")))
    };
    scenario("a reserve and a worker", true).holds();
    walks(scenario("a reserve that is being made, and a worker", false), 2_000);
}

#[test]
fn whoever_is_stopped_while_its_reserve_is_swept_tells_the_truth() {
    // Only what happens once it can be swept.
    let swept = |a: &Actor| if a.now_ms() < START_MS + OLD || !is_reserved(a) { Ok(0) } else { sweep(a) };
    watched(Scenario::new("a reserve that is swept", &empty_queue(&[])))
        .actor("P", |a| push(&begun(a)?, "x").map(|()| "pushed"))
        .actor("S", swept)
        .clock("clock", |c| c.advance(OLD + 10_000))
        .crashes(1)
        .finally(|view, ends| {
            let done = |count| each_done_once(view, count);
            match ends.of("P") {
                Some("pushed") => done(BEFORE + 1),
                Some(error) if error.contains("it may be there") => done(BEFORE).or_else(|_| done(BEFORE + 1)),
                Some(other) => Err(other.into()),
                None => (0..=BEFORE + 1).map(done).find(std::result::Result::is_ok).unwrap_or(Err("lost".into())),
            }
        })
        .limit(600_000)
        .holds();
    let scenario = watched(Scenario::new("a reserve that is swept while it is made", &empty_queue(&[])))
        .actor("P", push_through)
        .actor("S", sweep)
        .clock("clock", |c| c.advance(OLD + 10_000))
        .crashes(1)
        .finally(|view, ends| pushed_once(view, ends.of("P")));
    walks(scenario, 2_000);
}

#[test]
fn who_reconciles_beside_a_living_pusher_does_it_no_harm() {
    let scenario = |name: &str, is_gated: bool| {
        watched(Scenario::new(name, &empty_queue(&[])))
            .actor("P", push_through)
            .actor("R", move |a| {
                if is_gated && !is_reserved(a) {
                    return "reconciled";
                }
                kind(a.maintenance().reconcile(), "reconciled")
            })
            .crashes(1)
            .finally(|view, ends| match ends.of("R") {
                None | Some("reconciled") => pushed_once(view, ends.of("P")),
                Some(other) => Err(other.into()),
            })
    };
    scenario("a reserve and one who reconciles", true).holds();
    walks(scenario("a reserve that is being made, and one who reconciles", false), 2_000);
}

#[test]
fn a_bucket_that_is_removed_under_a_reserve_is_made_again() {
    watched(Scenario::new("a reserve and a bucket that goes", &empty_queue(&[])))
        .actor("P", |a| {
            let queue = begun(a)?;
            a.log("begun", 0);
            queue.push(&[NewTask { priority: Some(3), ..task("x") }], Refuse, Synced).map(|_| "pushed")
        })
        .actor("R", |a| {
            let pending = a.dir(&format!("{QUEUE}/pending"));
            let Ok(three) = pending.open_dir("3") else { return "nothing" };
            let mut buckets = Vec::new();
            let _ = three.list(&mut |name, _| buckets.push(name.to_owned()));
            // Only what is empty goes.
            for bucket in buckets {
                let _ = three.remove_dir(&bucket);
            }
            let _ = pending.remove_dir("3");
            "removed"
        })
        .finally(|view, ends| match ends.of("P") {
            Some("pushed") => each_done_once(view, BEFORE + 1),
            None => (0..=BEFORE + 1)
                .map(|count| each_done_once(view, count))
                .find(std::result::Result::is_ok)
                .unwrap_or(Err("lost".into())),
            Some(other) => Err(other.into()),
        })
        .holds();
}

/// A world in which somebody was killed between the sync of its record and its rename.
fn half_pushed(holders: &[&str]) -> World {
    let world = empty_queue(holders);
    killed_before(&world, &format!("rename {QUEUE}/reserved"), |world| {
        let queue = begun(world)?;
        push(&queue, "x")
    });
    world.advance(5_000);
    let a = world.holders().open("scene", LONG, Standard).unwrap();
    let queue = world.queue("q");
    // The others are out of the way; the last one may be found by this very claim.
    for task in queue.claim(&a, BEFORE as u32, None, Standard).unwrap() {
        queue.done(&task.receipt, None, Standard).unwrap();
    }
    assert!(!reserved(&world).is_empty());
    world
}

#[test]
fn what_was_not_named_in_time_is_published_once_whoever_finds_it() {
    let world = half_pushed(&["w", "v"]);
    let reconcile = |a: &Actor| kind(a.maintenance().reconcile(), "reconciled");
    let scenario = watched(Scenario::new("a record without its name, two workers", &world));
    worker(worker(scenario, "W"), "V").crashes(2).finally(|view, _| each_done_once(view, 1)).holds();
    let scenario = watched(Scenario::new("a record without its name, a worker and one who reconciles", &world));
    worker(scenario, "W").actor("R", reconcile).crashes(1).finally(|view, _| each_done_once(view, 1)).holds();
    world.advance(2 * OLD);
    watched(Scenario::new("a record without its name, two who sweep and one who reconciles", &world))
        .actor("S", sweep)
        .actor("T", sweep)
        .actor("R", reconcile)
        .crashes(2)
        .finally(|view, _| {
            each_done_once(view, 1)?;
            let after = view.world();
            after.maintenance().sweep(OLD).map_err(|error| error.to_string())?;
            if reserved(&after).is_empty() { Ok(()) } else { Err(format!("{:?}", reserved(&after))) }
        })
        .limit(300_000)
        .bounded()
        .holds();
}

#[test]
fn what_was_published_later_survives_a_cut_though_its_bucket_was_removed() {
    for seed in 0..60 {
        let world = half_pushed(&["w"]);
        // The bucket is empty and past, and goes with the first look.
        assert_eq!(claimed(&world, "w").payload, b"x");
        let after = world.power_cut(Cut::Seed(seed), Disk::Whole);
        after.maintenance().reconcile().unwrap();
        let did = later_in(&after).unwrap().did;
        assert!(did.iter().any(|did| did == "x"), "seed {seed}: {did:?}");
    }
}

#[test]
fn what_was_written_and_not_synced_is_published_whole_or_not_at_all() {
    for seed in 0..60 {
        let world = empty_queue(&[]);
        let deed = |world: &World| push(&begun(world)?, "x");
        let copy = world.copy();
        copy.record();
        deed(&copy).unwrap();
        let renamed = format!("rename {QUEUE}/reserved");
        let at = copy.recorded().iter().position(|step| step.starts_with(&renamed)).unwrap();
        // The operation before that is the sync.
        world.stop_after(at as u64 - 1);
        assert!(deed(&world).is_err());
        world.go_on();
        assert_eq!(world.maintenance().reconcile().unwrap().len(), 1);
        let later = later_in(&world.power_cut(Cut::Seed(seed), Disk::Whole)).unwrap();
        assert_eq!(later.dead, 0, "seed {seed}: {later:?}");
    }
}

#[test]
fn a_reserved_name_that_went_does_not_come_back_once_its_task_is_done() {
    let world = empty_queue(&["a"]);
    let receipt = {
        let queue = begun(&world).unwrap();
        push(&queue, "x").unwrap();
        let a = world.holders().attach("a", Standard).unwrap();
        let mut tasks = queue.claim(&a, 9, None, Standard).unwrap();
        let last = tasks.pop().unwrap();
        tasks.iter().for_each(|task| queue.done(&task.receipt, None, Standard).unwrap());
        last.receipt
    };
    let at = world.view(|view| view.below(&format!("{QUEUE}/claimed"))).remove(0);
    world.hard_link(&format!("{QUEUE}/claimed/{at}"), &format!("{QUEUE}/reserved/0123456789abcdef.0"));
    world.maintenance().reconcile().unwrap();
    world.queue("q").done(&receipt, None, Synced).unwrap();
    let after = world.power_cut(Cut::Least, Disk::Whole);
    after.maintenance().reconcile().unwrap();
    assert_eq!(later_in(&after).unwrap().did, [""; 0]);
}

#[test]
fn who_finds_nothing_reads_a_reserve_once() {
    let world = empty_queue(&["w"]);
    let queue = begun(&world).unwrap();
    push(&queue, "x").unwrap();
    let w = world.holders().attach("w", Standard).unwrap();
    let idle = world.queue("q");
    while let Some(task) = idle.claim(&w, 1, None, Standard).unwrap().pop() {
        idle.done(&task.receipt, None, Standard).unwrap();
    }
    let reads = || {
        world.advance(3_000);
        world.record();
        assert!(idle.claim(&w, 1, None, Standard).unwrap().is_empty());
        world.recorded().iter().filter(|step| step.starts_with("read") && step.contains("/reserved/")).count()
    };
    assert_ne!(reads(), 0);
    assert_eq!(reads(), 0);
    assert_eq!(reads(), 0);
}

#[test]
fn who_was_idle_while_its_reserve_was_swept_makes_another() {
    let world = empty_queue(&[]);
    let queue = begun(&world).unwrap();
    push(&queue, "x").unwrap();
    world.advance(2 * OLD);
    world.maintenance().sweep(OLD).unwrap();
    assert_eq!(reserved(&world), [""; 0]);
    push(&queue, "y").unwrap();
    assert!(!reserved(&world).is_empty());
    drop(queue);
    assert_eq!(later_in(&world).unwrap().did.len(), BEFORE + 2);
}

/// The nonces of the tasks that stand anywhere.
fn standing(world: &World) -> Vec<String> {
    let all = world.view(|view| view.below(QUEUE));
    let mut nonces: Vec<String> = all.iter().filter_map(|path| names::task(path)).flat_map(|task| task.tasks).collect();
    nonces.sort();
    nonces
}

/// A cut can leave the reserved name beside a later one: whatever state that is, it is the one that is kept.
#[test]
fn a_reserved_name_that_stands_beside_a_later_one_goes() {
    let put_right: [fn(&World); 3] = [
        |world| drop(world.maintenance().reconcile().unwrap()),
        |world| drop(world.queue("q").reap(Standard).unwrap()),
        |world| assert!(world.maintenance().sweep(OLD).unwrap() > 0),
    ];
    for (state, put_right) in ["pending", "claimed", "done", "dead"].into_iter().flat_map(|s| put_right.map(|p| (s, p)))
    {
        let world = empty_queue(&["a"]);
        {
            let queue = begun(&world).unwrap();
            let a = world.holders().open("scene", LONG, Standard).unwrap();
            for task in queue.claim(&a, BEFORE as u32, None, Standard).unwrap() {
                queue.done(&task.receipt, None, Standard).unwrap();
            }
            push(&queue, "x").unwrap();
            if state != "pending" {
                let receipt = claimed(&world, "a").receipt;
                match state {
                    "done" => queue.done(&receipt, Some(b"o"), Standard).unwrap(),
                    "dead" => queue.bury(&receipt, "", Standard).unwrap(),
                    _ => {}
                }
            }
        }
        let at = world.view(|view| view.below(&format!("{QUEUE}/{state}"))).remove(0);
        world.hard_link(&format!("{QUEUE}/{state}/{at}"), &format!("{QUEUE}/reserved/0123456789abcdef.0"));
        world.advance(2 * OLD);
        put_right(&world);
        assert_eq!(reserved(&world), [""; 0], "{state}");
        assert_eq!(standing(&world).len(), 1, "{state}");
        assert_eq!(world.view(|view| view.below(&format!("{QUEUE}/{state}"))).len(), 1, "{state}");
    }
}

#[test]
fn of_a_group_whose_reserved_name_came_back_those_wait_that_stand_nowhere_else() {
    let world = empty_queue(&["a"]);
    {
        let queue = begun(&world).unwrap();
        let a = world.holders().attach("a", Standard).unwrap();
        for task in queue.claim(&a, BEFORE as u32, None, Standard).unwrap() {
            queue.done(&task.receipt, None, Standard).unwrap();
        }
        queue.push(&[task("x"), task("y"), task("z")], Refuse, Synced).unwrap();
        let tasks = queue.claim(&a, 9, None, Standard).unwrap();
        assert_eq!(tasks.len(), 3);
        queue.done(&tasks[1].receipt, None, Unsynced).unwrap();
    }
    let at = world.view(|view| view.below(&format!("{QUEUE}/claimed"))).remove(0);
    world.hard_link(&format!("{QUEUE}/claimed/{at}"), &format!("{QUEUE}/reserved/0123456789abcdef.0"));
    world.advance(5_000);
    assert_eq!(standing(&world).len(), 2);
    world.maintenance().reconcile().unwrap();
    let all = standing(&world);
    assert_eq!((all.len(), all.windows(2).any(|pair| pair[0] == pair[1])), (3, false), "{all:?}");
    let mut did = later_in(&world).unwrap().did;
    did.sort();
    assert_eq!(did, ["x", "y", "z"]);
}

#[test]
fn what_is_no_part_of_a_reserve_is_named_and_stops_nothing() {
    let world = half_pushed(&["w"]);
    for name in ["stray", "0123456789abcdef.vvvv", "0123456789abcdef.00"] {
        world.file(&format!("{QUEUE}/reserved/{name}"), "x");
    }
    world.file(&format!("{QUEUE}/reserved/0123456789abcdef.1"), "no record");
    assert_eq!(world.maintenance().check().unwrap().len(), 3);
    assert_eq!(world.maintenance().quarantine().unwrap().len(), 3);
    assert_eq!(later_in(&world).unwrap().did, ["x"]);
}

/// What a worker has read ahead of a reserve was not written yet: it is read again, and its file is not opened again.
#[test]
fn who_claims_while_it_is_pushed_opens_a_reserve_once() {
    let world = empty_queue(&["w"]);
    let (queue, worker) = (begun(&world).unwrap(), world.queue("q"));
    let w = world.holders().attach("w", Standard).unwrap();
    assert_eq!(worker.claim(&w, 9, None, Standard).unwrap().len(), BEFORE);
    world.record();
    for n in 0..6 {
        let payload = format!("{n}");
        push(&queue, &payload).unwrap();
        let tasks = worker.claim(&w, 1, None, Standard).unwrap();
        assert_eq!(tasks.iter().map(|task| text(&task.payload)).collect::<Vec<_>>(), [payload]);
        world.advance(50);
    }
    let opened = world.recorded().iter().filter(|step| step.starts_with(&format!("open {QUEUE}/claimed/"))).count();
    assert_eq!(opened, 1);
}
