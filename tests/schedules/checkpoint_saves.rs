//! What is saved while others claim, save, sweep, recover and look: the last save is there, whole.

use super::checkpoint_laws::{
    armed, armed_with, claim, content, held, history_stands, later_in, leaves, recover, save, save_held, sweep, watched,
};
use super::deeds::{killed_before, kind, text};
use super::laws::walks;
use leasehold_core::Durability::{Standard, Unsynced};
use leasehold_core::checkpoint::SaveOptions;
use leasehold_tests::sim::{Actor, Cut, Disk, Listings, Scenario, World};

/// What becomes of a run that is armed while one saves and one claims: the claim is of the one save or the other.
#[test]
fn a_run_that_is_saved_while_it_is_claimed_is_handed_out_whole() {
    for listings in [Listings::Atomic, Listings::Btrfs] {
        watched(Scenario::new(format!("saved and claimed, {listings:?}"), &armed(&["a"])))
            .actor("S", |a| save(a, "the second"))
            .actor("A", claim)
            .listings(listings)
            .crashes(2)
            .finally(|view, ends| match (ends.of("S"), content(ends.of("A"))) {
                (Some("saved"), Some("the second")) => leaves(view, &["the second"]),
                (Some("held"), Some("first")) => leaves(view, &["first"]),
                (None, Some(claimed)) => leaves(view, &[claimed]),
                (Some("saved"), None) if ends.of("A").is_none() => leaves(view, &["the second"]),
                (_, None) if ends.of("A").is_none() => leaves(view, &["first", "the second"]),
                other => Err(format!("{other:?} {:?}", ends.of("A"))),
            })
            .holds();
    }
}

/// Two who save without a claim: each save is whole, and the last one stands.
#[test]
fn of_two_saves_the_last_one_stands() {
    watched(Scenario::new("two save", &armed(&[])))
        .actor("S", |a| save(a, "the second"))
        .actor("T", |a| save(a, "the third one"))
        .crashes(2)
        .finally(|view, ends| match (ends.of("S"), ends.of("T")) {
            (Some("saved"), Some("saved")) => leaves(view, &["the second", "the third one"]),
            (Some("saved"), None) | (None, Some("saved")) => leaves(view, &["the second", "the third one"]),
            (None, None) => leaves(view, &["first", "the second", "the third one"]),
            other => Err(format!("{other:?}")),
        })
        .holds();
}

/// A thread saves and keeps the claim, another completes: it is done, and the save lost or before that.
#[test]
fn a_run_that_is_saved_while_it_is_completed_is_done() {
    let (world, receipt) = held(&["a"]);
    let other = receipt.clone();
    watched(Scenario::new("saved, keeping the claim, and completed", &world))
        .actor("A", move |a| save_held(a, "the second", &receipt, true))
        .actor("A2", move |a| kind(a.checkpoints().complete("r", &other, Standard), "done"))
        .crashes(2)
        .finally(|view, ends| match (ends.of("A"), ends.of("A2")) {
            (Some("saved" | "lost") | None, Some("done")) => leaves(view, &["nothing"]),
            (Some("saved"), None) => leaves(view, &["the second", "nothing"]),
            (Some("lost"), None) => leaves(view, &["nothing"]),
            (None, None) => leaves(view, &["first", "the second", "nothing"]),
            other => Err(format!("{other:?}")),
        })
        .holds();
}

/// Two threads of one claim save: the last one stands, also where the one keeps the claim and the other gives it up.
#[test]
fn two_who_save_under_one_claim_lose_nothing_that_was_acknowledged() {
    for keep in [true, false] {
        let (world, receipt) = held(&["a"]);
        let other = receipt.clone();
        watched(Scenario::new(format!("two save under one claim, both keep it: {keep}"), &world))
            .actor("A", move |a| save_held(a, "the second", &receipt, true))
            .actor("A2", move |a| save_held(a, "the third one", &other, keep))
            .crashes(2)
            .finally(move |view, ends| match (ends.of("A"), ends.of("A2")) {
                (Some("saved"), Some("saved")) if keep => leaves(view, &["the second", "the third one"]),
                // The claim is over once it is armed again: what was saved under it was saved before.
                (Some("saved" | "lost"), Some("saved")) => leaves(view, &["the third one"]),
                (Some("saved"), None) => leaves(view, &["the second", "the third one"]),
                (Some("lost"), None) if !keep => leaves(view, &["the third one"]),
                (None, Some("saved")) => leaves(view, &["the second", "the third one"]),
                (None, None) => leaves(view, &["first", "the second", "the third one"]),
                other => Err(format!("{other:?}")),
            })
            .holds();
    }
}

