//! The explorer itself: what it interleaves, what may go wrong, what it leaves out, and how it counts.

use leasehold_core::capability::{Directory, File, FsError, FsResult, Kind};
use leasehold_tests::sim::{Actor, Explored, Listings, Scenario, SimDirectory, World};

pub(super) fn names(dir: &SimDirectory) -> FsResult<Vec<String>> {
    let mut names = Vec::new();
    dir.list(&mut |name, _| names.push(name.to_owned()))?;
    names.sort();
    Ok(names)
}

pub(super) fn trunk(dirs: &[&str]) -> World {
    let world = World::bare();
    for dir in dirs {
        world.directory(dir);
    }
    world
}

mod listings {
    use super::*;

    fn scenario(listings: Listings) -> Scenario {
        let world = trunk(&[]);
        world.file("d/a", "");
        Scenario::new(format!("toy: one listing, {listings:?}"), &world)
            .actor("M", |a| {
                let dir = a.dir("d");
                dir.rename("a", &dir, "b")
            })
            .actor("L", |a| names(&a.dir("d")).map(|names| names.join("+")))
            .listings(listings)
            .crashes(0)
    }

    fn seen(listings: Listings) -> Vec<String> {
        let seen = std::rc::Rc::new(std::cell::RefCell::new(std::collections::BTreeSet::new()));
        let into = seen.clone();
        scenario(listings)
            .finally(move |_, ends| {
                into.borrow_mut().insert(ends.of("L").unwrap().to_owned());
                Ok(())
            })
            .holds();
        seen.take().into_iter().collect()
    }

    #[test]
    fn an_atomic_listing_sees_one_moment() {
        assert_eq!(seen(Listings::Atomic), ["a", "b"]);
    }

    #[test]
    fn a_listing_across_a_rename_may_see_either_name_both_or_neither() {
        assert_eq!(seen(Listings::Mixed), ["", "a", "a+b", "b"]);
    }

    #[test]
    fn on_btrfs_a_listing_across_a_rename_may_be_empty_though_others_stand_there() {
        let world = trunk(&[]);
        world.file("d/a", "");
        world.file("d/z", "");
        let empty = |listings| {
            Scenario::new("toy: an empty listing", &world)
                .actor("M", |a| {
                    let dir = a.dir("d");
                    dir.rename("a", &dir, "b")
                })
                .actor("L", |a| names(&a.dir("d")).map(|names| names.join("+")))
                .finally(|_, ends| if ends.of("L") == Some("") { Err("saw nothing".into()) } else { Ok(()) })
                .listings(listings)
                .explore()
        };
        assert!(empty(Listings::Mixed).is_ok());
        assert_eq!(empty(Listings::Btrfs).unwrap_err().what, "saw nothing");
    }
}

mod clocks {
    use super::*;

    /// Reads that a lease has not expired, then acts on it: the clock may move in between.
    fn scenario(jump: i64) -> Scenario {
        let world = trunk(&["d"]);
        let until = world.now_ms() + 1000;
        Scenario::new(format!("toy: a clock that moves by {jump}"), &world)
            .actor("A", move |a| {
                if a.now_ms() < until {
                    a.dir("d").create("used")?;
                    return Ok("used");
                }
                FsResult::Ok("expired")
            })
            .clock("clock", move |c| c.jump(jump))
            .always(move |view| {
                if view.now_ms() >= until && view.exists("d/used") && view.log().is_empty() {
                    return Err("used at or after its end".into());
                }
                Ok(())
            })
    }

    #[test]
    fn a_jump_between_looking_and_acting_is_found() {
        let found = scenario(5000).breaks();
        assert!(found.trace.iter().any(|step| step.operation == "move the wall clock by 5000"), "{found}");
    }

    #[test]
    fn a_backward_jump_harms_nobody_here() {
        scenario(-5000).holds();
    }
}

mod crashes {
    use super::*;

    fn two_steps(actor: &Actor) -> FsResult<()> {
        let dir = actor.dir("d");
        dir.create("one")?;
        dir.create("two")?;
        Ok(())
    }

