//! Directories that somebody removes and another makes again, under an instance that has them open; and what is on
//! the disk when a call says so.

use crate::support::{MINUTE_MS, claim, given, payloads, push, push_given, remove, scene, task};
use leasehold_core::Durability::{Standard, Synced, Unsynced};
use leasehold_core::Error;
use leasehold_core::capability::FsError;
use leasehold_core::queue::{OnDuplicate, TaskState};
use leasehold_tests::sim::{Cut, Disk, World};

const QUEUE: &str = "aristo/mail-queue";

/// Where tickets stand.
fn tickets(world: &World) -> Vec<String> {
    let below = world.view(|view| view.below(QUEUE));
    below.into_iter().filter(|path| path.ends_with(".x") && !path.starts_with("ids")).collect()
}

/// Removes these directories and makes them again, as somebody else may.
fn replace(world: &World, names: &[&str]) {
    for name in names {
        remove(world, &format!("{QUEUE}/{name}"));
        world.directory(&format!("{QUEUE}/{name}"));
    }
}

#[test]
fn a_task_in_an_ids_that_was_made_again_is_claimed_and_keeps_its_ticket() {
    let (world, queue, holder) = scene();
    push(&queue, b"first");
    assert_eq!(payloads(&queue, &holder), ["first"]);
    replace(&world, &["ids"]);
    push_given(&world.queue("mail"), "x", b"x");
    assert_eq!(payloads(&queue, &holder), ["x"]);
    assert_eq!(tickets(&world).len(), 1);
}

#[test]
fn a_ticket_of_a_claim_in_an_ids_that_was_made_again_is_left_by_who_reaps() {
    let (world, queue, _holder) = scene();
    push(&queue, b"a");
    let stale = world.queue("mail");
    stale.status().unwrap();
    replace(&world, &["ids"]);
    let holder = world.holders().open("other", MINUTE_MS, Standard).unwrap();
    push_given(&world.queue("mail"), "x", b"x");
    assert_eq!(world.queue("mail").claim(&holder, 2, None, Standard).unwrap().len(), 2);
    assert!(stale.reap(Standard).unwrap().is_empty());
    assert_eq!(tickets(&world).len(), 1);
    holder.end(Standard).unwrap();
    assert_eq!(stale.reap(Standard).unwrap().len(), 2, "it has opened all again by name");
}

#[test]
fn a_ticket_whose_task_is_being_born_out_of_a_tmp_that_was_made_again_is_left() {
    let (world, queue, holder) = scene();
    push(&queue, b"first");
    assert_eq!(payloads(&queue, &holder), ["first"]);
    replace(&world, &["tmp"]);
    let copy = world.copy();
    copy.record();
    push_given(&copy.queue("mail"), "x", b"x");
    let birth = copy.recorded().iter().position(|step| step.starts_with("rename") && step.contains("/ids/x"));
    world.stop_after(birth.unwrap() as u64);
    assert!(world.queue("mail").push(&[given("x", b"x")], OnDuplicate::Refuse, Standard).is_err());
    world.go_on();
    assert_eq!(tickets(&world).len(), 1);
    assert!(claim(&queue, &holder).is_none());
    assert_eq!(tickets(&world).len(), 1, "its maker may only be slow");
}

#[test]
fn a_sweep_gives_a_ticket_to_a_task_that_lost_it() {
    let (world, queue, holder) = scene();
    push_given(&queue, "x", b"x");
    remove(&world, &format!("{QUEUE}/pending/5"));
    assert!(claim(&queue, &holder).is_none());
    assert_eq!(world.maintenance().sweep(MINUTE_MS).unwrap(), 1);
    assert_eq!(world.maintenance().sweep(MINUTE_MS).unwrap(), 0);
    assert_eq!(payloads(&queue, &holder), ["x"]);
}

#[test]
fn what_is_pushed_into_a_pending_that_was_made_again_is_on_the_disk() {
    for batch in [1, 3] {
        let (world, queue, _) = scene();
        push(&queue, b"first");
        remove(&world, &format!("{QUEUE}/pending"));
        queue.push(&vec![task(b"second"); batch], OnDuplicate::Refuse, Standard).unwrap();
        let after = world.power_cut(Cut::Least, Disk::Whole);
        let holder = after.holders().open("later", MINUTE_MS, Standard).unwrap();
        assert_eq!(payloads(&after.queue("mail"), &holder), vec!["second"; batch]);
    }
}

/// A sync that fails is not taken for done by the next push.
#[test]
fn a_push_after_one_whose_sync_failed_syncs_the_directories_above() {
    let scene = World::new();
    scene.queue("mail").push(&[task(b"unsynced")], OnDuplicate::Refuse, Unsynced).unwrap();
    let synced = |world: &World| {
        let recorded = world.recorded();
        let at = |path: &str| recorded.iter().position(|step| step.starts_with(&format!("sync directory {path} =>")));
        (at(QUEUE), at("aristo"))
    };
    let copy = scene.copy();
    copy.record();
    push(&copy.queue("mail"), b"first");
    let (of_queue, of_store) = synced(&copy);
    for n in [of_queue.unwrap(), of_store.unwrap()] {
        let world = scene.copy();
        let queue = world.queue("mail");
        world.fail_after(n as u64, FsError::Other("input/output error".into()));
        assert!(queue.push(&[task(b"first")], OnDuplicate::Refuse, Standard).is_err());
        world.record();
        push(&queue, b"second");
        assert!(matches!(synced(&world), (Some(_), Some(_))));
        push(&queue, b"third");
        assert_eq!(synced(&world), (None, None), "once is enough");
    }
}

