//! Leases: what holding, waiting and letting go promise.

use super::support::{MINUTE_MS, SimHolder};
use leasehold_core::Durability::Standard;
use leasehold_core::Error;
use leasehold_core::lease::{Leases, Turn};
use leasehold_core::limits::PLACE_MS;
use leasehold_tests::sim::{SimDirectory, World};

type SimLeases = Leases<SimDirectory>;

pub(super) fn holder(world: &World, name: &str) -> SimHolder {
    world.holders().open(name, 60 * MINUTE_MS, Standard).unwrap()
}

fn scene() -> (World, SimLeases, SimHolder, SimHolder) {
    let world = World::new();
    let (a, b) = (holder(&world, "a"), holder(&world, "b"));
    let leases = world.leases();
    (world, leases, a, b)
}

pub(super) fn acquire(leases: &SimLeases, holder: &SimHolder) -> u64 {
    leases.acquire("repo", holder, Standard).unwrap()
}

fn turn(leases: &SimLeases, holder: &SimHolder) -> Turn {
    leases.acquire_in_turn("repo", holder, Standard).unwrap()
}

fn release(leases: &SimLeases, token: u64) {
    leases.release("repo", token, Standard).unwrap();
}

/// How many stand before one who waits; none if it was granted.
fn ahead(turn: Turn) -> Option<u32> {
    match turn {
        Turn::Granted(_) => None,
        Turn::Waiting { ahead, .. } => Some(ahead),
    }
}

#[test]
fn a_lease_is_had_until_it_is_released_and_each_grant_has_a_higher_token() {
    let (world, leases, a, b) = scene();
    let first = acquire(&leases, &a);
    let Err(Error::Held(holding)) = leases.acquire("repo", &b, Standard) else { panic!("two have it") };
    assert_eq!((holding.holder.as_str(), holding.epoch, holding.token), ("a", a.epoch(), first));
    assert_eq!(holding.until_ms, None, "it has no deadline of its own");
    world.advance(59 * MINUTE_MS);
    a.renew(Standard).unwrap();
    b.renew(Standard).unwrap();
    world.advance(59 * MINUTE_MS);
    assert!(matches!(leases.acquire("repo", &b, Standard), Err(Error::Held(_))));
    release(&leases, first);
    let second = acquire(&leases, &b);
    assert!(second > first, "{second} follows {first}");
}

#[test]
fn a_token_rises_though_the_clock_falls_and_though_the_lease_was_swept() {
    let (world, leases, a, b) = scene();
    let first = acquire(&leases, &a);
    release(&leases, first);
    world.advance(10 * MINUTE_MS);
    assert_eq!(world.maintenance().sweep(MINUTE_MS).unwrap(), 1);
    assert_eq!(leases.get("repo").unwrap(), None);
    world.jump(-60 * 60_000);
    let second = acquire(&world.leases(), &b);
    assert!(second > first, "{second} follows {first}");
}

#[test]
fn what_is_held_already_is_answered_with_the_same_token() {
    let (_world, leases, a, _) = scene();
    let token = acquire(&leases, &a);
    assert_eq!(acquire(&leases, &a), token);
    assert_eq!(turn(&leases, &a), Turn::Granted(token));
}

#[test]
fn what_a_dead_holder_had_is_taken() {
    let (world, leases, a, b) = scene();
    let first = acquire(&leases, &a);
    a.end(Standard).unwrap();
    assert!(!leases.get("repo").unwrap().unwrap().alive);
    let second = acquire(&leases, &b);
    assert!(second > first);
    // So it is when it is only late.
    world.advance(61 * MINUTE_MS);
    let c = holder(&world, "c");
    assert!(acquire(&leases, &c) > second);
    assert!(matches!(b.renew(Standard), Err(Error::Lost(_))), "it was declared dead before anything was taken");
}

