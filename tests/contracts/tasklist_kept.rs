//! What is acknowledged of a task list can be read again, however large it is and whatever is put into it.

use leasehold_core::Durability::{Standard, Synced, Unsynced};
use leasehold_core::Error;
use leasehold_core::capability::{Directory, FsError};
use leasehold_core::tasklist::{
    Author, Claim, Event, EventKind, Filter, History, Lists, NewTask, Status, Update, Upkeep,
};
use leasehold_tests::sim::{Cut, Disk, SimDirectory, World};

const NOBODY: Author<'static> = Author { by: None };

fn new(subject: &str) -> NewTask<'_> {
    NewTask { subject, ..NewTask::default() }
}

fn listed(world: &World, subjects: &[&str]) -> Lists<SimDirectory> {
    let lists = world.lists();
    let tasks: Vec<NewTask<'_>> = subjects.iter().map(|subject| new(subject)).collect();
    lists.create("l", &tasks, NOBODY, Standard).unwrap();
    lists
}

fn with_metadata(lists: &Lists<SimDirectory>, metadata: &str) -> leasehold_core::Result<Vec<u64>> {
    let task = NewTask { metadata: Some(metadata), ..new("x") };
    lists.create("l", &[task], NOBODY, Standard)
}

fn count(world: &World) -> usize {
    world.lists().list("l", Filter::default(), None, 10_000).unwrap().tasks.len()
}

#[test]
fn metadata_that_is_nested_too_deep_to_be_read_again_is_refused() {
    let world = World::new();
    let lists = listed(&world, &["a"]);
    let objects = |depth: usize| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
    let arrays = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
    for nested in [&objects, &arrays] as [&dyn Fn(usize) -> String; 2] {
        for depth in [33, 100, 120, 124, 125, 126, 127, 128, 500] {
            let refused = with_metadata(&lists, &nested(depth));
            assert!(matches!(refused, Err(Error::InvalidArgument(_))), "{depth}: {refused:?}");
            let refused = lists.ensure("l", Some(&nested(depth)), None, NOBODY, Standard);
            assert!(matches!(refused, Err(Error::InvalidArgument(_))), "{depth}: {refused:?}");
            let update = Update { metadata: Some(&nested(depth)), ..Update::default() };
            assert!(matches!(lists.update("l", 1, &update, NOBODY, Standard), Err(Error::InvalidArgument(_))));
        }
        with_metadata(&lists, &nested(32)).unwrap();
        count(&world);
    }
}

