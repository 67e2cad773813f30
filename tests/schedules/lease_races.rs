//! Who has a lease, where several acquire, release and reap it, and holders end.

use super::deeds::{LONG, hold, kind, world};
use super::laws::walks;
use super::lease_laws::{acquire, acquire_and_release, free, goes_on, held, is_open, marked, try_acquire, watched};
use super::names;
use leasehold_core::Durability::Standard;
use leasehold_core::Error;
use leasehold_tests::sim::{Actor, Listings, Scenario};

fn reap(actor: &Actor) -> leasehold_core::Result<u64> {
    actor.leases().reap(Standard).map(|reaped| reaped.len() as u64)
}

/// Holes 2 and 13: of those who give birth to a lease at a time one has it.
#[test]
fn of_those_who_acquire_a_fresh_lease_one_has_it() {
    let scene = |name: &str| {
        watched(Scenario::new(name, &marked(&["a", "b", "c"])))
            .actor("A", try_acquire)
            .actor("B", try_acquire)
            .crashes(2)
    };
    for listings in [Listings::Atomic, Listings::Mixed] {
        scene(&format!("two acquire a fresh lease, {listings:?}"))
            .listings(listings)
            .finally(|view, ends| match (ends.count("has"), ends.count("held")) {
                (1, 1) => goes_on(view),
                (1, 0) | (0, 0 | 1) if !ends.all_ended() => goes_on(view),
                other => Err(format!("{other:?}")),
            })
            .holds();
    }
    let three = scene("three acquire a fresh lease").actor("C", try_acquire).listings(Listings::Btrfs);
    walks(
        three.finally(|_, ends| match ends.count("has") {
            1 => Ok(()),
            0 if !ends.all_ended() => Ok(()),
            other => Err(format!("{other}")),
        }),
        2_000,
    );
}

/// One releases, two acquire: at most one of them has it, and with nobody killed it is free in the end.
#[test]
fn a_lease_goes_from_hand_to_hand_one_at_a_time() {
    for listings in [Listings::Atomic, Listings::Btrfs] {
        let (world, token) = held(&["a", "b", "c"]);
        watched(Scenario::new(format!("released, two acquire, {listings:?}"), &world))
            .actor("A", move |a| kind(a.leases().release("l", token, Standard), "released"))
            .actor("B", acquire_and_release)
            .actor("C", acquire_and_release)
            .listings(listings)
            .crashes(2)
            .finally(|view, ends| {
                if ends.of("A").is_some_and(|words| words != "released") {
                    return Err(format!("{:?}", ends.of("A")));
                }
                if ends.all_ended() {
                    is_open(view)?;
                }
                goes_on(view)
            })
            .holds();
    }
}

/// Hole 8: W reads that it lives, O opens its next epoch, W's swap lands: it is given back, and W told that it is lost.
#[test]
fn a_lease_that_an_epoch_took_after_its_end_is_given_back() {
    for ends in [false, true] {
        watched(Scenario::new(format!("acquired while its holder is over, ended: {ends}"), &free(&["w", "v"])))
            .actor("W", try_acquire)
            .actor("O", move |a| match ends {
                true => kind(a.holders().attach("w", Standard).and_then(|holder| holder.end(Standard)), "ended"),
                false => kind(a.holders().open("w", LONG, Standard), "opened"),
            })
            .actor("V", try_acquire)
            .crashes(2)
            .finally(move |view, ends| {
                let held = view.below("claims/l").iter().any(|path| path.contains(".held.") && path.contains(".w."));
                if ends.of("W") == Some("lost") && held {
                    return Err("w was told that it is lost, and holds it".into());
                }
                if ends.count("has") == 2 && ends.of("O").is_none() {
                    return Err("two have it, and nobody was over".into());
                }
                goes_on(view)
            })
            .holds();
    }
}

/// Hole 8, of what is held already: whoever is answered with the token that it has, lived.
#[test]
fn who_has_it_already_is_answered_with_its_token_only_while_it_lives() {
    let (world, _) = held(&["a", "b"]);
    watched(Scenario::new("asked again while opened anew and taken", &world))
        .actor("A", try_acquire)
        .actor("O", |a| kind(a.holders().open("a", LONG, Standard), "opened"))
        .actor("B", try_acquire)
        .crashes(1)
        .finally(|view, ends| match (ends.of("A"), ends.of("O")) {
            (Some("has" | "held" | "lost"), _) | (None, _) => goes_on(view),
            other => Err(format!("{other:?}")),
        })
        .holds();
}

/// Hole 9: a thread that means token 5 frees what its sibling got under token 6.
#[test]
fn releasing_an_earlier_grant_never_frees_a_later_one() {
    let (world, token) = held(&["a", "b"]);
    watched(Scenario::new("released late, a sibling has it again", &world))
        .actor("A", move |a| kind(a.leases().release("l", token, Standard), "released"))
        .actor("A2", move |a| -> leasehold_core::Result<String> {
            a.leases().release("l", token, Standard)?;
            let holder = a.holders().attach("a", Standard)?;
            let token = a.leases().acquire("l", &holder, Standard)?;
            a.log("again", token);
            Ok(token.to_string())
        })
        .actor("A3", move |a| kind(a.leases().release("l", token, Standard), "released"))
        .crashes(0)
        .always(|view| {
            let Some(again) = view.logged("again").first().copied() else { return Ok(()) };
            let names = view.names("claims/l");
            match names.iter().any(|name| {
                name.contains(".held.") && names::number(name.split('.').next().unwrap_or("")) == Some(again)
            }) {
                true => Ok(()),
                false => Err(format!("the second grant, {again}, was freed by the token of the first: {names:?}")),
            }
        })
        .finally(|view, ends| match (ends.of("A"), ends.of("A3")) {
            (Some("released" | "lost"), Some("released" | "lost")) => goes_on(view),
            other => Err(format!("{other:?}")),
        })
        .holds();
}

