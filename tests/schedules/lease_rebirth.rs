//! Leases that are swept, born anew, cut short and cut off.

use super::deeds::{LONG, OLD, kind, world};
use super::laws::walks;
use super::lease_laws::{
    acquire_and_release, free, goes_on, goes_on_in, held, is_open, marked, sweep, try_acquire, watched,
};
use leasehold_core::Durability::{Standard, Synced, Unsynced};
use leasehold_core::maintenance::Maintenance;
use leasehold_tests::sim::{Cut, Disk, Listings, START_MS, Scenario, World};

/// A lease that has long been free, under a token far ahead of the clock, which has fallen since.
fn long_free() -> (World, u64) {
    let world = world(&[]);
    world.set_wall(START_MS + 100 * LONG);
    let scene = world.holders().open("scene", 1, Standard).unwrap();
    let token = world.leases().acquire("l", &scene, Synced).unwrap();
    world.set_wall(START_MS);
    world.leases().release("l", token, Synced).unwrap();
    world.advance(2 * OLD);
    for name in ["a", "b"] {
        world.holders().open(name, LONG, Standard).unwrap();
    }
    (world, token)
}

fn above(view: &leasehold_tests::sim::View<'_>, token: u64) -> Result<(), String> {
    let grants = view.log().iter().filter(|event| event.what.starts_with("grant "));
    match grants.clone().find(|event| event.value <= token) {
        Some(event) => Err(format!("{event}, though {token} was granted in its life before")),
        None => Ok(()),
    }
}

/// Holes 2 and 3: a sweeper removes a free lease while one acquires it: it is removed or had, and the token rises, though
/// the clock has fallen.
#[test]
fn a_lease_that_is_swept_while_it_is_acquired_gets_a_higher_token() {
    for listings in [Listings::Atomic, Listings::Btrfs] {
        let (world, token) = long_free();
        let scenario = watched(Scenario::new(format!("swept and acquired, {listings:?}"), &world))
            .actor("S", sweep)
            .actor("A", acquire_and_release)
            .listings(listings)
            .always(move |view| above(view, token))
            .crashes(2)
            .finally(|view, ends| match (ends.of("S"), ends.of("A")) {
                (Some("swept") | None, Some("had") | None) => goes_on(view),
                other => Err(format!("{other:?}")),
            });
        match listings {
            Listings::Atomic => drop(scenario.holds()),
            _ => walks(scenario, 3_000),
        }
    }
}

/// Holes 2 and 3: two sweepers and two who acquire it.
#[test]
fn two_sweepers_take_nothing_of_the_next_life_of_a_lease() {
    let (world, token) = long_free();
    let scenario = watched(Scenario::new("two sweep, one acquires", &world))
        .actor("S", sweep)
        .actor("T", sweep)
        .actor("A", try_acquire)
        .always(move |view| above(view, token))
        .crashes(1)
        .finally(|view, ends| match (ends.of("S"), ends.of("T"), ends.of("A")) {
            (Some("swept") | None, Some("swept") | None, Some("has")) => {
                let state = view.world().leases().get("l").unwrap();
                match state.and_then(|state| state.holding) {
                    Some(holding) if holding.holder == "a" => goes_on(view),
                    other => Err(format!("a has it, and this is left: {other:?}")),
                }
            }
            (Some("swept") | None, Some("swept") | None, None) => goes_on(view),
            other => Err(format!("{other:?}")),
        });
    walks(scenario, 4_000);
    let scenario = watched(Scenario::new("one sweeps, two acquire", &world))
        .actor("S", sweep)
        .actor("A", acquire_and_release)
        .actor("B", try_acquire)
        .always(move |view| above(view, token))
        .crashes(1)
        .finally(|view, ends| match (ends.of("A"), ends.of("B")) {
            (Some("had" | "held") | None, Some("has" | "held") | None) => goes_on(view),
            other => Err(format!("{other:?}")),
        });
    walks(scenario, 4_000);
}

/// Holes 2, 3 and 12: whoever meets what a sweeper that was killed has left finishes it: a tombstone, one without its
/// line, an empty directory.
#[test]
fn what_a_killed_sweeper_left_is_finished_by_who_meets_it() {
    for words in
        ["remove directory claims/l/c.", "make directory claims/floor", "unlink claims/l/", "remove directory claims/l"]
    {
        let (world, token) = long_free();
        let last = words == "remove directory claims/l";
        let copy = world.copy();
        copy.record();
        Maintenance::new(None, None).with_leases(Some(copy.leases())).sweep(OLD).unwrap();
        let recorded = copy.recorded();
        let is_it = |step: &&String| {
            if last { step.starts_with("remove directory claims/l =") } else { step.starts_with(words) }
        };
        let at = recorded.iter().position(|step| is_it(&step)).unwrap_or_else(|| panic!("{words}: {recorded:#?}"));
        world.stop_after(at as u64);
        let _ = Maintenance::new(None, None).with_leases(Some(world.leases())).sweep(OLD);
        world.go_on();
        for listings in [Listings::Atomic, Listings::Btrfs] {
            let scenario = watched(Scenario::new(format!("killed before: {words}, {listings:?}"), &world))
                .actor("A", acquire_and_release)
                .actor("B", try_acquire)
                .listings(listings)
                .always(move |view| above(view, token))
                .crashes(1)
                .finally(|view, ends| {
                    if ends.all_ended() && ends.count("has") + ends.count("had") == 0 {
                        return Err(format!("nobody got it: {:?} {:?}", ends.of("A"), ends.of("B")));
                    }
                    match (ends.of("A"), ends.of("B")) {
                        (Some("had" | "held") | None, Some("has" | "held") | None) => goes_on(view),
                        other => Err(format!("{other:?}")),
                    }
                });
            match words {
                "unlink claims/l/" | "remove directory claims/l" => drop(scenario.holds()),
                _ => walks(scenario, 2_000),
            }
        }
    }
}

