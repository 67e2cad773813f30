//! Who holds a run, where several claim, complete and recover it, holders end, and content is damaged.

use super::checkpoint_laws::{
    armed, claim, claim_expecting, content, held, later_in, leaves, receipt, recover, save, save_held, state, sweep,
    watched, worker,
};
use super::deeds::{LONG, hold, kind};
use super::laws::walks;
use leasehold_core::Durability::Standard;
use leasehold_core::checkpoint::RunState;
use leasehold_tests::sim::{Actor, Endings, Listings, Scenario, World};

/// How many completed it.
fn dids(ends: &Endings, actors: &[&str]) -> usize {
    actors.iter().filter(|actor| ends.of(actor).is_some_and(|words| words.starts_with("did "))).count()
}

/// C1: of those who claim at a time one has it, and one completes it.
#[test]
fn a_claim_is_handed_to_one() {
    for listings in [Listings::Atomic, Listings::Btrfs] {
        let scenario = Scenario::new(format!("two claim and complete, {listings:?}"), &armed(&["a", "b"]));
        worker(worker(watched(scenario), "A"), "B")
            .listings(listings)
            .crashes(2)
            .finally(|view, ends| match dids(ends, &["A", "B"]) {
                1 => leaves(view, &["nothing"]),
                0 if !ends.all_ended() => leaves(view, &["first", "nothing"]),
                other => Err(format!("{other} completed it")),
            })
            .holds();
    }
    let scenario = watched(Scenario::new("three claim and complete", &armed(&["a", "b", "c"]))).crashes(2);
    let scenario = worker(worker(worker(scenario, "A"), "B"), "C").listings(Listings::Btrfs);
    walks(
        scenario.finally(|_, ends| match dids(ends, &["A", "B", "C"]) {
            1 => Ok(()),
            0 if !ends.all_ended() => Ok(()),
            other => Err(format!("{other} completed it")),
        }),
        3_000,
    );
}

/// Hole 8: W reads that it lives, O opens its next epoch (or ends it), W's swap lands: it is given back, and W told that
/// it is lost.
#[test]
fn a_run_that_an_epoch_claimed_after_its_end_is_given_back() {
    for ending in [false, true] {
        let scenario = watched(Scenario::new(format!("claimed while over, ended: {ending}"), &armed(&["w", "v"])));
        worker(scenario.actor("W", claim), "V")
            .actor("O", move |a| match ending {
                true => kind(a.holders().attach("w", Standard).and_then(|holder| holder.end(Standard)), "ended"),
                false => kind(a.holders().open("w", LONG, Standard), "opened"),
            })
            .crashes(2)
            .finally(|view, ends| {
                let held =
                    view.below("checkpoint/r").iter().any(|path| path.contains(".held.") && path.contains(".w."));
                if ends.of("W") == Some("lost") && held {
                    return Err("w was told that it is lost, and holds it".into());
                }
                let left = if ends.of("V") == Some("did first") { "nothing" } else { "first" };
                if ends.of("V").is_none() { leaves(view, &["first", "nothing"]) } else { leaves(view, &[left]) }
            })
            .holds();
    }
}

/// C4, and hole 9: the receipt of an earlier claim completes, arms and saves nothing of a later one of the same holder.
#[test]
fn the_receipt_of_an_earlier_claim_changes_no_later_one() {
    for what in ["complete", "release", "save", "keep"] {
        let (world, old) = held(&["a", "b"]);
        let late = old.clone();
        watched(Scenario::new(format!("{what} under an earlier claim"), &world))
            .actor("A", move |a| match what {
                "complete" => kind(a.checkpoints().complete("r", &late, Standard), "done"),
                "release" => kind(a.checkpoints().release("r", &late, Standard), "released"),
                _ => save_held(a, "the third one", &late, what == "keep"),
            })
            .actor("A2", move |a| match save_held(a, "the second", &old, false) {
                "saved" => "saved".into(),
                other => other.to_string(),
            })
            .then("A2", |a, words| match words {
                "saved" => {
                    let holder = a.holders().attach("a", Standard).unwrap();
                    match a.checkpoints().claim("r", &holder, None, Standard) {
                        Ok(Some(claimed)) => {
                            a.log("again", claimed.token);
                            claimed.receipt
                        }
                        other => kind(other, "nothing").into(),
                    }
                }
                other => other.into(),
            })
            .crashes(1)
            .always(|view| match view.logged("again").first() {
                Some(token) => {
                    let info = view.world().checkpoints().get("r").unwrap().unwrap();
                    match (info.state, info.token == *token) {
                        (RunState::Held, true) => Ok(()),
                        other => {
                            Err(format!("the later claim, {token}, was ended by the receipt of the earlier: {other:?}"))
                        }
                    }
                }
                None => Ok(()),
            })
            .finally(|view, ends| match ends.of("A") {
                Some("done") => leaves(view, &["nothing"]),
                Some("released") => leaves(view, &["first"]),
                Some("saved") => leaves(view, &["the second", "the third one"]),
                Some("lost") | None => leaves(view, &["first", "the second", "the third one", "nothing"]),
                other => Err(format!("{other:?}")),
            })
            .holds();
    }
}

