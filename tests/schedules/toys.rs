//! Toy protocols with the holes that Leasehold's first draft had: the explorer finds each, and none in the form that survived.

use super::explorer::{names, trunk};
use leasehold_core::capability::{Directory, FsResult};
use leasehold_tests::sim::{Actor, Listings, Scenario, SimDirectory, Verdict, View, World};

/// The token file `s.<token>.<state>.<holder>.<nonce>` of a toy ref, with its token and state.
fn token(names: &[String]) -> Option<(String, u64, String)> {
    let name =
        names.iter().filter(|name| name.starts_with("s.")).max_by_key(|name| field(name, 1).parse::<u64>().unwrap())?;
    Some((name.clone(), field(name, 1).parse().unwrap(), field(name, 2)))
}

fn field(name: &str, n: usize) -> String {
    name.split('.').nth(n).unwrap().to_owned()
}

mod sweeping_tmp {
    use super::*;

    fn birth(actor: &Actor) -> FsResult<&'static str> {
        let tmp = actor.dir("tmp");
        let name = actor.name();
        tmp.create_dir(name)?;
        let made = tmp.open_dir(name)?;
        made.create("s.1")?;
        made.create("s.2")?;
        tmp.rename(name, &actor.dir("claims"), "k")?;
        Ok("born")
    }

    fn empty(tmp: &SimDirectory, name: &str) -> FsResult<()> {
        let dir = tmp.open_dir(name)?;
        for child in names(&dir)? {
            let _ = dir.unlink(&child);
        }
        tmp.remove_dir(name)
    }

    fn sweep(actor: &Actor, away_first: bool) -> FsResult<()> {
        let tmp = actor.dir("tmp");
        for name in names(&tmp)? {
            if name.starts_with("trash") || !away_first {
                let _ = empty(&tmp, &name);
                continue;
            }
            let trash = format!("trash{name}");
            if tmp.rename(&name, &tmp, &trash).is_ok() {
                let _ = empty(&tmp, &trash);
            }
        }
        Ok(())
    }

    fn scenario(name: &str, away_first: bool) -> Scenario {
        Scenario::new(name, &trunk(&["claims", "tmp"]))
            .actor("W", birth)
            .actor("S", move |a| sweep(a, away_first))
            .actor("T", move |a| sweep(a, away_first))
            .always(|view| match view.names("claims/k").len() {
                1 => Err("published with one of two names".into()),
                0 if view.exists("claims/k") => Err("published empty".into()),
                _ => Ok(()),
            })
    }

    #[test]
    fn a_sweeper_that_unlinks_in_place_publishes_half_a_birth() {
        let found = scenario("toy: sweeping in place", false).breaks();
        assert!(found.what.starts_with("published"), "{found}");
        // Four to build and one to publish, four to look and take a name away: no schedule is shorter.
        assert_eq!(found.trace.len(), 9, "{found}");
        assert!(found.trace.iter().any(|step| step.actor == "S" && step.operation.starts_with("unlink")), "{found}");
    }

    #[test]
    fn a_sweeper_that_renames_first_does_not() {
        let explored = scenario("toy: sweeping what was renamed away", true).holds();
        assert!((1000..20_000).contains(&explored.states), "{explored:?}");
    }
}

mod deleting_a_ref {
    use super::*;

    fn acquire(actor: &Actor, tries: u64) -> FsResult<String> {
        let (claims, tmp) = (actor.dir("claims"), actor.dir("tmp"));
        for attempt in 0..tries {
            let nonce = format!("{}{attempt}", actor.name());
            let Ok(key) = claims.open_dir("k") else {
                tmp.create_dir(&nonce)?;
                tmp.open_dir(&nonce)?.create(&format!("s.100.held.{nonce}"))?;
                if tmp.rename(&nonce, &claims, "k").is_ok() {
                    actor.log("granted", 100);
                    return Ok("granted".into());
                }
                continue;
            };
            let Some((name, at, state)) = token(&names(&key)?) else {
                continue;
            };
            match state.as_str() {
                "held" => return Ok("held".into()),
                "free" if key.rename(&name, &key, &format!("s.{}.held.{nonce}", at + 1)).is_ok() => {
                    actor.log("granted", at + 1);
                    return Ok("granted".into());
                }
                _ => {}
            }
        }
        Ok("busy".into())
    }

    fn delete_by_moving(actor: &Actor) -> FsResult<()> {
        let (claims, tmp) = (actor.dir("claims"), actor.dir("tmp"));
        let free = token(&names(&claims.open_dir("k")?)?).is_some_and(|(_, _, state)| state == "free");
        if free {
            claims.rename("k", &tmp, &format!("d{}", actor.name()))?;
        }
        Ok(())
    }

    fn delete_by_tombstone(actor: &Actor, unlink: bool) -> FsResult<()> {
        let (claims, tmp) = (actor.dir("claims"), actor.dir("tmp"));
        let key = claims.open_dir("k")?;
        let Some((name, at, state)) = token(&names(&key)?) else {
            return Ok(());
        };
        let tomb = match state.as_str() {
            "free" => {
                let tomb = format!("s.{}.tomb.{}", at + 1, actor.name());
                key.rename(&name, &key, &tomb)?;
                tomb
            }
            "tomb" => name,
            _ => return Ok(()),
        };
        if unlink {
            let _ = key.unlink(&tomb);
            claims.remove_dir("k")
        } else {
            claims.rename("k", &tmp, &format!("d{}", actor.name()))
        }
    }

