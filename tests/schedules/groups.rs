//! Groups: tasks that were pushed together and are one name, pushed, claimed, finished and taken back at once.

use super::deeds::{LONG, OLD, empty_queue, kind, sweep, task, text};
use super::laws::{dones, each_done_once, later, later_in, walks, watched};
use super::names::{self, Place};
use leasehold_core::Durability::{Standard, Synced, Unsynced};
use leasehold_core::Result;
use leasehold_core::queue::OnDuplicate::Refuse;
use leasehold_core::queue::{ClaimedTask, NewTask, TaskState};
use leasehold_tests::sim::{Actor, Cut, Disk, Listings, Scenario, Verdict, View, World};

pub(super) const QUEUE: &str = "aristo/q-queue";
const CUTS: u64 = 200;

/// A world where these holders live, and a group with these payloads waits.
pub(super) fn grouped(holders: &[&str], payloads: &[&str]) -> World {
    grouped_as(holders, payloads, |payload| task(payload))
}

/// The same of tasks that are not as usual.
pub(super) fn grouped_as<'a>(holders: &[&str], payloads: &[&'a str], new: impl Fn(&'a str) -> NewTask<'a>) -> World {
    let world = empty_queue(holders);
    let tasks: Vec<NewTask<'_>> = payloads.iter().map(|payload| new(payload)).collect();
    push_group(&world, &tasks).unwrap();
    assert_eq!(groups(&world, "pending"), [payloads.len()], "it is one name");
    world
}

