//! Who has a task of a list, where several claim, complete and give back, and holders end.

use super::deeds::{LONG, kind};
use super::list_laws::{NOBODY, claim, complete, goes_on, held, listed, update, watched};
use super::names;
use leasehold_core::Durability::Standard;
use leasehold_core::tasklist::{Claim, NewTask, Status, Update};
use leasehold_tests::sim::{Actor, Listings, Scenario};

fn is_token(words: Option<&str>) -> bool {
    words.is_some_and(|words| words.parse::<u64>().is_ok())
}

/// Of two who claim one task one has it; of two who claim the next of two tasks each has one.
#[test]
fn a_task_is_claimed_by_one() {
    for listings in [Listings::Atomic, Listings::Btrfs] {
        watched(Scenario::new(format!("two claim a task, {listings:?}"), &listed(&["a", "b"], 1)))
            .actor("A", |a| claim(a, Some(1)))
            .actor("B", |a| claim(a, Some(1)))
            .listings(listings)
            .crashes(2)
            .finally(|view, ends| match (ends.of("A"), ends.of("B")) {
                (Some("owned"), other) | (other, Some("owned")) if is_token(other) || other.is_none() => goes_on(view),
                (None, other) | (other, None) if is_token(other) || other.is_none() => goes_on(view),
                other => Err(format!("{other:?}")),
            })
            .holds();
        watched(Scenario::new(format!("two claim the next, {listings:?}"), &listed(&["a", "b"], 2)))
            .actor("A", |a| claim(a, None))
            .actor("B", |a| claim(a, None))
            .listings(listings)
            .crashes(1)
            .finally(|view, ends| match (ends.of("A"), ends.of("B")) {
                (a, b) if (a.is_none() || is_token(a)) && (b.is_none() || is_token(b)) => goes_on(view),
                other => Err(format!("{other:?}")),
            })
            .holds();
    }
}

/// Who is killed while claiming, and starts again, has its task under the token that it has it under.
#[test]
fn who_is_killed_while_claiming_asks_again_and_has_it() {
    watched(Scenario::new("claimed, killed, and claimed again", &listed(&["a", "b"], 1)))
        .actor("A", |a| claim(a, Some(1)))
        .restart("A", |a| claim(a, Some(1)))
        .actor("B", |a| claim(a, Some(1)))
        .crashes(2)
        .finally(|view, ends| match (ends.of("A"), ends.of("B")) {
            (Some("owned"), other) if is_token(other) || other.is_none() => goes_on(view),
            (a, Some("owned") | None) if is_token(a) || a.is_none() => goes_on(view),
            // It was not started again before everybody stopped.
            (None, b) if is_token(b) => goes_on(view),
            other => Err(format!("{other:?}")),
        })
        .holds();
}

/// The holder ends, or opens its next epoch, between the look at it and the claim: what it took is given back, and it is told
/// that it is lost.
#[test]
fn a_task_that_an_epoch_claimed_after_its_end_is_given_back() {
    for ends_it in [false, true] {
        watched(Scenario::new(format!("claimed while its holder is over, ended: {ends_it}"), &listed(&["w", "v"], 1)))
            .actor("W", |a| claim(a, Some(1)))
            .actor("O", move |a| match ends_it {
                true => kind(a.holders().attach("w", Standard).and_then(|holder| holder.end(Standard)), "ended"),
                false => kind(a.holders().open("w", LONG, Standard), "opened"),
            })
            .actor("V", |a| claim(a, None))
            .crashes(1)
            .finally(move |view, ends| {
                let task = view.world().lists().get("l", 1).map_err(|error| error.to_string())?.ok_or("no task")?;
                let owner = task.owner.as_ref().map(|owner| (owner.holder.as_str(), owner.epoch));
                match (ends.of("W"), ends.of("V")) {
                    // It was told so before its end, or it opened in its next epoch.
                    (w, Some("owned" | "none")) if is_token(w) && owner.is_some_and(|(holder, _)| holder == "w") => {}
                    (_, v) if is_token(v) && owner.is_some_and(|(holder, _)| holder == "v") => {}
                    // It has given it back, or was killed before that.
                    (Some("lost" | "not found" | "held") | None, _) if !task.alive || !ends.all_ended() => {}
                    (w, None) if is_token(w) => {}
                    (Some("owned"), v) if is_token(v) || v.is_none() => {}
                    other => return Err(format!("{other:?} {task:?}")),
                }
                goes_on(view)
            })
            .holds();
    }
}

