//! What stands in the way of some stops nobody else, and looking changes nothing.

use crate::support::{MINUTE_MS, claim, counts, given, payloads, push, push_given, scene, task};
use leasehold_core::Durability::{Standard, Unsynced};
use leasehold_core::capability::{Directory, FsError};
use leasehold_core::queue::{NewTask, OnDuplicate, TaskState};
use leasehold_core::{Durability, Error};
use leasehold_tests::sim::{Cut, Disk, World};

const PENDING: &str = "aristo/mail-queue/pending";

fn paths(found: &[leasehold_core::maintenance::Finding]) -> Vec<&str> {
    found.iter().map(|finding| finding.path.as_str()).collect()
}

#[test]
fn a_file_that_is_called_as_a_queue_is_named_moved_aside_and_stops_nothing() {
    let (world, queue, _holder) = scene();
    push_given(&queue, "a", b"a");
    world.file("aristo/notes-queue", b"precious");
    world.link("aristo/link-queue", "/etc");
    world.directory("aristo/Upper-queue");
    assert_eq!(world.queues().list().unwrap(), ["mail"]);
    assert!(world.maintenance().reconcile().unwrap().is_empty());
    assert_eq!(world.maintenance().sweep(MINUTE_MS).unwrap(), 0);
    let found = world.maintenance().check().unwrap();
    assert_eq!(paths(&found), [".aristo/Upper-queue", ".aristo/link-queue", ".aristo/notes-queue"]);
    assert_eq!(paths(&world.maintenance().quarantine().unwrap()), [".aristo/link-queue", ".aristo/notes-queue"]);
    assert_eq!(paths(&world.maintenance().check().unwrap()), [".aristo/Upper-queue"], "it may hold tasks");
    assert_eq!(world.view(|view| view.names("aristo/quarantine").len()), 2);
}

#[test]
fn a_queue_that_cannot_be_read_is_a_finding_that_may_pass_and_stops_no_other() {
    let (world, queue, _holder) = scene();
    push_given(&queue, "a", b"a");
    push(&world.queue("shut"), b"b");
    world.deny("aristo/shut-queue");
    // What reconciling puts right comes after the one that cannot be read.
    let ticket = world.view(|view| {
        let ticket = view.below(PENDING).into_iter().find(|name| name.ends_with(".a")).unwrap();
        format!("{PENDING}/{ticket}")
    });
    crate::support::remove(&world, &ticket);
    push(&world.queue("zoo"), b"z");
    world.file("aristo/zoo-queue/stray", b"?");

    let reconciled = world.maintenance().reconcile().unwrap();
    assert_eq!(paths(&reconciled), [".aristo/mail-queue/ids/a", ".aristo/shut-queue"]);
    assert_eq!(reconciled.iter().map(|finding| finding.may_pass()).collect::<Vec<_>>(), [false, true]);
    let found = world.maintenance().check().unwrap();
    assert_eq!(paths(&found), [".aristo/zoo-queue/stray", ".aristo/shut-queue"]);
    assert!(found[1].problem.contains("permission"), "{found:?}");
    assert_eq!(paths(&world.maintenance().quarantine().unwrap()), [".aristo/zoo-queue/stray"]);
    assert!(world.maintenance().sweep(MINUTE_MS).is_err(), "told, once all else is swept");
}

#[test]
fn a_store_of_another_version_is_a_finding_and_left_alone() {
    let (world, queue, _holder) = scene();
    push(&queue, b"a");
    for store in ["aristo", "holders"] {
        crate::support::remove(&world, &format!("{store}/format"));
        world.file(&format!("{store}/format"), b"leasehold 999\n");
        world.file(&format!("{store}/Stray"), b"?");
    }
    let before = world.view(|view| view.tree());
    assert_eq!(paths(&world.maintenance().check().unwrap()), ["holders", ".aristo"]);
    assert!(world.maintenance().quarantine().unwrap().is_empty());
    assert!(matches!(world.maintenance().reconcile(), Err(Error::Unsupported(_))));
    assert!(matches!(world.maintenance().sweep(MINUTE_MS), Err(Error::Unsupported(_))));
    assert_eq!(world.view(|view| view.tree()), before);
}

