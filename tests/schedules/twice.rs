//! Entries that stand under two names after a power cut: one file, two links.

use super::deeds::{LONG, claimed, empty_queue, kind, push, task, worker, world, world_with};
use super::laws::{later, later_in, watched};
use super::names::{self, Place};
use leasehold_core::Durability::{Standard, Synced, Unsynced};
use leasehold_core::queue::NewTask;
use leasehold_core::queue::OnDuplicate::{Keep, Refuse};
use leasehold_tests::sim::{Act, Actor, Cut, Deed, Disk, Listings, Scenario, Verdict, View, World};

const QUEUE: &str = "aristo/q-queue";

/// The path of the only task in a directory of the queue.
fn only(world: &World, directory: &str) -> String {
    let below = world.view(|view| view.below(&format!("{QUEUE}/{directory}")));
    assert_eq!(below.len(), 1, "{below:?}");
    format!("{QUEUE}/{directory}/{}", below[0])
}

/// What a cut may leave of a task: both names that a rename has to do with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// Waiting, and claimed by one who lives.
    PendingAndClaimed,
    /// Waiting, and claimed by one who is dead.
    PendingAndDead,
    /// Waiting, and done.
    PendingAndDone,
    /// Claimed, and done.
    ClaimedAndDone,
    /// Still in `tmp`, and published.
    TmpAndPending,
}

/// The scene, and the receipt of `a`.
fn left(what: Left) -> (World, String) {
    let world = world(&["a", "w", "v"]);
    push(&world, task("x"), Refuse).unwrap();
    let pending = only(&world, "pending");
    if what == Left::TmpAndPending {
        let nonce = names::task(&pending).unwrap().nonce;
        world.hard_link(&pending, &format!("{QUEUE}/tmp/{nonce}"));
        return (world, String::new());
    }
    let receipt = claimed(&world, "a").receipt;
    let now = match what {
        Left::PendingAndClaimed => only(&world, "claimed"),
        Left::PendingAndDead => {
            world.holders().attach("a", Standard).unwrap().end(Standard).unwrap();
            only(&world, "claimed")
        }
        Left::PendingAndDone | Left::ClaimedAndDone => {
            let before = only(&world, "claimed");
            world.queue("q").done(&receipt, Some(b"o"), Standard).unwrap();
            let now = only(&world, "done");
            if what == Left::ClaimedAndDone {
                world.hard_link(&now, &before);
                return (later_on(world), receipt);
            }
            now
        }
        Left::TmpAndPending => unreachable!(),
    };
    world.hard_link(&now, &pending);
    (later_on(world), receipt)
}

/// Starting again takes some time.
fn later_on(world: World) -> World {
    world.advance(10);
    world
}

/// As the laws have it, but for the removal of one of two links.
fn witness(act: &Act) -> Option<(String, u64)> {
    let is_other_link = act.deed == Deed::Unlink
        && names::task(&act.path).is_some_and(|task| !matches!(task.place, Place::Claimed { .. }));
    if is_other_link {
        return Some(("link removed".into(), 0));
    }
    match super::laws::witness(act) {
        // An unlinked claim may be a link too: the number of links tells, see `lost`.
        Some((what, _)) if what.starts_with("done ") && act.deed == Deed::Unlink => Some(("unlinked claim".into(), 0)),
        other => other,
    }
}

/// A task is never gone unless somebody said that it is done.
fn each_link_counts(view: &View<'_>, said_done: usize) -> Verdict {
    let links: usize = view.below(QUEUE).iter().filter(|path| names::task(path).is_some()).count();
    if links == 0 && said_done == 0 { Err("the last link is gone".into()) } else { Ok(()) }
}

fn reconcile(a: &Actor) -> leasehold_core::Result<u64> {
    a.maintenance().reconcile().map(|findings| findings.len() as u64)
}

/// Logs that it is about to say `done`; what is logged there is at the operation before it.
fn finish(receipt: String) -> impl Fn(&Actor) -> &'static str {
    move |a| kind(a.queue("q").done(&receipt, None, Standard), "done")
}

/// After everything a later worker finds the task unless it is done, once; and records are kept once.
fn found_later(view: &View<'_>, what: Left, done: usize) -> Verdict {
    let world = view.world();
    world.maintenance().reconcile().map_err(|error| error.to_string())?;
    let later = later_in(&world)?;
    let kept = matches!(what, Left::PendingAndDone | Left::ClaimedAndDone);
    match (later.did.len(), later.done) {
        // What ended beats what lives.
        (0, 1) if kept && done == 0 => Ok(()),
        (1, 0) if !kept && done == 0 => Ok(()),
        (0, 0) if done > 0 => Ok(()),
        // It was done in the name of a claim that was made before the cut, and forgotten.
        (1, 0) if done == 1 => Ok(()),
        // Claimed and done again before anybody had reconciled.
        (0, 1) if kept && done == 1 => Ok(()),
        other => Err(format!("{other:?} after {done}")),
    }
}