/// Nobody is left with a task that it was told was lost, while its holder's name lives on in another epoch.
#[test]
fn who_was_told_that_it_is_lost_has_nothing() {
    watched(Scenario::new("claimed while its holder ends, nobody killed", &listed(&["w"], 1)))
        .actor("W", |a| claim(a, Some(1)))
        .actor("O", |a| kind(a.holders().attach("w", Standard).and_then(|holder| holder.end(Standard)), "ended"))
        .crashes(0)
        .finally(|view, ends| {
            let task = view.world().lists().get("l", 1).map_err(|error| error.to_string())?.ok_or("no task")?;
            match ends.of("W") {
                Some("lost" | "not found") if task.owner.is_none() && task.status == Status::Pending => goes_on(view),
                words if is_token(words) && task.owner.is_some() => goes_on(view),
                other => Err(format!("{other:?}, and this is left: {task:?}")),
            }
        })
        .holds();
}

/// The token of an earlier claim ends, gives back and deletes nothing of a later one, whoever has it.
#[test]
fn an_earlier_claim_changes_nothing_of_a_later_one() {
    for by_other in [true, false] {
        let (world, old) = held(&["a", "b"], 1);
        watched(Scenario::new(format!("ended under an earlier claim, another's: {by_other}"), &world))
            .actor("A", move |a| complete(a, 1, Some(old)))
            .actor("A2", move |a| kind(a.lists().release("l", 1, old, NOBODY, Standard), "released"))
            .actor(if by_other { "B" } else { "A3" }, move |a: &Actor| {
                let name = if by_other { "b" } else { "a" };
                let claimed = a.holders().attach(name, Standard).and_then(|holder| {
                    let claimed = a.lists().claim("l", 1, &holder, false, Standard)?;
                    if let Claim::Ok { token, .. } = claimed {
                        a.log(format!("told 1 {name} {}", holder.epoch()), token);
                    }
                    Ok(claimed)
                });
                match claimed {
                    Ok(Claim::Ok { token, .. }) => token.to_string(),
                    Ok(Claim::AlreadyOwned(_)) => "owned".into(),
                    Ok(Claim::AlreadyCompleted) => "completed".into(),
                    other => format!("{other:?}"),
                }
            })
            .crashes(1)
            .finally(move |view, ends| {
                let task = view.world().lists().get("l", 1).map_err(|error| error.to_string())?.ok_or("no task")?;
                let later = ends.of(if by_other { "B" } else { "A3" }).and_then(|words| words.parse::<u64>().ok());
                if later.is_some_and(|later| later != old)
                    && (task.status != Status::InProgress || task.owner.as_ref().map(|owner| owner.token) != later)
                {
                    return Err(format!("{later:?} was told, and this is left: {task:?}"));
                }
                match (ends.of("A"), ends.of("A2")) {
                    (Some("completed"), Some("lost") | None) if task.status == Status::Completed => goes_on(view),
                    (Some("lost") | None, Some("released")) if task.status != Status::Completed => goes_on(view),
                    (Some("lost"), None) | (None, Some("lost")) | (None, None) => goes_on(view),
                    other => Err(format!("{other:?} {task:?}")),
                }
            })
            .holds();
    }
}

