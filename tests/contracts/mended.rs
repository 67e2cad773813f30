//! What somebody else puts among a store's files, or a power cut brings back, makes nothing unobtainable for ever.

use super::leases::{acquire, holder};
use super::support::MINUTE_MS;
use leasehold_core::Durability::{Standard, Synced, Unsynced};
use leasehold_core::Error;
use leasehold_core::capability::Directory;
use leasehold_core::checkpoint::SaveOptions;
use leasehold_core::lease::Turn;
use leasehold_core::limits::PLACE_MS;
use leasehold_core::queue::{NewTask, OnDuplicate};
use leasehold_tests::sim::{Cut, Disk, World};

const CUTS: u64 = 300;

/// The names in the quarantine of a store.
fn quarantined(world: &World, store: &str) -> Vec<String> {
    world.view(|view| view.names(&format!("{store}/quarantine")))
}

/// The directory of a lease's line.
fn line(world: &World, name: &str) -> String {
    let names = world.view(|view| view.names(&format!("claims/{name}")));
    format!("claims/{name}/{}", names.iter().find(|name| name.starts_with("c.")).unwrap())
}

#[test]
fn a_lease_beside_which_somebody_put_a_file_can_be_had_again_after_it_was_swept() {
    let world = World::new();
    let (leases, a) = (world.leases(), holder(&world, "a"));
    let token = acquire(&leases, &a);
    leases.release("repo", token, Standard).unwrap();
    world.file("claims/repo/.DS_Store", "x");
    world.advance(10 * MINUTE_MS);
    world.maintenance().sweep(MINUTE_MS).unwrap();
    let a = holder(&world, "a");
    assert!(leases.acquire("repo", &a, Standard).unwrap() > token);
    assert_eq!(quarantined(&world, "claims").len(), 1, "what is not understood is moved, not deleted");
}

#[test]
fn a_holder_beside_which_somebody_put_a_file_can_be_opened_again_after_it_was_swept() {
    let world = World::new();
    holder(&world, "a").end(Standard).unwrap();
    world.file("holders/a/note.txt", "x");
    world.advance(10 * MINUTE_MS);
    world.maintenance().sweep(MINUTE_MS).unwrap();
    holder(&world, "a");
    assert_eq!(quarantined(&world, "holders").len(), 1);
}

#[test]
fn a_run_and_an_id_beside_which_somebody_put_a_file_can_be_made_again() {
    let world = World::new();
    let a = holder(&world, "a");
    let runs = world.checkpoints();
    for n in 1..=2 {
        runs.save("r", b"1", &SaveOptions::default(), Standard).unwrap();
        world.file("checkpoint/r/note.txt", "x");
        runs.remove("r", Standard).unwrap();
        assert_eq!(quarantined(&world, "checkpoint").len(), n);
    }
    runs.save("r", b"1", &SaveOptions::default(), Standard).unwrap();
    let queue = world.queue("q");
    let task = || [NewTask { id: Some("invoice"), payload: b"x", ..NewTask::default() }];
    queue.push(&task(), OnDuplicate::Refuse, Standard).unwrap();
    world.file("aristo/q-queue/ids/invoice/note.txt", "x");
    let claimed = queue.claim(&a, 1, None, Standard).unwrap().remove(0);
    queue.done(&claimed.receipt, None, Standard).unwrap();
    queue.push(&task(), OnDuplicate::Refuse, Standard).unwrap();
    assert_eq!(queue.claim(&a, 1, None, Standard).unwrap().len(), 1);
}

#[test]
fn a_lease_whose_line_was_removed_has_one_again_once_it_can_be_had() {
    let world = World::new();
    let (leases, a, b) = (world.leases(), holder(&world, "a"), holder(&world, "b"));
    let token = acquire(&leases, &a);
    super::support::remove(&world, &line(&world, "repo"));
    let turn = leases.acquire_in_turn("repo", &b, Standard).unwrap();
    assert!(matches!(turn, Turn::Waiting { ahead: 0, holding: Some(holding) } if holding.holder == "a"));
    leases.release("repo", token, Standard).unwrap();
    let Turn::Granted(next) = leases.acquire_in_turn("repo", &b, Standard).unwrap() else { panic!("still waiting") };
    assert!(next > token);
    line(&world, "repo");
}

#[test]
fn what_is_no_file_and_called_as_a_place_in_line_stands_in_nobodys_way() {
    let world = World::new();
    let (leases, a, b) = (world.leases(), holder(&world, "a"), holder(&world, "b"));
    let token = acquire(&leases, &a);
    leases.acquire_in_turn("repo", &b, Standard).unwrap();
    let line = line(&world, "repo");
    let place = world.view(|view| view.names(&line)).remove(0);
    leases.leave("repo", &b).unwrap();
    world.directory(&format!("{line}/{place}"));
    leases.release("repo", token, Standard).unwrap();
    world.advance(2 * PLACE_MS);
    assert!(leases.acquire("repo", &a, Standard).unwrap() > token);
    assert_eq!(leases.reap(Standard).unwrap(), []);
}

