use crate::support::{MINUTE_MS, claim, counts, given, payloads, push_given, scene, task};
use leasehold_core::Durability::Standard;
use leasehold_core::Error;
use leasehold_core::queue::{NewTask, OnDuplicate, TaskState};

#[test]
fn a_given_id_is_unique_while_it_is_pending_or_claimed() {
    let (_world, queue, holder) = scene();
    push_given(&queue, "a", b"1");
    let again = |on| queue.push(&[given("a", b"2")], on, Standard);
    assert!(matches!(again(OnDuplicate::Refuse), Err(Error::Exists(_))));
    assert_eq!(again(OnDuplicate::Keep).unwrap(), ["a"]);
    assert_eq!(counts(&queue), [1, 0, 0, 0, 0]);
    let task = claim(&queue, &holder).unwrap();
    assert_eq!((task.id.as_str(), task.payload.as_slice()), ("a", b"1".as_slice()));
    assert!(matches!(again(OnDuplicate::Refuse), Err(Error::Exists(_))));
    assert!(matches!(again(OnDuplicate::Replace), Err(Error::Held(holding)) if holding.holder == "worker"));
    again(OnDuplicate::Keep).unwrap();
    queue.done(&task.receipt, None, Standard).unwrap();
    assert_eq!(counts(&queue), [0; 5]);
    push_given(&queue, "a", b"3");
    let later = claim(&queue, &holder).unwrap();
    assert_eq!(later.payload, b"3");
    assert!(later.token > task.token, "a token never falls, also across removal");
}

#[test]
fn replacing_a_pending_task_takes_its_place() {
    let (world, queue, holder) = scene();
    push_given(&queue, "a", b"old");
    let new = NewTask { priority: Some(0), ..given("a", b"new") };
    queue.push(&[new], OnDuplicate::Replace, Standard).unwrap();
    assert_eq!(payloads(&queue, &holder), ["new"]);
    assert!(world.maintenance().check().unwrap().is_empty());
}

#[test]
fn the_token_of_a_given_id_outlives_a_clock_that_falls() {
    let (world, queue, holder) = scene();
    push_given(&queue, "a", b"1");
    let task = claim(&queue, &holder).unwrap();
    queue.done(&task.receipt, None, Standard).unwrap();
    world.set_wall(1_000);
    let holder = world.holders().open("worker", MINUTE_MS, Standard).unwrap();
    let queue = world.queue("mail");
    push_given(&queue, "a", b"2");
    assert!(claim(&queue, &holder).unwrap().token > task.token);
}

#[test]
fn given_and_other_tasks_share_one_order() {
    let (_world, queue, holder) = scene();
    queue.push(&[task(b"1")], OnDuplicate::Refuse, Standard).unwrap();
    push_given(&queue, "x", b"2");
    queue.push(&[task(b"3")], OnDuplicate::Refuse, Standard).unwrap();
    queue.push(&[NewTask { priority: Some(1), ..given("y", b"0") }], OnDuplicate::Refuse, Standard).unwrap();
    assert_eq!(payloads(&queue, &holder), ["0", "1", "2", "3"]);
}

#[test]
fn a_batch_of_given_ids_is_completed_by_pushing_it_again() {
    let (_world, queue, holder) = scene();
    push_given(&queue, "b", b"b");
    let all = [given("a", b"a"), given("b", b"b"), given("c", b"c")];
    let refused = queue.push(&all, OnDuplicate::Refuse, Standard).unwrap_err();
    assert!(matches!(refused, Error::Exists(_)));
    assert_eq!(counts(&queue), [1, 0, 0, 0, 0], "a refusal changes nothing");
    assert_eq!(queue.push(&all, OnDuplicate::Keep, Standard).unwrap(), ["a", "b", "c"]);
    assert_eq!(queue.push(&all, OnDuplicate::Keep, Standard).unwrap(), ["a", "b", "c"]);
    assert_eq!(payloads(&queue, &holder), ["b", "a", "c"]);
}