/// One completes without a token, and one claims: whoever is second learns it. Nobody ends what another has.
#[test]
fn nobody_ends_what_another_has_just_claimed() {
    watched(Scenario::new("ended by anybody, and claimed", &listed(&["b"], 1)))
        .actor("X", |a| complete(a, 1, None))
        .actor("Y", |a| kind(a.lists().delete("l", 1, None, None, NOBODY, Standard), "deleted"))
        .actor("B", |a| claim(a, Some(1)))
        .crashes(1)
        .finally(|view, ends| {
            let task = view.world().lists().get("l", 1).map_err(|error| error.to_string())?.ok_or("no task")?;
            match (ends.of("X"), ends.of("Y"), ends.of("B")) {
                (Some("held") | None, Some("held") | None, b) if is_token(b) && task.alive => goes_on(view),
                (_, _, b) if is_token(b) => Err(format!("{b:?} was told, and this is left: {task:?}")),
                (Some("completed"), Some("deleted") | None, _) => goes_on(view),
                (Some("not found"), Some("deleted"), _) => goes_on(view),
                (None, Some("deleted" | "held") | None, _) | (Some("held" | "not found"), None, None) => goes_on(view),
                (Some("completed" | "held" | "not found"), Some("deleted" | "held"), None) => goes_on(view),
                other => Err(format!("{other:?} {task:?}")),
            }
        })
        .holds();
}

/// What a dead holder had is reaped, or claimed, once; who was late learns of its death before anything is taken from it, by
/// whatever way.
#[test]
fn a_late_holder_learns_of_its_death_before_its_task_is_taken() {
    let take = |way: &'static str| {
        move |a: &Actor| match way {
            "claims" => claim(a, Some(1)),
            "reaps" => kind(a.lists().reap("l", Standard), "reaped").into(),
            "gives up" => {
                let pending = Update { status: Some(Status::Pending), ..Update::default() };
                kind(update(&a.lists(), 1, &pending), "given up").into()
            }
            _ => kind(a.lists().delete("l", 1, None, None, NOBODY, Standard), "deleted").into(),
        }
    };
    for way in ["claims", "reaps", "gives up", "deletes"] {
        let (world, token) = held(&["a", "b"], 1);
        watched(Scenario::new(format!("a late holder, from whom one {way}"), &world))
            .actor("A", |a| kind(a.holders().attach("a", Standard).and_then(|holder| holder.renew(Standard)), "beats"))
            .actor("B", take(way))
            .clock("clock", |c| c.advance(LONG + 1))
            .crashes(0)
            .finally(move |view, ends| {
                let task = view.world().lists().get("l", 1).map_err(|error| error.to_string())?.ok_or("no task")?;
                let has = task.owner.as_ref().is_some_and(|owner| owner.token == token);
                let holder = view.names("holders/a").iter().find_map(|name| names::holder(name));
                let lives = holder.is_some_and(|holder| holder.live && holder.epoch == 1);
                if lives && !has {
                    return Err(format!("it {:?}, and has lost {task:?}", ends.of("A")));
                }
                goes_on(view)
            })
            .holds();
    }
}

/// A task that waits is claimed only once what it waits for is completed, whenever that is.
#[test]
fn what_waits_is_claimed_only_after_what_it_waits_for() {
    let world = listed(&["a", "b"], 1);
    let waits = NewTask { subject: "y", blocked_by: &[1], ..NewTask::default() };
    world.lists().create("l", &[waits], NOBODY, Standard).unwrap();
    watched(Scenario::new("claimed while what it waits for is completed", &world))
        .actor("A", |a| claim(a, Some(1)))
        .then("A", |a, words| match words.parse() {
            Ok(token) => complete(a, 1, Some(token)).into(),
            Err(_) => words.to_owned(),
        })
        .actor("B", |a| match claim(a, Some(2)) {
            token if token.parse::<u64>().is_ok() => {
                let first = a.lists().get("l", 1).ok().flatten().map(|task| task.status);
                if first == Some(Status::Completed) { "after".into() } else { format!("before: {first:?}") }
            }
            words => words,
        })
        .crashes(1)
        .finally(|view, ends| match (ends.of("A"), ends.of("B")) {
            (Some("completed") | None, Some("after" | "Blocked([1])") | None) => goes_on(view),
            other => Err(format!("{other:?}")),
        })
        .holds();
}
