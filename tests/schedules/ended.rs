//! Claims of holders that end, die, are opened anew, or are not there at all.

use super::deeds::{LONG, given, hold, kind, push, take, taken, task, text, worker, world, world_with};
use super::laws::{dones, each_done_once, later, walks, watched};
use super::names;
use leasehold_core::Durability::Standard;
use leasehold_core::queue::NewTask;
use leasehold_core::queue::OnDuplicate::Refuse;
use leasehold_tests::sim::{Actor, Endings, Listings, Scenario, Verdict, View, World};

/// What is handed out belongs to an epoch that lived when it was looked at: a token that was handed out to an
/// epoch that is over is below the next one's, and the claim of an actor that was told `lost` is not kept.
fn nothing_kept(view: &View<'_>, ends: &Endings, who: &str) -> Verdict {
    if ends.of(who).is_some_and(|words| words.starts_with("error: lost")) {
        let held = view.below("aristo/q-queue").into_iter().filter_map(|path| names::task(&path));
        let who = who.to_lowercase();
        for task in held {
            if let names::Place::Claimed { holder, .. } = &task.place
                && *holder == who
            {
                return Err(format!("{who} was told that it is lost, and holds {task:?}"));
            }
        }
    }
    Ok(())
}

const TASKS: [fn() -> NewTask<'static>; 2] = [|| task("x"), || given("x", "x")];

/// Hole 8: W reads that it lives, O opens its next epoch, W's rename lands: it is given back, and W told that it is
/// lost.
#[test]
fn a_claim_of_a_holder_that_was_opened_anew_meanwhile_is_given_back() {
    for new in TASKS {
        for listings in [Listings::Atomic, Listings::Mixed] {
            let world = world_with(&["w"], new());
            worker(
                watched(Scenario::new(format!("claimed while opened anew, id {:?}, {listings:?}", new().id), &world)),
                "W",
            )
            .actor("O", |a| kind(a.holders().open("w", LONG, Standard), "opened"))
            .listings(listings)
            .crashes(2)
            .finally(|view, ends| {
                nothing_kept(view, ends, "W")?;
                each_done_once(view, 1)
            })
            .holds();
        }
    }
}

/// Hole 8: the same where the holder ends.
#[test]
fn a_claim_of_a_holder_that_ended_meanwhile_is_given_back() {
    for new in TASKS {
        let world = world_with(&["w"], new());
        worker(watched(Scenario::new(format!("claimed while ended, id {:?}", new().id), &world)), "W")
            .actor("E", |a| {
                let holder = a.holders().attach("w", Standard)?;
                holder.end(Standard).map(|()| "ended")
            })
            .crashes(2)
            .finally(|view, ends| {
                nothing_kept(view, ends, "W")?;
                each_done_once(view, 1)
            })
            .holds();
    }
}

/// Hole 8, with one who reaps and works: what W took and gave back, and what V took from W's dead epoch, is done
/// once.
#[test]
fn what_a_holder_claims_while_it_is_opened_anew_and_reaped_is_done_once() {
    let world = world_with(&["w", "v"], task("x"));
    worker(worker(watched(Scenario::new("claimed, opened anew, reaped", &world)), "W"), "V")
        .actor("O", |a| {
            a.holders().open("w", LONG, Standard)?;
            a.queue("q").reap(Standard).map(|reaped| reaped.len() as u64)
        })
        .crashes(2)
        .finally(|view, ends| {
            nothing_kept(view, ends, "W")?;
            each_done_once(view, 1)
        })
        .holds();
    let world = world_with(&["w", "v"], given("x", "x"));
    let scenario = worker(worker(watched(Scenario::new("an id claimed, opened anew, reaped", &world)), "W"), "V")
        .actor("O", |a| {
            a.holders().open("w", LONG, Standard)?;
            a.queue("q").reap(Standard).map(|reaped| reaped.len() as u64)
        })
        .crashes(2)
        .finally(|view, ends| {
            nothing_kept(view, ends, "W")?;
            each_done_once(view, 1)
        });
    walks(scenario, 4_000);
}

/// Crash recovery: a worker that is killed anywhere and starts again opens its next epoch, and has its tasks back at
/// once.
#[test]
fn a_worker_that_starts_again_has_what_it_held_back_at_once() {
    for new in TASKS {
        let world = world(&[]);
        push(&world, new(), Refuse).unwrap();
        let run = |a: &Actor| -> leasehold_core::Result<String> {
            let holder = a.holders().open("a", LONG, Standard)?;
            let queue = a.queue("q");
            match queue.claim(&holder, 1, None, Standard)?.pop() {
                None => Ok("nothing".into()),
                Some(task) => {
                    queue.done(&task.receipt, None, Standard).map(|()| format!("did {}", text(&task.payload)))
                }
            }
        };
        watched(Scenario::new(format!("killed and started again, id {:?}", new().id), &world))
            .actor("A", run)
            .restart("A", run)
            .crashes(2)
            .finally(|view, ends| match ends.of("A") {
                Some("did x") => each_done_once(view, 1),
                Some("nothing") if dones(view) == 1 => Ok(()),
                None => each_done_once(view, 1),
                other => Err(format!("{other:?}")),
            })
            .holds();
    }
}

/// A task is claimed by a holder that renews, while the clock runs past its deadline.
fn claimed_by_one_who_may_be_late(new: NewTask<'_>) -> (World, String) {
    let world = world_with(&["a"], new);
    let holder = world.holders().attach("a", Standard).unwrap();
    let task = world.queue("q").claim(&holder, 1, Some(100 * LONG), Standard).unwrap().remove(0);
    (world, task.receipt)
}

/// Hole 11: the clock jumps past the holder's deadline; whoever reaps declares it dead by a swap first, which fails
/// if the holder renewed. So nothing is taken from one who was told that it lives.
#[test]
fn a_late_holder_learns_of_its_death_before_anything_is_taken_from_it() {
    for (new, clock) in TASKS.into_iter().zip(["jumps", "runs"]) {
        let (world, receipt) = claimed_by_one_who_may_be_late(new());
        watched(Scenario::new(format!("late while the clock {clock}, id {:?}", new().id), &world))
            .actor("A", move |a| {
                // Renewed: it lives for another `LONG` from now.
                hold(a)?;
                a.log("renewed", 1);
                a.queue("q").extend(&receipt, LONG, Standard)?;
                a.log("extended", 1);
                leasehold_core::Result::Ok("extended")
            })
            .actor("R", |a| a.queue("q").reap(Standard).map(|reaped| reaped.len() as u64))
            .clock("clock", move |c| if clock == "jumps" { c.jump(LONG as i64 + 1) } else { c.advance(LONG + 1) })
            .crashes(2)
            .finally(|view, _| each_done_once(view, 1))
            .holds();
    }
}

/// Hole 14: a claim whose holder was never born, as btrfs may bring it back, is taken; in a store that cannot be
/// known to be one, nothing is.
#[test]
fn a_claim_whose_holder_is_not_there_is_taken_only_under_a_marked_store() {
    for (marked, new) in [(true, TASKS[0]), (true, TASKS[1]), (false, TASKS[0])] {
        let (world, _) = claimed_by_one_who_may_be_late(new());
        let holders = world.dir("holders");
        let key = leasehold_core::capability::Directory::open_dir(&holders, "a").unwrap();
        let token = world.view(|view| view.names("holders/a").remove(0));
        leasehold_core::capability::Directory::unlink(&key, &token).unwrap();
        leasehold_core::capability::Directory::remove_dir(&holders, "a").unwrap();
        if !marked {
            leasehold_core::capability::Directory::unlink(&holders, "format").unwrap();
        }
        let reap = |a: &Actor| a.queue("q").reap(Standard).map(|reaped| reaped.len() as u64);
        watched(Scenario::new(format!("an absent holder, marked {marked}, id {:?}", new().id), &world))
            .actor("R", reap)
            .actor("S", reap)
            .crashes(2)
            .finally(move |view, ends| {
                let reaped: u64 = ["R", "S"].iter().filter_map(|a| ends.of(a)?.parse::<u64>().ok()).sum();
                match (marked, reaped) {
                    (true, 0 | 1) if ends.all_ended() == (reaped == 1) || !ends.all_ended() => each_done_once(view, 1),
                    (false, 0) => Ok(()),
                    other => Err(format!("{other:?}")),
                }
            })
            .holds();
    }
}

/// Hole 14: who opens the holder anew while its absence is read as death: the claim is taken all the same, and the
/// new epoch holds nothing of it.
#[test]
fn a_holder_that_is_born_while_its_absence_is_judged_holds_nothing_of_the_past() {
    let (world, _) = claimed_by_one_who_may_be_late(task("x"));
    world.holders().attach("a", Standard).unwrap().end(Standard).unwrap();
    world.advance(LONG);
    watched(Scenario::new("swept, opened anew and reaped", &world))
        .actor("S", |a| leasehold_core::maintenance::Maintenance::new(None, Some(a.holders())).sweep(LONG / 2))
        .actor("R", |a| a.queue("q").reap(Standard).map(|reaped| reaped.len() as u64))
        .actor("O", |a| kind(a.holders().open("a", LONG, Standard), "opened"))
        .crashes(0)
        .finally(|view, ends| match ends.of("R") {
            Some("1") => each_done_once(view, 1),
            other => Err(format!("{other:?}")),
        })
        .holds();
}

/// Hole 15: the rename wins and its instance stops, while the holder lives on: the claim has a deadline of its own.
#[test]
fn a_claim_that_its_living_holder_never_learnt_of_comes_back_by_its_own_deadline() {
    for new in TASKS {
        let world = world_with(&["a"], new());
        watched(Scenario::new(format!("a claim without an answer, id {:?}", new().id), &world))
            .actor("A", |a| {
                let holder = hold(a)?;
                a.queue("q").claim(&holder, 1, None, Standard)?;
                leasehold_core::Result::Ok("claimed")
            })
            .crashes(2)
            .finally(|view, _| {
                let world = view.world();
                let holder = world.holders().attach("a", Standard).map_err(|error| error.to_string())?;
                // The holder lives through all of it.
                for _ in 0..3 {
                    world.advance(LONG / 2);
                    holder.renew(Standard).map_err(|error| error.to_string())?;
                }
                let worker = world.holders().open("b", LONG, Standard).map_err(|error| error.to_string())?;
                let tasks = world.queue("q").claim(&worker, 1, None, Standard).map_err(|error| error.to_string())?;
                match &tasks[..] {
                    [task] if task.attempt <= 2 => Ok(()),
                    other => Err(format!("{other:?}")),
                }
            })
            .holds();
    }
}

/// Hole 15: reaping counts the attempt, so that a task which kills its worker ends dead, however it is killed.
#[test]
fn a_task_that_kills_every_worker_ends_dead() {
    for id in [None, Some("x")] {
        let world = world(&[]);
        let poison = NewTask { id, payload: b"poison", max_attempts: Some(2), ..NewTask::default() };
        push(&world, poison, Refuse).unwrap();
        let run = |a: &Actor| -> leasehold_core::Result<&'static str> {
            let holder = a.holders().open("a", LONG, Standard)?;
            match a.queue("q").claim(&holder, 1, None, Standard)?.pop() {
                None => Ok("nothing"),
                // The worker is killed by it: it never says what became of it.
                Some(task) => Ok(if task.attempt == 1 { "first" } else { "second" }),
            }
        };
        watched(Scenario::new(format!("a poisonous task, id {id:?}"), &world))
            .actor("A", run)
            .then("A", move |a, _| run(a))
            .then("A", move |a, _| run(a))
            .actor("B", |a| a.queue("q").reap(Standard).map(|reaped| reaped.len() as u64))
            .crashes(2)
            .finally(|view, ends| {
                let later = later(view)?;
                let attempts = view.log().iter().filter(|event| event.what.starts_with("claim ")).count();
                match (ends.of("A"), attempts, later.dead, later.did.len()) {
                    (_, 2, 1, 0) => Ok(()),
                    // Killed earlier, or reaped too late for it: a later worker has an attempt left.
                    (_, 0 | 1, 0, 1) => Ok(()),
                    other => Err(format!("{other:?}")),
                }
            })
            .holds();
    }
}

