//! The checkpoints of paused workflows (contract C in `docs/contracts.md`): its promises as tests of ours, each bug of
//! its source as a test that fails where the bug is, and what people do with it.

use super::checkpoints::{claim, file_of, is_lost, loaded, save, save_held, scene, spoil, state};
use super::leases::holder;
use super::support::MINUTE_MS;
use leasehold_core::Durability::Standard;
use leasehold_core::Error;
use leasehold_core::checkpoint::{RunState, SaveOptions};
use leasehold_tests::sim::{Actor, Scenario, World};

fn armed() -> World {
    let world = World::new();
    holder(&world, "a");
    holder(&world, "b");
    save(&world.checkpoints(), "one");
    world
}

fn claim_it(actor: &Actor) -> String {
    let holder = actor.holders().attach(&actor.name().to_lowercase(), Standard).unwrap();
    match actor.checkpoints().claim("run", &holder, None, Standard) {
        Ok(Some(claimed)) => format!("{} {}", claimed.receipt, String::from_utf8(claimed.content).unwrap()),
        Ok(None) => "nothing".into(),
        Err(Error::Held(_)) => "held".into(),
        Err(Error::Lost(_)) => "lost".into(),
        Err(error) => format!("error: {error}"),
    }
}

#[test]
fn contract_c_save_load_remove_round_trip() {
    let (_world, store, _, _) = scene();
    assert!(store.load("missing", None).unwrap().is_none());
    save(&store, "paused at gate, approve?");
    assert_eq!(loaded(&store).unwrap(), "paused at gate, approve?");
    assert_eq!(store.list(Some(RunState::Armed), None, 10).unwrap().runs[0].run, "run");
    store.remove("run", Standard).unwrap();
    assert!(store.load("run", None).unwrap().is_none());
    assert!(matches!(store.remove("run", Standard), Err(Error::NotFound(_))), "and says that it was gone");
}

#[test]
fn contract_c_a_claim_is_handed_to_one() {
    let (_world, store, a, b) = scene();
    save(&store, "one");
    let first = claim(&store, &a);
    assert!(store.list(Some(RunState::Armed), None, 10).unwrap().runs.is_empty());
    assert!(matches!(store.claim("run", &b, None, Standard), Err(Error::Held(_))));
    store.complete("run", &first.receipt, Standard).unwrap();
    store.complete("run", &first.receipt, Standard).unwrap();
    assert!(store.claim("run", &b, None, Standard).unwrap().is_none());
}

#[test]
fn contract_c_recovering_rearms_what_the_dead_held() {
    let (_world, store, a, b) = scene();
    save(&store, "crashed");
    claim(&store, &a);
    assert!(store.claim("run", &b, None, Standard).is_err());
    a.end(Standard).unwrap();
    assert_eq!(store.recover(Standard).unwrap(), ["run"]);
    assert_eq!(claim(&store, &b).content, b"crashed");
    assert!(store.recover(Standard).unwrap().is_empty());
}

