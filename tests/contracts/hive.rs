//! The task store of an agent framework (contract H in `docs/contracts.md`): its promises as tests of ours, and each bug of
//! its source as a test that fails where the bug is.

use super::support::{MINUTE_MS, SimHolder, remove};
use leasehold_core::Durability::Standard;
use leasehold_core::capability::Directory;
use leasehold_core::tasklist::{Author, Claim, Filter, History, Lists, NewTask, Status, TaskView, Update, Updated};
use leasehold_core::{Error, Result};
use leasehold_tests::sim::{Actor, Scenario, SimDirectory, Verdict, World};

type SimLists = Lists<SimDirectory>;

const NOBODY: Author<'static> = Author { by: None };

fn new(subject: &str) -> NewTask<'_> {
    NewTask { subject, ..NewTask::default() }
}

/// Makes so many tasks at once.
fn make(lists: &SimLists, count: usize) -> Vec<u64> {
    lists.create("l", &vec![new("x"); count], NOBODY, Standard).unwrap()
}

fn holder(world: &World, name: &str) -> SimHolder {
    world.holders().open(name, 60 * MINUTE_MS, Standard).unwrap()
}

fn update(lists: &SimLists, id: u64, update: &Update<'_>) -> Result<Updated> {
    lists.update("l", id, update, NOBODY, Standard)
}

fn to(status: Status) -> Update<'static> {
    Update { status: Some(status), ..Update::default() }
}

fn task(lists: &SimLists, id: u64) -> TaskView {
    lists.get("l", id).unwrap().unwrap()
}

fn delete(lists: &SimLists, id: u64) -> Result<Vec<u64>> {
    lists.delete("l", id, None, None, NOBODY, Standard)
}

fn ids(lists: &SimLists, filter: Filter) -> Vec<u64> {
    lists.list("l", filter, None, 1_000).unwrap().tasks.iter().map(|task| task.id).collect()
}

/// The token under which somebody has it now.
fn claim(lists: &SimLists, id: u64, holder: &SimHolder) -> u64 {
    match lists.claim("l", id, holder, false, Standard).unwrap() {
        Claim::Ok { token, .. } => token,
        other => panic!("{other:?}"),
    }
}

/// Revision 12 is written `c`.
fn is_content(name: &str) -> bool {
    name.starts_with("c.") && !name.contains(".live.")
}

/// The fields of the list's name that name its last change, and its last snapshot.
const HEAD: usize = 4;
const SNAPSHOT: usize = 5;

/// The path of the entry that the list's name names in a field.
fn named(world: &World, field: usize) -> String {
    let names = world.view(|view| view.names("tasks/l"));
    let token = names.iter().find(|name| name.contains(".live.")).unwrap();
    let content = names.iter().find(|name| is_content(name)).unwrap();
    format!("tasks/l/{content}/{}", token.split('.').nth(field).unwrap())
}

fn head(world: &World) -> String {
    named(world, HEAD)
}

/// What an entry says. Where it stands in a pack, its name tells how long it is, and where it begins.
fn entry(world: &World, path: &str) -> String {
    let bytes = world.view(|view| view.read(path)).unwrap();
    let file = path.rsplit('/').next().unwrap_or_default();
    let number = |digits| usize::from_str_radix(digits, 32).unwrap();
    let bytes = match file.split('-').collect::<Vec<_>>()[..] {
        [_, _, length, at, _] => &bytes[number(at)..number(at) + number(length)],
        _ => &bytes[..],
    };
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Puts other content into an entry that is named, as if another version of Leasehold had written it, checksum and name included.
fn written_by_another(world: &World, field: usize, change: impl Fn(&str) -> String) {
    let path = named(world, field);
    let content = change(&entry(world, &path));
    let (dir, old) = path.rsplit_once('/').unwrap();
    let (nonce, _) = old.split_once('-').unwrap();
    let crc = content.bytes().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    });
    let digits: String = (0..7)
        .rev()
        .map(|place| char::from_digit(u32::try_from((u64::from(!crc) >> (5 * place)) & 31).unwrap(), 32).unwrap())
        .collect();
    let new = format!("{nonce}-{digits}");
    world.file(&format!("{dir}/{new}"), content);
    let list = world.dir("tasks/l");
    let token = world.view(|view| view.names("tasks/l")).into_iter().find(|name| name.contains(".live.")).unwrap();
    list.rename(&token, &list, &token.replace(old, &new)).unwrap();
}

fn tree(world: &World) -> String {
    world.view(|view| view.tree())
}