/// Pushes a group. What an instance publishes first has a file of its own, so it pushes and cancels another task before.
pub(super) fn push_group(actor: &Actor, tasks: &[NewTask<'_>]) -> Result<Vec<String>> {
    let queue = actor.queue("q");
    for id in queue.push(&[task("other")], Refuse, Standard)? {
        queue.cancel(&id, Standard)?;
    }
    queue.push(tasks, Refuse, Synced)
}

/// How many tasks each group has that stands in a directory of the queue.
pub(super) fn groups(world: &World, directory: &str) -> Vec<usize> {
    let below = world.view(|view| view.below(&format!("{QUEUE}/{directory}")));
    below.iter().filter_map(|path| names::task(path)).map(|task| task.tasks.len()).filter(|count| *count > 1).collect()
}

/// Claims up to `max` tasks by the holder `a` of an actor `A`, `A2` and so on; logs that they were handed out.
pub(super) fn claim_some(actor: &Actor, max: u32) -> Result<Vec<ClaimedTask>> {
    let name = actor.name().to_lowercase();
    let holder = actor.holders().attach(name.trim_end_matches(char::is_numeric), Standard)?;
    let tasks = actor.queue("q").claim(&holder, max, Some(LONG), Standard)?;
    if let Some(first) = tasks.first() {
        actor.log(format!("handed {} {}", holder.name(), holder.epoch()), first.token);
    }
    Ok(tasks)
}

/// Claims some; answers the receipts and payloads.
pub(super) fn take_some(actor: &Actor, max: u32) -> String {
    match claim_some(actor, max) {
        Ok(tasks) if tasks.is_empty() => "nothing".into(),
        Ok(tasks) => {
            let words: Vec<String> =
                tasks.iter().map(|task| format!("{} {}", task.receipt, text(&task.payload))).collect();
            words.join("|")
        }
        Err(error) => kind::<()>(Err(error), "").into(),
    }
}

/// Finishes what was taken, all in one call or each in one; answers `did` and the payloads, and which were lost.
pub(super) fn finish_some(actor: &Actor, words: &str, at_once: bool) -> String {
    let taken: Vec<(&str, &str)> = words.split('|').filter_map(|one| one.split_once(' ')).collect();
    if taken.is_empty() {
        return words.into();
    }
    let queue = actor.queue("q");
    let mut ends = vec!["did"; taken.len()];
    if at_once {
        let receipts: Vec<&str> = taken.iter().map(|(receipt, _)| *receipt).collect();
        match queue.done_all(&receipts, Standard) {
            Ok(lost) => lost.into_iter().for_each(|at| ends[at] = "lost"),
            Err(error) => ends.fill(kind::<()>(Err(error), "")),
        }
    } else {
        for (end, (receipt, _)) in ends.iter_mut().zip(&taken) {
            *end = kind(queue.done(receipt, None, Standard), "did");
        }
    }
    let words: Vec<String> = ends.iter().zip(&taken).map(|(end, (_, payload))| format!("{end} {payload}")).collect();
    words.join(" ")
}

/// Adds an actor that claims up to `max` tasks and finishes them.
pub(super) fn worker_of(scenario: Scenario, name: &str, max: u32) -> Scenario {
    let at_once = max > 1;
    scenario.actor(name, move |a| take_some(a, max)).then(name, move |a, words| finish_some(a, words, at_once))
}

/// Whether the words of an end tell of nothing that should not be.
pub(super) fn is_fine(end: Option<&str>) -> bool {
    end.is_none_or(|words| ["another error", "io", "damaged", "not found"].iter().all(|bad| !words.contains(bad)))
}

/// At the end each task was done once or cancelled, by then or by a later worker.
fn each_ended_once(view: &View<'_>, count: usize) -> Verdict {
    let cancelled: usize = view
        .log()
        .iter()
        .filter_map(|event| event.what.strip_prefix("cancelled "))
        .map(|tasks| tasks.split(',').count())
        .sum();
    let later = later(view)?;
    match dones(view) + cancelled + later.did.len() {
        n if n == count => Ok(()),
        n => Err(format!("of {count} tasks {n} ended; a later worker: {later:?}")),
    }
}

fn reap(a: &Actor) -> Result<u64> {
    a.queue("q").reap(Standard).map(|ids| ids.len() as u64)
}

/// What the holder `a` was answered that claimed all of a group.
fn held(payloads: &[&str]) -> (World, Vec<ClaimedTask>) {
    let world = grouped(&["a"], payloads);
    let a = world.holders().attach("a", Standard).unwrap();
    let tasks = world.queue("q").claim(&a, 100, Some(LONG), Standard).unwrap();
    assert_eq!(tasks.len(), payloads.len());
    assert_eq!(groups(&world, "claimed"), [payloads.len()]);
    (world, tasks)
}

#[test]
fn a_group_that_is_pushed_while_others_claim_and_sweep_is_whole_or_not_there() {
    for (max, crashes) in [(9, 1), (1, 1)] {
        let scenario = watched(Scenario::new(format!("a group is pushed, {max} are claimed"), &empty_queue(&["w"])))
            .actor("P", |a| {
                let queue = a.queue("q");
                queue.push(&[task("s")], Refuse, Standard)?;
                queue.push(&[task("x"), task("y")], Refuse, Standard).map(|_| "pushed")
            })
            .actor("S", sweep)
            .clock("clock", |c| c.advance(OLD + 10_000))
            .crashes(crashes);
        let scenario =
            worker_of(scenario, "W", max).finally(|view, ends| match (ends.of("P"), is_fine(ends.of("W"))) {
                (_, false) => Err(format!("{:?}", ends.of("W"))),
                (Some("pushed"), _) => each_done_once(view, 3),
                (None, _) => [0, 1, 3]
                    .into_iter()
                    .map(|n| each_done_once(view, n))
                    .find(Verdict::is_ok)
                    .unwrap_or_else(|| Err(format!("{:?} after {} were done", later(view), dones(view)))),
                (other, _) => Err(format!("{other:?}")),
            });
        scenario.limit(60_000).bounded().holds();
        walks(
            worker_of(
                watched(Scenario::new(
                    format!("a group is pushed, {max} are claimed, at random"),
                    &empty_queue(&["w"]),
                ))
                .actor("P", |a| push_group(a, &[task("x"), task("y")]).map(|_| "pushed"))
                .actor("S", sweep)
                .clock("clock", |c| c.advance(OLD + 10_000)),
                "W",
                max,
            )
            .crashes(2)
            .finally(|view, ends| {
                // What was pushed first and cancelled is not waited for.
                let cancelled = view.log().iter().any(|event| event.what.starts_with("cancelled "));
                let done = dones(view) + later(view)?.did.len() + usize::from(cancelled);
                match (ends.of("P"), done) {
                    (Some("pushed"), 3) | (None, 0 | 1 | 3) => Ok(()),
                    // A worker had the first one.
                    (Some(words), 1) if words.starts_with("error") => Ok(()),
                    other => Err(format!("{other:?}")),
                }
            }),
            2_000,
        );
    }
}

#[test]
fn of_two_who_claim_a_group_whole_one_has_it() {
    for crashes in [1, 2] {
        let scenario = watched(Scenario::new("two claim a group whole", &grouped(&["w", "v"], &["x", "y"])));
        worker_of(worker_of(scenario, "W", 9), "V", 9)
            .crashes(crashes)
            .finally(|view, ends| {
                let words = [ends.of("W"), ends.of("V")];
                match (words, ends.all_ended()) {
                    ([Some("did x did y"), Some("nothing")] | [Some("nothing"), Some("did x did y")], true) => {}
                    (_, false) => {}
                    (other, _) => return Err(format!("{other:?}")),
                }
                each_done_once(view, 2)
            })
            .holds();
    }
}

#[test]
fn who_claims_a_group_whole_and_who_claims_one_of_it_have_each_task_once() {
    for crashes in [1, 2] {
        let scenario = watched(Scenario::new("all against one", &grouped(&["w", "v"], &["x", "y"])));
        worker_of(worker_of(scenario, "W", 9), "V", 1)
            .crashes(crashes)
            .finally(|view, ends| match [ends.of("W"), ends.of("V")].into_iter().all(is_fine) {
                true => each_done_once(view, 2),
                false => Err(format!("{:?} {:?}", ends.of("W"), ends.of("V"))),
            })
            .limit(60_000)
            .bounded()
            .holds();
    }
}

#[test]
fn a_member_that_is_cancelled_while_its_group_is_claimed_is_cancelled_or_done() {
    for max in [9, 1] {
        let world = grouped(&["w"], &["x", "y"]);
        let id = world.queue("q").list(TaskState::Ready, None, 9).unwrap().tasks[0].id.clone();
        let scenario = watched(Scenario::new(format!("a member is cancelled while {max} are claimed"), &world))
            .actor("C", move |a| kind(a.queue("q").cancel(&id, Standard), "cancelled"));
        worker_of(scenario, "W", max)
            .crashes(1)
            .finally(|view, ends| {
                let cancelled = view.log().iter().filter(|event| event.what.starts_with("cancelled ")).count();
                match ends.of("C") {
                    Some("cancelled") if cancelled != 1 => return Err("it said cancelled".into()),
                    Some("cancelled" | "held" | "not found" | "exhausted") | None => {}
                    other => return Err(format!("{other:?}")),
                }
                if !is_fine(ends.of("W")) {
                    return Err(format!("{:?}", ends.of("W")));
                }
                each_ended_once(view, 2)
            })
            .limit(60_000)
            .bounded()
            .holds();
    }
}

#[test]
fn a_group_that_is_purged_while_it_is_claimed_is_purged_whole_or_task_by_task() {
    for max in [9, 1] {
        let scenario = watched(Scenario::new(format!("purged while {max} are claimed"), &grouped(&["w"], &["x", "y"])))
            .actor("C", |a| a.queue("q").purge(TaskState::Ready, 0, Standard));
        worker_of(scenario, "W", max)
            .crashes(2)
            .finally(|view, ends| {
                let cancelled: usize = view
                    .log()
                    .iter()
                    .filter_map(|event| event.what.strip_prefix("cancelled "))
                    .map(|tasks| tasks.split(',').count())
                    .sum();
                if ends.of("C").is_some_and(|count| count != cancelled.to_string()) {
                    return Err(format!("{cancelled} are gone, and it said {:?}", ends.of("C")));
                }
                each_ended_once(view, 2)
            })
            .limit(60_000)
            .bounded()
            .holds();
    }
}

#[test]
fn a_paused_queue_hands_out_no_group_and_parts_none_that_it_did_not_hand_out() {
    for max in [9, 1] {
        let scenario = watched(Scenario::new(format!("paused, {max} are claimed"), &grouped(&["w"], &["x", "y"])))
            .actor("C", |a| kind(a.queue("q").pause(Standard), "paused"));
        worker_of(scenario, "W", max)
            .crashes(2)
            .finally(|view, _| {
                let world = view.world();
                world.queue("q").resume(Standard).map_err(|error| error.to_string())?;
                match dones(view) + later_in(&world)?.did.len() {
                    2 => Ok(()),
                    n => Err(format!("{n} were done")),
                }
            })
            .holds();
    }
}

/// Two instances of one holder finish tasks of a group, while its claim runs out and is taken back.
#[test]
fn what_is_finished_of_a_group_by_two_instances_while_it_is_reaped_is_done_once() {
    for at_once in [false, true] {
        let (world, tasks) = held(&["x", "y", "z"]);
        let words = |tasks: &[ClaimedTask]| {
            let words: Vec<String> =
                tasks.iter().map(|task| format!("{} {}", task.receipt, text(&task.payload))).collect();
            words.join("|")
        };
        let (first, second) = (words(&tasks[..2]), words(&tasks[1..]));
        watched(Scenario::new(format!("two finish some of a group, at once {at_once}"), &world))
            .actor("A", move |a| finish_some(a, &first, at_once))
            .actor("A2", move |a| finish_some(a, &second, at_once))
            .actor("R", reap)
            .clock("clock", |c| c.advance(LONG + 1))
            .crashes(1)
            .finally(|view, ends| {
                let said = |who: &str, what: &str| ends.of(who).is_some_and(|words| words.contains(what));
                if said("A", "did y") && said("A2", "did y") {
                    return Err("two were told that they did it".into());
                }
                if ![ends.of("A"), ends.of("A2")].into_iter().all(is_fine) {
                    return Err(format!("{:?} {:?}", ends.of("A"), ends.of("A2")));
                }
                let done: Vec<&str> = ["x", "y", "z"]
                    .into_iter()
                    .filter(|payload| said("A", &format!("did {payload}")) || said("A2", &format!("did {payload}")))
                    .collect();
                let later = later(view)?;
                match later.did.iter().find(|payload| done.contains(&payload.as_str())) {
                    Some(payload) => Err(format!("{payload} was done, and comes again")),
                    None => each_done_once(view, 3),
                }
            })
            .limit(60_000)
            .bounded()
            .holds();
    }
}

#[test]
fn nobody_is_told_lost_whose_claim_lives_while_others_of_its_holder_finish_the_group() {
    for listings in [Listings::Atomic, Listings::Mixed] {
        let (world, tasks) = held(&["x", "y", "z"]);
        let mut scenario = watched(Scenario::new(format!("three finish one each, {listings:?}"), &world));
        for (name, task) in ["A", "A2", "A3"].into_iter().zip(tasks) {
            scenario = scenario.actor(name, move |a| kind(a.queue("q").done(&task.receipt, None, Standard), "did"));
        }
        scenario
            .listings(listings)
            .crashes(0)
            .finally(|view, ends| match ends.count("did") {
                3 if dones(view) == 3 => Ok(()),
                n => Err(format!("{n} were told so, {} were done", dones(view))),
            })
            .limit(60_000)
            .bounded()
            .holds();
    }
}

type Deed = (&'static str, fn(&Actor, &str) -> &'static str);

/// Everything that can be done with a receipt.
const DEEDS: [Deed; 6] = [
    ("extend", |a, r| kind(a.queue("q").extend(r, LONG, Standard), "acted")),
    ("done", |a, r| kind(a.queue("q").done(r, None, Standard), "acted")),
    ("done with an outcome", |a, r| kind(a.queue("q").done(r, Some(b"o"), Standard), "acted")),
    ("retry", |a, r| kind(a.queue("q").retry(r, 0, "why", Standard), "acted")),
    ("release", |a, r| kind(a.queue("q").release(r, Standard), "acted")),
    ("bury", |a, r| kind(a.queue("q").bury(r, "why", Standard), "acted")),
];

/// Each act on one task of a group, against each on another, and against itself.
#[test]
fn whatever_two_instances_do_with_two_tasks_of_a_group_both_come_to_pass() {
    for (n, (what, deed)) in DEEDS.into_iter().enumerate() {
        for (other_what, other) in DEEDS.into_iter().skip(n) {
            let (world, tasks) = held(&["x", "y"]);
            let [first, second] = [0, 1].map(|n| tasks[n].receipt.clone());
            watched(Scenario::new(format!("{what} of one, {other_what} of another"), &world))
                .actor("A", move |a| deed(a, &first))
                .actor("A2", move |a| other(a, &second))
                .crashes(1)
                .finally(move |view, ends| {
                    for end in [ends.of("A"), ends.of("A2")] {
                        // Whoever meets a parting that somebody else makes just now may be told to try again.
                        if !matches!(end, Some("acted" | "exhausted") | None) {
                            return Err(format!("{:?} {:?}", ends.of("A"), ends.of("A2")));
                        }
                    }
                    if ends.all_ended() && ends.count("acted") == 0 {
                        return Err("nobody came through".into());
                    }
                    let later = later(view)?;
                    let kept = view.logged_done_with_record(later.done);
                    match kept + later.dead as usize + later.did.len() {
                        2 => Ok(()),
                        n => Err(format!("{n} ended: {later:?}")),
                    }
                })
                .limit(8_000)
                .bounded()
                .holds();
        }
    }
}

#[test]
fn of_two_acts_on_one_task_of_a_group_one_comes_to_pass_and_the_other_tasks_stay() {
    for (what, deed) in DEEDS {
        let (world, tasks) = held(&["x", "y"]);
        let (receipt, same) = (tasks[0].receipt.clone(), tasks[0].receipt.clone());
        watched(Scenario::new(format!("{what} and done of the same"), &world))
            .actor("A", move |a| deed(a, &receipt))
            .actor("A2", move |a| kind(a.queue("q").done(&same, None, Standard), "acted"))
            .crashes(1)
            .finally(move |view, ends| {
                let acted = ends.count("acted");
                if acted > 1 && !["extend", "done with an outcome"].contains(&what) {
                    return Err("both came to pass".into());
                }
                if ![ends.of("A"), ends.of("A2")]
                    .iter()
                    .all(|end| matches!(end, Some("acted" | "lost" | "exhausted") | None))
                {
                    return Err(format!("{:?} {:?}", ends.of("A"), ends.of("A2")));
                }
                let later = later(view)?;
                match view.logged_done_with_record(later.done) + later.dead as usize + later.did.len() {
                    2 => Ok(()),
                    n => Err(format!("{n} ended: {later:?}")),
                }
            })
            .limit(40_000)
            .bounded()
            .holds();
    }
}

/// How many were done by the end, those with a record counted once.
trait Done {
    fn logged_done_with_record(&self, kept: u64) -> usize;
}

impl Done for View<'_> {
    fn logged_done_with_record(&self, kept: u64) -> usize {
        dones(self).max(usize::try_from(kept).unwrap_or(0))
    }
}

