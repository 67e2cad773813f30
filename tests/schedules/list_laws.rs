//! What must hold of task lists in every state and at every end, read off the names and the entries by other code than the
//! core's.
//!
//! A list has one token file; its revision rises with each swap, its ids never come back, and all that it names is there,
//! whole. What has ended stays as it is; nothing of a living holder is taken; one token is one claim, of a holder that
//! lived when it claimed. At every end a later holder does all there is, and the list is removed and made anew under
//! higher revisions.

use super::deeds::{LONG, OLD, hold, kind, world};
use super::laws;
use super::names::{self, last, number};
use leasehold_core::Durability::Standard;
use leasehold_core::maintenance::Maintenance;
use leasehold_core::tasklist::{Author, Claim, Filter, Lists, NewTask, Status, Update, Upkeep};
use leasehold_core::{Error, Result};
use leasehold_tests::sim::{Act, Actor, Deed, Scenario, SimDirectory, Verdict, View, World};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const NOBODY: Author<'static> = Author { by: None };

/// How many changes back from the head the laws look.
const LOOK_BACK: usize = 140;

/// The token file of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ListName {
    revision: u64,
    is_tomb: bool,
    birth: String,
    head: String,
    snapshot: String,
    next_id: u64,
    forgotten: u64,
    kept: u64,
}

fn list(path: &str) -> Option<ListName> {
    let fields: Vec<&str> = last(path).split('.').collect();
    let [revision, state @ ("live" | "tomb"), _since, birth, head, snapshot, next_id, forgotten, kept] = &fields[..]
    else {
        return None;
    };
    Some(ListName {
        revision: number(revision)?,
        is_tomb: *state == "tomb",
        birth: (*birth).into(),
        head: (*head).into(),
        snapshot: (*snapshot).into(),
        next_id: number(next_id)?,
        forgotten: number(forgotten)?,
        kept: number(kept)?,
    })
}

/// The revision that an entry was built on: the fifty high bits of its eighty.
fn base(entry: &str) -> Option<u64> {
    let (high, low) = entry.split_once('-')?.0.split_at_checked(8)?;
    Some((number(high)? << 10) | (number(low)? >> 30))
}

/// A task, as one entry says that it is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct TaskLine {
    id: u64,
    status: String,
    owner: Option<(String, u64, u64)>,
}

/// What stands in a line of JSON after `key`, up to the next delimiter.
fn value<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let rest = &line[line.find(key)? + key.len()..];
    rest.trim_start_matches('"').split(['"', ',', '}']).next()
}

fn task_line(line: &str) -> Option<TaskLine> {
    let line = line.strip_prefix("{\"task\":")?;
    let owner = line.find("\"owner\":").map(|at| &line[at..]);
    let owner = owner.and_then(|line| {
        let number = |key| value(line, key)?.parse().ok();
        Some((value(line, "\"holder\":")?.to_owned(), number("\"epoch\":")?, number("\"token\":")?))
    });
    Some(TaskLine { id: value(line, "\"id\":")?.parse().ok()?, status: value(line, "\"status\":")?.into(), owner })
}

/// One change: its entry, its revision, and what it made of which tasks.
struct ChangeMade {
    entry: String,
    revision: u64,
    tasks: Vec<TaskLine>,
}

/// Whether an entry stands in a pack: then its name tells the length of it, and where it begins.
pub(super) fn extent(entry: &str) -> Option<(usize, usize)> {
    let fields: Vec<&str> = entry.split('-').collect();
    let [_nonce, _crc, length, at, _pack] = &fields[..] else { return None };
    let number = |field| number(field).and_then(|number| usize::try_from(number).ok());
    Some((number(length)?, number(at)?))
}

/// What an entry says, which is a file or part of one.
fn read_entry(view: &View<'_>, path: &str) -> Option<String> {
    let bytes = view.read(path)?;
    let bytes = match extent(last(path)) {
        Some((length, at)) => bytes.get(at..at + length)?.to_vec(),
        None => bytes,
    };
    String::from_utf8(bytes).ok()
}

