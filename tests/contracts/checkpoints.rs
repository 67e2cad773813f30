//! Checkpoints: what saving, claiming and going back promise.

use super::leases::holder;
use super::support::{MINUTE_MS, SimHolder, remove};
use leasehold_core::Durability::Standard;
use leasehold_core::checkpoint::{Checkpoints, ClaimedRun, RunState, SaveOptions};
use leasehold_core::limits::PAYLOAD_BYTES_MAX;
use leasehold_core::{Error, Result};
use leasehold_tests::sim::{Cut, Disk, SimDirectory, World};

pub(super) type SimCheckpoints = Checkpoints<SimDirectory>;

pub(super) fn scene() -> (World, SimCheckpoints, SimHolder, SimHolder) {
    let world = World::new();
    let (a, b) = (holder(&world, "a"), holder(&world, "b"));
    let store = world.checkpoints();
    (world, store, a, b)
}

/// Saves without a receipt.
pub(super) fn save(store: &SimCheckpoints, content: &str) -> String {
    store.save("run", content.as_bytes(), &SaveOptions::default(), Standard).unwrap()
}

/// Saves what is held, and keeps it or not.
pub(super) fn save_held(store: &SimCheckpoints, content: &str, receipt: &str, keep_claim: bool) -> Result<String> {
    let options = SaveOptions { receipt: Some(receipt), keep_claim, history: None };
    store.save("run", content.as_bytes(), &options, Standard)
}

pub(super) fn claim(store: &SimCheckpoints, holder: &SimHolder) -> ClaimedRun {
    store.claim("run", holder, None, Standard).unwrap().unwrap()
}

pub(super) fn state(store: &SimCheckpoints) -> Option<RunState> {
    store.get("run").unwrap().map(|info| info.state)
}

pub(super) fn loaded(store: &SimCheckpoints) -> Option<String> {
    store.load("run", None).unwrap().map(|loaded| String::from_utf8(loaded.content).unwrap())
}

pub(super) fn is_lost<T>(result: Result<T>) -> bool {
    matches!(result, Err(Error::Lost(_)))
}

/// Where the content of a save stands.
pub(super) fn file_of(world: &World, save: &str) -> String {
    let path = world.view(|view| view.below("checkpoint")).into_iter().find(|path| path.contains(&format!("/{save}.")));
    format!("checkpoint/{}", path.expect("a file of that save"))
}

/// Something else stands where the content of a save was.
pub(super) fn spoil(world: &World, save: &str, content: &str) {
    let path = file_of(world, save);
    remove(world, &path);
    world.file(&path, content);
}

#[test]
fn what_is_saved_is_loaded_and_replaced_whole() {
    let (_world, store, _, _) = scene();
    assert!(store.load("run", None).unwrap().is_none());
    assert!(store.get("run").unwrap().is_none());
    let first = save(&store, "one");
    let found = store.load("run", None).unwrap().unwrap();
    assert_eq!((found.content.as_slice(), found.save.id.as_str(), found.save.size), (&b"one"[..], &*first, 3));
    let second = save(&store, "another one");
    assert_ne!(first, second);
    assert_eq!(loaded(&store).unwrap(), "another one");
    assert!(matches!(store.load("run", Some(&first)), Err(Error::NotFound(_))), "one save is kept unless told");
    assert_eq!(store.history("run").unwrap().len(), 1);
    assert!(store.save("empty", b"", &SaveOptions::default(), Standard).is_ok());
    assert_eq!(store.load("empty", None).unwrap().unwrap().content, b"");
}

