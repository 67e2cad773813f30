//! Runs that are completed, removed, swept, born anew, cut short and cut off.

use super::checkpoint_laws::{
    armed, claim, content, held, later_in, leaves, marked, recover, save, sweep, watched, worker,
};
use super::deeds::{LONG, OLD, killed_before, kind};
use super::laws::walks;
use leasehold_core::Durability::Standard;
use leasehold_core::Result;
use leasehold_core::capability::Directory;
use leasehold_tests::sim::{Actor, Cut, Disk, Listings, START_MS, Scenario, Verdict, View, World};

fn remove(actor: &Actor) -> &'static str {
    kind(actor.checkpoints().remove("r", Standard), "removed")
}

/// A run that was claimed under a token far ahead of the clock, which has fallen since; and that claim's receipt and token.
fn claimed_under_a_high_token(holders: &[&str]) -> (World, String, u64) {
    let world = armed(holders);
    world.set_wall(START_MS + 100 * LONG);
    let holder = world.holders().open("ahead", LONG, Standard).unwrap();
    let claimed = world.checkpoints().claim("r", &holder, None, Standard).unwrap().unwrap();
    world.set_wall(START_MS + 100);
    assert!(claimed.token > world.now_ms());
    (world, claimed.receipt, claimed.token)
}

/// A record of a run that was completed long ago, under a token far ahead of the clock.
fn long_done(holders: &[&str]) -> (World, u64) {
    let (world, receipt, token) = claimed_under_a_high_token(&[]);
    world.checkpoints().complete("r", &receipt, Standard).unwrap();
    world.advance(2 * OLD);
    for name in holders {
        world.holders().open(name, LONG, Standard).unwrap();
    }
    (world, token)
}

fn above(view: &View<'_>, token: u64) -> Verdict {
    let mut claims = view.log().iter().filter(|event| event.what.starts_with("claim "));
    match claims.find(|event| event.value <= token) {
        Some(event) => Err(format!("{event}, though {token} was handed out in its life before")),
        None => Ok(()),
    }
}

/// What is done is not claimed again, but what is saved anew over its record is: whoever completes late, or tidies after
/// completing, takes nothing of that.
#[test]
fn a_run_that_is_saved_anew_while_it_is_completed_is_whole() {
    for listings in [Listings::Atomic, Listings::Btrfs] {
        let (world, receipt) = held(&["a", "b"]);
        let scenario = watched(Scenario::new(format!("completed, saved anew, claimed, {listings:?}"), &world))
            .actor("A", move |a| kind(a.checkpoints().complete("r", &receipt, Standard), "done"))
            .actor("S", |a| save(a, "the second"));
        worker(scenario, "B")
            .listings(listings)
            .crashes(2)
            .finally(|view, ends| match (ends.of("A"), ends.of("S"), ends.of("B")) {
                (Some("done") | None, Some("saved"), Some("did the second")) => leaves(view, &["nothing"]),
                (Some("done") | None, Some("saved"), Some(_)) => leaves(view, &["the second"]),
                (Some("done"), Some("held"), Some("nothing" | "held")) => leaves(view, &["nothing"]),
                (None, Some("held"), Some(_)) => leaves(view, &["first", "nothing"]),
                (_, None, _) | (_, _, None) => leaves(view, &["first", "the second", "nothing"]),
                other => Err(format!("{other:?}")),
            })
            .holds();
    }
}

