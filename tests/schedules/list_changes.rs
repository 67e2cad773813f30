//! Changes of a task list while others change it and look: each is there whole or not at all, and none is lost.

use super::deeds::kind;
use super::laws::walks;
use super::list_laws::{NOBODY, create, goes_on, listed, marked, new, subjects, update, watched};
use leasehold_core::Durability::Standard;
use leasehold_core::tasklist::{NewTask, Status, Update};
use leasehold_tests::sim::{Actor, Listings, Scenario};

/// Two create, where there is no list yet and where there is one: ids follow each other, and what was acknowledged is there.
#[test]
fn of_two_who_create_each_gets_ids_of_its_own() {
    for (is_born, listings) in [(false, Listings::Atomic), (true, Listings::Atomic), (true, Listings::Btrfs)] {
        let (world, first) = if is_born { (listed(&[], 1), 2) } else { (marked(&[]), 1) };
        watched(Scenario::new(format!("two create, born: {is_born}, {listings:?}"), &world))
            .actor("A", |a| create(a, &["a", "a"]))
            .actor("B", |a| create(a, &["b"]))
            .listings(listings)
            .crashes(if is_born { 2 } else { 1 })
            .finally(move |view, ends| {
                let there = subjects(&view.world().lists()).map_err(|error| error.to_string())?;
                let there = there.strip_prefix("x").unwrap_or(&there).trim();
                let ids =
                    |from: u64, count: u64| (from..from + count).map(|id| id.to_string()).collect::<Vec<_>>().join(" ");
                let fine = match there {
                    "a a b" => (Some(ids(first, 2)), Some(ids(first + 2, 1))),
                    "b a a" => (Some(ids(first + 1, 2)), Some(ids(first, 1))),
                    "a a" => (Some(ids(first, 2)), None),
                    "b" => (None, Some(ids(first, 1))),
                    "" => (None, None),
                    other => return Err(format!("{other:?} is there")),
                };
                // Who was killed may have made them or not.
                let agrees = |end: Option<&str>, made: Option<String>| end.is_none() || end == made.as_deref();
                if !agrees(ends.of("A"), fine.0) || !agrees(ends.of("B"), fine.1) {
                    return Err(format!("{:?} {:?}, and {there:?} is there", ends.of("A"), ends.of("B")));
                }
                goes_on(view)
            })
            .holds();
    }
    let three = watched(Scenario::new("three create, of no list yet", &marked(&[])))
        .actor("A", |a| create(a, &["a"]))
        .then("A", |a, _| create(a, &["a"]))
        .actor("B", |a| create(a, &["b", "b"]))
        .actor("C", |a| create(a, &["c"]))
        .listings(Listings::Btrfs)
        .crashes(1)
        .finally(|view, ends| match view.logged("made").len() {
            5 => goes_on(view),
            _ if !ends.all_ended() => goes_on(view),
            n => Err(format!("{n} were made")),
        });
    walks(three, 1_000);
}

/// What a reader sees of a batch, with the edges in it, is all of it or nothing; and what it has seen it sees again.
#[test]
fn a_reader_sees_a_batch_whole_and_never_less_than_before() {
    let batch = |a: &Actor| {
        let second = NewTask { blocked_by: &[1], blocked_by_new: &[0], ..new("b") };
        a.lists().create("l", &[new("a"), second], NOBODY, Standard).map(|ids| ids.len() as u64)
    };
    for listings in [Listings::Atomic, Listings::Btrfs] {
        watched(Scenario::new(format!("a batch and a reader, {listings:?}"), &listed(&[], 1)))
            .actor("C", batch)
            .actor("R", |a| {
                // One instance that goes on from what it knows, and one that has just begun.
                let lists = a.lists();
                let (known, again) = (subjects(&lists)?, subjects(&lists)?);
                subjects(&a.lists()).map(|fresh| format!("{known},{again},{fresh}"))
            })
            .actor("D", |a| kind(a.lists().delete("l", 1, None, None, NOBODY, Standard), "deleted"))
            .listings(listings)
            .crashes(if listings == Listings::Atomic { 2 } else { 0 })
            .finally(|view, ends| {
                match ends.of("C") {
                    Some("2") | None => {}
                    // Its blocker was deleted first.
                    Some(words) if words.contains("no task 1") => {}
                    other => return Err(format!("{other:?}")),
                }
                let seen: Vec<&str> = ends.of("R").map(|seen| seen.split(',').collect()).unwrap_or_default();
                let rank = |seen: &&str| match *seen {
                    "x" => Some(0),
                    "x a b" => Some(1),
                    "" => Some(2),
                    "a b" => Some(3),
                    _ => None,
                };
                if seen.iter().any(|seen| rank(seen).is_none()) || !seen.is_sorted_by_key(rank) {
                    return Err(format!("{seen:?}"));
                }
                goes_on(view)
            })
            .holds();
    }
}