#[test]
fn a_run_is_claimed_by_one_until_it_is_let_go() {
    let (_world, store, a, b) = scene();
    assert!(store.claim("run", &a, None, Standard).unwrap().is_none(), "there is none yet");
    let id = save(&store, "one");
    let claimed = claim(&store, &a);
    assert_eq!((claimed.content.as_slice(), &claimed.save.id), (&b"one"[..], &id));
    for other in [&a, &b] {
        let Err(Error::Held(holding)) = store.claim("run", other, None, Standard) else { panic!("claimed twice") };
        assert_eq!((holding.holder.as_str(), holding.token), ("a", claimed.token));
    }
    assert!(matches!(store.save("run", b"x", &SaveOptions::default(), Standard), Err(Error::Held(_))));
    assert!(matches!(store.remove("run", Standard), Err(Error::Held(_))));
    let info = store.get("run").unwrap().unwrap();
    assert_eq!((info.state, info.alive, info.token), (RunState::Held, true, claimed.token));
    assert_eq!(loaded(&store).unwrap(), "one", "looking needs no claim");
    store.release("run", &claimed.receipt, Standard).unwrap();
    assert_eq!((state(&store), loaded(&store).as_deref()), (Some(RunState::Armed), Some("one")));
    let again = claim(&store, &b);
    assert!(again.token > claimed.token);
    for late in [store.release("run", &claimed.receipt, Standard), store.complete("run", &claimed.receipt, Standard)] {
        assert!(is_lost(late));
    }
    assert!(is_lost(save_held(&store, "late", &claimed.receipt, false)));
    assert_eq!(loaded(&store).unwrap(), "one");
}

#[test]
fn completing_is_idempotent_and_final() {
    let (world, store, a, _) = scene();
    let id = save(&store, "one");
    let claimed = claim(&store, &a);
    store.complete("run", &claimed.receipt, Standard).unwrap();
    store.complete("run", &claimed.receipt, Standard).unwrap();
    assert_eq!(state(&store), Some(RunState::Done));
    assert!(store.claim("run", &a, None, Standard).unwrap().is_none());
    assert!(is_lost(store.claim("run", &a, Some(&id), Standard)), "an answer to it came too late");
    assert!(store.load("run", None).unwrap().is_none());
    assert!(matches!(store.history("run"), Err(Error::NotFound(_))));
    assert!(is_lost(store.release("run", &claimed.receipt, Standard)), "what is done is not armed again");
    assert!(is_lost(save_held(&store, "late", &claimed.receipt, false)));
    assert!(store.recover(Standard).unwrap().is_empty());
    // It can be begun anew under its name.
    save(&store, "anew");
    assert_eq!(state(&store), Some(RunState::Armed));
    assert!(is_lost(store.complete("run", &claimed.receipt, Standard)));
    assert!(claim(&store, &a).token > claimed.token);
    assert!(world.maintenance().check().unwrap().is_empty());
}

#[test]
fn the_record_of_a_done_run_is_swept_when_it_is_old() {
    let (world, store, a, _) = scene();
    save(&store, "one");
    let first = claim(&store, &a);
    store.complete("run", &first.receipt, Standard).unwrap();
    world.maintenance().sweep(MINUTE_MS).unwrap();
    assert_eq!(state(&store), Some(RunState::Done));
    world.advance(MINUTE_MS);
    assert_eq!(world.maintenance().sweep(MINUTE_MS).unwrap(), 1);
    assert_eq!(state(&store), None);
    assert!(is_lost(store.complete("run", &first.receipt, Standard)));
    world.jump(-30 * 60_000);
    save(&store, "two");
    assert!(claim(&store, &a).token > first.token, "though the clock fell");
}

