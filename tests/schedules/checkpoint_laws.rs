//! What must hold of checkpoints in every state and at every end, read off the names by other code than the core's.
//!
//! A run has one token file, and the save that it names is there, as long as its name says; it goes from hand to hand
//! only by the transitions that there are; its tokens rise from claim to claim, over all its lives; what a claim hands
//! out is the last save; what is done is not claimed again; nothing of a living holder is taken. At every end a later
//! holder claims what is left, and saves anew.

use super::deeds::{LONG, OLD, hold, kind, text, world};
use super::laws;
use super::names::{self, last, number};
use leasehold_core::Durability::Standard;
use leasehold_core::checkpoint::{RunState, SaveOptions};
use leasehold_core::maintenance::Maintenance;
use leasehold_core::{Error, Result};
use leasehold_tests::sim::{Act, Actor, Deed, Scenario, Verdict, View, World};
use std::collections::BTreeMap;

/// All that is ever saved in these scenarios, each of another length.
const CONTENTS: [&str; 6] = ["0", "first", "the second", "the third one", "the fourth of all", "anew, and long enough"];

/// The token file of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
struct RunName {
    token: u64,
    phase: String,
    birth: String,
    save: String,
    keep: u64,
    holder: Option<(String, u64)>,
}

fn run(path: &str) -> Option<RunName> {
    let fields: Vec<&str> = last(path).split('.').collect();
    let ([token, phase, _, birth, save, _, keep], rest) = fields.split_first_chunk()?;
    let holder = match (*phase, rest) {
        ("held", [holder, epoch]) => Some(((*holder).into(), number(epoch)?)),
        ("armed" | "damaged" | "done" | "tomb", []) => None,
        _ => return None,
    };
    let token = number(token)?;
    Some(RunName {
        token,
        phase: (*phase).into(),
        birth: (*birth).into(),
        save: (*save).into(),
        keep: number(keep)?,
        holder,
    })
}

/// How long the file of a save has to be.
#[derive(Debug, Clone, Copy)]
enum Length {
    /// A file of its own.
    Whole(u64),
    /// A pack that goes on at least so far.
    AtLeast(u64),
}

impl Length {
    fn read(text: &str) -> Option<Self> {
        match text.split('-').collect::<Vec<_>>()[..] {
            [size] => Some(Length::Whole(number(size)?)),
            [_, length, at, _pack] => Some(Length::AtLeast(number(at)? + number(length)?)),
            _ => None,
        }
    }

    fn fits(self, length: usize) -> bool {
        match self {
            Length::Whole(size) => length as u64 == size,
            Length::AtLeast(end) => length as u64 >= end,
        }
    }
}

/// The file of a save: its id, its length and the save before.
fn save_file(name: &str) -> Option<(&str, Length, &str)> {
    let fields: Vec<&str> = name.split('.').collect();
    match &fields[..] {
        [id, _, size, _, previous] if id.len() == 16 => Some((*id, Length::read(size)?, *previous)),
        _ => None,
    }
}

/// Holds a scenario against all laws of checkpoints.
pub(super) fn watched(scenario: Scenario) -> Scenario {
    scenario.observe(witness).always(stands).always(went)
}