/// Hole 17: two claim what stands twice; each tests the number of links, and of two claims one is kept: the higher
/// token.
#[test]
fn of_two_who_claim_what_stands_twice_one_has_it() {
    for what in
        [Left::PendingAndClaimed, Left::PendingAndDead, Left::PendingAndDone, Left::ClaimedAndDone, Left::TmpAndPending]
    {
        let (world, _) = left(what);
        let scenario = Scenario::new(format!("{what:?}, two claim"), &world).observe(witness);
        worker(worker(scenario, "W"), "V")
            .always(|view| each_link_counts(view, view.logged("unlinked claim").len()))
            .crashes(2)
            .finally(move |view, ends| {
                let done =
                    ["W", "V"].iter().filter(|a| ends.of(a).is_some_and(|words| words.starts_with("did"))).count();
                if done > 1 {
                    return Err("it was done twice".into());
                }
                if ends.all_ended() { found_later(view, what, done) } else { later(view).map(|_| ()) }
            })
            .holds();
    }
}

/// Hole 17: reconciling while somebody claims what stands twice, and somebody finishes what he claimed before the cut.
#[test]
fn reconciling_while_others_work_keeps_one_link_and_loses_none() {
    for what in
        [Left::PendingAndClaimed, Left::PendingAndDead, Left::PendingAndDone, Left::ClaimedAndDone, Left::TmpAndPending]
    {
        for listings in [Listings::Atomic, Listings::Mixed] {
            let (world, _) = left(what);
            let scenario =
                Scenario::new(format!("{what:?}, reconciled and claimed, {listings:?}"), &world).observe(witness);
            worker(scenario, "W")
                .actor("R", reconcile)
                .listings(listings)
                .always(|view| each_link_counts(view, view.logged("unlinked claim").len()))
                .crashes(2)
                .finally(move |view, ends| {
                    let done = usize::from(ends.of("W").is_some_and(|words| words.starts_with("did")));
                    if ends.all_ended() { found_later(view, what, done) } else { later(view).map(|_| ()) }
                })
                .holds();
        }
    }
}

/// Hole 17: two reconcile at a time, while the claim that was made before the cut is finished or given back.
#[test]
fn two_who_reconcile_never_remove_both_links() {
    for what in
        [Left::PendingAndClaimed, Left::PendingAndDead, Left::PendingAndDone, Left::ClaimedAndDone, Left::TmpAndPending]
    {
        let (world, receipt) = left(what);
        let back = receipt.clone();
        let scenario = Scenario::new(format!("{what:?}, two reconcile"), &world)
            .observe(witness)
            .actor("R", reconcile)
            .actor("S", reconcile)
            .always(|view| each_link_counts(view, 0));
        let scenario = if what == Left::PendingAndClaimed {
            scenario.actor("A", move |a| kind(a.queue("q").release(&back, Standard), "released"))
        } else {
            scenario
        };
        scenario.finally(move |view, _| found_later(view, what, 0)).holds();
        if what == Left::PendingAndClaimed {
            Scenario::new(format!("{what:?}, two reconcile, one is done"), &world)
                .observe(witness)
                .actor("R", reconcile)
                .actor("S", reconcile)
                .actor("A", finish(receipt))
                .always(|view| each_link_counts(view, view.logged("unlinked claim").len()))
                .crashes(2)
                .finally(move |view, ends| {
                    let done = usize::from(ends.of("A") == Some("done"));
                    if ends.all_ended() { found_later(view, what, done) } else { later(view).map(|_| ()) }
                })
                .holds();
        }
    }
}

/// Hole 17: a listing may show a task under the name it had and the one it has; what stands once is never removed.
#[test]
fn reconciling_removes_nothing_that_stands_once() {
    for what in ["extend", "extend by less", "retry", "release", "bury", "done"] {
        let world = world(&["a"]);
        push(&world, task("x"), Refuse).unwrap();
        let receipt = claimed(&world, "a").receipt;
        watched(Scenario::new(format!("reconciled while it is moved by {what}"), &world))
            .actor("A", move |a| {
                let queue = a.queue("q");
                match what {
                    "extend" => kind(queue.extend(&receipt, 2 * LONG, Standard), "acted"),
                    "extend by less" => kind(queue.extend(&receipt, 1, Standard), "acted"),
                    "retry" => kind(queue.retry(&receipt, 0, "", Standard), "acted"),
                    "release" => kind(queue.release(&receipt, Standard), "acted"),
                    "bury" => kind(queue.bury(&receipt, "", Standard), "acted"),
                    _ => kind(queue.done(&receipt, Some(b"o"), Standard), "acted"),
                }
            })
            .actor("R", reconcile)
            .listings(Listings::Mixed)
            .crashes(2)
            .finally(|view, ends| {
                let later = later(view)?;
                match (ends.of("A"), later.did.len() + later.done as usize + later.dead as usize) {
                    (Some("acted") | None, 1) => Ok(()),
                    other => Err(format!("{other:?} {later:?}")),
                }
            })
            .holds();
    }
}

