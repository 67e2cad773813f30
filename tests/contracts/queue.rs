use crate::support::{MINUTE_MS, claim, counts, payloads, push, remove, scene, task};
use leasehold_core::Durability::{Standard, Synced};
use leasehold_core::Error;
use leasehold_core::queue::{NewTask, OnDuplicate, TaskState};
use leasehold_tests::sim::World;

#[test]
fn a_task_is_pushed_claimed_and_done() {
    let (_world, queue, holder) = scene();
    let id = push(&queue, b"hello");
    assert_eq!(counts(&queue), [1, 0, 0, 0, 0]);
    let task = claim(&queue, &holder).unwrap();
    assert_eq!((task.id.as_str(), task.payload.as_slice(), task.attempt), (id.as_str(), b"hello".as_slice(), 1));
    assert_eq!(counts(&queue), [0, 0, 1, 0, 0]);
    assert!(claim(&queue, &holder).is_none());
    queue.done(&task.receipt, None, Standard).unwrap();
    assert_eq!(counts(&queue), [0, 0, 0, 0, 0]);
    assert!(matches!(queue.done(&task.receipt, None, Standard), Err(Error::Lost(_))), "nothing was kept");
}

#[test]
fn everything_works_with_every_step_synced() {
    let (_world, queue, holder) = scene();
    queue.push(&[task(b"a"), task(b"b")], OnDuplicate::Refuse, Synced).unwrap();
    queue.push(&[crate::support::given("id", b"c")], OnDuplicate::Refuse, Synced).unwrap();
    for outcome in [None, Some(b"out".as_slice()), None] {
        let task = queue.claim(&holder, 1, None, Synced).unwrap().pop().unwrap();
        queue.extend(&task.receipt, MINUTE_MS, Synced).unwrap();
        queue.release(&task.receipt, Synced).unwrap();
        let task = queue.claim(&holder, 1, None, Synced).unwrap().pop().unwrap();
        assert!(queue.retry(&task.receipt, 0, "why", Synced).unwrap());
        let task = queue.claim(&holder, 1, None, Synced).unwrap().pop().unwrap();
        queue.done(&task.receipt, outcome, Synced).unwrap();
    }
    assert_eq!(counts(&queue), [0, 0, 0, 0, 1]);
}

#[test]
fn tasks_come_by_priority_then_in_the_order_of_pushing() {
    let (_world, queue, holder) = scene();
    for (payload, priority) in [("c", 5), ("e", 9), ("d", 5), ("a", 0), ("b", 0)] {
        let task = NewTask { payload: payload.as_bytes(), priority: Some(priority), ..NewTask::default() };
        queue.push(&[task], OnDuplicate::Refuse, Standard).unwrap();
    }
    assert_eq!(payloads(&queue, &holder), ["a", "b", "c", "d", "e"]);
}

#[test]
fn a_batch_of_several_priorities_is_merged_with_what_stands_elsewhere() {
    let (_world, queue, holder) = scene();
    let at = |payload: &'static [u8], priority| NewTask { payload, priority: Some(priority), ..NewTask::default() };
    queue.push(&[at(b"m1", 1), at(b"m9", 9), at(b"m4", 4)], OnDuplicate::Refuse, Standard).unwrap();
    for task in [at(b"s5", 5), at(b"s0", 0), at(b"s3", 3)] {
        queue.push(&[task], OnDuplicate::Refuse, Standard).unwrap();
    }
    assert_eq!(payloads(&queue, &holder), ["s0", "m1", "s3", "m4", "s5", "m9"]);
}

#[test]
fn a_batch_has_its_ids_in_order_and_an_empty_one_changes_nothing() {
    let (world, queue, holder) = scene();
    let before = world.view(|view| view.tree());
    assert!(queue.push(&[], OnDuplicate::Refuse, Standard).unwrap().is_empty());
    assert_eq!(world.view(|view| view.tree()), before);
    let all: Vec<String> = (0..100).map(|n| format!("{n}")).collect();
    let tasks: Vec<_> = all.iter().map(|payload| task(payload.as_bytes())).collect();
    let ids = queue.push(&tasks, OnDuplicate::Refuse, Standard).unwrap();
    let claimed = queue.claim(&holder, 1_000, None, Standard).unwrap();
    assert_eq!(claimed.iter().map(|task| task.id.clone()).collect::<Vec<_>>(), ids);
    assert_eq!(claimed.iter().map(|t| String::from_utf8(t.payload.clone()).unwrap()).collect::<Vec<_>>(), all);
}