#[test]
fn a_file_where_a_directory_of_a_queue_belongs_is_moved_aside() {
    let world = World::new();
    world.directory("aristo/mail-queue/pending");
    world.file("aristo/mail-queue/claimed", b"?");
    world.file("aristo/mail-queue/pending/job", b"job");
    assert_eq!(paths(&world.maintenance().check().unwrap()), [".aristo/mail-queue/claimed"]);
    assert_eq!(paths(&world.maintenance().quarantine().unwrap()), [".aristo/mail-queue/claimed"]);
    world.advance(2_000);
    let holder = world.holders().open("worker", MINUTE_MS, Standard).unwrap();
    assert_eq!(payloads(&world.queue("mail"), &holder), ["job"]);
}

#[test]
fn looking_makes_nothing() {
    let world = World::new();
    world.file("aristo/mail-queue/pending/job", b"job");
    world.file("aristo/mail-queue/ids/x/stray", b"?");
    world.directory("aristo/bare-queue");
    world.advance(2_000);
    let before = world.view(|view| view.tree());
    let queue = world.queue("mail");
    assert_eq!(counts(&queue), [1, 0, 0, 0, 0]);
    assert_eq!(counts(&world.queue("bare")), [0; 5]);
    assert_eq!(counts(&world.queue("absent")), [0; 5]);
    for state in [TaskState::Ready, TaskState::Claimed, TaskState::Done, TaskState::Dead] {
        assert!(queue.list(state, None, 10).unwrap().tasks.is_empty());
    }
    assert!(matches!(world.queue("bare").peek("pending"), Err(Error::NotFound(_))));
    assert!(matches!(world.queue("bare").outcome("x"), Err(Error::NotFound(_))));
    assert_eq!(paths(&world.maintenance().check().unwrap()), [".aristo/mail-queue/ids/x"]);
    assert_eq!(world.queues().list().unwrap(), ["bare", "mail"]);
    assert!(world.holders().list().unwrap().is_empty());
    assert_eq!(world.view(|view| view.tree()), before);
    // And whoever works on it makes what is missing, though he looked before.
    push(&queue, b"pushed");
    assert_eq!(counts(&queue), [2, 0, 0, 0, 0]);
}

#[test]
fn a_long_queue_is_reconciled_and_listed_page_by_page() {
    let (world, queue, holder) = scene();
    let tasks = vec![task(b"x"); 20_000];
    let ids = queue.push(&tasks, OnDuplicate::Refuse, Unsynced).unwrap();
    assert!(world.maintenance().reconcile().unwrap().is_empty());
    let page = queue.list(TaskState::Ready, None, 3).unwrap();
    assert_eq!(page.tasks.iter().map(|task| task.id.as_str()).collect::<Vec<_>>(), ids[..3]);
    let page = queue.list(TaskState::Ready, page.cursor.as_deref(), 2).unwrap();
    assert_eq!(page.tasks.iter().map(|task| task.id.as_str()).collect::<Vec<_>>(), ids[3..5]);
    assert!(claim(&queue, &holder).is_some());
}

#[test]
fn a_short_page_reads_no_more_refs_than_it_shows() {
    let (world, queue, _holder) = scene();
    let ids: Vec<String> = (0..50).map(|n| format!("id-{n:02}")).collect();
    let tasks: Vec<_> = ids.iter().map(|id| given(id, b"x")).collect();
    queue.push(&tasks, OnDuplicate::Refuse, Standard).unwrap();
    let fresh = world.queue("mail");
    let before = world.operations();
    let page = fresh.list(TaskState::Ready, None, 2).unwrap();
    assert_eq!(page.tasks.iter().map(|task| task.id.as_str()).collect::<Vec<_>>(), ids[..2]);
    assert!(world.operations() - before < 40, "{} operations", world.operations() - before);
}

