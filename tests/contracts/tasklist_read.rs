//! What reading a task list costs who has read it before, and what it believes.

use leasehold_core::Durability::Standard;
use leasehold_core::capability::{Directory, File};
use leasehold_core::tasklist::NewTask;
use leasehold_core::tasklist::{Author, Filter, History, Lists, Update, Upkeep};
use leasehold_tests::sim::{SimDirectory, World};

const NOBODY: Author<'static> = Author { by: None };
const BRIEF: Upkeep = Upkeep { changes_min: 8, turns: 1, history_max: 8, history_min: 6 };

fn subject(lists: &Lists<SimDirectory>) -> String {
    lists.list("l", Filter::default(), None, 10).unwrap().tasks.remove(0).subject
}

fn rename(lists: &Lists<SimDirectory>, subject: &str) {
    let fields = Update { subject: Some(subject), ..Update::default() };
    lists.update("l", 1, &fields, NOBODY, Standard).unwrap();
}

/// Where the log of the list is, and what stands there.
fn log(world: &World) -> (String, Vec<String>) {
    let names = world.view(|view| view.names("tasks/l"));
    let content = names.into_iter().find(|name| name.starts_with("c.") && name.len() == 18).unwrap();
    let path = format!("tasks/l/{content}");
    let entries = world.view(|view| view.names(&path));
    (path, entries)
}

fn forgotten(world: &World) -> bool {
    matches!(world.lists().history("l", 0, 100).unwrap(), History::TooOld { .. })
}

/// What `act` opens of the log.
fn opened(world: &World, act: impl FnOnce()) -> Vec<String> {
    let (path, _) = log(world);
    world.record();
    act();
    let opened = |step: &String| step.starts_with(&format!("open {path}"));
    world.recorded().into_iter().filter(opened).collect()
}

/// Many change one list, and each of them is a little behind when one of them forgets the oldest changes: they do not all
/// read all tasks for that.
#[test]
fn who_knows_a_list_reads_what_has_changed_since_although_older_changes_were_forgotten() {
    let world = World::new();
    let maker = world.lists().with_upkeep(BRIEF);
    maker.create("l", &[NewTask { subject: "x", ..NewTask::default() }], NOBODY, Standard).unwrap();
    let knows = world.lists();
    for n in 0.. {
        assert_eq!(subject(&knows), if n == 0 { "x".to_owned() } else { (n - 1).to_string() });
        rename(&maker, &n.to_string());
        if forgotten(&world) {
            break;
        }
    }
    // What the list was when it was made shorter is the longest of what stands there.
    let (path, entries) = log(&world);
    let snapshot = entries.iter().filter(|name| name.matches('-').count() == 1).max().unwrap();
    world.dir(&path).unlink(snapshot).unwrap();
    rename(&maker, "after");
    assert_eq!(subject(&knows), "after");
    assert!(world.lists().list("l", Filter::default(), None, 10).is_err(), "that was no snapshot");
}

/// One who changes a list over and over writes into one pack: who follows opens that once.
#[test]
fn who_follows_a_list_opens_a_pack_once() {
    let world = World::new();
    let (maker, follows) = (world.lists(), world.lists());
    maker.create("l", &[NewTask { subject: "x", ..NewTask::default() }], NOBODY, Standard).unwrap();
    for (n, files) in [1, 0, 0, 0].into_iter().enumerate() {
        subject(&follows);
        let name = n.to_string();
        rename(&maker, &name);
        let opened = opened(&world, || assert_eq!(subject(&follows), name));
        assert_eq!(opened.len(), files, "{n}: {opened:?}");
    }
}

/// A pack that is open is a hint: what it has where a change is said to stand is believed if it is that change.
#[test]
fn who_follows_a_list_believes_no_pack_that_is_not_the_one_a_change_stands_in() {
    let world = World::new();
    let (maker, follows) = (world.lists(), world.lists());
    maker.create("l", &[NewTask { subject: "x", ..NewTask::default() }], NOBODY, Standard).unwrap();
    rename(&maker, "file");
    rename(&maker, "known");
    assert_eq!(subject(&follows), "known");
    rename(&maker, "copied");
    // The change becomes a copy, as a backup that was played back has it, and what was in the pack is written over.
    let (path, entries) = log(&world);
    let head = entries.iter().max().unwrap();
    let entry = format!("{path}/{head}");
    let whole = world.view(|view| view.read(&entry)).unwrap();
    let dir = world.dir(&path);
    dir.open_to_write(head).unwrap().write_at(&vec![b'!'; whole.len()], 0).unwrap();
    dir.unlink(head).unwrap();
    world.file(&entry, whole);
    assert_eq!(subject(&follows), "copied");
}