#[test]
fn a_delayed_task_waits() {
    let (world, queue, holder) = scene();
    let task = NewTask { payload: b"later", delay_ms: 1_000, ..NewTask::default() };
    queue.push(&[task], OnDuplicate::Refuse, Standard).unwrap();
    assert_eq!(counts(&queue), [0, 1, 0, 0, 0]);
    assert!(queue.status().unwrap().next_due_ms.is_some());
    assert!(claim(&queue, &holder).is_none());
    world.advance(1_000);
    assert_eq!(claim(&queue, &holder).unwrap().payload, b"later");
}

#[test]
fn attributes_travel_with_the_task_and_the_file_begins_with_the_payload() {
    let (world, queue, holder) = scene();
    let attributes = vec![("trace".to_string(), "\"42\"\n".to_string()), ("é".into(), String::new())];
    let new = NewTask { payload: b"{\"a\":1}", attributes: &attributes, ..NewTask::default() };
    queue.push(&[new], OnDuplicate::Refuse, Standard).unwrap();
    let shown = world.view(|view| {
        let names = view.below("aristo/mail-queue/pending");
        view.read(&format!("aristo/mail-queue/pending/{}", names[0])).unwrap()
    });
    assert!(shown.starts_with(b"{\"a\":1}"));
    let task = claim(&queue, &holder).unwrap();
    assert_eq!((task.payload.as_slice(), task.attributes), (b"{\"a\":1}".as_slice(), attributes));
}

#[test]
fn a_retry_counts_and_after_the_last_the_task_is_dead_with_its_reason() {
    let (world, queue, holder) = scene();
    let new = NewTask { payload: b"x", max_attempts: Some(2), ..NewTask::default() };
    let id = queue.push(&[new], OnDuplicate::Refuse, Standard).unwrap().remove(0);
    let first = claim(&queue, &holder).unwrap();
    assert!(queue.retry(&first.receipt, 500, "exit 1", Standard).unwrap());
    assert_eq!(counts(&queue), [0, 1, 0, 0, 0]);
    assert_eq!(queue.peek(&id).unwrap().info.reason.as_deref(), Some("exit 1"));
    world.advance(500);
    let second = claim(&queue, &holder).unwrap();
    assert_eq!(second.attempt, 2);
    assert!(second.token > first.token);
    assert!(!queue.retry(&second.receipt, 0, "exit 2", Standard).unwrap());
    assert_eq!(counts(&queue), [0, 0, 0, 1, 0]);
    let page = queue.list(TaskState::Dead, None, 10).unwrap();
    assert_eq!((page.tasks[0].id.as_str(), page.tasks[0].reason.as_deref()), (id.as_str(), Some("exit 2")));
}

#[test]
fn a_release_does_not_count_and_puts_the_task_back_first() {
    let (_world, queue, holder) = scene();
    push(&queue, b"a");
    push(&queue, b"b");
    let task = claim(&queue, &holder).unwrap();
    queue.release(&task.receipt, Standard).unwrap();
    let again = claim(&queue, &holder).unwrap();
    assert_eq!((again.payload.as_slice(), again.attempt), (b"a".as_slice(), 1));
    assert!(again.token > task.token);
}

#[test]
fn an_act_with_an_old_token_is_lost_and_changes_nothing() {
    let (world, queue, holder) = scene();
    push(&queue, b"a");
    let old = claim(&queue, &holder).unwrap();
    queue.release(&old.receipt, Standard).unwrap();
    let new = claim(&queue, &holder).unwrap();
    remove(&world, "aristo/mail-queue/pending/5");
    let before = world.view(|view| view.tree());
    assert!(matches!(queue.done(&old.receipt, None, Standard), Err(Error::Lost(_))));
    assert!(matches!(queue.done(&old.receipt, Some(b"x"), Standard), Err(Error::Lost(_))));
    assert!(matches!(queue.retry(&old.receipt, 0, "r", Standard), Err(Error::Lost(_))));
    assert!(matches!(queue.release(&old.receipt, Standard), Err(Error::Lost(_))));
    assert!(matches!(queue.bury(&old.receipt, "r", Standard), Err(Error::Lost(_))));
    assert!(matches!(queue.extend(&old.receipt, 1, Standard), Err(Error::Lost(_))));
    assert_eq!(world.view(|view| view.tree()), before);
    queue.done(&new.receipt, None, Standard).unwrap();
}

