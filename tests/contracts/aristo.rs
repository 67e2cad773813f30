//! The contract of aristo's queue, restated, and each of its known bugs as a test that fails where the bug is.
//!
//! The numbers are those of `docs/contracts.md`. What aristo names enqueue, pop, submit, requeue and reap is push, claim,
//! done, release and reap here.

use crate::support::{MINUTE_MS, claim, counts, given, push, push_given, remove, scene, task};
use leasehold_core::Durability::Standard;
use leasehold_core::Error;
use leasehold_core::queue::{OnDuplicate, TaskState};
use leasehold_tests::sim::{Actor, Cut, Disk, Scenario, World};

const PENDING: &str = "aristo/mail-queue/pending";

#[test]
fn contract_a_push_then_claim_drains_and_says_so() {
    let (world, queue, holder) = scene();
    assert!(claim(&queue, &holder).is_none(), "nothing was pushed");
    push_given(&queue, "a", b"task = 'a'");
    push_given(&queue, "b", b"task = 'b'");
    assert_eq!(counts(&queue)[0], 2);
    let first = claim(&queue, &holder).unwrap();
    let second = claim(&queue, &holder).unwrap();
    assert_ne!(first.id, second.id);
    assert!(claim(&queue, &holder).is_none());
    queue.done(&first.receipt, None, Standard).unwrap();
    assert_eq!(counts(&queue)[2], 1);
    queue.release(&second.receipt, Standard).unwrap();
    assert_eq!(counts(&queue)[..3], [1, 0, 0]);
    assert!(queue.reap(Standard).unwrap().is_empty(), "nothing is stale");
    let again = claim(&queue, &holder).unwrap();
    world.advance(11 * MINUTE_MS);
    assert_eq!(queue.reap(Standard).unwrap(), [again.id]);
}

#[test]
fn contract_a_pipelines_are_apart() {
    let (world, queue, holder) = scene();
    push(&queue, b"verify");
    assert!(claim(&world.queue("critique"), &holder).is_none());
    assert!(claim(&queue, &holder).is_some());
}

/// A1: what is being written is claimed, or claimed in part.
#[test]
fn a1_no_claim_sees_a_push_that_is_under_way() {
    let world = World::new();
    world.holders().open("w", MINUTE_MS, Standard).unwrap();
    push(&world.queue("mail"), b"first");
    Scenario::new("A1 push against claim", &world)
        .actor("E", |actor: &Actor| {
            actor.queue("mail").push(&[task(b"whole payload")], OnDuplicate::Refuse, Standard).is_ok()
        })
        .actor("P", |actor: &Actor| {
            let holder = actor.holders().attach("w", Standard).unwrap();
            let tasks = actor.queue("mail").claim(&holder, 10, None, Standard).unwrap();
            for task in &tasks {
                assert!(matches!(task.payload.as_slice(), b"first" | b"whole payload"), "{:?}", task.payload);
            }
            tasks.len() as u64
        })
        .crashes(1)
        .finally(|view, ends| {
            if ends.of("E").is_some_and(|end| end != "true") {
                return Err(format!("the push failed: {:?}", ends.of("E")));
            }
            // The debris of a killed push never makes a reap fail, nor keeps the queue from draining.
            let later = view.world();
            later.advance(60 * MINUTE_MS);
            let queue = later.queue("mail");
            queue.reap(Standard).map_err(|error| error.to_string())?;
            let holder = later.holders().open("later", MINUTE_MS, Standard).unwrap();
            while let Some(task) = claim(&queue, &holder) {
                queue.done(&task.receipt, None, Standard).unwrap();
            }
            if counts(&queue) == [0; 5] { Ok(()) } else { Err(format!("never drained: {:?}", counts(&queue))) }
        })
        .holds();
}

/// A1, the temporary files of others.
#[test]
fn a1_temporary_files_in_pending_are_never_tasks() {
    let (world, queue, holder) = scene();
    world.directory(PENDING);
    world.file(&format!("{PENDING}/x.toml.tmp"), b"half");
    world.advance(9 * MINUTE_MS);
    assert!(claim(&queue, &holder).is_none());
    assert!(queue.reap(Standard).unwrap().is_empty());
    assert_eq!(counts(&queue), [0; 5], "and they do not keep the queue from being drained");
}

