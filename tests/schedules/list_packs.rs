//! Entries of a log that stand in one file: each is a name of it, and a change like any other.

use super::deeds::{OLD, killed_before, kind};
use super::laws::walks;
use super::list_laws::{NOBODY, create, extent, goes_on, listed, new, subjects, sweep, update, watched};
use leasehold_core::Durability::{Standard, Unsynced};
use leasehold_core::capability::Directory;
use leasehold_core::tasklist::{Update, Upkeep};
use leasehold_tests::sim::{Actor, Cut, Disk, Listings, Scenario, World};

/// The second change of an instance, and those after it.
fn twice(a: &Actor) -> &'static str {
    let lists = a.lists();
    let rename = |subject| update(&lists, 1, &Update { subject: Some(subject), ..Update::default() });
    kind(rename("first").and_then(|_| rename("second")), "changed")
}

fn entries(world: &World) -> Vec<String> {
    let paths = world.view(|view| view.below("tasks/l"));
    let mut entries: Vec<String> =
        paths.iter().filter_map(|path| path.split_once('/')).map(|(_, entry)| entry.to_owned()).collect();
    // The nonce begins with the revision that the entry was built on.
    entries.sort();
    entries
}

#[test]
fn the_first_change_of_an_instance_is_a_file_and_the_next_ones_are_names_of_a_pack() {
    let world = listed(&[], 1);
    let lists = world.lists();
    for subject in ["a", "b", "c"] {
        update(&lists, 1, &Update { subject: Some(subject), ..Update::default() }).unwrap();
    }
    let are_packed: Vec<bool> = entries(&world).iter().map(|entry| extent(entry).is_some()).collect();
    // The list itself, its first task (the instance of the birth published nothing before), and the three.
    assert_eq!(are_packed, [false, false, false, true, true], "{:?}", entries(&world));
    assert_eq!(subjects(&world.lists()).unwrap(), "c");
    drop(lists);
    assert!(world.view(|view| view.names("tasks/tmp")).is_empty(), "an instance that ends leaves nothing");
    assert!(world.maintenance().check().unwrap().is_empty());
}

#[test]
fn where_a_file_has_one_name_only_each_change_has_a_file() {
    let world = listed(&[], 1);
    world.refuse_links();
    let lists = world.lists();
    for subject in ["a", "b", "c"] {
        update(&lists, 1, &Update { subject: Some(subject), ..Update::default() }).unwrap();
    }
    assert!(entries(&world).iter().all(|entry| extent(entry).is_none()), "{:?}", entries(&world));
    assert_eq!(subjects(&world.lists()).unwrap(), "c");
}

/// Whoever is killed, and whatever is swept: an entry that is named is there, whole, and what is not goes.
#[test]
fn entries_in_a_pack_are_changes_like_others_whoever_sweeps_and_whoever_is_killed() {
    let scene = |listings: Listings, with: &str| {
        let with = with.to_owned();
        let mut scenario =
            watched(Scenario::new(format!("two changes of one instance, {with}, {listings:?}"), &listed(&[], 1)))
                .actor("A", twice)
                .listings(listings)
                .crashes(1);
        if with.contains('B') {
            scenario = scenario.actor("B", |a| create(a, &["y"]));
        }
        if with.contains('P') {
            scenario = scenario.actor("P", |a| {
                let lists = a.lists();
                let one = lists.create("l", &[new("y")], NOBODY, Standard)?;
                lists.create("l", &[new("z")], NOBODY, Standard).map(|two| format!("{one:?} {two:?}"))
            });
        }
        if with.contains('W') {
            scenario = scenario.actor("W", sweep).clock("clock", |c| c.advance(OLD + 10_000));
        }
        scenario.finally(move |view, ends| {
            let there = subjects(&view.world().lists()).map_err(|error| error.to_string())?;
            let (renamed, made) = there.split_once(' ').unwrap_or((&there, ""));
            let is_renamed = match ends.of("A") {
                Some("changed") => renamed == "second",
                None => ["x", "first", "second"].contains(&renamed),
                _ => false,
            };
            let expected: &[&str] = match (with.contains('P'), with.contains('B')) {
                (true, _) => &["y z", "y", ""],
                (_, true) => &["y", ""],
                _ => &[""],
            };
            let maker = ["B", "P"].into_iter().find(|actor| with.contains(actor)).and_then(|actor| ends.of(actor));
            let is_whole = maker.is_none() || made == expected[0];
            if !is_renamed || !is_whole || !expected.contains(&made) {
                return Err(format!(
                    "{:?} {:?} {:?}, and {there:?} is there",
                    ends.of("A"),
                    ends.of("B"),
                    ends.of("P")
                ));
            }
            goes_on(view)
        })
    };
    scene(Listings::Atomic, "W").limit(600_000).bounded().holds();
    scene(Listings::Atomic, "B").limit(600_000).bounded().holds();
    walks(scene(Listings::Mixed, "BW"), 2_000);
    walks(scene(Listings::Btrfs, "PW"), 3_000);
}

