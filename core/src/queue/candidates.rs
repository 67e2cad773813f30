//! What could be claimed, in order, without listing more of the queue than is needed.
//!
//! Buckets are listed one by one, the most urgent first, and what stands in them is kept until it was tried. A bucket
//! is opened only when everything known sorts after all that could stand in it.

use super::bucket::{self, BucketName};
use super::entry::parse_order;
use super::layout::Layout;
use crate::capability::{Directory, FsError, Kind};
use crate::error::Error;
use crate::name::{Nonce, number};
use crate::store::list_entries;
use alloc::collections::BinaryHeap;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Reverse;

/// How many names of what an instance has pushed itself it keeps in mind.
const LEARNED_MAX: usize = 4_096;

/// What tasks and tickets sort by: priority, due time, sequence, nonce.
pub(crate) type Order = (u8, u64, u32, Nonce);

/// A name in a bucket that could be claimed.
#[derive(Debug)]
pub(crate) struct Candidate<D> {
    pub(crate) order: Order,
    pub(crate) name: String,
    pub(crate) bucket: Rc<D>,
}

impl<D> PartialEq for Candidate<D> {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order && self.name == other.name
    }
}
impl<D> Eq for Candidate<D> {}
impl<D> PartialOrd for Candidate<D> {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<D> Ord for Candidate<D> {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        self.order.cmp(&other.order).then_with(|| self.name.cmp(&other.name))
    }
}

#[derive(Debug)]
struct Unlisted<D> {
    name: BucketName,
    priority: Rc<D>,
}

/// What one instance knows of `pending`.
#[derive(Debug)]
pub(crate) struct Candidates<D> {
    known: BinaryHeap<Reverse<Candidate<D>>>,
    /// To be tried first: where this claimer starts so as not to race.
    preferred: Vec<Candidate<D>>,
    /// Buckets not listed yet, the most urgent last.
    unlisted: Vec<Unlisted<D>>,
    /// When `pending` was last looked at, on the monotonic clock.
    refreshed_ms: Option<u64>,
    /// How many buckets were listed since.
    listed: u64,
    /// How many names were learned since.
    learned: usize,
    /// What the last name that was handed out sorts by.
    last: Option<Order>,
    /// Why a bucket could not be listed.
    failed: Option<Error>,
    /// Whether the last look found `pending` without anything in it.
    is_bare: bool,
}

impl<D> Default for Candidates<D> {
    fn default() -> Self {
        Candidates {
            known: BinaryHeap::new(),
            preferred: Vec::new(),
            unlisted: Vec::new(),
            refreshed_ms: None,
            listed: 0,
            learned: 0,
            last: None,
            failed: None,
            is_bare: false,
        }
    }
}

impl<D: Directory> Candidates<D> {
    /// Forgets all, so that the next look is a fresh one.
    pub(crate) fn clear(&mut self) {
        *self = Candidates::default();
    }

    /// Whether the last look found `pending` without anything in it, as it is at first, or once it is removed.
    pub(crate) fn is_bare(&self) -> bool {
        self.is_bare
    }

    /// Whether what is known was known `age_ms` ago already.
    pub(crate) fn is_older_than(&self, age_ms: u64, monotonic_ms: u64) -> bool {
        self.refreshed_ms.is_none_or(|at_ms| monotonic_ms.saturating_sub(at_ms) >= age_ms)
    }

    /// How many buckets were listed since `pending` was looked at.
    pub(crate) fn listed(&self) -> u64 {
        self.listed
    }

    /// Looks at `pending` again; `visit` is shown what stands there beside the priorities' directories.
    pub(crate) fn refresh(&mut self, layout: &Layout<D>, monotonic_ms: u64, visit: &mut dyn FnMut(&str, Kind)) {
        self.clear();
        self.refreshed_ms = Some(monotonic_ms);
        let pending_error = |error: FsError| Error::at("pending", &error);
        let listed = match list_entries(&layout.pending) {
            Ok(listed) => listed,
            Err(error) => {
                self.failed = Some(pending_error(error));
                return;
            }
        };
        self.is_bare = listed.is_empty();
        for (name, kind) in listed {
            let Some(priority) = bucket::parse_any_priority_dir(&name).filter(|_| kind == Kind::Directory) else {
                visit(&name, kind);
                continue;
            };
            let opened = layout.pending.open_dir(&name).and_then(|dir| list_entries(&dir).map(|listed| (dir, listed)));
            let (dir, listed) = match opened {
                Ok((dir, listed)) => (Rc::new(dir), listed),
                Err(FsError::NotFound) => continue,
                Err(error) => {
                    self.failed = Some(pending_error(error));
                    continue;
                }
            };
            for (name, kind) in listed {
                if kind == Kind::Directory
                    && let Some(name) = BucketName::parse(priority, &name)
                {
                    self.unlisted.push(Unlisted { name, priority: Rc::clone(&dir) });
                }
            }
        }
        self.unlisted.sort_by(|a, b| b.name.cmp(&a.name));
    }