/// A2: ids that meet in one file, or are read back as others.
#[test]
fn a2_ids_stay_apart_and_come_back_as_they_were() {
    let (_world, queue, holder) = scene();
    let ids = ["foo__bar", "foo:bar", "aristos__x", "aristos:x", "aret_Ab12", "aret_aB12", "x.toml", "x"];
    for id in ids {
        push_given(&queue, id, id.as_bytes());
    }
    for id in ids {
        let task = claim(&queue, &holder).unwrap();
        assert_eq!((task.id.as_str(), task.payload.as_slice()), (id, id.as_bytes()));
        queue.done(&task.receipt, None, Standard).unwrap();
    }
}

/// A3: the age of a claim runs from the push.
#[test]
fn a3_a_claim_is_as_old_as_the_claim_and_not_as_the_task() {
    let (world, queue, _) = scene();
    push(&queue, b"a");
    world.advance(120 * MINUTE_MS);
    let holder = world.holders().open("w", 600 * MINUTE_MS, Standard).unwrap();
    let task = queue.claim(&holder, 1, Some(30 * MINUTE_MS), Standard).unwrap().remove(0);
    world.advance(29 * MINUTE_MS);
    assert!(queue.reap(Standard).unwrap().is_empty());
    queue.done(&task.receipt, None, Standard).unwrap();
}

/// A3, the clock: a step reaps all, and a time in the future is never reaped.
#[test]
fn a3_a_step_of_the_clock_reaps_nobody_who_lives_and_saves_nobody_who_is_dead() {
    let (world, queue, holder) = scene();
    push(&queue, b"a");
    push(&queue, b"b");
    let task = queue.claim(&holder, 1, Some(5 * MINUTE_MS), Standard).unwrap().remove(0);
    assert!(queue.reap(Standard).unwrap().is_empty());
    world.jump(24 * 60 * 60_000);
    assert!(queue.reap(Standard).unwrap().is_empty(), "the clock stepped, the holder did not die");
    holder.renew(Standard).unwrap();
    queue.extend(&task.receipt, 5 * MINUTE_MS, Standard).unwrap();
    world.advance(4 * MINUTE_MS);
    assert!(queue.reap(Standard).unwrap().is_empty());

    let other = queue.claim(&holder, 1, Some(MINUTE_MS), Standard).unwrap().remove(0);
    world.jump(-48 * 60 * 60_000);
    let fresh = world.queue("mail");
    assert!(fresh.reap(Standard).unwrap().is_empty(), "both claims were made in the future");
    world.advance(20 * MINUTE_MS);
    let mut reaped = fresh.reap(Standard).unwrap();
    reaped.sort();
    let mut ids = [task.id, other.id];
    ids.sort();
    assert_eq!(reaped, ids, "they have stood for longer than they were to last");
}

/// A4: the reaper judges one claim and takes another of the same id.
#[test]
fn a4_a_reap_takes_the_claim_that_it_judged_and_no_later_one() {
    let world = World::new();
    let first = world.holders().open("first", MINUTE_MS, Standard).unwrap();
    world.holders().open("second", 60 * MINUTE_MS, Standard).unwrap();
    let queue = world.queue("mail");
    push_given(&queue, "x", b"1");
    let receipt = claim(&queue, &first).unwrap().receipt;
    world.advance(2 * MINUTE_MS);
    Scenario::new("A4 reap against done, push again, claim again", &world)
        .actor("R", |actor: &Actor| actor.queue("mail").reap(Standard).map(|ids| ids.len() as u64))
        .actor("W", move |actor: &Actor| {
            let queue = actor.queue("mail");
            if queue.done(&receipt, None, Standard).is_err() {
                return "first was reaped".to_string();
            }
            queue.push(&[given("x", b"2")], OnDuplicate::Refuse, Standard).unwrap();
            let second = actor.holders().attach("second", Standard).unwrap();
            let task = claim(&queue, &second).unwrap();
            assert_eq!(task.payload, b"2");
            let done = queue.done(&task.receipt, None, Standard);
            format!("second: {}", done.is_ok())
        })
        .crashes(0)
        .finally(|_, ends| match ends.of("W") {
            Some("first was reaped" | "second: true") => Ok(()),
            other => Err(format!("a live claim was taken: {other:?}")),
        })
        .holds();
}

