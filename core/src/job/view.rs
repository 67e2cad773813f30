//! Looking. Nothing here changes a job.

use super::change::of_later_version;
use super::name::{JobName, Notice};
use super::{Job, JobPage, JobSpec, JobState, Jobs, SPEC, spec};
use crate::capability::{Directory, FsError};
use crate::error::{Error, Result};
use crate::limits::{JOBS_BYTES_MAX, SPEC_BYTES_MAX};
use crate::name::Key;
use crate::reference::Ref;
use crate::store::{Damage, read_file};
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

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
        let mut bytes = 0usize;
        let (jobs, cursor) = self.refs.page_while(cursor, limit, &mut |key, reference| {
            let name = JobName::parse(&reference.token_name).filter(|name| name.state.is_some() && is_meant(name))?;
            let job = self.view(key, &reference, &name).ok()?;
            bytes = bytes.saturating_add(job.spec.weight());
            Some((job, bytes <= JOBS_BYTES_MAX))
        })?;
        Ok(JobPage { jobs, cursor })
    }

    pub(super) fn view(&self, key: &Key, reference: &Ref<D>, name: &JobName) -> Result<Job> {
        let id = key.as_str();
        let at = |error: FsError| Error::at("a job", &error);
        let content = match reference.open_content(SPEC) {
            Ok(file) => read_file(&file, SPEC_BYTES_MAX).map_err(at)?.unwrap_or_default(),
            Err(FsError::NotFound) => {
                return Err(Error::Damaged(format!("job {id}: its specification is gone, it can only be killed")));
            }
            Err(error) => return Err(at(error)),
        };
        Ok(Job::new(key, reference, name, spec::read(id, &content)?))
    }

    /// As [`Jobs::view`], with nothing to run where what was to be run is damaged.
    pub(super) fn view_of(&self, key: &Key, reference: &Ref<D>, name: &JobName) -> Result<Job> {
        match self.view(key, reference, name) {
            Err(Error::Damaged(_)) => Ok(Job::new(key, reference, name, (JobSpec::default(), name.birth.base_token()))),
            other => other,
        }
    }

    /// Everything that is not as it should be.
    pub(crate) fn damages(&self) -> Result<Vec<Damage<D>>> {
        let store = Rc::new(self.refs.dir.clone());
        self.refs.damages(&mut |id, reference, damages| {
            let Ok(key) = Key::of(id) else { return Ok(()) };
            let Some(name) = JobName::parse(&reference.token_name) else {
                damages.push(Damage::failed(String::from(id), &of_later_version(id)));
                return Ok(());
            };
            match self.view(&key, reference, &name) {
                // What has ended needs nobody any more who understands it.
                Err(error @ Error::Damaged(_)) if name.state.is_some_and(JobState::is_terminal) => {
                    damages.push(Damage::foreign(
                        Rc::clone(&store),
                        String::from(id),
                        String::from(id),
                        &format!("{error}"),
                    ));
                }
                Err(error) if name.state.is_some() => damages.push(Damage::failed(String::from(id), &error)),
                _ => {}
            }
            Ok(())
        })
    }
}

impl Job {
    pub(super) fn new<D: Directory>(
        key: &Key,
        reference: &Ref<D>,
        name: &JobName,
        (spec, created_ms): (JobSpec, u64),
    ) -> Self {
        let id = key.as_str();
        Job {
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
        }
    }
}

impl JobSpec {
    /// What it takes in memory, roughly.
    fn weight(&self) -> usize {
        self.command.iter().chain(&self.dir).map(|text| text.len() + 64).sum()
    }
}
