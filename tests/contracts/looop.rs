//! The claims of an agent loop (contract L in `docs/contracts.md`): its promises as tests of ours, and each bug of its
//! source as a test that fails where the bug is.

use super::leases::{acquire, holder};
use super::support::{MINUTE_MS, remove};
use leasehold_core::Durability::Standard;
use leasehold_core::capability::FsError;
use leasehold_core::{Error, Result};
use leasehold_tests::sim::{Actor, Scenario, World};

const HOUR_MS: u64 = 60 * MINUTE_MS;

#[test]
fn contract_l_a_claim_makes_a_lease_and_is_idempotent_for_its_owner() {
    let world = World::new();
    let w1 = holder(&world, "w1");
    let leases = world.leases();
    let token = leases.acquire("repo-x", &w1, Standard).unwrap();
    let listed = leases.list(None, 10).unwrap().leases;
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].name.as_str(), listed[0].alive), ("repo-x", true));
    assert_eq!(listed[0].holding.as_ref().unwrap().holder, "w1");
    assert_eq!(leases.acquire("repo-x", &w1, Standard).unwrap(), token);
}

#[test]
fn contract_l_a_dead_holders_lease_is_reclaimed() {
    let world = World::new();
    let dead = world.holders().open("dead", 1_000, Standard).unwrap();
    world.leases().acquire("repo-y", &dead, Standard).unwrap();
    world.advance(1_001);
    let w2 = holder(&world, "w2");
    world.leases().acquire("repo-y", &w2, Standard).unwrap();
    assert_eq!(world.leases().get("repo-y").unwrap().unwrap().holding.unwrap().holder, "w2");
}

#[test]
fn contract_l_unclaiming_lets_go_and_is_idempotent() {
    let world = World::new();
    let w1 = holder(&world, "w1");
    let leases = world.leases();
    let token = leases.acquire("repo-z", &w1, Standard).unwrap();
    leases.release("repo-z", token, Standard).unwrap();
    assert!(leases.get("repo-z").unwrap().unwrap().holding.is_none());
    leases.release("repo-z", token, Standard).unwrap();
    // Another who lives is not let go by it.
    let token = leases.acquire("repo-z", &w1, Standard).unwrap();
    assert!(matches!(leases.release("repo-z", token + 1, Standard), Err(Error::Lost(_))));
    assert!(leases.get("repo-z").unwrap().unwrap().alive);
}

#[test]
fn contract_l_unsafe_names_are_refused_and_change_nothing() {
    let world = World::new();
    let w1 = holder(&world, "w1");
    let before = world.view(|view| view.tree());
    for bad in ["", ".", "..", "a/b", "a\\b", "nul\0", "line\nbreak", &"x".repeat(256)] {
        assert!(matches!(world.leases().acquire(bad, &w1, Standard), Err(Error::InvalidName(_))), "{bad:?}");
        assert!(matches!(world.leases().acquire_in_turn(bad, &w1, Standard), Err(Error::InvalidName(_))), "{bad:?}");
        assert!(matches!(world.leases().release(bad, 1, Standard), Err(Error::InvalidName(_))), "{bad:?}");
        assert!(matches!(world.leases().leave(bad, &w1), Err(Error::InvalidName(_))), "{bad:?}");
        assert!(matches!(world.leases().get(bad), Err(Error::InvalidName(_))), "{bad:?}");
    }
    assert_eq!(world.view(|view| view.tree()), before);
    // What starts with a dot is a name like any other: it can hide nothing here.
    assert!(world.leases().acquire(".hidden", &w1, Standard).is_ok());
}

fn try_it(actor: &Actor) -> Result<&'static str> {
    let holder = actor.holders().attach(&actor.name().to_lowercase(), Standard)?;
    match actor.leases().acquire("repo", &holder, Standard) {
        Ok(_) => Ok("won"),
        Err(Error::Held(_)) => Ok("held"),
        Err(error) => Err(error),
    }
}