    /// Nobody releases, so of all who were granted it the later must know of a deletion in between.
    fn one_holder(view: &View<'_>) -> Verdict {
        match view.logged("granted").len() {
            0 | 1 => Ok(()),
            n => Err(format!("{n} holders, and nobody released")),
        }
    }

    fn still_there(view: &View<'_>) -> Verdict {
        let held = view.names("claims/k").iter().any(|name| name.contains(".held."));
        if held || view.logged("granted").is_empty() { Ok(()) } else { Err("granted, and the ref is gone".into()) }
    }

    fn world() -> World {
        let world = trunk(&["claims", "tmp"]);
        world.file("claims/k/s.100.free.x", "");
        world
    }

    #[test]
    fn renaming_the_directory_away_takes_a_lease_that_was_just_acquired() {
        let found = Scenario::new("toy: deletion moves the directory", &world())
            .actor("A", |a| acquire(a, 2))
            .actor("D", delete_by_moving)
            .actor("B", |a| acquire(a, 2))
            .crashes(0)
            .always(one_holder)
            .always(still_there)
            .breaks();
        assert!(found.trace.iter().any(|step| step.operation.starts_with("rename claims/k -> tmp/")), "{found}");
    }

    #[test]
    fn a_tombstone_is_not_enough_when_two_move_the_directory() {
        let found = Scenario::new("toy: tombstone, then the directory moves", &world())
            .actor("A", |a| acquire(a, 3))
            .actor("D", |a| delete_by_tombstone(a, false))
            .actor("H", |a| delete_by_tombstone(a, false))
            .crashes(0)
            .always(one_holder)
            .always(still_there)
            .breaks();
        assert!(found.what.contains("granted"), "{found}");
    }

    #[test]
    fn unlinking_the_tombstone_by_name_is_safe() {
        for listings in [Listings::Atomic, Listings::Mixed] {
            Scenario::new(format!("toy: tombstone unlinked by name, {listings:?}"), &world())
                .actor("A", |a| acquire(a, 2))
                .actor("D", |a| delete_by_tombstone(a, true))
                .actor("H", |a| delete_by_tombstone(a, true))
                .listings(listings)
                .always(one_holder)
                .always(still_there)
                .holds();
        }
    }

    #[test]
    fn of_three_births_one_wins() {
        let explored = Scenario::new("toy: three births", &trunk(&["claims", "tmp"]))
            .actor("A", |a| acquire(a, 2))
            .actor("B", |a| acquire(a, 2))
            .actor("C", |a| acquire(a, 2))
            .always(one_holder)
            .finally(|_, ends| match ends.count("granted") {
                1 => Ok(()),
                0 if !ends.all_ended() => Ok(()),
                n => Err(format!("{n} were granted it")),
            })
            .holds();
        assert!(explored.schedules > 100, "{explored:?}");
    }
}

mod blobs {
    use super::*;

    fn save(actor: &Actor) -> FsResult<&'static str> {
        let (tmp, key) = (actor.dir("tmp"), actor.dir("k"));
        for attempt in 0..2 {
            let Some((name, at, _)) = token(&names(&key)?) else {
                continue;
            };
            let blob = format!("b-{at}-{}{attempt}", actor.name());
            tmp.create(&blob)?;
            tmp.rename(&blob, &key, &blob)?;
            if key.rename(&name, &key, &format!("s.{}.free.{blob}", at + 1)).is_ok() {
                return Ok("saved");
            }
            key.unlink(&blob)?;
        }
        Ok("lost")
    }

    fn collect(actor: &Actor, by_base: bool) -> FsResult<()> {
        let key = actor.dir("k");
        let seen = names(&key)?;
        let Some((name, at, _)) = token(&seen) else {
            return Ok(());
        };
        for blob in seen.iter().filter(|blob| blob.starts_with("b-") && **blob != field(&name, 3)) {
            let base: u64 = blob.split('-').nth(1).unwrap().parse().unwrap();
            if !by_base || base < at {
                let _ = key.unlink(blob);
            }
        }
        Ok(())
    }

    fn scenario(name: &str, by_base: bool, listings: Listings) -> Scenario {
        let world = trunk(&["tmp"]);
        world.file("k/s.5.free.b-4-z", "");
        world.file("k/b-4-z", "old");
        Scenario::new(name, &world)
            .actor("S", save)
            .actor("V", save)
            .actor("G", move |a| collect(a, by_base))
            .listings(listings)
            .always(|view| {
                let names = view.names("k");
                let (name, ..) = token(&names).ok_or("no token")?;
                if names.contains(&field(&name, 3)) { Ok(()) } else { Err(format!("{name} names a blob that is gone")) }
            })
    }

    #[test]
    fn collecting_what_is_not_named_loses_what_is_about_to_be() {
        let found = scenario("toy: blobs collected when unnamed", false, Listings::Atomic).breaks();
        assert!(found.what.contains("gone"), "{found}");
    }

    #[test]
    fn collecting_by_the_token_it_was_built_on_does_not() {
        scenario("toy: blobs collected by base", true, Listings::Atomic).holds();
        scenario("toy: blobs collected by base, mixed and empty listings", true, Listings::Btrfs).holds();
    }
}