#[test]
fn members_that_mean_something_to_who_reads_json_are_refused() {
    let world = World::new();
    let lists = listed(&world, &["a"]);
    for metadata in [
        r#"{"$serde_json::private::RawValue":"1"}"#,
        r#"{"a":[{"$serde_json::private::RawValue":"]"}]}"#,
        r#"{"a":{"$serde_json::private::Number":"1","b":2}}"#,
        r#"{"\u0024serde_json::private::RawValue":"1"}"#,
    ] {
        let refused = with_metadata(&lists, metadata);
        assert!(matches!(refused, Err(Error::InvalidArgument(_))), "{metadata}: {refused:?}");
    }
    with_metadata(&lists, r#"{"$serde":"$serde_json::private::RawValue"}"#).unwrap();
    assert_eq!(count(&world), 2);
}

/// A list grows as long as all of it can be read, and changed at once; what is there can be worked off.
#[test]
fn a_list_that_is_full_takes_no_more_and_loses_nothing() {
    let world = World::new();
    let lists = listed(&world, &["waited for"]);
    let description = "x".repeat(255 * 1024);
    let task = NewTask { description: &description, blocked_by: &[1], ..new("large") };
    let mut made = 1;
    let refused = loop {
        match lists.create("l", &vec![task.clone(); 8], NOBODY, Unsynced) {
            Ok(ids) => made += ids.len(),
            Err(error) => break error,
        }
        assert!(made < 1_000, "it has grown without end");
    };
    assert!(matches!(refused, Error::TooLarge(_)), "{refused:?}");
    assert!(made > 200, "{made}");
    let longer = "y".repeat(256 * 1024);
    for id in 2..=9 {
        let update = Update { description: Some(&longer), active_form: Some(&longer), ..Update::default() };
        if let Err(error) = lists.update("l", id, &update, NOBODY, Unsynced) {
            assert!(matches!(error, Error::TooLarge(_)), "{error:?}");
        }
    }
    assert_eq!(count(&world), made);
    let me = world.holders().open("me", 60_000, Standard).unwrap();
    assert!(matches!(lists.claim("l", 1, &me, false, Standard), Ok(Claim::Ok { .. })));
    // All of the others are changed at once.
    let Claim::Ok { token, .. } = world.lists().claim("l", 1, &me, false, Standard).unwrap() else { panic!() };
    assert_eq!(lists.delete("l", 1, Some(token), None, NOBODY, Standard).unwrap().len(), made - 1);
    // And a snapshot of it is made.
    for _ in 0..400 {
        let Claim::Ok { token, .. } = lists.claim("l", 2, &me, false, Unsynced).unwrap() else { panic!() };
        lists.release("l", 2, token, NOBODY, Unsynced).unwrap();
    }
    assert_eq!(count(&world), made - 1);
    assert!(world.maintenance().check().unwrap().is_empty());
    let update = Update { description: Some(""), ..Update::default() };
    lists.update("l", 3, &update, NOBODY, Standard).unwrap();
    lists.update("l", 4, &update, NOBODY, Standard).unwrap();
    lists.create("l", &[NewTask { description: &description, ..new("large") }], NOBODY, Standard).unwrap();
}

#[test]
fn a_patch_does_not_make_metadata_larger_than_it_may_be() {
    let world = World::new();
    let lists = listed(&world, &["a"]);
    let member = |name: &str| format!("{{\"{name}\":\"{}\"}}", "x".repeat(200 * 1024));
    let patch = |name: &str| {
        let metadata = member(name);
        let update = Update { metadata: Some(&metadata), ..Update::default() };
        lists.update("l", 1, &update, NOBODY, Standard)
    };
    patch("a").unwrap();
    assert!(matches!(patch("b"), Err(Error::TooLarge(_))));
    lists.ensure("l", Some(&member("a")), None, NOBODY, Standard).unwrap();
    assert!(matches!(lists.ensure("l", Some(&member("b")), None, NOBODY, Standard), Err(Error::TooLarge(_))));
    patch("a").unwrap();
}

/// A token is one claim's, also where a power cut has taken back what was not on the disk.
#[test]
fn a_revision_that_a_power_cut_forgets_does_not_come_back() {
    let world = World::new();
    let lists = listed(&world, &["a"]);
    let a = world.holders().open("a", 60_000_000, Standard).unwrap();
    let Claim::Ok { token: first, .. } = lists.claim("l", 1, &a, false, Standard).unwrap() else { panic!() };
    let described = Update { description: Some("forgotten"), ..Update::default() };
    let seen = lists.update("l", 1, &described, NOBODY, Unsynced).unwrap().task.revision;

    let after = world.power_cut(Cut::Least, Disk::Whole);
    after.advance(1_000);
    let lists = after.lists();
    let b = after.holders().open("b", 60_000_000, Standard).unwrap();
    let Claim::Ok { token: second, .. } = lists.claim("l", 1, &b, false, Standard).unwrap() else { panic!() };
    assert!(second > first, "{second} follows {first}");
    let done = Update { status: Some(Status::Completed), token: Some(first), ..Update::default() };
    assert!(matches!(lists.update("l", 1, &done, NOBODY, Standard), Err(Error::Lost(_))));
    let other = Update { subject: Some("other"), ..Update::default() };
    assert!(lists.update("l", 1, &other, NOBODY, Standard).unwrap().task.revision > seen);
    let decided =
        Update { subject: Some("decided on what is forgotten"), if_revision: Some(seen), ..Update::default() };
    assert!(matches!(lists.update("l", 1, &decided, NOBODY, Standard), Err(Error::Lost(_))));
}

#[test]
fn what_is_answered_again_to_who_waits_for_the_disk_is_on_it() {
    for disk in [Disk::Whole, Disk::Btrfs] {
        let world = World::new();
        let lists = listed(&world, &["a", "b"]);
        let me = world.holders().open("me", 60_000, Standard).unwrap();
        lists.claim("l", 2, &me, false, Unsynced).unwrap();
        world.lists().claim("l", 2, &me, false, Synced).unwrap();
        let owner = world.power_cut(Cut::Least, disk).lists().get("l", 2).unwrap().unwrap().owner;
        assert!(owner.is_some(), "{disk:?}");

        let done = Update { status: Some(Status::Completed), ..Update::default() };
        lists.update("l", 1, &done, NOBODY, Unsynced).unwrap();
        assert!(world.lists().update("l", 1, &done, NOBODY, Standard).unwrap().changed.is_empty());
        let status = world.power_cut(Cut::Least, disk).lists().get("l", 1).unwrap().unwrap().status;
        assert_eq!(status, Status::Completed, "{disk:?}");
    }
}

#[test]
fn a_batch_of_tasks_that_wait_for_each_other_in_a_line_is_made_in_no_time() {
    let begun = std::time::Instant::now();
    let places: Vec<[u32; 1]> = (0..65_536).map(|place| [place]).collect();
    let world = World::new();
    let line = |blocker: &dyn Fn(usize) -> Option<usize>| -> Vec<NewTask<'_>> {
        (0..places.len())
            .map(|n| {
                let blocked_by_new: &[u32] = blocker(n).map_or(&[], |blocker| &places[blocker]);
                NewTask { blocked_by_new, ..new("x") }
            })
            .collect()
    };
    let lists = world.lists();
    let forwards = line(&|n| n.checked_sub(1));
    assert_eq!(lists.create("forwards", &forwards, NOBODY, Unsynced).unwrap().len(), 65_536);
    let backwards = line(&|n| Some(n + 1).filter(|next| *next < 65_536));
    assert_eq!(lists.create("backwards", &backwards, NOBODY, Unsynced).unwrap().len(), 65_536);
    // The last of them closes the circle.
    let circle = line(&|n| Some((n + 1) % 65_536));
    assert!(matches!(lists.create("circle", &circle, NOBODY, Unsynced), Err(Error::InvalidArgument(_))));
    assert_eq!(lists.info("circle").unwrap(), None);
    // Many edges of one task are one look as well.
    let all: Vec<u64> = (1..=60_000).collect();
    let update = Update { add_blocked_by: &all, ..Update::default() };
    lists.update("forwards", 65_536, &update, NOBODY, Unsynced).unwrap();
    let update = Update { add_blocks: &all, ..Update::default() };
    assert!(matches!(lists.update("forwards", 65_536, &update, NOBODY, Unsynced), Err(Error::InvalidArgument(_))));
    assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
}

