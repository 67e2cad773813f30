//! The line for a lease: who asks first gets it first, and who asks no more keeps nobody waiting.

use super::deeds::{LONG, OLD, hold, kind};
use super::laws::walks;
use super::lease_laws::{ask, free, goes_on, held, in_turn, is_open, let_go, sweep, try_acquire, watched};
use leasehold_core::Durability::Standard;
use leasehold_core::limits::PLACE_MS;
use leasehold_core::{Error, Result};
use leasehold_tests::sim::{Actor, Endings, Listings, Scenario, Verdict, View, World};

/// Adds an actor that asks twice, and releases what it is granted.
fn waiter(scenario: Scenario, name: &str) -> Scenario {
    scenario
        .actor(name, ask)
        .then(name, let_go)
        .then(name, |a, words| match words {
            "waits" => ask(a),
            _ => Ok(words.into()),
        })
        .then(name, let_go)
}

/// The world where these wait for a lease that the first has; and its token.
fn waited_for(holders: &[&str]) -> (World, u64) {
    let (world, token) = held(holders);
    for name in &holders[1..] {
        let holder = world.holders().attach(name, Standard).unwrap();
        assert!(world.leases().acquire_in_turn("l", &holder, Standard).is_ok());
    }
    (world, token)
}

/// Nobody who ended waits any more, or has anything: then it is to be had at once.
fn open_unless_waited(view: &View<'_>, ends: &Endings) -> Verdict {
    if ends.all_ended() && ends.count("waits") == 0 {
        is_open(view)?;
    }
    goes_on(view)
}

/// Hole 26: where one releases and two ask in turn, nobody who asked later is before one who was told to wait.
#[test]
fn a_lease_is_granted_in_the_order_of_asking_while_it_is_released() {
    let (world, token) = held(&["a", "b", "c"]);
    let scene = |name: &str| {
        let scenario = watched(Scenario::new(name, &world))
            .actor("A", move |a| kind(a.leases().release("l", token, Standard), "released"));
        waiter(scenario, "B").actor("C", ask).then("C", let_go)
    };
    scene("released, two ask in turn").always(in_turn).crashes(0).finally(open_unless_waited).holds();
    // A listing may miss who asks again just then: who has it is still one.
    walks(
        scene("released, two ask in turn, Btrfs").listings(Listings::Btrfs).crashes(1).finally(|view, _| goes_on(view)),
        3_000,
    );
}

/// Hole 26: one who only tries never comes before one who waits.
#[test]
fn who_only_tries_never_comes_before_one_who_waits() {
    let (world, token) = held(&["a", "b", "c"]);
    let scenario = watched(Scenario::new("released, one asks in turn, one tries", &world))
        .actor("A", move |a| kind(a.leases().release("l", token, Standard), "released"));
    waiter(scenario, "B")
        .actor("C", asks_and_tries)
        .always(in_turn)
        .crashes(1)
        .finally(|view, _| goes_on(view))
        .holds();
}

fn asks_and_tries(actor: &Actor) -> Result<String> {
    hold(actor)?;
    actor.log("asks", 0);
    match super::lease_laws::acquire(actor) {
        Ok(token) => actor.leases().release("l", token, Standard).map(|()| "had".into()),
        Err(Error::Held(_)) => Ok("held".into()),
        Err(error) => Err(error),
    }
}

/// Who leaves keeps nobody waiting, and is granted nothing.
#[test]
fn who_leaves_the_line_lets_the_next_one_by() {
    let (world, token) = waited_for(&["a", "b", "c"]);
    watched(Scenario::new("released while the first in line leaves", &world))
        .actor("A", move |a| kind(a.leases().release("l", token, Standard), "released"))
        .actor("B", |a| {
            let holder = hold(a)?;
            a.leases().leave("l", &holder).map(|()| "left")
        })
        .actor("C", ask)
        .crashes(1)
        .finally(|view, ends| {
            if ends.all_ended() {
                let world = view.world();
                let holder = world.holders().attach("c", Standard).unwrap();
                world.leases().acquire("l", &holder, Standard).map_err(|error| format!("it is c's turn: {error}"))?;
            }
            goes_on(view)
        })
        .holds();
}

/// Who is first in line and killed keeps the others waiting for ten seconds, and no longer; who asks in time is never
/// taken for one of those.
#[test]
fn the_place_of_one_who_was_killed_is_void_after_ten_seconds() {
    let (world, token) = waited_for(&["a", "b", "c"]);
    world.leases().release("l", token, Standard).unwrap();
    watched(Scenario::new("the first in line may be killed", &world))
        .actor("B", ask)
        .actor("C", ask)
        .clock("clock", |c| c.advance(PLACE_MS + 1))
        .crashes(1)
        .finally(|view, ends| {
            let world = view.world();
            world.advance(PLACE_MS + 1);
            let who = if ends.of("C") == Some("waits") { "c" } else { "b" };
            let holder = world.holders().attach(who, Standard).unwrap();
            let granted = world.leases().acquire("l", &holder, Standard);
            let is_taken = view.names("claims/l").iter().any(|name| name.contains(".held."));
            match granted {
                Ok(_) => goes_on(view),
                Err(Error::Held(_)) if is_taken => goes_on(view),
                Err(error) => Err(format!("{who} waits for nobody, and yet: {error}")),
            }
        })
        .holds();
}

