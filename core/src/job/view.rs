//! Looking. Nothing here changes a job.

use super::name::{JobName, Notice};
use super::{Job, JobPage, JobState, Jobs, SPEC, spec};
use crate::capability::{Directory, FsError};
use crate::error::{Error, Result};
use crate::limits::COMMAND_BYTES_MAX;
use crate::name::Key;
use crate::reference::Ref;
use crate::store::{Damage, read_file};
use alloc::format;
use alloc::string::String;

impl<D: Directory> Jobs<D> {
    /// One job; `None` if there is none.
    ///
    /// # Errors
    /// [`Error::InvalidName`], [`Error::Damaged`], [`Error::Unsupported`] for what a later version has made,
    /// [`Error::Io`].
    pub fn get(&self, id: &str) -> Result<Option<Job>> {
        let key = Key::of(id)?;
        match self.read(&key)? {
            Some((reference, name)) if name.state.is_some() => self.view(&key, &reference, &name).map(Some),
            _ => Ok(None),
        }
    }

    /// The jobs in one state (or all), by id: the earliest first, `limit` (1 to 10,000) at a time, after `cursor`. What
    /// cannot be read is left out.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`], [`Error::Unsupported`] for a store of another version, [`Error::Io`].
    pub fn list(&self, state: Option<JobState>, cursor: Option<&str>, limit: u32) -> Result<JobPage> {
        self.page(cursor, limit, &|name| state.is_none_or(|state| name.state == Some(state)))
    }

    pub(super) fn page(
        &self,
        cursor: Option<&str>,
        limit: u32,
        is_meant: &dyn Fn(&JobName) -> bool,
    ) -> Result<JobPage> {
        let (jobs, cursor) = self.refs.page(cursor, limit, &mut |key, reference| {
            let name = JobName::parse(&reference.token_name).filter(|name| name.state.is_some() && is_meant(name))?;
            self.view(key, &reference, &name).ok()
        })?;
        Ok(JobPage { jobs, cursor })
    }

    pub(super) fn view(&self, key: &Key, reference: &Ref<D>, name: &JobName) -> Result<Job> {
        let id = key.as_str();
        let at = |error: FsError| Error::at("a job", &error);
        let content = match reference.open_content(SPEC) {
            Ok(file) => read_file(&file, 8 * COMMAND_BYTES_MAX).map_err(at)?.unwrap_or_default(),
            Err(FsError::NotFound) => return Err(Error::Damaged(format!("job {id}: its specification is gone"))),
            Err(error) => return Err(at(error)),
        };
        let (spec, created_ms) = spec::read(id, &content)?;
        Ok(Job {
            id: String::from(id),
            spec,
            created_ms,
            state: name.state.unwrap_or(JobState::Failed),
            since_ms: name.since_ms,
            exit_code: name.exit_code,
            reason: name.reason,
            process: name.process,
            supervisor: name.supervisor,
            is_notice_due: name.notice == Notice::Due,
            directory: format!("{id}/{}", reference.content_name()),
        })
    }

    /// Everything that is not as it should be.
    pub(crate) fn damages(&self) -> Result<alloc::vec::Vec<Damage<D>>> {
        self.refs.damages(&mut |id, reference, damages| {
            let (Some(name), Ok(key)) = (JobName::parse(&reference.token_name), Key::of(id)) else { return Ok(()) };
            if name.state.is_some()
                && let Err(error) = self.view(&key, reference, &name)
            {
                damages.push(Damage::failed(String::from(id), &error));
            }
            Ok(())
        })
    }
}
