//! Removing what has a token, and the token of what comes after it.

use super::deeds::{LONG, OLD, claimed, given, killed_before, kind, push, sweep, worker, world_with};
use super::laws::{dones, later, walks, watched};
use super::names;
use leasehold_core::Durability::Standard;
use leasehold_core::maintenance::Maintenance;
use leasehold_core::queue::OnDuplicate::{Keep, Refuse};
use leasehold_tests::sim::{Actor, Deed, Listings, START_MS, Scenario, Verdict, View, World};

/// A task with an id is claimed, under a token far ahead of the clock, which has fallen since.
fn claimed_under_a_high_token() -> (World, String) {
    let world = world_with(&["w"], given("x", "first"));
    world.set_wall(START_MS + 100 * LONG);
    world.holders().open("a", LONG, Standard).unwrap();
    let receipt = claimed(&world, "a").receipt;
    world.set_wall(START_MS);
    (world, receipt)
}

fn done_or_waiting(view: &View<'_>, pushed: usize) -> Verdict {
    let later = later(view)?;
    let done = dones(view) + later.did.len();
    if done == pushed { Ok(()) } else { Err(format!("{pushed} tasks, and {done} were done; {later:?}")) }
}

/// Whoever takes it later gets a token above the one that was given out before.
fn token_rises(view: &View<'_>, before: u64) -> Verdict {
    let token = later(view)?.token;
    if token == 0 || token > before { Ok(()) } else { Err(format!("token {token} follows {before}")) }
}

/// Holes 2 and 3: done removes the ref and a push gives birth to it again: the token rises, though the clock has
/// fallen.
#[test]
fn an_id_that_is_done_and_pushed_again_gets_a_higher_token_though_the_clock_fell() {
    for listings in [Listings::Atomic, Listings::Mixed, Listings::Btrfs] {
        let (world, receipt) = claimed_under_a_high_token();
        let token = world.queue("q").peek("x").unwrap().info.token;
        assert!(token > world.now_ms());
        watched(Scenario::new(format!("done and pushed again, {listings:?}"), &world))
            .actor("A", move |a| kind(a.queue("q").done(&receipt, None, Standard), "done"))
            .actor("P", |a| kind(push(a, given("x", "second"), Refuse), "pushed"))
            .listings(listings)
            .crashes(2)
            .finally(move |view, ends| {
                token_rises(view, token)?;
                match ends.of("P") {
                    Some("pushed") => done_or_waiting(view, 2),
                    Some("exists") => done_or_waiting(view, 1),
                    // Killed: it is pushed or it is not.
                    None => done_or_waiting(view, 2).or_else(|_| done_or_waiting(view, 1)),
                    other => Err(format!("{other:?}")),
                }
            })
            .holds();
    }
}

/// Holes 2 and 3: a worker meets the tombstone, its removal and the new birth in any order; its token rises.
#[test]
fn a_worker_between_two_lives_of_an_id_gets_a_higher_token() {
    for listings in [Listings::Atomic, Listings::Mixed] {
        let (world, receipt) = claimed_under_a_high_token();
        let token = world.queue("q").peek("x").unwrap().info.token;
        killed_before(&world, "make directory aristo/q-queue/floor", |w| w.queue("q").done(&receipt, None, Standard));
        worker(watched(Scenario::new(format!("a tombstone, a push and a worker, {listings:?}"), &world)), "W")
            .actor("P", |a| kind(push(a, given("x", "second"), Refuse), "pushed"))
            .listings(listings)
            .always(move |view| match view.logged("claim x").first() {
                Some(next) if *next <= token => Err(format!("token {next} follows {token}")),
                _ => Ok(()),
            })
            .crashes(2)
            .finally(move |view, ends| {
                token_rises(view, token)?;
                match (ends.of("P"), done_or_waiting(view, 1)) {
                    (None, _) => Ok(()),
                    (Some("pushed"), done) => done,
                    (other, _) => Err(format!("{other:?}")),
                }
            })
            .holds();
    }
}