fn witness(act: &Act) -> Option<(String, u64)> {
    if let Some(event) = laws::witness(act) {
        return Some(event);
    }
    let illegal = |why: &str| Some((format!("illegal: {why}: {:?} {} {:?}", act.deed, act.path, act.to), 0));
    let path = act.path.strip_prefix("checkpoint/").filter(|path| !path.starts_with("tmp/"))?;
    let name = path.split('/').next()?;
    let before = run(path)?;
    if act.deed == Deed::Unlink {
        return if before.phase == "tomb" { None } else { illegal("an unlinked run") };
    }
    let Some(after) = act.to.as_deref().and_then(run) else { return illegal("what was a run") };
    if before.birth != after.birth {
        return illegal("another birth");
    }
    let same_token = before.token == after.token;
    let rises = after.token > before.token;
    let same_save = before.save == after.save;
    // Actors `A` and `A2` are two threads that share the holder `a`.
    let is_own = |holder: &str| act.actor.to_lowercase().starts_with(holder);
    let from = match &before.holder {
        Some((holder, epoch)) if !is_own(holder) => format!(" from {holder} {epoch}"),
        _ => String::new(),
    };
    let event = match (before.phase.as_str(), after.phase.as_str()) {
        ("armed" | "held", "held") if rises && same_save => {
            let (holder, epoch) = after.holder?;
            // Also its own earlier epoch is another holder.
            let from = before.holder.map(|(holder, epoch)| format!(" from {holder} {epoch}")).unwrap_or_default();
            format!("claim {name} {holder} {epoch} {}{from}", after.save)
        }
        ("held", "held") if same_token && !same_save && before.holder == after.holder && from.is_empty() => {
            format!("save {name} {}", after.save)
        }
        ("held", "armed") if rises && same_save => format!("armed {name}{from}"),
        ("armed" | "held" | "damaged" | "done", "armed") if rises && !same_save => {
            format!("save {name} {}{from}", after.save)
        }
        ("armed" | "held", "damaged") if same_token && same_save => format!("damaged {name}{from}"),
        ("held", "done") if same_token && same_save && from.is_empty() => format!("done {name}"),
        ("armed" | "held" | "damaged" | "done", "tomb") if same_token => format!("tomb {name}{from}"),
        _ => return illegal("no such transition"),
    };
    Some((event, after.token))
}

fn saves(view: &View<'_>, key: &str) -> Vec<(String, String, Length, String)> {
    let names = view.names(&format!("checkpoint/{key}"));
    let Some(content) = names.iter().find(|name| name.starts_with("c.")) else { return Vec::new() };
    let files = view.names(&format!("checkpoint/{key}/{content}"));
    let saves = files.iter().filter_map(|file| {
        let (id, size, previous) = save_file(file)?;
        Some((format!("checkpoint/{key}/{content}/{file}"), id.into(), size, previous.into()))
    });
    saves.collect()
}

fn keys(view: &View<'_>) -> Vec<String> {
    let is_own = |key: &String| ["tmp", "floor", "quarantine"].contains(&key.as_str()) || key.starts_with("format");
    view.names("checkpoint").into_iter().filter(|key| !is_own(key)).collect()
}

/// Whether every run has one token file, and the save that it names.
fn stands(view: &View<'_>) -> Verdict {
    for key in keys(view) {
        let names = view.names(&format!("checkpoint/{key}"));
        let tokens: Vec<RunName> = names.iter().filter_map(|name| run(name)).collect();
        match &tokens[..] {
            [] if names.is_empty() => {}
            [one] if matches!(one.phase.as_str(), "tomb" | "done") => {}
            [one] => {
                let saves = saves(view, &key);
                let Some((path, _, size, _)) = saves.iter().find(|(_, id, ..)| *id == one.save) else {
                    return Err(format!("{one:?} names a save that is not there: {saves:?}"));
                };
                let content = view.read(path).unwrap_or_default();
                if !size.fits(content.len()) {
                    return Err(format!("{path} holds {content:?}"));
                }
            }
            _ => return Err(format!("checkpoint/{key} holds {names:?}")),
        }
    }
    Ok(())
}

/// Whether each run keeps as many saves as it says, from the last one on. Where that many were saved before.
pub(super) fn history_stands(view: &View<'_>) -> Verdict {
    for key in keys(view) {
        let names = view.names(&format!("checkpoint/{key}"));
        let Some(one) = names.iter().find_map(|name| run(name)) else { continue };
        if matches!(one.phase.as_str(), "tomb" | "done") {
            continue;
        }
        let saves = saves(view, &key);
        let mut next = one.save.clone();
        for _ in 0..one.keep {
            match saves.iter().find(|(_, id, ..)| *id == next) {
                Some((.., previous)) => next.clone_from(previous),
                None => return Err(format!("{one:?} keeps {} saves, and {next} is not there: {saves:?}", one.keep)),
            }
        }
    }
    Ok(())
}

/// Whether an epoch lives, by what stands on the disk.
fn lives(view: &View<'_>, holder: &str, epoch: &str) -> bool {
    let names = view.names(&format!("holders/{holder}"));
    names.iter().filter_map(|name| names::holder(name)).any(|state| state.live && state.epoch.to_string() == epoch)
}