#[test]
fn a_group_whose_holder_died_goes_back_whole_whoever_reaps_and_finishes() {
    let (world, tasks) = held(&["x", "y"]);
    let receipt = tasks[0].receipt.clone();
    let scenario = watched(Scenario::new("reaped by two while one is finished", &world))
        .actor("A", move |a| {
            // It ends itself first, so the claim is over; what is finished until it is taken back is done.
            a.holders().attach("a", Standard)?.end(Standard)?;
            Result::Ok(kind(a.queue("q").done(&receipt, None, Standard), "did"))
        })
        .actor("R", reap)
        .actor("Q", reap)
        .crashes(2);
    scenario
        .finally(|view, ends| {
            let later = later(view)?;
            let was_done = ends.of("A") == Some("did");
            if was_done && later.did.contains(&"x".into()) {
                return Err("it was done, and comes again".into());
            }
            each_done_once(view, 2)
        })
        .limit(60_000)
        .bounded()
        .holds();
}

#[test]
fn after_its_last_attempt_each_task_of_a_group_is_dead_once() {
    let world = grouped_as(&["a"], &["x", "y"], |payload| NewTask { max_attempts: Some(1), ..task(payload) });
    let a = world.holders().attach("a", Standard).unwrap();
    let tasks = world.queue("q").claim(&a, 9, Some(LONG), Standard).unwrap();
    let receipt = tasks[0].receipt.clone();
    world.advance(LONG + 1);
    watched(Scenario::new("reaped after the last attempt", &world))
        .actor("A", move |a| kind(a.queue("q").done(&receipt, None, Standard), "did"))
        .actor("R", reap)
        .actor("Q", reap)
        .crashes(1)
        .finally(|view, ends| {
            let later = later(view)?;
            if !matches!(ends.of("A"), Some("did" | "lost" | "exhausted") | None) {
                return Err(format!("{:?}", ends.of("A")));
            }
            match (dones(view), later.dead, later.did.len()) {
                (0, 2, 0) if ends.of("A") != Some("did") => Ok(()),
                (1, 1, 0) if ends.of("A") != Some("lost") => Ok(()),
                other => Err(format!("{other:?} {:?}", ends.of("A"))),
            }
        })
        .limit(60_000)
        .bounded()
        .holds();
}

