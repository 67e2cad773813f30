//! What could be claimed, in order, without listing more of the queue than is needed.
//!
//! Buckets are listed one by one, the most urgent first, and what stands in them is kept until it was tried. A bucket
//! is opened only when everything known sorts after all that could stand in it.

use super::bucket::{self, BucketName, Opened};
use super::entry::parse_order;
use super::layout::Layout;
use super::part::{self, Part, Parting};
use crate::capability::{Directory, FsError, Kind};
use crate::error::Error;
use crate::name::{Nonce, fields, number};
use crate::order::sort_by;
use crate::store::{for_each_entry, list_entries};
use alloc::collections::BinaryHeap;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::Cell;
use core::cmp::Reverse;

/// What tasks and tickets sort by: priority, due time, sequence, nonce.
pub(crate) type Order = (u8, u64, u32, Nonce);

/// How many names are known at a time: more are forgotten, and listed again when it is their turn. A batch may have
/// 65,536, each of them known by some 200 bytes.
const KNOWN_MAX: usize = 32_768;
/// In how many buckets they stand: each is open, and an instance may have a thousand things open.
const BUCKETS_MAX: usize = 256;

/// A bucket that is open.
#[derive(Debug)]
pub(crate) struct Bucket<D> {
    pub(crate) dir: D,
    priority: D,
    name: BucketName,
    /// Where that begins which is not known of it; it is listed again from there.
    rest: Rest,
}

type Rest = Rc<Cell<Option<Order>>>;