/// Whether what happened so far could happen.
fn went(view: &View<'_>) -> Verdict {
    let mut tokens: BTreeMap<&str, u64> = BTreeMap::new();
    for (at, event) in view.log().iter().enumerate() {
        let words: Vec<&str> = event.what.split(' ').collect();
        match &words[..] {
            ["illegal:", ..] => return Err(event.what.clone()),
            ["claim", name, ..] => match tokens.insert(name, event.value) {
                Some(before) if before >= event.value => return Err(format!("{event}: it follows {before}")),
                _ => {}
            },
            ["told", name, holder, epoch, save] => {
                let log = &view.log()[..at];
                let claim = format!("claim {name} {holder} {epoch} {save}");
                let claimed = log.iter().position(|e| e.what.starts_with(&claim) && e.value == event.value);
                let Some(claimed) = claimed else { return Err(format!("{event}: it never claimed that")) };
                let over = format!("over {holder} {epoch}");
                if log.iter().position(|e| e.what == over).is_some_and(|over| over < claimed) {
                    return Err(format!("{event}: that epoch was over before it claimed it"));
                }
            }
            ["acked", id] if !view.log()[..at].iter().any(|e| e.what.starts_with(&format!("save r {id}"))) => {
                return Err(format!("{event}: it was never saved"));
            }
            _ => {}
        }
    }
    let Some(event) = view.log().last() else { return Ok(()) };
    let words: Vec<&str> = event.what.split(' ').collect();
    match &words[..] {
        [.., "from", holder, epoch] if lives(view, holder, epoch) => Err(format!("{event}: that epoch lives")),
        _ => Ok(()),
    }
}

/// A world where these holders live, and the store is there and nothing in it.
pub(super) fn marked(holders: &[&str]) -> World {
    let world = world(holders);
    world.file("checkpoint/format", "leasehold checkpoints 1\n");
    world.directory("checkpoint/tmp");
    world
}

/// A world where these holders live, and a run is armed that keeps so many saves; it was saved that often.
pub(super) fn armed_with(holders: &[&str], history: u32) -> World {
    let world = world(holders);
    for content in &CONTENTS[2 - history as usize..2] {
        let options = SaveOptions { history: Some(history), ..SaveOptions::default() };
        world.checkpoints().save("r", content.as_bytes(), &options, Standard).unwrap();
        world.advance(10);
    }
    world
}

/// A world where these holders live, and a run is armed.
pub(super) fn armed(holders: &[&str]) -> World {
    armed_with(holders, 1)
}

/// A world where these holders live, and the first holds the run; and its receipt.
pub(super) fn held(holders: &[&str]) -> (World, String) {
    let world = armed(holders);
    let holder = world.holders().attach(holders[0], Standard).unwrap();
    let receipt = world.checkpoints().claim("r", &holder, None, Standard).unwrap().unwrap().receipt;
    (world, receipt)
}

/// Saves without a receipt.
pub(super) fn save(actor: &Actor, content: &str) -> &'static str {
    kind(actor.checkpoints().save("r", content.as_bytes(), &SaveOptions::default(), Standard), "saved")
}

/// Saves what is held.
pub(super) fn save_held(actor: &Actor, content: &str, receipt: &str, keep_claim: bool) -> &'static str {
    let options = SaveOptions { receipt: Some(receipt), keep_claim, history: None };
    let saved = actor.checkpoints().save("r", content.as_bytes(), &options, Standard);
    if let Ok(id) = &saved {
        actor.log(format!("acked {id}"), 0);
    }
    kind(saved, "saved")
}

/// Claims the run: answers its receipt and content, or the kind of the error.
pub(super) fn claim(actor: &Actor) -> Result<String> {
    claim_expecting(actor, None)
}

pub(super) fn claim_expecting(actor: &Actor, expected: Option<&str>) -> Result<String> {
    let holder = hold(actor)?;
    match actor.checkpoints().claim("r", &holder, expected, Standard) {
        Ok(Some(claimed)) => {
            let content = text(&claimed.content);
            assert!(CONTENTS.contains(&content.as_str()), "{content:?} was never saved");
            assert_eq!(claimed.save.size, content.len() as u64);
            actor.log(format!("told r {} {} {}", holder.name(), holder.epoch(), claimed.save.id), claimed.token);
            Ok(format!("{} {content}", claimed.receipt))
        }
        Ok(None) => Ok("nothing".into()),
        Err(error) => Ok(kind::<()>(Err(error), "").into()),
    }
}

