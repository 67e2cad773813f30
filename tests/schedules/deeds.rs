//! What actors do in these scenarios. An actor `A` holds by the holder `a`.

use leasehold_core::Durability::Standard;
use leasehold_core::holder::Holder;
use leasehold_core::maintenance::Maintenance;
use leasehold_core::queue::{ClaimedTask, NewTask, OnDuplicate};
use leasehold_core::{Error, Result};
use leasehold_tests::sim::{Actor, Scenario, SimDirectory, World};

/// How long holders live and claims last.
pub(super) const LONG: u64 = 600_000;
/// How old debris must be to be swept.
pub(super) const OLD: u64 = 60_000;

pub(super) fn task(payload: &str) -> NewTask<'_> {
    NewTask { payload: payload.as_bytes(), ..NewTask::default() }
}

pub(super) fn given<'a>(id: &'a str, payload: &'a str) -> NewTask<'a> {
    NewTask { id: Some(id), ..task(payload) }
}

/// A world where these holders live.
pub(super) fn world(holders: &[&str]) -> World {
    let world = World::new();
    for name in holders {
        world.holders().open(name, LONG, Standard).unwrap();
    }
    world
}

/// A world where these holders live and one task waits.
pub(super) fn world_with(holders: &[&str], task: NewTask<'_>) -> World {
    let world = world(holders);
    world.queue("q").push(&[task], OnDuplicate::Refuse, Standard).unwrap();
    world
}

/// A world where these holders live, and a queue that is there and empty.
pub(super) fn empty_queue(holders: &[&str]) -> World {
    let world = world_with(holders, task("first"));
    let holder = world.holders().open("scene", 1, Standard).unwrap();
    let queue = world.queue("q");
    let first = queue.claim(&holder, 1, None, Standard).unwrap().remove(0);
    queue.done(&first.receipt, None, Standard).unwrap();
    world
}

/// The holder of an actor, as its scene has opened it.
pub(super) fn hold(actor: &Actor) -> Result<Holder<SimDirectory>> {
    actor.holders().attach(&actor.name().to_lowercase(), Standard)
}

/// Claims one task, and logs that it was handed out.
pub(super) fn claim(actor: &Actor) -> Result<Option<ClaimedTask>> {
    let holder = hold(actor)?;
    let task = actor.queue("q").claim(&holder, 1, Some(LONG), Standard)?.pop();
    if let Some(task) = &task {
        actor.log(format!("handed {} {}", holder.name(), holder.epoch()), task.token);
    }
    Ok(task)
}

/// What a claim in the scene was answered.
pub(super) fn claimed(world: &World, holder: &str) -> ClaimedTask {
    let holder = world.holders().attach(holder, Standard).unwrap();
    world.queue("q").claim(&holder, 1, Some(LONG), Standard).unwrap().remove(0)
}

pub(super) fn text(payload: &[u8]) -> String {
    String::from_utf8(payload.to_vec()).unwrap()
}

/// Claims a task; answers its receipt and payload, or `nothing`.
pub(super) fn take(actor: &Actor) -> Result<String> {
    Ok(match claim(actor)? {
        None => "nothing".into(),
        Some(task) => format!("{} {}", task.receipt, text(&task.payload)),
    })
}

/// What was taken: its receipt and its payload.
pub(super) fn taken(words: &str) -> Option<(&str, &str)> {
    words.split_once(' ').filter(|(receipt, _)| receipt.starts_with("a.") || receipt.starts_with("i."))
}

/// Adds an actor that claims a task and does it, and ends as `did` and the payload.
pub(super) fn worker(scenario: Scenario, name: &str) -> Scenario {
    scenario.actor(name, take).then(name, |a, words| match taken(words) {
        None => Ok(words.into()),
        Some((receipt, payload)) => a.queue("q").done(receipt, None, Standard).map(|()| format!("did {payload}")),
    })
}

/// Sweeps the queues.
pub(super) fn sweep(actor: &Actor) -> Result<u64> {
    Maintenance::new(Some(actor.queues()), None).sweep(OLD)
}

pub(super) fn push(actor: &Actor, task: NewTask<'_>, on_duplicate: OnDuplicate) -> Result<&'static str> {
    actor.queue("q").push(&[task], on_duplicate, Standard).map(|_| "pushed")
}

/// The kind of an error, without the words.
pub(super) fn kind<T>(result: Result<T>, fine: &'static str) -> &'static str {
    match result {
        Ok(_) => fine,
        Err(Error::Lost(_)) => "lost",
        Err(Error::Exists(_)) => "exists",
        Err(Error::Held(_)) => "held",
        Err(Error::NotFound(_)) => "not found",
        Err(Error::Exhausted(_)) => "exhausted",
        Err(Error::Io(_)) => "io",
        Err(Error::Damaged(_)) => "damaged",
        Err(_) => "another error",
    }
}

/// Does something in the scene and is killed before the first operation that begins with these words.
pub(super) fn killed_before<T>(world: &World, words: &str, deed: impl Fn(&World) -> Result<T>) {
    let copy = world.copy();
    copy.record();
    assert!(deed(&copy).is_ok(), "it should do something");
    let recorded = copy.recorded();
    let at = recorded.iter().position(|step| step.starts_with(words));
    world.stop_after(at.unwrap_or_else(|| panic!("nothing is called {words}: {recorded:#?}")) as u64);
    // What fails from there on may be tidying, which is no failure of the deed.
    drop(deed(world));
    world.go_on();
}
