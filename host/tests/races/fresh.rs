//! Four racers want each of many names that nobody had before: of each one gets it.

use crate::barrier::Barrier;
use crate::crowd::Crowd;
use crate::dice::seed;
use crate::log::{Line, Log, now_ns};
use crate::place::{Place, from_environment};
use leasehold::{Durability, Error, Session};
use leasehold_core::Error as Store;
use std::collections::BTreeMap;
use std::path::Path;

const RACERS: usize = 4;

fn names() -> u64 {
    from_environment("LEASEHOLD_RACE_NAMES", 2_000)
}

pub(crate) fn acquire_all(mut session: Session, root: &Path, number: usize, log: &mut Log) {
    let holder = session.holder_open(&format!("racer-{number}"), 3_600_000, Durability::Unsynced).unwrap();
    let mut barrier = Barrier::of(root, number, RACERS);
    for n in 0..names() {
        barrier.wait();
        let name = format!("fresh-{n}");
        let asked_ns = now_ns();
        loop {
            match session.lease_acquire(&name, &holder, Durability::Unsynced) {
                Ok(token) => log.write("won", &name, token),
                Err(Error::Store(Store::Held(holding))) => log.write("held", &name, holding.token),
                Err(Error::Store(Store::Exhausted(_))) => continue,
                Err(error) => log.failed(&name, &error),
            }
            break;
        }
        log.write_at("asked", asked_ns, &name, 0);
    }
}

fn race(place: &Place) {
    println!("seed {}", seed());
    let mut crowd = Crowd::of(RACERS, place, "fresh", false);
    crowd.wait();
    let mut by_name: BTreeMap<String, Vec<Line>> = BTreeMap::new();
    for line in crowd.lines() {
        assert_ne!(line.what, "failed", "{line:?}");
        by_name.entry(line.id.clone()).or_default().push(line);
    }
    assert_eq!(by_name.len() as u64, names());
    let mut session = place.session();
    let mut contended = 0;
    for (name, lines) in &by_name {
        let all = |what: &str| -> Vec<&Line> { lines.iter().filter(|line| line.what == what).collect() };
        let (won, held, asked) = (all("won"), all("held"), all("asked"));
        assert_eq!((won.len(), held.len(), asked.len()), (1, RACERS - 1, RACERS), "{name}: {lines:?}");
        assert!(held.iter().all(|line| line.token == won[0].token), "{name}: {lines:?}");
        contended += usize::from(asked.iter().filter(|line| line.at_ns < won[0].at_ns).count() > 1);
        let state = session.lease_get(name).unwrap().unwrap();
        let holder = format!("racer-{}", &won[0].run[1..2]);
        assert_eq!(state.holding.map(|holding| (holding.holder, state.token)), Some((holder, won[0].token)), "{name}");
    }
    println!(
        "{} fresh names on {}, {contended} of them wanted by several at once: one winner each",
        names(),
        place.kind
    );
    assert!(contended > 0, "nobody raced");
    assert!(session.maintenance_check().unwrap().is_empty());
}

#[test]
fn a_name_that_nobody_had_goes_to_one_of_four_racers_on_the_disk() {
    race(&Place::on_disk());
}

#[test]
fn a_name_that_nobody_had_goes_to_one_of_four_racers_in_memory() {
    if let Some(place) = Place::in_memory() {
        race(&place);
    }
}