/// Whatever fails: who is told that a claim failed does not have the task.
#[test]
fn a_claim_that_was_made_is_answered_without_another_look_at_the_disk() {
    let mut failed = 0;
    for n in 0..80 {
        let world = World::new();
        let lists = listed(&world, &["a"]);
        let me = world.holders().open("me", 60_000, Standard).unwrap();
        world.fail_after(n, FsError::Other("gone".into()));
        let claimed = lists.claim_next("l", &me, false, Standard);
        world.go_on();
        let task = world.lists().get("l", 1).unwrap().unwrap();
        match claimed {
            Ok(Claim::Ok { token, task: told }) => {
                assert_eq!(task.owner.as_ref().map(|owner| owner.token), Some(token));
                assert_eq!(*told, task);
            }
            Ok(other) => panic!("{n}: {other:?}"),
            Err(_) => {
                failed += 1;
                assert_eq!(task.owner, None, "{n}");
            }
        }
    }
    assert!(failed > 5, "{failed}");
}

#[test]
fn an_update_that_was_made_is_answered_without_another_look_at_the_disk() {
    for n in 0..80 {
        let world = World::new();
        let lists = listed(&world, &["a"]);
        world.fail_after(n, FsError::Other("gone".into()));
        let update = Update { subject: Some("b"), ..Update::default() };
        let updated = lists.update("l", 1, &update, NOBODY, Unsynced);
        world.go_on();
        let there = world.lists().get("l", 1).unwrap().unwrap();
        assert_eq!(updated.is_ok(), there.subject == "b", "{n}: {updated:?}");
    }
}