/// As many as may act at once, each in a process of its own.
#[test]
fn contract_h_concurrent_creates_get_the_ids_from_one_on() {
    let create = |a: &Actor| a.lists().create("l", &[new("x")], NOBODY, Standard).map(|ids| ids[0]);
    let world = World::new();
    let mut scenario = Scenario::new("six create at once", &world).crashes(0);
    for name in ["a", "b", "c", "d", "e", "f"] {
        scenario = scenario.actor(name, create);
    }
    let scenario = scenario.finally(|view, ends| {
        let each_once = (1..=6).all(|id: u64| ends.count(&id.to_string()) == 1);
        let there = ids(&view.world().lists(), Filter::default());
        if each_once && there == [1, 2, 3, 4, 5, 6] { Ok(()) } else { Err(format!("{there:?}")) }
    });
    if let Err(violation) = scenario.random(1, 300) {
        panic!("{violation}");
    }
}

#[test]
fn contract_h_an_update_answers_which_fields_changed() {
    let world = World::new();
    let lists = world.lists();
    make(&lists, 3);
    let all = Update {
        subject: Some("new"),
        description: Some("said"),
        active_form: Some("doing"),
        priority: Some(1),
        status: Some(Status::InProgress),
        add_blocked_by: &[2],
        add_blocks: &[3],
        metadata: Some(r#"{"a":1}"#),
        ..Update::default()
    };
    let mut changed = update(&lists, 1, &all).unwrap().changed;
    changed.sort();
    let fields = ["active-form", "blocked-by", "blocks", "description", "metadata", "priority", "status", "subject"];
    assert_eq!(changed, fields);
    let one = Update { subject: Some("newer"), description: Some("said"), ..Update::default() };
    let updated = update(&lists, 1, &one).unwrap();
    assert_eq!((updated.changed, updated.task.subject.as_str()), (vec!["subject".to_owned()], "newer"));
    assert!(matches!(update(&lists, 9, &one), Err(Error::NotFound(_))));
}

/// What makes no difference is no change: no revision, no time, no file.
#[test]
fn contract_h_what_changes_nothing_writes_nothing() {
    let world = World::new();
    let lists = world.lists();
    make(&lists, 2);
    let same = Update {
        subject: Some("x"),
        description: Some(""),
        active_form: Some(""),
        priority: Some(5),
        status: Some(Status::Pending),
        add_blocked_by: &[1],
        add_blocks: &[1],
        remove_blocked_by: &[2],
        remove_blocks: &[2],
        metadata: Some(r#"{"gone":null}"#),
        ..Update::default()
    };
    lists.ensure("l", None, Some("s"), NOBODY, Standard).unwrap();
    let before = tree(&world);
    world.advance(1_000);
    // Self-edges are among it.
    assert!(update(&lists, 1, &same).unwrap().changed.is_empty());
    lists.ensure("l", Some("{}"), Some("s"), NOBODY, Standard).unwrap();
    lists.ensure("l", None, None, NOBODY, Standard).unwrap();
    assert!(lists.reap("l", Standard).unwrap().is_empty());
    assert_eq!(tree(&world), before);
}

#[test]
fn contract_h_edges_are_seen_from_both_ends() {
    let world = World::new();
    let lists = world.lists();
    make(&lists, 3);
    update(&lists, 2, &Update { add_blocked_by: &[1], add_blocks: &[3], ..Update::default() }).unwrap();
    for lists in [&lists, &world.lists()] {
        assert_eq!((task(lists, 1).blocks, task(lists, 1).blocked_by), (vec![2], vec![]));
        assert_eq!((task(lists, 2).blocks, task(lists, 2).blocked_by), (vec![3], vec![1]));
        assert_eq!((task(lists, 3).blocks, task(lists, 3).blocked_by), (vec![], vec![2]));
    }
    update(&lists, 2, &Update { remove_blocked_by: &[1], remove_blocks: &[3], ..Update::default() }).unwrap();
    for id in 1..=3 {
        assert!(task(&lists, id).blocks.is_empty() && task(&lists, id).blocked_by.is_empty(), "{id}");
    }
}

#[test]
fn contract_h_deleting_takes_the_edges_along() {
    let world = World::new();
    let lists = world.lists();
    make(&lists, 4);
    update(&lists, 2, &Update { add_blocked_by: &[1], add_blocks: &[3, 4], ..Update::default() }).unwrap();
    assert_eq!(delete(&lists, 2).unwrap(), [3, 4]);
    for lists in [&lists, &world.lists()] {
        assert_eq!(ids(lists, Filter::default()), [1, 3, 4]);
        assert!(
            [1, 3, 4].iter().all(|id| task(lists, *id).blocks.is_empty() && task(lists, *id).blocked_by.is_empty())
        );
    }
    assert!(matches!(delete(&lists, 2), Err(Error::NotFound(_))));
    assert!(matches!(delete(&lists, 9), Err(Error::NotFound(_))));
}

#[test]
fn contract_h_no_id_comes_back_after_a_deletion_or_a_reset() {
    let world = World::new();
    let lists = world.lists();
    assert_eq!(make(&lists, 3), [1, 2, 3]);
    delete(&lists, 3).unwrap();
    delete(&lists, 2).unwrap();
    assert_eq!(make(&world.lists(), 1), [4]);
    delete(&lists, 4).unwrap();
    lists.reset("l", NOBODY, Standard).unwrap();
    assert!(ids(&lists, Filter::default()).is_empty());
    assert_eq!(make(&world.lists(), 2), [5, 6]);
}

#[test]
fn contract_h_a_list_knows_the_last_ten_who_used_it_and_who_made_it() {
    let world = World::new();
    let lists = world.lists();
    let maker = Author { by: Some("queen") };
    for n in 1..=12 {
        lists.ensure("l", None, Some(&format!("session {n}")), maker, Standard).unwrap();
    }
    lists.ensure("l", None, Some("session 5"), NOBODY, Standard).unwrap();
    let info = world.lists().info("l").unwrap().unwrap();
    let last = [3, 4, 6, 7, 8, 9, 10, 11, 12, 5];
    assert_eq!(info.seen, last.map(|n| format!("session {n}")));
    assert_eq!(info.created_by.as_deref(), Some("queen"));
    assert_eq!(info.pending + info.in_progress + info.completed + info.abandoned, 0);
}

#[test]
fn contract_h_a_patch_of_metadata_sets_members_and_null_removes_them() {
    let world = World::new();
    let lists = world.lists();
    let with = NewTask { metadata: Some(r#"{"a":1,"b":{"c":2}}"#), ..new("x") };
    lists.create("l", &[with], NOBODY, Standard).unwrap();
    let patch = Update { metadata: Some(r#"{"a":null,"b":{"d":3},"e":[null]}"#), ..Update::default() };
    assert_eq!(update(&lists, 1, &patch).unwrap().changed, ["metadata"]);
    assert_eq!(task(&world.lists(), 1).metadata, r#"{"b":{"d":3},"e":[null]}"#);
    for bad in ["", "[]", "1", "{", "null"] {
        let patch = Update { metadata: Some(bad), ..Update::default() };
        assert!(matches!(update(&lists, 1, &patch), Err(Error::InvalidArgument(_))), "{bad:?}");
    }
}

#[test]
fn contract_h_a_batch_is_checked_before_anything_is_made() {
    let world = World::new();
    let lists = world.lists();
    let before = tree(&world);
    assert!(lists.create("l", &[], NOBODY, Standard).unwrap().is_empty());
    for blank in ["", " ", "\t\n"] {
        let made = lists.create("l", &[new("fine"), new(blank)], NOBODY, Standard);
        assert!(matches!(made, Err(Error::InvalidArgument(_))), "{blank:?}");
    }
    assert_eq!(tree(&world), before, "nothing was made of what was refused");
    assert_eq!(lists.create("l", &[new("a"), new("b"), new("c")], NOBODY, Standard).unwrap(), [1, 2, 3]);
    let before = tree(&world);
    let unknown = NewTask { blocked_by: &[9], ..new("x") };
    assert!(matches!(lists.create("l", &[new("fine"), unknown], NOBODY, Standard), Err(Error::NotFound(_))));
    let blank = Update { subject: Some("  "), ..Update::default() };
    assert!(matches!(update(&lists, 1, &blank), Err(Error::InvalidArgument(_))));
    assert_eq!(tree(&world), before);
    // What was refused has used up no id.
    assert_eq!(make(&lists, 1), [4]);
}

#[test]
fn contract_h_internal_tasks_are_listed_to_who_asks_for_them() {
    let world = World::new();
    let lists = world.lists();
    let internal = NewTask { metadata: Some(r#"{"_internal":true}"#), ..new("x") };
    let not = NewTask { metadata: Some(r#"{"_internal":false}"#), ..new("x") };
    lists.create("l", &[new("x"), internal, not], NOBODY, Standard).unwrap();
    assert_eq!(ids(&lists, Filter::default()), [1, 3]);
    assert_eq!(ids(&lists, Filter { internal: true, status: None }), [1, 2, 3]);
    assert_eq!(task(&lists, 2).id, 2);
}

/// Not there, completed, somebody's, waiting, busy: the first of these that is so is the answer, whatever else is.
#[test]
fn contract_h_a_claim_says_the_first_that_is_in_its_way() {
    let world = World::new();
    let lists = world.lists();
    let (me, other) = (holder(&world, "me"), holder(&world, "other"));
    make(&lists, 5);
    let wait = Update { add_blocked_by: &[5], ..Update::default() };
    let busy = claim(&lists, 4, &me);
    // Waits, and is mine already.
    claim(&lists, 1, &other);
    update(&lists, 1, &wait).unwrap();
    update(&lists, 2, &wait).unwrap();
    let ask = |id, holder| lists.claim("l", id, holder, true, Standard).unwrap();
    assert_eq!(ask(9, &me), Claim::NotFound);
    assert!(matches!(ask(1, &me), Claim::AlreadyOwned(owner) if owner.holder == "other"));
    assert!(matches!(ask(1, &other), Claim::Ok { .. }), "what is one's own is answered whatever it waits for");
    assert_eq!(ask(2, &me), Claim::Blocked(vec![5]));
    assert_eq!(ask(3, &me), Claim::Busy(4));
    assert!(matches!(ask(4, &me), Claim::Ok { token, .. } if token == busy));
    // Completed, though it waits and somebody had it.
    let token = claim(&lists, 1, &other);
    update(&lists, 1, &Update { token: Some(token), ..to(Status::Completed) }).unwrap();
    assert_eq!(ask(1, &me), Claim::AlreadyCompleted);
    delete(&lists, 1).unwrap();
    assert_eq!(ask(1, &me), Claim::NotFound);
}

/// A caller's own rule decides on a completion before it is written: what it refuses is not touched.
#[test]
fn contract_h_a_rule_of_the_caller_decides_before_anything_is_written() {
    let world = World::new();
    let lists = world.lists();
    make(&lists, 1);
    let read = task(&lists, 1);
    world.advance(5);
    update(&lists, 1, &Update { subject: Some("changed since"), ..Update::default() }).unwrap();
    let before = tree(&world);
    let decided = Update { if_revision: Some(read.revision), ..to(Status::Completed) };
    assert!(matches!(update(&lists, 1, &decided), Err(Error::Lost(_))));
    assert!(matches!(lists.delete("l", 1, None, Some(read.revision), NOBODY, Standard), Err(Error::Lost(_))));
    assert_eq!(tree(&world), before);
    let now = task(&lists, 1);
    assert_eq!(now.status, Status::Pending);
    let decided = Update { if_revision: Some(now.revision), ..to(Status::Completed) };
    assert_eq!(update(&lists, 1, &decided).unwrap().changed, ["status"]);
}

/// H1: the name of a list becomes a path as it is, and leads out of the store; others are made alike, and share a list.
#[test]
fn h1_no_name_of_a_list_leaves_the_store_or_meets_another() {
    let world = World::new();
    let lists = world.lists();
    let before = tree(&world);
    let leaving = [
        "colony:../../../../etc/x",
        "session:a:../../x",
        "unscoped:../x",
        "../x",
        "..",
        ".",
        "",
        "a/b",
        "/etc/x",
        "a\\b",
        "nul\0",
        "line\nbreak",
    ];
    for bad in leaving {
        let refused = |result: Result<()>| assert!(matches!(result, Err(Error::InvalidName(_))), "{bad:?}: {result:?}");
        refused(lists.create(bad, &[new("x")], NOBODY, Standard).map(drop));
        refused(lists.create(bad, &[], NOBODY, Standard).map(drop));
        refused(lists.ensure(bad, None, None, NOBODY, Standard));
        refused(lists.get(bad, 1).map(drop));
        refused(lists.list(bad, Filter::default(), None, 1).map(drop));
        refused(lists.info(bad).map(drop));
        refused(lists.history(bad, 0, 1).map(drop));
        refused(lists.remove(bad, Standard));
    }
    assert_eq!(tree(&world), before);
    let mut apart =
        ["a_b", "a b", "a-b", "A_b", "a:b", "_misc", "colony:", "session:a", "session:a:", "tmp", "format", "floor"];
    for name in apart {
        assert_eq!(lists.create(name, &[new(name)], NOBODY, Standard).unwrap(), [1], "{name:?}");
    }
    let mut names = world.lists().names().unwrap();
    names.sort();
    apart.sort_unstable();
    assert_eq!(names, apart);
    assert!(apart.iter().all(|name| world.lists().get(name, 1).unwrap().unwrap().subject == *name));
}

/// How many tasks a reader sees.
fn count(actor: &Actor) -> Result<u64> {
    Ok(actor.lists().list("l", Filter::default(), None, 100)?.tasks.len() as u64)
}

fn all_or_none(seen: &[&str], count: usize, is_born: bool) -> Verdict {
    let fine = |seen: &&&str| **seen == count.to_string() || **seen == if is_born { "1" } else { "0" };
    match seen.iter().find(|seen| !fine(seen)) {
        Some(seen) => Err(format!("{seen} of {count} tasks were seen")),
        None => Ok(()),
    }
}

/// H2: a batch is written task by task: a reader sees the first of them, and a kill leaves them.
#[test]
fn h2_a_batch_is_seen_whole_or_not_at_all_whoever_is_killed() {
    for is_born in [false, true] {
        let world = World::new();
        if is_born {
            make(&world.lists(), 1);
        }
        let all = if is_born { 4 } else { 3 };
        Scenario::new(format!("H2 a batch, of a list that is there: {is_born}"), &world)
            .actor("C", |a| {
                let after = NewTask { blocked_by_new: &[0, 1], ..new("c") };
                a.lists().create("l", &[new("a"), new("b"), after], NOBODY, Standard).map(|ids| ids.len() as u64)
            })
            .actor("R", count)
            .then("R", |a, before| count(a).map(|after| format!("{before} {after}")))
            .crashes(1)
            .finally(move |view, ends| {
                let seen: Vec<&str> =
                    ends.of("R").unwrap_or_default().split(' ').filter(|seen| !seen.is_empty()).collect();
                all_or_none(&seen, all, is_born)?;
                if seen.first() > seen.last() {
                    return Err(format!("what was there is gone: {seen:?}"));
                }
                let lists = view.world().lists();
                let left = ids(&lists, Filter::default()).len();
                all_or_none(&[&left.to_string()], all, is_born)?;
                if ends.of("C") == Some("3") && left != all {
                    return Err(format!("{left} tasks are left of what was acknowledged"));
                }
                match make(&lists, 1)[0] {
                    next if next == left as u64 + 1 => Ok(()),
                    next => Err(format!("task {next} follows {left}")),
                }
            })
            .holds();
    }
}

/// H3: an edge is written at one end and then at the other, and a deletion before those that waited: a kill leaves an edge
/// with one end.
#[test]
fn h3_no_kill_leaves_an_edge_with_one_end() {
    // Who waits for whom, as seen from either end.
    fn edges(lists: &SimLists) -> std::result::Result<String, String> {
        let tasks = lists.list("l", Filter::default(), None, 100).map_err(|error| error.to_string())?.tasks;
        let mut ways: Vec<(u64, u64)> =
            tasks.iter().flat_map(|task| task.blocked_by.iter().map(|by| (*by, task.id))).collect();
        let mut back: Vec<(u64, u64)> =
            tasks.iter().flat_map(|task| task.blocks.iter().map(|of| (task.id, *of))).collect();
        ways.sort_unstable();
        back.sort_unstable();
        let is_there = |id: u64| tasks.iter().any(|task| task.id == id);
        if ways != back || ways.iter().any(|(from, to)| !is_there(*from) || !is_there(*to)) {
            return Err(format!("{ways:?} one way, {back:?} the other"));
        }
        Ok(format!("{ways:?}"))
    }
    let world = World::new();
    make(&world.lists(), 3);
    for deletes in [false, true] {
        if deletes {
            update(&world.lists(), 2, &Update { add_blocked_by: &[1], add_blocks: &[3], ..Update::default() }).unwrap();
        }
        Scenario::new(format!("H3 edges, deleted: {deletes}"), &world)
            .actor("U", move |a| {
                if deletes {
                    return delete(&a.lists(), 2).map(|freed| format!("{freed:?}"));
                }
                let edges = Update { add_blocked_by: &[1], add_blocks: &[3], ..Update::default() };
                update(&a.lists(), 2, &edges).map(|updated| format!("{:?}", updated.changed))
            })
            .actor("R", |a| edges(&a.lists()))
            .crashes(1)
            .finally(move |view, ends| {
                let left = edges(&view.world().lists())?;
                let both = "[(1, 2), (2, 3)]";
                for seen in ends.of("R").into_iter().chain([left.as_str()]) {
                    if seen != both && seen != "[]" {
                        return Err(format!("{seen} was seen"));
                    }
                }
                match ends.of("U") {
                    Some("[3]" | "[\"blocked-by\", \"blocks\"]") if left == if deletes { "[]" } else { both } => Ok(()),
                    None => Ok(()),
                    other => Err(format!("{other:?}, and this is left: {left}")),
                }
            })
            .holds();
    }
}

/// H4: tasks that wait for each other are accepted, and can never be claimed.
#[test]
fn h4_no_circle_is_made_by_any_way() {
    let world = World::new();
    let lists = world.lists();
    make(&lists, 4);
    for id in [2, 3, 4] {
        update(&lists, id, &Update { add_blocked_by: &[id - 1], ..Update::default() }).unwrap();
    }
    let before = tree(&world);
    let refused = |result: Result<()>| assert!(matches!(result, Err(Error::InvalidArgument(_))), "{result:?}");
    for id in [2, 3, 4] {
        refused(update(&lists, 1, &Update { add_blocked_by: &[id], ..Update::default() }).map(drop));
        refused(update(&lists, id, &Update { add_blocks: &[1], ..Update::default() }).map(drop));
    }
    // One call that closes the circle itself.
    refused(update(&lists, 1, &Update { add_blocked_by: &[4], add_blocks: &[4], ..Update::default() }).map(drop));
    let (first, second) = (NewTask { blocked_by_new: &[1], ..new("a") }, NewTask { blocked_by_new: &[0], ..new("b") });
    refused(lists.create("l", &[first, second], NOBODY, Standard).map(drop));
    assert_eq!(tree(&world), before);
    // An edge that is taken out by the same call closes nothing.
    update(&lists, 2, &Update { remove_blocked_by: &[1], add_blocks: &[1], ..Update::default() }).unwrap();
    assert_eq!(task(&lists, 1).blocked_by, [2]);
}

/// H4, the other half: a blocker that is missing or cannot be read counts as done.
#[test]
fn h4_a_blocker_that_is_not_known_to_be_completed_blocks() {
    let world = World::new();
    let lists = world.lists();
    let me = holder(&world, "me");
    make(&lists, 2);
    update(&lists, 2, &Update { add_blocked_by: &[1], ..Update::default() }).unwrap();
    for status in [Status::InProgress, Status::Abandoned] {
        update(&lists, 1, &to(status)).unwrap();
        assert_eq!(lists.claim("l", 2, &me, false, Standard).unwrap(), Claim::Blocked(vec![1]), "{status:?}");
        assert_eq!(task(&lists, 2).unresolved, [1]);
    }
    update(&lists, 2, &Update { subject: Some("y"), ..Update::default() }).unwrap();
    // One that is not there.
    let missing = world.copy();
    written_by_another(&missing, HEAD, |content| content.replace("\"blocked_by\":[1]", "\"blocked_by\":[77]"));
    let found = missing.lists();
    assert_eq!(task(&found, 2).unresolved, [77]);
    let me_there = missing.holders().attach("me", Standard).unwrap();
    assert_eq!(found.claim("l", 2, &me_there, false, Standard).unwrap(), Claim::Blocked(vec![77]));
    assert_eq!(found.claim_next("l", &me_there, false, Standard).unwrap(), Claim::NotFound);
    // One that cannot be read.
    let path = head(&world);
    remove(&world, &path);
    world.file(&path, "{");
    assert!(matches!(world.lists().claim("l", 2, &me, false, Standard), Err(Error::Damaged(_))));
    assert!(matches!(world.lists().claim_next("l", &me, false, Standard), Err(Error::Damaged(_))));
    assert!(matches!(world.lists().get("l", 1), Err(Error::Damaged(_))));
    assert_eq!(world.maintenance().check().unwrap().len(), 1);
}

/// H5: the ids that were given out are known from the files that can be read: where one cannot, its id comes back.
#[test]
fn h5_no_id_is_given_out_twice_whatever_becomes_of_the_log() {
    let world = World::new();
    make(&world.lists(), 4);
    let path = head(&world);
    make(&world.lists(), 1);
    for spoilt in [path, head(&world)] {
        for content in [None, Some(""), Some("{}\n"), Some("{\"task\"")] {
            let copy = world.copy();
            let whole = copy.view(|view| view.read(&spoilt)).unwrap();
            remove(&copy, &spoilt);
            if let Some(content) = content {
                copy.file(&spoilt, content);
            }
            let before = tree(&copy);
            for lists in [copy.lists(), copy.lists()] {
                let made = lists.create("l", &[new("x")], NOBODY, Standard);
                assert!(matches!(made, Err(Error::Damaged(_))), "{content:?}: {made:?}");
                assert!(matches!(lists.reset("l", NOBODY, Standard), Err(Error::Damaged(_))));
            }
            assert_eq!(tree(&copy), before, "what cannot be read is left as it is");
            // Put back, it goes on from where it was.
            if content.is_some() {
                remove(&copy, &spoilt);
            }
            copy.file(&spoilt, whole);
            assert_eq!(make(&copy.lists(), 1), [6]);
        }
    }
    // Only what was removed as a whole begins anew.
    world.lists().remove("l", Standard).unwrap();
    assert_eq!(make(&world.lists(), 1), [1]);
}

/// H6: nobody looks whether the claimer is busy, though the name says so; and a claim leaves the task pending.
#[test]
fn h6_who_is_busy_is_told_with_what_and_a_claim_is_seen() {
    let world = World::new();
    let lists = world.lists();
    let me = holder(&world, "me");
    make(&lists, 2);
    let token = claim(&lists, 1, &me);
    assert_eq!(task(&world.lists(), 1).status, Status::InProgress);
    assert!(task(&world.lists(), 1).alive);
    assert_eq!(lists.claim("l", 2, &me, true, Standard).unwrap(), Claim::Busy(1));
    assert_eq!(lists.claim_next("l", &me, true, Standard).unwrap(), Claim::Busy(1));
    update(&lists, 1, &Update { token: Some(token), ..to(Status::Completed) }).unwrap();
    assert!(matches!(lists.claim("l", 2, &me, true, Standard).unwrap(), Claim::Ok { .. }));
}

/// H6: what a dead owner had is its own for ever.
#[test]
fn h6_what_a_dead_owner_had_is_to_be_had() {
    let world = World::new();
    let lists = world.lists();
    make(&lists, 3);
    let dead = world.holders().open("dead", 1_000, Standard).unwrap();
    let old: Vec<u64> = (1..=3).map(|id| claim(&lists, id, &dead)).collect();
    world.advance(1_001);
    let me = holder(&world, "me");
    assert!(!task(&lists, 1).alive);
    assert!(claim(&lists, 1, &me) > old[0]);
    assert_eq!(lists.reap("l", Standard).unwrap(), [2, 3]);
    assert_eq!((task(&lists, 2).status, task(&lists, 2).owner), (Status::Pending, None));
    assert_eq!(task(&lists, 1).owner.unwrap().holder, "me");
    // It is told so.
    assert!(matches!(lists.claim("l", 2, &dead, false, Standard), Err(Error::Lost(_))));
    for (id, token) in (1..=3).zip(old) {
        assert!(matches!(lists.release("l", id, token, NOBODY, Standard), Err(Error::Lost(_))));
        let done = Update { token: Some(token), ..to(Status::Completed) };
        assert!(matches!(update(&lists, id, &done), Err(Error::Lost(_))));
    }
}

/// H6: what is completed goes back to pending.
#[test]
fn h6_an_end_is_the_end() {
    let world = World::new();
    let lists = world.lists();
    let me = holder(&world, "me");
    make(&lists, 4);
    let token = claim(&lists, 1, &me);
    update(&lists, 1, &Update { token: Some(token), ..to(Status::Completed) }).unwrap();
    update(&lists, 2, &to(Status::Abandoned)).unwrap();
    delete(&lists, 3).unwrap();
    let before = tree(&world);
    let ends = [Status::Pending, Status::InProgress, Status::Completed, Status::Abandoned];
    for (id, is) in [(1, Status::Completed), (2, Status::Abandoned)] {
        for status in ends.into_iter().filter(|status| *status != is) {
            assert!(matches!(update(&lists, id, &to(status)), Err(Error::Lost(_))), "{is:?} to {status:?}");
        }
    }
    let again = Update { token: Some(token), ..to(Status::Pending) };
    assert!(matches!(update(&lists, 1, &again), Err(Error::Lost(_))));
    assert!(matches!(lists.release("l", 1, token, NOBODY, Standard), Err(Error::Lost(_))));
    for status in ends {
        assert!(matches!(update(&lists, 3, &to(status)), Err(Error::NotFound(_))));
    }
    assert!(matches!(update(&lists, 4, &to(Status::Deleted)), Err(Error::InvalidArgument(_))));
    assert_eq!(tree(&world), before);
}

/// H6: any caller changes the status of what another works on.
#[test]
fn h6_nobody_ends_anothers_task_without_its_token() {
    let world = World::new();
    let lists = world.lists();
    let (me, other) = (holder(&world, "me"), holder(&world, "other"));
    make(&lists, 2);
    let (mine, others) = (claim(&lists, 1, &me), claim(&lists, 2, &other));
    let before = tree(&world);
    for status in [Status::Pending, Status::Completed, Status::Abandoned] {
        let held = update(&lists, 1, &to(status));
        assert!(matches!(&held, Err(Error::Held(by)) if by.holder == "me" && by.token == mine), "{held:?}");
        for wrong in [0, mine - 1, mine + 100, others] {
            let lost = update(&lists, 1, &Update { token: Some(wrong), ..to(status) });
            assert!(matches!(lost, Err(Error::Lost(_))), "{wrong}");
        }
    }
    assert!(matches!(delete(&lists, 1), Err(Error::Held(_))));
    assert!(matches!(lists.delete("l", 1, Some(others), None, NOBODY, Standard), Err(Error::Lost(_))));
    assert!(matches!(lists.release("l", 1, others, NOBODY, Standard), Err(Error::Lost(_))));
    assert_eq!(tree(&world), before);
    lists.delete("l", 1, Some(mine), None, NOBODY, Standard).unwrap();
}

/// H6, and of ours: who is late is declared dead before another ends what it has, so that it learns of it at its next beat.
#[test]
fn h6_a_late_owner_is_declared_dead_before_its_task_is_ended() {
    for deletes in [false, true] {
        let world = World::new();
        let lists = world.lists();
        make(&lists, 1);
        let late = world.holders().open("late", 1_000, Standard).unwrap();
        let token = claim(&lists, 1, &late);
        world.advance(1_001);
        if deletes {
            delete(&lists, 1).unwrap();
        } else {
            update(&lists, 1, &to(Status::Pending)).unwrap();
        }
        assert!(matches!(late.renew(Standard), Err(Error::Lost(_))), "it lives on, and has lost {token}");
    }
}

/// H7: those who create at once wait for a lock, and time out.
#[test]
fn h7_of_many_who_create_at_once_none_fails() {
    let world = World::new();
    make(&world.lists(), 1);
    let mut scenario = Scenario::new("H7 six make three each", &world).crashes(0);
    for name in ["a", "b", "c", "d", "e", "f"] {
        scenario = scenario.actor(name, |a: &Actor| {
            let lists = a.lists();
            (0..3).try_for_each(|_| lists.create("l", &[new("x")], NOBODY, Standard).map(drop)).map(|()| "made")
        });
    }
    let scenario = scenario.finally(|view, ends| {
        let there = ids(&view.world().lists(), Filter::default());
        if ends.count("made") == 6 && there == (1..=19).collect::<Vec<u64>>() {
            Ok(())
        } else {
            Err(format!("{there:?}"))
        }
    });
    if let Err(violation) = scenario.random(7, 100) {
        panic!("{violation}");
    }
}

/// H7: each create reads every task there is. Here it costs the same however many there are.
#[test]
fn h7_a_create_costs_the_same_however_many_tasks_there_are() {
    let world = World::new();
    let lists = world.lists();
    let cost = |count: usize| {
        let before = world.operations();
        make(&lists, count);
        world.operations() - before
    };
    // Who has made the list reads it once.
    cost(1);
    cost(1);
    let few = cost(1);
    cost(5_000);
    assert_eq!(cost(1), few);
}

/// H8: what another version has written beside what this one knows is lost when this one rewrites it.
#[test]
fn h8_what_another_version_has_written_is_kept() {
    let world = World::new();
    let lists = world.lists();
    let me = holder(&world, "me");
    lists.ensure("l", Some(r#"{"m":1}"#), None, NOBODY, Standard).unwrap();
    make(&lists, 1);
    lists.ensure("l", None, Some("s"), NOBODY, Standard).unwrap();
    written_by_another(&world, HEAD, |content| content.replace("\"created_ms\"", "\"colour\":\"red\",\"created_ms\""));
    update(&world.lists(), 1, &Update { subject: Some("y"), ..Update::default() }).unwrap();
    written_by_another(&world, HEAD, |content| {
        content.replace("\"subject\":", "\"shape\":{\"round\":[1]},\"subject\":")
    });
    // Everything there is that rewrites them.
    let lists = world.lists();
    let token = claim(&lists, 1, &me);
    written_by_another(&world, HEAD, |content| content.replace("\"owner\":{", "\"owner\":{\"badge\":{\"n\":7},"));
    update(&world.lists(), 1, &Update { subject: Some("x"), ..Update::default() }).unwrap();
    let of_head = entry(&world, &head(&world));
    assert!(of_head.contains("\"badge\":{\"n\":7}"), "{of_head}");
    let lists = world.lists();
    lists.release("l", 1, token, NOBODY, Standard).unwrap();
    update(&lists, 1, &Update { description: Some("z"), metadata: Some("{\"n\":1}"), ..Update::default() }).unwrap();
    lists.ensure("l", Some(r#"{"m":2}"#), Some("t"), NOBODY, Standard).unwrap();
    let content = |path: String| entry(&world, &path);
    assert!(content(head(&world)).contains("\"colour\":\"red\""));
    update(&lists, 1, &Update { priority: Some(1), ..Update::default() }).unwrap();
    assert!(content(head(&world)).contains("\"shape\":{\"round\":[1]}"));
    // A snapshot too.
    for _ in 0..200 {
        make(&lists, 1);
    }
    let snapshot = content(named(&world, SNAPSHOT));
    assert!(snapshot.contains("\"colour\":\"red\"") && snapshot.contains("\"shape\":{\"round\":[1]}"));
    // Also from its first line to that of the next, whoever makes that, and has read neither.
    written_by_another(&world, SNAPSHOT, |content| content.replacen('{', "{\"mood\":[2],", 1));
    for _ in 0..200 {
        make(&lists, 1);
    }
    let next = content(named(&world, SNAPSHOT));
    assert!(next.len() > snapshot.len() && next.starts_with("{\"revision\"") && next.contains("\"mood\":[2]"));
    assert_eq!(world.lists().info("l").unwrap().unwrap().seen, ["s", "t"]);
}

/// H8: what a reader has open cannot be replaced. Here nothing is replaced: who reads a history while it is written sees it
/// as it was.
#[test]
fn h8_who_reads_while_others_write_disturbs_nobody() {
    let world = World::new();
    make(&world.lists(), 1);
    Scenario::new("H8 a reader and a writer", &world)
        .actor("R", |a| match a.lists().history("l", 0, 10)? {
            History::Changes { changes, .. } => Ok(changes.len() as u64),
            History::TooOld { .. } => Err(Error::Other("too old".into())),
        })
        .actor("W", |a| {
            let lists = a.lists();
            update(&lists, 1, &Update { subject: Some("1"), ..Update::default() })?;
            update(&lists, 1, &Update { subject: Some("2"), ..Update::default() }).map(|_| "written")
        })
        .crashes(0)
        .finally(|_, ends| match (ends.of("R"), ends.of("W")) {
            (Some("2" | "3" | "4"), Some("written")) => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .holds();
}

/// Each change has a lower revision than the one after it: whoever reads back comes to an end, and believes nothing else.
#[test]
fn a_log_whose_revisions_do_not_rise_is_damage() {
    let world = World::new();
    make(&world.lists(), 1);
    let revision = |world: &World| world.lists().info("l").unwrap().unwrap().revision;
    let first = revision(&world);
    update(&world.lists(), 1, &Update { subject: Some("y"), ..Update::default() }).unwrap();
    let last = revision(&world);
    written_by_another(&world, HEAD, |content| {
        content.replacen(&format!("\"revision\":{last}"), &format!("\"revision\":{first}"), 1)
    });
    assert!(matches!(world.lists().get("l", 1), Err(Error::Damaged(_))));
    assert!(matches!(world.lists().history("l", 0, 10), Err(Error::Damaged(_))));
}