/// C1: of two claims none wins and the run is gone, or one wins and no record of it is left.
#[test]
fn c1_of_two_who_claim_one_wins_and_the_run_is_never_gone() {
    Scenario::new("C1 two claim", &armed())
        .actor("A", claim_it)
        .actor("B", claim_it)
        .crashes(1)
        .always(|view| match loaded(&view.world().checkpoints()).as_deref() {
            Some("one") => Ok(()),
            other => Err(format!("{other:?} is left of the run")),
        })
        .finally(|_, ends| {
            let won = ["A", "B"].iter().filter(|who| ends.of(who).is_some_and(|words| words.ends_with(" one"))).count();
            match (won, ends.count("held")) {
                (1, 1) => Ok(()),
                (1, 0) | (0, 1) if !ends.all_ended() => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .holds();
}

/// C2: a second daemon recovers while the holder lives, and the run runs twice.
#[test]
fn c2_what_a_living_holder_has_is_never_rearmed() {
    let (world, store, a, _) = scene();
    save(&store, "one");
    let claimed = claim(&store, &a);
    world.advance(30 * MINUTE_MS);
    assert!(world.checkpoints().recover(Standard).unwrap().is_empty());
    assert!(world.checkpoints().recover(Standard).unwrap().is_empty());
    store.complete("run", &claimed.receipt, Standard).unwrap();
    // Nor is one that is only late, before it was told so.
    save(&store, "two");
    claim(&store, &a);
    world.advance(31 * MINUTE_MS);
    assert_eq!(world.checkpoints().recover(Standard).unwrap(), ["run"]);
    assert!(is_lost(a.renew(Standard)), "it was declared dead first");
}

/// C3: recovery sees that nothing newer is saved, the holder saves, and recovery puts the old state over it.
#[test]
fn c3_recovering_never_puts_an_old_state_over_a_new_one() {
    let (world, store, a, _) = scene();
    save(&store, "old");
    let receipt = claim(&store, &a).receipt;
    Scenario::new("C3 recover against save", &world)
        .actor("A", move |actor: &Actor| match save_held(&actor.checkpoints(), "new", &receipt, false) {
            Ok(_) => "saved",
            Err(Error::Lost(_)) => "lost",
            Err(_) => "failed",
        })
        .actor("E", |actor: &Actor| actor.holders().attach("a", Standard)?.end(Standard))
        .actor("R", |actor: &Actor| actor.checkpoints().recover(Standard).map(|runs| runs.len() as u64))
        .crashes(1)
        .finally(|view, ends| match (ends.of("A"), loaded(&view.world().checkpoints()).as_deref()) {
            (Some("saved"), Some("new")) | (Some("lost"), Some("old")) | (None, Some("old" | "new")) => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .holds();
}

/// C4: who pauses again while another claims deletes that one's claim when it completes its own.
#[test]
fn c4_completing_an_earlier_claim_leaves_the_later_one() {
    let (world, store, a, _) = scene();
    save(&store, "one");
    let receipt = claim(&store, &a).receipt;
    Scenario::new("C4 paused again, claimed, completed", &world)
        .actor("A", move |actor: &Actor| {
            let store = actor.checkpoints();
            save_held(&store, "two", &receipt, false).unwrap();
            match store.complete("run", &receipt, Standard) {
                Err(Error::Lost(_)) => "lost",
                other => panic!("{other:?}"),
            }
        })
        .actor("B", claim_it)
        .crashes(1)
        .always(|view| match state(&view.world().checkpoints()) {
            Some(RunState::Armed | RunState::Held) => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .finally(|view, ends| match (ends.of("B"), state(&view.world().checkpoints())) {
            (Some(claimed), Some(RunState::Held)) if claimed.ends_with(" two") => Ok(()),
            (Some("held") | None, Some(_)) => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .holds();
}

/// C5: removing a run while it is claimed or recovered brings it back.
#[test]
fn c5_what_is_removed_stays_removed() {
    let (world, store, a, _) = scene();
    save(&store, "one");
    claim(&store, &a);
    a.end(Standard).unwrap();
    Scenario::new("C5 removed, recovered and claimed", &world)
        .actor("X", |actor: &Actor| match actor.checkpoints().remove("run", Standard) {
            Ok(()) => "removed",
            Err(Error::Held(_)) => "held",
            Err(_) => "failed",
        })
        .actor("R", |actor: &Actor| actor.checkpoints().recover(Standard).map(|runs| runs.len() as u64))
        .actor("B", claim_it)
        .crashes(0)
        .finally(|view, ends| {
            let left = view.exists("checkpoint/run");
            match (ends.of("X"), ends.of("B")) {
                (Some("removed"), Some("nothing")) if !left => Ok(()),
                (Some("held"), Some(claimed)) if left && claimed.ends_with(" one") => Ok(()),
                other => Err(format!("{other:?}, left: {left}")),
            }
        })
        .holds();
}

/// C6: damaged content is claimed, fails, is armed again and claimed again, for ever; and one bad run aborts all
/// recovery.
#[test]
fn c6_damaged_content_is_set_aside_once_and_stops_no_other_run() {
    let (world, store, a, _) = scene();
    for run in ["b", "run", "z"] {
        store.save(run, b"one", &SaveOptions::default(), Standard).unwrap();
        store.claim(run, &a, None, Standard).unwrap().unwrap();
    }
    let id = store.get("run").unwrap().unwrap().save;
    spoil(&world, &id, "eno");
    world.file("checkpoint/m/stray", "not a run");
    a.end(Standard).unwrap();
    assert_eq!(store.recover(Standard).unwrap(), ["b", "run", "z"]);
    let b = holder(&world, "b");
    let token = store.get("run").unwrap().unwrap().token;
    for _ in 0..3 {
        assert!(matches!(store.claim("run", &b, None, Standard), Err(Error::Damaged(_))));
        let info = store.get("run").unwrap().unwrap();
        assert_eq!((info.state, info.token), (RunState::Damaged, token), "it is not held, nor armed again");
        assert!(store.recover(Standard).unwrap().is_empty());
    }
    assert_eq!(store.list(Some(RunState::Damaged), None, 10).unwrap().runs.len(), 1);
    let named = world.maintenance().check().unwrap();
    assert!(named.iter().any(|finding| finding.path == "checkpoint/run"), "{named:?}");
    for run in ["b", "z"] {
        assert!(store.claim(run, &b, None, Standard).unwrap().is_some());
    }
    // It is never deleted because it could not be understood, and a new save makes the run whole.
    assert!(world.view(|view| view.exists(&file_of(&world, &id)) && !view.exists("checkpoint/quarantine")));
    save(&store, "two");
    assert_eq!(claim(&store, &b).content, b"two");
}

/// C6, with a history: what was saved before can still be loaded, and is kept when the run is saved anew.
#[test]
fn c6_earlier_saves_survive_damaged_content() {
    let (world, store, a, _) = scene();
    let options = SaveOptions { history: Some(3), ..SaveOptions::default() };
    let first = store.save("run", b"one", &options, Standard).unwrap();
    let second = store.save("run", b"two", &options, Standard).unwrap();
    let third = save(&store, "three");
    spoil(&world, &third, "");
    assert!(matches!(store.claim("run", &a, None, Standard), Err(Error::Damaged(_))));
    assert!(matches!(store.load("run", None), Err(Error::Damaged(_))));
    assert!(matches!(store.load("run", Some(&third)), Err(Error::Damaged(_))));
    assert_eq!(store.load("run", Some(&second)).unwrap().unwrap().content, b"two");
    assert_eq!(store.load("run", Some(&first)).unwrap().unwrap().content, b"one");
    world.advance(2 * MINUTE_MS);
    world.maintenance().sweep(MINUTE_MS).unwrap();
    let fourth = save(&store, "two again");
    let ids: Vec<String> = store.history("run").unwrap().into_iter().map(|save| save.id).collect();
    assert_eq!(ids, [fourth, second.clone(), first], "without the one that nobody can read");
    assert_eq!(claim(&store, &a).content, b"two again");
    assert_eq!(store.load("run", Some(&second)).unwrap().unwrap().content, b"two");
    assert!(world.maintenance().check().unwrap().is_empty());
}

/// C7: "exactly once" is at least once: who crashes after its work and before completing leaves it to the next.
#[test]
fn c7_what_a_crash_left_undone_is_claimed_again_under_a_higher_token() {
    let (_world, store, a, b) = scene();
    save(&store, "charge the card");
    let first = claim(&store, &a);
    a.end(Standard).unwrap();
    let second = claim(&store, &b);
    assert_eq!(second.content, first.content);
    assert!(second.token > first.token, "so what the work touches can refuse the first");
    assert!(is_lost(store.complete("run", &first.receipt, Standard)));
    store.complete("run", &second.receipt, Standard).unwrap();
}

/// C8: temporary files leak and are listed, a stray claim is deleted unseen, names escape.
#[test]
fn c8_a_kill_at_any_step_of_a_save_leaves_old_or_new_and_nothing_that_stays() {
    for fresh in [true, false] {
        for steps in 0.. {
            let (world, store, a, _) = scene();
            if !fresh {
                save(&store, "old");
            }
            world.stop_after(steps);
            let store = world.checkpoints();
            let ended = store.save("run", b"new", &SaveOptions::default(), Standard).is_ok();
            world.go_on();
            if ended {
                assert!(steps > 8, "it is made of several steps");
                break;
            }
            let store = world.checkpoints();
            let found = loaded(&store);
            assert!(
                matches!(found.as_deref(), Some("new")) || found.as_deref() == (!fresh).then_some("old"),
                "{steps}"
            );
            if found.is_some() {
                let claimed = claim(&store, &a);
                assert_eq!(Some(String::from_utf8(claimed.content).unwrap()), found);
            }
            world.advance(2 * MINUTE_MS);
            world.maintenance().sweep(MINUTE_MS).unwrap();
            assert!(world.view(|view| view.names("checkpoint/tmp")).is_empty(), "{steps}");
            let left = world.view(|view| view.below("checkpoint/run")).len();
            assert_eq!(left, if found.is_some() { 2 } else { 0 }, "killed after {steps}: a token and its content");
        }
    }
}

/// The work of a person: an answer that is rejected gives the run back, and another may answer.
#[test]
fn a_rejected_answer_lets_go_of_the_run_and_another_may_answer() {
    let (_world, store, a, b) = scene();
    let pause = save(&store, "approve?");
    let first = store.claim("run", &a, Some(&pause), Standard).unwrap().unwrap();
    // The answer does not fit the fields of the form.
    store.release("run", &first.receipt, Standard).unwrap();
    let second = store.claim("run", &b, Some(&pause), Standard).unwrap().unwrap();
    assert_eq!(second.content, b"approve?", "it is the same pause");
    store.complete("run", &second.receipt, Standard).unwrap();
}

/// The work of two people: the second answer to one pause is told that it came too late, whatever became of the run.
#[test]
fn a_second_answer_to_one_pause_came_too_late() {
    let (_world, store, a, b) = scene();
    let pause = save(&store, "approve?");
    let first = store.claim("run", &a, Some(&pause), Standard).unwrap().unwrap();
    assert!(matches!(store.claim("run", &b, Some(&pause), Standard), Err(Error::Held(_))), "it may yet be rejected");
    let next = save_held(&store, "and who pays?", &first.receipt, false).unwrap();
    assert!(is_lost(store.claim("run", &b, Some(&pause), Standard)), "it would answer another question");
    assert!(matches!(state(&store), Some(RunState::Armed)));
    let second = store.claim("run", &b, Some(&next), Standard).unwrap().unwrap();
    store.complete("run", &second.receipt, Standard).unwrap();
    assert!(is_lost(store.claim("run", &a, Some(&next), Standard)), "it is done");
    assert!(is_lost(store.claim("none", &a, Some(&next), Standard)), "it is not there at all");
    assert!(matches!(store.claim("run", &a, Some("?"), Standard), Err(Error::InvalidArgument(_))));
}

/// Pausing again while holding: step by step under one claim, then armed for the next answer.
#[test]
fn who_holds_a_run_saves_as_often_as_it_likes_and_arms_it_again() {
    let (_world, store, a, b) = scene();
    let options = SaveOptions { history: Some(10), ..SaveOptions::default() };
    store.save("run", b"start", &options, Standard).unwrap();
    let claimed = claim(&store, &a);
    let mut ids = Vec::new();
    for step in ["step 1", "step 2", "step 3"] {
        ids.push(save_held(&store, step, &claimed.receipt, true).unwrap());
        assert_eq!(loaded(&store).unwrap(), step);
        let info = store.get("run").unwrap().unwrap();
        assert_eq!((info.state, info.token), (RunState::Held, claimed.token), "the claim goes on");
        assert!(matches!(store.claim("run", &b, None, Standard), Err(Error::Held(_))));
    }
    ids.push(save_held(&store, "paused", &claimed.receipt, false).unwrap());
    assert_eq!(state(&store), Some(RunState::Armed));
    assert!(is_lost(save_held(&store, "late", &claimed.receipt, true)));
    let next = claim(&store, &b);
    assert_eq!(next.content, b"paused");
    assert!(next.token > claimed.token);
    // Going back: what was saved earlier is loaded, and saved again.
    let back = store.load("run", Some(&ids[1])).unwrap().unwrap();
    assert_eq!(back.content, b"step 2");
    save_held(&store, std::str::from_utf8(&back.content).unwrap(), &next.receipt, false).unwrap();
    assert_eq!(loaded(&store).unwrap(), "step 2");
    assert_eq!(store.history("run").unwrap().len(), 6, "going back forgets nothing");
}