#[test]
fn a_receipt_of_another_queue_is_lost_and_garbage_is_refused() {
    let (world, queue, holder) = scene();
    push(&queue, b"a");
    let task = claim(&queue, &holder).unwrap();
    let other = world.queue("other");
    push(&other, b"b");
    assert!(matches!(other.done(&task.receipt, None, Standard), Err(Error::Lost(_))));
    assert!(matches!(world.queue("missing").done(&task.receipt, None, Standard), Err(Error::Lost(_))));
    for garbage in ["", "a", "a.b.c", &task.receipt[1..], &task.receipt[..task.receipt.len() - 1]] {
        assert!(matches!(queue.done(garbage, None, Standard), Err(Error::InvalidArgument(_))), "{garbage}");
    }
}

#[test]
fn an_extended_claim_lasts_and_its_receipt_stays_valid() {
    let (world, queue, holder) = scene();
    push(&queue, b"a");
    let task = queue.claim(&holder, 1, Some(1_000), Standard).unwrap().remove(0);
    world.advance(900);
    let until = queue.extend(&task.receipt, 5_000, Standard).unwrap();
    assert_eq!(until, world.now_ms() + 5_000);
    world.advance(4_900);
    assert!(queue.reap(Standard).unwrap().is_empty());
    queue.done(&task.receipt, None, Standard).unwrap();
}

#[test]
fn a_claim_past_its_deadline_is_reaped_and_counts() {
    let (world, queue, holder) = scene();
    let id = push(&queue, b"a");
    let task = queue.claim(&holder, 1, Some(1_000), Standard).unwrap().remove(0);
    world.advance(1_001);
    assert_eq!(queue.reap(Standard).unwrap(), [id]);
    assert!(matches!(queue.done(&task.receipt, None, Standard), Err(Error::Lost(_))));
    assert_eq!(claim(&queue, &holder).unwrap().attempt, 2);
}

#[test]
fn what_a_dead_holder_held_is_reaped_and_what_a_live_one_holds_is_not() {
    let (world, queue, holder) = scene();
    push(&queue, b"a");
    push(&queue, b"b");
    let short = world.holders().open("short", 1_000, Standard).unwrap();
    let dead = claim(&queue, &short).unwrap();
    let live = claim(&queue, &holder).unwrap();
    world.advance(1_001);
    assert_eq!(queue.reap(Standard).unwrap(), [dead.id]);
    assert!(matches!(short.renew(Standard), Err(Error::Lost(_))), "it was declared dead first");
    queue.done(&live.receipt, None, Standard).unwrap();
}

#[test]
fn reopening_a_holder_gives_back_what_it_held() {
    let (world, queue, holder) = scene();
    push(&queue, b"a");
    let old = claim(&queue, &holder).unwrap();
    let again = world.holders().open("worker", MINUTE_MS, Standard).unwrap();
    let task = claim(&world.queue("mail"), &again).expect("the claim of the earlier epoch is over");
    assert_eq!((task.id, task.attempt), (old.id, 2));
    assert!(matches!(queue.extend(&old.receipt, 1_000, Standard), Err(Error::Lost(_))));
}

#[test]
fn a_poisonous_task_is_dead_once_its_attempts_are_used_up() {
    let (world, queue, _holder) = scene();
    push(&queue, b"poison");
    for attempt in 1..=5 {
        let holder = world.holders().open("victim", MINUTE_MS, Standard).unwrap();
        assert_eq!(claim(&world.queue("mail"), &holder).unwrap().attempt, attempt);
    }
    let holder = world.holders().open("victim", MINUTE_MS, Standard).unwrap();
    assert!(claim(&world.queue("mail"), &holder).is_none());
    let page = queue.list(TaskState::Dead, None, 10).unwrap();
    assert!(page.tasks[0].reason.as_deref().unwrap().contains("holder died"));
}

#[test]
fn an_ended_holder_claims_nothing() {
    let (world, queue, holder) = scene();
    push(&queue, b"a");
    holder.end(Standard).unwrap();
    assert!(matches!(queue.claim(&holder, 1, None, Standard), Err(Error::Lost(_))));
    assert_eq!(counts(&queue), [1, 0, 0, 0, 0]);
    let late = world.holders().open("late", 10, Standard).unwrap();
    world.advance(11);
    assert!(matches!(queue.claim(&late, 1, None, Standard), Err(Error::Lost(_))));
    assert_eq!(counts(&queue), [1, 0, 0, 0, 0]);
    let other = world.holders().open("other", MINUTE_MS, Standard).unwrap();
    assert_eq!(claim(&queue, &other).unwrap().attempt, 1, "what was given back did not count");
}

