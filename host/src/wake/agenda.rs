//! When somebody who sleeps is to look again though nothing was told.

use super::subject::Subject;
use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How often what is watched is looked at all the same: for what dead holders had, and claims that are over.
const LOOK_EVERY: Duration = Duration::from_secs(4);
/// How often what cannot be watched is looked at.
const LOOK_OFTEN: Duration = Duration::from_secs(1);
/// A look through directories may take one part in so many of the time.
const SHARE: u32 = 4;
/// What a ticket tells of may come a little later: how soon after it is looked first, and for how long, doubling.
const TICKET_FIRST: Duration = Duration::from_micros(500);
const TICKET_LAST: Duration = Duration::from_millis(600);
/// A dropped file is a task once it has been unchanged for a second.
const DROPPED: [Duration; 2] = [Duration::from_millis(1_020), Duration::from_millis(2_040)];
/// How many moments are remembered for one subject: more than these are close together.
const MOMENTS_MAX: usize = 64;

/// What is to be done, for each subject that is watched.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    order: BTreeSet<(Instant, u64)>,
    plans: HashMap<u64, Plan>,
}

/// What is to be done for one subject.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) subject: Arc<Subject>,
    /// Where it stands in the order.
    at: Instant,
    /// When its directories are to be looked through, if they are.
    walk_at: Option<Instant>,
    /// Not before this.
    walk_after: Instant,
    look_at: Instant,
    /// When the next task is due (milliseconds since 1970).
    due_ms: Option<u64>,
    /// When to look at what is expected.
    moments: BTreeSet<Instant>,
    is_partial: bool,
}

/// What is due for one subject.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) ring: bool,
    pub(super) walk: bool,
    /// It is time for the slow look.
    pub(super) look: bool,
}

impl Agenda {
    pub(super) fn add(&mut self, subject: &Arc<Subject>) {
        let now = Instant::now();
        let plan = Plan {
            subject: subject.clone(),
            at: now + LOOK_EVERY,
            walk_at: None,
            walk_after: now,
            look_at: now + about(LOOK_EVERY),
            due_ms: None,
            moments: BTreeSet::new(),
            is_partial: false,
        };
        self.order.insert((plan.at, subject.id));
        self.plans.insert(subject.id, plan);
        self.change(subject, |_| {});
    }

    pub(super) fn remove(&mut self, subject: &Subject) {
        if let Some(plan) = self.plans.remove(&subject.id) {
            self.order.remove(&(plan.at, subject.id));
        }
    }

    pub(super) fn subjects(&self) -> Vec<Arc<Subject>> {
        self.plans.values().map(|plan| plan.subject.clone()).collect()
    }

    /// When there is something to be done.
    pub(super) fn next(&self) -> Option<Instant> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Changes a plan, if there is one.
    pub(super) fn change<T>(&mut self, subject: &Subject, change: impl FnOnce(&mut Plan) -> T) -> Option<T> {
        let plan = self.plans.get_mut(&subject.id)?;
        let changed = change(plan);
        let at = plan.next(Instant::now(), now_ms());
        self.order.remove(&(plan.at, subject.id));
        plan.at = at;
        self.order.insert((at, subject.id));
        Some(changed)
    }

    /// The first subject for which something is due.
    pub(super) fn take_due(&mut self) -> Option<(Arc<Subject>, Due)> {
        let now = Instant::now();
        let (_, id) = self.order.first().filter(|(at, _)| *at <= now)?;
        let subject = self.plans.get(id)?.subject.clone();
        let due = self.change(&subject, |plan| plan.take(now, now_ms()))?;
        Some((subject, due))
    }
}

impl Plan {
    /// The directories are to be looked through.
    pub(super) fn walk_soon(&mut self) {
        self.walk_at = Some(self.walk_after);
    }

    /// They are about to be.
    pub(super) fn walk_begins(&mut self) {
        self.walk_at = None;
        self.due_ms = None;
    }

    /// They were; it began then, and not all can be watched if it `is_partial`.
    pub(super) fn walk_has_ended(&mut self, began: Instant, is_partial: bool) {
        let now = Instant::now();
        self.walk_after = now + (now - began) * SHARE;
        self.walk_at = self.walk_at.map(|_| self.walk_after);
        if is_partial && !self.is_partial {
            self.look_at = now + about(LOOK_OFTEN);
        }
        self.is_partial = is_partial;
    }

    /// Something is due then.
    pub(super) fn expect_at(&mut self, due_ms: u64) {
        self.due_ms = Some(self.due_ms.map_or(due_ms, |known_ms| known_ms.min(due_ms)));
    }