/// Hole 16: the clock jumps forward and back while two instances look on: a long-lived one takes nothing from a holder
/// that renews, though a fresh one may (fencing covers that).
#[test]
fn a_long_lived_instance_takes_nothing_from_one_who_renews_when_the_clock_jumps() {
    for jump in [LONG as i64 * 3, -(LONG as i64) * 3] {
        let (world, _) = claimed_by_one_who_may_be_late(task("x"));
        Scenario::new(format!("the clock jumps by {jump}, a long-lived instance"), &world)
            .observe(super::laws::witness)
            .actor("A", |a| {
                let holder = hold(a)?;
                holder.renew(Standard).map(|_| "renewed")
            })
            .actor("R", |a| {
                let queue = a.queue("q");
                // It has looked at the clocks before they are moved, or not: whichever comes first.
                let first = queue.reap(Standard)?.len();
                a.log("looked", 1);
                let second = queue.reap(Standard)?.len();
                leasehold_core::Result::Ok(format!("{first} {second}"))
            })
            .clock("clock", move |c| c.jump(jump))
            .always(|view| {
                // Once it has looked at the old clock, nothing is taken.
                let logged: Vec<&str> = view.log().iter().map(|event| event.what.as_str()).collect();
                match logged.iter().position(|what| *what == "looked") {
                    Some(at) if logged[at..].iter().any(|what| what.starts_with("taken")) => {
                        Err("taken by one who knows that the clock has jumped".into())
                    }
                    _ => Ok(()),
                }
            })
            .crashes(2)
            .finally(move |view, ends| match (ends.of("R"), jump > 0) {
                (Some("0 0") | None, _) | (Some("1 0"), true) => each_done_once(view, 1),
                other => Err(format!("{other:?}")),
            })
            .holds();
    }
}