/// L1: of two who acquire what nobody ever had both win, since what one has just made looks stale to the other.
#[test]
fn l1_of_two_who_acquire_a_fresh_name_one_wins() {
    let world = World::new();
    holder(&world, "a");
    holder(&world, "b");
    Scenario::new("L1 two acquire a fresh name", &world)
        .actor("A", try_it)
        .actor("B", try_it)
        .crashes(1)
        .finally(|_, ends| match (ends.count("won"), ends.count("held")) {
            (1, 1) => Ok(()),
            (1, 0) | (0, 1) if !ends.all_ended() => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .holds();
}

/// L2: of two who reclaim from the dead both win: the second removes what the first has just made.
#[test]
fn l2_of_two_who_reclaim_from_the_dead_one_wins() {
    let world = World::new();
    let dead = world.holders().open("dead", 1_000, Standard).unwrap();
    acquire(&world.leases(), &dead);
    world.advance(2_000);
    holder(&world, "a");
    holder(&world, "b");
    Scenario::new("L2 two reclaim from the dead", &world)
        .actor("A", try_it)
        .actor("B", try_it)
        .crashes(1)
        .finally(|_, ends| match (ends.count("won"), ends.count("held")) {
            (1, 1) => Ok(()),
            (1, 0) | (0, 1) if !ends.all_ended() => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .holds();
}

/// L3: the reaper reads that a holder is dead, another acquires, and the reaper takes it from that one; or a holder that
/// starts after the reaper has looked at who lives loses what it acquires.
#[test]
fn l3_a_reaper_takes_only_what_it_has_judged() {
    let world = World::new();
    let dead = world.holders().open("dead", 1_000, Standard).unwrap();
    acquire(&world.leases(), &dead);
    world.advance(2_000);
    Scenario::new("L3 a reaper, and one who starts and acquires", &world)
        .actor("R", |a: &Actor| a.leases().reap(Standard).map(|reaped| reaped.len() as u64))
        .actor("W", |a: &Actor| {
            let holder = a.holders().open("w", HOUR_MS, Standard)?;
            a.leases().acquire("repo", &holder, Standard)
        })
        .crashes(1)
        .finally(|view, ends| {
            let Some(token) = ends.of("W") else { return Ok(()) };
            let state = view.world().leases().get("repo").unwrap().unwrap();
            match state.holding {
                Some(holding) if holding.holder == "w" && holding.token.to_string() == token => Ok(()),
                other => Err(format!("w was granted {token}, and this is left: {other:?}")),
            }
        })
        .holds();
}

/// L4: who unclaims reads that it is his; it is reaped and won by another; then he removes that one's. And of two who
/// remove one fails.
#[test]
fn l4_who_releases_late_releases_nobody_elses() {
    let world = World::new();
    let a = holder(&world, "a");
    holder(&world, "b");
    let token = acquire(&world.leases(), &a);
    Scenario::new("L4 released late", &world)
        .actor("A", move |actor: &Actor| match actor.leases().release("repo", token, Standard) {
            Ok(()) => "released",
            Err(Error::Lost(_)) => "lost",
            Err(_) => "failed",
        })
        .actor("E", |actor: &Actor| actor.holders().attach("a", Standard)?.end(Standard))
        .actor("B", try_it)
        .crashes(0)
        .finally(|view, ends| {
            let holding = view.world().leases().get("repo").unwrap().unwrap().holding;
            match (ends.of("A"), ends.of("B")) {
                (Some("released" | "lost"), Some("won")) if holding.as_ref().is_some_and(|h| h.holder == "b") => Ok(()),
                (Some("released"), Some("held")) if holding.is_none() => Ok(()),
                other => Err(format!("{other:?} {holding:?}")),
            }
        })
        .holds();
    Scenario::new("L4 two release", &world)
        .actor("A", move |actor: &Actor| actor.leases().release("repo", token, Standard).is_ok())
        .actor("B", move |actor: &Actor| actor.leases().release("repo", token, Standard).is_ok())
        .crashes(0)
        .finally(|_, ends| if ends.count("true") == 2 { Ok(()) } else { Err("releasing it twice failed".into()) })
        .holds();
}

/// L5: who cannot tell who lives takes from all. An error on the way is never a reason to take anything.
#[test]
fn l5_whatever_fails_on_the_way_nothing_is_taken_from_the_living() {
    let world = World::new();
    let a = holder(&world, "a");
    let b = holder(&world, "b");
    let token = acquire(&world.leases(), &a);
    for error in [FsError::Denied, FsError::Other("it is broken".into()), FsError::NoSpace] {
        for nth in 0..40 {
            let copy = world.copy();
            copy.fail_after(nth, error.clone());
            let leases = copy.leases();
            assert_eq!(leases.reap(Standard).unwrap_or_default(), [], "{error:?} at {nth}");
            assert!(leases.acquire("repo", &b, Standard).is_err(), "{error:?} at {nth}");
            copy.go_on();
            let state = leases.get("repo").unwrap().unwrap();
            assert_eq!(state.holding.unwrap().token, token, "{error:?} at {nth}");
        }
    }
    // The store of holders is out of reach, or gone: nobody is dead for that.
    for spoil in ["denied", "gone", "mark gone"] {
        let copy = world.copy();
        match spoil {
            "denied" => copy.deny("holders/a"),
            "gone" => ["a", "b", "format", "tmp"].iter().for_each(|name| remove(&copy, &format!("holders/{name}"))),
            _ => ["a", "format"].iter().for_each(|name| remove(&copy, &format!("holders/{name}"))),
        }
        let leases = copy.leases();
        assert!(leases.acquire("repo", &b, Standard).is_err(), "{spoil}");
        let _ = leases.reap(Standard);
        assert_eq!(leases.get("repo").unwrap().unwrap().holding.unwrap().token, token, "{spoil}");
    }
}

/// L5, the other half: an empty session is one that nobody is.
#[test]
fn l5_nobody_holds_under_no_name() {
    let world = World::new();
    assert!(matches!(world.holders().open("", HOUR_MS, Standard), Err(Error::InvalidName(_))));
}

/// L6: the name of a session comes back, and adopts what its dead namesake had; a removal meant for the dead hits it.
#[test]
fn l6_a_name_that_comes_back_is_another_holder() {
    let world = World::new();
    let first = holder(&world, "w");
    let leases = world.leases();
    let old = acquire(&leases, &first);
    let second = holder(&world, "w");
    assert!(!leases.get("repo").unwrap().unwrap().alive, "what the first had is not the second's");
    assert!(matches!(leases.acquire("repo", &first, Standard), Err(Error::Lost(_))));
    let new = acquire(&leases, &second);
    assert!(new > old);
    assert!(matches!(leases.release("repo", old, Standard), Err(Error::Lost(_))));
    assert!(leases.reap(Standard).unwrap().is_empty());
    assert_eq!(leases.get("repo").unwrap().unwrap().holding.unwrap().token, new);
}

/// L7: the number of a process that died is given to another, and pins what it had; one that lives and is stuck holds
/// for ever.
#[test]
fn l7_who_beats_no_more_loses_what_it_has_though_its_process_may_live() {
    let world = World::new();
    let stuck = world.holders().open("stuck", MINUTE_MS, Standard).unwrap();
    let first = acquire(&world.leases(), &stuck);
    world.advance(MINUTE_MS + 1);
    let next = holder(&world, "next");
    assert!(acquire(&world.leases(), &next) > first, "the token fences the one that wakes up late");
    assert!(matches!(stuck.renew(Standard), Err(Error::Lost(_))));
    assert!(matches!(world.leases().release("repo", first, Standard), Err(Error::Lost(_))));
}

/// L7, the kill: between making the lease and writing who has it.
#[test]
fn l7_a_kill_at_any_step_leaves_nothing_that_nobody_can_have() {
    for steps in 0.. {
        let world = World::new();
        let killed = world.holders().open("killed", MINUTE_MS, Standard).unwrap();
        let before = world.operations();
        world.stop_after(steps);
        let ended = world.leases().acquire("repo", &killed, Standard).is_ok();
        world.go_on();
        if ended {
            assert!(world.operations() - before > 10 && steps > 10, "it is made of several steps");
            break;
        }
        world.advance(MINUTE_MS + 1);
        let next = holder(&world, "next");
        acquire(&world.leases(), &next);
        world.advance(2 * MINUTE_MS);
        world.maintenance().sweep(MINUTE_MS).unwrap();
        assert!(world.view(|view| view.names("claims/tmp")).is_empty(), "killed after {steps}");
        let findings = world.maintenance().check().unwrap();
        assert!(findings.iter().all(|finding| finding.path.contains("format")), "killed after {steps}: {findings:?}");
    }
}
