//! Eight processes want one lease, and are killed at random moments: it is never had by two.
//!
//! Who has it is taken to have it for as long as is sound: until just before it releases, where the release succeeds;
//! else (it was killed, or overslept) for the whole time that its holder was promised last. Nobody shortens that time,
//! since whoever starts again has a new holder.

use crate::crowd::Crowd;
use crate::dice::{Dice, seed};
use crate::intervals::{self, Grant};
use crate::judge::Killed;
use crate::log::{Line, Log, now_ns};
use crate::place::{Place, from_environment};
use leasehold::{Durability, Error, Holder, Session, Turn};
use leasehold_core::Error as Store;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

const NAME: &str = "wanted";
const TTL_MS: u64 = 300;
const MILLISECOND_NS: u64 = 1_000_000;
/// By so much the clock of deadlines, which can be corrected, may differ from ours in the meantime.
const DRIFT_NS: u64 = MILLISECOND_NS;

/// One holder of a racer, and until when it certainly lives.
struct Living {
    holder: Holder,
    renewed: Instant,
    until_ns: u64,
}

/// What came of asking.
enum Asked {
    Granted {
        token: u64,
        asked_ns: u64,
    },
    /// Its holder is over.
    Over,
    Finished,
}

/// Acquires and releases until told to finish.
pub(crate) fn contend(mut session: Session, root: &Path, run: &str, log: &mut Log) {
    let mut dice = Dice::of(run, seed());
    for number in 0.. {
        let holder = match session.holder_open(&format!("{run}-{number}"), TTL_MS, Durability::Unsynced) {
            Ok(holder) => holder,
            Err(error) => return log.failed("open", &error),
        };
        let mut living = Living { holder, renewed: Instant::now(), until_ns: 0 };
        // A birth can wait for the disk: the time that is promised counts from a heartbeat.
        while renew(&mut session, &mut living, log) {
            match ask(&mut session, &mut living, root, &mut dice, log) {
                Asked::Finished => return,
                Asked::Over => break,
                Asked::Granted { token, asked_ns } => {
                    let from_ns = now_ns();
                    log.write_at("until", living.until_ns, NAME, token);
                    log.write_at("asked", asked_ns, NAME, token);
                    log.write_at("acquired", from_ns, NAME, token);
                    if !hold_and_release(&mut session, &mut living, token, &mut dice, log) {
                        break;
                    }
                }
            }
        }
    }
}

/// `false` if the holder is over.
fn renew(session: &mut Session, living: &mut Living, log: &mut Log) -> bool {
    let before_ns = now_ns();
    let renewed = Instant::now();
    match session.holder_renew(&living.holder, Durability::Unsynced) {
        Ok(_) => {
            living.renewed = renewed;
            living.until_ns = before_ns + TTL_MS * MILLISECOND_NS - DRIFT_NS;
            true
        }
        Err(error) => {
            note_unless_lost("renew", &error, log);
            false
        }
    }
}

/// Asks until it is granted: in line, or whenever it may be free.
fn ask(session: &mut Session, living: &mut Living, root: &Path, dice: &mut Dice, log: &mut Log) -> Asked {
    let in_turn = dice.below(2) == 0;
    loop {
        if root.join("finish").exists() {
            return Asked::Finished;
        }
        let asked_ns = now_ns();
        let answer = if in_turn {
            session.lease_acquire_in_turn(NAME, &living.holder, Durability::Unsynced)
        } else {
            session.lease_acquire(NAME, &living.holder, Durability::Unsynced).map(Turn::Granted)
        };
        match answer {
            Ok(Turn::Granted(token)) => return Asked::Granted { token, asked_ns },
            Ok(Turn::Waiting { .. }) | Err(Error::Store(Store::Held(_) | Store::Exhausted(_))) => {}
            Err(error) => {
                note_unless_lost("acquire", &error, log);
                return Asked::Over;
            }
        }
        std::thread::sleep(Duration::from_micros(200 + dice.below(3_000)));
        if living.renewed.elapsed() > Duration::from_millis(TTL_MS / 3) && !renew(session, living, log) {
            return Asked::Over;
        }
    }
}

/// `false` if the lease was lost, and its holder with it.
fn hold_and_release(session: &mut Session, living: &mut Living, token: u64, dice: &mut Dice, log: &mut Log) -> bool {
    match dice.below(150) {
        // Longer than its holder lives: somebody else takes the lease meanwhile.
        0 => std::thread::sleep(Duration::from_millis(TTL_MS + 20 + dice.below(100))),
        choice @ 1..8 => {
            std::thread::sleep(Duration::from_millis(choice));
            if renew(session, living, log) {
                log.write_at("until", living.until_ns, NAME, token);
            }
            std::thread::sleep(Duration::from_millis(choice));
        }
        _ => std::thread::sleep(Duration::from_micros(dice.below(2_000))),
    }
    log.write("letting", NAME, token);
    match session.lease_release(NAME, token, Durability::Unsynced) {
        Ok(()) => log.write("released", NAME, token),
        Err(error) => {
            note_unless_lost("release", &error, log);
            log.write("lost", NAME, token);
            return false;
        }
    }
    if dice.below(4) == 0 {
        // The grant is over: to release it again takes nothing from who has the lease by now.
        std::thread::sleep(Duration::from_micros(dice.below(1_000)));
        if let Err(error) = session.lease_release(NAME, token, Durability::Unsynced) {
            note_unless_lost("release again", &error, log);
        }
    }
    true
}

