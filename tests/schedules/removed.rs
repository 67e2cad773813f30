//! Empty refs, buckets that are removed while something goes into them, and directories that somebody removes.

use super::deeds::{
    LONG, OLD, claimed, empty_queue, given, hold, killed_before, kind, push, take, taken, task, worker, world_with,
};
use super::laws::{dones, each_done_once, later, walks, watched};
use super::names;
use leasehold_core::Durability::Standard;
use leasehold_core::capability::Directory;
use leasehold_core::queue::NewTask;
use leasehold_core::queue::OnDuplicate::{Keep, Refuse};
use leasehold_tests::sim::{Actor, Listings, Scenario, World};

const TASKS: [fn() -> NewTask<'static>; 2] = [|| task("x"), || given("x", "x")];

/// Hole 12: killed between unlinking a tombstone and removing its directory: an empty ref is no ref, and the id can be
/// pushed and worked on again.
#[test]
fn an_id_whose_removal_was_cut_short_can_be_pushed_again() {
    for listings in [Listings::Atomic, Listings::Btrfs] {
        let world = world_with(&["a", "w"], given("x", "first"));
        let receipt = claimed(&world, "a").receipt;
        killed_before(&world, "remove directory aristo/q-queue/ids/x =>", |w| {
            w.queue("q").done(&receipt, None, Standard)
        });
        assert!(
            world.view(|view| view.exists("aristo/q-queue/ids/x") && view.names("aristo/q-queue/ids/x").is_empty())
        );
        worker(watched(Scenario::new(format!("an empty ref, pushed and read, {listings:?}"), &world)), "W")
            .actor("P", |a| kind(push(a, given("x", "second"), Refuse), "pushed"))
            .listings(listings)
            .crashes(2)
            .finally(|view, ends| match (ends.of("P"), dones(view) + later(view)?.did.len()) {
                (Some("pushed") | None, 1) | (None, 0) => Ok(()),
                other => Err(format!("{other:?}")),
            })
            .holds();
    }
}

/// Hole 12: whoever reads the empty ref removes it, while another gives birth onto it.
#[test]
fn a_birth_onto_an_empty_ref_is_not_removed_by_who_read_it_empty() {
    let world = world_with(&["a"], given("x", "first"));
    let receipt = claimed(&world, "a").receipt;
    killed_before(&world, "remove directory aristo/q-queue/ids/x =>", |w| w.queue("q").done(&receipt, None, Standard));
    for listings in [Listings::Atomic, Listings::Btrfs] {
        watched(Scenario::new(format!("an empty ref, two births and a look, {listings:?}"), &world))
            .actor("P", |a| kind(push(a, given("x", "p"), Refuse), "pushed"))
            .actor("Q", |a| kind(push(a, given("x", "q"), Keep), "pushed"))
            .actor("L", |a| kind(a.queue("q").peek("x"), "there"))
            .listings(listings)
            .crashes(2)
            .finally(|view, ends| match (ends.of("P"), ends.of("Q"), &later(view)?.did.join("")[..]) {
                (Some("pushed"), _, "p") | (Some("exists") | None, Some("pushed"), "q") => Ok(()),
                (None, Some("pushed"), "p") | (Some("exists"), None, "q") => Ok(()),
                (None, None, _) => Ok(()),
                other => Err(format!("{other:?}")),
            })
            .holds();
    }
}

/// Hole 12, of holders: an empty one is opened, and each opener has an epoch of its own.
#[test]
fn a_holder_whose_removal_was_cut_short_is_opened_again() {
    let world = World::new();
    world.holders().open("h", LONG, Standard).unwrap().end(Standard).unwrap();
    world.advance(2 * OLD);
    let sweep = |w: &Actor| leasehold_core::maintenance::Maintenance::new(None, Some(w.holders())).sweep(OLD);
    killed_before(&world, "remove directory holders/h =>", |w| sweep(w));
    assert!(world.view(|view| view.exists("holders/h") && view.names("holders/h").is_empty()));
    for listings in [Listings::Atomic, Listings::Btrfs] {
        Scenario::new(format!("an empty holder, two who open, {listings:?}"), &world)
            .actor("O", |a| a.holders().open("h", LONG, Standard).map(|holder| holder.epoch()))
            .actor("P", |a| a.holders().open("h", LONG, Standard).map(|holder| holder.epoch()))
            .listings(listings)
            .crashes(2)
            .finally(|view, ends| {
                let epochs: Vec<&str> = ["O", "P"].iter().filter_map(|a| ends.of(a)).collect();
                let state = view.world().holders().open("h", LONG, Standard).map_err(|error| error.to_string())?;
                let fine = epochs.iter().all(|epoch| epoch.parse::<u64>().is_ok_and(|epoch| epoch < state.epoch()));
                let apart = epochs.len() < 2 || epochs[0] != epochs[1];
                if fine && apart { Ok(()) } else { Err(format!("{epochs:?}")) }
            })
            .holds();
    }
}

/// Hole 12: on btrfs a listing during a rename may be empty; a holder that renews is not taken for one that is gone.
#[test]
fn a_falsely_empty_listing_is_not_taken_for_absence() {
    for new in TASKS {
        let world = world_with(&["a"], new());
        claimed(&world, "a");
        watched(Scenario::new(format!("renewed, renewed and reaped, id {:?}", new().id), &world))
            .actor("A", |a| kind(hold(a), "renewed"))
            .actor("B", |a| kind(a.holders().attach("a", Standard), "renewed"))
            .actor("R", |a| a.queue("q").reap(Standard).map(|reaped| reaped.len() as u64))
            .listings(Listings::Btrfs)
            .always(|view| {
                let alive = view.names("holders/a").iter().any(|name| names::holder(name).is_some_and(|h| h.live));
                if alive { Ok(()) } else { Err("the holder is gone".into()) }
            })
            .crashes(2)
            .finally(|view, ends| {
                let renewed = ["A", "B"].iter().all(|a| ends.of(a).is_none_or(|words| words == "renewed"));
                if renewed && ends.of("R").is_none_or(|words| words == "0") {
                    return each_done_once(view, 1);
                }
                Err(format!("{:?} {:?} {:?}", ends.of("A"), ends.of("B"), ends.of("R")))
            })
            .holds();
    }
}

/// A task that is claimed long after its bucket's time, so that the bucket is removed once it is empty.
fn claimed_from_a_bucket_of_the_past(new: NewTask<'_>) -> (World, String) {
    let world = world_with(&["a", "w"], new);
    world.advance(60_000);
    let receipt = claimed(&world, "a").receipt;
    (world, receipt)
}

/// Hole 13: the bucket that a task goes back to is removed by a claimer who found it empty: "not found" means the
/// target, not the task.
#[test]
fn a_task_goes_back_though_its_bucket_is_removed_meanwhile() {
    for new in TASKS {
        for what in ["release", "retry", "reap"] {
            let (world, receipt) = claimed_from_a_bucket_of_the_past(new());
            if what == "reap" {
                world.holders().attach("a", Standard).unwrap().end(Standard).unwrap();
            }
            let scenario = watched(Scenario::new(format!("{what} into a removed bucket, id {:?}", new().id), &world))
                .actor("A", move |a| match what {
                    "release" => kind(a.queue("q").release(&receipt, Standard), "back"),
                    "retry" => kind(a.queue("q").retry(&receipt, 0, "", Standard), "back"),
                    _ => kind(a.queue("q").reap(Standard), "back"),
                })
                .crashes(2)
                .finally(|view, ends| match ends.of("A") {
                    Some("back") | None => each_done_once(view, 1),
                    other => Err(format!("{other:?}")),
                });
            worker(scenario, "W").holds();
        }
    }
}

/// Hole 13: the same for a push whose bucket is over before it gets there.
#[test]
fn a_push_lands_though_its_bucket_is_removed_meanwhile() {
    for new in TASKS {
        let world = empty_queue(&["w"]);
        let scenario = watched(Scenario::new(format!("push into a removed bucket, id {:?}", new().id), &world))
            .actor("P", move |a| kind(push(a, new(), Refuse), "pushed"))
            .actor("W", |a| a.queue("q").status().map(|status| status.ready))
            .clock("clock", |c| c.advance(10_000));
        // Looking makes nothing; a claim of a holder that lives removes what is empty and past.
        let scenario = scenario.actor("C", |a| {
            let holder = a.holders().attach("w", Standard)?;
            let tasks = a.queue("q").claim(&holder, 1, Some(LONG), Standard)?;
            leasehold_core::Result::Ok(tasks.len() as u64)
        });
        let scenario = scenario.crashes(0).finally(|view, ends| match ends.of("P") {
            Some("pushed") => each_done_once(view, 1),
            other => Err(format!("{other:?}")),
        });
        if new().id.is_none() {
            scenario.holds();
        } else {
            walks(scenario, 3_000)
        }
    }
}

/// An empty queue without a single bucket.
fn bare_queue(holders: &[&str]) -> World {
    let world = empty_queue(holders);
    remove_buckets(&world);
    assert!(world.view(|view| view.names("aristo/q-queue/pending").is_empty()));
    world
}

/// Removes the buckets that are empty, and their priority.
fn remove_buckets(a: &Actor) {
    if let Ok(priority) = a.dir("aristo/q-queue/pending").open_dir("5") {
        let mut buckets = Vec::new();
        priority.list(&mut |bucket, _| buckets.push(bucket.to_owned())).unwrap();
        buckets.iter().for_each(|bucket| drop(priority.remove_dir(bucket)));
        let _ = a.dir("aristo/q-queue/pending").remove_dir("5");
    }
}

/// Removes a directory of the queue, if it is empty at that moment.
fn remove(a: &Actor, name: &str) -> String {
    match a.dir("aristo/q-queue").remove_dir(name) {
        Ok(()) => "removed".into(),
        Err(error) => error.to_string(),
    }
}

const DIRECTORIES: [&str; 7] = ["pending", "claimed", "done", "dead", "notes", "ids", "tmp"];

/// Hole 13: a directory that somebody removes, as it was empty, is made again by whoever needs it: a worker neither
/// spins nor loses anything.
#[test]
fn a_worker_goes_on_though_somebody_removes_a_directory() {
    for new in TASKS {
        for name in DIRECTORIES {
            let world = world_with(&["w"], new());
            worker(watched(Scenario::new(format!("{name} removed from a worker, id {:?}", new().id), &world)), "W")
                .steady("X", move |a| remove(a, name))
                .crashes(2)
                .finally(|view, ends| match ends.of("W") {
                    Some("did x") | None => each_done_once(view, 1),
                    // The place where it stood is removed only when it stands there no more.
                    other => Err(format!("{other:?}")),
                })
                .holds();
        }
    }
}

/// Hole 13: the same for a push.
#[test]
fn a_push_goes_on_though_somebody_removes_a_directory() {
    for new in TASKS {
        for name in DIRECTORIES {
            let world = bare_queue(&[]);
            watched(Scenario::new(format!("{name} removed from a push, id {:?}", new().id), &world))
                .actor("P", move |a| kind(push(a, new(), Refuse), "pushed"))
                .steady("X", move |a| remove(a, name))
                .crashes(2)
                .finally(|view, ends| match (ends.of("P"), later(view)?.did.len()) {
                    (Some("pushed"), 1) | (None, 0 | 1) => Ok(()),
                    other => Err(format!("{other:?}")),
                })
                .holds();
        }
    }
}

/// Hole 13: the same for every act on a claim.
#[test]
fn an_act_on_a_claim_goes_on_though_somebody_removes_a_directory() {
    for new in TASKS {
        for name in DIRECTORIES {
            for what in ["done", "kept", "retry", "release", "bury"] {
                let world = world_with(&["a"], new());
                let receipt = claimed(&world, "a").receipt;
                watched(Scenario::new(format!("{name} removed from {what}, id {:?}", new().id), &world))
                    .actor("A", move |a| {
                        let queue = a.queue("q");
                        match what {
                            "done" => kind(queue.done(&receipt, None, Standard), "acted"),
                            "kept" => kind(queue.done(&receipt, Some(b"o"), Standard), "acted"),
                            "retry" => kind(queue.retry(&receipt, 0, "why", Standard), "acted"),
                            "release" => kind(queue.release(&receipt, Standard), "acted"),
                            _ => kind(queue.bury(&receipt, "why", Standard), "acted"),
                        }
                    })
                    .steady("X", move |a| {
                        if name == "pending" {
                            remove_buckets(a);
                        }
                        remove(a, name)
                    })
                    .crashes(2)
                    .finally(|view, ends| {
                        let later = later(view)?;
                        let count = later.did.len() + later.dead as usize + dones(view);
                        match ends.of("A") {
                            Some("acted") | None if count == 1 => Ok(()),
                            other => Err(format!("{other:?}, {later:?}")),
                        }
                    })
                    .holds();
            }
        }
    }
}

/// Hole 13: somebody removes the whole queue, directory after directory, while it is empty: a push that is under way
/// makes it again, and a worker of long standing finds what was pushed.
#[test]
fn a_queue_that_is_removed_whole_is_made_again() {
    for new in TASKS {
        let world = bare_queue(&["w"]);
        let scenario =
            watched(Scenario::new(format!("the whole queue removed, a push and a worker, id {:?}", new().id), &world))
                .actor("P", move |a| kind(push(a, new(), Refuse), "pushed"))
                .actor("W", |a| {
                    let holder = hold(a)?;
                    let queue = a.queue("q");
                    for _ in 0..2 {
                        if let Some(task) = queue.claim(&holder, 1, Some(LONG), Standard)?.pop() {
                            queue.done(&task.receipt, None, Standard)?;
                            return leasehold_core::Result::Ok("did");
                        }
                    }
                    Ok("nothing")
                })
                .steady("X", |a| {
                    let gone = DIRECTORIES.iter().filter(|name| remove(a, name) == "removed").count();
                    let whole = a.dir("aristo").remove_dir("q-queue").is_ok();
                    format!("{gone} {whole}")
                })
                .crashes(2)
                .finally(|view, ends| match (ends.of("P"), ends.of("W")) {
                    (Some("pushed"), Some("did" | "nothing") | None) => each_done_once(view, 1),
                    (None, Some("did" | "nothing") | None) => later(view).map(|_| ()),
                    other => Err(format!("{other:?}")),
                });
        walks(scenario, 6_000);
    }
}

/// Hole 13: `ids` and `tmp` are removed, as they are empty, and made again under a worker that has them open, while an id
/// is pushed: its ticket is not taken for void.
#[test]
fn an_id_is_found_though_its_directories_are_made_again_under_a_worker() {
    let world = bare_queue(&["w"]);
    let scenario = watched(Scenario::new("ids and tmp made again by a push, and a worker", &world))
        .actor("W", |a| {
            let holder = hold(a)?;
            let queue = a.queue("q");
            for _ in 0..2 {
                if let Some(task) = queue.claim(&holder, 1, Some(LONG), Standard)?.pop() {
                    queue.done(&task.receipt, None, Standard)?;
                    return leasehold_core::Result::Ok("did");
                }
            }
            Ok("nothing")
        })
        .actor("P", |a| {
            remove(a, "ids");
            remove(a, "tmp");
            kind(push(a, given("x", "x"), Refuse), "pushed")
        })
        .crashes(0)
        .finally(|view, ends| match (ends.of("P"), ends.of("W")) {
            (Some("pushed"), Some("did" | "nothing")) => each_done_once(view, 1),
            other => Err(format!("{other:?}")),
        });
    scenario.holds();
}

/// What is taken by a worker of long standing while directories come and go is given back or done.
#[test]
fn a_receipt_outlives_the_removal_of_what_is_empty() {
    let world = world_with(&["w"], task("x"));
    watched(Scenario::new("claim, removal, done", &world))
        .actor("W", take)
        .then("W", |a, words| match taken(words) {
            Some((receipt, _)) => kind(a.queue("q").done(receipt, Some(b"o"), Standard), "done"),
            None => "nothing",
        })
        .steady("X", |a| format!("{} {} {}", remove(a, "notes"), remove(a, "done"), remove(a, "dead")))
        .crashes(2)
        .finally(|view, ends| match ends.of("W") {
            Some("done") if later(view)?.done == 1 => Ok(()),
            None => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .holds();
}