/// The changes of a list from its head back; an error if one is not there.
fn chain(view: &View<'_>, key: &str, name: &ListName) -> std::result::Result<Vec<ChangeMade>, String> {
    let names = view.names(&format!("tasks/{key}"));
    // Revision 12 is written `c`.
    let is_content = |name: &&String| name.starts_with("c.") && list(name).is_none();
    let content = names.iter().find(is_content).ok_or_else(|| format!("{key} has no log"))?;
    let mut changes = Vec::new();
    let mut next = Some(name.head.clone());
    let is_kept = |entry: &String| base(entry).is_some_and(|base| base >= name.forgotten);
    while let Some(entry) = next.filter(is_kept).filter(|_| changes.len() < LOOK_BACK) {
        let text = read_entry(view, &format!("tasks/{key}/{content}/{entry}"));
        let text = text.ok_or_else(|| format!("entry {entry} of {key} is gone, though the history has it"))?;
        let mut lines = text.lines();
        let header = lines.next().unwrap_or_default();
        let revision = value(header, "\"revision\":").and_then(|revision| revision.parse().ok());
        let revision = revision.ok_or_else(|| format!("entry {entry} of {key} is cut short: {text:?}"))?;
        next = value(header, "\"previous\":").map(String::from);
        changes.push(ChangeMade { entry, revision, tasks: lines.filter_map(task_line).collect() });
    }
    let reaches = if name.snapshot == "-" {
        0
    } else {
        let bytes = view.read(&format!("tasks/{key}/{content}/{}", name.snapshot));
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        let text = text.ok_or_else(|| format!("{key} names a snapshot that is gone"))?;
        value(&text, "\"revision\":").and_then(|revision| revision.parse().ok()).ok_or("a snapshot of no revision")?
    };
    if name.forgotten > reaches {
        return Err(format!("{key} forgot changes that its snapshot does not have: {name:?}"));
    }
    Ok(changes)
}

/// Holds a scenario against all laws of lists.
pub(super) fn watched(scenario: Scenario) -> Scenario {
    scenario.observe(witness).always(stands).always(went)
}

fn witness(act: &Act) -> Option<(String, u64)> {
    if let Some(event) = laws::witness(act) {
        return Some(event);
    }
    let illegal = |why: &str| Some((format!("illegal: {why}: {:?} {} {:?}", act.deed, act.path, act.to), 0));
    if let Some(key) = act.to.as_deref().and_then(|to| to.strip_prefix("tasks/"))
        && !key.contains('/')
    {
        return Some((format!("born {key}"), 0));
    }
    let path = act.path.strip_prefix("tasks/").filter(|path| !path.starts_with("tmp/"))?;
    let (key, _) = path.split_once('/')?;
    let before = list(path)?;
    if act.deed == Deed::Unlink {
        return if before.is_tomb { None } else { illegal("an unlinked list") };
    }
    let Some(after) = act.to.as_deref().and_then(list) else { return illegal("what was a list") };
    if before.is_tomb || before.birth != after.birth {
        return illegal("no such transition");
    }
    if after.is_tomb {
        let same = ListName { is_tomb: false, ..after.clone() } == before;
        return if same {
            Some((format!("tomb {key}"), after.revision))
        } else {
            illegal("a tombstone of another state")
        };
    }
    let is_forgetting = before.head == after.head && before.snapshot == after.snapshot;
    let made = if before.head == after.head { &after.snapshot } else { &after.head };
    if after.revision <= before.revision || after.next_id < before.next_id || after.forgotten < before.forgotten {
        return illegal("what rises falls");
    }
    if !is_forgetting && base(made) != Some(before.revision) {
        return illegal("an entry that was built on another revision");
    }
    let same_rest = match (before.head == after.head, before.snapshot == after.snapshot) {
        (false, true) => after.kept == before.kept + 1 && after.forgotten == before.forgotten,
        (true, false) => {
            (after.next_id, after.kept, after.forgotten) == (before.next_id, before.kept, before.forgotten)
        }
        (true, true) => {
            after.next_id == before.next_id && after.kept < before.kept && after.forgotten > before.forgotten
        }
        (false, false) => false,
    };
    if !same_rest {
        return illegal("neither a change nor a snapshot, and nothing is forgotten");
    }
    let what = match (before.head == after.head, is_forgetting) {
        (false, _) => "change",
        (true, false) => "snapshot",
        (true, true) => "forgetting",
    };
    Some((format!("{what} {key}"), after.revision))
}