/// Hole 11, C2: a late holder is declared dead by a swap first; where it renewed, nothing is taken from it.
#[test]
fn a_late_holder_learns_of_its_death_before_its_run_is_taken() {
    let (world, receipt) = held(&["a"]);
    watched(Scenario::new("a late holder's run", &world))
        .actor("A", move |a| {
            let renewed = hold(a).is_ok();
            let done = kind(a.checkpoints().complete("r", &receipt, Standard), "done");
            format!("{renewed} {done}")
        })
        .actor("R", recover)
        .actor("B", |a| {
            let holder = a.holders().open("b", LONG, Standard)?;
            a.checkpoints()
                .claim("r", &holder, None, Standard)
                .map(|claimed| claimed.map_or(0, |claimed| claimed.token))
        })
        .clock("clock", |c| c.advance(LONG + 1))
        .crashes(0)
        .finally(|view, ends| match (ends.of("A"), ends.of("B")) {
            // It was late, and lost it to nobody: the claim is over only once somebody says so.
            (Some("true done" | "false done"), _) => leaves(view, &["nothing"]),
            (Some("true lost" | "false lost"), _) => leaves(view, &["first"]),
            other => Err(format!("{other:?}")),
        })
        .holds();
}

/// What a dead holder held is recovered or claimed, once: two who recover, one who claims and completes.
#[test]
fn what_a_dead_holder_held_is_recovered_or_claimed_once() {
    let (world, receipt) = held(&["a", "b"]);
    world.holders().attach("a", Standard).unwrap().end(Standard).unwrap();
    let scenario = watched(Scenario::new("recovered, claimed, and completed late", &world))
        .actor("R", recover)
        .actor("Q", recover)
        .actor("A", move |a| kind(a.checkpoints().complete("r", &receipt, Standard), "done"));
    worker(scenario, "B")
        .crashes(1)
        .finally(|view, ends| match (ends.of("A"), ends.of("B")) {
            // Nobody had taken it yet.
            (Some("done"), Some("nothing" | "lost") | None) => leaves(view, &["nothing"]),
            (Some("lost"), Some("did first")) => leaves(view, &["nothing"]),
            (None, Some("did first" | "nothing")) => leaves(view, &["nothing"]),
            (_, None) => leaves(view, &["first", "nothing"]),
            other => Err(format!("{other:?}")),
        })
        .holds();
}

/// An answer to one save is never taken for an answer to the next.
#[test]
fn who_answers_one_save_never_gets_the_next() {
    let world = armed(&["a", "b"]);
    let id = world.checkpoints().get("r").unwrap().unwrap().save;
    let (first, second) = (id.clone(), id);
    watched(Scenario::new("two answers to a save, and another save", &world))
        .actor("A", move |a| claim_expecting(a, Some(&first)))
        .then("A", |a, words| match receipt(words) {
            Some(receipt) => save_held(a, "the second", receipt, false).into(),
            None => words.to_owned(),
        })
        .actor("B", move |a| claim_expecting(a, Some(&second)))
        .actor("S", |a| save(a, "the third one"))
        .listings(Listings::Btrfs)
        .crashes(1)
        .finally(|view, ends| {
            match content(ends.of("B")) {
                Some("first") | None => {}
                other => return Err(format!("{other:?}")),
            }
            match (ends.of("A"), ends.of("B"), ends.of("S")) {
                (Some("saved"), Some("held" | "lost") | None, _)
                | (Some("held" | "lost") | None, Some(_) | None, _) => {
                    leaves(view, &["first", "the second", "the third one"])
                }
                other => Err(format!("{other:?}")),
            }
        })
        .holds();
}

/// A run whose content is not what was saved.
fn spoilt(holders: &[&str]) -> World {
    use leasehold_core::capability::Directory;
    let world = armed(holders);
    let path = world.view(|view| view.below("checkpoint/r")).into_iter().find(|path| path.starts_with("c.")).unwrap();
    let (dir, file) = path.rsplit_once('/').unwrap();
    world.dir(&format!("checkpoint/r/{dir}")).unlink(file).unwrap();
    world.file(&format!("checkpoint/r/{path}"), "tsrif");
    world
}