/// A name in a bucket that could be claimed.
#[derive(Debug)]
pub(crate) struct Candidate<D> {
    pub(crate) order: Order,
    pub(crate) name: String,
    pub(crate) bucket: Rc<Bucket<D>>,
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

/// A bucket that is to be listed, or the rest of one.
#[derive(Debug)]
struct Unlisted<D> {
    /// Nothing in it that is to be listed sorts before this.
    from: Order,
    name: BucketName,
    priority: D,
    /// Of one that was listed before.
    rest: Option<Rest>,
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
    /// What the last name that was handed out sorts by.
    last: Option<Order>,
    /// In how many buckets, at most, the known names stand.
    open: usize,
    /// The bucket that this instance pushes into.
    learned: Option<Rc<Bucket<D>>>,
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
            last: None,
            open: 0,
            learned: None,
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
                Ok((dir, listed)) => (dir, listed),
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
                    let from = (priority, name.earliest_ms(), 0, Nonce::LEAST);
                    self.unlisted.push(Unlisted { from, name, priority: dir.clone(), rest: None });
                }
            }
        }
        self.sort_unlisted();
    }

    fn sort_unlisted(&mut self) {
        sort_by(&mut self.unlisted, |a, b| (b.from, &b.name).cmp(&(a.from, &a.name)));
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
            let from = self.unlisted.last().map(|bucket| bucket.from);
            let known = self.known.peek().map(|Reverse(candidate)| candidate.order);
            match (known, from) {
                (Some(known), Some(from)) if known < from => break,
                (Some(_), None) => break,
                (None, None) => return None,
                (None, Some(_)) => {
                    self.open = 0;
                    self.list_next(now_ms);
                }
                _ => self.list_next(now_ms),
            }
        }
        let candidate = self.known.pop().map(|Reverse(candidate)| candidate);
        self.last = candidate.as_ref().map(|candidate| candidate.order);
        candidate
    }

    /// Adds a name that was not there when `pending` was last looked at, if it was.
    pub(crate) fn learn(&mut self, order: Order, name: String, bucket: &BucketName, opened: &Opened<D>) {
        if self.refreshed_ms.is_none() {
            return;
        }
        // Whoever pushes and does not claim will list it all when it does.
        if self.known.len() >= KNOWN_MAX || self.open >= BUCKETS_MAX {
            self.clear();
            return;
        }
        let bucket = match &self.learned {
            Some(learned) if learned.name == *bucket => Rc::clone(learned),
            _ => {
                self.open += 1;
                let (dir, priority) = (opened.dir.clone(), opened.priority.clone());
                let learned = Rc::new(Bucket { dir, priority, name: bucket.clone(), rest: Rest::default() });
                self.learned = Some(Rc::clone(&learned));
                learned
            }
        };
        self.add(&bucket, order, name);
    }

    fn add(&mut self, bucket: &Rc<Bucket<D>>, order: Order, name: String) {
        if bucket.rest.get().is_none_or(|rest| order < rest) {
            self.known.push(Reverse(Candidate { order, name, bucket: Rc::clone(bucket) }));
            if self.known.len() > KNOWN_MAX {
                self.forget_the_last();
            }
        }
    }

    /// Forgets the less urgent half of what may be known: what of a bucket is forgotten is to be listed again.
    fn forget_the_last(&mut self) {
        // The least of what is reversed is the last.
        let mut all = core::mem::take(&mut self.known).into_sorted_vec();
        let mut known = Vec::new();
        let mut open: Vec<Rc<Bucket<D>>> = Vec::new();
        while let Some(Reverse(candidate)) = all.pop() {
            let is_open = open.iter().rev().any(|bucket| Rc::ptr_eq(bucket, &candidate.bucket));
            if known.len() >= KNOWN_MAX / 2 || !(is_open || open.len() < BUCKETS_MAX / 2) {
                all.push(Reverse(candidate));
                break;
            }
            if !is_open {
                open.push(Rc::clone(&candidate.bucket));
            }
            known.push(Reverse(candidate));
        }
        self.open = open.len();
        self.known = BinaryHeap::from(known);
        for Reverse(Candidate { order, bucket, .. }) in all.into_iter().rev() {
            if bucket.rest.get().is_none_or(|rest| order < rest) {
                bucket.rest.set(Some(order));
                let Bucket { name, priority, rest, .. } = &*bucket;
                let (name, priority, rest) = (name.clone(), priority.clone(), Some(Rc::clone(rest)));
                self.unlisted.push(Unlisted { from: order, name, priority, rest });
            }
        }
        self.sort_unlisted();
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
        let Some(Unlisted { from, name, priority, rest }) = self.unlisted.pop() else { return };
        // More of it was forgotten since, and it was listed again from there.
        let is_superseded = rest.as_ref().is_some_and(|rest| rest.get() != Some(from));
        if is_superseded || from.1 > now_ms {
            return;
        }
        self.listed += 1;
        let text = name.text();
        let dir = match priority.open_dir(&text) {
            Ok(dir) => dir,
            Err(FsError::NotFound | FsError::NotDirectory | FsError::Link) => return,
            Err(error) => {
                self.failed = Some(Error::at(&text, &error));
                return;
            }
        };
        let bucket = Rc::new(Bucket { dir, priority, name, rest: Rest::default() });
        let mut is_empty = true;
        let (mut partings, mut parts) = (Vec::new(), Vec::new());
        let listed = for_each_entry(&bucket.dir, &mut |entry, kind| {
            is_empty = false;
            if let Some(parting) = Parting::parse(entry) {
                partings.push(parting);
            } else if let Some(part) = Part::parse(entry) {
                parts.push(part);
            } else if kind == Kind::File
                && let Some(order) = order_of(entry, bucket.name.priority)
                && order.1 <= now_ms
                && (rest.is_none() || order >= from)
            {
                self.add(&bucket, order, String::from(entry));
            }
        });
        if let Err(error) = listed {
            self.failed = Some(Error::at(&text, &error));
            return;
        }
        // Nobody needs help with a group whose tasks have all gone on their way.
        for parting in partings {
            let is_sent = parting.is_settled && !parts.iter().any(|part| parting.is_of(part));
            if is_sent && parting.is_slow(now_ms) {
                // Whoever sent them was killed before it was done with it.
                let _ = part::end(&bucket.dir, &parting);
            } else if !is_sent {
                let entry = &parting.entry;
                let order = (entry.priority, entry.due_ms, entry.seq, entry.nonce);
                self.add(&bucket, order, parting.text());
            }
        }
        if is_empty && bucket.name.is_past(now_ms) {
            // The kernel decides whether it is empty.
            let _ = bucket.priority.remove_dir(&text);
        }
        // It is open as long as anything that is known stands in it.
        if Rc::strong_count(&bucket) > 1 {
            self.open += 1;
            if self.open > BUCKETS_MAX {
                self.forget_the_last();
            }
        }
    }
}

/// What a name in a bucket sorts by, read without parsing all of it: due time, sequence and nonce begin both
/// tasks and tickets; the priority is a task's ninth field, and a ticket has four.
pub(crate) fn order_of(name: &str, bucket_priority: u8) -> Option<Order> {
    let mut fields = fields(name, '.');
    let (due_ms, seq) = parse_order(fields.next()?)?;
    let nonce = Nonce::read(fields.next()?)?;
    let priority = match fields.nth(6) {
        Some(priority) => u8::try_from(number::read(priority)?).ok()?,
        None => bucket_priority,
    };
    Some((priority, due_ms, seq, nonce))
}