fn keys(view: &View<'_>) -> Vec<String> {
    let is_key = |key: &String| !["tmp", "floor", "quarantine", "format"].contains(&key.as_str());
    view.names("tasks").into_iter().filter(|key| is_key(key) && !key.starts_with("format.")).collect()
}

/// The token file of a list; an error unless there is one, or nothing at all.
fn only_name(view: &View<'_>, key: &str) -> std::result::Result<Option<ListName>, String> {
    let names = view.names(&format!("tasks/{key}"));
    let mut tokens = names.iter().filter_map(|name| list(name));
    match (tokens.next(), tokens.next()) {
        (one, None) if one.is_some() || names.is_empty() => Ok(one),
        _ => Err(format!("tasks/{key} holds {names:?}")),
    }
}

/// Whether every list has one token file, and all that this names.
fn stands(view: &View<'_>) -> Verdict {
    for key in keys(view) {
        let Some(name) = only_name(view, &key)?.filter(|name| !name.is_tomb) else { continue };
        let changes = chain(view, &key, &name)?;
        let mut revision = name.revision + 1;
        // From the head back: what a task is after a change is held against what it is before.
        let mut later: BTreeMap<u64, TaskLine> = BTreeMap::new();
        for change in changes {
            if change.revision >= revision {
                return Err(format!("the changes of {key} are out of order"));
            }
            revision = change.revision;
            for task in change.tasks {
                if task.id >= name.next_id {
                    return Err(format!("task {} of {key} may be made again, its next is {}", task.id, name.next_id));
                }
                let Some(after) = later.insert(task.id, task.clone()) else { continue };
                let ended = matches!(task.status.as_str(), "completed" | "abandoned" | "deleted");
                if ended && after.status != task.status && after.status != "deleted" {
                    return Err(format!("{task:?} became {after:?}"));
                }
            }
        }
    }
    Ok(())
}

fn lives(view: &View<'_>, holder: &str, epoch: u64) -> bool {
    let names = view.names(&format!("holders/{holder}"));
    names.iter().filter_map(|name| names::holder(name)).any(|state| state.live && state.epoch == epoch)
}

/// Whether what happened so far could happen.
fn went(view: &View<'_>) -> Verdict {
    let log = view.log();
    let (mut made, mut told) = (BTreeSet::new(), BTreeMap::new());
    let mut highest = 0;
    for (at, event) in log.iter().enumerate() {
        let words: Vec<&str> = event.what.split(' ').collect();
        match &words[..] {
            ["illegal:", ..] => return Err(event.what.clone()),
            ["change" | "snapshot" | "forgetting", _] if event.value <= highest => {
                return Err(format!("{event}: it follows {highest}, in this life or the one before"));
            }
            ["change" | "snapshot" | "forgetting", _] => highest = event.value,
            ["made"] if !made.insert(event.value) => return Err(format!("{event}: that id was given out before")),
            ["told", id, holder, epoch] => {
                if told.insert(event.value, event.what.clone()).is_some_and(|before| before != event.what) {
                    return Err(format!("{event}: another was told the same token"));
                }
                let claimed = log[..at].iter().position(|e| e.what == "change l" && e.value == event.value);
                let ended = log[..at].iter().position(|e| e.what == format!("over {holder} {epoch}"));
                if let (Some(claimed), Some(ended)) = (claimed, ended)
                    && ended < claimed
                {
                    return Err(format!("{event}: that epoch was over before it had claimed task {id}"));
                }
            }
            _ => {}
        }
    }
    match log.last() {
        Some(event) if event.what == "change l" => may_be_taken(view, &event.actor),
        _ => Ok(()),
    }
}