#[test]
fn a_line_that_cannot_be_read_costs_order_and_not_the_lease() {
    let world = World::new();
    let (leases, a) = (world.leases(), holder(&world, "a"));
    let token = acquire(&leases, &a);
    leases.release("repo", token, Standard).unwrap();
    world.deny(&line(&world, "repo"));
    assert!(leases.acquire("repo", &a, Standard).unwrap() > token);
}

#[test]
fn what_somebody_put_into_a_line_keeps_the_lease_from_being_swept() {
    let world = World::new();
    let (leases, a) = (world.leases(), holder(&world, "a"));
    let token = acquire(&leases, &a);
    leases.release("repo", token, Standard).unwrap();
    let mine = format!("{}/mine.txt", line(&world, "repo"));
    world.file(&mine, "x");
    world.advance(10 * MINUTE_MS);
    world.maintenance().sweep(MINUTE_MS).unwrap();
    assert!(world.view(|view| view.exists(&mine)));
}

/// The swaps of which a cut keeps a later one and forgets an earlier leave two names of one token file.
#[test]
fn what_was_swapped_twice_unsynced_can_be_had_after_any_cut() {
    let world = World::new();
    let (leases, runs, queue, a) = (world.leases(), world.checkpoints(), world.queue("q"), holder(&world, "a"));
    let token = leases.acquire("repo", &a, Synced).unwrap();
    runs.save("r", b"one", &SaveOptions::default(), Standard).unwrap();
    let task = NewTask { id: Some("invoice"), payload: b"x", ..NewTask::default() };
    queue.push(&[task], OnDuplicate::Refuse, Standard).unwrap();
    leases.release("repo", token, Standard).unwrap();
    world.advance(1);
    leases.acquire("repo", &a, Standard).unwrap();
    runs.release("r", &runs.claim("r", &a, None, Standard).unwrap().unwrap().receipt, Standard).unwrap();
    queue.release(&queue.claim(&a, 1, None, Standard).unwrap()[0].receipt, Standard).unwrap();
    a.renew(Standard).unwrap();
    for seed in 1..CUTS {
        let after = world.power_cut(Cut::Seed(seed), Disk::Whole);
        after.maintenance().reconcile().unwrap();
        after.advance(600 * MINUTE_MS);
        let b = after.holders().open("a", MINUTE_MS, Standard).unwrap();
        after.leases().acquire("repo", &b, Standard).unwrap();
        assert_eq!(after.checkpoints().claim("r", &b, None, Standard).unwrap().unwrap().content, b"one", "seed {seed}");
        assert_eq!(after.queue("q").claim(&b, 1, None, Standard).unwrap().len(), 1, "seed {seed}");
    }
}

/// Saves "one" on the disk, does something that is not synced, and holds every cut to it.
fn saved_before(act: impl Fn(&World)) {
    let world = World::new();
    world.checkpoints().save("r", b"one", &SaveOptions::default(), Standard).unwrap();
    act(&world);
    for seed in 1..CUTS {
        let after = world.power_cut(Cut::Seed(seed), Disk::Whole);
        for _ in 0..2 {
            match after.checkpoints().load("r", None).unwrap_or_else(|error| panic!("seed {seed}: {error}")) {
                Some(loaded) => assert!([&b"one"[..], b"two", b"three"].contains(&loaded.content.as_slice())),
                None => assert!(after.checkpoints().get("r").unwrap().is_some(), "completed, if anything"),
            }
            after.advance(MINUTE_MS);
            after.maintenance().sweep(MINUTE_MS).unwrap();
        }
    }
}

#[test]
fn a_save_that_was_acknowledged_survives_whatever_follows_it_unsynced() {
    let save = |world: &World, content: &[u8], options: &SaveOptions<'_>| {
        world.checkpoints().save("r", content, options, Unsynced).unwrap();
    };
    let claim = |world: &World| {
        let a = holder(world, "a");
        world.checkpoints().claim("r", &a, None, Standard).unwrap().unwrap().receipt
    };
    saved_before(|world| save(world, b"two", &SaveOptions::default()));
    saved_before(|world| {
        save(world, b"two", &SaveOptions::default());
        save(world, b"three", &SaveOptions::default());
    });
    saved_before(|world| {
        save(world, b"two", &SaveOptions::default());
        save(world, b"three", &SaveOptions::default());
        world.advance(MINUTE_MS);
        world.maintenance().sweep(MINUTE_MS).unwrap();
    });
    saved_before(|world| {
        let receipt = claim(world);
        save(world, b"two", &SaveOptions { receipt: Some(&receipt), keep_claim: true, history: None });
        save(world, b"three", &SaveOptions { receipt: Some(&receipt), keep_claim: true, history: None });
    });
}

