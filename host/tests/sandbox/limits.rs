//! An instance that goes over a limit is stopped; the program and its next call go on.

use super::drip::dripping;
use super::{granted, task};
use leasehold::{
    Durability, Engine, Error, Limits, NewTask, OnDuplicate, Session, TaskPage, TaskState, system_environment,
};
use leasehold_core::Error as StoreError;
use std::time::{Duration, Instant};

const STANDARD: Durability = Durability::Standard;
const MIB: usize = 1024 * 1024;

fn push(session: &mut Session, payload: &[u8]) -> leasehold::Result<Vec<String>> {
    session.queue("q")?.push(&[task(payload)], OnDuplicate::Refuse, Durability::Unsynced)
}

/// Why the instance was stopped.
fn stopped<T: std::fmt::Debug>(outcome: leasehold::Result<T>) -> String {
    match outcome {
        Err(Error::Trapped(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_call_that_does_not_end_is_stopped_and_the_next_one_works() {
    let (place, _) = granted();
    let mut limits = Limits::default();
    limits.call_time_max = Duration::from_secs(2);
    let engine = Engine::with_limits(limits).unwrap();
    let (directories, drip) = dripping(place.path());
    let mut session = engine.open_over(directories, system_environment()).unwrap();

    // Sixteen million writes: hours of it.
    drip.set(true);
    let begun = Instant::now();
    let why = stopped(push(&mut session, &vec![b'x'; 16 * MIB]));
    assert!(why.contains("2s"), "{why}");
    assert!(begun.elapsed() >= Duration::from_secs(2), "{:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());

    // Nothing of it was published.
    drip.set(false);
    assert_eq!(push(&mut session, b"next").unwrap().len(), 1);
    let status = session.queue("q").unwrap().status().unwrap();
    assert_eq!((status.ready, status.damaged), (1, 0));
}

#[test]
fn many_short_calls_may_take_longer_together_than_one_may() {
    let (place, _) = granted();
    let mut limits = Limits::default();
    limits.call_time_max = Duration::from_secs(2);
    let engine = Engine::with_limits(limits).unwrap();
    let (directories, _) = dripping(place.path());
    let mut session = engine.open_over(directories, system_environment()).unwrap();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(2_500) {
        push(&mut session, b"task").unwrap();
    }
}

#[test]
fn a_call_after_a_long_rest_has_its_whole_time() {
    let (place, _) = granted();
    let mut limits = Limits::default();
    limits.call_time_max = Duration::from_secs(2);
    let engine = Engine::with_limits(limits).unwrap();
    let (directories, drip) = dripping(place.path());
    let mut session = engine.open_over(directories, system_environment()).unwrap();
    for _ in 0..2 {
        push(&mut session, b"task").unwrap();
        // The thread that ends calls rests by now, and is woken by the next one.
        std::thread::sleep(Duration::from_millis(2_200));
    }
    drip.set(true);
    let begun = Instant::now();
    stopped(push(&mut session, &vec![b'x'; 16 * MIB]));
    assert!(begun.elapsed() >= Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[test]
fn an_instance_that_hoards_memory_is_stopped_and_the_next_call_works() {
    let (_place, grants) = granted();
    let mut limits = Limits::default();
    limits.memory_bytes_max = 8 * MIB;
    let engine = Engine::with_limits(limits).unwrap();
    let mut session = engine.open(&grants).unwrap();
    push(&mut session, b"before").unwrap();
    let why = stopped(push(&mut session, &vec![b'x'; 16 * MIB]));
    assert!(why.contains("8388608 bytes of memory"), "{why}");
    push(&mut session, b"after").unwrap();
    assert_eq!(session.queue("q").unwrap().status().unwrap().ready, 2);
}

#[test]
fn the_largest_payload_and_the_largest_batch_fit() {
    let (_place, grants) = granted();
    let engine = Engine::new().unwrap();
    let mut session = engine.open(&grants).unwrap();
    let holder = session.holder_open("h", 60_000, STANDARD).unwrap();
    let payload: Vec<u8> = (0..16 * MIB).map(|at| (at % 251).to_le_bytes()[0]).collect();
    let batch = [task(&payload), task(&payload), task(&payload), task(&payload)];
    let ids = session.queue("q").unwrap().push(&batch, OnDuplicate::Refuse, Durability::Unsynced).unwrap();
    assert_eq!(ids.len(), 4);
    for _ in 0..2 {
        let claimed = session.queue("q").unwrap().claim(&holder, 1, None, STANDARD).unwrap();
        assert!(claimed[0].payload == payload);
        session.queue("q").unwrap().done(&claimed[0].receipt, Some(&payload), STANDARD).unwrap();
        assert!(session.queue("q").unwrap().outcome(&claimed[0].id).unwrap() == payload);
    }
}

#[test]
fn a_long_queue_is_reconciled_looked_through_and_listed_in_little_memory() {
    let (place, grants) = granted();
    let mut native = Session::native(&grants).unwrap();
    let batch: Vec<_> = (0..65_536).map(|_| task(b"")).collect();
    for _ in 0..2 {
        native.queue("q").unwrap().push(&batch, OnDuplicate::Refuse, Durability::Unsynced).unwrap();
    }
    // The machine was restarted since.
    for entry in std::fs::read_dir(place.path().join(".aristo")).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_str().unwrap().starts_with("boot.") {
            std::fs::remove_file(path).unwrap();
        }
    }
    let mut limits = Limits::default();
    limits.memory_bytes_max = 24 * MIB;
    let mut session = Engine::with_limits(limits).unwrap().open(&grants).unwrap();
    let boots = std::fs::read_dir(place.path().join(".aristo")).unwrap();
    assert!(boots.flatten().any(|entry| entry.file_name().to_str().unwrap().starts_with("boot.")), "it was reconciled");
    assert!(session.maintenance_reconcile().unwrap().is_empty());
    assert!(session.maintenance_check().unwrap().is_empty());
    let mut queue = session.queue("q").unwrap();
    assert_eq!(queue.status().unwrap().ready, 131_072);
    let page = queue.list(TaskState::Ready, None, 1_000).unwrap();
    assert_eq!(page.tasks.len(), 1_000);
    assert!(page.cursor.is_some());
}

#[test]
fn many_tasks_with_ids_are_listed_with_little_open() {
    let (_place, grants) = granted();
    let mut limits = Limits::default();
    limits.descriptors_max = 64;
    let mut session = Engine::with_limits(limits).unwrap().open(&grants).unwrap();
    let holder = session.holder_open("h", 60_000, STANDARD).unwrap();
    let ids: Vec<String> = (0..300).map(|n| format!("id-{n:03}")).collect();
    let batch: Vec<_> = ids.iter().map(|id| NewTask { id: Some(id), ..task(b"x") }).collect();
    let mut queue = session.queue("q").unwrap();
    queue.push(&batch, OnDuplicate::Refuse, Durability::Unsynced).unwrap();
    let listed = |page: TaskPage| page.tasks.into_iter().map(|task| task.id).collect::<Vec<_>>();
    assert_eq!(listed(queue.list(TaskState::Ready, None, 10_000).unwrap()), ids);
    for _ in 0..30 {
        queue.claim(&holder, 10, None, STANDARD).unwrap();
    }
    assert_eq!(listed(queue.list(TaskState::Claimed, None, 10_000).unwrap()), ids);
}

#[test]
fn an_instance_with_too_much_open_gets_an_error_and_lives_on() {
    let (_place, grants) = granted();
    let mut limits = Limits::default();
    // The six grants, and the two that are used, opened anew.
    limits.descriptors_max = 8;
    let engine = Engine::with_limits(limits).unwrap();
    let mut session = engine.open(&grants).unwrap();
    let refused = push(&mut session, b"task").unwrap_err();
    assert!(matches!(refused, Error::Store(StoreError::Io(_))), "{refused:?}");
    assert!(session.holder_list().unwrap().is_empty());
    assert!(session.queue_list().is_ok());
}

#[test]
fn one_instance_too_many_is_refused_and_there_is_room_again_once_another_is_closed() {
    let (_place, grants) = granted();
    let mut limits = Limits::default();
    limits.instances_max = 2;
    let engine = Engine::with_limits(limits).unwrap();
    let _first = engine.open(&grants).unwrap();
    let second = engine.open(&grants).unwrap();
    assert!(matches!(engine.open(&grants).unwrap_err(), Error::Setup(_)));
    drop(second);
    engine.open(&grants).unwrap();
}

/// Names, and handles of directories, are kept as far as there is room for them, whatever the queue holds.
#[test]
fn a_queue_of_any_length_and_many_batches_is_worked_off_in_little_memory() {
    let (_place, grants) = granted();
    let mut filler = Session::native(&grants).unwrap();
    let mut push_all = |count: usize| {
        let tasks = vec![task(&[b'.'; 180]); count];
        filler.queue("q").unwrap().push(&tasks, OnDuplicate::Refuse, Durability::Unsynced).unwrap();
    };
    push_all(65_536);
    (0..1_500).for_each(|_| push_all(2));
    let mut limits = Limits::default();
    limits.memory_bytes_max = 32 * MIB;
    let mut session = Engine::with_limits(limits).unwrap().open(&grants).unwrap();
    let holder = session.holder_open("w", 600_000, STANDARD).unwrap();
    let mut left = 65_536 + 3_000;
    while left > 0 {
        let tasks = session.queue("q").unwrap().claim(&holder, 1_000, None, Durability::Unsynced).unwrap();
        assert!(!tasks.is_empty(), "{left} are left");
        left -= tasks.len();
        for task in tasks {
            session.queue("q").unwrap().done(&task.receipt, None, Durability::Unsynced).unwrap();
        }
    }
    let bytes = session.memory_bytes().unwrap();
    assert!(bytes < 24 * MIB, "{bytes}");
}

/// Each task with a given id has a directory of its own, and is open until the claim is done.
#[test]
fn a_claim_of_many_tasks_with_given_ids_takes_as_many_as_can_be_open() {
    let (_place, grants) = granted();
    let mut session = Engine::new().unwrap().open(&grants).unwrap();
    let ids: Vec<String> = (0..1_200).map(|number| format!("id-{number}")).collect();
    let tasks: Vec<NewTask<'_>> = ids.iter().map(|id| NewTask { id: Some(id), ..task(b"x") }).collect();
    session.queue("q").unwrap().push(&tasks, OnDuplicate::Refuse, Durability::Unsynced).unwrap();
    let holder = session.holder_open("w", 600_000, STANDARD).unwrap();
    let mut left = ids.len();
    while left > 0 {
        let tasks = session.queue("q").unwrap().claim(&holder, 1_000, None, Durability::Unsynced).unwrap();
        assert!(!tasks.is_empty(), "{left} are left");
        left -= tasks.len();
    }
}

#[test]
fn one_session_works_with_ever_so_many_queues() {
    let (_place, grants) = granted();
    let mut session = Engine::new().unwrap().open(&grants).unwrap();
    let holder = session.holder_open("w", 600_000, STANDARD).unwrap();
    for round in 0..2 {
        for number in 0..300 {
            let mut queue = session.queue(&format!("queue-{number}")).unwrap();
            // The first has a file of its own, the second is packed.
            for _ in 0..2 {
                queue.push(&[task(b"x")], OnDuplicate::Refuse, Durability::Unsynced).unwrap();
            }
            let tasks = queue.claim(&holder, 2, None, Durability::Unsynced).unwrap();
            assert_eq!(tasks.len(), 2, "queue {number}, round {round}");
            queue.done(&tasks[0].receipt, None, Durability::Unsynced).unwrap();
        }
    }
    assert_eq!(session.queue_list().unwrap().len(), 300);
}