/// Who follows a list keeps the packs open that it has read changes from, while their changes are forgotten, and swept, and
/// somebody is killed: it sees what was so at one time, and never less than before.
#[test]
fn who_follows_a_list_sees_each_change_in_a_pack_once_it_was_made_and_what_was_forgotten_as_well() {
    const BRIEF: Upkeep = Upkeep { changes_min: 3, turns: 1, history_max: 4, history_min: 2 };
    let scene = |listings: Listings, with: &str| {
        let swept = with.contains('W');
        let mut scenario =
            watched(Scenario::new(format!("packs that are followed, {with}, {listings:?}"), &listed(&[], 1)))
                .actor("A", |a| {
                    let lists = a.lists().with_upkeep(BRIEF);
                    let rename = |subject| update(&lists, 1, &Update { subject: Some(subject), ..Update::default() });
                    kind(["1", "2", "3", "4"].into_iter().try_for_each(|subject| rename(subject).map(drop)), "changed")
                })
                .actor("R", |a| {
                    let lists = a.lists();
                    let seen: Result<Vec<String>, _> = (0..4).map(|_| subjects(&lists)).collect();
                    seen.map(|seen| seen.concat())
                })
                .listings(listings)
                .crashes(1);
        if swept {
            scenario = scenario.actor("W", sweep);
        }
        scenario.finally(move |view, ends| {
            let seen = ends.of("R").unwrap_or_default().replace('x', "0");
            if !seen.chars().all(|c| c.is_ascii_digit()) || !seen.chars().is_sorted() {
                return Err(seen);
            }
            goes_on(view)
        })
    };
    scene(Listings::Atomic, "").limit(600_000).bounded().holds();
    walks(scene(Listings::Mixed, "W"), 2_000);
    walks(scene(Listings::Btrfs, "W"), 2_000);
}

/// A kill leaves the pack under its name in `tmp`, and an entry that nothing names: both go, and nothing else.
#[test]
fn what_a_kill_leaves_of_a_pack_is_swept() {
    let world = listed(&[], 1);
    killed_before(&world, "rename tasks/l/", |w| {
        let lists = w.lists();
        update(&lists, 1, &Update { subject: Some("a"), ..Update::default() })
    });
    world.lists().create("l", &[new("y")], NOBODY, Standard).unwrap();
    killed_before(&world, "link tasks/tmp/", |w| {
        let lists = w.lists();
        update(&lists, 1, &Update { subject: Some("a"), ..Update::default() })?;
        update(&lists, 1, &Update { subject: Some("b"), ..Update::default() })
    });
    assert_eq!(subjects(&world.lists()).unwrap(), "a y");
    assert!(!world.view(|view| view.names("tasks/tmp")).is_empty(), "nothing was left");
    world.advance(OLD + 10_000);
    world.maintenance().sweep(OLD).unwrap();
    assert!(world.view(|view| view.names("tasks/tmp")).is_empty());
    assert_eq!(subjects(&world.lists()).unwrap(), "a y");
}

/// Whatever a power cut keeps of names: what one leads to is there, and what was acknowledged as durable with it.
#[test]
fn a_power_cut_keeps_what_the_names_that_it_keeps_lead_to() {
    for disk in [Disk::Whole, Disk::Btrfs] {
        let world = listed(&[], 1);
        let lists = world.lists();
        let rename = |subject: &str, durability| {
            let fields = Update { subject: Some(subject), ..Update::default() };
            lists.update("l", 1, &fields, NOBODY, durability).unwrap();
        };
        rename("file", Standard);
        let mut kept = "file".to_owned();
        for n in 0..12 {
            let subject = format!("n{n}");
            let durability = if n % 4 == 3 { Standard } else { Unsynced };
            rename(&subject, durability);
            if durability == Standard {
                kept = subject;
            }
            for keep in 0..=world.unsynced().min(63) {
                let after = world.power_cut(Cut::Mask((1 << keep) - 1), disk);
                let there = subjects(&after.lists()).unwrap();
                let number = |subject: &str| subject.trim_start_matches('n').parse().unwrap_or(-1);
                assert!((number(&kept)..=n).contains(&number(&there)), "{there} after {kept} and n{n}, {disk:?}");
            }
        }
    }
}

/// Two names of one file: what one change says is not believed of another.
#[test]
fn an_entry_whose_bytes_in_a_pack_were_changed_is_damage() {
    let world = listed(&[], 1);
    let lists = world.lists();
    for subject in ["file", "packed"] {
        update(&lists, 1, &Update { subject: Some(subject), ..Update::default() }).unwrap();
    }
    let head = entries(&world).pop().unwrap();
    let (_, at) = extent(&head).unwrap();
    let content = world.view(|view| view.below("tasks")).into_iter().find(|path| path.ends_with(&head)).unwrap();
    let path = format!("tasks/{content}");
    let mut bytes = world.view(|view| view.read(&path)).unwrap();
    bytes[at] = b'!';
    let (dir, file) = path.rsplit_once('/').unwrap();
    world.dir(dir).unlink(file).unwrap();
    world.file(&path, bytes);
    assert!(matches!(subjects(&world.lists()), Err(leasehold_core::Error::Damaged(_))));
}