#[test]
fn a_holder_that_is_over_is_told_so_and_holds_nothing() {
    let (world, leases, a, b) = scene();
    a.end(Standard).unwrap();
    assert!(matches!(leases.acquire("repo", &a, Standard), Err(Error::Lost(_))));
    assert!(matches!(leases.acquire_in_turn("repo", &a, Standard), Err(Error::Lost(_))));
    acquire(&leases, &b);
    holder(&world, "b");
    assert!(matches!(leases.acquire("repo", &b, Standard), Err(Error::Lost(_))), "also of what it had");
    assert!(matches!(leases.acquire_in_turn("repo", &b, Standard), Err(Error::Lost(_))));
    assert_eq!(leases.get("repo").unwrap().unwrap().waiting, 0, "one who is over takes no place in line");
}

#[test]
fn releasing_names_a_token_and_repeats_until_the_next_grant() {
    let (_world, leases, a, b) = scene();
    assert!(matches!(leases.release("repo", 7, Standard), Err(Error::Lost(_))), "there is none");
    let first = acquire(&leases, &a);
    assert!(matches!(leases.release("repo", first - 1, Standard), Err(Error::Lost(_))));
    release(&leases, first);
    release(&leases, first);
    acquire(&leases, &b);
    assert!(matches!(leases.release("repo", first, Standard), Err(Error::Lost(_))));
    assert_eq!(leases.get("repo").unwrap().unwrap().holding.unwrap().holder, "b");
    assert!(matches!(leases.release("repo", 0, Standard), Err(Error::Lost(_))), "nothing is had under token 0");
}

#[test]
fn a_lease_is_granted_in_the_order_of_asking() {
    let (world, leases, a, b) = scene();
    let (c, d) = (holder(&world, "c"), holder(&world, "d"));
    let token = acquire(&leases, &a);
    assert_eq!(ahead(turn(&leases, &b)), Some(0));
    assert_eq!(ahead(turn(&leases, &c)), Some(1));
    assert_eq!(ahead(turn(&leases, &d)), Some(2));
    assert_eq!(leases.get("repo").unwrap().unwrap().waiting, 3);
    release(&leases, token);
    assert_eq!(turn(&leases, &c), Turn::Waiting { ahead: 1, holding: None }, "it is meant for the first in line");
    let Err(Error::Held(first)) = leases.acquire("repo", &d, Standard) else { panic!("it came before b") };
    assert_eq!(first.holder, "b");
    let Turn::Granted(token) = turn(&leases, &b) else { panic!("b is first") };
    assert_eq!(ahead(turn(&leases, &c)), Some(0));
    leases.leave("repo", &c).unwrap();
    leases.leave("repo", &c).unwrap();
    release(&leases, token);
    assert_eq!(ahead(turn(&leases, &d)), None, "c has left");
    assert_eq!(leases.get("repo").unwrap().unwrap().waiting, 0);
}

#[test]
fn nobody_comes_before_one_who_waits_though_the_clock_falls() {
    let (world, leases, a, b) = scene();
    let token = acquire(&leases, &a);
    assert_eq!(ahead(turn(&leases, &b)), Some(0));
    world.jump(-5 * 60_000);
    let c = holder(&world, "c");
    assert_eq!(ahead(turn(&leases, &c)), Some(1));
    release(&leases, token);
    assert_eq!(ahead(turn(&leases, &b)), None);
}

#[test]
fn a_place_that_is_not_asked_for_is_void_after_ten_seconds_and_one_that_is_lasts() {
    let (world, leases, a, b) = scene();
    let c = holder(&world, "c");
    let token = acquire(&leases, &a);
    turn(&leases, &b);
    turn(&leases, &c);
    for _ in 0..4 {
        world.advance(PLACE_MS / 2);
        assert!(ahead(turn(&leases, &c)).is_some());
    }
    release(&leases, token);
    let d = holder(&world, "d");
    let Err(Error::Held(first)) = leases.acquire("repo", &d, Standard) else { panic!("it came before c") };
    assert_eq!(first.holder, "c", "b asks no more, and c does");
    assert_eq!(ahead(turn(&leases, &c)), None);
    assert_eq!(leases.get("repo").unwrap().unwrap().waiting, 0);
}