/// Holes 2 and 3, all at once.
#[test]
fn the_token_of_an_id_rises_over_its_lives() {
    let (world, receipt) = claimed_under_a_high_token();
    let scenario = worker(watched(Scenario::new("done, pushed again, claimed and swept", &world)), "W")
        .actor("A", move |a| kind(a.queue("q").done(&receipt, None, Standard), "done"))
        .actor("P", |a| kind(push(a, given("x", "second"), Refuse), "pushed"))
        .actor("S", sweep)
        .listings(Listings::Btrfs)
        .crashes(2)
        .finally(|view, ends| match ends.of("P") {
            Some("pushed") => done_or_waiting(view, 2),
            Some("exists") => done_or_waiting(view, 1),
            None => done_or_waiting(view, 2).or_else(|_| done_or_waiting(view, 1)),
            other => Err(format!("{other:?}")),
        });
    walks(scenario, 3_000);
}

/// Holes 2 and 3: everybody who meets a tombstone finishes the removal, while somebody gives birth anew.
#[test]
fn a_tombstone_that_several_remove_takes_nothing_of_the_next_life() {
    let (world, receipt) = claimed_under_a_high_token();
    killed_before(&world, "create aristo/q-queue/floor", |w| w.queue("q").done(&receipt, None, Standard));
    assert!(world.view(|view| view.below("aristo/q-queue/ids").iter().any(|path| path.ends_with(".t"))));
    for listings in [Listings::Atomic, Listings::Btrfs] {
        watched(Scenario::new(format!("a tombstone, three who finish it, {listings:?}"), &world))
            .actor("P", |a| kind(push(a, given("x", "second"), Keep), "pushed"))
            .actor("S", sweep)
            .actor("R", |a| kind(a.maintenance().reconcile(), "reconciled"))
            .listings(listings)
            .crashes(2)
            .finally(|view, ends| match (ends.of("P"), &later(view)?.did[..]) {
                (Some("pushed"), [second]) if second == "second" => Ok(()),
                (None, [] | [_]) => Ok(()),
                other => Err(format!("{other:?}")),
            })
            .holds();
    }
}

/// A holder that ended long ago, at an epoch ahead of the clock, which has fallen.
fn an_ended_holder() -> World {
    let world = World::new();
    world.advance(LONG);
    let holder = world.holders().open("h", LONG, Standard).unwrap();
    world.set_wall(START_MS);
    holder.end(Standard).unwrap();
    world.advance(2 * OLD);
    assert!(holder.epoch() > world.now_ms());
    world
}

fn epochs_rise(view: &View<'_>) -> Verdict {
    let epochs = view.logged("epoch");
    if epochs.is_sorted_by(|a, b| a < b) { Ok(()) } else { Err(format!("the epochs do not rise: {epochs:?}")) }
}

/// Logs which epochs come alive.
fn epoch(act: &leasehold_tests::sim::Act) -> Option<(String, u64)> {
    let next = names::holder(act.to.as_deref()?)?;
    (act.deed == Deed::Rename && next.live && next.beat == 0).then(|| ("epoch".into(), next.epoch))
}

fn open(actor: &Actor) -> &'static str {
    kind(actor.holders().open("h", LONG, Standard), "opened")
}

/// A holder that ended is swept, and opened by others.
fn reopened(name: String, world: &World) -> Scenario {
    let last = world.view(|view| names::holder(&view.names("holders/h")[0]).unwrap().epoch);
    Scenario::new(name, world)
        .observe(epoch)
        .always(epochs_rise)
        .always(move |view| match view.logged("epoch").first() {
            Some(first) if *first <= last => Err(format!("epoch {first} follows {last}")),
            _ => Ok(()),
        })
        .crashes(2)
        .finally(|view, ends| {
            let opened = ends.count("opened");
            let alive = view.world().holders().list().map_err(|error| error.to_string())?;
            let alive = alive.iter().any(|state| state.name == "h" && state.alive);
            let right = (opened == 0 || alive) && view.logged("epoch").len() >= opened;
            if right { Ok(()) } else { Err(format!("{opened} opened, alive: {alive}")) }
        })
}

