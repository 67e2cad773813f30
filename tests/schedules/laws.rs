//! What must hold in every state of every scenario, and at every end.
//!
//! Each change is held against the transitions that there are. In every state a task stands in one place, under a
//! name that belongs there, with all that its name names; its tokens rise from claim to claim, also over the lives
//! of an id; nothing of a living holder is taken; what is done is done once. At every end a later worker
//! gets what was pushed and not done.

use super::deeds::{LONG, OLD, text};
use super::names::{self, Place};
use leasehold_core::Durability::Standard;
use leasehold_tests::sim::{Act, Deed, Event, Scenario, Verdict, View, World};
use std::collections::BTreeMap;

const QUEUE: &str = "aristo/q-queue";

/// Holds a scenario against all laws.
pub(super) fn watched(scenario: Scenario) -> Scenario {
    scenario.observe(witness).always(stands).always(went)
}

/// Takes random schedules where there are too many to take all; each operation has a place of its own. With
/// `SOAK=<rounds>` in the environment it does so again and again, from other seeds.
#[track_caller]
pub(super) fn walks(scenario: Scenario, runs: u64) {
    let rounds = std::env::var("SOAK").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(1);
    for seed in 1..=rounds {
        if let Err(violation) = scenario.random(seed, runs) {
            panic!("{violation}");
        }
    }
}

/// What a change was, where it matters later.
pub(super) fn witness(act: &Act) -> Option<(String, u64)> {
    let illegal = |why: &str| Some((format!("illegal: {why}: {:?} {} {:?}", act.deed, act.path, act.to), 0));
    if let Some(state) = names::holder(&act.path)
        && let Some(next) = act.to.as_deref().and_then(names::holder)
    {
        if (next.epoch, next.beat) <= (state.epoch, state.beat) {
            return illegal("a holder's epoch or beat does not rise");
        }
        let is_over = state.live && (next.epoch > state.epoch || !next.live);
        let key = act.path.rsplit('/').nth(1).unwrap_or_default();
        return is_over.then(|| (format!("over {key} {}", state.epoch), 0));
    }
    if act.path.contains("/tmp/") || matches!(act.deed, Deed::Write | Deed::CreateDir | Deed::RemoveDir) {
        return None;
    }
    // What is left out of a group that parts is done.
    if let Some((before, attempt)) = names::parting(&act.path) {
        let after = act.to.as_deref().and_then(names::parting).filter(|(_, other)| *other == attempt);
        let left = match (&act.deed, after) {
            (Deed::Unlink, _) => Vec::new(),
            (_, Some((after, _))) => after.tasks,
            _ => return None,
        };
        let gone: Vec<_> = before.tasks.into_iter().filter(|task| !left.contains(task)).collect();
        return (!gone.is_empty()).then(|| (format!("done {}", gone.join(",")), before.token));
    }
    let before = names::task(&act.path)?;
    let subject = match act.path.split('/').rev().nth(2) {
        Some("ids") => act.path.split('/').nth_back(1)?.to_owned(),
        _ => before.tasks.join(","),
    };
    if act.deed == Deed::Unlink {
        return match before.place {
            Place::Claimed { .. } => Some((format!("done {subject}"), before.token)),
            Place::Tomb if act.path.contains("/ids/") => None,
            Place::Pending if !act.path.contains("/ids/") => Some((format!("cancelled {subject}"), before.token)),
            _ => illegal("an unlinked task"),
        };
    }
    let Some(to) = &act.to else { return illegal("a task that is made in its place") };
    let after = names::task(to)?;
    let same = before.nonce == after.nonce && before.token == after.token;
    match (&before.place, &after.place) {
        (Place::Pending, Place::Claimed { .. }) if before.nonce == after.nonce => {
            Some((format!("claim {subject}"), after.token))
        }
        (Place::Pending | Place::Done | Place::Dead, Place::Pending) if after.token > before.token => {
            Some((format!("replaced {subject}"), after.token))
        }
        (Place::Pending, Place::Tomb) if same => Some((format!("cancelled {subject}"), after.token)),
        (Place::Claimed { .. }, Place::Done | Place::Tomb) if same => Some((format!("done {subject}"), after.token)),
        (Place::Claimed { holder, .. }, Place::Claimed { holder: next, .. }) if same && holder == next => {
            // What is left out of a group is done.
            let gone: Vec<_> = before.tasks.iter().filter(|task| !after.tasks.contains(task)).cloned().collect();
            (!gone.is_empty()).then(|| (format!("done {}", gone.join(",")), before.token))
        }
        (Place::Claimed { holder, epoch, until }, Place::Pending | Place::Dead) if same => {
            // Actors `A` and `A2` are two threads that share the holder `a`.
            let own = act.actor.to_lowercase().starts_with(holder.as_str());
            (!own).then(|| (format!("taken {holder} {epoch}"), *until))
        }
        (Place::Dead, Place::Pending) | (Place::Done | Place::Dead, Place::Tomb) if same => None,
        _ => illegal("no such transition"),
    }
}