/// The content that was claimed, by the words of an end.
pub(super) fn content(words: Option<&str>) -> Option<&str> {
    words?.strip_prefix("c.")?.split_once(' ').map(|(_, content)| content)
}

/// The receipt of what was claimed, by the words of an end.
pub(super) fn receipt(words: &str) -> Option<&str> {
    words.split_once(' ').map(|(receipt, _)| receipt).filter(|receipt| receipt.starts_with("c."))
}

/// Adds an actor that claims the run and completes it: it ends as `did` and the content.
pub(super) fn worker(scenario: Scenario, name: &str) -> Scenario {
    scenario.actor(name, claim).then(name, |a, words| match receipt(words) {
        None => words.to_owned(),
        Some(receipt) => {
            let content = content(Some(words)).unwrap_or_default();
            match a.checkpoints().complete("r", receipt, Standard) {
                Ok(()) => format!("did {content}"),
                Err(error) => kind::<()>(Err(error), "").into(),
            }
        }
    })
}

/// Sweeps the checkpoints.
pub(super) fn sweep(actor: &Actor) -> &'static str {
    kind(Maintenance::new(None, None).with_checkpoints(Some(actor.checkpoints())).sweep(OLD), "swept")
}

/// Arms what dead holders hold.
pub(super) fn recover(actor: &Actor) -> Result<u64> {
    actor.checkpoints().recover(Standard).map(|runs| runs.len() as u64)
}

fn highest(view: &View<'_>) -> u64 {
    let claims = view.log().iter().filter(|event| event.what.starts_with("claim "));
    claims.map(|event| event.value).max().unwrap_or(0)
}

/// What a later holder found, or what is wrong.
type Left = std::result::Result<String, String>;

/// Long after everybody has stopped a later holder claims what is left under a higher token, completes it, and answers
/// its content (`damaged`, or `nothing` if there is no run). It is swept, nobody finds anything damaged; it is saved
/// anew, and claimed under a higher token still.
pub(super) fn later(view: &View<'_>) -> Left {
    later_in(&view.world(), highest(view))
}

pub(super) fn later_in(world: &World, mut before: u64) -> Left {
    let words = |error: Error| error.to_string();
    world.advance(10 * LONG);
    let holder = world.holders().open("later", 1000 * LONG, Standard).map_err(words)?;
    let mut left = None;
    for _ in 0..2 {
        let store = world.checkpoints();
        let claimed = match store.claim("r", &holder, None, Standard) {
            Err(Error::Damaged(_)) => {
                left.get_or_insert("damaged".into());
                store.remove("r", Standard).map_err(words)?;
                None
            }
            other => other.map_err(words)?,
        };
        if let Some(claimed) = claimed {
            if claimed.token <= before {
                return Err(format!("token {} follows {before}", claimed.token));
            }
            before = claimed.token;
            left.get_or_insert(text(&claimed.content));
            store.complete("r", &claimed.receipt, Standard).map_err(words)?;
        }
        left.get_or_insert("nothing".into());
        world.advance(2 * OLD);
        world.maintenance().sweep(OLD).map_err(words)?;
        let rest: Vec<String> = world.view(|view| view.below("checkpoint"));
        let is_fine = |path: &String| ["format", "floor/", "quarantine/"].iter().any(|fine| path.starts_with(fine));
        if !rest.iter().all(is_fine) {
            return Err(format!("this is left: {rest:?}"));
        }
        let findings = world.maintenance().check().map_err(words)?;
        if !findings.is_empty() {
            return Err(format!("{findings:?}"));
        }
        // Tokens rise though the clock falls.
        world.jump(-(5 * LONG as i64));
        store.save("r", b"0", &SaveOptions::default(), Standard).map_err(words)?;
    }
    Ok(left.unwrap_or_default())
}

/// A later holder finds one of these.
pub(super) fn leaves(view: &View<'_>, fine: &[&str]) -> Verdict {
    let left = later(view)?;
    if fine.contains(&left.as_str()) { Ok(()) } else { Err(format!("a later holder found {left:?}, and not {fine:?}")) }
}

/// In which state the run is.
pub(super) fn state(view: &View<'_>) -> Option<RunState> {
    view.world().checkpoints().get("r").unwrap().map(|info| info.state)
}