    #[test]
    fn an_actor_may_stop_after_any_operation() {
        let found = Scenario::new("toy: half done", &trunk(&["d"]))
            .actor("A", two_steps)
            .steady("L", |a| names(&a.dir("d")).map(|names| names.len() as u64))
            .finally(|view, _| if view.names("d").len() == 1 { Err("half done".into()) } else { Ok(()) })
            .breaks();
        assert!(found.trace.iter().any(|step| step.operation == "CRASH"), "{found}");
    }

    #[test]
    fn without_crashes_it_does_not() {
        Scenario::new("toy: all done", &trunk(&["d"]))
            .actor("A", two_steps)
            .crashes(0)
            .finally(|view, _| if view.names("d").len() == 2 { Ok(()) } else { Err("half done".into()) })
            .holds();
    }

    #[test]
    fn a_restart_takes_up_what_the_crash_left() {
        Scenario::new("toy: restarted", &trunk(&["d"]))
            .actor("A", two_steps)
            .restart("A", |a| {
                let dir = a.dir("d");
                for name in ["one", "two"] {
                    match dir.create(name) {
                        Ok(_) | Err(FsError::Exists) => {}
                        Err(error) => return Err(error),
                    }
                }
                Ok(())
            })
            .finally(|view, ends| match (ends.all_ended(), view.names("d").len()) {
                (true, 2) => Ok(()),
                other => Err(format!("{other:?}")),
            })
            .holds();
    }

    #[test]
    fn a_panic_of_the_code_under_test_is_a_violation() {
        let found = Scenario::new("toy: a panic", &trunk(&["d"]))
            .actor("A", |a| a.dir("d").create("x").map(|_| ()))
            .actor("B", |a| {
                let seen = names(&a.dir("d")).unwrap();
                assert!(seen.is_empty(), "somebody was here");
            })
            .crashes(0)
            .breaks();
        assert_eq!(found.what, "B panicked: somebody was here");
        assert_eq!(found.trace.len(), 2, "{found}");
    }

    #[test]
    fn one_that_never_ends_meets_the_limit() {
        let found = Scenario::new("toy: no end", &trunk(&["d"]))
            .actor("A", |a| while names(&a.dir("d")).unwrap().is_empty() {})
            .actor("B", |a| a.dir("d").create("x").map(|_| ()))
            .limit(500)
            .breaks();
        assert!(found.what.contains("more than 500 states"), "{found}");
    }
}

mod the_reduction {
    use super::*;
    use std::cell::RefCell;
    use std::collections::BTreeSet;
    use std::rc::Rc;

    /// Builds a file out of sight, publishes it, and reads what others published.
    fn publish(actor: &Actor) -> FsResult<String> {
        let (root, name) = (actor.dir(""), actor.name());
        let (tmp, shelf) = (root.open_dir("tmp")?, root.open_dir("shelf")?);
        let file = tmp.create(name)?;
        file.write_at(b"first ", 0)?;
        file.write_at(name.as_bytes(), 6)?;
        tmp.rename(name, &shelf, name)?;
        let mut text = String::new();
        for other in names(&shelf)? {
            if let Ok(file) = shelf.open(&other) {
                let mut buffer = [0; 20];
                let length = file.read_at(&mut buffer, 0)?;
                text.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
                text.push(';');
            }
        }
        Ok(text)
    }

    fn ends(scenario: Scenario) -> (Explored, BTreeSet<String>) {
        let ends = Rc::new(RefCell::new(BTreeSet::new()));
        let into = ends.clone();
        let explored = scenario
            .finally(move |view, ends| {
                into.borrow_mut().insert(format!("{:?} {:?} {:?}", view.below("shelf"), ends.of("A"), ends.of("B")));
                Ok(())
            })
            .holds();
        (explored, ends.take())
    }