/// Whether every entry stands where it belongs, once, with all that it names.
fn stands(view: &View<'_>) -> Verdict {
    let mut seen = BTreeMap::new();
    let mut refs: BTreeMap<String, usize> = BTreeMap::new();
    let mut blobs = Vec::new();
    for path in view.below(QUEUE) {
        let Some((top, rest)) = path.split_once('/') else { continue };
        if top == "ids" {
            let Some((key, entry)) = rest.split_once('/') else { return Err(format!("a file in ids: {path}")) };
            let tokens = refs.entry(key.to_owned()).or_default();
            if let Some(task) = names::task(entry) {
                *tokens += 1;
                if task.place != Place::Tomb {
                    let content = view.names(&format!("{QUEUE}/ids/{key}")).into_iter().find(|n| n.starts_with("c."));
                    let content = content.ok_or_else(|| format!("{path}: no content"))?;
                    for blob in [Some(task.nonce), task.note].into_iter().flatten() {
                        blobs.push((path.clone(), format!("{QUEUE}/ids/{key}/{content}/{blob}")));
                    }
                }
            }
            continue;
        }
        let Some(task) = names::task(&path).filter(|_| top != "tmp" && top != "quarantine") else { continue };
        let belongs = match task.place {
            Place::Pending => "pending",
            Place::Claimed { .. } => "claimed",
            Place::Done => "done",
            Place::Dead => "dead",
            Place::Tomb => "nowhere",
        };
        if top != belongs {
            return Err(format!("{path} does not belong there"));
        }
        if let Some(note) = task.note {
            blobs.push((path.clone(), format!("{QUEUE}/notes/{note}")));
        }
        for nonce in task.tasks {
            if let Some(other) = seen.insert(nonce, path.clone())
                && (task.is_packed || view.links(&format!("{QUEUE}/{path}")) == Some(1))
            {
                return Err(format!("one task stands twice: {other} and {path}"));
            }
        }
    }
    if let Some((path, blob)) = blobs.into_iter().find(|(_, blob)| !view.exists(blob)) {
        return Err(format!("{path} names {blob}, which is not there"));
    }
    match refs.into_iter().find(|(_, tokens)| *tokens != 1) {
        Some((key, tokens)) => Err(format!("ids/{key} holds {tokens} token files and is not empty")),
        None => Ok(()),
    }
}

/// Whether what happened so far could happen.
fn went(view: &View<'_>) -> Verdict {
    let mut tokens: BTreeMap<&str, u64> = BTreeMap::new();
    for event in view.log() {
        let (what, subject) = event.what.split_once(' ').unwrap_or((&event.what, ""));
        match what {
            "illegal:" => return Err(event.what.clone()),
            // A claim raises the token; nothing else does; what is done by a token is done once.
            "claim" => {
                for task in subject.split(',') {
                    if tokens.insert(task, 2 * event.value).is_some_and(|before| before >= 2 * event.value) {
                        return Err(format!("{event}: the token does not rise"));
                    }
                }
            }
            "done" => {
                for task in subject.split(',') {
                    if tokens.insert(task, 2 * event.value + 1).is_some_and(|before| before > 2 * event.value) {
                        return Err(format!("{event}: it was done before"));
                    }
                }
            }
            _ => {}
        }
    }
    handed_out_by_the_living(view)?;
    match view.log().last() {
        Some(event) if event.what.starts_with("taken ") => may_be_taken(view, &event.what, event.value),
        _ => Ok(()),
    }
}