#[test]
fn the_place_of_a_dead_holder_is_void_at_once() {
    let (world, leases, a, b) = scene();
    let c = holder(&world, "c");
    let token = acquire(&leases, &a);
    turn(&leases, &b);
    turn(&leases, &c);
    b.end(Standard).unwrap();
    release(&leases, token);
    assert_eq!(ahead(turn(&leases, &c)), None);
}

#[test]
fn reaping_frees_what_the_dead_have_and_clears_their_places() {
    let (world, leases, a, b) = scene();
    let c = holder(&world, "c");
    let token = acquire(&leases, &a);
    leases.acquire("other", &b, Standard).unwrap();
    turn(&leases, &c);
    a.end(Standard).unwrap();
    c.end(Standard).unwrap();
    let reaped = leases.reap(Standard).unwrap();
    assert_eq!(reaped.len(), 1);
    assert_eq!((reaped[0].name.as_str(), reaped[0].holding.holder.as_str()), ("repo", "a"));
    assert_eq!(reaped[0].holding.token, token);
    assert!(leases.reap(Standard).unwrap().is_empty());
    let state = leases.get("repo").unwrap().unwrap();
    assert_eq!((state.holding, state.waiting, state.token), (None, 0, token));
    assert!(leases.get("other").unwrap().unwrap().alive, "the living keep what they have");
}

#[test]
fn leases_are_listed_page_by_page_under_their_own_names() {
    let (_world, leases, a, _) = scene();
    let names: Vec<String> = ["B", "b", "con", "tmp", "floor", "ünï", &"long".repeat(60)].map(String::from).into();
    for name in &names {
        leases.acquire(name, &a, Standard).unwrap();
    }
    let (mut listed, mut cursor) = (Vec::new(), None);
    loop {
        let page = leases.list(cursor.as_deref(), 2).unwrap();
        assert!(page.leases.len() <= 2);
        listed.extend(page.leases.into_iter().map(|state| state.name));
        cursor = page.cursor;
        if cursor.is_none() {
            break;
        }
    }
    listed.sort();
    let mut sorted = names.clone();
    sorted.sort();
    assert_eq!(listed, sorted);
    for name in &names {
        assert_eq!(leases.get(name).unwrap().unwrap().name, *name);
    }
    assert!(matches!(leases.list(None, 0), Err(Error::InvalidArgument(_))));
    assert!(matches!(leases.list(None, 10_001), Err(Error::InvalidArgument(_))));
    assert!(matches!(leases.list(Some("no/cursor"), 1), Err(Error::InvalidArgument(_))));
}

#[test]
fn a_sweep_takes_what_has_been_free_for_long_and_nothing_that_is_had_or_waited_for() {
    let (world, leases, a, b) = scene();
    let held = leases.acquire("held", &a, Standard).unwrap();
    for name in ["free", "fresh", "waited"] {
        let token = leases.acquire(name, &a, Standard).unwrap();
        leases.acquire_in_turn(name, &b, Standard).unwrap();
        if name != "waited" {
            leases.leave(name, &b).unwrap();
        }
        if name != "fresh" {
            leases.release(name, token, Standard).unwrap();
        }
    }
    world.advance(2 * MINUTE_MS);
    let token = leases.get("fresh").unwrap().unwrap().token;
    leases.release("fresh", token, Standard).unwrap();
    // It still asks.
    let c = holder(&world, "c");
    leases.acquire_in_turn("waited", &c, Standard).unwrap();
    let before = leases.get("waited").unwrap();
    world.maintenance().sweep(MINUTE_MS).unwrap();
    let mut left: Vec<String> = leases.list(None, 100).unwrap().leases.into_iter().map(|state| state.name).collect();
    left.sort();
    assert_eq!(left, ["fresh", "held", "waited"]);
    assert_eq!(leases.get("waited").unwrap(), before);
    assert_eq!(leases.get("held").unwrap().unwrap().token, held);
}