/// Holes 2 and 3: the record of a run is swept while it is saved anew and claimed: it is removed or saved over, and its token
/// rises, though the clock has fallen.
#[test]
fn a_record_that_is_swept_while_the_run_is_saved_anew_keeps_its_token() {
    let (world, token) = long_done(&["a"]);
    let scene = |name: &str| {
        watched(Scenario::new(name, &world))
            .actor("W", sweep)
            .actor("S", |a| save(a, "the second"))
            .always(move |view| above(view, token))
    };
    scene("a record swept, saved anew")
        .crashes(2)
        .finally(move |view, ends| {
            let fine: &[&str] = if ends.of("S").is_some() { &["the second"] } else { &["the second", "nothing"] };
            let left = later_in(&view.world(), token)?;
            if fine.contains(&left.as_str()) { Ok(()) } else { Err(format!("{left} is left")) }
        })
        .holds();
    for listings in [Listings::Atomic, Listings::Btrfs] {
        let scenario = worker(scene(&format!("a record swept, saved anew and claimed, {listings:?}")), "A")
            .actor("V", sweep)
            .listings(listings)
            .crashes(2)
            .finally(|view, ends| match (ends.of("S"), ends.of("A")) {
                (Some("saved"), Some("did the second")) => leaves(view, &["nothing"]),
                (Some("saved"), Some("nothing")) => leaves(view, &["the second"]),
                (None, _) | (_, None) => leaves(view, &["the second", "nothing"]),
                other => Err(format!("{other:?}")),
            });
        walks(scenario, 3_000);
    }
}

/// C5: what is removed while it is claimed, recovered or saved is gone, or was not removed; it never comes back by halves.
#[test]
fn a_run_that_is_removed_while_it_is_claimed_is_gone_or_held() {
    for listings in [Listings::Atomic, Listings::Btrfs] {
        let scenario =
            watched(Scenario::new(format!("removed and claimed, {listings:?}"), &armed(&["a"]))).actor("X", remove);
        worker(scenario, "A")
            .listings(listings)
            .crashes(2)
            .finally(|view, ends| match (ends.of("X"), ends.of("A")) {
                (Some("removed"), Some("nothing" | "did first" | "lost")) => leaves(view, &["nothing"]),
                (Some("held"), Some("did first")) => leaves(view, &["nothing"]),
                (Some("held" | "removed"), None) | (None, _) => leaves(view, &["first", "nothing"]),
                other => Err(format!("{other:?}")),
            })
            .holds();
    }
}

/// The same of one that is saved, and of two who remove it: a save that was acknowledged stands unless it was removed after.
#[test]
fn a_run_that_is_removed_while_it_is_saved_is_gone_or_whole() {
    for listings in [Listings::Atomic, Listings::Mixed] {
        watched(Scenario::new(format!("removed and saved, {listings:?}"), &armed(&[])))
            .actor("X", remove)
            .actor("S", |a| save(a, "the second"))
            .listings(listings)
            .crashes(if listings == Listings::Atomic { 2 } else { 0 })
            .finally(|view, ends| match (ends.of("X"), ends.of("S")) {
                (Some("removed"), Some("saved")) => leaves(view, &["the second", "nothing"]),
                (None, Some("saved")) => leaves(view, &["the second", "nothing"]),
                (Some("removed"), None) => leaves(view, &["the second", "nothing"]),
                (None, None) => leaves(view, &["first", "the second", "nothing"]),
                other => Err(format!("{other:?}")),
            })
            .holds();
    }
    watched(Scenario::new("two remove it", &armed(&[])))
        .actor("X", remove)
        .actor("Y", remove)
        .crashes(2)
        .finally(|view, ends| match (ends.of("X"), ends.of("Y")) {
            (Some("removed"), Some("removed")) => Err("both removed it".into()),
            (Some("removed" | "not found") | None, Some("removed" | "not found") | None) => {
                leaves(view, if ends.all_ended() { &["nothing"] } else { &["first", "nothing"] })
            }
            other => Err(format!("{other:?}")),
        })
        .holds();
}

/// C5: what a dead holder held is removed while it is recovered and claimed.
#[test]
fn what_a_dead_holder_held_is_removed_while_it_is_recovered() {
    let (world, _) = held(&["a", "b"]);
    world.holders().attach("a", Standard).unwrap().end(Standard).unwrap();
    watched(Scenario::new("removed, recovered and claimed", &world))
        .actor("X", remove)
        .actor("R", recover)
        .actor("B", claim)
        .crashes(1)
        .finally(|view, ends| match (ends.of("X"), ends.of("B")) {
            (Some("removed"), Some("nothing") | None) => leaves(view, &["nothing"]),
            (Some("held"), words) if content(words) == Some("first") || words.is_none() => leaves(view, &["first"]),
            (None, _) => leaves(view, &["first", "nothing"]),
            other => Err(format!("{other:?}")),
        })
        .holds();
}

