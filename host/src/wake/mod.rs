//! Waiting for something to happen in a store, without asking for it again and again.
//!
//! One watcher serves a whole process, however many threads wait: it has the directories watched in which what they wait
//! for would appear (`inotify` on Linux), knows when the next delayed task is due, and wakes as many as there is something
//! for. Where a directory cannot be watched, and for what no directory tells (a holder that died), one of those who wait
//! looks now and then.
//!
//! ```
//! use leasehold::{Durability, Grants, Session};
//! use leasehold::wake::Wake;
//! use std::time::{Duration, Instant};
//!
//! # fn main() -> leasehold::Result<()> {
//! # let place = tempfile::TempDir::new().unwrap();
//! # let root = place.path();
//! let grants = Grants::beneath(root);
//! let mut session = Session::native(&grants)?;
//! let holder = session.holder_open("resizer-1", 60_000, Durability::Standard)?;
//! let wake = Wake::queue(&grants, "thumbnails")?;
//! let until = Instant::now() + Duration::from_millis(10);
//! let task = wake.wait_for(Some(until), || {
//!     let mut tasks = session.queue("thumbnails")?.claim(&holder, 1, None, Durability::Standard)?;
//!     leasehold::Result::Ok(tasks.pop())
//! })?;
//! assert!(task.is_none());
//! # Ok(())
//! # }
//! ```
//!
//! No wake is lost. Directories are watched before they are listed, from the top down ([`survey`]), so what comes into
//! them is either listed or told; and who waits is deaf to nothing that was told since before the last look ([`Mark`]).

mod agenda;
mod attendant;
mod bell;
mod directories;
mod subject;
mod survey;

use crate::{Error, Grants, Result, Store};
use attendant::{ATTENDANT, absolute};
use bell::{Ring, Waited};
use leasehold_core::name::Key;
use leasehold_core::queue::glance;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;
use subject::{Subject, What};

/// Something that can be waited for, by any number of threads.
///
/// Cheap to clone; all of a process who wait for the same share what it takes.
#[derive(Debug, Clone)]
pub struct Wake {
    subject: Arc<Subject>,
}

/// A moment: what happens after it ends a wait, also where it happens before the wait begins.
#[derive(Debug)]
pub struct Mark<'a> {
    subject: &'a Subject,
    seen: u64,
}

impl Wake {
    /// Wakes when there may be something to claim in the queue `name`, which need not be there yet.
    ///
    /// # Errors
    /// [`leasehold_core::Error::InvalidName`], [`leasehold_core::Error::NotGranted`], and [`Error::Setup`] where the system
    /// refuses a thread.
    pub fn queue(grants: &Grants, name: &str) -> Result<Self> {
        let store = granted(grants, Store::Queues)?;
        Self::of(What::Queue { store, name: glance::directory_name(name)? })
    }

    /// Wakes when the lease, the run of a checkpoint, the task list or the job `name` changes, and when it comes to be.
    ///
    /// # Errors
    /// The same.
    pub fn of_ref(grants: &Grants, store: Store, name: &str) -> Result<Self> {
        let has_line = store == Store::Leases;
        let store = granted(grants, store)?;
        Self::of(What::Ref { store, name: Key::of(name)?.as_str().to_owned(), has_line })
    }

    fn of(what: What) -> Result<Self> {
        Ok(Self { subject: ATTENDANT.subject(what)? })
    }

    /// Marks the moment before a look: what happens from now on ends [`Mark::wait`].
    #[must_use]
    pub fn mark(&self) -> Mark<'_> {
        let mark = self.present();
        if !self.is_armed() {
            ATTENDANT.arm(&self.subject);
        }
        mark.renewed()
    }

    fn is_armed(&self) -> bool {
        self.subject.is_armed.load(Ordering::SeqCst)
    }

    /// Nothing is disarmed while somebody is present.
    fn present(&self) -> Mark<'_> {
        self.subject.present.fetch_add(1, Ordering::SeqCst);
        self.subject.was_wanted.store(true, Ordering::SeqCst);
        Mark { subject: &self.subject, seen: 0 }
    }

    /// Looks until that answers something, and sleeps in between; `None` once it is `until`. A look that finds something at
    /// once costs nothing more. Of those who sleep as many look as there is something for.
    ///
    /// # Errors
    /// What `look` answers.
    pub fn wait_for<T, E>(
        &self,
        until: Option<Instant>,
        mut look: impl FnMut() -> std::result::Result<Option<T>, E>,
    ) -> std::result::Result<Option<T>, E> {
        let mut mark = Some(self.present()).filter(|_| self.is_armed()).map(Mark::renewed);
        let mut may_be_more = false;
        loop {
            let found = look();
            if may_be_more && !matches!(found, Ok(None)) {
                self.subject.bell.ring(Ring::Open);
            }
            if let Some(found) = found? {
                return Ok(Some(found));
            }
            if let Some(mark) = mark {
                if until.is_some_and(|until| until <= Instant::now()) {
                    return Ok(None);
                }
                match mark.sleep(until) {
                    Waited::TimedOut => return Ok(None),
                    Waited::Rung => may_be_more = false,
                    Waited::RungOpen => may_be_more = true,
                }
            }
            mark = Some(self.mark());
        }
    }

    /// Has all who sleep look at once.
    pub fn wake_all(&self) {
        self.subject.bell.ring(Ring::All);
    }
}

impl Mark<'_> {
    fn renewed(mut self) -> Self {
        self.seen = self.subject.bell.count();
        self
    }

    fn sleep(self, until: Option<Instant>) -> Waited {
        self.subject.bell.wait(self.seen, until)
    }

    /// Sleeps until something has happened since this mark, or it is `until`; whether something may have happened. For
    /// one who waits alone, or for what all are to see: see [`Wake::wait_for`].
    #[must_use]
    pub fn wait(self, until: Option<Instant>) -> bool {
        self.sleep(until) != Waited::TimedOut
    }
}

impl Drop for Mark<'_> {
    fn drop(&mut self) {
        self.subject.present.fetch_sub(1, Ordering::SeqCst);
    }
}

fn granted(grants: &Grants, store: Store) -> Result<PathBuf> {
    let path = grants.path(store).map(absolute);
    let text = || format!("the directory '{}'; grant it to wait for what happens there", store.directory_name());
    path.ok_or_else(|| Error::Store(leasehold_core::Error::NotGranted(text())))
}