#[test]
fn a_kept_outcome_can_be_read_and_done_repeated() {
    let (_world, queue, holder) = scene();
    let id = push(&queue, b"a");
    let task = claim(&queue, &holder).unwrap();
    queue.extend(&task.receipt, MINUTE_MS, Standard).unwrap();
    queue.done(&task.receipt, Some(b"line\nresult\0"), Standard).unwrap();
    queue.done(&task.receipt, Some(b"other"), Standard).unwrap();
    queue.done(&task.receipt, None, Standard).unwrap();
    assert_eq!(queue.outcome(&id).unwrap(), b"line\nresult\0");
    assert!(matches!(queue.retry(&task.receipt, 0, "", Standard), Err(Error::Lost(_))));
    assert_eq!(queue.peek(&id).unwrap().info.state, TaskState::Done);
}

#[test]
fn what_is_over_a_limit_is_refused_before_anything_is_changed() {
    let (world, queue, holder) = scene();
    push(&queue, b"a");
    let before = world.view(|view| view.tree());
    let large = vec![0; leasehold_core::limits::PAYLOAD_BYTES_MAX + 1];
    let long = vec![("k".to_string(), "v".repeat(20_000))];
    let refuse = |task: NewTask<'_>| queue.push(&[task], OnDuplicate::Refuse, Standard).unwrap_err();
    assert!(matches!(refuse(task(&large)), Error::TooLarge(_)));
    assert!(matches!(refuse(NewTask { attributes: &long, ..task(b"") }), Error::TooLarge(_)));
    assert!(matches!(refuse(NewTask { priority: Some(10), ..task(b"") }), Error::InvalidArgument(_)));
    assert!(matches!(refuse(NewTask { max_attempts: Some(0), ..task(b"") }), Error::InvalidArgument(_)));
    assert!(matches!(refuse(NewTask { delay_ms: u64::MAX, ..task(b"") }), Error::InvalidArgument(_)));
    assert!(matches!(queue.claim(&holder, 0, None, Standard), Err(Error::InvalidArgument(_))));
    assert!(matches!(queue.claim(&holder, 1, Some(0), Standard), Err(Error::InvalidArgument(_))));
    assert!(matches!(queue.list(TaskState::Ready, Some("?"), 1), Err(Error::InvalidArgument(_))));
    assert_eq!(world.view(|view| view.tree()), before);
    let largest = vec![7; leasehold_core::limits::PAYLOAD_BYTES_MAX];
    queue.push(&[NewTask { priority: Some(0), ..task(&largest) }], OnDuplicate::Refuse, Standard).unwrap();
    assert_eq!(claim(&queue, &holder).unwrap().payload, largest);
}

#[test]
fn attributes_that_are_too_many_are_refused_and_those_that_are_not_come_back() {
    let (world, queue, holder) = scene();
    let payload = vec![7; 16 << 20];
    let with = |count| vec![(String::new(), String::new()); count];
    let push = |attributes: &[(String, String)]| {
        let task = NewTask { payload: &payload, attributes, ..NewTask::default() };
        queue.push(&[task], OnDuplicate::Refuse, Standard)
    };
    let before = world.view(|view| view.tree());
    assert!(matches!(push(&with(100_000)), Err(Error::TooLarge(_))));
    assert_eq!(world.view(|view| view.tree()), before);
    let most = (0..100_000).rev().step_by(256).find(|count| push(&with(*count)).is_ok()).unwrap();
    let task = claim(&queue, &holder).unwrap();
    assert_eq!((task.attributes.len(), task.payload.len()), (most, 16 << 20));
}

#[test]
fn an_outcome_is_kept_whole_however_little_is_written_at_a_time() {
    let (world, queue, holder) = scene();
    push(&queue, b"a");
    let task = claim(&queue, &holder).unwrap();
    world.transfer_at_most(7);
    queue.done(&task.receipt, Some(b"a long outcome\nof two lines"), Standard).unwrap();
    assert_eq!(queue.outcome(&task.id).unwrap(), b"a long outcome\nof two lines");
}

