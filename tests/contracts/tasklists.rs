//! What task lists promise.

use leasehold_core::Durability::{Standard, Unsynced};
use leasehold_core::Error;
use leasehold_core::tasklist::{Author, Claim, Filter, History, NewTask, Status, Update};
use leasehold_tests::sim::{Cut, Disk, World};

fn new(subject: &str) -> NewTask<'_> {
    NewTask { subject, ..NewTask::default() }
}

const NOBODY: Author<'static> = Author { by: None };

#[test]
fn tasks_are_made_with_ids_that_follow_each_other_and_are_never_used_twice() {
    let world = World::new();
    let lists = world.lists();
    assert_eq!(lists.create("l", &[new("a"), new("b")], NOBODY, Standard).unwrap(), [1, 2]);
    assert_eq!(lists.create("l", &[new("c")], NOBODY, Standard).unwrap(), [3]);
    assert!(lists.delete("l", 3, None, None, NOBODY, Standard).unwrap().is_empty());
    assert_eq!(lists.create("l", &[new("d")], NOBODY, Standard).unwrap(), [4]);
    assert_eq!(lists.reset("l", NOBODY, Standard).unwrap(), 3);
    assert_eq!(world.lists().create("l", &[new("e")], NOBODY, Standard).unwrap(), [5]);
    assert_eq!(world.lists().list("l", Filter::default(), None, 10).unwrap().tasks.len(), 1);
}