#[test]
fn a_synced_group_survives_any_cut_whole_and_one_that_was_not_is_whole_or_not_there() {
    for disk in [Disk::Whole, Disk::Btrfs] {
        for seed in 0..CUTS {
            let world = empty_queue(&[]);
            let queue = world.queue("q");
            queue.push(&[task("head")], Refuse, Synced).unwrap();
            queue.push(&[task("a"), task("b"), task("c")], Refuse, Synced).unwrap();
            queue.push(&[task("d"), task("e")], Refuse, Unsynced).unwrap();
            let after = world.power_cut(if seed == 0 { Cut::Least } else { Cut::Seed(seed) }, disk);
            after.maintenance().reconcile().unwrap();
            let later = later_in(&after).unwrap();
            // What the scene has done before was not synced.
            let did: Vec<&str> = later.did.iter().map(String::as_str).filter(|payload| *payload != "first").collect();
            match (&did[..], later.dead) {
                (["head", "a", "b", "c"], 0 | 2) | (["head", "a", "b", "c", "d", "e"], 0) => {}
                // Content that was not on the disk is never handed out: all of it is dead, or what is damaged of it.
                (["head", "a", "b", "c", ..], 1) => {}
                other => panic!("{disk:?}, seed {seed}: {other:?}"),
            }
        }
    }
}

