//! Claiming.
//!
//! | | source → target | linearizes | a crash leaves |
//! |---|---|---|---|
//! | claim | `pending/<bucket>/<t>` → `claimed/<t'>`, holder, epoch, deadline | the rename | a claim, which `reap` takes |
//! | claim a group | likewise, where all of it is asked for; else it parts first ([`super::part`]) | the rename | likewise |
//! | give back | `claimed/<t'>` → `pending/<bucket>/<t'>` | the rename | the same |
//!
//! Between reading a name and the rename anyone may have claimed or cancelled the task (not found: the next one).
//! Between the rename and the answer the holder may have died, and its claim been taken back: so the holder is
//! read *after* the rename, and what was taken is given back unless the same epoch still lives.

use super::candidates::{Bucket, Candidate};
use super::entry::{Entry, Place};
use super::given::Given;
use super::layout::Layout;
use super::members::PATIENT_TRIES;
use super::part::Parting;
use super::task::ClaimedTask;
use super::ticket::Ticket;
use super::{Queue, adopt, check_duration};
use crate::Durability;
use crate::capability::{Directory, FsError};
use crate::error::{Error, Result};
use crate::holder::Holder;
use crate::limits::{CLAIM_BYTES_MAX, CLAIM_MS_DEFAULT, CLAIM_TASKS_MAX, TRIES_MAX};
use crate::name::Nonce;
use crate::store::{is_sync, sync_all};
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

/// How old a listing may be before more urgent tasks are looked for.
const LISTING_MS_MAX: u64 = 20;
/// Where listing takes long, it may be so many times as old as it took: a long queue costs no more than a short one.
const LISTING_SHARE: u64 = 16;
/// But no older than this: whatever a look costs, what is urgent is found.
const LISTING_MS_MOST: u64 = 2_000;
/// How often a claim that finds nothing ready takes back what is over, and opens all directories again by name.
const THOROUGH_MS: u64 = 1_000;
/// How many tasks that cannot be read, or are damaged, one claim passes over.
const PASSED_OVER_MAX: usize = 65_536;
/// From how many buckets one claim takes: each is open until the claim is done.
const CLAIM_BUCKETS_MAX: usize = 256;
/// How far claimers who race start apart.
const APART_MAX: u64 = 64;

/// A task that was taken and not handed out yet.
pub(crate) enum Taken<D: Directory> {
    File { entry: Entry, name: String, bucket: Rc<Bucket<D>> },
    Given(Given<D>),
}

/// What became of one attempt to take a task.
pub(crate) enum Attempt<T> {
    Taken(T),
    /// Somebody else was first.
    Raced,
    /// There is nothing to take, by nobody's doing.
    Nothing,
    /// It is a group of more tasks than were asked for.
    TooMany,
    /// It is a group that somebody parts.
    Parting,
}

impl<T> Attempt<T> {
    fn map<U>(self, of: impl FnOnce(T) -> U) -> Attempt<U> {
        match self {
            Attempt::Taken(taken) => Attempt::Taken(of(taken)),
            Attempt::Raced => Attempt::Raced,
            Attempt::Nothing => Attempt::Nothing,
            Attempt::TooMany => Attempt::TooMany,
            Attempt::Parting => Attempt::Parting,
        }
    }
}

/// What one claim gathers.
pub(crate) struct Gathered<D: Directory> {
    pub(crate) taken: Vec<Taken<D>>,
    /// How many tasks those are.
    pub(crate) count: usize,
    /// Given back by this very claim, as they could not be read.
    pub(crate) passed_over: BTreeSet<Nonce>,
    /// How many were set aside by this very claim, as they are damaged.
    pub(crate) set_aside: usize,
    /// The first thing that went wrong: it stops nothing, and is told where nothing is handed out.
    pub(crate) failed: Option<Error>,
}

impl<D: Directory> Gathered<D> {
    fn unreadable(&self) -> usize {
        self.passed_over.len() + self.set_aside
    }

    pub(crate) fn note_failure(&mut self, error: Option<Error>) {
        self.failed = self.failed.take().or(error);
    }
}

