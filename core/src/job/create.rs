//! Recording a job before anything is started, so that whatever is started is on record.

use super::name::{JobName, Notice};
use super::{JobSpec, JobState, Jobs, Reason, SPEC, spec};
use crate::Durability;
use crate::capability::{Directory, File};
use crate::error::{Error, Result};
use crate::limits::TRIES_MAX;
use crate::name::{Key, Nonce};
use crate::reference::busy;
use crate::store::{is_sync, sync_all};
use alloc::format;
use alloc::string::String;

impl<D: Directory> Jobs<D> {
    /// Records a job that is about to start, and answers its id. Synced by default.
    ///
    /// With `limit`, only while fewer jobs than that have not ended: of those who are too many at the same time the
    /// later ones are withdrawn.
    ///
    /// # Errors
    /// [`Error::Exhausted`] if there are too many; [`Error::InvalidArgument`], [`Error::TooLarge`],
    /// [`Error::Unsupported`] for a store of another version, [`Error::Io`].
    pub fn create(&self, job: &JobSpec, limit: Option<u32>, durability: Durability) -> Result<String> {
        spec::check(job)?;
        let sync = is_sync(durability, true);
        for _ in 0..TRIES_MAX {
            let Some(id) = self.give_birth(job, sync)? else { continue };
            if let Some(limit) = limit
                && self.is_too_many(&id, limit)?
            {
                self.withdraw(&id)?;
                return Err(Error::Exhausted(format!(
                    "{limit} jobs have not ended yet, wait for one or raise the limit"
                )));
            }
            return Ok(id);
        }
        Err(busy("job", "new"))
    }

    fn give_birth(&self, job: &JobSpec, sync: bool) -> Result<Option<String>> {
        let environment = &self.refs.environment;
        let now_ms = environment.now_ms();
        // The id begins with the time, so ids sort as the jobs were made.
        let birth = Nonce::draw_on(now_ms, environment);
        let id = birth.text();
        let state = JobName {
            revision: 1,
            state: Some(JobState::Starting),
            since_ms: now_ms,
            birth,
            notice: if job.notify { Notice::Due } else { Notice::None },
            exit_code: None,
            reason: Reason::None,
            process: None,
            supervisor: None,
        };
        let content = spec::write(job, now_ms)?;
        let key = Key::of(&id)?;
        let is_born = self.refs.give_birth(&key, &id, (birth, state.text()), sync, &mut |unborn| {
            let (dir, file) = unborn.make_content(SPEC, &[&content])?;
            if sync {
                file.sync().map_err(|error| Error::at("a job", &error))?;
                sync_all(&[(&dir, "a job")])?;
            }
            Ok(())
        })?;
        Ok(is_born.then_some(id))
    }

    /// Whether `limit` jobs that have not ended were made before this one.
    fn is_too_many(&self, id: &str, limit: u32) -> Result<bool> {
        let mut before = 0u32;
        for key in self.refs.keys()? {
            if key.as_str() >= id {
                break;
            }
            // What cannot be read may well run.
            let is_over = match self.read(&key) {
                Ok(None) => true,
                Ok(Some((_, name))) => name.state.is_none_or(JobState::is_terminal),
                Err(_) => false,
            };
            before = before.saturating_add(u32::from(!is_over));
        }
        Ok(before >= limit)
    }

    /// Removes a job that was never started.
    fn withdraw(&self, id: &str) -> Result<()> {
        let key = Key::of(id)?;
        let Some((mut reference, name)) = self.read(&key)? else { return Ok(()) };
        let gone = JobName { revision: name.revision.saturating_add(1), state: None, ..name };
        if reference.swap(gone.text())? {
            self.refs.remove(&reference, &key, 0)?;
        }
        Ok(())
    }
}