/// An armed run beside content that a killed save left.
fn with_debris(holders: &[&str]) -> World {
    let world = armed(holders);
    killed_before(&world, "rename checkpoint/r/", |w| {
        w.checkpoints().save("r", b"0", &SaveOptions::default(), Standard)
    });
    world
}

/// Hole 1: the sweeper lists, the content is there, the swap names it, the sweeper unlinks it.
#[test]
fn content_that_is_saved_while_it_is_swept_is_never_missing() {
    for listings in [Listings::Atomic, Listings::Mixed, Listings::Btrfs] {
        watched(Scenario::new(format!("saved twice and swept, {listings:?}"), &with_debris(&[])))
            .actor("S", |a| save(a, "the second"))
            .then("S", |a, words| if words == "saved" { save(a, "the third one") } else { "unsaved" })
            .actor("W", sweep)
            .listings(listings)
            .crashes(2)
            .finally(|view, ends| match (ends.of("S"), ends.of("W")) {
                (Some("saved"), Some("swept") | None) => leaves(view, &["the third one"]),
                (None, Some("swept") | None) => leaves(view, &["first", "the second", "the third one"]),
                other => Err(format!("{other:?}")),
            })
            .holds();
    }
}

/// Hole 1, under a claim: a save that keeps the claim raises no token, and its content is no debris for that.
#[test]
fn content_that_is_saved_under_a_claim_while_it_is_swept_is_never_missing() {
    let (world, receipt) = held(&["a"]);
    let again = receipt.clone();
    watched(Scenario::new("saved under a claim and swept", &world))
        .actor("A", move |a| save_held(a, "the second", &receipt, true))
        .then("A", move |a, _| save_held(a, "the third one", &again, false))
        .actor("W", sweep)
        .actor("V", sweep)
        .crashes(1)
        .finally(|view, ends| match ends.of("A") {
            Some("saved") => leaves(view, &["the third one"]),
            None => leaves(view, &["first", "the second", "the third one"]),
            other => Err(format!("{other:?}")),
        })
        .holds();
}

/// Who loads while it is saved and swept gets a whole save, and never an error: what it was about to read is gone only
/// once something newer stands.
#[test]
fn who_loads_while_it_is_saved_and_swept_gets_one_save_or_the_next() {
    let load = |a: &Actor| match a.checkpoints().load("r", None) {
        Ok(Some(loaded)) => text(&loaded.content),
        Ok(None) => "nothing".into(),
        Err(error) => format!("error: {error}"),
    };
    for listings in [Listings::Atomic, Listings::Btrfs] {
        watched(Scenario::new(format!("loaded while saved and swept, {listings:?}"), &with_debris(&[])))
            .actor("L", load)
            .actor("S", |a| save(a, "the second"))
            .then("S", |a, _| save(a, "the third one"))
            .actor("W", sweep)
            .listings(listings)
            .crashes(0)
            .finally(|view, ends| match ends.of("L") {
                Some("first" | "the second" | "the third one") => leaves(view, &["the third one"]),
                other => Err(format!("{other:?}")),
            })
            .holds();
    }
}

/// Who asks for the history, or for an earlier save of it, while it is saved and swept, is told what was so at one time.
#[test]
fn earlier_saves_are_kept_while_it_is_saved_and_swept() {
    let world = armed_with(&[], 2);
    let earlier = world.checkpoints().history("r").unwrap()[1].id.clone();
    let look = move |a: &Actor| {
        let store = a.checkpoints();
        let history = store.history("r").map(|saves| saves.len());
        let loaded = match store.load("r", Some(&earlier)) {
            Ok(Some(loaded)) => text(&loaded.content),
            other => kind(other, "nothing").into(),
        };
        format!("{history:?} {loaded}")
    };
    for listings in [Listings::Atomic, Listings::Mixed] {
        watched(Scenario::new(format!("a history while it is saved and swept, {listings:?}"), &world))
            .actor("S", |a| save(a, "the second"))
            .then("S", |a, _| save(a, "the third one"))
            .actor("W", sweep)
            .actor("L", look.clone())
            .listings(listings)
            .always(history_stands)
            .crashes(if listings == Listings::Atomic { 1 } else { 0 })
            .finally(|view, ends| match ends.of("L") {
                Some("Ok(2) 0" | "Ok(2) not found") | None => leaves(view, &["first", "the second", "the third one"]),
                other => Err(format!("{other:?}")),
            })
            .holds();
    }
}

