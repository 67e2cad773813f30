//! Everybody wants the same: one holder, one id.

use crate::crowd::Crowd;
use crate::log::Log;
use crate::place::{Place, payload_of};
use leasehold::{Durability, NewTask, OnDuplicate, Session};
use std::collections::BTreeMap;

const HOLDERS: u64 = 50;
const IDS: u64 = 300;

/// Joins, or opens, the same holders as all others do.
pub(crate) fn join_holders(mut session: Session, log: &mut Log) {
    for n in 0..HOLDERS {
        let holder = session.holder_ensure(&format!("shared-{n}"), 600_000, Durability::Unsynced).unwrap();
        log.write("joined", &format!("shared-{n}"), holder.epoch());
        session.holder_renew(&holder, Durability::Unsynced).unwrap();
    }
}

/// Pushes the same ids as all others do.
pub(crate) fn push_the_same(mut session: Session, log: &mut Log) {
    for n in 0..IDS {
        let id = format!("same-{n}");
        let payload = payload_of(&id);
        let task = NewTask { id: Some(&id), payload: &payload, ..NewTask::default() };
        session.queue("race").unwrap().push(&[task], OnDuplicate::Keep, Durability::Unsynced).unwrap();
        log.write("kept", &id, 0);
    }
}

#[test]
fn of_racing_callers_one_opens_a_holder_and_the_others_join() {
    let place = Place::on_disk();
    let mut crowd = Crowd::start(&place, "ensure", false);
    crowd.wait();
    let mut epochs: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for line in crowd.lines() {
        epochs.entry(line.id).or_default().push(line.token);
    }
    assert_eq!(epochs.len() as u64, HOLDERS);
    for (name, mut seen) in epochs {
        assert_eq!(seen.len(), 32, "{name}");
        seen.dedup();
        assert_eq!(seen.len(), 1, "{name} has several epochs: {seen:?}");
    }
}

#[test]
fn an_id_that_all_push_is_one_task() {
    let place = Place::on_disk();
    let mut crowd = Crowd::start(&place, "push", false);
    crowd.wait();
    let mut session = place.session();
    let holder = session.holder_open("judge", 600_000, Durability::Unsynced).unwrap();
    let mut ids = Vec::new();
    // One claim takes from so many places, and each of these is one.
    loop {
        let tasks = session.queue("race").unwrap().claim(&holder, 1_000, None, Durability::Unsynced).unwrap();
        if tasks.is_empty() {
            break;
        }
        ids.extend(tasks.into_iter().map(|task| task.id));
    }
    ids.sort();
    let mut expected: Vec<String> = (0..IDS).map(|n| format!("same-{n}")).collect();
    expected.sort();
    assert_eq!(ids, expected);
    assert!(session.maintenance_check().unwrap().is_empty());
}