/// The place of a holder that ended is void at once, whoever clears it; two who clear it keep nobody from the lease.
#[test]
fn two_who_clear_the_place_of_a_dead_holder_do_not_both_wait_for_it() {
    let (world, token) = waited_for(&["a", "d"]);
    world.holders().attach("d", Standard).unwrap().end(Standard).unwrap();
    world.leases().release("l", token, Standard).unwrap();
    for name in ["b", "c"] {
        world.holders().open(name, LONG, Standard).unwrap();
    }
    watched(Scenario::new("two clear a dead place", &world))
        .actor("B", try_for_the_dead)
        .actor("C", try_for_the_dead)
        .actor("R", |a| a.leases().reap(Standard).map(|reaped| reaped.len() as u64))
        .crashes(1)
        .finally(|view, ends| {
            if ends.count("held by d") > 0 {
                return Err("told that the dead has it".into());
            }
            if ends.all_ended() && ends.count("has") != 1 {
                return Err("nobody got it".into());
            }
            goes_on(view)
        })
        .holds();
}

fn try_for_the_dead(actor: &Actor) -> Result<String> {
    match super::lease_laws::acquire(actor) {
        Ok(_) => Ok("has".into()),
        Err(Error::Held(holding)) => Ok(format!("held by {}", holding.holder)),
        Err(error) => Err(error),
    }
}

/// Who renews its place while somebody clears what is void keeps it: the clearer unlinks the very name that it judged.
#[test]
fn a_place_that_is_asked_for_is_never_cleared() {
    let (world, _) = waited_for(&["a", "b"]);
    watched(Scenario::new("asked for again while void places are cleared", &world))
        .actor("B", ask)
        .then("B", |a, _| ask(a))
        .actor("R", |a| a.leases().reap(Standard).map(|reaped| reaped.len() as u64))
        .clock("clock", |c| c.advance(PLACE_MS + 1))
        .crashes(1)
        .finally(|view, _| goes_on(view))
        .holds();
}

/// Holes 2 and 3: a lease is swept while others line up for it: the line may be removed under them, and nobody who was told
/// to wait is forgotten.
#[test]
fn a_lease_that_is_swept_while_others_line_up_is_granted_all_the_same() {
    let world = free(&["b", "c"]);
    world.advance(2 * OLD);
    for name in ["b", "c"] {
        world.holders().attach(name, Standard).unwrap().renew(Standard).unwrap();
    }
    watched(Scenario::new("swept while one lines up", &world))
        .actor("S", sweep)
        .actor("B", ask)
        .crashes(0)
        .limit(150_000)
        .bounded()
        .finally(|view, ends| match ends.of("B") {
            Some("waits") => Err("it waits for nobody".into()),
            _ => goes_on(view),
        })
        .holds();
    let scenario = watched(Scenario::new("swept while two line up", &world)).actor("S", sweep);
    walks(waiter(waiter(scenario, "B"), "C").always(in_turn).crashes(1).finally(open_unless_waited), 3_000);
}

/// A sweep never takes the lease, and with it the line, from those who wait for it.
#[test]
fn a_sweep_leaves_a_lease_that_somebody_waits_for() {
    let (world, token) = waited_for(&["a", "b"]);
    world.leases().release("l", token, Standard).unwrap();
    // They ask all the while: only the lease is old.
    for _ in 0..20 {
        world.advance(PLACE_MS / 2);
        let holder = world.holders().attach("b", Standard).unwrap();
        let scene = world.copy();
        assert!(scene.leases().acquire("l", &holder, Standard).is_ok(), "it is b's turn");
        renew_place(&world);
    }
    world.holders().open("c", LONG, Standard).unwrap();
    watched(Scenario::new("swept while one waits for a lease that has long been free", &world))
        .actor("S", sweep)
        .actor("C", try_acquire)
        .crashes(1)
        .finally(|view, ends| {
            if ends.of("C") == Some("has") || !view.exists("claims/l") {
                return Err("b waited for it, and lost its turn".into());
            }
            goes_on(view)
        })
        .holds();
}

/// The place in line as it is when it was asked for just now; of one who asks, but not for the lease itself.
fn renew_place(world: &World) {
    use leasehold_core::capability::Directory;
    let line = world.view(|view| view.names("claims/l")).into_iter().find(|name| name.starts_with("c.")).unwrap();
    let dir = world.dir(&format!("claims/l/{line}"));
    let old = world.view(|view| view.names(&format!("claims/l/{line}"))).pop().unwrap();
    let fields: Vec<&str> = old.split('.').collect();
    let now = to_base_32(world.now_ms());
    let new = [fields[0], fields[1], &now, fields[3], fields[4], fields[5]].join(".");
    dir.rename(&old, &dir, &new).unwrap();
}

fn to_base_32(mut number: u64) -> String {
    let mut digits = Vec::new();
    while number > 0 {
        digits.push(char::from_digit((number % 32) as u32, 32).unwrap());
        number /= 32;
    }
    digits.into_iter().rev().collect()
}