/// Whether the change that was just made took nothing of a holder that lives, unless that did it itself. Actors `A` and `A2`
/// are two threads that share the holder `a`.
fn may_be_taken(view: &View<'_>, actor: &str) -> Verdict {
    let Some(name) = only_name(view, "l")? else { return Ok(()) };
    let changes = chain(view, "l", &name)?;
    let Some((change, earlier)) = changes.split_first() else { return Ok(()) };
    for task in &change.tasks {
        let before = earlier.iter().find_map(|change| change.tasks.iter().find(|before| before.id == task.id));
        let Some((holder, epoch, _)) =
            before.filter(|before| before.status == "in-progress").and_then(|b| b.owner.as_ref())
        else {
            continue;
        };
        let is_touched = task.owner != before.and_then(|before| before.owner.clone()) || task.status != "in-progress";
        if is_touched && !actor.to_lowercase().starts_with(holder.as_str()) && lives(view, holder, *epoch) {
            return Err(format!("{actor} made {task:?} of what {holder} {epoch} has, who lives ({})", change.entry));
        }
    }
    Ok(())
}

pub(super) fn new(subject: &str) -> NewTask<'_> {
    NewTask { subject, ..NewTask::default() }
}

/// A world where these holders live, and the store is there and nothing in it.
pub(super) fn marked(holders: &[&str]) -> World {
    let world = world(holders);
    world.file("tasks/format", "leasehold tasks 1\n");
    world.directory("tasks/tmp");
    world
}

/// A world where these holders live, and a list of so many tasks.
pub(super) fn listed(holders: &[&str], tasks: usize) -> World {
    let world = marked(holders);
    world.lists().create("l", &vec![new("x"); tasks], NOBODY, Standard).unwrap();
    world.advance(10);
    world
}

/// As [`listed`], where the first holder has the first task; and its token.
pub(super) fn held(holders: &[&str], tasks: usize) -> (World, u64) {
    let world = listed(holders, tasks);
    let holder = world.holders().attach(holders[0], Standard).unwrap();
    match world.lists().claim("l", 1, &holder, false, Standard).unwrap() {
        Claim::Ok { token, .. } => (world, token),
        other => panic!("{other:?}"),
    }
}

/// Makes a snapshot as soon as one is due.
pub(super) const TIDY: Upkeep = Upkeep { changes_min: 8, turns: 1, history_max: 4_096, history_min: 3_072 };

/// As [`listed`], with one task, where the next change makes a snapshot, the second one if `again`.
pub(super) fn nearly_long(holders: &[&str], again: bool) -> World {
    let world = listed(holders, 1);
    let lists = world.lists().with_upkeep(TIDY);
    let has_snapshot = || world.view(|view| only_name(view, "l").unwrap().unwrap().snapshot != "-");
    // The list itself, and its first task.
    let mut count = 2;
    while count + 1 < TIDY.changes_min {
        let subject = if count % 2 == 0 { "z" } else { "x" };
        update(&lists, 1, &Update { subject: Some(subject), ..Update::default() }).unwrap();
        count += 1;
        if again && count + 1 == TIDY.changes_min && !has_snapshot() {
            update(&lists, 1, &Update { subject: Some("y"), ..Update::default() }).unwrap();
            assert!(has_snapshot());
            count = 0;
        }
    }
    world
}

pub(super) fn update(lists: &Lists<SimDirectory>, id: u64, update: &Update<'_>) -> Result<Vec<String>> {
    lists.update("l", id, update, NOBODY, Standard).map(|updated| updated.changed)
}

/// Makes tasks, and logs their ids; answers them.
pub(super) fn create(actor: &Actor, subjects: &[&str]) -> Result<String> {
    let tasks: Vec<NewTask<'_>> = subjects.iter().map(|subject| new(subject)).collect();
    let ids = actor.lists().create("l", &tasks, NOBODY, Standard)?;
    ids.iter().for_each(|id| actor.log("made", *id));
    Ok(ids.iter().map(u64::to_string).collect::<Vec<_>>().join(" "))
}

/// Claims a task, or the next if there is no id, and logs that it was told so; answers the token, or why not.
pub(super) fn claim(actor: &Actor, id: Option<u64>) -> String {
    let claimed = hold(actor).and_then(|holder| {
        let lists = actor.lists();
        let claimed = match id {
            Some(id) => lists.claim("l", id, &holder, false, Standard),
            None => lists.claim_next("l", &holder, false, Standard),
        };
        claimed.map(|claimed| (claimed, holder.name().to_owned(), holder.epoch()))
    });
    match claimed {
        Ok((Claim::Ok { token, task }, holder, epoch)) => {
            actor.log(format!("told {} {holder} {epoch}", task.id), token);
            token.to_string()
        }
        Ok((Claim::AlreadyOwned(_), ..)) => "owned".into(),
        Ok((Claim::NotFound, ..)) => "none".into(),
        Ok((other, ..)) => format!("{other:?}"),
        Err(error) => kind::<()>(Err(error), "").into(),
    }
}