#[test]
fn a_batch_gives_ids_to_all_or_to_none_and_none_twice() {
    let (world, queue, _holder) = scene();
    let before = world.view(|view| view.tree());
    let mixed = [given("a", b"a"), task(b"b")];
    assert!(matches!(queue.push(&mixed, OnDuplicate::Keep, Standard), Err(Error::InvalidArgument(_))));
    let twice = [given("a", b"a"), given("a", b"b")];
    assert!(matches!(queue.push(&twice, OnDuplicate::Keep, Standard), Err(Error::InvalidArgument(_))));
    assert_eq!(world.view(|view| view.tree()), before);
}

#[test]
fn the_whole_life_of_a_given_id_leaves_nothing_behind() {
    let (world, queue, holder) = scene();
    for end in 0..6 {
        push_given(&queue, "Größe:7", b"x");
        let task = claim(&queue, &holder).unwrap();
        match end {
            0 => queue.done(&task.receipt, None, Standard).unwrap(),
            1 => {
                queue.done(&task.receipt, Some(b"out"), Standard).unwrap();
                queue.done(&task.receipt, None, Standard).unwrap();
                assert_eq!(queue.outcome("Größe:7").unwrap(), b"out");
                assert_eq!(counts(&queue), [0, 0, 0, 0, 1]);
                assert_eq!(queue.purge(TaskState::Done, 0, Standard).unwrap(), 1);
            }
            2 => {
                queue.bury(&task.receipt, "no good", Standard).unwrap();
                let page = queue.list(TaskState::Dead, None, 10).unwrap();
                assert_eq!(page.tasks[0].reason.as_deref(), Some("no good"));
                queue.revive("Größe:7", Standard).unwrap();
                assert_eq!(claim(&queue, &holder).map(|task| task.attempt), Some(1));
                assert!(matches!(queue.cancel("Größe:7", Standard), Err(Error::Held(_))));
                let claimed = queue.list(TaskState::Claimed, None, 10).unwrap();
                assert_eq!(claimed.tasks[0].holding.as_ref().unwrap().holder, "worker");
                let holder = world.holders().open("worker", MINUTE_MS, Standard).unwrap();
                assert_eq!(queue.reap(Standard).unwrap(), ["Größe:7"]);
                queue.cancel("Größe:7", Standard).unwrap();
                drop(holder);
            }
            _ => {
                let holder = world.holders().attach("worker", Standard).unwrap();
                let _ = queue.retry(&task.receipt, 0, "again", Standard);
                let task = claim(&queue, &holder);
                drop(task);
                let _ = world.holders().open("worker", MINUTE_MS, Standard).unwrap();
                queue.reap(Standard).unwrap();
                queue.cancel("Größe:7", Standard).unwrap();
            }
        }
        assert_eq!(counts(&queue), [0; 5], "after end {end}");
        let left = world.view(|view| view.below("aristo/mail-queue"));
        let left: Vec<_> = left.iter().filter(|name| !name.starts_with("floor")).collect();
        assert!(left.is_empty(), "after end {end}: {left:?}");
        if end >= 2 {
            // The scene's holder was followed by a later epoch.
            break;
        }
    }
}

#[test]
fn a_very_long_id_round_trips() {
    let (_world, queue, holder) = scene();
    let id = "Ä".repeat(127);
    push_given(&queue, &id, b"x");
    assert_eq!(queue.list(TaskState::Ready, None, 10).unwrap().tasks[0].id, id);
    let task = claim(&queue, &holder).unwrap();
    assert_eq!(task.id, id);
    queue.done(&task.receipt, None, Standard).unwrap();
}

#[test]
fn ids_that_differ_only_in_case_are_two() {
    let (_world, queue, holder) = scene();
    push_given(&queue, "aret_Ab12", b"1");
    push_given(&queue, "aret_aB12", b"2");
    assert_eq!(payloads(&queue, &holder), ["1", "2"]);
}
