//! The compare-and-swap of a job, and the changes on the way to its end.

use super::name::JobName;
use super::{Job, JobState, Jobs, Process, Reason};
use crate::Durability;
use crate::capability::Directory;
use crate::error::{Error, Result};
use crate::limits::TRIES_MAX;
use crate::name::Key;
use crate::reference::{Ref, Seen, busy};
use crate::store::is_sync;
use alloc::format;

/// What says what a job becomes; `None` leaves it.
pub(super) type Next<'a, D> = dyn FnMut(&Ref<D>, &JobName) -> Result<Option<JobName>> + 'a;

impl<D: Directory> Jobs<D> {
    /// Says that the command runs: `process` waits for it, `supervisor` watches. Synced by default.
    ///
    /// # Errors
    /// [`Error::Lost`] if it is not starting any more, such as when it was killed before, or another supervisor has
    /// adopted it; then it must not run.
    /// [`Error::NotFound`], [`Error::Damaged`], [`Error::Unsupported`], [`Error::Io`].
    pub fn start(&self, id: &str, process: Process, supervisor: Process, durability: Durability) -> Result<Job> {
        self.swap(id, durability, true, &mut |_, name| match name.state {
            // Who has adopted a job that is starting may be about to say that it never ran.
            Some(JobState::Starting) if name.supervisor.is_none_or(|adopter| adopter == supervisor) => {
                Ok(Some(JobName {
                    state: Some(JobState::Running),
                    process: Some(process),
                    supervisor: Some(supervisor),
                    ..*name
                }))
            }
            _ => Err(Error::Lost(format!("job {id} is not starting any more, or not under you: it must not run"))),
        })
    }

    /// Puts `supervisor` in the place of the one that `found` says, of racing adopters one. Unsynced by default.
    ///
    /// # Errors
    /// [`Error::Lost`] if it has ended, or another has adopted it; [`Error::NotFound`], [`Error::Damaged`],
    /// [`Error::Unsupported`], [`Error::Io`].
    pub fn adopt(&self, id: &str, found: Option<Process>, supervisor: Process, durability: Durability) -> Result<Job> {
        self.swap(id, durability, false, &mut |_, name| match name.state {
            Some(state) if !state.is_terminal() && name.supervisor == found => {
                Ok(Some(JobName { supervisor: Some(supervisor), ..*name }))
            }
            _ => Err(Error::Lost(format!("job {id} has ended, or somebody else watches it"))),
        })
    }

    /// Says that the job is to be stopped, and why, before anything is signalled; one that has ended stays as it is. If
    /// its exit marker stands, it has ended by itself, and that is said instead. Synced by default.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Damaged`], [`Error::Unsupported`], [`Error::Io`].
    pub fn kill(&self, id: &str, reason: Reason, durability: Durability) -> Result<Job> {
        self.swap(id, durability, true, &mut |reference, name| {
            if name.state.is_none_or(|state| state.is_terminal() || state == JobState::Killing) {
                return Ok(None);
            }
            if let Some(ended) = self.ended_by_marker(reference, name)? {
                return Ok(Some(ended));
            }
            Ok(Some(JobName { state: Some(JobState::Killing), reason, ..*name }))
        })
    }

    pub(super) fn read(&self, key: &Key) -> Result<Option<(Ref<D>, JobName)>> {
        match self.refs.read(key)? {
            Seen::Absent => Ok(None),
            Seen::Unknown(doubt) => Err(doubt.into_error("job")),
            Seen::Present(reference) => match JobName::parse(&reference.token_name) {
                Some(name) => Ok(Some((reference, name))),
                None => Err(of_later_version(key.as_str())),
            },
        }
    }

    /// Swaps to what `next` makes of the state, again and again while others are first; `None` changes nothing. Answers
    /// the job as it is then.
    pub(super) fn swap(&self, id: &str, durability: Durability, standard: bool, next: &mut Next<'_, D>) -> Result<Job> {
        let key = Key::of(id)?;
        for _ in 0..TRIES_MAX {
            let (mut reference, name) = match self.read(&key)? {
                Some((reference, name)) if name.state.is_some() => (reference, name),
                _ => return Err(no_job(id)),
            };
            // What a later version has made is left alone. What is damaged can be ended: its state is its name.
            let job = self.view_of(&key, &reference, &name)?;
            let Some(next) = next(&reference, &name)? else { return Ok(job) };
            let revision = name.revision.saturating_add(1);
            let since_ms = if next.state == name.state { name.since_ms } else { self.refs.environment.now_ms() };
            let next = JobName { revision, since_ms, ..next };
            if reference.swap(next.text())? {
                if is_sync(durability, standard) {
                    self.refs.sync(&reference)?;
                }
                return Ok(Job::new(&key, &reference, &next, (job.spec, job.created_ms)));
            }
        }
        Err(busy("job", id))
    }
}

/// What stands under a name that only a later version can have given.
pub(super) fn of_later_version(id: &str) -> Error {
    Error::Unsupported(format!("job {id} was changed by a later version of leasehold, use that"))
}

pub(super) fn no_job(id: &str) -> Error {
    Error::NotFound(format!("no job {id:?}"))
}
