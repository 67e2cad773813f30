//! The simulated directory by itself: it behaves as Linux does, fails when told, and loses what was not synced.

use leasehold_core::capability::{Directory, File, FsError, Kind};
use leasehold_tests::sim::{Cut, Disk, SimDirectory, World};

fn listed(dir: &SimDirectory) -> Vec<(String, Kind)> {
    let mut names = Vec::new();
    dir.list(&mut |name, kind| names.push((name.to_owned(), kind))).unwrap();
    names
}

fn world() -> World {
    let world = World::bare();
    for dir in ["a", "b", "full"] {
        world.directory(dir);
    }
    world.file("a/one", "1");
    world.file("b/two", "22");
    world.file("full/x", "");
    world
}

#[test]
fn rename_replaces_a_file_silently_and_an_empty_directory_only() {
    let world = world();
    let (root, a, b) = (world.dir(""), world.dir("a"), world.dir("b"));
    a.rename("one", &b, "two").unwrap();
    world.view(|view| {
        assert_eq!(view.below(""), ["b/two", "full/x"]);
        assert_eq!(view.read("b/two").unwrap(), b"1");
    });
    assert_eq!(root.rename("b", &root, "full"), Err(FsError::NotEmpty));
    root.rename("b", &root, "a").unwrap();
    assert_eq!(b.metadata("two").unwrap().size, 1);
    assert_eq!(b.rename("two", &root, "full"), Err(FsError::IsDirectory));
    assert_eq!(root.rename("full", &b, "two"), Err(FsError::NotDirectory));
    assert_eq!(root.rename("a", &b, "self"), Err(FsError::Invalid));
    assert_eq!(root.rename("nothing", &b, "x"), Err(FsError::NotFound));
}

#[test]
fn a_removed_directory_answers_not_found() {
    let world = world();
    let (root, a) = (world.dir(""), world.dir("a"));
    assert_eq!(root.remove_dir("a"), Err(FsError::NotEmpty));
    a.unlink("one").unwrap();
    root.remove_dir("a").unwrap();
    assert_eq!(a.list(&mut |_, _| {}), Err(FsError::NotFound));
    assert_eq!(a.create("x").err(), Some(FsError::NotFound));
    assert_eq!(a.open("x").err(), Some(FsError::NotFound));
    assert_eq!(world.dir("b").rename("two", &a, "x"), Err(FsError::NotFound));
    assert_eq!(root.open_dir("a").err(), Some(FsError::NotFound));
}

#[test]
fn an_open_file_outlives_its_name() {
    let world = world();
    let a = world.dir("a");
    let file = a.open("one").unwrap();
    a.unlink("one").unwrap();
    let mut buffer = [0; 8];
    assert_eq!(file.read_at(&mut buffer, 0), Ok(1));
    assert_eq!(file.metadata().unwrap().links, 0);
}

#[test]
fn renaming_one_link_of_a_file_onto_another_changes_nothing() {
    let world = world();
    world.hard_link("a/one", "b/one");
    let (a, b) = (world.dir("a"), world.dir("b"));
    a.rename("one", &b, "one").unwrap();
    assert_eq!(a.metadata("one").unwrap().links, 2);
    b.unlink("one").unwrap();
    assert_eq!(a.metadata("one").unwrap().links, 1);
}

#[test]
fn links_are_seen_and_never_followed() {
    let world = world();
    world.link("a/way", "../b");
    let a = world.dir("a");
    assert_eq!(a.open_dir("way").err(), Some(FsError::Link));
    assert_eq!(a.open("way").err(), Some(FsError::Link));
    assert_eq!(a.create("way").err(), Some(FsError::Exists));
    assert_eq!(a.metadata("way").unwrap().kind, Kind::Link);
    assert_eq!(listed(&a), [("one".into(), Kind::File), ("way".into(), Kind::Link)]);
    a.unlink("way").unwrap();
}

#[test]
fn a_name_is_one_component() {
    let a = world().dir("a");
    for name in ["", ".", "..", "x/y", "x\0"] {
        assert_eq!(a.create(name).err(), Some(FsError::Invalid), "{name:?}");
    }
    assert_eq!(a.create(&"x".repeat(256)).err(), Some(FsError::NameTooLong));
}

#[test]
fn what_is_denied_is_not_opened() {
    let world = world();
    world.deny("a/one");
    world.deny("b");
    assert_eq!(world.dir("a").open("one").err(), Some(FsError::Denied));
    assert_eq!(world.dir("").open_dir("b").err(), Some(FsError::Denied));
}

#[test]
fn reads_and_writes_may_be_short() {
    let world = world();
    world.transfer_at_most(3);
    let file = world.dir("a").create("new").unwrap();
    assert_eq!(file.write_at(b"abcdef", 0), Ok(3));
    assert_eq!(file.write_at(b"def", 3), Ok(3));
    let mut buffer = [0; 10];
    assert_eq!(file.read_at(&mut buffer, 1), Ok(3));
    assert_eq!(&buffer[..3], b"bcd");
    assert_eq!(file.read_at(&mut buffer, 6), Ok(0));
}