#[test]
fn saving_keeps_as_many_saves_as_was_said_last() {
    let (_world, store, _, _) = scene();
    let with = |content: &str, history: Option<u32>| {
        let options = SaveOptions { history, ..SaveOptions::default() };
        store.save("run", content.as_bytes(), &options, Standard).unwrap()
    };
    let ids = |store: &SimCheckpoints| -> Vec<String> {
        store.history("run").unwrap().into_iter().map(|save| save.id).collect()
    };
    let one = with("one", Some(3));
    let two = with("two", None);
    let three = with("three", None);
    assert_eq!(ids(&store), [&*three, &*two, &*one], "the last one first");
    let four = with("four", None);
    assert_eq!(ids(&store), [&*four, &*three, &*two]);
    assert_eq!(store.load("run", Some(&two)).unwrap().unwrap().content, b"two");
    assert!(matches!(store.load("run", Some(&one)), Err(Error::NotFound(_))));
    let five = with("five", Some(2));
    assert_eq!(ids(&store), [&*five, &*four]);
    let six = with("six", Some(100));
    assert_eq!(ids(&store), [&*six, &*five, &*four], "what is gone does not come back");
    for bad in [0, 101] {
        let options = SaveOptions { history: Some(bad), ..SaveOptions::default() };
        assert!(matches!(store.save("run", b"x", &options, Standard), Err(Error::InvalidArgument(_))));
    }
    assert!(matches!(store.load("run", Some("not an id")), Err(Error::InvalidArgument(_))));
    assert_eq!(ids(&store), [&*six, &*five, &*four]);
}

#[test]
fn bad_input_is_refused_and_changes_nothing() {
    let (world, store, a, _) = scene();
    save(&store, "one");
    let receipt = claim(&store, &a).receipt;
    let before = world.view(|view| view.tree());
    let refused = |result: Result<String>| matches!(result, Err(Error::InvalidArgument(_)));
    assert!(refused(save_held(&store, "x", "garbled", false)));
    assert!(refused(save_held(&store, "x", &receipt[..receipt.len() - 1], false)));
    let no_receipt = SaveOptions { keep_claim: true, ..SaveOptions::default() };
    assert!(refused(store.save("run", b"x", &no_receipt, Standard)));
    assert!(is_lost(store.complete("other", &receipt, Standard)), "the receipt is of another run");
    let huge = vec![0; PAYLOAD_BYTES_MAX + 1];
    assert!(matches!(store.save("run", &huge, &SaveOptions::default(), Standard), Err(Error::TooLarge(_))));
    for bad in ["", ".", "..", "../../etc", "a/b", "a\\b", "nul\0", &"x".repeat(256)] {
        let is_bad = |error: Error| matches!(error, Error::InvalidName(_));
        assert!(is_bad(store.save(bad, b"x", &SaveOptions::default(), Standard).unwrap_err()), "{bad:?}");
        assert!(is_bad(store.load(bad, None).unwrap_err()), "{bad:?}");
        assert!(is_bad(store.claim(bad, &a, None, Standard).unwrap_err()), "{bad:?}");
        assert!(is_bad(store.complete(bad, &receipt, Standard).unwrap_err()), "{bad:?}");
        assert!(is_bad(store.release(bad, &receipt, Standard).unwrap_err()), "{bad:?}");
        assert!(is_bad(store.remove(bad, Standard).unwrap_err()), "{bad:?}");
        assert!(is_bad(store.get(bad).unwrap_err()), "{bad:?}");
        assert!(is_bad(store.history(bad).unwrap_err()), "{bad:?}");
    }
    assert!(matches!(store.remove("none", Standard), Err(Error::NotFound(_))));
    assert!(matches!(store.history("none"), Err(Error::NotFound(_))));
    assert_eq!(world.view(|view| view.tree()), before);
}

#[test]
fn a_holder_that_is_over_claims_nothing() {
    let (_world, store, a, b) = scene();
    save(&store, "one");
    a.end(Standard).unwrap();
    assert!(is_lost(store.claim("run", &a, None, Standard)));
    assert_eq!(state(&store), Some(RunState::Armed));
    assert_eq!(claim(&store, &b).content, b"one");
}