/// A change that is lost hinders nobody for ever: it becomes too old as others do.
#[test]
fn a_hole_in_the_history_heals() {
    let world = World::new();
    let lists =
        listed(&world, &["a"]).with_upkeep(Upkeep { changes_min: 4, turns: 1, history_max: 40, history_min: 20 });
    let rename = |n: u64| {
        let subject = n.to_string();
        lists.update("l", 1, &Update { subject: Some(&subject), ..Update::default() }, NOBODY, Unsynced).unwrap();
    };
    (0..30).for_each(rename);
    let entries = |world: &World| {
        let mut paths = world.view(|view| view.below("tasks/l"));
        paths.retain(|path| path.contains('/'));
        paths.sort();
        paths
    };
    let lost = format!("tasks/l/{}", entries(&world)[15]);
    let (dir, entry) = lost.rsplit_once('/').unwrap();
    world.dir(dir).unlink(entry).unwrap();
    assert!(matches!(lists.history("l", 0, 100), Err(Error::Damaged(_))));
    (30..400).for_each(rename);
    let Ok(History::TooOld { oldest }) = lists.history("l", 1, 100) else { panic!() };
    let Ok(History::Changes { changes, .. }) = lists.history("l", oldest, 100) else { panic!() };
    assert!((15..=60).contains(&changes.len()), "{}", changes.len());
    assert!(entries(&world).len() < 70, "{:?}", entries(&world).len());
    assert!(world.maintenance().check().unwrap().is_empty());
}

#[test]
fn the_history_of_a_list_that_was_removed_is_too_old_for_the_one_made_after_it() {
    let world = World::new();
    let lists = listed(&world, &["a", "b"]);
    let since = lists.info("l").unwrap().unwrap().revision;
    lists.remove("l", Standard).unwrap();
    listed(&world, &["c"]);
    let Ok(History::TooOld { oldest }) = lists.history("l", since, 10) else { panic!() };
    // The one that made the list, and the task.
    for (since, count) in [(0, 2), (oldest, 1)] {
        let Ok(History::Changes { changes, more: false, .. }) = lists.history("l", since, 10) else { panic!() };
        assert_eq!(changes.len(), count, "{since}");
    }
}

#[test]
fn lists_that_cannot_be_read_are_named_with_the_others() {
    let world = World::new();
    let lists = listed(&world, &["a"]);
    let long = "L".repeat(200);
    for list in ["denied", "two logs", "full", &long] {
        lists.ensure(list, None, None, NOBODY, Standard).unwrap();
    }
    world.deny("tasks/denied");
    world.directory("tasks/two%20logs/c.0000000000000000");
    let key = world.view(|view| view.names("tasks")).into_iter().find(|key| key.contains("%~")).unwrap();
    let token = world
        .view(|view| view.names(&format!("tasks/{key}")))
        .into_iter()
        .find(|name| name.contains(".live."))
        .unwrap();
    world.dir(&format!("tasks/{key}")).unlink(&token).unwrap();
    world.file(&format!("tasks/{key}/{token}"), "another name");
    let mut names = world.lists().names().unwrap();
    names.sort();
    let mut expected = [key.as_str(), "denied", "full", "l", "two logs"];
    expected.sort_unstable();
    assert_eq!(names, expected);
    assert!(matches!(lists.info("denied"), Err(Error::Io(_))));
    assert!(matches!(lists.info("two logs"), Err(Error::Damaged(_))));
    assert_eq!(lists.info(&key).unwrap().map(|info| info.name), Some(key));
}

#[test]
fn whether_an_owner_lives_is_looked_at_once_and_not_for_what_has_ended() {
    let cost = |claimed: usize, ended: usize| {
        let world = World::new();
        let lists = listed(&world, &["x"; 40]);
        let me = world.holders().open("me", 60_000, Standard).unwrap();
        for id in 1..=(claimed + ended) as u64 {
            let Claim::Ok { token, .. } = lists.claim("l", id, &me, false, Standard).unwrap() else { panic!() };
            if id > claimed as u64 {
                let done = Update { status: Some(Status::Completed), token: Some(token), ..Update::default() };
                lists.update("l", id, &done, NOBODY, Unsynced).unwrap();
            }
        }
        let before = world.operations();
        lists.list("l", Filter::default(), None, 100).unwrap();
        world.operations() - before
    };
    assert_eq!(cost(30, 0), cost(1, 0));
    assert_eq!(cost(0, 30), cost(0, 0));
}

