//! Which directories are to be watched, found from the top down: each is watched first, and listed after that. So whatever
//! comes into one before it is watched is listed, and whatever comes later is told.

use super::subject::What;
use crate::wake::directories::Watching;
use leasehold_core::queue::glance::{self, BucketGlance};
use std::path::{Path, PathBuf};

/// How many buckets are looked into. There are more only where nobody claims what is there: what comes into those is
/// found by the slow look.
const BUCKETS_MAX: usize = 64;

/// What a directory is to who waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Where the queue, or the ref, is made.
    Store,
    /// The queue's own.
    Queue,
    Pending,
    /// Of a priority, in `pending`.
    Priority,
    Bucket,
    /// The ref's own.
    Ref,
    /// Of those who wait in line for the ref.
    Line,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// All directories that are to be watched.
    pub(super) wanted: Vec<PathBuf>,
    /// How many tasks are due in buckets that were not watched before.
    pub(super) ready: usize,
    /// When the next task is due, or may be (milliseconds since 1970).
    pub(super) due_ms: Option<u64>,
    /// Whether files stand in `pending`, which was not watched before, that may become tasks.
    pub(super) has_dropped: bool,
    /// Whether something cannot be watched, or was left out.
    pub(super) is_partial: bool,
}

impl Survey {
    /// Looks through the directories of `what`, and has each watched first.
    pub(super) fn make(what: &What, now_ms: u64, watch: &mut dyn FnMut(&Path, Role) -> Watching) -> Self {
        let mut survey = Survey::default();
        match what {
            What::Ref { store, name, has_line } => {
                let own = store.join(name);
                if survey.watch_own(store, &own, Role::Ref, watch) && *has_line {
                    for name in names(&own).iter().filter(|name| name.starts_with("c.")) {
                        survey.watch(&own.join(name), Role::Line, watch);
                    }
                }
            }
            What::Queue { store, name } => {
                let own = store.join(name);
                if survey.watch_own(store, &own, Role::Queue, watch) {
                    survey.look_into_pending(&own.join("pending"), now_ms, watch);
                }
            }
        }
        survey
    }

    /// Has the directory of a queue or a ref watched; or else, while there is none, that in which it will be made.
    fn watch_own(
        &mut self,
        store: &Path,
        own: &Path,
        role: Role,
        watch: &mut dyn FnMut(&Path, Role) -> Watching,
    ) -> bool {
        if self.watch(own, role, watch).is_some() {
            return true;
        }
        if self.watch(store, Role::Store, watch).is_none() {
            // Nobody tells when that is made: a session that opens makes it, and most who wait have one.
            self.is_partial = true;
        }
        // It may have been made just now.
        self.watch(own, role, watch).is_some()
    }

    /// Whether the directory was not watched before; `None` if it is not there.
    fn watch(&mut self, path: &Path, role: Role, watch: &mut dyn FnMut(&Path, Role) -> Watching) -> Option<bool> {
        let watching = watch(path, role);
        match watching {
            Watching::Absent => return None,
            Watching::Impossible => self.is_partial = true,
            Watching::Already | Watching::FromNowOn => {}
        }
        self.wanted.push(path.to_owned());
        Some(watching == Watching::FromNowOn)
    }

    fn look_into_pending(&mut self, pending: &Path, now_ms: u64, watch: &mut dyn FnMut(&Path, Role) -> Watching) {
        let Some(is_new) = self.watch(pending, Role::Pending, watch) else { return };
        let mut buckets = Vec::new();
        for name in names(pending) {
            if !glance::is_priority(&name) {
                self.has_dropped |= is_new;
                continue;
            }
            let priority = pending.join(name);
            let Some(is_new) = self.watch(&priority, Role::Priority, watch) else { continue };
            for name in names(&priority) {
                if let Some(bucket) = glance::bucket(&name) {
                    buckets.push((bucket.earliest_ms, bucket, is_new, priority.join(name)));
                }
            }
        }
        // The latest first: those are pushed into.
        buckets.sort_unstable_by_key(|(earliest_ms, ..)| std::cmp::Reverse(*earliest_ms));
        let mut looked_into = 0;
        for (earliest_ms, bucket, is_untold, path) in buckets {
            if earliest_ms > now_ms {
                // Nothing in it can be claimed before; then it is looked into.
                self.is_due_at(earliest_ms);
                continue;
            }
            looked_into += 1;
            if looked_into > BUCKETS_MAX {
                self.is_partial = true;
                break;
            }
            self.look_into_bucket(&path, bucket, is_untold, now_ms, watch);
        }
    }