#[test]
fn an_idle_claim_looks_at_claims_about_once_a_second_and_sees_a_push_at_once() {
    let (world, queue, holder) = scene();
    let dead = world.holders().open("dead", 10 * MINUTE_MS, Standard).unwrap();
    for _ in 0..20 {
        push(&queue, b"held");
    }
    let pushes = world.queue("mail");
    assert_eq!(queue.claim(&dead, 20, None, Standard).unwrap().len(), 20);
    let cost = || {
        let before = world.operations();
        assert!(claim(&queue, &holder).is_none());
        world.operations() - before
    };
    let (first, second) = (cost(), cost());
    assert!(second < 10 && first > second, "{first} operations, then {second}");
    push(&pushes, b"pushed by another");
    assert_eq!(claim(&queue, &holder).unwrap().payload, b"pushed by another");
    dead.end(Standard).unwrap();
    assert!(claim(&queue, &holder).is_none(), "it has looked a moment ago");
    assert_eq!(claim(&world.queue("mail"), &holder).unwrap().payload, b"held", "whoever is new looks at once");
    assert_eq!(payloads(&queue, &holder).len(), 19, "and what that has brought back is seen");
    world.advance(1_000);
    let again = world.holders().open("worker", MINUTE_MS, Standard).unwrap();
    assert_eq!(payloads(&queue, &again).len(), 20 + 1, "a second later all that is over comes back");
}

#[test]
fn files_dropped_into_pending_are_tasks_once_they_have_settled() {
    let (world, queue, holder) = scene();
    world.directory("aristo/mail-queue/pending");
    world.file("aristo/mail-queue/pending/job 1.toml", b"one");
    for unfit in [".hidden", "draft~", "half.tmp", ".x.swp", "y.swp"] {
        world.file(&format!("aristo/mail-queue/pending/{unfit}"), b"never");
    }
    world.link("aristo/mail-queue/pending/link", "../../secret");
    assert!(claim(&queue, &holder).is_none(), "it may still be written");
    world.advance(1_000);
    let task = claim(&queue, &holder).unwrap();
    assert_eq!(task.payload, b"one");
    assert_eq!(task.attributes, [("file".to_string(), "job 1.toml".to_string())]);
    queue.retry(&task.receipt, 0, "again", Standard).unwrap();
    let task = claim(&queue, &holder).unwrap();
    assert_eq!(task.attributes, [("file".to_string(), "job 1.toml".to_string())]);
    assert!(claim(&queue, &holder).is_none());
}

#[test]
fn a_queue_made_by_hand_is_a_queue_and_a_missing_one_is_empty_and_stays_missing() {
    let world = World::new();
    let holder = world.holders().open("worker", MINUTE_MS, Standard).unwrap();
    let before = world.view(|view| view.tree());
    let queue = world.queue("mail");
    assert!(claim(&queue, &holder).is_none());
    assert!(queue.reap(Standard).unwrap().is_empty());
    assert_eq!(counts(&queue), [0; 5]);
    assert!(matches!(queue.peek("x"), Err(Error::NotFound(_))));
    assert!(matches!(queue.cancel("x", Standard), Err(Error::NotFound(_))));
    assert_eq!(world.view(|view| view.tree()), before);
    world.directory("aristo/mail-queue/pending");
    world.file("aristo/mail-queue/pending/a", b"a");
    world.advance(2_000);
    assert_eq!(claim(&queue, &holder).unwrap().payload, b"a");
}

#[test]
fn a_store_of_another_version_is_refused_and_not_touched() {
    let world = World::new();
    let holder = world.holders().open("worker", MINUTE_MS, Standard).unwrap();
    world.file("aristo/format", b"leasehold queues 99\n");
    let before = world.view(|view| view.tree());
    let queue = world.queue("mail");
    assert!(matches!(queue.push(&[task(b"a")], OnDuplicate::Refuse, Standard), Err(Error::Unsupported(_))));
    assert!(matches!(queue.claim(&holder, 1, None, Standard), Err(Error::Unsupported(_))));
    assert!(matches!(queue.status(), Err(Error::Unsupported(_))));
    assert!(matches!(world.maintenance().reconcile(), Err(Error::Unsupported(_))));
    assert_eq!(world.view(|view| view.tree()), before);
}

#[test]
fn a_claim_stops_at_a_limit_of_bytes_and_leaves_the_rest_to_others() {
    let (_world, queue, holder) = scene();
    let large = vec![7; leasehold_core::limits::PAYLOAD_BYTES_MAX];
    for _ in 0..3 {
        push(&queue, &large);
    }
    assert_eq!(queue.claim(&holder, 1_000, None, Standard).unwrap().len(), 2);
    assert_eq!(counts(&queue), [1, 0, 2, 0, 0]);
}