fn sweep_holders(actor: &Actor) -> leasehold_core::Result<u64> {
    Maintenance::new(None, Some(actor.holders())).sweep(OLD)
}

/// Holes 2 and 3, of holders: an epoch that is used twice would bring stale claims back to life.
#[test]
fn a_holder_that_is_swept_and_opened_again_never_reuses_an_epoch() {
    let world = an_ended_holder();
    for listings in [Listings::Atomic, Listings::Mixed, Listings::Btrfs] {
        reopened(format!("a holder swept and opened, {listings:?}"), &world)
            .actor("S", sweep_holders)
            .actor("O", open)
            .listings(listings)
            .holds();
    }
    let scenario = reopened("a holder swept, opened and opened".into(), &world)
        .actor("S", sweep_holders)
        .actor("O", open)
        .actor("P", open)
        .listings(Listings::Btrfs);
    walks(scenario, 4_000);
}

/// Holes 2 and 3, of holders: two meet the tombstone that a sweeper left behind when it was killed.
#[test]
fn two_who_meet_the_tombstone_of_a_holder_open_two_epochs_above_it() {
    let world = an_ended_holder();
    killed_before(&world, "make directory holders/floor", |w| sweep_holders(w));
    reopened("the tombstone of a holder, two who open".into(), &world).actor("O", open).actor("P", open).holds();
}

/// Holes 2 and 3, of holders: of racing births one wins, and each opening has its own epoch.
#[test]
fn two_who_open_a_new_holder_get_two_epochs_and_the_later_one_lives() {
    Scenario::new("two open a new holder", &World::new())
        .actor("O", |a| a.holders().open("h", LONG, Standard).map(|holder| holder.epoch()))
        .actor("P", |a| a.holders().open("h", LONG, Standard).map(|holder| holder.epoch()))
        .observe(epoch)
        .always(epochs_rise)
        .crashes(2)
        .finally(|view, ends| {
            let opened: Vec<u64> = ["O", "P"].iter().filter_map(|a| ends.of(a)?.parse().ok()).collect();
            if ends.all_ended() && (opened.len() != 2 || opened[0] == opened[1]) {
                return Err(format!("{opened:?}"));
            }
            let state = view.world().holders().list().map_err(|error| error.to_string())?;
            match (opened.iter().max(), state.first()) {
                (Some(last), Some(state)) if state.epoch < *last || !state.alive => {
                    Err(format!("{state:?}, {opened:?}"))
                }
                (Some(_), None) => Err("the holder is gone".into()),
                _ => Ok(()),
            }
        })
        .holds();
}

/// Of racing callers one opens and the others join: they share an epoch.
#[test]
fn two_who_ensure_a_holder_share_its_epoch() {
    let ended = World::new();
    ended.holders().open("h", LONG, Standard).unwrap().end(Standard).unwrap();
    for (name, world) in [("there never was", World::new()), ("has ended", ended)] {
        Scenario::new(format!("two ensure a holder that {name}"), &world)
            .actor("O", |a| a.holders().ensure("h", LONG, Standard).map(|holder| holder.epoch()))
            .actor("P", |a| a.holders().ensure("h", LONG, Standard).map(|holder| holder.epoch()))
            .observe(epoch)
            .always(|view| match view.logged("epoch").len() {
                0 | 1 => Ok(()),
                n => Err(format!("{n} epochs were opened")),
            })
            .crashes(2)
            .finally(|_, ends| match (ends.of("O"), ends.of("P")) {
                (Some(one), Some(other)) if one != other || one.parse::<u64>().is_err() => {
                    Err(format!("{one} {other}"))
                }
                _ => Ok(()),
            })
            .holds();
    }
}