/// Holes 2, 3 and 12: whoever meets what a remover that was killed has left finishes it, at every step of it.
#[test]
fn what_a_killed_remover_left_is_finished_by_who_meets_it() {
    let steps = [
        "unlink checkpoint/r/c.",
        "remove directory checkpoint/r/c.",
        "make directory checkpoint/floor",
        "unlink checkpoint/r/",
        "remove directory checkpoint/r",
    ];
    for words in steps {
        let (world, receipt, token) = claimed_under_a_high_token(&["a", "b"]);
        world.checkpoints().release("r", &receipt, Standard).unwrap();
        let copy = world.copy();
        copy.record();
        assert_eq!(remove(&copy), "removed");
        let recorded = copy.recorded();
        let is_it = |step: &String| match words {
            "unlink checkpoint/r/" => step.starts_with(words) && step.contains(".tomb."),
            "remove directory checkpoint/r" => step.starts_with("remove directory checkpoint/r =>"),
            _ => step.starts_with(words),
        };
        let at = recorded.iter().position(is_it).unwrap_or_else(|| panic!("{words}: {recorded:#?}"));
        world.stop_after(at as u64);
        assert_ne!(remove(&world), "removed");
        world.go_on();
        let scenario = watched(Scenario::new(format!("killed before: {words}"), &world))
            .actor("S", |a| save(a, "the second"))
            .actor("X", remove);
        let scenario = worker(scenario, "A").always(move |view| above(view, token)).crashes(0).finally(|view, ends| {
            match (ends.of("S"), ends.of("X"), ends.of("A")) {
                (Some("saved"), Some("removed"), Some("nothing" | "did the second" | "lost")) => {
                    leaves(view, &["nothing"])
                }
                (Some("saved"), Some("held" | "not found"), Some("did the second")) => leaves(view, &["nothing"]),
                (Some("saved"), Some("not found"), Some("nothing")) => leaves(view, &["the second"]),
                other => Err(format!("{other:?}")),
            }
        });
        match words {
            "unlink checkpoint/r/c." | "remove directory checkpoint/r/c." => walks(scenario, 2_000),
            _ => drop(scenario.holds()),
        }
    }
}

/// Holes 2 and 13: of two who save what nobody saved before one gives birth to it, and the other saves over that.
#[test]
fn of_two_births_one_is_first_and_the_other_saves_over_it() {
    for listings in [Listings::Atomic, Listings::Mixed] {
        let scenario = watched(Scenario::new(format!("two births, {listings:?}"), &marked(&["a"])))
            .actor("S", |a| save(a, "first"))
            .actor("T", |a| save(a, "the second"));
        worker(scenario, "A")
            .listings(listings)
            .crashes(1)
            .finally(|view, ends| match (ends.of("S"), ends.of("T"), ends.of("A")) {
                (Some("saved"), Some("saved"), Some("nothing")) => leaves(view, &["first", "the second"]),
                (Some("saved" | "held"), Some("saved" | "held"), Some("did first" | "did the second")) => {
                    leaves(view, &["first", "the second", "nothing"])
                }
                (Some("saved" | "held") | None, Some("saved" | "held") | None, _) if !ends.all_ended() => {
                    leaves(view, &["first", "the second", "nothing"])
                }
                other => Err(format!("{other:?}")),
            })
            .holds();
    }
}

/// Hole 4: what is being born is swept as debris, since its maker was slow: it is made anew, whole.
#[test]
fn the_birth_of_a_run_that_is_swept_half_way_is_made_anew() {
    watched(Scenario::new("the birth of a run while tmp is swept", &marked(&[])))
        .actor("S", |a| save(a, "first"))
        .actor("W", sweep)
        .clock("clock", |c| c.advance(OLD + 10_000))
        .crashes(1)
        .finally(|view, ends| match ends.of("S") {
            Some("saved") => leaves(view, &["first"]),
            None => leaves(view, &["first", "nothing"]),
            other => Err(format!("{other:?}")),
        })
        .holds();
}

