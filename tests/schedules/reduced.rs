//! Leaving out what nobody can notice leaves every outcome of the real core: the same endings over the same
//! trees, up to debris in `tmp`.

use leasehold_core::Durability::Standard;
use leasehold_core::Result;
use leasehold_core::queue::{NewTask, OnDuplicate};
use leasehold_tests::sim::{Actor, Explored, Listings, Scenario, World};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

fn push(actor: &Actor, id: Option<&str>) -> Result<()> {
    let task = NewTask { id, payload: b"y", priority: None, delay_ms: 0, max_attempts: None, attributes: &[] };
    actor.queue("q").push(&[task], OnDuplicate::Replace, Standard).map(|_| ())
}

fn work(actor: &Actor, holder: &str) -> Result<&'static str> {
    let holder = actor.holders().attach(holder, Standard)?;
    let queue = actor.queue("q");
    match &queue.claim(&holder, 1, None, Standard)?[..] {
        [] => Ok("nothing"),
        [task, ..] => queue.done(&task.receipt, None, Standard).map(|()| "done"),
    }
}

/// One task is pending, and two workers live.
fn world(id: Option<&str>) -> World {
    let world = World::new();
    for holder in ["h", "i"] {
        world.holders().open(holder, 600_000, Standard).unwrap();
    }
    push(&world, id).unwrap();
    world
}

/// Every way the scenario ends.
fn outcomes(scenario: Scenario) -> (Explored, BTreeSet<String>) {
    let outcomes = Rc::new(RefCell::new(BTreeSet::new()));
    let into = outcomes.clone();
    let explored = scenario
        .finally(move |view, ends| {
            let tree: Vec<String> = view.below("").into_iter().filter(|path| !path.contains("/tmp/")).collect();
            let ends: Vec<_> = ["A", "B"].map(|actor| ends.of(actor).map(str::to_owned)).to_vec();
            into.borrow_mut().insert(format!("{ends:?} {tree:#?}"));
            Ok(())
        })
        .holds();
    (explored, outcomes.take())
}

fn compare(name: &str, scenario: impl Fn(&str) -> Scenario) {
    let (all, every) = outcomes(scenario(&format!("{name}, each operation a step")).every_step());
    let (few, reduced) = outcomes(scenario(name));
    assert!(every.len() > 3);
    assert_eq!(every, reduced);
    assert!(few.states < all.states, "{few:?} {all:?}");
}

#[test]
fn of_a_worker_and_a_push() {
    for listings in [Listings::Atomic, Listings::Btrfs] {
        compare(&format!("worker and push, {listings:?}"), |name| {
            Scenario::new(name, &world(None))
                .actor("A", |a| work(a, "h"))
                .actor("B", |a| push(a, None))
                .listings(listings)
        });
    }
}

#[test]
fn of_a_worker_and_a_replacement() {
    compare("worker and replacement", |name| {
        Scenario::new(name, &world(Some("x")))
            .actor("A", |a| work(a, "h"))
            .actor("B", |a| push(a, Some("x")))
            .crashes(0)
    });
}

#[test]
fn of_a_worker_whose_holder_is_opened_anew() {
    compare("worker and reopening", |name| {
        Scenario::new(name, &world(None)).actor("A", |a| work(a, "h")).actor("B", |a| {
            a.holders().open("h", 1000, Standard)?;
            a.queue("q").reap(Standard).map(|reaped| reaped.len() as u64)
        })
    });
}

#[test]
fn of_a_worker_under_a_clock_that_moves() {
    compare("worker and clock", |name| {
        Scenario::new(name, &world(None)).actor("A", |a| work(a, "h")).clock("B", |c| c.jump(700_000))
    });
}

#[test]
fn of_a_worker_who_keeps_nothing_but_its_receipt() {
    let world = world(None);
    let (whole, every) = outcomes(
        Scenario::new("a worker in one run", &world).actor("A", |a| work(a, "h")).actor("B", |a| push(a, None)),
    );
    let (parted, reduced) = outcomes(
        Scenario::new("a worker that claims, then does", &world)
            .actor("A", |a| {
                let holder = a.holders().attach("h", Standard)?;
                let tasks = a.queue("q").claim(&holder, 1, None, Standard)?;
                Result::Ok(tasks.first().map_or_else(|| "nothing".into(), |task| task.receipt.clone()))
            })
            .then("A", |a, receipt| match receipt {
                "nothing" => Ok("nothing"),
                receipt => a.queue("q").done(receipt, None, Standard).map(|()| "done"),
            })
            .actor("B", |a| push(a, None)),
    );
    assert_eq!(every, reduced);
    assert!(parted.states <= whole.states, "{parted:?} {whole:?}");
}
