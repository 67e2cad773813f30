//! What must hold of leases in every state and at every end, read off the names by other code than the core's.
//!
//! A lease has one token file; it goes from hand to hand only by the transitions that there are; its tokens rise from
//! grant to grant, over all its lives; nothing of a living holder is taken, and no place in line that is asked for; whoever was told
//! that it has it lived when it took it. At every end a later holder acquires it.

use super::deeds::{LONG, OLD, hold, world};
use super::laws;
use super::names::{self, last, number};
use leasehold_core::Durability::Standard;
use leasehold_core::lease::Turn;
use leasehold_core::limits::PLACE_MS;
use leasehold_core::{Error, Result};
use leasehold_tests::sim::{Act, Actor, Deed, Event, Scenario, Verdict, View, World};
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Grip {
    Free,
    Held(String, u64),
    Tomb,
}

/// The token file of a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
struct LeaseName {
    token: u64,
    grip: Grip,
    birth: String,
}

fn lease(path: &str) -> Option<LeaseName> {
    let fields: Vec<&str> = last(path).split('.').collect();
    let (token, birth, grip) = match &fields[..] {
        [token, "free", _, birth] => (token, birth, Grip::Free),
        [token, "tomb", _, birth] => (token, birth, Grip::Tomb),
        [token, "held", _, birth, holder, epoch] => (token, birth, Grip::Held((*holder).into(), number(epoch)?)),
        _ => return None,
    };
    Some(LeaseName { token: number(token)?, grip, birth: (*birth).into() })
}

/// A place in line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    who: (String, String, String, u64),
    set: u64,
}

fn place(path: &str) -> Option<Place> {
    let fields: Vec<&str> = last(path).split('.').collect();
    match &fields[..] {
        [order, nonce, set, _, holder, epoch] if order.len() == 10 && nonce.len() == 16 => {
            Some(Place { who: ((*order).into(), (*nonce).into(), (*holder).into(), number(epoch)?), set: number(set)? })
        }
        _ => None,
    }
}

/// Holds a scenario against all laws of leases.
pub(super) fn watched(scenario: Scenario) -> Scenario {
    scenario.observe(witness).always(stands).always(went)
}

/// Actors `A` and `A2` are two threads that share the holder `a`.
fn is_own(actor: &str, holder: &str) -> bool {
    actor.to_lowercase().starts_with(holder)
}

fn witness(act: &Act) -> Option<(String, u64)> {
    if let Some(event) = laws::witness(act) {
        return Some(event);
    }
    let illegal = |why: &str| Some((format!("illegal: {why}: {:?} {} {:?}", act.deed, act.path, act.to), 0));
    if let Some(key) = act.to.as_deref().and_then(|to| to.strip_prefix("claims/"))
        && !key.contains('/')
    {
        return Some((format!("born {key}"), 0));
    }
    let path = act.path.strip_prefix("claims/").filter(|path| !path.starts_with("tmp/"))?;
    let name = path.split('/').next()?;
    if let Some(before) = place(path) {
        let (_, _, holder, epoch) = &before.who;
        return match (act.deed, act.to.as_deref().map(place)) {
            (Deed::Create, _) => is_own(&act.actor, holder).then(|| (format!("joins {name} {holder}"), 0)),
            (Deed::Unlink, _) if is_own(&act.actor, holder) => Some((format!("left {name} {holder}"), 0)),
            (Deed::Unlink, _) => Some((format!("cleared {name} {holder} {epoch}"), before.set)),
            (Deed::Rename, Some(Some(after))) if before.who == after.who && is_own(&act.actor, holder) => None,
            _ => illegal("a place in line"),
        };
    }
    let before = lease(path)?;
    if act.deed == Deed::Unlink {
        return if before.grip == Grip::Tomb { None } else { illegal("an unlinked lease") };
    }
    let Some(after) = act.to.as_deref().and_then(lease) else { return illegal("what was a lease") };
    if before.birth != after.birth {
        return illegal("another birth");
    }
    let same = before.token == after.token;
    match (&before.grip, &after.grip) {
        (Grip::Free, Grip::Held(to, epoch)) if after.token > before.token => {
            Some((format!("grant {name} {to} {epoch}"), after.token))
        }
        (Grip::Held(from, old), Grip::Held(to, epoch)) if after.token > before.token => {
            Some((format!("grant {name} {to} {epoch} from {from} {old}"), after.token))
        }
        (Grip::Held(from, _), Grip::Free) if same && is_own(&act.actor, from) => {
            Some((format!("free {name} {from}"), after.token))
        }
        (Grip::Held(from, old), Grip::Free) if same => Some((format!("reaped {name} from {from} {old}"), after.token)),
        (Grip::Free, Grip::Tomb) if same => Some((format!("tomb {name}"), after.token)),
        _ => illegal("no such transition"),
    }
}