#[test]
fn a_ticket_that_was_left_behind_neither_counts_nor_shortens_a_listing() {
    let (world, queue, holder) = scene();
    for id in ["a", "b", "c"] {
        push_given(&queue, id, id.as_bytes());
    }
    let bucket = world.view(|view| view.names(&format!("{PENDING}/5")).remove(0));
    let names = world.view(|view| view.names(&format!("{PENDING}/5/{bucket}")));
    // A push that was killed before its birth, and one that was to follow a record.
    for name in &names[..2] {
        let unborn = format!("{}never", name.strip_suffix(['a', 'b']).unwrap());
        world.file(&format!("{PENDING}/5/{bucket}/{unborn}"), b"");
    }
    assert_eq!(counts(&queue), [3, 0, 0, 0, 0]);
    let page = queue.list(TaskState::Ready, None, 3).unwrap();
    assert_eq!(page.tasks.iter().map(|task| task.id.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
    for task in queue.claim(&holder, 10, None, Standard).unwrap() {
        queue.done(&task.receipt, None, Standard).unwrap();
    }
    assert_eq!(counts(&queue), [0; 5], "whoever waits for the queue to be drained waits no longer");
}

#[test]
fn a_ticket_of_what_is_done_counts_as_nothing_that_waits() {
    let (world, queue, holder) = scene();
    push_given(&queue, "a", b"a");
    let ticket = world.view(|view| view.below(PENDING).remove(0));
    let task = claim(&queue, &holder).unwrap();
    queue.done(&task.receipt, Some(b"kept"), Standard).unwrap();
    world.file(&format!("{PENDING}/{ticket}"), b"");
    assert_eq!(counts(&queue), [0, 0, 0, 0, 1]);
}

#[test]
fn a_dropped_file_that_can_never_be_a_task_is_damage_and_no_task() {
    let (world, queue, holder) = scene();
    world.file(&format!("{PENDING}/large"), vec![0; 16 * 1024 * 1024 + 1]);
    world.file(&format!("{PENDING}/unreadable"), b"?");
    world.deny(&format!("{PENDING}/unreadable"));
    world.file(&format!("{PENDING}/good"), b"good");
    world.advance(2_000);
    let status = queue.status().unwrap();
    assert_eq!((status.ready, status.damaged), (1, 2));
    assert_eq!(payloads(&queue, &holder), ["good"]);
    let status = queue.status().unwrap();
    assert_eq!((status.ready, status.damaged), (0, 2), "drained");
    let named = [".aristo/mail-queue/pending/large", ".aristo/mail-queue/pending/unreadable"];
    assert_eq!(paths(&world.maintenance().check().unwrap()), named);
    assert_eq!(paths(&world.maintenance().quarantine().unwrap()), named);
    assert!(world.maintenance().check().unwrap().is_empty());
}

#[test]
fn a_dropped_file_that_is_called_as_a_priority_is_a_task_and_stops_nothing() {
    for is_claimed_first in [true, false] {
        let (world, queue, holder) = scene();
        world.file(&format!("{PENDING}/5"), b"dropped");
        world.file(&format!("{PENDING}/0"), vec![0; 16 * 1024 * 1024 + 1]);
        let found = world.maintenance().check().unwrap();
        assert_eq!(found.len(), 2, "{found:?}");
        world.advance(2_000);
        if is_claimed_first {
            let task = claim(&queue, &holder).unwrap();
            assert_eq!(task.payload, b"dropped");
            assert_eq!(task.attributes, [("file".to_string(), "5".to_string())]);
        }
        push(&queue, b"pushed");
        push_given(&queue, "given", b"given");
        let urgent = |payload| NewTask { priority: Some(0), ..task(payload) };
        queue.push(&[urgent(b"first"), urgent(b"second")], OnDuplicate::Refuse, Standard).unwrap();
        let mut left = payloads(&queue, &holder);
        left.extend(payloads(&queue, &holder));
        left.sort();
        let dropped: &[&str] = if is_claimed_first { &[] } else { &["dropped"] };
        assert_eq!(left, [dropped, &["first", "given", "pushed", "second"]].concat());
        assert_eq!(world.maintenance().quarantine().unwrap().len(), 1, "the one that is too large");
    }
}

#[test]
fn an_adoption_that_is_cut_short_anywhere_loses_nothing() {
    for name in ["5", "job"] {
        for steps in 0.. {
            let (world, queue, holder) = scene();
            world.file(&format!("{PENDING}/{name}"), b"dropped");
            world.advance(2_000);
            world.stop_after(steps);
            let all = queue.claim(&holder, 1, Some(1_000), Standard).is_ok_and(|tasks| !tasks.is_empty());
            world.go_on();
            world.advance(120 * MINUTE_MS);
            let holder = world.holders().open("later", MINUTE_MS, Standard).unwrap();
            drop(world.maintenance().sweep(MINUTE_MS));
            assert_eq!(payloads(&world.queue("mail"), &holder), ["dropped"], "{name} after {steps} steps");
            if all {
                break;
            }
        }
    }
}

#[test]
fn an_adoption_that_fails_fails_neither_the_claim_nor_the_others() {
    let (world, queue, holder) = scene();
    push(&queue, b"pushed");
    world.file(&format!("{PENDING}/a"), b"a");
    world.file(&format!("{PENDING}/b"), b"b");
    world.advance(2_000);
    let claim = |world: &World| {
        let holder = world.holders().attach("worker", Standard).unwrap();
        world.queue("mail").claim(&holder, 10, None, Standard)
    };
    drop((queue, holder));
    let well = world.copy();
    well.record();
    assert_eq!(claim(&well).unwrap().len(), 3);
    let mut failures = 0;
    for (step, words) in (0..).zip(well.recorded()) {
        // What is done for the sake of one of the two files, before it is a task.
        let is_made = ["create ", "write "].iter().any(|operation| words.starts_with(operation));
        let is_for_one = words.contains("-queue/notes/") && is_made;
        if is_for_one || words.contains("pending/a") || words.contains("pending/b") {
            failures += 1;
            let ill = world.copy();
            ill.fail_after(step, FsError::NoSpace);
            let tasks = claim(&ill).unwrap_or_else(|error| panic!("{words}: {error}"));
            assert!(tasks.iter().any(|task| task.payload == b"pushed"), "{words}: {tasks:?}");
            assert_eq!(tasks.len(), 2, "{words}: {tasks:?}");
        }
    }
    assert!(failures > 6, "{failures}");
    let (world, queue, holder) = scene();
    push(&queue, b"pushed");
    world.file(&format!("{PENDING}/a"), b"a");
    world.file(&format!("{PENDING}/b"), b"b");
    world.deny(&format!("{PENDING}/a"));
    world.advance(2_000);
    let mut taken = payloads(&queue, &holder);
    taken.sort();
    assert_eq!(taken, ["b", "pushed"]);
}

#[test]
fn a_claim_adopts_about_as_many_files_as_it_wants_oldest_first_and_syncs_none() {
    let (world, queue, holder) = scene();
    for n in 0..200 {
        world.file(&format!("{PENDING}/job-{:03}", 199 - n), format!("{n}"));
        world.advance(10);
    }
    world.advance(2_000);
    world.record();
    assert_eq!(claim(&queue, &holder).unwrap().payload, b"0");
    let synced: Vec<_> =
        world.recorded().into_iter().filter(|step| step.starts_with("sync aristo/mail-queue/")).collect();
    assert!(synced.is_empty(), "{synced:#?}");
    let left = world.view(|view| view.names(PENDING).into_iter().filter(|name| name.starts_with("job-")).count());
    assert!((1..200).contains(&left), "{left} are left");
    let mut all = vec!["0".to_string()];
    while let Some(task) = claim(&queue, &holder) {
        all.push(String::from_utf8(task.payload).unwrap());
        world.advance(30);
    }
    assert_eq!(all, (0..200).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[test]
fn the_name_of_a_queue_that_was_cut_short_is_written_before_a_push_is_acknowledged() {
    let name = "x".repeat(255);
    for steps in 0.. {
        let world = World::new();
        world.stop_after(steps);
        let done = world.queue(&name).push(&[task(b"1")], OnDuplicate::Refuse, Standard).is_ok();
        world.go_on();
        if done {
            // It is on the disk, whatever the power cut forgets.
            assert_eq!(world.power_cut(Cut::Least, Disk::Whole).queues().list().unwrap(), [&*name]);
            break;
        }
        // Another push makes up for what the killed one left out.
        world.queue(&name).push(&[task(b"2")], OnDuplicate::Refuse, Standard).unwrap();
        assert_eq!(world.power_cut(Cut::Least, Disk::Whole).queues().list().unwrap(), [&*name], "{steps}");
    }
}

#[test]
fn a_name_that_is_not_that_of_the_queue_is_not_believed_and_put_right_by_the_next_push() {
    let world = World::new();
    let name = "x".repeat(255);
    push(&world.queue(&name), b"1");
    let directory = world.view(|view| view.names("aristo").into_iter().find(|name| name.ends_with("-queue")).unwrap());
    let file = format!("aristo/{directory}/name");
    for wrong in [None, Some(b"mail".to_vec()), Some(b"".to_vec()), Some(vec![0; 255])] {
        crate::support::remove(&world, &file);
        if let Some(wrong) = wrong {
            world.file(&file, wrong);
        }
        assert!(world.queues().list().unwrap().is_empty());
        assert_eq!(paths(&world.maintenance().check().unwrap()), [format!(".aristo/{directory}/name")]);
        assert!(world.maintenance().reconcile().unwrap().is_empty());
        push(&world.queue(&name), b"2");
        assert_eq!(world.queues().list().unwrap(), [&*name]);
        assert!(world.maintenance().check().unwrap().is_empty());
    }
}

#[test]
fn more_late_claims_than_anybody_could_watch_are_reaped_after_the_clock_fell() {
    let (world, queue, _) = scene();
    let holder = world.holders().open("worker", 10_000 * MINUTE_MS, Standard).unwrap();
    let tasks = vec![task(b"x"); 6_000];
    queue.push(&tasks, OnDuplicate::Refuse, Unsynced).unwrap();
    for _ in 0..6 {
        queue.claim(&holder, 1_000, Some(MINUTE_MS), Standard).unwrap();
    }
    world.jump(-48 * 60 * 60_000);
    let fresh = world.queue("mail");
    let mut reaped = 0;
    for _ in 0..10 {
        reaped += fresh.reap(Standard).unwrap().len();
        world.advance(2 * MINUTE_MS);
    }
    assert_eq!(reaped, 6_000);
}

#[test]
fn one_bad_entry_stops_neither_a_sweep_nor_a_listing_of_holders() {
    let (world, queue, _holder) = scene();
    push(&queue, b"a");
    world.holders().open("ended", MINUTE_MS, Standard).unwrap().end(Standard).unwrap();
    world.holders().open("bad", MINUTE_MS, Standard).unwrap();
    world.deny("holders/bad");
    for store in ["aristo/mail-queue", "holders"] {
        world.directory(&format!("{store}/tmp/a-bad"));
        world.file(&format!("{store}/tmp/b-debris"), b"");
        world.deny(&format!("{store}/tmp/a-bad"));
    }
    world.advance(5 * MINUTE_MS);
    assert_eq!(world.holders().list().unwrap().len(), 2);
    let found = world.maintenance().check().unwrap();
    assert_eq!(paths(&found), ["holders/bad"]);
    assert!(world.maintenance().sweep(2 * MINUTE_MS).is_err());
    world.view(|view| {
        assert!(!view.exists("holders/ended") && view.exists("holders/bad"));
        assert!(!view.exists("aristo/mail-queue/tmp/b-debris") && !view.exists("holders/tmp/b-debris"));
    });
}

#[test]
fn the_record_of_a_holder_that_was_killed_is_swept_once_its_time_has_long_passed() {
    let (world, queue, _) = scene();
    world.holders().open("killed", MINUTE_MS, Standard).unwrap();
    let late = world.holders().open("late", 9 * MINUTE_MS, Standard).unwrap();
    world.advance(8 * MINUTE_MS);
    push(&queue, b"a");
    assert_eq!(world.maintenance().sweep(5 * MINUTE_MS).unwrap(), 1);
    assert_eq!(world.holders().list().unwrap().len(), 2, "the others live");
    world.advance(4 * MINUTE_MS);
    assert_eq!(world.maintenance().sweep(5 * MINUTE_MS).unwrap(), 0, "late, but not for long");
    late.renew(Standard).unwrap();
    world.set_wall(5);
    let again = world.holders().open("killed", MINUTE_MS, Standard).unwrap();
    assert!(again.epoch() > 1_000_000, "the floor keeps its epoch");
}

#[test]
fn a_note_is_synced_where_the_call_is_and_an_outcome_always() {
    let (world, queue, holder) = scene();
    for (durability, outcome, is_synced) in
        [(Standard, None, false), (Durability::Synced, None, true), (Standard, Some(b"kept".as_slice()), true)]
    {
        push(&queue, b"a");
        let task = claim(&queue, &holder).unwrap();
        world.record();
        match outcome {
            None => queue.bury(&task.receipt, "broken", durability).unwrap(),
            Some(_) => queue.done(&task.receipt, outcome, durability).unwrap(),
        }
        let synced = world.recorded().iter().any(|step| step.to_lowercase().contains("sync"));
        assert_eq!(synced, is_synced, "{durability:?} {outcome:?}");
    }
}

#[test]
fn names_are_not_taken_from_where_a_directory_is_missing() {
    let world = World::new();
    world.directory("aristo/mail-queue/pending");
    world.dir("aristo").open_dir("mail-queue").unwrap();
    for id in ["pending", "tmp", "aaaaaaaaaaaaaaaa"] {
        assert!(matches!(world.queue("mail").peek(id), Err(Error::NotFound(_))));
    }
    assert!(world.view(|view| view.exists("aristo/mail-queue/pending")));
}