#[test]
fn what_a_dead_holder_holds_is_claimed_saved_over_or_removed() {
    for what in ["claimed", "saved over", "removed", "recovered"] {
        let (_world, store, a, b) = scene();
        save(&store, "one");
        let old = claim(&store, &a);
        assert!(store.recover(Standard).unwrap().is_empty(), "the living keep what they hold");
        a.end(Standard).unwrap();
        assert!(!store.get("run").unwrap().unwrap().alive);
        match what {
            "claimed" => assert!(claim(&store, &b).token > old.token),
            "saved over" => assert!(!save(&store, "two").is_empty()),
            "removed" => store.remove("run", Standard).unwrap(),
            _ => assert_eq!(store.recover(Standard).unwrap(), ["run"]),
        }
        assert!(is_lost(store.complete("run", &old.receipt, Standard)), "{what}");
        assert!(is_lost(save_held(&store, "late", &old.receipt, false)), "{what}");
        let expected = match what {
            "saved over" => Some("two"),
            "removed" => None,
            _ => Some("one"),
        };
        assert_eq!(loaded(&store).as_deref(), expected);
    }
}

#[test]
fn removing_takes_a_run_in_any_state_with_its_history() {
    for what in ["armed", "damaged", "done"] {
        let (world, store, a, _) = scene();
        let id = save(&store, "one");
        match what {
            "damaged" => {
                spoil(&world, &id, "eno");
                assert!(store.claim("run", &a, None, Standard).is_err());
            }
            "done" => store.complete("run", &claim(&store, &a).receipt, Standard).unwrap(),
            _ => {}
        }
        let token = store.get("run").unwrap().unwrap().token;
        store.remove("run", Standard).unwrap();
        assert_eq!(world.view(|view| view.names("checkpoint/run")), [""; 0], "{what}");
        assert!(matches!(store.remove("run", Standard), Err(Error::NotFound(_))));
        save(&store, "anew");
        assert!(claim(&store, &a).token > token, "{what}");
    }
}

#[test]
fn runs_are_listed_by_state_page_by_page_under_their_own_names() {
    let (_world, store, a, _) = scene();
    let names: Vec<String> = ["B", "b", "con", "tmp", "ünï", &"long".repeat(60)].map(String::from).into();
    for name in &names {
        store.save(name, name.as_bytes(), &SaveOptions::default(), Standard).unwrap();
    }
    let held = store.claim("b", &a, None, Standard).unwrap().unwrap();
    let done = store.claim("con", &a, None, Standard).unwrap().unwrap();
    store.complete("con", &done.receipt, Standard).unwrap();
    let listed = |state: Option<RunState>| {
        let (mut listed, mut cursor) = (Vec::new(), None);
        loop {
            let page = store.list(state, cursor.as_deref(), 2).unwrap();
            listed.extend(page.runs.into_iter().map(|info| info.run));
            cursor = page.cursor;
            if cursor.is_none() {
                listed.sort();
                return listed;
            }
        }
    };
    let mut sorted = names.clone();
    sorted.sort();
    assert_eq!(listed(None), sorted);
    assert_eq!(listed(Some(RunState::Held)), ["b"]);
    assert_eq!(listed(Some(RunState::Done)), ["con"]);
    assert_eq!(listed(Some(RunState::Armed)).len(), 4);
    assert_eq!(listed(Some(RunState::Damaged)), [""; 0]);
    store.release("b", &held.receipt, Standard).unwrap();
    a.end(Standard).unwrap();
    assert!(matches!(store.list(None, None, 0), Err(Error::InvalidArgument(_))));
    assert!(matches!(store.list(None, Some("a/b"), 1), Err(Error::InvalidArgument(_))));
}

