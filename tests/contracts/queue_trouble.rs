//! What one bad entry, or one operation that fails, may stop: nothing else.

use crate::support::{MINUTE_MS, claim, given, payloads, push, push_given, scene, task};
use leasehold_core::Durability::Standard;
use leasehold_core::Error;
use leasehold_core::capability::FsError;
use leasehold_core::queue::{NewTask, OnDuplicate, TaskState};

/// The one name in a directory that begins so.
fn only(world: &leasehold_tests::sim::World, path: &str, begins: &str) -> String {
    let names = world.view(|view| view.names(path));
    let found: Vec<_> = names.iter().filter(|name| name.starts_with(begins)).collect();
    assert_eq!(found.len(), 1, "{path}/{begins}* among {names:?}");
    format!("{path}/{}", found[0])
}

#[test]
fn a_task_that_may_not_be_looked_into_is_held_reported_and_stops_no_other() {
    let (world, queue, holder) = scene();
    push_given(&queue, "shut", b"shut");
    push_given(&queue, "open", b"open");
    world.deny("aristo/mail-queue/ids/shut");
    assert_eq!(claim(&queue, &holder).unwrap().payload, b"open");
    assert!(claim(&queue, &holder).is_none(), "and it is no reason to fail");
    assert!(matches!(queue.push(&[given("shut", b"again")], OnDuplicate::Replace, Standard), Err(Error::Damaged(_))));
    let found = world.maintenance().check().unwrap();
    assert!(found.iter().any(|finding| finding.problem.contains("permission denied")), "{found:?}");
    world.maintenance().quarantine().unwrap();
    assert!(world.view(|view| view.exists("aristo/mail-queue/ids/shut")), "nobody knows what it is, so it stays");
}

#[test]
fn a_task_whose_content_may_not_be_looked_into_is_dead_and_stops_no_other() {
    let (world, queue, holder) = scene();
    push_given(&queue, "shut", b"shut");
    push_given(&queue, "open", b"open");
    world.deny(&only(&world, "aristo/mail-queue/ids/shut", "c."));
    assert_eq!(claim(&queue, &holder).unwrap().payload, b"open");
    assert_eq!(queue.list(TaskState::Dead, None, 10).unwrap().tasks[0].id, "shut");
}

#[test]
fn a_note_that_may_not_be_read_counts_as_none() {
    let (world, queue, holder) = scene();
    push(&queue, b"a");
    push_given(&queue, "b", b"b");
    for task in queue.claim(&holder, 2, None, Standard).unwrap() {
        queue.retry(&task.receipt, 0, "once", Standard).unwrap();
    }
    world.deny(&only(&world, "aristo/mail-queue/notes", ""));
    let content = only(&world, "aristo/mail-queue/ids/b", "c.");
    let note = world
        .view(|view| view.names(&content).into_iter().find(|n| view.read(&format!("{content}/{n}")).unwrap() != b"b"));
    world.deny(&format!("{content}/{}", note.unwrap()));
    assert!(queue.list(TaskState::Ready, None, 10).unwrap().tasks.iter().all(|task| task.reason.is_none()));
    let tasks = queue.claim(&holder, 2, None, Standard).unwrap();
    assert_eq!(tasks.iter().map(|task| task.payload.as_slice()).collect::<Vec<_>>(), [b"a", b"b"]);
    for task in tasks {
        queue.retry(&task.receipt, 0, "twice", Standard).unwrap();
    }
    assert_eq!(payloads(&queue, &holder), ["a", "b"]);
}

/// Whatever single operation of a claim fails: what is claimed was handed out, and the rest can be claimed at once.
#[test]
fn an_operation_that_fails_leaves_no_task_claimed_by_nobody() {
    let (scene, queue, _holder) = scene();
    push_given(&queue, "a", b"a");
    push(&queue, b"b");
    push_given(&queue, "c", b"c");
    for n in 0.. {
        let world = scene.copy();
        let queue = world.queue("mail");
        let holder = world.holders().attach("worker", Standard).unwrap();
        world.fail_after(n, FsError::Other("input/output error".into()));
        let first = queue.claim(&holder, 10, None, Standard).unwrap_or_default();
        world.go_on();
        let mut all: Vec<_> = first.iter().map(|task| task.payload[0]).collect();
        all.extend(queue.claim(&holder, 10, None, Standard).unwrap().iter().map(|task| task.payload[0]));
        all.sort_unstable();
        assert_eq!(all, b"abc", "operation {n}: {}", world.view(|view| view.tree()));
        if world.operations() < n {
            assert!(n > 30, "{n}");
            break;
        }
    }
}

#[test]
fn what_a_dead_holder_held_is_taken_back_though_a_bucket_cannot_be_listed() {
    let (world, queue, holder) = scene();
    push(&queue, b"shut in");
    let held = NewTask { priority: Some(0), ..task(b"held") };
    queue.push(&[held], OnDuplicate::Refuse, Standard).unwrap();
    assert_eq!(claim(&queue, &holder).unwrap().payload, b"held");
    holder.end(Standard).unwrap();
    world.deny("aristo/mail-queue/pending/5");
    let other = world.holders().open("other", 10 * MINUTE_MS, Standard).unwrap();
    assert_eq!(claim(&world.queue("mail"), &other).unwrap().payload, b"held");
}

#[test]
fn a_ticket_that_leads_nowhere_does_not_change_the_order() {
    let (world, queue, holder) = scene();
    for n in 0..10 {
        push_given(&queue, &format!("shut {n}"), b"shut");
        world.deny(&format!("aristo/mail-queue/ids/shut%20{n}"));
    }
    let all: Vec<String> = (0..50).map(|n| format!("{n}")).collect();
    all.iter().for_each(|payload| drop(push(&queue, payload.as_bytes())));
    let mut claimed = Vec::new();
    while let Some(task) = claim(&queue, &holder) {
        claimed.push(String::from_utf8(task.payload).unwrap());
    }
    assert_eq!(claimed, all);
}