/// A5: whoever was reaped finishes a claim that is not his.
#[test]
fn a5_a_reaped_claim_finishes_nothing() {
    for id in [None, Some("x")] {
        let (world, queue, holder) = scene();
        queue.push(&[leasehold_core::queue::NewTask { id, ..task(b"x") }], OnDuplicate::Refuse, Standard).unwrap();
        let first = queue.claim(&holder, 1, Some(1_000), Standard).unwrap().remove(0);
        world.advance(1_001);
        queue.reap(Standard).unwrap();
        assert!(matches!(queue.done(&first.receipt, None, Standard), Err(Error::Lost(_))), "it is pending");
        let second = claim(&queue, &holder).unwrap();
        assert!(matches!(queue.done(&first.receipt, None, Standard), Err(Error::Lost(_))), "another has it");
        assert_eq!(counts(&queue)[2], 1);
        queue.done(&second.receipt, None, Standard).unwrap();
    }
}

/// A6: pushing an id again while it is claimed makes two of it, and the second claim overwrites the first.
#[test]
fn a6_an_id_that_is_claimed_is_not_pushed_again() {
    let (_world, queue, holder) = scene();
    push_given(&queue, "x", b"1");
    let task = claim(&queue, &holder).unwrap();
    assert!(queue.push(&[given("x", b"2")], OnDuplicate::Refuse, Standard).is_err());
    assert!(queue.push(&[given("x", b"2")], OnDuplicate::Replace, Standard).is_err());
    queue.push(&[given("x", b"2")], OnDuplicate::Keep, Standard).unwrap();
    assert!(claim(&queue, &holder).is_none());
    queue.done(&task.receipt, None, Standard).unwrap();
}

/// A7: a reaper that moves the task between claim and read makes the claim fail; a kill there orphans it; a sweep
/// aborts on what vanished.
#[test]
fn a7_claims_reaps_and_dones_at_once_fail_nobody_and_lose_nothing() {
    let world = World::new();
    let queue = world.queue("mail");
    let dead = world.holders().open("dead", 1_000, Standard).unwrap();
    world.holders().open("w", 60 * MINUTE_MS, Standard).unwrap();
    for payload in [b"1", b"2"] {
        push(&queue, payload);
    }
    claim(&queue, &dead).unwrap();
    world.advance(2_000);
    let worker = |actor: &Actor| {
        let holder = actor.holders().attach("w", Standard)?;
        let queue = actor.queue("mail");
        let tasks = queue.claim(&holder, 1, None, Standard)?;
        for task in &tasks {
            queue.done(&task.receipt, None, Standard)?;
        }
        Ok::<u64, Error>(tasks.len() as u64)
    };
    Scenario::new("A7 two workers and a reaper", &world)
        .actor("P", worker)
        .actor("Q", worker)
        .actor("R", |actor: &Actor| actor.queue("mail").reap(Standard).map(|ids| ids.len() as u64))
        .crashes(1)
        .finally(|view, ends| {
            for actor in ["P", "Q", "R"] {
                if let Some(end) = ends.of(actor).filter(|end| end.starts_with("error")) {
                    return Err(format!("{actor}: {end}"));
                }
            }
            let done: u64 = ["P", "Q"].iter().filter_map(|actor| ends.of(actor)?.parse::<u64>().ok()).sum();
            let later = view.world();
            later.advance(60 * MINUTE_MS);
            let queue = later.queue("mail");
            let holder = later.holders().open("later", MINUTE_MS, Standard).unwrap();
            let left = queue.claim(&holder, 10, None, Standard).unwrap().len() as u64;
            // A worker that was killed may have finished its one task without saying so.
            let crashed = ["P", "Q"].iter().filter(|actor| ends.of(actor).is_none()).count() as u64;
            if (2 - crashed..=2).contains(&(left + done)) { Ok(()) } else { Err(format!("{left} left, {done} done")) }
        })
        .holds();
}