/// Whether every lease has one token file, and its line while it is not on its way out.
fn stands(view: &View<'_>) -> Verdict {
    for key in view.names("claims") {
        if ["tmp", "floor", "quarantine"].contains(&key.as_str()) || key.starts_with("format") {
            continue;
        }
        let names = view.names(&format!("claims/{key}"));
        let tokens: Vec<LeaseName> = names.iter().filter_map(|name| lease(name)).collect();
        match &tokens[..] {
            [] if names.is_empty() => {}
            [one] if one.grip == Grip::Tomb => {}
            [one] if names.iter().any(|name| name.starts_with("c.")) => {}
            _ => return Err(format!("claims/{key} holds {names:?}")),
        }
    }
    Ok(())
}

/// Whether an epoch lives, by what stands on the disk.
fn lives(view: &View<'_>, holder: &str, epoch: &str) -> bool {
    let names = view.names(&format!("holders/{holder}"));
    names.iter().filter_map(|name| names::holder(name)).any(|state| state.live && state.epoch.to_string() == epoch)
}

/// Whether a lease stood when it all began, or was born since: otherwise its removal was under way.
fn was_whole(view: &View<'_>, name: &str) -> bool {
    let is_known =
        |event: &Event| event.what == format!("born {name}") || event.what.starts_with(&format!("grant {name} "));
    view.log().iter().any(is_known)
        || view
            .names(&format!("claims/{name}"))
            .iter()
            .filter_map(|name| lease(name))
            .any(|lease| lease.grip != Grip::Tomb)
}

/// Whether what happened so far could happen.
fn went(view: &View<'_>) -> Verdict {
    let mut tokens: BTreeMap<&str, u64> = BTreeMap::new();
    for (at, event) in view.log().iter().enumerate() {
        let words: Vec<&str> = event.what.split(' ').collect();
        match &words[..] {
            ["illegal:", ..] => return Err(event.what.clone()),
            ["grant", name, ..] => match tokens.insert(name, event.value) {
                Some(before) if before >= event.value => return Err(format!("{event}: it follows {before}")),
                _ => {}
            },
            // It is looked at after it took it: an epoch that was over before has given it back.
            ["told", name, holder, epoch] => {
                let grant = format!("grant {name} {holder} {epoch}");
                let over = format!("over {holder} {epoch}");
                let log = &view.log()[..at];
                let granted = log.iter().position(|e| e.what.starts_with(&grant) && e.value == event.value);
                let ended = log.iter().position(|e| e.what == over);
                // What it had before it asked is its own while it lives.
                if ended.is_some_and(|ended| granted.is_none_or(|granted| ended < granted)) {
                    return Err(format!("{event}: that epoch was over before it took it"));
                }
            }
            _ => {}
        }
    }
    let Some(event) = view.log().last() else { return Ok(()) };
    let words: Vec<&str> = event.what.split(' ').collect();
    match &words[..] {
        [.., "from", holder, epoch] if lives(view, holder, epoch) => Err(format!("{event}: that epoch lives")),
        ["cleared", name, holder, epoch] => {
            let (born, tomb) = (format!("born {name}"), format!("tomb {name}"));
            let fate = view.log().iter().rfind(|event| event.what == born || event.what == tomb);
            let is_removed = fate.is_some_and(|event| event.what == tomb) || !was_whole(view, name);
            let is_void = view.now_ms().abs_diff(event.value) > PLACE_MS || !lives(view, holder, epoch);
            if is_void || is_removed { Ok(()) } else { Err(format!("{event}: that place is asked for")) }
        }
        _ => Ok(()),
    }
}

/// Whether nobody who asked after another was told to wait was granted it before that one. For scenarios in which
/// whoever waits lives, and no place becomes void.
pub(super) fn in_turn(view: &View<'_>) -> Verdict {
    let log = view.log();
    for (at, event) in log.iter().enumerate().filter(|(_, event)| event.what.starts_with("grant ")) {
        let asked = log[..at].iter().position(|other| other.what == "asks" && other.actor == event.actor);
        let Some(asked) = asked else { continue };
        for waits in log[..asked].iter().filter(|other| other.what == "waits" && other.actor != event.actor) {
            let is_served = log[..at].iter().any(|other| {
                other.actor == waits.actor && (other.what.starts_with("grant ") || other.what.starts_with("left "))
            });
            if !is_served {
                return Err(format!("{event}: {} waited before it asked", waits.actor));
            }
        }
    }
    Ok(())
}

/// A world where these holders live, and the store is there and nothing in it.
pub(super) fn marked(holders: &[&str]) -> World {
    let world = world(holders);
    world.file("claims/format", "leasehold leases 1\n");
    world.directory("claims/tmp");
    world
}