/// Whether each epoch that was handed a task lived when it had claimed it: it is looked at after the rename.
fn handed_out_by_the_living(view: &View<'_>) -> Verdict {
    let log = view.log();
    for handed in log.iter().filter(|event| event.what.starts_with("handed ")) {
        let is_claim = |event: &&Event| event.what.starts_with("claim ") && event.value == handed.value;
        let claim = log.iter().position(|event| is_claim(&event) && event.actor == handed.actor);
        let over = handed.what.replacen("handed", "over", 1);
        let over = log.iter().position(|event| event.what == over);
        if let (Some(claim), Some(over)) = (claim, over)
            && over < claim
        {
            return Err(format!("{handed}: that epoch was over before it had claimed it"));
        }
    }
    Ok(())
}

/// Whether the claim that was just taken was over: its own time, or its holder's epoch.
fn may_be_taken(view: &View<'_>, what: &str, until: u64) -> Verdict {
    let (holder, epoch) = what.trim_start_matches("taken ").split_once(' ').unwrap_or_default();
    if view.now_ms() > until {
        return Ok(());
    }
    let states: Vec<_> =
        view.names(&format!("holders/{holder}")).iter().filter_map(|name| names::holder(name)).collect();
    match states.iter().find(|state| state.live && state.epoch.to_string() == epoch) {
        Some(state) => Err(format!("{what}: that epoch lives, {state:?}")),
        None => Ok(()),
    }
}

/// What a later worker finds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Later {
    /// The payloads that it gets and does, in order.
    pub(super) did: Vec<String>,
    /// The highest token that it gets.
    pub(super) token: u64,
    /// How many tasks are dead by then.
    pub(super) dead: u64,
    /// How many records are kept.
    pub(super) done: u64,
}

/// Long after everybody has stopped a worker does all there is, and somebody sweeps. Nothing may be left but records,
/// and nobody may find anything damaged.
pub(super) fn later(view: &View<'_>) -> Result<Later, String> {
    later_in(&view.world())
}

pub(super) fn later_in(world: &World) -> Result<Later, String> {
    let words = |error: leasehold_core::Error| error.to_string();
    world.advance(10 * LONG);
    let holder = world.holders().open("later", 1000 * LONG, Standard).map_err(words)?;
    let queue = world.queue("q");
    let (mut did, mut token) = (Vec::new(), 0);
    // What was set when the clock was ahead is over once it has stood for its time.
    for _ in 0..3 {
        loop {
            let tasks = queue.claim(&holder, 100, None, Standard).map_err(words)?;
            for task in &tasks {
                queue.done(&task.receipt, None, Standard).map_err(words)?;
                did.push(text(&task.payload));
                token = token.max(task.token);
            }
            if tasks.is_empty() {
                break;
            }
        }
        world.advance(10 * LONG);
    }
    world.maintenance().sweep(OLD).map_err(words)?;
    let status = queue.status().map_err(words)?;
    if status.ready + status.delayed + status.claimed + status.damaged != 0 {
        return Err(format!("a later worker did {did:?}, and this is left: {status:?}"));
    }
    let findings = world.maintenance().check().map_err(words)?;
    if !findings.is_empty() {
        return Err(format!("{findings:?}"));
    }
    Ok(Later { did, token, dead: status.dead, done: status.done })
}

/// How often something was done, by the log.
pub(super) fn dones(view: &View<'_>) -> usize {
    view.log().iter().filter_map(|event| event.what.strip_prefix("done ")).map(|tasks| tasks.split(',').count()).sum()
}

/// At the end each of `count` tasks was done once: by then, or by a later worker.
pub(super) fn each_done_once(view: &View<'_>, count: usize) -> Verdict {
    let later = later(view)?;
    match dones(view) + later.did.len() {
        n if n == count => Ok(()),
        n => Err(format!("of {count} tasks {n} were done in all; a later worker: {later:?}")),
    }
}