#[test]
fn a_completion_that_a_cut_forgets_leaves_the_run_whole() {
    let world = World::new();
    let (runs, a) = (world.checkpoints(), holder(&world, "a"));
    runs.save("r", b"one", &SaveOptions::default(), Standard).unwrap();
    let receipt = runs.claim("r", &a, None, Standard).unwrap().unwrap().receipt;
    runs.complete("r", &receipt, Unsynced).unwrap();
    for seed in 1..CUTS {
        let loaded = world.power_cut(Cut::Seed(seed), Disk::Whole).checkpoints().load("r", None).unwrap();
        assert!(loaded.is_none_or(|loaded| loaded.content == b"one"), "seed {seed}");
    }
}

#[test]
fn many_unsynced_saves_under_one_claim_leave_few_files() {
    let world = World::new();
    let (runs, a) = (world.checkpoints(), holder(&world, "a"));
    runs.save("r", b"one", &SaveOptions::default(), Standard).unwrap();
    let receipt = runs.claim("r", &a, None, Standard).unwrap().unwrap().receipt;
    let options = SaveOptions { receipt: Some(&receipt), keep_claim: true, history: None };
    for _ in 0..200 {
        runs.save("r", b"two", &options, Unsynced).unwrap();
    }
    let content =
        world.view(|view| view.names("checkpoint/r")).into_iter().find(|name| name.starts_with("c.")).unwrap();
    assert!(world.view(|view| view.names(&format!("checkpoint/r/{content}"))).len() < 25);
    assert_eq!(runs.history("r").unwrap().len(), 1);
}

#[test]
fn however_many_damaged_tasks_stand_first_a_claim_hands_out_the_one_behind_them() {
    let world = World::new();
    let (queue, a) = (world.queue("q"), holder(&world, "a"));
    for _ in 0..200 {
        // Each by an instance of its own, so each a file of its own.
        let bad = NewTask { payload: b"bad", ..NewTask::default() };
        world.queue("q").push(&[bad], OnDuplicate::Refuse, Unsynced).unwrap();
    }
    for path in world.view(|view| view.below("aristo/q-queue/pending")) {
        if path.split('/').next_back().is_some_and(|name| name.contains('.')) {
            let path = if path.starts_with("aristo/") { path } else { format!("aristo/q-queue/pending/{path}") };
            world.deny(&path);
        }
    }
    queue.push(&[NewTask { payload: b"good", ..NewTask::default() }], OnDuplicate::Refuse, Unsynced).unwrap();
    assert_eq!(queue.claim(&a, 1, None, Standard).unwrap()[0].payload, b"good");
}

#[test]
fn what_is_moved_aside_as_a_thing_is_removed_survives_any_cut() {
    let world = World::new();
    let runs = world.checkpoints();
    runs.save("r", b"1", &SaveOptions::default(), Standard).unwrap();
    world.file("checkpoint/r/note.txt", "x");
    world.dir("checkpoint/r").sync().unwrap();
    runs.remove("r", Standard).unwrap();
    for seed in 1..CUTS {
        let after = world.power_cut(Cut::Seed(seed), Disk::Whole);
        assert_eq!(quarantined(&after, "checkpoint").len(), 1, "seed {seed}");
    }
}

#[test]
fn tidying_after_an_act_is_no_error_of_it() {
    for fails_at in 0.. {
        let world = World::new();
        let (queue, a) = (world.queue("q"), holder(&world, "a"));
        let task = NewTask { id: Some("invoice"), payload: b"x", ..NewTask::default() };
        queue.push(&[task], OnDuplicate::Refuse, Standard).unwrap();
        let receipt = queue.claim(&a, 1, None, Standard).unwrap().remove(0).receipt;
        world.fail_after(fails_at, leasehold_core::capability::FsError::NoSpace);
        let before = world.operations();
        let done = queue.done(&receipt, None, Standard);
        let took = world.operations() - before;
        world.go_on();
        match done {
            Ok(()) => {}
            // Nothing was done yet, so doing it again does it.
            Err(_) => world.queue("q").done(&receipt, None, Standard).unwrap(),
        }
        if took < fails_at {
            break;
        }
    }
}

#[test]
fn what_stands_in_a_pack_is_nothing_to_the_doctor_unless_the_pack_is_cut_short() {
    let world = World::new();
    let (runs, queue) = (world.checkpoints(), world.queue("q"));
    for content in [b"one".as_slice(), b"two", b"three"] {
        runs.save("r", content, &SaveOptions::default(), Standard).unwrap();
        queue.push(&[NewTask { payload: content, ..NewTask::default() }], OnDuplicate::Refuse, Standard).unwrap();
    }
    assert_eq!(world.maintenance().check().unwrap(), []);
    let content =
        world.view(|view| view.names("checkpoint/r")).into_iter().find(|name| name.starts_with("c.")).unwrap();
    let saves = world.view(|view| view.names(&format!("checkpoint/r/{content}")));
    let [save] = saves.as_slice() else { panic!("{saves:?}") };
    assert!(save.split('.').nth(2).is_some_and(|size| size.contains('-')), "{save} is not in a pack");
    let path = format!("checkpoint/r/{content}");
    world.dir(&path).unlink(save).unwrap();
    world.file(&format!("{path}/{save}"), "x");
    let findings = world.maintenance().check().unwrap();
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(matches!(runs.load("r", None), Err(Error::Damaged(_))));
}