/// Hole 13: what somebody else removes meanwhile (`tmp`, the floor, an empty key) is made again.
#[test]
fn saving_goes_on_though_somebody_removes_a_directory() {
    for name in ["tmp", "floor", "r"] {
        let world = marked(&[]);
        if name == "floor" {
            world.directory("checkpoint/floor");
        }
        watched(Scenario::new(format!("saved while {name} is removed"), &world))
            .actor("S", |a| save(a, "first"))
            .actor("X", move |a| {
                let dir = a.dir("checkpoint");
                if name == "r" {
                    let _ = dir.create_dir("r");
                }
                dir.remove_dir(name).is_ok()
            })
            .crashes(1)
            .finally(|view, ends| match ends.of("S") {
                Some("saved") => leaves(view, &["first"]),
                None => leaves(view, &["first", "nothing"]),
                other => Err(format!("{other:?}")),
            })
            .holds();
    }
}

/// A run whose directory of saves was taken from it: who saves and who removes make it anew, and take nothing of that.
#[test]
fn a_run_without_its_saves_is_made_anew_by_who_saves() {
    let world = armed(&["a"]);
    killed_before(&world, "rename checkpoint/r/", |w: &World| -> Result<()> {
        w.checkpoints().save("r", b"0", &Default::default(), Standard).map(|_| ())
    });
    let content =
        world.view(|view| view.names("checkpoint/r")).into_iter().find(|name| name.starts_with("c.")).unwrap();
    let dir = world.dir(&format!("checkpoint/r/{content}"));
    for file in world.view(|view| view.names(&format!("checkpoint/r/{content}"))) {
        dir.unlink(&file).unwrap();
    }
    world.dir("checkpoint/r").remove_dir(&content).unwrap();
    let scenario = Scenario::new("saved and claimed without a directory of saves", &world)
        .actor("S", |a| save(a, "the second"))
        .actor("T", |a| save(a, "the third one"))
        .actor("A", |a| {
            claim(a).map(|words| words.split_once(' ').map_or(words.clone(), |(_, content)| content.into()))
        })
        .crashes(1)
        .finally(|view, ends| match (ends.of("S"), ends.of("T"), ends.of("A")) {
            (Some("saved" | "held") | None, Some("saved" | "held") | None, Some("damaged" | "nothing") | None) => {
                leaves(
                    view,
                    if ends.all_ended() {
                        &["the second", "the third one"]
                    } else {
                        &["the second", "the third one", "damaged", "nothing"]
                    },
                )
            }
            (_, _, Some(claimed @ ("the second" | "the third one"))) => {
                let other = if claimed == "the second" { "the third one" } else { "the second" };
                leaves(view, &[claimed, other])
            }
            other => Err(format!("{other:?}")),
        });
    walks(scenario, 4_000);
}

/// After any power cut what was removed is gone, or a tombstone that whoever meets it finishes; or what came back without its
/// token is named. Tokens rise all the same.
#[test]
fn whatever_a_cut_forgets_of_a_removal_the_run_can_be_saved_anew() {
    let (world, receipt, token) = claimed_under_a_high_token(&[]);
    world.checkpoints().release("r", &receipt, leasehold_core::Durability::Synced).unwrap();
    assert_eq!(remove(&world), "removed");
    let unsynced = world.unsynced();
    assert!((1..12).contains(&unsynced), "{unsynced}");
    let mut named = 0;
    for mask in 0..1_u64 << unsynced {
        let after = world.power_cut(Cut::Mask(mask), Disk::Btrfs);
        let found = after.maintenance().check().unwrap();
        if found.iter().any(|finding| finding.problem.contains("not understood")) {
            named += 1;
            assert_eq!(after.maintenance().quarantine().unwrap().len(), 1);
        }
        assert_eq!(later_in(&after, token).unwrap(), "nothing", "cut {mask:b} of {unsynced}");
    }
    assert!(named < 1 << (unsynced - 1), "{named} of {} cuts leave what is to be quarantined", 1_u64 << unsynced);
}