#[test]
fn a_task_that_is_kept_by_a_synced_push_is_on_the_disk() {
    let (world, queue, _) = scene();
    push(&queue, b"first");
    queue.push(&[given("x", b"x")], OnDuplicate::Refuse, Unsynced).unwrap();
    world.queue("mail").push(&[given("x", b"again")], OnDuplicate::Keep, Synced).unwrap();
    let after = world.power_cut(Cut::Least, Disk::Whole);
    let holder = after.holders().open("later", MINUTE_MS, Standard).unwrap();
    assert_eq!(payloads(&after.queue("mail"), &holder), ["first", "x"]);
}

#[test]
fn what_is_reaped_and_synced_is_on_the_disk() {
    let (world, queue, holder) = scene();
    push(&queue, b"a");
    push_given(&queue, "x", b"x");
    assert_eq!(queue.claim(&holder, 2, None, Synced).unwrap().len(), 2);
    holder.end(Synced).unwrap();
    world.advance(MINUTE_MS);
    remove(&world, &format!("{QUEUE}/pending"));
    assert_eq!(queue.reap(Synced).unwrap().len(), 2);
    let after = world.power_cut(Cut::Least, Disk::Whole);
    let states: Vec<_> =
        ["pending/5", "ids/x"].iter().map(|path| after.view(|view| view.below(&format!("{QUEUE}/{path}")))).collect();
    assert!(states.iter().all(|names| names.iter().any(|name| name.ends_with(".p"))), "{states:?}");
    assert_eq!(after.queue("mail").list(TaskState::Ready, None, 10).unwrap().tasks.len(), 2);
}

/// Removes the content directory of the task `x`.
fn remove_content(world: &World) {
    let content = world.view(|view| view.names(&format!("{QUEUE}/ids/x")).into_iter().find(|n| n.starts_with("c.")));
    remove(world, &format!("{QUEUE}/ids/x/{}", content.unwrap()));
}

#[test]
fn a_task_whose_content_somebody_removed_is_named_set_aside_and_can_be_pushed_again() {
    for on_duplicate in [OnDuplicate::Replace, OnDuplicate::Refuse] {
        let (world, queue, holder) = scene();
        push_given(&queue, "x", b"1");
        let token = queue.peek("x").unwrap().info.token;
        remove_content(&world);
        let found = world.maintenance().check().unwrap();
        assert!(found.iter().any(|finding| finding.problem.contains("content")), "{found:?}");
        if on_duplicate == OnDuplicate::Refuse {
            assert!(claim(&queue, &holder).is_none());
            assert_eq!(queue.list(TaskState::Dead, None, 10).unwrap().tasks[0].id, "x");
        }
        queue.push(&[given("x", b"2")], on_duplicate, Standard).unwrap();
        let task = claim(&queue, &holder).unwrap();
        assert_eq!(task.payload, b"2");
        assert!(task.token > token);
        assert_eq!(tickets(&world).len(), 1);
        assert!(world.maintenance().check().unwrap().is_empty());
    }
}

#[test]
fn a_claim_whose_content_somebody_removed_can_be_finished() {
    for reason in [None, Some("why")] {
        let (world, queue, holder) = scene();
        push_given(&queue, "x", b"1");
        let receipt = claim(&queue, &holder).unwrap().receipt;
        remove_content(&world);
        assert!(matches!(queue.done(&receipt, Some(b"out"), Standard), Err(Error::Damaged(_))));
        match reason {
            None => queue.done(&receipt, None, Standard).unwrap(),
            Some(reason) => queue.bury(&receipt, reason, Standard).unwrap(),
        }
        push_given(&queue, "x", b"2");
        assert_eq!(payloads(&queue, &holder), ["2"]);
    }
}

#[test]
fn a_claim_in_a_claimed_that_was_made_again_is_not_lost() {
    let (world, _, holder) = scene();
    let queue = world.queue("mail");
    push(&queue, b"a");
    queue.status().unwrap();
    replace(&world, &["claimed", "done"]);
    let receipt = claim(&world.queue("mail"), &holder).unwrap().receipt;
    queue.extend(&receipt, MINUTE_MS, Standard).unwrap();
    let stale = world.queue("mail");
    stale.status().unwrap();
    queue.done(&receipt, Some(b"out"), Standard).unwrap();
    queue.done(&receipt, None, Standard).unwrap();
    assert!(matches!(stale.release(&receipt, Standard), Err(Error::Lost(_))));
}

#[test]
fn a_claim_in_an_ids_that_was_made_again_is_not_lost() {
    let (world, queue, holder) = scene();
    push(&queue, b"first");
    assert_eq!(payloads(&queue, &holder), ["first"]);
    replace(&world, &["ids"]);
    push_given(&world.queue("mail"), "x", b"x");
    let receipt = claim(&world.queue("mail"), &holder).unwrap().receipt;
    queue.done(&receipt, Some(b"out"), Standard).unwrap();
    assert_eq!(queue.outcome("x").unwrap(), b"out");
    assert_eq!(tickets(&world).len(), 1);
}

#[test]
fn a_record_in_a_done_that_was_made_again_is_found() {
    let (world, queue, holder) = scene();
    push(&queue, b"a");
    let receipt = claim(&queue, &holder).unwrap().receipt;
    replace(&world, &["done"]);
    world.queue("mail").done(&receipt, Some(b"out"), Standard).unwrap();
    queue.done(&receipt, Some(b"out"), Standard).unwrap();
}