impl<D: Directory> Taken<D> {
    pub(crate) fn entry(&self) -> &Entry {
        match self {
            Taken::File { entry, .. } => entry,
            Taken::Given(given) => &given.entry,
        }
    }

    /// Whether it keeps the same bucket open.
    fn is_beside(&self, other: &Self) -> bool {
        match (self, other) {
            (Taken::File { bucket, .. }, Taken::File { bucket: other, .. }) => Rc::ptr_eq(bucket, other),
            _ => false,
        }
    }
}

impl<D: Directory> Queue<D> {
    /// Claims up to `max` tasks (1 to 1,000) for `lasting_ms` (10 minutes if `None`), in order of priority, due time
    /// and pushing; fewer once they have 32 MiB of payload together, or stood in 256 places (buckets, and directories of given ids). Where nothing else is ready, claims that are over are
    /// put back: by the first such call, and then about once a second. Unsynced by default.
    ///
    /// # Errors
    /// [`Error::Lost`] if the holder does not live; nothing is kept claimed then. [`Error::Paused`],
    /// [`Error::InvalidArgument`], [`Error::Io`].
    pub fn claim(
        &self,
        holder: &Holder<D>,
        max: u32,
        lasting_ms: Option<u64>,
        durability: Durability,
    ) -> Result<Vec<ClaimedTask>> {
        if !(1..=CLAIM_TASKS_MAX).contains(&max) {
            return Err(Error::InvalidArgument(format!("a claim of {max} tasks, use 1 to {CLAIM_TASKS_MAX}")));
        }
        let lasting_ms = lasting_ms.unwrap_or(CLAIM_MS_DEFAULT);
        check_duration("a claim", lasting_ms, false)?;
        let sync = is_sync(durability, false);
        let is_thorough = self.is_time_to_be_thorough();
        let mut has_reopened = !is_thorough;
        let mut gathered =
            Gathered { taken: Vec::new(), count: 0, passed_over: BTreeSet::new(), set_aside: 0, failed: None };
        let mut tries = 0;
        // What cannot be read is no try: however many of those stand first, they stop none of the others.
        while tries < TRIES_MAX && gathered.unreadable() < PASSED_OVER_MAX {
            let unreadable = gathered.unreadable();
            let Some(layout) = self.layout()? else {
                holder.check()?;
                return Ok(Vec::new());
            };
            if self.is_paused(&layout)? {
                return Err(Error::Paused(format!("queue {:?} hands out nothing, resume it", self.name())));
            }
            self.take(&layout, holder, max, lasting_ms, is_thorough, &mut gathered);
            let taken = core::mem::take(&mut gathered.taken);
            gathered.count = 0;
            if let Err(error) = holder.check() {
                // What cannot be given back is over with its holder.
                let _ = self.give_back(&layout, taken);
                return Err(error);
            }
            if taken.is_empty() {
                // A directory that somebody removed lists empty as well: once, all are opened again by name.
                let is_bare = self.candidates.borrow().is_bare() && !has_reopened;
                if self.has_layout() && !is_bare {
                    return gathered.failed.map_or(Ok(Vec::new()), Err);
                }
                has_reopened = true;
                tries += 1;
                self.forget_layout();
                continue;
            }
            let tasks = self.hand_out(&layout, taken, sync, &mut gathered);
            // All that was taken was damaged, and is set aside now: there may be more.
            if !tasks.is_empty() {
                return Ok(tasks);
            }
            tries += u32::from(gathered.unreadable() == unreadable);
        }
        Err(gathered.failed.unwrap_or_else(|| self.exhausted()))
    }

    /// Whether this claim, if it finds nothing ready, is to look at more than `pending`: idle workers ask often.
    fn is_time_to_be_thorough(&self) -> bool {
        let monotonic_ms = self.environment().monotonic_ms();
        self.thorough_ms.get().is_none_or(|at_ms| monotonic_ms.saturating_sub(at_ms) >= THOROUGH_MS)
    }

