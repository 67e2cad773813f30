//! Rounds of saving a run, claiming it in four processes at once, and completing it, while others recover, sweep and
//! put right all the time.
//!
//! In some rounds the first winner dies with the run in its hands, and they race for it once more.

use crate::barrier::Barrier;
use crate::crowd::Crowd;
use crate::dice::seed;
use crate::log::{Line, Log};
use crate::place::{Place, from_environment};
use leasehold::{ClaimedRun, Durability, Error, Holder, RunState, SaveOptions, Session};
use leasehold_core::Error as Store;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

const RACERS: usize = 4;
const TTL_MS: u64 = 24 * 3_600_000;
const UNSYNCED: Durability = Durability::Unsynced;

fn rounds() -> u64 {
    from_environment("LEASEHOLD_RACE_ROUNDS", 1_000)
}

/// Every eighth round has a run of its own; the others share a few, which are done and saved anew.
fn run_of(round: u64) -> String {
    if round % 8 == 4 { format!("own-{round}") } else { format!("shared-{}", round % 16) }
}

/// Up to 64 KiB, which tell their round.
fn content_of(round: u64, part: &str) -> Vec<u8> {
    let length = [100, 1_000, 10_000, 65_536][usize::try_from(round / 8 % 4).unwrap()];
    let mut content = format!("{round}-{part}|").into_bytes();
    let whole = content.len().max(length);
    while content.len() < whole {
        content.extend_from_within(..content.len().min(whole - content.len()));
    }
    content
}

fn winner_dies_in(round: u64) -> bool {
    round % 8 == 3 || round % 16 == 4
}

struct Racer<'a> {
    session: Session,
    holder: Holder,
    name: String,
    log: &'a mut Log,
}

pub(crate) fn go_round(mut session: Session, root: &Path, number: usize, log: &mut Log) {
    let name = format!("racer-{number}");
    let holder = session.holder_open(&name, TTL_MS, UNSYNCED).unwrap();
    let mut barrier = Barrier::of(root, number, RACERS);
    let mut racer = Racer { session, holder, name, log };
    for round in 0..rounds() {
        if round % RACERS as u64 == number as u64 {
            racer.save(round);
        }
        barrier.wait();
        if winner_dies_in(round) {
            let has_won = racer.claim(round, "dying").is_some();
            // Only once all have asked: whoever asks after a death wins too.
            barrier.wait();
            if has_won {
                racer.die();
            }
            if round % 16 != 3 {
                // Time to recover it; elsewhere that races with the next claims.
                std::thread::sleep(Duration::from_millis(2));
            }
            barrier.wait();
        }
        if let Some(claimed) = racer.claim(round, "living") {
            racer.complete(round, &claimed);
        }
        barrier.wait();
    }
}

impl Racer<'_> {
    fn save(&mut self, round: u64) {
        let saved = self.session.checkpoint_save(
            &run_of(round),
            &content_of(round, "saved"),
            &SaveOptions::default(),
            UNSYNCED,
        );
        match saved {
            Ok(_) => self.log.write("saved", &format!("{round}-saved"), 0),
            Err(error) => self.log.failed(&format!("save_{round}"), &error),
        }
    }

    fn claim(&mut self, round: u64, part: &str) -> Option<ClaimedRun> {
        let run = run_of(round);
        let claimed = loop {
            match self.session.checkpoint_claim(&run, &self.holder, None, UNSYNCED) {
                Ok(claimed) => break claimed,
                // The winner has it.
                Err(Error::Store(Store::Held(_))) => break None,
                Err(Error::Store(Store::Exhausted(_))) => {}
                Err(error) => {
                    self.log.failed(&format!("claim_{round}_{part}"), &error);
                    return None;
                }
            }
        };
        let Some(claimed) = claimed else {
            self.look(round, &run);
            return None;
        };
        let id = format!("{round}-{part}");
        self.log.write("claimed", &id, claimed.token);
        if !is_of(round, &claimed.content) {
            self.log.failed(&format!("content_of_{id}"), &"not what was saved");
        }
        // Some save what they have come to, and go on.
        if round.is_multiple_of(3) {
            let options = SaveOptions { receipt: Some(&claimed.receipt), keep_claim: true, history: None };
            if let Err(error) = self.session.checkpoint_save(&run, &content_of(round, part), &options, UNSYNCED) {
                self.log.failed(&format!("keep_{id}"), &error);
            }
        }
        Some(claimed)
    }

    fn die(&mut self) {
        if let Err(error) = self.session.holder_end(&self.holder, UNSYNCED) {
            self.log.failed("end", &error);
        }
        self.holder = self.session.holder_open(&self.name, TTL_MS, UNSYNCED).unwrap();
    }

    fn complete(&mut self, round: u64, claimed: &ClaimedRun) {
        let id = format!("{round}-living");
        match self.session.checkpoint_complete(&run_of(round), &claimed.receipt, UNSYNCED) {
            Ok(()) => self.log.write("completed", &id, claimed.token),
            Err(error) => self.log.failed(&format!("complete_{id}"), &error),
        }
    }

    /// Who has lost sees what was saved, or nothing once it is done.
    fn look(&mut self, round: u64, run: &str) {
        match self.session.checkpoint_load(run, None) {
            Ok(None) | Err(Error::Store(Store::Exhausted(_))) => {}
            Ok(Some(loaded)) if is_of(round, &loaded.content) => {}
            Ok(Some(_)) => self.log.failed(&format!("loaded_{round}"), &"not what was saved"),
            Err(error) => self.log.failed(&format!("load_{round}"), &error),
        }
    }
}

