use crate::support::{MINUTE_MS, claim, counts, payloads, push, push_given, scene, task};
use leasehold_core::Durability::Standard;
use leasehold_core::Error;
use leasehold_core::queue::{OnDuplicate, TaskState};
use leasehold_tests::sim::{Cut, Disk};

#[test]
fn a_cancelled_task_is_gone() {
    let (_world, queue, holder) = scene();
    let id = push(&queue, b"a");
    push_given(&queue, "b", b"b");
    queue.cancel(&id, Standard).unwrap();
    queue.cancel("b", Standard).unwrap();
    assert!(matches!(queue.cancel("b", Standard), Err(Error::NotFound(_))));
    assert!(claim(&queue, &holder).is_none());
}

#[test]
fn a_claimed_task_cannot_be_cancelled_until_its_claim_is_over() {
    let (world, queue, holder) = scene();
    let id = push(&queue, b"a");
    let _task = claim(&queue, &holder).unwrap();
    assert!(matches!(queue.cancel(&id, Standard), Err(Error::Held(_))));
    world.advance(11 * MINUTE_MS);
    queue.cancel(&id, Standard).unwrap();
    assert_eq!(counts(&queue), [0; 5]);
}

#[test]
fn a_buried_task_can_be_revived_with_all_its_attempts() {
    let (_world, queue, holder) = scene();
    let id = push(&queue, b"a");
    let task = claim(&queue, &holder).unwrap();
    queue.bury(&task.receipt, "broken", Standard).unwrap();
    assert!(claim(&queue, &holder).is_none());
    assert!(matches!(queue.revive("nothing", Standard), Err(Error::NotFound(_))));
    queue.revive(&id, Standard).unwrap();
    assert_eq!(claim(&queue, &holder).unwrap().attempt, 1);
}

#[test]
fn purging_takes_only_what_is_in_that_state_and_old_enough() {
    let (world, queue, holder) = scene();
    push(&queue, b"old");
    world.advance(MINUTE_MS);
    push(&queue, b"new");
    assert_eq!(queue.purge(TaskState::Ready, MINUTE_MS, Standard).unwrap(), 1);
    assert_eq!(payloads(&queue, &holder), ["new"]);
    assert!(matches!(queue.purge(TaskState::Claimed, 0, Standard), Err(Error::InvalidArgument(_))));
    assert_eq!(queue.purge(TaskState::Dead, 0, Standard).unwrap(), 0);
    assert_eq!(counts(&queue), [0, 0, 1, 0, 0]);
}

#[test]
fn what_was_purged_does_not_come_back_and_directories_are_synced_once() {
    let (world, queue, holder) = scene();
    for n in 0..20 {
        push(&queue, b"file");
        push_given(&queue, &format!("{n}"), b"given");
    }
    for task in queue.claim(&holder, 40, None, Standard).unwrap() {
        queue.done(&task.receipt, Some(b"out"), Standard).unwrap();
    }
    world.record();
    assert_eq!(queue.purge(TaskState::Done, 0, Standard).unwrap(), 40);
    let recorded = world.recorded();
    let synced = |what: &str| recorded.iter().filter(|step| step.starts_with(what)).count();
    assert_eq!(synced("sync directory aristo/mail-queue/done"), 1);
    assert_eq!(synced("sync directory aristo/mail-queue/ids"), 1);
    assert_eq!(synced("sync "), 20 + 20 + 3, "one a file, one of the floor a given id: {recorded:#?}");
    for disk in [Disk::Whole, Disk::Btrfs] {
        let after = world.power_cut(Cut::Least, disk);
        assert!(after.view(|view| view.below("aristo/mail-queue/ids")).is_empty());
        // Tickets are hints, and may come back.
        after.maintenance().sweep(MINUTE_MS).unwrap();
        assert_eq!(counts(&after.queue("mail")), [0; 5], "{disk:?}");
    }
}

#[test]
fn a_paused_queue_hands_out_nothing_and_takes_everything() {
    let (_world, queue, holder) = scene();
    push(&queue, b"a");
    let task = claim(&queue, &holder).unwrap();
    queue.pause(Standard).unwrap();
    queue.pause(Standard).unwrap();
    assert!(matches!(queue.claim(&holder, 1, None, Standard), Err(Error::Paused(_))));
    assert!(queue.status().unwrap().paused);
    push(&queue, b"b");
    queue.done(&task.receipt, None, Standard).unwrap();
    queue.resume(Standard).unwrap();
    queue.resume(Standard).unwrap();
    assert_eq!(payloads(&queue, &holder), ["b"]);
}