/// A8: `claimed/` removed makes claims spin for ever.
#[test]
fn a8_directories_that_somebody_removes_are_made_again() {
    for removed in ["claimed", "pending", "tmp", "notes", "ids", "done", "dead"] {
        let (world, queue, holder) = scene();
        push(&queue, b"warm");
        let task = claim(&queue, &holder).unwrap();
        queue.done(&task.receipt, None, Standard).unwrap();
        remove(&world, &format!("aristo/mail-queue/{removed}"));
        push(&queue, b"a");
        push_given(&queue, "b", b"b");
        for _ in 0..2 {
            let task = claim(&queue, &holder).unwrap_or_else(|| panic!("nothing to claim without {removed}"));
            queue.done(&task.receipt, Some(b"kept"), Standard).unwrap();
        }
        assert_eq!(counts(&queue), [0, 0, 0, 0, 2], "without {removed}");
    }
    let (world, queue, holder) = scene();
    push(&queue, b"gone");
    remove(&world, "aristo/mail-queue");
    assert!(claim(&queue, &holder).is_none(), "it is gone, and that is no error");
    push(&queue, b"new");
    assert_eq!(claim(&queue, &holder).unwrap().payload, b"new");
}

/// A9: two pushes of one id share a temporary file.
#[test]
fn a9_two_pushes_of_one_id_make_one_whole_task() {
    let world = World::new();
    world.queue("mail").push(&[task(b"scene")], OnDuplicate::Refuse, Standard).unwrap();
    let pusher = |payload: &'static [u8]| {
        move |actor: &Actor| actor.queue("mail").push(&[given("x", payload)], OnDuplicate::Refuse, Standard).is_ok()
    };
    Scenario::new("A9 two pushes of one id", &world)
        .actor("P", pusher(b"from P"))
        .actor("Q", pusher(b"from Q, longer"))
        .crashes(1)
        .finally(|view, ends| {
            let later = view.world();
            let queue = later.queue("mail");
            let holder = later.holders().open("later", MINUTE_MS, Standard).unwrap();
            let tasks = queue.claim(&holder, 10, None, Standard).unwrap();
            let given: Vec<_> = tasks.iter().filter(|task| task.id == "x").collect();
            let winners = ends.count("true");
            match given.as_slice() {
                [] if winners == 0 => Ok(()),
                [one] if winners <= 1 && matches!(one.payload.as_slice(), b"from P" | b"from Q, longer") => Ok(()),
                _ => Err(format!("{winners} pushes won and {} tasks stand", given.len())),
            }
        })
        .holds();
}

/// A9, content: any bytes are a payload, and what a power cut emptied is never handed out as one.
#[test]
fn a9_any_bytes_are_a_payload_and_an_emptied_file_is_none() {
    let (world, queue, holder) = scene();
    push(&queue, b"\xff\xfe\0not utf-8");
    let task = claim(&queue, &holder).unwrap();
    assert_eq!(task.payload, b"\xff\xfe\0not utf-8");
    queue.done(&task.receipt, None, Standard).unwrap();

    queue
        .push(&[super::support::task(b"unsynced")], OnDuplicate::Refuse, leasehold_core::Durability::Unsynced)
        .unwrap();
    let acknowledged = push(&queue, b"synced");
    for seed in 0..64 {
        let after = world.power_cut(Cut::Seed(seed), Disk::Btrfs);
        let queue = after.queue("mail");
        let holder = after.holders().open("worker", MINUTE_MS, Standard).unwrap();
        let tasks = queue.claim(&holder, 10, None, Standard).unwrap();
        assert!(
            tasks.iter().any(|task| task.id == acknowledged && task.payload == b"synced"),
            "seed {seed}: {tasks:?} {}",
            after.view(|v| v.tree())
        );
        for task in &tasks {
            assert!(matches!(task.payload.as_slice(), b"unsynced" | b"synced"), "seed {seed}: {:?}", task.payload);
        }
        let _ = queue.list(TaskState::Dead, None, 10).unwrap();
    }
}