#[test]
fn what_is_not_understood_counts_as_held_is_named_and_stops_nothing_else() {
    let (world, store, a, b) = scene();
    let id = save(&store, "one");
    claim(&store, &a);
    world.file("checkpoint/odd/what", "is this");
    world.file("checkpoint/file", "a file");
    let saves = file_of(&world, &id).rsplit_once('/').unwrap().0.to_owned();
    world.file(&format!("{saves}/stray"), "foreign");
    world.file("checkpoint/run/stray", "foreign");
    for name in ["odd", "file"] {
        assert!(matches!(store.claim(name, &b, None, Standard), Err(Error::Damaged(_))), "{name}");
        assert!(matches!(store.save(name, b"x", &SaveOptions::default(), Standard), Err(Error::Damaged(_))), "{name}");
        assert!(matches!(store.load(name, None), Err(Error::Damaged(_))), "{name}");
        assert!(matches!(store.remove(name, Standard), Err(Error::Damaged(_))), "{name}");
    }
    a.end(Standard).unwrap();
    assert_eq!(store.recover(Standard).unwrap(), ["run"]);
    assert_eq!(store.list(None, None, 10).unwrap().runs.len(), 1);
    assert_eq!(world.maintenance().check().unwrap().len(), 4);
    assert_eq!(world.maintenance().quarantine().unwrap().len(), 4);
    assert!(world.maintenance().check().unwrap().is_empty());
    assert_eq!(claim(&store, &b).content, b"one");
}

#[test]
fn a_run_whose_saves_are_gone_is_named_and_can_be_saved_anew() {
    let (world, store, a, _) = scene();
    let id = save(&store, "one");
    let saves = file_of(&world, &id).rsplit_once('/').unwrap().0.to_owned();
    let receipt = claim(&store, &a).receipt;
    remove(&world, &saves);
    assert_eq!(world.maintenance().check().unwrap().len(), 1);
    assert!(matches!(store.load("run", None), Err(Error::Damaged(_))));
    assert!(matches!(save_held(&store, "two", &receipt, true), Err(Error::Damaged(_))), "there is nowhere to save it");
    store.release("run", &receipt, Standard).unwrap();
    assert!(matches!(store.claim("run", &a, None, Standard), Err(Error::Damaged(_))));
    assert_eq!(state(&store), Some(RunState::Damaged));
    save(&store, "three");
    assert_eq!(claim(&store, &a).content, b"three");
    assert!(world.maintenance().check().unwrap().is_empty());
}

#[test]
fn a_store_of_another_version_is_refused_and_not_touched() {
    let (world, store, a, _) = scene();
    world.file("checkpoint/format", b"leasehold checkpoints 2\n");
    let before = world.view(|view| view.tree());
    let refused = |error: Error| matches!(error, Error::Unsupported(_));
    assert!(refused(store.save("run", b"x", &SaveOptions::default(), Standard).unwrap_err()));
    assert!(refused(store.load("run", None).unwrap_err()));
    assert!(refused(store.claim("run", &a, None, Standard).unwrap_err()));
    assert!(refused(store.remove("run", Standard).unwrap_err()));
    assert!(refused(store.list(None, None, 1).unwrap_err()));
    assert!(refused(store.recover(Standard).unwrap_err()));
    assert_eq!(world.view(|view| view.tree()), before);
}

/// Synced unless told otherwise: after any cut an acknowledged save is there, whole.
#[test]
fn what_was_saved_is_there_after_any_power_cut() {
    let (world, store, a, _) = scene();
    let check = |world: &World, expected: &str| {
        for seed in 0..100 {
            for disk in [Disk::Whole, Disk::Btrfs] {
                let cut = if seed == 0 { Cut::Least } else { Cut::Seed(seed) };
                let after = world.power_cut(cut, disk);
                assert_eq!(loaded(&after.checkpoints()).as_deref(), Some(expected), "{cut:?} {disk:?}");
            }
        }
    };
    save(&store, "one");
    check(&world, "one");
    save(&store, "two, longer");
    check(&world, "two, longer");
    let receipt = claim(&store, &a).receipt;
    check(&world, "two, longer");
    save_held(&store, "three", &receipt, true).unwrap();
    check(&world, "three");
    save_held(&store, "four", &receipt, false).unwrap();
    check(&world, "four");
}