/// A world where these holders live, and the lease is there and free.
pub(super) fn free(holders: &[&str]) -> World {
    let world = world(holders);
    let scene = world.holders().open("scene", 1, Standard).unwrap();
    let token = world.leases().acquire("l", &scene, Standard).unwrap();
    world.leases().release("l", token, Standard).unwrap();
    world.advance(10);
    world
}

/// A world where these holders live, and the first has the lease; and its token.
pub(super) fn held(holders: &[&str]) -> (World, u64) {
    let world = free(holders);
    let holder = world.holders().attach(holders[0], Standard).unwrap();
    let token = world.leases().acquire("l", &holder, Standard).unwrap();
    (world, token)
}

/// Acquires the lease, and logs that it was told so.
pub(super) fn acquire(actor: &Actor) -> Result<u64> {
    let holder = hold(actor)?;
    let token = actor.leases().acquire("l", &holder, Standard)?;
    actor.log(format!("told l {} {}", holder.name(), holder.epoch()), token);
    Ok(token)
}

/// Acquires the lease, in words: `has`, or the kind of the error.
pub(super) fn try_acquire(actor: &Actor) -> &'static str {
    super::deeds::kind(acquire(actor), "has")
}

/// Acquires the lease and releases it.
pub(super) fn acquire_and_release(actor: &Actor) -> Result<&'static str> {
    match acquire(actor) {
        Ok(token) => actor.leases().release("l", token, Standard).map(|()| "had"),
        Err(Error::Held(_)) => Ok("held"),
        Err(error) => Err(error),
    }
}

/// Asks in turn: answers the token, or `waits`.
pub(super) fn ask(actor: &Actor) -> Result<String> {
    let holder = hold(actor)?;
    actor.log("asks", 0);
    match actor.leases().acquire_in_turn("l", &holder, Standard)? {
        Turn::Granted(token) => {
            actor.log(format!("told l {} {}", holder.name(), holder.epoch()), token);
            Ok(token.to_string())
        }
        Turn::Waiting { ahead, .. } => {
            actor.log("waits", u64::from(ahead));
            Ok("waits".into())
        }
    }
}

/// Releases what was granted; who waits goes on to wait.
pub(super) fn let_go(actor: &Actor, words: &str) -> Result<String> {
    match words.parse() {
        Ok(token) => actor.leases().release("l", token, Standard).map(|()| "had".into()),
        Err(_) => Ok(words.into()),
    }
}

/// Sweeps the leases.
pub(super) fn sweep(actor: &Actor) -> &'static str {
    let maintenance = leasehold_core::maintenance::Maintenance::new(None, None).with_leases(Some(actor.leases()));
    super::deeds::kind(maintenance.sweep(OLD), "swept")
}

/// The highest token that was granted.
fn highest(view: &View<'_>) -> u64 {
    let grants = view.log().iter().filter(|event| event.what.starts_with("grant "));
    grants.map(|event| event.value).max().unwrap_or(0)
}

/// Long after everybody has stopped a later holder acquires it, under a higher token; it is swept, nobody finds
/// anything damaged, and it is acquired again under a higher one still.
pub(super) fn goes_on(view: &View<'_>) -> Verdict {
    goes_on_in(&view.world(), highest(view))
}

pub(super) fn goes_on_in(world: &World, before: u64) -> Verdict {
    let words = |error: Error| error.to_string();
    world.advance(10 * LONG);
    let holder = world.holders().open("later", 1000 * LONG, Standard).map_err(words)?;
    let mut before = before;
    for _ in 0..2 {
        let leases = world.leases();
        let token = leases.acquire("l", &holder, Standard).map_err(words)?;
        if token <= before {
            return Err(format!("token {token} follows {before}"));
        }
        before = token;
        leases.release("l", token, Standard).map_err(words)?;
        world.advance(2 * OLD);
        world.maintenance().sweep(OLD).map_err(words)?;
        let left: Vec<String> = world.view(|view| view.below("claims"));
        if left.iter().any(|path| path != "format" && !path.starts_with("floor/") && !path.starts_with("format.")) {
            return Err(format!("this is left: {left:?}"));
        }
        let findings = world.maintenance().check().map_err(words)?;
        if !findings.is_empty() {
            return Err(format!("{findings:?}"));
        }
        // Tokens rise though the clock falls.
        world.jump(-(5 * LONG as i64));
    }
    Ok(())
}

/// Whoever asks now is granted it at once: nobody has it, and nobody is thought to wait.
pub(super) fn is_open(view: &View<'_>) -> Verdict {
    let world = view.world();
    let holder = world.holders().open("now", LONG, Standard).map_err(|error| error.to_string())?;
    match world.leases().acquire("l", &holder, Standard) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("nobody has it, and yet: {error}")),
    }
}