pub(super) fn complete(actor: &Actor, id: u64, token: Option<u64>) -> &'static str {
    kind(
        update(&actor.lists(), id, &Update { status: Some(Status::Completed), token, ..Update::default() }),
        "completed",
    )
}

/// Sweeps the lists.
pub(super) fn sweep(actor: &Actor) -> &'static str {
    kind(Maintenance::new(None, None).with_lists(Some(actor.lists())).sweep(OLD), "swept")
}

/// The subjects of all tasks.
pub(super) fn subjects(lists: &Lists<SimDirectory>) -> Result<String> {
    let tasks = lists.list("l", Filter::default(), None, 100)?.tasks;
    Ok(tasks.into_iter().map(|task| task.subject).collect::<Vec<_>>().join(" "))
}

/// Long after everybody has stopped a later holder does all there is, under higher tokens; somebody sweeps, and nothing is
/// left but what is named; the list is removed, and made anew under higher revisions.
pub(super) fn goes_on(view: &View<'_>) -> Verdict {
    let revisions =
        view.log().iter().filter(|event| ["change l", "snapshot l", "forgetting l"].contains(&&*event.what));
    let highest = revisions.map(|event| event.value).max().unwrap_or(0);
    let world = view.world();
    let words = |error: Error| error.to_string();
    world.advance(10 * LONG);
    let holder = world.holders().open("later", 1000 * LONG, Standard).map_err(words)?;
    let lists = world.lists();
    let there = lists.list("l", Filter { internal: true, status: None }, None, 10_000).map_err(words)?;
    let next = lists.create("l", &[new("later")], NOBODY, Standard).map_err(words)?[0];
    if there.tasks.iter().any(|task| task.id >= next) {
        return Err(format!("task {next} was made after {:?}", there.tasks.last()));
    }
    while let Claim::Ok { token, task } = lists.claim_next("l", &holder, false, Standard).map_err(words)? {
        if token <= highest {
            return Err(format!("token {token} follows {highest}"));
        }
        let done = Update { status: Some(Status::Completed), token: Some(token), ..Update::default() };
        update(&lists, task.id, &done).map_err(words)?;
    }
    let info = lists.info("l").map_err(words)?.ok_or("the list is gone")?;
    if info.pending + info.in_progress != 0 {
        return Err(format!("a later holder left {info:?}"));
    }
    // With its last name in `tmp`.
    drop(lists);
    world.maintenance().sweep(OLD).map_err(words)?;
    let findings = world.maintenance().check().map_err(words)?;
    if !findings.is_empty() {
        return Err(format!("{findings:?}"));
    }
    world.view(nothing_but_what_is_named)?;
    world.lists().remove("l", Standard).map_err(words)?;
    if world.lists().create("l", &[new("anew")], NOBODY, Standard).map_err(words)? != [1] {
        return Err("a list that was made anew goes on with the ids of the old one".into());
    }
    let again = world.lists().info("l").map_err(words)?.ok_or("the list is gone again")?;
    if again.revision <= info.revision {
        return Err(format!("revision {} follows {}", again.revision, info.revision));
    }
    Ok(())
}

fn nothing_but_what_is_named(view: &View<'_>) -> Verdict {
    let Some(name) = only_name(view, "l")? else { return Err("no list".into()) };
    if name.kept > LOOK_BACK as u64 {
        return Ok(());
    }
    let mut named: BTreeSet<String> = chain(view, "l", &name)?.into_iter().map(|change| change.entry).collect();
    named.insert(name.snapshot.clone());
    let left = view.below("tasks");
    let is_debris = |path: &&String| match path.split('/').collect::<Vec<_>>()[..] {
        ["l", _, entry] => !named.contains(entry),
        ["l", name] => list(name).is_none(),
        ["floor", _] => false,
        [name] => !name.starts_with("format"),
        _ => true,
    };
    match left.iter().find(is_debris) {
        Some(path) => Err(format!("{path} is left, and nothing names it")),
        None => Ok(()),
    }
}
