//! The one watcher of a process: hears what happens in directories, and wakes those who wait for it.
//!
//! Two threads, whatever number of threads wait: that of `notify`, which hears, and one that looks through directories
//! and knows the time. Both sleep while nothing happens.

use super::agenda::{Agenda, Plan, now_ms};
use super::bell::Ring;
use super::directories::Directories;
use super::subject::{Subject, What};
use super::survey::{Role, Survey};
use crate::{Error, Result};
use leasehold_core::queue::glance;
use notify::event::{CreateKind, ModifyKind, RenameMode};
use notify::{Event, EventKind};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

/// That of this process.
pub(super) static ATTENDANT: LazyLock<Attendant> = LazyLock::new(Attendant::default);

#[derive(Debug, Default)]
pub(super) struct Attendant {
    directories: Directories,
    agenda: Mutex<Agenda>,
    /// There is something to do sooner than there was.
    sooner: Condvar,
    subjects: Mutex<HashMap<What, Weak<Subject>>>,
    is_started: Mutex<bool>,
}

/// What happened to an entry of a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Happened {
    Made,
    RenamedInto,
    RenamedAway,
    Removed,
}

impl Happened {
    fn is_there(self) -> bool {
        matches!(self, Happened::Made | Happened::RenamedInto)
    }
}

impl Attendant {
    /// The subject, shared by all who wait for the same; starts the thread that attends to it.
    pub(super) fn subject(&'static self, what: What) -> Result<Arc<Subject>> {
        self.start()?;
        let mut subjects = self.subjects.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(subject) = subjects.get(&what).and_then(Weak::upgrade) {
            return Ok(subject);
        }
        subjects.retain(|_, subject| subject.strong_count() > 0);
        let subject = Arc::new(Subject::new(what.clone()));
        subjects.insert(what, Arc::downgrade(&subject));
        Ok(subject)
    }

    fn start(&'static self) -> Result<()> {
        let mut is_started = self.is_started.lock().unwrap_or_else(PoisonError::into_inner);
        if !*is_started {
            let started = std::thread::Builder::new().name("leasehold-wake".into()).spawn(|| self.attend());
            started
                .map_err(|error| Error::Setup(format!("the thread that wakes waiters can not be started: {error}")))?;
            *is_started = true;
        }
        Ok(())
    }