    /// What a ticket tells of will be there soon.
    pub(super) fn expect_after_ticket(&mut self) {
        if self.moments.len() < MOMENTS_MAX {
            let now = Instant::now();
            let pauses = std::iter::successors(Some(TICKET_FIRST), |pause| Some(*pause * 2));
            self.moments.extend(pauses.take_while(|pause| *pause <= TICKET_LAST).map(|pause| now + pause));
        }
    }

    /// A dropped file will be a task soon.
    pub(super) fn expect_dropped(&mut self) {
        if self.moments.len() < MOMENTS_MAX {
            let now = Instant::now();
            self.moments.extend(DROPPED.map(|pause| now + pause));
        }
    }

    fn next(&self, now: Instant, now_ms: u64) -> Instant {
        let due = self.due_ms.map(|due_ms| now + Duration::from_millis(due_ms.saturating_sub(now_ms).min(60_000)));
        [self.walk_at, due, self.moments.first().copied()].into_iter().flatten().fold(self.look_at, Instant::min)
    }

    fn take(&mut self, now: Instant, now_ms: u64) -> Due {
        let mut due = Due::default();
        if self.walk_at.is_some_and(|at| at <= now) {
            due.walk = true;
        }
        if self.moments.first().is_some_and(|at| *at <= now) {
            self.moments = self.moments.split_off(&now);
            self.moments.remove(&now);
            due.ring = true;
        }
        if self.due_ms.is_some_and(|due_ms| due_ms <= now_ms) {
            self.due_ms = None;
            due.ring = true;
            // What is due after that is not known yet.
            self.walk_soon();
        }
        if self.look_at <= now {
            self.look_at = now + about(if self.is_partial { LOOK_OFTEN } else { LOOK_EVERY });
            due.ring = true;
            due.look = true;
            // Perhaps it can be watched by now.
            if self.is_partial {
                self.walk_soon();
            }
        }
        due
    }
}

pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A quarter more or less, so that processes do not look all at once.
fn about(pause: Duration) -> Duration {
    let part = RandomState::new().hash_one(0_u8) % 1_000;
    pause * 3 / 4 + pause / 2 * u32::try_from(part).unwrap_or(0) / 1_000
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use crate::wake::subject::What;

    fn planned() -> (Agenda, Arc<Subject>) {
        let subject = Arc::new(Subject::new(What::Ref { store: "".into(), name: "x".into(), has_line: false }));
        let mut agenda = Agenda::default();
        agenda.add(&subject);
        (agenda, subject)
    }

    #[test]
    fn nothing_is_due_for_seconds_where_nothing_happens() {
        let (mut agenda, _) = planned();
        assert!(agenda.take_due().is_none());
        let left = agenda.next().unwrap() - Instant::now();
        assert!(left > Duration::from_millis(2_900) && left <= Duration::from_secs(5), "{left:?}");
    }

    #[test]
    fn what_cannot_be_watched_is_looked_at_every_second_and_tried_again() {
        let (mut agenda, subject) = planned();
        agenda.change(&subject, |plan| plan.walk_has_ended(Instant::now(), true));
        let left = agenda.next().unwrap() - Instant::now();
        assert!(left > Duration::from_millis(700) && left <= Duration::from_millis(1_250), "{left:?}");
        std::thread::sleep(left + Duration::from_millis(1));
        let (_, due) = agenda.take_due().unwrap();
        assert!(due.ring && due.look);
        assert!(agenda.take_due().unwrap().1.walk);
    }

    #[test]
    fn what_is_due_is_waited_for_to_the_millisecond_and_then_looked_through() {
        let (mut agenda, subject) = planned();
        agenda.change(&subject, |plan| plan.expect_at(now_ms() + 30));
        agenda.change(&subject, |plan| plan.expect_at(now_ms() + 500));
        assert!(agenda.take_due().is_none());
        let left = agenda.next().unwrap() - Instant::now();
        assert!(left <= Duration::from_millis(30), "{left:?}");
        std::thread::sleep(Duration::from_millis(32));
        let (_, due) = agenda.take_due().unwrap();
        assert!(due.ring && !due.look);
        let (_, due) = agenda.take_due().unwrap();
        assert!(due.walk && !due.ring);
    }

    #[test]
    fn a_ticket_is_followed_up_a_few_times() {
        let (mut agenda, subject) = planned();
        agenda.change(&subject, Plan::expect_after_ticket);
        let moments = agenda.change(&subject, |plan| plan.moments.clone()).unwrap();
        assert_eq!(moments.len(), 11);
        std::thread::sleep(Duration::from_millis(1));
        assert!(agenda.take_due().unwrap().1.ring);
        for _ in 0..1000 {
            agenda.change(&subject, Plan::expect_after_ticket);
        }
        let kept = agenda.change(&subject, |plan| plan.moments.len()).unwrap();
        assert!(kept <= MOMENTS_MAX + 11, "{kept}");
    }
}