#[test]
fn listings_come_in_pages_that_leave_nothing_out() {
    let (_world, queue, _holder) = scene();
    let all: Vec<String> = (0..25).map(|n| format!("{n}")).collect();
    let tasks: Vec<_> = all.iter().map(|payload| task(payload.as_bytes())).collect();
    let mut ids = queue.push(&tasks, OnDuplicate::Refuse, Standard).unwrap();
    push_given(&queue, "given", b"x");
    ids.push("given".into());
    let mut listed = Vec::new();
    let mut cursor = None;
    loop {
        let page = queue.list(TaskState::Ready, cursor.as_deref(), 7).unwrap();
        assert!(page.tasks.len() <= 7);
        listed.extend(page.tasks.into_iter().map(|task| task.id));
        cursor = page.cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(listed, ids);
}

#[test]
fn a_peek_shows_everything_and_changes_nothing() {
    let (world, queue, holder) = scene();
    let id = push(&queue, b"payload");
    let before = world.view(|view| view.tree());
    let view = queue.peek(&id).unwrap();
    assert_eq!((view.payload.as_slice(), view.info.state), (b"payload".as_slice(), TaskState::Ready));
    assert_eq!(world.view(|view| view.tree()), before);
    claim(&queue, &holder).unwrap();
    assert_eq!(queue.peek(&id).unwrap().info.holding.unwrap().holder, "worker");
    assert!(matches!(queue.outcome(&id), Err(Error::NotFound(_))));
}

#[test]
fn queues_are_listed_by_their_names() {
    let (world, queue, _holder) = scene();
    push(&queue, b"a");
    push(&world.queue("Other Queue"), b"a");
    push(&world.queue(&"x".repeat(255)), b"a");
    assert_eq!(world.queues().list().unwrap(), ["Other Queue".to_string(), "mail".into(), "x".repeat(255)]);
}

#[test]
fn what_is_not_understood_is_reported_left_and_stops_nothing() {
    let (world, queue, holder) = scene();
    push(&queue, b"a");
    push(&queue, b"b");
    let bucket = world.view(|view| view.names("aristo/mail-queue/pending/5").remove(0));
    for path in [
        format!("aristo/mail-queue/pending/5/{bucket}/foreign"),
        "aristo/mail-queue/claimed/x.toml".to_string(),
        "aristo/mail-queue/done/y".into(),
        "aristo/mail-queue/ids/not a key".into(),
        "aristo/mail-queue/stray".into(),
    ] {
        world.file(&path, b"?");
    }
    world.directory("aristo/mail-queue/claimed/directory");
    world.link("aristo/mail-queue/dead/link", "/etc/passwd");
    let found = world.maintenance().check().unwrap();
    assert_eq!(found.len(), 7, "{found:?}");
    assert_eq!(queue.status().unwrap().damaged, 5);
    assert_eq!(payloads(&queue, &holder), ["a", "b"]);
    assert!(queue.reap(Standard).unwrap().is_empty());
    assert_eq!(world.maintenance().quarantine().unwrap().len(), 7);
    assert!(world.maintenance().check().unwrap().is_empty());
    assert_eq!(world.view(|view| view.names("aristo/mail-queue/quarantine").len()), 7, "nothing was deleted");
}

#[test]
fn a_task_whose_content_is_not_what_was_pushed_is_dead_and_stops_nothing() {
    let (world, queue, holder) = scene();
    let id = push(&queue, b"first");
    push(&queue, b"second");
    let name =
        world.view(|view| view.below("aristo/mail-queue/pending").into_iter().find(|n| n.contains(&id)).unwrap());
    world.file(&format!("aristo/mail-queue/pending/{name}"), b"\0\0\0\0\0");
    assert_eq!(payloads(&queue, &holder), ["second"]);
    let page = queue.list(TaskState::Dead, None, 10).unwrap();
    assert_eq!(page.tasks[0].id, id);
    assert!(page.tasks[0].reason.as_deref().unwrap().contains("checksum"));
    assert!(matches!(queue.peek(&id), Err(Error::Damaged(_))));
}

#[test]
fn what_cannot_be_read_is_reported_and_stops_nothing_else() {
    let (world, queue, holder) = scene();
    let unreadable = push(&queue, b"unreadable");
    push(&queue, b"second");
    push_given(&queue, "third", b"third");
    let name = world
        .view(|view| view.below("aristo/mail-queue/pending").into_iter().find(|n| n.contains(&unreadable)).unwrap());
    world.deny(&format!("aristo/mail-queue/pending/{name}"));
    assert_eq!(payloads(&queue, &holder), ["second", "third"]);
    let page = queue.list(TaskState::Dead, None, 10).unwrap();
    assert_eq!(page.tasks[0].id, unreadable);
}

#[test]
fn a_bucket_that_cannot_be_listed_stops_no_other_and_is_not_taken_for_nothing() {
    let (world, queue, holder) = scene();
    push(&queue, b"shut in");
    let urgent = leasehold_core::queue::NewTask { priority: Some(7), ..task(b"free") };
    queue.push(&[urgent], OnDuplicate::Refuse, Standard).unwrap();
    world.deny("aristo/mail-queue/pending/5");
    let fresh = world.queue("mail");
    assert_eq!(claim(&fresh, &holder).unwrap().payload, b"free");
    assert!(matches!(fresh.claim(&holder, 1, None, Standard), Err(Error::Io(_))), "something may be in there");
    assert_eq!(fresh.status().unwrap().damaged, 1);
    let found = world.maintenance().check().unwrap();
    assert!(found.iter().any(|finding| finding.problem.contains("permissions")), "{found:?}");
}

#[test]
fn what_is_foreign_among_holders_and_in_refs_is_reported_and_moved_aside() {
    let (world, queue, holder) = scene();
    push_given(&queue, "a", b"a");
    world.file("holders/Not A Key", b"?");
    world.file("holders/worker/stray", b"?");
    world.directory("holders/empty/of-state");
    world.file("aristo/mail-queue/ids/a/stray", b"?");
    world.directory("aristo/mail-queue/ids/nobody/c.0123456789abcdef");
    let found = world.maintenance().check().unwrap();
    assert_eq!(found.len(), 5, "{found:?}");
    assert_eq!(world.maintenance().quarantine().unwrap().len(), 5);
    assert!(world.maintenance().check().unwrap().is_empty());
    assert_eq!(payloads(&queue, &holder), ["a"]);
}
