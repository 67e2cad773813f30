//! What callers see of tasks that were pushed together: the same as of any other.

use super::support::{MINUTE_MS, SimHolder, SimQueue, claim, counts, payloads, push, scene, task};
use leasehold_core::Durability::{Standard, Synced, Unsynced};
use leasehold_core::Error;
use leasehold_core::queue::{NewTask, OnDuplicate, TaskState};
use leasehold_tests::sim::World;

/// A scene whose queue has been pushed into, so that what follows may be one name.
fn warm() -> (World, SimQueue, SimHolder) {
    let (world, queue, holder) = scene();
    let id = push(&queue, b"warm");
    queue.cancel(&id, Standard).unwrap();
    (world, queue, holder)
}

fn push_all(queue: &SimQueue, tasks: &[NewTask<'_>]) -> Vec<String> {
    queue.push(tasks, OnDuplicate::Refuse, Standard).unwrap()
}

/// Pushes tasks of one kind, with these payloads.
fn push_group(queue: &SimQueue, payloads: &[&str]) -> Vec<String> {
    let tasks: Vec<NewTask<'_>> = payloads.iter().map(|payload| task(payload.as_bytes())).collect();
    push_all(queue, &tasks)
}

fn numbers(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{n:03}")).collect()
}

fn push_numbers(queue: &SimQueue, count: usize) -> Vec<String> {
    let payloads = numbers(count);
    push_group(queue, &payloads.iter().map(String::as_str).collect::<Vec<_>>())
}

/// How many names wait.
fn names(world: &World) -> usize {
    world.view(|view| view.below("aristo/mail-queue/pending")).len()
}

/// All tasks in a state, so many to a page.
fn listed(queue: &SimQueue, state: TaskState, limit: u32) -> Vec<String> {
    let mut ids = Vec::new();
    let mut cursor = None;
    loop {
        let page = queue.list(state, cursor.as_deref(), limit).unwrap();
        assert!(page.tasks.len() <= limit as usize);
        ids.extend(page.tasks.into_iter().map(|task| task.id));
        cursor = page.cursor;
        if cursor.is_none() {
            return ids;
        }
    }
}

#[test]
fn two_to_a_hundred_tasks_of_a_kind_are_one_name_and_others_are_not() {
    for (count, expected) in [(2, 1), (100, 1), (101, 101)] {
        let (world, queue, _) = warm();
        push_numbers(&queue, count);
        assert_eq!(names(&world), expected, "{count}");
        assert_eq!(counts(&queue), [count as u64, 0, 0, 0, 0]);
    }
    let plain = task(b"x");
    let others = [
        NewTask { priority: Some(1), ..task(b"y") },
        NewTask { delay_ms: 1_000, ..task(b"y") },
        NewTask { max_attempts: Some(2), ..task(b"y") },
    ];
    for other in others {
        let (world, queue, _) = warm();
        assert_eq!(push_all(&queue, &[plain.clone(), other.clone()]).len(), 2);
        assert_eq!(names(&world), 2, "{other:?}");
    }
    // Together no longer than a pack.
    let long = vec![b'x'; 128 * 1024];
    for (bytes, expected) in [(127 * 1024, 1), (128 * 1024, 2)] {
        let (world, queue, holder) = warm();
        push_all(&queue, &[task(&long[..bytes]), task(&long[..bytes])]);
        assert_eq!(names(&world), expected, "{bytes}");
        let got = queue.claim(&holder, 9, None, Standard).unwrap();
        assert!(got.len() == 2 && got.iter().all(|task| task.payload == long[..bytes]));
    }
}

#[test]
fn what_a_batch_is_made_of_changes_nothing_that_a_caller_sees() {
    // The first batch of an instance is a directory, later ones may be one name.
    let of = |is_warm: bool| {
        let (world, queue, holder) = if is_warm { warm() } else { scene() };
        let attributes = [("k".to_owned(), "v".to_owned()), ("é".to_owned(), "\"\n".to_owned())];
        let one = NewTask { attributes: &attributes, ..task(b"x") };
        let ids = push_all(&queue, &[one, task(b""), task(b"\0\n")]);
        assert_eq!(ids.len(), 3);
        let peeked: Vec<_> = ids
            .iter()
            .map(|id| queue.peek(id).unwrap())
            .map(|view| (view.payload, view.attributes, view.info.size, view.info.attempt, view.info.state))
            .collect();
        assert_eq!(listed(&queue, TaskState::Ready, 10), ids);
        let claimed = queue.claim(&holder, 10, Some(MINUTE_MS), Standard).unwrap();
        assert_eq!(claimed.iter().map(|task| task.id.clone()).collect::<Vec<_>>(), ids);
        assert_eq!(listed(&queue, TaskState::Claimed, 10), ids);
        let told: Vec<_> = claimed
            .iter()
            .map(|task| (task.payload.clone(), task.attributes.clone(), task.attempt, task.max_attempts))
            .collect();
        let times: Vec<_> = claimed.iter().map(|task| (task.until_ms, task.enqueued_ms, task.token)).collect();
        drop(world);
        (peeked, told, times)
    };
    assert_eq!(of(true), of(false));
}

#[test]
fn ids_are_answered_in_order_and_lead_to_their_tasks() {
    let (_world, queue, holder) = warm();
    let ids = push_numbers(&queue, 100);
    for (n, id) in ids.iter().enumerate() {
        let view = queue.peek(id).unwrap();
        assert_eq!((view.payload, view.info.id), (format!("{n:03}").into_bytes(), id.clone()));
    }
    let claimed = queue.claim(&holder, 100, None, Standard).unwrap();
    assert_eq!(claimed.iter().map(|task| &task.id).collect::<Vec<_>>(), ids.iter().collect::<Vec<_>>());
    let view = queue.peek(&ids[42]).unwrap();
    assert_eq!((view.info.state, view.payload.as_slice()), (TaskState::Claimed, &b"042"[..]));
    assert!(view.info.holding.is_some());
    queue.done(&claimed[42].receipt, None, Standard).unwrap();
    assert!(matches!(queue.peek(&ids[42]), Err(Error::NotFound(_))));
    assert_eq!(queue.peek(&ids[41]).unwrap().payload, b"041");
    // One that never was: the group has no such place.
    let none = format!("{}v", &ids[99][..15]);
    assert!(ids.contains(&none) || matches!(queue.peek(&none), Err(Error::NotFound(_))));
    assert!(matches!(queue.peek(&format!("{}00", &ids[0][..14])), Err(Error::NotFound(_))));
}

#[test]
fn pages_go_on_within_a_group_in_every_state() {
    for limit in [1, 7, 99, 100, 101] {
        let (world, queue, holder) = warm();
        let mut ids = vec![push(&queue, b"before")];
        world.advance(1);
        ids.extend(push_numbers(&queue, 100));
        world.advance(1);
        ids.extend(push_group(&queue, &["x", "y"]));
        ids.push(push(&queue, b"after"));
        assert_eq!(listed(&queue, TaskState::Ready, limit), ids, "{limit}");
        queue.claim(&holder, 1_000, None, Standard).unwrap();
        assert_eq!(listed(&queue, TaskState::Claimed, limit), ids, "{limit}");
    }
    let (_world, queue, _) = warm();
    let delayed: Vec<String> =
        push_all(&queue, &[NewTask { delay_ms: 5_000, ..task(b"x") }, NewTask { delay_ms: 5_000, ..task(b"y") }]);
    assert_eq!(listed(&queue, TaskState::Delayed, 1), delayed);
    assert!(listed(&queue, TaskState::Ready, 1).is_empty());
}

#[test]
fn each_task_of_a_group_has_the_state_that_a_caller_gave_it() {
    let (world, queue, holder) = warm();
    let ids = push_group(&queue, &["done", "kept", "retried", "released", "buried", "extended", "left"]);
    let tasks = queue.claim(&holder, 9, Some(MINUTE_MS), Standard).unwrap();
    assert_eq!(world.view(|view| view.below("aristo/mail-queue/claimed")).len(), 1);
    let receipt = |n: usize| tasks[n].receipt.as_str();
    queue.done(receipt(0), None, Standard).unwrap();
    queue.done(receipt(1), Some(b"outcome"), Standard).unwrap();
    assert!(queue.retry(receipt(2), 5_000, "why", Standard).unwrap());
    queue.release(receipt(3), Standard).unwrap();
    queue.bury(receipt(4), "never", Standard).unwrap();
    let until_ms = queue.extend(receipt(5), 5 * MINUTE_MS, Standard).unwrap();
    assert_eq!(until_ms, world.now_ms() + 5 * MINUTE_MS);
    assert_eq!(counts(&queue), [1, 1, 2, 1, 1]);
    assert_eq!(queue.outcome(&ids[1]).unwrap(), b"outcome");
    queue.done(receipt(1), Some(b"outcome"), Standard).unwrap();
    let retried = queue.peek(&ids[2]).unwrap().info;
    assert_eq!((retried.state, retried.attempt, retried.reason.as_deref()), (TaskState::Delayed, 1, Some("why")));
    assert_eq!(queue.peek(&ids[3]).unwrap().info.attempt, 0);
    let buried = queue.peek(&ids[4]).unwrap().info;
    assert_eq!((buried.state, buried.reason.as_deref()), (TaskState::Dead, Some("never")));
    // What was not extended runs out first.
    world.advance(MINUTE_MS + 1);
    assert_eq!(queue.reap(Standard).unwrap(), [ids[6].clone()]);
    assert!(matches!(queue.done(receipt(6), None, Standard), Err(Error::Lost(_))));
    queue.done(receipt(5), None, Standard).unwrap();
    queue.revive(&ids[4], Standard).unwrap();
    assert_eq!(payloads(&queue, &holder), ["released", "left", "retried", "buried"]);
    for n in [0, 1, 2, 3, 4, 5] {
        let again = queue.done(receipt(n), None, Standard);
        assert!(matches!(again, Err(Error::Lost(_))) || n == 1, "{n}: {again:?}");
    }
}

#[test]
fn a_task_of_a_group_is_cancelled_alone_whether_it_waits_or_its_claim_is_over() {
    let (world, queue, holder) = warm();
    let ids = push_group(&queue, &["x", "y", "z"]);
    queue.cancel(&ids[1], Standard).unwrap();
    assert!(matches!(queue.cancel(&ids[1], Standard), Err(Error::NotFound(_))));
    assert_eq!(payloads(&queue, &holder), ["x", "z"]);
    let ids = push_group(&queue, &["u", "v", "w"]);
    queue.claim(&holder, 9, Some(MINUTE_MS), Standard).unwrap();
    assert!(matches!(queue.cancel(&ids[0], Standard), Err(Error::Held(_))));
    assert_eq!(world.view(|view| view.below("aristo/mail-queue/claimed")).len(), 3, "nothing has parted for it");
    world.advance(MINUTE_MS + 1);
    queue.cancel(&ids[0], Standard).unwrap();
    assert_eq!(payloads(&queue, &holder), ["v", "w"]);
}

#[test]
fn purging_counts_tasks_and_not_names() {
    let (world, queue, holder) = warm();
    push_numbers(&queue, 100);
    push(&queue, b"one");
    push_all(&queue, &[NewTask { delay_ms: 9_000, ..task(b"x") }, NewTask { delay_ms: 9_000, ..task(b"y") }]);
    assert_eq!(queue.purge(TaskState::Ready, 1, Standard).unwrap(), 0, "none is so old");
    assert_eq!(queue.purge(TaskState::Delayed, 0, Standard).unwrap(), 2);
    assert_eq!(queue.purge(TaskState::Ready, 0, Synced).unwrap(), 101);
    assert_eq!(counts(&queue), [0; 5]);
    // What is dead after its last attempt.
    let one = |payload| NewTask { max_attempts: Some(1), ..task(payload) };
    push_all(&queue, &[one(b"x"), one(b"y")]);
    queue.claim(&holder, 9, Some(MINUTE_MS), Standard).unwrap();
    world.advance(MINUTE_MS + 1);
    assert_eq!(queue.reap(Standard).unwrap().len(), 2);
    assert_eq!(counts(&queue), [0, 0, 0, 2, 0]);
    assert_eq!(queue.purge(TaskState::Dead, 0, Standard).unwrap(), 2);
}

#[test]
fn a_dead_task_of_a_group_is_revived_alone() {
    let (world, queue, holder) = warm();
    let one = |payload| NewTask { max_attempts: Some(1), ..task(payload) };
    let ids = push_all(&queue, &[one(b"x"), one(b"y"), one(b"z")]);
    queue.claim(&holder, 9, Some(MINUTE_MS), Standard).unwrap();
    world.advance(MINUTE_MS + 1);
    queue.reap(Standard).unwrap();
    let mut dead = listed(&queue, TaskState::Dead, 2);
    dead.sort();
    assert_eq!(dead, ids);
    queue.revive(&ids[1], Standard).unwrap();
    assert!(matches!(queue.revive(&ids[1], Standard), Err(Error::NotFound(_))));
    assert_eq!(payloads(&queue, &holder), ["y"]);
    assert_eq!(counts(&queue), [0, 0, 1, 2, 0]);
}

/// Groups and single tasks of all priorities come in the order in which they were pushed, whatever is asked for at a time.
#[test]
fn groups_and_single_tasks_come_in_their_order() {
    for max in [1, 2, 3, 4, 7, 100, 1_000] {
        let (world, queue, holder) = warm();
        let mut expected: Vec<(u8, usize)> = Vec::new();
        let mut number = 0;
        for (count, priority) in [(1, 5), (3, 5), (1, 5), (5, 2), (1, 2), (2, 5), (4, 9), (1, 0), (2, 2), (3, 0)] {
            let payloads: Vec<String> = (number..number + count).map(|n| format!("{n:02}")).collect();
            let tasks: Vec<NewTask<'_>> = payloads
                .iter()
                .map(|payload| NewTask { priority: Some(priority), ..task(payload.as_bytes()) })
                .collect();
            push_all(&queue, &tasks);
            expected.extend((number..number + count).map(|n| (priority, n)));
            number += count;
            world.advance(1);
        }
        expected.sort();
        // By the instance that has pushed them, or by another.
        let queue = if max % 2 == 0 { queue } else { world.queue("mail") };
        let mut got = Vec::new();
        loop {
            let tasks = queue.claim(&holder, max, None, Unsynced).unwrap();
            assert!(tasks.len() <= max as usize);
            if tasks.is_empty() {
                break;
            }
            got.extend(
                tasks.into_iter().map(|task| String::from_utf8(task.payload).unwrap().parse::<usize>().unwrap()),
            );
        }
        assert_eq!(got, expected.iter().map(|(_, n)| *n).collect::<Vec<_>>(), "{max} at a time");
    }
}

#[test]
fn no_claim_is_empty_while_a_group_waits_and_none_hands_out_more_than_was_asked_for() {
    for max in 1..=12 {
        let (_world, queue, holder) = warm();
        push_numbers(&queue, 10);
        push_numbers(&queue, 10);
        let mut total = 0;
        while total < 20 {
            let tasks = queue.claim(&holder, max, None, Unsynced).unwrap();
            assert!((1..=max as usize).contains(&tasks.len()), "{} of {max}", tasks.len());
            total += tasks.len();
        }
        assert!(queue.claim(&holder, max, None, Unsynced).unwrap().is_empty());
    }
}

#[test]
fn a_claim_of_many_long_tasks_ends_soon_after_32_mib() {
    let (_world, queue, holder) = warm();
    let payload = vec![b'x'; 100 * 1024];
    for _ in 0..200 {
        push_all(&queue, &[task(&payload), task(&payload)]);
    }
    let first = queue.claim(&holder, 1_000, None, Unsynced).unwrap();
    let bytes: usize = first.iter().map(|task| task.payload.len()).sum();
    assert!((32 * 1024 * 1024..33 * 1024 * 1024).contains(&bytes), "{bytes}");
    assert_eq!(first.len() + queue.claim(&holder, 1_000, None, Unsynced).unwrap().len(), 400);
}

#[test]
fn a_delayed_group_waits_for_its_time() {
    let (world, queue, holder) = warm();
    let later = |payload| NewTask { delay_ms: 3_000, ..task(payload) };
    push_all(&queue, &[later(b"x"), later(b"y")]);
    assert!(payloads(&queue, &holder).is_empty());
    let status = queue.status().unwrap();
    assert_eq!((status.ready, status.delayed, status.next_due_ms), (0, 2, Some(world.now_ms() + 3_000)));
    world.advance(3_000);
    assert_eq!(claim(&queue, &holder).unwrap().payload, b"x");
    assert_eq!(payloads(&queue, &holder), ["y"]);
}

#[test]
fn done_all_finishes_what_it_can_and_tells_what_was_lost() {
    let (world, queue, holder) = warm();
    push_group(&queue, &["0", "1", "2", "3"]);
    push(&queue, b"4");
    queue.push(&[NewTask { id: Some("five"), ..task(b"5") }], OnDuplicate::Refuse, Standard).unwrap();
    world.advance(1);
    push_group(&queue, &["6", "7"]);
    let tasks = queue.claim(&holder, 9, Some(MINUTE_MS), Standard).unwrap();
    let receipts: Vec<&str> = tasks.iter().map(|task| task.receipt.as_str()).collect();
    assert_eq!(queue.done_all(&[], Standard).unwrap(), Vec::<usize>::new());
    queue.done(receipts[1], None, Standard).unwrap();
    // Once more, twice, and out of order.
    let asked = [receipts[7], receipts[1], receipts[4], receipts[0], receipts[4], receipts[0], receipts[5]];
    assert_eq!(queue.done_all(&asked, Standard).unwrap(), [1, 4, 5]);
    assert_eq!(counts(&queue), [0, 0, 3, 0, 0]);
    // A receipt of another claim stays what it is.
    world.advance(MINUTE_MS + 1);
    assert_eq!(queue.reap(Standard).unwrap().len(), 3);
    let again = queue.claim(&holder, 9, Some(MINUTE_MS), Standard).unwrap();
    assert_eq!(queue.done_all(&[receipts[2], receipts[3], receipts[6]], Standard).unwrap(), [0, 1, 2]);
    let receipts: Vec<&str> = again.iter().map(|task| task.receipt.as_str()).collect();
    assert_eq!(queue.done_all(&receipts, Synced).unwrap(), Vec::<usize>::new());
    assert_eq!(counts(&queue), [0; 5]);
    assert!(world.view(|view| view.below("aristo/mail-queue/claimed")).is_empty());
}

#[test]
fn done_all_with_one_bad_receipt_or_too_many_changes_nothing() {
    let (_world, queue, holder) = warm();
    push_group(&queue, &["x", "y"]);
    let tasks = queue.claim(&holder, 9, None, Standard).unwrap();
    let [first, second] = [0, 1].map(|n| tasks[n].receipt.as_str());
    for bad in
        ["", "g.", "g.0.", "a.x", &first[..first.len() - 1], &format!("{first}0"), &first.replacen("g.0", "g.1", 1)]
    {
        assert!(matches!(queue.done_all(&[first, second, bad], Standard), Err(Error::InvalidArgument(_))), "{bad}");
        assert!(matches!(queue.done(bad, None, Standard), Err(Error::InvalidArgument(_))), "{bad}");
    }
    let many = vec![first; 65_537];
    assert!(matches!(queue.done_all(&many, Standard), Err(Error::TooLarge(_))));
    assert_eq!(counts(&queue), [0, 0, 2, 0, 0]);
    let many = vec![first; 65_536];
    assert_eq!(queue.done_all(&many, Standard).unwrap(), (1..65_536).collect::<Vec<_>>());
    // A queue that nobody has ever pushed into knows no claim.
    let (_world, other, _) = scene();
    assert_eq!(other.done_all(&[first, second], Standard).unwrap(), [0, 1]);
}

#[test]
fn a_claim_of_a_group_is_finished_as_one_name() {
    let (world, queue, holder) = warm();
    push_numbers(&queue, 100);
    let tasks = queue.claim(&holder, 100, None, Unsynced).unwrap();
    let receipts: Vec<&str> = tasks.iter().map(|task| task.receipt.as_str()).collect();
    world.record();
    assert!(queue.done_all(&receipts, Unsynced).unwrap().is_empty());
    let recorded = world.recorded();
    assert_eq!(recorded.iter().filter(|step| step.starts_with("unlink")).count(), 1, "{recorded:#?}");
    assert!(recorded.len() <= 3, "{recorded:#?}");
    // One by one each is a rename, and no listing.
    push_numbers(&queue, 100);
    let tasks = queue.claim(&holder, 100, None, Unsynced).unwrap();
    world.record();
    drop(world.recorded());
    for task in &tasks {
        queue.done(&task.receipt, None, Unsynced).unwrap();
    }
    let recorded = world.recorded();
    assert_eq!(recorded.iter().filter(|step| step.starts_with("rename")).count(), 99);
    assert!(!recorded.iter().any(|step| step.starts_with("list")), "{recorded:#?}");
}

#[test]
fn a_claim_that_a_dead_holder_left_is_handed_out_whole_again() {
    let (world, queue, holder) = warm();
    push_group(&queue, &["x", "y", "z"]);
    let tasks = queue.claim(&holder, 9, None, Standard).unwrap();
    queue.done(&tasks[1].receipt, None, Standard).unwrap();
    holder.end(Standard).unwrap();
    let other = world.holders().open("other", 10 * MINUTE_MS, Standard).unwrap();
    let again = queue.claim(&other, 9, None, Standard).unwrap();
    assert_eq!(again.iter().map(|task| task.payload.as_slice()).collect::<Vec<_>>(), [b"x", b"z"]);
    assert!(again.iter().all(|task| task.attempt == 2 && task.token > tasks[0].token));
    assert_eq!(world.view(|view| view.below("aristo/mail-queue/claimed")).len(), 1);
    assert_eq!(queue.done_all(&[&tasks[0].receipt, &tasks[2].receipt], Standard).unwrap(), [0, 1]);
    assert_eq!(counts(&queue), [0, 0, 2, 0, 0]);
}