fn note_unless_lost(what: &str, error: &Error, log: &mut Log) {
    if !matches!(error, Error::Store(Store::Lost(_))) {
        log.failed(what, error);
    }
}

/// What came of it.
#[derive(Debug, Default)]
struct Verdict {
    acquisitions: usize,
    /// Held by one that was killed, until its holder's time had passed.
    killed_holding: usize,
    /// Lost by one that lived, and was told.
    overslept: usize,
    longest_pause_ms: u64,
}

fn judge(lines: &[Line], killed: &Killed) -> Verdict {
    let mut by_token: BTreeMap<u64, Vec<&Line>> = BTreeMap::new();
    for line in lines {
        assert_ne!(line.what, "failed", "{line:?}");
        by_token.entry(line.token).or_default().push(line);
    }
    let mut verdict = Verdict::default();
    let mut grants = Vec::new();
    for (token, lines) in by_token {
        let runs: Vec<&str> = lines.iter().map(|line| line.run.as_str()).collect();
        assert!(runs.iter().all(|run| *run == runs[0]), "token {token} was granted twice: {lines:?}");
        let at = |what: &str| lines.iter().filter(|line| line.what == what).map(|line| line.at_ns).max();
        assert_eq!(lines.iter().filter(|line| line.what == "acquired").count().max(1), 1, "token {token}: {lines:?}");
        // One that was killed on the way to say so never acted on it.
        let (Some(asked_ns), Some(from_ns), Some(promised_ns)) = (at("asked"), at("acquired"), at("until")) else {
            continue;
        };
        let until_ns = match (at("letting"), at("released"), at("lost")) {
            (Some(letting_ns), Some(_), None) => letting_ns,
            (Some(_), None, Some(lost_ns)) => {
                verdict.overslept += 1;
                assert!(lost_ns > promised_ns, "token {token} was lost while its holder lived: {lines:?}");
                promised_ns
            }
            (letting_ns, None, None) => {
                assert!(killed.contains_key(runs[0]), "token {token} was not let go by one that lived: {lines:?}");
                verdict.killed_holding += usize::from(letting_ns.is_none());
                letting_ns.map_or(promised_ns, |letting_ns| letting_ns.min(promised_ns))
            }
            _ => panic!("token {token}: {lines:?}"),
        };
        verdict.acquisitions += 1;
        grants.push(Grant { token, run: runs[0].into(), asked_ns, from_ns, until_ns });
    }
    verdict.longest_pause_ms = intervals::judge(grants) / MILLISECOND_NS;
    verdict
}

fn race(place: &Place) {
    println!("seed {}", seed());
    let length = Duration::from_secs(from_environment("LEASEHOLD_RACE_SECONDS", 5));
    let mut crowd = Crowd::start(place, "lease", false);
    let mut dice = Dice::new(seed());
    let begun = Instant::now();
    while begun.elapsed() < length {
        std::thread::sleep(Duration::from_millis(20 + dice.below(200)));
        crowd.kill_and_restart(usize::try_from(dice.below(8)).unwrap());
    }
    std::fs::write(place.root().join("finish"), b"").unwrap();
    crowd.wait();
    let lines = crowd.lines();
    let verdict = judge(&lines, &crowd.killed);
    println!("one lease, 8 processes, {length:?} on {}, {} kills: {verdict:?}", place.kind, crowd.killed.len());
    assert!(verdict.acquisitions > 0, "nobody ever had it");
    assert!(verdict.killed_holding + verdict.overslept > 0, "it was never taken from anybody");
    let mut session = place.session();
    let last = session.lease_get(NAME).unwrap().unwrap();
    assert!(lines.iter().all(|line| line.token <= last.token), "a token above the last one was granted: {last:?}");
    // Whoever comes now has it, at the latest when the time of the last that was killed has passed.
    std::thread::sleep(Duration::from_millis(TTL_MS + 10));
    let holder = session.holder_open("judge", 600_000, Durability::Unsynced).unwrap();
    assert!(session.lease_acquire(NAME, &holder, Durability::Unsynced).unwrap() > last.token);
    assert!(session.maintenance_check().unwrap().is_empty());
}

#[test]
fn a_lease_is_never_had_by_two_whoever_is_killed_on_the_disk() {
    race(&Place::on_disk());
}

#[test]
fn a_lease_is_never_had_by_two_whoever_is_killed_in_memory() {
    if let Some(place) = Place::in_memory() {
        race(&place);
    }
}