/// Hole 4: what is being born is swept as debris, since its maker was slow: it is made anew, whole.
#[test]
fn the_birth_of_a_lease_that_is_swept_half_way_is_made_anew() {
    watched(Scenario::new("the birth of a lease while tmp is swept", &marked(&["a"])))
        .actor("A", acquire_and_release)
        .actor("S", sweep)
        .clock("clock", |c| c.advance(OLD + 10_000))
        .crashes(0)
        .finally(|view, ends| match ends.of("A") {
            Some("had") => is_open(view).and_then(|()| goes_on(view)),
            None => goes_on(view),
            other => Err(format!("{other:?}")),
        })
        .holds();
}

/// Hole 12: a listing that is empty though the lease stands is not taken for its absence.
#[test]
fn a_falsely_empty_listing_makes_no_second_lease() {
    let (world, token) = held(&["a", "b", "c"]);
    watched(Scenario::new("falsely empty listings of a lease", &world))
        .actor("A", move |a| kind(a.leases().release("l", token, Standard), "released"))
        .actor("B", try_acquire)
        .actor("C", try_acquire)
        .listings(Listings::Btrfs)
        .crashes(1)
        .finally(|view, ends| {
            if ends.count("has") > 1
                || (ends.count("has") == 1 && !view.below("claims/l").iter().any(|p| p.contains(".held.")))
            {
                return Err("two have it, or none of those who were told".into());
            }
            goes_on(view)
        })
        .holds();
}

/// Hole 13: what somebody else removes meanwhile (`tmp`, the floor, an empty key) is made again.
#[test]
fn acquiring_goes_on_though_somebody_removes_a_directory() {
    for name in ["tmp", "floor", "l"] {
        let world = if name == "floor" { long_free().0 } else { marked(&["a"]) };
        watched(Scenario::new(format!("acquired while {name} is removed"), &world))
            .actor("A", acquire_and_release)
            .actor("X", move |a| {
                use leasehold_core::capability::Directory;
                let claims = a.dir("claims");
                if name == "l" {
                    // Somebody makes it, as another tool would, and takes it back.
                    let _ = claims.create_dir("l");
                }
                claims.remove_dir(name).is_ok()
            })
            .crashes(1)
            .finally(|view, ends| match ends.of("A") {
                Some("had") | None => goes_on(view),
                other => Err(format!("{other:?}")),
            })
            .holds();
    }
}

/// After any power cut what was acquired synced is had by its holder, whatever else is forgotten; what was not may be
/// forgotten, and the lease goes on either way, under higher tokens.
#[test]
fn a_lease_that_was_acquired_synced_is_held_after_any_cut() {
    for again in [false, true] {
        let world = if again { free(&["a", "b"]) } else { marked(&["a", "b"]) };
        let holder = world.holders().attach("a", Synced).unwrap();
        let leases = world.leases();
        if again {
            let token = leases.acquire("l", &holder, Unsynced).unwrap();
            leases.release("l", token, Unsynced).unwrap();
        }
        let token = leases.acquire("l", &holder, Synced).unwrap();
        let unsynced = world.unsynced();
        for mask in 0..1_u64 << unsynced {
            for disk in [Disk::Whole, Disk::Btrfs] {
                let after = world.power_cut(Cut::Mask(mask), disk);
                let state = after.leases().get("l").unwrap().unwrap();
                assert_eq!(state.holding.map(|holding| holding.token), Some(token), "cut {mask:b} of {unsynced}");
                after.holders().attach("a", Standard).unwrap().end(Standard).unwrap();
                goes_on_in(&after, token).unwrap_or_else(|wrong| panic!("cut {mask:b} of {unsynced}: {wrong}"));
            }
        }
    }
}

/// A sweep is forgotten by a cut, in whole or in part: the lease is to be had, under a higher token than any before.
#[test]
fn whatever_a_cut_forgets_of_a_sweep_the_lease_is_to_be_had() {
    let (world, token) = long_free();
    Maintenance::new(None, None).with_leases(Some(world.leases())).sweep(OLD).unwrap();
    let unsynced = world.unsynced();
    assert!(unsynced > 0 && unsynced < 12, "{unsynced}");
    let mut named = 0;
    for mask in 0..1_u64 << unsynced {
        let after = world.power_cut(Cut::Mask(mask), Disk::Btrfs);
        let found = after.maintenance().check().unwrap();
        if found.iter().any(|finding| finding.problem.contains("not understood")) {
            // What came back without its token counts as held, and is named: nobody guesses.
            named += 1;
            assert_eq!(after.maintenance().quarantine().unwrap().len(), 1);
        }
        goes_on_in(&after, token).unwrap_or_else(|wrong| panic!("cut {mask:b} of {unsynced}: {wrong}"));
    }
    println!("of {} cuts {named} leave what is to be quarantined", 1_u64 << unsynced);
}
