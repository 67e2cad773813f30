//! Files that somebody drops into `pending` by hand.

use super::deeds::{LONG, OLD, empty_queue, kind, push, sweep, task, text, worker};
use super::laws::{dones, each_done_once, later, walks, watched};
use leasehold_core::Durability::Standard;
use leasehold_core::capability::{Directory, File};
use leasehold_core::queue::{NewTask, OnDuplicate, TaskState};
use leasehold_tests::sim::{Actor, Listings, Scenario, World};

const PENDING: &str = "aristo/q-queue/pending";

/// A queue into which a file was dropped that has settled.
fn dropped(holders: &[&str]) -> World {
    let world = empty_queue(holders);
    world.file(&format!("{PENDING}/job"), "half");
    world.advance(10_000);
    world
}

/// Hole 20: of two who adopt one file one does, and the task is done once.
#[test]
fn a_dropped_file_that_two_adopt_is_one_task() {
    for listings in [Listings::Atomic, Listings::Mixed] {
        let world = dropped(&["w", "v"]);
        let scenario = watched(Scenario::new(format!("a dropped file, two adopters, {listings:?}"), &world));
        worker(worker(scenario, "W"), "V").listings(listings).finally(|view, _| each_done_once(view, 1)).holds();
    }
    let world = dropped(&["w", "v", "u"]);
    world.file(&format!("{PENDING}/other"), "other");
    world.advance(10_000);
    let scenario = watched(Scenario::new("two dropped files, three adopters", &world)).listings(Listings::Btrfs);
    let scenario =
        worker(worker(worker(scenario, "W"), "V"), "U").crashes(2).finally(|view, _| each_done_once(view, 2));
    walks(scenario, 3_000);
}

/// Hole 20: a file that is called as the directory of a priority goes out of the way, whoever of several meets it
/// first: it is one task, and what is pushed meanwhile is another.
#[test]
fn a_file_in_the_place_of_a_priority_is_one_task_and_stops_neither_claim_nor_push() {
    let world = empty_queue(&["w", "v"]);
    world.file(&format!("{PENDING}/3"), "half");
    world.advance(10_000);
    for id in [None, Some("x")] {
        let scenario =
            worker(watched(Scenario::new(format!("a file in the place of a priority, {id:?}"), &world)), "W");
        scenario
            .actor("P", move |a| {
                let urgent = NewTask { id, priority: Some(3), ..task("urgent") };
                push(a, urgent, OnDuplicate::Refuse)
            })
            .crashes(2)
            .finally(|view, ends| match (ends.of("W"), ends.of("P")) {
                (Some(end), _) if end.starts_with("error") => Err(end.into()),
                (_, Some("pushed")) => each_done_once(view, 2),
                (_, None) => each_done_once(view, 1).or_else(|_| each_done_once(view, 2)),
                other => Err(format!("{other:?}")),
            })
            .holds();
    }
    let scenario =
        worker(worker(watched(Scenario::new("two adopt a file in the place of a priority", &world)), "W"), "V");
    scenario.crashes(2).finally(|view, _| each_done_once(view, 1)).holds();
}