/// Hole 11: a late holder is declared dead by a swap first; where it renewed, nothing is taken from it.
#[test]
fn a_late_holder_learns_of_its_death_before_its_lease_is_taken() {
    let (world, _) = held(&["a", "b"]);
    watched(Scenario::new("a late holder's lease", &world))
        .actor("A", |a| {
            hold(a)?;
            a.log("renewed", 1);
            leasehold_core::Result::Ok("renewed")
        })
        .actor("B", |a| {
            let holder = a.holders().open("b", LONG, Standard)?;
            match a.leases().acquire("l", &holder, Standard) {
                Ok(_) => Ok("has"),
                Err(Error::Held(_)) => Ok("held"),
                Err(error) => Err(error),
            }
        })
        .clock("clock", |c| c.advance(LONG + 1))
        .crashes(1)
        .finally(|view, _| goes_on(view))
        .holds();
}

/// Reapers and acquirers race for what a dead holder has: one takes it, and the reaper nothing of that one.
#[test]
fn what_a_dead_holder_has_is_reaped_or_taken_and_never_both() {
    let (world, _) = held(&["a", "b", "c"]);
    world.holders().attach("a", Standard).unwrap().end(Standard).unwrap();
    watched(Scenario::new("reaped and acquired", &world))
        .actor("R", reap)
        .actor("B", acquire_and_release)
        .actor("C", try_acquire)
        .crashes(2)
        .finally(|view, ends| {
            if ends.all_ended() && ends.count("has") + ends.count("had") == 0 {
                return Err("nobody got it".into());
            }
            goes_on(view)
        })
        .holds();
}

/// Hole 14: the holder is swept away and comes back while its lease is judged: what the past had is taken, what the new
/// epoch has is not.
#[test]
fn the_lease_of_a_holder_that_is_gone_is_taken_and_that_of_its_next_epoch_is_not() {
    let (world, _) = held(&["a", "b"]);
    world.holders().attach("a", Standard).unwrap().end(Standard).unwrap();
    world.advance(LONG / 2);
    watched(Scenario::new("a holder swept, opened anew, its lease reaped", &world))
        .actor("S", |a| leasehold_core::maintenance::Maintenance::new(None, Some(a.holders())).sweep(LONG / 4))
        .actor("R", reap)
        .actor("A", |a| {
            let holder = a.holders().open("a", LONG, Standard)?;
            let token = a.leases().acquire("l", &holder, Standard)?;
            a.log(format!("told l a {}", holder.epoch()), token);
            leasehold_core::Result::Ok(token)
        })
        .crashes(0)
        .finally(|view, ends| match ends.of("A").map(str::parse::<u64>) {
            Some(Ok(token)) => {
                let state = view.world().leases().get("l").unwrap().unwrap();
                match state.holding {
                    Some(holding) if holding.token == token && state.alive => goes_on(view),
                    other => Err(format!("a has it under {token}, and this is left: {other:?}")),
                }
            }
            other => Err(format!("{other:?}")),
        })
        .holds();
}

/// Hole 16: a clock that jumps kills nobody in the eyes of one who has seen it before.
#[test]
fn a_long_lived_instance_takes_no_lease_when_the_clock_jumps() {
    for jump in [LONG as i64 * 3, -(LONG as i64) * 3] {
        let (world, _) = held(&["a"]);
        watched(Scenario::new(format!("a lease while the clock jumps by {jump}"), &world))
            .actor("R", |a| {
                let leases = a.leases();
                leases.reap(Standard)?;
                a.log("looked", 1);
                leases.reap(Standard).map(|reaped| reaped.len() as u64)
            })
            .clock("clock", move |c| c.jump(jump))
            .always(|view| {
                let looked = view.log().iter().position(|event| event.what == "looked");
                match looked {
                    Some(at) if view.log()[at..].iter().any(|event| event.what.starts_with("reaped ")) => {
                        Err("taken by one who knows that the clock has jumped".into())
                    }
                    _ => Ok(()),
                }
            })
            .finally(|view, _| goes_on(view))
            .holds();
    }
}

/// Hole 15: who took it and never learnt of it, since it was killed, asks again and is told.
#[test]
fn who_is_killed_while_acquiring_asks_again_and_has_it() {
    let run = |a: &Actor| kind(acquire(a), "has");
    watched(Scenario::new("killed while acquiring, and again", &world(&["a", "b"])))
        .actor("A", run)
        .restart("A", run)
        .crashes(2)
        .finally(|view, ends| match ends.of("A") {
            Some("has") | None => goes_on(view),
            other => Err(format!("{other:?}")),
        })
        .holds();
}