/// One changes what it has seen, and only that; the other changes it whatever it is. Neither undoes the other.
#[test]
fn what_is_decided_on_a_revision_is_not_done_to_another() {
    let world = listed(&[], 1);
    let seen = world.lists().get("l", 1).unwrap().unwrap().revision;
    watched(Scenario::new("changed if it is as seen, and changed", &world))
        .actor("A", move |a| {
            let fields = Update { subject: Some("decided"), if_revision: Some(seen), ..Update::default() };
            kind(update(&a.lists(), 1, &fields), "changed")
        })
        .actor("B", |a| kind(update(&a.lists(), 1, &Update { description: Some("b"), ..Update::default() }), "changed"))
        .actor("C", move |a| kind(a.lists().delete("l", 1, None, Some(seen), NOBODY, Standard), "deleted"))
        .crashes(2)
        .finally(|view, ends| {
            let task = view.world().lists().get("l", 1).map_err(|error| error.to_string())?.ok_or("it is gone")?;
            let is_deleted = task.status == Status::Deleted;
            let (decided, described) = (task.subject == "decided", task.description == "b");
            // At most one of those who looked before was first.
            let fine = match (ends.of("A"), ends.of("B"), ends.of("C")) {
                (Some("changed"), _, Some("deleted")) => false,
                (Some("changed"), Some("changed"), _) => decided && described,
                (Some("changed"), None, _) => decided,
                (Some("lost"), Some("changed"), Some("lost")) => !decided && described,
                (_, Some("changed"), Some("deleted")) => false,
                (Some("lost" | "not found") | None, Some("not found") | None, Some("deleted") | None) => {
                    is_deleted || !ends.all_ended()
                }
                (a, b, c) => {
                    ![a, b, c].iter().all(Option::is_some) && (described || b.is_none() || b == Some("not found"))
                }
            };
            if fine {
                goes_on(view)
            } else {
                Err(format!("{:?} {:?} {:?} {task:?}", ends.of("A"), ends.of("B"), ends.of("C")))
            }
        })
        .holds();
}

/// One lets a task wait for another that is deleted at the same time: it waits for nothing that is not there.
#[test]
fn nothing_comes_to_wait_for_what_is_deleted() {
    let world = listed(&[], 2);
    for by_creating in [false, true] {
        watched(Scenario::new(format!("deleted while one comes to wait for it, created: {by_creating}"), &world))
            .actor("A", move |a| {
                if by_creating {
                    let waits = NewTask { blocked_by: &[1], ..new("y") };
                    return kind(a.lists().create("l", &[waits], NOBODY, Standard), "waits");
                }
                kind(update(&a.lists(), 2, &Update { add_blocked_by: &[1], ..Update::default() }), "waits")
            })
            .actor("D", |a| match a.lists().delete("l", 1, None, None, NOBODY, Standard) {
                Ok(freed) => format!("{freed:?}"),
                Err(error) => error.to_string(),
            })
            .crashes(2)
            .finally(move |view, ends| {
                let lists = view.world().lists();
                let gone = lists.get("l", 1).unwrap().is_some_and(|task| task.status == Status::Deleted);
                let waiter = if by_creating { 3 } else { 2 };
                let waits = lists.get("l", waiter).unwrap().is_some_and(|task| task.blocked_by == [1]);
                if gone && waits {
                    return Err("it waits for what is gone".into());
                }
                match (ends.of("A"), ends.of("D")) {
                    (Some("waits"), Some(freed)) if *freed == *format!("[{waiter}]") => goes_on(view),
                    (Some("not found"), Some("[]")) => goes_on(view),
                    (None, Some(_)) | (Some("waits" | "not found") | None, None) => goes_on(view),
                    other => Err(format!("{other:?}")),
                }
            })
            .holds();
    }
}

/// Two let tasks wait for each other, each the other way round: one of them is told that this would be a circle.
#[test]
fn two_edges_that_would_be_a_circle_are_not_both_made() {
    let edge = |id: u64, blocker: u64| {
        move |a: &Actor| match update(&a.lists(), id, &Update { add_blocked_by: &[blocker], ..Update::default() }) {
            Ok(_) => "waits".to_owned(),
            Err(error) => error.to_string(),
        }
    };
    watched(Scenario::new("a circle of two edges", &listed(&[], 2)))
        .actor("A", edge(1, 2))
        .actor("B", edge(2, 1))
        .crashes(2)
        .finally(|view, ends| {
            let refused = |words: &str| words.contains("block each other for ever");
            match (ends.of("A"), ends.of("B")) {
                (Some("waits"), Some(words)) | (Some(words), Some("waits")) if refused(words) => goes_on(view),
                (None, Some(words)) | (Some(words), None) if words == "waits" || refused(words) => goes_on(view),
                (None, None) => goes_on(view),
                other => Err(format!("{other:?}")),
            }
        })
        .holds();
}
