//! The end of a job.

use super::name::JobName;
use super::{EXIT_FILE, Job, JobState, Jobs, Reason};
use crate::Durability;
use crate::capability::{Directory, FsError};
use crate::error::{Error, Result};
use crate::reference::Ref;
use crate::store::read_file;

/// The exit codes of what did not end by itself.
const TIMED_OUT: u8 = 124;
const OWN_FAILURE: u8 = 125;
const KILLED: u8 = 137;

impl<D: Directory> Jobs<D> {
    /// Makes of a job what it is now: ended, if its exit marker stands; if not, and `is_gone` says that its process is
    /// dead or that there never was one, lost, or killed where it was being killed. Else it stays as it is. One that has
    /// ended never changes. Synced by default.
    ///
    /// `is_gone` is asked only after the marker was looked for, and the marker is looked for once more after it: whoever
    /// dies has left it by then.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Damaged`], [`Error::Unsupported`], [`Error::Io`].
    pub fn settle(&self, id: &str, is_gone: bool, durability: Durability) -> Result<Job> {
        self.swap(id, durability, true, &mut |reference, name| {
            if name.state.is_none_or(JobState::is_terminal) {
                return Ok(None);
            }
            match self.ended_by_marker(reference, name)? {
                Some(ended) => Ok(Some(ended)),
                None if is_gone => Ok(Some(ended_without(name))),
                None => Ok(None),
            }
        })
    }

    /// Says that the command could not be started. Synced by default.
    ///
    /// # Errors
    /// As [`Jobs::settle`].
    pub fn fail(&self, id: &str, reason: Reason, durability: Durability) -> Result<Job> {
        self.swap(id, durability, true, &mut |reference, name| {
            if name.state.is_none_or(JobState::is_terminal) {
                return Ok(None);
            }
            if let Some(ended) = self.ended_by_marker(reference, name)? {
                return Ok(Some(ended));
            }
            Ok(Some(JobName { state: Some(JobState::Failed), exit_code: Some(OWN_FAILURE), reason, ..*name }))
        })
    }

    /// What the exit marker makes of a job; `None` while it does not stand, or says nothing.
    pub(super) fn ended_by_marker(&self, reference: &Ref<D>, name: &JobName) -> Result<Option<JobName>> {
        let at = |error: FsError| Error::at("an exit marker", &error);
        let file = match reference.open_content(EXIT_FILE) {
            Ok(file) => file,
            // What is no file says nothing; the job's own end must not depend on it.
            Err(
                FsError::NotFound | FsError::IsDirectory | FsError::NotDirectory | FsError::Link | FsError::Invalid,
            ) => {
                return Ok(None);
            }
            Err(error) => return Err(at(error)),
        };
        let text = read_file(&file, 8).map_err(at)?.unwrap_or_default();
        let Some(code) = core::str::from_utf8(&text).ok().and_then(|text| text.trim().parse::<u8>().ok()) else {
            return Ok(None);
        };
        Ok(Some(match name.state {
            // What was being stopped was stopped, however it took that.
            Some(JobState::Killing) => ended_without(name),
            _ if code == 0 => JobName { state: Some(JobState::Completed), exit_code: Some(0), ..*name },
            _ => JobName { state: Some(JobState::Failed), exit_code: Some(code), ..*name },
        }))
    }
}

/// The end of what left no exit code.
fn ended_without(name: &JobName) -> JobName {
    let (state, exit_code, reason) = match (name.state, name.reason) {
        (Some(JobState::Killing), Reason::Timeout) => (JobState::TimedOut, TIMED_OUT, Reason::Timeout),
        (Some(JobState::Killing), reason) => (JobState::Killed, KILLED, reason),
        (Some(JobState::Starting), _) => (JobState::Failed, OWN_FAILURE, Reason::Spawn),
        _ => (JobState::Failed, OWN_FAILURE, Reason::Lost),
    };
    JobName { state: Some(state), exit_code: Some(exit_code), reason, ..*name }
}