/// Hole 17, by a cut itself: of two claims the second is synced and takes the directory of the first with it. Whatever
/// the cut forgets, after it each task is handed out once, under a higher token.
#[test]
fn whatever_a_cut_forgets_of_two_claims_each_task_is_handed_out_once_more() {
    let world = world_with(&["a", "w", "v"], task("x"));
    world.advance(5_000);
    push(&world, task("y"), Refuse).unwrap();
    let holder = world.holders().attach("a", Synced).unwrap();
    let queue = world.queue("q");
    let first = queue.claim(&holder, 1, Some(LONG), Unsynced).unwrap().remove(0);
    let second = queue.claim(&holder, 1, Some(LONG), Synced).unwrap().remove(0);
    let unsynced = world.unsynced();
    assert!(unsynced > 0 && unsynced < 10, "{unsynced}");
    let mut twice = 0;
    for mask in 0..1 << unsynced {
        let after = world.power_cut(Cut::Mask(mask), Disk::Btrfs);
        after.advance(10);
        let standing = after.view(|view| view.below(QUEUE).iter().filter(|path| names::task(path).is_some()).count());
        twice += usize::from(standing == 3);
        assert!(standing >= 2, "a task is gone");
        // The holder may be forgotten as well; what it held is over then, and else it ends now.
        if let Ok(holder) = after.holders().attach("a", Standard) {
            holder.end(Standard).unwrap();
        }
        let scenario = Scenario::new(format!("a cut that keeps {mask:b}"), &after).observe(witness);
        let (low, high) = (first.token.min(second.token), first.token.max(second.token));
        worker(worker(scenario, "W"), "V")
            .always(|view| each_link_counts(view, view.logged("unlinked claim").len()))
            .crashes(0)
            .finally(move |view, ends| {
                let later = later(view)?;
                let done =
                    ["W", "V"].iter().filter(|a| ends.of(a).is_some_and(|words| words.starts_with("did"))).count();
                let claims = view.log().iter().filter(|event| event.what.starts_with("claim "));
                if let Some(claim) = claims.clone().find(|event| event.value <= low) {
                    return Err(format!("{claim}, but {low} and {high} were given out"));
                }
                if done + later.did.len() == 2 { Ok(()) } else { Err(format!("{done} and {later:?}")) }
            })
            .holds();
    }
    assert!(twice > 0, "no cut leaves a task under two names: the scene does not show what it is to show");
}

/// Hole 17: a task whose push was answered is there after any cut, whole and once, whatever of a later claim is
/// forgotten; so is its ticket, where it has a given id.
#[test]
fn what_was_pushed_is_there_after_any_cut() {
    for id in [None, Some("x")] {
        let world = world(&["a"]);
        push(&world, NewTask { id, ..task("x") }, Refuse).unwrap();
        let holder = world.holders().attach("a", Unsynced).unwrap();
        let mut cuts = 0;
        for claim in [false, true] {
            if claim {
                world.queue("q").claim(&holder, 1, Some(LONG), Unsynced).unwrap();
            }
            for mask in 0..1_u64 << world.unsynced() {
                for disk in [Disk::Whole, Disk::Btrfs] {
                    let after = world.power_cut(Cut::Mask(mask), disk);
                    after.advance(10);
                    let later = later_in(&after).unwrap_or_else(|wrong| panic!("id {id:?}, cut {mask:b}: {wrong}"));
                    assert_eq!(later.did, ["x"], "id {id:?}, cut {mask:b} of {}", world.unsynced());
                    cuts += 1;
                }
            }
        }
        assert!(cuts >= 8, "{cuts}");
    }
}

/// Hole 6, after a cut: what was pushed unsynced may be forgotten by halves; pushing it again completes it.
#[test]
fn an_id_that_a_cut_forgot_by_halves_is_completed_by_pushing_it_again() {
    let world = empty_queue(&[]);
    // From here on: what the scene has made so far is on the disk.
    world.set_modified("aristo", world.now_ms());
    let tasks = [NewTask { id: Some("x"), ..task("x") }, NewTask { id: Some("y"), ..task("y") }];
    world.queue("q").push(&tasks, Keep, Unsynced).unwrap();
    let unsynced = world.unsynced();
    let mut without_ticket = 0;
    for seed in 0..400 {
        let after = world.power_cut(Cut::Seed(seed), Disk::Btrfs);
        after.advance(10);
        let found = after.maintenance().check().unwrap();
        without_ticket += usize::from(found.iter().any(|finding| finding.problem.contains("without a ticket")));
        if found.iter().any(|finding| finding.problem.contains("not a task")) {
            // A ref that came back without its token counts as live, and is named; nobody guesses.
            continue;
        }
        after.queue("q").push(&tasks, Keep, Standard).unwrap();
        let later = later_in(&after).unwrap_or_else(|wrong| panic!("seed {seed} of {unsynced}: {wrong}"));
        // Content that was not on the disk is never handed out: such a task is dead.
        assert_eq!(later.did.len() as u64 + later.dead, 2, "seed {seed}: {later:?}");
    }
    assert!(without_ticket > 0, "the scene does not show what it is to show");
}