    /// Takes what can be taken. What goes wrong with one bucket or task is noted, and stops no other.
    fn take(
        &self,
        layout: &Rc<Layout<D>>,
        holder: &Holder<D>,
        max: u32,
        lasting_ms: u64,
        is_thorough: bool,
        gathered: &mut Gathered<D>,
    ) {
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        let mut has_reaped = !is_thorough;
        let mut is_fresh = false;
        let mut lost_races = 0;
        let mut failures = 0;
        let mut parting_in: Option<Rc<Bucket<D>>> = None;
        let mut waited = 0;
        let mut bytes: u64 = 0;
        let mut buckets = 0;
        // Where everything fails, the disk does: not all of a long queue is tried.
        while gathered.count < max
            && bytes < CLAIM_BYTES_MAX
            && buckets < CLAIM_BUCKETS_MAX
            && failures < TRIES_MAX
            && self.has_layout()
        {
            let monotonic_ms = self.environment().monotonic_ms();
            let share_ms = self.listing_ms.get().saturating_mul(LISTING_SHARE);
            let listing_ms_max = share_ms.clamp(LISTING_MS_MAX, LISTING_MS_MOST);
            if !is_fresh && self.candidates.borrow().is_older_than(listing_ms_max, monotonic_ms) {
                self.refresh(layout, max);
                is_fresh = true;
                continue;
            }
            let now_ms = self.environment().now_ms();
            let candidate = self.next_candidate(now_ms, monotonic_ms);
            if let Some(candidate) = candidate {
                if gathered.passed_over.contains(&candidate.order.3) {
                    continue;
                }
                match self.take_one(layout, &candidate, holder, lasting_ms, max - gathered.count) {
                    Ok(Attempt::Taken(one)) => {
                        bytes = bytes.saturating_add(one.entry().size);
                        gathered.count += one.entry().tasks();
                        buckets += usize::from(!gathered.taken.last().is_some_and(|last| last.is_beside(&one)));
                        gathered.taken.push(one);
                    }
                    Ok(Attempt::Raced) => {
                        lost_races += 1;
                        self.start_apart(lost_races);
                    }
                    Ok(Attempt::Nothing) => {}
                    // With what was taken there is no room for all of a group: whoever asks next has it whole.
                    Ok(Attempt::TooMany) if !gathered.taken.is_empty() => {
                        self.candidates.borrow_mut().prefer(alloc::vec![candidate]);
                        break;
                    }
                    Ok(Attempt::Parting) => match self.help_candidate(layout, &candidate, waited >= PATIENT_TRIES) {
                        Ok(true) => {
                            is_fresh = false;
                            self.candidates.borrow_mut().clear();
                        }
                        // Somebody is at it: where there is nothing else, that is waited for.
                        Ok(false) => parting_in = Some(candidate.bucket),
                        Err(error) => {
                            gathered.passed_over.insert(candidate.order.3);
                            gathered.note_failure(Some(error));
                        }
                    },
                    Ok(Attempt::TooMany) => match self.part_candidate(layout, &candidate) {
                        Ok(Some(_)) => {
                            is_fresh = false;
                            self.candidates.borrow_mut().clear();
                        }
                        Ok(None) => {
                            lost_races += 1;
                            self.start_apart(lost_races);
                        }
                        Err(error) => {
                            gathered.passed_over.insert(candidate.order.3);
                            gathered.note_failure(Some(error));
                        }
                    },
                    Err(error) => {
                        failures += 1;
                        gathered.note_failure(Some(error));
                    }
                }
            } else if !is_fresh {
                self.refresh(layout, max);
                is_fresh = true;
            } else if let Some(bucket) = parting_in.take().filter(|_| gathered.taken.is_empty() && waited < TRIES_MAX) {
                waited += 1;
                is_fresh = false;
                self.candidates.borrow_mut().clear();
                // As the one who is at it waits for the disk.
                let synced = sync_all(&[(&bucket.dir, "a bucket")]);
                gathered.note_failure(synced.err());
            } else if gathered.taken.is_empty() && !has_reaped {
                has_reaped = true;
                self.thorough_ms.set(Some(monotonic_ms));
                let reaped = self.reap_over(layout, false);
                let is_new = !reaped.ids.is_empty() || reaped.has_moved;
                gathered.note_failure(reaped.failed);
                if !is_new {
                    break;
                }
                is_fresh = false;
                self.candidates.borrow_mut().clear();
            } else {
                break;
            }
        }
        // An unreadable bucket stops no other, but what it holds is not taken for nothing.
        let failed = self.candidates.borrow_mut().take_failed();
        gathered.note_failure(failed);
    }