#[test]
fn what_is_not_understood_counts_as_held_is_named_and_stops_nothing_else() {
    let (world, leases, a, b) = scene();
    acquire(&leases, &a);
    world.file("claims/odd/what", "is this");
    world.file("claims/file", "a file");
    world.file("claims/Upper.json", "of another tool");
    world.directory("claims/two");
    for n in [1, 2] {
        world.file(&format!("claims/two/{n}.free.1.0123456789abcdef"), "");
    }
    for name in ["odd", "file", "two"] {
        assert!(matches!(leases.acquire(name, &b, Standard), Err(Error::Damaged(_))), "{name}");
        assert!(matches!(leases.acquire_in_turn(name, &b, Standard), Err(Error::Damaged(_))), "{name}");
        assert!(matches!(leases.release(name, 1, Standard), Err(Error::Damaged(_))), "{name}");
        assert!(matches!(leases.get(name), Err(Error::Damaged(_))), "{name}");
    }
    assert_eq!(leases.list(None, 10).unwrap().leases.len(), 1);
    a.end(Standard).unwrap();
    assert_eq!(leases.reap(Standard).unwrap().len(), 1);
    let findings = world.maintenance().check().unwrap();
    let mut paths: Vec<&str> = findings.iter().map(|finding| finding.path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["claims/Upper.json", "claims/file", "claims/odd", "claims/two"], "{findings:?}");
    world.maintenance().sweep(MINUTE_MS).unwrap();
    assert_eq!(world.view(|view| view.read("claims/odd/what")).as_deref(), Some(&b"is this"[..]), "nothing is removed");
    assert_eq!(world.maintenance().quarantine().unwrap().len(), 4);
    assert!(leases.acquire("odd", &b, Standard).is_ok());
    assert!(world.maintenance().check().unwrap().is_empty());
}

#[test]
fn a_lease_without_its_line_can_be_had_and_the_doctor_says_so_while_it_is() {
    let (world, leases, a, b) = scene();
    let token = acquire(&leases, &a);
    let line = world.view(|view| view.names("claims/repo").into_iter().find(|name| name.starts_with("c."))).unwrap();
    super::support::remove(&world, &format!("claims/repo/{line}"));
    assert_eq!(ahead(turn(&leases, &b)), Some(0));
    assert_eq!(world.maintenance().check().unwrap().len(), 1);
    release(&leases, token);
    release(&leases, acquire(&leases, &b));
    world.advance(2 * MINUTE_MS);
    world.maintenance().sweep(MINUTE_MS).unwrap();
    assert!(world.maintenance().check().unwrap().is_empty());
    assert_eq!(ahead(turn(&leases, &b)), None);
}

#[test]
fn a_store_of_another_version_is_refused_and_not_touched() {
    let (world, leases, a, _) = scene();
    world.file("claims/format", b"leasehold leases 2\n");
    let before = world.view(|view| view.tree());
    assert!(matches!(leases.acquire("repo", &a, Standard), Err(Error::Unsupported(_))));
    assert!(matches!(leases.acquire_in_turn("repo", &a, Standard), Err(Error::Unsupported(_))));
    assert!(matches!(leases.release("repo", 1, Standard), Err(Error::Unsupported(_))));
    assert!(matches!(leases.get("repo"), Err(Error::Unsupported(_))));
    assert!(matches!(leases.list(None, 1), Err(Error::Unsupported(_))));
    assert!(matches!(leases.reap(Standard), Err(Error::Unsupported(_))));
    assert_eq!(world.view(|view| view.tree()), before);
}
