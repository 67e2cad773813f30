//! The directories that are watched, each once for all who want it.
//!
//! `notify` keeps its watches by path. Where a watched directory is removed and made again, it may drop the watch on the
//! new one when it reads of the removal of the old. It tells of that removal first: so a directory that is told to be
//! removed counts as not watched from then on, and is watched (again) by the look that this brings about. A watch is
//! recorded before it is asked for, so that a removal that is told meanwhile is not overlooked.

use super::subject::Subject;
use super::survey::Role;
use notify::{ErrorKind, Event, RecommendedWatcher, RecursiveMode, Watcher as _};
use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How a directory came to be watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Watching {
    Already,
    FromNowOn,
    /// It is not there.
    Absent,
    /// The system cannot do it, or not for any more.
    Impossible,
}

/// All directories that are watched in this process.
#[derive(Default)]
pub(super) struct Directories {
    /// Nothing, until it is needed, and where it cannot be had. Its thread tells of events, which locks `watched`: so that is
    /// never locked while this waits for that thread.
    watcher: Mutex<Option<RecommendedWatcher>>,
    watched: Mutex<HashMap<PathBuf, Directory>>,
}

#[derive(Default)]
struct Directory {
    users: HashMap<u64, (Arc<Subject>, Role)>,
    is_watched: bool,
}

impl Directories {
    fn watched(&self) -> MutexGuard<'_, HashMap<PathBuf, Directory>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watcher(&self) -> MutexGuard<'_, Option<RecommendedWatcher>> {
        self.watcher.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has a directory watched for `subject`; what happens there is told to `tell`, from another thread.
    pub(super) fn watch(
        &self,
        path: &Path,
        subject: &Arc<Subject>,
        role: Role,
        tell: fn(notify::Result<Event>),
    ) -> Watching {
        // Held all the while, so that nobody else gives it up meanwhile.
        let mut watcher = self.watcher();
        {
            let mut watched = self.watched();
            let directory = watched.entry(path.to_owned()).or_default();
            directory.users.insert(subject.id, (subject.clone(), role));
            if directory.is_watched {
                return Watching::Already;
            }
            directory.is_watched = true;
        }
        let answer = match &mut *watcher {
            Some(watcher) => watcher.watch(path, RecursiveMode::NonRecursive),
            none => notify::recommended_watcher(tell)
                .and_then(|started| none.insert(started).watch(path, RecursiveMode::NonRecursive)),
        };
        let Err(error) = answer else { return Watching::FromNowOn };
        if let Some(directory) = self.watched().get_mut(path) {
            directory.is_watched = false;
        }
        self.forget(path, subject);
        let is_absent = match &error.kind {
            ErrorKind::PathNotFound => true,
            ErrorKind::Io(error) => error.kind() == std::io::ErrorKind::NotFound,
            _ => false,
        };
        if is_absent {
            return Watching::Absent;
        }
        tracing::debug!(%error, path = %path.display(), "a directory cannot be watched, and is looked at now and then");
        Watching::Impossible
    }

    /// Whether nobody else wants a directory that was watched.
    fn forget(&self, path: &Path, subject: &Subject) -> bool {
        let mut watched = self.watched();
        let Some(directory) = watched.get_mut(path) else { return false };
        directory.users.remove(&subject.id);
        let is_last = directory.users.is_empty();
        is_last && watched.remove(path).is_some_and(|directory| directory.is_watched)
    }

    /// `subject` does not need the directory any more.
    pub(super) fn release(&self, path: &Path, subject: &Subject) {
        let mut watcher = self.watcher();
        if self.forget(path, subject)
            && let Some(watcher) = &mut *watcher
        {
            // It may have been removed meanwhile.
            drop(watcher.unwatch(path));
        }
    }

    /// Calls `visit` for each who wants to know what happens in `path`.
    pub(super) fn for_each_user(&self, path: &Path, visit: &mut dyn FnMut(&Arc<Subject>, Role)) {
        if let Some(directory) = self.watched().get(path) {
            for (subject, role) in directory.users.values() {
                visit(subject, *role);
            }
        }
    }

    /// A directory that was removed, and all beneath it, count as not watched. Calls `visit` for each who wants it to be.
    pub(super) fn removed(&self, path: &Path, visit: &mut dyn FnMut(&Arc<Subject>)) {
        let mut watched = self.watched();
        let Some(directory) = watched.get(path) else { return };
        directory.users.values().for_each(|(subject, _)| visit(subject));
        for (_, beneath) in watched.iter_mut().filter(|(other, _)| other.starts_with(path)) {
            beneath.is_watched = false;
        }
    }

    /// Every directory counts as not watched: what happened there was not told.
    pub(super) fn all_removed(&self) {
        for directory in self.watched().values_mut() {
            directory.is_watched = false;
        }
    }
}

impl fmt::Debug for Directories {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Directories").field("watched", &self.watched().len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;
    use crate::wake::subject::What;

    fn nobody(_: notify::Result<Event>) {}

    #[test]
    fn a_directory_is_watched_once_for_all_who_want_it() {
        let place = tempfile::TempDir::new().unwrap();
        let directories = Directories::default();
        let [a, b] = [(); 2].map(|()| {
            Arc::new(Subject::new(What::Ref { store: place.path().into(), name: "x".into(), has_line: false }))
        });
        let watch = |subject| directories.watch(place.path(), subject, Role::Store, nobody);
        assert_eq!((watch(&a), watch(&b)), (Watching::FromNowOn, Watching::Already));
        directories.release(place.path(), &a);
        assert_eq!(watch(&a), Watching::Already);
        directories.release(place.path(), &a);
        directories.release(place.path(), &b);
        assert_eq!(watch(&b), Watching::FromNowOn);
        directories.removed(place.path(), &mut |_| {});
        assert_eq!(watch(&b), Watching::FromNowOn);
    }

    #[test]
    fn what_is_not_there_and_what_cannot_be_watched_are_told_apart() {
        let place = tempfile::TempDir::new().unwrap();
        let directories = Directories::default();
        let subject = Arc::new(Subject::new(What::Ref { store: "".into(), name: "x".into(), has_line: false }));
        let watch = |path: &Path| directories.watch(path, &subject, Role::Store, nobody);
        assert_eq!(watch(&place.path().join("nothing")), Watching::Absent);
        assert_eq!(watch(&place.path().join("n".repeat(300))), Watching::Impossible);
        assert!(directories.watched().is_empty());
    }
}
