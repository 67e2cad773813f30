//! Queues that hold more than one instance keeps in mind at a time.

use super::support::{MINUTE_MS, push, scene, task};
use leasehold_core::Durability::Unsynced;
use leasehold_core::holder::Holder;
use leasehold_core::queue::Queue;
use leasehold_core::queue::{NewTask, OnDuplicate};
use leasehold_tests::sim::SimDirectory;

/// Claims and finishes all there is, `max` at a time, and answers it in that order.
fn worked_off(queue: &Queue<SimDirectory>, holder: &Holder<SimDirectory>, max: u32) -> Vec<usize> {
    let mut numbers = Vec::new();
    loop {
        let tasks = queue.claim(holder, max, None, Unsynced).unwrap();
        if tasks.is_empty() {
            return numbers;
        }
        for task in tasks {
            numbers.push(String::from_utf8(task.payload).unwrap().parse().unwrap());
            queue.done(&task.receipt, None, Unsynced).unwrap();
        }
    }
}

fn push_numbers(queue: &Queue<SimDirectory>, numbers: std::ops::Range<usize>) {
    let payloads: Vec<String> = numbers.map(|number| number.to_string()).collect();
    let tasks: Vec<NewTask<'_>> = payloads.iter().map(|payload| task(payload.as_bytes())).collect();
    queue.push(&tasks, OnDuplicate::Refuse, Unsynced).unwrap();
}

fn all(count: usize) -> Vec<usize> {
    (0..count).collect()
}

#[test]
fn a_batch_of_more_tasks_than_are_known_at_a_time_is_claimed_whole_and_in_order() {
    let (world, queue, holder) = scene();
    world.shuffle(7);
    push_numbers(&queue, 0..65_536);
    assert_eq!(worked_off(&queue, &holder, 1_000), all(65_536));
}

/// All of them are due at one moment, so nothing but looking into each tells which is first.
#[test]
fn more_batches_than_are_open_at_a_time_are_claimed_whole_and_in_order() {
    let (world, queue, holder) = scene();
    world.shuffle(7);
    for number in 0..700 {
        push_numbers(&queue, number * 2..number * 2 + 2);
    }
    assert_eq!(worked_off(&queue, &holder, 7), all(1_400));
}

#[test]
fn a_claim_of_tasks_from_everywhere_takes_some_and_the_next_one_the_others() {
    let (world, queue, _holder) = scene();
    let holder = world.holders().open("patient", 24 * 60 * MINUTE_MS, Unsynced).unwrap();
    for number in 0..300 {
        push(&queue, number.to_string().as_bytes());
        world.advance(5_000);
    }
    let first = queue.claim(&holder, 1_000, None, Unsynced).unwrap();
    assert_eq!(first.len(), 256);
    assert_eq!(queue.claim(&holder, 1_000, None, Unsynced).unwrap().len(), 44);
}

#[test]
fn who_pushes_many_one_by_one_claims_them_in_order() {
    let (world, queue, holder) = scene();
    push_numbers(&queue, 0..2);
    let first = queue.claim(&holder, 1, None, Unsynced).unwrap();
    queue.done(&first[0].receipt, None, Unsynced).unwrap();
    for number in 2..40_000 {
        push(&queue, number.to_string().as_bytes());
        if number % 100 == 0 {
            world.advance(1);
        }
    }
    let numbers = worked_off(&queue, &holder, 1_000);
    assert_eq!(numbers, (1..40_000).collect::<Vec<_>>());
}

/// Each bucket that follows a full one begins later, so what is pushed fast is not all listed for one claim.
#[test]
fn a_claim_lists_one_bucket_of_many_that_were_pushed_within_one_window() {
    let (world, queue, holder) = scene();
    for _ in 0..40 {
        // Of two kinds, so that it is no group.
        let tasks = [NewTask::default(), NewTask { max_attempts: Some(9), ..NewTask::default() }];
        queue.push(&tasks, OnDuplicate::Refuse, Unsynced).unwrap();
        world.advance(5);
    }
    let fresh = world.queue("mail");
    world.record();
    assert_eq!(fresh.claim(&holder, 1, None, Unsynced).unwrap().len(), 1);
    // `pending`, its priority, one bucket, and one that follows.
    let listed: Vec<String> = world.recorded().into_iter().filter(|step| step.contains("list")).collect();
    assert!((3..=4).contains(&listed.len()), "{listed:?}");
}
