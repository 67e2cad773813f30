//! Ids that a caller gives are unique while their task lives.

use super::deeds::{claimed, empty_queue, given, killed_before, kind, push, worker, world_with};
use super::laws::{dones, later, walks, watched};
use super::names;
use leasehold_core::Durability::Standard;
use leasehold_core::queue::OnDuplicate::{Keep, Refuse, Replace};
use leasehold_core::queue::{NewTask, OnDuplicate};
use leasehold_tests::sim::{Actor, Listings, Scenario, Verdict, View};

fn pushes(payload: &'static str, on_duplicate: OnDuplicate) -> impl Fn(&Actor) -> &'static str {
    move |a| kind(push(a, given("x", payload), on_duplicate), "pushed")
}

/// Hole 5: of two who push one id at a time one is refused, and the other's task is there.
#[test]
fn of_two_who_push_an_id_one_is_refused() {
    for listings in [Listings::Atomic, Listings::Mixed] {
        watched(Scenario::new(format!("two push one id, {listings:?}"), &empty_queue(&[])))
            .actor("P", pushes("p", Refuse))
            .actor("Q", pushes("q", Refuse))
            .listings(listings)
            .crashes(2)
            .finally(|view, ends| {
                let later = later(view)?;
                let right = matches!(
                    (ends.of("P"), ends.of("Q"), &later.did.join("")[..]),
                    (Some("pushed"), Some("exists") | None, "p")
                        | (Some("exists") | None, Some("pushed"), "q")
                        | (Some("exists"), None, "q")
                        | (None, Some("exists"), "p")
                        | (None, None, _)
                );
                if right { Ok(()) } else { Err(format!("{later:?}")) }
            })
            .holds();
    }
}

/// Hole 5: who keeps what is there and who replaces it: one task is left, and the replacement if it came later.
#[test]
fn of_one_who_keeps_and_one_who_replaces_one_task_is_left() {
    for listings in [Listings::Atomic, Listings::Mixed] {
        watched(Scenario::new(format!("one keeps, one replaces, {listings:?}"), &empty_queue(&[])))
            .actor("K", pushes("kept", Keep))
            .actor("R", pushes("new", Replace))
            .listings(listings)
            .crashes(2)
            .finally(|view, ends| {
                let later = later(view)?;
                let right = matches!(
                    (ends.of("K"), ends.of("R"), &later.did.join("")[..]),
                    (Some("pushed") | None, Some("pushed"), "new")
                        | (Some("pushed"), None, "kept" | "new")
                        | (None, None, "" | "kept" | "new")
                );
                if right { Ok(()) } else { Err(format!("{:?} {:?} {later:?}", ends.of("K"), ends.of("R"))) }
            })
            .holds();
    }
}

/// Hole 5: of two who replace one waiting task, one's is left and the other's is gone whole.
#[test]
fn of_two_who_replace_a_task_one_is_left() {
    watched(Scenario::new("two replace one task", &world_with(&[], given("x", "old"))))
        .actor("P", pushes("p", Replace))
        .actor("Q", pushes("q", Replace))
        .crashes(2)
        .finally(|view, ends| {
            let later = later(view)?;
            let right = matches!(
                (ends.of("P"), ends.of("Q"), &later.did.join("")[..]),
                (Some("pushed"), Some("pushed") | None, "p" | "q")
                    | (None, Some("pushed"), "p" | "q")
                    | (None, None, "old" | "p" | "q")
            );
            if right { Ok(()) } else { Err(format!("{later:?}")) }
        })
        .holds();
}

/// How many lives of the id there were, and what became of each.
fn lives(view: &View<'_>, pushed: usize) -> Verdict {
    let later = later(view)?;
    let gone = view.log().iter().filter(|event| event.what.starts_with("replaced ")).count();
    match dones(view) + later.did.len() + gone {
        n if n == pushed => Ok(()),
        n => Err(format!("{pushed} were pushed, {n} are accounted for; {later:?}")),
    }
}

/// Hole 5: a pusher that lists can miss a task which moves from pending to claimed and back. Here it cannot.
#[test]
fn an_id_that_is_claimed_and_given_back_meanwhile_is_refused() {
    for listings in [Listings::Atomic, Listings::Btrfs] {
        watched(Scenario::new(format!("pushed while it moves, {listings:?}"), &world_with(&["w"], given("x", "old"))))
            .actor("W", super::deeds::take)
            .then("W", |a, words| match super::deeds::taken(words) {
                Some((receipt, _)) => kind(a.queue("q").retry(receipt, 0, "", Standard), "retried"),
                None => "nothing",
            })
            .actor("P", pushes("new", Refuse))
            .listings(listings)
            .crashes(2)
            .finally(|view, ends| match ends.of("P") {
                Some("exists") | None => lives(view, 1),
                other => Err(format!("{other:?}")),
            })
            .holds();
    }
}

/// Hole 5: replaced while a worker claims and does it: each life is done once, or replaced before it was claimed.
#[test]
fn an_id_that_is_replaced_while_it_is_worked_on_loses_no_life_and_repeats_none() {
    let world = world_with(&["w"], given("x", "old"));
    let scenario = |name: &str| {
        worker(watched(Scenario::new(name, &world)), "W").actor("R", pushes("new", Replace)).finally(|view, ends| {
            match ends.of("R") {
                Some("pushed") => lives(view, 2),
                Some("held") => lives(view, 1),
                // A replacement that was killed: `replaced` and `done` tell.
                None => lives(view, 1).or_else(|_| lives(view, 2)),
                other => Err(format!("{other:?}")),
            }
        })
    };
    scenario("replaced while it is worked on").crashes(0).holds();
    walks(scenario("replaced while it is worked on, with crashes").listings(Listings::Btrfs).crashes(2), 4_000);
}

/// Hole 5, with everybody: two pushers, a worker that gives it back, another that does it.
#[test]
fn an_id_is_unique_while_it_is_pushed_worked_on_and_given_back() {
    let world = world_with(&["w", "v"], given("x", "old"));
    let scenario = worker(watched(Scenario::new("two pushers, two workers", &world)), "W")
        .actor("V", super::deeds::take)
        .then("V", |a, words| match super::deeds::taken(words) {
            Some((receipt, _)) => kind(a.queue("q").retry(receipt, 0, "again", Standard), "retried"),
            None => "nothing",
        })
        .actor("P", pushes("p", Refuse))
        .actor("R", pushes("r", Replace))
        .listings(Listings::Mixed)
        .crashes(2)
        .finally(|view, ends| {
            let pushed = 1 + ends.count("pushed");
            if ends.all_ended() { lives(view, pushed) } else { later(view).map(|_| ()) }
        });
    walks(scenario, 4_000);
}

/// Hole 5: a claimer meets the ticket of a push that is under way beside an earlier life of the id, and is suspended:
/// the ticket is still there when the push has come true.
#[test]
fn a_ticket_is_not_removed_by_who_met_it_too_early() {
    let world = empty_queue(&["q", "c", "d"]);
    let scenario = |name: &str, listings| {
        worker(worker(watched(Scenario::new(name, &world)).listings(listings), "C"), "D")
            .actor("P", pushes("p", Refuse))
            .actor("Q", pushes("q", Refuse))
            .then("Q", |a, words| if words == "pushed" { super::deeds::take(a) } else { Ok(words.into()) })
            .then("Q", |a, words| match super::deeds::taken(words) {
                Some((receipt, _)) => kind(a.queue("q").done(receipt, None, Standard), "pushed"),
                None if words == "nothing" => "pushed",
                None => "exists",
            })
            .crashes(2)
            .finally(|view, ends| {
                let pushed = ends.count("pushed");
                if ends.all_ended() { lives(view, pushed) } else { later(view).map(|_| ()) }
            })
    };
    walks(scenario("pushed beside an earlier life", Listings::Atomic).crashes(0), 6_000);
    walks(scenario("pushed beside an earlier life, with crashes", Listings::Mixed), 4_000);
}

const BATCH: [(&str, &str); 2] = [("x", "1"), ("y", "2")];

fn push_batch(actor: &Actor, on_duplicate: OnDuplicate) -> leasehold_core::Result<Vec<String>> {
    let tasks: Vec<NewTask<'_>> = BATCH.iter().map(|(id, payload)| given(id, payload)).collect();
    actor.queue("q").push(&tasks, on_duplicate, Standard)
}

/// Hole 6: killed anywhere, pushed again by whoever restarts: all of it is there, each task once.
#[test]
fn a_batch_of_ids_that_was_cut_short_is_completed_by_pushing_it_again() {
    watched(Scenario::new("a batch of ids, pushed again", &empty_queue(&["w"])))
        .actor("P", |a| kind(push_batch(a, Keep), "pushed"))
        .restart("P", |a| kind(push_batch(a, Keep), "pushed"))
        .crashes(2)
        .finally(|view, ends| {
            let mut later = later(view)?;
            later.did.sort();
            match ends.of("P") {
                Some("pushed") if later.did == ["1", "2"] => Ok(()),
                None if later.did.len() <= 2 => Ok(()),
                other => Err(format!("{other:?} {later:?}")),
            }
        })
        .holds();
}

/// Hole 6, while a worker takes from it: what was done before the second push may be done again, as a new life; what
/// waits is kept.
#[test]
fn a_batch_of_ids_is_completed_while_a_worker_takes_from_it() {
    let world = empty_queue(&["w"]);
    killed_before(&world, "rename aristo/q-queue/tmp/", |w| push(w, given("z", "z"), Keep));
    let scenario = |name: &str| {
        worker(watched(Scenario::new(name, &world)), "W")
            .actor("P", |a| kind(push_batch(a, Keep), "pushed"))
            .restart("P", |a| kind(push_batch(a, Keep), "pushed"))
            .crashes(2)
            .finally(|view, ends| {
                let later = later(view)?;
                let did: Vec<&str> = later.did.iter().map(String::as_str).collect();
                let took = ends.of("W").and_then(|words| words.strip_prefix("did "));
                let has = |payload: &str| took == Some(payload) || did.contains(&payload) || dones(view) > 0;
                match ends.of("P") {
                    Some("pushed") if has("1") && has("2") => Ok(()),
                    None => Ok(()),
                    other => Err(format!("{other:?}: {took:?} and {later:?}")),
                }
            })
    };
    walks(scenario("a batch of ids and a worker").listings(Listings::Btrfs), 4_000);
}

/// Hole 6: two push the same batch at a time: it is there once.
#[test]
fn a_batch_of_ids_that_two_push_is_there_once() {
    let scenario = watched(Scenario::new("two push one batch of ids", &empty_queue(&[])))
        .actor("P", |a| kind(push_batch(a, Keep), "pushed"))
        .actor("Q", |a| kind(push_batch(a, Keep), "pushed"))
        .crashes(2)
        .finally(|view, ends| {
            let mut later = later(view)?;
            later.did.sort();
            let right = ends.count("pushed") == 0 || later.did == ["1", "2"];
            let tickets =
                view.below("aristo/q-queue/pending").iter().filter(|path| names::ticket(path).is_some()).count();
            if right && (!ends.all_ended() || tickets == 2) {
                Ok(())
            } else {
                Err(format!("{later:?}, {tickets} tickets"))
            }
        });
    scenario.holds();
}

/// A task that is claimed answers `held` to who would replace it, and goes on.
#[test]
fn an_id_that_is_claimed_by_the_living_is_not_replaced() {
    let world = world_with(&["a"], given("x", "old"));
    let receipt = claimed(&world, "a").receipt;
    watched(Scenario::new("replaced while it is claimed", &world))
        .actor("A", move |a| kind(a.queue("q").done(&receipt, None, Standard), "done"))
        .actor("R", pushes("new", Replace))
        .crashes(2)
        .finally(|view, ends| match (ends.of("A"), ends.of("R")) {
            (Some("done"), Some("pushed")) => lives(view, 2),
            (Some("done") | None, Some("held")) => lives(view, 1),
            (_, None) | (None, Some("pushed")) => lives(view, 1).or_else(|_| lives(view, 2)),
            other => Err(format!("{other:?}")),
        })
        .holds();
}