#[test]
fn a_fresh_instance_reads_what_was_written_over_many_snapshots() {
    let world = World::new();
    let lists = world.lists();
    for n in 1..=300u64 {
        assert_eq!(lists.create("l", &[new("a")], NOBODY, Standard).unwrap(), [n]);
        if n % 3 == 0 {
            let update = Update { status: Some(Status::Completed), ..Update::default() };
            assert_eq!(lists.update("l", n, &update, NOBODY, Standard).unwrap().changed, ["status"]);
        }
    }
    let fresh = world.lists();
    let info = fresh.info("l").unwrap().unwrap();
    assert_eq!((info.pending, info.completed), (200, 100));
    assert_eq!(
        fresh.list("l", Filter::default(), None, 1_000).unwrap(),
        lists.list("l", Filter::default(), None, 1_000).unwrap()
    );
    match fresh.history("l", 0, 10_000).unwrap() {
        History::Changes { changes, more: false, .. } => assert_eq!(changes.len(), 401),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_claim_answers_why_not_in_the_order_of_the_contract() {
    let world = World::new();
    let lists = world.lists();
    let (me, other) = (
        world.holders().open("me", 60_000, Standard).unwrap(),
        world.holders().open("other", 60_000, Standard).unwrap(),
    );
    let blocked = NewTask { blocked_by_new: &[0], ..new("second") };
    lists.create("l", &[new("first"), blocked], NOBODY, Standard).unwrap();
    assert_eq!(lists.claim("l", 9, &me, false, Standard).unwrap(), Claim::NotFound);
    assert_eq!(lists.claim("none", 1, &me, false, Standard).unwrap(), Claim::NotFound);
    assert_eq!(lists.claim("l", 2, &me, false, Standard).unwrap(), Claim::Blocked(vec![1]));
    let Claim::Ok { token, task } = lists.claim("l", 1, &me, false, Standard).unwrap() else { panic!() };
    assert_eq!(task.status, Status::InProgress);
    let Claim::AlreadyOwned(owner) = lists.claim("l", 1, &other, false, Standard).unwrap() else { panic!() };
    assert_eq!(owner.holder, "me");
    let done = Update { status: Some(Status::Completed), ..Update::default() };
    assert!(matches!(lists.update("l", 1, &done, NOBODY, Standard), Err(Error::Held(_))));
    let stale = Update { token: Some(token + 1), ..done.clone() };
    assert!(matches!(lists.update("l", 1, &stale, NOBODY, Standard), Err(Error::Lost(_))));
    let mine = Update { token: Some(token), ..done };
    lists.update("l", 1, &mine, NOBODY, Standard).unwrap();
    assert_eq!(lists.claim("l", 1, &other, false, Standard).unwrap(), Claim::AlreadyCompleted);
    assert!(matches!(lists.claim_next("l", &other, true, Standard).unwrap(), Claim::Ok { task, .. } if task.id == 2));
}

#[test]
fn tasks_that_would_wait_for_each_other_are_refused() {
    let world = World::new();
    let lists = world.lists();
    lists.create("l", &[new("a"), new("b"), new("c")], NOBODY, Standard).unwrap();
    let on = |id: u64, blockers: &[u64]| {
        lists.update("l", id, &Update { add_blocked_by: blockers, ..Update::default() }, NOBODY, Standard)
    };
    assert_eq!(on(2, &[1]).unwrap().changed, ["blocked-by"]);
    assert_eq!(on(3, &[2]).unwrap().changed, ["blocked-by"]);
    assert!(matches!(on(1, &[3]), Err(Error::InvalidArgument(_))));
    assert!(on(1, &[1]).unwrap().changed.is_empty());
    assert_eq!(lists.get("l", 1).unwrap().unwrap().blocks, [2]);
    assert_eq!(lists.delete("l", 2, None, None, NOBODY, Standard).unwrap(), [3]);
    assert!(lists.get("l", 3).unwrap().unwrap().blocked_by.is_empty());
    assert_eq!(lists.get("l", 2).unwrap().unwrap().status, Status::Deleted);
}

/// What was acknowledged as durable is there after a power cut, whatever was changed since without waiting for the disk:
/// that may be forgotten, and takes nothing with it.
#[test]
fn a_power_cut_takes_nothing_with_the_changes_that_it_forgets() {
    let world = World::new();
    let lists = world.lists();
    let me = world.holders().open("me", 60_000, Standard).unwrap();
    let mut made = lists.create("l", &[new("a"), new("b"), new("c"), new("d")], NOBODY, Standard).unwrap().len();
    // Snapshots are made on the way.
    for n in 0..140 {
        if n % 7 == 0 {
            made += lists.create("l", &[new("x")], NOBODY, Standard).unwrap().len();
        }
        let id = 1 + n % 4;
        let Claim::Ok { token, .. } = lists.claim("l", id, &me, false, Standard).unwrap() else { panic!() };
        if n % 3 == 0 {
            lists.release("l", id, token, NOBODY, Unsynced).unwrap();
        }
        if n % 5 == 0 {
            let subject = if n % 2 == 0 { "even" } else { "odd" };
            let update = Update { subject: Some(subject), ..Update::default() };
            lists.update("l", id, &update, NOBODY, Unsynced).unwrap();
        }
        // A journal keeps what was done to names up to some moment, and the content of files only once it is synced.
        for kept in 0..=world.unsynced().min(63) {
            let cut = Cut::Mask((1 << kept) - 1);
            for disk in [Disk::Whole, Disk::Btrfs] {
                let after = world.power_cut(cut, disk);
                let page = after.lists().list("l", Filter::default(), None, 1_000);
                let count = page.as_ref().map(|page| page.tasks.len());
                assert_eq!(count, Ok(made), "{n} {cut:?} {disk:?}: {page:?} {}", after.view(|v| v.tree()));
                let next = after.lists().create("l", &[new("next")], NOBODY, Standard);
                assert_eq!(next, Ok(vec![made as u64 + 1]), "{n} {cut:?} {disk:?}");
            }
        }
    }
}

/// Where directories are written one by one, the last of the changes may be all of them that a power cut keeps.
#[test]
fn what_a_snapshot_supersedes_goes_only_once_the_snapshot_is_certain() {
    let world = World::new();
    let lists = world.lists();
    lists.create("l", &[new("a")], NOBODY, Standard).unwrap();
    let mut unlinked = 0;
    for n in 0..300 {
        let subject = n.to_string();
        let update = Update { subject: Some(&subject), ..Update::default() };
        let before = world.unsynced();
        lists.update("l", 1, &update, NOBODY, Unsynced).unwrap();
        // After a snapshot, what is left to forget is what was unlinked.
        let Some(last) = world.unsynced().checked_sub(1).filter(|_| world.unsynced() < before) else { continue };
        unlinked += 1;
        let after = world.power_cut(Cut::Mask(1 << last), Disk::Btrfs);
        let page = after.lists().list("l", Filter::default(), None, 10).unwrap();
        assert_eq!(page.tasks[0].subject, subject);
    }
    assert!(unlinked >= 2, "{unlinked} snapshots superseded another");
}

/// Who finds a list as it is to be may be the first who needs that to last.
#[test]
fn what_was_made_without_waiting_for_the_disk_is_certain_once_somebody_is_told_so_who_waits() {
    for disk in [Disk::Whole, Disk::Btrfs] {
        let world = World::new();
        let lists = world.lists();
        lists.ensure("l", Some(r#"{"a":1}"#), None, NOBODY, Unsynced).unwrap();
        world.lists().ensure("l", Some(r#"{"a":1}"#), None, NOBODY, Unsynced).unwrap();
        world.lists().ensure("l", None, None, NOBODY, Standard).unwrap();
        let after = world.power_cut(Cut::Least, disk);
        assert_eq!(after.lists().info("l").unwrap().map(|info| info.metadata), Some(r#"{"a":1}"#.into()), "{disk:?}");

        lists.create("l", &[new("x")], NOBODY, Unsynced).unwrap();
        let same = Update { subject: Some("x"), ..Update::default() };
        assert!(world.lists().update("l", 1, &same, NOBODY, Standard).unwrap().changed.is_empty());
        let after = world.power_cut(Cut::Least, disk);
        assert_eq!(after.lists().list("l", Filter::default(), None, 10).unwrap().tasks.len(), 1, "{disk:?}");
    }
}

/// A snapshot serves all who use the list: who has not made it does not make another for that.
#[test]
fn many_who_change_a_list_make_no_more_snapshots_than_one() {
    // Revisions grow by one with each change, and by one with each snapshot.
    let snapshots = |instances: usize| {
        let world = World::new();
        let all: Vec<_> = (0..instances).map(|_| world.lists()).collect();
        for n in 0..1_200 {
            all[n % instances].create("l", &[new("x")], NOBODY, Unsynced).unwrap();
        }
        world.lists().info("l").unwrap().unwrap().revision - 1_200
    };
    let by_one = snapshots(1);
    assert!(by_one >= 2);
    let by_many = snapshots(16);
    assert!(by_many <= by_one + 2, "{by_many} by sixteen, {by_one} by one");
}