/// Hole 20: whoever dropped it writes on, before, while or after it is adopted and claimed: what is handed out is what
/// was adopted, or nothing; the rest is never mixed in unseen.
#[test]
fn a_dropped_file_that_is_written_on_is_handed_out_as_adopted_or_not_at_all() {
    let world = dropped(&["w"]);
    worker(watched(Scenario::new("a dropped file that is written on", &world)), "W")
        .actor("D", |a| {
            let file = a.dir(PENDING).open_to_write("job")?;
            file.write_at(b"+rest", 4)?;
            leasehold_core::capability::FsResult::Ok("written")
        })
        .crashes(2)
        .finally(|view, ends| {
            let later = later(view)?;
            let wrote_all = ends.of("D") == Some("written");
            match (ends.of("W"), &later.did[..], later.dead) {
                (Some("did half"), [], 0) => Ok(()),
                (Some("did half+rest"), [], 0) => Err("it had not settled".into()),
                // Not adopted any more at that moment, but once it had settled.
                (Some("nothing") | None, [all], 0) if all == "half+rest" || all == "half" => Ok(()),
                // Written into after its adoption: set aside, where it can be looked at.
                (Some("nothing") | None, [], 1) if wrote_all || ends.of("D").is_none() => Ok(()),
                (None, [], 0) if dones(view) == 1 => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .holds();
}

/// Hole 20: one who writes slowly, with its pauses shorter than the settling time, is never taken by half.
#[test]
fn a_file_that_is_still_being_written_is_no_task() {
    let world = empty_queue(&["w"]);
    worker(watched(Scenario::new("a file is dropped in two writes", &world)), "W")
        .steady("D", |a| {
            let file = a.dir(PENDING).create("job")?;
            file.write_at(b"half", 0)?;
            file.write_at(b"+rest", 4)?;
            leasehold_core::capability::FsResult::Ok("written")
        })
        .clock("clock", |c| c.advance(900))
        .crashes(2)
        .finally(|view, ends| match (ends.of("W"), &later(view)?.did[..]) {
            (Some("nothing") | None, [all]) if all == "half+rest" => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .holds();
}

/// Hole 7: the same file dropped again, while the first is adopted and done, is a second task.
#[test]
fn a_file_that_is_dropped_twice_is_two_tasks() {
    let world = dropped(&["w"]);
    worker(watched(Scenario::new("the same file dropped twice", &world)), "W")
        .steady("D", |a| {
            // Whoever copies makes it under another name first.
            let pending = a.dir(PENDING);
            pending.create(".job.tmp")?.write_at(b"again", 0)?;
            match pending.metadata("job") {
                Err(_) => pending.rename(".job.tmp", &pending, "job").map(|()| "again"),
                Ok(_) => Ok("not again"),
            }
        })
        .crashes(2)
        .finally(|view, ends| each_done_once(view, if ends.of("D") == Some("again") { 2 } else { 1 }))
        .holds();
}

/// Hole 20, and hole 1: an adopter that was suspended between its note and its rename still finds the note, which
/// holds the file's name.
#[test]
fn an_adopted_file_keeps_its_name_though_somebody_sweeps() {
    let world = dropped(&["w"]);
    watched(Scenario::new("adopted while swept", &world))
        .actor("W", |a| {
            let holder = a.holders().attach("w", Standard)?;
            let tasks = a.queue("q").claim(&holder, 1, Some(LONG), Standard)?;
            let Some(task) = tasks.first() else { return Ok("nothing".into()) };
            let name = task.attributes.iter().find(|(key, _)| key == "file").map(|(_, name)| name.as_str());
            leasehold_core::Result::Ok(format!("{} as {name:?}", text(&task.payload)))
        })
        .actor("S", sweep)
        .clock("clock", |c| c.advance(OLD + 10_000))
        .crashes(2)
        .finally(|view, ends| match ends.of("W") {
            Some("half as Some(\"job\")") | None => each_done_once(view, 1),
            other => Err(format!("{other:?}")),
        })
        .holds();
}

/// Hole 20: cancelled as soon as it is a task, against one who claims it.
#[test]
fn an_adopted_file_is_cancelled_or_done() {
    let world = dropped(&["w"]);
    worker(watched(Scenario::new("adopted and cancelled", &world)), "W")
        .actor("C", |a| {
            let queue = a.queue("q");
            let page = queue.list(TaskState::Ready, None, 10)?;
            let Some(task) = page.tasks.first() else { return Ok("nothing") };
            leasehold_core::Result::Ok(kind(queue.cancel(&task.id, Standard), "cancelled"))
        })
        .crashes(2)
        .finally(|view, _| {
            let cancelled = view.log().iter().filter(|event| event.what.starts_with("cancelled ")).count();
            match cancelled + dones(view) + later(view)?.did.len() {
                1 => Ok(()),
                n => Err(format!("{n}")),
            }
        })
        .holds();
}

/// A file that is taken away again before anybody adopts it is no task.
#[test]
fn a_file_that_is_taken_away_is_a_task_or_not() {
    let world = dropped(&["w"]);
    worker(watched(Scenario::new("dropped and taken away", &world)), "W")
        .steady("D", |a: &Actor| match a.dir(PENDING).unlink("job") {
            Ok(()) => "taken away",
            Err(_) => "too late",
        })
        .crashes(2)
        .finally(|view, ends| each_done_once(view, usize::from(ends.of("D") == Some("too late"))))
        .holds();
}