#[test]
fn a_fault_happens_once_and_a_stop_for_good() {
    let world = world();
    let a = world.dir("a");
    world.fail_after(1, FsError::NoSpace);
    a.create("x").unwrap();
    assert_eq!(a.create("y").err(), Some(FsError::NoSpace));
    a.create("y").unwrap();
    assert_eq!(world.operations(), 3);
    world.stop_after(1);
    a.create("z").unwrap();
    assert!(a.unlink("z").is_err() && a.open("z").is_err());
    world.go_on();
    a.unlink("z").unwrap();
}

#[test]
fn modification_times_follow_the_clock() {
    let world = world();
    let a = world.dir("a");
    let start = world.now_ms();
    world.advance(50);
    let file = a.create("x").unwrap();
    assert_eq!(file.metadata().unwrap().modified_ms, Some(start + 50));
    assert_eq!(a.metadata("one").unwrap().modified_ms, Some(start));
    assert_eq!(world.dir("").metadata("a").unwrap().modified_ms, Some(start + 50));
}

mod power_cuts {
    use super::*;

    fn paths(world: &World) -> Vec<String> {
        world.view(|view| view.below(""))
    }

    #[test]
    fn what_was_not_synced_may_be_forgotten() {
        let world = world();
        let a = world.dir("a");
        a.create("new").unwrap();
        a.unlink("one").unwrap();
        assert_eq!(world.unsynced(), 2);
        let after = |cut| {
            paths(&world.power_cut(cut, Disk::Whole))[..]
                .iter()
                .filter(|p| p.starts_with("a/"))
                .cloned()
                .collect::<Vec<_>>()
        };
        assert_eq!(after(Cut::Least), ["a/one"]);
        assert_eq!(after(Cut::Mask(1)), ["a/new", "a/one"]);
        assert!(after(Cut::Mask(2)).is_empty());
        assert_eq!(after(Cut::Mask(3)), ["a/new"]);
        a.sync().unwrap();
        assert_eq!(after(Cut::Least), ["a/new"]);
    }

    #[test]
    fn a_rename_is_kept_once_any_of_file_or_source_is_synced() {
        for synced in ["file", "source"] {
            let world = world();
            let (a, b) = (world.dir("a"), world.dir("b"));
            a.rename("one", &b, "one").unwrap();
            match synced {
                "file" => b.open("one").unwrap().sync().unwrap(),
                _ => a.sync().unwrap(),
            }
            assert_eq!(paths(&world.power_cut(Cut::Least, Disk::Btrfs)), ["b/one", "b/two", "full/x"], "{synced}");
        }
    }

    #[test]
    fn a_name_that_was_moved_on_does_not_come_back() {
        for disk in [Disk::Whole, Disk::Btrfs] {
            let world = world();
            let (a, b) = (world.dir("a"), world.dir("b"));
            a.rename("one", &b, "one").unwrap();
            b.rename("one", &b, "three").unwrap();
            b.sync().unwrap();
            b.open("three").unwrap().sync().unwrap();
            assert_eq!(paths(&world.power_cut(Cut::Least, disk)), ["b/three", "b/two", "full/x"], "{disk:?}");
        }
    }

    #[test]
    fn with_only_the_target_synced_btrfs_may_keep_both_names() {
        let world = world();
        let (a, b) = (world.dir("a"), world.dir("b"));
        a.rename("one", &b, "one").unwrap();
        b.sync().unwrap();
        let after = world.power_cut(Cut::Least, Disk::Btrfs);
        assert_eq!(paths(&after), ["a/one", "b/one", "b/two", "full/x"]);
        assert_eq!(after.view(|view| view.links("a/one")), Some(2));
        assert_eq!(paths(&world.power_cut(Cut::Least, Disk::Whole)), ["b/one", "b/two", "full/x"]);
    }

    #[test]
    fn unsynced_content_comes_back_whole_empty_or_as_zeros() {
        let world = world();
        let a = world.dir("a");
        let file = a.create("new").unwrap();
        file.write_at(b"text", 0).unwrap();
        a.sync().unwrap();
        let contents: std::collections::BTreeSet<_> = (0..40)
            .map(|seed| world.power_cut(Cut::Seed(seed), Disk::Whole).view(|view| view.read("a/new").unwrap()))
            .collect();
        assert_eq!(contents.into_iter().collect::<Vec<_>>(), [b"".to_vec(), vec![0; 4], b"text".to_vec()]);
        file.sync().unwrap();
        assert_eq!(world.power_cut(Cut::Least, Disk::Whole).view(|view| view.read("a/new")), Some(b"text".to_vec()));
    }

    #[test]
    fn a_forgotten_directory_takes_its_entries_with_it() {
        let world = world();
        let root = world.dir("");
        root.create_dir("new").unwrap();
        let new = root.open_dir("new").unwrap();
        new.create("x").unwrap();
        new.sync().unwrap();
        // Whoever syncs what is new keeps its own birth.
        assert!(paths(&world.power_cut(Cut::Least, Disk::Whole)).contains(&"new/x".into()));
        root.create_dir("other").unwrap();
        root.open_dir("other").unwrap().create("y").unwrap();
        assert!(!paths(&world.power_cut(Cut::Least, Disk::Whole)).contains(&"other/y".into()));
    }
}