/// At random: pushed, claimed and finished in parts, and cut. What was pushed synced is there or was done; what was done
/// synced does not come back.
#[test]
fn whatever_was_done_with_groups_before_a_cut_what_was_synced_counts() {
    for seed in 1..3 * CUTS {
        let world = empty_queue(&["a"]);
        let queue = world.queue("q");
        let a = world.holders().attach("a", Standard).unwrap();
        let mut draw = seed;
        let mut next = move |below: u64| {
            draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (draw >> 33) % below
        };
        queue.push(&[task("head")], Refuse, Synced).unwrap();
        let (mut waiting, mut perhaps, mut held) = (vec!["head".to_owned()], Vec::new(), Vec::new());
        for n in 0..12 {
            match next(6) {
                0 | 1 => {
                    let payloads: Vec<String> = (0..2 + next(4)).map(|m| format!("{n:02}-{m}")).collect();
                    let tasks: Vec<NewTask<'_>> = payloads.iter().map(|payload| task(payload)).collect();
                    queue.push(&tasks, Refuse, Synced).unwrap();
                    waiting.extend(payloads);
                }
                2 => {
                    let sync = if next(2) == 0 { Synced } else { Unsynced };
                    for task in queue.claim(&a, 1 + next(6) as u32, None, sync).unwrap() {
                        held.push((text(&task.payload), task.receipt));
                    }
                }
                3 | 4 if !held.is_empty() => {
                    let at = next(held.len() as u64) as usize;
                    let (payload, receipt) = held.remove(at);
                    let sync = next(2) == 0;
                    let durability = if sync { Synced } else { Unsynced };
                    match next(4) {
                        0 => drop(queue.retry(&receipt, 0, "why", durability).unwrap()),
                        1 => drop(queue.extend(&receipt, LONG, durability).unwrap()),
                        _ => {
                            queue.done(&receipt, None, durability).unwrap();
                            waiting.retain(|other| *other != payload);
                            if !sync {
                                perhaps.push(payload);
                            }
                        }
                    }
                }
                3 | 4 => {
                    let listed = queue.list(TaskState::Ready, None, 100).unwrap().tasks;
                    if !listed.is_empty() {
                        let id = &listed[next(listed.len() as u64) as usize].id;
                        let payload = text(&queue.peek(id).unwrap().payload);
                        queue.cancel(id, Synced).unwrap();
                        waiting.retain(|other| *other != payload);
                    }
                }
                // All of it within one window: no bucket is removed.
                _ => world.advance(next(150)),
            }
        }
        let disk = if seed % 2 == 0 { Disk::Whole } else { Disk::Btrfs };
        let after = world.power_cut(Cut::Seed(seed), disk);
        after.advance(10);
        after.maintenance().reconcile().unwrap();
        let later = later_in(&after).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        assert_eq!(later.dead, 0, "seed {seed}");
        let mut did = later.did;
        did.sort();
        did.retain(|payload| payload != "first" && !perhaps.contains(payload));
        waiting.sort();
        assert_eq!(did, waiting, "seed {seed}, {disk:?}, perhaps {perhaps:?}");
    }
}

#[test]
fn a_claim_of_more_takes_a_group_after_others_and_keeps_a_bigger_one_whole() {
    let world = grouped(&["a"], &["x", "y", "z"]);
    world.advance(10);
    push_group(&world, &[task("v"), task("w")]).unwrap();
    let a = world.holders().attach("a", Standard).unwrap();
    let queue = world.queue("q");
    let got = |max| -> String {
        queue.claim(&a, max, None, Standard).unwrap().iter().map(|task| text(&task.payload)).collect()
    };
    assert_eq!(got(4), "xyz", "there is no room for two more, and they stay together");
    assert_eq!(groups(&world, "pending"), [2]);
    assert_eq!(got(4), "vw");
    let claimed = world.view(|view| view.below(&format!("{QUEUE}/claimed")));
    assert!(
        claimed.iter().filter_map(|path| names::task(path)).all(|task| matches!(task.place, Place::Claimed { .. }))
    );
    assert_eq!(claimed.len(), 2);
}