    fn agenda(&self) -> MutexGuard<'_, Agenda> {
        self.agenda.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn attend(&'static self) {
        let mut agenda = self.agenda();
        loop {
            if let Some((subject, due)) = agenda.take_due() {
                drop(agenda);
                if due.look && self.disarm(&subject) {
                    agenda = self.agenda();
                    continue;
                }
                if due.ring {
                    subject.bell.ring(match subject.what {
                        What::Queue { .. } => Ring::Open,
                        What::Ref { .. } => Ring::All,
                    });
                }
                if due.walk {
                    let walking = subject.walking.lock().unwrap_or_else(PoisonError::into_inner);
                    if subject.is_armed.load(Ordering::SeqCst) {
                        self.walk(&subject);
                    }
                    drop(walking);
                }
                agenda = self.agenda();
                continue;
            }
            agenda = match agenda.next() {
                None => self.sooner.wait(agenda).unwrap_or_else(PoisonError::into_inner),
                Some(at) => {
                    let pause = at.saturating_duration_since(Instant::now());
                    self.sooner.wait_timeout(agenda, pause).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    fn plan(&self, subject: &Subject, change: impl FnOnce(&mut Plan)) {
        let mut agenda = self.agenda();
        let before = agenda.next();
        agenda.change(subject, change);
        let is_sooner = agenda.next() < before || before.is_none();
        drop(agenda);
        if is_sooner {
            self.sooner.notify_one();
        }
    }

    /// From the return on, what happens to `subject` rings its bell. It must be present.
    pub(super) fn arm(&'static self, subject: &Arc<Subject>) {
        let _walking = subject.walking.lock().unwrap_or_else(PoisonError::into_inner);
        if subject.is_armed.load(Ordering::SeqCst) {
            return;
        }
        {
            let mut agenda = self.agenda();
            agenda.add(subject);
        }
        self.sooner.notify_one();
        self.walk(subject);
        subject.is_armed.store(true, Ordering::SeqCst);
    }

    /// Stops watching what nobody has waited for since the last slow look; whether that is so.
    fn disarm(&self, subject: &Arc<Subject>) -> bool {
        let _walking = subject.walking.lock().unwrap_or_else(PoisonError::into_inner);
        if subject.was_wanted.swap(false, Ordering::SeqCst) || subject.present.load(Ordering::SeqCst) > 0 {
            return false;
        }
        // Whoever comes says so first, and then asks whether it is armed; here it is the other way about. One sees the other.
        subject.is_armed.store(false, Ordering::SeqCst);
        if subject.present.load(Ordering::SeqCst) > 0 {
            subject.is_armed.store(true, Ordering::SeqCst);
            return false;
        }
        self.agenda().remove(subject);
        for path in std::mem::take(&mut *subject.watched.lock().unwrap_or_else(PoisonError::into_inner)) {
            self.directories.release(&path, subject);
        }
        true
    }

    /// Looks through the directories of a subject, which nobody else does meanwhile, and has them watched.
    fn walk(&'static self, subject: &Arc<Subject>) {
        let began = Instant::now();
        self.plan(subject, Plan::walk_begins);
        let survey = Survey::make(&subject.what, now_ms(), &mut |path, role| {
            self.directories.watch(path, subject, role, |event| ATTENDANT.hear(event))
        });
        let mut watched = subject.watched.lock().unwrap_or_else(PoisonError::into_inner);
        for path in std::mem::replace(&mut *watched, survey.wanted.clone()) {
            if !survey.wanted.contains(&path) {
                self.directories.release(&path, subject);
            }
        }
        drop(watched);
        self.plan(subject, |plan| {
            plan.walk_has_ended(began, survey.is_partial);
            if let Some(due_ms) = survey.due_ms {
                plan.expect_at(due_ms);
            }
            if survey.has_dropped {
                plan.expect_dropped();
            }
        });
        if survey.ready > 0 {
            subject.bell.ring(Ring::Exact(survey.ready));
        }
    }

    fn hear(&self, event: notify::Result<Event>) {
        let event = match event {
            Ok(event) if event.need_rescan() => return self.hear_of_anything(),
            Ok(event) => event,
            Err(error) => {
                tracing::debug!(%error, "events were missed");
                return self.hear_of_anything();
            }
        };
        let happened = match event.kind {
            EventKind::Create(CreateKind::Any | CreateKind::File | CreateKind::Folder | CreateKind::Other) => {
                Happened::Made
            }
            EventKind::Modify(ModifyKind::Name(RenameMode::To)) => Happened::RenamedInto,
            EventKind::Modify(ModifyKind::Name(RenameMode::From)) => Happened::RenamedAway,
            EventKind::Remove(_) => Happened::Removed,
            // What is read, written or closed; and renames within a directory, of which both halves are told before.
            _ => return,
        };
        for path in &event.paths {
            self.hear_of(path, happened);
        }
    }

    /// Events were lost: anything may have happened.
    fn hear_of_anything(&self) {
        self.directories.all_removed();
        let subjects = self.agenda().subjects();
        for subject in subjects {
            self.plan(&subject, Plan::walk_soon);
            subject.bell.ring(Ring::Open);
        }
    }

    fn hear_of(&self, path: &Path, happened: Happened) {
        if !happened.is_there() {
            self.directories.removed(path, &mut |subject| self.plan(subject, Plan::walk_soon));
        }
        let (Some(parent), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
            return;
        };
        self.directories.for_each_user(parent, &mut |subject, role| self.tell(subject, role, name, happened));
    }

    /// Tells a subject what happened to `name`, in a directory that is `role` to it.
    fn tell(&self, subject: &Subject, role: Role, name: &str, happened: Happened) {
        let is_there = happened.is_there();
        match (role, &subject.what) {
            (Role::Bucket, _) if is_there => {
                let Some(task) = glance::task(name) else { return };
                if task.due_ms > now_ms() {
                    return self.plan(subject, |plan| plan.expect_at(task.due_ms));
                }
                subject.bell.ring(Ring::Exact(1));
                if task.is_ticket {
                    self.plan(subject, Plan::expect_after_ticket);
                }
            }
            (Role::Priority, _) if is_there && glance::bucket(name).is_some() => {
                // A batch, with unknown contents; what is made is empty, and watched before anyone is woken for it.
                if happened == Happened::RenamedInto {
                    subject.bell.ring(Ring::Open);
                }
                self.plan(subject, Plan::walk_soon);
            }
            (Role::Pending, _) if is_there => {
                if glance::is_priority(name) {
                    self.plan(subject, Plan::walk_soon);
                }
                // A dropped file may have any name.
                self.plan(subject, Plan::expect_dropped);
            }
            (Role::Queue, _) if name == "paused" && !is_there => subject.bell.ring(Ring::Open),
            (Role::Queue, _) if name == "pending" => self.plan(subject, Plan::walk_soon),
            (Role::Store, What::Queue { name: own, .. }) if name == own => self.plan(subject, Plan::walk_soon),
            (Role::Store, What::Ref { name: own, .. }) if name == own => {
                self.plan(subject, Plan::walk_soon);
                subject.bell.ring(Ring::All);
            }
            (Role::Ref, _) => {
                // What it keeps beside its state is a directory.
                if name.starts_with("c.") {
                    self.plan(subject, Plan::walk_soon);
                }
                subject.bell.ring(Ring::All);
            }
            (Role::Line, _) if happened == Happened::Removed => subject.bell.ring(Ring::All),
            _ => {}
        }
    }
}

/// As `notify` tells of it.
pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use crate::wake::Wake;
    use crate::{Durability, Grants, NewTask, OnDuplicate, Session};
    use notify::event::Flag;
    use std::time::Duration;

    #[test]
    fn where_events_were_missed_all_that_is_there_is_looked_for() {
        let place = tempfile::TempDir::new().unwrap();
        let grants = Grants::beneath(place.path());
        let mut session = Session::native(&grants).unwrap();
        let task = NewTask { payload: b"x", ..NewTask::default() };
        session.queue("q").unwrap().push(&[task], OnDuplicate::Refuse, Durability::Unsynced).unwrap();
        let wake = Wake::queue(&grants, "q").unwrap();
        let mark = wake.mark();
        let watched = |subject: &Subject| subject.watched.lock().unwrap().len();
        assert_eq!(watched(&wake.subject), 4);
        ATTENDANT.hear(Ok(Event::new(EventKind::Other).set_flag(Flag::Rescan)));
        assert!(mark.wait(Some(Instant::now() + Duration::from_secs(2))));
        // Watched again, and with that the task is found once more.
        let mark = wake.mark();
        assert!(mark.wait(Some(Instant::now() + Duration::from_secs(2))));
        assert_eq!(watched(&wake.subject), 4);
    }

    #[test]
    fn nothing_is_watched_any_more_for_those_who_have_gone() {
        let place = tempfile::TempDir::new().unwrap();
        let grants = Grants::beneath(place.path());
        drop(Session::native(&grants).unwrap());
        let wake = Wake::queue(&grants, "q").unwrap();
        drop(wake.mark());
        assert!(wake.is_armed());
        let began = Instant::now();
        while wake.is_armed() {
            assert!(began.elapsed() < Duration::from_secs(30));
            std::thread::sleep(Duration::from_millis(50));
        }
        assert!(wake.subject.watched.lock().unwrap().is_empty());
    }
}