/// Hole 16: the dead do not stay when the clock falls: whoever watches a name stand still for its whole time on the
/// monotonic clock takes it.
#[test]
fn the_dead_do_not_outlive_a_clock_that_fell() {
    let (world, _) = claimed_by_one_who_may_be_late(task("x"));
    watched(Scenario::new("the clock falls, and a dead holder is watched", &world))
        .actor("R", |a| {
            let queue = a.queue("q");
            let mut reaped = 0;
            for _ in 0..3 {
                reaped += queue.reap(Standard)?.len() as u64;
            }
            leasehold_core::Result::Ok(reaped)
        })
        .clock("clock", |c| {
            c.jump(-3 * LONG as i64);
            c.advance(LONG + 1);
        })
        .always(|view| match view.log().last() {
            // Nothing is taken before its time to live has passed on the monotonic clock.
            Some(event)
                if event.what.starts_with("taken ") && view.now_ms() < leasehold_tests::sim::START_MS - 2 * LONG =>
            {
                Err(event.to_string())
            }
            _ => Ok(()),
        })
        .crashes(2)
        .finally(|view, _| {
            let world = view.world();
            let queue = world.queue("q");
            for _ in 0..3 {
                queue.reap(Standard).map_err(|error| error.to_string())?;
                world.advance(LONG + 1);
            }
            let status = queue.status().map_err(|error| error.to_string())?;
            if status.ready == 1 { Ok(()) } else { Err(format!("{status:?}")) }
        })
        .holds();
}