/// C6: damaged content is set aside by who meets it, once; nobody holds it; a save makes the run whole again, and is
/// never set aside itself.
#[test]
fn damaged_content_is_set_aside_and_a_save_makes_it_whole() {
    for listings in [Listings::Atomic, Listings::Btrfs] {
        watched(Scenario::new(format!("damaged, claimed and saved, {listings:?}"), &spoilt(&["a", "b"])))
            .actor("A", claim)
            .actor("B", claim)
            .actor("S", |a| save(a, "the second"))
            .listings(listings)
            .crashes(1)
            .finally(|view, ends| match (ends.of("S"), ends.of("A"), ends.of("B")) {
                (Some("saved"), _, _) => leaves(view, &["the second"]),
                (None, Some(_), Some(_)) if state(view) == Some(RunState::Damaged) => leaves(view, &["damaged"]),
                (None, ..) => leaves(view, &["damaged", "the second"]),
                other => Err(format!("{other:?}")),
            })
            .holds();
    }
    watched(Scenario::new("damaged, and two claim", &spoilt(&["a", "b"])))
        .actor("A", claim)
        .actor("B", claim)
        .crashes(1)
        .finally(|view, ends| {
            if ends.count("damaged") > 0 && state(view) != Some(RunState::Damaged) {
                return Err(format!("it was told to be damaged, and is {:?}", state(view)));
            }
            match (ends.of("A"), ends.of("B")) {
                (Some("damaged") | None, Some("damaged") | None) => leaves(view, &["damaged"]),
                other => Err(format!("{other:?}")),
            }
        })
        .holds();
}

/// C7, hole 15: who is killed while it claims or works starts again, and has it at once.
#[test]
fn who_is_killed_and_starts_again_has_its_run_back_at_once() {
    let run = |a: &Actor| -> leasehold_core::Result<&'static str> {
        let holder = a.holders().open("a", LONG, Standard)?;
        let store = a.checkpoints();
        match store.claim("r", &holder, None, Standard)? {
            None => Ok("nothing"),
            Some(claimed) => store.complete("r", &claimed.receipt, Standard).map(|()| "did it"),
        }
    };
    watched(Scenario::new("killed and started again", &armed(&[])))
        .actor("A", run)
        .restart("A", run)
        .crashes(2)
        .finally(|view, ends| match ends.of("A") {
            Some("did it" | "nothing") => leaves(view, &["nothing"]),
            None => leaves(view, &["first", "nothing"]),
            other => Err(format!("{other:?}")),
        })
        .holds();
}

/// Hole 14: the holder is swept away and comes back while what it held is judged: what the past held is armed, what the
/// new epoch holds is not.
#[test]
fn the_run_of_a_holder_that_is_gone_is_taken_and_that_of_its_next_epoch_is_not() {
    let (world, _) = held(&["a"]);
    world.holders().attach("a", Standard).unwrap().end(Standard).unwrap();
    world.advance(LONG / 2);
    watched(Scenario::new("a holder swept, opened anew, its run recovered", &world))
        .actor("S", |a| leasehold_core::maintenance::Maintenance::new(None, Some(a.holders())).sweep(LONG / 4))
        .actor("R", recover)
        .actor("A", |a| {
            let holder = a.holders().open("a", LONG, Standard)?;
            let claimed = a.checkpoints().claim("r", &holder, None, Standard)?;
            leasehold_core::Result::Ok(claimed.map_or(0, |claimed| claimed.token))
        })
        .crashes(0)
        .finally(|view, ends| {
            let info = view.world().checkpoints().get("r").unwrap().unwrap();
            match ends.of("A").map(str::parse::<u64>) {
                Some(Ok(token)) if info.token == token && info.state == RunState::Held && info.alive => {
                    leaves(view, &["first"])
                }
                other => Err(format!("{other:?}, and this is left: {info:?}")),
            }
        })
        .holds();
}

/// Hole 16: a clock that jumps kills nobody in the eyes of one who has seen it before.
#[test]
fn a_long_lived_instance_takes_no_run_when_the_clock_jumps() {
    for jump in [LONG as i64 * 3, -(LONG as i64) * 3] {
        let (world, _) = held(&["a"]);
        watched(Scenario::new(format!("a run while the clock jumps by {jump}"), &world))
            .actor("R", |a| {
                let store = a.checkpoints();
                store.recover(Standard)?;
                a.log("looked", 1);
                store.recover(Standard).map(|runs| runs.len() as u64)
            })
            .clock("clock", move |c| c.jump(jump))
            .always(|view| {
                let looked = view.log().iter().position(|event| event.what == "looked");
                match looked {
                    Some(at) if view.log()[at..].iter().any(|event| event.what.starts_with("armed ")) => {
                        Err("taken by one who knows that the clock has jumped".into())
                    }
                    _ => Ok(()),
                }
            })
            .finally(|view, _| leaves(view, &["first"]))
            .holds();
    }
}

/// A sweep takes nothing of a run that is held or armed, whatever is done to it meanwhile.
#[test]
fn a_sweep_takes_no_run_that_somebody_may_still_carry_on_with() {
    let (world, receipt) = held(&["a", "b"]);
    world.advance(LONG / 2);
    let scenario = watched(Scenario::new("swept while released and claimed", &world))
        .actor("A", move |a| kind(a.checkpoints().release("r", &receipt, Standard), "released"))
        .actor("S", sweep);
    worker(scenario, "B")
        .crashes(1)
        .finally(|view, ends| match ends.of("B") {
            Some("did first") => leaves(view, &["nothing"]),
            Some("held") => leaves(view, &["first"]),
            None => leaves(view, &["first", "nothing"]),
            other => Err(format!("{other:?}")),
        })
        .holds();
    assert_eq!(later_in(&world, 0).unwrap(), "first");
}