#[test]
fn an_id_that_was_given_out_is_not_given_out_again_whatever_the_name_says() {
    for next in ["0", "1", "2", "fvvvvvvvvvvvv"] {
        let world = World::new();
        let lists = listed(&world, &["a", "b"]);
        let dir = world.dir("tasks/l");
        let token = world.view(|view| view.names("tasks/l")).into_iter().find(|name| name.contains(".live.")).unwrap();
        let mut fields: Vec<&str> = token.split('.').collect();
        fields[6] = next;
        dir.rename(&token, &dir, &fields.join(".")).unwrap();
        let refused = world.lists().create("l", &[new("c")], NOBODY, Standard);
        assert!(matches!(refused, Err(Error::Damaged(_))), "{next}: {refused:?}");
        assert_eq!(lists.list("l", Filter::default(), None, 10).unwrap().tasks.len(), 2);
    }
}

fn last_events(lists: &Lists<SimDirectory>) -> Vec<Event> {
    let Ok(History::Changes { changes, .. }) = lists.history("l", 0, 100) else { panic!() };
    changes.last().unwrap().events.clone()
}

#[test]
fn who_gives_up_a_task_by_its_status_has_released_it() {
    let world = World::new();
    let lists = listed(&world, &["a"]);
    let me = world.holders().open("me", 60_000, Standard).unwrap();
    let Claim::Ok { token, .. } = lists.claim("l", 1, &me, false, Standard).unwrap() else { panic!() };
    let update = Update { status: Some(Status::Pending), token: Some(token), ..Update::default() };
    lists.update("l", 1, &update, NOBODY, Standard).unwrap();
    assert_eq!(last_events(&lists)[0].kind, EventKind::Released);
}

#[test]
fn edges_that_are_taken_and_put_back_are_no_change() {
    let world = World::new();
    let lists = listed(&world, &["a", "b", "c"]);
    lists.update("l", 1, &Update { add_blocked_by: &[2], ..Update::default() }, NOBODY, Standard).unwrap();
    let revision = || lists.info("l").unwrap().unwrap().revision;
    let before = revision();
    let from_both_ends = [
        (2, Update { remove_blocks: &[1], add_blocks: &[1], ..Update::default() }),
        (1, Update { remove_blocked_by: &[2], add_blocked_by: &[2], ..Update::default() }),
        (1, Update { add_blocks: &[1], add_blocked_by: &[1], ..Update::default() }),
    ];
    for (id, update) in &from_both_ends {
        assert!(lists.update("l", *id, update, NOBODY, Standard).unwrap().changed.is_empty());
        assert_eq!(revision(), before, "{update:?}");
    }
    // What is different beside them is told, and nothing else.
    let update = Update { subject: Some("bb"), remove_blocks: &[1], add_blocks: &[1, 3], ..Update::default() };
    assert_eq!(lists.update("l", 2, &update, NOBODY, Standard).unwrap().changed, ["subject", "blocks"]);
    assert_eq!(last_events(&lists).iter().map(|event| event.id).collect::<Vec<_>>(), [3, 2]);
    assert_eq!(lists.get("l", 2).unwrap().unwrap().blocks, [1, 3]);
    assert!(lists.get("l", 1).unwrap().unwrap().revision <= before);
}

#[test]
fn what_is_wrong_with_one_of_many_new_tasks_is_told_with_its_place() {
    let world = World::new();
    let lists = listed(&world, &["a"]);
    let wrong = [
        NewTask { metadata: Some("[]"), ..new("x") },
        NewTask { priority: Some(10), ..new("x") },
        NewTask { blocked_by: &[7], ..new("x") },
        NewTask { blocked_by: &[2], ..new("x") },
        NewTask { blocked_by_new: &[9], ..new("x") },
        new(" "),
    ];
    for task in wrong {
        let told = lists.create("l", &[new("x"), new("x"), task.clone()], NOBODY, Standard).unwrap_err().to_string();
        assert!(told.contains("new task 2 "), "{task:?}: {told}");
    }
    assert_eq!(count(&world), 1);
}