fn is_of(round: u64, content: &[u8]) -> bool {
    ["saved", "dying", "living"].iter().any(|part| content == content_of(round, part))
}

/// Recovers, or sweeps and puts right, until told to finish.
pub(crate) fn keep_up(mut session: Session, root: &Path, number: usize, log: &mut Log) {
    while !root.join("finish").exists() {
        if number == 0 {
            match session.checkpoint_recover(UNSYNCED) {
                Ok(runs) => runs.iter().for_each(|run| log.write("recovered", run, 0)),
                Err(error) => log.failed("recover", &error),
            }
            log.write("looked", "recover", 0);
            continue;
        }
        // What `doctor --fix` does, in its order.
        for (what, found) in [
            ("quarantine", session.maintenance_quarantine()),
            ("reconcile", session.maintenance_reconcile()),
            ("check", session.maintenance_check()),
        ] {
            match found {
                Ok(found) => found.iter().for_each(|finding| log.failed(what, &format!("{finding:?}"))),
                Err(error) => log.failed(what, &error),
            }
        }
        match session.maintenance_sweep(60_000) {
            Ok(swept) => log.write("swept", "sweep", swept),
            Err(error) => log.failed("sweep", &error),
        }
    }
}

/// What came of it.
#[derive(Debug, Default)]
struct Verdict {
    rounds: usize,
    deaths: usize,
    recovered: usize,
    /// How often all runs were looked at meanwhile, to recover, and to sweep and put right.
    looks: (usize, usize),
    swept: u64,
}

fn judge(lines: &[Line], upkeep: &[Line]) -> Verdict {
    let mut by_id: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
    for line in lines.iter().chain(upkeep) {
        assert_ne!(line.what, "failed", "{line:?}");
    }
    for line in lines {
        by_id.entry(&line.id).or_default().push(line);
    }
    let mut verdict = Verdict::default();
    let mut last_token: BTreeMap<String, u64> = BTreeMap::new();
    for round in 0..rounds() {
        let of = |what: &str, part: &str| -> Vec<&Line> {
            let lines = by_id.get(format!("{round}-{part}").as_str());
            lines.into_iter().flatten().filter(|line| line.what == what).copied().collect()
        };
        assert_eq!(of("saved", "saved").len(), 1, "round {round}");
        let (dying, living) = (of("claimed", "dying"), of("claimed", "living"));
        assert_eq!(dying.len(), usize::from(winner_dies_in(round)), "round {round}: {dying:?}");
        assert_eq!(living.len(), 1, "round {round} has not one winner: {living:?}");
        let completed = of("completed", "living");
        assert_eq!(completed.len(), 1, "round {round} was lost: {completed:?}");
        assert_eq!((&completed[0].run, completed[0].token), (&living[0].run, living[0].token), "round {round}");
        for claim in dying.iter().chain(&living) {
            let last = last_token.insert(run_of(round), claim.token);
            assert!(last < Some(claim.token), "the tokens of {} fall from {last:?}: {claim:?}", run_of(round));
        }
        verdict.rounds += 1;
        verdict.deaths += dying.len();
    }
    let all = |what: &str| -> Vec<&Line> { upkeep.iter().filter(|line| line.what == what).collect() };
    verdict.recovered = all("recovered").len();
    verdict.looks = (all("looked").len(), all("swept").len());
    verdict.swept = all("swept").iter().map(|line| line.token).sum();
    assert!(verdict.recovered <= verdict.deaths, "what the living held was recovered: {verdict:?}");
    verdict
}

fn race(place: &Place) {
    println!("seed {}", seed());
    let mut upkeep = Crowd::of(2, place, "upkeep", false);
    let mut racers = Crowd::of(RACERS, place, "rounds", false);
    racers.wait();
    std::fs::write(place.root().join("finish"), b"").unwrap();
    upkeep.wait();
    let verdict = judge(&racers.lines(), &upkeep.lines());
    println!("checkpoints on {}: {verdict:?}", place.kind);
    assert!(verdict.looks.0 > 0 && verdict.looks.1 > 0, "nobody looked meanwhile");
    let mut session = place.session();
    let runs = session.checkpoint_list(None, None, 10_000).unwrap().runs;
    assert!(runs.iter().all(|run| run.state == RunState::Done), "all are done");
    assert!(session.maintenance_check().unwrap().is_empty());
}

#[test]
fn each_run_is_claimed_by_one_of_four_whoever_sweeps_and_recovers_on_the_disk() {
    race(&Place::on_disk());
}

#[test]
fn each_run_is_claimed_by_one_of_four_whoever_sweeps_and_recovers_in_memory() {
    if let Some(place) = Place::in_memory() {
        race(&place);
    }
}