    fn look_into_bucket(
        &mut self,
        path: &Path,
        bucket: BucketGlance,
        is_untold: bool,
        now_ms: u64,
        watch: &mut dyn FnMut(&Path, Role) -> Watching,
    ) {
        // Nothing more comes into a batch: all of it was told of with the batch, if that was told of.
        let is_new = if bucket.is_batch { is_untold } else { self.watch(path, Role::Bucket, watch) == Some(true) };
        for name in names(path) {
            match glance::task(&name) {
                Some(task) if task.due_ms > now_ms => self.is_due_at(task.due_ms),
                Some(_) => self.ready += usize::from(is_new),
                None => {}
            }
        }
    }

    fn is_due_at(&mut self, due_ms: u64) {
        self.due_ms = Some(self.due_ms.map_or(due_ms, |known_ms| known_ms.min(due_ms)));
    }
}

/// What stands in a directory; nothing where it cannot be listed: the claim tells why.
fn names(path: &Path) -> Vec<String> {
    let Ok(listed) = std::fs::read_dir(path) else { return Vec::new() };
    listed.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use crate::{Durability, Grants, NewTask, OnDuplicate, Session, Store};

    fn queue_with(delays_ms: &[u64]) -> (tempfile::TempDir, What) {
        let place = tempfile::TempDir::new().unwrap();
        let grants = Grants::beneath(place.path());
        let mut session = Session::native(&grants).unwrap();
        for &delay_ms in delays_ms {
            let task = NewTask { payload: b"x", delay_ms, ..NewTask::default() };
            session.queue("q").unwrap().push(&[task], OnDuplicate::Refuse, Durability::Unsynced).unwrap();
        }
        let store = grants.path(Store::Queues).unwrap().to_owned();
        (place, What::Queue { store, name: "q-queue".into() })
    }

    #[test]
    fn what_stood_there_before_it_was_watched_is_counted() {
        let (_place, what) = queue_with(&[0, 0, 0]);
        let now_ms = crate::wake::agenda::now_ms();
        let survey = Survey::make(&what, now_ms, &mut |_, _| Watching::FromNowOn);
        assert_eq!((survey.ready, survey.due_ms, survey.is_partial), (3, None, false));
        let survey = Survey::make(&what, now_ms, &mut |_, _| Watching::Already);
        assert_eq!(survey.ready, 0);
    }

    #[test]
    fn a_batch_is_counted_that_came_before_its_priority_was_watched() {
        let (place, what) = queue_with(&[]);
        let mut session = Session::native(&Grants::beneath(place.path())).unwrap();
        let tasks = [NewTask::default(), NewTask { priority: Some(7), ..NewTask::default() }];
        session.queue("q").unwrap().push(&tasks, OnDuplicate::Refuse, Durability::Unsynced).unwrap();
        let survey = Survey::make(&what, crate::wake::agenda::now_ms(), &mut |_, _| Watching::FromNowOn);
        assert_eq!(survey.ready, 2);
        // One who takes one of a group makes names of the others, which are told.
        session
            .queue("q")
            .unwrap()
            .push(&vec![NewTask::default(); 9], OnDuplicate::Refuse, Durability::Unsynced)
            .unwrap();
        let survey = Survey::make(&what, crate::wake::agenda::now_ms(), &mut |_, _| Watching::FromNowOn);
        assert_eq!(survey.ready, 3);
    }

    #[test]
    fn what_is_delayed_tells_when_it_is_due_or_when_to_look_into_its_bucket() {
        let (_place, what) = queue_with(&[60_000, 3_600_000]);
        let now_ms = crate::wake::agenda::now_ms();
        let make = |now_ms| Survey::make(&what, now_ms, &mut |_, _| Watching::FromNowOn);
        let look_ms = make(now_ms).due_ms.unwrap();
        assert!((now_ms + 50_000..=now_ms + 60_000).contains(&look_ms), "{look_ms}");
        let due_ms = make(look_ms).due_ms.unwrap();
        assert!((look_ms..look_ms + 4_096).contains(&due_ms) && due_ms <= now_ms + 60_000, "{due_ms}");
    }

    #[test]
    fn what_cannot_be_watched_is_looked_into_all_the_same() {
        let (_place, what) = queue_with(&[0, 60_000]);
        let survey = Survey::make(&what, crate::wake::agenda::now_ms(), &mut |_, _| Watching::Impossible);
        assert!(survey.is_partial && survey.due_ms.is_some());
    }

    #[test]
    fn nothing_tells_when_a_store_is_made() {
        let what = What::Queue { store: "/nowhere/at/all".into(), name: "q-queue".into() };
        let survey = Survey::make(&what, 0, &mut |_, _| Watching::Absent);
        assert!(survey.is_partial && survey.wanted.is_empty());
    }
}