/// C3: the holder ends, or is killed, while it arms the run again with newer content; recovery never puts the older one over
/// it, and a claim gets the newest that was acknowledged.
#[test]
fn recovering_never_undoes_a_save_that_arms_again() {
    for listings in [Listings::Atomic, Listings::Btrfs] {
        let (world, receipt) = held(&["a", "b"]);
        watched(Scenario::new(format!("armed again, ended, recovered and claimed, {listings:?}"), &world))
            .actor("A", move |a| save_held(a, "the second", &receipt, false))
            .actor("E", |a| kind(a.holders().attach("a", Standard).and_then(|holder| holder.end(Standard)), "ended"))
            .then("E", |a, _| recover(a))
            .actor("B", claim)
            .listings(listings)
            .crashes(1)
            .finally(|view, ends| match (ends.of("A"), content(ends.of("B"))) {
                (Some("saved"), Some("the second")) => leaves(view, &["the second"]),
                (Some("saved"), None) => leaves(view, &["the second"]),
                (Some("lost"), _) => leaves(view, &["first"]),
                (None, Some(claimed)) => leaves(view, &[claimed]),
                (None, None) => leaves(view, &["first", "the second"]),
                other => Err(format!("{other:?}")),
            })
            .holds();
    }
}

/// After any power cut the last save that was acknowledged is there, whole, or a later one; the run goes on under higher tokens.
#[test]
fn what_was_saved_is_there_after_any_cut() {
    let mut cuts = 0;
    let mut check = |world: &World, fine: &[&str]| {
        for mask in 0..1_u64 << world.unsynced() {
            for disk in [Disk::Whole, Disk::Btrfs] {
                let after = world.power_cut(Cut::Mask(mask), disk);
                let left = later_in(&after, 0).unwrap_or_else(|wrong| panic!("{fine:?}, cut {mask:b}: {wrong}"));
                assert!(fine.contains(&left.as_str()), "{left:?} is left after cut {mask:b}, and not {fine:?}");
                cuts += 1;
            }
        }
    };
    let world = armed(&["a"]);
    check(&world, &["first"]);
    let store = world.checkpoints();
    store.save("r", b"the second", &SaveOptions::default(), Unsynced).unwrap();
    // Nobody was told that this one is on the disk; its content may have come back empty.
    check(&world, &["first", "the second", "damaged"]);
    store.save("r", b"the third one", &SaveOptions::default(), Standard).unwrap();
    check(&world, &["the third one"]);
    let holder = world.holders().attach("a", Standard).unwrap();
    let receipt = store.claim("r", &holder, None, Standard).unwrap().unwrap().receipt;
    check(&world, &["the third one"]);
    assert_eq!(save_held(&world, "the fourth of all", &receipt, true), "saved");
    check(&world, &["the fourth of all"]);
    assert_eq!(save_held(&world, "0", &receipt, false), "saved");
    check(&world, &["0"]);
    assert!(cuts > 20, "{cuts}");
}

/// All at once: two who save, one who claims and completes, one who sweeps.
#[test]
fn whatever_is_saved_claimed_completed_and_swept_at_once_is_whole() {
    let scenario = watched(Scenario::new("saved, claimed, completed, swept", &with_debris(&["a"])))
        .actor("S", |a| save(a, "the second"))
        .actor("T", |a| save(a, "the third one"))
        .actor("W", sweep)
        .listings(Listings::Btrfs)
        .crashes(2);
    let scenario = super::checkpoint_laws::worker(scenario, "A")
        .finally(|view, _| leaves(view, &["first", "the second", "the third one", "nothing"]));
    walks(scenario, 4_000);
}