    /// Why something could not be listed, told once.
    pub(crate) fn take_failed(&mut self) -> Option<Error> {
        self.failed.take()
    }

    /// The next name to try, if any is due.
    pub(crate) fn next(&mut self, now_ms: u64) -> Option<Candidate<D>> {
        if let Some(candidate) = self.preferred.pop() {
            return Some(candidate);
        }
        loop {
            // What was learned may have been listed as well.
            while self.known.peek().is_some_and(|Reverse(candidate)| Some(candidate.order) == self.last) {
                self.known.pop();
            }
            let bound = self.unlisted.last().map(|bucket| (bucket.name.priority, bucket.name.earliest_ms()));
            let known = self.known.peek().map(|Reverse(candidate)| (candidate.order.0, candidate.order.1));
            match (known, bound) {
                (Some(known), Some(bound)) if known < bound => break,
                (Some(_), None) => break,
                (None, None) => return None,
                _ => self.list_next(now_ms),
            }
        }
        let candidate = self.known.pop().map(|Reverse(candidate)| candidate);
        self.last = candidate.as_ref().map(|candidate| candidate.order);
        candidate
    }

    /// Adds a name that was not there when `pending` was last looked at, if it was.
    pub(crate) fn learn(&mut self, candidate: Candidate<D>) {
        if self.learned >= LEARNED_MAX {
            // Whoever pushes and claims nothing keeps no more in mind; the next claim looks again.
            self.clear();
        }
        if self.refreshed_ms.is_some() {
            self.learned += 1;
            self.known.push(Reverse(candidate));
        }
    }

    /// Sets aside up to `count` of the next names, so as not to race for one with those who start there.
    pub(crate) fn skip(&mut self, count: u64) -> Vec<Candidate<D>> {
        (0..count).map_while(|_| self.known.pop()).map(|Reverse(candidate)| candidate).collect()
    }

    /// Puts back what was set aside.
    pub(crate) fn put_back(&mut self, candidates: Vec<Candidate<D>>) {
        self.known.extend(candidates.into_iter().map(Reverse));
    }

    /// Puts names before all others, whatever they sort by.
    pub(crate) fn prefer(&mut self, candidates: Vec<Candidate<D>>) {
        self.preferred.extend(candidates);
    }

    fn list_next(&mut self, now_ms: u64) {
        let Some(Unlisted { name, priority }) = self.unlisted.pop() else { return };
        if name.earliest_ms() > now_ms {
            return;
        }
        self.listed += 1;
        let text = name.text();
        let opened = priority.open_dir(&text).and_then(|dir| list_entries(&dir).map(|listed| (dir, listed)));
        let (dir, entries) = match opened {
            Ok((dir, entries)) => (Rc::new(dir), entries),
            Err(FsError::NotFound | FsError::NotDirectory | FsError::Link) => return,
            Err(error) => {
                self.failed = Some(Error::at(&text, &error));
                return;
            }
        };
        if entries.is_empty() && name.is_past(now_ms) {
            // The kernel decides whether it is empty.
            let _ = priority.remove_dir(&text);
            return;
        }
        for (entry, kind) in entries {
            if kind == Kind::File
                && let Some(order) = order_of(&entry, name.priority)
                && order.1 <= now_ms
            {
                self.known.push(Reverse(Candidate { order, name: entry, bucket: Rc::clone(&dir) }));
            }
        }
    }
}

/// What a name in a bucket sorts by, read without parsing all of it: due time, sequence and nonce begin both
/// tasks and tickets; the priority is a task's ninth field, and a ticket has four.
pub(crate) fn order_of(name: &str, bucket_priority: u8) -> Option<Order> {
    let mut fields = name.split('.');
    let (due_ms, seq) = parse_order(fields.next()?)?;
    let nonce = Nonce::read(fields.next()?)?;
    let priority = match fields.nth(6) {
        Some(priority) => u8::try_from(number::read(priority)?).ok()?,
        None => bucket_priority,
    };
    Some((priority, due_ms, seq, nonce))
}
