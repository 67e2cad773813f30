//! What sessions are given, and what they may share.

use super::{granted, task};
use leasehold::{Durability, Engine, Error, Grants, OnDuplicate, Session, Store, component_bytes, component_wit};
use leasehold_core::Error as StoreError;
use std::collections::BTreeSet;
use std::fs;
use std::thread;

const STANDARD: Durability = Durability::Standard;

/// A session on the component, and one without.
fn both(grants: &Grants) -> [Session; 2] {
    [Engine::new().unwrap().open(grants).unwrap(), Session::native(grants).unwrap()]
}

#[test]
fn what_was_not_granted_is_said_to_be_missing() {
    let place = tempfile::TempDir::new().unwrap();
    for granted in [None, Some(Store::Queues), Some(Store::Tasks)] {
        let grants = granted.map_or_else(Grants::new, |store| Grants::new().grant(store, place.path().join("x")));
        for mut session in both(&grants) {
            let missing = session.queue("q").unwrap_err();
            assert!(
                matches!(&missing, Error::Store(StoreError::NotGranted(text)) if text.contains("holders")),
                "{missing:?}"
            );
            for missing in [
                session.lease_get("l").unwrap_err(),
                session.checkpoint_get("r").unwrap_err(),
                session.task_get("l", 1).unwrap_err(),
            ] {
                assert!(missing.to_string().contains("holders"), "{missing}");
            }
            let missing = session.holder_open("h", 1, STANDARD).unwrap_err();
            assert!(matches!(missing, Error::Store(StoreError::NotGranted(_))), "{missing:?}");
        }
    }
    let grants = Grants::new().grant(Store::Holders, place.path().join("holders"));
    for mut session in both(&grants) {
        let missing = session.queue_list().unwrap_err();
        assert!(
            matches!(&missing, Error::Store(StoreError::NotGranted(text)) if text.contains(".aristo")),
            "{missing:?}"
        );
        for (missing, name) in [
            (session.lease_get("l").unwrap_err(), "claims"),
            (session.checkpoint_get("r").unwrap_err(), "checkpoint"),
            (session.task_get("l", 1).unwrap_err(), "tasks"),
        ] {
            assert!(
                matches!(&missing, Error::Store(StoreError::NotGranted(text)) if text.contains(name)),
                "{missing:?}"
            );
        }
        session.holder_open("h", 1, STANDARD).unwrap();
    }
}

#[test]
fn a_store_can_be_granted_from_elsewhere() {
    let (place, grants) = granted();
    let elsewhere = tempfile::TempDir::new().unwrap();
    let grants = grants.grant(Store::Queues, elsewhere.path().join("deep/queues"));
    for (number, mut session) in both(&grants).into_iter().enumerate() {
        let queue = format!("q{number}");
        session.queue(&queue).unwrap().push(&[task(b"")], OnDuplicate::Refuse, STANDARD).unwrap();
        assert!(elsewhere.path().join("deep/queues").join(format!("{queue}-queue")).is_dir());
    }
    assert!(!place.path().join(".aristo").exists());
}

#[test]
fn a_directory_that_can_not_be_made_is_named() {
    let (place, grants) = granted();
    fs::write(place.path().join("file"), "").unwrap();
    let grants = grants.grant(Store::Jobs, place.path().join("file/jobs"));
    let Err(Error::Setup(text)) = Session::native(&grants) else { panic!() };
    assert!(text.contains("file/jobs"), "{text}");
    assert!(Engine::new().unwrap().open(&grants).is_err());
}

#[test]
fn a_holder_of_another_session_is_refused() {
    let (_place, grants) = granted();
    let [mut one, mut other] = both(&grants);
    let holder = one.holder_open("h", 60_000, STANDARD).unwrap();
    let refused = other.holder_renew(&holder, STANDARD).unwrap_err();
    assert!(matches!(refused, Error::Store(StoreError::InvalidArgument(_))), "{refused:?}");
    // But it can be joined there.
    let joined = other.holder_attach("h", STANDARD).unwrap();
    assert_eq!((joined.name(), joined.epoch()), (holder.name(), holder.epoch()));
}

#[test]
fn threads_share_an_engine_and_each_task_is_claimed_once() {
    const THREADS: usize = 4;
    const TASKS: usize = 200;
    let (_place, grants) = granted();
    let engine = Engine::new().unwrap();
    let payloads: Vec<String> = (0..TASKS).map(|number| number.to_string()).collect();
    let tasks: Vec<_> = payloads.iter().map(|payload| task(payload.as_bytes())).collect();
    engine.open(&grants).unwrap().queue("q").unwrap().push(&tasks, OnDuplicate::Refuse, STANDARD).unwrap();

    let work = |name: usize| {
        let mut session = engine.open(&grants).unwrap();
        let holder = session.holder_open(&format!("worker {name}"), 60_000, STANDARD).unwrap();
        let mut done = Vec::new();
        loop {
            let claimed = session.queue("q").unwrap().claim(&holder, 3, None, STANDARD).unwrap();
            if claimed.is_empty() {
                return done;
            }
            for task in claimed {
                session.queue("q").unwrap().done(&task.receipt, None, STANDARD).unwrap();
                done.push(String::from_utf8(task.payload).unwrap());
            }
        }
    };
    let done: Vec<String> = thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS).map(|name| scope.spawn(move || work(name))).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert_eq!(done.len(), TASKS);
    assert_eq!(done.into_iter().collect::<BTreeSet<_>>(), payloads.into_iter().collect());
}

#[test]
fn a_program_may_name_ever_new_queues() {
    let (_place, grants) = granted();
    for mut session in both(&grants) {
        for number in 0..1_000 {
            session.queue(&format!("queue {number}")).unwrap();
        }
        session.queue("queue 0").unwrap().status().unwrap();
    }
}

#[test]
fn the_first_session_after_a_restart_reconciles_and_says_so_in_a_name() {
    let (place, grants) = granted();
    let queues = place.path().join(".aristo");
    let records = || {
        let mut names: Vec<String> = fs::read_dir(&queues)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with("boot"))
            .collect();
        names.sort();
        names
    };
    let engine = Engine::new().unwrap();
    engine.open(&grants).unwrap();
    let current = records();
    assert_eq!(current.len(), 1);

    fs::rename(queues.join(&current[0]), queues.join("boot.of-an-earlier-kernel")).unwrap();
    engine.open(&grants).unwrap();
    assert_eq!(records(), current);
    Session::native(&grants).unwrap();
    assert_eq!(records(), current);
}

#[test]
fn the_component_imports_directories_clocks_and_randomness_only() {
    assert_eq!(&component_bytes()[..4], b"\0asm");
    let wit = component_wit();
    let imports: Vec<&str> = wit.lines().filter_map(|line| line.trim().strip_prefix("import ")).collect();
    assert!(!imports.is_empty());
    for import in imports {
        let allowed = ["wasi:filesystem/", "wasi:clocks/", "wasi:random/", "wasi:io/"];
        assert!(allowed.iter().any(|package| import.starts_with(package)), "{import}");
    }
    for export in ["holders", "queues", "leases", "checkpoints", "tasks", "maintenance"] {
        assert!(wit.contains(&format!("interface {export}")), "{export}");
    }
}