    #[test]
    fn leaves_every_outcome_and_fewer_states() {
        let scenario =
            |name: &str| Scenario::new(name, &trunk(&["tmp", "shelf"])).actor("A", publish).actor("B", publish);
        let (all, every) = ends(scenario("toy: publishing, each operation a step").every_step());
        let (few, reduced) = ends(scenario("toy: publishing, unnoticed operations folded"));
        assert_eq!(every, reduced);
        assert!(few.states * 4 < all.states, "{few:?} {all:?}");
    }

    #[test]
    fn sees_through_an_assumption_that_only_a_rare_schedule_breaks() {
        // The directory is a workshop until, at the very end of one schedule, somebody looks into it.
        let scenario = |name: &str| {
            Scenario::new(name, &trunk(&["tmp", "shelf", "flags"]))
                .actor("A", publish)
                .actor("B", |a| {
                    let flags = a.dir("flags");
                    flags.create("one")?;
                    flags.create("two")?;
                    FsResult::Ok("")
                })
                .actor("C", |a| {
                    if names(&a.dir("flags"))? != ["one"] || names(&a.dir("shelf"))?.is_empty() {
                        return Ok(String::new());
                    }
                    FsResult::Ok(names(&a.dir("tmp"))?.join(","))
                })
        };
        let (_, every) = ends(scenario("toy: a late look, each operation a step").every_step());
        let (_, reduced) = ends(scenario("toy: a late look, folded"));
        assert_eq!(every, reduced);
    }

    #[test]
    fn never_hides_what_a_sweeper_can_see() {
        let seen = |reduce: bool| {
            let seen = Rc::new(RefCell::new(BTreeSet::new()));
            let into = seen.clone();
            let scenario = Scenario::new("toy: a sweeper looks on", &trunk(&["tmp", "shelf"]))
                .actor("A", publish)
                .actor("S", |a| {
                    let tmp = a.dir("tmp");
                    let mut kinds = String::new();
                    tmp.list(&mut |name, kind| kinds.push_str(&format!("{name} {}", kind == Kind::File)))?;
                    let size = tmp.metadata("A").map_or(99, |meta| meta.size);
                    FsResult::Ok(format!("{kinds} {size}"))
                });
            let scenario = if reduce { scenario } else { scenario.every_step() };
            scenario
                .finally(move |_, ends| {
                    into.borrow_mut().insert(format!("{:?}", ends.of("S")));
                    Ok(())
                })
                .holds();
            seen.take()
        };
        assert_eq!(seen(true), seen(false));
    }
}

#[test]
fn random_schedules_find_it_too_and_repeat_by_their_seed() {
    let scenario = || {
        let world = trunk(&["d"]);
        Scenario::new("toy: lost update", &world)
            .actor("A", |a| a.dir("d").create(&names(&a.dir("d"))?.len().to_string()).map(|_| ()))
            .actor("B", |a| a.dir("d").create(&names(&a.dir("d"))?.len().to_string()).map(|_| ()))
            .crashes(0)
            .finally(|view, ends| match (ends.of("A"), ends.of("B"), view.names("d").len()) {
                (Some(""), Some(""), 2) => Ok(()),
                other => Err(format!("{other:?}")),
            })
    };
    let once = scenario().random(7, 100).unwrap_err();
    let again = scenario().random(7, 100).unwrap_err();
    assert_eq!(once.to_string(), again.to_string());
    assert_eq!(scenario().breaks().trace.len(), 4);
}

#[test]
fn schedules_are_counted_as_paths() {
    // Three operations each, all in one directory: the ways to interleave them are 6! / (3! 3!).
    let three = |a: &Actor| -> FsResult<()> {
        let dir = a.dir("d");
        for n in 0..3 {
            dir.create(&format!("{}{n}", a.name()))?;
        }
        Ok(())
    };
    let explored = Scenario::new("toy: three and three", &trunk(&["d"]))
        .actor("A", three)
        .actor("B", three)
        .crashes(0)
        .every_step()
        .holds();
    assert_eq!((explored.schedules, explored.states), (20, 16));
}