    fn help_candidate(&self, layout: &Rc<Layout<D>>, candidate: &Candidate<D>, is_urgent: bool) -> Result<bool> {
        match Parting::parse(&candidate.name) {
            Some(parting) => self.help_part(layout, &candidate.bucket.dir, parting, is_urgent),
            None => Ok(false),
        }
    }

    fn part_candidate(&self, layout: &Rc<Layout<D>>, candidate: &Candidate<D>) -> Result<Option<Vec<Entry>>> {
        match Entry::parse(&candidate.name) {
            Some(group) => self.part(layout, &candidate.bucket.dir, &group),
            None => Ok(None),
        }
    }

    /// The next name to try, and how long it took to list what was to be listed for it.
    fn next_candidate(&self, now_ms: u64, monotonic_ms: u64) -> Option<Candidate<D>> {
        let mut candidates = self.candidates.borrow_mut();
        let listed = candidates.listed();
        let candidate = candidates.next(now_ms);
        if candidates.listed() != listed {
            let took_ms = self.environment().monotonic_ms().saturating_sub(monotonic_ms);
            self.listing_ms.set(self.listing_ms.get().saturating_add(took_ms));
        }
        candidate
    }

    fn refresh(&self, layout: &Rc<Layout<D>>, max: usize) {
        let monotonic_ms = self.environment().monotonic_ms();
        self.look_again(layout, max, monotonic_ms);
        self.listing_ms.set(self.environment().monotonic_ms().saturating_sub(monotonic_ms));
    }

    fn look_again(&self, layout: &Rc<Layout<D>>, max: usize, monotonic_ms: u64) {
        let mut dropped = Vec::new();
        self.candidates.borrow_mut().refresh(layout, monotonic_ms, &mut |name, kind| {
            if adopt::may_be_task(name, kind) {
                dropped.push(String::from(name));
            }
        });
        if !dropped.is_empty() && self.adopt(layout, &dropped, max) {
            self.candidates.borrow_mut().refresh(layout, monotonic_ms, &mut |_, _| {});
        }
    }

    /// Those who race for one name go on from places apart.
    fn start_apart(&self, lost_races: u64) {
        let mut candidates = self.candidates.borrow_mut();
        let apart = self.environment().random.next_u64() % (lost_races * 4).min(APART_MAX);
        let skipped = candidates.skip(apart);
        let first = candidates.skip(1);
        candidates.put_back(skipped);
        candidates.prefer(first);
    }

    fn take_one(
        &self,
        layout: &Rc<Layout<D>>,
        candidate: &Candidate<D>,
        holder: &Holder<D>,
        lasting_ms: u64,
        room: usize,
    ) -> Result<Attempt<Taken<D>>> {
        if let Some(ticket) = Ticket::parse(&candidate.name) {
            return Ok(self.claim_ticket(layout, candidate, &ticket, holder, lasting_ms)?.map(Taken::Given));
        }
        let Some(entry) = Entry::parse(&candidate.name).filter(|entry| entry.place == Place::Pending) else {
            let is_parting = Parting::parse(&candidate.name).is_some();
            return Ok(if is_parting { Attempt::Parting } else { Attempt::Nothing });
        };
        if entry.tasks() > room {
            return Ok(Attempt::TooMany);
        }
        let now_ms = self.environment().now_ms();
        let claimed = entry.claimed(holder.key(), holder.epoch(), now_ms, lasting_ms, 0);
        let target = claimed.text();
        match candidate.bucket.dir.rename(&candidate.name, &layout.claimed, &target) {
            Ok(()) => {
                let bucket = Rc::clone(&candidate.bucket);
                Ok(Attempt::Taken(Taken::File { entry: claimed, name: target, bucket }))
            }
            Err(FsError::NotFound) => {
                // Not a lost race but a lost directory, if the task is still there: names never come back.
                if candidate.bucket.dir.metadata(&candidate.name).is_ok() {
                    self.forget_layout();
                }
                Ok(Attempt::Raced)
            }
            Err(error) => Err(Error::at("a task", &error)),
        }
    }
}