/// What a killed worker held is taken while it is claimed by its own deadline: two reapers, a worker.
#[test]
fn a_claim_that_ran_out_is_taken_once() {
    for new in TASKS {
        let world = world_with(&["a", "w"], new());
        let holder = world.holders().attach("a", Standard).unwrap();
        let receipt = world.queue("q").claim(&holder, 1, Some(1), Standard).unwrap().remove(0).receipt;
        world.advance(10);
        watched(Scenario::new(format!("a claim that ran out, id {:?}", new().id), &world))
            .actor("A", move |a| kind(a.queue("q").done(&receipt, None, Standard), "done"))
            .actor("W", take)
            .then("W", |a, words| match taken(words) {
                Some((receipt, _)) => kind(a.queue("q").done(receipt, None, Standard), "done"),
                None => "nothing",
            })
            .crashes(2)
            .finally(|view, ends| {
                if ends.count("done") > 1 {
                    return Err("it was done twice".into());
                }
                each_done_once(view, 1)
            })
            .holds();
    }
}

/// Two workers race for one task.
#[test]
fn of_two_workers_and_one_task_one_does_it() {
    for (new, listings) in [(TASKS[0], Listings::Atomic), (TASKS[0], Listings::Btrfs), (TASKS[1], Listings::Atomic)] {
        let world = world_with(&["w", "v"], new());
        let name = format!("two workers, one task, id {:?}, {listings:?}", new().id);
        worker(worker(watched(Scenario::new(name, &world)), "W"), "V")
            .listings(listings)
            .crashes(2)
            .finally(|view, _| each_done_once(view, 1))
            .holds();
    }
    let world = world_with(&["w", "v", "u"], given("x", "x"));
    let scenario =
        watched(Scenario::new("three workers, one task with an id", &world)).listings(Listings::Btrfs).crashes(2);
    let scenario = worker(worker(worker(scenario, "W"), "V"), "U").finally(|view, _| each_done_once(view, 1));
    walks(scenario, 4_000);
}
